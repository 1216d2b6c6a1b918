"""The demonstration: every layout of one model on several processes has one fingerprint."""

from __future__ import annotations

import importlib.util
import re
import subprocess
import sys
from pathlib import Path

import pytest

torch = pytest.importorskip("torch")
RUN = Path(__file__).parents[2] / "examples" / "one_hash" / "run.py"

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(not torch.distributed.is_available(), reason="no torch.distributed"),
]


def test_every_layout_gives_the_same_weights():
    others = all(importlib.util.find_spec(name) for name in ("jax", "dask"))
    command = [sys.executable, RUN, "--sizes", "1,2,4", *["--without-others"] * (not others)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=600, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    rows = re.findall(r"^(.*?) +(\d+)  ([0-9a-f]{32}) *([0-9a-f]{32})?$", done.stdout, re.MULTILINE)
    assert len({one for _, _, one, _ in rows}) == 1
    assert len(rows) == 1 + 9 + 10 + 3 * others
    assert len({other for *_, other in rows if other}) > 4
    assert "1 set of weights here" in done.stdout


def test_a_row_that_fails_ends_it(tmp_path):
    """A process that dies is told of, and the others do not wait for it for ever."""
    for path in RUN.parent.glob("*.py"):
        (tmp_path / path.name).write_text(path.read_text())
    rank = tmp_path / "one_rank.py"
    text = rank.read_text()
    assert "laid = row.lay(rank, size)" in text
    broken = "laid = row.lay(rank, size)\n            assert rank == 0, row.name"
    rank.write_text(text.replace("laid = row.lay(rank, size)", broken))
    command = [sys.executable, tmp_path / "run.py", "--sizes", "2", "--without-others"]
    done = subprocess.run(command, capture_output=True, text=True, timeout=200, check=False)
    assert done.returncode == 1
    assert "AssertionError: DP (DDP)" in done.stderr
    assert re.search(r"one_rank.py did not end well on \[.*1\] of 2 processes", done.stderr)
