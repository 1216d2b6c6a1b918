"""Tables of positions, beside their definitions."""

from __future__ import annotations

import math

import mpmath
import numpy as np
import pytest

import agnostic_init as ai

LENGTH, WIDTH = 40, 12
CASES = {
    "sinusoids": ai.sinusoidal_positions(),
    "sinusoids, halves": ai.sinusoidal_positions(order="halves", shift=1, start=2),
    "cos": ai.rotary_positions("cos"),
    "sin, halves": ai.rotary_positions("sin", pairs="halves", base=500000),
    "sin, interleaved": ai.rotary_positions("sin", pairs="interleaved", start=7),
    "frequency": ai.rotary_positions("frequency"),
    "slopes": ai.alibi_slopes(),
    "biases": ai.alibi_biases(),
}
SHAPE = (3, LENGTH, WIDTH)


@pytest.mark.parametrize("far", [0, 1, 1000, 10**6, 2**31, 2**40 + 7, -(10**6)])
@pytest.mark.parametrize("base", [10000.0, 500000.0])
def test_angles_are_right_however_far(far, base):
    with mpmath.workdps(60):
        angles = [far * mpmath.mpf(base) ** (mpmath.mpf(-2 * i) / 12) for i in range(6)]
        wanted = [float(each) for law in (mpmath.sin, mpmath.cos) for each in map(law, angles)]
    made = ai.sinusoidal_positions(base, "halves", start=far)
    np.testing.assert_allclose(made((1, 12), dtype="float64")[0], wanted, rtol=0, atol=2.3e-16)
    np.testing.assert_array_equal(made((1, 12))[0], np.float32(wanted))
    turned = ai.rotary_positions("cos", base, start=far)((1, 6), dtype="float64")
    np.testing.assert_allclose(turned[0], wanted[6:], rtol=0, atol=2.3e-16)


@pytest.mark.parametrize(
    "index", [np.s_[:], np.s_[1, ::-3, 2:9:2], np.s_[..., -1], np.s_[:, 5:5], np.s_[0, 1, 2]]
)
@pytest.mark.parametrize("name", CASES)
def test_a_block_is_cut_from_the_whole(name, index):
    init = CASES[name]
    whole = init(SHAPE)[index]
    assert np.array_equal(init(SHAPE, index=index), whole)
    out = np.full(whole.shape, np.nan, np.float32)
    assert np.array_equal(init.fill(out, index=index, global_shape=SHAPE), whole)


@pytest.mark.parametrize("name", CASES)
def test_every_library_makes_the_same(name, backend, xp):
    made = CASES[name](SHAPE, xp=xp)
    assert np.array_equal(backend.to_numpy(made), CASES[name](SHAPE))
    assert ai.get(CASES[name].to_dict()) == CASES[name]
    assert CASES[name].elementwise
    assert not CASES[name].needs_key
    assert CASES[name].describe(SHAPE).distribution == "table"


@pytest.mark.parametrize("dtype", ["float16", "bfloat16", "float8_e4m3fn", "float64", "complex64"])
@pytest.mark.parametrize("name", CASES)
def test_every_dtype(name, dtype):
    torch = pytest.importorskip("torch")
    made = CASES[name](SHAPE, xp=torch, dtype=dtype)
    single = torch.from_numpy(CASES[name](SHAPE))
    if dtype == "float64":
        torch.testing.assert_close(made.float(), single, rtol=1e-7, atol=1e-7)
    else:
        assert torch.equal(made, single.to(getattr(torch, dtype))) or dtype.startswith("float8")


def test_sinusoids_are_those_of_the_paper():
    torch = pytest.importorskip("torch")
    position = torch.arange(LENGTH, dtype=torch.float64)[:, None]
    scale = torch.exp(torch.arange(0, WIDTH, 2, dtype=torch.float64) * (-math.log(10000.0) / WIDTH))
    wanted = torch.zeros(LENGTH, WIDTH, dtype=torch.float64)
    wanted[:, 0::2], wanted[:, 1::2] = torch.sin(position * scale), torch.cos(position * scale)
    made = ai.sinusoidal_positions()((LENGTH, WIDTH), xp=torch, dtype="float64")
    torch.testing.assert_close(made, wanted, rtol=0, atol=1e-13)
    half = WIDTH // 2
    scale = torch.exp(torch.arange(half, dtype=torch.float64) * (-math.log(10000.0) / (half - 1)))
    wanted = torch.cat([torch.sin(position * scale), torch.cos(position * scale)], 1)
    made = ai.sinusoidal_positions(order="halves", shift=1)(
        (LENGTH, WIDTH), xp=torch, dtype="float64"
    )
    torch.testing.assert_close(made, wanted, rtol=0, atol=1e-13)


def test_an_offset_is_a_rotation_of_the_sinusoids():
    """What the paper chose them for."""
    table = ai.sinusoidal_positions()((LENGTH, WIDTH), dtype="float64")
    sines, cosines = table[:, 0::2], table[:, 1::2]
    frequency = ai.rotary_positions("frequency")(WIDTH // 2, dtype="float64")
    c, s = np.cos(3 * frequency), np.sin(3 * frequency)
    np.testing.assert_allclose(sines[3:], sines[:-3] * c + cosines[:-3] * s, atol=1e-13)


@pytest.mark.parametrize("base", [10000.0, 500000.0])
def test_rotations_are_those_of_torch_code(base):
    torch = pytest.importorskip("torch")
    # As Llama writes it, and transformers.
    frequency = 1.0 / (base ** (torch.arange(0, WIDTH, 2, dtype=torch.float64) / WIDTH))
    angles = torch.outer(torch.arange(LENGTH, dtype=torch.float64), frequency)
    shape, options = (LENGTH, WIDTH // 2), {"xp": torch, "dtype": "float64"}
    made = ai.rotary_positions("frequency", base)(WIDTH // 2, **options)
    torch.testing.assert_close(made, frequency, rtol=1e-14, atol=0)
    polar = ai.rotary_positions("polar", base)(shape, xp=torch, dtype="complex128")
    torch.testing.assert_close(
        polar, torch.polar(torch.ones_like(angles), angles), rtol=0, atol=1e-13
    )
    doubled = torch.cat([angles, angles], dim=-1)
    for part in ("cos", "sin"):
        made = ai.rotary_positions(part, base, "halves")((LENGTH, WIDTH), **options)
        torch.testing.assert_close(made, getattr(doubled, part)(), rtol=0, atol=1e-13)
        made = ai.rotary_positions(part, base, "interleaved")((LENGTH, WIDTH), **options)
        wanted = getattr(angles.repeat_interleave(2, dim=-1), part)()
        torch.testing.assert_close(made, wanted, rtol=0, atol=1e-13)


def test_scores_depend_on_the_distance_alone(backend, xp):
    """Rotated queries and keys, of positions that are far from 0."""
    q, k = (ai.normal()(WIDTH, key=n) for n in (0, 1))

    def rotated(x, start):
        cos, sin = (
            backend.to_numpy(
                ai.rotary_positions(part, pairs="halves", start=start)((1, WIDTH), xp=xp)
            )[0]
            for part in ("cos", "sin")
        )
        return x * cos + np.concatenate([-x[WIDTH // 2 :], x[: WIDTH // 2]]) * sin

    scores = [rotated(q, at + 5) @ rotated(k, at) for at in (0, 17, 1000)]
    np.testing.assert_allclose(scores, scores[0], atol=1e-4)


@pytest.mark.parametrize("heads", [1, 2, 6, 8, 12, 16, 20])
def test_slopes_are_those_of_the_authors_code(heads):
    def of_a_power(n):
        return [2 ** (-8 * (h + 1) / n) for h in range(n)]

    below = 2 ** math.floor(math.log2(heads))
    wanted = of_a_power(below) + of_a_power(2 * below)[0::2][: heads - below]
    np.testing.assert_allclose(ai.alibi_slopes()(heads, dtype="float64"), wanted, rtol=1e-15)
    assert ai.alibi_slopes()((heads, 1, 1)).shape == (heads, 1, 1)


def test_biases_are_slopes_times_distances():
    slopes = ai.alibi_slopes()((4, 1, 1))
    biases = ai.alibi_biases()((4, 6, 6))
    distance = np.arange(6)[:, None] - np.arange(6)
    assert np.array_equal(biases, -slopes * abs(distance))
    assert np.array_equal(ai.alibi_biases()((4, 1, 6)), biases[:, -1:])


@pytest.mark.parametrize("shape", [(1, 3, 3), (3, 1, 2), (6, 4, 2), (8, 1, 9), (12, 5, 5)], ids=str)
def test_bounds_of_biases_are_reached(shape):
    made, about = ai.alibi_biases()(shape, dtype="float64"), ai.alibi_biases().describe(shape)
    assert (made.min(), made.max()) == (about.low, about.high)
