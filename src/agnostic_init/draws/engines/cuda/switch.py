"""Whether the user wants this engine."""

from __future__ import annotations

import os

__all__ = ["switched_on"]


def switched_on() -> bool:
    """False if the environment variable ``AGNOSTIC_INIT_CUDA`` is 0."""
    return os.environ.get("AGNOSTIC_INIT_CUDA", "1").strip() != "0"
