"""Weights out of files: any block on any library, resized, and every failure in words."""

from __future__ import annotations

import numpy as np
import pytest
import safetensors.numpy

import agnostic_init as ai
from agnostic_init.arrays.errors import ParameterError, ParameterTypeError
from agnostic_init.checkpoint import pretrained, resizing, write
from agnostic_init.storage import checkpoint

W = ai.normal()((6, 4), key=0)
KEY = ai.key(7)


@pytest.fixture
def path(tmp_path):
    made = {"w": W, "n": np.arange(5), "half": W.astype("f2"), "large": W * np.float32(1e30)}
    safetensors.numpy.save_file(made, tmp_path / "m.safetensors")
    return str(tmp_path / "m.safetensors")


CASES = {
    "same": (lambda p: pretrained(p, "w"), (6, 4)),
    "smaller": (lambda p: pretrained(p, "w", "corner", ai.zeros()), (3, 2)),
    "corner": (lambda p: pretrained(p, "w", "corner", ai.normal(std=3)), (9, 7)),
    "wide and low": (lambda p: pretrained(p, "w", "corner", ai.normal(std=3)), (2, 7)),
    "repeat": (lambda p: pretrained(p, "w", "repeat"), (13, 9)),
    "rows": (lambda p: pretrained(p, "w", "rows"), (11, 4)),
    "more positions": (lambda p: pretrained(p, "w", "interpolate"), (11, 4)),
    "more of a grid": (lambda p: pretrained(p, "w", "grid+2:2x2:3x4"), (14, 4)),
    "fewer of a grid": (lambda p: pretrained(p, "w", "grid:2x3:2x2"), (4, 4)),
    "fewer positions": (lambda p: pretrained(p, "w", "interpolate"), (3, 4)),
}


@pytest.fixture(params=list(CASES))
def case(request, path):
    init, shape = CASES[request.param]
    return init(path), shape


def test_any_block_is_that_of_the_whole(case):
    init, shape = case
    whole = init(shape, key=KEY)
    assert whole.shape == shape
    for index in (
        (slice(1, 3), slice(None)),
        (slice(None, None, -2), slice(1, None, 2)),
        (slice(0, 0), slice(None)),
        (2, slice(None)) if shape[0] > 2 else (1, slice(None)),
        (slice(None), 1),
        (slice(2, None), slice(0, 2)),
    ):
        part = init(shape, key=KEY, index=index)
        np.testing.assert_allclose(part, whole[index], rtol=1e-6, strict=True)


def test_every_library(case, backend):
    init, shape = case
    made = init(shape, key=KEY, xp=backend.xp)
    np.testing.assert_allclose(backend.to_numpy(made), init(shape, key=KEY), rtol=1e-6)


def test_what_is_made(path):
    def made(name, shape):
        return CASES[name][0](path)(shape, key=KEY)

    assert np.array_equal(made("same", (6, 4)), W)
    assert np.array_equal(made("smaller", (3, 2)), W[:3, :2])
    fresh = ai.normal(std=3)((9, 7), key=KEY)
    fresh[:6, :4] = W
    assert np.array_equal(made("corner", (9, 7)), fresh)
    assert np.array_equal(made("repeat", (13, 9)), np.tile(W, (3, 3))[:13, :9])
    assert np.array_equal(made("rows", (11, 4))[:6], W)
    more = made("more positions", (11, 4))
    assert np.array_equal(more[::2], W)
    np.testing.assert_allclose(more[1::2], (W[1:] + W[:-1]) / 2, rtol=1e-6)
    assert np.array_equal(made("more positions", (1, 4)), W[:1])


def test_new_rows_have_the_mean_and_covariance_of_the_old(tmp_path, monkeypatch):
    monkeypatch.setattr(resizing, "ROWS", 17)
    rng = np.random.default_rng(0)
    old = (rng.normal(size=(200, 3)) @ [[1, 0.5, 0], [0, 2, 0], [0, 0, 0.1]] + [5, 0, -1]).astype(
        "f4"
    )
    safetensors.numpy.save_file({"w": old}, tmp_path / "m.safetensors")
    made = pretrained(str(tmp_path), "w", "rows")((20_200, 3), key=KEY)
    new = made[200:]
    assert np.abs(new.mean(axis=0) - old.mean(axis=0)).max() < 0.1
    np.testing.assert_allclose(np.cov(new.T), np.cov(old.T), rtol=0.1, atol=0.02)
    assert not np.array_equal(made, pretrained(str(tmp_path), "w", "rows")((20_200, 3), key=0))


@pytest.mark.parametrize("dtype", ["float64", "float16", "bfloat16"])
def test_other_dtypes_are_rounded_once(path, dtype):
    if dtype == "bfloat16":
        pytest.importorskip("ml_dtypes")
    made = pretrained(path, "w")((6, 4), key=KEY, dtype=dtype)
    assert np.array_equal(made, W.astype(made.dtype))
    assert np.array_equal(
        pretrained(path, "half")((6, 4), key=KEY, dtype="float64"), W.astype("f2")
    )


def test_only_what_is_needed_is_read(path, monkeypatch):
    seen = []
    own = checkpoint.Checkpoint.storage

    class Watched:
        def __init__(self, array):
            self.array, self.shape = array, array.shape

        def __getitem__(self, index):
            found = self.array[index]
            if isinstance(found, np.ndarray) and found.size < self.array.size:
                seen.append(found.size)
            return Watched(found) if found.size == self.array.size else found

    monkeypatch.setattr(
        checkpoint.Checkpoint, "storage", lambda self, name: Watched(own(self, name))
    )
    part = pretrained(path, "w")((6, 4), key=KEY, index=slice(1, 2))
    assert np.array_equal(part, W[1:2])
    assert seen == [4]


def test_a_file_that_changes_is_read_again(path):
    init = pretrained(path, "w")
    assert np.array_equal(init((6, 4), key=KEY), W)
    safetensors.numpy.save_file({"w": W[:5] + 1}, path)
    assert np.array_equal(init((5, 4), key=KEY), W[:5] + 1)


def test_it_goes_into_a_new_file(path, tmp_path):
    rules = {"w": pretrained(path, "w", "corner", ai.normal()), "b": "zeros"}
    plan = ai.init_tree({"w": (9, 7), "b": (3,)}, rules, key=1, dry_run=True)
    write(plan, tmp_path / "new.safetensors")
    read = safetensors.numpy.load_file(tmp_path / "new.safetensors")
    assert np.array_equal(read["w"], ai.init_tree({"w": (9, 7), "b": (3,)}, rules, key=1)["w"])


BAD = [
    (lambda p: pretrained(p, "larg"), (6, 4), "float32", "`tensor` must be one of the file, got 'larg'; try: large"),
    (lambda p: pretrained(p, "w"), (6, 5), "float32", r"tensor 'w' of .*`shape` must be \(6, 4\)"),
    (lambda p: pretrained(p, "w", "repeat"), (6,), "float32", r"must have as many axes as \(6, 4\)"),
    (lambda p: pretrained(p, "w", "rows"), (5, 4), "float32", r"as many rows as \(6, 4\) or more"),
    (lambda p: pretrained(p, "w", "rows"), (8, 5), "float32", "differ from .* in the first axis alone"),
    (lambda p: pretrained(p, "w", "interpolate"), (8, 5), "float32", "in the first axis alone"),
    (lambda p: pretrained(p, "n", "rows"), (8,), "int64", "must be 'corner' or 'repeat' of integers"),
    (lambda p: pretrained(p, "n"), (5,), "float32", "`dtype` must be int64, which has other values"),
    (lambda p: pretrained(p, "w"), (6, 4), "int64", "`dtype` must be float32"),
    (lambda p: pretrained(p, "w"), (6, 4), "complex64", "`dtype` must be float32"),
    (lambda p: pretrained(p, "large"), (6, 4), "float16", r"`dtype` must hold .*e\+30, got 'float16'"),
]  # fmt: skip


@pytest.mark.parametrize(("init", "shape", "dtype", "words"), BAD, ids=range(len(BAD)))
def test_every_failure_names_the_tensor(path, init, shape, dtype, words):
    with pytest.raises(ParameterError, match=words):
        init(path)(shape, key=KEY, dtype=dtype)


def test_bad_parameters(path):
    with pytest.raises(ParameterError, match="`resize` must be one of 'corner', 'repeat'"):
        pretrained(path, "w", "crop")
    with pytest.raises(ParameterError, match="`fresh` must be given for the rest of a corner"):
        pretrained(path, "w", "corner")
    with pytest.raises(ParameterTypeError, match="`path` must be a path"):
        pretrained(3, "w")
    with pytest.raises(ParameterTypeError, match="`tensor` must be a name"):
        pretrained(path, 3)
    with pytest.raises(FileNotFoundError):
        pretrained(path + "x", "w")((6, 4), key=KEY)
