"""Every test runs in a session of nox that has what it needs, and `--adds` selects what needs a library."""

from __future__ import annotations

import re
import sys
import tomllib
from pathlib import Path

import pytest
from tests.selection import MODELS, adds, has_backend

ROOT = Path(__file__).parents[2]
FILES = sorted(ROOT.glob("tests/**/test_*.py"))
# What the session numpy has, by dependencies, the group `test` and extras; cuda is in those named for it.
THERE = {"agnostic_init", "fastjsonschema", "matplotlib", "ml_dtypes", "numpy", "scipy", "sklearn"}
THERE |= {"tqdm", "cuda", *sys.stdlib_module_names}

SEVERAL = """
import pytest
COLUMNS = {"a": lambda: pytest.importorskip("torch").zeros(1)}
def helper():
    return pytest.importorskip("torch.nn")
@pytest.fixture
def made():
    return helper()
@pytest.fixture(params=["numpy", "torch"])
def library(request):
    return pytest.importorskip(request.param)
def test_by_a_fixture(made): ...
def test_by_a_table(): COLUMNS["a"]()
def test_by_a_parameter(library): ...
def test_by_an_import():
    from torch import nn
@pytest.mark.usefixtures("made")
def test_by_a_name(): ...
def test_without():
    "torch"
"""


def added():
    """The libraries that sessions of nox add."""
    text = (ROOT / "noxfile.py").read_text("utf-8")
    found = set(re.findall(r'run_backend\(session, "(\w+)"', text))
    for names in re.findall(r'"--adds", "([\w,]+)"', text):
        found.update(names.split(","))
    groups = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["dependency-groups"]
    assert 'for line in group("models")' in text
    found.update(re.findall(r'"(distributed)", extras="dask"', text))
    return found | {re.match(r"[a-z]+", line)[0] for line in groups["models"]}


@pytest.mark.skipif(not (ROOT / "noxfile.py").is_file(), reason="without the repository")
def test_every_library_that_a_test_asks_for_is_added_by_a_session():
    asked = {
        name.removeprefix("array_api_").partition(".")[0]: path.name
        for path in FILES
        if path != Path(__file__)
        for name in re.findall(r'importorskip\(\s*"([\w.]+)"', path.read_text("utf-8"))
    }
    assert {"torch", "timm", "keras", "cupy"} <= set(asked)
    assert not {name: path for name, path in asked.items() if name not in added() | THERE}


def test_what_asks_for_a_library_is_selected(tmp_path):
    path = tmp_path / "test_several.py"
    path.write_text(SEVERAL)
    tests = {name for name in adds(path, ("torch",)) if name.startswith("test")}
    assert tests == {
        f"test_by_{how}" for how in ("a_fixture", "a_table", "a_parameter", "an_import", "a_name")
    }
    assert adds(path, ("jax",)) == frozenset()
    assert not has_backend(path)


@pytest.mark.parametrize("library", ["torch", "strict"])
def test_a_file_that_is_skipped_whole_is_selected_whole(tmp_path, library):
    path = tmp_path / "test_whole.py"
    module = "array_api_strict" if library == "strict" else library
    path.write_text(f'import pytest\nxp = pytest.importorskip("{module}")\ndef test(): ...\n')
    assert adds(path, (library,)) is None
    assert adds(path, ("jax",)) == frozenset()
    named = tmp_path / f"test_of_{library}.py"
    named.write_text("def test(backend): ...\n")
    assert adds(named, (library,)) is None
    assert has_backend(named)


def test_other_peoples_models_are_a_library():
    inside = next(path for path in FILES if path.parent.match("tests/torch/models"))
    assert adds(inside, ("torch",)) == frozenset()
    assert adds(inside, (MODELS, "timm")) is None
