"""An activation function -> the gain that keeps a signal at unit size through it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from agnostic_init.gains.tabulated import table

__all__ = ["table"]


def __getattr__(name: str) -> Any:
    """Import the table when it is used: most gains are one."""
    if name in __all__:
        from agnostic_init.gains.tabulated import table

        return table
    message = f"module {__name__!r} has no attribute {name!r}"
    raise AttributeError(message)


def __dir__() -> list[str]:
    return sorted(__all__)
