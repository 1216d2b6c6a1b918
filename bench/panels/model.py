"""What the assembly of orthogonal matrices would cost on a GPU, by a model: no GPU is used.

The torch engine runs on fake CUDA tensors, every kernel that it would launch is seen, and each is
priced: `LAUNCH` to start it and the longer of its arithmetic and its memory traffic. A product is
taken to be made of square tiles, one at a time on each of the multiprocessors, split along its
inner axis where that helps. The figures are near those of an H100 in float32 without TensorFloat-32;
they rank choices, and are no times.
"""

from __future__ import annotations

import math
from dataclasses import replace

import torch
from torch._subclasses.fake_tensor import FakeTensorMode
from torch.utils._python_dispatch import TorchDispatchMode
from torch.utils._pytree import tree_leaves

from agnostic_init.linalg.engines import torch as engine
from agnostic_init.linalg.haar import Haar

__all__ = ["SHAPES", "cost", "report"]

LAUNCH = 3.0  # µs from one kernel to the next
PYTHON = 6.0  # µs of the host for each
PROCESSORS = 132
RATE = 50e6  # operations a µs, of all processors
TRAFFIC = 3e6  # bytes a µs
TILES = {128: 1.0, 64: 0.8, 32: 0.4}  # side: share of the rate
INNER = 16  # elements along the inner axis that starting and ending a tile takes as long as
VIEWS = {  # and other operations that launch nothing
    *("view", "_unsafe_view", "as_strided", "transpose", "permute", "slice", "select", "expand"),
    *("unsqueeze", "squeeze", "diagonal", "unbind", "t", "alias", "detach", "device"),
    *("empty", "empty_strided", "empty_like", "view_as_real", "real"),
    *("_conj", "resolve_conj", "resolve_neg"),
}
PRODUCTS = {"mm": 0, "bmm": 0, "addmm": 1, "baddbmm": 1, "addmm_": 1, "baddbmm_": 1}

SHAPES = [(64, 64), (256, 256), (512, 512), (1024, 1024), (2048, 2048), (4096, 4096)]
SHAPES += [(16384, 16384), (8192, 512), (512, 8192), (64, 256, 256), (512, 64, 64)]


def of_product(batch, m, n, k):
    """Microseconds of a batch of products of m x k and k x n."""
    found = []
    for side, share in TILES.items():
        tiles = batch * math.ceil(m / side) * math.ceil(n / side)
        for split in (1, 2, 4, 8, 16):
            if split > 1 and k // split < 64:
                break
            waves = math.ceil(tiles * split / PROCESSORS)
            each = 2 * side * side * (k / split + INNER) / (share * RATE / PROCESSORS)
            merged = LAUNCH + split * batch * m * n * 8 / TRAFFIC if split > 1 else 0.0
            found.append(waves * each + merged)
    traffic = 4 * batch * (m * k + k * n + 2 * m * n) / TRAFFIC
    return max(min(found), traffic)


class Counted(TorchDispatchMode):
    """Counts and prices the kernels."""

    def __init__(self):
        super().__init__()
        self.launches, self.time, self.names, self.products = 0, 0.0, {}, 0.0

    def __torch_dispatch__(self, function, types, args=(), kwargs=None):
        made = function(*args, **(kwargs or {}))
        name = function.overloadpacket.__name__
        if name in VIEWS:
            return made
        tensors = [x for x in tree_leaves((args, kwargs, made)) if isinstance(x, torch.Tensor)]
        self.add(name, args, tensors)
        return made

    def add(self, name, args, tensors):
        launches, time = 1, 0.0
        if name in PRODUCTS:
            a, b = args[PRODUCTS[name] :][:2]
            batch = a.shape[0] if a.ndim == 3 else 1
            time = of_product(batch, a.shape[-2], b.shape[-1], a.shape[-1])
            self.products += time
        elif name == "linalg_solve_triangular":
            a, b = args[:2]
            # A copy, and steps of 64 rows, at half the rate of products.
            steps = math.ceil(a.shape[-1] / 64)
            batch = a.numel() // a.shape[-1] ** 2
            launches = 1 + steps
            time = 2 * of_product(batch, a.shape[-1], b.shape[-1], a.shape[-1] / 2)
            time += 8 * b.numel() / TRAFFIC
            self.products += time
        else:
            distinct = {id(x): x for x in tensors}.values()
            time = sum(x.numel() * x.element_size() for x in distinct) / TRAFFIC
        self.launches += launches
        self.time += launches * LAUNCH + time
        self.names[name] = self.names.get(name, 0) + launches


def cost(shape, several=1, dtype="float32"):
    """The kernels of one matrix, or of several made together."""
    counted = Counted()
    with FakeTensorMode():
        on_fake_gpu(counted, Haar(shape[:-2], *shape[-2:], dtype), several)
    return counted


def on_fake_gpu(mode, haar, several=1, drawn=None):
    """What the engine and `make` do, on fake tensors, with draws of one kernel each."""
    batch = haar.batch if several == 1 else (several, *haar.batch)
    group = replace(haar, batch=batch, dtype=haar.compute)
    dtype, compute = getattr(torch, haar.dtype), getattr(torch, haar.compute)

    def draw(part, start, stop, out):
        for one in [out] if several == 1 else out:
            one.fill_(1.0)
            if drawn is not None:
                drawn()

    with mode:
        out = torch.empty(group.shape, dtype=compute, device="cuda")
        engine.fill(group, draw, out)
        if several == 1:
            return out if dtype == compute else out.to(dtype)
        made = [torch.empty(haar.shape, dtype=dtype, device="cuda") for _ in out]
        for one, matrices in zip(made, out, strict=True):
            torch.mul(matrices, 1, out=one)  # a copy; on fake tensors there is none
        return made


def report(several=()):
    """The table, as lines of text."""
    yield f"{'shape':>16} {'kernels':>8} {'GPU':>10} {'of it products':>15} {'Python':>10}   µs"
    for shape, many in [(shape, 1) for shape in SHAPES] + list(several):
        found = cost(shape, many)
        name = "x".join(map(str, shape)) + (f" of {many} keys" if many > 1 else "")
        yield (
            f"{name:>16} {found.launches:>8} {found.time:>10.0f} {found.products:>15.0f} "
            f"{found.launches * PYTHON:>10.0f}"
        )
