"""Print the golden hashes of every elementwise initializer and dtype, as JSON.

The numbers of stream v1 never change: run this only to add rows, and look at the difference.

    python tests/data/make_golden.py > tests/data/golden.json
"""

from __future__ import annotations

import hashlib
import json
import sys

import agnostic_init as ai

SHAPE = (48, 20)
KEY = 2026
DTYPES = ("float32", "float64", "float16", "bfloat16", "complex64")
CASES = {
    "zeros": {},
    "ones": {},
    "constant": {"value": 0.3},
    "uniform": {"low": -0.25, "high": 0.75},
    "symmetric_uniform": {"bound": 0.05},
    "normal": {"mean": 0.5, "std": 0.02},
    "truncated_normal": {"std": 0.02},
    "variance_scaling": {"scale": 2.0, "mode": "fan_geo_avg", "layout": "torch"},
    "xavier_uniform": {},
    "xavier_normal": {},
    "kaiming_uniform": {},
    "kaiming_normal": {},
    "glorot_uniform": {},
    "glorot_normal": {},
    "he_uniform": {"layout": "keras"},
    "he_normal": {"layout": "keras"},
    "lecun_uniform": {"layout": "torch"},
    "lecun_normal": {"layout": "torch"},
    "uniform_unit_scaling": {"layout": "keras"},
    "torch_default": {},
    "identity": {"gain": 0.3},
    "dirac": {"gain": 0.3},
    "bilinear": {"layout": "torch", "gain": 0.3},
    "icnr": {"init": {"name": "normal"}, "layout": "torch", "dims": 2},
    "looks_linear": {"init": {"name": "normal"}},
}


def digest(name: str, dtype: str) -> str:
    """Of the little-endian bytes of an array."""
    init = ai.get({"name": name, **CASES[name]})
    array = init(SHAPE, key=KEY, dtype=dtype)
    return hashlib.sha256(array.tobytes()).hexdigest()


def rows() -> dict[str, dict[str, str]]:
    """All hashes; a complex uniform needs a disk, which [-0.25, 0.75) is not."""
    return {
        name: {
            dtype: digest(name, dtype)
            for dtype in DTYPES
            if not (name == "uniform" and dtype == "complex64")
        }
        for name in CASES
    }


if __name__ == "__main__":
    json.dump(rows(), sys.stdout, indent=1)
    print()
