"""Every check of this project, each in an environment of its own: ``pip install nox && nox``.

``nox -l`` lists them, ``nox -s torch`` runs one, ``nox -s numpy -- -k normal -n 0`` hands arguments to pytest. The versions
live in pyproject.toml. Every session tests the installed package, never ``src/``: a wheel that the first session of a
run builds, with the native library in it. Only ``pure`` is without, as on a machine that has no C++ compiler.

The session ``numpy`` runs the whole suite. The sessions of other libraries add what is theirs (``pytest --adds torch``,
see tests/selection.py): the tests that use the backend fixture, the files named for their library, and of other files
the tests that ask for it. A backend that a session names and cannot import is a failure there, not a skip.
"""

from __future__ import annotations

import functools
import json
import os
import re
import shutil
import zipfile
from pathlib import Path

import nox

nox.options.error_on_missing_interpreters = True
nox.options.default_venv_backend = "virtualenv"
nox.options.reuse_venv = "yes"

# Modules are compiled when they are imported, which few of them are: torch alone has 25 s of the others. For that, Python
# must keep what it compiles.
os.environ["PIP_COMPILE"] = "0"
os.environ.pop("PYTHONDONTWRITEBYTECODE", None)

PROJECT = nox.project.load_toml("pyproject.toml")
ROOT = Path(__file__).parent

# The release of torch that the suite is known to pass with, and that the benchmarks compare with.
TORCH = "torch==2.13.0"
# That the wheel is for, and the last one's free-threaded build.
PYTHONS = ["3.11", "3.12", "3.13", "3.14", "3.14t"]
# Files of tests are shared out to as many processes as there are cores, but few: each process compiles what its tests
# run on the host.
SHARED = ("-n", "auto", "--maxprocesses", "4", "--dist", "loadfile")
# Tests that have more to run where several array libraries are, and do in the session keras.
OF_SEVERAL = ("tests/arrays/test_library.py", "tests/examples/test_one_hash.py")
# The benchmarks, run as they are by the session bench.
BENCHMARKS = "tests/bench/test_quick.py"
# What has no reason of its own to fail with other versions of NumPy or without the native library, and runs in the
# session numpy: the tools of bench/, what is said of the repository's files, and what other compilers and Node make.
OF_ONE_SESSION = (
    "tests/bench",
    "tests/conformance/test_javascript.py",
    "tests/fuzzing",
    "tests/house/test_devices.py",
    "tests/house/test_release.py",
    "tests/house/test_selection.py",
    "tests/house/test_site.py",
    "tests/native/test_build.py",
    "tests/native/test_other_processors.py",
)
# Nor do the CUDA kernels, compiled for the host, know of the native library.
OF_NO_HOST = (*OF_ONE_SESSION, *sorted(map(str, Path("tests/draws/engines").glob("test_cuda*.py"))))


def group(name: str) -> list[str]:
    """What a dependency group of pyproject.toml asks for."""
    return list(nox.project.dependency_groups(PROJECT, name))


@functools.cache
def dist_of_this_run() -> Path:
    """The folder of the sdist, and of the wheel that it makes, for all sessions and Pythons."""
    folder = ROOT / ".nox" / "dist"
    shutil.rmtree(folder, ignore_errors=True)
    return folder


def built(session: nox.Session) -> Path:
    """The wheel that the sdist makes, with the native library; the first session of a run builds both."""
    dist = dist_of_this_run()
    if not dist.exists():
        session.install("build")
        env = {"AGNOSTIC_INIT_BUILD": "native"}
        session.run("python", "-m", "build", "--outdir", str(dist), env=env)
    (wheel,) = dist.glob("*.whl")
    return wheel


def install(session: nox.Session, *requirements: str, extras: str = "") -> None:
    """Install the package, with the native library, and what a session needs beside it."""
    wheel = built(session)
    # By itself pip would keep what a session that is used again has, as the version is the same.
    session.install("--force-reinstall", "--no-deps", str(wheel))
    session.install(f"{wheel}[{extras}]" if extras else str(wheel), *requirements)


def backend_env(*names: str, also_required: tuple[str, ...] = ()) -> dict[str, str]:
    """The environment in which the suite runs on these backends and fails without them."""
    return {
        "AGNOSTIC_INIT_BACKENDS": ",".join(names),
        "AGNOSTIC_INIT_REQUIRE": ",".join((*names, "native", *also_required)),
    }


def without(*places: str) -> list[str]:
    """The arguments of pytest that leave files or folders out."""
    return [f"--ignore={place}" for place in places]


def run_pytest(session: nox.Session, *args: str, env: dict[str, str]) -> None:
    """Run pytest; finding no test (exit code 5) is right only where arguments of the user's select them."""
    codes = [0, 5] if session.posargs else [0]
    args = (*SHARED, *args, *without(BENCHMARKS), *session.posargs)
    session.run("pytest", *args, env=env, success_codes=codes)


def run_backend(session: nox.Session, backend: str, *also_required: str) -> None:
    """Run what this backend adds to the session numpy."""
    env = backend_env(backend, also_required=also_required)
    run_pytest(session, "--adds", backend, *without(*OF_SEVERAL), env=env)


def run_examples(session: nox.Session, env: dict[str, str]) -> None:
    """Run the examples in docstrings and on pages, but for those whose library is not there."""
    args = [*SHARED, "--dist", "load", "--doctest-modules", "--doctest-ignore-import-errors"]
    session.run("pytest", *args, "--pyargs", "agnostic_init", "tests/house/test_docs.py", env=env)


@nox.session
def lint(session: nox.Session) -> None:
    """Style, formatting, and the order of the house."""
    session.install(*group("lint"))
    session.run("ruff", "check")
    session.run("ruff", "format", "--check")
    session.run("lint-imports", env={"PYTHONPATH": "src"})


@nox.session
def types(session: nox.Session) -> None:
    """The types of the package, strictly."""
    session.install(*group("types"))
    session.run("mypy")


@nox.session
def numpy(session: nox.Session) -> None:
    """The whole suite, on NumPy, with ml_dtypes."""
    install(session, *group("test"), extras="low-precision,cli,plots,digits")
    env = backend_env("numpy", also_required=("ml_dtypes", "matplotlib", "sklearn"))
    args = [*SHARED, "--durations=10", *without(BENCHMARKS), *session.posargs]
    session.run("pytest", *args, env=env)


@nox.session
def torch(session: nox.Session) -> None:
    """What torch adds, on the CPU, and on the GPU where there is one."""
    install(session, *group("test"), TORCH, extras="torch,low-precision,cli,digits")
    run_backend(session, "torch", "ml_dtypes", "sklearn")


@nox.session
def models(session: nox.Session) -> None:
    """Other people's models of torch: built twice, by every route, and compared with their authors'."""
    try:
        install(session, *group("test"), TORCH, *group("models"), extras="torch,low-precision,cli")
    except nox.command.CommandFailed:
        session.skip("the package index does not have all of the libraries of the group `models`")
    names = [re.match("[a-z]+", line)[0] for line in group("models")]
    env = backend_env("numpy", also_required=("torch", *names))
    # And the pages that have examples with these libraries.
    run_pytest(session, "--adds", ",".join(("models", "docs", *names)), env=env)


@nox.session
def strict(session: nox.Session) -> None:
    """What array-api-strict adds: the standard and nothing else."""
    install(session, *group("test"), extras="strict")
    run_backend(session, "strict")


@nox.session
def jax(session: nox.Session) -> None:
    """What JAX adds: with and without 64 bits, and under jit."""
    install(session, *group("test"), extras="jax")
    run_backend(session, "jax")


@nox.session
def keras(session: nox.Session) -> None:
    """What Keras, Flax and Equinox add, and what needs several array libraries at once."""
    peers = ("keras>=3", "flax", "equinox")
    install(session, *group("test"), TORCH, *peers, extras="torch,jax,dask,strict,low-precision")
    names = ("torch", "jax", "dask", "strict", "keras", "flax", "equinox")
    env = backend_env("numpy", also_required=names)
    # Without it Keras looks for TensorFlow.
    env["KERAS_BACKEND"] = "numpy"
    run_pytest(session, "--adds", "keras,flax,equinox", env=env)
    run_pytest(session, *OF_SEVERAL, env=env)


@nox.session
def dask(session: nox.Session) -> None:
    """What Dask adds, in one process and in several."""
    install(session, *group("test"), "distributed", extras="dask")
    run_backend(session, "dask")


@nox.session
def fuzz(session: nox.Session) -> None:
    """Random calls against the definition, for a minute; for longer: ``nox -s fuzz -- --seconds 600 --seed 7``."""
    install(session, *group("fuzz"), TORCH, extras="torch,jax,dask,strict,low-precision,cli")
    # Without it Keras looks for TensorFlow.
    env = {"KERAS_BACKEND": "numpy", "AGNOSTIC_INIT_ENGINE": "native"}
    with session.chdir("tests/fuzzing"):
        session.run("python", "-m", "fuzz", "--complete", *session.posargs, env=env)


@nox.session
def cupy(session: nox.Session) -> None:
    """What CuPy adds; without a GPU, that the CUDA source compiles and agrees when run on the host."""
    # The compiler that CuPy uses at run time also compiles our kernels where there is no GPU.
    install(session, *group("test"), *group("sass"), extras="cupy")
    if shutil.which("nvidia-smi"):
        run_backend(session, "cupy")
    run_pytest(session, "--adds", "cuda", env={"AGNOSTIC_INIT_BACKENDS": "cupy"})


@nox.session(default=False)
def gpu(session: nox.Session) -> None:
    """All that needs an NVIDIA GPU, for torch and CuPy, in nine minutes: ``nox -s gpu -- --minutes 9``.

    Where nothing can be installed: ``python -m bench.gpu``, or ``nox -s gpu --no-venv --no-install``.
    """
    if session.venv_backend != "none":
        install(session, *group("test"), *group("sass"), TORCH, extras="torch,cupy,low-precision")
    session.run(
        "python", "-c", "import torch; assert torch.cuda.is_available(), 'no GPU for torch'"
    )
    session.run("python", "-m", "bench.gpu", *session.posargs)


@nox.session
def minimums(session: nox.Session) -> None:
    """The quick part of the suite, on the lowest versions that pyproject.toml allows, and with no extra.

    But for the files that NumPy's version cannot matter to.
    """
    lowest = [line.replace(">=", "==") for line in PROJECT["project"]["dependencies"]]
    install(session, *group("test"), *lowest)
    args = ["-m", "not slow", *without(*OF_ONE_SESSION), *session.posargs]
    session.run("pytest", *SHARED, *args, env=backend_env("numpy"))


@nox.session(reuse_venv=False)
def wheel(session: nox.Session) -> None:
    """Look into the wheel, and run on it what is named for it, with no extra and far from ``src/``.

    The whole suite runs on this wheel in the session numpy, and with no extra in minimums.
    """
    check_wheel(session, built(session))
    install(session, *group("test"))
    places = (
        "tests/test_installation.py",
        "tests/native/test_library.py",
        "tests/initializers/test_golden.py",
    )
    run_far_away(session, *places, env=backend_env("numpy"))


@nox.session(default=False, python=PYTHONS)
def pythons(session: nox.Session) -> None:
    """The wheel that the sdist makes, and the quick part of the suite, on every Python that is here.

    ``nox -s pythons --no-error-on-missing-interpreters``; ``-s pythons-3.13`` for one.
    """
    install(session, *group("test"))
    run_far_away(session, env=backend_env("numpy"))


@nox.session(reuse_venv=False)
def pure(session: nox.Session) -> None:
    """Install where there is no C++ compiler, and run the quick part of the suite; it says what is missing.

    But for the files that the native library cannot matter to.
    """
    bare = {"PATH": session.bin, "CXX": ""}
    session.install(".", *group("test"), env=bare)
    found = json.loads(session.run("agnostic-init", "info", "--json", silent=True) or "")
    if found["host"] != "numpy" or "no C++ compiler was found" not in found["missing"]:
        session.error(f"that is not what was installed: {found}")
    run_far_away(session, *without(*OF_NO_HOST), env={"AGNOSTIC_INIT_BACKENDS": "numpy"})


def run_far_away(session: nox.Session, *tests: str, env: dict[str, str]) -> None:
    """Run the quick part of these tests, or of all, where there is no ``src/``."""
    away = Path(session.create_tmp(), "away").absolute()
    shutil.rmtree(away, ignore_errors=True)
    away.mkdir()
    for name in ("tests", "examples", "docs", "conformance", ".github"):
        if Path(name).is_dir():
            shutil.copytree(name, away / name, ignore=shutil.ignore_patterns("__pycache__"))
    pages = [path.name for path in ROOT.glob("*.md")]
    for name in ("hatch_build.py", "noxfile.py", "pyproject.toml", "CITATION.cff", *pages):
        shutil.copy(name, away)
    session.chdir(away)
    where = "import agnostic_init; print(agnostic_init.__file__)"
    said = session.run("python", "-c", where, silent=True)
    if not Path(str(said).strip()).is_relative_to(session.virtualenv.location):
        session.error(f"the tests would not run on the wheel, but on {said}")
    # Of the repository, so that what is compiled there is not compiled again.
    cache = f"cache_dir={ROOT / '.pytest_cache'}"
    args = [*SHARED, "-o", cache, "-m", "not slow", *tests, *session.posargs]
    session.run("pytest", *args, env=env)


def check_wheel(session: nox.Session, wheel: Path) -> None:
    """Fail unless the wheel is one for every Python on its platform, and holds the package and nothing else."""
    if not wheel.stem.split("-", 2)[2].startswith("py3-none-") or wheel.stem.endswith("-any"):
        session.error(f"the wheel should be py3-none-PLATFORM, not {wheel.name}")
    inside = {name for name in zipfile.ZipFile(wheel).namelist() if ".dist-info/" not in name}
    libraries = {name for name in inside if name.startswith("agnostic_init/native/_native.")}
    if len(libraries) != 1:
        session.error(f"the wheel should hold one native library, not {sorted(libraries)}")
    kinds = ("*.py", "*.bin", "*.cpp", "*.cu", "*.h", "py.typed")
    files = {path for kind in kinds for path in (ROOT / "src/agnostic_init").rglob(kind)}
    wanted = {path.relative_to(ROOT / "src").as_posix() for path in files} | libraries
    if missing := sorted(wanted - inside):
        session.error(f"the wheel lacks {', '.join(missing)}")
    if surplus := sorted(inside - wanted):
        session.error(f"the wheel should not hold {', '.join(surplus)}")


@nox.session
def docs(session: nox.Session) -> None:
    """The site, with warnings as errors and every link followed; and all examples, on pages and in docstrings.

    ``nox -s docs -- --external`` follows the links to other sites too.
    """
    install(session, *group("docs"), TORCH, extras="torch,jax,dask,strict,low-precision,cli,plots")
    env = {"KERAS_BACKEND": "numpy"}  # else Keras looks for TensorFlow
    site = ROOT / "site"
    shutil.rmtree(ROOT / "docs" / "api", ignore_errors=True)  # of names that there were
    shutil.rmtree(site, ignore_errors=True)
    build = ["sphinx-build", "-W", "--keep-going", "-q", "-j", "auto", "docs"]
    session.run(*build, str(site), env=env)
    session.run("python", "docs/_ext/links.py", str(site))
    if "--external" in session.posargs:
        session.run(*build, str(site / "external"), "-b", "linkcheck", env=env)
    run_examples(session, env=env | backend_env("numpy", also_required=("torch", "jax", "dask")))


@nox.session
def bench(session: nox.Session) -> None:
    """The benchmarks, quickly, so that they cannot rot; for figures: ``python -m bench``.

    ``nox -s bench -- --questions draws`` hands arguments to ``python -m bench --quick``, and shows what it says.
    """
    install(session, *group("test"), *group("bench"), TORCH, extras="cli")
    if session.posargs:
        session.run("python", "-m", "bench", "--quick", *session.posargs)
    else:
        session.run(
            "pytest", BENCHMARKS, env=backend_env("numpy", also_required=("torch", "ml_dtypes"))
        )


if __name__ == "__main__":
    nox.main()
