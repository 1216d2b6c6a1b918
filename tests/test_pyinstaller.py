"""An application that PyInstaller makes has all of this package, and no array library that it does not import."""

from __future__ import annotations

import runpy
import subprocess
import sys
from importlib import metadata
from pathlib import Path

import pytest

import agnostic_init
from agnostic_init.native.library import look
from agnostic_init.pyinstaller import hook_folders

PACKAGE = Path(agnostic_init.__file__).parent


@pytest.fixture
def hook():
    (folder,) = hook_folders()
    return runpy.run_path(str(Path(folder, "hook-agnostic_init.py")))


def test_it_is_asked_by_the_entry_point():
    points = metadata.entry_points(group="pyinstaller40")
    if "agnostic-init" not in {each.dist.name for each in points}:
        pytest.skip("the package is not installed")
    (ours,) = (each for each in points if each.dist.name == "agnostic-init")
    assert ours.load()() == hook_folders()


def test_all_files_go_along_each_to_its_place(hook):
    placed = {Path(folder, Path(path).name).as_posix() for path, folder in hook["datas"]}
    assert "agnostic_init/draws/engines/cuda/stream.cu" in placed
    assert "agnostic_init/arrays/libraries/torch.py" in placed
    assert "array_api_compat/torch/__init__.py" in placed
    if look().library is not None:
        assert f"agnostic_init/native/{Path(look().path).name}" in placed


def test_modules_are_followed_but_those_that_import_a_library(hook):
    names = set(hook["hiddenimports"])
    assert {"agnostic_init", "agnostic_init.draws.engines.numpy", "agnostic_init.cli"} <= names
    assert not [name for name in names if "torch" in name or "jax" in name]
    # What imports them inside of a function is seen by PyInstaller too.
    assert {"torch", "cupy", "jax", "dask", "array_api_strict"} <= set(hook["excludedimports"])
    program = (
        "import sys, importlib\n"
        f"for name in {sorted(names - {'agnostic_init.__main__'})!r}: importlib.import_module(name)\n"
        "print(*{'torch', 'cupy', 'jax', 'dask', 'keras', 'array_api_strict'} & set(sys.modules))"
    )
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True, timeout=60
    )
    assert done.stdout.strip() == ""
