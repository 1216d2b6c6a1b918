"""Training a dense network from several initializers, many runs at once."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np

from agnostic_init.arrays.errors import must, must_be_type
from agnostic_init.arrays.target import resolve
from agnostic_init.bits.key import key as make_key
from agnostic_init.initializers.lookup import found
from agnostic_init.study.training.datasets import dataset
from agnostic_init.study.training.dense import Dense
from agnostic_init.study.training.given import initializers_of, seeds_of
from agnostic_init.study.training.optimizer_names import optimizer_of
from agnostic_init.study.training.runs import Runs
from agnostic_init.study.training.schedule import Schedule
from agnostic_init.study.training.stack import Samples, Stack
from agnostic_init.study.training.stepwise import Stepwise

__all__ = ["Training"]

DTYPES = ("float32", "float64")
TOGETHER = 1 << 18  # parameters of the runs that are trained at once
TOGETHER_GPU = 1 << 24
MOST = 256  # such runs, as what is between their layers takes memory too


class Training(Stepwise):
    """What `train` does, step by step: to be iterated, and looked at before it has come to its end.

    Parameters are those of `train`.

    Attributes
    ----------
    total
        Steps of all runs together.

    Examples
    --------
    >>> training = Training(["glorot_uniform"], "spirals", epochs=2, seeds=2)
    >>> for name, done, total in training:
    ...     pass
    >>> training.comparison().steps
    (0, 24, 48)
    """

    def __init__(
        self,
        initializers: Any,
        data: Any = "digits",
        *,
        hidden: Any = (64,),
        activation: Any = "relu",
        optimizer: Any = "adam",
        rate: float | None = None,
        seeds: Any = 5,
        epochs: int = 20,
        batch: int | None = 32,
        every: int | None = None,
        bias: Any = "zeros",
        xp: Any = None,
        dtype: Any = "float64",
        device: Any = None,
    ) -> None:
        self.initializers = initializers_of(initializers)
        self.optimizer = optimizer_of(optimizer, rate)
        self.seeds = seeds_of(seeds)
        self.bias = None if bias is None else found(bias, "bias")
        self.target = resolve(xp=xp, dtype=dtype, device=device)
        if self.target.dtype not in DTYPES:
            rule = f"must be one of {', '.join(DTYPES)}, as no other is trained in"
            raise must("dtype", rule, dtype)
        if self.target.library.lazy:
            rule = "must be a library that computes at once"
            raise must("xp", rule, self.target.library.name, "xp=numpy")
        sizes = (hidden,) if isinstance(hidden, int) and not isinstance(hidden, bool) else hidden
        if isinstance(sizes, str) or not hasattr(sizes, "__iter__"):
            raise must_be_type("hidden", "must be a sequence of integers", hidden, "(64,)")
        self.data = dataset(data)
        ends = self.data.inputs.shape[1], self.data.targets.shape[1]
        self.network = Dense((ends[0], *sizes, ends[1]), activation, self.bias is not None)
        self.schedule = Schedule(len(self.data.inputs), epochs, batch, every)
        for name, shape in self.network.shapes.items():
            for init in self.initializers.values():
                if name.endswith("weight"):
                    init.describe(shape, self.target.dtype)
            if self.bias is not None and name.endswith("bias"):
                self.bias.describe(shape, self.target.dtype)
        self.runs = Runs(
            [*self.initializers],
            self.seeds,
            self.data,
            self.schedule,
            self.network.sizes[1:-1],
            accuracy=self.data.classifies,
        )

    def __iter__(self) -> Iterator[tuple[str, int, int]]:
        """Train; after each measurement, tell what is trained, the steps taken, and all there are."""
        samples = Samples(self.data, self.target)
        done = 0
        for group in self._groups():
            stack = self._stack(group, samples)
            for place, point in enumerate(self.schedule.points):
                before = stack.taken
                self._measure(stack, group, place, point)
                done += (stack.taken - before) * len(group)
                yield self._told(group), done, self.total
            weights = stack.weights()[:-1]
            for place, run in enumerate(group):
                self.runs.end(run, [each[place] for each in weights])

    def setting(self) -> dict[str, Any]:
        """The network, and what it is trained by."""
        return {
            "network": "-".join(map(str, self.network.sizes)),
            "activation": self.network.activation_name,
            "bias": repr(self.bias),
            "optimizer": repr(self.optimizer),
            "library": self.target.library.name,
            "dtype": self.target.dtype,
        }

    def _groups(self) -> Iterator[list[tuple[int, int]]]:
        """Runs, as places in the results, that are trained together; pairs stay side by side."""
        library, device = self.target.library, self.target.device
        size = sum(int(np.prod(shape)) for shape in self.network.shapes.values())
        together = TOGETHER_GPU if library.is_gpu(device) else TOGETHER
        many = min(MOST, max(1, together // size))
        places = self.runs.places
        for start in range(0, len(places), many):
            yield places[start : start + many]

    def _stack(self, group: list[tuple[int, int]], samples: Samples) -> Stack:
        inits = list(self.initializers.values())
        runs = [(inits[i], make_key(self.seeds[s])) for i, s in group]
        bias = self.bias if self.bias is not None else found("zeros", "bias")
        parts = self.network, self.data, samples, self.optimizer, self.schedule
        return Stack(*parts, runs, bias, self.target)

    def _measure(self, stack: Stack, group: list[tuple[int, int]], place: int, point: int) -> None:
        library, device = self.target.library, self.target.device
        # What overflows is told by the curves.
        with library.on(device), library.full_precision(device), np.errstate(all="ignore"):
            stack.advance(point - stack.taken)
            found = stack.measure()
        for at, run in enumerate(group):
            values = {name: float(each[at]) for name, each in found.items()}
            self.runs.measure(run, place, values)

    def _told(self, group: list[tuple[int, int]]) -> str:
        first = self.runs.told(group[0])
        return first if len(group) == 1 else f"{first} and {len(group) - 1} more"
