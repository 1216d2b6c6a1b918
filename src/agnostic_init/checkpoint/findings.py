"""What is wrong with a tensor, judged by its statistics and by what a plan says of it."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass

from agnostic_init.arrays.dtypes import DTYPES
from agnostic_init.checkpoint.statistics import Statistics
from agnostic_init.models.entry import Entry

__all__ = ["Finding", "against_plan", "alone", "duplicates"]

SIGMAS = 6.0  # of a sample's mean or std from the plan's: one in 10^9 tensors that are right
ROUNDING = 2e-3  # of the std, for what rounding to a narrow dtype does to it
SUBNORMAL = 0.01  # of all elements; weights have next to none, memory of integers and pointers many
HEAVY = 1e4  # kurtosis of some values that are astronomically larger than the rest
WIDE = 1e8  # largest value over the std of weights that are none
WIDE_EXPONENT = -126  # of float32, bfloat16 and float64
ENOUGH = 64  # elements, of which a share says something


@dataclass(frozen=True, slots=True)
class Finding:
    """Something wrong.

    Attributes
    ----------
    name
        Of the tensor.
    kind
        A word for it, such as "nan" or "std".
    message
        What was seen, and what would be right.
    """

    name: str
    kind: str
    message: str


def alone(seen: Statistics) -> Iterator[Finding]:
    """What is wrong with a tensor whatever it was meant to be."""
    n = seen.elements * DTYPES[seen.dtype].parts

    def found(kind: str, message: str) -> Finding:
        return Finding(seen.name, kind, message)

    if not n:
        return
    if seen.nans == n:
        yield found("nan", "all values are NaN: poisoned, or never written")
    elif seen.nans:
        yield found("nan", f"{seen.nans:,} of {n:,} values are NaN")
    if seen.infinities:
        yield found("infinite", f"{seen.infinities:,} of {n:,} values are infinite")
    # Formats of few exponents have small weights among their subnormals.
    wide = DTYPES[seen.dtype].min_exponent <= WIDE_EXPONENT
    if wide and seen.subnormals > SUBNORMAL * n and n >= ENOUGH:
        share = seen.subnormals / n
        yield found(
            "garbage", f"{share:.0%} of the values are subnormal, as memory never written is"
        )
    elif seen.std and seen.kurtosis is not None and n >= ENOUGH:
        reach = max(abs(seen.largest or 0), abs(seen.least or 0))
        if seen.kurtosis > HEAVY and reach > WIDE:
            message = (
                f"values up to {reach:.3g} among much smaller ones, as memory never written has"
            )
            yield found("garbage", message)
    rows = seen.constant_rows or 0
    if seen.std and 1 < rows < seen.shape[0]:
        yield found("rows", f"{rows:,} of {seen.shape[0]:,} rows are constant, the others are not")


def duplicates(tensors: list[Statistics]) -> Iterator[Finding]:
    """Tensors that have the values of one before, and not all the same value."""
    known: dict[object, str] = {}
    for seen in tensors:
        if seen.elements < 2 or not seen.std:
            continue
        first = known.setdefault((seen.dtype, seen.fingerprint), seen.name)
        if first != seen.name:
            yield Finding(seen.name, "duplicate", f"the values are those of {first!r}")


def against_plan(seen: Statistics, entry: Entry) -> Iterator[Finding]:
    """Where a tensor is not as a plan says it is made."""

    def found(kind: str, message: str) -> Finding:
        return Finding(seen.name, kind, message)

    if seen.shape != entry.shape:
        yield found("shape", f"the shape is {list(seen.shape)}, the plan's {list(entry.shape)}")
        return
    if seen.dtype != entry.dtype:
        yield found("dtype", f"the dtype is {seen.dtype}, the plan's {entry.dtype}")
    told = entry.description
    n = seen.elements
    if seen.std is None or seen.mean is None or not n or told.std is None:
        return
    mean = told.mean if told.mean is not None else seen.mean
    if told.std == 0:
        if seen.std != 0:
            yield found("std", f"the values differ, by the plan all are {mean:.6g}")
        elif abs(seen.mean - mean) > _unit(seen.dtype) * abs(mean):
            yield found("mean", f"all values are {seen.mean:.6g}, by the plan {mean:.6g}")
        return
    # The spread of a sample's std is wider where tails are heavy; a constant one has no kurtosis.
    kurtosis = max(seen.kurtosis or 3.0, 1.8)
    error = told.std * math.sqrt(max(kurtosis - 1, 0.8) / (4 * n))
    slack = (ROUNDING + _unit(seen.dtype)) * told.std
    if n > 1 and abs(seen.std - told.std) > SIGMAS * error + slack:
        yield found("std", f"the std is {seen.std:.6g}, the plan's {told.std:.6g}")
    reach = SIGMAS * told.std / math.sqrt(n) + slack + _unit(seen.dtype) * abs(mean)
    if abs(seen.mean - mean) > reach:
        yield found("mean", f"the mean is {seen.mean:.6g}, the plan's {mean:.6g}")
    if (
        told.distribution == "orthogonal"
        and (seen.orthogonality or 0) > 4 * _unit(seen.dtype) + 1e-4
    ):
        yield found("orthogonal", f"products of rows are {seen.orthogonality:.2g} from orthogonal")


def _unit(dtype: str) -> float:
    """How far rounding to a dtype may take a value, relative to it."""
    row = DTYPES[dtype]
    return 2.0**-row.precision if row.precision else 0.0
