"""Files whose tensors torch makes."""

from __future__ import annotations

import hashlib

import pytest

import agnostic_init as ai
from agnostic_init.arrays.errors import ParameterError
from agnostic_init.checkpoint import data_sha256, write_plan

torch = pytest.importorskip("torch")


@pytest.mark.parametrize("dtype", ["bfloat16", "float8_e4m3fn", "float8_e5m2"])
def test_small_formats_need_nothing_but_torch(dtype):
    plan = ai.init_tree({"w": (300, 2)}, {"*": ai.normal()}, key=2, dtype=dtype, dry_run=True)
    single = ai.normal()((300, 2), key=ai.key(2).fold_in("w"), xp=torch)
    expected = single.to(getattr(torch, dtype)).view(torch.uint8).numpy().tobytes()
    assert data_sha256(plan, xp=torch) == hashlib.sha256(expected).hexdigest()


def test_bfloat16_is_the_same_from_numpy():
    pytest.importorskip("ml_dtypes")
    plan = ai.init_tree({"w": (300, 2)}, {"*": ai.normal()}, key=2, dtype="bfloat16", dry_run=True)
    assert data_sha256(plan, xp=torch) == data_sha256(plan)


def test_a_device_that_is_not_there_is_an_error_in_words(tmp_path):
    if torch.cuda.is_available():
        pytest.skip("it is there")
    plan = ai.init_tree({"w": 3}, {"*": "ones"}, key=0, dry_run=True)
    with pytest.raises(ParameterError, match="`device` must be a device that torch has here"):
        write_plan(plan, tmp_path / "model", xp="torch", device="cuda")
    assert list(tmp_path.iterdir()) == []
