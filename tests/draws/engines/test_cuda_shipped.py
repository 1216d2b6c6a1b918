"""Kernels that were compiled before: what is taken, what is not, and that no compiler is looked for."""

from __future__ import annotations

import contextlib
import functools
import sys
import zlib
from types import SimpleNamespace

import numpy as np
import pytest

from agnostic_init.bits.block import block
from agnostic_init.bits.key import Key
from agnostic_init.draws.distributions import normal_draw, truncated_normal_draw, uniform_draw
from agnostic_init.draws.engines.cuda import driver, parameters, shipped, shipping
from agnostic_init.draws.engines.cuda.source import source

NORMAL = normal_draw(0.0, 0.02, "float32")
SHIFTED = normal_draw(1.0, 0.02, "float32")


@pytest.fixture
def folder(tmp_path, monkeypatch):
    """A folder of kernels for sm_90, each of which says of which text it is."""
    texts = [source(variant) for variant in shipping.variants()]
    content = shipping.packed(texts, [cubin_of(text) for text in texts])
    (tmp_path / "sm_90.bin").write_bytes(content)
    monkeypatch.setattr(shipped, "FOLDER", tmp_path)
    return tmp_path


def cubin_of(text):
    return b"a cubin of " + shipped.digest(text)


def test_a_kernel_is_found_by_its_text_and_architecture(folder):
    for variant in shipping.variants():
        text = source(variant)
        assert shipped.shipped(text, "sm_90") == cubin_of(text)
        assert shipped.shipped(text + "\n", "sm_90") is None
        assert shipped.shipped(text, "sm_100") is None


def test_which_draws_are_shipped(folder):
    draws = [NORMAL, normal_draw(0.0, 0.3, "bfloat16"), uniform_draw(-0.07, 0.07, "float16")]
    draws += [
        truncated_normal_draw(0, 0.5, -2, 2, "sigma", "parent", name) for name in shipping.DTYPES
    ]
    draws += [uniform_draw(0.0, 1.0, name) for name in shipping.DTYPES]
    assert all(shipped.ships(draw, {"sm_90"}) for draw in draws)
    assert not any(shipped.ships(draw, {"sm_90", "sm_75"}) for draw in draws)
    assert not any(shipped.ships(draw, set()) for draw in draws)
    assert not shipped.ships(SHIFTED, {"sm_90"})
    assert not shipped.ships(normal_draw(0.0, 1.0, "float64"), {"sm_90"})


def of_other_kind(content):
    return b"x" + content[1:]


def cut(content):
    return content[:-1]


def emptied(content):
    return b""


def changed(content):
    return content[:-9] + bytes([content[-9] ^ 255]) + content[-8:]


@pytest.mark.parametrize("fault", [of_other_kind, cut, emptied, changed])
def test_a_damaged_file_is_as_none(folder, fault, tmp_path_factory, monkeypatch):
    content = (folder / "sm_90.bin").read_bytes()
    other = tmp_path_factory.mktemp("damaged")
    (other / "sm_90.bin").write_bytes(fault(content))
    monkeypatch.setattr(shipped, "FOLDER", other)
    last = source(shipping.variants()[-1])
    assert zlib.decompress(content[-len(zlib.compress(cubin_of(last), 9)) :]) == cubin_of(last)
    assert shipped.shipped(last, "sm_90") is None


def test_the_kernels_are_few_and_different():
    variants = shipping.variants()
    texts = {source(variant) for variant in variants}
    assert len(texts) == len(variants) <= 32
    assert sum(bool(variant.many) for variant in variants) == len(variants) / 2
    assert shipping.variants() == variants


class Loaded:
    """Kernels as the driver is given them, and how they are launched."""

    def __init__(self, host, texts):
        self.host, self.texts, self.launched = host, texts, []

    def __call__(self, cubin, index):
        assert index in (0, None)
        variant = self.texts[cubin]

        def run(blocks, threads, stream, arguments):
            self.launched.append(variant)
            self.host.library(variant).fill_grid(blocks, threads, arguments)

        return run


@functools.cache
def table(make, q, index):
    import torch

    return torch.from_numpy(make(q).view("i4").copy())


@pytest.fixture
def torch_engine(monkeypatch, host, folder):
    torch = pytest.importorskip("torch")
    from agnostic_init.draws.engines.cuda import torch as engine

    texts = {cubin_of(source(variant)): variant for variant in shipping.variants()}
    kernels = Loaded(host, texts)
    monkeypatch.setattr(driver, "Kernel", kernels)
    monkeypatch.setattr(driver, "version", lambda: (13, 0))
    monkeypatch.setattr(torch.cuda, "is_available", lambda: True)
    monkeypatch.setattr(torch.version, "hip", None)
    monkeypatch.setattr(torch.cuda, "device_count", lambda: 1)
    monkeypatch.setattr(torch.cuda, "get_device_capability", lambda index: (9, 0))
    monkeypatch.setattr(torch.cuda, "current_device", lambda: None)
    stream = SimpleNamespace(cuda_stream=0)
    monkeypatch.setattr(torch.cuda, "current_stream", lambda index: stream)
    monkeypatch.delattr(torch._C, "_cuda_getCurrentRawStream", raising=False)
    monkeypatch.setattr(engine, "_processors", lambda index: 2)
    monkeypatch.setattr(engine, "_table", table)
    caches = engine._kernel, engine._room, engine._ships, engine._architectures, engine.program
    for cache in caches:
        cache.cache_clear()
    monkeypatch.setitem(sys.modules, "agnostic_init.draws.engines.cuda.program", None)
    monkeypatch.delattr(sys.modules["agnostic_init.draws.engines.cuda"], "program", raising=False)
    yield engine, kernels
    monkeypatch.undo()
    for cache in caches:
        cache.cache_clear()


def expected(draw, key, part):
    from agnostic_init.arrays.target import backend
    from agnostic_init.draws.engines.generic import compute

    return np.asarray(compute(draw, key, part, backend("numpy"), None))


def test_torch_looks_for_no_compiler_where_a_kernel_is_shipped(torch_engine):
    """One array, and many in one launch; importing the compiler would be an error here."""
    import torch

    engine, kernels = torch_engine
    assert engine.supports(NORMAL)
    part = block((30, 40))
    out = torch.zeros(30, 40)
    engine.fill(NORMAL, Key(3), part, out)
    assert np.array_equal(out.numpy(), expected(NORMAL, Key(3), part))
    outs = [torch.zeros(n, 7) for n in range(1, 9)]
    engine.fill_many([(NORMAL, Key(n), block(out.shape), out) for n, out in enumerate(outs)])
    for n, each in enumerate(outs):
        assert np.array_equal(each.numpy(), expected(NORMAL, Key(n), block(tuple(each.shape))))
    assert [bool(variant.many) for variant in kernels.launched] == [False, True]


def test_what_is_not_shipped_is_drawn_by_torch_where_no_compiler_is(torch_engine):
    """For the strides of this array there is no kernel; what there is for others stays in use."""
    import torch

    engine, kernels = torch_engine
    out, part = torch.zeros(40, 30).T, block((30, 40))
    with pytest.warns(RuntimeWarning, match="drawn by torch's own operations"):
        engine.fill(NORMAL, Key(3), part, out)
    assert np.array_equal(out.numpy(), expected(NORMAL, Key(3), part))
    assert kernels.launched == []
    assert not engine.supports(SHIFTED)
    assert engine.supports(NORMAL)


def test_a_driver_that_refuses_has_it_compiled(torch_engine, monkeypatch, host):
    import torch

    engine, _ = torch_engine

    def refuses(cubin, index):
        raise RuntimeError("CUDA_ERROR_INVALID_IMAGE: device kernel image is invalid")

    monkeypatch.setattr(driver, "Kernel", refuses)
    asked = []

    def function(text, index, capability):
        asked.append(capability)
        return lambda *given: None

    fake = SimpleNamespace(function=function, version=lambda: (13, 0))
    monkeypatch.setattr(engine, "program", lambda: fake)
    engine.fill(NORMAL, Key(3), block((8,)), torch.zeros(8))
    assert asked == [(9, 0)]


class Device(contextlib.nullcontext):
    """A device of CuPy's."""

    compute_capability = "90"

    def __enter__(self):
        return self


def test_cupy_loads_what_is_shipped(folder, monkeypatch):
    cupy = pytest.importorskip("cupy")
    from agnostic_init.draws.engines.cuda import cupy as engine

    class Module:
        def load(self, cubin):
            self.cubin = cubin
            if cubin in refused:
                raise RuntimeError("CUDA_ERROR_INVALID_IMAGE")

        def get_function(self, name):
            return name, self.cubin

    variant = parameters.planned(NORMAL, block((8,)), (1,)).variant
    refused = []
    monkeypatch.setattr(cupy.cuda, "Module", Module)
    monkeypatch.setattr(cupy.cuda, "Device", lambda index: Device())
    compiled = SimpleNamespace(get_function=lambda name: (name, "compiled"))
    monkeypatch.setattr(cupy, "RawModule", lambda code, options: compiled)
    text = source(variant)
    assert engine.kernel.__wrapped__(variant, 0) == ("fill", cubin_of(text))
    refused.append(cubin_of(text))
    assert engine.kernel.__wrapped__(variant, 0) == ("fill", "compiled")
    other = parameters.planned(SHIFTED, block((8,)), (1,)).variant
    assert engine.kernel.__wrapped__(other, 0) == ("fill", "compiled")


def nvrtc():
    try:
        return shipping.compiler()
    except FileNotFoundError as error:
        return pytest.skip(str(error))


def test_without_nvrtc_it_is_said_where_it_is_from(monkeypatch):
    monkeypatch.setattr(shipping.importlib.util, "find_spec", lambda name: None)
    with pytest.raises(FileNotFoundError, match="try: pip install --group cubins"):
        shipping.compiler()


def test_nvrtc_makes_the_same_again_and_an_error_has_its_words():
    library = nvrtc()
    text = source(parameters.planned(uniform_draw(0.0, 1.0, "float32"), block((8,)), (1,)).variant)
    made = shipping.compiled(library, "sm_80", text)
    assert made[:4] == b"\x7fELF"
    assert shipping.compiled(library, "sm_80", text) == made
    with pytest.raises(RuntimeError, match="nvrtcCompileProgram for sm_80") as caught:
        shipping.compiled(library, "sm_80", "nonsense")
    assert "error" in caught.value.__notes__[0]
