"""Building anybody's module: its authors' distributions, with bits by name."""

from __future__ import annotations

import weakref
from collections.abc import Callable, Iterator
from typing import Any, TypeVar

import torch

from agnostic_init.arrays.blocks import block
from agnostic_init.arrays.dtype_names import name_of
from agnostic_init.arrays.errors import check_choice, must, must_be_type
from agnostic_init.arrays.target import backend
from agnostic_init.bits.key import Key
from agnostic_init.bits.key import key as make_key
from agnostic_init.models.progress import Progress
from agnostic_init.torch.choosing import chosen
from agnostic_init.torch.fill import OTHERWISE, decided, fill, is_statistic
from agnostic_init.torch.foreign import warn_of_foreign
from agnostic_init.torch.handler import recording
from agnostic_init.torch.keys import sources_of
from agnostic_init.torch.plan import Plan
from agnostic_init.torch.record import forget, items_of, keep
from agnostic_init.torch.recorder import ReadError, Recorder

__all__ = ["build", "empty_parameters", "materialize", "plan", "recorded"]

Module = TypeVar("Module", bound=Any)

#: The key of values that draws have while a module is recorded, where nobody gave one.
FOR_THE_TIME_BEING = make_key("agnostic_init: while a module is recorded")

READ_ONLY = "read-only"  # what NumPy says

_plans: weakref.WeakKeyDictionary[Any, Plan] = weakref.WeakKeyDictionary()


def build(
    make: Callable[[], Module],
    *,
    key: Any,
    rules: Any = None,
    device: Any = None,
    dtype: Any = None,
    otherwise: str = "own",
    progress: Progress | None = None,
) -> Module:
    """Build anybody's module with their distributions and bits of our own.

    The factory runs while parameters have no memory; what it would do to each is recorded. Then
    each parameter gets memory and is filled with ``key.fold_in(name)``, name being its canonical
    name, so that one more layer, another order or a wrapper changes no other parameter.

    Parameters
    ----------
    make
        Called without arguments; returns the module.
    key
        Anything that `agnostic_init.key` takes.
    rules
        What some parameters get instead: a mapping, or pairs, of patterns as in `fill_tree`, or of
        module types, to initializers; a type may have a mapping of parameters' own names to
        initializers. Or a function of (name, shape, module) that returns an initializer, or None to
        say nothing. The first that matches is the one.
    device
        Where parameters and buffers are made; None for where the factory makes them.
    dtype
        Of floating-point parameters, and of the statistics of batch normalizations; other buffers
        keep their own. None for what the factory says.
    otherwise
        What becomes of parameters that are no draw and no constant, such as a sinusoid or the norm
        of another parameter: "own" runs their authors' code with our draws, "error" raises.
    progress
        As of `fill_tree`.

    Returns
    -------
    module
        What `make` returned. Ties, padding rows, ``requires_grad``, classes and attributes of
        parameters, and buffers are those of the factory.

    Raises
    ------
    ParameterError, ParameterTypeError
        If the factory returns no module, leaves a parameter unwritten, asks for values of
        parameters, or makes such as cannot be filled; or if a rule is for no parameter. Nothing is
        filled then.

    Warns
    -----
    UserWarning
        If a generator drew that no key governs, as of NumPy, Python's `random` or another thread,
        and parameters may have its numbers.

    Examples
    --------
    >>> import torch
    >>> import agnostic_init as ai
    >>> model = ai.torch.build(lambda: torch.nn.Linear(3, 2), key=0)
    >>> same = torch.nn.Linear(3, 2)
    >>> rules = {"*": ai.torch_default(fan=(3, 2))}
    >>> _ = ai.fill_tree(dict(same.named_parameters()), rules, key=0)
    >>> bool((model.weight == same.weight).all())
    True
    """
    check_choice("otherwise", otherwise, OTHERWISE)
    own, place, form = make_key(key), _device(device), _dtype(dtype)
    model = recorded(make, own, rules)
    return _filled(model, own, rules, otherwise, place, form, progress)


@block
def empty_parameters() -> Iterator[None]:
    """Run a block in which modules are built with parameters that have no memory, and buffers that do.

    What the code of the block does to the parameters is recorded, for `materialize`. Between the
    two a model may be wrapped and sharded.

    Examples
    --------
    >>> import torch
    >>> import agnostic_init as ai
    >>> with ai.torch.empty_parameters():
    ...     model = torch.nn.Linear(3, 2)
    >>> model.weight.is_meta
    True
    >>> ai.torch.materialize(model, key=0).weight.is_meta
    False
    """
    _check_untransformed()
    recorder = Recorder(None)
    with recording(recorder) as modules:
        try:
            yield
        except ReadError:
            rule = "must ask for no values of parameters and of draws, which have none here"
            raise must("code", rule, "a block that does", "agnostic_init.torch.build") from None
    keep(modules, recorder)


def materialize(
    model: Module,
    *,
    key: Any,
    rules: Any = None,
    device: Any = None,
    dtype: Any = None,
    otherwise: str = "own",
    progress: Progress | None = None,
) -> Module:
    """Give the parameters of a module from `empty_parameters` memory and values.

    Parameters
    ----------
    model
        The module, which may have been wrapped or sharded since. Of a sharded parameter each
        process fills what it holds, by position, with no communication. Tensors with values of
        their own, such as loaded ones, are left alone.
    key, rules, device, dtype, otherwise, progress
        As of `build`.

    Returns
    -------
    module
        `model`.

    Examples
    --------
    >>> import torch
    >>> import agnostic_init as ai
    >>> with ai.torch.empty_parameters():
    ...     model = torch.nn.Sequential(torch.nn.Linear(3, 2))
    >>> one = ai.torch.materialize(model, key=0)
    >>> other = ai.torch.build(lambda: torch.nn.Sequential(torch.nn.Linear(3, 2)), key=0)
    >>> bool((one[0].weight == other[0].weight).all())
    True
    """
    check_choice("otherwise", otherwise, OTHERWISE)
    _check_untransformed()
    own, place, form = make_key(key), _device(device), _dtype(dtype)
    if not isinstance(model, torch.nn.Module):
        raise must_be_type("model", "must be a module of torch", model)
    return _filled(model, own, rules, otherwise, place, form, progress)


def plan(model: Any, *, rules: Any = None) -> Plan:
    """Say what the parameters of a module are filled with, and where that was learnt from.

    Parameters
    ----------
    model
        A module that `build` or `materialize` has filled or that is from `empty_parameters`, or a
        factory, which is recorded; nothing is filled.
    rules
        As of `build`, for modules that are not filled yet.

    Returns
    -------
    Plan
        A value; its text is a table.

    Examples
    --------
    >>> import torch
    >>> import agnostic_init as ai
    >>> print(ai.torch.plan(lambda: torch.nn.Linear(3, 2)))
    name    shape   dtype    source    distribution ...
    weight  [2, 3]  float32  recorded  uniform ...
    bias    [2]     float32  recorded  uniform ...
    """
    if isinstance(model, torch.nn.Module):
        known = _plans.get(model)
        if known is not None and rules is None:
            return known
    else:
        model = recorded(model, FOR_THE_TIME_BEING, rules)
    return decided(model, FOR_THE_TIME_BEING, rules, "own").plan(None)


def recorded(make: Callable[[], Module], key: Key, rules: Any = None) -> Module:
    """What a factory makes, recorded."""
    given: Any = make
    if not callable(given) or isinstance(given, torch.nn.Module):
        rule = "must be a function without arguments that returns a module of torch"
        raise must_be_type("make", rule, make, "lambda: Net(width=64)")
    _check_untransformed()
    first = Recorder(key.fold_in("while a module is recorded"))
    model = _run(make, first)
    if not first.asked:
        return model
    # Somebody looked at values. Now that the draws have their keys, let them see the right ones.
    items = items_of(model)
    choices = chosen(items, rules)
    found = sources_of(items, key, {name: each.initializer for name, each in choices.items()})
    sources = {number: source for (owner, number), source in found.items() if owner is first}
    second = Recorder(first.key, sources)
    model = _run(make, second)
    if [node.event for node in first.nodes] != [node.event for node in second.nodes]:
        rule = "must do the same to its parameters, whatever values they have"
        raise must("make", rule, make, "agnostic_init.compat.torch_init.patch(key=...)")
    return model


def _run(make: Callable[[], Module], recorder: Recorder) -> Module:
    with recording(recorder):
        try:
            model: Any = make()
        except BufferError as error:
            rule = "must not share the memory of parameters, which have none here"
            raise must("make", rule, str(error), "what build returns") from error
        except ValueError as error:
            if READ_ONLY not in str(error) or not recorder.asked:
                raise
            rule = "must not write parameters through NumPy, which has copies of their values here"
            raise must("make", rule, str(error), "torch's own functions, as copy_") from error
    if not isinstance(model, torch.nn.Module):
        raise must_be_type("make", "must return a module of torch", model, "lambda: Net(width=64)")
    keep([model], recorder)
    found: Module = model
    return found


def _check_untransformed() -> None:
    if torch._C._functorch.maybe_current_level() is not None or torch.compiler.is_compiling():
        rule = "must build outside of transforms of torch.func and of torch.compile"
        raise must("make", rule, "a call inside of one", "building before")


def _device(device: Any) -> Any:
    found = None if device is None else backend("torch").device(device)
    if found is not None and found.type == "meta":
        hint = "agnostic_init.torch.empty_parameters(), or plan() for what they would be"
        raise must("device", "must have memory, which the meta device has not", device, hint)
    return found


def _dtype(dtype: Any) -> Any:
    if dtype is None:
        return None
    found = backend("torch").dtype(name_of(dtype))
    if not found.is_floating_point:
        raise must("dtype", "must be real and floating-point", dtype, "dtype=torch.bfloat16")
    return found


def _filled(
    model: Module,
    key: Key,
    rules: Any,
    otherwise: str,
    device: Any,
    dtype: Any,
    progress: Progress | None,
) -> Module:
    """Fill what was recorded of a module, and remember what became of each parameter."""
    made = decided(model, key, rules, otherwise)
    fill(model, made, device=device, dtype=dtype, progress=progress)
    _move_buffers(model, device, dtype)
    warn_of_foreign(made)
    _plans[model] = made.plan(key)
    forget(model)
    return model


def _move_buffers(model: Any, device: Any, dtype: Any) -> None:
    """Buffers of the factory belong beside the parameters, and statistics have their dtype."""
    moved: dict[int, Any] = {}
    for module in model.modules():
        for name, buffer in module._buffers.items():
            if buffer is None or buffer.is_meta:
                continue
            own = dtype if is_statistic(module) and buffer.is_floating_point() else None
            if (device or buffer.device, own or buffer.dtype) != (buffer.device, buffer.dtype):
                made = moved.setdefault(id(buffer), buffer.to(device=device, dtype=own))
                module._buffers[name] = made
