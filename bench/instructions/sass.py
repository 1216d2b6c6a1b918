"""The hot way of a kernel, and other ways, from nvdisasm's text."""

from __future__ import annotations

import itertools
import re
from collections.abc import Sequence
from dataclasses import dataclass

__all__ = [
    "Instruction",
    "Loop",
    "Program",
    "everything",
    "hot_way",
    "parse",
    "quickest",
    "wide_store",
]

LABEL = re.compile(r"\.?([\w$.]+):\s*$")
LINE = re.compile(r"\s+/\*[0-9a-f]{4,}\*/\s+(?:\{\s*)?(?:@(!?U?P\w+)\s+)?([A-Z][A-Z0-9]*)([^;]*);")
TARGET = re.compile(r"`\(\.?([\w$.]+)\)")
JUMPS = re.compile(r"L_x_\d+")  # to which a call is a jump, too
BRANCHES = ("BRA", "JMP", "CALL")
ENDS = ("EXIT", "RET")


@dataclass(frozen=True)
class Instruction:
    """One line: its predicate, the opcode without modifiers, and the rest.

    `target`: where a branch leads to. `calls`: where a function begins that comes back.
    """

    predicate: str
    opcode: str
    rest: str
    target: int | None = None
    calls: int | None = None

    @property
    def full(self) -> str:
        """The opcode with its modifiers."""
        return self.opcode + self.rest.split(" ", 1)[0]

    @property
    def conditional(self) -> bool:
        """Whether a branch may not be taken: it has a predicate, or reads one."""
        return bool(self.predicate) or bool(re.match(r"[.\w]*\s+!?U?P\d", self.rest))


Program = Sequence[Instruction]


@dataclass(frozen=True)
class Loop:
    """From the first instruction to the branch back to it."""

    head: int
    back: int


def parse(text: str) -> list[Instruction]:
    """The instructions, with the branches' targets as indices."""
    raw: list[tuple[str, str, str]] = []
    labels: dict[str, int] = {}
    for line in text.splitlines():
        if found := LABEL.match(line):
            labels[found[1]] = len(raw)
        elif found := LINE.match(line):
            raw.append((found[1] or "", found[2], found[3].rstrip()))
    made = []
    for predicate, opcode, rest in raw:
        found = TARGET.search(rest) if opcode in BRANCHES else None
        place = labels.get(found[1]) if found else None
        jumps = found is not None and JUMPS.fullmatch(found[1]) is not None
        made.append(
            Instruction(predicate, opcode, rest, place if jumps else None, None if jumps else place)
        )
    return made


def hot_way(program: Program) -> tuple[Loop, list[int]]:
    """The loop that fills whole units, and the way through it: the shortest for what it stores.

    Of a loop that also treats the ends of arrays, it is the way by which most is stored.
    """
    found = []
    for loop in _loops(program):
        for n in range(loop.head, loop.back):
            if wide_store(program[n]) and (way := quickest(program, loop.head, n, loop.back)):
                stores = sum(wide_store(program[step]) for step in way)
                found.append((len(way) / stores, loop, way))
    if not found:
        msg = "there is no loop that stores 16 bytes at once"
        raise ValueError(msg)
    _, loop, way = min(found, key=lambda each: each[0])
    return loop, way


def wide_store(instruction: Instruction) -> bool:
    """Whether it stores 16 bytes."""
    return instruction.opcode == "STG" and ".128" in instruction.full


def quickest(program: Program, *places: int) -> list[int]:
    """The shortest way from the first place by way of the others to the last; empty if none."""
    way = [places[0]]
    for start, end in itertools.pairwise(places):
        part = _shortest(program, start, end)
        if not part:
            return []
        way += part[1:]
    return way


def everything(program: Program, loop: Loop, turns: int) -> list[tuple[int, float]]:
    """All instructions with how often a turn executes them, where a loop inside turns so often.

    An upper bound: that of a warp whose lanes go all ways, one after another.
    """
    inner = [x for x in _loops(program) if loop.head <= x.head and x.back < loop.back]
    return [
        (n, turns if any(x.head <= n <= x.back for x in inner) else 1)
        for n in range(loop.head, loop.back + 1)
    ]


def _loops(program: Program) -> list[Loop]:
    backs = {}
    for n, instruction in enumerate(program):
        if instruction.target is not None and instruction.target < n:
            backs[instruction.target] = n
    return [Loop(head, back) for head, back in backs.items() if _shortest(program, head, back)]


def _shortest(program: Program, start: int, end: int) -> list[int]:
    """Breadth first; empty if there is no way."""
    before: dict[int, int] = {start: start}
    wave = [start]
    while wave and end not in before:
        following = []
        for n in wave:
            for after in _successors(program, n):
                if after not in before and after < len(program):
                    before[after] = n
                    following.append(after)
        wave = following
    if end not in before:
        return []
    way = [end]
    while way[-1] != start:
        way.append(before[way[-1]])
    return way[::-1]


def _successors(program: Program, n: int) -> list[int]:
    instruction = program[n]
    if instruction.opcode in ENDS and not instruction.predicate:
        return []
    if instruction.target is None:
        return [n + 1]
    return [n + 1, instruction.target] if instruction.conditional else [instruction.target]
