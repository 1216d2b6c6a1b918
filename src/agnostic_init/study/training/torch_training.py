"""Training a module of torch from several initializers, by autograd and torch's optimizers."""

from __future__ import annotations

import copy
from collections.abc import Iterator
from typing import Any

import numpy as np
import torch

from agnostic_init.arrays.errors import must, must_be_type
from agnostic_init.bits.key import Key
from agnostic_init.bits.key import key as make_key
from agnostic_init.study.training.datasets import dataset
from agnostic_init.study.training.given import named, seeds_of
from agnostic_init.study.training.runs import Runs
from agnostic_init.study.training.schedule import Schedule
from agnostic_init.study.training.stepwise import Stepwise
from agnostic_init.study.training.torch_draws import Draws
from agnostic_init.study.training.torch_parts import (
    checked_loss,
    initialized,
    loss_of,
    optimizer_for,
    weights_of,
)

__all__ = ["ModuleTraining"]

CHUNK = 512  # samples that are measured at once


class ModuleTraining(Stepwise):
    """What `train_module` does, step by step: to be iterated, and looked at before its end.

    Parameters are those of `train_module`.

    Attributes
    ----------
    total
        Steps of all runs together.
    """

    def __init__(
        self,
        make: Any,
        initializers: Any,
        data: Any = "digits",
        *,
        loss: Any = None,
        optimizer: Any = "adam",
        rate: float | None = None,
        seeds: Any = 5,
        epochs: int = 20,
        batch: int | None = 32,
        every: int | None = None,
        bias: Any = "zeros",
    ) -> None:
        self.make, self.bias = make, bias
        self.initializers = named(initializers)
        self.seeds = seeds_of(seeds)
        self.data = dataset(data)
        self.loss = loss_of(loss, self.data)
        self.optimizer = optimizer_for(optimizer, rate)
        self.schedule = Schedule(len(self.data.inputs), epochs, batch, every)
        model = self._model()
        self._check(model)
        self.optimizer([*model.parameters()])
        for given in self.initializers.values():
            initialized(self._model(), given, make_key(self.seeds[0]), bias)
        self.called = type(model).__name__
        self.size = sum(each.numel() for each in model.parameters())
        self.runs = Runs(
            [*self.initializers],
            self.seeds,
            self.data,
            self.schedule,
            [len(each) for each in weights_of(model)[:-1]],
            accuracy=self.data.classifies and loss is None,
        )

    def __iter__(self) -> Iterator[tuple[str, int, int]]:
        """Train; after each measurement, tell what is trained, the steps taken, and all there are."""
        for number, run in enumerate(self.runs.places):
            key = make_key(self.seeds[run[1]])
            given = self.initializers[self.runs.names[run[0]]]
            model = initialized(self._model(), given, key, self.bias)
            optimizer = self.optimizer([each for each in model.parameters() if each.requires_grad])
            batches, draws, before = self._batches(model, key), Draws(model, key), 0
            for place, point in enumerate(self.schedule.points):
                with draws:
                    for _ in range(point - before):
                        self._step(model, optimizer, *next(batches))
                    before = point
                    values = self._measured(model)
                self.runs.measure(run, place, values)
                yield self.runs.told(run), number * self.schedule.total + point, self.total
                if not np.isfinite(list(values.values())).all():
                    break
            self.runs.end(run, weights_of(model)[:-1])

    def setting(self) -> dict[str, Any]:
        """The module, and what it is trained by."""
        return {
            "network": f"{self.called}, {self.size:,} parameters",
            "optimizer": self.optimizer.about,
            "library": "torch",
        }

    def _model(self) -> Any:
        """A new module, which nothing that was trained before has touched."""
        if isinstance(self.make, torch.nn.Module):
            return copy.deepcopy(self.make)
        rule = "must be a module of torch, or a function that makes one"
        if not callable(self.make):
            raise must_be_type("make", rule, self.make, "lambda: torch.nn.Linear(64, 10)")
        # What its authors' code draws is not kept, and not to be missed from torch's generator.
        with torch.random.fork_rng():
            model = self.make()
        if not isinstance(model, torch.nn.Module):
            raise must_be_type("make", rule, model)
        return model

    def _check(self, model: Any) -> None:
        """Raise unless the module has parameters to train, and outputs that there are targets of."""
        if not any(each.requires_grad for each in model.parameters()):
            raise must("make", "must make a module with parameters to train", type(model).__name__)
        inputs, targets = self._tensors(model, self.data.inputs[:2], self.data.targets[:2])
        model.eval()
        with torch.no_grad(), torch.random.fork_rng(devices=[]):
            try:
                outputs = model(inputs)
            except Exception as error:
                rule = f"must make a module of inputs of shape {tuple(inputs.shape)}"
                got = f"{type(error).__name__}: {error}"
                hint = "torch.nn.Unflatten before it, for images"
                raise must("make", rule, got, hint) from error
            if not isinstance(outputs, torch.Tensor):
                rule = "must make a module whose output is a tensor"
                hint = "a module around it that returns that tensor, such as outputs.logits"
                raise must_be_type("make", rule, type(outputs).__name__, hint)
            checked_loss(self.loss, outputs, targets)
        model.train()

    def _tensors(self, model: Any, *arrays: Any) -> list[Any]:
        first = next(each for each in model.parameters() if each.is_floating_point())
        return [torch.as_tensor(each).to(first.device, first.dtype) for each in arrays]

    def _batches(self, model: Any, key: Key) -> Iterator[tuple[Any, Any]]:
        inputs, targets = self._tensors(model, self.data.inputs, self.data.targets)
        size, epoch = self.schedule.size, 0
        while True:
            order = torch.as_tensor(self.schedule.order(key, epoch)).to(inputs.device)
            for which in torch.split(order, size):
                yield inputs[which], targets[which]
            epoch += 1

    def _step(self, model: Any, optimizer: Any, inputs: Any, targets: Any) -> None:
        optimizer.zero_grad()
        self.loss(model(inputs), targets).backward()
        optimizer.step()

    def _measured(self, model: Any) -> dict[str, float]:
        model.eval()
        data = self.data
        with torch.no_grad():
            train, _ = self._losses(model, data.inputs, data.targets)
            test, right = self._losses(model, data.test_inputs, data.test_targets)
        model.train()
        found = {"train_loss": train, "test_loss": test}
        return found | ({"test_accuracy": right} if "test_accuracy" in self.runs.curves else {})

    def _losses(self, model: Any, inputs: Any, targets: Any) -> tuple[float, float]:
        loss = right = 0.0
        x, y = self._tensors(model, inputs, targets)
        for some, wanted in zip(torch.split(x, CHUNK), torch.split(y, CHUNK), strict=True):
            outputs, share = model(some), len(some) / len(x)
            loss += share * float(self.loss(outputs, wanted))
            if "test_accuracy" in self.runs.curves:
                right += share * float((outputs.argmax(-1) == wanted.argmax(-1)).double().mean())
        return loss, right
