"""A model of 405e9 parameters on 1,024 processes, planned on one machine and tried in samples.

Run it by ``python examples/at_scale.py``. Each rank of 8 stages, 8 ways to cut tensors and 16 to shard
what is left plans what it holds, which takes no memory to speak of; what all ranks hold is checked to
cover every parameter once; and a random piece of each rank's is drawn, and compared with the same place
of a larger block.
"""

from __future__ import annotations

import argparse
import math
import random
import resource
import statistics
import sys
import time
from collections.abc import Iterator

import numpy as np

import agnostic_init as ai

STAGES, TENSORS, SHARDS = 8, 8, 16
VOCABULARY, WIDTH, HIDDEN, KEYS, DEPTH = 128_256, 16_384, 53_248, 1_024, 126
KEY = 0
RULES = [
    ("*norm.weight", ai.ones()),
    ("tok_embeddings.weight", ai.normal()),
    ("*.w2.weight", ai.truncated_normal(std=0.02 / math.sqrt(2 * DEPTH))),
    ("*", ai.truncated_normal(std=0.02)),
]
MOST = 256  # rows and columns of what is drawn

Cut = tuple[tuple[int, int], ...]  # where a block starts and stops, along each axis


def shapes() -> dict[str, tuple[int, ...]]:
    """Of all parameters, by name."""
    layer = {
        "attention_norm": (WIDTH,),
        "attention.wq": (WIDTH, WIDTH),
        "attention.wk": (KEYS, WIDTH),
        "attention.wv": (KEYS, WIDTH),
        "attention.wo": (WIDTH, WIDTH),
        "ffn_norm": (WIDTH,),
        "feed_forward.w1": (HIDDEN, WIDTH),
        "feed_forward.w3": (HIDDEN, WIDTH),
        "feed_forward.w2": (WIDTH, HIDDEN),
    }
    found = {"tok_embeddings.weight": (VOCABULARY, WIDTH)}
    found |= {
        f"layers.{n}.{name}.weight": each for n in range(DEPTH) for name, each in layer.items()
    }
    return {**found, "norm.weight": (WIDTH,), "output.weight": (VOCABULARY, WIDTH)}


def held(rank: int, known: dict[str, tuple[int, ...]]) -> Iterator[tuple[str, Cut]]:
    """What a rank holds: names, and a block of each."""
    stage, rest = divmod(rank, TENSORS * SHARDS)
    tensor, shard = divmod(rest, SHARDS)
    for name, shape in known.items():
        if _stage(name) != stage:
            continue
        whole = tuple((0, length) for length in shape)
        if len(shape) == 1:
            yield name, _cut(whole, 0, shard, SHARDS)
            continue
        axis = 1 if name.endswith((".wo.weight", ".w2.weight")) else 0
        yield name, _cut(_cut(whole, axis, tensor, TENSORS), 0, shard, SHARDS)


def _stage(name: str) -> int:
    if name.startswith("layers."):
        return int(name.split(".")[1]) * STAGES // DEPTH
    return 0 if name.startswith("tok") else STAGES - 1


def _cut(block: Cut, axis: int, number: int, pieces: int) -> Cut:
    """One of some pieces along an axis, in torch's sizes: the last may be smaller or empty."""
    start, stop = block[axis]
    size = -(-(stop - start) // pieces)
    own = min(start + number * size, stop), min(start + (number + 1) * size, stop)
    return (*block[:axis], own, *block[axis + 1 :])


def checked(shape: tuple[int, ...], blocks: set[Cut]) -> None:
    """Raise unless blocks are disjoint and cover all: those of a grid, each of its cells."""
    full = {each for each in blocks if all(start < stop for start, stop in each)}
    for axis, length in enumerate(shape):
        at = 0
        for start, stop in sorted({each[axis] for each in full}):
            assert start == at, (shape, axis, start, at)
            at = stop
        assert at == length, (shape, axis, at)
    assert sum(math.prod(b - a for a, b in each) for each in full) == math.prod(shape)


def sample(name: str, block: Cut, known: dict[str, tuple[int, ...]], chance: random.Random) -> int:
    """Draw a random piece of a block as its rank would; the elements that were compared."""
    piece, around = [], []
    for (start, stop), length in zip(block, known[name], strict=True):
        count = min(MOST, stop - start)
        first = chance.randint(start, stop - count)
        piece.append(slice(first, first + count))
        around.append(slice(max(first - 3, 0), min(first + count + 5, length)))
    local = np.empty([each.stop - each.start for each in piece], np.float32)
    part = ai.Sharded(local, known[name], tuple(piece))
    ai.fill_tree({name: part}, RULES, key=KEY, names=known)
    entry = ai.init_tree(known, RULES, key=KEY, dry_run=True)[name]
    larger = entry.initializer(entry.shape, key=entry.key, index=tuple(around))
    inner = (slice(a.start - b.start, a.stop - b.start) for a, b in zip(piece, around, strict=True))
    assert np.array_equal(local, larger[tuple(inner)]), (name, piece)
    return local.size


def main() -> int:
    """Plan, check and draw, and say what it took."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--every", type=int, default=1, help="draw on every so manieth rank")
    every = parser.parse_args().every
    known, ranks = shapes(), range(STAGES * TENSORS * SHARDS)
    elements = sum(map(math.prod, known.values()))
    print(f"{len(known)} parameters, {elements:,} elements, {len(ranks)} ranks")
    blocks: dict[str, set[Cut]] = {name: set() for name in known}
    seconds, compared, most = [], 0, 0
    for rank in ranks:
        start = time.perf_counter()
        own = [(name, each) for name, each in held(rank, known)]
        full = [(name, each) for name, each in own if all(a < b for a, b in each)]
        if rank % every == 0:
            compared += sample(*random.Random(rank).choice(full), known, random.Random(rank))
            seconds.append(time.perf_counter() - start)
        most = max(most, sum(math.prod(b - a for a, b in each) for _, each in own))
        for name, each in own:
            blocks[name].add(each)
    for name, shape in known.items():
        checked(shape, blocks[name])
    memory = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**10
    print(f"every element is on one rank, but for copies of norms; at most {most:,} on any")
    print(f"{len(seconds)} pieces drawn, {compared:,} elements, all as in larger blocks")
    middle, slowest = statistics.median(seconds), max(seconds)
    print(
        f"a rank plans and draws in {middle:.3f} s ({slowest:.3f} s at most), {memory:.0f} MiB at most"
    )
    return 0 if slowest < 10 and memory < 1024 else 1


if __name__ == "__main__":
    sys.exit(main())
