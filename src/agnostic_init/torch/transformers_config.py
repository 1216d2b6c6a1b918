"""The plan of a model of transformers, of the configuration that stands beside its weights."""

from __future__ import annotations

import difflib
import json
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from agnostic_init.arrays.errors import (
    ParameterError,
    ParameterTypeError,
    must,
    must_be_type,
    not_imported,
    within,
)
from agnostic_init.models.plan import Plan
from agnostic_init.torch.planned import as_plan

__all__ = ["NAME", "plan_of_config"]

NAME = "config.json"
LARGEST = 1 << 24  # bytes


def plan_of_config(
    path: str | os.PathLike[str], *, key: Any, rules: Any = None, dtype: Any = None
) -> Plan:
    """The plan of the model of transformers that a ``config.json`` describes.

    The library builds the model without memory; what its code would draw, and what it would write,
    becomes rules. Nothing is fetched, and no code is run but that of the library.

    Parameters
    ----------
    path
        Of the file, or of a folder with it.
    key
        Anything that `agnostic_init.key` takes.
    rules
        What some parameters get instead, as of `build`.
    dtype
        Of floating-point parameters; None for the configuration's, or float32.

    Returns
    -------
    Plan
        Of the tensors that the model's state dict has, each once, by the names there.

    Raises
    ------
    ParameterError, ParameterTypeError
        If it is no configuration of a model that the library has, or the model cannot be built.
    MissingExtraError
        If transformers is not installed.

    Examples
    --------
    >>> import agnostic_init as ai
    >>> plan = ai.torch.plan_of_config("gpt2/config.json", key=0)  # doctest: +SKIP
    >>> ai.checkpoint.write(plan, "gpt2/model.safetensors")  # doctest: +SKIP
    """
    place = Path(path)
    if place.is_dir():
        place /= NAME
    with within(str(place)):
        table = _table(place)
        try:
            import transformers
        except ImportError as error:
            what = "A config.json of transformers"
            raise not_imported(error, "transformers", what, "transformers") from error
        config, kind = _found(transformers, table)
        own = dtype if dtype is not None else _dtype(table)
        try:
            return as_plan(lambda: kind(config), key=key, rules=rules, dtype=own)
        except (ParameterError, ParameterTypeError):
            raise
        except Exception as error:
            rule = (
                f"must be one that transformers builds a model of ({type(error).__name__}: {error})"
            )
            raise must("the configuration", rule, kind.__name__) from error


def _table(place: Path) -> Mapping[str, Any]:
    with place.open("rb") as file:
        content = file.read(LARGEST + 1)
    if len(content) > LARGEST:
        raise must("the file", f"must have at most {LARGEST:,} bytes", len(content))
    try:
        table = json.loads(content)
    except (ValueError, RecursionError) as error:
        message = f"not valid JSON: {error}"
        raise ParameterError(message) from None
    if not isinstance(table, dict) or not isinstance(table.get("model_type"), str):
        rule = "must be a configuration of transformers, with a model_type"
        raise must_be_type("the file", rule, table)
    if "auto_map" in table:
        rule = "must be one of transformers' own, not one with code beside it (auto_map)"
        raise must(
            "the model", rule, table["model_type"], "module:function, as a SPEC, that builds it"
        )
    return table


def _found(transformers: Any, table: Mapping[str, Any]) -> tuple[Any, Any]:
    """The configuration, and the class of the model."""
    kinds = transformers.models.auto.configuration_auto.CONFIG_MAPPING
    model_type = table["model_type"]
    if model_type not in kinds:
        close = difflib.get_close_matches(model_type, list(kinds.keys()), n=3)
        version = transformers.__version__
        rule = f"must be one that transformers {version} has"
        raise must("model_type", rule, model_type, ", ".join(close) or "another release of it")
    try:
        config = kinds[model_type].from_dict(dict(table))
    except Exception as error:
        rule = f"must be what transformers takes ({type(error).__name__}: {error})"
        raise must("the configuration", rule, model_type) from error
    names = table.get("architectures")
    if not names:
        return config, _base(transformers, config, model_type)
    if not isinstance(names, list) or not isinstance(names[0], str):
        raise must_be_type("architectures", "must be a list of names of classes", names)
    kind = getattr(transformers, names[0], None)
    if not (isinstance(kind, type) and issubclass(kind, transformers.PreTrainedModel)):
        rule = f"must name a class of a model that transformers {transformers.__version__} has"
        raise must("architectures", rule, names[0])
    return config, kind


def _base(transformers: Any, config: Any, model_type: str) -> Any:
    mapping = transformers.models.auto.modeling_auto.MODEL_MAPPING
    if type(config) not in mapping:
        rule = "must be given where the library has no model of it without a head"
        raise must("architectures", rule, None, f'["..."], as of a {model_type}')
    kind = mapping[type(config)]
    return kind[0] if isinstance(kind, tuple) else kind


def _dtype(table: Mapping[str, Any]) -> str | None:
    """The dtype that the configuration gives the weights; with it the library saves them."""
    given = table.get("dtype", table.get("torch_dtype"))
    if given is None or given == "auto":
        return None
    if not isinstance(given, str):
        raise must_be_type("dtype", "must be a name", given)
    return given.removeprefix("torch.")
