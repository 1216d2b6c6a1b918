"""A parameter's values are its own: of what else there is, of order and of threads nothing shows."""

from __future__ import annotations

import random
import threading

import numpy as np
import pytest

import agnostic_init as ai

SHAPES = {f"layers.{n}.{each}": (9, 6) for n in range(6) for each in ("w", "v", "bias")}
RULES = [("*.bias", ai.uniform()), ("*.v", ai.orthogonal()), ("*", ai.normal())]


def pieces(array):
    """Two parts of an array read row by row, which cut a row."""
    middle = array.size // 3 + 1
    for start, stop in ((0, middle), (middle, array.size)):
        yield ai.Sharded(array.reshape(-1)[start:stop], array.shape, flat=slice(start, stop))


@pytest.fixture(scope="module")
def want():
    return ai.init_tree(SHAPES, RULES, key=5)


def test_other_parameters_change_nothing(want):
    chance = random.Random(0)
    for _ in range(20):
        some = chance.sample(sorted(SHAPES), chance.randint(1, len(SHAPES)))
        shapes = {name: SHAPES[name] for name in some}
        shapes[f"{some[0]}.renamed"] = shapes.pop(some[0])
        shapes["added"] = (3, 3)
        arrays = {name: np.empty(shape, np.float32) for name, shape in shapes.items()}
        ai.fill_tree(arrays, RULES, key=5, unused="ignore")
        for name in some[1:]:
            np.testing.assert_array_equal(arrays[name], want[name])


def test_order_and_threads_change_nothing(want):
    for seed in range(5):
        arrays = {name: np.full(shape, np.nan, np.float32) for name, shape in SHAPES.items()}
        jobs = [(name, part) for name, array in arrays.items() for part in pieces(array)]
        random.Random(seed).shuffle(jobs)
        failed = []

        def fill(some, failed=failed):
            try:
                for name, part in some:
                    ai.fill_tree({name: part}, RULES, key=5, names=SHAPES)
            except BaseException as error:
                failed.append(error)
                raise

        threads = [threading.Thread(target=fill, args=(jobs[n::2],)) for n in range(2)]
        for each in threads:
            each.start()
        for each in threads:
            each.join()
        assert not failed
        for name, array in want.items():
            np.testing.assert_array_equal(arrays[name], array)
