"""Times of draws, matrices and models on a GPU: ``python -m bench.gpu.times torch cuda``.

A line of JSON for each case, as soon as it is measured. What was drawn is looked at first.
"""

from __future__ import annotations

import functools
import importlib
import json
import sys
from collections.abc import Callable, Iterator
from typing import Any

import agnostic_init as ai
from bench.gpu.clock import compared, device_of
from bench.plans import LLAMA_RULES, llama

__all__ = ["main"]

DRAWS = {
    "uniform": ai.uniform(),
    "normal": ai.normal(),
    "normal ±2σ": ai.truncated_normal(),
}
Case = tuple[str, dict[str, Callable[[], object]], int]


def main(library: str, device: str) -> None:
    """Measure what a library's arrays are filled with."""
    small = device == "cpu"
    clock = device_of(library, device)
    cases = {"torch": of_torch, "cupy": of_cupy}[library](device, small=small)
    for name, calls, size in cases:
        found = compared(clock, calls, 3 if small else 7)
        line = {"case": name, "library": library, "bytes": size, "device": clock.name, "of": found}
        print(json.dumps(line), flush=True)


def of_torch(device: str, *, small: bool) -> Iterator[Case]:
    """Ours and torch's own, in the same tensors."""
    import torch

    n = 1 << (12 if small else 30)
    for dtype in ("float32", "bfloat16"):
        out = torch.empty(n, device=device, dtype=getattr(torch, dtype))
        theirs = {
            "uniform": out.uniform_,
            "normal": out.normal_,
            "normal ±2σ": functools.partial(torch.nn.init.trunc_normal_, out),
        }
        for name, init in DRAWS.items():
            calls = {
                "ours": functools.partial(init.fill, out, key=0),
                "torch": theirs[name],
                "writing zeros": out.zero_,
            }
            init.fill(out, key=0)
            seen(torch, out, name)
            yield f"{name}, {dtype}, {n:,}", calls, out.nbytes
        del out, theirs, calls
    yield from alike(torch, device, small=small)
    orthogonal = ai.orthogonal()
    for side in (8, 32) if small else (256, 1024, 2048, 4096, 8192):
        out = torch.empty(side, side, device=device)
        calls = {
            "ours": functools.partial(orthogonal.fill, out, key=0),
            "torch": functools.partial(torch.nn.init.orthogonal_, out),
        }
        orthogonal.fill(out, key=0)
        error = (out.T.double() @ out.double() - torch.eye(side, device=device)).abs().max().item()
        assert error < 1e-5, f"orthogonal to {error}"
        yield f"orthogonal, float32, {side}²", calls, out.nbytes
    del out
    yield from model(torch, device, small=small)


def alike(torch: Any, device: str, *, small: bool) -> Iterator[Case]:
    """One small weight, and a thousand."""
    weights = {f"w.{n}": torch.empty(64, 64, device=device) for n in range(10 if small else 1000)}
    one, init = weights["w.0"], ai.normal(std=0.02)

    def loop() -> None:
        for out in weights.values():
            out.normal_(std=0.02)

    calls = {
        "ours": functools.partial(init.fill, one, key=0),
        "torch": functools.partial(one.normal_, std=0.02),
    }
    yield "one of 64²", calls, one.nbytes
    calls = {"ours": functools.partial(ai.fill_tree, weights, {"*": init}, key=0), "torch": loop}
    yield f"{len(weights):,} of 64²", calls, one.nbytes * len(weights)


def model(torch: Any, device: str, *, small: bool) -> Iterator[Case]:
    """All of a Llama in bfloat16."""
    sizes = (1, 64, 32, 176, 512) if small else (32, 4096, 4096, 11008, 32000)
    shapes = llama(*sizes)
    outs = {name: torch.empty(s, device=device, dtype=torch.bfloat16) for name, s in shapes.items()}
    rules = {
        pattern: ai.ones() if law.kind == "constant" else ai.normal(std=law.scale)
        for pattern, law in LLAMA_RULES
    }

    def loop() -> None:
        for name, out in outs.items():
            if name.endswith("norm.weight"):
                out.fill_(1.0)
            else:
                out.normal_(std=0.02)

    calls = {"ours": functools.partial(ai.fill_tree, outs, rules, key=0), "torch": loop}
    elements = sum(out.numel() for out in outs.values())
    yield f"Llama of {elements:,}, bfloat16", calls, 2 * elements


def of_cupy(device: str, *, small: bool) -> Iterator[Case]:
    """Ours, and what CuPy's generator makes in new arrays."""
    cupy = importlib.import_module("numpy" if device == "cpu" else "cupy")
    n = 1 << (12 if small else 30)
    out = cupy.empty(n, "float32")
    generator = cupy.random.default_rng(0)
    theirs = {
        "uniform": functools.partial(generator.random, n, dtype=cupy.float32),
        "normal": functools.partial(generator.standard_normal, n, dtype=cupy.float32),
    }
    for name, init in DRAWS.items():
        calls: dict[str, Callable[[], object]] = {
            "ours": functools.partial(init.fill, out, key=0),
            "writing zeros": functools.partial(out.fill, 0),
        }
        if name in theirs:
            calls["CuPy"] = theirs[name]
        init.fill(out, key=0)
        seen(cupy, out, name)
        yield f"{name}, float32, {n:,}", calls, out.nbytes


def seen(xp: Any, out: Any, name: str) -> None:
    """Raise if the numbers are not what was asked for."""
    part = out[: 1 << 20]
    part = part.float() if hasattr(part, "float") else part
    mean, std = float(part.mean()), float(part.std())
    wanted = {"uniform": (0.5, 0.2887), "normal": (0.0, 1.0), "normal ±2σ": (0.0, 0.8796)}[name]
    bound = 6 / part.shape[0] ** 0.5 + 4e-3  # what bfloat16 rounds, too
    assert abs(mean - wanted[0]) < bound, f"{name} has the mean {mean}"
    assert abs(std - wanted[1]) < bound, f"{name} has the std {std}"


if __name__ == "__main__":
    main(*sys.argv[1:])
