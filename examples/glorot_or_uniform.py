"""GlorotUniform or uniform(-0.1, 0.1)? The question of textbooks, with seeds and spread.

Run it by ``python examples/glorot_or_uniform.py``; it takes a quarter of a minute. The perceptron has 10
inputs, 20 hidden units of ReLU and 2 classes, and is trained from each initializer over 20 seeds, with
all zeros and one constant for all beside them. Then the same with six hidden layers. ``--out page.html``
draws it (extra ``plots``).
"""

from __future__ import annotations

import argparse

import numpy as np

import agnostic_init as ai
from agnostic_init import study

INITIALIZERS = {
    "GlorotUniform": ai.glorot_uniform("torch"),
    "uniform(-0.1, 0.1)": ai.uniform(-0.1, 0.1),
    "zeros": ai.zeros(),
    "constant 0.1": ai.constant(0.1),
}
LOSS = 0.35  # on the way: the best answer that is the same for all has 0.69


def perceptron(hidden: tuple[int, ...], *, seeds: int, epochs: int) -> study.Comparison:
    """Train it by stochastic gradient descent, in batches of 32."""
    return study.train(
        INITIALIZERS,
        study.clusters(1000, features=10, classes=2),
        hidden=hidden,
        activation="relu",
        optimizer=study.SGD(rate=0.1),
        seeds=seeds,
        epochs=epochs,
        every=8,
    )


def tell(title: str, found: study.Comparison) -> None:
    """Print what was found."""
    print(f"\n{title}\n{found.table()}\n")
    steps = found.steps_to(LOSS, "test_loss")
    for name, each in zip(found.names, steps, strict=True):
        reached = each[np.isfinite(each)]
        if len(reached):
            between = f"median {np.median(reached):.0f}, {reached.min():.0f} to {reached.max():.0f}"
            print(
                f"test loss {LOSS}: {name} after {between} steps, {len(reached)} of {len(each)} seeds"
            )
        else:
            print(f"test loss {LOSS}: {name} never")
    for measure in ("train_loss", "test_loss", "test_accuracy"):
        lines = found.table_of_pairs(measure).splitlines()
        wanted = [line for line in lines[1:] if "Glorot" in line and "uniform(" in line]
        print(f"\n{measure}, paired t test; seeds for power 0.8 at 5 %\n{lines[0]}")
        print("\n".join(wanted))


def main() -> None:
    """Train, and print the answer."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--seeds", type=int, default=20)
    parser.add_argument("--epochs", type=int, default=30)
    parser.add_argument("--out", help="a page or pictures of the perceptron's runs")
    options = parser.parse_args()
    counts = {"seeds": options.seeds, "epochs": options.epochs}
    shallow = perceptron((20,), **counts)
    tell("The perceptron 10-20-2", shallow)
    tell("With six hidden layers", perceptron((20,) * 6, **counts))
    if options.out:
        print(f"{study.save(shallow, options.out)} is written")


if __name__ == "__main__":
    main()
