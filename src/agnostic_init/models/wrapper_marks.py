"""Names that have those of torch's wrappers in them, which no key should be made of."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from agnostic_init.arrays.errors import must

__all__ = ["check_unwrapped"]

#: Parts of names that wrappers alone have.
PARTS = (
    "_orig_mod",
    "_checkpoint_wrapped_module",
    "_fsdp_wrapped_module",
    "_forward_module",
    "_original_module",
)
REMEDY = "fill_tree(model, ...) or `module=model` beside the names; or the names without it"


def check_unwrapped(named: Mapping[str, Any], parameter: str) -> None:
    """Raise if names hold what a wrapper of torch puts into them.

    A bare model would get other values from the same key. Without the module only the text tells:
    parts that nobody else has; ``module.`` before all names of torch's tensors; ``base_model.model.``
    before all; ``base_layer.`` beside ``lora_``; and the originals of parametrizations.
    """
    try:
        text = "\n".join(named)
    except TypeError:  # a name that is no string is found out elsewhere
        return
    found = _part(text, named) or _prefix(named)
    if found is not None:
        mark, name = found
        rule = f"must have names without {mark!r}, which a wrapper adds, so that keys change"
        raise must(parameter, rule, name, REMEDY)


def _part(text: str, names: Mapping[str, Any]) -> tuple[str, str] | None:
    for part in PARTS:
        if part in text:
            for name in names:
                if part in name.split("."):
                    return f"{part}.", name
    if "parametrizations." in text and ".original" in text:
        for name in names:
            parts = name.split(".")
            if "parametrizations" in parts[:-2] and parts[-1].rstrip("0123456789") == "original":
                return "parametrizations.", name
    if ".base_layer." in text and ".lora_" in text:
        adapted = {name.partition(".lora_")[0] for name in names if ".lora_" in name}
        for name in names:
            if name.rpartition(".base_layer.")[0] in adapted and ".base_layer." in name:
                return "base_layer.", name
    return None


def _prefix(named: Mapping[str, Any]) -> tuple[str, str] | None:
    first = next(iter(named), "")
    for prefix in ("base_model.model.", "module."):
        if first.startswith(prefix) and all(name.startswith(prefix) for name in named):
            torchs = type(named[first]).__module__.partition(".")[0] == "torch"
            if torchs or prefix != "module.":
                return prefix, first
    return None
