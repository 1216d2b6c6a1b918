"""The command line, from within and as a process."""

from __future__ import annotations

import functools
import json
import math
import os
import signal
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
import safetensors.numpy

import agnostic_init as ai
from agnostic_init.arrays import target
from agnostic_init.checkpoint import writer
from agnostic_init.cli import main

SPEC = """
[defaults]
seed = 3
[tensors]
"h.{0..2}.weight" = [40, 30]
bias = [30]
[[rules]]
match = "*.weight"
init = { name = "normal", std = 0.02 }
[[rules]]
match = "bias"
init = "zeros"
"""


@pytest.fixture
def spec(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    Path("spec.toml").write_text(SPEC)
    return "spec.toml"


def run(*arguments, **env):
    return subprocess.run(
        [sys.executable, "-m", "agnostic_init", *arguments],
        capture_output=True,
        text=True,
        check=False,
        env={**os.environ, **env},
    )


def error_of(capsys):
    """The one line that went to standard error."""
    out, err = capsys.readouterr()
    assert out == ""
    assert err.startswith("agnostic-init: error: ")
    assert err.count("\n") == 1
    return err


def test_write_makes_the_file_and_says_so(spec):
    done = run("write", spec, "out.safetensors", "--no-progress")
    assert (done.returncode, done.stderr) == (0, "")
    first, second = done.stdout.splitlines()
    assert first == "out.safetensors: 4 tensors, 3,630 parameters, 14,520 bytes of data"
    assert second.startswith("sha256 of the data: ")
    read = safetensors.numpy.load_file("out.safetensors")
    expected = ai.normal(std=0.02)((40, 30), key=ai.key(3).fold_in("h.1.weight"))
    assert (read["h.1.weight"] == expected).all()


def test_a_seed_or_a_name_overrides_the_file(spec, capsys):
    digests = []
    for more in ([], ["--seed", "3"], ["--seed", "0x4"], ["--key", "model"]):
        assert main(["write", spec, "out", "--no-progress", "--overwrite", *more]) == 0
        digests.append(capsys.readouterr().out.split()[-1])
    assert digests[0] == digests[1]
    assert len(set(digests)) == 3


def test_every_backend_writes_the_same(backend, spec, capsys):
    name = "array_api_strict" if backend.name == "strict" else backend.name
    for each in ("numpy", name):
        assert main(["write", spec, each, "--backend", each, "--overwrite", "--no-progress"]) == 0
    assert Path("numpy").read_bytes() == Path(name).read_bytes()


def test_describe_prints_a_table(spec, capsys):
    assert main(["describe", spec]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert lines[0].split()[0] == "name"
    assert len(lines) == 4
    assert lines[1].split()[:2] == ["h.{0..2}.weight", "3"]
    assert lines[-1].split() == ["4", "parameters", "3,630", "14,520"]
    assert main(["describe", spec, "--all"]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert [line.split()[0] for line in lines] == [
        *("name", "h.0.weight", "h.1.weight", "h.2.weight", "bias", "4"),
    ]


def test_describe_prints_json(spec, capsys):
    assert main(["describe", spec, "--json", "--seed", "9"]) == 0
    told = json.loads(capsys.readouterr().out)
    assert (told["elements"], told["bytes"], told["key"]) == (3630, 14520, [9, 0])
    first = told["parameters"][0]
    assert first["name"] == "h.0.weight"
    assert first["initializer"] == {"name": "normal", "mean": 0.0, "std": 0.02}
    assert ai.get(first["initializer"]) == ai.normal(std=0.02)


def test_an_existing_file_is_not_replaced_unless_told(spec, capsys):
    Path("out").write_text("mine")
    assert main(["write", spec, "out"]) == 2
    assert "out exists; try: --overwrite" in error_of(capsys)
    assert Path("out").read_text() == "mine"


@pytest.mark.parametrize(
    ("old", "new", "words"),
    [
        ("seed = 3", "sed = 3", "spec.toml: `[defaults]` must have no other keys"),
        ("seed = 3", "", "spec.toml: `[defaults]` must have a seed or a key"),
        ("[40, 30]", "[40, -30]", "spec.toml: [tensors] 'h.{0..2}.weight': `shape` must have no"),
        ('"bias"', '"baos"', "`rules` must match every parameter, got none for 1 of 4: 'bias'"),
        ('"zeros"', '"he_normal"', "spec.toml: parameter 'bias', rule 'bias': "),
        ("seed = 3", 'seed = 3\ndtype = "float31"', "dtype"),
        ("seed = 3", 'seed = 3\ndtype = "complex128"', "`dtype of 'h.0.weight'` must be one that"),
        ('name = "normal", ', "", "`initializer` must have the name of an initializer, got {'std'"),
        ('"zeros"', '"zeros"\ndtype = "banana"', "`dtype` must be the name of a dtype"),
        ("std = 0.02", "std = nan", "`std` must"),
        ("[tensors]", "[tensors", "spec.toml: not valid TOML"),
    ],
)
def test_a_bad_spec_is_one_line_and_exit_code_2(spec, capsys, old, new, words):
    Path(spec).write_text(SPEC.replace(old, new))
    assert main(["write", spec, "out", "--no-progress"]) == 2
    assert words in error_of(capsys)
    assert not Path("out").exists()


def test_files_that_are_not_there(spec, capsys):
    assert main(["describe", "./none.toml"]) == 2
    assert "none.toml: No such file" in error_of(capsys)
    assert main(["write", spec, "none/out", "--no-progress"]) == 2
    assert "`path` must be in a folder that exists" in error_of(capsys)


def test_a_device_that_numpy_has_not(spec, capsys):
    assert main(["write", spec, "out", "--device", "cuda", "--no-progress"]) == 2
    assert "`device` must be 'cpu' for NumPy, got 'cuda'" in error_of(capsys)


@pytest.fixture
def unloaded(monkeypatch):
    """As if CuPy had not been used yet."""
    monkeypatch.setattr(target, "backend", functools.cache(target.backend.__wrapped__))
    for name in ("cupy", "agnostic_init.arrays.libraries.cupy"):
        monkeypatch.delitem(sys.modules, name, raising=False)


def test_a_backend_that_is_not_installed_names_its_extra(spec, capsys, monkeypatch, unloaded):
    monkeypatch.setitem(sys.modules, "cupy", None)
    assert main(["write", spec, "out", "--backend", "cupy", "--no-progress"]) == 2
    assert 'pip install "agnostic-init[cupy]"' in error_of(capsys)


@pytest.mark.parametrize(
    "arguments",
    [
        [],
        ["wrte", "spec.toml"],
        ["write", "spec.toml"],
        ["write", "spec.toml", "out", "--backend", "tensorflow"],
        ["write", "spec.toml", "out", "--seed", "-1"],
        ["write", "spec.toml", "out", "--seed", "1.5"],
        ["write", "spec.toml", "out", "--seed", "1", "--key", "a"],
    ],
)
def test_a_wrong_command_is_exit_code_2(arguments, capsys):
    with pytest.raises(SystemExit) as caught:
        main(arguments)
    assert caught.value.code == 2
    assert "error: " in capsys.readouterr().err


def test_help_shows_a_spec(capsys):
    for arguments in (["--help"], ["write", "--help"], ["describe", "--help"]):
        with pytest.raises(SystemExit) as caught:
            main(arguments)
        assert caught.value.code == 0
        said = capsys.readouterr().out
        assert "[[rules]]" in said
        assert "Exit codes: " in said


def test_without_tqdm_it_says_so_and_goes_on(spec, capsys, monkeypatch):
    monkeypatch.setitem(sys.modules, "tqdm", None)
    assert main(["write", spec, "out"]) == 0
    assert capsys.readouterr().err == ""  # no terminal, no bar, no note
    monkeypatch.setattr(sys.stderr, "isatty", lambda: True, raising=False)
    assert main(["write", spec, "out", "--overwrite"]) == 0
    err = capsys.readouterr().err
    assert err.count("\n") == 1
    assert 'pip install "agnostic-init[cli]"; going on without' in err
    assert main(["write", spec, "out", "--overwrite", "--no-progress"]) == 0
    assert capsys.readouterr().err == ""


def test_the_bar_is_in_bytes(spec, capsys, monkeypatch):
    pytest.importorskip("tqdm")
    monkeypatch.setattr(sys.stderr, "isatty", lambda: True, raising=False)
    assert main(["write", spec, "out"]) == 0
    assert "14.5k/14.5k" in capsys.readouterr().err


@pytest.mark.parametrize("error", [OSError(28, "No space left", "out"), MemoryError("of it")])
def test_what_fails_on_the_way_is_told_by_the_exit_code(spec, capsys, monkeypatch, error):
    def fail(*_):
        raise error

    monkeypatch.setattr(writer.Maker, "write", fail)
    assert main(["write", spec, "out", "--no-progress"]) == (2 if isinstance(error, OSError) else 1)
    assert "No space left" in (said := error_of(capsys)) or "MemoryError: of it" in said
    assert list(Path().iterdir()) == [Path(spec)]


# The program, in a process that undoes what a parent such as nohup has told it to ignore.
WITH_DEFAULT_SIGNALS = """
import signal, sys
from agnostic_init.cli import main
for name in ("SIGTERM", "SIGHUP"):
    signal.signal(getattr(signal, name), signal.SIG_DFL)
signal.signal(signal.SIGINT, signal.default_int_handler)
sys.exit(main())
"""


@pytest.mark.skipif(os.name != "posix", reason="signals")
@pytest.mark.parametrize(
    ("number", "code", "said"),
    [("SIGINT", 130, "interrupted"), ("SIGTERM", 143, "terminated"), ("SIGHUP", 129, "terminated")],
)
def test_a_signal_is_an_exit_code_and_leaves_nothing(spec, number, code, said):
    Path(spec).write_text(SPEC.replace("[40, 30]", "[40000, 3000]"))
    process = subprocess.Popen(
        [sys.executable, "-c", WITH_DEFAULT_SIGNALS, "write", spec, "out", "--no-progress"],
        stderr=subprocess.PIPE,
        text=True,
    )
    limit = time.monotonic() + 60
    while not list(Path().glob(".out.*.part")) and time.monotonic() < limit:
        time.sleep(0.01)
    process.send_signal(getattr(signal, number))
    _, err = process.communicate(timeout=60)
    assert process.returncode == code, err
    assert err == f"agnostic-init: error: {said}; no file was left behind\n"
    assert list(Path().iterdir()) == [Path(spec)]


@pytest.mark.skipif(os.name != "posix", reason="signals")
def test_signals_are_handled_as_before_when_it_is_done(spec, monkeypatch):
    seen = []

    def made(*_):
        seen.append([signal.getsignal(number) for number in numbers])
        raise MemoryError

    numbers = (signal.SIGTERM, signal.SIGHUP)
    monkeypatch.setattr(writer.Maker, "write", made)
    before = signal.signal(signal.SIGHUP, signal.SIG_IGN)  # as under nohup
    try:
        assert main(["write", spec, "out"]) == 1
        assert signal.getsignal(signal.SIGTERM) is signal.SIG_DFL
        assert signal.getsignal(signal.SIGHUP) is signal.SIG_IGN
    finally:
        signal.signal(signal.SIGHUP, before)
    assert callable(seen[0][0])
    assert seen[0][1] is signal.SIG_IGN


def test_a_thread_may_write_too(spec):
    with ThreadPoolExecutor(1) as pool:
        assert pool.submit(main, ["write", spec, "out"]).result() == 0


@pytest.mark.parametrize("encoding", ["ascii", "cp1252", "utf-8"])
def test_a_name_that_the_terminal_has_not_is_escaped(spec, encoding):
    Path(spec).write_text(SPEC.replace("bias =", '"порог" =').replace('"bias"', '"порог"'), "utf-8")
    for arguments in (["describe", spec], ["describe", spec, "--json"], ["write", spec, "порог"]):
        done = run(*arguments, PYTHONIOENCODING=f"{encoding}:strict")
        assert done.returncode == 0, done.stderr
        shown = "порог" if encoding == "utf-8" and "--json" not in arguments else r"\u043f\u043e"
        assert shown in done.stdout


def test_json_has_no_infinities(spec, capsys):
    rule = '{ name = "truncated_normal", lower = -inf, upper = 3.0 }'
    Path(spec).write_text(SPEC.replace('{ name = "normal", std = 0.02 }', rule))
    assert main(["describe", spec, "--json"]) == 0

    def refuse(text):
        raise AssertionError(text)

    told = json.loads(capsys.readouterr().out, parse_constant=refuse)
    initializer = told["parameters"][0]["initializer"]
    assert initializer["lower"] == "-inf"
    assert ai.get(initializer) == ai.truncated_normal(lower=-math.inf, upper=3.0)


def test_a_broken_library_is_exit_code_1(spec, capsys, monkeypatch, unloaded, tmp_path):
    (tmp_path / "cupy.py").write_text("raise ImportError('libnvrtc.so.13: cannot open')")
    monkeypatch.syspath_prepend(tmp_path)
    assert main(["write", spec, "out", "--backend", "cupy"]) == 1
    assert "cannot be imported: libnvrtc.so.13: cannot open" in error_of(capsys)


@pytest.mark.skipif(os.name != "posix", reason="pipes")
def test_a_reader_that_goes_away_is_no_traceback(spec):
    Path(spec).write_text(SPEC.replace("{0..2}", "{0..20000}"))
    command = [sys.executable, "-m", "agnostic_init", "describe", spec, "--all"]
    pipe = subprocess.PIPE
    with subprocess.Popen(command, stdout=pipe, stderr=pipe, text=True) as process:
        first = process.stdout.readline()
        process.stdout.close()
        said = process.stderr.read()
    assert (first[:4], said, process.returncode) == ("name", "", 1)


def test_info_says_what_is_installed(capsys):
    assert main(["info"]) == 0
    assert capsys.readouterr().out == f"{ai.info()}\n"
    assert main(["info", "--json"]) == 0
    assert json.loads(capsys.readouterr().out) == ai.info().to_dict()


def test_info_says_which_variable_is_wrong():
    done = run("info", AGNOSTIC_INIT_NUM_THREADS="0")
    assert (done.returncode, done.stderr) == (0, "")
    assert "`AGNOSTIC_INIT_NUM_THREADS` must be a positive integer, got '0'" in done.stdout
