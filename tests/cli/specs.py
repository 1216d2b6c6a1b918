"""A small spec that several tests of commands write."""

from __future__ import annotations

__all__ = ["RULES", "SPEC"]

SPEC = """
[defaults]
seed = 3
[tensors]
"w" = [400, 30]
"b" = [32]
[[rules]]
match = "b"
init = "zeros"
[[rules]]
match = "*"
init = { name = "normal", std = 0.02 }
"""
RULES = SPEC[SPEC.index("[[rules]]") :]
