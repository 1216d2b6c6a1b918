"""Which launches many arrays are filled by, and what these are told."""

from __future__ import annotations

import numpy as np
import pytest

from agnostic_init.arrays.errors import ParameterError
from agnostic_init.bits.block import block
from agnostic_init.bits.key import Key
from agnostic_init.draws.distributions import normal_draw, truncated_normal_draw, uniform_draw
from agnostic_init.draws.engines.cuda.many import launches
from agnostic_init.draws.engines.cuda.shared import LARGEST, room
from agnostic_init.draws.engines.cuda.source import OF_ARRAY, OF_DRAW

NORMAL = normal_draw(0.0, 0.02, "float32")
FEW, MANY = room((9, 0), (12, 0)), room((9, 0), (12, 1), (13, 0))
ARRAY_WORDS, DRAW_WORDS = sum(OF_ARRAY.values()), sum(OF_DRAW.values())


def test_room():
    assert (FEW, MANY) == (4096, 32760)
    assert room((6, 1), (13, 0), (13, 0)) == FEW
    assert MANY % 8 == 0 <= 32764 - MANY


def jobs_of(*sizes, draw=NORMAL, start=0):
    """Arrays that lie one after another."""
    jobs = []
    for n, size in enumerate(sizes):
        jobs.append((draw, Key(n, 2 * n), block((size,)), (1,), start))
        start += 16 * size + 64
    return jobs


def made(jobs, most=MANY):
    return launches(jobs, lambda: most)


def told(plan):
    """Head and words of a launch for many arrays."""
    found = np.frombuffer(plan.arguments(0), np.uint32)[2:].tolist()
    return found[:2], found[2:]


def test_small_arrays_share_a_launch():
    sizes = [64 * 64, 1, 5000]
    (plan,) = made(jobs_of(*sizes))
    (arrays, chunks), words = told(plan)
    assert (arrays, chunks) == (3, 1 + 1 + 2)
    assert plan.units == chunks * plan.variant.threads
    assert plan.variant.many == len(words) == (MANY - 16) // 4
    rows = [words[n * ARRAY_WORDS : (n + 1) * ARRAY_WORDS] for n in range(3)]
    assert [row[8] for row in rows] == sizes
    assert [row[9] for row in rows] == [0, 1, 2]  # the first chunk of each
    assert [row[10] for row in rows] == [3 * ARRAY_WORDS] * 3  # one draw, after the arrays
    assert [row[2] for row in rows] == [0, 1, 2]
    assert [row[4] for row in rows] == [0, 2, 4]


def test_a_launch_for_each_kernel_and_each_table():
    truncated = truncated_normal_draw(0.0, 1.0, -2.0, 2.0, "sigma", "parent", "float32")
    draws = [
        NORMAL,
        normal_draw(0.0, 0.1, "float32"),
        truncated,
        normal_draw(0.0, 0.1, "bfloat16"),
        normal_draw(1.0, 0.1, "float32"),
        uniform_draw(0.0, 1.0, "float32"),
    ]
    jobs = [job for n, d in enumerate(draws) for job in jobs_of(9, 9, draw=d, start=n << 20)]
    plans = made(jobs)
    kinds = [(plan.variant.kind, plan.variant.finish, told(plan)[0][0]) for plan in plans]
    assert kinds == [
        ("TABLE", "FACTOR", 4),  # of two scales
        ("TABLE", "FACTOR", 2),
        ("COARSE", "FACTOR", 2),
        ("TABLE", "SHIFTED", 2),
        ("UNIFORM", "FACTOR", 2),
    ]
    assert plans[0].variant == plans[1].variant
    assert plans[0].quantile != plans[1].quantile


@pytest.mark.parametrize(("most", "each"), [(FEW, 90), (MANY, 742)])
def test_what_has_no_room_is_told_to_another_launch(most, each):
    plans = made(jobs_of(*[64] * (2 * each + 5)), most)
    assert [told(plan)[0][0] for plan in plans] == [each, each, 5]
    assert each == ((most - 16) // 4 - DRAW_WORDS) // ARRAY_WORDS
    assert {len(plan.arguments(0)) for plan in plans} == {most}


def test_each_array_may_have_a_draw_of_its_own():
    jobs = []
    for n in range(300):
        jobs += jobs_of(8, draw=normal_draw(0.0, 1.0 + n, "float32"), start=n << 10)
    plans = made(jobs)
    assert [told(plan)[0][0] for plan in plans] == [248, 52]
    assert (MANY - 16) // 4 // (ARRAY_WORDS + DRAW_WORDS) == 248
    (arrays, _), words = told(plans[0])
    places = [words[n * ARRAY_WORDS + 10] for n in range(arrays)]
    assert places == [248 * ARRAY_WORDS + n * DRAW_WORDS for n in range(arrays)]


def test_launches_of_models():
    """A thousand matrices of 64 x 64, and the weights of GPT-2 small."""
    assert len(made(jobs_of(*[64 * 64] * 1000))) == 2
    assert len(made(jobs_of(*[64 * 64] * 1000), FEW)) == 12
    layer = [768 * 2304, 768 * 768, 768 * 3072, 3072 * 768]
    plans = made(jobs_of(50257 * 768, 1024 * 768, *layer * 12))
    assert [bool(plan.variant.many) for plan in plans] == [False, True]


def test_large_arrays_keep_a_launch_of_their_own():
    plans = made(jobs_of(LARGEST, LARGEST + 1, 5, (1 << 31) + 5, 1 << 40))
    assert [bool(plan.variant.many) for plan in plans] == [False, False, False, True]
    assert told(plans[-1])[0][0] == 2
    assert [plan.units for plan in plans[:3]] == [LARGEST // 4 + 1, (1 << 29) + 2, 1 << 38]


def test_one_of_a_kind_is_filled_by_itself():
    jobs = jobs_of(64, 0) + jobs_of(9, draw=uniform_draw(0.0, 1.0, "float32"), start=1 << 20)
    assert [plan.variant.many for plan in made(jobs)] == [0, 0]
    assert made(jobs_of(0, 0)) == []
    assert made([]) == []


def test_positions_beyond_2_32():
    jobs = [
        (NORMAL, Key(n), block((1 << 32, 1 << 32), (row, slice(start, start + 10))), (1,), 64 * n)
        for n, (row, start) in enumerate([(-1, -10 + (1 << 32)), (0, 1 << 31), (1 << 31, 3)])
    ]
    (plan,) = made(jobs)
    _, words = told(plan)
    bases = [words[n * ARRAY_WORDS + 6] | words[n * ARRAY_WORDS + 7] << 32 for n in range(3)]
    assert bases == [(1 << 64) - 10, 1 << 31, (1 << 63) + 3]


def test_memory_at_the_end_of_the_address_space():
    jobs = jobs_of(8, 8, start=(1 << 64) - 512)
    (plan,) = made(jobs)
    _, words = told(plan)
    assert words[0] | words[1] << 32 == (1 << 64) - 512


def test_columns_have_launches_of_their_own():
    jobs = jobs_of(8, 8, 8)
    jobs.append((NORMAL, Key(9), block((4, 5)), (1, 4), 1 << 20))
    jobs.append((NORMAL, Key(9), block((4, 6), (slice(None), slice(1, 4))), (3, 1), 1 << 21))
    assert sorted(bool(plan.variant.many) for plan in made(jobs)) == [False, False, True]


def test_arrays_that_overlap_are_filled_one_after_another():
    jobs = jobs_of(64, 64)
    jobs[1] = (*jobs[1][:-1], 4 * 63)
    assert [plan.variant.many for plan in made(jobs)] == [0, 0]
    jobs[1] = (*jobs[1][:-1], 4 * 64)  # the next byte
    assert len(made(jobs)) == 1
    backwards = (NORMAL, Key(9), block((64,)), (-1,), jobs[1][-1] + 4 * 70)
    assert [plan.variant.many for plan in made([*jobs, backwards])] == [0, 0, 0]


def test_shared_elements_are_an_error():
    with pytest.raises(ParameterError, match="`out` must not have elements that share memory"):
        made([*jobs_of(8, 8), (NORMAL, Key(1), block((8,)), (0,), 1 << 20)])
