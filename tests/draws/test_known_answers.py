"""The first values of stream v1, on every library."""

from __future__ import annotations

import numpy as np
import pytest

import agnostic_init as ai

WORDS = "9ceaf053 77f5493b 12bf50ad 5742b3d7 fcdb2127 53ba6cfd 838f5a6e 744e06fb"
UNIFORM = [0.9177295565605164, 0.9581486582756042, 0.7473247647285461, 0.2605566382408142]
NORMAL = [1.3899606, 1.7295952, 0.66609496, -0.6416302]
TRUNCATED = [1.2743076, 1.5325191, 0.63128054, -0.60842925]


def test_words(backend, xp):
    words = backend.to_numpy(ai.draws.bits(8, key=42, xp=xp))
    assert " ".join(f"{word:08x}" for word in words.tolist()) == WORDS


@pytest.mark.parametrize(
    ("draw", "expected"),
    [
        (ai.draws.uniform, UNIFORM),
        (ai.draws.normal, NORMAL),
        (ai.draws.truncated_normal, TRUNCATED),
    ],
)
def test_floats(backend, xp, draw, expected):
    values = draw((2, 2), key=42, xp=xp)
    assert values.shape == (2, 2)
    result = backend.to_numpy(values)
    assert result.dtype == np.float32
    assert np.array_equal(result.ravel(), np.array(expected, np.float32))


def test_the_symmetric_uniform_is_one_multiplication(backend, xp):
    values = backend.to_numpy(ai.draws.uniform(1000, -0.3, 0.3, key=5, xp=xp))
    m = (ai.draws.bits(1000, key=5) & 0xFFFFFF).astype(np.int32)
    assert np.array_equal(values, ((m - 2**23) * 2.0**-23).astype(np.float32) * np.float32(0.3))


def test_float64_has_53_bits(backend, xp):
    if backend.name == "jax":
        pytest.skip("needs x64; tested in test_jax.py")
    values = backend.to_numpy(ai.draws.uniform(4, key=42, xp=xp, dtype="float64"))
    words = [int(word, 16) for word in WORDS.split()]
    whole = [(hi << 32 | lo) & (2**53 - 1) for lo, hi in zip(words[::2], words[1::2], strict=True)]
    assert values.tolist() == [w * 2.0**-53 for w in whole]
