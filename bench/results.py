"""The file of results, and the figures that follow from its samples."""

from __future__ import annotations

import json
import math
import statistics
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from bench.contenders import CONTENDERS, opponents

__all__ = ["SCHEMA", "Figure", "Spread", "figures", "figures_of", "read", "write"]

SCHEMA = 1
FEW = 256  # numbers, too few to tell a wrong mean from chance
WRONG_ORTHOGONAL = 1e-3


@dataclass(frozen=True)
class Spread:
    """A median, and the 10th and 90th percentile about it."""

    median: float
    low: float
    high: float

    @classmethod
    def of(cls, samples: list[float]) -> Spread:
        ordered = sorted(samples)
        return cls(statistics.median(ordered), _percentile(ordered, 0.1), _percentile(ordered, 0.9))

    def overlaps(self, other: Spread) -> bool:
        return self.low <= other.high and other.low <= self.high


@dataclass(frozen=True)
class Figure:
    """What one row says.

    `ratio` is the time over that of `opponent`, which is one of ours; where the row's call was
    ended, `at_least` is the limit that it ran into, and the ratio is one that it exceeds. `engine`
    is which of ours made every sample.
    """

    contender: str
    title: str
    role: str
    note: str = ""
    engine: str | None = None
    seconds: Spread | None = None
    at_least: float | None = None
    first: float | None = None
    ratio: Spread | None = None
    opponent: str | None = None
    of_limit: float | None = None
    nanoseconds_each: float | None = None
    memory_ratio: float | None = None
    memory_extra: int | None = None


def write(path: Path, results: dict[str, Any]) -> None:
    """Write a file of results, a line for each row's samples."""
    path.parent.mkdir(parents=True, exist_ok=True)
    text = json.dumps(results, indent=1, ensure_ascii=False)
    path.write_text(_closed(text) + "\n", encoding="utf-8")


def read(path: Path) -> dict[str, Any]:
    """Read a file of results."""
    results: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    if results.get("schema") != SCHEMA:
        msg = f"{path} has schema {results.get('schema')}, and this is for schema {SCHEMA}"
        raise ValueError(msg)
    return results


def figures_of(results: dict[str, Any], question: str, title: str) -> dict[str, Figure]:
    """The figures of one case by contender; empty where it was not measured."""
    for case in results["cases"]:
        if (case["question"], case["title"]) == (question, title):
            return {figure.contender: figure for figure in figures(case)}
    return {}


def figures(case: dict[str, Any]) -> list[Figure]:
    """The figures of a case, in the order of its contenders."""
    rows = {row["contender"]: row for row in case["rows"]}
    best = _limit_rate(case, rows)
    return [_figure(case, rows, name, best) for name in rows]


def _figure(
    case: dict[str, Any], rows: dict[str, dict[str, Any]], name: str, best: float | None
) -> Figure:
    row, contender = rows[name], CONTENDERS[name]
    known: dict[str, Any] = {"contender": name, "title": contender.title, "role": contender.role}
    opponent = None
    if contender.role != "limit":
        opponent = next((o for o in opponents(name) if o in rows and rows[o]["samples"]), None)
    if not row["samples"]:
        limit = row.get("not_finished")
        ratio = None
        if limit and opponent:
            least = limit / Spread.of(_seconds(rows[opponent])).median
            ratio = Spread(least, least, least)
        return Figure(**known, note=_why_not(row), at_least=limit, ratio=ratio, opponent=opponent)
    seconds = Spread.of(_seconds(row))
    work = case["flops"] or case["output_bytes"]
    extra, size = row.get("peak_bytes"), case["output_bytes"]
    is_limit = contender.role == "limit"
    return Figure(
        **known,
        note=_wrong(case, row),
        engine=row.get("engine"),
        seconds=seconds,
        first=row.get("first"),
        ratio=_ratio(row, rows[opponent]) if opponent else None,
        opponent=opponent,
        of_limit=work / seconds.median / best if best and work and not is_limit else None,
        nanoseconds_each=seconds.median * 1e9 / case["elements"]
        if case["elements"] and not is_limit
        else None,
        memory_ratio=extra / size if extra and size else None,
        memory_extra=extra - size if extra is not None and size else None,
    )


def _seconds(row: dict[str, Any]) -> list[float]:
    return [seconds for _, seconds in row["samples"]]


def _ratio(row: dict[str, Any], base: dict[str, Any]) -> Spread:
    """Of samples of the same or the nearest round, so that what slows a while of both cancels."""
    return Spread.of(
        [
            seconds / min(base["samples"], key=lambda other: abs(other[0] - place))[1]
            for place, seconds in row["samples"]
        ]
    )


def _limit_rate(case: dict[str, Any], rows: dict[str, dict[str, Any]]) -> float | None:
    """The best that the machine did: bytes a second written, or operations a second multiplied."""
    times = [
        Spread.of(_seconds(row)).median
        for name, row in rows.items()
        if CONTENDERS[name].role == "limit" and row["samples"]
    ]
    if not times:
        return None
    if case["limit"]["kind"] == "matmul":
        return float(2 * case["limit"]["shape"][0] ** 3 / min(times))
    return float(case["output_bytes"] / min(times))


def _why_not(row: dict[str, Any]) -> str:
    for word in ("missing", "not_offered", "failed", "not_finished"):
        if word in row:
            said = f"{row[word]:g} s" if word == "not_finished" else row[word]
            return f"{word.replace('_', ' ')}{' in' if word == 'not_finished' else ':'} {said}"
    return "not measured"


def _wrong(case: dict[str, Any], row: dict[str, Any]) -> str:
    """In words, where what was made is not what was asked for."""
    seen = row.get("seen") or {}
    if seen.get("error", 0.0) > WRONG_ORTHOGONAL:
        return f"wrong: off orthogonal by {seen['error']:.1g}"
    if row["contender"].startswith("limit-") or not case["expect"] or seen.get("count", 0) < FEW:
        return ""
    mean, std = case["expect"]
    # Six standard errors, and a tenth of the spread at most.
    allowed = max(6 / math.sqrt(seen["count"]), 0.02)
    if not abs(seen["mean"] - mean) <= allowed * std:
        return f"wrong: mean {seen['mean']:.4g}, not {mean:.4g}"
    if not abs(seen["std"] / std - 1) <= allowed:
        return f"wrong: std {seen['std']:.4g}, not {std:.4g}"
    return ""


def _percentile(ordered: list[float], part: float) -> float:
    place = part * (len(ordered) - 1)
    below = math.floor(place)
    above = min(below + 1, len(ordered) - 1)
    return ordered[below] + (place - below) * (ordered[above] - ordered[below])


def _closed(text: str) -> str:
    """Indented JSON whose lists of numbers are on one line each."""
    out: list[str] = []
    depth = 0
    for line in text.split("\n"):
        stripped = line.strip()
        if depth == 0 and not stripped.endswith(("[", '"samples": [')):
            out.append(line)
        elif depth == 0 and '"rows"' not in stripped and '"cases"' not in stripped:
            out.append(line)
            depth = 1
        elif depth == 0:
            out.append(line)
        else:
            depth += stripped.endswith("[")
            depth -= stripped.startswith("]")
            out[-1] += stripped + (" " if stripped.endswith(",") and depth else "")
    return "\n".join(out)
