"""What a factory of a module would fill, as a plan that can be written without building it."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from agnostic_init.arrays.dtype_names import name_of
from agnostic_init.arrays.errors import within
from agnostic_init.arrays.target import backend
from agnostic_init.bits.key import key as make_key
from agnostic_init.checkpoint.statistics import decoder
from agnostic_init.initializers.base import Initializer
from agnostic_init.initializers.constant import constant, zeros
from agnostic_init.initializers.parts import constant_rows
from agnostic_init.models.entry import Entry
from agnostic_init.models.plan import Plan
from agnostic_init.models.rules import Rule
from agnostic_init.models.torch_names import named_tensors
from agnostic_init.torch.build import recorded
from agnostic_init.torch.described import Content
from agnostic_init.torch.fill import Made, computed_values, decided, dtype_of
from agnostic_init.torch.foreign import warn_of_foreign
from agnostic_init.torch.patchwork import patchwork

__all__ = ["as_plan"]


def as_plan(make: Callable[[], Any], *, key: Any, rules: Any = None, dtype: Any = None) -> Plan:
    r"""The plan of what `build` would build, for `checkpoint.write`: nothing of it is given memory.

    It has the tensors that the state dict has, by the names there, and each once: a tied one by the
    first of its names.
    What the authors' code computes, as sinusoids, is computed here and held as a constant, and so
    are the persistent buffers.

    Parameters
    ----------
    make, key, rules
        As of `build`.
    dtype
        Of floating-point parameters; None for what the factory says.

    Returns
    -------
    Plan
        As of `init_tree`, whose rules have names in which ``\d+`` stands for the numbers of layers.

    Raises
    ------
    ParameterError, ParameterTypeError
        As of `build`.

    Examples
    --------
    >>> import torch
    >>> import agnostic_init as ai
    >>> make = lambda: torch.nn.Sequential(torch.nn.Linear(3, 2), torch.nn.BatchNorm1d(2))
    >>> plan = ai.torch.as_plan(make, key=0)
    >>> print(plan)
    name                   shape   dtype    elements  bytes ...
    0.weight               [2, 3]  float32         6     24 ...
    ...
    >>> bool(
    ...     (
    ...         plan.make()["0.weight"] == ai.torch.build(make, key=0)[0].weight.detach().numpy()
    ...     ).all()
    ... )
    True
    """
    stream = make_key(key)
    form = None if dtype is None else backend("torch").dtype(name_of(dtype))
    model = recorded(make, stream, rules)
    made = decided(model, stream, rules, "own")
    warn_of_foreign(made)
    found = _tensors(model, made, form)
    shared = _rules([(name, init) for name, _, _, init, _ in found])
    entries = []
    for name, shape, own, init, content in found:
        rule = shared[name]
        if content is not None and content.source == "rule" and _is_pattern(content.rule, name):
            rule = Rule(content.rule, init, content.dtype)
        with within(f"parameter {name!r}"):
            init.check(shape, own)
        own_key = None if content is None else content.key
        entries.append(Entry(name, shape, own, rule, own_key or stream.fold_in(name)))
    return Plan(stream, tuple(_with_shared_rules(entries)))


def _tensors(
    model: Any, made: Made, dtype: Any
) -> list[tuple[str, tuple[int, ...], str, Initializer, Content | None]]:
    library = backend("torch")
    pairs = zip(made.items, made.contents, strict=True)
    decided_of = {item.name: (item, content) for item, content in pairs}
    spelt = {id(each): name for name, each in (*model.named_buffers(), *model.named_parameters())}
    found = []
    for name, tensor, module, attribute in named_tensors(model, buffers=True):
        if attribute in getattr(module, "_non_persistent_buffers_set", ()):
            continue
        shape, content, own = tuple(tensor.shape), None, tensor.dtype
        init: Initializer | None = None
        if name in decided_of:
            item, content = decided_of[name]
            init, own = content.initializer, dtype_of(item, content, dtype)
            if init is None and content.source == "own code":
                init = _constant(computed_values(item, made.sources), own)
        if init is None:
            init = _constant(tensor.detach(), own)
        found.append((spelt[id(tensor)], shape, library.dtype_name(own), _simpler(init), content))
    return found


def _constant(values: Any, dtype: Any) -> Initializer:
    """What has these values, rounded as torch rounds them."""
    cast = values.to(dtype)
    library = backend("torch")
    name = library.dtype_name(cast.dtype)
    stored = np.ascontiguousarray(library.to_host(cast.contiguous()))
    numbers = np.asarray(decoder(name)(stored.reshape(-1))).reshape(stored.shape)
    if numbers.size and (numbers == numbers.flat[0]).all():
        first = numbers.flat[0].item()
        return zeros() if first == 0 and not np.signbit(np.real(first)) else constant(first)
    return constant(numbers) if numbers.size else zeros()


def _simpler(init: Initializer) -> Initializer:
    """Rows that are one number, as of padding, in the words that a file can say."""
    if not isinstance(init, patchwork) or init.base is None or init.keys is not None:
        return init
    made = init.base
    for place, each in init.parts:
        value = 0.0 if isinstance(each, zeros) else getattr(each, "value", None)
        if not isinstance(value, int | float) or not isinstance(each, zeros | constant):
            return init
        if not place or any(start or step != 1 for start, _, step in place[1:]):
            return init
        made = constant_rows(made, range(*place[0]), float(value))
    return made


def _rules(found: Sequence[tuple[str, Initializer]]) -> dict[str, Rule]:
    """Rules that several layers share, where all that their pattern is for begin alike."""
    alike: dict[str, list[tuple[str, Initializer]]] = {}
    for name, init in found:
        alike.setdefault(_pattern(name), []).append((name, init))
    rules: dict[str, Rule] = {}
    for pattern, pairs in alike.items():
        first = pairs[0][1]
        if len(pairs) > 1 and all(init == first for _, init in pairs):
            rules |= dict.fromkeys((name for name, _ in pairs), Rule(f"re:{pattern}", first))
        else:
            rules |= {name: Rule(name, init) for name, init in pairs}
    return rules


def _pattern(name: str) -> str:
    """The names that differ from this one in numbers alone, as those of layers."""
    parts = name.split(".")
    return r"\.".join(r"\d+" if part.isdecimal() else re.escape(part) for part in parts)


def _is_pattern(text: str, name: str) -> bool:
    return bool(text) and Rule(text, "zeros").matches(name)


def _with_shared_rules(entries: Sequence[Entry]) -> list[Entry]:
    """The same, in which equal rules are one."""
    known: dict[Rule, Rule] = {}
    return [entry._replace(rule=known.setdefault(entry.rule, entry.rule)) for entry in entries]
