"""What is installed here, and which engine makes an array's values."""

from __future__ import annotations

import ctypes
import os
import platform
import sys
import sysconfig
from dataclasses import asdict, dataclass
from importlib import metadata
from typing import Any

from agnostic_init.arrays.errors import ParameterError
from agnostic_init.draws.engines.cuda.shipped import FOLDER as CUBINS
from agnostic_init.draws.engines.cuda.switch import switched_on
from agnostic_init.draws.engines.native import number_of_threads
from agnostic_init.native.library import ENGINE, Native, look
from agnostic_init.version import __version__

__all__ = ["Installation", "info"]

PACKAGES = (
    "numpy",
    "array-api-compat",
    "torch",
    "cupy",
    "cupy-cuda12x",
    "cupy-cuda13x",
    "jax",
    "jaxlib",
    "dask",
    "array-api-strict",
    "ml-dtypes",
    "keras",
    "flax",
    "matplotlib",
    "tqdm",
)

NOTHING = Native(None, "")  # has been found


@dataclass(frozen=True, slots=True)
class Installation:
    """What `info` found. Printed it is a table.

    Attributes
    ----------
    version, python, platform
        Of this package, of Python, and what both run on.
    host
        What fills the memory of the host: "native" or "numpy"; or "none", where the native library
        was asked for in vain or a variable has a fault, and every draw is an error.
    library
        The file of the native library, or where it would be.
    instructions
        The processor's instructions that it uses; empty where it is not used.
    available
        Those that it could use here.
    missing
        Why it is not used, or not as was asked; empty if all is well.
    hint
        What mends that.
    faults
        What is wrong with the environment's variables of this package, each of which makes every
        draw an error.
    threads, cores
        How many threads a large draw uses, 0 where that is not known, and the cores at hand.
    cuda
        What makes values on a GPU of NVIDIA's, as far as it is known without loading a library.
    jax
        What makes values for JAX.
    packages
        Name and version of each package installed that this one works with.
    """

    version: str
    python: str
    platform: str
    host: str
    library: str
    instructions: str
    available: tuple[str, ...]
    missing: str
    hint: str
    faults: tuple[str, ...]
    threads: int
    cores: int
    cuda: str
    jax: str
    packages: dict[str, str]

    def to_dict(self) -> dict[str, Any]:
        """The same as a dictionary that JSON can hold."""
        return asdict(self) | {
            "available": list(self.available),
            "faults": list(self.faults),
        }

    def __str__(self) -> str:
        rows = [
            ("agnostic-init", f"{self.version}, Python {self.python}, {self.platform}"),
            ("host memory", self._host()),
            ("", f"{self.threads or '?'} threads for large draws, {self.cores} cores at hand"),
            ("CUDA", self.cuda),
            ("JAX", self.jax),
        ]
        if self.host == "native":
            rows.insert(2, ("", self.library))
        if self.missing:
            rows.insert(2, ("", self.missing))
            rows.insert(3, ("", f"try: {self.hint}"))
        rows[1:1] = [("environment", fault) for fault in self.faults]
        found = ", ".join(f"{name} {version}" for name, version in self.packages.items())
        rows.append(("packages", found))
        return "\n".join(f"{name:15}{text}" for name, text in rows)

    def _host(self) -> str:
        if self.faults:
            return "nothing, until that is mended"
        if self.host == "none":
            return f"nothing, as {ENGINE} is native"
        if self.host == "numpy":
            return "NumPy: the same numbers in more time; orthogonal matrices to rounding"
        return f"the native library with {self.instructions} (here: {', '.join(self.available)})"


def info() -> Installation:
    """Which engine makes an array's values here, and what is installed, by version.

    No array library is loaded for it but NumPy.

    Returns
    -------
    Installation
        To print, or to read field by field; ``to_dict()`` is for JSON.

    Notes
    -----
    It raises nothing for a variable of the environment that has a value which it cannot have, as
    every draw does: that is a row of the table.

    Examples
    --------
    >>> import agnostic_init as ai
    >>> print(ai.info())
    agnostic-init  ...
    host memory    ...
    >>> ai.info().host in ("native", "numpy")
    True
    """
    packages, faults = _packages(), []
    found, threads = NOTHING, 0
    try:
        found = look()
    except ParameterError as error:
        faults.append(str(error))
    try:
        threads = number_of_threads()
    except ParameterError as error:
        faults.append(str(error))
    return Installation(
        version=__version__,
        python=platform.python_version(),
        platform=sysconfig.get_platform(),
        host="none" if faults else _host(found),
        library=found.path,
        instructions=found.instructions,
        available=found.available,
        missing=found.reason,
        hint=found.hint,
        faults=tuple(faults),
        threads=threads,
        cores=_cores(),
        cuda=_cuda(packages),
        jax=_jax(packages),
        packages=packages,
    )


def _host(found: Native) -> str:
    if found.reason and os.environ.get(ENGINE) == "native":
        return "none"
    return "native" if found.library else "numpy"


def _packages() -> dict[str, str]:
    found = {}
    for name in PACKAGES:
        try:
            found[name] = metadata.version(name)
        except metadata.PackageNotFoundError:
            continue
    return found


def _cores() -> int:
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def _cuda(packages: dict[str, str]) -> str:
    if not switched_on():
        return "switched off by AGNOSTIC_INIT_CUDA"
    found = [name for name in packages if name.startswith("cupy")]
    # Builds without CUDA say so in their version, but for those of macOS, which are all without.
    if "torch" in packages and "+cpu" not in packages["torch"] and sys.platform != "darwin":
        found.append("torch")
    if not found:
        return "no CuPy is installed, and no torch with CUDA"
    try:
        ctypes.CDLL("nvcuda.dll" if os.name == "nt" else "libcuda.so.1")
    except OSError:
        return f"no driver of NVIDIA's is found, which {' and '.join(found)} would need"
    kernels = "this package's kernel, compiled when it is first used"
    if files := sorted(CUBINS.glob("sm_*.bin"), key=lambda file: int(file.stem[3:])):
        kernels += f" or shipped (for {', '.join(file.stem for file in files)})"
    return f"{kernels}, for {' and '.join(found)}"


def _jax(packages: dict[str, str]) -> str:
    if "jax" not in packages:
        return "not installed"
    return "programs that XLA compiles; on a single device that is a CPU, host memory's engine"
