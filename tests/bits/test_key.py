"""Keys as values: known answers, derivation, and where they come from."""

from __future__ import annotations

import pickle

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import agnostic_init as ai

WORD64 = st.integers(0, 2**64 - 1)


def test_known_answers():
    key = ai.key(42)
    assert key == ai.Key(42, 0)
    assert key.fold_in(7) == ai.Key(7527850912803292081, 3344896577480189866)
    assert key.fold_in("encoder.weight") == ai.Key(15359472568564839545, 16895494822838840434)
    assert key.fold_in("encoder.weight") == key.fold_in(18357387540447490213)


@given(seed=WORD64, offset=WORD64, n=st.integers(0, 5))
def test_split_is_fold_in(seed, offset, n):
    key = ai.Key(seed, offset)
    assert key.split(n) == tuple(key.fold_in(i) for i in range(n))


@given(seed=WORD64, offset=WORD64, data=WORD64)
def test_fold_in_is_a_block_of_the_stream(seed, offset, data):
    words = ai.draws.bits(4, key=ai.Key(seed, (offset + data) % 2**64)).tolist()
    folded = ai.Key(seed, offset).fold_in(data)
    assert folded == ai.Key(words[1] << 32 | words[0], words[3] << 32 | words[2])


def test_a_key_is_a_value():
    key = ai.Key(3, 5)
    assert {key: 1}[ai.Key(3, 5)] == 1
    assert repr(key) == "Key(seed=3, offset=5)"
    assert pickle.loads(pickle.dumps(key)) == key
    assert ai.key(key) is key
    with pytest.raises(AttributeError):
        key.seed = 4


def test_names_and_integers():
    assert ai.key("a run") == ai.key("a run") != ai.key("another run")
    assert ai.key(np.uint64(2**64 - 1)) == ai.Key(2**64 - 1)
    assert ai.key(np.int32(7)) == ai.key(7)


@pytest.mark.parametrize("make", [np.random.default_rng, np.random.RandomState])
def test_a_numpy_generator_is_advanced(make):
    first, second = make(0), make(0)
    a, b = ai.key(first), ai.key(first)
    assert a != b
    assert (a, b) == (ai.key(second), ai.key(second))


def test_a_torch_generator_is_advanced():
    torch = pytest.importorskip("torch")
    first, second = torch.Generator().manual_seed(0), torch.Generator().manual_seed(0)
    a, b = ai.key(first), ai.key(first)
    assert a != b
    assert (a, b) == (ai.key(second), ai.key(second))


def test_a_jax_key_is_a_value():
    jax = pytest.importorskip("jax")
    new, old = jax.random.key(3), jax.random.PRNGKey(3)
    assert ai.key(new) == ai.key(new) == ai.key(old)
    assert ai.key(new) != ai.key(jax.random.key(4))


@pytest.mark.parametrize(
    ("source", "error", "words"),
    [
        (1.0, TypeError, "`key` must be a Key, an integer, a string"),
        (True, TypeError, "`key` must be a Key"),
        (None, TypeError, "`key` must be a Key"),
        (np.zeros(3), TypeError, "`key` must be a Key"),
        (-1, ValueError, r"`key` must be in \[0, 2\^64\)"),
        (2**64, ValueError, r"`key` must be in \[0, 2\^64\)"),
    ],
)
def test_what_is_no_key(source, error, words):
    with pytest.raises(error, match=words):
        ai.key(source)


def test_what_does_not_fold():
    with pytest.raises(TypeError, match="`data` must be an integer"):
        ai.key(0).fold_in(1.5)
    with pytest.raises(ValueError, match=r"`data` must be in \[0, 2\^64\)"):
        ai.key(0).fold_in(-1)
    for n in (-1, 2**24 + 1, 2**70):
        with pytest.raises(ValueError, match=r"`n` must be in \[0, 16777216\].*fold_in\(i\)"):
            ai.key(0).split(n)


def test_a_pickled_key_is_checked_again():
    key = ai.key(7).fold_in("a name")
    assert pickle.loads(pickle.dumps(key)) == key
    function, (_, offset) = key.__reduce__()
    with pytest.raises(ai.ParameterError, match=r"`seed` must be in \[0, 2\^64\)"):
        function(2**70, offset)
