"""One model, every way to run it, one fingerprint.

Run it by ``python examples/one_hash/run.py``; ``--sizes 2,4`` runs fewer processes, and
``--without-others`` leaves JAX and Dask out.
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path

HERE = Path(__file__).parent
LIMIT = 600  # seconds


def results(script: str, count: int) -> list[list[str]]:
    """What the first of `count` processes prints; an error if any fails."""
    environment = {**os.environ, "OMP_NUM_THREADS": "1"}
    with tempfile.TemporaryDirectory() as folder:
        processes = [
            subprocess.Popen(
                [sys.executable, HERE / script, f"{folder}/meeting", str(rank), str(count)],
                stdout=subprocess.PIPE,
                env=environment,
                text=True,
            )
            for rank in range(count)
        ]
        try:
            end = time.monotonic() + LIMIT
            while any(each.poll() is None for each in processes) and time.monotonic() < end:
                if any(each.poll() for each in processes):  # the others would wait for it
                    break
                time.sleep(0.05)
        finally:
            failed = [rank for rank, each in enumerate(processes) if each.poll() != 0]
            for process in processes:
                process.kill()
        texts = [process.communicate()[0] for process in processes]
    if failed:
        sys.exit(f"{script} did not end well on {failed} of {count} processes")
    return [line.split("\t") for line in texts[0].splitlines()]


def main() -> int:
    """Print the table; 0 if all rows are one."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--sizes", default="1,2,4,8", help="numbers of processes")
    parser.add_argument("--without-others", action="store_true", help="without JAX and Dask")
    asked = parser.parse_args()
    start = time.perf_counter()
    found = [row for size in asked.sizes.split(",") for row in results("one_rank.py", int(size))]
    others = [] if asked.without_others else results("other_libraries.py", 1)
    print(f"{'configuration':34}{'processes':>9}  {'agnostic_init':34}torch.nn.init")
    for name, size, one, *other in found + others:
        print(f"{name:34}{size:>9}  {one:34}{''.join(other)}")
    own = {row[2] for row in found + others}
    torchs = {row[3] for row in found}
    seconds = time.perf_counter() - start
    print(
        f"{len(found + others)} rows: {len(own)} set of weights here, {len(torchs)} sets by torch.nn.init"
    )
    print(f"{seconds:.0f} s")
    return 0 if len(own) == 1 else 1


if __name__ == "__main__":
    sys.exit(main())
