"""Trees in, trees out: nested dictionaries and lists, and what JAX knows as a tree."""

from __future__ import annotations

import collections
from typing import Any, NamedTuple

import numpy as np
import pytest

import agnostic_init as ai
from agnostic_init.arrays.errors import ParameterError, ParameterTypeError
from agnostic_init.models.nested import tree_of


class Pair(NamedTuple):
    weight: Any
    bias: Any


RULES = {"*bias": "zeros", "*": ai.normal()}
ONE = {"*": ai.normal()}


def expected(name, shape):
    return ai.normal()(shape, key=ai.key(0).fold_in(name))


def test_nested_dictionaries_lists_and_tuples():
    specs = {
        "emb": (5, 3),
        "blocks": [{"weight": (3, 2), "bias": 2}, Pair((2, 2), (2,))],
        "head": ((3, 5), "float64"),
        "pair": ([2, 3], (4,)),
        "scalar": (),
        "nothing": None,
    }
    made = ai.init_tree(specs, RULES, key=0)
    assert list(made) == list(specs)
    np.testing.assert_array_equal(made["emb"], expected("emb", (5, 3)))
    np.testing.assert_array_equal(made["blocks"][0]["weight"], expected("blocks.0.weight", (3, 2)))
    assert isinstance(made["blocks"][1], Pair)
    np.testing.assert_array_equal(made["blocks"][1].weight, expected("blocks.1.weight", (2, 2)))
    assert not made["blocks"][1].bias.any()
    assert made["head"].dtype == np.float64
    np.testing.assert_array_equal(made["pair"][1], expected("pair.1", (4,)))
    assert made["scalar"].shape == ()
    assert made["nothing"] is None


def test_shapes_are_no_nodes_where_jax_is_imported():
    pytest.importorskip("jax")
    made = ai.init_tree({"a": {"weight": (2, 3), "bias": 3, "more": [4]}}, RULES, key=0)
    np.testing.assert_array_equal(made["a"]["weight"], expected("a.weight", (2, 3)))
    assert made["a"]["more"].shape == (4,)


def test_the_names_are_those_of_the_flat_dictionary():
    flat = {"a.0.weight": (3, 2), "a.1.weight": 4}
    nested = {"a": [{"weight": (3, 2)}, {"weight": 4}]}
    one = ai.init_tree(flat, ONE, key=0)
    other = ai.init_tree(nested, ONE, key=0)
    np.testing.assert_array_equal(one["a.0.weight"], other["a"][0]["weight"])
    assert ai.plan_tree(nested, ONE, key=0) == ai.plan_tree(flat, ONE, key=0)
    assert [each.name for each in ai.plan_tree(nested, ONE, key=0)] == list(flat)


@pytest.mark.parametrize(
    "flat",
    [
        {"a": (2, 3), "b": [4], "c": 3, "d": ((2, 3), "float16"), "e": (3, np.float32)},
        {"a": np.zeros(3), "b": ai.Spec(3)},
        [("a", (2, 3)), ("b", 3)],
        {},
    ],
)
def test_a_mapping_of_specs_is_no_tree(flat):
    assert tree_of(flat) is None


def test_arrays_are_filled_where_they_stand():
    tree = {"a": [np.ones(3), {"bias": np.ones(2)}]}
    assert ai.fill_tree(tree, RULES, key=0) is tree
    np.testing.assert_allclose(
        tree["a"][0], ai.normal()(3, key=ai.key(0).fold_in("a.0"), dtype="float64")
    )
    assert not tree["a"][1]["bias"].any()
    listed = [{"w": np.ones(3)}]
    assert ai.fill_tree(listed, ONE, key=0) is listed
    assert (listed[0]["w"] != 1).all()


@pytest.mark.parametrize(
    ("specs", "error", "said"),
    [
        ({"a": {"b": 2}, "a.b": 3}, ParameterError, "must have paths that differ, got 'a.b'"),
        ({"a": {"b": "x"}}, ParameterTypeError, "parameter 'a.b'"),
        ({"a": {}}, ParameterError, "must not be empty"),
        ({"a": {"w": (-1,)}}, ParameterError, "parameter 'a.w'"),
    ],
)
def test_bad_trees(specs, error, said):
    with pytest.raises(error) as caught:
        ai.init_tree(specs, RULES, key=0)
    assert said in str(caught.value)


def test_other_mappings_without_jax_in_them():
    specs = {"a": collections.UserDict({"weight": 3})}
    assert ai.init_tree(specs, ONE, key=0)["a"]["weight"].shape == (3,)


def test_shapes_of_jax():
    jax = pytest.importorskip("jax")
    shapes = {
        "dense": {"kernel": jax.ShapeDtypeStruct((2, 3), "bfloat16")},
        "n": [jax.numpy.ones(2)],
    }
    made = ai.init_tree(shapes, ONE, key=0)
    assert isinstance(made["dense"]["kernel"], jax.Array)
    assert made["dense"]["kernel"].dtype == "bfloat16"
    np.testing.assert_array_equal(made["n"][0], expected("n.0", (2,)))


def test_flax_nnx():
    nnx = pytest.importorskip("flax.nnx")
    model = nnx.Sequential(nnx.Linear(2, 3, rngs=nnx.Rngs(0)), nnx.Linear(3, 2, rngs=nnx.Rngs(0)))
    state = nnx.state(model)
    made = ai.init_tree(state, RULES, key=0)
    assert type(made) is type(state)
    nnx.update(model, made)
    np.testing.assert_array_equal(
        model.layers[0].kernel.get_value(), expected("layers.0.kernel", (2, 3))
    )
    assert not model.layers[1].bias.get_value().any()
    shapes = nnx.eval_shape(lambda: nnx.state(nnx.Linear(2, 3, rngs=nnx.Rngs(0))))
    kernel = ai.init_tree(shapes, RULES, key=0)["kernel"].get_value()
    np.testing.assert_array_equal(kernel, expected("kernel", (2, 3)))


def test_flax_linen():
    linen = pytest.importorskip("flax.linen")
    jax = pytest.importorskip("jax")
    dense = linen.Dense(
        3, kernel_init=linen.with_partitioning(jax.nn.initializers.ones, (None, "x"))
    )
    shapes = jax.eval_shape(dense.init, jax.random.key(0), np.zeros((1, 2)))
    made = ai.init_tree(shapes, RULES, key=0)
    kernel = made["params"]["kernel"]
    assert isinstance(kernel, linen.Partitioned)
    np.testing.assert_array_equal(kernel.unbox(), expected("params.kernel", (2, 3)))
    assert not made["params"]["bias"].any()


def test_equinox():
    equinox = pytest.importorskip("equinox")
    jax = pytest.importorskip("jax")
    model = equinox.nn.MLP(2, 3, 4, 1, key=jax.random.key(0))
    made = ai.init_tree(model, RULES, key=0)
    assert type(made) is type(model)
    assert made.activation is model.activation
    np.testing.assert_array_equal(made.layers[0].weight, expected("layers.0.weight", (4, 2)))
    assert made(jax.numpy.ones(2)).shape == (3,)


def test_tuples_and_registered_nodes_of_jax():
    jax = pytest.importorskip("jax")
    tree = {"x": collections.OrderedDict(w=jax.numpy.ones(2), n=None)}
    made = ai.init_tree(tree, ONE, key=0)
    assert type(made["x"]) is collections.OrderedDict
    np.testing.assert_array_equal(made["x"]["w"], expected("x.w", (2,)))
