"""Disks that are full, before writing or in the midst of it: one file, several, resumed or not."""

from __future__ import annotations

import errno
import os
import shutil
import subprocess
from pathlib import Path

import pytest

import agnostic_init as ai
from agnostic_init.checkpoint import pieces, write
from agnostic_init.cli import main

resource = pytest.importorskip("resource")
PLAN = ai.init_tree(
    {f"w.{n}": (250, 100) for n in range(6)}, {"*": ai.normal()}, key=0, dry_run=True
)  # 600,000 bytes, in shards of 200,000
SHARDS = pytest.mark.parametrize("most", [None, 200_000], ids=["one file", "shards"])
RESUME = pytest.mark.parametrize("resume", [False, True], ids=["new", "resumed"])


@pytest.fixture
def small_disk(tmp_path):
    """A disk of half a megabyte, which only who may mount has."""
    folder = tmp_path / "disk"
    folder.mkdir()
    command = ["mount", "-t", "tmpfs", "-o", "size=512k", "tmpfs", str(folder)]
    if not hasattr(os, "geteuid") or os.geteuid() or shutil.which("mount") is None:
        pytest.skip("may not mount")
    if subprocess.run(command, capture_output=True, check=False).returncode:
        pytest.skip("may not mount")
    yield folder
    subprocess.run(["umount", str(folder)], check=True)


def larger(folder):
    subprocess.run(["mount", "-o", "remount,size=4m", str(folder)], check=True)


@SHARDS
@RESUME
def test_a_small_disk(small_disk, most, resume):
    path = small_disk / "m.safetensors"
    with pytest.raises(OSError, match="No space left") as caught:
        write(PLAN, path, max_shard_size=most, resume=resume)
    assert caught.value.errno == errno.ENOSPC
    assert Path(caught.value.filename).parent == small_disk
    left = [each.name for each in small_disk.iterdir()]
    assert all(name.startswith(".m") and name.endswith(".resume") for name in left)
    assert bool(left) == resume
    larger(small_disk)
    written = write(PLAN, path, max_shard_size=most, resume=resume)
    assert written.sha256 == ai.checkpoint.data_sha256(PLAN)
    assert not any(each.name.startswith(".") for each in small_disk.iterdir())


@SHARDS
def test_a_disk_that_gets_full_in_the_midst(tmp_path, monkeypatch, most):
    """A limit on the size of files, which the system holds as it does the end of a disk."""
    monkeypatch.setattr(pieces, "PIECE", 20_000)
    path = tmp_path / "m.safetensors"
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (130_000, before[1]))
    try:
        with pytest.raises(OSError, match="large") as caught:
            write(PLAN, path, max_shard_size=most, resume=True)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)
    assert "m" in Path(caught.value.filename).name
    (left,) = tmp_path.iterdir()
    assert left.stat().st_size >= 100_000
    written = write(PLAN, path, max_shard_size=most, resume=True)
    assert written.sha256 == ai.checkpoint.data_sha256(PLAN)


@RESUME
def test_it_is_one_line_of_the_command_line(tmp_path, monkeypatch, capsys, resume):
    monkeypatch.chdir(tmp_path)
    Path("spec.toml").write_text(
        '[defaults]\nseed = 0\n[tensors]\n"w.{0..5}" = [250, 100]\n'
        '[[rules]]\nmatch = "*"\ninit = "normal"\n'
    )
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (130_000, before[1]))
    more = ["--resume"] if resume else []
    try:
        code = main(["write", "spec.toml", "m.safetensors", "--max-shard-size", "200KB", *more])
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)
    error = capsys.readouterr().err
    assert code == 2
    assert error.splitlines()[-1].startswith("agnostic-init: error: ")
    assert "m-00001-of-00003.safetensors: File too large" in error
    left = sorted(each.name for each in Path().iterdir())
    assert len(left) == 1 + resume
    assert "m.safetensors.index.json" not in left
