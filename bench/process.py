"""A worker seen from outside: started, told what to do, held still while others work."""

from __future__ import annotations

import contextlib
import json
import os
import select
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

from bench.contenders import CONTENDERS

__all__ = ["Process", "import_seconds"]

ROOT = Path(__file__).parents[1]
THREADS = (
    "AGNOSTIC_INIT_NUM_THREADS",
    "MKL_NUM_THREADS",
    "NUMBA_NUM_THREADS",
    "OMP_NUM_THREADS",
    "OPENBLAS_NUM_THREADS",
    "VECLIB_MAXIMUM_THREADS",
)
START_LIMIT = 180.0


class Process:
    """A contender's process.

    Between its answers it is stopped, so that threads which spin for some time after their work do
    not take the cores from the next contender.
    """

    def __init__(self, name: str, device: str, threads: int) -> None:
        self.name = name
        self.about: dict[str, Any] | None = None
        env = {
            **os.environ,
            **dict.fromkeys(THREADS, str(threads)),
            "XLA_PYTHON_CLIENT_PREALLOCATE": "false",
            "PYTHONPATH": os.pathsep.join(filter(None, [str(ROOT), os.environ.get("PYTHONPATH")])),
        }
        env.pop("AGNOSTIC_INIT_ENGINE", None)
        env |= CONTENDERS[name].env
        self.said = tempfile.TemporaryFile()  # noqa: SIM115 - as long as the process
        self.popen = subprocess.Popen(
            [sys.executable, "-m", "bench.worker", name, device, str(threads)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=self.said,
            env=env,
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


def import_seconds(statement: str, *, after_numpy: bool) -> float | str:
    """How long an import takes in a new interpreter; in words why it cannot be told."""
    code = (
        f"{'import numpy' if after_numpy else ''}\nimport time\nstart = time.perf_counter()\n"
        f"{statement}\nprint(time.perf_counter() - start)"
    )
    env = {**os.environ, "PYTHONPATH": os.environ.get("PYTHONPATH", "")}
    # Keras loads a backend with it.
    env.setdefault("KERAS_BACKEND", "torch")
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, env=env, check=False
    )
    if done.returncode:
        return (done.stderr.strip().splitlines() or ["no words"])[-1]
    return float(done.stdout.split()[-1])
