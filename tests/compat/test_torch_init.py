"""torch.nn.init's contract, by its documentation and beside torch's own functions.

Samples are of fixed keys. Each Kolmogorov-Smirnov test raises a false alarm for 1 key in 10,000.
"""

from __future__ import annotations

import inspect
import math
import sys
import warnings

import numpy as np
import pytest
from scipy import stats

import agnostic_init as ai
from agnostic_init.compat import torch_init as init

torch = pytest.importorskip("torch")

theirs = torch.nn.init
# Releases before 2.8 list no names.
NAMES = getattr(theirs, "__all__", [n for n in init.__all__ if hasattr(theirs, n)])
ALARM = 1e-4
RANDOM = {
    "uniform_": {},
    "normal_": {},
    "trunc_normal_": {},
    "xavier_uniform_": {},
    "xavier_normal_": {},
    "kaiming_uniform_": {},
    "kaiming_normal_": {},
    "orthogonal_": {},
    "sparse_": {"sparsity": 0.25},
}


def empty(*shape, **options):
    return torch.full(shape, torch.nan, **options) if not options else torch.empty(shape, **options)


def filled(name, *shape, generator=0, dtype=torch.float32, **parameters):
    return getattr(init, name)(
        torch.empty(shape, dtype=dtype), **(RANDOM.get(name, {}) | parameters), generator=generator
    )


def fits(values, distribution, *args):
    return stats.kstest(np.asarray(values, np.float64).ravel(), distribution, args=args)[1] > ALARM


def test_every_name_is_there():
    assert set(NAMES) <= set(init.__all__)
    assert {"_calculate_correct_fan", "_calculate_fan_in_and_fan_out"} <= set(vars(init))


@pytest.mark.parametrize("name", [n for n in NAMES if n.endswith(("_", "gain"))])
def test_signatures_are_the_same(name):
    ours, others = (inspect.signature(getattr(m, name)).parameters for m in (init, theirs))
    assert list(ours) == list(others)
    for each in ours:
        assert (ours[each].default, ours[each].kind) == (others[each].default, others[each].kind)


# Gains ------------------------------------------------------------------------------------------

LINEAR = ["linear"] + [f"conv{t}{n}d" for t in ("", "_transpose") for n in (1, 2, 3)]


@pytest.mark.parametrize("name", [*LINEAR, "sigmoid", "tanh", "relu", "leaky_relu", "selu"])
@pytest.mark.parametrize("param", [None, 0, 0.01, 10, 0.2])
def test_gains(name, param):
    assert init.calculate_gain(name, param) == theirs.calculate_gain(name, param)


@pytest.mark.parametrize("param", [True, [1], {"a": "b"}])
def test_the_slope_must_be_a_number(param):
    with pytest.raises(ValueError, match="must be a number"):
        init.calculate_gain("leaky_relu", param)


@pytest.mark.parametrize("name", ["", "gelu", "Relu", "abcde"])
def test_other_gains_are_refused(name):
    with pytest.raises(ValueError, match="nonlinearity"):
        init.calculate_gain(name)


# Distributions ----------------------------------------------------------------------------------


@pytest.mark.parametrize("shape", [(40,), (40, 35), (5, 7, 6, 4)])
def test_uniform(shape):
    values = filled("uniform_", *shape, a=-1.5, b=2.0)
    assert fits(values, "uniform", -1.5, 3.5)
    assert values.min() >= -1.5
    assert values.max() < 2.0


@pytest.mark.parametrize("shape", [(40,), (40, 35), (5, 7, 6, 4)])
def test_normal(shape):
    assert fits(filled("normal_", *shape, mean=-1.5, std=2.0), "norm", -1.5, 2.0)


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64, torch.float16, torch.bfloat16])
@pytest.mark.parametrize(
    ("mean", "std", "a", "b"),
    [(0, 1, -2, 2), (1, 0.5, 0.5, 1.75), (0, 0.02, -2, 2), (0, 1, -0.5, math.inf)],
)
def test_truncated_normal(dtype, mean, std, a, b):
    values = filled("trunc_normal_", 10_000, mean=mean, std=std, a=a, b=b, dtype=dtype)
    assert values.min() >= a
    assert values.max() <= b
    assert fits(values.float(), "truncnorm", (a - mean) / std, (b - mean) / std, mean, std)


@pytest.mark.parametrize(("a", "b"), [(3, 10), (4, 1000), (8, 1e5), (8, math.inf), (-math.inf, -9)])
def test_far_tails_take_no_longer(a, b):
    with pytest.warns(UserWarning, match=r"mean is more than 2 std from \[a, b\]"):
        values = filled("trunc_normal_", 10_000, a=a, b=b, dtype=torch.float64)
    near = max(a, -b)
    # Of the part beyond `near`: one alarm in 10,000, and no more than 64 bits could give.
    assert values.abs().min() >= near
    tail = stats.norm.sf(values.abs().numpy()) / stats.norm.sf(near)
    assert stats.kstest(1 - tail, "uniform")[1] > ALARM


def test_a_truncated_normal_without_width_or_std():
    assert filled("trunc_normal_", 3, std=0.0).tolist() == [0, 0, 0]
    assert init.uniform_(empty(2), 1.0, 1.0).tolist() == [1, 1]
    with pytest.warns(UserWarning, match="far tail"):
        assert filled("trunc_normal_", 2, a=4.0, b=4.0).tolist() == [4, 4]


FANS = [((40, 30), 30, 40), ((20, 10, 5), 50, 100), ((8, 6, 3, 5), 90, 120)]


@pytest.mark.parametrize(("shape", "fan_in", "fan_out"), FANS)
@pytest.mark.parametrize("gain", [1, 0.3, math.sqrt(2)])
def test_xavier(shape, fan_in, fan_out, gain):
    std = gain * math.sqrt(2 / (fan_in + fan_out))
    bound = std * math.sqrt(3)
    assert fits(filled("xavier_normal_", *shape, gain=gain), "norm", 0, std)
    assert fits(filled("xavier_uniform_", *shape, gain=gain), "uniform", -bound, 2 * bound)


@pytest.mark.parametrize(("shape", "fan_in", "fan_out"), FANS)
@pytest.mark.parametrize("mode", ["fan_in", "fan_out"])
@pytest.mark.parametrize(
    ("a", "nonlinearity", "gain"),
    [(0, "leaky_relu", math.sqrt(2)), (1, "leaky_relu", 1), (5, "tanh", 5 / 3), (0, "linear", 1)],
)
def test_kaiming(shape, fan_in, fan_out, mode, a, nonlinearity, gain):
    std = gain / math.sqrt(fan_in if mode == "fan_in" else fan_out)
    bound = std * math.sqrt(3)
    parameters = {"a": a, "mode": mode, "nonlinearity": nonlinearity}
    assert fits(filled("kaiming_normal_", *shape, **parameters), "norm", 0, std)
    values = filled("kaiming_uniform_", *shape, **parameters)
    assert fits(values, "uniform", -bound, 2 * bound)
    assert values.abs().max() <= bound


# Structure --------------------------------------------------------------------------------------


@pytest.mark.parametrize("shape", [(3, 5), (5, 3), (4, 4), (0, 3)])
@pytest.mark.parametrize("dtype", [torch.float32, torch.bfloat16, torch.int64, torch.complex64])
def test_eye(shape, dtype):
    ones = torch.ones(shape, dtype=dtype)
    assert torch.equal(init.eye_(ones), torch.eye(*shape, dtype=dtype))


@pytest.mark.parametrize("groups", [1, 2, 3])
@pytest.mark.parametrize("shape", [(6, 4, 3), (12, 2, 4, 3), (6, 6, 2, 1, 5), (6, 0, 3)])
def test_dirac_is_torchs(shape, groups):
    assert torch.equal(
        init.dirac_(torch.ones(shape), groups), theirs.dirac_(torch.ones(shape), groups)
    )


@pytest.mark.parametrize("rank", [1, 2, 3])
@pytest.mark.parametrize("groups", [1, 3])
def test_dirac_keeps_its_channels(rank, groups):
    x = filled("normal_", 4, 3, *[7] * rank)
    weight = init.dirac_(torch.ones(9, 3, *[3] * rank), groups)
    y = getattr(torch.nn.functional, f"conv{rank}d")(x, weight, padding=1)
    per_group = 9 // groups
    for group in range(groups):
        part = y[:, group * per_group : (group + 1) * per_group]
        torch.testing.assert_close(part[:, :3], x)
        assert not part[:, 3:].any()


@pytest.mark.parametrize("name", ["ones_", "zeros_", "constant_"])
@pytest.mark.parametrize("dtype", [torch.float32, torch.float16, torch.int32, torch.bool])
def test_constants(name, dtype):
    values = {"val": 1} if name == "constant_" else {}
    for shape in ((3,), (2, 3), (0,), ()):
        result = getattr(init, name)(torch.empty(shape, dtype=dtype), **values)
        assert torch.equal(result, getattr(theirs, name)(torch.empty(shape, dtype=dtype), **values))


@pytest.mark.filterwarnings("ignore:.*quantized tensor creation:UserWarning")
@pytest.mark.parametrize("name", ["bits8", "float4_e2m1fn_x2", "int4", "uint16", "quint8"])
@pytest.mark.parametrize("function", ["zeros_", "ones_", "eye_", "normal_", "xavier_uniform_"])
def test_dtypes_that_torch_hardly_has(name, function):
    dtype = getattr(torch, name, None)
    if dtype is None:
        pytest.skip(f"this torch has no {name}")

    def outcome(module):
        tensor = torch.empty(2, 2, dtype=dtype)
        try:
            return getattr(module, function)(tensor) is tensor
        except Exception as error:  # noqa: BLE001 - whatever it is, ours must be one of these
            return type(error)

    ours, others = outcome(init), outcome(theirs)
    if (name == "uint16" and function == "eye_") or others is True:  # which torch lacks
        assert ours is True
    else:
        assert issubclass(ours, others)


def test_truth_values_are_numbers():
    for ours, other in (
        (init.trunc_normal_(empty(9), 0, 1, True, 2, generator=0), (0, 1, 1, 2)),
        (init.trunc_normal_(empty(9), False, True, generator=0), (0, 1)),
    ):
        assert torch.equal(ours, init.trunc_normal_(empty(9), *other, generator=0))
    for name in ("xavier_uniform_", "xavier_normal_", "orthogonal_"):
        assert torch.equal(filled(name, 3, 4, gain=True), filled(name, 3, 4, gain=1))
    assert torch.equal(filled("normal_", 5, std=True), filled("normal_", 5))
    assert torch.equal(filled("uniform_", 5, b=True), filled("uniform_", 5))


# Refusals: what torch itself says to the same call, in kind ------------------------------------

REFUSED = {
    "integers": lambda m: m.uniform_(torch.empty(3, dtype=torch.int64)),
    "integer normals": lambda m: m.normal_(torch.empty(3, dtype=torch.int32)),
    "integer truncated": lambda m: m.trunc_normal_(torch.empty(3, dtype=torch.int64)),
    "a > b": lambda m: m.uniform_(empty(3), 1, 0),
    "a > b, truncated": lambda m: m.trunc_normal_(empty(3), a=1, b=0),
    "NaN": lambda m: m.uniform_(empty(3), math.nan, 1),
    "infinite": lambda m: m.uniform_(empty(3), 0, math.inf),
    "negative std": lambda m: m.normal_(empty(3), 0, -1),
    "shared memory": lambda m: m.normal_(torch.empty(1).expand(3)),
    "xavier, rank 0": lambda m: m.xavier_uniform_(empty()),
    "xavier, rank 1": lambda m: m.xavier_normal_(empty(3)),
    "kaiming, rank 0": lambda m: m.kaiming_uniform_(empty()),
    "kaiming, rank 1": lambda m: m.kaiming_normal_(empty(3)),
    "negative gain": lambda m: m.xavier_normal_(empty(3, 3), -1),
    "mode": lambda m: m.kaiming_uniform_(empty(3, 3), mode="fan"),
    "nonlinearity": lambda m: m.kaiming_uniform_(empty(3, 3), nonlinearity="gelu"),
    "slope": lambda m: m.kaiming_normal_(empty(3, 3), a=True),
    "eye, rank 1": lambda m: m.eye_(empty(3)),
    "eye, rank 3": lambda m: m.eye_(empty(3, 3, 3)),
    "dirac, rank 2": lambda m: m.dirac_(empty(3, 3)),
    "dirac, rank 6": lambda m: m.dirac_(empty(1, 1, 1, 1, 1, 1)),
    "dirac, groups": lambda m: m.dirac_(empty(4, 3, 3), 3),
    "orthogonal, rank 1": lambda m: m.orthogonal_(empty(3)),
    "sparse, rank 1": lambda m: m.sparse_(empty(3), 0.1),
    "sparse, rank 3": lambda m: m.sparse_(empty(3, 3, 3), 0.1),
    "overflow": lambda m: m.constant_(torch.empty(3, dtype=torch.float16), 1e6),
}


@pytest.mark.parametrize("call", REFUSED.values(), ids=REFUSED)
def test_errors_are_of_torchs_kind(call):
    with pytest.raises(Exception) as reason:  # noqa: PT011
        call(theirs)
    with pytest.raises(type(reason.value)):
        call(init)


WORDS = {
    "b, infinite": (lambda: init.uniform_(empty(3), 0, math.inf), "`b` must be finite"),
    "a, infinite": (lambda: init.uniform_(empty(3), -math.inf, 0), "`a` must be finite"),
    "a, NaN": (lambda: init.trunc_normal_(empty(3), a=math.nan), "`a` must not be NaN"),
    "slope": (lambda: init.kaiming_normal_(empty(3, 3), a="x"), "`a` must be a number, the slope"),
    "nonlinearity": (
        lambda: init.kaiming_uniform_(empty(3, 3), nonlinearity="gelu"),
        "'selu', 'leaky_relu', got 'gelu'; try: agnostic_init.kaiming_normal or kaiming_uniform",
    ),
    "gain": (lambda: init.calculate_gain("gelu"), "got 'gelu'; try: agnostic_init.gain, which"),
    "shared memory": (
        lambda: init.normal_(torch.empty(1).expand(3)),
        "`tensor` must be writable, but it has elements that share memory",
    ),
}


@pytest.mark.parametrize(("call", "words"), WORDS.values(), ids=WORDS)
def test_messages_have_torchs_names_of_parameters(call, words):
    with pytest.raises(ValueError, match=words):
        call()


ONE_TENSOR = [*(n for n in NAMES if n.endswith("_") and n not in ("sparse_", "constant_"))]


@pytest.mark.parametrize("name", ONE_TENSOR)
def test_what_is_no_tensor_is_said_to_be_none(name):
    with pytest.raises(TypeError, match="`tensor` must be a tensor of torch or an array"):
        getattr(init, name)([1.0, 2.0])


@pytest.mark.parametrize("name", ONE_TENSOR)
def test_a_parameter_that_a_lazy_module_has_not_made(name):
    weight = torch.nn.LazyLinear(3).weight
    with pytest.raises(ValueError, match=r"Call `forward`|`tensor` must .* lazy"):
        getattr(init, name)(weight)


@pytest.mark.parametrize(
    "call",
    [
        lambda m: m.kaiming_normal_(torch.empty(0, 4)),
        lambda m: m.kaiming_uniform_(torch.empty(3, 0)),
        lambda m: m.trunc_normal_(torch.empty(3), a=5, b=6),
        lambda m: m.normal(torch.empty(3)),
        lambda m: m.eye(torch.empty(3, 3)),
    ],
    ids=["kaiming_normal_", "kaiming_uniform_", "trunc_normal_", "normal", "eye"],
)
def test_warnings_are_torchs_in_kind(call):
    said = []
    for module in (theirs, init):
        with warnings.catch_warnings(record=True) as caught:
            warnings.simplefilter("always")
            call(module)
        (one,) = caught
        said.append(one)
    assert said[0].category is said[1].category
    assert said[1].filename == __file__
    # So that a filter by torch's message holds; ours may say more.
    assert str(said[1].message).startswith(str(said[0].message).removesuffix("."))


@pytest.mark.parametrize("shape", [(0, 4), (4, 0), (0, 0)])
def test_a_tensor_without_elements_stays_one(shape):
    for name in ("uniform_", "normal_", "trunc_normal_", "xavier_uniform_", "xavier_normal_"):
        before = torch.empty(shape)
        assert getattr(init, name)(before) is before


@pytest.mark.parametrize("name", ["uniform_", "trunc_normal_", "kaiming_normal_", "eye_", "zeros_"])
def test_the_meta_device_is_left_alone(name):
    state = torch.get_rng_state()
    tensor = torch.empty(3, 3, device="meta")
    assert getattr(init, name)(tensor) is tensor
    assert torch.equal(state, torch.get_rng_state())


# Seeds ------------------------------------------------------------------------------------------


@pytest.fixture
def rng():
    state = torch.get_rng_state()
    yield
    torch.set_rng_state(state)


@pytest.mark.parametrize("name", ["uniform_", "normal_", "trunc_normal_", "kaiming_uniform_"])
def test_torchs_seed_governs_and_moves_on(name, rng):
    torch.manual_seed(7)
    first, second = (filled(name, 4, 5, generator=None) for _ in range(2))
    assert not torch.equal(first, second)
    torch.manual_seed(7)
    assert torch.equal(filled(name, 4, 5, generator=None), first)
    generator = torch.Generator().manual_seed(7)
    assert torch.equal(filled(name, 4, 5, generator=generator), first)
    assert torch.equal(filled(name, 4, 5, generator=generator), second)


def test_a_generator_is_a_key():
    key = ai.key(torch.Generator().manual_seed(3))
    values = filled("xavier_uniform_", 4, 5, generator=torch.Generator().manual_seed(3))
    assert torch.equal(values, ai.xavier_uniform()((4, 5), key=key, xp=torch))


def test_arrays_of_numpy_are_filled_alike(rng):
    for name in ("normal_", "kaiming_uniform_", "trunc_normal_", "dirac_", "ones_"):
        array = np.full((4, 3, 2), np.nan, np.float32)
        tensor = torch.empty(4, 3, 2)
        for each in (array, tensor):
            torch.manual_seed(5)
            assert getattr(init, name)(each) is each
        np.testing.assert_array_equal(array, tensor.numpy())


def test_without_torch_a_generator_is_asked_for(monkeypatch):
    monkeypatch.setitem(sys.modules, "torch", None)
    array = np.empty(3)
    with pytest.raises(TypeError, match="`generator` must be given"):
        init.normal_(array)
    assert np.isfinite(init.normal_(array, generator=np.random.default_rng(0))).all()


# Tensors ----------------------------------------------------------------------------------------


def test_autograd_sees_the_write_and_does_not_follow_it():
    weight = torch.nn.Parameter(torch.ones(3, 3))
    loss = (weight**2).sum()
    assert init.normal_(weight, generator=0) is weight
    assert weight.is_leaf
    assert weight.grad_fn is None
    with pytest.raises(RuntimeError, match="modified by an inplace operation"):
        loss.backward()
    (weight.sum()).backward()
    assert weight.grad is not None


@pytest.mark.parametrize("name", ["normal_", "kaiming_uniform_", "dirac_", "constant_"])
def test_memory_order_does_not_change_a_value(name):
    generator = {} if name in ("dirac_", "constant_") else {"generator": 0}
    value = {"val": 2.0} if name == "constant_" else {}
    plain = getattr(init, name)(torch.empty(4, 3, 5, 2), **value, **generator)
    last = torch.empty(4, 3, 5, 2, memory_format=torch.channels_last)
    strided = torch.zeros(8, 3, 2, 5)[::2].transpose(2, 3)
    for other in (last, strided):
        assert torch.equal(getattr(init, name)(other, **value, **generator), plain)


@pytest.mark.parametrize("dtype", [torch.bfloat16, torch.float16, torch.float8_e4m3fn])
@pytest.mark.parametrize("name", ["normal_", "xavier_normal_", "kaiming_normal_"])
def test_small_dtypes_are_float32_rounded(name, dtype):
    small, single = (filled(name, 32, 32, dtype=each) for each in (dtype, torch.float32))
    assert torch.equal(small.float(), single.to(dtype).float())


def test_complex_variance_is_that_of_the_modulus():
    for name in ("normal_", "xavier_uniform_", "kaiming_normal_"):
        values = filled(name, 100, 100, dtype=torch.complex64)
        scale = {"normal_": 1, "xavier_uniform_": 0.01, "kaiming_normal_": 0.02}[name]
        # The mean of 10,000 squares of unit mean and std at most 1; six of its stds are 0.06.
        assert abs(float((values.abs() ** 2).mean()) / scale - 1) < 0.06


def test_inference_mode():
    with torch.inference_mode():
        tensor = init.normal_(torch.empty(3), generator=0)
    assert torch.equal(tensor, filled("normal_", 3))
    with pytest.raises(RuntimeError, match="inference"):
        init.normal_(tensor)


def test_a_tensor_subclass_may_take_a_call_over():
    seen = []

    class Loud(torch.Tensor):
        @classmethod
        def __torch_function__(cls, function, types, args=(), kwargs=None):
            seen.append(getattr(function, "__name__", ""))
            return super().__torch_function__(function, types, args, kwargs)

    tensor = torch.empty(3, 3).as_subclass(Loud)
    seen.clear()
    init.uniform_(tensor, generator=0)
    assert "uniform_" in seen
    assert np.array_equal(tensor.tolist(), filled("uniform_", 3, 3).tolist())


def test_a_device_context_changes_nothing():
    with torch.device("meta"):
        tensor = init.uniform_(torch.empty(3, device="cpu"), generator=0)
    assert torch.equal(tensor, filled("uniform_", 3))


# Matrices ---------------------------------------------------------------------------------------


@pytest.mark.parametrize("shape", [(3, 4), (4, 3), (5, 5), (20, 2, 3, 4), (2, 3, 4, 5)])
@pytest.mark.parametrize("gain", [1, 0.7])
@pytest.mark.parametrize("dtype", [torch.float32, torch.float64, torch.complex64, torch.bfloat16])
def test_orthogonal(shape, gain, dtype):
    values = filled("orthogonal_", *shape, gain=gain, dtype=dtype)
    matrix = values.reshape(shape[0], -1).to(torch.complex128)
    matrix = matrix.T if matrix.shape[0] > matrix.shape[1] else matrix
    atol = 0.05 if dtype == torch.bfloat16 else 1e-6
    expected = gain**2 * torch.eye(matrix.shape[0], dtype=matrix.dtype)
    torch.testing.assert_close(matrix @ matrix.conj().T, expected, atol=atol, rtol=0)


def test_orthogonal_in_any_memory_order():
    last = torch.empty(8, 4, 3, 3).to(memory_format=torch.channels_last)
    torch.testing.assert_close(
        init.orthogonal_(last, generator=0), filled("orthogonal_", 8, 4, 3, 3), atol=1e-6, rtol=0
    )
    assert init.orthogonal_(torch.empty(0, 3)).shape == (0, 3)


@pytest.mark.parametrize("sparsity", [0.1, 0.125, 0.5, 0.07, 0, 1, 1.5])
@pytest.mark.parametrize("rows", [8, 30, 100])
def test_sparse_columns(sparsity, rows):
    values = filled("sparse_", rows, 40, sparsity=sparsity, std=0.2)
    zeros = (values == 0).sum(0)
    expected = (theirs.sparse_(torch.empty(rows, 40), sparsity, 0.2) == 0).sum(0)
    assert torch.equal(zeros, expected)
    if sparsity < 1:
        assert fits(values[values != 0], "norm", 0, 0.2)


def test_a_generator_governs_the_zeros_too(rng):
    for seed in (1, 2):
        torch.manual_seed(seed)
        one = filled("sparse_", 8, 8, generator=torch.Generator().manual_seed(0))
        assert torch.equal(one, filled("sparse_", 8, 8, generator=torch.Generator().manual_seed(0)))


def test_structure_is_in_autograd_no_more_than_draws_are():
    for name in ("orthogonal_", "sparse_", "eye_"):
        weight = torch.nn.Parameter(torch.ones(3, 3))
        before = weight._version
        getattr(init, name)(weight, **({"sparsity": 0.5} if name == "sparse_" else {}))
        assert weight.grad_fn is None
        assert weight._version > before


# Devices ----------------------------------------------------------------------------------------


@pytest.mark.gpu
@pytest.mark.skipif(not torch.cuda.is_available(), reason="no GPU")
def test_cuda(rng):
    for name in ("uniform_", "normal_", "trunc_normal_", "kaiming_normal_", "xavier_uniform_"):
        made = getattr(init, name)
        weights = []
        for _ in range(2):
            torch.manual_seed(3)
            before = torch.get_rng_state()
            weights.append(made(torch.empty(64, 32, device="cuda")))
            assert torch.equal(before, torch.get_rng_state())  # the device's own generator moved
        assert torch.equal(*weights)
        generated = [
            made(
                torch.empty(64, 32, device=device), generator=torch.Generator().manual_seed(3)
            ).cpu()
            for device in ("cpu", "cuda")
        ]
        assert torch.equal(*generated)
    with init.patch(key=0):
        one = torch.nn.Linear(8, 8, device="cuda")
    with init.patch(key=0):
        two = torch.nn.Linear(8, 8)
    assert torch.equal(one.weight.cpu(), two.weight)


@pytest.mark.gpu
def test_arrays_of_cupy():
    cupy = pytest.importorskip("cupy")
    if not cupy.cuda.is_available():
        pytest.skip("no GPU")
    for name in ("normal_", "kaiming_uniform_", "dirac_", "ones_"):
        options = {"generator": 0} if name in RANDOM else {}
        one, two = cupy.empty((4, 3, 2), "float32"), np.empty((4, 3, 2), "float32")
        for array in (one, two):
            assert getattr(init, name)(array, **options) is array
        np.testing.assert_array_equal(one.get(), two)


@pytest.mark.parametrize(
    ("call", "words"),
    [
        (lambda t: init.xavier_normal_(t, 1e300), "`gain` must be at most 1e+150"),
        (lambda t: init.xavier_uniform_(t, 1e200), "`gain` must be at most 1e+150, got 1e+200"),
        (lambda t: init.uniform_(t, 0.0, None), "`b` must be a real number, got None"),
        (lambda t: init.uniform_(t, "0"), "`a` must be a real number, got '0'"),
        (lambda t: init.trunc_normal_(t, b="x"), "`b` must be a real number, got 'x'"),
        (lambda t: init.trunc_normal_(t, 1j), "`mean` must be a real number, got 1j"),
        (lambda t: init.trunc_normal_(t, std=[]), "`std` must be a real number, got []"),
        (lambda t: init.kaiming_normal_(t, mode=0.02), "`mode` must be one of 'fan_in', 'fan_out'"),
        (lambda t: init.kaiming_uniform_(t, mode=[]), "`mode` must be one of"),
        (lambda t: init.kaiming_uniform_(t, nonlinearity=[]), "`nonlinearity` must be one of"),
        (lambda t: init.dirac_(t[..., None], 0), "`groups` must be positive, got 0"),
        (lambda t: init.dirac_(t[..., None], "2"), "`groups` must be an integer, got '2'"),
        (lambda t: init.sparse_(t, "x"), "`sparsity` must be a real number, got 'x'"),
        (lambda t: init.sparse_(t, math.inf), "`sparsity` must be finite, got inf"),
    ],
)
def test_what_no_number_or_name_is_has_words_of_ours(call, words):
    with pytest.raises((ai.ParameterError, ai.ParameterTypeError)) as caught:
        call(np.zeros((2, 2), np.float32))
    assert words in str(caught.value)


def test_a_sparsity_beyond_one_is_all_zeros_as_in_torch():
    assert not init.sparse_(np.ones((3, 2)), 1e300, generator=0).any()
