"""A module that exists, initialized by the types of its layers."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, TypeVar

import torch

from agnostic_init.arrays.errors import ParameterError, check_choice, must, must_be_type, within
from agnostic_init.arrays.libraries.torch_building import BUILDING
from agnostic_init.arrays.numbers import positive_integer
from agnostic_init.bits.key import Key
from agnostic_init.bits.key import key as make_key
from agnostic_init.initializers.base import Initializer
from agnostic_init.models.assign import Chosen, listed
from agnostic_init.models.filling import fill
from agnostic_init.models.progress import Progress
from agnostic_init.models.rules import Rule
from agnostic_init.models.torch_computed import Computed, computed_tensors
from agnostic_init.models.torch_module import check_unpacked
from agnostic_init.models.torch_names import Named, adapters, named_tensors
from agnostic_init.torch.by_convention import by_convention, conventions_of
from agnostic_init.torch.choosing import chosen as chosen_by
from agnostic_init.torch.loaded import missing
from agnostic_init.torch.own import check_own, run_own
from agnostic_init.torch.record import Item

__all__ = ["init_module"]

Module = TypeVar("Module")

BUFFERS = ("reset", "keep")


def init_module(
    model: Module,
    key: Any,
    rules: Any = None,
    conventions: Any = "torch",
    only_missing: Any = False,
    *,
    buffers: str = "reset",
    forget_bias: float | None = None,
    layers: int | None = None,
    progress: Progress | None = None,
) -> Module:
    """Initialize the parameters of a module of torch, and reset its buffers, in place.

    Everything is checked before anything is written, and a tensor that nothing initializes is an
    error that lists it.

    Parameters
    ----------
    model
        The module. Wrappers around it or inside of it (`torch.compile`, data parallelism, FSDP,
        checkpointing) change nothing, nor does how its parameters are sharded.
    key
        Anything that `agnostic_init.key` takes. A parameter gets ``key.fold_in(name)``, as from
        `fill_tree`.
    rules
        What goes before the conventions: pairs, or a mapping, of name patterns (see `Rule`) or
        types of layers to initializers; for a type also a mapping of parameters' own names to
        initializers. Or functions of (name, shape, module) that return an initializer or None. The
        first that is for a parameter counts.
    conventions
        What the layers' types say: "torch" for torch's own defaults; "gpt2", "llama" or "vit" for
        what the authors of these initialize with; "keras" or "flax" for the defaults of these. Of
        several the first that knows a tensor counts. "own": what the model's own code does, as the
        ``init_weights`` and ``_init_weights`` of transformers and timm, with these draws; and
        before it the others that are named, or torch's defaults.
    only_missing
        True to leave alone what transformers has marked as loaded. Or what is missing: names, or
        what ``load_state_dict(..., strict=False)`` has returned.
    buffers
        "reset", or "keep" to leave those alone that no convention knows. Statistics are reset.
    forget_bias
        What the biases of the forget gates of LSTMs add up to, where not what the convention says.
    layers
        For "gpt2", whose projections into the residual stream have a std by the depth: the layers of
        the whole model, of which `model` is a part, as a stage of a pipeline. By default their
        projections are counted in `model`.
    progress
        As of `fill_tree`.

    Returns
    -------
    module
        `model`.

    Raises
    ------
    ParameterError, ParameterTypeError
        If nothing initializes a tensor, or a rule is for none, or a tensor would not keep what is
        written.

    Notes
    -----
    What is initialized is known by name before the first write, so nothing has to look for what was
    left afterwards. `poison` around the call does that as well, for more than twice its time, and
    loses the values of buffers that are to be kept.

    Examples
    --------
    >>> import agnostic_init as ai
    >>> import torch
    >>> model = torch.nn.Sequential(torch.nn.Linear(3, 4), torch.nn.BatchNorm1d(4))
    >>> model = ai.init_module(model, key=0, rules={"0.bias": "zeros"})
    >>> model[0].bias.detach()
    tensor([0., 0., 0., 0.])
    """
    if not isinstance(model, torch.nn.Module):
        raise must_be_type("model", "must be a module of torch", model)
    if BUILDING.get():
        rule = "must not be initialized while ai.torch.build or empty_parameters build it"
        hint = "ai.init_module(ai.torch.build(...), ...), or rules= of build"
        raise must("model", rule, type(model), hint)
    check_choice("buffers", buffers, BUFFERS)
    stream = make_key(key)
    order, own = conventions_of(conventions)
    if layers is not None:
        layers = positive_integer("layers", layers)
        if not any(each.by_depth for each in order):
            rule = "must be None where no convention depends on the depth, as 'gpt2' does"
            raise must("layers", rule, layers)
    if own:
        check_own(model)
    with torch.no_grad():
        parameters, stats, computed = _tensors(model)
        wanted = missing(model, parameters, stats, only_missing)
        known = by_convention(model, order, {"forget_bias": forget_bias, "layers": layers})
        ruled = {
            name: init for name, init in _by_rules(parameters, rules).items() if name in wanted
        }
    chosen = known | ruled
    keep = buffers == "keep"
    _check_all(parameters, stats, wanted, chosen, keep, own)
    given = [each for each in (*parameters, *stats) if each.name in wanted and each.name in chosen]
    again = [each for each in computed if each.name in wanted]
    named = {each.name: each.tensor for each in given}
    named |= {each.name: each.prepared() for each in again if each.originals}
    for name, tensor in named.items():
        with within(f"parameter {name!r}"):
            chosen[name].check(tuple(tensor.shape), str(tensor.dtype).removeprefix("torch."))
    later = set(ruled) if own else set()
    _fill(named, chosen, set(named) - later, stream, progress)
    if own:
        tensors = [*parameters, *stats]
        apart = adapters(model)
        kept = {n for n in (t.name for t in tensors) if n not in wanted or n.startswith(apart)}
        kept |= later
        written = run_own(model, tensors, kept, stream)
        _check_all(parameters, stats, wanted - written, chosen, keep, False)
        _fill(named, chosen, later, stream, None)
    for each in again:
        each.finish(named[each.name], stream)
    return model


def _fill(
    named: dict[str, Any],
    chosen: dict[str, Initializer],
    which: set[str],
    stream: Key,
    progress: Progress | None,
) -> None:
    names = [name for name in named if name in which]
    if names:
        rules = Chosen({name: Rule(name, chosen[name]) for name in names})
        fill(names, [named[name] for name in names], rules, stream, progress)


def _tensors(model: Any) -> tuple[list[Named], list[Named], list[Computed]]:
    """Parameters, buffers, and of the former those that are computed of others."""
    check_unpacked(model)
    named = named_tensors(model, buffers=True)
    for each in named:
        if torch.nn.parameter.is_lazy(each.tensor):
            rule = "must have tensors with shapes, which a lazy layer has after its first call"
            raise must("model", rule, each.name, "a call of the model before")
        if each.tensor.is_nested or each.tensor.is_quantized:
            kind = "nested" if each.tensor.is_nested else "quantized"
            rule = f"must have tensors that can be written, and {each.name!r} is {kind}"
            raise must("model", rule, type(each.tensor), "initializing before it is made so")
    computed = computed_tensors(model)
    hidden = {name for each in computed for name in each.originals}
    hidden |= {name for each in computed for name in each.follows}
    of_parameters = {id(each) for each in model.parameters()}
    parameters = [
        each for each in named if id(each.tensor) in of_parameters and each.name not in hidden
    ]
    parameters += [
        Named(each.name, getattr(each.module, each.attribute), each.module, each.attribute)
        for each in computed
        if each.originals
    ]
    stats = [
        each for each in named if id(each.tensor) not in of_parameters and each.name not in hidden
    ]
    return parameters, stats, computed


def _by_rules(parameters: Sequence[Named], rules: Any) -> dict[str, Initializer]:
    items = [Item(*each, "parameter", None) for each in parameters]
    choices = chosen_by(items, rules)
    for name, choice in choices.items():
        if choice.dtype is not None:
            with within(f"parameter {name!r}, rule {choice.text!r}"):
                raise must("dtype", "must be left to the module, whose it is", choice.dtype)
    return {name: choice.initializer for name, choice in choices.items()}


def _check_all(
    parameters: Sequence[Named],
    buffers: Sequence[Named],
    wanted: set[str],
    chosen: dict[str, Initializer],
    keep: bool,
    own: bool,
) -> None:
    """Raise if nothing initializes a tensor, unless the model's own code, which is yet to run, may."""
    if own:
        return
    said = []
    nobodys = [each for each in parameters if each.name in wanted and each.name not in chosen]
    if nobodys:
        kinds = ", ".join(dict.fromkeys(type(each.module).__name__ for each in nobodys))
        names = listed([each.name for each in nobodys])
        said.append(
            f"{len(nobodys)} parameters, of {kinds}, for which there is neither a rule nor a "
            f"convention: {names}; try: rules={{{nobodys[0].name!r}: ...}}, or conventions='own'"
        )
    left = [each.name for each in buffers if each.name in wanted and each.name not in chosen]
    if left and not keep:
        said.append(
            f"{len(left)} buffers that nothing resets, and which are garbage after `to_empty`: "
            f"{listed(left)}; try: buffers='keep' if they have their values"
        )
    if said:
        message = f"`model` must be initialized whole, got {'; and '.join(said)}"
        raise ParameterError(message)
