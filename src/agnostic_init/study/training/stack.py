"""Networks of one shape, trained at once: every array has an axis in front, of one each."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np

from agnostic_init.arrays.library import Library
from agnostic_init.arrays.target import Target
from agnostic_init.bits.key import Key
from agnostic_init.initializers.base import Initializer
from agnostic_init.study.training.data import Data
from agnostic_init.study.training.dense import Arrays, Dense
from agnostic_init.study.training.losses import loss_of
from agnostic_init.study.training.optimizers import Optimizer
from agnostic_init.study.training.schedule import Schedule

__all__ = ["Samples", "Stack"]

CHUNK = 512  # samples that are measured at once, so that what is between stays in caches


class Samples:
    """Data on a device."""

    def __init__(self, data: Data, target: Target) -> None:
        library, device = target.library, target.device

        def there(array: Any) -> Any:
            made = np.ascontiguousarray(array, np.dtype(target.dtype))
            return library.from_host(made, device)

        self.train = there(data.inputs), there(data.targets)
        self.test = there(data.test_inputs), there(data.test_targets)


class Stack:
    """Runs that are trained together.

    No arithmetic crosses the first axis, so that a run has the values that it has alone.

    Parameters
    ----------
    network
        What is trained.
    runs
        The initializer and the key of each.
    bias
        The initializer of biases.
    """

    def __init__(
        self,
        network: Dense,
        data: Data,
        samples: Samples,
        optimizer: Optimizer,
        schedule: Schedule,
        runs: Sequence[tuple[Initializer, Key]],
        bias: Initializer,
        target: Target,
    ) -> None:
        self.network, self.samples, self.target = network, samples, target
        self.loss, self.optimizer, self.schedule = loss_of(data.loss), optimizer, schedule
        self.keys = [key for _, key in runs]
        self.library: Library = target.library
        self.xp: Any = target.library.xp
        made: Arrays = {}
        for name, shape in network.shapes.items():
            of_all = [
                (bias if name.endswith("bias") else init)(
                    shape,
                    key=key.fold_in(name),
                    xp=self.xp,
                    dtype=target.dtype,
                    device=target.device,
                )
                for init, key in runs
            ]
            made[name] = self.xp.stack(of_all)
        self.parameters = made
        self.states = {name: optimizer.start(each) for name, each in made.items()}
        self.taken = 0
        self.batches = self._batches()

    def advance(self, steps: int) -> None:
        """Take so many steps."""
        for _ in range(steps):
            inputs, targets = next(self.batches)
            _, gradients = self.network.gradients(self.parameters, inputs, targets, self.loss)
            self.taken += 1
            for name, parameter in self.parameters.items():
                self.parameters[name], self.states[name] = self.optimizer.step(
                    parameter, gradients[name], self.states[name], self.taken
                )

    def measure(self) -> dict[str, Any]:
        """Losses, and for classes the accuracy, of every run."""
        train, _ = self._measured(*self.samples.train)
        test, right = self._measured(*self.samples.test)
        found = {"train_loss": train, "test_loss": test}
        if self.loss.classifies:
            found["test_accuracy"] = right
        return found

    def weights(self) -> list[Any]:
        """The weights of every layer, in NumPy, of shape (runs, outputs, inputs)."""
        layers = range(self.network.depth)
        host = self.library.to_host
        return [np.asarray(host(self.parameters[f"{layer}.weight"])) for layer in layers]

    def _measured(self, inputs: Any, targets: Any) -> tuple[Any, Any]:
        xp, count = self.xp, inputs.shape[0]
        losses, right = np.zeros(len(self.keys)), np.zeros(len(self.keys))
        for start in range(0, count, CHUNK):
            stop = min(start + CHUNK, count)
            x, y = inputs[None, start:stop, :], targets[None, start:stop, :]
            z = self.network.outputs(self.parameters, x)
            share = x.shape[1] / count
            losses += share * self._on_host(self.loss.value(xp, z, y))
            if self.loss.classifies:
                hits = xp.argmax(z, axis=-1) == xp.argmax(y, axis=-1)
                right += share * self._on_host(xp.mean(xp.astype(hits, z.dtype), axis=-1))
        return losses, right

    def _on_host(self, values: Any) -> Any:
        return np.asarray(self.library.to_host(values), np.float64)

    def _batches(self) -> Iterator[tuple[Any, Any]]:
        inputs, targets = self.samples.train
        size, samples = self.schedule.size, self.schedule.samples
        epoch = 0
        while True:
            if size == samples:
                yield inputs[None, ...], targets[None, ...]
                continue
            orders = np.stack([self.schedule.order(key, epoch) for key in self.keys])
            there = self.library.from_host(orders.astype(np.int64), self.target.device)
            for start in range(0, samples, size):
                which = there[:, start : min(start + size, samples)]
                yield self._taken(inputs, which), self._taken(targets, which)
            epoch += 1

    def _taken(self, samples: Any, which: Any) -> Any:
        flat = self.xp.take(samples, self.xp.reshape(which, (-1,)), axis=0)
        return self.xp.reshape(flat, (*which.shape, samples.shape[1]))
