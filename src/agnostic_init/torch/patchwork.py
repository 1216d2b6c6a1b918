"""An initializer that writes parts of an array as others do."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

from agnostic_init.arrays.library import Library
from agnostic_init.arrays.target import Target
from agnostic_init.bits.block import Block, block
from agnostic_init.bits.key import Key
from agnostic_init.initializers.base import Initializer
from agnostic_init.torch.geometry import meeting

__all__ = ["patchwork"]

SHOWN = 2  # parts


@dataclass(frozen=True, repr=False)
class patchwork(Initializer):
    """One initializer for the whole, and others for parts of it, each in its turn.

    Parameters
    ----------
    base
        Of the whole; None where the parts are all of it.
    parts
        Pairs of a part, as one pair (start, stop, step) for each axis, and its initializer, which
        sees the part as an array of its own.
    keys
        The key of each random one of them, the base first; None to fold them of the array's key,
        which is itself the key where only one is random.
    """

    base: Initializer | None
    parts: tuple[tuple[tuple[tuple[int, int, int], ...], Initializer], ...]
    keys: tuple[Key, ...] | None = None

    @property
    def needs_key(self) -> bool:  # type: ignore[override]
        """Whether any is random."""
        return any(each.needs_key for each in self._all())

    @property
    def elementwise(self) -> bool:  # type: ignore[override]
        """Whether all are."""
        return all(each.elementwise for each in self._all())

    def __repr__(self) -> str:
        shown = [f"[{_index(place)}]: {each!r}" for place, each in self.parts[:SHOWN]]
        more = [f"and {len(self.parts) - SHOWN} more"] if len(self.parts) > SHOWN else []
        base = [] if self.base is None else [repr(self.base)]
        return f"patchwork({', '.join([*base, *shown, *more])})"

    def check(self, shape: tuple[int, ...], dtype: str) -> None:
        if self.base is not None:
            self.base.check(shape, dtype)
        for place, each in self.parts:
            each.check(_shape(place), dtype)

    def make(self, shape: tuple[int, ...], key: Key | None, part: Block, target: Target) -> Any:
        made = target.library.empty(part.shape, target.dtype, target.device)
        self.write(key, part, made, target.library)
        return made

    def write(self, key: Key | None, part: Block, out: Any, library: Library) -> None:
        keys = iter(self._keys(key))
        if self.base is not None:
            self.base.write(next(keys) if self.base.needs_key else None, part, out, library)
        for place, each in self.parts:
            own = next(keys) if each.needs_key else None
            found = [
                meeting(range(start, start + step * count, step), range(*axis))
                for start, step, count, axis in zip(
                    part.starts, part.steps, part.counts, place, strict=True
                )
            ]
            if any(run is None for run in found):
                continue
            here, there = zip(*(run for run in found if run is not None), strict=True)
            each.write(own, block(_shape(place), there), out[here], library)

    def statistics(self, shape: tuple[int, ...], dtype: str) -> dict[str, Any]:
        sizes = [math.prod(_shape(place)) for place, _ in self.parts]
        known = [each.statistics(_shape(place), dtype) for place, each in self.parts]
        if self.base is not None:
            sizes = [math.prod(shape) - sum(sizes), *sizes]
            known = [self.base.statistics(shape, dtype), *known]
        found: dict[str, Any] = {"distribution": known[0]["distribution"] + ", in parts"}
        for name, best in (("low", min), ("high", max)):
            ends = [each[name] for each in known if each.get(name) is not None]
            if len(ends) == len(known):
                found[name] = best(ends)
        moments = [(each.get("mean"), each.get("std")) for each in known]
        total = sum(sizes)
        if total and sizes[0] >= 0 and all(None not in pair for pair in moments):
            pairs: list[tuple[int, tuple[Any, Any]]] = list(zip(sizes, moments, strict=True))
            mean = sum(weight * m for weight, (m, _) in pairs) / total
            square = sum(weight * (abs(m) ** 2 + s**2) for weight, (m, s) in pairs) / total
            found |= {"mean": mean, "std": math.sqrt(max(0.0, square - abs(mean) ** 2))}
        return found

    def _all(self) -> list[Initializer]:
        base = [] if self.base is None else [self.base]
        return [*base, *(each for _, each in self.parts)]

    def _keys(self, key: Key | None) -> tuple[Key, ...]:
        if self.keys is not None:
            return self.keys
        count = sum(each.needs_key for each in self._all())
        if key is None or not count:
            return ()
        return (key,) if count == 1 else tuple(key.fold_in(n) for n in range(count))


def _index(place: tuple[tuple[int, int, int], ...]) -> str:
    """A part as code."""
    steps = [f"{start}:{stop}" + (f":{step}" if step > 1 else "") for start, stop, step in place]
    return ", ".join(steps)


def _shape(place: tuple[tuple[int, int, int], ...]) -> tuple[int, ...]:
    return tuple(len(range(*axis)) for axis in place)
