"""Weights whose entries are those of a smaller weight, each taken several times."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, ClassVar, NamedTuple

import numpy as np

from agnostic_init.arrays.dtypes import FORMATS
from agnostic_init.arrays.errors import AmbiguousLayoutError, check_choice, must
from agnostic_init.arrays.library import Library
from agnostic_init.arrays.numbers import positive_integer
from agnostic_init.arrays.target import Target
from agnostic_init.bits.block import Block, block
from agnostic_init.bits.key import Key
from agnostic_init.initializers.blocks import (
    LIMIT,
    Blockwise,
    OfAnother,
    digit,
    positions_along,
    remainder,
)
from agnostic_init.initializers.description import mixed
from agnostic_init.initializers.lookup import found
from agnostic_init.layouts.axes import Part, Parts, check_layout, split_axes, split_matrix_axes

__all__ = ["icnr", "looks_linear"]

SHUFFLES = ("torch", "tensorflow")
MOST_AXES = 64  # of any array
NEGATED = {"mean": "mean", "low": "high", "high": "low"}  # of the negative, what is of the other
MIRRORS = {"both": "oi", "outputs": "o", "inputs": "i"}
# A block of the smaller weight may have this many times the entries that are needed, or this many.
WASTE, FEW = 4, 4096


class _Source(NamedTuple):
    """Where the entries of an axis come from: functions of the positions that are asked for.

    Attributes
    ----------
    positions
        The positions along the axis of the smaller weight.
    signs
        Whether the entries there are negated; None if none is.
    """

    positions: Callable[[Any], Any]
    signs: Callable[[Any], Any] | None = None


class _Repeated(OfAnother, Blockwise):
    """A subclass says of which smaller weight, and names the positions; `init` makes that weight."""

    linear: ClassVar[tuple[str, ...]] = ("init",)

    def _sources(self, shape: tuple[int, ...]) -> tuple[tuple[int, ...], dict[int, _Source]]:
        """The smaller shape, and the sources of the axes that are not its own."""
        raise NotImplementedError

    def check(self, shape: tuple[int, ...], dtype: str) -> None:
        self.init.check(self._sources(shape)[0], dtype)

    def make_block(
        self, shape: tuple[int, ...], key: Key | None, part: Block, target: Target
    ) -> Any:
        library, device = target.library, target.device
        lengths, sources = self._sources(shape)
        form = FORMATS.get(target.dtype)
        by_way_of = "float32" if form is not None and form.itemsize == 1 else target.dtype
        index = [_slice(*axis) for axis in zip(part.starts, part.steps, part.counts, strict=True)]
        needed, takes = {}, {}
        for axis, source in sources.items():
            asked = positions_along(part.starts[axis], part.steps[axis], part.counts[axis])
            needed[axis], take = np.unique(source.positions(asked), return_inverse=True)
            takes[axis] = (take, source.signs(asked) if source.signs else None)
        place = Target(library, by_way_of, device)
        made = self._smaller(lengths, key, index, needed, place)
        for axis, (take, signs) in takes.items():
            made = _signed(library, _taken(library, made, axis, take, device), axis, signs, device)
        return library.xp.reshape(library.cast(made, target.dtype), part.shape)

    def _smaller(
        self,
        lengths: tuple[int, ...],
        key: Key | None,
        index: list[slice],
        needed: dict[int, Any],
        place: Target,
    ) -> Any:
        """The block `index` of the smaller weight; of some axes the `needed` positions, which increase."""
        index, picks = list(index), {}
        for axis, positions in needed.items():
            step = 1 if positions.size < 2 else int(np.gcd.reduce(np.diff(positions)))
            first, last = (int(positions[0]), int(positions[-1])) if positions.size else (0, -1)
            count = (last - first) // step + 1
            if self.elementwise and count > max(WASTE * positions.size, FEW):
                middle = positions.size // 2
                halves = ({**needed, axis: x} for x in (positions[:middle], positions[middle:]))
                made = [self._smaller(lengths, key, index, half, place) for half in halves]
                return place.library.xp.concat(made, axis=axis)
            index[axis] = _slice(first, step, count)
            picks[axis] = (positions - np.uint64(first)) // np.uint64(step)
        made = self.init.make(lengths, key, block(lengths, tuple(index)), place)
        for axis, pick in picks.items():
            made = _taken(place.library, made, axis, pick, place.device)
        return made

    def statistics(self, shape: tuple[int, ...], dtype: str) -> dict[str, Any]:
        found: dict[str, Any] = self.init.statistics(self._sources(shape)[0], dtype)
        return found | {"distribution": f"{found['distribution']}, repeated"}


@dataclass(frozen=True, repr=False)
class icnr(_Repeated):
    """Initialization that makes a sub-pixel convolution act like a nearest-neighbour resize.

    All outputs that a pixel shuffle puts side by side have the same kernel. `init` makes one
    kernel for each such set of outputs.

    Parameters
    ----------
    init
        The initializer of the smaller weight: an initializer, a name or a dictionary. The default
        is `he_normal` with the same layout.
    factor
        Factor by which the shuffle enlarges each axis.
    layout
        What the axes are.
    shuffle
        "torch" for ``PixelShuffle``, for which equal outputs are neighbours; "tensorflow" for
        ``depth_to_space`` and JAX, for which they are a fraction of the outputs apart.
    dims
        The number of axes that are enlarged. The default is the number of kernel axes.

    References
    ----------
    Aitken, Ledig, Theis, Caballero, Wang, Shi, "Checkerboard artifact free sub-pixel convolution",
    2017, arXiv:1707.02937.

    Examples
    --------
    >>> import agnostic_init as ai
    >>> w = ai.icnr("normal", 2, layout="torch", dims=2)((8, 1), key=0)
    >>> bool((w[:4] == w[0]).all() and (w[4:] == w[4]).all())
    True
    """

    init: Any = None
    factor: int = 2
    layout: str | None = None
    shuffle: str = "torch"
    dims: int | None = None

    def __post_init__(self) -> None:
        layout, _ = check_layout(self.layout, 1, needed="it says which axis is repeated")
        init = {"name": "he_normal", "layout": layout} if self.init is None else self.init
        object.__setattr__(self, "init", found(init, "init"))
        object.__setattr__(self, "factor", positive_integer("factor", self.factor))
        if self.dims is not None:
            object.__setattr__(self, "dims", positive_integer("dims", self.dims))
            if self.dims > MOST_AXES:
                raise must("dims", f"must be at most {MOST_AXES}", self.dims)
        check_choice("shuffle", self.shuffle, SHUFFLES)
        object.__setattr__(self, "layout", layout)

    def _sources(self, shape: tuple[int, ...]) -> tuple[tuple[int, ...], dict[int, _Source]]:
        assert self.layout is not None
        parts = split_axes(shape, self.layout)
        outputs = parts.of("o")
        if len(outputs) != 1 or outputs[0].length != shape[outputs[0].axis]:
            raise must("layout", "must have one o axis, of outputs alone", str(self.layout))
        axis, length = outputs[0].axis, outputs[0].length
        dims = len(parts.of("k")) if self.dims is None else self.dims
        copies = self.factor**dims
        if length % copies:
            raise must(
                "shape",
                f"must have outputs that {self.factor}^{dims} = {copies} divides",
                length,
                "another factor, or dims= where the kernel has other axes",
            )
        few = length // copies
        if self.shuffle == "torch":
            source = _Source(lambda positions: positions // np.uint64(copies))
        else:
            source = _Source(lambda positions: remainder(positions, few))
        return (*shape[:axis], few, *shape[axis + 1 :]), {axis: source}


@dataclass(frozen=True, repr=False)
class looks_linear(_Repeated):
    """A smaller weight W and its negative, side by side, so that rectifiers cancel out.

    Every ``h`` before a rectifier has a ``-h`` beside it, and ``relu(h) - relu(-h) = h``. So the
    network computes the product of its W, deep and linear, until training breaks the symmetry.

    Parameters
    ----------
    init
        The initializer of W: an initializer, a name or a dictionary. The default is `orthogonal`.
    mirror
        "both": ``[[W, -W], [-W, W]]``, between rectifiers. "outputs": ``[W; -W]``, for the first
        layer. "inputs": ``[W, -W]``, for the last, and after concatenated rectifiers.
    layout
        What the axes are. Every stack, number and group is mirrored by itself.

    References
    ----------
    Balduzzi, Frean, Leary, Lewis, Ma, McWilliams, "The shattered gradients problem: if resnets are
    the answer, then what is the question?", ICML 2017, arXiv:1702.08591.

    Examples
    --------
    >>> import agnostic_init as ai
    >>> ai.looks_linear("identity")((4, 4)) + 0
    array([[ 1.,  0., -1.,  0.],
           [ 0.,  1.,  0., -1.],
           [-1.,  0.,  1.,  0.],
           [ 0., -1.,  0.,  1.]], dtype=float32)
    """

    init: Any = None
    mirror: str = "both"
    layout: str | None = None

    def __post_init__(self) -> None:
        layout, _ = check_layout(self.layout, 1)
        object.__setattr__(self, "layout", layout)
        check_choice("mirror", self.mirror, MIRRORS)
        init = {"name": "orthogonal", "layout": layout} if self.init is None else self.init
        object.__setattr__(self, "init", found(init, "init"))

    def statistics(self, shape: tuple[int, ...], dtype: str) -> dict[str, Any]:
        known = super().statistics(shape, dtype)
        turned = {name: -known[of] for name, of in NEGATED.items() if known.get(of) is not None}
        fans = {name: each for name, each in known.items() if name not in (*NEGATED, "std")}
        return fans | mixed([(1, known), (1, known | turned)])

    def _sources(self, shape: tuple[int, ...]) -> tuple[tuple[int, ...], dict[int, _Source]]:
        parts = self._parts(shape)
        small, sources = list(shape), {}
        for role in MIRRORS[self.mirror]:
            channels = parts.of(role)
            if len(channels) != 1:
                raise must("layout", f"must have one {role} axis", str(self.layout))
            part = channels[0]
            if part.length % 2:
                name = "outputs" if role == "o" else "inputs"
                raise must("shape", f"must have an even number of {name} to mirror", shape)
            small[part.axis] = shape[part.axis] // 2
            sources[part.axis] = _mirrored(part)
        return tuple(small), sources

    def _parts(self, shape: tuple[int, ...]) -> Parts:
        if self.layout is not None:
            return split_axes(shape, self.layout)
        if len(shape) > 2 or (len(shape) == 2 and self.mirror != "both"):
            message = (
                f"`layout` must be given for shape {shape} and mirror={self.mirror!r}, got None, as "
                'it says which axes are mirrored; try: layout="torch" or "keras"'
            )
            raise AmbiguousLayoutError(message)
        return split_matrix_axes(shape)


def _mirrored(part: Part) -> _Source:
    """The first half of the part's channels, and their negatives."""
    half, stride = part.length // 2, part.stride

    def positions(asked: Any) -> Any:
        before = digit(asked, part.length * stride, LIMIT)
        channel = remainder(digit(asked, stride, part.length), half)
        return (before * np.uint64(half) + channel) * np.uint64(stride) + remainder(asked, stride)

    return _Source(positions, lambda asked: digit(asked, stride, part.length) >= np.uint64(half))


def _slice(start: int, step: int, count: int) -> slice:
    stop = start + step * count
    return slice(start, stop if stop >= 0 else None, step) if count else slice(0, 0)


def _taken(library: Library, array: Any, axis: int, positions: Any, device: Any) -> Any:
    if positions.size == array.shape[axis] and (positions == np.arange(positions.size)).all():
        return array
    return library.xp.take(array, library.from_host(positions.astype(np.int32), device), axis=axis)


def _signed(library: Library, array: Any, axis: int, signs: Any, device: Any) -> Any:
    if signs is None:
        return array
    lengths = (1,) * axis + (-1,) + (1,) * (array.ndim - axis - 1)
    return library.xp.where(library.from_host(signs.reshape(lengths), device), -array, array)
