"""What compiles the library when the package is installed: its faults, and other platforms' flags."""

from __future__ import annotations

import importlib.util
import shutil
import sys
from pathlib import Path

import pytest

import agnostic_init

ROOT = Path(__file__).parents[2]
NATIVE = Path(agnostic_init.__file__).parent / "native"


@pytest.fixture
def build(monkeypatch):
    """hatch_build.py; it is of the repository, not of the package."""
    path = ROOT / "hatch_build.py"
    if not path.exists():
        pytest.skip("these tests run without the repository")
    spec = importlib.util.spec_from_file_location("hatch_build", path)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    for name in ("AGNOSTIC_INIT_BUILD", "CXX", "CXXFLAGS", "LDFLAGS"):
        monkeypatch.delenv(name, raising=False)
    return module


def commands(build, monkeypatch, tmp_path, platform):
    """What would be run for a platform."""
    ran = []

    def run(those):
        ran.extend(those)
        Path(those[-1][-1]).touch()

    monkeypatch.setattr(build.sysconfig, "get_platform", lambda: platform)
    monkeypatch.setattr(build.platform, "machine", lambda: "arm64")
    monkeypatch.setattr(build, "run", run)
    monkeypatch.setenv("CXX", "ccache g++")
    monkeypatch.setenv("CXXFLAGS", "-march=native -ffast-math")
    made = build.compile_library(NATIVE, tmp_path)
    return made, ran


@pytest.mark.parametrize(
    ("platform", "target", "name", "sets"),
    [
        ("linux-x86_64", "linux-x86_64", "_native.so", 3),
        ("linux-aarch64", "linux-aarch64", "_native.so", 1),
        ("macosx-10.13-universal2", "macosx-11.0-arm64", "_native.dylib", 1),
        ("macosx-10.13-x86_64", "macosx-10.13-x86_64", "_native.dylib", 3),
        ("win-amd64", "win-amd64", "_native.dll", 3),
        ("win-arm64", "win-arm64", "_native.dll", 1),
        ("win32", "win32", "_native.dll", 1),
        ("freebsd-14.1-RELEASE-amd64", "freebsd-14.1-RELEASE-amd64", "_native.so", 3),
    ],
)
def test_a_platform_has_its_file_and_its_instruction_sets(
    build, monkeypatch, tmp_path, platform, target, name, sets
):
    made, ran = commands(build, monkeypatch, tmp_path, platform)
    assert build.target() == target
    assert made == tmp_path / name
    once = [line for line in ran if "-c" in line and "library.cpp" in line[line.index("-c") + 1]]
    draws = [line for line in ran if "-c" in line and "draws.cpp" in line[line.index("-c") + 1]]
    assert len(once) == 1
    assert len(draws) == sets
    assert all(line[:2] == ["ccache", "g++"] for line in ran)
    # What decides values follows what a user asks for, and only AVX-512's own unit has its instructions.
    assert all(line.index("-fno-fast-math") > line.index("-ffast-math") for line in ran)
    assert [("-mavx512f" in line) for line in draws] == [False, False, True][:sets]
    if "-march=x86-64" in ran[0]:
        assert all(line.index("-march=x86-64") > line.index("-march=native") for line in ran)


@pytest.mark.skipif(not shutil.which("c++"), reason="no C++ compiler")
def test_it_compiles_whole_or_leaves_nothing(build, tmp_path, monkeypatch):
    monkeypatch.setenv("CXXFLAGS", "-O1")  # soon; what is installed is compiled with -O3
    made = build.compile_library(NATIVE, tmp_path)
    assert [path.name for path in tmp_path.iterdir()] == [made.name]
    broken = tmp_path / "broken"
    broken.mkdir()
    (broken / "library.cpp").write_text("int one = two;\n")
    with pytest.raises(build.NotCompiledError, match=r"failed when this was installed: .*two"):
        build.compile_library(broken, tmp_path)
    assert [path.name for path in tmp_path.iterdir()] == ["broken"]


@pytest.mark.parametrize(
    ("variable", "value", "words"),
    [
        ("PATH", "", r"no C\+\+ compiler was found when this was installed \(looked for c"),
        ("CXX", "no-such-compiler", "could not be run when this was installed: .*no-such-compiler"),
        ("CXX", f'"{sys.executable}" -c "raise SystemExit(3)"', "failed .*: it said nothing"),
        ("AGNOSTIC_INIT_BUILD", "pure", "AGNOSTIC_INIT_BUILD was pure when this was installed"),
    ],
)
def test_why_it_was_not_compiled_is_said(build, monkeypatch, tmp_path, variable, value, words):
    monkeypatch.setenv(variable, value)
    with pytest.raises(build.NotCompiledError, match=words):
        build.compile_library(NATIVE, tmp_path)


def test_another_choice_is_an_error(build, monkeypatch, tmp_path):
    monkeypatch.setenv("AGNOSTIC_INIT_BUILD", "nativ")
    words = "AGNOSTIC_INIT_BUILD must be native or pure, or not be set, got 'nativ'"
    with pytest.raises(ValueError, match=words):
        build.compile_library(NATIVE, tmp_path)
