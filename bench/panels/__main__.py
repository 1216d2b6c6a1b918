"""Price the kernels of orthogonal matrices on a GPU, or time them: ``python -m bench.panels``.

Without ``--measure`` it is a model, which needs torch and no GPU. The best width of a shape is to be
that of ``agnostic_init.linalg.engines.blocking``, which is starred; where it is not, change the constants
there, and those of the model so that it agrees.
"""

from __future__ import annotations

import argparse
import sys

import torch

from bench.panels import measure, model

SEVERAL = [((64, 64), 64), ((256, 256), 16), ((768, 768), 12), ((1024, 1024), 4)]


def main(arguments: list[str] | None = None) -> int:
    """Print the lines."""
    parser = argparse.ArgumentParser("python -m bench.panels", description=__doc__)
    parser.add_argument("--measure", action="store_true", help="time each width, on a GPU")
    parser.add_argument("--device", default="cuda", help="where; cpu tries the program itself")
    parser.add_argument("--most", type=int, default=1 << 28, help="elements of a shape")
    asked = parser.parse_args(arguments)
    device = torch.device(asked.device)
    if asked.measure and device.type == "cuda" and not torch.cuda.is_available():
        parser.error("--measure needs a GPU that torch finds; try: --device cpu --most 65536")
    lines = measure.report(device, asked.most) if asked.measure else model.report(SEVERAL)
    for line in lines:
        sys.stdout.write(line + "\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
