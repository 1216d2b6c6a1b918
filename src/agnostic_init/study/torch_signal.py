"""The signal of a module of torch: watched by hooks while it runs, and left as it was."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import torch

from agnostic_init.arrays.errors import Wording, must, must_be_type
from agnostic_init.study.measures import histogram, norm
from agnostic_init.study.pictures import Histogram
from agnostic_init.study.records import Layer, Signal
from agnostic_init.study.torch_hooks import Watch, layer_name, plain
from agnostic_init.study.torch_untouched import untouched
from agnostic_init.study.verdicts import verdicts

__all__ = ["signal_of_module"]

MOST_OUTPUTS, MOST_INPUTS = 256, 16384  # of a Jacobian, which takes a backward pass an output
SHOWN = 6


def signal_of_module(
    model: Any,
    batch: Any,
    key: Any,
    jacobian: bool,
    output: Callable[[Any], Any] | None,
    loss: Callable[[Any], Any] | None,
    progress: Any,
) -> Signal:
    """`signal` of a module of torch."""
    if not isinstance(model, torch.nn.Module):
        raise must_be_type("model", "must be a Stack or a module of torch", model)
    if batch is None:
        raise must("batch", "must be given for a module", batch, "a tensor of its inputs")
    bare = [name for name, each in model.named_parameters() if each.is_meta]
    if bare:
        rule = "must have parameters with values, and these have no memory"
        raise must("model", rule, Wording(", ".join(bare)), "ai.torch.build, or to_empty")
    watch = Watch(progress)
    eager = torch.compiler.set_stance("force_eager")  # compiled, hooks would be cut out of it
    with untouched(model, watch.problems), torch.enable_grad(), eager:
        args, kwargs, first, entering = _inputs(batch)
        if first.is_floating_point():
            watch.see("input", "", entering, {})
        handles = watch.on(model)
        weights = _weights(model)
        singular: tuple[float, ...] = ()
        try:
            result = _result(model, args, kwargs, output, watch)
            for each in handles:
                each.remove()
            if result is not None:
                root = _root(result, key, loss, watch)
                _back(model, first, root, watch)
                if jacobian and loss is None and first.is_floating_point():
                    singular = _jacobian(first, result, watch)
        finally:
            for each in handles:
                each.remove()
    layers = tuple(Layer(**row) for row in watch.rows)
    name = type(getattr(model, "_orig_mod", model)).__name__
    about = {"model": name, "library": "torch", "training": model.training}
    return Signal(
        name,
        layers,
        verdicts(layers, singular),
        tuple(watch.problems),
        singular,
        None,
        weights,
        about,
    )


def _inputs(batch: Any) -> tuple[tuple[Any, ...], dict[str, Any], Any, Any]:
    """Arguments; and the first tensor, apart from the caller's graph, before and as it goes in."""
    args = batch if isinstance(batch, tuple) else () if isinstance(batch, dict) else (batch,)
    kwargs = dict(batch) if isinstance(batch, dict) else {}
    found = [each for each in (*args, *kwargs.values()) if isinstance(each, torch.Tensor)]
    if not found:
        rule = "must be a tensor, or a tuple or a dictionary of arguments with one"
        raise must_be_type("batch", rule, batch)
    first = found[0].detach().clone()
    if first.ndim == 0 or first.numel() == 0:
        raise must("batch", "must have examples along its first axis", tuple(first.shape))
    if first.is_floating_point():
        if not bool(torch.isfinite(first).all()):
            raise must("batch", "must be finite", tuple(first.shape))
        first.requires_grad_()
    entering = first.clone()  # as a module may begin with what is done in place
    args = tuple(entering if each is found[0] else each for each in args)
    kwargs = {name: entering if each is found[0] else each for name, each in kwargs.items()}
    return args, kwargs, first, entering


def _result(
    model: Any,
    args: tuple[Any, ...],
    kwargs: dict[str, Any],
    output: Callable[[Any], Any] | None,
    watch: Watch,
) -> Any:
    """The tensor that a module returns; None, and a problem in words, where there is none."""
    try:
        result = model(*args, **kwargs)
        result = result if output is None else output(result)
    except Exception as error:  # noqa: BLE001  whatever a user's module raises is told
        after = f" after {watch.rows[-1]['name']}" if watch.rows else ""
        watch.problems.append(f"the module failed{after} ({type(error).__name__}: {error})")
        return None
    if isinstance(result, torch.Tensor) and result.is_floating_point():
        return result
    kind = (
        f"a tensor of {result.dtype}"
        if isinstance(result, torch.Tensor)
        else f"a {type(result).__name__}"
    )
    watch.problems.append(
        f"there is no gradient, as the module returns {kind} and not a tensor of floating point; "
        "try: output=lambda result: result[0], or whatever picks the tensor"
    )
    return None


def _root(
    result: Any, key: Any, loss: Callable[[Any], Any] | None, watch: Watch
) -> tuple[Any, Any] | None:
    """What is differentiated, and the gradient it is given."""
    if loss is not None:
        try:
            value = loss(result)
            if not isinstance(value, torch.Tensor) or value.numel() != 1:
                watch.problems.append("there is no gradient, as `loss` does not return a number")
                return None
        except Exception as error:  # noqa: BLE001
            watch.problems.append(f"`loss` failed ({type(error).__name__}: {error})")
            return None
        return value, torch.ones_like(value)
    from agnostic_init.bits.key import key as make_key
    from agnostic_init.draws.functions import normal

    # Of no weight, and the same every time: so a key is not asked for.
    of = make_key(0 if key is None else key).fold_in("gradient")
    dtype = result.dtype if result.dtype.itemsize >= 4 else torch.float32
    made = normal(tuple(result.shape), key=of, xp=torch, dtype=dtype, device=result.device)
    return result, made.to(result.dtype)


def _back(model: Any, first: Any, root: tuple[Any, Any] | None, watch: Watch) -> None:
    """Measure gradients; hooks see those of layers."""
    if root is None:
        return
    named = [(name, each) for name, each in model.named_parameters() if each.requires_grad]
    wanted = [each for _, each in named] + [first] * first.requires_grad
    if not wanted or not root[0].requires_grad:
        watch.problems.append("there is no gradient, as nothing in the module takes one")
        return
    try:
        found = torch.autograd.grad(
            root[0], wanted, root[1], allow_unused=True, retain_graph=True, materialize_grads=False
        )
    except Exception as error:  # noqa: BLE001
        watch.problems.append(f"the backward pass failed ({type(error).__name__}: {error})")
        return
    for row, rms in watch.gradients.items():
        if math.isfinite(rms):
            watch.rows[row]["gradient"] = rms
        elif not any("gradient at" in each for each in watch.problems):
            watch.problems.append(f"the gradient at {watch.rows[row]['name']} is not finite")
    last = {row["name"]: row for row in watch.rows}
    for (name, _), each in zip(named, found, strict=False):
        owner = layer_name(name.rpartition(".")[0]) or "the module"
        if each is not None and owner in last and not each.is_sparse:
            before = last[owner].get("weight_gradient") or 0.0
            last[owner]["weight_gradient"] = math.hypot(before, norm(plain(each)))


def _jacobian(first: Any, result: Any, watch: Watch) -> tuple[float, ...]:
    rows = result[0].reshape(-1) if result.ndim > 1 else result[:1]
    inputs = first[0].numel()
    if len(result) != len(first) or rows.numel() > MOST_OUTPUTS or inputs > MOST_INPUTS:
        watch.problems.append(
            f"the Jacobian of {rows.numel():,} outputs by {inputs:,} inputs is not computed; at "
            f"most {MOST_OUTPUTS} by {MOST_INPUTS:,} is, of a result that begins with the examples"
        )
        return ()
    if not rows.requires_grad:
        return ()
    found = []
    for each in rows:
        (g,) = torch.autograd.grad(each, first, retain_graph=True, allow_unused=True)
        if g is None:
            return ()
        found.append(plain(g[0]).reshape(-1))
    matrix = torch.stack(found)
    if not bool(torch.isfinite(matrix).all()):
        return ()
    values = torch.linalg.svdvals(matrix.double()).cpu()
    rounding = torch.finfo(first.dtype).eps * max(matrix.shape) * values[0]
    return tuple(float(each) * bool(each > rounding) for each in values)


def _weights(model: Any) -> tuple[Histogram, ...]:
    """Histograms of some of the weights, which are parameters of two axes or more."""
    named = [(n, p) for n, p in model.named_parameters() if p.ndim > 1 and p.is_floating_point()]
    number = min(SHOWN, len(named))
    shown = sorted({round(i * (len(named) - 1) / max(number - 1, 1)) for i in range(number)})
    found = [histogram(named[i][0], plain(named[i][1].detach())) for i in shown]
    return tuple(each for each in found if each is not None)
