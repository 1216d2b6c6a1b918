"""Forward passes in which layer after layer is calibrated."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from agnostic_init.calibration.layer import Layer, Model
from agnostic_init.calibration.method import Goal
from agnostic_init.calibration.moments import Moments

__all__ = ["Passes"]


class Passes:
    """The work on one model.

    A layer that is called once is calibrated where it is called: its outputs are computed again
    after each step, and what comes after it sees the last. So one pass does for all of them. Of
    one that is called several times the outputs of all calls count, after a whole pass, and what
    comes after its first call waits until it is done.

    Parameters
    ----------
    model
        The model.
    goal
        What outputs are to be.
    done
        Called with each layer that is finished with.
    """

    def __init__(self, model: Model, goal: Goal, done: Callable[[Layer], None]) -> None:
        self.model, self.goal, self.done = model, goal, done
        self.open: list[Layer] = []
        self.seen: dict[Layer, Moments] = {}
        self.order: list[Layer] = []
        self.waiting = False

    def look(self) -> list[Layer]:
        """The layers in the order in which the batch reaches them, with their moments."""
        self.seen, self.order = {}, []

        def count(layer: Layer, outputs: Any, again: Callable[[], Any]) -> Any:
            layer.calls += 1
            return self._observe(layer, outputs, again)

        self.model.run(count)
        for layer in self.order:
            layer.before = self.seen.get(layer)
        return self.order

    def calibrate(self, layers: list[Layer]) -> None:
        """Calibrate layers, in their order; the last pass measures what they have become."""
        self.open = list(layers)
        rounds = 0
        while True:
            while self.open:
                self._pass()
            self.seen = {}
            self.model.run(self._observe)
            moved = [each for each in layers if not each.left and not self._good(each)]
            if not moved:
                break
            rounds += 1
            if rounds > self.goal.steps:
                moved[0].give_up("what comes after it moves its outputs again")
                rounds = 0
                continue
            self.open = moved
            for each in moved:
                each.slope = []
        for layer in self.model.layers:
            layer.after = self.seen.get(layer)

    def _good(self, layer: Layer) -> bool:
        moments = self.seen.get(layer)
        if moments is None:
            layer.give_up("the batch no longer reaches it")
            return True
        return self.goal.off(moments, layer.centres) <= self.goal.allowed(layer.dtype)

    def _pass(self) -> None:
        self.seen, self.waiting = {}, False
        remaining = len(self.open)
        self.model.run(self._visit)
        several = next((each for each in self.open if each.calls > 1), None)
        if several is not None:
            self._step_of_several(several)
        elif len(self.open) == remaining:  # none was called
            for layer in list(self.open):
                self._close(layer, "the batch no longer reaches it")

    def _observe(self, layer: Layer, outputs: Any, again: Callable[[], Any]) -> Any:
        """Count a call, and add its outputs to the moments."""
        if layer not in self.order:
            self.order.append(layer)
        moments = layer.moments(outputs)
        if moments.count:
            known = self.seen.get(layer)
            self.seen[layer] = moments if known is None else known + moments
        return outputs

    def _visit(self, layer: Layer, outputs: Any, again: Callable[[], Any]) -> Any:
        if layer not in self.open or self.waiting:
            return self._observe(layer, outputs, again)
        if layer.calls > 1:
            self.waiting = True
            return self._observe(layer, outputs, again)
        moments = layer.moments(outputs)
        if not moments.count:
            return outputs
        left = self.goal.steps
        while not self._finished(layer, moments, left):
            layer.apply(self.goal.change(moments, 1.0))
            left -= 1
            outputs = again()
            moments = layer.moments(outputs)
        return again() if layer.left else outputs

    def _finished(self, layer: Layer, moments: Moments, left: int) -> bool:
        """Whether no step is to follow, as it is good or as nothing helps."""
        reason = self.goal.hopeless(moments, layer.dtype)
        if reason and layer.steps:  # as of a parametrization that takes no factor
            reason = f"once it was scaled, {reason}"
        if not reason:
            off = self.goal.off(moments, layer.centres)
            # Few bits excuse what a step has left, and not that none was made.
            if off <= self.goal.allowed(layer.dtype if layer.steps else "float64"):
                self._close(layer)
                return True
            if not left:
                reason = f"it did not converge in {layer.steps} steps, and was off by {off:.2g}"
        if reason:
            self._close(layer, reason)
        return bool(reason)

    def _close(self, layer: Layer, reason: str = "") -> None:
        self.open.remove(layer)
        if reason:
            layer.give_up(reason)
        self.done(layer)

    def _step_of_several(self, layer: Layer) -> None:
        """A step of a layer that a pass calls several times.

        In a chain of n calls a factor counts up to n times: the first step is for that, and, where
        there is one factor for all channels, the next for as often as it was seen to.
        """
        moments = self.seen.get(layer)
        if moments is None:
            self._close(layer, "the batch no longer reaches it")
            return
        if self._finished(layer, moments, 2 * self.goal.steps - len(layer.slope)):
            return
        factor, variance = np.asarray(layer.change.scale), moments.overall.variance
        layer.slope.append((float(np.mean(np.log(factor))), float(np.log(variance[0]))))
        layer.apply(self.goal.change(moments, self._share(layer)))

    def _share(self, layer: Layer) -> float:
        """How much of the change in variance one factor is to make, by the last two steps."""
        if len(layer.slope) < 2 or self.goal.method.by_channel:
            return 1 / layer.calls
        (x0, y0), (x1, y1) = layer.slope[-2:]
        response = (y1 - y0) / (2 * (x1 - x0)) if x1 != x0 else 0.0
        return 1 / min(max(response, 0.25), 2.0 * layer.calls)
