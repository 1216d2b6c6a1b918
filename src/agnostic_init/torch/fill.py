"""Giving the tensors of a recorded module memory and values."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

import torch

from agnostic_init.arrays.errors import must, must_be_type, within
from agnostic_init.arrays.libraries.torch_shards import is_sharded
from agnostic_init.arrays.libraries.torch_tracing import default_device
from agnostic_init.arrays.libraries.torch_writable import ZERO_3
from agnostic_init.arrays.memory import overlaps
from agnostic_init.arrays.target import backend
from agnostic_init.bits.key import Key
from agnostic_init.models.entry import Entry
from agnostic_init.models.making import fill_entries
from agnostic_init.models.progress import Progress, Report
from agnostic_init.models.rules import Rule
from agnostic_init.torch.choosing import chosen
from agnostic_init.torch.described import Content, content_of
from agnostic_init.torch.keys import sources_of
from agnostic_init.torch.plan import Plan, Row
from agnostic_init.torch.record import Item, items_of
from agnostic_init.torch.replay import Source, computed
from agnostic_init.torch.states import Value
from agnostic_init.torch.tensors import plain, swap

__all__ = ["OTHERWISE", "Made", "computed_values", "decided", "dtype_of", "fill", "is_statistic"]

SHOWN = 8
OTHERWISE = ("own", "error")


class Made(NamedTuple):
    """What was decided of a module.

    Attributes
    ----------
    items, contents
        Its tensors, and how each gets its values.
    sources
        What each draw is made with.
    """

    items: list[Item]
    contents: list[Content]
    sources: Mapping[Any, Source]

    def plan(self, key: Key | None) -> Plan:
        """What a user sees of it."""
        pairs = zip(self.items, self.contents, strict=True)
        return Plan(key, tuple(Row.of(item, content) for item, content in pairs))


def decided(model: Any, key: Key, rules: Any, otherwise: str) -> Made:
    """Decide how every tensor gets its values; raise if one could not have any."""
    items = items_of(model)
    for item in items:
        if item.kind == "parameter":
            _check_kind(item)
    choices = chosen(items, rules)
    sources = sources_of(items, key, {name: each.initializer for name, each in choices.items()})
    contents = [content_of(item, choices.get(item.name), sources, key) for item in items]
    _check_all(items, contents, otherwise)
    _check_storages(items)
    return Made(items, contents, sources)


def fill(
    model: Any, made: Made, *, device: Any, dtype: Any, progress: Progress | None = None
) -> None:
    """Make memory, fill it, and then give it to the tensors of the module."""
    library = backend("torch")
    wanted = [
        (item, content)
        for item, content in zip(made.items, made.contents, strict=True)
        if content.source != "left alone"
    ]
    dtypes = [dtype_of(item, content, dtype) for item, content in wanted]
    entries = []
    for (item, content), own in zip(wanted, dtypes, strict=True):
        init = content.initializer
        rule = Rule(item.name, "zeros" if init is None else init)
        shape, name = tuple(item.tensor.shape), library.dtype_name(own)
        if init is not None:
            with within(f"parameter {item.name!r}"):
                init.check(shape, name)
        key = content.key if content.key is not None else Key(0, 0)
        entries.append(Entry(item.name, shape, name, rule, key))
    outs = _memory(wanted, dtypes, device)
    drawn = [n for n, (_, content) in enumerate(wanted) if content.initializer is not None]
    batch = [outs[n] for n in drawn]
    told = [entries[n] for n in drawn]
    fill_entries(
        told,
        batch,
        [library] * len(batch),
        [library.host_memory(out) for out in batch],
        Report(told, progress),
    )
    for n, (item, content) in enumerate(wanted):
        if content.initializer is None:
            with within(f"parameter {item.name!r}"):
                _compute(item, outs[n], made.sources)
    _give(model, [item for item, _ in wanted], outs)


def _check_kind(item: Item) -> None:
    tensor = item.tensor
    place = f"parameter {item.name!r}"
    if torch.nn.parameter.is_lazy(tensor):
        rule = "must make parameters that have a shape, and this one waits for a first call"
        hint = "calling the module once in the factory, or giving its sizes"
        raise must("make", f"{rule} (of {place})", type(item.module), hint)
    if getattr(tensor, "ds_shape", None) is not None:
        rule = f"must make parameters that are whole (not so {place}, which {ZERO_3.reason})"
        raise must("make", rule, tuple(tensor.shape), "building outside of deepspeed.zero.Init()")
    if not plain(tensor) and not is_sharded(tensor):
        rule = f"must make parameters of torch's own kind, with strides ({place} {_kind(tensor)})"
        hint = "having it quantized, sparse or nested when it is built"
        raise must_be_type("make", rule, type(tensor), hint)


def _kind(tensor: Any) -> str:
    if tensor.is_nested:
        return "is nested"
    if tensor.is_quantized:
        return "is quantized"
    plainly = tensor.layout is torch.strided
    return "is of another class" if plainly else f"has the layout {tensor.layout}"


def _check_all(items: Sequence[Item], contents: Sequence[Content], otherwise: str) -> None:
    pairs = list(zip(items, contents, strict=True))
    missing = [item.name for item, content in pairs if content.source == "never written"]
    if missing:
        rule = f"must write every tensor, and leaves {len(missing)} as memory was"
        raise must("make", rule, _listed(missing), f"rules={{{missing[0]!r}: 'zeros'}}")
    unknown = [item.name for item, content in pairs if content.source == "unknown"]
    if unknown:
        rule = f"must have tensors with values, or recorded ones, and {len(unknown)} have neither"
        hint = "building it inside of empty_parameters(), or rules for them"
        raise must("model", rule, _listed(unknown), hint)
    for item, content in pairs:
        tensor = item.tensor
        drawn = content.initializer is not None and content.source == "rule"
        if drawn and plain(tensor) and overlaps(tuple(tensor.shape), tensor.stride()):
            rule = f"must leave {item.name!r} to its authors' code, as it is expanded"
            raise must("rules", rule, str(content.initializer), "a rule that excludes it")
    own = [item.name for item, content in pairs if content.source == "own code"]
    if own and otherwise == "error":
        rule = f"must be 'own' where parameters are computed by their own code, as {len(own)} are"
        raise must("otherwise", f"{rule}: {', '.join(own[:SHOWN])}", otherwise, "rules for them")


def _check_storages(items: Sequence[Item]) -> None:
    seen: dict[Any, Item] = {}
    for item in items:
        if item.record is None or item.kind != "parameter":
            continue
        held, own = item.record.view
        other = seen.setdefault(held, item)
        assert other.record is not None
        first = other.record.view.geometry
        if first.dtype != own.dtype:
            rule = f"must give memory one dtype, and {other.name!r} and {item.name!r} share theirs"
            raise must("make", rule, (str(first.dtype), str(own.dtype)))


def _listed(names: Sequence[str]) -> list[str]:
    rest = len(names) - SHOWN
    return [*names[:SHOWN], *([f"and {rest} more"] if rest > 0 else [])]


def dtype_of(item: Item, content: Content, dtype: Any) -> Any:
    """The dtype that a tensor gets, where floating-point parameters are to have `dtype`."""
    own = item.tensor.dtype
    if content.dtype is not None:
        return backend("torch").dtype(content.dtype)
    if dtype is None or not own.is_floating_point:
        return own
    return dtype if item.kind == "parameter" or is_statistic(item.module) else own


def is_statistic(module: Any) -> bool:
    """Whether the buffers of a module have the dtype of its parameters."""
    return isinstance(module, torch.nn.modules.batchnorm._NormBase)


def _memory(
    wanted: Sequence[tuple[Item, Content]], dtypes: Sequence[Any], device: Any
) -> list[Any]:
    """Memory for each; that of one storage is one again."""
    home = "cpu" if default_device().type == "meta" else None
    outs = []
    shared: dict[Any, Any] = {}
    for (item, _), dtype in zip(wanted, dtypes, strict=True):
        tensor, record = item.tensor, item.record
        if not plain(tensor):
            outs.append(torch.empty_like(tensor, dtype=dtype, device=device or "cpu"))
            continue
        held = None if record is None else record.view.held
        place = device or (held.device if held is not None and held.device.type != "meta" else home)
        shape, strides = tuple(tensor.shape), tuple(tensor.stride())
        if held is None or not tensor.numel():
            outs.append(torch.empty_strided(shape, strides, dtype=dtype, device=place))
            continue
        offset = tensor.storage_offset()
        if (held, dtype) not in shared:
            size = None
            if offset or held.geometry.size != tensor.numel():
                size = held.size * held.geometry.dtype.itemsize // tensor.dtype.itemsize
            shared[held, dtype] = (
                torch.empty_strided(shape, strides, dtype=dtype, device=place)
                if size is None
                else torch.empty(size, dtype=dtype, device=place)
            )
        outs.append(shared[held, dtype].as_strided(shape, strides, offset))
    return outs


def computed_values(item: Item, sources: Mapping[Any, Source]) -> Any:
    """What the factory's own code makes of its own draws."""
    record = item.record
    assert record is not None
    if isinstance(record.state, Value):
        return record.state.captured.tensor
    mine = {n: source for (owner, n), source in sources.items() if owner is record.recorder}
    return computed(record.view, record.recorder.nodes, mine)


def _compute(item: Item, out: Any, sources: Mapping[Any, Source]) -> None:
    """Write it."""
    values = computed_values(item, sources)
    with torch.no_grad():
        for view, index in backend("torch").parts(out):
            part = values if index is None else values[index]
            once = tuple(slice(None if step else 1) for step in view.stride())  # if expanded
            view[once].copy_(part[once])


def _give(model: Any, items: Sequence[Item], outs: Sequence[Any]) -> None:
    """Let the tensors of the module have the memory that was made for them."""
    sharded: dict[int, Any] = {}
    with torch.no_grad():
        for item, out in zip(items, outs, strict=True):
            if not plain(item.tensor):
                sharded[id(item.tensor)] = out
                continue
            try:
                swap(item.tensor, out)
                _hook(item.tensor)
            except RuntimeError:  # something else holds on to it, as a graph of autograd does
                _replace(model, item.tensor, out)
        if sharded:
            model._apply(lambda tensor: sharded.get(id(tensor), tensor))


def _hook(tensor: Any) -> None:
    """Tell new memory of the hooks that the factory registered, which the tensor itself still has."""
    for name in ("_backward_hooks", "_post_accumulate_grad_hooks"):
        if hooks := getattr(tensor, name):
            setattr(tensor, name, hooks)


def _replace(model: Any, old: Any, new: Any) -> None:
    """Put another tensor wherever a module has this one, with its class and attributes."""
    if isinstance(old, torch.nn.Parameter):
        new = torch.Tensor._make_subclass(type(old), new, old.requires_grad)
    vars(new).update(vars(old))
    for module in model.modules():
        for names in (module._parameters, module._buffers, vars(module)):
            for name, tensor in names.items():
                if tensor is old:
                    names[name] = new
