"""Initializers made of others: constant rows, masks, blocks."""

from __future__ import annotations

import numpy as np
import pytest

import agnostic_init as ai
from agnostic_init.arrays.errors import ParameterError, ParameterTypeError

NORMAL = ai.normal()
CASES = {
    "rows": ai.constant_rows(NORMAL, [1, -1], 0.5),
    "zero rows": ai.zero_rows(NORMAL, range(2, 4)),
    "mask": ai.masked(NORMAL, np.arange(30).reshape(6, 5) % 3 == 0),
    "mask, broadcast": ai.masked(NORMAL, [1, 0, 1, 1, 0]),
    "blocks": ai.blocks([NORMAL, "ones", ai.uniform()], [1, 2, 3]),
    "columns": ai.blocks([NORMAL, ai.constant_rows("ones", 0)], [2, 3], axis=-1),
    "orthogonal blocks": ai.blocks([ai.orthogonal(), ai.orthogonal()]),
    "nested": ai.zero_rows(ai.blocks([NORMAL, NORMAL]), 0),
}
SHAPE = (6, 5)
INDICES = [
    np.s_[:],
    np.s_[2:5],
    np.s_[::-1],
    np.s_[5:0:-2, ::2],
    np.s_[1],
    np.s_[3, 1:],
    np.s_[4:2],
    np.s_[..., 2],
    np.s_[-1, -1],
    np.s_[:, ::-1],
]


@pytest.mark.parametrize("name", CASES)
def test_what_is_made(name):
    normal = NORMAL(SHAPE, key=0)
    one, other = (ai.orthogonal()((3, 5), key=ai.key(0).fold_in(n)) for n in range(2))
    first = NORMAL((3, 5), key=ai.key(0).fold_in(0))
    second = NORMAL((3, 5), key=ai.key(0).fold_in(1))
    expected = {
        "rows": lambda: [*normal[:1], np.full(5, 0.5), *normal[2:5], np.full(5, 0.5)],
        "zero rows": lambda: [*normal[:2], *np.zeros((2, 5)), *normal[4:]],
        "mask": lambda: np.where(np.arange(30).reshape(6, 5) % 3 == 0, normal, 0),
        "mask, broadcast": lambda: normal * [1, 0, 1, 1, 0],
        "blocks": lambda: [
            *NORMAL((1, 5), key=ai.key(0).fold_in(0)),
            *np.ones((2, 5)),
            *ai.uniform()((3, 5), key=ai.key(0).fold_in(2)),
        ],
        "columns": lambda: np.concatenate(
            [NORMAL((6, 2), key=ai.key(0).fold_in(0)), [[0] * 3] + [[1] * 3] * 5], axis=1
        ),
        "orthogonal blocks": lambda: np.concatenate([one, other]),
        "nested": lambda: [np.zeros(5), *first[1:], *second],
    }[name]()
    np.testing.assert_array_equal(CASES[name](SHAPE, key=0), np.array(expected, np.float32))


@pytest.mark.parametrize("index", INDICES, ids=str)
@pytest.mark.parametrize("name", CASES)
def test_a_block_is_cut_from_the_whole(name, index):
    init = CASES[name]
    whole = init(SHAPE, key=0)[index]
    np.testing.assert_array_equal(init(SHAPE, key=0, index=index), whole)
    if whole.shape:
        out = np.full(whole.shape, np.nan, np.float32)
        init.fill(out, key=0, index=index, global_shape=SHAPE)
        np.testing.assert_array_equal(out, whole)


@pytest.mark.parametrize("name", CASES)
def test_every_library_makes_the_same(name, backend, xp):
    init = CASES[name]
    made = init(SHAPE, key=0, xp=xp)
    tolerance = 0 if init.elementwise else 1e-6
    found = backend.to_numpy(made)
    np.testing.assert_allclose(found, init(SHAPE, key=0), rtol=0, atol=tolerance)
    if backend.name not in ("jax", "dask"):
        np.testing.assert_array_equal(
            backend.to_numpy(init.fill(xp.empty_like(made), key=0)), found
        )


@pytest.mark.parametrize("dtype", ["bfloat16", "float16", "float8_e4m3fn", "float64", "complex64"])
@pytest.mark.parametrize("name", ["rows", "mask", "blocks", "columns"])
def test_every_dtype(name, dtype):
    torch = pytest.importorskip("torch")
    init = CASES[name]
    if dtype == "complex64" and name == "blocks":
        init = ai.blocks([NORMAL, "ones"])
    made = init(SHAPE, key=0, xp=torch, dtype=dtype)
    assert made.dtype is getattr(torch, dtype)
    filled = init.fill(torch.empty_like(made), key=0)
    assert torch.equal(made.view(torch.uint8), filled.view(torch.uint8))
    if dtype not in ("complex64", "float64"):
        np.testing.assert_allclose(made.float(), init(SHAPE, key=0), rtol=0.1, atol=0.01)


@pytest.mark.parametrize("name", CASES)
def test_there_and_back(name):
    init = CASES[name]
    assert ai.get(init.to_dict()) == init
    assert hash(ai.get(init.to_dict())) == hash(init)
    assert init.needs_key
    assert init.describe(SHAPE).shape == SHAPE


@pytest.mark.parametrize(
    ("init", "shape"),
    [
        (ai.zero_rows("normal", 0), (4, 5000)),
        (ai.zero_rows("normal", [0, -4]), (4, 5000)),  # one row, by two names
        (ai.constant_rows(ai.uniform(1.0, 3.0), range(3), 7.0), (4, 5000)),
        (ai.masked("normal", [[1], [0], [1], [1]]), (4, 5000)),
        (ai.masked(ai.constant(2.0), [1, 0]), (3, 2)),
        (ai.constant_rows("normal", range(4), 0.5), (4, 3)),
    ],
)
def test_what_is_described_is_of_all_elements(init, shape):
    about, made = init.describe(shape), init(shape, key=0).astype(float)
    assert about.mean == pytest.approx(made.mean(), abs=0.03)
    assert about.std == pytest.approx(made.std(), abs=0.03)
    assert about.low is None or about.low <= made.min() + 1e-3
    assert about.high is None or about.high >= made.max() - 1e-3


def test_what_is_not_known_of_the_other_is_not_of_all():
    assert ai.zero_rows("hippo_input", 0).describe(5).std is None
    assert ai.zero_rows(ai.he_normal("torch"), 0).describe((8, 4)).fan_in == 4
    assert ai.masked("normal", [1, 0]).describe((0, 2)).mean == 0.0


def test_constants_need_no_key():
    assert not ai.zero_rows("ones", 0).needs_key
    assert ai.blocks(["ones", "zeros"])(4).tolist() == [1, 1, 0, 0]
    assert ai.zero_rows("ones", 0).elementwise
    assert not CASES["orthogonal blocks"].elementwise


BAD = [
    (
        lambda: ai.zero_rows("ones", 4)((4, 2)),
        ParameterError,
        "`rows` must be within the first",
    ),
    (lambda: ai.zero_rows("ones", -5)(4), ParameterError, "of length 4, got (-5,)"),
    (lambda: ai.zero_rows("ones", 0)(()), ParameterError, "of length none"),
    (lambda: ai.zero_rows("ones", "a"), ParameterTypeError, "`rows` must be an index"),
    (lambda: ai.zero_rows("ones", 1.5), ParameterTypeError, "`rows` must be an index"),
    (lambda: ai.zero_rows("ones", [1.5]), ParameterTypeError, "`rows` must be an index"),
    (lambda: ai.zero_rows("one", 0), ParameterError, "must be that of an initializer"),
    (lambda: ai.constant_rows("ones", 0, "a"), ParameterTypeError, "`value`"),
    (lambda: ai.masked("ones", [2, 0]), ParameterTypeError, "`mask` must be truth values"),
    (lambda: ai.masked("ones", []), ParameterTypeError, "`mask` must be truth values"),
    (lambda: ai.masked("ones", "ab"), ParameterTypeError, "`mask` must be truth values"),
    (lambda: ai.masked("ones", [1, 0])((2, 3)), ParameterError, "must broadcast to the shape"),
    (lambda: ai.masked("ones", [[1]])(3), ParameterError, "must broadcast to the shape"),
    (lambda: ai.blocks("ones"), ParameterTypeError, "`inits` must be a sequence"),
    (lambda: ai.blocks([]), ParameterError, "`inits` must not be empty"),
    (lambda: ai.blocks(["ones"], [1, 2]), ParameterError, "`sizes` must be 1 lengths"),
    (lambda: ai.blocks(["ones"], [-1]), ParameterError, "`sizes` must be 1 lengths"),
    (lambda: ai.blocks(["ones"], axis="x"), ParameterTypeError, "`axis` must be an integer"),
    (lambda: ai.blocks(["ones"], axis=1)(3), ParameterError, "`axis` must be one of"),
    (lambda: ai.blocks(["ones"] * 2)(3), ParameterError, "as 2 does not divide 3"),
    (lambda: ai.blocks(["ones"] * 2, [1, 1])(3), ParameterError, "must add up to axis 0"),
]


@pytest.mark.parametrize(("make", "error", "said"), BAD, ids=map(str, range(len(BAD))))
def test_bad_input(make, error, said):
    with pytest.raises(error) as caught:
        make()
    assert said in str(caught.value)


@pytest.mark.parametrize(
    ("call", "words"),
    [
        (lambda: ai.blocks(np.array(0.25)), "`inits` must be a sequence of initializers"),
        (lambda: ai.blocks({"zeros": 1}), "`inits` must be a sequence of initializers, got {"),
        (lambda: ai.blocks(["ones"], sizes=3), "`sizes` must be 1 lengths, one for each init"),
        (lambda: ai.blocks(["ones"], axis=True), "`axis` must be an integer, got True"),
        (lambda: ai.zero_rows("ones", np.array(0.5)), "`rows` must be an index, or a sequence"),
        (lambda: ai.zero_rows("ones", {0: 1}), "`rows` must be an index, or a sequence of these"),
        (lambda: ai.masked("ones", [[1], [1, 0]]), "`mask` must be truth values, or zeros and"),
        (lambda: ai.masked("ones", object()), "`mask` must be truth values, or zeros and ones"),
    ],
    ids=range(8),
)
def test_what_is_no_sequence_is_refused_in_words(call, words):
    with pytest.raises((ai.ParameterError, ai.ParameterTypeError)) as caught:
        call()
    assert words in str(caught.value)


def test_what_is_known_of_blocks_is_said_of_them_all():
    init = ai.blocks([ai.uniform(-1, 3), "ones", ai.constant(-2.0)], [6, 3, 3])
    about = init.describe((12, 5))
    values = ai.uniform(-1, 3)((6, 40_000), key=0)
    every = np.concatenate([values, np.ones((3, 40_000)), np.full((3, 40_000), -2.0)])
    assert (about.low, about.high) == (-2, 3)
    assert about.mean == pytest.approx(every.mean(), abs=0.01)
    assert about.std == pytest.approx(every.std(), abs=0.01)
    matrices = ai.blocks([ai.orthogonal(), "zeros"]).describe((4, 2))
    assert matrices.std == pytest.approx(0.5)
    unknown = ai.blocks([ai.constant([1.0, 2.0]), ai.hippo()]).describe((4, 2))
    assert (unknown.mean, unknown.std) == (None, None)
    assert ai.blocks(["ones", "zeros"]).describe(0).mean is None
