"""A generator, for code that holds one: its state is a key and how often it was asked."""

from __future__ import annotations

import threading
from typing import Any

from agnostic_init.arrays.errors import Wording, must, must_be_type
from agnostic_init.arrays.numbers import integer
from agnostic_init.bits.key import Key
from agnostic_init.bits.key import key as make_key
from agnostic_init.draws import functions

__all__ = ["Generator"]

PLACES = ("like", "xp", "dtype", "device")


class Generator:
    """Random numbers with a state, in the shape of `numpy.random.Generator`.

    Call number ``n`` of a generator, counted from 0, draws from ``key.fold_in(n)``, whatever was
    drawn before, how much, in which dtype and by which library. So the same calls in the same order
    give the same numbers on every library and device, and any call can be made again alone. A
    generator is also what `agnostic_init.key` takes, and so a `key=` of everything: that is a call
    as well.

    Where a name is at hand, a key folded with it is better: then one call more changes no other.

    Parameters
    ----------
    key
        Anything that `agnostic_init.key` takes.
    calls
        How many calls have been made: to go on where another one was.
    like, xp, dtype, device
        Where numbers are made unless a call says otherwise; float32 in NumPy by default, where
        NumPy's own are float64.

    Attributes
    ----------
    key
        The key that all calls are folded from.
    calls
        How many calls have been made.

    Notes
    -----
    `size` comes first, and all else by name, with the names that NumPy has. Without a size arrays
    have no axes. Two threads that share one never get the same numbers, but which gets which is
    chance. There are no integers, permutations or choices: stream v1 defines none.

    Examples
    --------
    >>> import agnostic_init as ai
    >>> generator = ai.Generator(0)
    >>> first, second = generator.normal(3), generator.normal(3)
    >>> bool((second == ai.draws.normal(3, key=ai.key(0).fold_in(1))).all())
    True
    >>> ai.he_normal("torch")((2, 2), key=generator).shape
    (2, 2)
    >>> generator
    Generator(Key(seed=0, offset=0), calls=3)
    """

    def __init__(
        self,
        key: Any,
        *,
        calls: int = 0,
        like: Any = None,
        xp: Any = None,
        dtype: Any = None,
        device: Any = None,
    ) -> None:
        self.key: Key = make_key(key)
        self.calls: int = integer("calls", calls)
        if self.calls < 0:
            raise must("calls", "must not be negative", calls)
        if like is not None and xp is not None:
            raise must("like", "must not be given together with `xp`", like, "either of them alone")
        self._place = dict(zip(PLACES, (like, xp, dtype, device), strict=True))
        self._lock = threading.Lock()

    def __repr__(self) -> str:
        return f"Generator({self.key}, calls={self.calls})"

    def __getstate__(self) -> dict[str, Any]:
        return {name: each for name, each in vars(self).items() if name != "_lock"}

    def __setstate__(self, state: dict[str, Any]) -> None:
        vars(self).update(state, _lock=threading.Lock())

    def next_key(self) -> Key:
        """The key of the next call, which this is: `agnostic_init.key` of a generator."""
        with self._lock:
            number = self.calls
            self.calls += 1
        return self.key.fold_in(number)

    def spawn(self, n: int) -> list[Generator]:
        """Make `n` generators of streams of their own; one call of this one.

        Generator number ``i`` has the key ``key.fold_in(calls).split(n)[i]``.
        """
        with self._lock:
            keys = self.key.fold_in(self.calls).split(n)
            self.calls += 1
        return [Generator(key, **self._place) for key in keys]

    def bits(self, size: Any = None, *others: Any, **where: Any) -> Any:
        """Random 32-bit words: see `draws.bits`."""
        return self._drawn(functions.bits, "bits", size, others, {}, {"dtype": None, **where})

    def random(self, size: Any = None, *others: Any, **where: Any) -> Any:
        """Uniform numbers on [0, 1): see `draws.uniform`.

        Parameters
        ----------
        size
            The shape; None for an array without axes.
        **where
            like, xp, dtype, device, index, chunks or out, as of `draws.uniform`.
        """
        return self._drawn(functions.uniform, "random", size, others, {}, where)

    def uniform(
        self, size: Any = None, *others: Any, low: float = 0.0, high: float = 1.0, **where: Any
    ) -> Any:
        """Uniform numbers on [low, high): see `draws.uniform`; parameters as of `random`."""
        own = {"low": low, "high": high}
        return self._drawn(functions.uniform, "uniform", size, others, own, where)

    def standard_normal(self, size: Any = None, *others: Any, **where: Any) -> Any:
        """Normal numbers of mean 0 and standard deviation 1: see `draws.normal`; parameters as of `random`."""
        return self._drawn(functions.normal, "standard_normal", size, others, {}, where)

    def normal(
        self, size: Any = None, *others: Any, loc: complex = 0.0, scale: float = 1.0, **where: Any
    ) -> Any:
        """Normal numbers of mean `loc` and standard deviation `scale`: see `draws.normal`; parameters as of `random`."""
        own = {"loc": loc, "scale": scale}
        return self._drawn(functions.normal, "normal", size, others, own, where)

    def truncated_normal(
        self,
        size: Any = None,
        *others: Any,
        loc: complex = 0.0,
        scale: float = 1.0,
        lower: float = -2.0,
        upper: float = 2.0,
        bounds: str = "sigma",
        std_of: str = "parent",
        **where: Any,
    ) -> Any:
        """Normal numbers within bounds: see `draws.truncated_normal`; parameters as of `random`."""
        own: dict[str, Any] = {"loc": loc, "scale": scale, "lower": lower, "upper": upper}
        own |= {"bounds": bounds, "std_of": std_of}
        return self._drawn(functions.truncated_normal, "truncated_normal", size, others, own, where)

    def _drawn(
        self,
        function: Any,
        name: str,
        size: Any,
        others: tuple[Any, ...],
        own: dict[str, Any],
        where: dict[str, Any],
    ) -> Any:
        """What a function draws of the next key; nothing is counted of a call that is refused."""
        if others or isinstance(size, float):
            given = Wording(f"{name}({', '.join(map(repr, (size, *others)))})")
            named = ", ".join(["size=...", *(f"{each}=..." for each in own if each != "bounds")])
            rule = "must be the only argument without a name, and a shape"
            raise must_be_type("size", rule, given, f"{name}({named})")
        place = {each: value for each, value in self._place.items() if value is not None}
        if "dtype" in where and where["dtype"] is None:
            where = {each: value for each, value in where.items() if each != "dtype"}
            place.pop("dtype", None)
        if where.get("out") is not None:
            place = {}
        elif where.get("like") is not None or where.get("xp") is not None:
            place = {each: value for each, value in place.items() if each == "dtype"}
        renamed = {{"loc": "mean", "scale": "std"}.get(each, each): v for each, v in own.items()}
        shape = _shape(size, where)
        with self._lock:
            made = function(
                shape, **renamed, key=self.key.fold_in(self.calls), **{**place, **where}
            )
            self.calls += 1
        return made


def _shape(size: Any, where: dict[str, Any]) -> Any:
    """The shape: that of `out` where none is given."""
    if size is not None:
        return size
    out = where.get("out")
    return () if out is None else tuple(out.shape)
