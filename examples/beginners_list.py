"""Every method of the beginner's list in one picture: what it draws, and what a network makes of it.

Run it by ``python examples/beginners_list.py methods.png``. Needs the extras ``plots`` and ``digits``; it
takes a minute. Above, the weights of a layer of 256 units with 256 inputs; below, the training loss of
the same network on digits over five seeds: 64 inputs, four hidden layers of 64 units of ReLU, 10 classes.
"""

from __future__ import annotations

import argparse

import matplotlib as mpl
import numpy as np
from matplotlib.figure import Figure

import agnostic_init as ai
from agnostic_init import study

# With the numbers that they have in Keras, where a number is needed.
METHODS = {
    "constant\n0.05": ai.constant(0.05),
    "uniform\n±0.05": ai.uniform(-0.05, 0.05),
    "normal\nσ = 0.05": ai.normal(0, 0.05),
    "truncated normal\nσ = 0.05, cut at 2σ": ai.truncated_normal(0, 0.05),
    "Xavier uniform\n±√(6 / (in + out))": ai.xavier_uniform(),
    "Xavier normal\nσ² = 2 / (in + out)": ai.xavier_normal(),
    "He normal\nσ² = 2 / in": ai.he_normal("torch"),
    "LeCun normal\nσ² = 1 / in": ai.lecun_normal("torch"),
    "orthogonal\nWᵀW = 1": ai.orthogonal(layout="torch"),
    "variance scaling\nuniform, σ² = 2 / out": ai.variance_scaling(
        2, "fan_out", "uniform", "torch"
    ),
}
BLUE, ORANGE = "#0072b2", "#d55e00"
EDGES = np.linspace(-0.28, 0.28, 71)


def trained(seeds: int, epochs: int) -> study.Comparison:
    """The same network from each method."""
    return study.train(
        METHODS,
        "digits",
        hidden=(64,) * 4,
        optimizer=study.SGD(rate=0.02),
        seeds=seeds,
        epochs=epochs,
    )


def draw(found: study.Comparison, columns: int = 5) -> Figure:
    """The picture."""
    blocks = -(-len(METHODS) // columns)
    figure = Figure((2.9 * columns, 4.6 * blocks), layout="constrained")
    axes = figure.subplots(2 * blocks, columns, squeeze=False)
    low, middle, high = np.nanpercentile(found.curves["train_loss"], (10, 50, 90), axis=1)
    for place, (name, init) in enumerate(METHODS.items()):
        row, column = 2 * (place // columns), place % columns
        weights, curves = axes[row, column], axes[row + 1, column]
        values = init((256, 256), key=0).ravel()
        weights.hist(values, EDGES, density=True, color=BLUE)
        weights.set_title(name, fontsize=10)
        weights.set_yticks([])
        weights.text(0.02, 0.9, f"σ {values.std():.3f}", transform=weights.transAxes, fontsize=9)
        weights.set_xlabel("weights, 256 × 256", fontsize=8)
        curves.plot(found.steps, middle.T, color="#cccccc", linewidth=0.8)
        curves.plot(found.steps, middle[place], color=ORANGE, linewidth=2)
        curves.fill_between(found.steps, low[place], high[place], color=ORANGE, alpha=0.25)
        last = found.final("test_accuracy")[place]
        text = f"test accuracy\n{last.mean():.1%} ± {last.std(ddof=1):.1%}"
        curves.text(0.03, 0.05, text, transform=curves.transAxes, fontsize=9)
        curves.set_yscale("log")
        curves.set_ylim(0.003, 6)
        curves.set_xlabel("steps", fontsize=8)
        curves.set_ylabel("training loss" if column == 0 else "", fontsize=8)
        for each in (weights, curves):
            each.tick_params(labelsize=8)
            each.spines[["top", "right"]].set_visible(False)
    for place in range(len(METHODS), blocks * columns):
        axes[2 * (place // columns), place % columns].set_axis_off()
        axes[2 * (place // columns) + 1, place % columns].set_axis_off()
    return figure


def main() -> None:
    """Train, draw, save."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("out", help="a .png or .svg file")
    parser.add_argument("--seeds", type=int, default=5)
    parser.add_argument("--epochs", type=int, default=20)
    options = parser.parse_args()
    found = trained(options.seeds, options.epochs)
    print(found.table())
    with mpl.rc_context({"svg.hashsalt": "agnostic_init"}):
        draw(found).savefig(options.out, dpi=110)


if __name__ == "__main__":
    main()
