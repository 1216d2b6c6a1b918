"""The page on parallel training holds in two processes too, what one process warns of included."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

torch = pytest.importorskip("torch")
ROOT = Path(__file__).parents[2]

ONE_OF_TWO = """
import sys
import warnings

import torch.distributed as dist
from tests.house.test_docs import run

warnings.simplefilter("ignore")
meeting, rank = sys.argv[1:]
dist.init_process_group("gloo", init_method="file://" + meeting, rank=int(rank), world_size=2)
text = open("docs/parallel.md", encoding="utf-8").read()
whole = text.replace("<!-- skip: FSDP1 warns where there is one process -->", "<!-- needs: torch -->")
assert whole != text
# What follows the parts of torch has a launcher of its own.
assert run(whole.partition("## Lightning Fabric")[0], "docs/parallel.md") == 6
"""


@pytest.mark.slow
@pytest.mark.skipif(not torch.distributed.is_available(), reason="no torch.distributed")
def test_the_page_in_two_processes(tmp_path):
    command = [sys.executable, "-c", ONE_OF_TWO, str(tmp_path / "meeting")]
    both = [subprocess.Popen([*command, rank], cwd=ROOT) for rank in "01"]
    try:
        assert [process.wait(timeout=100) for process in both] == [0, 0]
    finally:
        for process in both:
            process.kill()
