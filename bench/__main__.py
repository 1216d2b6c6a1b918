"""Measure, print the tables, and keep the results: ``python -m bench``."""

from __future__ import annotations

import argparse
import dataclasses
import datetime as dt
import math
import re
import sys
import time
from pathlib import Path
from typing import Any

from bench import machine, results
from bench.harness import Bench, effort
from bench.questions import QUESTIONS, Options, cases
from bench.table import about, table

FOLDER = Path(__file__).parent / "results"


def main(arguments: list[str] | None = None) -> int:
    """Run the benchmarks that the command line asks for."""
    asked = parser().parse_args(arguments)
    start = time.monotonic()

    def log(line: str) -> None:
        print(f"{time.monotonic() - start:7.1f} s  {line}", file=sys.stderr, flush=True)

    shapes = tuple(s for s in asked.sizes or () if len(s) > 1) or None
    sizes = tuple(math.prod(s) for s in asked.sizes or () if len(s) == 1) or None
    dtypes = tuple(asked.dtypes) if asked.dtypes else None
    options = Options(asked.quick, asked.short, asked.device, asked.threads, sizes, shapes, dtypes)
    names = asked.questions or [name for name in QUESTIONS if name != "scaling" or not asked.short]
    questions = {name: cases(name, options) for name in names}
    how = effort(asked.device, quick=asked.quick, short=asked.short)
    wanted = {"passes": asked.passes, "processes": asked.processes}
    how = dataclasses.replace(how, **{name: n for name, n in wanted.items() if n})
    bench = Bench(how, asked.device, asked.threads, asked.backend)
    found: dict[str, Any] = {
        "schema": results.SCHEMA,
        "started": dt.datetime.now(dt.UTC).isoformat(timespec="seconds"),
        "machine": machine.describe(asked.label) | {"load_before": machine.load()},
        "settings": {
            "device": asked.device,
            "threads": asked.threads,
            "backend": asked.backend,
            "quick": asked.quick,
            **dataclasses.asdict(how),
        },
    }

    def keep(measured: list[dict[str, Any]], *, complete: bool = False) -> Path:
        found["machine"] |= {"device_name": bench.device_name, "load_after": machine.load()}
        found["complete"] = complete
        found["seconds"] = round(time.monotonic() - start, 1)
        found["versions"] = dict(sorted(bench.versions.items()))
        found["cases"] = measured
        path = asked.output or FOLDER / f"{_slug(found)}.json"
        results.write(path, found)
        return path

    # Kept after every question, so that a run that is ended has not been for nothing.
    bench.run(questions, log, keep)
    path = keep(found["cases"], complete=True)
    print(about(found), end="\n\n")
    for question in questions:
        print(table(found, question))
    log(f"results in {path}")
    jobs = [case for case in found["cases"] if case["job"]["kind"] != "import"]
    if jobs and not any(row["samples"] for case in jobs for row in case["rows"]):
        log(f"nothing could be measured on {asked.device}")
        return 1
    return 0


def parser() -> argparse.ArgumentParser:
    """The command line."""
    made = argparse.ArgumentParser("python -m bench", description=__doc__)
    made.add_argument("--quick", action="store_true", help="tiny sizes, to see that it works")
    made.add_argument("--short", action="store_true", help="the cases that the README shows")
    made.add_argument(
        "--backend",
        choices=("all", "numpy", "torch", "jax", "cupy"),
        default="all",
        help="only contenders on this array library",
    )
    made.add_argument("--device", choices=("cpu", "cuda"), default="cpu")
    made.add_argument(
        "--sizes",
        nargs="+",
        type=_size,
        help="elements (16777216 or 2^24) for draws; shapes (1024x1024) for matrices",
    )
    made.add_argument("--dtypes", nargs="+", choices=("float32", "bfloat16", "float16", "float64"))
    made.add_argument("--questions", nargs="+", choices=QUESTIONS)
    made.add_argument("--threads", type=int, default=machine.usable_cores())
    made.add_argument("--passes", type=int, help="how often every case is visited")
    made.add_argument("--processes", type=int, help="how many new processes a pass starts")
    made.add_argument("--label", default="", help="what to call this machine")
    made.add_argument("--output", type=Path, help="the file of results")
    return made


def _size(text: str) -> tuple[int, ...]:
    if re.fullmatch(r"\d+(x\d+)+", text):
        return tuple(int(part) for part in text.split("x"))
    base, _, exponent = text.partition("^")
    return (int(base) ** int(exponent or 1),)


def _slug(found: dict[str, Any]) -> str:
    """A name for the file: quick, or the machine and how much of it was used."""
    if found["settings"]["quick"]:
        return "quick"
    about_it = found["machine"]
    name = about_it["label"] or about_it["device_name"] or about_it["processor"]
    name = re.sub(r"\(.*?\)", "", name)
    words = re.findall(r"[a-z0-9]+", f"{name} {found['settings']['threads']} threads".lower())
    return "-".join([found["settings"]["device"], *words])


if __name__ == "__main__":
    sys.exit(main())
