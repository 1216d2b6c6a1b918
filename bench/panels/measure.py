"""Times of orthogonal matrices on a GPU for each width of panels, beside those of the model.

Then the times of several at once, and of the block factors made in two ways: halving takes more
kernels than a solve, and all of them are products.
"""

from __future__ import annotations

import math
import statistics
import time

import torch

from agnostic_init.arrays.target import Target, backend
from agnostic_init.bits.key import Key
from agnostic_init.linalg import make
from agnostic_init.linalg.engines import gpu
from agnostic_init.linalg.engines import torch as engine
from agnostic_init.linalg.engines.blocking import Blocking, blocking
from agnostic_init.linalg.haar import Haar
from bench.panels import model

__all__ = ["factors_of", "measured", "report", "several_of", "widths_of"]

WIDTHS = (16, 32, 64, 128, 256, 512)
SEVERAL = [((64, 64), 64), ((256, 256), 32), ((768, 768), 12), ((1024, 1024), 8), ((2048, 2048), 2)]
PANELS = [(2, 128, 256), (4, 256, 1024), (8, 256, 2048), (8, 256, 16384), (256, 64, 256)]


def measured(device, call, seconds=0.3):
    """The median time of a call in microseconds; the device's own where it is a GPU."""
    for _ in range(3):
        call()
    found = []
    until = time.perf_counter() + seconds
    while len(found) < 5 or time.perf_counter() < until:
        if device.type == "cuda":
            first, last = (torch.cuda.Event(enable_timing=True) for _ in range(2))
            torch.cuda.synchronize(device)
            first.record()
            call()
            last.record()
            last.synchronize()
            found.append(1e3 * first.elapsed_time(last))
        else:
            start = time.perf_counter()
            call()
            found.append(1e6 * (time.perf_counter() - start))
    return statistics.median(found)


def of_width(haar, width):
    """The blocking of a width, with sections as high as `blocking` has them."""
    height = -(-blocking(haar).height // width) * width
    return Blocking(width, height)


def widths_of(device, shape):
    """A line: the shape, and for each width the time and, in brackets, the model's."""
    haar = Haar(shape[:-2], *shape[-2:], "float32")
    out = torch.empty(shape, device=device)
    draw = gpu.of_key(haar, Key(0), backend("torch"))
    chosen, parts = blocking(haar).width, []
    for width in WIDTHS:
        if width > max(2 * haar.short, chosen):
            break
        gpu.blocking = lambda some, width=width: of_width(some, width)
        try:
            time_of = measured(device, lambda: engine.fill(haar, draw, out))
            modelled = model.cost(shape).time
        finally:
            gpu.blocking = blocking
        parts.append(f"{'*' if width == chosen else ''}{width}: {time_of:.0f} ({modelled:.0f})")
    return f"{'x'.join(map(str, shape)):>14}  {'  '.join(parts)}"


def factors_of(device, panels, width, length):
    """A line: the time of the block factors of panels by halving, and by a triangular solve."""
    vectors = torch.randn(panels, width, length, device=device)
    weights = torch.full((panels * width,), -2.0 / length, device=device)
    out, do = torch.empty_like(vectors), engine.Operations(vectors)

    def solved():
        factors = torch.bmm(vectors, vectors.mT)
        factors.diagonal(dim1=1, dim2=2).mul_(-0.5)
        torch.linalg.solve_triangular(factors, vectors, upper=True, out=out)

    halved = measured(device, lambda: gpu._flat(do, vectors, weights, out))
    name = f"{panels}x{width}x{length}"
    return f"{name:>14}  factors by halving {halved:.0f}, solved {measured(device, solved):.0f}"


def several_of(device, shape, many):
    """A line: the time of several made together, and one by one."""
    haar = Haar((), *shape, "float32")
    target = Target(backend("torch"), "float32", device)
    keys = [Key(n) for n in range(many)]
    together = measured(device, lambda: make.make_several(haar, keys, target))
    alone = measured(device, lambda: [make.make(haar, key, target) for key in keys])
    name = "x".join(map(str, shape))
    return f"{name:>14}  {many} together {together:.0f}, one by one {alone:.0f}"


def report(device, most):
    """The lines of all shapes of at most so many elements."""
    for shape in model.SHAPES:
        if math.prod(shape) <= most:
            yield widths_of(device, shape)
    for shape, many in SEVERAL:
        if many * math.prod(shape) <= most:
            yield several_of(device, shape, many)
    for panels in PANELS:
        if math.prod(panels) <= most:
            yield factors_of(device, *panels)
