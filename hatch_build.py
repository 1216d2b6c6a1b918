"""Compiles the native library for a wheel; where that fails, the wheel is made without it and says so.

``python hatch_build.py`` compiles it beside its sources, for work on a checkout. ``CXX``,
``CXXFLAGS`` and ``LDFLAGS`` are those of any build. ``AGNOSTIC_INIT_BUILD=native`` makes a failure
an error, and ``pure`` leaves the library out.
"""

from __future__ import annotations

import os
import platform
import shlex
import shutil
import subprocess
import sys
import sysconfig
import tempfile
from pathlib import Path
from typing import Any

try:
    from hatchling.builders.hooks.plugin.interface import BuildHookInterface
except ImportError:
    BuildHookInterface = object  # compiling needs nothing but Python

CHOICE = "AGNOSTIC_INIT_BUILD"
CHOICES = ("", "native", "pure")
NATIVE = "src/agnostic_init/native"
MISSING = "missing.txt"  # in the library's place: why there is none

COMPILERS = ("clang++",) if os.name == "nt" else ("c++", "g++", "clang++")
FLAGS = ["-std=c++17", "-O3", "-g0", "-fno-rtti", "-fvisibility=hidden", "-Wno-psabi"]
# After the user's flags, as values of the stream depend on them.
EXACT = ["-fno-fast-math", "-ffp-contract=off", "-fno-math-errno", "-fno-trapping-math"]
# Those of x86-64-v3 and -v4, in words that compilers older than these names know.
AVX2 = ["-mavx2", "-mfma", "-mbmi", "-mbmi2", "-mf16c", "-mlzcnt", "-mmovbe", "-mpopcnt"]
AVX512 = ["-mavx512f", "-mavx512bw", "-mavx512cd", "-mavx512dq", "-mavx512vl"]
SETS = {"portable": [], "avx2": AVX2, "avx512": [*AVX2, *AVX512, "-mprefer-vector-width=512"]}

# These sources are compiled once; the others once for each instruction set, into a namespace for it.
ENTRIES = ("fingerprint.cpp", "library.cpp", "names.cpp", "xla.cpp")

# Nothing that a process with another C++ library could lack, or take for its own.
ELF_LINK = ["-pthread", "-static-libstdc++", "-static-libgcc"]
ELF_LINK += ["-Wl,-s", "-Wl,--exclude-libs,ALL", "-Wl,--no-undefined"]


class NotCompiledError(Exception):
    """There is no library, and this is why."""


class NativeLibrary(BuildHookInterface):
    """The hook that hatchling runs when it builds a wheel."""

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        """Compile, and tell hatchling what it got: a wheel of this platform, for every Python."""
        native = Path(self.root, NATIVE)
        self.scratch = tempfile.TemporaryDirectory()
        folder = native if version == "editable" else Path(self.scratch.name)
        try:
            made = compile_library(native, folder)
            build_data["pure_python"] = False
            build_data["tag"] = f"py3-none-{target().replace('-', '_').replace('.', '_')}"
        except NotCompiledError as reason:
            if os.environ.get(CHOICE) == "native":
                raise
            self.app.display_warning(f"agnostic-init is built without its native library: {reason}")
            made = folder / MISSING
            made.write_text(f"{reason}\n", "utf-8")
        if version != "editable":
            build_data["force_include"][str(made)] = f"agnostic_init/native/{made.name}"

    def finalize(self, version: str, build_data: dict[str, Any], artifact_path: str) -> None:
        """Remove what was compiled; the wheel has it."""
        self.scratch.cleanup()


def target() -> str:
    """The platform that is compiled for, as in ``linux-x86_64`` or ``macosx-11.0-arm64``.

    It is Python's own, or what ``_PYTHON_HOST_PLATFORM`` says where another is compiled for.
    """
    name = sysconfig.get_platform()
    if not name.startswith("macosx"):
        return name
    _, version, machine = name.split("-")
    if machine == "universal2":
        machine = platform.machine()
    if machine == "arm64" and int(version.split(".")[0]) < 11:
        version = "11.0"
    return f"macosx-{version}-{machine}"


def compile_library(sources: Path, folder: Path) -> Path:
    """Compile the library into a folder.

    Raises
    ------
    NotCompiledError
        If there is no compiler, or it fails.
    ValueError
        If `AGNOSTIC_INIT_BUILD` is another word.
    """
    choice = os.environ.get(CHOICE, "")
    if choice not in CHOICES:
        message = f"{CHOICE} must be native or pure, or not be set, got {choice!r}"
        raise ValueError(message)
    if choice == "pure":
        message = f"{CHOICE} was pure when this was installed"
        raise NotCompiledError(message)
    for old in (*folder.glob("_native.*"), folder / MISSING):
        old.unlink(missing_ok=True)
    flags, link, ending, sets = ["-fPIC"], [], "so", SETS
    system, machine = target().split("-")[0], target().split("-")[-1]
    if system == "macosx":
        version = target().split("-")[1]
        flags += ["-arch", machine, f"-mmacosx-version-min={version}"]
        ending = "dylib"
    elif system.startswith("win"):
        flags, ending = ["-fms-runtime-lib=static"], "dll"
    else:
        link = ELF_LINK
    if machine in ("x86_64", "amd64"):
        flags.append("-march=x86-64")
    else:
        sets = {"portable": []}

    user = shlex.split(os.environ.get("CXXFLAGS", ""))
    compiler = [*find_compiler(), *FLAGS, *user, *EXACT, *flags]
    with tempfile.TemporaryDirectory(dir=folder) as scratch:
        commands, objects = [], []

        def add(source: Path, name: str, *more: str) -> None:
            objects.append(f"{scratch}/{source.stem}-{name}.o")
            commands.append([*compiler, *more, "-c", str(source), "-o", objects[-1]])

        for source in sorted(sources.glob("*.cpp")):
            if source.name in ENTRIES:
                add(source, "entries")
                continue
            for number, (name, more) in enumerate(sets.items()):
                defined = [f"-DINSTRUCTIONS={number}", f"-DNAMESPACE={name}"]
                add(source, name, *more, *defined, "-fno-exceptions")
        run(commands)
        linked = Path(scratch, f"_native.{ending}")
        link = [*link, *shlex.split(os.environ.get("LDFLAGS", ""))]
        run([[*compiler, "-shared", *objects, *link, "-o", str(linked)]])
        return linked.replace(folder / linked.name)


def find_compiler() -> list[str]:
    """The command that compiles C++: what ``CXX`` says, or the first that is found."""
    if named := os.environ.get("CXX"):
        return shlex.split(named)
    for name in COMPILERS:
        if shutil.which(name):
            return [name]
    names = ", ".join(COMPILERS)
    message = f"no C++ compiler was found when this was installed (looked for {names})"
    raise NotCompiledError(message)


def run(commands: list[list[str]]) -> None:
    """Run commands side by side."""
    try:
        running = [
            subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
            for command in commands
        ]
    except OSError as error:
        message = f"the C++ compiler could not be run when this was installed: {error}"
        raise NotCompiledError(message) from None
    outputs = [process.communicate()[0] for process in running]
    for process, output in zip(running, outputs, strict=True):
        if process.returncode:
            print(shlex.join(process.args), output, sep="\n", file=sys.stderr)
            lines = [line for line in output.splitlines() if "error" in line] or ["it said nothing"]
            message = f"the C++ compiler failed when this was installed: {lines[0].strip()}"
            raise NotCompiledError(message)


if __name__ == "__main__":
    here = Path(__file__).parent / NATIVE
    print(compile_library(here, here))
