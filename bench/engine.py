"""Which engine of agnostic_init fills the memory of the host in this process."""

from __future__ import annotations

__all__ = ["engine"]


def engine() -> str:
    """Native or numpy, with the processor's instructions that the native one uses."""
    import agnostic_init as ai

    found = ai.info()
    return f"{found.host} {found.instructions}".strip()
