"""Every check of this project, each in an environment of its own: ``pip install nox && nox``.

``nox -l`` lists them, ``nox -s torch`` runs one, ``nox -s numpy -- -k normal`` hands arguments to pytest. The versions
live in pyproject.toml. Every session tests the installed package, never ``src/``.

The session ``numpy`` runs the whole suite. The sessions of the other backends add to it what is theirs: the tests that
use the backend fixture, and the files named for their library. A backend that a session names and cannot import is a
failure there, not a skip.
"""

from __future__ import annotations

import shutil
import zipfile
from pathlib import Path

import nox

nox.options.error_on_missing_interpreters = True
nox.options.default_venv_backend = "virtualenv"
nox.options.reuse_venv = "yes"

PROJECT = nox.project.load_toml("pyproject.toml")
ROOT = Path(__file__).parent

# The release of torch that the suite is known to pass with, and that the benchmarks compare with.
TORCH = "torch==2.13.0"


def group(name: str) -> list[str]:
    """What a dependency group of pyproject.toml asks for."""
    return list(nox.project.dependency_groups(PROJECT, name))


def backend_env(*names: str, also_required: tuple[str, ...] = ()) -> dict[str, str]:
    """The environment in which the suite runs on these backends and fails without them."""
    return {
        "AGNOSTIC_INIT_BACKENDS": ",".join(names),
        "AGNOSTIC_INIT_REQUIRE": ",".join((*names, *also_required)),
    }


def files_named_for(*libraries: str) -> list[str]:
    """The test files named for one of these libraries."""
    found = {path for library in libraries for path in ROOT.glob(f"tests/**/test_*{library}*.py")}
    return [str(path.relative_to(ROOT)) for path in sorted(found)]


def run_pytest(session: nox.Session, *args: str, env: dict[str, str], may_be_empty: bool) -> None:
    """Run pytest; finding no test (exit code 5) is right only where the selection may be empty."""
    codes = [0, 5] if may_be_empty or session.posargs else [0]
    session.run("pytest", *args, *session.posargs, env=env, success_codes=codes)


def run_backend(session: nox.Session, backend: str, *also_required: str) -> None:
    """Run what this backend adds to the session numpy."""
    env = backend_env(backend, also_required=also_required)
    run_pytest(session, "-m", "backend", env=env, may_be_empty=False)
    if files := files_named_for(backend):
        # Empty if all of their tests use the backend fixture, and have just run.
        run_pytest(session, "-m", "not backend", *files, env=env, may_be_empty=True)


def run_examples(session: nox.Session, *, env: dict[str, str]) -> None:
    """Run the examples in docstrings and on pages, but for those whose library is not there."""
    args = ["--doctest-modules", "--doctest-ignore-import-errors", "--pyargs", "agnostic_init"]
    session.run("pytest", *args, env=env, success_codes=[0, 5])
    session.run("pytest", "tests/house/test_docs.py", env=env)


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
    session.install(".[fast,low-precision,cli]", *group("test"))
    env = backend_env("numpy", also_required=("ml_dtypes",))
    session.run("pytest", "--durations=10", *session.posargs, env=env)


@nox.session
def torch(session: nox.Session) -> None:
    """What torch adds, on the CPU, and on the GPU where there is one."""
    session.install(".[torch,fast,low-precision,cli]", *group("test"), TORCH)
    run_backend(session, "torch", "ml_dtypes")
    if not session.posargs:
        run_examples(session, env=backend_env("torch"))


@nox.session
def strict(session: nox.Session) -> None:
    """What array-api-strict adds: the standard and nothing else."""
    session.install(".[strict]", *group("test"))
    run_backend(session, "strict")


@nox.session
def jax(session: nox.Session) -> None:
    """What JAX adds: with and without 64 bits, and under jit."""
    session.install(".[jax]", *group("test"))
    run_backend(session, "jax")


@nox.session
def keras(session: nox.Session) -> None:
    """The faces that have other libraries' names, and layers of Keras and Flax on torch and JAX."""
    session.install(".[torch,jax,fast,low-precision]", *group("test"), TORCH, "keras>=3", "flax")
    env = backend_env("numpy", also_required=("torch", "jax", "keras", "flax"))
    # Without it Keras looks for TensorFlow.
    env["KERAS_BACKEND"] = "numpy"
    run_pytest(session, "tests/compat", env=env, may_be_empty=False)


@nox.session
def dask(session: nox.Session) -> None:
    """What Dask adds."""
    session.install(".[dask]", *group("test"))
    run_backend(session, "dask")


@nox.session
def cupy(session: nox.Session) -> None:
    """What CuPy adds; without a GPU, that the CUDA source compiles and agrees when run on the host."""
    # The compiler that CuPy uses at run time also compiles our kernels where there is no GPU.
    session.install(".[cupy]", *group("test"), *group("sass"))
    if shutil.which("nvidia-smi"):
        run_backend(session, "cupy")
    if files := files_named_for("cuda"):
        env = {"AGNOSTIC_INIT_BACKENDS": "cupy"}
        run_pytest(session, "-m", "not backend", *files, env=env, may_be_empty=True)


@nox.session
def minimums(session: nox.Session) -> None:
    """The quick part of the suite, on the lowest versions that pyproject.toml allows."""
    lowest = [line.replace(">=", "==") for line in PROJECT["project"]["dependencies"]]
    session.install(".", *group("test"), *lowest)
    args = ["-m", "not slow", *session.posargs]
    session.run("pytest", *args, env=backend_env("numpy"))


@nox.session(reuse_venv=False)
def wheel(session: nox.Session) -> None:
    """Build the wheel from the sdist, and run the quick part of the suite on it, with no extra, far from ``src/``."""
    session.install("build")
    dist = Path(session.create_tmp(), "dist").absolute()
    shutil.rmtree(dist, ignore_errors=True)
    session.run("python", "-m", "build", "--outdir", str(dist))
    (built,) = dist.glob("*.whl")
    check_contents(session, built)

    session.install(str(built), *group("test"))
    away = dist.parent / "away"
    shutil.rmtree(away, ignore_errors=True)
    away.mkdir()
    for name in ("tests", "examples", "docs"):
        if Path(name).is_dir():
            shutil.copytree(name, away / name, ignore=shutil.ignore_patterns("__pycache__"))
    for name in ("pyproject.toml", "README.md", "CONTRIBUTING.md"):
        shutil.copy(name, away)
    session.chdir(away)
    where = "import agnostic_init; print(agnostic_init.__file__)"
    said = session.run("python", "-c", where, silent=True)
    if not Path(str(said).strip()).is_relative_to(session.virtualenv.location):
        session.error(f"the tests would not run on the wheel, but on {said}")
    args = ["-m", "not slow", *session.posargs]
    session.run("pytest", *args, env=backend_env("numpy"))


def check_contents(session: nox.Session, built: Path) -> None:
    """Fail unless the wheel holds the package, all of it, and nothing else."""
    inside = {name for name in zipfile.ZipFile(built).namelist() if ".dist-info/" not in name}
    kinds = ("*.py", "*.cu", "*.bin", "py.typed")
    files = {path for kind in kinds for path in (ROOT / "src/agnostic_init").rglob(kind)}
    wanted = {path.relative_to(ROOT / "src").as_posix() for path in files}
    if missing := sorted(wanted - inside):
        session.error(f"the wheel lacks {', '.join(missing)}")
    if surplus := sorted(name for name in inside if not name.startswith("agnostic_init/")):
        session.error(f"the wheel should not hold {', '.join(surplus)}")


@nox.session
def docs(session: nox.Session) -> None:
    """The examples in the docstrings, the README and the docs; those that need torch run in torch's session."""
    session.install(".[fast,low-precision,cli]", *group("docs"))
    run_examples(session, env=backend_env("numpy"))


@nox.session
def bench(session: nox.Session) -> None:
    """The benchmarks, quickly, so that they cannot rot; for figures: ``python -m bench``."""
    session.install(".", *group("bench"), TORCH)
    session.run("python", "-m", "bench", "--quick", *session.posargs)


if __name__ == "__main__":
    nox.main()
