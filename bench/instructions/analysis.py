"""One kernel on one architecture: compiled, taken apart, counted."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass

from agnostic_init.draws.engines.cuda.source import source
from bench.instructions import compiler, pipes, rarely, sass
from bench.instructions.kernels import Kernel
from bench.instructions.model import Counts, blocks_resident

__all__ = ["Analysis", "analyzed"]

WARP = 32


@dataclass(frozen=True)
class Analysis:
    """What was counted.

    `fast`: instructions a value where all is decided by the table. `counts`: on average, with what
    a warp spends on undecided values. `float64`: float64 instructions executed for a value, by the
    lanes that have to, on average. `registers`, `shared`, `resident`: of occupancy.
    """

    architecture: str
    values: int
    fast: float
    counts: Counts
    float64: float
    registers: int
    shared: int
    resident: int
    threads: int


def analyzed(kernel: Kernel, architecture: str) -> Analysis:
    """Compile a kernel for an architecture, and count."""
    plan = kernel.plan
    text = source(plan.variant)
    cubin = compiler.compiled(text, architecture)
    needed = compiler.resources(cubin)
    program = sass.parse(compiler.disassembled(cubin))
    loop, way = sass.hot_way(program)
    threads = plan.variant.threads
    values = sum(sass.wide_store(program[n]) for n in way) * 16 // kernel.bytes
    once = [(n, 1) for n in way]
    if kernel.turns is not None:
        once = sass.everything(program, loop, kernel.turns)
    fast = pipes.count((program[n], times) for n, times in once)
    mean, float64 = fast, fast["fp64"] / values
    turns = 0.0
    if plan.quantile is not None:
        share = rarely.undecided(plan.quantile, coarse=plan.variant.kind == "COARSE")
        central = rarely.central_share(plan.quantile)
        mean, float64 = _with_undecided(program, loop, way, fast, values, share, central)
        loads = [program[n].full for n in way if program[n].opcode == "LDS"]
        turns = sum(rarely.wavefronts(_bytes(load)) for load in loads) / values
    counts = Counts({name: mean[name] / values for name in pipes.PIPES if mean[name]}, turns)
    return Analysis(
        architecture,
        values,
        sum(fast.values()) / values,
        counts,
        float64,
        needed.registers,
        needed.shared,
        blocks_resident(needed, threads, architecture),
        threads,
    )


def _with_undecided(
    program: sass.Program,
    loop: sass.Loop,
    way: list[int],
    fast: Counter[str],
    values: int,
    share: float,
    central: float,
) -> tuple[Counter[str], float]:
    """Counts with the float64 that some warps execute, and float64 instructions a value."""
    ways = _slow_ways(program, loop, way)
    # A warp goes there if one of its lanes must, and nearly never for two values of a lane.
    visits = 1.0 - (1.0 - share) ** (WARP * values)
    mean = Counter(fast)
    float64 = 0.0
    for slow, part in ((ways[0], central), (ways[-1], 1.0 - central)):
        extra = pipes.count((program[n], 1) for n in slow)
        float64 += share * part * extra["fp64"]
        extra.subtract(fast)
        for name, number in extra.items():
            mean[name] += visits * part * number  # type: ignore[assignment]
    return mean, float64


def _slow_ways(program: sass.Program, loop: sass.Loop, way: list[int]) -> list[list[int]]:
    """Ways to the same stores by way of the call for float64, from the shortest to the longest."""
    store = next(n for n in way if sass.wide_store(program[n]))
    calls = [n for n in range(loop.head, loop.back) if program[n].calls is not None]
    ways = [sass.quickest(program, loop.head, call, store, loop.back) for call in calls]
    around = min(filter(None, ways), key=len)
    start = next(program[n].calls for n in around if program[n].calls is not None)
    assert start is not None
    end = next(n for n in range(start, len(program)) if program[n].opcode == "RET")
    doubles = [n for n in range(start, end) if pipes.pipe(program[n]) == "fp64"]
    inside = [sass.quickest(program, start, n, end) for n in doubles]
    return sorted((around + part for part in inside if part), key=len)


def _bytes(load: str) -> int:
    return next((int(bits) // 8 for bits in ("128", "64") if f".{bits}" in load), 4)
