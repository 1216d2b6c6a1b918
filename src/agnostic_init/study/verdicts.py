"""What the figures of a signal mean, in words."""

from __future__ import annotations

import math
from collections.abc import Sequence

from agnostic_init.study.records import Layer

__all__ = ["verdicts"]

KEPT = 10.0  # times or a tenth of its size: what a signal may do and still keep it
DEAD, FLAT, ALIKE = 0.1, 0.75, 0.99
ISOMETRY = 1.5  # the most that singular values may differ by


def verdicts(layers: Sequence[Layer], singular_values: Sequence[float] = ()) -> tuple[str, ...]:
    """Say what happens to the signal, its gradient, the units and the Jacobian.

    Examples
    --------
    >>> rows = [Layer(str(i), "dense", (8,), rms=0.5**i) for i in range(21)]
    >>> verdicts(rows)
    ('the signal vanishes: 9.5e-07 of its size after 20 layers, × 0.5 in each',)
    """
    forward = [layer.rms for layer in layers]
    backward = [layer.gradient for layer in reversed(layers)]
    said = [_of_size("the signal", forward, ""), _of_size("the gradient", backward, " back")]
    said += [
        _of_zeros(layers),
        _of_units(layers),
        _of_flatness(layers),
        _of_similarity(layers),
        _of_copies(layers),
    ]
    said.append(_of_jacobian(singular_values))
    return tuple(each for each in said if each)


def _of_size(what: str, sizes: Sequence[float | None], way: str) -> str:
    found = [each for each in sizes if each is not None]
    if len(found) < 2 or found[0] == 0:
        return ""
    number = len(found) - 1
    layers = f"{number} layer{'s' * (number > 1)}{way}"
    if not math.isfinite(found[-1]):
        return f"{what} explodes: it is no longer finite after {layers}"
    if found[-1] == 0.0:  # as where branches begin with zeros, others may be 0 on the way
        last = max(i for i, each in enumerate(found) if each != 0.0)
        return f"{what} vanishes: it is 0 after {_layers(last + 1, way)}"
    ratio = found[-1] / found[0]
    each = f", × {ratio ** (1 / number):.3g} in each" if number > 1 else ""
    if ratio < 1 / KEPT:
        return f"{what} vanishes: {ratio:.2g} of its size after {layers}{each}"
    if ratio > KEPT:
        return f"{what} explodes: {ratio:.2g} times its size after {layers}{each}"
    return f"{what} keeps its size: {ratio:.3g} times it after {layers}"


def _layers(number: int, way: str) -> str:
    return f"{number} layer{'s' * (number > 1)}{way}"


def _of_zeros(layers: Sequence[Layer]) -> str:
    """Of layers that return 0 where the signal goes around them."""
    found = [layer for layer in layers if layer.rms == 0.0]
    if not found or layers[-1].rms == 0.0:
        return ""
    more = f" and {len(found) - 1} more" if len(found) > 1 else ""
    return f"{_place(found[0])}{more} return{'s' * (not more)} 0, and the signal goes around"


def _place(layer: Layer) -> str:
    """What a layer is called in a sentence: those of stacks have numbers."""
    return f"layer {layer.name}" if layer.name.isdigit() else layer.name


def _of_units(layers: Sequence[Layer]) -> str:
    worst = max(layers, key=lambda layer: layer.dead or 0.0)
    if not worst.dead or worst.dead < DEAD:
        return ""
    return (
        f"{100 * worst.dead:.0f} % of the units of {_place(worst)} are dead: "
        "their activation is flat for every example, so that they do not learn"
    )


def _of_flatness(layers: Sequence[Layer]) -> str:
    worst = max(layers, key=lambda layer: layer.saturated or 0.0)
    if not worst.saturated or worst.saturated < FLAT:
        return ""
    share = f"{100 * worst.saturated:.0f} %"
    return f"saturated: {share} of the values of {_place(worst)} lie where the activation is flat"


def _of_similarity(layers: Sequence[Layer]) -> str:
    found = [layer.similarity for layer in layers if layer.similarity is not None]
    if len(found) < 2 or found[0] >= ALIKE or found[-1] < ALIKE:
        return ""
    first = next(layer for layer in layers if (layer.similarity or 0.0) >= ALIKE)
    return f"examples become alike: their cosine is {first.similarity:.3f} from {_place(first)} on"


def _of_copies(layers: Sequence[Layer]) -> str:
    found = [layer for layer in layers if layer.copies and layer.rms]
    if not found:
        return ""
    return (
        f"the units of {_place(found[0])} are copies of each other: training cannot make them "
        "differ (their symmetry is not broken)"
    )


def _of_jacobian(values: Sequence[float]) -> str:
    if not values or values[0] == 0:
        return ""
    high, low = values[0], values[-1]
    if high <= ISOMETRY * low:
        return f"an isometry: the Jacobian's singular values lie between {low:.3g} and {high:.3g}"
    positive = [each for each in values if each > 0]
    lost = len(values) - len(positive)
    of = f"{lost} of {len(values)} are 0, and the others" if lost else f"all {len(values)}"
    return (
        f"the Jacobian's singular values differ: {of} lie between {positive[-1]:.2g} and {high:.2g}"
    )
