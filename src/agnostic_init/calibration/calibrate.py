"""Weights of a whole model, scaled by what a batch of data makes of them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from agnostic_init.arrays.errors import Wording, check_choice, must, must_be_type, within
from agnostic_init.arrays.numbers import positive_integer, real_number
from agnostic_init.bits.key import Key
from agnostic_init.bits.key import key as make_key
from agnostic_init.calibration.batch import check_batch
from agnostic_init.calibration.functions import Function
from agnostic_init.calibration.layer import Layer
from agnostic_init.calibration.method import METHODS, TOLERANCE, Goal
from agnostic_init.calibration.passes import Passes
from agnostic_init.calibration.report import Calibrated, Calibration, spread_of
from agnostic_init.calibration.steps import positive
from agnostic_init.initializers.base import Initializer
from agnostic_init.initializers.lookup import found
from agnostic_init.models.progress import Progress
from agnostic_init.models.rules import Rule
from agnostic_init.models.torch_wrappers import is_module

__all__ = ["calibrate"]

NOT_CHOSEN = "no pattern of `layers` matches it"


def calibrate(
    model: Any,
    batch: Any,
    method: str = "lsuv",
    *,
    key: Any = None,
    start: Any = None,
    layers: str | Sequence[str] = "*",
    parameters: Mapping[str, Any] | None = None,
    mean: float = 0.0,
    variance: float = 1.0,
    tolerance: float | None = None,
    max_steps: int = 10,
    progress: Progress | None = None,
) -> Calibration:
    """Scale the weights of a model, layer by layer, by the outputs that a batch of data has there.

    A layer that does not get the wanted moments is left as it was before the call, and the report
    says why. So it is with layers that the batch does not reach, that are frozen, or whose weights
    are another layer's too.

    Parameters
    ----------
    model
        A module of torch, whose parameters are written. It runs in the mode it is in, without
        gradients; its buffers, gradients, hooks and mode, and torch's generators, are afterwards
        what they were. Its layers are its linear ones and convolutions. Wrappers of `torch.compile`
        and data parallelism are seen through; the processes of DDP take the moments of all of
        their batches together.
        Or a function of any array library, called as ``model(batch, layer)``: what it calls as
        ``layer(function, weight, bias)`` is a layer, of which ``function(weight, bias)`` gives the
        outputs before any nonlinearity; the names are those of `parameters`. Where there is no bias
        it is left out. ``axis=`` says which axis of the weight outputs lie along, which methods
        need that scale channels one by one, and ``channels=`` which of the outputs (the last).
    batch
        Inputs of a module: a tensor, or a tuple of positional or a mapping of named arguments. Of a
        function whatever it takes.
    method
        "lsuv": all weights of a layer by one factor, so that its outputs have the variance.
        "activation": those of every channel, so that it has the variance, and the mean by the bias.
        "weight_norm": the same by the sizes of layers with weight normalization.
    key
        Draws the weights first, from what the method's authors start from, and sets biases to zero:
        orthogonal matrices for "lsuv", N(0, 1) for "activation", N(0, 0.05^2) for "weight_norm".
        Layers get keys by their names. What a module draws in a pass, as for dropout, is of this
        key too. None to start from the weights as they are.
    start
        The initializer to draw from instead.
    layers
        Patterns of the names of weights, as of `Rule`, for what is to be calibrated.
    parameters
        Of a function: its arrays by name. They are not written; the report has the new ones.
    mean, variance
        What the outputs are to have. LSUV does not change means.
    tolerance
        How far variances may be off, relative to the wanted one, and means, relative to its root.
        By default 0.01, or 16 units in the last place where the dtype has fewer bits than that.
    max_steps
        The most steps for one layer.
    progress
        Called after each layer with its name, how many are done, and how many there are.

    Returns
    -------
    Calibration
        The moments of each layer before and after, as a value that prints as a table.

    Raises
    ------
    ParameterError, ParameterTypeError
        If a parameter is none of these, the batch has NaN or nothing in it, or the model has no
        such layers, or sharded ones, or none with values. Whatever is raised, by the model too,
        all is as it was.

    Notes
    -----
    A layer that is called once in a pass is calibrated in it, so that three passes do for all:
    one before, one for the work, one after. Of one that is called several times, the outputs of
    all calls count, and each of its steps takes a pass.

    References
    ----------
    See `agnostic_init.calibration.lsuv_step`, `activation_step` and `weight_norm_step`, which are
    the methods' steps as functions of arrays.

    Examples
    --------
    >>> import numpy as np
    >>> import agnostic_init as ai
    >>> weights = ai.init_tree({f"{n}": (64, 64) for n in range(3)}, {"*": ai.normal()}, key=0)
    >>> def model(x, layer):
    ...     for name in weights:
    ...         x = np.tanh(layer(lambda w: x @ w, name))
    ...     return x
    >>> batch = ai.draws.normal((256, 64), key=1)
    >>> done = ai.calibrate(model, batch, parameters=weights)
    >>> print(done)
    layer  kind      mean before  variance before  mean after  variance after  steps  left as it was
    0      function        0.078            64.72    0.009696               1      1
    1      function       0.0127            59.97     0.00301               1      1
    2      function      0.02744            55.08    0.009006               1      1
    >>> done.converged, done.parameters["2"].shape
    (True, (64, 64))
    """
    check_choice("method", method, METHODS)
    chosen = METHODS[method]
    limit = None if tolerance is None else positive("tolerance", tolerance)
    goal = Goal(
        chosen,
        real_number("mean", mean),
        positive("variance", variance),
        limit,
        positive_integer("max_steps", max_steps),
    )
    if goal.mean and not chosen.by_channel:
        raise must("mean", "must be 0 for LSUV, which changes no means", mean, "'activation'")
    stream = None if key is None else make_key(key)
    init = None if start is None else found(start, "start")
    if init is not None and stream is None and init.needs_key:
        raise must("key", f"must be given, as {init!r} draws", key)
    rules = _patterns(layers)
    if progress is not None and not callable(progress):
        raise must_be_type("progress", "must be a function of a name and two numbers", progress)
    check_batch(batch)
    made: Any
    if is_module(model):
        if parameters is not None:
            raise must("parameters", "must be None for a module, which has its own", parameters)
        from agnostic_init.calibration.torch_module import Module

        made = Module(model, batch, chosen, stream)
    elif callable(model):
        made = Function(model, batch, parameters, chosen)
        if chosen.normalized and (stream is not None or init is not None):
            rule = "must be None for sizes of a function, whose directions have no names here"
            raise must("key", rule, key, "init_tree before, for the directions")
    else:
        rule = "must be a module of torch, or a function of a batch and of its layers"
        raise must_be_type("model", rule, model)
    passes = Passes(made, goal, lambda layer: None)
    try:
        _work(made, passes, rules, stream, init, progress)
    except BaseException as error:
        for layer in made.layers:
            layer.restore()
        if isinstance(error, Exception):
            error.add_note("while calibrating: all parameters are what they were before")
        raise
    return Calibration(
        method,
        TOLERANCE if limit is None else limit,
        _rows(made, passes.order, rules),
        tuple(made.others),
        made.parameters,
    )


def _work(
    model: Any,
    passes: Passes,
    rules: list[Rule],
    stream: Key | None,
    init: Initializer | None,
    progress: Progress | None,
) -> None:
    order = passes.look()
    names = [layer.name for layer in model.layers]
    if not names:
        wanted = "must call its layers by what it is given: layer(function, weight, bias)"
        raise must("model", wanted, Wording("a function that calls none"))
    for rule in rules:
        if not any(rule.matches(name) for name in names):
            raise must("layers", f"must match layers, which are {names[:8]}", rule.text)
    for layer in model.layers:
        if not any(rule.matches(layer.name) for rule in rules):
            layer.left = layer.left or NOT_CHOSEN
        elif not layer.left and passes.seen.get(layer) is None:
            layer.left = "the batch does not reach it"
    todo = [layer for layer in order if not layer.left]
    if stream is not None or init is not None:
        for layer in todo:
            with within(f"layer {layer.name!r}"):
                first = init or passes.goal.method.start(*model.layout_of(layer))
                layer.start(first, stream if stream is not None else make_key(0))
    told: set[Layer] = set()

    def done(layer: Layer) -> None:
        if progress is not None and layer not in told:
            told.add(layer)
            progress(layer.name, len(told), len(todo))

    passes.done = done
    if todo:
        passes.calibrate(todo)
    else:
        for layer in order:
            layer.after = layer.before


def _rows(model: Any, order: list[Layer], rules: list[Rule]) -> tuple[Calibrated, ...]:
    unreached = [layer for layer in model.layers if layer not in order]
    return tuple(
        Calibrated(
            layer.name,
            layer.kind,
            layer.left,
            layer.steps,
            layer.calls,
            spread_of(layer.before),
            spread_of(layer.after),
        )
        for layer in (*order, *unreached)
        if any(rule.matches(layer.name) for rule in rules)
    )


def _patterns(layers: Any) -> list[Rule]:
    given = [layers] if isinstance(layers, str) else layers
    if not isinstance(given, Sequence) or not all(isinstance(each, str) for each in given):
        raise must_be_type("layers", "must be a pattern of names, or a sequence of them", layers)
    if not given:
        raise must("layers", "must not be empty", layers, "'*' for all")
    return [Rule(each, "zeros") for each in given]
