"""Files whose tensors JAX makes."""

from __future__ import annotations

import pytest

import agnostic_init as ai
from agnostic_init.arrays.errors import ParameterError
from agnostic_init.checkpoint import write_plan

jax = pytest.importorskip("jax")


def test_a_float64_needs_x64_in_jax(tmp_path):
    if jax.config.jax_enable_x64:
        pytest.skip("it has x64")
    plan = ai.init_tree({"w": ((2,), "float64")}, {"*": "ones"}, key=0, dry_run=True)
    with pytest.raises(ParameterError, match=r"parameter 'w': .*jax_enable_x64"):
        write_plan(plan, tmp_path / "model", xp="jax")
