"""torch on GPUs: no kernel waits for the host or the host for a kernel, and few are launched.

Where there is no GPU the engine runs on fake CUDA tensors, which have shapes and no values.
"""

from __future__ import annotations

import weakref
from dataclasses import replace

import numpy as np
import pytest

from agnostic_init.arrays.target import Target
from agnostic_init.arrays.target import backend as library_named
from agnostic_init.bits import key
from agnostic_init.linalg import haar_matrices, make
from agnostic_init.linalg.haar import Haar

torch = pytest.importorskip("torch")
python_dispatch = pytest.importorskip("torch.utils._python_dispatch")
fake_tensor = pytest.importorskip("torch._subclasses.fake_tensor")
pytree = pytest.importorskip("torch.utils._pytree")
engine = pytest.importorskip("agnostic_init.linalg.engines.torch")

SHAPES = [(1, 1), (5, 1), (5, 3), (300, 20), (130, 130), (2, 3, 9, 17), (1024, 1024), (4096, 4096)]


class NoTransfer(python_dispatch.TorchDispatchMode):
    """Refuses operations that read numbers of one device and write another's."""

    def __init__(self):
        super().__init__()
        self.seen = 0

    def __torch_dispatch__(self, function, types, args=(), kwargs=None):
        made = function(*args, **(kwargs or {}))
        tensors = [
            x for x in pytree.tree_leaves((args, kwargs, made)) if isinstance(x, torch.Tensor)
        ]
        kinds = {x.device.type for x in tensors if x.ndim}
        assert len(kinds) <= 1, f"{function} goes from one device to another"
        assert function.overloadpacket.__name__ not in ("_local_scalar_dense", "nonzero")
        self.seen += "cuda" in kinds
        return made


class Memory(python_dispatch.TorchDispatchMode):
    """How many bytes the tensors have at most, and how many in all now."""

    def __init__(self):
        super().__init__()
        self.now = self.most = 0
        self.known = set()

    def __torch_dispatch__(self, function, types, args=(), kwargs=None):
        made = function(*args, **(kwargs or {}))
        for x in pytree.tree_leaves(made):
            storage = x.untyped_storage() if isinstance(x, torch.Tensor) else None
            if storage is not None and storage._cdata not in self.known:
                self.known.add(storage._cdata)
                self.now += storage.nbytes()
                self.most = max(self.most, self.now)
                weakref.finalize(storage, self.freed, storage._cdata, storage.nbytes())
        return made

    def freed(self, name, size):
        self.known.discard(name)
        self.now -= size


FULL = {"ieee", "none", "highest"}


def precision():
    matmul = torch.backends.cuda.matmul
    if hasattr(matmul, "fp32_precision"):
        return matmul.fp32_precision
    return torch.get_float32_matmul_precision()


def on_fake_gpu(mode, shape, dtype="float32", several=1, drawn=lambda: None, **more):
    """What the engine and `make` do, on fake tensors, with draws of one kernel each."""
    haar = Haar(shape[:-2], *shape[-2:], dtype, **more)
    batch = haar.batch if several == 1 else (several, *haar.batch)
    group = replace(haar, batch=batch, dtype=haar.compute)
    result, compute = getattr(torch, haar.dtype), getattr(torch, haar.compute)

    def draw(part, start, stop, out):
        for one in [out] if several == 1 else out:
            one.fill_(1.0)
            drawn()

    with fake_tensor.FakeTensorMode(), mode:
        out = torch.empty(group.shape, dtype=compute, device="cuda")
        with library_named("torch").full_precision(out.device):
            engine.fill(group, draw, out)
        if several == 1:
            return out if result == compute else out.to(result)
        made = [torch.empty(haar.shape, dtype=result, device="cuda") for _ in out]
        for one, matrices in zip(made, out, strict=True):
            torch.mul(matrices, 1, out=one)  # a copy; on fake tensors there is none
        return made


@pytest.mark.parametrize("dtype", ["float32", "complex64", "bfloat16"])
@pytest.mark.parametrize("shape", SHAPES)
def test_nothing_waits(shape, dtype):
    mode = NoTransfer()
    made = on_fake_gpu(mode, shape, dtype, special=shape[-1] == shape[-2])
    assert (made.device.type, made.dtype) == ("cuda", getattr(torch, dtype))
    assert tuple(made.shape) == shape
    assert mode.seen > 20


def test_nothing_waits_for_several():
    made = on_fake_gpu(NoTransfer(), (20, 30), "bfloat16", several=3)
    assert [(x.device.type, x.dtype) for x in made] == [("cuda", torch.bfloat16)] * 3


def test_a_transfer_is_found():
    with fake_tensor.FakeTensorMode():
        x = torch.empty(3, device="cuda")
        with NoTransfer(), pytest.raises(AssertionError, match="one device to another"):
            x.cpu()
        with NoTransfer(), pytest.raises(Exception, match="_local_scalar_dense"):
            x.sum().item()


@pytest.mark.parametrize(
    "shape", [(16384, 16384), (65536, 4096), (16, 4096, 4096), (20_000, 64, 64)]
)
def test_large_ones_take_little_more_than_their_memory(shape):
    memory = Memory()
    made = on_fake_gpu(memory, shape)
    assert made.numel() * 4 == memory.now
    assert memory.most <= 1.3 * memory.now


@pytest.fixture
def reduced():
    """torch told to use TensorFloat-32; what is set is put back."""
    before = torch.get_float32_matmul_precision()
    torch.set_float32_matmul_precision("high")
    yield precision()
    torch.set_float32_matmul_precision(before)


def test_precision_is_full_inside_and_restored(reduced):
    inside = []
    on_fake_gpu(NoTransfer(), (40, 40), drawn=lambda: inside.append(precision()))
    assert set(inside) <= FULL
    assert inside
    assert precision() == reduced
    assert reduced not in FULL


def test_precision_is_restored_after_an_error(reduced):
    def fails():
        assert precision() in FULL
        message = "no kernel"
        raise RuntimeError(message)

    with pytest.raises(RuntimeError, match="no kernel"):
        on_fake_gpu(NoTransfer(), (40, 40), drawn=fails)
    assert precision() == reduced


@pytest.fixture
def gpu():
    if not torch.cuda.is_available():
        pytest.skip("torch finds no GPU")
    return torch.device("cuda")


def differs(ours, shape, dtype="float32"):
    """The largest difference from the matrices of the host."""
    expected = haar_matrices(shape, key=3, dtype=dtype)
    return np.abs(ours.detach().to(getattr(torch, dtype)).cpu().numpy() - expected).max()


@pytest.mark.gpu
@pytest.mark.parametrize("dtype", ["float32", "complex64", "bfloat16"])
@pytest.mark.parametrize("shape", SHAPES)
def test_a_gpu_makes_the_same_matrices_and_does_not_wait(gpu, shape, dtype):
    def made():
        return haar_matrices(shape, key=3, xp=torch, dtype=dtype, device=gpu)

    made()  # compiles the draws and copies their table, which waits
    torch.cuda.set_sync_debug_mode("error")
    try:
        ours = made()
    finally:
        torch.cuda.set_sync_debug_mode("default")
    atol = 4e-3 if dtype == "bfloat16" else 4e-6
    assert differs(ours, shape, "complex64" if dtype == "complex64" else "float32") <= atol


@pytest.mark.gpu
@pytest.mark.parametrize("shape", [(300, 260), (260, 300), (3, 40, 40), (2, 3, 9, 17), (700, 700)])
def test_a_gpu_writes_memory_of_any_strides(gpu, shape):
    haar = Haar(shape[:-2], *shape[-2:], "float32")
    axes = tuple(range(len(shape) - 1, -1, -1))
    for out in (
        torch.empty(shape[::-1], device=gpu).permute(axes),
        torch.empty(*shape[:-1], 2 * shape[-1], device=gpu)[..., ::2],
        torch.empty(*shape[:-1], 2 * shape[-1], device=gpu)[..., : shape[-1]],
        torch.nn.Parameter(torch.empty(shape, device=gpu)),
    ):
        make.fill(haar, key(3), out, library_named("torch"))
        assert differs(out, shape) <= 4e-6


@pytest.mark.gpu
def test_a_gpu_computes_in_full_precision(gpu, reduced):
    q = haar_matrices((1024, 1024), key=3, xp=torch, device=gpu).double()
    assert (q.mT @ q - torch.eye(1024, device=gpu)).abs().max() <= 2e-6
    assert precision() == reduced


@pytest.mark.gpu
def test_a_gpu_makes_several(gpu):
    haar = Haar((), 64, 48, "float32")
    target = Target(library_named("torch"), "float32", gpu)
    keys = [key(n) for n in range(5)]
    for one, its in zip(make.make_several(haar, keys, target), keys, strict=True):
        torch.testing.assert_close(one, make.make(haar, its, target), rtol=0, atol=2e-6)
