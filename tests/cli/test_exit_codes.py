"""0 exactly when OUT is new and whole, whatever happens to the process and its streams."""

from __future__ import annotations

import os
import signal
import stat
import subprocess
import sys
from pathlib import Path

import pytest

from agnostic_init.checkpoint import atomic
from agnostic_init.cli import main

pytestmark = pytest.mark.skipif(os.name != "posix", reason="signals and permissions")

SPEC = """
[defaults]
seed = 0
[tensors]
weight = [400, 300]
[[rules]]
match = "*"
init = "normal"
"""
BYTES = 400 * 300 * 4


@pytest.fixture(autouse=True)
def folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    Path("spec").write_text(SPEC)


def shell(command):
    return subprocess.run(
        ["sh", "-c", command.replace("PROGRAM", f"{sys.executable} -m agnostic_init")],
        capture_output=True,
        text=True,
        check=False,
    )


def is_whole(path="out"):
    return Path(path).stat().st_size > BYTES


@pytest.mark.parametrize("number", ["SIGINT", "SIGTERM", "SIGHUP"])
@pytest.mark.parametrize("when", ["before", "after"])
def test_a_signal_about_the_moment_of_the_rename(number, when):
    """In a child that sends itself the signal, so that the moment is exact."""
    program = f"""
import os, signal, sys
from agnostic_init.checkpoint import atomic
from agnostic_init.cli import main

def appear(temporary, path, *, replace):
    if {when == "before"}:
        os.kill(os.getpid(), signal.{number})
    renamed(temporary, path, replace=replace)
    os.kill(os.getpid(), signal.{number})

renamed, atomic.appear = atomic.appear, appear
signal.signal(signal.{number}, signal.default_int_handler if "{number}" == "SIGINT" else signal.SIG_DFL)
sys.argv = ["agnostic-init", "write", "spec", "out"]
code = main()
os.kill(os.getpid(), signal.{number})
sys.exit(code)
"""
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, check=False)
    assert done.returncode == 0, done.stderr
    assert is_whole()
    assert sorted(Path().iterdir()) == [Path("out"), Path("spec")]


def test_a_signal_while_it_is_written(monkeypatch, capsys):
    def sync(descriptor):
        os.kill(os.getpid(), signal.SIGTERM)

    monkeypatch.setattr(atomic.os, "fsync", sync)
    assert main(["write", "spec", "out"]) == 143
    assert "terminated; no file was left behind" in capsys.readouterr().err
    assert list(Path().iterdir()) == [Path("spec")]


def test_streams_that_are_closed_or_full():
    for streams in (">&-", "2>&-", ">&- 2>&-", "> /dev/full", "> /dev/full 2> /dev/full"):
        if "full" in streams and not Path("/dev/full").exists():
            continue
        done = shell(f"PROGRAM write spec out {streams}")
        assert done.returncode == 0, (streams, done)
        assert is_whole()
        assert "Traceback" not in done.stderr
        Path("out").unlink()
        done = shell(f"PROGRAM describe spec {streams}")
        assert done.returncode == (1 if ">&-" in streams.split() or "> /dev/full" in streams else 0)
        assert "Traceback" not in done.stderr
    assert shell("PROGRAM describe none 2>&-").returncode == 2
    assert shell("PROGRAM describe none 2> /dev/full").returncode == 2


def test_standard_input_that_is_closed(monkeypatch, capsys):
    monkeypatch.setattr(sys, "stdin", None)
    assert main(["describe", "-"]) == 2
    assert "`SPEC` must not be standard input where that is closed" in capsys.readouterr().err


def test_of_two_writers_one_fails(monkeypatch, capsys):
    """The other's file appears while this one is written."""

    def meanwhile(descriptor):
        Path("out").write_text("the other's")

    monkeypatch.setattr(atomic.os, "fsync", meanwhile)
    assert main(["write", "spec", "out"]) == 2
    assert "out: File exists" in capsys.readouterr().err
    assert Path("out").read_text() == "the other's"
    assert sorted(Path().iterdir()) == [Path("out"), Path("spec")]


def test_of_two_writers_one_fails_where_there_are_no_links(monkeypatch, capsys):
    def refuse(*_):
        raise PermissionError

    monkeypatch.setattr(atomic.os, "link", refuse)
    assert main(["write", "spec", "out"]) == 0
    assert is_whole()
    monkeypatch.setattr(atomic.os, "fsync", lambda _: Path("new").write_text("the other's"))
    assert main(["write", "spec", "new"]) == 2
    assert Path("new").read_text() == "the other's"


def test_permissions_and_owner_stay():
    Path("out").write_text("old")
    Path("out").chmod(0o640)
    if os.geteuid() == 0:
        os.chown("out", 1234, 1235)
    assert main(["write", "spec", "out", "--overwrite"]) == 0
    now = Path("out").stat()
    assert stat.S_IMODE(now.st_mode) == 0o640
    if os.geteuid() == 0:
        assert (now.st_uid, now.st_gid) == (1234, 1235)
    assert is_whole()


def test_a_link_stays_a_link_and_its_file_keeps_its_permissions():
    Path("real").write_text("old")
    Path("real").chmod(0o600)
    Path("out").symlink_to("real")
    assert main(["write", "spec", "out", "--overwrite"]) == 0
    assert Path("out").is_symlink()
    assert stat.S_IMODE(Path("real").stat().st_mode) == 0o600
    assert is_whole("real")


def test_links_that_lead_nowhere(capsys):
    Path("one").symlink_to("other")
    Path("other").symlink_to("one")
    for arguments in (["write", "spec", "one"], ["describe", "one"], ["check", "one"]):
        assert main(arguments) == 2, arguments
        assert capsys.readouterr().err.count("\n") == 1
    assert main(["write", "spec", "one", "--overwrite"]) == 2
    assert (
        "`path` must not be a link that leads back to itself, got 'one'" in capsys.readouterr().err
    )
    Path("out").symlink_to("new")
    assert main(["write", "spec", "out"]) == 0
    assert Path("out").is_symlink()
    assert is_whole("new")


def test_a_hard_link_keeps_what_it_had():
    assert main(["write", "spec", "out"]) == 0
    os.link("out", "kept")
    before = Path("kept").read_bytes()
    assert main(["write", "spec", "out", "--overwrite", "--seed", "1"]) == 0
    assert Path("kept").read_bytes() == before != Path("out").read_bytes()


def test_rules_that_cannot_be_read_and_an_out_that_is_theirs(capsys):
    assert main(["write", "spec", "out"]) == 0
    assert main(["describe", "out", "--rules", "none"]) == 2
    assert "none: No such file" in capsys.readouterr().err
    Path("rules").write_text('[defaults]\nseed = 1\n[[rules]]\nmatch = "*"\ninit = "zeros"\n')
    assert main(["write", "out", "rules", "--rules", "rules", "--overwrite"]) == 2
    assert "`OUT` must not be what --rules names" in capsys.readouterr().err
    assert main(["write", "spec", ""]) == 2
    assert "`OUT` must be the name of a file" in capsys.readouterr().err


def test_a_new_file_has_the_permissions_that_the_umask_leaves():
    before = os.umask(0o027)
    try:
        assert main(["write", "spec", "out"]) == 0
    finally:
        os.umask(before)
    assert stat.S_IMODE(Path("out").stat().st_mode) == 0o640


def test_what_a_killed_process_left_is_removed_and_what_another_writes_is_not():
    import fcntl

    Path(".out.0123abcd.part").write_text("left")
    Path(".other.0123abcd.part").write_text("of another file")
    Path(".out.mine.part").write_text("of another name")
    with Path(".out.89abcdef.part").open("w") as written:
        fcntl.flock(written, fcntl.LOCK_EX)
        assert main(["write", "spec", "out"]) == 0
    left = {path.name for path in Path().iterdir()}
    assert left == {"out", "spec", ".other.0123abcd.part", ".out.mine.part", ".out.89abcdef.part"}


@pytest.mark.parametrize("name", ["n" * 255, "é" * 127, "[a]*?" + "b" * 200])
def test_long_and_odd_names(name):
    Path(f".{name[:40]}.0123abcd.part").write_text("nobody's")
    assert main(["write", "spec", name]) == 0
    assert is_whole(name)
    assert main(["write", "spec", name, "--overwrite"]) == 0
    assert len(list(Path().iterdir())) == 3


def test_killed_and_written_again():
    program = """
import os, signal
from agnostic_init.checkpoint import atomic
from agnostic_init.cli import main
atomic.os.fsync = lambda _: os.kill(os.getpid(), signal.SIGKILL)
main(["write", "spec", "out"])
"""
    subprocess.run([sys.executable, "-c", program], check=False)
    assert [path.name for path in Path().glob(".out.*.part")]
    assert main(["write", "spec", "out"]) == 0
    assert sorted(Path().iterdir()) == [Path("out"), Path("spec")]
