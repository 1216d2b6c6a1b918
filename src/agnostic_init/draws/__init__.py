"""Words -> floats: the random numbers themselves, by the definitions of stream v1."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from agnostic_init.draws.functions import bits, normal, truncated_normal, uniform

__all__ = ["bits", "normal", "truncated_normal", "uniform"]


def __getattr__(name: str) -> Any:
    """Import the functions when one is used: initializers draw without them."""
    if name in __all__:
        from agnostic_init.draws import functions

        return getattr(functions, name)
    message = f"module {__name__!r} has no attribute {name!r}"
    raise AttributeError(message)


def __dir__() -> list[str]:
    return sorted(__all__)
