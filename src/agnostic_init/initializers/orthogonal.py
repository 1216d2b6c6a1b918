"""Orthogonal matrices, one for each stack, group and gate of a weight."""

from __future__ import annotations

import functools
import math
from dataclasses import dataclass
from typing import Any, ClassVar, NamedTuple

from agnostic_init.arrays.errors import AmbiguousLayoutError, must
from agnostic_init.arrays.library import Library
from agnostic_init.arrays.numbers import real_number
from agnostic_init.arrays.target import Target
from agnostic_init.bits.block import Block, block
from agnostic_init.bits.key import Key
from agnostic_init.initializers.blocks import Whole
from agnostic_init.layouts.axes import Parts, check_layout, split_axes, split_matrix_axes
from agnostic_init.linalg import make
from agnostic_init.linalg.haar import Haar

__all__ = ["Arrangement", "orthogonal"]


@dataclass(frozen=True, repr=False)
class orthogonal(Whole):
    """Haar-distributed orthogonal matrices, or unitary ones for a complex dtype.

    The weight is seen as a matrix of outputs by inputs and kernel places. Its rows are orthonormal,
    or its columns, whichever are fewer.

    Parameters
    ----------
    gain
        Factor that the matrix is multiplied by.
    layout
        What the axes are, for weights of more than two: ``"torch"`` flattens like torch and MXNet,
        ``"keras"`` like Keras, TensorFlow and JAX. Every stack (``"b o i"``), number
        (``"(4 o) i"`` for the gates of an LSTM) and group has a matrix of its own.
    groups
        The number of groups of a grouped convolution.
    special
        Whether square matrices get determinant 1, like rotations.

    Raises
    ------
    ParameterError
        If the shape has fewer than two axes.
    AmbiguousLayoutError
        If it has more than two and no layout is given.

    Notes
    -----
    The matrices are products of reflectors of normal vectors; see
    `agnostic_init.linalg.haar_matrices`. They depend on the key and the shape alone, and are the
    same in every library up to rounding. A block of a global array is cut from the whole. If a
    stack has an axis of its own, only the matrices in the block are made.

    References
    ----------
    Saxe, McClelland, Ganguli, "Exact solutions to the nonlinear dynamics of learning in deep linear
    neural networks", ICLR 2014, arXiv:1312.6120.

    Examples
    --------
    >>> import numpy as np
    >>> import agnostic_init as ai
    >>> w = ai.orthogonal()((3, 5), key=0)
    >>> bool(np.allclose(w @ w.T, np.eye(3), atol=1e-6))
    True
    >>> gates = ai.orthogonal(layout="(4 o) i")((32, 8), key=0).reshape(4, 8, 8)
    >>> bool(np.allclose(gates @ gates.swapaxes(1, 2), np.eye(8), atol=1e-5))
    True
    """

    lazily: ClassVar[bool] = True
    linear: ClassVar[tuple[str, ...]] = ("gain",)

    gain: float = 1.0
    layout: str | None = None
    groups: int = 1
    special: bool = False

    def __post_init__(self) -> None:
        layout, groups = check_layout(self.layout, self.groups)
        object.__setattr__(self, "gain", real_number("gain", self.gain))
        object.__setattr__(self, "layout", layout)
        object.__setattr__(self, "groups", groups)
        object.__setattr__(self, "special", bool(self.special))

    def check(self, shape: tuple[int, ...], dtype: str) -> None:
        _arrangement(self, shape, dtype)

    def make(self, shape: tuple[int, ...], key: Key | None, part: Block, target: Target) -> Any:
        """Of a stack along an axis of its own, only the matrices that the block has are made."""
        assert key is not None
        found = _arrangement(self, shape, target.dtype)
        axis = found.stack_axis
        if axis is None or part.steps[axis] != 1 or not 0 < part.counts[axis] < shape[axis]:
            return self._cut(lambda place: _arranged(found, shape, key, place), shape, part, target)
        first, count = part.starts[axis], part.counts[axis]
        some = (*shape[:axis], count, *shape[axis + 1 :])
        lengths = tuple(count if n == found.order[0] else x for n, x in enumerate(found.lengths))
        haar = found.haar.part(slice(first, first + count))
        fewer = found._replace(haar=haar, lengths=lengths)
        index = list(part.as_index)
        index[axis] = 0 if part.dropped[axis] else slice(None)
        rest = block(some, tuple(index))
        return self._cut(lambda place: _arranged(fewer, some, key, place), some, rest, target)

    def write(self, key: Key | None, part: Block, out: Any, library: Library) -> None:
        """In the array's own memory, where that can be seen as matrices."""
        assert key is not None
        found = _arrangement(self, part.global_shape, library.dtype_name(out.dtype))
        view = _as_matrices(found, out, library) if part.whole and found.haar.size else None
        if view is None:
            super().write(key, part, out, library)
        else:
            make.fill(found.haar, key, view, library)

    def together(self, shape: tuple[int, ...], dtype: str, library: Library, device: Any) -> int:
        return make.together(_arrangement(self, shape, dtype).haar, library, device)

    def make_several(self, shape: tuple[int, ...], keys: list[Key], target: Target) -> list[Any]:
        found = _arrangement(self, shape, target.dtype)
        made = make.make_several(found.haar, keys, target)
        return [_as_weight(found, shape, matrices, target.library.xp) for matrices in made]

    def write_several(
        self, shape: tuple[int, ...], keys: list[Key], outs: list[Any], library: Library
    ) -> None:
        found = _arrangement(self, shape, library.dtype_name(outs[0].dtype))
        views = [_as_matrices(found, out, library) for out in outs]
        if all(view is not None for view in views):
            make.fill_several(found.haar, keys, views, library)
            return
        target = Target(library, library.dtype_name(outs[0].dtype), library.device_of(outs[0]))
        for out, made in zip(outs, self.make_several(shape, keys, target), strict=True):
            library.write(out, made)

    def parts(self, shape: tuple[int, ...]) -> Parts:
        if self.layout is not None:
            return split_axes(shape, self.layout, self.groups)
        if len(shape) < 2:
            raise must("shape", "must have two axes or more for an orthogonal matrix", shape)
        if len(shape) > 2:
            first, last = math.prod(shape[1:]), math.prod(shape[:-1])
            message = (
                f"`layout` must be given for shape {shape}, got None, as it decides which matrix is "
                f'orthogonal; try one of:\n  layout="torch": one of {shape[0]} x {first}\n'
                f'  layout="keras": one of {last} x {shape[-1]}\n'
                f'  layout="{"b " * (len(shape) - 2)}o i": {math.prod(shape[:-2])} of '
                f"{shape[-2]} x {shape[-1]}"
            )
            raise AmbiguousLayoutError(message)
        return split_matrix_axes(shape)

    def statistics(self, shape: tuple[int, ...], dtype: str) -> dict[str, Any]:
        haar = _arrangement(self, shape, dtype).haar
        return {
            "distribution": "unitary" if haar.is_complex else "orthogonal",
            "mean": 0.0,
            "std": abs(self.gain) / math.sqrt(max(haar.long, 1)),
            "low": None if haar.is_complex else -abs(self.gain),
            "high": None if haar.is_complex else abs(self.gain),
        }


class Arrangement(NamedTuple):
    """The matrices of a weight, and how its axes, taken apart, are permuted to be theirs.

    Attributes
    ----------
    haar
        The matrices.
    lengths
        Of the axes of the weight, taken apart.
    order
        Of these, for stacks, outputs, inputs and kernel.
    back
        The permutation from there; None if it is none.
    stack_axis
        The axis of the weight that is the only stack, and nothing else.
    """

    haar: Haar
    lengths: tuple[int, ...]
    order: tuple[int, ...]
    back: tuple[int, ...] | None
    stack_axis: int | None


# Cached, as a model has few shapes and many weights of each.
@functools.lru_cache(maxsize=1024)
def _arrangement(init: orthogonal, shape: tuple[int, ...], dtype: str) -> Arrangement:
    parts = init.parts(shape)
    stack = tuple(part.length for part in parts.of("b"))
    haar = Haar(
        batch=(math.prod(stack),) if stack else (),
        rows=parts.size("o"),
        columns=parts.size("i", "k"),
        dtype=dtype,
        gain=init.gain,
        special=init.special,
    )
    order = (*parts.order("b"), *parts.order("o"), *parts.order("i", "k"))
    back = tuple(order.index(n) for n in range(len(order)))
    alone = len(stack) == 1 and stack[0] == shape[parts.of("b")[0].axis]
    return Arrangement(
        haar,
        parts.lengths,
        order,
        None if order == tuple(sorted(order)) else back,
        parts.of("b")[0].axis if alone else None,
    )


def _arranged(found: Arrangement, shape: tuple[int, ...], key: Key, target: Target) -> Any:
    """The matrices, as a weight."""
    made = make.make(found.haar, key, Target(target.library, target.dtype, target.device))
    return _as_weight(found, shape, made, target.library.xp)


def _as_matrices(found: Arrangement, weight: Any, library: Library) -> Any:
    """A view of a weight as its matrices, or None if there is none."""
    if found.back is None and tuple(weight.shape) == found.haar.shape:
        return weight
    return library.rearranged(weight, found.lengths, found.order, found.haar.shape)


def _as_weight(found: Arrangement, shape: tuple[int, ...], matrices: Any, xp: Any) -> Any:
    made = matrices
    if found.back is not None:
        made = xp.reshape(made, tuple(found.lengths[n] for n in found.order))
        made = xp.permute_dims(made, found.back)
    return made if tuple(made.shape) == shape else xp.reshape(made, shape)
