"""torch: a pattern in what `to_empty` left, and what is still there when all should be written."""

from __future__ import annotations

import types
from collections.abc import MutableMapping
from typing import Any, NamedTuple, Self

import torch
from torch.utils.weak import WeakIdKeyDictionary

from agnostic_init.arrays.errors import ParameterError, must
from agnostic_init.arrays.libraries import torch_shards
from agnostic_init.arrays.libraries.torch_writable import (
    FSDP_1,
    ZERO_3,
    readable,
    why_not_writable,
)
from agnostic_init.models.torch_names import Named, named_tensors
from agnostic_init.models.torch_patterns import holding, is_weak, nans, write

__all__ = ["Unwritten", "audit", "poison", "unwritten"]

SHOWN = 40
#: The dtype of tensors when they had got their pattern, and how often torch had seen them written.
VERSIONS: MutableMapping[Any, tuple[Any, int | None]] = WeakIdKeyDictionary()


class Unwritten(NamedTuple):
    """A tensor of a module that nothing wrote, or not all of it.

    Attributes
    ----------
    name
        Its canonical name.
    elements, of
        How many of this process's elements are as they were, and how many there are.
    """

    name: str
    elements: int
    of: int


class poison:
    """Fill the memory of a module with a pattern, and find out what is not written after that.

    For a module that was built on the meta device: `to_empty` gives it memory and no values, of
    its buffers neither, and what nothing writes is garbage that may look like weights. Each
    process does it alone, for what it holds.

    Parameters
    ----------
    module
        A module of torch whose values are not needed: all are lost.
    buffers
        Whether its buffers are too.

    Raises
    ------
    ParameterError
        If a tensor has no memory. And where it is a context manager, at its end, as of `audit`.

    Notes
    -----
    Floating-point numbers become a signalling NaN with a payload of its own, in bfloat16 and
    float16 too, which no arithmetic makes; what is computed from it is NaN. Integers become one
    that is not likely, and truth values a byte that is neither of them. In types of 8 bits a tensor
    that holds the pattern everywhere was not written if torch has counted no write either. Where a
    tensor was cast since, or is another one, what is NaN was not written.

    Examples
    --------
    >>> import torch
    >>> import agnostic_init as ai
    >>> with torch.device("meta"):
    ...     model = torch.nn.BatchNorm1d(8)
    >>> model = model.to_empty(device="cpu")
    >>> with ai.poison(model):
    ...     model.reset_parameters()
    >>> with ai.poison(model):
    ...     model = ai.fill_tree(model, {"*": "ones"}, key=0)
    Traceback (most recent call last):
        ...
    agnostic_init.arrays.errors.ParameterError: `module` must have all its tensors written, got 3 of
    5 that are not: running_mean (8 elements), running_var (8), num_batches_tracked (1); try: ...
    """

    def __init__(self, module: Any, *, buffers: bool = True) -> None:
        self.module, self.buffers = module, bool(buffers)
        tensors = named_tensors(module, buffers=self.buffers)
        for each in tensors:
            _check(each)
        for each in tensors:
            memory = _held(each.tensor)
            if memory is not None:
                write(memory)
                version = None if memory.is_inference() else memory._version
                VERSIONS[each.tensor] = memory.dtype, version

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: types.TracebackType | None,
    ) -> None:
        if error is None:
            audit(self.module, buffers=self.buffers)
            return
        left = unwritten(self.module, buffers=self.buffers)
        if left:
            error.add_note(f"not written when this happened: {_said(left)}")


def audit(module: Any, *, buffers: bool = True) -> None:
    """Raise if a module has tensors that nothing wrote since `poison` filled them.

    Parameters
    ----------
    module
        A module of torch, the one that was given to `poison` or one that has its tensors.
    buffers
        Whether its buffers are looked at too.

    Raises
    ------
    ParameterError
        That lists them, by their canonical names.

    Examples
    --------
    >>> import torch
    >>> import agnostic_init as ai
    >>> model = torch.nn.Linear(2, 3)
    >>> _ = ai.poison(model)
    >>> _ = ai.normal().fill(model.weight, key=0)
    >>> ai.audit(model)
    Traceback (most recent call last):
        ...
    agnostic_init.arrays.errors.ParameterError: `module` must have all its tensors written, got 1 of
    2 that are not: bias (3 elements); try: a rule or a line for each, ...
    """
    left = unwritten(module, buffers=buffers)
    if left:
        count = len(named_tensors(module, buffers=buffers))
        # All that is said is to be read, where other messages are cut.
        message = (
            f"`module` must have all its tensors written, got {len(left)} of {count} that are not: "
            f"{_said(left)}; try: a rule or a line for each, or to tie again what to_empty has untied"
        )
        raise ParameterError(message)


def unwritten(module: Any, *, buffers: bool = True) -> list[Unwritten]:
    """What `audit` would list.

    Nothing waits for a device until all tensors were looked at.

    Parameters
    ----------
    module, buffers
        As of `audit`.

    Returns
    -------
    list of Unwritten
        In the order of the module's tensors.
    """
    found = []
    for each in named_tensors(module, buffers=buffers):
        tensor = each.tensor
        if tensor.is_meta or not readable(tensor):
            found.append((each.name, tensor.numel(), tensor.numel(), False))
            continue
        memory = _held(tensor)
        if memory is not None:
            weak = is_weak(memory)
            if not (weak and _was_written(tensor, memory)):
                count = holding(memory)
                if VERSIONS.get(tensor, (None, None))[0] != memory.dtype:
                    count = _most(count, nans(memory))
                found.append((each.name, count, memory.numel(), weak))
    counts = _on_host([count for _, count, _, _ in found])
    return [
        Unwritten(name, elements, size)
        for elements, (name, _, size, weak) in zip(counts, found, strict=True)
        if (elements == size if weak else elements)
    ]


def _held(tensor: Any) -> Any:
    """What this process holds of a tensor; None where that is nothing."""
    partition = getattr(tensor, "ds_tensor", None)  # of ZeRO-3, between uses
    if partition is not None and not tensor.numel():
        tensor = partition
    if torch_shards.is_sharded(tensor):
        tensor = torch_shards.held(tensor)
    return tensor.detach() if tensor.numel() else None


def _was_written(tensor: Any, memory: Any) -> bool:
    """Whether torch has counted a write since the pattern; False where that is not known."""
    _, before = VERSIONS.get(tensor, (None, None))
    return before is not None and memory._version != before


def _most(count: Any, other: Any) -> Any:
    """The larger of two numbers, which may be on a device."""
    if isinstance(count, int):
        return max(count, int(other))
    return count.maximum(torch.as_tensor(other, device=count.device))


def _on_host(counts: list[Any]) -> list[int]:
    """Numbers that are on devices, of which each is waited for once."""
    found: list[int] = [each if isinstance(each, int) else 0 for each in counts]
    devices: dict[Any, list[int]] = {}
    for n, each in enumerate(counts):
        if not isinstance(each, int):
            devices.setdefault(each.device, []).append(n)
    for numbers in devices.values():
        values = torch.stack([counts[n] for n in numbers]).tolist()
        for n, value in zip(numbers, values, strict=True):
            found[n] = value
    return found


def _check(each: Named) -> None:
    """Raise if a tensor has no memory; who decides about its values is no matter here."""
    refusal = why_not_writable(each.tensor)
    if refusal is not None and refusal not in (FSDP_1, ZERO_3):
        rule = f"must have memory in all its tensors, but {each.name!r} {refusal.reason}"
        raise must("module", rule, type(each.tensor), refusal.remedy)


def _said(left: list[Unwritten]) -> str:
    shown = []
    for n, (name, elements, size) in enumerate(left[:SHOWN]):
        count = f"{elements:,}" + (f" of {size:,}" if elements < size else "")
        shown.append(f"{name} ({count}{'' if n else ' elements' if size > 1 else ' element'})")
    more = len(left) - SHOWN
    return ", ".join(shown) + (f" and {more} more" if more > 0 else "")
