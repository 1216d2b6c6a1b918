"""What docs/stream.md says of the evaluation, followed to the letter, has the reference's bits."""

from __future__ import annotations

import math
import random

import numpy as np
import pytest

from agnostic_init.draws import reference
from agnostic_init.draws.quantile import quantile
from agnostic_init.draws.record import Draw, Tail

INF = math.inf
A, B, C, D, E, F = *reference.CENTER, *reference.NEAR_TAIL, *reference.FAR_TAIL


def poly(x, c):
    value = c[-1]
    for coefficient in c[-2::-1]:
        value = value * x + coefficient
    return value


def log(x):
    f, e = math.frexp(x)
    f, e = (f, -e) if f >= math.sqrt(0.5) else (2 * f, 1 - e)
    s = (f - 1) / (f + 1)
    return -e * math.log(2) + s * poly(s * s, [2 / (2 * n + 1) for n in range(11)])


def central(k, K, q):
    c = k * q.step + q.middle
    if abs(c) <= 0.425:
        t = 0.180625 - c * c
        return (c * poly(t, A)) / poly(t, B)
    p = (K + k) * q.step + q.left if c < 0 else (K - k) * q.step + q.right
    r = math.sqrt(-log(p))
    z = poly(r - 1.6, C) / poly(r - 1.6, D) if r <= 5 else poly(r - 5, E) / poly(r - 5, F)
    return -z if c < 0 else z


def inverse_mills(z):
    v = z
    for n in range(8, 0, -1):
        v = n / v + z
    return v


def tail(k, K, q):
    def moved(e):
        return e * 2 / (math.sqrt(e * 2 + q.bound * q.bound) + q.bound) + q.bound

    e = s = -log((K - k if q.sign > 0 else K + k) * q.step + q.ratio)
    for _ in range(4):
        z, near = inverse_mills(moved(e)), inverse_mills(q.bound)
        d = (z - near) / (z + near)
        t = d * d
        e = s - d * (((t * (2 / 7) + 0.4) * t + 2 / 3) * t + 2)
    return q.sign * moved(e)


@pytest.mark.parametrize(
    ("lower", "upper"),
    [(-INF, INF), (-2, 2), (-1, 3), (0, INF), (4, 1000), (-INF, -7), (29.9, 30.1), (35, 35.001),
     (-40, -39), (1000, INF)],
)  # fmt: skip
@pytest.mark.parametrize("bits", [24, 53])
def test_the_evaluation_on_the_page_has_the_references_bits(lower, upper, bits):
    q = quantile(float(lower), float(upper), bits)
    numbers = random.Random(0)
    limit = 1 << bits
    m = [
        0,
        1,
        limit // 2 - 1,
        limit // 2,
        limit - 1,
        *(numbers.randrange(limit) for _ in range(200)),
    ]
    draw = Draw("quantile", "float32" if bits == 24 else "float64", quantile=q)
    known = reference.quantile_of(draw, np, np.array(m, float)).tolist()
    by_page = tail if isinstance(q, Tail) else central
    assert [by_page(float(2 * each + 1 - limit), float(limit), q) for each in m] == known
