"""A generator's calls: new numbers each time, of folded keys, the same on every library."""

from __future__ import annotations

import copy
import pickle
import random
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest

import agnostic_init as ai

CALLS = [
    ("random", {}, ai.draws.uniform, {}),
    ("uniform", {"low": -2, "high": 3}, ai.draws.uniform, {"low": -2, "high": 3}),
    ("standard_normal", {}, ai.draws.normal, {}),
    ("normal", {"loc": 1, "scale": 0.5}, ai.draws.normal, {"mean": 1, "std": 0.5}),
    (
        "truncated_normal",
        {"loc": 1, "scale": 2, "lower": 0, "upper": 3, "bounds": "absolute"},
        ai.draws.truncated_normal,
        {"mean": 1, "std": 2, "lower": 0, "upper": 3, "bounds": "absolute"},
    ),
    ("bits", {}, ai.draws.bits, {}),
]


@pytest.mark.parametrize(("name", "own", "function", "known"), CALLS, ids=[c[0] for c in CALLS])
def test_call_number_n_draws_of_key_n(backend, xp, name, own, function, known):
    generator = ai.Generator(5, calls=7)
    made = getattr(generator, name)((3, 2), xp=xp, **own)
    expected = function((3, 2), key=ai.key(5).fold_in(7), **known)
    assert np.array_equal(backend.to_numpy(made), expected)
    assert generator.calls == 8
    again = getattr(generator, name)(size=(3, 2), **own)
    assert np.array_equal(again, function((3, 2), key=ai.key(5).fold_in(8), **known))
    assert not np.array_equal(again, expected)


def test_places_that_it_was_given(xp):
    generator = ai.Generator(0, xp=xp, dtype="float64" if "jax" not in xp.__name__ else "float16")
    made = generator.normal(3)
    assert type(made) is type(ai.draws.normal(3, key=0, xp=xp))
    assert str(made.dtype).endswith(("float64", "float16"))
    assert str(generator.normal(3, dtype="float32").dtype).endswith("float32")
    assert type(generator.normal(3, xp=np)) is np.ndarray
    assert str(generator.bits(3).dtype).endswith(("uint32", "int64"))
    (child,) = generator.spawn(1)
    assert type(child.normal(3)) is type(made)


def test_writes_where_it_is_told():
    generator, out = ai.Generator(0, dtype="float64"), np.empty((2, 3), np.float32)
    assert generator.random(out=out) is out
    assert np.array_equal(out, ai.draws.uniform((2, 3), key=ai.key(0).fold_in(0)))
    assert generator.normal().shape == ()


def test_is_a_key_whose_use_is_a_call():
    generator = ai.Generator("a name")
    first = ai.normal()((2, 2), key=generator)
    second = ai.normal()((2, 2), key=generator)
    assert np.array_equal(first, ai.normal()((2, 2), key=ai.key("a name").fold_in(0)))
    assert np.array_equal(second, ai.normal()((2, 2), key=ai.key("a name").fold_in(1)))
    assert ai.key(generator) == ai.key("a name").fold_in(2)


def test_children_have_streams_of_their_own():
    generator = ai.Generator(0, calls=3)
    first, second = generator.spawn(2)
    assert (generator.calls, first.calls) == (4, 0)
    assert (first.key, second.key) == ai.key(0).fold_in(3).split(2)


@pytest.mark.parametrize(
    "copied", [copy.copy, copy.deepcopy, lambda g: pickle.loads(pickle.dumps(g))]
)
def test_a_copy_goes_on_as_the_original_would(copied):
    generator = ai.Generator(3, dtype="float64")
    generator.normal(2)
    other = copied(generator)
    assert repr(other) == "Generator(Key(seed=3, offset=0), calls=1)"
    assert np.array_equal(other.normal(4), generator.normal(4))
    other.normal(4)
    assert (other.calls, generator.calls) == (3, 2)


def test_threads_get_numbers_of_their_own():
    generator = ai.Generator(0)
    with ThreadPoolExecutor(4) as pool:
        made = list(pool.map(lambda _: float(generator.normal()), range(64)))
    expected = {float(ai.draws.normal((), key=ai.key(0).fold_in(n))) for n in range(64)}
    assert set(made) == expected
    assert generator.calls == 64


REFUSED = {
    "as NumPy's, by position": (
        lambda g: g.normal(0.0, 1.0, 3),
        r"got normal\(0.0, 1.0, 3\); try: n",
    ),
    "a mean in the place of the size": (
        lambda g: g.normal(0.5),
        "`size` must be the only argument",
    ),
    "bounds by position": (lambda g: g.uniform(-1, 1), r"uniform\(size=..., low=..., high=...\)"),
    "a bad scale": (lambda g: g.normal(3, scale=-1), "`std` must"),
    "a word": (lambda g: g.random("3"), "`shape` must be an integer"),
    "an unknown name": (lambda g: g.random(3, sice=3), "sice"),
    "children of a negative number": (lambda g: g.spawn(-1), "`n` must be in"),
}


@pytest.mark.parametrize("case", REFUSED)
def test_what_is_refused_is_not_counted(case):
    call, words = REFUSED[case]
    generator = ai.Generator(0)
    with pytest.raises((TypeError, ValueError), match=words):
        call(generator)
    assert generator.calls == 0
    assert generator.normal(2).shape == (2,)


@pytest.mark.parametrize(
    ("call", "words"),
    [
        (lambda: ai.Generator(0.5), "`key` must be a Key"),
        (lambda: ai.Generator(0, calls=-1), "`calls` must not be negative"),
        (lambda: ai.Generator(0, calls=0.5), "`calls` must be an integer"),
        (lambda: ai.Generator(0, xp=np, like=np.ones(1)), "must not be given together with `xp`"),
    ],
)
def test_bad_generators(call, words):
    with pytest.raises((TypeError, ValueError), match=words):
        call()


def test_seeds_of_python_and_numpy():
    sequence = np.random.SeedSequence(7)
    low, high = (int(word) for word in sequence.generate_state(2, "uint32"))
    assert ai.key(sequence) == ai.key(sequence) == ai.Key(high << 32 | low)
    assert ai.key(sequence.spawn(1)[0]) != ai.key(sequence)
    source, twin = random.Random(1), random.Random(1)
    assert ai.key(source) == ai.Key(twin.getrandbits(64))
    assert ai.key(source) == ai.Key(twin.getrandbits(64))
    state = random.getstate()
    with pytest.raises(TypeError, match="`key` must be a Key"):
        ai.key(random)
    assert random.getstate() == state
