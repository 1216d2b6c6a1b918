"""torch: tensors on the CPU share their memory with NumPy; other devices compute their own."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import torch

from agnostic_init.arrays.errors import must, must_be_type
from agnostic_init.arrays.libraries import generic, torch_shards
from agnostic_init.arrays.libraries.torch_tracing import (
    constant,
    has_address,
    has_memory,
    has_values,
    recording,
)
from agnostic_init.arrays.memory import Memory, overlaps

__all__ = ["Library"]

WITHOUT_FLOAT64 = ("mps",)
STORAGE = {1: torch.uint8, 2: torch.int16}
NUMPY_HAS = {
    torch.float16,
    torch.float32,
    torch.float64,
    torch.complex64,
    torch.complex128,
    torch.int64,
    torch.int32,
}


class Library(generic.Library):
    """torch, for which 64-bit arithmetic on words is signed."""

    name = "torch"
    integers = "int64"

    def dtype(self, name: str) -> Any:
        found = getattr(torch, name, None)
        if not isinstance(found, torch.dtype):
            raise must("dtype", "must be a dtype that torch has", name)
        return found

    def default_dtype(self) -> str:
        return self.dtype_name(torch.get_default_dtype())

    def device(self, device: Any) -> Any:
        if device is None:
            return torch.get_default_device()
        try:
            return torch.device(device)
        except (RuntimeError, TypeError) as error:
            raise must(
                "device", f"must be a torch device ({error})", device, "device='cpu'"
            ) from None

    def check_like(self, like: Any) -> None:
        if torch_shards.is_sharded(like):
            raise must_be_type(
                "like",
                "must be a plain tensor, as new ones are not sharded",
                type(like),
                "fill, or fill_tree, of torch.empty_like(like), or like=like.to_local() and index=",
            )

    def has_values(self, array: Any) -> bool:
        return has_values(array)

    def memory(self, array: Any) -> Memory | None:
        if torch_shards.is_sharded(array):
            return self.memory(torch_shards.held(array))
        if array.layout != torch.strided or not has_address(array):
            return None
        size = array.element_size()
        strides = tuple(size * step for step in array.stride())
        return Memory(str(array.device), array.data_ptr(), tuple(array.shape), strides, size)

    def host_memory(self, array: Any) -> Memory | None:
        if recording() or not has_memory(array) or not _on_host(array):
            return None
        return self.memory(array)

    def parts(self, array: Any) -> Iterator[tuple[Any, Any]] | None:
        return torch_shards.parts(array) if torch_shards.is_sharded(array) else None

    def empty(self, shape: tuple[int, ...], dtype: str, device: Any) -> Any:
        return torch.empty(shape, dtype=self.dtype(dtype), device=device)

    def takes_from_host(self, device: Any, array: Any = None) -> bool:
        kind = torch.device(device).type
        if array is not None and not has_memory(array):
            return True
        return kind in WITHOUT_FLOAT64 or (kind != "meta" and recording())

    def from_storage(self, storage: Any, dtype: str, device: Any) -> Any:
        return constant(storage, self.dtype(dtype), device)

    def _memory(self, array: Any) -> Any:
        if not _on_host(array):
            return None
        array = array.detach()
        if array.dtype == torch.uint32:
            return array.view(torch.int32).numpy().view("uint32")
        if array.dtype in NUMPY_HAS:
            return array.numpy()
        view = array.view(STORAGE[array.dtype.itemsize]).numpy()
        return view.view("uint16") if array.dtype.itemsize == 2 else view

    def to_host(self, array: Any) -> Any:
        return self._memory(array.detach().cpu().resolve_conj().resolve_neg())

    def from_host(self, array: Any, device: Any) -> Any:
        made = torch.tensor(array, device="cpu")
        if device is not None and torch.device(device).type == "cuda":
            # From memory that may be swapped out a copy waits for all that the device has to do.
            return made.pin_memory().to(device, non_blocking=True)
        return made.to(device)

    def why_not_writable(self, array: Any) -> str:
        if torch_shards.is_sharded(array):
            local = torch_shards.held(array)
            return torch_shards.why_not_writable(array) or self.why_not_writable(local)
        if array.layout != torch.strided:
            return f"has the layout {array.layout}"
        if overlaps(array.shape, array.stride()):
            return "has elements that share memory"
        if array.is_inference() and not torch.is_inference_mode_enabled():
            return "was made in inference mode and may be written only there"
        return ""

    def cast(self, array: Any, name: str) -> Any:
        return array.to(self.dtype(name))

    def write(self, out: Any, value: Any) -> None:
        if torch_shards.is_sharded(out) and not torch_shards.is_sharded(value):
            for part, index in torch_shards.parts(out):
                self.write(part, value[index])
            self.written(out)
        elif has_values(out):
            with torch.no_grad():
                out.copy_(value)

    def write_scalar(self, out: Any, value: Any) -> None:
        with torch.no_grad():
            out.fill_(value)

    def written(self, out: Any) -> None:
        if not out.is_inference():
            torch.autograd.graph.increment_version(out)

    def rearranged(
        self, array: Any, lengths: Any, order: tuple[int, ...], shape: tuple[int, ...]
    ) -> Any:
        if torch_shards.is_sharded(array):
            return None
        try:
            return array.detach().view(lengths).permute(order).view(shape)
        except RuntimeError:  # the memory cannot be seen in that shape
            return None


def _on_host(array: Any) -> bool:
    """Whether a tensor's elements lie in the host's memory as they are."""
    if array.device.type != "cpu" or array.layout != torch.strided:
        return False
    return not array.is_conj() and not array.is_neg()
