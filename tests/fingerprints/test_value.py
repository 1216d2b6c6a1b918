"""The value: text, sums, and what a tensor's name, dtype and shape do."""

from __future__ import annotations

import pickle

import numpy as np
import pytest

import agnostic_init as ai
from agnostic_init.arrays.errors import ParameterError, ParameterTypeError


def test_its_text_is_read_again():
    made = ai.fingerprint(np.arange(3))
    assert ai.Fingerprint.of(str(made)) == made
    assert eval(repr(made), {"Fingerprint": ai.Fingerprint}) == made
    assert pickle.loads(pickle.dumps(made)) == made
    assert len({made, ai.Fingerprint.of(str(made))}) == 1


def test_it_adds_to_its_like_alone():
    top = ai.Fingerprint.of("f" * 32)
    assert top + ai.Fingerprint((1, 2, 3, 4)) == ai.Fingerprint((0, 1, 2, 3))
    assert sum([top, top]) == ai.Fingerprint((2**32 - 2,) * 4)
    for other in (1, (1, 2, 3, 4), "f" * 32):
        with pytest.raises(TypeError):
            top + other
        with pytest.raises(TypeError):
            other + top


def test_bad_text():
    with pytest.raises(ParameterTypeError, match="`text` must be a string of 32 hexadecimal"):
        ai.Fingerprint.of(3)
    for text in ("", "f" * 31, "F" * 32, "0x" + "0" * 30, "٣" * 32):
        with pytest.raises(ParameterError, match="`text` must be 32 hexadecimal digits"):
            ai.Fingerprint.of(text)


def test_names_dtypes_and_shapes_count_in_a_tree():
    x = np.zeros((2, 3), np.float32)
    trees = [
        {"a": x, "b": x},
        {"a": x, "c": x},
        {"a": x, "b": x.reshape(3, 2)},
        {"a": x, "b": x.view(np.int32)},
        {"a": x, "b": x.reshape(6)},
        {"a": x},
        {"a": x, "b": x, "c": x},
        {"a": x, "b": x + 1},
        {},
    ]
    assert len({ai.fingerprint(tree) for tree in trees}) == len(trees)
    swapped = {"a": x, "b": x + 1}, {"a": x + 1, "b": x}
    assert len({ai.fingerprint(tree) for tree in swapped}) == 2


def test_the_order_of_a_tree_does_not_count_and_trees_add_up():
    tree = {"a": np.ones(3), "b": np.zeros(2), "größe": np.array(1)}
    turned = dict(reversed(tree.items()))
    assert ai.fingerprint(tree) == ai.fingerprint(turned)
    assert sum(ai.fingerprint({name: each}) for name, each in tree.items()) == ai.fingerprint(tree)
