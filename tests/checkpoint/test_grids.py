"""Tables of positions in two dimensions, brought to another grid."""

from __future__ import annotations

import numpy as np
import pytest
import safetensors.numpy
from scipy import ndimage

import agnostic_init as ai
from agnostic_init.arrays.errors import ParameterError
from agnostic_init.checkpoint import pretrained, transfer

RNG = np.random.default_rng(0)
VIT = RNG.standard_normal((1, 1 + 7 * 7, 6), dtype=np.float32)


@pytest.fixture
def path(tmp_path):
    tables = {"pos": VIT, "swin": VIT[0, 1:], "wide": VIT[0, :12], "one": VIT[0, :1]}
    safetensors.numpy.save_file(tables, tmp_path / "m.safetensors")
    return tmp_path


@pytest.mark.parametrize("side", [3, 7, 12])
def test_a_class_token_stays_and_the_rest_is_what_scipy_zooms(path, side):
    """scipy.ndimage.zoom of order 1 is what the authors of ViT resize their positions with."""
    grid = VIT[0, 1:].reshape(7, 7, 6)
    zoomed = ndimage.zoom(grid, (side / 7, side / 7, 1), order=1).reshape(1, -1, 6)
    found = transfer(
        path,
        {"pos": (1, 1 + side**2, 6)},
        {"*": "zeros"},
        resize={"pos": "grid+1"},
    )
    made = ai.init_tree({"pos": (1, 1 + side**2, 6)}, found.rules, key=0)["pos"]
    np.testing.assert_array_equal(made[:, 0], VIT[:, 0])
    np.testing.assert_allclose(made[:, 1:], zoomed, rtol=1e-5, atol=1e-6)


def test_grids_that_are_no_squares(path):
    init = pretrained(path / "m.safetensors", "wide", "grid:3x4:5x2")
    made = init((10, 6), key=0)
    grid = VIT[0, :12].reshape(3, 4, 6)
    zoomed = ndimage.zoom(grid, (5 / 3, 2 / 4, 1), order=1).reshape(-1, 6)
    np.testing.assert_allclose(made, zoomed, rtol=1e-5, atol=1e-6)
    one = pretrained(path / "m.safetensors", "one", "grid")((9, 6), key=0)
    np.testing.assert_array_equal(one, np.repeat(VIT[0, :1], 9, axis=0))


@pytest.mark.parametrize(
    ("tensor", "resize", "shape", "words"),
    [
        ("pos", "grid", (1, 65, 6), r"must have an axis of a square positions, got 50; try: 'grid\+1'"),
        ("pos", "grid+1", (1, 66, 6), "must have an axis of 1 and a square positions, got 66"),
        ("pos", "grid+1:7x7:8x9", (1, 74, 6), "must have an axis of 1 and 8 x 9 positions, got 74"),
        ("pos", "grid+50", (1, 60, 6), "must have an axis of 50 and a square positions, got 50"),
        ("pos", "grid+1", (1, 65, 5), "must differ from .* in one axis, that of the positions"),
        ("pos", "grid+1", (65, 6), "must have as many axes"),
        ("pos", "grid+", (1, 65, 6), "`resize` must be one of 'corner', .* 'grid', 'grid.1', got 'grid.'"),
        ("pos", "grid:7x7", (1, 65, 6), "`resize` must be one of"),
    ],
)  # fmt: skip
def test_what_is_no_grid_is_told_of(path, tensor, resize, shape, words):
    with pytest.raises(ParameterError, match=words):
        pretrained(path / "m.safetensors", tensor, resize)(shape, key=0)
