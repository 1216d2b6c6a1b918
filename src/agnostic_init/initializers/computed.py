"""Initializers whose elements are functions of their places, or of a uniform number at each."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np

from agnostic_init.arrays.dtypes import format_of
from agnostic_init.arrays.errors import must
from agnostic_init.arrays.target import Target
from agnostic_init.draws.distributions import uniform_draw
from agnostic_init.draws.engines import host
from agnostic_init.draws.make import in_float64, make
from agnostic_init.initializers.blocks import Blockwise, positions_of

if TYPE_CHECKING:
    from agnostic_init.bits.block import Block
    from agnostic_init.bits.key import Key

__all__ = ["OfPlaces", "OfUniform"]

MIDPOINTS = 4096
PIECE = 1 << 14  # elements at once, which stay in cache
STEPS = {"float32": 2.0**-24, "float64": 2.0**-53}  # of uniform numbers


class _Computed(Blockwise):
    """A subclass computes numbers in float64, which are rounded to float32, and from there once more."""

    def numbers(self, shape: tuple[int, ...], key: Key | None, part: Block, compute: str) -> Any:
        """The block as an array of NumPy's, float64 or complex128, that broadcasts to its counts.

        `compute` is the precision of the dtype that is wanted: float32 or float64.
        """
        raise NotImplementedError

    def bounds(self, shape: tuple[int, ...], compute: str) -> tuple[float, float]:
        """The least and the greatest number of an array."""
        raise NotImplementedError

    def check(self, shape: tuple[int, ...], dtype: str) -> None:
        form = format_of(dtype)
        if not all(shape):
            return
        low, high = self.bounds(shape, form.compute)
        if max(-low, high) > form.max:
            worst = low if -low > high else high
            name = type(self).__name__
            rule = f"must hold the numbers of {name} for {shape}, which reach {worst:g}"
            raise must("dtype", rule, dtype, "dtype='float32'")

    def make_block(
        self, shape: tuple[int, ...], key: Key | None, part: Block, target: Target
    ) -> Any:
        form = format_of(target.dtype)
        found = self.numbers(shape, key, part, form.compute)
        kind = "complex" if form.is_complex else "float"
        width = (128 if form.is_complex else 64) // (1 if form.compute == "float64" else 2)
        rounded = np.broadcast_to(found, part.counts).astype(f"{kind}{width}").reshape(part.shape)
        library = target.library
        return library.cast(library.from_host(rounded, target.device), target.dtype)


class OfPlaces(_Computed):
    """A subclass has a number for every place of a shape."""

    needs_key: ClassVar[bool] = False
    pattern: ClassVar[str] = "pattern"

    def at(self, shape: tuple[int, ...], places: list[Any]) -> Any:
        """The numbers at some places: of each axis an array of positions, to be broadcast together."""
        raise NotImplementedError

    def numbers(self, shape: tuple[int, ...], key: Key | None, part: Block, compute: str) -> Any:
        return self.at(shape, [each.astype(np.float64) for each in positions_of(part)])

    def statistics(self, shape: tuple[int, ...], dtype: str) -> dict[str, Any]:
        low, high = self.bounds(shape, format_of(dtype).compute) if all(shape) else (None, None)
        return {"distribution": self.pattern, "low": low, "high": high}


class OfUniform(_Computed):
    """A subclass has a monotone function of a uniform number, one for each element.

    That number is the middle of the step that stream v1 draws: never 0 and never 1.
    """

    distribution: ClassVar[str]

    def law(self, xp: Any, u: Any) -> Any:
        """The function, in operations that every library rounds alike."""
        raise NotImplementedError

    def numbers(self, shape: tuple[int, ...], key: Key | None, part: Block, compute: str) -> Any:
        assert key is not None
        drawn = host.new(uniform_draw(0.0, 1.0, compute), key, part).reshape(-1)
        made = np.empty(drawn.size)
        for start in range(0, drawn.size, PIECE):
            some = slice(start, start + PIECE)
            made[some] = self.law(np, _middle(np, drawn[some].astype(np.float64), compute))
        return made.reshape(part.counts)

    def make_block(
        self, shape: tuple[int, ...], key: Key | None, part: Block, target: Target
    ) -> Any:
        if key is None or key.known:
            return super().make_block(shape, key, part, target)
        # In a program of JAX's: the same to rounding.
        library, compute = target.library, format_of(target.dtype).compute
        place = Target(library, compute, target.device, target.like)
        drawn = make(uniform_draw(0.0, 1.0, compute), key, part, place)

        def law(u: Any) -> Any:
            return self.law(library.xp, _middle(library.xp, u, compute))

        made = in_float64(library, law, drawn) if compute == "float32" else law(drawn)
        return library.cast(made, target.dtype)

    def bounds(self, shape: tuple[int, ...], compute: str) -> tuple[float, float]:
        ends = self.law(np, _middle(np, np.array([0.0, 1.0 - STEPS[compute]]), compute))
        return float(ends.min()), float(ends.max())

    def statistics(self, shape: tuple[int, ...], dtype: str) -> dict[str, Any]:
        low, high = self.bounds(shape, format_of(dtype).compute)
        mean, std = self.moments()
        return {
            "distribution": self.distribution,
            "mean": mean,
            "std": std,
            "low": low,
            "high": high,
        }

    def moments(self) -> tuple[float, float]:
        """Mean and std, by the midpoint rule where a subclass has no closed form."""
        values = self.law(np, (np.arange(MIDPOINTS) + 0.5) / MIDPOINTS)
        return float(values.mean()), float(values.std())


def _middle(xp: Any, u: Any, compute: str) -> Any:
    """The middle of the step that begins at u; below 1 however it is rounded."""
    step = STEPS[compute]
    moved = u + step / 2
    return xp.where(moved >= 1.0, xp.full_like(moved, 1.0 - step), moved)
