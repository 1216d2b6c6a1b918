"""A copy of the package in another one, which works without this one, and has its bits."""

from __future__ import annotations

import importlib.util
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

import agnostic_init as ai
from agnostic_init.vendoring import main

NAME = "mylib._vendor.agnostic_init"
COMPAT = "mylib._vendor.array_api_compat"

# In a process in which neither original can be imported.
USE = """
import sys
for name in ("agnostic_init", "array_api_compat"):
    sys.modules[name] = None
import numpy as np
from mylib._vendor import agnostic_init as ai
assert ai.normal.__module__ == "mylib._vendor.agnostic_init.initializers.random"
for init in (ai.he_normal("torch"), ai.orthogonal(), ai.sparse(0.5), ai.truncated_normal(lower=1, upper=9)):
    made = init((16, 8), key=ai.key("vendored"))
    assert np.array_equal(made, init((16, 8), key=ai.key("vendored"), xp=np))
weights = ai.init_tree({"a.w": (8, 8), "b": (8,)}, {"b": "zeros", "*": ai.normal(std=0.02)}, key=0)
filled = {name: np.empty_like(array) for name, array in weights.items()}
ai.fill_tree(filled, {"b": "zeros", "*": ai.normal(std=0.02)}, key=0)
assert all(np.array_equal(filled[name], weights[name]) for name in weights)
print(ai.fingerprint(weights), ai.fingerprint(ai.he_normal("torch")((16, 8), key=ai.key("vendored"))))
plan = ai.plan_tree({"w": (4, 4)}, {"*": "normal"}, key=1)
ai.checkpoint.write(plan, sys.argv[1])
assert ai.checkpoint.verify(plan, sys.argv[1]) == ()
from mylib._vendor.agnostic_init.cli import main
assert main(["describe", sys.argv[1]]) == 0
loaded = [name for name in sys.modules if name.startswith(("agnostic_init", "array_api_compat"))]
assert all(sys.modules[name] is None for name in loaded), loaded
"""

USE_TORCH = """
import sys
for name in ("agnostic_init", "array_api_compat"):
    sys.modules[name] = None
from mylib._vendor import agnostic_init as ai
import torch
t = ai.he_normal("torch")((16, 8), key=ai.key("vendored"), xp=torch)
assert torch.equal(t, torch.from_numpy(ai.he_normal("torch")((16, 8), key=ai.key("vendored"))))
from mylib._vendor.agnostic_init.compat import torch_init
with torch_init.patch(key=0):
    layer = torch.nn.Linear(4, 4)
"""


@pytest.fixture(scope="module")
def host(tmp_path_factory):
    """A package with copies of both."""
    folder = tmp_path_factory.mktemp("host")
    inside = folder / "mylib" / "_vendor"
    inside.mkdir(parents=True)
    for each in (inside.parent, inside):
        (each / "__init__.py").touch()
    command = [sys.executable, "-m", "agnostic_init.vendoring", str(inside / "agnostic_init")]
    options = ["--as", NAME, "--array-api-compat", COMPAT]
    subprocess.run([*command, *options], check=True, capture_output=True)
    found = importlib.util.find_spec("array_api_compat")
    shutil.copytree(Path(found.origin).parent, inside / "array_api_compat")
    return folder


def test_it_works_alone_and_has_the_same_bits(host):
    args = [sys.executable, "-c", USE, "m.safetensors"]
    done = subprocess.run(args, cwd=host, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    rules = {"b": "zeros", "*": ai.normal(std=0.02)}
    tree = ai.fingerprint(ai.init_tree({"a.w": (8, 8), "b": (8,)}, rules, key=0))
    one = ai.fingerprint(ai.he_normal("torch")((16, 8), key=ai.key("vendored")))
    assert done.stdout.split("\n")[0] == f"{tree} {one}"


def test_it_knows_torch(host):
    pytest.importorskip("torch")
    args = [sys.executable, "-c", USE_TORCH]
    done = subprocess.run(args, cwd=host, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr


def test_no_line_of_code_names_the_original(host):
    copy = host / "mylib" / "_vendor" / "agnostic_init"
    for path in copy.rglob("*.py"):
        for number, line in enumerate(path.read_text(encoding="utf-8").split("\n"), 1):
            code = line.strip()
            assert not code.startswith(("import agnostic_init", "from agnostic_init")), (
                path,
                number,
            )
            assert '"agnostic_init.' not in line, (path, number)
    assert (copy / "py.typed").is_file()
    assert not list(copy.rglob("*.cpp")) + list(copy.rglob("_native.*"))


def test_it_takes_the_place_of_an_older_copy_and_of_nothing_else(tmp_path, capsys):
    there = tmp_path / "copy"
    assert main([str(there), "--as", NAME]) == 0
    (there / "of_an_older_one.py").touch()
    assert main([str(there), "--as", NAME]) == 0
    assert not (there / "of_an_older_one.py").exists()
    assert f"as {NAME}" in capsys.readouterr().out
    other = tmp_path / "other"
    other.mkdir()
    (other / "mine.py").touch()
    assert main([str(other), "--as", NAME]) == 2
    assert "`folder` must be a new one" in capsys.readouterr().err
    assert (other / "mine.py").exists()


@pytest.mark.parametrize("options", [("my-lib",), ("a..b",), ("a.b", "--array-api-compat", "1x")])
def test_names_that_are_none(tmp_path, capsys, options):
    assert main([str(tmp_path / "copy"), "--as", *options]) == 2
    assert "must be the name of a module" in capsys.readouterr().err
