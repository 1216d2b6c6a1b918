"""What training a module of torch is made of: its initial weights, its loss, its optimizer."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import torch

from agnostic_init.arrays.errors import must, must_be_type
from agnostic_init.bits.key import Key
from agnostic_init.initializers.base import Initializer
from agnostic_init.initializers.lookup import found
from agnostic_init.study.training.data import Data
from agnostic_init.study.training.given import for_weights
from agnostic_init.study.training.optimizer_names import optimizer_of
from agnostic_init.study.training.optimizers import SGD, AdaGrad, Adam, Momentum, Optimizer, RMSProp
from agnostic_init.torch.initialize import init_module

__all__ = ["Makes", "checked_loss", "initialized", "loss_of", "optimizer_for", "weights_of"]

LOSSES = {
    "cross_entropy": torch.nn.functional.cross_entropy,
    "mean_squared_error": torch.nn.functional.mse_loss,
}


class Makes:
    """A function that makes an optimizer of torch, and what it is called."""

    def __init__(self, function: Callable[[Any], Any], about: str) -> None:
        self.function, self.about = function, about

    def __call__(self, parameters: Any) -> Any:
        made = self.function(parameters)
        if not (hasattr(made, "step") and hasattr(made, "zero_grad")):
            rule = "must make an optimizer of torch of a list of parameters"
            raise must_be_type("optimizer", rule, made, "lambda p: torch.optim.AdamW(p, lr=1e-3)")
        return made


def optimizer_for(given: Any, rate: float | None) -> Makes:
    """What makes an optimizer of torch of parameters."""
    known = isinstance(given, str | Optimizer) or (
        isinstance(given, type) and issubclass(given, Optimizer)
    )
    if callable(given) and not known:
        if rate is not None:
            raise must("rate", "must stand in the function that makes the optimizer", rate)
        return Makes(given, getattr(given, "__name__", repr(given)))
    ours = optimizer_of(given, rate)
    return Makes(lambda parameters: _torchs(ours, parameters), repr(ours))


def _torchs(ours: Optimizer, parameters: Any) -> Any:
    """The optimizer of torch that takes the same steps."""
    optim = torch.optim
    if isinstance(ours, Momentum):
        if ours.corrected:
            rule = "must not be corrected, which torch has no optimizer for"
            raise must("optimizer", rule, ours, "Momentum(corrected=False), or 'adam'")
        # torch's heavy ball adds whole gradients.
        return optim.SGD(parameters, lr=ours.rate * (1.0 - ours.beta), momentum=ours.beta)
    if isinstance(ours, SGD):
        return optim.SGD(parameters, lr=ours.rate)
    if isinstance(ours, AdaGrad):
        return optim.Adagrad(parameters, lr=ours.rate, eps=ours.epsilon)
    if isinstance(ours, RMSProp):
        return optim.RMSprop(parameters, lr=ours.rate, alpha=ours.beta, eps=ours.epsilon)
    if isinstance(ours, Adam):
        betas = ours.beta1, ours.beta2
        return optim.Adam(parameters, lr=ours.rate, betas=betas, eps=ours.epsilon)
    rule = "must be one that torch has"
    raise must_be_type("optimizer", rule, ours, "a function that makes one of torch's")


def loss_of(given: Any, data: Data) -> Callable[[Any, Any], Any]:
    """The loss of outputs and targets."""
    if given is None:
        given = data.loss
    if isinstance(given, str):
        if given not in LOSSES:
            raise must("loss", f"must be a function or one of {', '.join(LOSSES)}", given)
        function: Callable[[Any, Any], Any] = LOSSES[given]
        return function
    if not callable(given):
        rule = "must be a function of outputs and targets"
        raise must_be_type("loss", rule, given, "torch.nn.functional.mse_loss")
    named: Callable[[Any, Any], Any] = given
    return named


def checked_loss(loss: Callable[[Any, Any], Any], outputs: Any, targets: Any) -> None:
    """Raise unless the loss of some outputs is a number."""
    if loss in LOSSES.values() and outputs.shape != targets.shape:
        rule = f"must make a module with outputs of shape {tuple(targets.shape)}, as the targets"
        raise must("make", rule, tuple(outputs.shape))
    try:
        value = loss(outputs, targets)
    except Exception as error:
        rule = f"must take outputs of {tuple(outputs.shape)} and targets of {tuple(targets.shape)}"
        raise must("loss", rule, f"{type(error).__name__}: {error}") from error
    if not isinstance(value, torch.Tensor) or value.numel() != 1:
        raise must("loss", "must return one number, the mean over samples", value)


def initialized(model: Any, given: Any, key: Key, bias: Any) -> Any:
    """The module with the weights that a user asked for."""
    if given is None:
        return init_module(model, key=key)
    if callable(given) and not isinstance(given, Initializer | type):
        given(model, key)
        return model
    plain = isinstance(given, str | Initializer) or (isinstance(given, Mapping) and "name" in given)
    if not plain:
        return init_module(model, key=key, rules=given)
    weights = for_weights(given)
    biases = None if bias is None else found(bias, "bias")

    def rule(name: str, shape: tuple[int, ...], module: Any) -> Initializer | None:
        if len(shape) > 1:
            return weights
        weight = getattr(module, "weight", None)
        of_weights = weight is not None and weight.ndim > 1
        return biases if name.rpartition(".")[2] == "bias" and of_weights else None

    return init_module(model, key=key, rules=rule)


def weights_of(model: Any) -> list[Any]:
    """The weights of two axes or more as matrices in NumPy, in the order of the module."""
    found = [each for each in model.parameters() if each.ndim > 1]
    return [each.detach().double().cpu().reshape(len(each), -1).numpy() for each in found]
