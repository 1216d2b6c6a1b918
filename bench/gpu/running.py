"""A step run in a process of its own, until it ends or time is up; and what its lines say."""

from __future__ import annotations

import contextlib
import json
import os
import re
import signal
import subprocess
import threading
import time
from typing import Any

from bench.gpu.steps import ROOT, Step, newest_first

__all__ = ["run"]

NO_TESTS = 5  # pytest's status where none was run
KEPT = 200  # lines of what a step printed
OUTCOME = re.compile(r"^(\S+::.*?) (PASSED|FAILED|ERROR|SKIPPED)\b")


def run(step: Step, device: str, seconds: float) -> dict[str, Any]:
    """What a step printed in at most so many seconds.

    Returns
    -------
    dict
        ``outcome``: ok, failed, nothing (no test ran) or time is up; ``seconds``; of tests how many
        ``passed``, ``failed`` and ``skipped``, and the names of the ``failures``; else ``lines``,
        decoded where they are JSON.
    """
    arguments = step.arguments(device)
    if step.name == "tests":
        arguments += newest_first()
    paths = [str(ROOT / "src"), str(ROOT), os.environ.get("PYTHONPATH", "")]
    environment = {
        **os.environ,
        "PYTHONPATH": os.pathsep.join(filter(None, paths)),
        "PYTHONUNBUFFERED": "1",
        "XLA_PYTHON_CLIENT_PREALLOCATE": "false",
        **step.environment,
    }
    start = time.monotonic()
    up = threading.Event()
    with subprocess.Popen(
        arguments,
        cwd=ROOT,
        env=environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        errors="replace",
        start_new_session=True,
    ) as process:

        def end() -> None:
            up.set()
            with contextlib.suppress(OSError):
                os.killpg(process.pid, signal.SIGKILL)

        timer = threading.Timer(max(seconds, 0.1), end)
        timer.start()
        assert process.stdout is not None
        lines = [line.rstrip("\n") for line in process.stdout]
        status = process.wait()
        timer.cancel()
    found: dict[str, Any] = {"seconds": round(time.monotonic() - start, 1), "status": status}
    if step.tests:
        found |= _counted(lines)
        outcome = "ok" if status == 0 and found["passed"] else "failed"
        if status in (0, NO_TESTS) and not found["passed"]:
            outcome = "nothing"
    else:
        found["lines"] = [_decoded(line) for line in lines[-KEPT:]]
        outcome = "ok" if status == 0 else "failed"
    if up.is_set() and not found.get("failed"):
        outcome = "time is up"
    if outcome == "failed":
        found["end"] = lines[-40:]
    return {"outcome": outcome, **found}


def _counted(lines: list[str]) -> dict[str, Any]:
    """Of pytest's verbose lines, which are there though it was ended."""
    outcomes = [found.groups() for line in lines if (found := OUTCOME.match(line))]
    kinds = [kind for _, kind in outcomes]
    failures = [name for name, kind in outcomes if kind in ("FAILED", "ERROR")]
    return {
        "passed": kinds.count("PASSED"),
        "failed": len(failures),
        "skipped": kinds.count("SKIPPED"),
        "failures": failures,
    }


def _decoded(line: str) -> Any:
    with contextlib.suppress(ValueError):
        return json.loads(line)
    return line
