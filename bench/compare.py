"""Two files of results side by side: ``python -m bench.compare A B``.

Two rows agree if their spreads, the 10th to 90th percentile of the samples, overlap.
"""

from __future__ import annotations

import argparse
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from bench.results import Figure, figures, read
from bench.table import about, duration

__all__ = ["Difference", "differences", "main"]


@dataclass(frozen=True)
class Difference:
    """One row of both files."""

    question: str
    title: str
    before: Figure
    after: Figure

    @property
    def change(self) -> float | None:
        """The time of B over that of A."""
        if self.before.seconds is None or self.after.seconds is None:
            return None
        return self.after.seconds.median / self.before.seconds.median

    @property
    def verdict(self) -> str:
        if self.before.seconds is None or self.after.seconds is None:
            same = (self.before.seconds is None) == (self.after.seconds is None)
            return "neither was measured" if same else "measured in one of them"
        if self.before.seconds.overlaps(self.after.seconds):
            return "agree"
        return (
            "B is faster"
            if self.after.seconds.median < self.before.seconds.median
            else "B is slower"
        )


def differences(before: dict[str, Any], after: dict[str, Any]) -> list[Difference]:
    """The rows that both files have."""
    old = {
        (case["question"], case["title"], figure.contender): figure
        for case in before["cases"]
        for figure in figures(case)
    }
    return [
        Difference(case["question"], case["title"], old[key], figure)
        for case in after["cases"]
        for figure in figures(case)
        if (key := (case["question"], case["title"], figure.contender)) in old
    ]


def main(arguments: list[str] | None = None) -> int:
    """Print what differs, and how many rows agree."""
    parser = argparse.ArgumentParser("python -m bench.compare", description=__doc__)
    parser.add_argument("before", metavar="A", type=Path)
    parser.add_argument("after", metavar="B", type=Path)
    parser.add_argument("--all", action="store_true", help="print the rows that agree too")
    asked = parser.parse_args(arguments)
    before, after = read(asked.before), read(asked.after)
    print(f"A: {about(before)}\nB: {about(after)}\n")
    found = differences(before, after)
    case = None
    for one in found:
        if one.verdict == "neither was measured" or (one.verdict == "agree" and not asked.all):
            continue
        if case != (one.question, one.title):
            case = (one.question, one.title)
            print(f"{one.question.replace('_', ' ')}: {one.title}")
        print(f"  {_line(one)}")
    measured = [one for one in found if one.change is not None]
    agree = sum(one.verdict == "agree" for one in measured)
    print(f"{agree} of {len(measured)} rows agree within their spreads")
    return 0


def _line(one: Difference) -> str:
    if one.change is None:
        return f"{one.after.title}: {one.verdict}; {one.before.note or one.after.note}"
    a, b = one.before.seconds, one.after.seconds
    assert a is not None
    assert b is not None
    spreads = " -> ".join(
        f"{duration(s.median)} ({duration(s.low)} .. {duration(s.high)})" for s in (a, b)
    )
    return f"{one.after.title}: {spreads}, × {one.change:.2f}: {one.verdict}"


if __name__ == "__main__":
    sys.exit(main())
