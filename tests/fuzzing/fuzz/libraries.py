"""The array libraries that are installed, as programs name them."""

from __future__ import annotations

from typing import NamedTuple

from fuzz.programs import Outcome, installed

__all__ = ["ALL", "CHOICES", "LIBRARIES", "Library", "of_library"]

# What a refusal says that is about a library, and not about the call.
ABOUT_LIBRARY = (
    "must be a dtype that",
    "must have at most 32 bits a real in JAX without x64",
    "must be one that NumPy has, which computes here",
)


class Library(NamedTuple):
    """A library: what a program says for it, before it and after, and what it cannot write."""

    name: str
    xp: str
    package: str
    before: tuple[str, ...] = ()
    writes: bool = True


ALL = (
    Library("numpy", "np", "numpy"),
    Library("torch", "torch", "torch"),
    Library("strict", "strict", "array_api_strict"),
    Library("dask", "da", "dask", writes=False),
    Library("jax", "jnp", "jax", writes=False),
    Library("jax64", "jnp", "jax", ("jax.config.update('jax_enable_x64', True)",), writes=False),
)
LIBRARIES = tuple(each for each in ALL if installed(each.package))
#: To choose of; JAX compiles, and takes most of the time.
CHOICES = (*LIBRARIES, *(each for each in LIBRARIES if each.package != "jax"))


def of_library(outcome: Outcome) -> bool:
    """Whether a call was refused for what a library is."""
    return outcome.refused and any(text in str(outcome.error) for text in ABOUT_LIBRARY)
