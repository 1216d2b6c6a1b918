"""Compiled kernels on disk: taken only from where nobody else can have put them."""

from __future__ import annotations

import os
import stat
import subprocess
import sys
import warnings
from pathlib import Path

import pytest

from agnostic_init.arrays.errors import ParameterError
from agnostic_init.draws.engines.cuda import cache
from agnostic_init.draws.engines.cuda.cache import cached, folder

KEY = ("a", "b")

posix = pytest.mark.skipif(os.name == "nt", reason="Windows has no such bits")


@pytest.fixture(autouse=True)
def _warned_anew():
    cache._warn.cache_clear()


@pytest.fixture
def place(tmp_path, monkeypatch):
    monkeypatch.setenv("AGNOSTIC_INIT_CACHE_DIR", str(tmp_path / "one" / "cache"))
    return tmp_path.resolve() / "one" / "cache"


def planted():
    """A file that holds other bytes and their digest, as anybody can make one."""
    cached(KEY, lambda: b"planted")
    (file,) = folder().iterdir()
    return file


def make():
    return b"cubin"


def fails():
    raise AssertionError("made again")


def test_made_once(place):
    assert cached(KEY, make) == cached(KEY, fails) == b"cubin"
    assert cached(("a", "c"), lambda: b"other") == b"other"
    assert len(list(place.iterdir())) == 2


@pytest.mark.parametrize("content", [b"", b"damaged", b"x" * 100, None])
def test_what_is_damaged_is_made_again(place, content):
    file = planted()
    file.write_bytes(file.read_bytes()[:-1] if content is None else content)
    assert cached(KEY, make) == cached(KEY, fails) == b"cubin"


@posix
@pytest.mark.parametrize("umask", [0o000, 0o022, 0o077])
def test_only_the_user_can_reach_it(place, umask):
    before = os.umask(umask)
    try:
        cached(KEY, make)
    finally:
        os.umask(before)
    (file,) = place.iterdir()
    assert stat.S_IMODE(place.stat().st_mode) == 0o700
    assert stat.S_IMODE(place.parent.stat().st_mode) == 0o700
    assert stat.S_IMODE(file.stat().st_mode) == 0o600


@posix
@pytest.mark.parametrize("mode", [0o770, 0o707, 0o777, 0o1777, 0o720])
def test_a_folder_that_others_can_write_is_refused(place, mode):
    file = planted()
    place.chmod(mode)
    before = file.read_bytes()
    with pytest.warns(RuntimeWarning, match=r"not taken from .*; try: chmod 700 \".*one/cache\""):
        assert cached(KEY, make) == b"cubin"
    assert cached(KEY, make) == b"cubin"  # and nothing is said twice
    assert file.read_bytes() == before
    place.chmod(0o755)  # that others read does no harm
    assert cached(KEY, fails) == b"planted"


@posix
def test_a_folder_of_somebody_else_is_refused(place, monkeypatch):
    planted()
    monkeypatch.setattr(os, "geteuid", lambda: place.stat().st_uid + 1)
    with pytest.warns(RuntimeWarning, match="as others than you can write there"):
        assert cached(KEY, make) == b"cubin"


@posix
@pytest.mark.parametrize("how", ["mode", "link", "pipe", "folder"])
def test_a_file_that_others_could_have_made_is_not_taken(place, how, tmp_path):
    file = planted()
    if how == "mode":
        file.chmod(0o666)
    else:
        content = file.read_bytes()
        file.unlink()
        if how == "link":
            (tmp_path / "elsewhere").write_bytes(content)
            file.symlink_to(tmp_path / "elsewhere")
        elif how == "pipe":
            os.mkfifo(file)
        else:
            file.mkdir()
    assert cached(KEY, make) == b"cubin"
    if how != "folder":
        assert cached(KEY, fails) == b"cubin"  # made anew, as it should be


@posix
def test_a_link_in_place_of_the_folder_is_refused(tmp_path, monkeypatch):
    monkeypatch.delenv("AGNOSTIC_INIT_CACHE_DIR", raising=False)
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    (tmp_path / "elsewhere").mkdir(mode=0o700)
    (tmp_path / "agnostic_init").symlink_to(tmp_path / "elsewhere")
    assert cached(KEY, make) == b"cubin"
    assert not list((tmp_path / "elsewhere").iterdir())


@pytest.mark.parametrize("path", ["cache", "./cache", "~/cache"])
def test_a_relative_path_is_an_error(monkeypatch, path):
    monkeypatch.setenv("AGNOSTIC_INIT_CACHE_DIR", path)
    rule = "`AGNOSTIC_INIT_CACHE_DIR` must be an absolute path"
    with pytest.raises(ParameterError, match=f"^{rule}, (but )?got '{path}'"):
        cached(KEY, make)


@posix
def test_where_it_is(monkeypatch, tmp_path):
    monkeypatch.delenv("AGNOSTIC_INIT_CACHE_DIR", raising=False)
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    monkeypatch.setenv("LOCALAPPDATA", "elsewhere")
    home = tmp_path.resolve() / "home" / ".cache" / "agnostic_init"
    for base in (
        "",
        "relative",
        "./relative",
        "~",
    ):  # which must be ignored, says its specification
        monkeypatch.setenv("XDG_CACHE_HOME", base)
        assert folder() == home
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "xdg"))
    assert folder() == tmp_path.resolve() / "xdg" / "agnostic_init"
    monkeypatch.delenv("XDG_CACHE_HOME")
    assert folder() == home


@posix
def test_a_home_that_is_no_absolute_path_is_none(monkeypatch, tmp_path):
    monkeypatch.delenv("AGNOSTIC_INIT_CACHE_DIR", raising=False)
    monkeypatch.delenv("XDG_CACHE_HOME", raising=False)
    monkeypatch.setenv("HOME", "relative")
    monkeypatch.chdir(tmp_path)
    assert folder() is None
    assert cached(KEY, make) == b"cubin"
    assert not list(tmp_path.iterdir())


def test_without_a_home(monkeypatch):
    def none():
        raise RuntimeError("Could not determine home directory.")

    monkeypatch.delenv("AGNOSTIC_INIT_CACHE_DIR", raising=False)
    monkeypatch.delenv("XDG_CACHE_HOME", raising=False)
    monkeypatch.delenv("LOCALAPPDATA", raising=False)
    monkeypatch.setattr(Path, "home", none)
    assert cached(KEY, make) == b"cubin"


@pytest.mark.parametrize("below", [".", "below"])
def test_a_file_in_place_of_the_folder(tmp_path, monkeypatch, below):
    (tmp_path / "file").write_bytes(b"")
    monkeypatch.setenv("AGNOSTIC_INIT_CACHE_DIR", str(tmp_path / "file" / below))
    assert cached(KEY, make) == b"cubin"


@pytest.mark.parametrize("what", ["mkdir", "mkstemp", "replace"])
def test_a_disk_that_cannot_be_written_is_done_without(place, monkeypatch, what):
    def full(*arguments, **options):
        raise OSError(28, "No space left on device")

    target = cache.tempfile if what == "mkstemp" else Path
    monkeypatch.setattr(target, what, full)
    assert cached(KEY, make) == b"cubin"
    assert not place.exists() or not list(place.iterdir())


def test_an_interrupt_leaves_nothing(place, monkeypatch):
    def interrupted(*arguments):
        raise KeyboardInterrupt

    monkeypatch.setattr(Path, "replace", interrupted)
    with pytest.raises(KeyboardInterrupt):
        cached(KEY, make)
    assert not list(place.iterdir())


def test_what_killed_processes_left_is_removed(place):
    cached(("z",), make)
    old, new = place / "tmpold.part", place / "tmpnew.part"
    for file in (old, new):
        file.write_bytes(b"half")
    os.utime(old, (1, 1))
    cached(KEY, make)
    assert not old.exists()
    assert new.exists()


def test_processes_that_write_at_once(place):
    """Each reads a whole file or none, and one is left."""
    program = """
from agnostic_init.draws.engines.cuda.cache import cached, folder
content = b"cubin" * 200_000
for turn in range(100):
    assert cached(("a", "b"), lambda: content) == content
    for file in folder().glob("*.cubin"):
        file.unlink(missing_ok=True)
"""
    running = [subprocess.Popen([sys.executable, "-c", program]) for _ in range(3)]
    assert [process.wait(timeout=120) for process in running] == [0, 0, 0]
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        cached(KEY, make)
    assert [file.suffix for file in place.iterdir()] == [".cubin"]
