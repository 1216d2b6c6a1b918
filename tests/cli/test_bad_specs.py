"""Whatever a SPEC holds, a fault of it is one line and exit code 2, soon and in little memory."""

from __future__ import annotations

import json
import os
import sys
import time
from pathlib import Path

import pytest

from agnostic_init.cli import main, planning
from agnostic_init.models import spec_file

RULES = '[[rules]]\nmatch = "*"\ninit = { name = "normal", std = 0.02 }\n'
SPEC = f"[defaults]\nseed = 0\n[tensors]\nweight = [4, 3]\n{RULES}"
DIGITS = "9" * 5000


@pytest.fixture(autouse=True)
def folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)


def refused(capsys, text, name="spec.toml", command="write"):
    Path(name).write_text(text)
    out = ["out.safetensors", "--no-progress"] if command == "write" else []
    assert main([command, name, *out]) == 2
    shown, said = capsys.readouterr()
    assert shown == ""
    assert said.startswith(f"agnostic-init: error: {name}: ")
    assert said.count("\n") == 1
    assert sorted(Path().iterdir()) == [Path(name)]
    return said


@pytest.mark.parametrize(
    ("old", "new", "words"),
    [
        ("[4, 3]", f"[{DIGITS}]", "not valid TOML: Exceeds the limit"),
        ("seed = 0", f"seed = {DIGITS}", "not valid TOML: Exceeds the limit"),
        ("std = 0.02", f"std = {DIGITS}", "not valid TOML: Exceeds the limit"),
        ("weight =", f'"w{{0..{DIGITS}}}" =', "must have a range"),
        ("weight =", f'"w{{{DIGITS}..{DIGITS}}}" =', "must have a range"),
        ("weight =", '"{0..999999}{0..999999}" =', "must stand for at most 1,000,000 names"),
        ("weight =", f'"{"{a,b}" * 40}" =', "must stand for at most 1,000,000 names"),
        ('"*"', '"re:a{99999999999}"', "must be a valid regular expression"),
        ('"*"', f'"re:{"(" * 3000}a{")" * 3000}"', "must be a valid regular expression"),
        ('"*"', '"re:("', "must be a valid regular expression"),
        ("[4, 3]", f"[{'1, ' * 64}1]", "must have at most 64 axes"),
        ("[4, 3]", "[" * 3000 + "]" * 3000, "not valid TOML: nested too deeply"),
        (
            '"normal", std = 0.02',
            '"constant", value = { real = [1], imag = 2 }',
            "`real` must be a real number, got (1,)",
        ),
        ('"normal", std = 0.02', '"constant", value = { real = "a", imag = 2 }', "`real` must be"),
        ('"normal", std = 0.02', '"normal", std = {}', "`std` must be a real number, got {}"),
        ('"normal", std = 0.02', '"normal", std = [1]', "`std` must be a real number"),
        ('"normal", std = 0.02', '"he_normal", layout = {}', "`layout` must be"),
        ('"normal", std = 0.02', '"he_normal", layout = [1]', "`layout` must be"),
        (
            '"normal", std = 0.02',
            f'"he_normal", layout = "({DIGITS} o) i"',
            "must fuse with numbers of at most 20 digits",
        ),
        ('"normal", std = 0.02', '"looks_linear", base = {}', "must"),
        ('"normal", std = 0.02', '"orthogonal", gain = {}', "`gain` must be"),
        ('"normal", std = 0.02', '"sparse", sparsity = {}', "`sparsity` must be"),
        ('"normal", std = 0.02', '"delta_orthogonal", mirror = {}', "must"),
    ],
)
def test_values_that_nothing_can_be_made_of(capsys, old, new, words):
    assert words in refused(capsys, SPEC.replace(old, new))


def test_braces_of_many_lines_are_bounded_together(capsys, monkeypatch):
    monkeypatch.setattr(spec_file, "MOST", 10)
    said = refused(capsys, SPEC.replace("weight =", '"a{0..5}" = [1]\n"b{0..5}" ='))
    assert "[tensors] 'b{0..5}': `name` must make at most 10 names with the lines before" in said


@pytest.mark.parametrize(
    ("text", "words"),
    [
        (f'{{"tensors": {{"a": [{DIGITS}]}}}}', "not valid JSON: Exceeds the limit"),
        ('{"tensors": ' + "[" * 100000, "not valid JSON: nested too deeply"),
        ('{"tensors": ' + '{"a":' * 100000, "not valid JSON: nested too deeply"),
        ('{"tensors": {"a": [1], "a": [2]}}', "`names` must not be repeated"),
        ("[1]", "`the file` must be a table of defaults, tensors, rules"),
    ],
)
def test_json_that_is_too_much(capsys, text, words):
    assert words in refused(capsys, text, "spec.json")


def test_a_file_of_tensors_has_no_rules(capsys):
    Path("spec.toml").write_text(SPEC)
    assert main(["write", "spec.toml", "m.safetensors"]) == 0
    capsys.readouterr()
    assert main(["describe", "m.safetensors", "--rules", "m.safetensors"]) == 2
    assert "`the file` must be a spec, got a safetensors file" in capsys.readouterr().err


@pytest.mark.skipif(not Path("/dev/zero").exists(), reason="no such device")
def test_a_file_without_end(capsys):
    assert main(["describe", "/dev/zero"]) == 2
    assert "`the file` must have at most 67,108,864 bytes" in capsys.readouterr().err


@pytest.mark.skipif(os.name != "posix", reason="timers")
@pytest.mark.parametrize("pattern", ["re:(a+)+$b", "re:(a|a)*b", "re:(a|aa)+c"])
def test_an_expression_that_takes_for_ever(capsys, monkeypatch, pattern):
    monkeypatch.setattr(planning, "MATCHING", 0.5)
    began = time.monotonic()
    text = SPEC.replace("weight", "a" * 200).replace('"*"', f'"{pattern}"')
    assert "`rules` must be matched with all names within 0.5 seconds" in refused(capsys, text)
    assert time.monotonic() - began < 20


def test_many_rules_and_many_names_in_a_bounded_time(capsys):
    names = "\n".join(f'"n{number}" = [1]' for number in range(3000))
    rules = "".join(
        f'[[rules]]\nmatch = "re:never{number}.*"\ninit = "zeros"\n' for number in range(1200)
    )
    began = time.process_time()
    assert "got 1200 of 1201 that no parameter needs" in refused(
        capsys, f"[defaults]\nseed = 0\n[tensors]\n{names}\n{rules}{RULES}"
    )
    assert time.process_time() - began < 60  # it was minutes


def test_control_characters_are_shown_and_not_obeyed(capsys):
    text = SPEC.replace("weight", '"red\\u001b[31m"')
    Path("spec.toml").write_text(text)
    assert main(["describe", "spec.toml"]) == 0
    shown = capsys.readouterr().out
    assert r"red\x1b[31m" in shown
    assert "\x1b" not in shown
    assert "\x1b" not in refused(capsys, text.replace('"*"', '"b"'))


def test_a_dtype_that_the_library_cannot_compute_with_is_one_line(capsys):
    pytest.importorskip("torch")
    Path("spec.toml").write_text(SPEC.replace("seed = 0", 'seed = 0\ndtype = "uint64"'))
    assert main(["write", "spec.toml", "out.safetensors", "--backend", "torch"]) == 2
    assert capsys.readouterr().err.count("\n") == 1
    assert not Path("out.safetensors").exists()


def test_standard_input_is_a_spec_too(capsys, monkeypatch):
    class Input:
        buffer = None

    for text in (
        SPEC,
        json.dumps(
            {
                "tensors": {"weight": [4, 3]},
                "rules": [{"match": "*", "init": {"name": "normal", "std": 0.02}}],
            }
        ),
    ):
        with Path("given").open("wb") as file:
            file.write(text.encode())
        with Path("given").open("rb") as file:
            Input.buffer = file
            monkeypatch.setattr(sys, "stdin", Input)
            assert main(["describe", "-", "--seed", "0"]) == 0
        assert "weight" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("out", "words"),
    [
        ("-", "`OUT` must be a file, not standard output"),
        ("", "`OUT` must be the name of a file, got ''"),
        (
            "o.npz",
            "`OUT` must be a .safetensors file, the one format there is, got 'o.npz'; try: o.s",
        ),
        ("o.PT", "`OUT` must be a .safetensors file"),
        ("spec.toml", "`OUT` must be"),
    ],
)
def test_what_out_cannot_be(capsys, out, words):
    Path("spec.toml").write_text(SPEC)
    assert main(["write", "spec.toml", out, "--overwrite"]) == 2
    assert words in capsys.readouterr().err
    assert Path("spec.toml").read_text() == SPEC


def test_the_spec_itself_is_never_overwritten(capsys):
    Path("spec").write_text(SPEC)
    Path("link").symlink_to("spec")
    for out in ("spec", "link"):
        assert main(["write", "spec", out, "--overwrite"]) == 2
        assert "`OUT` must not be SPEC" in capsys.readouterr().err
    assert Path("spec").read_text() == SPEC


def test_another_default_dtype(capsys):
    Path("spec.toml").write_text(SPEC)
    assert main(["describe", "spec.toml", "--dtype", "float16", "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["parameters"][0]["dtype"] == "float16"
    with pytest.raises(SystemExit):
        main(["describe", "spec.toml", "--dtype", "float17"])
    assert "`dtype` must be the name of a dtype, got 'float17'" in capsys.readouterr().err


def test_what_was_written_as_json(capsys):
    Path("spec.toml").write_text(SPEC)
    assert main(["write", "spec.toml", "out.safetensors", "--json"]) == 0
    told = json.loads(capsys.readouterr().out)
    assert told["tensors"] == 1
    assert told["bytes"] == 48
    assert len(told["sha256"]) == 64
