"""Whole models by name: made new, or filled where they stand."""

from __future__ import annotations

import sys
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any, Literal, TypeVar, overload

from agnostic_init.arrays.errors import must
from agnostic_init.arrays.untraced import untraced
from agnostic_init.bits.key import Key
from agnostic_init.bits.key import key as make_key
from agnostic_init.models.at_once import fill_at_once
from agnostic_init.models.wrapper_marks import check_unwrapped

if TYPE_CHECKING:
    from agnostic_init.models.plan import Plan
    from agnostic_init.models.progress import Progress

__all__ = ["fill_tree", "init_tree", "plan_tree"]

Arrays = TypeVar("Arrays")
CONTAINERS = frozenset((dict, list, tuple))
FSDP_2 = "torch.distributed.fsdp._fully_shard"


@overload
def init_tree(
    specs: Any,
    rules: Any,
    *,
    key: Any,
    like: Any = None,
    xp: Any = None,
    dtype: Any = None,
    device: Any = None,
    chunks: Any = None,
    dry_run: Literal[False] = False,
    progress: Progress | None = None,
) -> dict[str, Any]: ...


@overload
def init_tree(
    specs: Any,
    rules: Any,
    *,
    key: Any,
    like: Any = None,
    xp: Any = None,
    dtype: Any = None,
    device: Any = None,
    chunks: Any = None,
    dry_run: Literal[True],
    progress: Progress | None = None,
) -> Plan: ...


@overload
def init_tree(
    specs: Any,
    rules: Any,
    *,
    key: Any,
    like: Any = None,
    xp: Any = None,
    dtype: Any = None,
    device: Any = None,
    chunks: Any = None,
    dry_run: bool,
    progress: Progress | None = None,
) -> dict[str, Any] | Plan: ...


@untraced
def init_tree(
    specs: Any,
    rules: Any,
    *,
    key: Any,
    like: Any = None,
    xp: Any = None,
    dtype: Any = None,
    device: Any = None,
    chunks: Any = None,
    dry_run: bool = False,
    progress: Progress | None = None,
) -> dict[str, Any] | Plan:
    """Make all parameters of a model: ``{name: shape}`` and rules -> ``{name: array}``.

    Parameters
    ----------
    specs
        A mapping, or pairs, of names to shapes, to pairs (shape, dtype), to `Spec` values, or to
        arrays, whose shape and dtype are taken and, where neither `like` nor `xp` is given, their
        library and device too. A `jax.ShapeDtypeStruct`, with its sharding, is as good as an array;
        of a `Sharded` a new one is made that has its place.
        Or a tree of these: dictionaries, lists and tuples in each other, and what JAX knows as a
        tree, such as parameters and states of Flax and modules of Equinox. A leaf's name is its
        path, joined by dots.
    rules
        Pairs (pattern, initializer), a mapping of such pairs, or `Rule` values. The first rule
        that matches a name is the one. Patterns are globs in which ``*`` matches dots as well, or
        regular expressions of whole names: ``"re:..."`` or compiled. An initializer may be given
        by name, or as a dictionary.
    key
        Anything that `agnostic_init.key` takes. Each parameter gets ``key.fold_in(name)``, so that
        one more parameter, or another order, changes no other.
    like, xp, device
        The array library and the device; NumPy where nothing is given. Parameters whose shape the
        sharding of a JAX array as `like` does not fit are whole on all of its devices.
    dtype
        Of the parameters whose own spec and whose rule name none. Where it is None too, that of an
        array as spec, of `like`, or the library's default.
    chunks
        Of arrays of Dask's: what Dask takes for all of them, or a mapping of names to that.
    dry_run
        Return the plan and make nothing.
    progress
        Called after each parameter with its name, the bytes so far, and the bytes in all. An error
        that it raises ends the work: what `fill_tree` has written by then stays, and a note of the
        error says how much that is.

    Returns
    -------
    dict, tree or Plan
        The arrays by name, in the order of the specs; of a tree, the same of arrays.

    Raises
    ------
    ParameterError, ParameterTypeError
        If a parameter has no rule or a rule no parameter, or an initializer cannot make a shape or
        dtype. All of this is checked before anything is made.

    Examples
    --------
    >>> import agnostic_init as ai
    >>> specs = {"dense.weight": (2, 3), "dense.bias": 3}
    >>> rules = [("*.bias", ai.zeros()), ("*", ai.normal(std=0.02))]
    >>> weights = ai.init_tree(specs, rules, key=0)
    >>> weights["dense.bias"]
    array([0., 0., 0.], dtype=float32)
    >>> print(ai.init_tree(specs, rules, key=0, dry_run=True))
    name          shape   dtype    elements  bytes  mean   std  initializer ...
    dense.weight  [2, 3]  float32         6     24     0  0.02  normal(mean=0.0, std=0.02)  *
    dense.bias    [3]     float32         3     12     0     0  zeros()                     *.bias
    2 parameters                          9     36
    """
    from agnostic_init.arrays.target import resolve
    from agnostic_init.models.nested import tree_of
    from agnostic_init.models.parts import check_no_parts
    from agnostic_init.models.specs import specs_of

    tree = tree_of(specs)
    parameters = specs_of(specs if tree is None else tree.leaves)
    default = resolve(like, xp, None, device).dtype if dtype is None else dtype
    explicit = dtype is not None or like is not None
    plan = plan_tree(parameters, rules, key=key, dtype=default, explicit=explicit)
    if dry_run:
        return plan
    own = {each.name: each.array for each in parameters}
    if like is None and xp is None:
        like = own
    else:
        check_no_parts(own)
    made = plan.make(like=like, xp=xp, device=device, chunks=chunks, progress=progress)
    return made if tree is None else tree.rebuilt(made)


@untraced
def fill_tree(
    arrays: Arrays,
    rules: Any,
    *,
    key: Any,
    module: Any = None,
    names: Any = None,
    unused: str = "error",
    progress: Progress | None = None,
) -> Arrays:
    """Write all parameters of a model in place, in the dtypes that they have.

    Everything is checked before the first array is written, so that a wrong rule, a read-only
    array or arrays that overlap leave all of them as they were.

    Parameters
    ----------
    arrays
        A mapping of names to arrays that can be written, a tree of them, or pairs. An array that is a part
        of its parameter is given as `Sharded`. Or a module of torch,
        whose parameters are filled, by names in which no wrapper shows: a model in `torch.compile`,
        data parallelism, FSDP or activation checkpointing gets the values that it gets without.
        A weight under a parametrization is filled by the name of the weight, and the tensors that
        it is computed of are computed of that.
    rules, key, progress
        As of `init_tree`.
    module
        The module of torch whose parameters or state dict `arrays` holds: their names are then
        those that they have without wrappers.
    names
        All names of the model, where this process has some of the arrays, as in a pipeline: rules
        are checked by them, and those that no array here needs are no error.
    unused
        "ignore" if rules may be there that no parameter needs.

    Returns
    -------
    mapping or module
        `arrays`; of pairs, a dictionary.

    Raises
    ------
    ParameterError, ParameterTypeError
        As of `init_tree`; if an array would not keep what is written; or if names hold what a
        wrapper of torch adds to them, and the module is not given.

    Examples
    --------
    >>> import agnostic_init as ai
    >>> import numpy as np
    >>> weights = {"weight": np.empty((2, 2)), "bias": np.empty(2)}
    >>> ai.fill_tree(weights, {"bias": "zeros", "*": "ones"}, key=0)
    {'weight': array([[1., 1.],
           [1., 1.]]), 'bias': array([0., 0.])}
    """
    some = names is not None or unused != "error"
    result, named, finish = _given(arrays, module)
    if some:
        from agnostic_init.models.needed import needed
        from agnostic_init.models.rules import rules_of

        rules = needed(list(named), rules_of(rules), names, unused)
    if not named:
        if some:  # a process without parameters
            return result  # type: ignore[no-any-return]
        raise must("specs", "must not be empty", {})
    if FSDP_2 in sys.modules:
        from agnostic_init.models.torch_fsdp import check_kept

        check_kept(named)
    own, outs = list(named), list(named.values())
    stream = make_key(key)
    if progress is not None or not fill_at_once(own, outs, rules, stream):
        # Imported where it is needed: the first fill of a process is over sooner.
        from agnostic_init.models.filling import fill

        fill(own, outs, rules, stream, progress)
    if finish is not None:
        finish(stream)
    filled: Arrays = result
    return filled


def _given(arrays: Any, module: Any) -> tuple[Any, Mapping[str, Any], Callable[[Key], None] | None]:
    """What is returned, the arrays by name, and what is to be done after they are filled."""
    if (
        module is None
        and isinstance(arrays, Mapping)
        and CONTAINERS.isdisjoint(map(type, arrays.values()))
    ):
        check_unwrapped(arrays, "arrays")
        return arrays, arrays, None
    from agnostic_init.models.given import given

    return given(arrays, module)


def plan_tree(
    specs: Any, rules: Any, *, key: Any, dtype: Any = None, explicit: bool = False
) -> Plan:
    """Decide what every parameter will be; no array library is asked, nothing is made.

    Parameters
    ----------
    specs, rules, key
        As of `init_tree`.
    dtype
        Of the parameters that nothing else gives a dtype; float32 where it is None.
    explicit
        Whether `dtype` goes before that of an array as spec.
    """
    # Imported when a plan is wanted: the first fill of a process goes without.
    from agnostic_init.arrays.dtype_names import name_of
    from agnostic_init.models.entries import entries_of
    from agnostic_init.models.nested import tree_of
    from agnostic_init.models.parameter import Parameter
    from agnostic_init.models.plan import Plan
    from agnostic_init.models.specs import specs_of

    parsed = isinstance(specs, tuple) and all(isinstance(each, Parameter) for each in specs)
    tree = None if parsed else tree_of(specs)
    parameters = specs if parsed else specs_of(specs if tree is None else tree.leaves)
    check_unwrapped({each.name: each.array for each in parameters}, "specs")
    default = "float32" if dtype is None else name_of(dtype)
    stream = make_key(key)
    return Plan(stream, tuple(entries_of(parameters, rules, stream, default, explicit)))
