"""The first use in a new process: ``python -m bench.gpu.first ours cuda``.

The context is there and the tensors are; then the clock starts, and stops when GPT-2 small's weights
are made. The kernels come from an empty cache, or from the one that a process before has filled.
"""

from __future__ import annotations

import importlib
import json
import sys
import time

import torch

from bench.plans import MODELS, Model

__all__ = ["main"]


def main(who: str, device: str) -> None:
    """Initialize once, and print the seconds as JSON."""
    model: Model = MODELS["toy GPT-2" if device == "cpu" else "GPT-2 small"]()
    outs = {name: torch.zeros(shape, device=device) for name, shape in model.shapes.items()}
    if device == "cuda":
        torch.cuda.synchronize()
    start = time.perf_counter()
    made_by = importlib.import_module(f"bench.fresh.{'ours' if who == 'ours' else 'torch'}")
    made_by.initialize(outs, model, "float32")
    if device == "cuda":
        torch.cuda.synchronize()
    print(json.dumps({"who": who, "seconds": time.perf_counter() - start}), flush=True)


if __name__ == "__main__":
    main(*sys.argv[1:])
