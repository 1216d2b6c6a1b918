"""The questions, in the order in which they are asked."""

from __future__ import annotations

import importlib
from dataclasses import dataclass

from bench.job import Case

__all__ = ["QUESTIONS", "Options", "cases"]

# Truncated normals come last: a peer that does not finish there is ended, and need not start again.
QUESTIONS = (
    "first_use",
    "build",
    "import_time",
    "small_tensors",
    "draws",
    "orthogonal",
    "whole_model",
    "sharded",
    "scaling",
    "fingerprint",
    "truncated_normal",
)


@dataclass(frozen=True)
class Options:
    """What narrows the cases.

    `quick` is tiny sizes, `short` few of the usual ones; `sizes` in elements, `shapes` of matrices
    and `dtypes` are None for the usual ones.
    """

    quick: bool = False
    short: bool = False
    device: str = "cpu"
    threads: int = 1
    sizes: tuple[int, ...] | None = None
    shapes: tuple[tuple[int, ...], ...] | None = None
    dtypes: tuple[str, ...] | None = None


def cases(question: str, options: Options) -> list[Case]:
    """The cases of a question."""
    found: list[Case] = importlib.import_module(f"bench.questions.{question}").cases(options)
    return found


def power(elements: int) -> str:
    """A number of elements as people say it: 2^24."""
    exponent = elements.bit_length() - 1
    return f"2^{exponent}" if elements == 1 << exponent else f"{elements:,}"


def by(shape: tuple[int, ...]) -> str:
    """A shape as people say it: 64 × 256²."""
    *batch, rows, columns = shape
    matrix = f"{rows}²" if rows == columns else f"{rows} × {columns}"
    return f"{batch[0]} × ({matrix})" if batch else matrix
