"""A worker seen from outside: started, told what to do, held still while others work."""

from __future__ import annotations

import contextlib
import importlib.metadata
import json
import os
import select
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

from bench.contenders import CONTENDERS, Contender
from bench.job import Job

__all__ = ["Process", "construction", "first_use", "import_time"]

ROOT = Path(__file__).parents[1]
THREADS = (
    "AGNOSTIC_INIT_NUM_THREADS",
    "MKL_NUM_THREADS",
    "OMP_NUM_THREADS",
    "OPENBLAS_NUM_THREADS",
    "VECLIB_MAXIMUM_THREADS",
)
START_LIMIT = 180.0


def environment(contender: Contender, threads: int) -> dict[str, str]:
    """The variables of a contender's process."""
    env = {
        **os.environ,
        **dict.fromkeys(THREADS, str(threads)),
        "XLA_PYTHON_CLIENT_PREALLOCATE": "false",
        "PYTHONPATH": os.pathsep.join(filter(None, [str(ROOT), os.environ.get("PYTHONPATH")])),
    }
    # Its engine is the contender's own, and bytecode is there as after an installation.
    for name in ("AGNOSTIC_INIT_ENGINE", "PYTHONDONTWRITEBYTECODE"):
        env.pop(name, None)
    return env | contender.env


class Process:
    """A contender's process.

    Between its answers it is stopped, so that threads which spin for some time after their work do
    not take the cores from the next contender.
    """

    def __init__(self, name: str, device: str, threads: int) -> None:
        self.name = name
        self.about: dict[str, Any] | None = None
        self.said = tempfile.TemporaryFile()  # noqa: SIM115 - as long as the process
        self.popen = subprocess.Popen(
            [sys.executable, "-m", "bench.worker", name, device, str(threads)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=self.said,
            env=environment(CONTENDERS[name], threads),
            # A group of its own: should this process die, the system ends a stopped one too.
            process_group=0,
        )
        self.left = b""

    def open(self) -> dict[str, Any]:
        """Wait until it is there; what it says about itself, or that it is missing."""
        if self.about is None:
            self.about = self._answer(START_LIMIT)
        return self.about

    @property
    def alive(self) -> bool:
        return self.popen.poll() is None

    def ask(self, what: str, limit: float, **arguments: Any) -> dict[str, Any]:
        """Tell it to do something, and wait for the answer; if there is none, end it."""
        assert self.popen.stdin is not None
        os.kill(self.popen.pid, signal.SIGCONT)
        try:
            self.popen.stdin.write(json.dumps({"do": what, **arguments}).encode() + b"\n")
            self.popen.stdin.flush()
        except BrokenPipeError:
            return {"failed": self._last_words()}
        return self._answer(limit)

    def close(self) -> None:
        """End it, whatever it is doing."""
        if self.alive:
            self.popen.kill()
        self.popen.wait()
        for pipe in (self.popen.stdin, self.popen.stdout, self.said):
            if pipe is not None and not pipe.closed:
                with contextlib.suppress(BrokenPipeError):
                    pipe.close()

    def _answer(self, limit: float) -> dict[str, Any]:
        assert self.popen.stdout is not None
        until = time.monotonic() + limit
        while b"\n" not in self.left:
            wait = until - time.monotonic()
            if wait <= 0 or not select.select([self.popen.stdout], [], [], wait)[0]:
                self.close()
                return {"not_finished": limit}
            more = os.read(self.popen.stdout.fileno(), 1 << 16)
            if not more:
                self.popen.wait()
                return {"failed": self._last_words()}
            self.left += more
        line, _, self.left = self.left.partition(b"\n")
        answer = json.loads(line)
        if "missing" not in answer:
            os.kill(self.popen.pid, signal.SIGSTOP)
        return answer

    def _last_words(self) -> str:
        self.said.seek(0)
        lines = self.said.read().decode(errors="replace").strip().splitlines()
        code = self.popen.poll()
        return f"its process ended with {code}: {lines[-1] if lines else 'no words'}"[:500]


def first_use(contender: Contender, job: Job, threads: int, limit: float) -> dict[str, Any]:
    """What a new process says that initializes a model once, or why it says nothing."""
    with contextlib.ExitStack() as stack:
        env = environment(contender, threads)
        if job.parameters.get("new_files") and contender.role == "ours":
            folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
            if not _copied(folder / "site"):
                return {"missing": "agnostic-init was not installed by pip"}
            env["PYTHONPATH"] = os.pathsep.join([str(folder / "site"), env["PYTHONPATH"]])
            env["XDG_CACHE_HOME"] = str(folder / "cache")
        # By -c, as -m would import what agnostic_init has to import itself.
        code = "import sys; from bench.fresh import main; main(*sys.argv[1:])"
        what = (contender.maker, contender.arrays, job.parameters["plan"], job.dtype, str(threads))
        return _said([sys.executable, "-c", code, *what], env, START_LIMIT + limit)


def construction(contender: Contender, job: Job, threads: int, limit: float) -> dict[str, Any]:
    """What a new process says that makes a library's model once, or why it says nothing."""
    code = "import sys; from bench.built import main; main(*sys.argv[1:])"
    what = (contender.maker, job.parameters["library"], job.parameters["plan"], job.dtype)
    command = [sys.executable, "-c", code, *what, str(threads)]
    return _said(command, environment(contender, threads), START_LIMIT + limit)


def import_time(statement: str, *, after_numpy: bool) -> dict[str, Any]:
    """How long an import takes in a new interpreter, or why that cannot be told."""
    code = f"import time; start = time.perf_counter(); {statement}; end = time.perf_counter()"
    code += "; print('{\"seconds\": ' + str(end - start) + '}')"
    if after_numpy:
        code = f"import numpy; {code}"
    # Keras loads a backend with it.
    env = {"KERAS_BACKEND": "torch", **os.environ}
    env.pop("PYTHONDONTWRITEBYTECODE", None)
    said = _said([sys.executable, "-c", code], env, START_LIMIT)
    return {"missing": said["failed"]} if "failed" in said else said


def _said(command: list[str], env: dict[str, str], limit: float) -> dict[str, Any]:
    """The last line that a process prints, which is JSON."""
    try:
        done = subprocess.run(
            command, capture_output=True, text=True, env=env, timeout=limit, check=False
        )
    except subprocess.TimeoutExpired:
        return {"not_finished": limit}
    if done.returncode:
        return {"failed": (done.stderr.strip().splitlines() or ["no words"])[-1][:500]}
    answer: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    return answer


def _copied(folder: Path) -> bool:
    """Put what pip installed of agnostic_init into a folder, as pip would, and not in memory."""
    try:
        files = importlib.metadata.files("agnostic-init") or []
    except importlib.metadata.PackageNotFoundError:
        return False
    for file in files:
        if ".." not in file.parts and file.locate().exists():
            copy = folder / file
            copy.parent.mkdir(parents=True, exist_ok=True)
            # With its times, by which Python knows that the bytecode is of this source.
            shutil.copy2(file.locate(), copy)
            if hasattr(os, "posix_fadvise"):
                with copy.open("rb") as opened:
                    os.fsync(opened.fileno())
                    os.posix_fadvise(opened.fileno(), 0, 0, os.POSIX_FADV_DONTNEED)
    return (folder / "agnostic_init").is_dir()
