"""Keys made of JAX's: known ones, and those that a program traces."""

from __future__ import annotations

import numpy as np
import pytest

import agnostic_init as ai

jax = pytest.importorskip("jax")
jnp = jax.numpy

from agnostic_init.bits.jax_key import as_words

KEY = jax.random.key(7)


def number(pair):
    low, high = pair
    return int(high) << 32 | int(low)


def known(make, *arguments):
    """The key that `make` gives for traced arguments, once they are known."""
    seed, offset = jax.jit(lambda *traced: as_words(make(*traced)))(*arguments)
    return ai.Key(number(seed), number(offset))


@pytest.mark.parametrize("impl", ["threefry2x32", "rbg", "unsafe_rbg"])
def test_a_traced_key_is_the_known_one(impl):
    source = jax.random.key(7, impl=impl)
    assert known(ai.key, source) == ai.key(source)


def test_raw_words_are_a_key():
    assert (
        ai.key(jax.random.key_data(KEY)) == ai.key(KEY) == known(ai.key, jax.random.key_data(KEY))
    )


def test_a_known_key_stays_known_in_a_program():
    def program():
        assert ai.key(KEY).seed == expected
        return ai.normal()((3,), key=KEY)

    expected = ai.key(KEY).seed
    jax.jit(program).lower()


@pytest.mark.parametrize("data", [0, 5, 2**32, 2**64 - 1, "encoder.weight"])
def test_fold_in(data):
    assert known(lambda key: ai.key(key).fold_in(data), KEY) == ai.key(KEY).fold_in(data)
    twice = known(lambda key: ai.key(key).fold_in(data).fold_in(2), KEY)  # with an offset
    assert twice == ai.key(KEY).fold_in(data).fold_in(2)


def test_split():
    assert known(lambda key: ai.key(key).split(3)[2], KEY) == ai.key(KEY).split(3)[2]


@pytest.mark.parametrize("value", [0, 3, 2**31 - 1, -1])
@pytest.mark.parametrize("dtype", ["int32", "uint32", "int8"])
def test_a_traced_number(value, dtype):
    if not np.iinfo(dtype).min <= value <= np.iinfo(dtype).max:
        pytest.skip("not a number of the dtype")
    traced = jnp.asarray(value, dtype)
    assert known(ai.key, traced) == ai.key(value % 2**64)
    assert known(ai.key(9).fold_in, traced) == ai.key(9).fold_in(value % 2**64)


def test_a_traced_number_of_64_bits():
    with jax.enable_x64(True):
        for dtype, value in (("int64", -(2**40)), ("int64", 2**40 + 1), ("uint64", 2**63 + 5)):
            traced = jnp.asarray(value, dtype)
            assert known(ai.key(9).fold_in, traced) == ai.key(9).fold_in(value % 2**64)


USES = {
    "seed": lambda key: key.seed,
    "offset": lambda key: key.offset,
    "words": lambda key: key.words,
    "hash": hash,
    "equality": lambda key: key == key.fold_in(0),
    "NumPy's normals": lambda key: ai.normal()((3,), key=key),
    "NumPy's matrices": lambda key: ai.orthogonal()((3, 3), key=key, xp=np),
    "draws": lambda key: ai.draws.normal(3, key=key, dtype="float64"),
}


@pytest.mark.parametrize("use", USES.values(), ids=USES)
def test_what_is_not_known_is_refused_by_name(use):
    with pytest.raises(ai.ParameterTypeError, match="`key` must not be traced by JAX where"):
        jax.jit(lambda key: use(ai.key(key)))(KEY)


@pytest.mark.parametrize("words", [1, 3, 4])
def test_words_that_are_no_key(words):
    data = jnp.arange(words, dtype=jnp.uint32)
    with pytest.raises(
        ai.ParameterTypeError, match=f"`key` .* threefry2x32 .* got '{words} words'"
    ):
        ai.normal()((3,), key=data)
    with pytest.raises(ai.ParameterTypeError, match="wrap_key_data"):
        jax.jit(ai.key)(data)


ARRAYS = {
    "a float": jnp.ones(()),
    "a matrix": jnp.ones((2, 2), jnp.uint32),
    "a truth value": jnp.asarray(True),
}


@pytest.mark.parametrize("source", ARRAYS.values(), ids=ARRAYS)
def test_arrays_that_are_no_key(source):
    with pytest.raises(ai.ParameterTypeError, match="`key` must be a Key, an integer"):
        ai.key(source)
    with pytest.raises(ai.ParameterTypeError, match="`key` must be a Key, an integer"):
        jax.jit(ai.key)(source)


def test_many_keys():
    for make in (ai.key, jax.jit(ai.key)):
        with pytest.raises(
            ai.ParameterTypeError, match=r"`key` must be a single .* try: .*jax.vmap"
        ):
            make(jax.random.split(KEY))


def test_folding_in_what_is_no_number():
    with pytest.raises(ai.ParameterTypeError, match="`data` must be an integer"):
        jax.jit(lambda x: ai.key(0).fold_in(x))(1.5)
    with pytest.raises(ai.ParameterError, match="`data` must be in"):
        jax.jit(lambda key: ai.key(key).fold_in(-1))(KEY)


def test_its_text_says_what_it_is():
    texts = []
    jax.jit(lambda key: texts.append(repr(ai.key(key))))(KEY)
    assert texts == ["Key(traced by JAX)"]
