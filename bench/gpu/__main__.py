"""Right and fast on a GPU, in a bounded time: ``python -m bench.gpu --minutes 9``.

It installs nothing: what is not there is named. Results are written after each step, into one
Markdown and one JSON file, named for the device.
"""

from __future__ import annotations

import argparse
import datetime as dt
import importlib.metadata
import json
import re
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

from bench import machine
from bench.gpu.report import markdown
from bench.gpu.running import run
from bench.gpu.steps import chosen

__all__ = ["main"]

FOLDER = Path(__file__).parents[1] / "results" / "gpu"
PACKAGES = ("numpy", "torch", "cupy-cuda13x", "cupy-cuda12x", "jax", "array-api-compat", "pytest")
MARGIN = 5.0  # seconds to write what was found


def main(arguments: list[str] | None = None) -> int:
    """Run the steps that the command line asks for; 1 if one failed."""
    asked = parser().parse_args(arguments)
    start = time.monotonic()
    try:
        steps = chosen(asked.steps)
    except ValueError as error:
        parser().error(str(error))
    found: dict[str, Any] = {
        "started": dt.datetime.now(dt.UTC).isoformat(timespec="seconds"),
        "machine": machine.describe(asked.label),
        "gpu": asked.label or name_of(asked.device),
        "packages": dict(packages()),
        "minutes": asked.minutes,
        "steps": {},
    }
    slug = re.sub(r"[^a-z0-9]+", "-", found["gpu"].lower()).strip("-")
    for step in steps:
        left = 60 * asked.minutes - (time.monotonic() - start) - MARGIN
        if left < step.least and asked.device != "cpu":
            found["steps"][step.name] = {"about": step.about, "outcome": "no time"}
            continue
        print(f"{time.monotonic() - start:6.1f} s  {step.name}: {step.about}", file=sys.stderr)
        found["steps"][step.name] = {"about": step.about, **run(step, asked.device, left)}
        print(f"          {found['steps'][step.name]['outcome']}", file=sys.stderr, flush=True)
        write(asked.out, slug, found)
    write(asked.out, slug, found)
    print(markdown(found))
    return int(any(step["outcome"] == "failed" for step in found["steps"].values()))


def parser() -> argparse.ArgumentParser:
    """The command line."""
    made = argparse.ArgumentParser("python -m bench.gpu", description=__doc__)
    made.add_argument("--minutes", type=float, default=9.0, help="after which everything ends")
    made.add_argument("--steps", nargs="+", metavar="NAME", help="which, and in that order")
    made.add_argument("--out", type=Path, default=FOLDER, help="the folder of the results")
    made.add_argument("--label", default="", help="what to call the device")
    made.add_argument(
        "--device", choices=("cuda", "cpu"), default="cuda", help="cpu tries the program itself"
    )
    return made


def name_of(device: str) -> str:
    """The GPU's, as its driver says."""
    if device == "cpu":
        return "no GPU"
    asked = ["nvidia-smi", "--query-gpu=name", "--format=csv,noheader"]
    try:
        said = subprocess.run(asked, capture_output=True, text=True, check=True).stdout
    except (OSError, subprocess.CalledProcessError):
        return "unknown GPU"
    return said.splitlines()[0].strip() if said.strip() else "unknown GPU"


def packages() -> list[tuple[str, str]]:
    """The versions of what is installed."""
    found = []
    for name in PACKAGES:
        try:
            found.append((name, importlib.metadata.version(name)))
        except importlib.metadata.PackageNotFoundError:
            continue
    return found


def write(folder: Path, slug: str, found: dict[str, Any]) -> None:
    """Both files."""
    folder.mkdir(parents=True, exist_ok=True)
    text = json.dumps(found, indent=1, ensure_ascii=False)
    (folder / f"{slug}.json").write_text(text + "\n", encoding="utf-8")
    (folder / f"{slug}.md").write_text(markdown(found) + "\n", encoding="utf-8")


if __name__ == "__main__":
    sys.exit(main())
