"""torch's traces, transforms and modes: they follow operations, which a write to memory is not."""

from __future__ import annotations

import pytest

import agnostic_init as ai
from agnostic_init.compat import torch_init

torch = pytest.importorskip("torch")

from torch._subclasses.fake_tensor import FakeTensorMode
from torch.fx.experimental.proxy_tensor import make_fx
from torch.utils._python_dispatch import TorchDispatchMode

pytestmark = [
    pytest.mark.filterwarnings("ignore::torch.jit.TracerWarning"),
    # DeprecationWarning or, since 2.14, FutureWarning.
    pytest.mark.filterwarnings("ignore:.*torch.jit.* is (deprecated|not supported)"),
]

SHAPE = (6, 4)
INITIALIZERS = {
    "normal": ai.normal(),
    "orthogonal": ai.orthogonal(),
    "sparse": ai.sparse(0.5),
    "identity": ai.identity(),
    "ones": ai.ones(),
    "constant": ai.constant([1.0, 2.0, 3.0, 4.0]),
}


class Watching(TorchDispatchMode):
    """A mode of a user, which changes nothing."""

    def __torch_dispatch__(self, func, types, args=(), kwargs=None):
        return func(*args, **(kwargs or {}))


def under_a_mode(function):
    def call(x):
        with Watching():
            return function(x)

    return call


#: From a function, and a tensor to trace it with, to the values that it gives for that tensor.
FOLLOWED = {
    "jit.trace": lambda f, x: torch.jit.trace(f, x, check_trace=False)(x),
    "functionalize": lambda f, x: torch.func.functionalize(f)(x),
    "make_fx": lambda f, x: make_fx(f)(x)(x),
    "make_fx, fake": lambda f, x: make_fx(f, tracing_mode="fake")(x)(x),
    "make_fx, symbolic": lambda f, x: make_fx(f, tracing_mode="symbolic")(x)(x),
    "vmap": lambda f, x: torch.func.vmap(f)(torch.stack([x, x]))[1],
    "jvp": lambda f, x: torch.func.jvp(f, (x,), (torch.ones_like(x),))[0],
    "vjp": lambda f, x: torch.func.vjp(f, x)[0],
    "a mode": lambda f, x: under_a_mode(f)(x),
}


@pytest.fixture(params=FOLLOWED)
def followed(request):
    return FOLLOWED[request.param]


@pytest.fixture(params=INITIALIZERS)
def init(request):
    return INITIALIZERS[request.param]


def assert_values(got, init, dtype=torch.float32):
    expected = init(SHAPE, key=0, xp=torch, dtype=dtype)
    assert got.dtype == dtype
    # NumPy makes matrices for a trace, with other last bits than torch.
    tolerance = 1e-6 if not init.elementwise else 0
    torch.testing.assert_close(got, expected, rtol=tolerance, atol=tolerance)


def test_a_new_array_is_a_constant_of_the_trace(init, followed):
    got = followed(lambda x: x + init(SHAPE, key=0, xp=torch), torch.zeros(SHAPE))
    assert_values(got, init)


def test_a_write_is_part_of_the_trace(init, followed):
    got = followed(lambda x: init.fill(x.clone(), key=0), torch.zeros(SHAPE))
    assert_values(got, init)


@pytest.mark.parametrize("dtype", [torch.bfloat16, torch.float16, torch.float64, torch.complex64])
def test_every_dtype(dtype, followed):
    x = torch.zeros(SHAPE, dtype=dtype)
    init = INITIALIZERS["normal"]
    assert_values(followed(lambda x: x + init(SHAPE, key=0, like=x), x), init, dtype)
    assert_values(followed(lambda x: init.fill(x.clone(), key=0), x), init, dtype)


@pytest.mark.parametrize("name", ["jit.trace", "functionalize", "make_fx", "make_fx, fake"])
def test_eight_bits(name):
    """Which torch does not add, so they are compared as float32."""
    init, dtype = INITIALIZERS["normal"], torch.float8_e4m3fn
    expected = init(SHAPE, key=0, xp=torch, dtype=dtype).float()
    x = torch.zeros(SHAPE)
    got = FOLLOWED[name](lambda x: x + init(SHAPE, key=0, xp=torch, dtype=dtype).float(), x)
    assert torch.equal(got, expected)


def test_gradients_pass_by():
    init = INITIALIZERS["normal"]
    got = torch.func.grad(lambda x: (x * init(SHAPE, key=0, xp=torch)).sum())(torch.ones(SHAPE))
    assert_values(got, init)


def test_without_elements(followed):
    x = torch.zeros(0, 4)
    assert followed(lambda x: x + ai.normal()((0, 4), key=0, xp=torch), x).shape == (0, 4)
    assert followed(lambda x: ai.orthogonal().fill(x.clone(), key=0), x).shape == (0, 4)


def test_words_are_what_they_are(followed):
    x = torch.zeros(5, dtype=torch.int64)
    if followed is FOLLOWED["jvp"] or followed is FOLLOWED["vjp"]:
        pytest.skip("integers have no derivatives")
    got = followed(lambda x: x + ai.draws.bits(5, key=3, xp=torch, dtype="int64"), x)
    assert torch.equal(got, ai.draws.bits(5, key=3, xp=torch, dtype="int64"))


class Twice(torch.nn.Module):
    def __init__(self, init):
        super().__init__()
        self.init = init

    def forward(self, x):
        return x + self.init(SHAPE, key=0, xp=torch), self.init.fill(x.clone(), key=0)


def test_export(init):
    x = torch.zeros(SHAPE)
    program = torch.export.export(Twice(init), (x,))
    made, filled = program.module()(x)
    assert_values(made, init)
    assert_values(filled, init)


def test_fake_tensors_have_no_values(init):
    with FakeTensorMode() as mode:
        fake = torch.empty(SHAPE)
        assert init.fill(fake, key=0) is fake
        made = init(SHAPE, key=0, xp=torch, dtype="bfloat16")
        assert type(made) is type(fake)
        assert (made.shape, made.dtype) == (SHAPE, torch.bfloat16)
    init.fill(fake, key=0)
    assert type(init(SHAPE, key=0, like=mode.from_tensor(torch.empty(1)))) is torch.Tensor


def test_a_fake_model_draws_nothing(monkeypatch):
    from agnostic_init.draws.engines import host

    for name in ("fill", "new"):
        monkeypatch.setattr(host, name, lambda *_: pytest.fail("drew"))
    with FakeTensorMode():
        fake = torch.empty(1 << 20, 1 << 20)
        ai.normal().fill(fake, key=0)
        ai.orthogonal().fill(fake, key=0)
        ai.draws.normal((1 << 20, 1 << 20), key=0, xp=torch)


class Wrapper(torch.Tensor):
    """A tensor that holds another, as DTensor and quantized tensors do."""

    @staticmethod
    def __new__(cls, inner):
        return torch.Tensor._make_wrapper_subclass(cls, inner.shape, dtype=inner.dtype)

    def __init__(self, inner):
        self.inner = inner

    @classmethod
    def __torch_dispatch__(cls, func, types, args=(), kwargs=None):
        def unwrapped(x):
            return x.inner if isinstance(x, cls) else x

        args = torch.utils._pytree.tree_map(unwrapped, args)
        return func(*args, **(kwargs or {}))


def test_a_subclass_takes_the_write_over(init):
    inner = torch.zeros(SHAPE)
    init.fill(Wrapper(inner), key=0)
    assert_values(inner, init)


def test_torch_init_is_part_of_the_trace(followed):
    got = followed(lambda x: torch_init.normal_(x.clone(), generator=0), torch.zeros(SHAPE))
    assert torch.equal(got, torch_init.normal_(torch.empty(SHAPE), generator=0))


def test_torch_init_asks_for_a_generator_where_torchs_own_has_no_values():
    with pytest.raises(RuntimeError, match="`generator` must be given where torch follows"):
        make_fx(lambda x: torch_init.normal_(x.clone()), tracing_mode="fake")(torch.zeros(3))


def test_torch_init_leaves_fake_tensors_alone():
    with FakeTensorMode():
        fake = torch.empty(SHAPE)
        assert torch_init.trunc_normal_(torch_init.normal_(fake), a=9, b=10) is fake
