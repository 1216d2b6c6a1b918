"""Writing that goes on where it was ended."""

from __future__ import annotations

import contextlib
import hashlib
import os
import random
import signal
import subprocess
import sys
import time

import pytest

import agnostic_init as ai
from agnostic_init.arrays.errors import ParameterError
from agnostic_init.checkpoint import data_sha256, pieces, write

SPECS = {"w": (300, 200), "v": (64, 48), "q": (40, 40), "b": (5,), "half": ((33, 7), "float16")}
RULES = {"b": "ones", "q": ai.orthogonal(), "*": ai.normal(std=0.1)}
PLAN = ai.init_tree(SPECS, RULES, key=1, dry_run=True)


def contents(folder):
    return {each.name: each.read_bytes() for each in folder.iterdir()}


@pytest.fixture(params=[None, 20_000])
def size(request):
    return request.param


@pytest.fixture
def whole(tmp_path, size):
    folder = tmp_path / "whole"
    folder.mkdir()
    write(PLAN, folder / "m.safetensors", max_shard_size=size)
    return contents(folder)


def test_what_was_ended_anywhere_is_gone_on_with(tmp_path, monkeypatch, size, whole):
    monkeypatch.setattr(pieces, "PIECE", 10_000)
    folder = tmp_path / "out"
    folder.mkdir()
    made = []
    stops = 0
    while True:
        began, now = len(made), []

        def progress(name, done, total, now=now, stops=stops):
            now.append(done)
            if len(now) > stops:  # a piece more each time
                raise KeyboardInterrupt

        try:
            written = write(
                PLAN, folder / "m.safetensors", max_shard_size=size, resume=True, progress=progress
            )
            break
        except KeyboardInterrupt:
            stops += 1
            assert all(each.name.endswith(".resume") for each in folder.iterdir())
    assert began == 0
    assert stops > 20
    assert contents(folder) == whole
    assert written.sha256 == ai.checkpoint.data_sha256(PLAN)


def test_what_is_there_is_not_made_again(tmp_path, monkeypatch):
    monkeypatch.setattr(pieces, "PIECE", 10_000)

    def stop(name, done, total):
        if done > total // 2:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        write(PLAN, tmp_path / "m", resume=True, progress=stop)
    count, own = [], pieces.Maker.write
    monkeypatch.setattr(pieces.Maker, "write", lambda *a: (count.append(1), own(*a))[1])
    write(PLAN, tmp_path / "m", resume=True)
    resumed = len(count)
    write(PLAN, tmp_path / "n")
    assert resumed < (len(count) - resumed) * 0.6


def test_a_part_of_another_plan_or_of_other_bytes_is_none(tmp_path):
    other = ai.init_tree(SPECS, RULES, key=2, dry_run=True)

    def stop(*_):
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        write(other, tmp_path / "m", resume=True, progress=stop)
    (left,) = tmp_path.iterdir()
    write(PLAN, tmp_path / "m", resume=True)
    assert [each.name for each in tmp_path.iterdir()] == ["m"]
    expected = (tmp_path / "m").read_bytes()
    (tmp_path / "m").unlink()
    with pytest.raises(KeyboardInterrupt):
        write(PLAN, tmp_path / "m", resume=True, progress=stop)
    (left,) = tmp_path.iterdir()
    for content in (b"", b"nothing of it", bytes(len(expected) + 1)):
        left.write_bytes(content)
        write(PLAN, tmp_path / "m", resume=True, overwrite=True)
        assert (tmp_path / "m").read_bytes() == expected
        assert len(list(tmp_path.iterdir())) == 1


@pytest.mark.skipif(os.name != "posix", reason="locks")
def test_two_do_not_write_one_file(tmp_path):
    def second(*_):
        with pytest.raises(OSError, match="another process is writing it"):
            write(PLAN, tmp_path / "m", resume=True)

    write(PLAN, tmp_path / "m", resume=True, progress=second)
    with pytest.raises(ParameterError, match="must not exist yet"):
        write(PLAN, tmp_path / "m", resume=True)


def test_a_disk_without_room_is_told_of_before(tmp_path):
    plan = ai.init_tree({"w": (1 << 31, 1 << 31)}, {"*": "zeros"}, key=0, dry_run=True)
    with pytest.raises(OSError, match="space"):
        write(plan, tmp_path / "m", resume=True)


SPEC = """
[defaults]
seed = 3
[tensors]
"w.{0..39}" = [1000, 500]
[[rules]]
match = "*"
init = "normal"
"""


@pytest.mark.parametrize("ended_at", [0, 1, 2, 3, 4])
@pytest.mark.parametrize("with_both_names", [False, True])
def test_ended_while_the_files_appear(tmp_path, monkeypatch, ended_at, with_both_names):
    """Some have their names and the index is not there, as after a kill between two renames."""
    for name in ("whole", "out"):
        (tmp_path / name).mkdir()
    write(PLAN, tmp_path / "whole" / "m.safetensors", max_shard_size=20_000)
    names = []

    def ended(temporary, path, *, replace):
        if len(names) == ended_at:
            raise KeyboardInterrupt
        names.append(path.name)
        os.link(temporary, path)
        if not with_both_names:
            temporary.unlink()

    out = tmp_path / "out" / "m.safetensors"
    with monkeypatch.context() as patched, contextlib.suppress(KeyboardInterrupt):
        patched.setattr("agnostic_init.checkpoint.resuming.appear", ended)
        write(PLAN, out, max_shard_size=20_000, resume=True)
    if not (tmp_path / "out" / "m.safetensors.index.json").exists():
        assert len(names) == ended_at
        written = write(PLAN, out, max_shard_size=20_000, resume=True)
        assert written.sha256 == data_sha256(PLAN)
        assert contents(tmp_path / "out") == contents(tmp_path / "whole")


def test_a_file_of_the_name_that_is_another_is_refused(tmp_path):
    path = tmp_path / "m.safetensors"
    names = write(PLAN, path, max_shard_size=20_000, resume=True).files
    (tmp_path / "m.safetensors.index.json").unlink()
    last = names[-1].read_bytes()
    for other in (last[:-1], b"x" + last[1:], last + b"x"):
        names[-1].write_bytes(other)
        with pytest.raises(ParameterError, match="must not exist yet"):
            write(PLAN, path, max_shard_size=20_000, resume=True)
        assert names[-1].read_bytes() == other


@pytest.mark.slow
@pytest.mark.skipif(os.name != "posix", reason="SIGKILL")
@pytest.mark.parametrize("sharded", [False, True])
def test_killed_at_ten_points_it_is_the_same(tmp_path, sharded):
    (tmp_path / "spec.toml").write_text(SPEC)
    command = [sys.executable, "-m", "agnostic_init", "write", "spec.toml"]
    more = ["--max-shard-size", "20MB"] if sharded else []
    began = time.monotonic()
    subprocess.run([*command, "whole/m.safetensors", *more], cwd=tmp_path, check=False)
    (tmp_path / "whole").mkdir()
    subprocess.run([*command, "whole/m.safetensors", *more], cwd=tmp_path, check=True)
    took = time.monotonic() - began
    (tmp_path / "out").mkdir()
    rng = random.Random(0)
    for _ in range(10):
        running = subprocess.Popen(
            [*command, "out/m.safetensors", "--resume", "--quiet", *more], cwd=tmp_path
        )
        time.sleep(rng.uniform(0.1, 1) * took / 2)
        running.send_signal(signal.SIGKILL)
        running.wait()
        if not any(each.name.endswith(".resume") for each in (tmp_path / "out").iterdir()):
            for each in (tmp_path / "out").iterdir():
                each.unlink()
    if not any((tmp_path / "out").glob("m.safetensors*")):
        subprocess.run([*command, "out/m.safetensors", "--resume", *more], cwd=tmp_path, check=True)
    hashes = [
        {each.name: hashlib.sha256(each.read_bytes()).hexdigest() for each in folder.iterdir()}
        for folder in (tmp_path / "whole", tmp_path / "out")
    ]
    assert hashes[0] == hashes[1]
