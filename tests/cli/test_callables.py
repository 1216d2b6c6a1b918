"""A function of Python as SPEC: what it may return, and what is said of what it may not."""

from __future__ import annotations

import json
import sys
from pathlib import Path

import pytest
import safetensors.numpy

import agnostic_init as ai
from agnostic_init.checkpoint import plan_of_file, verify
from agnostic_init.cli import main

SOURCE = """
import agnostic_init as ai

SPECS = {"w.0": (4, 3), "b": ((3,), "float16")}
RULES = {"b": "zeros", "*": ai.normal(std=0.02)}

def pair(): return SPECS, RULES
def plan(): return ai.init_tree(SPECS, RULES, key=5, dry_run=True)
def table():
    return {
        "defaults": {"seed": 5},
        "tensors": {"w.{0..0}": [4, 3], "b": {"shape": 3, "dtype": "float16"}},
        "rules": [{"match": "b", "init": "zeros"}, {"match": "*", "init": {"name": "normal", "std": 0.02}}],
    }
class Models:
    small = staticmethod(pair)
def with_arguments(size): return SPECS, RULES
def number(): return 3
def raises(): raise LookupError("no such size")
def bad_shape(): return {"w": (-1,)}, RULES
def ends(): raise SystemExit(0)
def ends_later(): return SPECS, {"*": lambda name, shape: ends()}
def bad_table(): return {"tensors": {"w": [2]}, "ruls": []}
"""


@pytest.fixture(autouse=True)
def folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    Path("a_spec.py").write_text(SOURCE)
    yield
    sys.modules.pop("a_spec", None)
    assert str(tmp_path) not in sys.path


def error_of(capsys, *arguments):
    capsys.readouterr()
    assert main(arguments) == 2
    error = capsys.readouterr().err
    assert error.count("\n") == 1
    return error


@pytest.mark.parametrize(
    ("name", "more"),
    [
        ("pair", ["--seed", "5"]),
        ("plan", []),
        ("table", []),
        ("Models.small", ["--seed", "5"]),
    ],
)
def test_what_it_may_return(name, more):
    spec = f"a_spec:{name}"
    assert main(["write", spec, "m.safetensors", "--quiet", "--verify", *more]) == 0
    specs, rules = {"w.0": (4, 3), "b": ((3,), "float16")}, {"b": "zeros", "*": ai.normal(std=0.02)}
    assert verify(ai.init_tree(specs, rules, key=5, dry_run=True), "m.safetensors") == ()
    assert main(["describe", spec, *more]) == 0
    assert main(["check", "m.safetensors", "--against", spec]) == 0


def test_another_key_and_dtype(capsys):
    assert main(["describe", "a_spec:table", "--key", "it", "--dtype", "bfloat16", "--json"]) == 0
    told = json.loads(capsys.readouterr().out)
    assert [each["dtype"] for each in told["parameters"]] == ["bfloat16", "float16"]
    assert told["key"] != [5, 0]


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["a_spec:pair"], "a_spec:pair: `key` must be given, as nothing is drawn without one"),
        (["a_spec:plan", "--seed", "1"], "`--seed or --key` must not be given with a Plan"),
        (["a_spec:plan", "--dtype", "float16"], "`--dtype` must not be given with a Plan"),
        (["a_spec:pear", "--seed", "1"], "must name a function that a_spec has, got 'a_spec:pear'; try: pair"),
        (["a_spek:pair"], "must name a module that can be imported here (ModuleNotFoundError"),
        (["a_spec:SPECS"], "`SPEC` must name a function"),
        (["a_spec:with_arguments"], "returns when it is called without arguments (TypeError"),
        (["a_spec:raises"], "(LookupError: no such size)"),
        (["a_spec:ends"], "must be one that returns when it is called without arguments (SystemExit: 0)"),
        (["a_spec:ends_later", "--seed", "1"], "a_spec:ends_later: must not end the process, as by sys.exit(0)"),
        (["a_script:main"], "must name a module that can be imported here (SystemExit: 0)"),
        (["a_spec:number"], "must return a module of torch, a pair (specs, rules), a dictionary"),
        (["a_spec:bad_shape", "--seed", "1"], "parameter 'w': `shape` must have no negative"),
        (["a_spec:bad_table"], "must have no other keys than defaults, tensors, rules, got 'ruls'"),
        (["a_spec:pair", "--seed", "1", "--rules", "r.toml"], "`--rules` must be given with what has no"),
    ],
)  # fmt: skip
def test_what_is_wrong_is_one_line(capsys, arguments, words):
    Path("r.toml").write_text('[[rules]]\nmatch = "*"\ninit = "zeros"')
    Path("a_script.py").write_text("def main(): pass\nraise SystemExit(main() or 0)")
    assert words in error_of(capsys, "write", *arguments, "m.safetensors")
    assert not Path("m.safetensors").exists()


MODULE = """
import torch

class Net(torch.nn.Module):
    def __init__(self):
        super().__init__()
        self.layers = torch.nn.ModuleList(torch.nn.Linear(4, 4) for _ in range(3))
        self.norm = torch.nn.BatchNorm1d(4)
        self.tied = self.layers[0]
        self.table = torch.nn.Parameter(torch.arange(6.0).sin())
        self.rows = torch.nn.Embedding(5, 4, padding_idx=1)
        self.register_buffer("temporary", torch.ones(3), persistent=False)

def make(): return Net()
def pair(): return {"w": torch.empty(2, 3, device="meta")}, {"*": "ones"}
def late(): return [1]
"""


def test_what_builds_a_module_of_torch(capsys, monkeypatch):
    torch = pytest.importorskip("torch")
    Path("a_model.py").write_text(MODULE)
    monkeypatch.delitem(sys.modules, "a_model", raising=False)
    more = ["--seed", "3", "--quiet", "--verify"]
    assert main(["write", "a_model:Net", "m.safetensors", *more]) == 0
    built = ai.torch.build(sys.modules["a_model"].Net, key=3)
    state = built.state_dict()
    read = safetensors.numpy.load_file("m.safetensors")
    assert read.keys() == {name for name in state if not name.startswith("tied.")}
    for name, array in read.items():
        assert torch.equal(torch.from_numpy(array), state[name]), name
    patterns = {entry.rule.text for entry in plan_of_file("m.safetensors")}
    assert r"re:layers\.\d+\.weight" in patterns

    Path("r.toml").write_text('[[rules]]\nmatch = "layers.*.bias"\ninit = "ones"')
    ruled = [*more, "--rules", "r.toml", "--dtype", "bfloat16", "--overwrite"]
    assert main(["write", "a_model:make", "m.safetensors", *ruled]) == 0
    plan = plan_of_file("m.safetensors")
    assert plan["layers.1.bias"].initializer == ai.ones()
    assert plan["layers.1.bias"].rule.text == "layers.*.bias"
    assert plan["layers.1.weight"].dtype == "bfloat16"
    assert plan["norm.num_batches_tracked"].dtype == "int64"
    assert main(["write", "a_model:pair", "p.safetensors", *more]) == 0
    assert plan_of_file("p.safetensors")["w"].shape == (2, 3)

    assert "`key` must be given" in error_of(capsys, "describe", "a_model:Net")
    assert "must return a module of torch" in error_of(
        capsys, "describe", "a_model:late", "--seed", "1"
    )
    Path("r.toml").write_text('[[rules]]\nmatch = "layrs.*"\ninit = "ones"')
    said = error_of(capsys, "describe", "a_model:Net", "--seed", "1", "--rules", "r.toml")
    assert "`rules` must all be used" in said
    sys.modules.pop("a_model")
