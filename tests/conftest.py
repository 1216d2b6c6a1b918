"""The array libraries that tests run on, and which of them must be there.

`--adds torch` selects what a library adds to the tests with NumPy alone; see `selection.py`.
`AGNOSTIC_INIT_BACKENDS` limits the `backend` fixture to the libraries it names.
`AGNOSTIC_INIT_REQUIRE` names libraries and modules whose absence is a failure and not a skip; `native` is the package's
own compiled library.
"""

from __future__ import annotations

import functools
import importlib
import importlib.util
import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import hypothesis
import numpy as np
import pytest
from tests import compiling, quantiles, selection

from agnostic_init.native.library import look

# JAX takes three quarters of a GPU's memory when it is first used, so that of several processes that
# test on one GPU, or of JAX beside torch, all but the first fail.
os.environ.setdefault("XLA_PYTHON_CLIENT_PREALLOCATE", "false")

# On a machine that is busy an example may take any time.
hypothesis.settings.register_profile(
    "busy", deadline=None, suppress_health_check=[hypothesis.HealthCheck.too_slow]
)
hypothesis.settings.load_profile("busy")

if importlib.util.find_spec("torchvision") is not None:
    import torch

    if torch.version.cuda is None:
        # PyPI's torchvision is compiled for torch with CUDA. Beside the CPU build its operators are
        # not there; importing it asks for two of them, and models need none.
        OPERATORS = torch.library.Library("torchvision", "DEF")
        for name in ("nms", "qnms"):
            OPERATORS.define(f"{name}(Tensor dets, Tensor scores, float iou_threshold) -> Tensor")


@dataclass(frozen=True)
class Backend:
    """An array library as the tests see it."""

    name: str
    module: str

    @property
    def xp(self) -> Any:
        return importlib.import_module(self.module)

    def to_numpy(self, array: Any) -> np.ndarray:
        """An array's values in NumPy, its low-precision ones as float32."""
        if self.name == "torch":
            import torch

            array = array.detach().cpu().resolve_conj()
            small = array.is_floating_point() and array.dtype not in (
                torch.float16,
                torch.float32,
                torch.float64,
            )
            return (array.float() if small else array).numpy()
        if self.name == "dask":
            return np.asarray(array.compute())
        result = array.get() if self.name == "cupy" else np.asarray(array)
        return result.astype(np.float32) if result.dtype.kind == "V" else result

    def needs(self, dtype: str) -> None:
        """Skip the test if the library has no arrays of a floating-point dtype."""
        small = dtype.startswith(("float8", "bfloat")) or dtype == "float16"
        if small and self.name == "strict":
            pytest.skip("array-api-strict has no small floats")
        if self.name == "torch":
            if not hasattr(self.xp, dtype):
                pytest.skip(f"this torch has no {dtype}")
        elif small and dtype != "float16":
            pytest.importorskip("ml_dtypes")
        if self.name == "cupy" and dtype.startswith("float8"):
            pytest.skip("CuPy has no float8")


BACKENDS = {
    b.name: b
    for b in (
        Backend("numpy", "numpy"),
        Backend("torch", "torch"),
        Backend("strict", "array_api_strict"),
        Backend("jax", "jax.numpy"),
        Backend("dask", "dask.array"),
        Backend("cupy", "cupy"),
    )
}


SIMDE = Path("/usr/include/simde/x86/avx512.h")


def _listed(variable: str) -> list[str]:
    return [name.strip() for name in os.environ.get(variable, "").split(",") if name.strip()]


def _missing(name: str) -> str:
    """Why a library, module, compiler or our own native library cannot be used; empty if it can."""
    if name in ("g++", "aarch64-linux-gnu-g++", "qemu-aarch64", "node"):
        return "" if shutil.which(name) else "not on the path"
    if name == "simde":
        return "" if SIMDE.exists() else f"no {SIMDE}"
    if name == "native":
        return look().reason
    module = BACKENDS[name].module if name in BACKENDS else name
    try:
        importlib.import_module(module)
    except ImportError as error:
        return str(error)
    if name == "cupy" and not importlib.import_module("cupy").cuda.is_available():
        return "no GPU"
    return ""


def pytest_addoption(parser: pytest.Parser) -> None:
    explained = (
        "only the tests that need one of these, or use the backend fixture; see selection.py"
    )
    parser.addoption("--adds", default="", metavar="LIBRARY,...", help=explained)


def pytest_configure(config: pytest.Config) -> None:
    unknown = set(_listed("AGNOSTIC_INIT_BACKENDS")) - set(BACKENDS)
    if unknown:
        message = f"AGNOSTIC_INIT_BACKENDS names {sorted(unknown)}"
        raise pytest.UsageError(message)
    for name in _listed("AGNOSTIC_INIT_REQUIRE"):
        reason = _missing(name)
        if reason:
            message = f"AGNOSTIC_INIT_REQUIRE names {name}: {reason}"
            raise pytest.UsageError(message)


def _added(config: pytest.Config) -> tuple[str, ...]:
    return tuple(name for name in config.getoption("adds").split(",") if name)


def pytest_ignore_collect(collection_path: Path, config: pytest.Config) -> bool | None:
    libraries = _added(config)
    if not libraries or not collection_path.match("test_*.py"):
        return None
    added = selection.adds(collection_path, libraries) != frozenset()
    if added or (
        not BACKENDS.keys().isdisjoint(libraries) and selection.has_backend(collection_path)
    ):
        return None
    return True


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    libraries = _added(config)
    for item in items:
        if "backend" in getattr(item, "fixturenames", ()):
            item.add_marker("backend")
    if libraries:
        left_out = [item for item in items if not _is_added(item, libraries)]
        config.hook.pytest_deselected(items=left_out)
        items[:] = [item for item in items if _is_added(item, libraries)]


def _is_added(item: pytest.Item, libraries: tuple[str, ...]) -> bool:
    functions = selection.adds(item.path, libraries)
    if functions is None:
        return True
    if item.get_closest_marker("backend") and not BACKENDS.keys().isdisjoint(libraries):
        return True
    parents = {getattr(each, "originalname", each.name) for each in item.listchain()}
    return not functions.isdisjoint(parents)


def pytest_report_header() -> list[str]:
    present = []
    for name in BACKENDS:
        reason = _missing(name)
        present.append(f"{name} ({reason})" if reason else name)
    found = look()
    host = f"native, {found.instructions}" if found.library else f"numpy ({found.reason})"
    return ["backends: " + ", ".join(present), f"host memory: {host}"]


@pytest.fixture(params=_listed("AGNOSTIC_INIT_BACKENDS") or list(BACKENDS))
def backend(request: pytest.FixtureRequest) -> Backend:
    """Each array library in turn, or each of AGNOSTIC_INIT_BACKENDS."""
    reason = _missing(request.param)
    if reason:
        pytest.skip(reason)
    return BACKENDS[request.param]


@pytest.fixture
def xp(backend: Backend) -> Any:
    """The module of the backend."""
    return backend.xp


@pytest.fixture
def on_devices_of_jax() -> Callable[..., None]:
    """Run a program in a process of its own, where JAX has several devices on the CPU."""

    def run(program: str, devices: int = 4) -> None:
        flags = os.environ.get("XLA_FLAGS", "")
        flags += f" --xla_force_host_platform_device_count={devices}"
        done = subprocess.run(
            [sys.executable, "-c", program],
            env={**os.environ, "XLA_FLAGS": flags, "JAX_PLATFORMS": "cpu"},
            capture_output=True,
            text=True,
            check=False,
            timeout=300,
        )
        assert done.returncode == 0, done.stderr

    return run


@pytest.fixture(scope="session")
def compiled(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Callable[..., Path]:
    """Compile sources, or take what any run of pytest has made of the same; see `compiling.py`."""
    cache = getattr(request.config, "cache", None)  # none with -p no:cacheprovider
    folder = cache.mkdir("compiled") if cache else tmp_path_factory.mktemp("compiled")
    compiling.remove_old(folder)
    return functools.partial(compiling.compiled, folder)


@pytest.fixture(params=list(quantiles.KNOWN))
def quantile_table(request: pytest.FixtureRequest) -> quantiles.Quantile:
    """Each quantile of which all values are known."""
    return quantiles.Quantile(request.param)
