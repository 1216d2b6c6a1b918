"""Numbers that stand for kinds of draws and for storage in compiled code."""

from __future__ import annotations

__all__ = [
    "BFLOAT16", "BITS", "CENTRAL", "FLOAT16", "FLOAT32", "FLOAT64", "INT64", "STORES", "TAIL",
    "UINT32", "UNIFORM",
]  # fmt: skip

BITS, UNIFORM, CENTRAL, TAIL = range(4)
FLOAT32, FLOAT64, FLOAT16, BFLOAT16, UINT32, INT64 = range(6)
STORES = {
    "float32": FLOAT32,
    "float64": FLOAT64,
    "float16": FLOAT16,
    "bfloat16": BFLOAT16,
    "complex64": FLOAT32,
    "complex128": FLOAT64,
    "uint32": UINT32,
    "int64": INT64,
}
