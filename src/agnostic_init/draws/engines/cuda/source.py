"""The text of a kernel: what it is built for, the constants of the reference, and stream.cu."""

from __future__ import annotations

import functools
from dataclasses import dataclass
from pathlib import Path

from agnostic_init.draws import elementary, reference
from agnostic_init.draws.engines.cuda import table

__all__ = ["FIXED_WORDS", "STANDARD", "WORDS_PER_DIGIT", "Variant", "source"]

FIXED_WORDS, WORDS_PER_DIGIT = 52, 9
STANDARD = "c++17"  # of which the text needs hexadecimal floating-point literals

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

    @property
    def threads(self) -> int:
        """Threads of a block: more where each block has to load a table first."""
        return 512 if self.kind in {"TABLE", "COARSE"} else 256


@functools.cache
def source(variant: Variant) -> str:
    """The text, to be compiled as `STANDARD`; the kernel is called ``fill``."""
    count = FIXED_WORDS + WORDS_PER_DIGIT * variant.digits
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
        "THREADS": variant.threads,
        "PARAMETERS": ", ".join(f"unsigned int w{n}" for n in range(count)),
        "PARAMETER_LIST": ", ".join(f"w{n}" for n in range(count)),
        **INTEGERS,
        **{name: value.hex() for name, value in NUMBERS.items()},
        **{name: f"{value.hex()}f" for name, value in SINGLES.items()},
        **{f"{name}(x)": _horner(terms) for name, terms in POLYNOMIALS.items()},
    }
    head = "".join(f"#define {name} {value}\n" for name, value in macros.items())
    return head + _stream()


def _horner(coefficients: tuple[float, ...]) -> str:
    text = f"ADD(MUL({coefficients[-1].hex()}, x), {coefficients[-2].hex()})"
    for coefficient in coefficients[-3::-1]:
        text = f"ADD(MUL({text}, x), {coefficient.hex()})"
    return text


@functools.cache
def _stream() -> str:
    return Path(__file__).with_name("stream.cu").read_text(encoding="utf-8")
