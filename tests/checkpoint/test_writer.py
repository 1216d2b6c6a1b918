"""Files: right, whole or absent, and made in bounded memory."""

from __future__ import annotations

import dataclasses
import hashlib
import json
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import safetensors.numpy

import agnostic_init as ai
from agnostic_init.arrays.errors import ParameterError, ParameterTypeError
from agnostic_init.checkpoint import data_sha256, pieces, write_plan
from agnostic_init.checkpoint.atomic import appearing
from agnostic_init.initializers.constant import zeros

SPECS = {
    "w": (64, 48),
    "h.0.b": (5,),
    "scalar": (),
    "empty": (0, 3),
    "half": ((33, 7), "float16"),
}
RULES = {"h.*": "ones", "*": ai.normal(std=0.1)}
PLAN = ai.init_tree(SPECS, RULES, key=1, dry_run=True)


def test_the_package_reads_what_init_tree_makes(tmp_path):
    path = tmp_path / "model.safetensors"
    written = write_plan(PLAN, path)
    read = safetensors.numpy.load_file(path)
    expected = ai.init_tree(SPECS, RULES, key=1)
    assert set(read) == set(expected)
    for name, array in expected.items():
        np.testing.assert_array_equal(read[name], array, strict=True)
    content = path.read_bytes()
    data = content[8 + int.from_bytes(content[:8], "little") :]
    assert written.sha256 == hashlib.sha256(data).hexdigest() == data_sha256(PLAN)
    assert written.data_bytes == len(data) == PLAN.bytes
    assert list(tmp_path.iterdir()) == [path]


def test_every_library_makes_the_same_bytes(backend, tmp_path):
    single = {name: spec for name, spec in SPECS.items() if name != "half"}
    plan = ai.init_tree(single, RULES, key=1, dry_run=True)
    written = write_plan(plan, tmp_path / "model", xp=backend.xp)
    assert written.sha256 == data_sha256(plan)


@pytest.mark.parametrize("name", ["bfloat16", "float8_e4m3fn", "float8_e5m2", "float8_e4m3fnuz"])
def test_formats_that_numpy_has_not(name):
    pytest.importorskip("ml_dtypes")
    plan = ai.init_tree({"w": (300,)}, {"*": ai.normal()}, key=2, dtype=name, dry_run=True)
    expected = ai.normal()((300,), key=ai.key(2).fold_in("w"), dtype=name)
    assert data_sha256(plan) == hashlib.sha256(expected.tobytes()).hexdigest()


def test_the_size_of_pieces_changes_nothing(monkeypatch):
    before = data_sha256(PLAN)
    told = []
    monkeypatch.setattr(pieces, "PIECE", 1000)
    assert data_sha256(PLAN, progress=lambda *what: told.append(what)) == before
    assert len(told) > 12
    assert [done for _, done, _ in told] == sorted({done for _, done, _ in told})
    assert told[-1][1:] == (PLAN.bytes, PLAN.bytes)


@dataclasses.dataclass(frozen=True, repr=False)
class failing(zeros):
    """An initializer that does not get far."""

    error: type[BaseException] = RuntimeError

    def write(self, *args):
        raise self.error("midway")


@pytest.mark.parametrize("error", [RuntimeError, KeyboardInterrupt, MemoryError])
@pytest.mark.parametrize("before", [None, b"an older file"])
def test_there_is_never_half_a_file(tmp_path, error, before):
    path = tmp_path / "model.safetensors"
    if before is not None:
        path.write_bytes(before)
    rules = {"w": failing(error), **RULES}
    plan = ai.init_tree(SPECS, rules, key=0, dry_run=True)
    with pytest.raises(error, match="midway"):
        write_plan(plan, path, overwrite=True)
    assert [p.read_bytes() for p in tmp_path.iterdir()] == [before] * (before is not None)


def test_a_failing_progress_leaves_nothing_either(tmp_path):
    def stop(*_):
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        write_plan(PLAN, tmp_path / "model", progress=stop)
    assert list(tmp_path.iterdir()) == []


def test_a_disk_that_is_full_is_an_error_and_leaves_nothing(tmp_path):
    plan = ai.init_tree({"w": (1 << 31, 1 << 31)}, {"*": "zeros"}, key=0, dry_run=True)
    with pytest.raises(OSError, match=r"large|space") as caught:
        write_plan(plan, tmp_path / "model")
    assert caught.value.filename == str(tmp_path / "model")
    assert list(tmp_path.iterdir()) == []


def test_a_file_that_exists_is_replaced_only_if_told(tmp_path):
    path = tmp_path / "model"
    path.write_bytes(b"old")
    with pytest.raises(ParameterError, match=r"`path` must not exist yet.*overwrite=True"):
        write_plan(PLAN, path)
    assert path.read_bytes() == b"old"
    write_plan(PLAN, path, overwrite=True)
    assert len(safetensors.numpy.load_file(path)) == len(PLAN)


@pytest.mark.skipif(os.name != "posix", reason="links need a privilege")
def test_a_link_stays_a_link(tmp_path):
    path, link = tmp_path / "model", tmp_path / "link"
    link.symlink_to(path)
    write_plan(PLAN, link)
    write_plan(PLAN, link, overwrite=True)
    assert link.is_symlink()
    assert not path.is_symlink()
    assert len(safetensors.numpy.load_file(path)) == len(PLAN)


def test_bad_input(tmp_path):
    with pytest.raises(ParameterTypeError, match="`plan` must be a Plan"):
        write_plan({"a": (2,)}, tmp_path / "model")
    with pytest.raises(ParameterError, match="must be in a folder that exists"):
        write_plan(PLAN, tmp_path / "no" / "model")
    with pytest.raises(ParameterError, match="not of a folder"):
        write_plan(PLAN, tmp_path, overwrite=True)
    with pytest.raises(ParameterError, match="not of a folder or device"):
        write_plan(PLAN, os.devnull, overwrite=True)
    with pytest.raises(ParameterError, match="`xp` must be one of numpy, torch"):
        write_plan(PLAN, tmp_path / "model", xp="tensorflow")
    with pytest.raises(ParameterError, match="`device`"):
        write_plan(PLAN, tmp_path / "model", device="cuda")
    assert list(tmp_path.iterdir()) == []


PEAK = """
import json, resource, sys
import agnostic_init as ai
from agnostic_init.checkpoint import write_plan
def peak(rows, path):
    plan = ai.init_tree({"w": (rows, 1024)}, {"*": ai.uniform()}, key=0, dry_run=True)
    write_plan(plan, path, overwrite=True)
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
print(json.dumps([peak(16 << 10, sys.argv[1]), peak(80 << 10, sys.argv[1])]))
"""


@pytest.mark.skipif(sys.platform != "linux", reason="measured in the units of Linux")
def test_memory_does_not_grow_with_the_model(tmp_path):
    path = tmp_path / "model"
    command = [sys.executable, "-c", PEAK, str(path)]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    small, large = json.loads(done.stdout)
    Path(path).unlink()
    # 64 MiB and 320 MiB of weights.
    assert large - small < 64 << 10, f"{small} and {large} KiB"


def test_an_interrupt_as_the_file_appears_leaves_nothing(tmp_path, monkeypatch):
    def interrupted(*arguments, create=os.open):
        os.close(create(*arguments))
        raise KeyboardInterrupt

    monkeypatch.setattr(os, "open", interrupted)
    with pytest.raises(KeyboardInterrupt), appearing(tmp_path / "out", 8):
        pass
    assert not list(tmp_path.iterdir())


def test_a_file_of_the_same_temporary_name_is_left_alone(tmp_path, monkeypatch):
    monkeypatch.setattr("secrets.token_hex", lambda _: "0")
    (tmp_path / ".out.0.part").write_text("another's")
    with pytest.raises(FileExistsError), appearing(tmp_path / "out", 8):
        pass
    assert (tmp_path / ".out.0.part").read_text() == "another's"
