"""What the package says of its own installation."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from importlib import metadata

import pytest

import agnostic_init as ai
from agnostic_init.native.library import look

MODULE = sys.modules[ai.info.__module__]


def test_it_agrees_with_what_draws():
    found = ai.info()
    assert found.version == ai.__version__
    assert found.host == ("native" if look().library else "numpy")
    assert found.packages["numpy"] == metadata.version("numpy")
    assert found.cores >= 1
    assert json.loads(json.dumps(found.to_dict())) == found.to_dict()


def test_the_text_names_the_engine():
    found = ai.info()
    lines = str(found).splitlines()
    assert lines[0].startswith(f"agnostic-init  {ai.__version__}, Python 3.")
    assert lines[1].startswith("host memory    ")
    assert (found.library in str(found)) == (found.host == "native")


def info_in_a_process(**environment):
    """Its JSON in a process of its own, where a warning is an error."""
    program = "import json, agnostic_init as ai; print(json.dumps(ai.info().to_dict()))"
    done = subprocess.run(
        [sys.executable, "-W", "error", "-c", program],
        env={**os.environ, **environment},
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


def test_numpy_was_asked_for():
    found = info_in_a_process(AGNOSTIC_INIT_ENGINE="numpy", AGNOSTIC_INIT_NUM_THREADS="3")
    assert (found["host"], found["missing"]) == ("numpy", "AGNOSTIC_INIT_ENGINE is numpy")
    assert found["hint"] == "unset AGNOSTIC_INIT_ENGINE"
    assert found["threads"] == 3


def test_no_array_library_is_loaded():
    program = (
        "import sys, agnostic_init as ai; str(ai.info())\n"
        "print(*{'torch', 'cupy', 'jax', 'dask', 'keras', 'array_api_strict'} & set(sys.modules))"
    )
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True, timeout=60
    )
    assert done.stdout.strip() == ""


@pytest.mark.parametrize(
    ("variable", "value", "words"),
    [
        ("AGNOSTIC_INIT_NUM_THREADS", "none", "must be a positive integer, got 'none'"),
        ("AGNOSTIC_INIT_ENGINE", "fast", "must be one of auto, native, numpy, got 'fast'"),
        ("AGNOSTIC_INIT_INSTRUCTIONS", "sse", "must be one of portable, avx2, avx512, got 'sse'"),
    ],
)
def test_a_variable_that_cannot_be_is_reported(variable, value, words):
    found = info_in_a_process(**{variable: value})
    assert found["faults"] == [f"`{variable}` {words}"]
    assert found["host"] == "none"
    assert (found["threads"] == 0) == (variable == "AGNOSTIC_INIT_NUM_THREADS")


def test_all_faults_are_rows_of_the_table(monkeypatch):
    monkeypatch.setattr("agnostic_init.native.library._State.found", None)
    monkeypatch.setenv("AGNOSTIC_INIT_ENGINE", "fast")
    monkeypatch.setenv("AGNOSTIC_INIT_NUM_THREADS", "0")
    lines = str(ai.info()).splitlines()
    assert lines[1].startswith("environment    `AGNOSTIC_INIT_ENGINE` must be one of")
    assert lines[2].startswith("environment    `AGNOSTIC_INIT_NUM_THREADS` must be a positive")
    assert lines[3] == "host memory    nothing, until that is mended"
    with pytest.raises(ai.ParameterError, match="AGNOSTIC_INIT_ENGINE"):
        ai.normal()((2,), key=0)


def test_a_library_asked_for_in_vain_is_said(monkeypatch):
    vain = look()._replace(library=None, reason="it is not installed", hint="install it")
    monkeypatch.setattr("agnostic_init.native.library._State.found", vain)
    assert ai.info().host == "numpy"
    assert "NumPy: the same numbers in more time" in str(ai.info())
    monkeypatch.setenv("AGNOSTIC_INIT_ENGINE", "native")
    assert ai.info().host == "none"
    lines = [line.strip() for line in str(ai.info()).splitlines()]
    assert lines[1:4] == [
        "host memory    nothing, as AGNOSTIC_INIT_ENGINE is native",
        "it is not installed",
        "try: install it",
    ]


@pytest.mark.parametrize(
    ("packages", "switch", "words"),
    [
        ({"torch": "2.13.0+cpu"}, "1", "no CuPy is installed, and no torch with CUDA"),
        ({"torch": "2.13.0+cpu", "cupy-cuda13x": "14.2"}, "1", "cupy-cuda13x"),
        ({"torch": "2.13.0"}, "0", "switched off by AGNOSTIC_INIT_CUDA"),
    ],
)
def test_cuda_as_far_as_it_is_known(monkeypatch, packages, switch, words):
    monkeypatch.setattr(MODULE, "_packages", lambda: packages)
    monkeypatch.setenv("AGNOSTIC_INIT_CUDA", switch)
    assert words in ai.info().cuda


def test_the_gpus_that_there_are_kernels_for_are_named(monkeypatch, tmp_path):
    monkeypatch.setattr(MODULE, "_packages", lambda: {"torch": "2.13.0"})
    monkeypatch.setattr(MODULE.ctypes, "CDLL", lambda name: None)
    monkeypatch.setattr(MODULE.sys, "platform", "linux")
    monkeypatch.setattr(MODULE, "CUBINS", tmp_path / "none")
    assert ai.info().cuda.endswith("compiled when it is first used, for torch")
    for name in ("sm_100", "sm_90"):
        (tmp_path / f"{name}.bin").touch()
    monkeypatch.setattr(MODULE, "CUBINS", tmp_path)
    assert ai.info().cuda.endswith("first used or shipped (for sm_90, sm_100), for torch")
