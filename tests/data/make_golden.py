"""Print the golden hashes of every elementwise initializer and dtype, or the numbers of the others, as JSON.

The numbers of stream v1 never change: run this only to add rows, and look at the difference.

    python tests/data/make_golden.py > tests/data/golden.json
    python tests/data/make_golden.py whole > tests/data/golden_whole.json
"""

from __future__ import annotations

import hashlib
import json
import sys
from typing import Any

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
    "constant_rows": {"init": {"name": "normal"}, "rows": [2, 5], "value": 0.3},
    "zero_rows": {"init": {"name": "normal"}, "rows": 2},
    "masked": {"init": {"name": "normal"}, "mask": [[1], [0]] * 24},
    "blocks": {"inits": [{"name": "normal"}, {"name": "ones"}], "sizes": [30, 18]},
    "scaled": {"init": {"name": "normal"}, "factor": {"name": "gpt2_residual", "layers": 12}},
    "stacked": {"init": {"name": "normal", "std": 0.02}, "axis": 1},
    "lora_a": {},
    "mup": {"init": {"name": "normal", "std": 0.02}, "base": [12, 10]},
    "gates": {"init": {"name": "normal"}, "order": "torch", "special": {"f": {"name": "ones"}}},
    "forget_bias": {"order": "keras", "value": 0.3},
    "chrono": {"longest": 100.0, "order": "torch"},
    "irnn": {"gain": 0.3},
    "log_of_uniform": {"low": 1.0, "high": 16.0, "factor": 0.3},
    "siren": {"layout": "torch"},
    "fourier_features": {},
    "random_features": {"length_scale": 0.3},
    "random_phases": {},
    "hippo": {},
    "hippo_input": {"measure": "legt", "window": 0.3},
    "s4d": {"kind": "inv", "part": "imag"},
    "mamba_a_log": {},
    "dt_bias": {},
    "lru_nu_log": {"r_min": 0.4, "r_max": 0.9},
    "lru_theta_log": {"max_phase": 0.314},
}
# Where the shape of most is none that they make.
SHAPES = {"hippo": (20, 20)}
# A complex uniform needs a disk.
NOT_COMPLEX = ("uniform", "random_phases")

# Of these all bytes are kept, as a matrix is the same in every library and machine to rounding.
WHOLE_DTYPES = ("float32", "float64", "complex64", "complex128")
WHOLE = {
    "orthogonal": ({"gain": 1.5}, (5, 3)),
    "orthogonal, wide": ({"layout": "torch"}, (3, 2, 4)),
    "orthogonal, special": ({"special": True}, (4, 4)),
    "orthogonal, stack": ({"layout": "b o i"}, (2, 3, 2)),
    "delta_orthogonal": ({"layout": "torch"}, (3, 2, 3)),
    "conv_orthogonal": ({"layout": "keras", "gain": 0.5}, (2, 2, 2, 3)),
    "sparse": ({"sparsity": 0.5}, (6, 3)),
    "class_prior": ({"prior": 0.3}, (2, 2)),
    "alibi_slopes": ({}, (6,)),
    "sinusoidal_positions": ({}, (5, 6)),
    "rotary_positions": ({"part": "sin", "pairs": "halves"}, (5, 6)),
    "alibi_biases": ({}, (3, 2, 3)),
    "np_rnn": ({}, (4, 4)),
    "orthogonal_random_features": ({"layout": "torch", "length_scale": 2.0}, (5, 3)),
}
REAL = ("orthogonal_random_features",)


def shape_of(name: str) -> tuple[int, ...]:
    """The shape of an elementwise initializer's row."""
    return SHAPES.get(name, SHAPE)


def digest(name: str, dtype: str) -> str:
    """Of the little-endian bytes of an array."""
    init = ai.get({"name": name, **CASES[name]})
    array = init(shape_of(name), key=KEY, dtype=dtype)
    return hashlib.sha256(array.tobytes()).hexdigest()


def rows() -> dict[str, dict[str, str]]:
    """All hashes."""
    return {
        name: {
            dtype: digest(name, dtype)
            for dtype in DTYPES
            if not (name in NOT_COMPLEX and dtype == "complex64")
        }
        for name in CASES
    }


def whole(name: str, dtype: str, xp: Any = None) -> Any:
    """The weight of a case."""
    options, shape = WHOLE[name]
    init = ai.get({"name": name.partition(",")[0], **options})
    return init(shape, key=KEY, dtype=dtype, xp=xp)


def parts(array: Any) -> Any:
    """The real numbers of a NumPy array, real and imaginary parts in turn."""
    flat = array.reshape(-1)
    return flat.view(flat.real.dtype)


def whole_rows() -> dict[str, dict[str, list[float]]]:
    """The numbers of every case."""
    return {
        name: {
            dtype: [float(x) for x in parts(whole(name, dtype))]
            for dtype in WHOLE_DTYPES
            if not (name in REAL and dtype.startswith("complex"))
        }
        for name in WHOLE
    }


if __name__ == "__main__":
    json.dump(whole_rows() if sys.argv[1:] == ["whole"] else rows(), sys.stdout, indent=1)
    print()
