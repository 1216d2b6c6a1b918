"""Filling a model in one call: the values of every way, and nothing that another way would refuse."""

from __future__ import annotations

import hashlib
import subprocess
import sys

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import agnostic_init as ai
from agnostic_init.draws.engines import host, native
from agnostic_init.models import filling
from agnostic_init.models.at_once import fill_at_once

RULES = [
    ("*.bias", ai.zeros()),
    ("*.scale", ai.constant(-0.3)),
    ("*.table", ai.uniform(-1, 1)),
    ("*", ai.normal(std=0.02)),
]


# Of others: files to read, or to load, of which NumPy has read none.
UNWANTED = "array_api_compat", "cmath", "dataclasses", "difflib", "hashlib", "pathlib", "threading"


@pytest.fixture(autouse=True)
def _native():
    if not host.in_use():
        pytest.skip("without the native library nothing is filled at once")


@pytest.fixture
def alone(monkeypatch):
    """Fails where arrays are not filled at once."""

    def fill(*args):
        pytest.fail("not at once")

    monkeypatch.setattr(filling, "fill", fill)


def model(xp, dtype="float32"):
    kind = getattr(xp, dtype)
    shapes = {"a.weight": (64, 33), "a.bias": (33,), "a.scale": (), "b.weight": (64, 33)}
    shapes |= {"b.table": (5, 3, 2), "b.bias": (2000,), "é.weight": (70_000,)}
    return {name: xp.full(shape, 7.0, dtype=kind) for name, shape in shapes.items()}


def one_by_one(arrays, rules, key):
    for name, array in arrays.items():
        rule = next(rule for rule in (ai.Rule(*each) for each in rules) if rule.matches(name))
        rule.initializer.fill(array, key=ai.key(key).fold_in(name))
    return arrays


@pytest.mark.parametrize("dtype", ["float32", "float64", "float16"])
def test_numpy(dtype, alone):
    ours, theirs = model(np, dtype), model(np, dtype)
    assert ai.fill_tree(ours, RULES, key=5) is ours
    one_by_one(theirs, RULES, 5)
    for name in ours:
        assert ours[name].tobytes() == theirs[name].tobytes(), name


@pytest.mark.parametrize("dtype", ["float32", "float64", "float16", "bfloat16"])
def test_torch(dtype, alone):
    torch = pytest.importorskip("torch")
    ours, theirs = model(torch, dtype), model(torch, dtype)
    ours["a.weight"] = torch.nn.Parameter(ours["a.weight"])
    versions = [each._version for each in ours.values()]
    ai.fill_tree(ours, dict(RULES), key=5)
    one_by_one(theirs, RULES, 5)
    for name in ours:
        assert torch.equal(ours[name], theirs[name]), name
    assert all(each._version > old for each, old in zip(ours.values(), versions, strict=True))


@pytest.mark.parametrize("dtype", ["float32", "float64", "float16", "bfloat16"])
@pytest.mark.parametrize("number", [0.0, 1, -0.5, 0.3, -7e-6, 1e-7, 2.0**-149, 3e4, 65504.0])
def test_constants_are_those_of_the_library(number, dtype, alone):
    torch = pytest.importorskip("torch")
    ours = {str(n): torch.full((n,), 7.0, dtype=getattr(torch, dtype)) for n in (1, 15, 3000)}
    ai.fill_tree(ours, {"*": ai.constant(number)}, key=0)
    for each in ours.values():
        wanted = ai.constant(number).fill(torch.empty_like(each))
        assert torch.equal(each, wanted)
        assert torch.equal(each.signbit(), wanted.signbit())


@pytest.mark.parametrize("number", [-0.0, np.nan, np.inf, 1j])
def test_other_numbers_are_left_to_the_library(number):
    dtype = np.complex64 if isinstance(number, complex) else np.float64
    array = np.full(4, 7.0, dtype)
    assert not fill_at_once(["a"], [array], [("a", ai.constant(number))], ai.key(0))
    assert (array == 7.0).all()
    ai.fill_tree({"a": array}, {"a": ai.constant(number)}, key=0)
    np.testing.assert_array_equal(array, np.full(4, number, dtype))
    assert np.signbit(array.real).all() == np.signbit(np.real(number))


@given(
    st.lists(st.text(max_size=300), min_size=1, max_size=20),
    st.integers(0, 2**64 - 1),
    st.integers(0, 2**64 - 1),
)
def test_names_fold_in_as_they_do_one_by_one(names, seed, offset):
    encodable = [name for name in names if not any("\ud800" <= c <= "\udfff" for c in name)]
    key = ai.Key(seed, offset)
    outs = np.zeros((len(encodable), 4), np.uint32)
    record, _ = native.packed(ai.draws.distributions.bits_draw("uint32"))
    starts = np.array([each.ctypes.data for each in outs], np.uint64)
    if encodable:
        native.fill_named([record], [4], np.zeros(len(encodable), int), starts, encodable, key)
    for name, out in zip(encodable, outs, strict=True):
        digest = hashlib.blake2b(name.encode(), digest_size=8).digest()
        folded = key.fold_in(int.from_bytes(digest, "little"))
        assert (out == ai.draws.bits(4, key=folded)).all()


def _torch_cases():
    torch = pytest.importorskip("torch")
    freed = torch.full((4,), 7.0)
    freed.untyped_storage().resize_(0)
    short = torch.full((4,), 7.0)
    short.untyped_storage().resize_(8)
    with torch.inference_mode():
        inference = torch.full((4,), 7.0)
    leaf = torch.nn.Parameter(torch.full((4,), 7.0))
    marked = torch.full((4,), 7.0)
    marked.ds_shape = (8,)

    class Own(torch.Tensor):
        pass

    whole = torch.full((4, 4), 7.0)
    return {
        "freed": [freed],
        "short": [short],
        "inference": [inference],
        "computed": [leaf * 2],
        "view of computed": [(leaf * 2)[:2]],
        "marked": [marked],
        "subclass": [torch.full((4,), 7.0).as_subclass(Own)],
        "strided": [whole[:, 0]],
        "expanded": [torch.full((1,), 7.0).expand(4)],
        "meta": [torch.empty(4, device="meta")],
        "sparse": [torch.eye(3).to_sparse()],
        "quantized": [torch.quantize_per_tensor(torch.ones(4), 0.1, 0, torch.qint8)],
        "integers": [torch.zeros(4, dtype=torch.int32)],
        "negative": [torch.full((4,), 7j, dtype=torch.complex64).conj().imag],
        "conjugate": [torch.full((4,), 7.0, dtype=torch.complex64).conj()],
        "empty": [torch.empty(0, 4)],
        "overlapping": [whole, whole[1:3]],
        "twice": [whole, whole],
        "two libraries": [whole, np.full(4, 7.0, np.float32)],
        "no array": [whole, "a"],
        "nested": [torch.nested.nested_tensor([torch.ones(2), torch.ones(3)])],
    }


@pytest.mark.filterwarnings("ignore:The PyTorch API of nested tensors", "ignore:torch.quantize")
@pytest.mark.parametrize(
    "case",
    [
        *("freed", "short", "inference", "computed", "view of computed", "marked", "subclass"),
        *("strided", "expanded", "meta", "sparse", "quantized", "integers", "negative"),
        *("conjugate", "empty", "overlapping", "twice", "two libraries", "no array", "nested"),
    ],
)
def test_unusual_tensors_are_left_as_they_are(case):
    torch = pytest.importorskip("torch")
    first, last = torch.full((4,), 7.0), torch.full((4,), 7.0)
    assert not _filled(first, case, last)
    assert (first == 7).all()
    assert (last == 7).all()


def _filled(first, case, last):
    """Apart from the test, whose report would read the memory of the freed ones."""
    outs = [first, *_torch_cases()[case], last]
    return fill_at_once([f"{n}" for n in range(len(outs))], outs, [("*", ai.normal())], ai.key(0))


def test_tensors_that_something_follows_are_left():
    torch = pytest.importorskip("torch")
    from torch.utils._python_dispatch import TorchDispatchMode

    class Mode(TorchDispatchMode):
        def __torch_dispatch__(self, function, types, args=(), kwargs=None):
            return function(*args, **kwargs or {})

    out = torch.full((4,), 7.0)
    with Mode():
        assert not fill_at_once(["a"], [out], [("*", ai.normal())], ai.key(0))
    seen = []
    torch.func.vmap(
        lambda row: seen.append(fill_at_once(["a"], [row], [("*", ai.normal())], ai.key(0))) or row
    )(torch.zeros(2, 3))
    assert seen == [False]


def _numpy_cases():
    fixed = np.full(4, 7.0)
    fixed.flags.writeable = False
    return {
        "read-only": fixed,
        "fortran": np.full((4, 4), 7.0, order="F"),
        "swapped": np.full(4, 7.0, ">f4" if sys.byteorder == "little" else "<f4"),
        "strided": np.full((4, 4), 7.0)[:, 1],
        "masked": np.ma.array(np.full(4, 7.0)),
        "broadcast": np.broadcast_to(np.full(1, 7.0), 4),
        "unaligned": np.zeros(33, np.uint8)[1:].view(np.float64),
        "empty": np.empty((0, 3)),
        "objects": np.full(4, None),
        "text": np.full(4, "a"),
        "number": np.float64(7.0),
    }


@pytest.mark.parametrize("case", list(_numpy_cases()))
def test_unusual_arrays_are_left_as_they_are(case):
    outs = [np.full(4, 7.0), _numpy_cases()[case]]
    assert not fill_at_once(["a", "b"], outs, [("*", ai.normal())], ai.key(0))
    assert (outs[0] == 7).all()


@pytest.mark.parametrize(
    ("names", "rules"),
    [
        (["a", "b"], [("a", ai.normal())]),  # a name without a rule
        (["a", "b"], [("*", ai.normal()), ("b", ai.ones())]),  # a rule without a name
        (["a", "b"], [("*", ai.normal(), "float64")]),  # another dtype
        (["a", "b"], [("*", ai.orthogonal())]),
        (["a", "b"], [("*", ai.constant([1.0, 2.0, 3.0, 4.0]))]),
        (["a", "b"], [("*", ai.constant([1.0, 2.0]))]),  # which does not fit
        (["a", "b"], [("*", ai.normal(mean=1e39))]),  # which float32 cannot hold
        (["a", "b"], [("*", "nothing")]),
        (["a", "b"], []),
        (["a", "b"], iter([("*", ai.normal())])),
        (["a", ""], [("*", ai.normal())]),
        (["a", 3], [("*", ai.normal())]),
        (["a", "\ud800"], [("*", ai.normal())]),
    ],
)
def test_unusual_rules_and_names_are_left(names, rules):
    outs = [np.full(4, 7.0, np.float32), np.full(4, 7.0, np.float32)]
    assert not fill_at_once(names, outs, rules, ai.key(0))
    assert all((out == 7).all() for out in outs)


def test_a_rule_of_the_same_dtype_is_no_obstacle(alone):
    array = np.empty(4, np.float32)
    ai.fill_tree({"a": array}, [ai.Rule("a", "ones", np.float32)], key=0)
    assert (array == 1).all()


def test_neighbours_are_no_overlap(alone):
    whole = np.empty(12, np.float32)
    ai.fill_tree({"b": whole[4:8], "a": whole[:4], "c": whole[8:]}, {"*": ai.normal()}, key=0)
    for name, part in {"a": whole[:4], "b": whole[4:8], "c": whole[8:]}.items():
        assert (part == ai.normal()(4, key=ai.key(0).fold_in(name))).all()


def test_the_first_use_imports_little():
    """What the first fill of a process does not need: a quarter of a millisecond each, or more."""
    code = """
        import sys
        import numpy as np
        arrays = {"a.weight": np.empty((64, 64), np.float32), "a.bias": np.empty(64)}
        before = set(sys.modules)
        import agnostic_init as ai
        ai.fill_tree(arrays, [("*.bias", ai.zeros()), ("*", ai.normal(std=0.02))], key=0)
        print(*sorted(set(sys.modules) - before))
    """
    code = "\n".join(line.strip() for line in code.splitlines())
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    loaded = done.stdout.split()
    own = [name for name in loaded if name.startswith("agnostic_init")]
    assert "agnostic_init.models.at_once" in own
    assert len(own) <= 34, own
    assert not {*UNWANTED} & {*loaded}
