"""Which of a multiprocessor's pipes executes an instruction."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable

from bench.instructions.sass import Instruction

__all__ = ["PIPES", "count", "pipe"]

PIPES = ("fma", "imad", "wide", "alu", "convert", "convert64", "fp64", "memory", "other")

OF_OPCODE = {
    "fma": ("FFMA", "FADD", "FMUL", "HFMA2", "HADD2", "HMUL2", "FFMA2", "FADD2", "FMUL2"),
    "convert": ("I2F", "F2I", "F2F", "MUFU", "POPC", "FLO", "BREV", "I2I", "FRND"),
    "fp64": ("DADD", "DMUL", "DFMA", "DSETP", "DMNMX"),
    "memory": ("LDS", "STS", "LDG", "STG", "LDL", "STL", "LDC", "LD", "ST"),
    # The uniform datapath, branches and waiting: they take a turn of the scheduler and no more.
    "other": ("BRA", "BSSY", "BSYNC", "CALL", "RET", "EXIT", "BAR", "NOP", "BMOV", "WARPSYNC"),
}
KNOWN = {opcode: name for name, opcodes in OF_OPCODE.items() for opcode in opcodes}
UNIFORM = ("S2UR", "S2R", "R2UR", "CS2R", "LDCU", "ULDC")


def pipe(instruction: Instruction) -> str:
    """The pipe by name; what is not known is taken for the integer and logic pipe."""
    opcode, full = instruction.opcode, instruction.full
    if opcode == "IMAD":
        return "wide" if ".WIDE" in full or ".HI" in full else "imad"
    if opcode in {"I2F", "F2I", "F2F"} and ("64" in full):
        return "convert64"
    if opcode in UNIFORM or (opcode.startswith("U") and opcode[1:2].isalpha()):
        return "other"
    return KNOWN.get(opcode, "alu")


def count(instructions: Iterable[tuple[Instruction, float]]) -> Counter[str]:
    """How many of each pipe."""
    found: Counter[str] = Counter()
    for instruction, times in instructions:
        found[pipe(instruction)] += times  # type: ignore[assignment]
    return found
