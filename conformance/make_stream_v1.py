"""Make stream-v1.json: ``python conformance/make_stream_v1.py conformance/stream-v1.json``.

The values are those of the reference in NumPy, whatever engines there are. Every normal number among them is compared
with its exact quantile, to 60 digits, and of the real ones in float32 each is such that all that docs/stream.md allows
rounds to it. It needs mpmath and ml_dtypes.
"""

from __future__ import annotations

import json
import math
import sys
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import ml_dtypes
import mpmath as mp
import numpy as np

import agnostic_init as ai
from agnostic_init.arrays.target import backend
from agnostic_init.bits.block import block
from agnostic_init.bits.key import Key, digest
from agnostic_init.bits.philox import philox_block
from agnostic_init.draws.distributions import normal_draw, truncated_normal_draw, uniform_draw
from agnostic_init.draws.engines import generic
from agnostic_init.draws.record import Draw
from agnostic_init.draws.reference import quantile_of
from agnostic_init.models.spec_file import read_spec

mp.mp.dps = 60
INF = math.inf
ALLOWED = 2.0**-49  # of the larger of 1 and z, as docs/stream.md says
NUMPY = backend("numpy")
ROOT = Path(__file__).parents[1]
MAKERS = {
    "uniform": (uniform_draw, ("low", "high")),
    "normal": (normal_draw, ("mean", "std")),
    "truncated_normal": (
        truncated_normal_draw,
        ("mean", "std", "lower", "upper", "bounds", "std_of"),
    ),
}
DEFAULTS = {"low": 0, "high": 1, "mean": 0, "std": 1, "lower": -2, "upper": 2, "bounds": "sigma"}
DEFAULTS["std_of"] = "parent"

KEY, FOLDED = Key(42, 0), Key(7527850912803292081, 3344896577480189866)
KEYS = (
    Key(0, 0),
    KEY,
    FOLDED,
    Key(0xFFFFFFFFFFFFFFFF, 0xFFFFFFFFFFFFFFFF),
    Key(1 << 32, 1 << 32),
)
FIRSTS = (0, 5, (1 << 32) - 3, (1 << 34) - 2, (1 << 63) + 1, (1 << 64) - 6)
NAMES = ("", "a", "encoder.weight", "h.11.mlp.c_proj.weight", "größe.σ.重み", "x" * 128, "y" * 129)
RUN = 12
SEARCHED = 1 << 27  # words among which rare ones are looked for

UNIFORMS = [
    (0, 1),
    (-0.3, 0.3),
    (-1, 1),
    (2, 3),
    (0.1, 0.7),
    (-1e-3, 5),
    (0, 1e-38),
    (1, 1 + 2**-22),
]
NORMALS = [(0, 1), (0, 0.02), (1, 0.5), (-3, 1e-3), (0, 1e-38), (1e-8, 0.3)]
BOUNDS = [
    (-2, 2), (-1, 1), (-3, 3), (-0.5, 0.5), (-1, 3), (-9, 9), (-2, INF), (-INF, 0.5), (0, INF),
    (1, 2), (2, 2.5), (0.5, 0.5001), (3, INF), (4, 1000), (-INF, -7), (8, INF), (20, INF), (28, 29),
    (29.9, 30.1), (30, INF), (-INF, -30), (-40, -39), (35, 35.001), (1000, INF), (1e6, 2e6), (6, 6.0001),
]  # fmt: skip
SMALL = (
    "bfloat16",
    "float16",
    "float8_e5m2",
    "float8_e4m3fn",
    "float8_e5m2fnuz",
    "float8_e4m3fnuz",
)


def main(path: str) -> None:
    """Write the file, a line for each case."""
    rare = Rare(Key(2026, 0))
    draws = [*uniforms(rare), *normals(rare), *truncated(rare), *complexes()]
    sections = {
        "philox": philox(),
        "words": [
            {
                "key": of(key),
                "first": long(first),
                "words": words(key, first, min(RUN, (1 << 64) - first)),
            }
            for key in KEYS
            for first in FIRSTS
        ],
        "keys": [
            *({"integer": long(n), "key": of(ai.key(n))} for n in (0, 42, (1 << 64) - 1)),
            *({"text": name, "key": of(ai.key(name))} for name in NAMES),
        ],
        "folds": folds(),
        "draws": draws,
        "blocks": blocks(),
        "fingerprints": fingerprints(),
        "models": [model("gpt2-small")],
    }
    lines = ['"stream": "v1"', '"fields": "docs/stream.md, Vectors"']
    for name, cases in sections.items():
        inside = ",\n".join(
            json.dumps(case, ensure_ascii=False, separators=(",", ":")) for case in cases
        )
        lines.append(f'"{name}": [\n{inside}\n]')
    Path(path).write_text("{\n" + ",\n".join(lines) + "\n}\n", encoding="utf-8")


def long(number: int) -> str:
    """An integer of 64 bits."""
    return f"{number:016x}"


def of(key: Key) -> list[str]:
    """A key."""
    return [long(key.seed), long(key.offset)]


def words(key: Key, first: int, count: int) -> list[str]:
    """Words of a stream, in Python's integers."""
    made = []
    for i in range(first, first + count):
        n = (key.offset + i // 4) % (1 << 64)
        made.append(philox_block((n % (1 << 32), n >> 32, 0, 0), key.words)[i % 4])
    return [f"{word:08x}" for word in made]


def philox() -> list[dict[str, Any]]:
    """Known answers that others have published."""
    rows = []
    for line in (ROOT / "tests/data/philox4x32_10.txt").read_text().splitlines():
        found = line.partition("#")[0].split()
        if found:
            found = [word for word in found if len(word) == 8]
            rows.append({"counter": found[:4], "key": found[4:6], "words": found[6:]})
    return rows


def folds() -> list[dict[str, Any]]:
    """Keys of keys, by numbers and names."""
    numbers = [
        {"key": of(key), "data": long(n), "folded": of(key.fold_in(n))}
        for key in KEYS
        for n in (0, 1, 7, 1 << 32, (1 << 64) - 1)
    ]
    names = [
        {
            "key": of(key),
            "name": name,
            "digest": long(digest(name)),
            "folded": of(key.fold_in(name)),
        }
        for key in (KEY, FOLDED)
        for name in NAMES
    ]
    return numbers + names


class Rare:
    """Positions of one stream at which integers or values are that few have."""

    def __init__(self, key: Key) -> None:
        self.key = key
        self.words = ai.draws.bits(SEARCHED, key=key)

    def of_integers(self, wanted: Iterable[int]) -> list[int]:
        """The first position of each m."""
        known = np.zeros(1 << 24, bool)
        wanted = list(wanted)
        known[wanted] = True
        low = self.words & np.uint32(0xFFFFFF)
        places = np.flatnonzero(known[low])
        first: dict[int, int] = {}
        for place in places.tolist():
            first.setdefault(int(low[place]), place)
        if missing := set(wanted) - set(first):
            raise LookupError(missing)
        return [first[m] for m in wanted]

    def ties(self, draw: Draw, most: int = 6) -> list[int]:
        """Positions of float32 values that are in the middle between two of the smaller dtype."""
        count = 1 << 20
        values = single_values(draw, self.key, [(0, count)])
        small = values.astype(ml_dtypes_of(draw.dtype)).astype(np.float64)
        step = np.abs(values - small)
        other = (values + (values - small)).astype(ml_dtypes_of(draw.dtype)).astype(np.float64)
        tied = (step > 0) & (np.abs(other - values) == step) & (other != small)
        return np.flatnonzero(tied)[:most].tolist()


def hardest(draw: Draw, most: int = 8) -> list[int]:
    """The integers m of which the quantile comes closest to the middle between two float32."""
    m = np.arange(1 << 24)
    z = np.abs(quantile_of(draw, np, m.astype(np.float64)))
    near = z.astype(np.float32)
    other = np.nextafter(near, np.where(z > near, np.float32(INF), np.float32(0)))
    middle = (near.astype(np.float64) + other) / 2
    return np.argsort(np.abs(z - middle) / z, kind="stable")[:most].tolist()


def uniforms(rare: Rare) -> Iterable[dict[str, Any]]:
    """Of real dtypes."""
    ends = rare.of_integers([0, 1, 1 << 23, (1 << 24) - 2, (1 << 24) - 1])
    for low, high in UNIFORMS:
        given = {"low": low, "high": high}
        yield case("uniform", "float32", KEY, [(0, RUN)], given)
        yield case("uniform", "float32", rare.key, singly(ends), given)
        yield case("uniform", "float64", KEY, [(0, RUN), (1 << 62, 3)], given)
    for dtype in SMALL:
        for low, high in [(0, 1), (-0.3, 0.3), (0.1, 0.7)]:
            given = {"low": low, "high": high}
            draw = uniform_draw(low, high, dtype)
            yield case("uniform", dtype, KEY, [(0, RUN)], given)
            yield case("uniform", dtype, rare.key, singly([*ends, *rare.ties(draw)]), given)
    yield case(
        "uniform", "float32", FOLDED, [(first, 3) for first in FIRSTS], {"low": 0, "high": 1}
    )


def normals(rare: Rare) -> Iterable[dict[str, Any]]:
    """Of real dtypes; among them the inputs that are the hardest to round."""
    top = (1 << 24) - 1
    middle = [(1 << 23) - 1, 1 << 23]
    switch = [round((1 << 23) * (1 + side * 0.85)) + n for side in (-1, 1) for n in (-1, 0, 1)]
    special = [0, 1, 2, top - 1, top, *middle, *switch, *hardest(normal_draw(0, 1, "float32"))]
    places = singly(rare.of_integers(special))
    for mean, std in NORMALS:
        given = {"mean": mean, "std": std}
        yield case("normal", "float32", KEY, [(0, RUN)], given)
        yield case("normal", "float32", rare.key, places, given)
        yield case("normal", "float64", KEY, [(0, RUN), (1 << 62, 3)], given)
    for dtype in SMALL:
        for mean, std in [(0, 1), (0, 0.02), (1, 0.5)]:
            draw = normal_draw(mean, std, dtype)
            given = {"mean": mean, "std": std}
            yield case("normal", dtype, KEY, [(0, RUN)], given)
            yield case("normal", dtype, rare.key, [*places[:5], *singly(rare.ties(draw))], given)
    yield case("normal", "float32", FOLDED, [(first, 3) for first in FIRSTS], {"mean": 0, "std": 1})


def truncated(rare: Rare) -> Iterable[dict[str, Any]]:
    """At many bounds, of which each has ends and middles."""
    top = (1 << 24) - 1
    ends = [0, 1, 77, top - 2, top, (1 << 23) - 1, 1 << 23, (1 << 20) + 3, 3 << 22]
    places = singly(rare.of_integers(ends))
    two = truncated_normal_draw(0, 1, -2, 2, "sigma", "parent", "float32")
    for lower, upper in BOUNDS:
        given = {"mean": 0, "std": 1, "lower": lower, "upper": upper}
        yield case("truncated_normal", "float32", KEY, [(0, RUN)], given)
        kept = exactly("truncated_normal", given, rare.key, places)
        yield case("truncated_normal", "float32", rare.key, kept, given)
        yield case("truncated_normal", "float64", KEY, [(0, RUN)], given)
    given = {"mean": 0, "std": 1, "lower": -2, "upper": 2}
    yield case(
        "truncated_normal", "float32", rare.key, singly(rare.of_integers(hardest(two))), given
    )
    for dtype in ("float32", "bfloat16", "float16", "float8_e4m3fn"):
        for mean, std, lower, upper in [(0, 0.02, -2, 2), (0.5, 0.1, -1, 3), (0, 0.3, -2, 2)]:
            given = {"mean": mean, "std": std, "lower": lower, "upper": upper}
            yield case("truncated_normal", dtype, KEY, [(0, RUN)], given)
            kept = exactly("truncated_normal", given, rare.key, places)
            yield case("truncated_normal", dtype, rare.key, kept, given)
        given = {"mean": 0.5, "std": 0.1, "lower": 0.3, "upper": 1, "bounds": "absolute"}
        kept = exactly("truncated_normal", given, rare.key, places)
        yield case("truncated_normal", dtype, rare.key, kept, given)


def complexes() -> Iterable[dict[str, Any]]:
    """Elements of two real draws."""
    for dtype in ("complex64", "complex128"):
        yield case("normal", dtype, KEY, [(0, 6), (1 << 62, 3)], {"mean": 0, "std": 0.7})
        yield case("uniform", dtype, KEY, [(0, 6)], {"low": 0, "high": 2})
        yield case("uniform", dtype, KEY, [(0, 6)], {"low": 1, "high": 2})
        given = {"mean": 0, "std": 1, "lower": -2, "upper": 2}
        yield case("truncated_normal", dtype, KEY, [(0, 6)], given)


def singly(places: Iterable[int]) -> list[tuple[int, int]]:
    """Runs of one element."""
    return [(place, 1) for place in places]


def case(
    what: str, dtype: str, key: Key, at: list[tuple[int, int]], given: dict[str, Any]
) -> dict[str, Any]:
    """A draw at runs of positions."""
    draw = draw_of(what, dtype, given)
    values = np.concatenate([stored(draw, key, block((1 << 64,), slice(a, a + n))) for a, n in at])
    made = {"draw": what, **said(given), "dtype": dtype, "key": of(key)}
    made["at"] = [[long(first), count] for first, count in at]
    made["values"] = hexadecimal(values)
    allowed = verified(draw, key, at) if draw.kind == "quantile" else 0.0
    if draw.kind in ("disk", "modulus"):
        allowed = draw.scale * (ALLOWED if draw.bits == 53 else 2.0**-22)
    if allowed:
        made["tolerance"] = allowed
    return made


def draw_of(what: str, dtype: str, given: dict[str, Any]) -> Draw:
    """The record of a draw."""
    make, parameters = MAKERS[what]
    return make(*({**DEFAULTS, **given}[name] for name in parameters), dtype)


def said(given: dict[str, Any]) -> dict[str, Any]:
    """Parameters, as JSON has them."""
    infinite = {INF: "inf", -INF: "-inf"}
    return {name: infinite.get(value, value) for name, value in given.items()}


def stored(draw: Draw, key: Key, part: Any) -> np.ndarray:
    """A block of a draw, of the reference."""
    arithmetic = generic.arithmetic_of(NUMPY, None)
    made = generic.values(draw, arithmetic, NUMPY, key.words, key.offset, part.positions())
    return np.asarray(made).reshape(-1)


def single_values(draw: Draw, key: Key, at: list[tuple[int, int]]) -> np.ndarray:
    """The float32 values, within the bounds, before they are rounded to a smaller dtype."""
    wide = draw._replace(dtype="float32")
    parts = [stored(wide, key, block((1 << 64,), slice(a, a + n))) for a, n in at]
    return np.concatenate(parts).astype(np.float64)


def ml_dtypes_of(name: str) -> Any:
    """NumPy's dtype of a name."""
    return np.dtype(getattr(ml_dtypes, name, name))


def hexadecimal(values: np.ndarray) -> list[str]:
    """The bits of numbers; of complex ones, of each part in turn."""
    if values.dtype.kind == "c":
        values = values.view(values.real.dtype)
    bits = values.view(f"u{values.itemsize}")
    return [f"{number:0{2 * values.itemsize}x}" for number in bits.tolist()]


def verified(draw: Draw, key: Key, at: list[tuple[int, int]]) -> float:
    """Compare the quantiles with exact ones; what a value in float64 may be off by, and 0 for others."""
    found = [z for first, count in at for z in quantiles(draw, key, first, count)]
    if any(room_of(z) / 2 < abs(z - true) for z, true in found):
        raise ArithmeticError(draw, at, "is not as good as the page says")
    if draw.bits == 24:
        if not all(decided(draw, *each) for each in found):
            raise ArithmeticError(draw, at, "is not exact")
        return 0.0
    largest = max(1.0, *(abs(z) for z, _ in found))
    return draw.scale * largest * ALLOWED + abs(draw.shift) * 2.0**-52


def exactly(
    what: str, given: dict[str, Any], key: Key, at: list[tuple[int, int]]
) -> list[tuple[int, int]]:
    """Those of some runs of one whose float32 is exact; close to 0 not all are, of bounds but of 2 sigmas."""
    draw = draw_of(what, "float32", given)
    return [run for run in at if all(decided(draw, *each) for each in quantiles(draw, key, *run))]


def decided(draw: Draw, z: float, true: Any) -> bool:
    """Whether all that an implementation may have instead of the exact quantile rounds to one float32."""
    room = 5e-15 * abs(z) if sigmas_of(draw) in ((-INF, INF), (-2, 2)) else room_of(z)
    return {float(np.float32(float(true + s * room))) for s in (-1, 1)} == {float(np.float32(z))}


def room_of(z: float) -> float:
    """By how much an evaluation may be off."""
    return ALLOWED * max(1.0, abs(z))


def quantiles(draw: Draw, key: Key, first: int, count: int) -> list[tuple[float, Any]]:
    """The quantiles of a run's real draws, as the reference has them, and to 40 digits."""
    each = 2 if draw.bits == 53 else 1
    found = [int(w, 16) for w in words(key, first * draw.words, count * draw.words)]
    m = [
        (found[n] + (found[n + 1] << 32 if each == 2 else 0)) % (1 << draw.bits)
        for n in range(0, len(found), each)
    ]
    z = quantile_of(draw, np, np.array(m, np.float64)).tolist()
    bounds = sigmas_of(draw)
    return [(each, exact(one, draw.bits, *bounds, each)) for one, each in zip(m, z, strict=True)]


BOUNDS_OF: dict[Any, tuple[float, float]] = {}


def sigmas_of(draw: Draw) -> tuple[float, float]:
    """The bounds that a draw was made of."""
    if not BOUNDS_OF:
        from agnostic_init.draws.quantile import quantile

        pairs = [(-INF, INF), *BOUNDS, ((0.3 - 0.5) / 0.1, (1 - 0.5) / 0.1)]
        for bits in (24, 53):
            BOUNDS_OF.update({quantile(float(a), float(b), bits): (a, b) for a, b in pairs})
    return BOUNDS_OF[draw.quantile]


def exact(m: int, bits: int, lower: float, upper: float, near: float) -> Any:
    """The quantile of 1/2 + k 2^-(bits + 1) between the bounds, from a number near it on."""
    u = mp.mpf(2 * m + 1) / mp.mpf(2) ** (bits + 1)
    sign, a, b, v = (1, lower, upper, u) if near >= 0 else (-1, -upper, -lower, 1 - u)
    above = [mp.mpf(0) if z == INF else mp.mpf(1) if z == -INF else tail(mp.mpf(z)) for z in (a, b)]
    p = above[1] + (above[0] - above[1]) * (1 - v)
    z = mp.mpf(near) * sign
    for _ in range(20):
        density = mp.exp(-z * z / 2) / mp.sqrt(2 * mp.pi)
        step = (tail(z) - p) / density
        z += step / (1 - z * step / 2)
        if abs(step) < mp.mpf(10) ** -40:
            return sign * z
    raise ArithmeticError(m, bits, lower, upper)


def tail(z: Any) -> Any:
    """Q(z)."""
    return mp.erfc(z / mp.sqrt(2)) / 2


def blocks() -> list[dict[str, Any]]:
    """Blocks of global arrays, some of which nobody has the memory for."""
    places = [
        ((5, 7), [(1, 4, 1), (2, 7, 2)]),
        ((3, 4, 5), [(0, 3, 2), (1, 3, 1), (0, 5, 3)]),
        ((8192, 8192), [(8190, 8192, 1), (4095, 4098, 1)]),
        ((1 << 20, 1 << 20, 1 << 20), [(524288, 524290, 1), (7, 8, 1), (1048573, 1048576, 1)]),
    ]
    made = []
    for shape, steps in places:
        for what, dtype in [("uniform", "float32"), ("normal", "float32"), ("uniform", "float64")]:
            draw = draw_of(what, dtype, {})
            part = block(shape, tuple(slice(*step) for step in steps))
            values = stored(draw, FOLDED, part)
            made.append(
                {"draw": what, "dtype": dtype, "key": of(FOLDED), "shape": shape, "index": steps,
                 "values": hexadecimal(values)}
            )  # fmt: skip
    return made


def fingerprints() -> list[dict[str, Any]]:
    """Of arrays, blocks and a tree."""
    arrays = {
        "uint8": np.arange(1, 12, dtype=np.uint8),
        "float16": (np.arange(6) / 4).astype(np.float16).reshape(2, 3),
        "float32": np.array([0.0, -0.0, 1.5], np.float32),
        "float64": np.arange(12.0).reshape(3, 4),
        "complex128": np.array([1 + 2j, -3j]),
    }
    made = []
    for dtype, array in arrays.items():
        row = {"dtype": dtype, "shape": list(array.shape), "values": hexadecimal(array.reshape(-1))}
        made.append({**row, "fingerprint": str(ai.fingerprint(array))})
    far = (1 << 32) - 1
    row = {"dtype": "uint8", "shape": [11], "values": hexadecimal(arrays["uint8"])}
    whole = ai.fingerprint(arrays["uint8"], index=slice(far, far + 11), global_shape=1 << 40)
    made.append({**row, "first": long(far), "fingerprint": str(whole)})
    tensors = [
        {
            "name": f"t.{dtype}.σ",
            "dtype": dtype,
            "shape": list(a.shape),
            "values": hexadecimal(a.reshape(-1)),
        }
        for dtype, a in arrays.items()
    ]
    tree = ai.fingerprint({f"t.{dtype}.σ": array for dtype, array in arrays.items()})
    return [*made, {"tensors": tensors, "fingerprint": str(tree)}]


def model(name: str) -> dict[str, Any]:
    """A whole model's tensors in the order of their data, and the sha256 of that."""
    plan = read_spec(ROOT / f"examples/{name}.toml").plan()
    tensors = []
    for entry in sorted(plan, key=lambda entry: entry.name):
        init = entry.initializer.to_dict()
        kinds = {"zeros": {"value": 0}, "ones": {"value": 1}}
        how = kinds.get(init["name"]) or {"normal": init["std"]}
        tensors.append({"name": entry.name, "elements": entry.elements, **how})
    sha256 = ai.checkpoint.data_sha256(plan)
    return {"model": name, "key": of(plan.key), "tensors": tensors, "sha256": sha256}


if __name__ == "__main__":
    main(sys.argv[1])
