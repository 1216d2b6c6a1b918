"""The compiled library is found and loaded, and a file that cannot be is one warning in words, never a crash."""

from __future__ import annotations

import importlib.util
import os
import re
import shutil
import struct
import subprocess
import sys
import types
import zipfile
from pathlib import Path

import numpy as np
import pytest

import agnostic_init
from agnostic_init import ParameterError
from agnostic_init.draws.engines import native as draws
from agnostic_init.linalg.engines import native as linalg
from agnostic_init.native import library as module
from agnostic_init.native.library import library, look

PACKAGE = Path(agnostic_init.__file__).parent
ANOTHER = importlib.util.find_spec("_ctypes").origin  # a shared library that is not ours
ON_ELF = sys.platform not in ("darwin", "win32")


@pytest.fixture(autouse=True)
def fresh(monkeypatch):
    """Nothing has been found yet, and nothing is asked for."""
    monkeypatch.setattr(module._State, "found", None)
    monkeypatch.setattr(module._State, "told", False)
    monkeypatch.delenv("AGNOSTIC_INIT_ENGINE", raising=False)
    monkeypatch.delenv("AGNOSTIC_INIT_INSTRUCTIONS", raising=False)


@pytest.fixture
def folder(monkeypatch, tmp_path):
    """An empty folder in place of the package's own."""
    monkeypatch.setattr(module, "FOLDER", tmp_path)
    monkeypatch.setattr("importlib.resources.files", lambda package: tmp_path)
    return tmp_path


@pytest.fixture
def ours():
    """The library of this installation; a session that was promised it fails elsewhere."""
    found = look()
    if found.library is None:
        pytest.skip(found.reason)
    return found


def stand_in(*, abi=module.ABI, has=(0,), sizes=module.SIZES):
    """A library that says this of itself."""
    return types.SimpleNamespace(
        **dict.fromkeys(
            set(module.ENTRIES)
            - {f"agnostic_init_{name}" for name in ("has", "use", "instructions", "record_size")}
        ),
        agnostic_init_abi=lambda: abi,
        agnostic_init_record_size=lambda number: sizes[number],
        agnostic_init_has=lambda number: number in has,
        agnostic_init_use=lambda number: 0 if number in has else -1,
        agnostic_init_instructions=lambda: max(has),
    )


def test_it_is_loaded_once(ours):
    assert library() is ours.library
    assert look() is ours
    assert Path(ours.path).is_file()
    assert "portable" in ours.available
    assert ours.instructions == ours.available[-1]
    assert not ours.reason


def test_the_interface_is_the_one_of_the_header():
    header = (PACKAGE / "native" / "native.h").read_text("utf-8")
    assert f"#define AGNOSTIC_INIT_ABI {module.ABI}\n" in header


def test_a_missing_file_is_silent_and_the_reason_is_kept(folder):
    assert library() is None
    assert "there is no _native" in look().reason
    assert "C++ compiler, by pip" in look().hint


def test_what_the_build_said_is_repeated(folder):
    (folder / "missing.txt").write_text("no C++ compiler was found\n", "utf-8")
    assert library() is None
    assert look().reason.endswith("NumPy does its work: no C++ compiler was found")


def test_numpy_is_had_for_the_asking(monkeypatch):
    monkeypatch.setenv("AGNOSTIC_INIT_ENGINE", "numpy")
    assert library() is None
    assert look().reason == "AGNOSTIC_INIT_ENGINE is numpy"


@pytest.mark.parametrize(
    ("variable", "value", "words"),
    [
        ("AGNOSTIC_INIT_ENGINE", "numb", "must be one of auto, native, numpy, got 'numb'"),
        ("AGNOSTIC_INIT_INSTRUCTIONS", "sse", "must be one of portable, avx2, avx512, got 'sse'"),
    ],
)
def test_another_value_is_an_error(monkeypatch, variable, value, words):
    monkeypatch.setenv(variable, value)
    with pytest.raises(ParameterError, match=f"`{variable}` {words}"):
        library()


def elf(*, machine: int, mapped: int) -> bytes:
    """The head of a library that maps so many bytes of its file, though there are but 120."""
    ident = b"\x7fELF\x02\x01\x01".ljust(16, b"\0")
    head = struct.pack("<16s2HI3QI6H", ident, 3, machine, 1, 0, 64, 0, 0, 64, 56, 1, 64, 0, 0)
    return head + struct.pack("<2I6Q", 1, 5, 0, 0, 0, mapped, mapped, 4096)


FAULTS = {
    "empty": (b"", "is damaged, or of another platform"),
    "text": (b"not a library\n" * 10, "is damaged, or of another platform"),
    "another library": (Path(ANOTHER).read_bytes(), "is another library"),
    "another machine": (elf(machine=64, mapped=120), "is damaged, or of another platform"),
}
if ON_ELF:
    FAULTS |= {
        "a head": (elf(machine=62, mapped=120)[:60], "is damaged, or of another platform"),
        "cut short": (elf(machine=62, mapped=1 << 20), "is damaged: cut short"),
    }


@pytest.mark.parametrize("fault", FAULTS)
def test_a_file_that_is_no_library_is_one_warning(folder, recwarn, fault):
    contents, words = FAULTS[fault]
    (folder / module.FILE).write_bytes(contents)
    with pytest.warns(
        RuntimeWarning, match=rf"cannot be used, NumPy .*{words}.*try: install it again"
    ):
        assert library() is None
    assert library() is None
    assert not recwarn.list
    assert words in look().reason


def test_a_folder_of_its_name_is_one_warning(folder):
    (folder / module.FILE).mkdir()
    with pytest.warns(RuntimeWarning, match=r"cannot be used, NumPy does its work: .*directory"):
        assert library() is None


def test_records_of_other_sizes_are_not_written_to(folder, monkeypatch):
    (folder / module.FILE).touch()
    monkeypatch.setattr(module.ctypes, "CDLL", lambda path: stand_in(sizes=(104, 24, 160, 192)))
    with pytest.warns(RuntimeWarning, match=r"its records have \(104, 24, 160, 192\) bytes, not"):
        assert library() is None


def test_the_sizes_are_those_that_are_packed():
    job = draws.JOB.size + draws.DRAW.size
    matrices = linalg.HEAD.size + linalg.REST.size + draws.DRAW.size
    assert (draws.DRAW.size, draws.AXIS.size, job, matrices) == module.SIZES


@pytest.mark.parametrize(
    "call",
    [
        lambda: agnostic_init.normal()((3,), key=0),
        lambda: agnostic_init.draws.uniform((3,), key=0),
        lambda: agnostic_init.orthogonal().fill(np.empty((3, 3), np.float32), key=0),
        lambda: agnostic_init.init_tree({"a": (2, 2)}, {"*": "normal"}, key=0),
    ],
    ids=["call", "draw", "fill", "tree"],
)
def test_the_warning_points_at_the_users_line(folder, call):
    (folder / module.FILE).touch()
    with pytest.warns(RuntimeWarning, match="cannot be used") as caught:
        call()
    assert caught[0].filename == __file__


@pytest.mark.skipif(not shutil.which("gcc"), reason="no compiler")
def test_a_library_that_lacks_an_entry_is_another_one(folder):
    source = folder / "few.c"
    source.write_text(f"int agnostic_init_abi(void) {{ return {module.ABI}; }}\n", "utf-8")
    command = ["gcc", "-shared", "-fPIC", "-o", str(folder / module.FILE), str(source)]
    subprocess.run(command, check=True)
    with pytest.warns(RuntimeWarning, match="is another library"):
        assert library() is None


def test_every_entry_that_is_called_is_asked_for():
    called = {
        name
        for path in PACKAGE.rglob("*.py")
        for name in re.findall(r"\.(agnostic_init_\w+)", path.read_text("utf-8"))
    }
    assert called <= {*module.ENTRIES, "agnostic_init_abi"}


@pytest.mark.parametrize("variable", ["AGNOSTIC_INIT_ENGINE", "AGNOSTIC_INIT_INSTRUCTIONS"])
def test_an_empty_variable_is_none(monkeypatch, ours, variable):
    monkeypatch.setenv(variable, "")
    monkeypatch.setattr(module._State, "found", None)
    assert look().instructions == ours.instructions


@pytest.mark.parametrize("fault", FAULTS)
def test_it_is_an_error_where_the_library_was_asked_for(folder, monkeypatch, fault):
    monkeypatch.setenv("AGNOSTIC_INIT_ENGINE", "native")
    contents, words = FAULTS[fault]
    (folder / module.FILE).write_bytes(contents)
    for _ in range(2):
        with pytest.raises(ImportError, match=rf"^AGNOSTIC_INIT_ENGINE=native: .*{words}.*try: "):
            library()


def test_a_missing_file_is_an_error_where_the_library_was_asked_for(folder, monkeypatch):
    monkeypatch.setenv("AGNOSTIC_INIT_ENGINE", "native")
    with pytest.raises(
        ImportError, match=r"is not installed.*try: install it again from its source"
    ):
        library()


@pytest.mark.skipif(not ON_ELF, reason="other systems' loaders look at a file's length themselves")
@pytest.mark.slow
def test_a_file_cut_anywhere_crashes_nothing(ours, tmp_path):
    whole = Path(ours.path).read_bytes()
    program = (
        "import sys, pathlib, warnings; warnings.simplefilter('ignore')\n"
        "from agnostic_init.native import library as module\n"
        "module.FOLDER = pathlib.Path(sys.argv[1])\n"
        "found = module.library()\n"  # its last bytes are for a linker alone
        "assert found is None or found.agnostic_init_abi() == module.ABI"
    )
    for tenths in range(10):
        (tmp_path / module.FILE).write_bytes(whole[: len(whole) * tenths // 10])
        subprocess.run([sys.executable, "-c", program, str(tmp_path)], check=True, timeout=60)


def test_a_library_of_another_version_is_not_used(folder, monkeypatch):
    (folder / module.FILE).touch()
    monkeypatch.setattr(module, "_cut_short", lambda path: False)
    monkeypatch.setattr(module.ctypes, "CDLL", lambda path: stand_in(abi=99))
    with pytest.warns(RuntimeWarning, match=f"its interface is 99, not {module.ABI}"):
        assert library() is None


@pytest.mark.parametrize("name", ["portable", "avx2", "avx512"])
def test_an_instruction_set_is_forced(ours, name):
    if name not in ours.available:
        pytest.skip(f"this processor has no {name}")
    program = (
        "from agnostic_init.native.library import library, look\n"
        f"assert library() and look().instructions == '{name}' and not look().reason"
    )
    env = {**os.environ, "AGNOSTIC_INIT_INSTRUCTIONS": name}
    subprocess.run([sys.executable, "-W", "error", "-c", program], env=env, check=True, timeout=60)


def test_one_that_is_not_there_is_a_warning_and_the_best_that_is(folder, monkeypatch):
    (folder / module.FILE).touch()
    monkeypatch.setattr(module.ctypes, "CDLL", lambda path: stand_in(has=(0, 1)))
    monkeypatch.setenv("AGNOSTIC_INIT_INSTRUCTIONS", "avx512")
    words = "INSTRUCTIONS is avx512, which .* has not; try: one of portable, avx2"
    with pytest.warns(RuntimeWarning, match=words):
        assert library() is not None
    assert look().instructions == "avx2"
    monkeypatch.setenv("AGNOSTIC_INIT_ENGINE", "native")
    with pytest.raises(ImportError, match=words):
        library()


def test_a_package_in_an_archive_has_its_library(ours, tmp_path):
    archive = tmp_path / "agnostic_init.zip"
    with zipfile.ZipFile(archive, "w") as packed:
        for path in PACKAGE.rglob("*"):
            if path.is_file() and "__pycache__" not in path.parts:
                packed.write(path, Path("agnostic_init", path.relative_to(PACKAGE)))
        if not (PACKAGE / "native" / module.FILE).exists():
            packed.write(ours.path, f"agnostic_init/native/{module.FILE}")
    program = (
        "from agnostic_init.native import library as module\n"
        f"assert {archive.name!r} in module.__file__\n"
        "assert module.library() is not None, module.look()\n"
        "print(module.look().path)"
    )
    env = {**os.environ, "PYTHONPATH": str(archive)}
    args = [sys.executable, "-W", "error", "-c", program]
    done = subprocess.run(
        args, env=env, cwd=tmp_path, capture_output=True, text=True, check=False, timeout=60
    )
    assert done.returncode == 0, done.stderr
    assert not Path(done.stdout.strip()).exists()  # the copy went with the process
