"""Tables of positions, which are computed and not drawn: sinusoids, rotations, linear biases."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np

from agnostic_init.arrays.dtypes import format_of
from agnostic_init.arrays.errors import check_choice, must
from agnostic_init.arrays.numbers import integer, real_number
from agnostic_init.initializers.angles import cos_and_sin, turns_of
from agnostic_init.initializers.computed import OfPlaces

__all__ = ["alibi_biases", "alibi_slopes", "rotary_positions", "sinusoidal_positions"]

ORDERS = ("interleaved", "halves")
PAIRS = ("single", "halves", "interleaved")
PARTS = ("cos", "sin", "polar", "frequency")


class _Table(OfPlaces):
    """A table of at least so many axes."""

    pattern: ClassVar[str] = "table"
    least_axes: ClassVar[int] = 1

    def check(self, shape: tuple[int, ...], dtype: str) -> None:
        if len(shape) < self.least_axes:
            rule = f"must have {self.least_axes} axes or more for {type(self).__name__}"
            raise must("shape", rule, shape)
        super().check(shape, dtype)

    def bounds(self, shape: tuple[int, ...], compute: str) -> tuple[float, float]:
        return -1.0, 1.0


@dataclass(frozen=True, repr=False)
class sinusoidal_positions(_Table):
    """The transformer's position encodings: sines and cosines of wavelengths up to 2π base.

    The last two axes are positions and channels; others are a stack of the same table.

    Parameters
    ----------
    base
        Channel pair i of d / 2 has the frequency ``base^(-2 i / d)``.
    order
        "interleaved": sines in even channels and cosines in odd ones, as in the paper. "halves":
        all sines and then all cosines, as in tensor2tensor and fairseq.
    shift
        0 as in the paper. With 1 the frequencies are ``base^(-i / (d / 2 - 1))``, so that the last
        is 1 / base, as in tensor2tensor and fairseq.
    start
        The first position.

    References
    ----------
    Vaswani et al., "Attention is all you need", NeurIPS 2017, arXiv:1706.03762, section 3.5.

    Examples
    --------
    >>> import agnostic_init as ai
    >>> ai.sinusoidal_positions()((2, 4))
    array([[0.        , 1.        , 0.        , 1.        ],
           [0.84147096, 0.5403023 , 0.00999983, 0.99995   ]], dtype=float32)
    """

    least_axes: ClassVar[int] = 2

    base: float = 10000.0
    order: str = "interleaved"
    shift: float = 0.0
    start: int = 0

    def __post_init__(self) -> None:
        check_choice("order", self.order, ORDERS)
        object.__setattr__(self, "base", _base(self.base))
        object.__setattr__(self, "shift", real_number("shift", self.shift))
        object.__setattr__(self, "start", integer("start", self.start))

    def check(self, shape: tuple[int, ...], dtype: str) -> None:
        super().check(shape, dtype)
        if shape[-1] % 2:
            raise must("shape", "must have an even number of channels", shape)
        if shape[-1] and self.shift >= shape[-1] // 2:
            rule = f"must be less than half of the {shape[-1]} channels"
            raise must("shift", rule, self.shift)

    def at(self, shape: tuple[int, ...], places: list[Any]) -> Any:
        half, channel = max(1, shape[-1] // 2), places[-1]
        if self.order == "interleaved":
            pair, odd = channel // 2, channel % 2 == 1
        else:
            pair, odd = channel % half, channel >= half
        few, back = np.unique(pair, return_inverse=True)  # as each is there twice
        turns = turns_of(self.base, few, half - self.shift)
        cosines, sines = cos_and_sin(places[-2] + self.start, turns)
        # One of the two for each channel, by its place among both.
        which = back.reshape(-1) + np.where(odd.reshape(-1), 0, few.size)
        return np.take(np.concatenate([cosines, sines], axis=-1), which, axis=-1)


@dataclass(frozen=True, repr=False)
class rotary_positions(_Table):
    """RoPE: the rotations that queries and keys are turned by, pair of channels by pair.

    The last two axes are positions and channels; others are a stack of the same table.

    Parameters
    ----------
    part
        "cos" or "sin" of the angles; "polar", for complex dtypes, ``cos + i sin``; "frequency", the
        angle of position 1, for which the last axis alone counts.
    base
        Pair i of d / 2 turns by ``base^(-2 i / d)`` a position.
    pairs
        What the channels of the table are. "single": one for each pair, so that d is twice as many,
        as Llama's ``freqs_cis`` and the buffer ``inv_freq``. "halves": pair i is channels i and
        i + d / 2, as in GPT-NeoX and transformers. "interleaved": it is 2 i and 2 i + 1, as in the
        paper and GPT-J.
    start
        The first position.

    References
    ----------
    Su, Lu, Pan, Murtadha, Wen, Liu, "RoFormer: enhanced transformer with rotary position
    embedding", 2021, arXiv:2104.09864, equations 15 and 34.

    Examples
    --------
    >>> import agnostic_init as ai
    >>> ai.rotary_positions("frequency")(4)
    array([1.   , 0.1  , 0.01 , 0.001], dtype=float32)
    >>> ai.rotary_positions("cos", pairs="halves")((2, 4))
    array([[1.       , 1.       , 1.       , 1.       ],
           [0.5403023, 0.99995  , 0.5403023, 0.99995  ]], dtype=float32)
    """

    part: str = "cos"
    base: float = 10000.0
    pairs: str = "single"
    start: int = 0

    def __post_init__(self) -> None:
        check_choice("part", self.part, PARTS)
        check_choice("pairs", self.pairs, PAIRS)
        object.__setattr__(self, "base", _base(self.base))
        object.__setattr__(self, "start", integer("start", self.start))

    def check(self, shape: tuple[int, ...], dtype: str) -> None:
        super().check(shape, dtype)
        if self.part != "frequency" and len(shape) < 2:
            raise must("shape", "must have two axes or more, positions and channels", shape)
        if self.pairs != "single" and shape[-1] % 2:
            raise must("shape", "must have an even number of channels", shape, 'pairs="single"')
        if self.part == "polar" and not format_of(dtype).is_complex:
            raise must("dtype", 'must be complex for part="polar"', dtype, "dtype='complex64'")

    def at(self, shape: tuple[int, ...], places: list[Any]) -> Any:
        channel = places[-1]
        if self.pairs == "single":
            return self._of_pairs(places, channel, max(1, shape[-1]))
        count = max(1, shape[-1] // 2)
        pair = channel % count if self.pairs == "halves" else channel // 2
        few, back = np.unique(pair, return_inverse=True)  # as each is there twice
        return np.take(self._of_pairs(places, few, count), back.reshape(-1), axis=-1)

    def _of_pairs(self, places: list[Any], pair: Any, count: int) -> Any:
        """The numbers of some pairs of channels."""
        if self.part == "frequency":
            return _powers(self.base, -pair / count)
        turns = turns_of(self.base, pair, count)
        cosines, sines = cos_and_sin(places[-2] + self.start, turns)
        if self.part == "polar":
            return cosines + 1j * sines
        return cosines if self.part == "cos" else sines


@dataclass(frozen=True, repr=False)
class alibi_slopes(_Table):
    """ALiBi's slope of each head, along the first axis.

    Of n heads, a power of two, head h has ``2^(-8 (h + 1) / n)``. Other numbers of heads have the
    slopes of the power of two below, and then every second one of the power of two above.

    References
    ----------
    Press, Smith, Lewis, "Train short, test long: attention with linear biases enables input length
    extrapolation", ICLR 2022, arXiv:2108.12409, section 3, and the authors' code.

    Examples
    --------
    >>> import agnostic_init as ai
    >>> ai.alibi_slopes()(4)
    array([0.25      , 0.0625    , 0.015625  , 0.00390625], dtype=float32)
    """

    def at(self, shape: tuple[int, ...], places: list[Any]) -> Any:
        return _slopes(places[0], shape[0])

    def bounds(self, shape: tuple[int, ...], compute: str) -> tuple[float, float]:
        return 0.0, 1.0


@dataclass(frozen=True, repr=False)
class alibi_biases(_Table):
    """ALiBi's biases of attention: minus a head's slope times the distance of query and key.

    The last three axes are heads, queries and keys; others are a stack of the same table. The last
    query is at the last key, so that one query is that of a cache of keys.

    References
    ----------
    As of `alibi_slopes`.

    Examples
    --------
    >>> import agnostic_init as ai
    >>> ai.alibi_biases()((1, 3, 3)) * 2**8
    array([[[-0., -1., -2.],
            [-1., -0., -1.],
            [-2., -1., -0.]]], dtype=float32)
    """

    least_axes: ClassVar[int] = 3

    def at(self, shape: tuple[int, ...], places: list[Any]) -> Any:
        distance = np.abs(places[-2] + (shape[-1] - shape[-2]) - places[-1])
        return -_slopes(places[-3], shape[-3]) * distance

    def bounds(self, shape: tuple[int, ...], compute: str) -> tuple[float, float]:
        # The first, or the first of those that are no power of two.
        firsts = np.array([0.0, _power_below(shape[-3])])
        steepest = float(_slopes(firsts[firsts < shape[-3]], shape[-3]).max())
        furthest = max(shape[-1] - 1, abs(shape[-1] - shape[-2]), shape[-2] - 1)
        return -steepest * furthest, 0.0


def _slopes(heads: Any, count: int) -> Any:
    """The slopes of some of `count` heads."""
    below = _power_below(count)
    first = -8.0 * (heads + 1) / below
    second = -8.0 * (2 * (heads - below) + 1) / (2 * below)
    return _powers(2.0, np.where(heads < below, first, second))


def _power_below(count: int) -> int:
    """The largest power of two up to a number of heads."""
    return 1 << (max(1, count).bit_length() - 1)


def _powers(base: float, exponents: Any) -> Any:
    """Powers of a number, by Python: NumPy's depend on where in an array they are."""
    return np.array([base**each for each in exponents.reshape(-1).tolist()]).reshape(
        exponents.shape
    )


def _base(base: Any) -> float:
    number = real_number("base", base)
    if not number > 1 or not math.isfinite(number):
        raise must("base", "must be more than 1", base, "10000, or 500000 as in Llama 3")
    return number
