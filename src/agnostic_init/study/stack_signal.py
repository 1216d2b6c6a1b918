"""The signal of a stack: made, sent through it and back, and put beside theory."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from agnostic_init.arrays.errors import must, must_be_type
from agnostic_init.arrays.numbers import positive_integer
from agnostic_init.arrays.target import Target, library_of, resolve
from agnostic_init.bits.key import Key
from agnostic_init.bits.key import key as make_key
from agnostic_init.study.mean_field import sigmas, why_not
from agnostic_init.study.measures import histogram, size
from agnostic_init.study.network import Block
from agnostic_init.study.pictures import Histogram
from agnostic_init.study.records import Layer, Signal
from agnostic_init.study.stack import Stack
from agnostic_init.study.stack_run import Run
from agnostic_init.study.theory import phase
from agnostic_init.study.verdicts import verdicts

__all__ = ["signal_of_stack"]

DTYPES = ("float32", "float64")
SHOWN = 6  # layers whose weights are shown


def signal_of_stack(
    stack: Stack,
    batch: Any,
    key: Any,
    where: tuple[Any, Any, Any, Any],
    examples: int,
    jacobian: bool,
    progress: Callable[[str, int, int], object] | None,
) -> Signal:
    """`signal` of a stack; `where` is like, xp, dtype and device."""
    if key is None:
        raise must("key", "must be given for a stack, whose weights are made", key, "key=0")
    made_key = make_key(key)
    target, x = _input(stack, batch, made_key, where, examples)
    run = Run(stack, target, progress)
    library = target.library
    exact = library.full_precision(target.device)
    with library.on(target.device), exact, np.errstate(all="ignore"):
        end = run.forward(x, made_key.fold_in("weights"))
        if end is not None:
            run.back(_normal(tuple(end.shape), made_key.fold_in("gradient"), target))
            if jacobian:
                run.jacobian(tuple(end.shape[1:]))
        run.theory(x.shape[0])
        weights = _weights(run.blocks)
    layers = tuple(Layer(**row) for row in run.rows)
    why = why_not(stack)
    of_plain = None if why else sigmas(stack)
    return Signal(
        stack.name,
        layers,
        verdicts(layers, run.singular_values),
        tuple(run.problems),
        run.singular_values,
        None if of_plain is None else phase(stack.function, *of_plain),
        weights,
        {
            "stack": stack.to_dict(),
            "library": target.library.name,
            "dtype": target.dtype,
            "examples": x.shape[0],
            "sigmas": None if of_plain is None else list(of_plain),
            "no theory": why,
        },
    )


def _input(
    stack: Stack,
    batch: Any,
    key: Key,
    where: tuple[Any, Any, Any, Any],
    examples: int,
) -> tuple[Target, Any]:
    like, xp, dtype, device = where
    inner = (*stack.grid, stack.widths[0]) if stack.is_spatial else (stack.widths[0],)
    if batch is None:
        target = resolve(like, xp, dtype, device)
        _check_dtype(target.dtype)
        shape = (positive_integer("examples", examples), *inner)
        return target, _normal(shape, key.fold_in("input"), target)
    library = library_of(batch)
    found = library.dtype_name(batch.dtype)
    _check_dtype(found)
    if like is not None or xp is not None or dtype is not None or device is not None:
        rule = "must not be given with like, xp, dtype or device, as it has its own"
        raise must_be_type("batch", rule, batch)
    shape = tuple(batch.shape)
    axes = ", ".join(map(str, inner if not stack.is_spatial else ("height", "width", inner[-1])))
    if len(shape) != len(inner) + 1 or shape[-1] != inner[-1] or 0 in shape:
        raise must("batch", f"must have the shape (examples, {axes})", shape)
    if not size(batch).is_finite:
        raise must("batch", "must be finite", batch)
    return Target(library, found, library.device_of(batch), batch), batch


def _check_dtype(name: str) -> None:
    if name not in DTYPES:
        raise must("dtype", f"must be one of {', '.join(DTYPES)}", name)


def _normal(shape: tuple[int, ...], key: Key, target: Target) -> Any:
    from agnostic_init.draws.functions import normal

    if target.like is not None:
        return normal(shape, key=key, like=target.like, dtype=target.dtype, device=target.device)
    xp = target.library.xp
    return normal(shape, key=key, xp=xp, dtype=target.dtype, device=target.device)


def _weights(blocks: list[Block]) -> tuple[Histogram, ...]:
    number = min(SHOWN, len(blocks))
    shown = sorted({round(i * (len(blocks) - 1) / max(number - 1, 1)) for i in range(number)})
    found = [histogram(f"layer {i + 1}", blocks[i].weights[0]) for i in shown]
    return tuple(each for each in found if each is not None)
