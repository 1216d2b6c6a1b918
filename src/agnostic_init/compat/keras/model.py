"""A whole Keras model by rules, each weight by a name that no other model of the process changes."""

from __future__ import annotations

import re
from typing import Any

import keras

from agnostic_init.arrays.errors import must, must_be_type
from agnostic_init.models.tree import fill_tree, init_tree

__all__ = ["fill_model", "named_weights"]


def named_weights(model: Any) -> dict[str, Any]:
    """The weights of a model or layer that is built, by their canonical names.

    A name is the path within the model: the names of layers and of the weight, joined by dots. Keras
    numbers the layers that have no name of their own through the whole process, as ``dense_7``; here
    they are numbered among those of their class in the same layer, from none, as ``dense`` and
    ``dense_1``. So a model has the same names whatever was built before it.

    Parameters
    ----------
    model
        A `keras.Model` or `keras.layers.Layer`.

    Returns
    -------
    dict
        Variables of Keras by name: trainable weights and others, in the order of ``model.weights``.
        What generators of seeds, optimizers and metrics keep is not among them.

    Raises
    ------
    ParameterTypeError
        If it is no layer of Keras.
    ParameterError
        If it has no weights yet, or two of the same name.

    Examples
    --------
    >>> from agnostic_init.compat import keras as initializers  # doctest: +SKIP
    >>> list(initializers.named_weights(model))  # doctest: +SKIP
    ['dense.kernel', 'dense.bias', 'dense_1.kernel', 'dense_1.bias']
    """
    if not isinstance(model, keras.layers.Layer):
        raise must_be_type("model", "must be a model or a layer of Keras", model)
    weights = list(model.weights)
    if not weights:
        rule = "must be built, as it has no weights"
        raise must("model", rule, model.name, "model.build(input_shape), or a call of it, before")
    layers = {each.path: each for each in model._flatten_layers() if each.path}  # noqa: SLF001
    own = f"{model.path}/" if model.path else ""
    found: dict[str, Any] = {}
    known: dict[str, str] = {}
    for weight in weights:
        path = weight.path
        start = len(own) if path.startswith(own) else 0
        name = _canonical(path, start, layers, known).replace("/", ".")
        if name in found:
            raise must("model", "must have weights of different names", name, "names of layers")
        found[name] = weight
    return found


def fill_model(model: Any, rules: Any, *, key: Any, progress: Any = None) -> Any:
    """Write all weights of a Keras model by rules, on any backend of Keras.

    Parameters
    ----------
    model
        A model or layer that is built.
    rules, key, progress
        As of `agnostic_init.init_tree`. The names are those of `named_weights`, and each weight gets
        ``key.fold_in(name)``: the same as in every other library that has it under this name.

    Returns
    -------
    keras.Model
        `model`.

    Raises
    ------
    ParameterError, ParameterTypeError
        As `named_weights`, and as `agnostic_init.init_tree` if a weight has no rule or a rule no
        weight; then nothing has been written.

    Examples
    --------
    >>> from agnostic_init.compat import keras as initializers  # doctest: +SKIP
    >>> rules = {"*bias": "zeros", "*kernel": ai.he_normal("keras")}  # doctest: +SKIP
    >>> initializers.fill_model(model, rules, key=0)  # doctest: +SKIP
    """
    weights = named_weights(model)
    if keras.backend.backend() in ("torch", "numpy"):
        values = {name: weight.value for name, weight in weights.items()}
        fill_tree(values, rules, key=key, progress=progress)
        return model
    xp = "jax" if keras.backend.backend() == "jax" else None
    made = init_tree(weights, rules, key=key, xp=xp, progress=progress)
    for name, weight in weights.items():
        weight.assign(made[name])
    return model


def _canonical(path: str, start: int, layers: dict[str, Any], known: dict[str, str]) -> str:
    """A path from `start` on, with the layers that Keras has named numbered by their place.

    `known` holds the canonical path of each path that was met.
    """
    end, whole = path.find("/", start), ""
    while end >= 0:
        part = path[:end]
        if part not in known:
            known[part] = _numbered(whole, part.rpartition("/")[2], layers.get(part), known)
        whole = known[part]
        end = path.find("/", end + 1)
    return f"{whole}/{path.rpartition('/')[2]}" if whole else path.rpartition("/")[2]


def _numbered(above: str, name: str, layer: Any, known: dict[str, str]) -> str:
    """The canonical path of a layer in the one above."""
    base = _given_name(type(layer).__name__) if layer is not None else ""
    prefix = f"{above}/" if above else ""
    # Bidirectional names its layers for their direction and for the one that it is given.
    given = layer is not None and re.fullmatch(
        rf"((?:forward_|backward_)?{re.escape(base)})(_\d+)?", name
    )
    if not given:
        return prefix + name
    base = given[1]
    taken, number = set(known.values()), 0
    while (found := f"{prefix}{base}{f'_{number}' if number else ''}") in taken:
        number += 1
    return found


def _given_name(name: str) -> str:
    """What Keras calls the first layer of a class that has no name: ``lstm_cell`` of LSTMCell."""
    words = re.sub(r"\W+", "", name)
    return re.sub(r"(?<=[a-z])(?=[A-Z])|(?<=.)(?=[A-Z][a-z])", "_", words).lower()
