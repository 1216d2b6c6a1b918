"""The text of a kernel: what it is built for, the constants of the reference, and stream.cu."""

from __future__ import annotations

import functools
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from agnostic_init.arrays.dtypes import DTYPES
from agnostic_init.bits import philox
from agnostic_init.draws import elementary, reference
from agnostic_init.draws.engines.cuda import table

__all__ = [
    "FORMS",
    "OF_ARRAY",
    "OF_BLOCK",
    "OF_DIGIT",
    "OF_DRAW",
    "OF_KEY",
    "STANDARD",
    "Variant",
    "arranged",
    "source",
]

STANDARD = "c++17"  # of which the text needs hexadecimal floating-point literals

# What an element of each dtype is stored as, and of how many parts.
NAMES = {
    "float32": "SINGLE",
    "float16": "HALF",
    "bfloat16": "BRAIN",
    "float64": "DOUBLE",
    "uint32": "WORD",
    "int64": "LONG",
}
FORMS = {row.name: (NAMES[row.store], row.parts) for row in DTYPES.values() if row.store in NAMES}
PART_BYTES = {"HALF": 2, "BRAIN": 2, "SINGLE": 4, "WORD": 4, "DOUBLE": 8, "LONG": 8}

# A kernel's parameters in the order in which they lie, and how many words each takes.
OF_KEY = {"ROUND_KEYS": 20, "OFFSET": 2}
OF_BLOCK = {"BASE": 2, "UNITS": 2, "COUNT": 2, "STRIDE": 2}
OF_DRAW = {"CENTER": 1, "FAST": 3, "NUMBERS": 10, "QUANTILE": 8}
OF_DIGIT = {"MAGIC": 2, "SHIFT": 1, "LENGTH": 2, "POSITION": 2, "PLACE": 2}
FIXED = {**OF_KEY, **OF_BLOCK, **OF_DRAW}
# What a launch for many arrays is told of one: `FIRST` is the number of its first chunk, `DRAW`
# where what is told of its draw begins.
OF_ARRAY = {"ADDRESS": 2, "SEED": 2, "OFFSET": 2, "BASE": 2, "COUNT": 1, "FIRST": 1, "DRAW": 1}

POLYNOMIALS = {
    "center_numerator": reference.CENTER[0],
    "center_denominator": reference.CENTER[1],
    "near_numerator": reference.NEAR_TAIL[0],
    "near_denominator": reference.NEAR_TAIL[1],
    "far_numerator": reference.FAR_TAIL[0],
    "far_denominator": reference.FAR_TAIL[1],
    "artanh": elementary.ARTANH,
    "cosine_series": elementary.COSINE,
    "sine_series": elementary.SINE,
}
NUMBERS = {
    "CENTRAL_LIMIT": reference.CENTRAL_LIMIT,
    "CENTRAL_SQUARE": reference.CENTRAL_SQUARE,
    "NEAR_LIMIT": reference.NEAR_LIMIT,
    "NEAR_SHIFT": reference.NEAR_SHIFT,
    "SQRT_HALF": elementary.SQRT_HALF,
    "LN2": elementary.LN2,
    "TWO_PI": 6.283185307179586,
}
SINGLES = {
    "MARGIN_SLOPE": table.MARGIN_SLOPE,
    "MARGIN": table.MARGIN,
    "COARSE_MARGIN": table.COARSE_MARGIN,
}
INTEGERS = {
    "KEY_STEP_0": f"{philox.KEY_STEPS[0]:#x}u",
    "KEY_STEP_1": f"{philox.KEY_STEPS[1]:#x}u",
    "MILLS_TERMS": reference.MILLS_TERMS,
    "MILLS_ITERATIONS": reference.MILLS_ITERATIONS,
    "SEGMENT_BITS": table.SEGMENT_BITS,
    "TABLE_SIZE": table.TABLE_SIZE,
    "TABLE_BIAS": (127 + 8 + table.FIRST_OCTAVE) << table.SEGMENT_BITS,
}


@dataclass(frozen=True, slots=True)
class Variant:
    """What a kernel is built for; stream.cu says what each of these means."""

    kind: str
    form: str
    parts: int
    finish: str
    centered: bool
    clip_low: bool
    clip_high: bool
    digits: int
    run: int
    dense: bool
    many: int = 0

    @property
    def threads(self) -> int:
        """Threads of a block.

        With a table, as many as an H100 was fastest with, at one block a multiprocessor: 7 % faster
        than two of 512 with half the registers, and 11 % for bfloat16. Small arrays of 64 × 64 are
        one chunk each of 512.
        """
        if self.kind not in {"TABLE", "COARSE"}:
            return 256
        if self.many:
            return 512
        return 768 if self.kind == "TABLE" else 640

    @property
    def bulk(self) -> bool:
        """Whether all of the memory is one run of positions."""
        return self.digits == 1 and self.dense

    @property
    def whole_tiles(self) -> bool:
        """Whether each block fills one tile, so that none waits for the last ones of others.

        On an H100 uniforms of float32 are then written as fast as zeros (4.5 % faster), and those of
        two bytes, which the arithmetic limits, 18 % slower.
        """
        return self.bulk and self.kind in {"BITS", "UNIFORM"} and self.bytes >= 4

    @property
    def bytes(self) -> int:
        """Of an element."""
        return self.parts * PART_BYTES[self.form]

    @property
    def unit(self) -> int:
        """Elements that a thread makes of one or more Philox blocks, 16 bytes at least."""
        words = self.parts * (2 if self.form == "DOUBLE" else 1)
        return 1 if self.run < 0 else max(16 // self.bytes, 4 // words)

    @property
    def at_once(self) -> int:
        """Units that a thread computes together, so that one's arithmetic hides another's latency."""
        few = self.unit * self.parts <= 4
        if self.kind in {"BITS", "UNIFORM"}:
            return 4 if few else 2
        if self.kind == "COARSE":
            return 1 if self.many else 2
        return 2 if self.kind == "TABLE" and few else 1


@functools.cache
def source(variant: Variant) -> str:
    """The text, to be compiled as `STANDARD`; the kernel is called ``fill``."""
    macros: dict[str, object] = {
        "KIND": variant.kind,
        "FORM": variant.form,
        "PARTS": variant.parts,
        "FINISH": variant.finish,
        "CENTERED": int(variant.centered),
        "CLIP_LOW": int(variant.clip_low),
        "CLIP_HIGH": int(variant.clip_high),
        "DIGITS": variant.digits,
        "RUN": variant.run,
        "DENSE": int(variant.dense),
        "UNIT": variant.unit,
        "AT_ONCE": variant.at_once,
        "THREADS": variant.threads,
        "MANY": variant.many,
        **_places(variant.digits),
        **INTEGERS,
        **{name: value.hex() for name, value in NUMBERS.items()},
        **{name: f"{value.hex()}f" for name, value in SINGLES.items()},
        **{f"{name}(x)": _horner(terms) for name, terms in POLYNOMIALS.items()},
    }
    head = "".join(f"#define {name} {value}\n" for name, value in macros.items())
    return head + _stream()


def arranged(layout: dict[str, int], **words: Sequence[int]) -> list[int]:
    """Parameters in the order of a layout, each of as many words as it says."""
    if {name: len(part) for name, part in words.items()} != layout:
        msg = f"these words must be laid out as {layout}: {words}"
        raise ValueError(msg)
    return [word for name in layout for word in words[name]]


def _places(digits: int) -> dict[str, object]:
    """Where each parameter lies, as macros."""
    macros: dict[str, object] = {}
    place = 0
    for name, words in FIXED.items():
        macros[name] = place
        place += words
    macros["DRAW_WORDS"] = sum(OF_DRAW.values())
    each = sum(OF_DIGIT.values())
    macros["PARAMETER_WORDS"] = place + each * digits
    for name, words in OF_DIGIT.items():
        macros[f"DIGIT_{name}(d)"] = f"({place} + {each} * (d))"
        place += words
    place = 0
    for name, words in OF_ARRAY.items():
        macros[f"ARRAY_{name}"] = place
        place += words
    return {**macros, "ARRAY_WORDS": place}


def _horner(coefficients: tuple[float, ...]) -> str:
    text = f"ADD(MUL({coefficients[-1].hex()}, x), {coefficients[-2].hex()})"
    for coefficient in coefficients[-3::-1]:
        text = f"ADD(MUL({text}, x), {coefficient.hex()})"
    return text


@functools.cache
def _stream() -> str:
    return Path(__file__).with_name("stream.cu").read_text(encoding="utf-8")
