"""Count the kernels' instructions and bound their speed: ``python -m bench.instructions``.

A model: nothing runs on a GPU, and nothing is measured. It compiles the kernels by NVRTC, takes
them apart by nvdisasm, and holds what it counts against published rates.
"""

from __future__ import annotations

import argparse
import dataclasses
import json
import sys
from pathlib import Path
from typing import Any

from bench.instructions import compiler
from bench.instructions.analysis import Analysis, analyzed
from bench.instructions.devices import GPUS, RATES
from bench.instructions.kernels import KERNELS, Kernel
from bench.instructions.launches import counted
from bench.instructions.model import bounds
from bench.instructions.report import table
from bench.machine import commit

FOLDER = Path(__file__).parents[1] / "results" / "models"


def main(arguments: list[str] | None = None) -> int:
    """Count, print, and keep the results."""
    parser = argparse.ArgumentParser("python -m bench.instructions", description=__doc__)
    parser.add_argument("--architectures", nargs="+", choices=RATES, default=list(RATES))
    parser.add_argument("--output", type=Path, default=FOLDER / "instructions-model.json")
    asked = parser.parse_args(arguments)
    try:
        found: dict[str, Any] = {
            "model": "no GPU was used, and nothing was measured",
            "nvrtc": compiler.version(),
            "commit": commit(),
            "launches": counted(),
            "kernels": [_row(k, a) for k in KERNELS for a in asked.architectures],
        }
    except compiler.NeededError as error:
        print(error, file=sys.stderr)
        return 2
    text = table(found)
    print(text)
    asked.output.parent.mkdir(parents=True, exist_ok=True)
    asked.output.write_text(
        json.dumps(found, indent=1, ensure_ascii=False) + "\n", encoding="utf-8"
    )
    asked.output.with_suffix(".md").write_text(text, encoding="utf-8")
    return 0


def _row(kernel: Kernel, architecture: str) -> dict[str, Any]:
    found = analyzed(kernel, architecture)
    gpus = [gpu for gpu in GPUS if gpu.architecture == architecture]
    return {
        "draw": kernel.name,
        "dtype": kernel.dtype,
        **_rounded(dataclasses.asdict(found)),
        "gpus": {gpu.name: _bounds(found, gpu, kernel) for gpu in gpus},
    }


def _bounds(found: Analysis, gpu: Any, kernel: Kernel) -> dict[str, Any]:
    limits = bounds(found.counts, gpu, kernel.bytes)
    return _rounded(dataclasses.asdict(limits) | {"share": limits.share})


def _rounded(value: Any) -> Any:
    """Four digits: no figure here is worth more."""
    if isinstance(value, dict):
        return {key: _rounded(each) for key, each in value.items()}
    return float(f"{value:.4g}") if isinstance(value, float) else value


if __name__ == "__main__":
    sys.exit(main())
