"""The dtypes, one row each: what every name means, apart from any library."""

from __future__ import annotations

import math
from typing import Any, Literal

import numpy as np

from agnostic_init.arrays.errors import must
from agnostic_init.arrays.values import Record

__all__ = ["DTYPES", "FORMATS", "Dtype", "format_of", "itemsize_of"]

Kind = Literal["bool", "uint", "int", "float", "complex"]
Store = Literal["", "float32", "float64", "float16", "bfloat16", "float8", "uint32", "int64"]


class Dtype(Record):
    """A dtype, by the name that NumPy and ml_dtypes give it.

    Attributes
    ----------
    name
        The name.
    kind
        Of its numbers.
    itemsize
        Bytes an element.
    store
        How kernels store one real number or word of it; empty if they make none.
    safetensors
        Its name in safetensors files; empty if they have it not.
    least, max
        The least and the largest finite number; of a complex dtype, those of each part.
    precision
        Significant bits of a float, the hidden one included.
    min_exponent
        Of the smallest normal number 2^min_exponent of a float.
    """

    name: str
    kind: Kind
    itemsize: int
    store: Store
    safetensors: str
    least: float
    max: float
    precision: int = 0
    min_exponent: int = 0

    @property
    def is_complex(self) -> bool:
        """Whether an element is a pair of reals."""
        return self.kind == "complex"

    @property
    def is_integer(self) -> bool:
        """Whether it holds integers alone, or truth values."""
        return self.kind in ("bool", "uint", "int")

    @property
    def parts(self) -> int:
        """Reals an element."""
        return 2 if self.kind == "complex" else 1

    @property
    def compute(self) -> Literal["float32", "float64"]:
        """The precision that draws of this dtype are defined in."""
        return "float64" if self.precision == 53 else "float32"

    @property
    def words(self) -> int:
        """Random words an element takes."""
        return (2 if self.precision == 53 else 1) * self.parts

    @property
    def storage(self) -> str:
        """NumPy's own dtype that its memory is seen as: unsigned integers for what NumPy has not."""
        return self.name if self.name in OF_NUMPY else f"uint{8 * self.itemsize}"

    @property
    def has_infinity(self) -> bool:
        """Whether a float has infinities."""
        return not self.name.endswith(("fn", "fnu", "fnuz"))

    @property
    def has_nan(self) -> bool:
        """Whether a float has NaN."""
        return not self.name.startswith(("float4_", "float6_"))

    @property
    def has_negative_zero(self) -> bool:
        """Whether zero has a sign: where it has none, its code is that of NaN."""
        return not self.name.endswith("fnuz")

    def nearest(self, value: float) -> float:
        """The nearest number of this format, ties to even; infinite beyond the largest."""
        if value == 0 or not math.isfinite(value):
            return value
        quantum = self._quantum(value)
        rounded = round(value / quantum) * quantum
        return math.copysign(math.inf, value) if abs(rounded) > self.max else rounded

    def at_most(self, value: float) -> float:
        """The largest number of this format that is not above `value`."""
        if value == math.inf:
            return value
        near = max(self.nearest(value), -math.inf)
        if near == math.inf:
            return self.max
        return near if near <= value else self.below(near)

    def at_least(self, value: float) -> float:
        """The smallest number of this format that is not below `value`."""
        return -self.at_most(-value)

    def below(self, value: float) -> float:
        """The number of this format next below `value`, which is one of them."""
        if value == math.inf:
            return self.max
        if value == -self.max:
            return -math.inf
        quantum = self._quantum(value) if value else 2.0 ** (self.min_exponent - self.precision + 1)
        mantissa, _ = math.frexp(value)
        subnormal = abs(value) <= 2.0**self.min_exponent
        return value - (quantum / 2 if mantissa == 0.5 and not subnormal else quantum)

    def _quantum(self, value: float) -> float:
        exponent = max(math.frexp(value)[1] - 1, self.min_exponent)
        return math.ldexp(1.0, exponent - self.precision + 1)


F32, F64 = (float.fromhex(text) for text in ("0x1.fffffep127", "0x1.fffffffffffffp1023"))
#: Those that NumPy has itself; it has others of the package ml_dtypes.
OF_NUMPY = {
    "bool", "uint8", "uint16", "uint32", "uint64", "int8", "int16", "int32", "int64",
    "float16", "float32", "float64", "complex64", "complex128",
}  # fmt: skip
BF16 = float.fromhex("0x1.fep127")

# In the order in which the format's own writer puts those of safetensors, reversed.
# fmt: off
_ROWS: tuple[tuple[Any, ...], ...] = (
    # name, kind, bytes, store, safetensors, least, largest, precision, least exponent
    ("bool", "bool", 1, "", "BOOL", 0, 1),
    ("uint8", "uint", 1, "", "U8", 0, 255),
    ("int8", "int", 1, "", "I8", -128, 127),
    ("float8_e5m2", "float", 1, "float8", "F8_E5M2", -57344.0, 57344.0, 3, -14),
    ("float8_e4m3fn", "float", 1, "float8", "F8_E4M3", -448.0, 448.0, 4, -6),
    ("float8_e4m3fnuz", "float", 1, "float8", "F8_E4M3FNUZ", -240.0, 240.0, 4, -7),
    ("float8_e5m2fnuz", "float", 1, "float8", "F8_E5M2FNUZ", -57344.0, 57344.0, 3, -15),
    ("int16", "int", 2, "", "I16", -(2**15), 2**15 - 1),
    ("uint16", "uint", 2, "", "U16", 0, 2**16 - 1),
    ("float16", "float", 2, "float16", "F16", -65504.0, 65504.0, 11, -14),
    ("bfloat16", "float", 2, "bfloat16", "BF16", -BF16, BF16, 8, -126),
    ("int32", "int", 4, "", "I32", -(2**31), 2**31 - 1),
    ("uint32", "uint", 4, "uint32", "U32", 0, 2**32 - 1),
    ("float32", "float", 4, "float32", "F32", -F32, F32, 24, -126),
    ("complex64", "complex", 8, "float32", "C64", -F32, F32, 24, -126),
    ("float64", "float", 8, "float64", "F64", -F64, F64, 53, -1022),
    ("int64", "int", 8, "int64", "I64", -(2**63), 2**63 - 1),
    ("uint64", "uint", 8, "", "U64", 0, 2**64 - 1),
    # no safetensors
    ("complex128", "complex", 16, "float64", "", -F64, F64, 53, -1022),
    ("float8_e4m3", "float", 1, "float8", "", -240.0, 240.0, 4, -6),
    ("float8_e4m3b11fnuz", "float", 1, "float8", "", -30.0, 30.0, 4, -10),
    ("float8_e3m4", "float", 1, "float8", "", -15.5, 15.5, 5, -2),
    # constants alone
    ("float8_e8m0fnu", "float", 1, "", "", 2.0**-127, 2.0**127, 1, -127),
    ("float6_e2m3fn", "float", 1, "", "", -7.5, 7.5, 4, 0),
    ("float6_e3m2fn", "float", 1, "", "", -28.0, 28.0, 3, -2),
    ("float4_e2m1fn", "float", 1, "", "", -6.0, 6.0, 2, 0),
    ("complex32", "complex", 4, "", "", -65504.0, 65504.0, 11, -14),
    ("bcomplex32", "complex", 4, "", "", -BF16, BF16, 8, -126),
    *((f"uint{bits}", "uint", 1, "", "", 0, 2**bits - 1) for bits in range(1, 8)),
    *((f"int{bits}", "int", 1, "", "", -(2**bits // 2), 2**bits // 2 - 1) for bits in range(1, 8)),
)
# fmt: on

#: By their names.
DTYPES: dict[str, Dtype] = {row[0]: tuple.__new__(Dtype, (*row, 0, 0)[:9]) for row in _ROWS}
_LONG: tuple[tuple[Kind, Any], ...] = (("float", np.longdouble), ("complex", np.clongdouble))
for _kind, _long in _LONG:  # as long as a machine has it; NumPy takes long to say its name
    _bytes = np.dtype(_long).itemsize
    if (_name := f"{_kind}{8 * _bytes}") not in DTYPES:
        DTYPES[_name] = Dtype(_name, _kind, _bytes, "", "", -F64, F64, 53, -1022)
        OF_NUMPY.add(_name)

#: Those that draws are made of: real and complex floating-point ones.
FORMATS = {name: row for name, row in DTYPES.items() if row.store and row.precision}


def format_of(name: str) -> Dtype:
    """The row of a dtype that draws are made of.

    Raises
    ------
    ParameterError
        If the dtype is not a floating-point one.
    """
    try:
        return FORMATS[name]
    except KeyError:
        raise must(
            "dtype",
            "must be a real or complex floating-point dtype",
            name,
            "dtype='float32'",
        ) from None


def itemsize_of(name: str) -> int:
    """Bytes an element of the dtype of a name."""
    return DTYPES[name].itemsize
