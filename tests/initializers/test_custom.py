"""Initializers that others write: classes, functions, names for them, and what they must not do."""

from __future__ import annotations

import dataclasses
import pickle
import types

import numpy as np
import pytest

import agnostic_init as ai
from agnostic_init.initializers import registry

KEY = ai.key("custom")
SHAPE = (6, 4)


class small(ai.CustomInitializer):
    """Delegates: the std follows from the shape."""

    gain: float = 1.0
    layout: str = "torch"

    def __post_init__(self):
        object.__setattr__(self, "gain", float(self.gain))

    def initializer(self, shape, dtype):
        fan_in, _ = ai.fans(shape, self.layout)
        return ai.truncated_normal(std=self.gain * (2 / (5 * fan_in)) ** 0.5)


class scaled_orthogonal(ai.CustomInitializer):
    """Delegates to what is no draw."""

    elementwise = False

    def initializer(self, shape, dtype):
        return {"name": "orthogonal", "gain": 1 / len(shape), "layout": "torch"}


class halves(ai.CustomInitializer):
    """Makes blocks by itself."""

    def block(self, shape, index, key, xp, dtype, device):
        options = {"index": index, "xp": xp, "dtype": dtype, "device": device}
        return ai.draws.uniform(shape, key=key, **options) / 2


@ai.from_function
def ranked(shape, key, xp, dtype, device, *, gain=1.0):
    """Whole arrays: the ranks of random numbers."""
    flat = ai.draws.uniform(int(np.prod(shape)), key=key, xp=xp, device=device)
    order = xp.argsort(flat)
    return xp.reshape(gain * xp.astype(order, dtype), shape)


@ai.from_function(needs_key=False)
def stairs(shape, key, xp, dtype, device):
    """Needs no key."""
    assert key is None or isinstance(key, ai.Key)
    return xp.reshape(xp.arange(int(np.prod(shape)), dtype=dtype, device=device), shape)


OWN = [
    small(),
    small(gain=2, layout="keras"),
    scaled_orthogonal(),
    halves(),
    ranked(),
    ranked(gain=3),
]
ALL = [*OWN, stairs()]


@pytest.fixture(autouse=True)
def own_names(monkeypatch):
    monkeypatch.setattr(registry, "_OWN", {})


@pytest.mark.parametrize("init", ALL, ids=repr)
def test_blocks_are_of_the_whole_on_every_library(backend, xp, init):
    expected = init(SHAPE, key=KEY)
    assert expected.shape == SHAPE
    assert expected.dtype == np.float32
    made = backend.to_numpy(init(SHAPE, key=KEY, xp=xp))
    same = np.testing.assert_array_equal
    if isinstance(init, scaled_orthogonal):
        same = lambda one, other: np.testing.assert_allclose(one, other, atol=1e-6)
    same(made, expected)
    index = (slice(4, 0, -2), 1)
    same(backend.to_numpy(init(SHAPE, key=KEY, xp=xp, index=index)), expected[index])
    if backend.name not in ("jax", "dask"):
        out = xp.empty(SHAPE, dtype=xp.float32)
        same(backend.to_numpy(init.fill(out, key=KEY)), expected)
        part = xp.empty((2, 4), dtype=xp.float32)
        init.fill(part, key=KEY, index=slice(2, 4), global_shape=SHAPE)
        same(backend.to_numpy(part), expected[2:4])


@pytest.mark.parametrize("init", ALL, ids=repr)
def test_they_are_values(init):
    assert init == pickle.loads(pickle.dumps(init))
    assert hash(init) == hash(pickle.loads(pickle.dumps(init)))
    assert dataclasses.replace(init) == init
    assert isinstance(init, ai.typing.Initializer)
    with pytest.raises(AttributeError):
        init.gain = 3


def test_descriptions():
    about = small(gain=2).describe((8, 10), "bfloat16")
    assert (about.initializer, about.distribution) == (
        "small(gain=2.0, layout='torch')",
        "truncated normal",
    )
    assert about.elementwise
    assert about.high == pytest.approx(2 * 2 * 0.2)
    assert (ranked().describe(SHAPE).distribution, ranked().describe(SHAPE).elementwise) == (
        "ranked",
        False,
    )
    assert halves().describe(SHAPE).elementwise
    assert not scaled_orthogonal().describe(SHAPE).elementwise


@pytest.mark.parametrize("init", OWN, ids=repr)
@pytest.mark.parametrize("dtype", ["float16", "bfloat16", "float8_e4m3fn"])
def test_low_precision_is_the_float32_rounded_once(init, dtype):
    ml_dtypes = pytest.importorskip("ml_dtypes")
    if isinstance(init, scaled_orthogonal) and dtype.startswith("float8"):
        pytest.skip("not offered")
    kind = np.float16 if dtype == "float16" else getattr(ml_dtypes, dtype)
    wide = init(SHAPE, key=KEY)
    small_one = init(SHAPE, key=KEY, dtype=dtype)
    assert np.array_equal(small_one.astype(np.float32), wide.astype(kind).astype(np.float32))
    if dtype == "float16":
        out = np.empty(SHAPE, np.float16)
        assert np.array_equal(init.fill(out, key=KEY), small_one)


def test_float64_is_asked_for_as_it_is():
    assert halves()(SHAPE, key=KEY, dtype="float64").dtype == np.float64
    expected = ai.draws.uniform(SHAPE, key=KEY, dtype="float64") / 2
    assert np.array_equal(halves()(SHAPE, key=KEY, dtype="float64"), expected)


def test_in_models(tmp_path):
    ai.register(name="test.small")(small)
    ai.register(ranked)
    assert small(3).to_dict() == {"name": "test.small", "gain": 3.0, "layout": "torch"}
    specs = {"a.w": (8, 10), "b.w": (4, 4), "c": (4, 5)}
    rules = {"a.*": {"name": "test.small", "gain": 2}, "b.*": "ranked", "c": ranked(gain=2)}
    plan = ai.plan_tree(specs, rules, key=5)
    made = plan.make()
    assert np.array_equal(made["a.w"], small(2)((8, 10), key=ai.key(5).fold_in("a.w")))
    filled = {name: np.empty(shape, np.float32) for name, shape in specs.items()}
    ai.fill_tree(filled, rules, key=5)
    assert all(np.array_equal(filled[name], made[name]) for name in specs)
    path = tmp_path / "m.safetensors"
    ai.checkpoint.write(plan, path)
    assert ai.checkpoint.plan_of_file(path) == plan
    registry._OWN.clear()
    with pytest.raises(ai.ParameterError, match="`name` must be that of an initializer"):
        ai.checkpoint.plan_of_file(path)


def test_an_entry_point_is_found_when_it_is_named(tmp_path, monkeypatch):
    (tmp_path / "lib_of_others.py").write_text(
        "import agnostic_init as ai\nclass tiny(ai.CustomInitializer):\n"
        "    std: float = 0.5\n    def initializer(self, shape, dtype):\n"
        "        return ai.normal(std=self.std)\n"
    )
    info = tmp_path / "lib_of_others-1.dist-info"
    info.mkdir()
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: lib-of-others\nVersion: 1\n")
    points = "[agnostic_init.initializers]\nlib.tiny = lib_of_others:tiny\n"
    (info / "entry_points.txt").write_text(points)
    monkeypatch.syspath_prepend(tmp_path)
    assert repr(ai.get({"name": "lib.tiny", "std": 2.0})) == "tiny(std=2.0)"
    assert ai.get("lib.tiny").to_dict() == {"name": "lib.tiny", "std": 0.5}


def test_a_definition_that_is_run_again_takes_the_place_of_the_old_one():
    def defined(std):
        class again(ai.CustomInitializer):
            def initializer(self, shape, dtype):
                return ai.normal(std=std)

        return ai.register(again)

    defined(1)
    second = defined(2)
    assert type(ai.get("again")) is second


def test_under_jit():
    jax = pytest.importorskip("jax")
    for init in (small(), halves()):
        made = jax.jit(lambda key, init=init: init(SHAPE, key=key, xp="jax"))(jax.random.key(0))
        assert np.array_equal(made, init(SHAPE, key=jax.random.key(0)))


def test_dask_computes_later():
    da = pytest.importorskip("dask.array")
    for init in (halves(), ranked()):
        lazy = init(SHAPE, key=KEY, xp=da, chunks=(3, 2))
        assert lazy.chunks == ((3, 3), (2, 2)) or lazy.npartitions == 1
        assert np.array_equal(lazy.compute(), init(SHAPE, key=KEY))


# What must be refused.


class bare(ai.Initializer):
    """Not a dataclass, and without draw or make."""


def function(shape, key, xp, dtype, device):
    return xp.zeros(shape, dtype=dtype, device=device)


def of_hook(result):
    return ai.from_function(types.FunctionType(result.__code__, {"np": np}, "wrong"))()


def define(**body):
    return type("defined", (ai.CustomInitializer,), body)


BAD = {
    "no hook": (lambda: define()(), TypeError, "`defined` must give one of initializer, array, bl"),
    "two hooks": (
        lambda: define(array=function, block=function),
        ValueError,
        "`defined` must give one of .*, got array and block",
    ),
    "a parameter called as a method": (
        lambda: define(__annotations__={"fill": "Any"}, array=function),
        ValueError,
        "`fill` must have another name, as that is a method of every initializer",
    ),
    "not hashable": (lambda: ranked(gain=[1]), TypeError, "`gain` must be hashable.* try: a tuple"),
    "another parameter": (lambda: ranked(loss=1), TypeError, "loss"),
    "no key": (lambda: ranked()(3), TypeError, "`key` must be given, as ranked is random"),
    "itself": (
        lambda: define(initializer=lambda self, shape, dtype: self)()(3, key=0),
        ValueError,
        "`initializer` must return another than itself",
    ),
    "no initializer": (
        lambda: define(initializer=lambda self, shape, dtype: 3)()(3, key=0),
        TypeError,
        "`what defined.initializer returns` must be an initializer",
    ),
    "claims to be elementwise": (
        lambda: define(initializer=lambda self, shape, dtype: ai.orthogonal())()((3, 3), key=0),
        ValueError,
        "`elementwise` must be False, as that of orthogonal.* try: elementwise = False",
    ),
    "claims to need no key": (
        lambda: define(initializer=lambda *_: ai.normal(), needs_key=False)()(3),
        ValueError,
        "`needs_key` must be True, as that of normal",
    ),
    "another shape": (
        lambda: of_hook(lambda shape, key, xp, dtype, device: xp.zeros(3, dtype=dtype))(4, key=0),
        ValueError,
        r"array` must return an array of the shape \(4,\), got \(3,\)",
    ),
    "another dtype": (
        lambda: of_hook(lambda shape, key, xp, dtype, device: np.zeros(shape))(4, key=0),
        ValueError,
        "must return an array of float32, got 'float64'; try: dtype=dtype",
    ),
    "a list": (
        lambda: of_hook(lambda shape, key, xp, dtype, device: [0] * 4)(4, key=0),
        TypeError,
        "must return an array of numpy, got",
    ),
    "of JAX's order": (
        lambda: ai.from_function(lambda key, shape, dtype: None),
        TypeError,
        r"`function` must be a function of \(shape, key, xp, dtype, device\)",
    ),
    "parameters by position": (
        lambda: ai.from_function(lambda shape, key, xp, dtype, device, gain=1: None),
        TypeError,
        "with its own parameters by keyword alone",
    ),
    "a class as function": (lambda: ai.from_function(bare), TypeError, "`function` must be a fun"),
    "no factory": (lambda: ai.register(3), TypeError, "`factory` must be a subclass of Custom"),
    "another class": (lambda: ai.register(dict), TypeError, "`factory` must be a subclass of Cu"),
    "an initializer": (lambda: ai.register(ranked()), TypeError, "`factory` must be a subclass"),
    "a function of arrays": (
        lambda: ai.register(function),
        TypeError,
        r"got one of \(shape, key, xp, dtype, device\); try: ai.from_function\(function\)",
    ),
    "a known name": (
        lambda: ai.register(ranked, name="normal"),
        ValueError,
        "`name` must be that of no other initializer, got 'normal'; try: 'mylib.normal'",
    ),
    "no name": (lambda: ai.register(ranked, name=""), TypeError, "`name` must be a string"),
    "a factory of nothing": (
        lambda: (ai.register(lambda: 3, name="of nothing"), ai.get("of nothing")),
        TypeError,
        "`of nothing` must return an initializer, got 3",
    ),
    "a bare subclass, its text": (
        lambda: repr(bare()),
        TypeError,
        "`bare` must be a subclass of Cus",
    ),
    "a bare subclass": (lambda: bare()(3, key=0), TypeError, "`bare` must give `draw` or `make`"),
}


@pytest.mark.parametrize("case", BAD)
def test_is_refused_in_words(case):
    call, kind, words = BAD[case]
    with pytest.raises(kind, match=words):
        call()


def test_a_registered_class_that_was_not_called_says_so():
    ai.register(ranked)
    with pytest.raises(
        ai.ParameterTypeError, match=r"must be an initializer, got the class ranked"
    ):
        ai.Rule("*", ranked)


def test_a_function_that_keeps_what_it_returns(backend, xp):
    if backend.name in ("jax", "dask"):
        pytest.skip("arrays that cannot be written")
    kept = xp.ones(3, dtype=xp.float32)

    @ai.from_function
    def keeping(shape, key, xp, dtype, device):
        return kept

    made = ai.init_tree({"a": (3,), "b": (3,)}, {"*": keeping()}, key=0, xp=xp)
    ai.zeros().fill(made["a"])
    assert backend.to_numpy(made["b"]).tolist() == [1, 1, 1]
    assert backend.to_numpy(kept).tolist() == [1, 1, 1]
