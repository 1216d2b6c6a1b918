"""The ranks of the question sharded: each way fills all shards, ours with the values of one process."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

import agnostic_init as ai

pytest.importorskip("torch")
ROOT = Path(__file__).parents[2]
pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(
        not (ROOT / "bench" / "ranks.py").is_file(), reason="bench/ is not beside the tests"
    ),
]
PLAN = "toy GPT-2"


@pytest.mark.parametrize("method", ["ours", "broadcast"])
def test_every_way_fills_the_shards(method, monkeypatch):
    monkeypatch.syspath_prepend(ROOT)
    from bench.fresh.ours import rules_of
    from bench.plans import model
    from bench.ranks import Ranks

    ranks = Ranks(method, 2, PLAN, "float32", 2)
    try:
        ranks.ask("settle")
        ranks.ask("run")
        assert all(each["bytes"] >= 0 for each in ranks.ask("peak"))
        held = [each["bytes"] for each in ranks.ask("shards")]
        first, other = ranks.ask("look")
    finally:
        ranks.close()
    plan = model(PLAN)
    assert sum(held) == plan.elements * 4
    assert other["numbers"] == []
    numbers = np.array(first["numbers"], np.float32)
    name = next(iter(plan.shapes))
    assert np.std(numbers) == pytest.approx(0.02, rel=0.1)
    if method == "ours":
        whole = ai.init_tree(plan.shapes, rules_of(plan), key=1)[name]
        np.testing.assert_array_equal(numbers, whole.reshape(-1)[: numbers.size])
