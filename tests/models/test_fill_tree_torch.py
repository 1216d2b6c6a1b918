"""fill_tree on torch: modules, tied weights."""

from __future__ import annotations

import numpy as np
import pytest

import agnostic_init as ai
from agnostic_init.arrays.errors import ParameterError

torch = pytest.importorskip("torch")


def test_tied_weights_of_torch_are_found():
    weight = torch.zeros(3)
    with pytest.raises(ParameterError, match="must not share memory"):
        ai.fill_tree({"a": weight, "b": weight.detach()}, {"*": "ones"}, key=0)


def test_a_module_of_torch_is_filled_in_place():
    module = torch.nn.Linear(4, 3)
    parameters = dict(module.named_parameters())
    ai.fill_tree(parameters, {"weight": ai.normal(), "bias": "zeros"}, key=0)
    expected = ai.normal()((3, 4), key=ai.key(0).fold_in("weight"))
    np.testing.assert_array_equal(module.weight.detach().numpy(), expected)
    assert not module.bias.any()
    assert module.weight.requires_grad
