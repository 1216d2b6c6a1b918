"""Known answers of stream v1 in a file, and whether this package has them."""

from __future__ import annotations

from agnostic_init.conformance.checking import Conformance, conformance

__all__ = ["Conformance", "conformance"]
