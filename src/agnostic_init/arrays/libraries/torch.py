"""torch: tensors in host memory are written there; other devices compute their own."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from contextlib import AbstractContextManager
from typing import TYPE_CHECKING, Any

import torch

from agnostic_init.arrays import library
from agnostic_init.arrays.dtypes import DTYPES
from agnostic_init.arrays.errors import Wording, must, must_be_type
from agnostic_init.arrays.libraries.torch_tracing import (
    PLAIN,
    all_plain,
    constant,
    default_device,
    has_address,
    has_memory,
    has_values,
    plain,
    recording,
)
from agnostic_init.arrays.library import COMPAT, Index
from agnostic_init.arrays.memory import Memory

if TYPE_CHECKING:
    from agnostic_init.arrays.refusals import Refusal

__all__ = ["Library"]

ALWAYS = ("cpu", "meta")
WITHOUT_FLOAT64 = ("mps",)
new_record = tuple.__new__  # which a record's own constructor calls, after one of Python
NAMES: dict[Any, str] = {}  # of the dtypes that were met

# The codes of NaN that other libraries have; torch's depend on how a cast was made.
NANS = {
    torch.float16: (torch.int16, 0x7E00),
    torch.bfloat16: (torch.int16, 0x7FC0),
    torch.float8_e5m2: (torch.uint8, 0x7E),
}

CAPTURED: list[
    torch.Tensor
] = []  # what graphs of CUDA read from the host whenever they are replayed


class Library(library.Library):
    """torch, for which 64-bit arithmetic on words is signed."""

    name = "torch"
    namespace = f"{COMPAT}.torch"
    integers = "int64"
    words = "int64"

    def has(self, array: Any) -> bool:
        return isinstance(array, torch.Tensor)

    def dtype_name(self, dtype: Any) -> str:
        found = NAMES.get(dtype)
        if found is None:
            found = NAMES[dtype] = str(dtype).removeprefix("torch.")
        return found

    def dtype(self, name: str) -> Any:
        found = getattr(torch, name, None)
        if not isinstance(found, torch.dtype):
            raise must("dtype", "must be a dtype that torch has", name)
        return found

    def default_dtype(self) -> str:
        return self.dtype_name(torch.get_default_dtype())

    def device(self, device: Any) -> Any:
        if device is None:
            return default_device()
        try:
            found = torch.device(device)
        except (RuntimeError, TypeError) as error:
            raise must(
                "device", f"must be a torch device ({error})", device, "device='cpu'"
            ) from None
        if found.type not in ALWAYS:
            _check_usable(found)
        return found

    def is_gpu(self, device: Any) -> bool:
        found = default_device() if device is None else torch.device(device)
        return bool(found.type == "cuda")

    def full_precision(self, device: Any) -> AbstractContextManager[Any]:
        from agnostic_init.arrays.libraries import torch_precision

        return torch_precision.full_precision(device)

    def why_not_writable(self, array: Any) -> Refusal | None:
        if plain(array):
            return None
        from agnostic_init.arrays.libraries import torch_writable

        return torch_writable.why_not_writable(array)

    def all_plain(self, arrays: Sequence[Any]) -> tuple[list[int], list[Any], list[Any]] | None:
        return all_plain(arrays)

    def all_on_gpu(self, arrays: Sequence[Any]) -> tuple[list[int], list[Any], list[Any]] | None:
        return all_plain(arrays, cuda=True) if arrays[0].is_cuda else None

    def ready(self, array: Any) -> Memory | None:
        address = plain(array)
        if not address or recording() or array.is_neg() or array.is_conj():
            return None
        place = "cpu", address, tuple(array.shape), None, array.itemsize
        return new_record(Memory, place)

    def has_values(self, array: Any) -> bool:
        return has_values(array)

    def readable(self, array: Any) -> bool:
        from agnostic_init.arrays.libraries import torch_writable

        return torch_writable.readable(array)

    def parts(self, array: Any) -> Iterable[tuple[Any, Index | None]]:
        if type(array) in PLAIN:
            return ((array, None),)
        from agnostic_init.arrays.libraries import torch_shards

        if not torch_shards.is_sharded(array):
            return ((array, None),)
        return torch_shards.parts(array)

    def cut(self, array: Any) -> Any:
        if type(array) in PLAIN:
            return None
        from agnostic_init.arrays.libraries import torch_shards

        return array.placements if torch_shards.is_sharded(array) else None

    def counted(self, array: Any) -> Iterable[tuple[Any, Index | None]]:
        if type(array) in PLAIN:
            return ((array, None),)
        from agnostic_init.arrays.libraries import torch_shards

        if torch_shards.is_sharded(array) and torch_shards.counts_elsewhere(array):
            return ()
        return self.parts(array)

    def memory(self, array: Any) -> Memory | None:
        if type(array) not in PLAIN:
            from agnostic_init.arrays.libraries import torch_shards

            if torch_shards.is_sharded(array):
                return self.memory(torch_shards.held(array))
        if array.layout != torch.strided or not has_address(array):
            return None
        return _memory(array, "cpu" if array.is_cpu else str(array.device))

    def host_memory(self, array: Any) -> Memory | None:
        if not array.is_cpu or array.layout is not torch.strided or recording():
            return None
        if array.is_conj() or array.is_neg():
            return None
        if type(array) not in PLAIN and not has_memory(array):
            return None
        address = array.data_ptr()
        if not address and array.numel():  # a tensor that stands for another
            return None
        if array.is_contiguous():
            return new_record(Memory, ("cpu", address, tuple(array.shape), None, array.itemsize))
        return _memory(array, "cpu")

    def empty(self, shape: tuple[int, ...], dtype: str, device: Any) -> Any:
        return torch.empty(shape, dtype=self.dtype(dtype), device=device)

    def takes_from_host(self, device: Any, array: Any = None) -> bool:
        kind = torch.device(device).type
        if array is not None and not has_memory(array):
            return True
        return kind in WITHOUT_FLOAT64 or (kind != "meta" and recording())

    def from_storage(self, storage: Any, dtype: str, device: Any) -> Any:
        return constant(storage, self.dtype(dtype), device)

    def to_host(self, array: Any) -> Any:
        array = array.detach().cpu().resolve_conj().resolve_neg()
        return _memory(array, "cpu").seen_by_numpy(
            DTYPES[self.dtype_name(array.dtype)].storage, array
        )

    def bits_of(self, array: Any) -> Any:
        array = array.detach().resolve_conj().resolve_neg()
        if array.is_complex():
            words = torch.view_as_real(array).contiguous().view(torch.int32)
            return words.squeeze(-1) if array.itemsize == 4 else words
        if array.itemsize < 4:
            narrow, mask = (torch.uint8, 0xFF) if array.itemsize == 1 else (torch.int16, 0xFFFF)
            return array.view(narrow).to(torch.int32) & mask
        if array.itemsize == 4:
            return array.view(torch.int32)
        return array.contiguous().unsqueeze(-1).view(torch.int32)

    def from_host(self, array: Any, device: Any) -> Any:
        made = torch.tensor(array, device="cpu")
        if device is not None and torch.device(device).type == "cuda":
            # From memory that may be swapped out a copy waits for all that the device has to do.
            made = made.pin_memory()
            if torch.cuda.is_available() and torch.cuda.is_current_stream_capturing():
                CAPTURED.append(made)
            return made.to(device, non_blocking=True)
        return made.to(device)

    def check_like(self, like: Any) -> None:
        from agnostic_init.arrays.libraries import torch_shards

        if torch_shards.is_sharded(like):
            raise must_be_type(
                "like",
                "must be a plain tensor, as new ones are not sharded",
                type(like),
                "fill, or fill_tree, of torch.empty_like(like), or like=like.to_local() and index=",
            )

    def check_dense(self, array: Any) -> None:
        if array.layout is not torch.strided or array.is_nested:
            kind = "a nested tensor" if array.is_nested else str(array.layout)
            hint = "each of array.unbind()" if array.is_nested else "array.to_dense()"
            raise must_be_type("array", "must be a dense tensor", Wording(kind), hint)

    def cast(self, array: Any, name: str) -> Any:
        return array.to(self.dtype(name))

    def without_gradient(self, array: Any) -> Any:
        return array.detach()

    def flip(self, array: Any, axes: tuple[int, ...]) -> Any:
        if array.itemsize > 1:
            return array.flip(axes)
        # torch flips no float8 along two axes.
        return array.view(torch.uint8).flip(axes).view(array.dtype)

    def with_one_nan(self, array: Any) -> Any:
        codes, nan = NANS[array.dtype]
        return torch.where(array.float().isnan(), nan, array.view(codes)).view(array.dtype)

    def write(self, out: Any, value: Any) -> None:
        if has_values(out):
            with torch.no_grad():
                out.copy_(value)

    def write_scalar(self, out: Any, value: Any) -> None:
        with torch.no_grad():
            if type(value) is int and value == 0:  # which dtypes have that cannot be filled
                out.zero_()
            else:
                out.fill_(value)

    def write_scalars(self, outs: Sequence[Any], value: Any) -> None:
        if value != 0 or math.copysign(1.0, value) < 0:
            super().write_scalars(outs, value)
            return
        with torch.no_grad():
            torch._foreach_zero_(outs)

    def written(self, out: Any) -> None:
        if not out.is_inference():
            torch.autograd.graph.increment_version(out)

    def all_written(self, outs: Sequence[Any]) -> None:
        try:
            torch.autograd.graph.increment_version(outs)
        except TypeError:  # torch before 2.6 takes one
            super().all_written(outs)

    def rearranged(
        self, array: Any, lengths: Any, order: tuple[int, ...], shape: tuple[int, ...]
    ) -> Any:
        try:
            return array.detach().view(lengths).permute(order).view(shape)
        except RuntimeError:  # the memory cannot be seen in that shape
            return None


def _check_usable(device: Any) -> None:
    """Raise where this build of torch, or this machine, has no such device."""
    try:
        torch.empty(0, device=device)
    except torch.OutOfMemoryError:
        raise
    except (AssertionError, ImportError, RuntimeError) as error:
        reason = str(error).partition("\n")[0].partition(". ")[0]
        rule = f"must be a device that torch has here ({reason})"
        raise must("device", rule, str(device), "device='cpu'") from None


def _memory(array: Any, device: str) -> Memory:
    size = array.itemsize
    strides = None
    if not array.is_contiguous():
        strides = tuple([size * step for step in array.stride()])
    place = device, array.data_ptr(), tuple(array.shape), strides, size
    return new_record(Memory, place)
