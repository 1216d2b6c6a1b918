"""Keys: the whole state of a stream, as a value."""

from __future__ import annotations

import functools
import importlib
from collections.abc import Sequence
from typing import Any, ClassVar

import numpy as np

from agnostic_init.arrays.errors import ParameterTypeError, must, must_be_type
from agnostic_init.arrays.numbers import as_integer, integer
from agnostic_init.arrays.values import Value

__all__ = ["Key", "digest", "key", "word64"]

LIMIT, MASK = 1 << 64, 0xFFFFFFFF
MOST_KEYS = 1 << 24  # that `split` makes, of some hundred bytes each
FEW = 16  # items, which are folded one by one


class Key(Value):
    """A stream of random words: a seed and an offset, both unsigned 64-bit integers.

    Word ``i`` of the stream is word ``i % 4`` of the Philox4x32-10 block whose counter is
    ``offset + i // 4`` (mod 2^64) and whose key is ``seed``. A key is a value: using it twice
    gives the same numbers twice. Either draw from a key or fold it, never both.

    Parameters
    ----------
    seed, offset
        Integers in [0, 2^64).

    Examples
    --------
    >>> import agnostic_init as ai
    >>> ai.key(42).fold_in(7)
    Key(seed=7527850912803292081, offset=3344896577480189866)
    """

    seed: int
    offset: int
    known: ClassVar[bool] = True
    """Whether its numbers are known; those of a key that JAX traces are not."""

    __slots__ = ("offset", "seed")

    def __init__(self, seed: int, offset: int = 0) -> None:
        if type(seed) is not int or not 0 <= seed < LIMIT:
            seed = word64("seed", seed)
        if type(offset) is not int or not 0 <= offset < LIMIT:
            offset = word64("offset", offset)
        object.__setattr__(self, "seed", seed)
        object.__setattr__(self, "offset", offset)

    def __lt__(self, other: object) -> bool:
        if other.__class__ is not self.__class__:
            return NotImplemented
        return (self.seed, self.offset) < (other.seed, other.offset)

    def __le__(self, other: object) -> bool:
        return NotImplemented if other.__class__ is not self.__class__ else not other < self

    def __gt__(self, other: object) -> bool:
        return NotImplemented if other.__class__ is not self.__class__ else other < self

    def __ge__(self, other: object) -> bool:
        return NotImplemented if other.__class__ is not self.__class__ else not self < other

    def __hash__(self) -> int:
        return hash((self.seed, self.offset))

    def __reduce__(self) -> tuple[type[Key], tuple[int, int]]:
        return Key, (self.seed, self.offset)  # so that what was pickled is checked again

    def fold_in(self, data: int | str) -> Key:
        """Derive the key of an item, named by an integer or a string.

        Parameters
        ----------
        data
            An integer in [0, 2^64), or a string, which stands for its 8-byte BLAKE2b digest. In a
            program of JAX, also an integer that it traces, such as the counter of a scan; it is
            taken mod 2^64, as nothing can be raised for it.

        Returns
        -------
        Key
            The four words of block ``offset + data`` of this key's stream.

        Examples
        --------
        >>> import agnostic_init as ai
        >>> ai.key(42).fold_in("encoder.weight")
        Key(seed=15359472568564839545, offset=16895494822838840434)
        """
        try:
            number = digest(data) if isinstance(data, str) else word64("data", data)
        except ParameterTypeError:
            from agnostic_init.arrays.generators import traced_number

            if traced_number(data) is None:
                raise
            return _traced(self).fold_in(data)
        from agnostic_init.bits.philox import philox_block

        counter = (self.offset + number) % LIMIT
        w0, w1, w2, w3 = philox_block((counter & MASK, counter >> 32, 0, 0), self.words)
        return _known(w1 << 32 | w0, w3 << 32 | w2)

    def fold_in_all(self, names: Sequence[str] | Sequence[int]) -> list[Key]:
        """Derive the keys of many items at once: ``[fold_in(name) for name in names]``."""
        if not self.known or len(names) < FEW:
            return [self.fold_in(name) for name in names]
        from agnostic_init.bits.philox import philox
        from agnostic_init.bits.words import Wide

        wide = Wide(np, np.uint64, None, signed=False)
        numbers = [digest(name) if isinstance(name, str) else name for name in names]
        counters = np.array(numbers, np.uint64)
        words = philox(wide, wide.split(wide.add(counters, self.offset)), *self.words)
        low0, high0, low1, high1 = words
        half = wide.constant(32)
        seeds, offsets = (high0 << half | low0).tolist(), (high1 << half | low1).tolist()
        return [_known(*pair) for pair in zip(seeds, offsets, strict=True)]

    def split(self, n: int = 2) -> tuple[Key, ...]:
        """Derive `n` keys, 2^24 at most: ``split(n)[i] == fold_in(i)``.

        Examples
        --------
        >>> import agnostic_init as ai
        >>> first, second = ai.key(0).split()
        >>> second == ai.key(0).fold_in(1)
        True
        """
        count = integer("n", n)
        if not 0 <= count <= MOST_KEYS:
            hint = "key.fold_in(i), for each i when it is needed"
            raise must("n", f"must be in [0, {MOST_KEYS}]", n, hint)
        return tuple(self.fold_in(i) for i in range(count))

    @property
    def words(self) -> tuple[int, int]:
        """The seed as the two words of a Philox key, the low one first."""
        return self.seed & MASK, self.seed >> 32


def key(source: Any) -> Key:
    """Make a key of an integer, a string, a random generator, a seed sequence or a JAX key.

    Parameters
    ----------
    source
        A `Key` (returned as it is); an integer in [0, 2^64), which becomes ``Key(source, 0)``; a
        string, whose 8-byte BLAKE2b digest is the seed; a generator of NumPy, CuPy or torch, or
        `random.Random`, which is advanced by 64 bits; a `Generator`, of which this is a call;
        NumPy's `SeedSequence`, whose first 64 bits of state are the seed, or a JAX key, of which 64
        bits are drawn: these two are values, and give the same key again. In a program of
        JAX, under jit, vmap, scan or shard_map, the JAX key or the integer may be traced: then only
        arrays of JAX can be made of the key, of the same values.

    Returns
    -------
    Key

    Raises
    ------
    ParameterTypeError
        For anything else: there is no default key, and a float is not a seed.

    Examples
    --------
    >>> import agnostic_init as ai
    >>> ai.key(42)
    Key(seed=42, offset=0)
    """
    if type(source) is int and 0 <= source < LIMIT:
        return _of_seed(source)
    if isinstance(source, Key):
        return source
    if isinstance(source, str):
        return Key(digest(source, "key"))
    number = as_integer(source)
    if number is not None:
        return Key(word64("key", number))
    advance = getattr(type(source), "next_key", None)
    if advance is not None:
        made: Key = advance(source)
        return made
    from agnostic_init.arrays.generators import draw_seed

    seed = draw_seed(source)
    if seed is None:
        raise must_be_type(
            "key",
            "must be a Key, an integer, a string, a random generator or a JAX key",
            source,
            "key=0, or key=ai.key('a name')",
        )
    return Key(seed) if isinstance(seed, int) else _traced(seed)


def _known(seed: int, offset: int) -> Key:
    """A key of numbers that need no check."""
    made = object.__new__(Key)
    object.__setattr__(made, "seed", seed)
    object.__setattr__(made, "offset", offset)
    return made


_of_seed = functools.lru_cache(maxsize=256)(Key)


def digest(text: str, parameter: str = "data") -> int:
    """The 64-bit number that a name folds in as."""
    import hashlib

    try:
        data = text.encode()
    except UnicodeEncodeError:
        raise must(parameter, "must be text that UTF-8 can hold", text) from None
    return int.from_bytes(hashlib.blake2b(data, digest_size=8).digest(), "little")


def word64(name: str, value: Any) -> int:
    """An integer in [0, 2^64), or an error that names the parameter."""
    number = integer(name, value)
    if not 0 <= number < LIMIT:
        raise must(name, "must be in [0, 2^64)", value, f"{name} % 2**64")
    return number


def _traced(source: Any) -> Key:
    """A key that JAX traces; by name, as its module is a module of JAX and imports this one."""
    made: Key = importlib.import_module("agnostic_init.bits.jax_key").traced(source)
    return made
