"""The order of measuring: all contenders of a case in turn, round after round, pass after pass."""

from __future__ import annotations

import itertools
import random
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any

from bench.contenders import CONTENDERS, on_device
from bench.job import Case
from bench.process import Process, construction, first_use, import_time

__all__ = ["Bench", "Effort", "effort"]


SETUP_LIMIT = 180.0
FEW_PROCESSES = 3


@dataclass(frozen=True)
class Effort:
    """How much is measured.

    Every case is visited in each of `passes`, which lie minutes apart, so that the spread holds the
    slow changes of a machine too. In a visit a contender takes part in up to `rounds` rounds: as
    many as fit `share` seconds, but at least `least_rounds`: two where a call is longer than a
    fifth of `long`, one where it is longer than `long`. A sample is made of calls for at least `least` seconds. A call that takes more than
    `limit` is ended. Where a sample is a process of its own, there are `processes` in a pass, or
    fewer, but not below three, where those of all contenders take more than `processes_share`
    seconds. `memory` is whether its peak is measured.
    """

    passes: int = 2
    rounds: int = 15
    least_rounds: int = 3
    share: float = 1.5
    least: float = 0.02
    long: float = 10.0
    limit: float = 60.0
    fresh_workers: bool = True
    processes: int = 7
    processes_share: float = 90.0
    memory: bool = True


QUICK = Effort(
    passes=1,
    rounds=3,
    least_rounds=2,
    share=0.05,
    least=0.0005,
    long=1.0,
    limit=4.0,
    fresh_workers=False,
    processes=1,
)
SHORT = Effort(passes=1, rounds=7, share=0.5, processes=5, processes_share=60.0, memory=False)
# A device that is lent by the minute.
ON_DEVICE = Effort(passes=1, share=0.5, limit=20.0)


def effort(device: str, *, quick: bool, short: bool) -> Effort:
    """How much a run on a device measures."""
    if quick or short:
        return QUICK if quick else SHORT
    return Effort() if device == "cpu" else ON_DEVICE


class Bench:
    """A run: its workers, and the rows that they have filled."""

    def __init__(self, effort: Effort, device: str, threads: int, backend: str = "all") -> None:
        self.effort, self.device, self.threads, self.backend = effort, device, threads, backend
        self.pool: dict[tuple[str, int, bool], Process] = {}
        self.rows: dict[tuple[str, str], dict[str, dict[str, Any]]] = {}
        self.order = random.Random(1)
        self.versions: dict[str, str] = {}
        self.device_name: str | None = None

    def run(
        self,
        questions: dict[str, list[Case]],
        log: Callable[[str], None],
        keep: Callable[[list[dict[str, Any]]], object],
    ) -> None:
        """Measure; after each question, hand over what the file of results calls its cases."""
        try:
            for number in range(self.effort.passes):
                for cases in questions.values():
                    for case in cases:
                        log(f"pass {number + 1}: {case.question}, {case.title}")
                        self._visit(case, number)
                    if self.effort.fresh_workers:
                        self.close()
                    everything = itertools.chain.from_iterable(questions.values())
                    keep([self._result(case) for case in everything])
        finally:
            self.close()

    def close(self) -> None:
        """End all workers."""
        for process in self.pool.values():
            process.close()
        self.pool.clear()

    def contenders(self, case: Case) -> tuple[str, ...]:
        """Those of a case on this run's device and backend, with its limit."""
        if case.job.kind == "import":
            return case.contenders
        names = on_device(case.contenders, self.device)
        if self.backend != "all":
            names = tuple(n for n in names if CONTENDERS[n].arrays == self.backend)
        if case.limit is not None:
            limits = ("limit-numpy", "limit-torch", "limit-cupy")
            names += on_device(limits, self.device)
        return names

    def _visit(self, case: Case, number: int) -> None:
        rows = self.rows.setdefault((case.question, case.title), {})
        names = self.contenders(case)
        for name in names:
            rows.setdefault(name, {"samples": []})
        if case.job.in_new_processes:
            self._new_processes(case, names, rows, number)
            return
        threads = case.threads or self.threads
        # Started together, as their imports take long.
        going = [name for name in names if not self._is_settled(rows[name])]
        for name in going:
            self._process(name, threads)
        parts: dict[str, list[int]] = {}
        for name in going:
            if (rounds := self._prepare(case, name, threads, rows[name])) is not None:
                parts[name] = rounds
        self._rounds(parts, threads, rows, number)
        if self.effort.fresh_workers:
            self._forget(parts, threads)
        if number == 0 and case.memory and self.effort.memory:
            measured = [n for n in parts if CONTENDERS[n].role != "limit"]
            purpose = "memory" if self.effort.fresh_workers else ""
            for name in measured:
                self._process(name, threads, purpose)
            for name in measured:
                self._memory(case, self._process(name, threads, purpose), rows[name])
        self._forget(parts, threads)

    def _forget(self, names: Iterable[str], threads: int) -> None:
        for name in names:
            process = self.pool[name, threads, False]
            if process.alive:
                process.ask("forget", self.effort.limit)

    @staticmethod
    def _is_settled(row: dict[str, Any]) -> bool:
        """Whether it is known that no more is to be learnt of it."""
        return any(word in row for word in ("missing", "not_offered", "failed", "not_finished"))

    def _process(self, name: str, threads: int, purpose: str = "") -> Process:
        key = (name, threads, bool(purpose))
        process = self.pool.get(key)
        if process is None or not (process.alive or "missing" in (process.about or {})):
            process = self.pool[key] = Process(name, self.device, threads)
        return process

    def _ask(
        self, name: str, threads: int, what: str, limit: float | None = None, **arguments: Any
    ) -> dict[str, Any]:
        process = self._process(name, threads)
        about = process.open()
        if self._is_settled(about):
            return about
        return process.ask(what, limit or self.effort.limit, **arguments)

    def _prepare(
        self, case: Case, name: str, threads: int, row: dict[str, Any]
    ) -> list[int] | None:
        """Make a contender ready; the rounds that it takes part in, or None."""
        about = self._process(name, threads).open()
        if "version" in about:
            self.versions[CONTENDERS[name].package] = about["version"]
            self.device_name = self.device_name or about["device_name"]
        job = case.limit_job if CONTENDERS[name].role == "limit" else case.job
        answer = self._ask(name, threads, "prepare", SETUP_LIMIT, job=job.to_dict())
        if not self._is_settled(answer):
            least = self.effort.least
            answer = self._ask(name, threads, "warm_up", job=job.to_dict(), least=least)
        if self._is_settled(answer):
            row.update(answer)
            return None
        for key in ("first", "loops", "seen"):
            row.setdefault(key, answer[key])
        one = max(answer["estimate"] * answer["loops"], 1e-9)
        least = self.effort.least_rounds
        if one > self.effort.long / 5:
            least = 2 if one < self.effort.long else 1
        count = min(self.effort.rounds, max(least, int(self.effort.share / one)))
        # Spread over the rounds of the others.
        return [number * self.effort.rounds // count for number in range(count)]

    def _rounds(
        self,
        parts: dict[str, list[int]],
        threads: int,
        rows: dict[str, dict[str, Any]],
        number: int,
    ) -> None:
        for turn in range(self.effort.rounds):
            names = [name for name, rounds in parts.items() if turn in rounds]
            # Nobody always runs behind the same other.
            self.order.shuffle(names)
            for name in names:
                if self._is_settled(rows[name]):
                    continue
                answer = self._ask(name, threads, "sample")
                self.keep_sample(rows[name], answer, number * self.effort.rounds + turn)

    def _memory(self, case: Case, process: Process, row: dict[str, Any]) -> None:
        if not self._is_settled(row) and not self._is_settled(process.open()):
            answer = process.ask("memory", SETUP_LIMIT, job=case.job.to_dict())
            row["peak_bytes"] = answer.get("peak_bytes")
            if process.alive:
                process.ask("forget", self.effort.limit)

    def _new_processes(
        self, case: Case, names: tuple[str, ...], rows: dict[str, dict[str, Any]], number: int
    ) -> None:
        """Rounds of new processes: as many as are asked for, or fit into a share of seconds."""
        start = time.monotonic()
        for turn in range(-1 if self.effort.processes > 1 else 0, self.effort.processes):
            if turn >= FEW_PROCESSES and time.monotonic() - start > self.effort.processes_share:
                break
            mixed = [name for name in names if not self._is_settled(rows[name])]
            self.order.shuffle(mixed)
            for name in mixed:
                answer = self._in_new_process(case, name)
                if turn < 0 and "seconds" in answer:
                    # The first reads files from the disk and may write bytecode.
                    rows[name].setdefault("first", answer.pop("seconds"))
                self.versions |= answer.pop("versions", {})
                if "version" in answer:
                    self.versions[CONTENDERS[name].package] = answer.pop("version")
                self.keep_sample(rows[name], answer, number * self.effort.processes + turn)

    def _in_new_process(self, case: Case, name: str) -> dict[str, Any]:
        if case.job.kind == "import":
            return import_time(case.job.parameters[name], after_numpy=name != "numpy")
        threads = case.threads or self.threads
        in_one = construction if case.job.kind == "build" else first_use
        return in_one(CONTENDERS[name], case.job, threads, self.effort.limit)

    @staticmethod
    def keep_sample(row: dict[str, Any], answer: dict[str, Any], place: int) -> None:
        """Add a sample to a row, if it is one, and of the same engine as the others."""
        engine = answer.get("engine", row.get("engine"))
        if engine != row.get("engine", engine):
            row["samples"].clear()
            answer = {"failed": f"its engine was {row['engine']}, and then {engine}"}
        if "seconds" in answer:
            row["samples"].append([place, float(f"{answer.pop('seconds'):.5g}")])
        for name, value in answer.items():
            row.setdefault(name, value)

    def _result(self, case: Case) -> dict[str, Any]:
        rows = self.rows.get((case.question, case.title), {})
        return {
            "question": case.question,
            "title": case.title,
            "job": case.job.to_dict(),
            "elements": case.job.elements,
            "output_bytes": case.job.output_bytes,
            "threads": case.threads or self.threads,
            "limit": case.limit and {"kind": case.limit, **case.limit_job.to_dict()},
            "flops": case.job.flops if case.job.kind == "orthogonal" else None,
            "expect": list(case.expect) if case.expect else None,
            "rows": [{"contender": name, **row} for name, row in rows.items()],
        }
