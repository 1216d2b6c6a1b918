"""Layouts and fans: the grammar, the numbers against torch and by hand, and the words of errors."""

from __future__ import annotations

import math
import pickle
from collections.abc import Callable

import pytest

import agnostic_init as ai
from agnostic_init.arrays.errors import AmbiguousLayoutError, ParameterError, ParameterTypeError
from agnostic_init.layouts.fans import fan_for, fans
from agnostic_init.layouts.layout import PRESETS, parse_layout
from agnostic_init.layouts.parameters import check_fan_parameters


def test_a_layout_is_a_value() -> None:
    layout = parse_layout("torch")
    assert layout is parse_layout("torch")
    assert layout == parse_layout("( g o )  i *k")
    assert hash(layout) == hash(parse_layout("(g o) i *k"))
    assert layout != parse_layout("o i *k")
    assert parse_layout("(3 o) i") != parse_layout("(o 3) i")
    assert pickle.loads(pickle.dumps(layout)) == layout
    assert parse_layout(str(layout)) == layout
    with pytest.raises(AttributeError):
        layout.axes = ()  # type: ignore[misc]


@pytest.mark.parametrize("shape", [(6, 4), (6, 4, 3), (6, 4, 3, 5), (6, 4, 3, 5, 2), (7, 1, 1)])
def test_torch_preset_has_the_fans_of_torch(shape: tuple[int, ...]) -> None:
    torch = pytest.importorskip("torch")
    expected = torch.nn.init._calculate_fan_in_and_fan_out(torch.empty(shape))
    assert fans(shape, "torch") == expected


@pytest.mark.parametrize(
    ("shape", "layout", "groups", "expected"),
    [
        # one weight of 64 inputs, 128 outputs and a 3 x 5 kernel, as each library stores it
        ((128, 64, 3, 5), "torch", 1, (960, 1920)),
        ((3, 5, 64, 128), "keras", 1, (960, 1920)),
        ((128, 3, 5, 64), "mlx", 1, (960, 1920)),
        ((64, 128, 3, 5), "torch_transposed", 1, (960, 1920)),
        ((64, 128, 3, 5), "i o *k", 1, (960, 1920)),
        ((128, 64, 3, 5), "o i k k", 1, (960, 1920)),
        ((3, 128, 64, 5), "k o i k", 1, (960, 1920)),
        # the same in four groups: 16 inputs and 32 outputs each
        ((128, 16, 3, 5), "torch", 4, (240, 480)),
        ((128, 16, 3, 5), "o i *k", 4, (240, 480)),
        ((3, 5, 16, 128), "keras", 4, (240, 480)),
        ((3, 5, 16, 128), "*k i o", 4, (240, 480)),
        ((128, 3, 5, 16), "mlx", 4, (240, 480)),
        ((64, 32, 3, 5), "torch_transposed", 4, (240, 480)),
        ((64, 32, 3, 5), "(g i) o *k", 4, (240, 480)),
        ((16, 128, 3, 5), "i (g o) *k", 4, (240, 480)),
        ((2, 128, 16, 3), "b o i *k", 4, (48, 96)),
        # depthwise
        ((64, 1, 3, 3), "torch", 64, (9, 9)),
        ((3, 3, 64, 2), "*k (g i) o", 64, (9, 18)),
        # stacked experts, fused projections, attention kernels
        ((8, 512, 2048), "b o i", 1, (2048, 512)),
        ((12, 512, 2048), "b i o", 1, (512, 2048)),
        ((3072, 1024), "(3 o) i", 1, (1024, 1024)),
        ((3072, 1024), "(o 3) i", 1, (1024, 1024)),
        ((1024, 3072), "i (3 o)", 1, (1024, 1024)),
        ((48, 5), "(2 g 3 o) i", 4, (5, 2)),
        ((512, 8, 64), "i o o", 1, (512, 512)),
        ((8, 64, 512), "i i o", 1, (512, 512)),
        ((10, 6), "(b i) (2 o)", 1, None),
        # nothing to divide by
        ((0, 4), "o i", 1, (4, 1)),
        ((0, 0, 3), "torch", 4, (1, 1)),
    ],
)
def test_fans(
    shape: tuple[int, ...], layout: str, groups: int, expected: tuple[int, int] | None
) -> None:
    if expected is None:
        with pytest.raises(ParameterError, match="must have a number for the b"):
            fans(shape, layout, groups)
        return
    assert fans(shape, layout, groups) == expected
    assert fan_for(shape, "fan_in", layout, groups) == expected[0]
    assert fan_for(shape, "fan_out", layout, groups) == expected[1]
    assert fan_for(shape, "fan_avg", layout, groups) == sum(expected) / 2
    assert fan_for(shape, "fan_geo_avg", layout, groups) == math.sqrt(expected[0] * expected[1])


def test_torch_swaps_the_fans_of_a_transposed_convolution_and_the_preset_does_not() -> None:
    torch = pytest.importorskip("torch")
    weight = torch.nn.ConvTranspose2d(64, 128, 4).weight
    assert torch.nn.init._calculate_fan_in_and_fan_out(weight) == (2048, 1024)
    assert fans(weight.shape, "torch_transposed") == (1024, 2048)


def test_one_side_is_enough_for_its_own_mode() -> None:
    assert fan_for((5,), "fan_out", "o") == 5
    assert fan_for((5, 3), "fan_in", "i k") == 15
    assert fan_for((8, 6), "fan_in", "(b o) i") == 6


def test_fans_outright() -> None:
    assert fans((), fan=(3, 12)) == (3, 12)
    assert fan_for((7, 7, 7), "fan_geo_avg", fan=(3, 12)) == 6.0
    assert fan_for((7,), "fan_in", fan=(3, 12)) == 3.0


@pytest.mark.parametrize(
    ("shape", "mode", "answers"),
    [
        (
            (256, 512),
            "fan_in",
            [
                "shape (256, 512)",
                'fan_in = 512 for layout="torch" or "mlx" (fan_in 512, fan_out 256)',
                'fan_in = 256 for layout="keras" or "torch_transposed" (fan_in 256, fan_out 512)',
                "fan=(in, out)",
            ],
        ),
        (
            (8, 512, 2048),
            "fan_avg",
            [
                'fan_avg = 532480 for layout="torch" (fan_in 1048576, fan_out 16384)',
                'fan_avg = 10240 for layout="keras" (fan_in 4096, fan_out 16384)',
                'fan_avg = 526336 for layout="mlx" (fan_in 1048576, fan_out 4096)',
                '"b o i" for a stack of matrices',
            ],
        ),
    ],
)
def test_no_guess_is_made(shape: tuple[int, ...], mode: str, answers: list[str]) -> None:
    with pytest.raises(AmbiguousLayoutError) as caught:
        fan_for(shape, mode)
    for answer in answers:
        assert answer in str(caught.value)
    with pytest.raises(AmbiguousLayoutError, match="fan_in and fan_out depends"):
        fans(shape)


def test_layouts_that_agree_need_not_be_named() -> None:
    assert fan_for((256, 512), "fan_avg") == 384.0
    assert fan_for((256, 512), "fan_geo_avg") == math.sqrt(256 * 512)
    assert fan_for((64, 64), "fan_in") == 64.0
    assert fans((64, 64)) == (64, 64)
    assert fan_for((0, 512), "fan_in") >= 1.0


def test_groups_of_a_leading_input_axis_are_ambiguous() -> None:
    for layout in ("i o *k", "i o", "i o k k", "b i (3 o) *k"):
        with pytest.raises(AmbiguousLayoutError):
            check_fan_parameters("fan_in", layout, 4)
    with pytest.raises(AmbiguousLayoutError) as caught:
        fans((64, 32, 3, 3), "i o *k", 4)
    assert 'layout="(g i) o *k": fan_in = i/4 * k, fan_out = o * k' in str(caught.value)
    assert 'layout="i (g o) *k": fan_in = i * k, fan_out = o/4 * k' in str(caught.value)


BAD_LAYOUTS = [
    ("o h *k", 'not "h"'),
    ("oi", 'not "oi"'),
    ("(3o) i", 'not "3o"'),
    ("o, i", 'not ","'),
    ("**k i o", 'not "*"'),
    ("o (q i)", 'not "q"'),
    ("", "must have an o or an i"),
    ("b *k", "must have an o or an i"),
    ("*k o i *k", "one *k at most"),
    ("(g o) (g i)", "one g at most"),
    ("(g g o) i", "each of b and g once at most in (g g o)"),
    ("(3 o i", "parentheses in pairs"),
    ("3 o) i", 'must have "3" inside parentheses'),
    ("o) i", "parentheses in pairs"),
    ("((3 o)) i", "one inside another never"),
    ("3 o i", '"b" where it has its own axis'),
    ("g o i", 'must have "g" inside parentheses'),
    ("() i", "one o or one i, and no k, in ()"),
    ("(3) i", "one o or one i, and no k, in (3)"),
    ("(o i)", "one o or one i, and no k, in (o i)"),
    ("(o *k) i", "one o or one i, and no k, in (o *k)"),
    ("(0 o) i", "not the 0 of (0 o)"),
]


@pytest.mark.parametrize(("text", "words"), BAD_LAYOUTS)
def test_what_is_no_layout_raises_before_any_shape(text: str, words: str) -> None:
    with pytest.raises(ParameterError) as caught:
        check_fan_parameters("fan_in", text)
    assert words in str(caught.value)
    assert str(caught.value).startswith("`layout` must ")
    assert f"got {text!r}" in str(caught.value)


BAD_PARAMETERS = [
    ({"layout": 3}, ParameterTypeError, "`layout` must be a string, got 3"),
    ({"layout": ["o", "i"]}, ParameterTypeError, "`layout` must be a string"),
    ({"mode": "fan"}, ParameterError, "`mode` must be one of 'fan_in', 'fan_out', 'fan_avg'"),
    ({"layout": "o"}, ParameterError, "`layout` must have an i axis for fan_in, got 'o'"),
    ({"layout": "o", "mode": "fan_avg"}, ParameterError, "must have an i axis for fan_in"),
    ({"layout": "i", "mode": "fan_out"}, ParameterError, 'try: mode="fan_in"'),
    ({"layout": "(b o) i", "mode": "fan_out"}, ParameterError, "try: (8 o) for a stack of eight"),
    ({"groups": 0}, ParameterError, "`groups` must be positive, got 0"),
    ({"groups": -2}, ParameterError, "`groups` must be positive, got -2"),
    ({"groups": 2.0}, ParameterTypeError, "`groups` must be an integer, got 2.0"),
    ({"groups": True}, ParameterTypeError, "`groups` must be an integer, got True"),
    ({"groups": 2, "layout": "i"}, ParameterError, "which has 0 o axes"),
    ({"groups": 2, "layout": "i o o"}, ParameterError, "which has 2 o axes, got 2; try: write g"),
    ({"fan": (2, 3), "groups": 2}, ParameterError, "`groups` must be 1 where `fan` is given"),
    ({"fan": (2, 3), "layout": "o i"}, ParameterError, "not be given together with `layout`"),
    ({"fan": (0, 3)}, ParameterError, "`fan` must be a pair of positive integers, got (0, 3)"),
    ({"fan": (2, -3)}, ParameterError, "`fan` must be a pair of positive integers"),
    ({"fan": (2, 3, 4)}, ParameterError, "`fan` must be a pair of integers (fan_in, fan_out)"),
    ({"fan": 2}, ParameterTypeError, "`fan` must be a pair of integers"),
    ({"fan": {2, 3}}, ParameterTypeError, "`fan` must be a pair of integers"),
    ({"fan": (2.5, 3)}, ParameterTypeError, "`fan` must be a pair of integers"),
    ({"fan": (True, 3)}, ParameterTypeError, "`fan` must be a pair of integers"),
]


@pytest.mark.parametrize(("parameters", "error", "words"), BAD_PARAMETERS)
def test_bad_parameters_raise_before_any_shape(
    parameters: dict[str, object], error: type[Exception], words: str
) -> None:
    with pytest.raises(error) as caught:
        check_fan_parameters(**{"mode": "fan_in", **parameters})  # type: ignore[arg-type]
    assert words in str(caught.value)


BAD_SHAPES = [
    ((4,), "o i", 1, '`shape` must have 2 axes for layout "o i", got (4,)'),
    ((4, 5, 6), "o i", 1, '`shape` must have 2 axes for layout "o i", got (4, 5, 6)'),
    ((4,), "torch", 1, '`shape` must have 2 axes or more for layout "torch", got (4,)'),
    ((4,), "torch", 1, "try: ai.zeros() for a bias"),
    ((10, 4), "torch", 3, 'for (g o) of layout "torch"'),
    ((4, 5, 6), "o i", 1, "try: a layout of 3 axes"),
    ((), "keras", 1, "`shape` must have 2 axes or more"),
    ((10, 4), "(3 o) i", 1, "must have an axis 0 divisible by 3, for (3 o) of layout"),
    ((4, 10), "torch", 3, "divisible by 3, for (g o) of layout"),
    ((4, 10), "torch", 3, "try: check groups=3"),
    ((10, 4), "i (b o)", 3, "say which axis holds the groups"),
    ((4, -1), "torch", 1, "`shape` must have no negative lengths, got (4, -1)"),
    ((5,), None, 1, "`shape` must have two axes or more where neither `layout` nor `fan`"),
    ((5, 7), None, 3, "divisible by 3"),
]


@pytest.mark.parametrize(("shape", "layout", "groups", "words"), BAD_SHAPES)
def test_shapes_that_do_not_fit_raise(
    shape: tuple[int, ...], layout: str | None, groups: int, words: str
) -> None:
    with pytest.raises(ParameterError) as caught:
        fan_for(shape, "fan_in", layout, groups)
    assert words in str(caught.value)


def test_a_shape_is_the_one_of_the_initializers() -> None:
    with pytest.raises(ParameterTypeError, match="`shape` must be an integer or a sequence of int"):
        fans((4, 2.0), "o i")  # type: ignore[arg-type]
    with pytest.raises(ParameterTypeError, match="`shape` must be an integer or a sequence of int"):
        fans((True, 3), "torch")
    assert fan_for(5, "fan_out", "o") == 5.0  # type: ignore[arg-type]


def test_every_preset_is_named_in_the_hint() -> None:
    with pytest.raises(ParameterError) as caught:
        parse_layout("gauss")
    assert all(repr(name) in str(caught.value) for name in PRESETS)


@pytest.mark.parametrize(
    ("text", "meant"),
    [
        *((name, '"keras"') for name in ("jax", "flax", "haiku", "tensorflow", "tf", "Keras")),
        *((name, '"torch"') for name in ("pytorch", "PyTorch", "troch")),
        ("OIHW", '"torch" or "o i *k"'),
        ("HWIO", '"keras" or "*k i o"'),
        ("OHWI", '"mlx" or "o *k i"'),
        ("iodhw", '"torch_transposed" or "i o *k"'),
        ("HWOI", '"*k o i"'),
        ("io", '"i o"'),
    ],
)
def test_names_of_elsewhere_are_understood_in_the_hint(text: str, meant: str) -> None:
    with pytest.raises(ParameterError) as caught:
        parse_layout(text)
    assert str(caught.value).endswith(f"try: {meant}")


@pytest.mark.parametrize(
    ("shape", "mode", "layout", "both"),
    [
        (3, "fan_out", "o", (None, 3)),
        (3, "fan_in", "i", (3, None)),
        ((3, 4), "fan_avg", None, (None, None)),
        ((4, 4), "fan_avg", None, (4, 4)),
        ((3, 4), "fan_in", "torch", (4, 3)),
    ],
)
def test_a_description_has_the_fans_that_are_known(shape, mode, layout, both) -> None:
    found = ai.variance_scaling(mode=mode, layout=layout).describe(shape)
    assert (found.fan_in, found.fan_out) == both


@pytest.mark.parametrize("layout", [parse_layout("torch"), b"torch", ("o", "i")], ids=repr)
@pytest.mark.parametrize(
    "make",
    [
        lambda layout: fans((4, 4), layout),
        ai.he_normal,
        lambda layout: ai.orthogonal(layout=layout),
    ],
    ids=["fans", "he_normal", "orthogonal"],
)
def test_a_layout_is_given_as_a_string(layout: object, make: Callable[[object], object]) -> None:
    with pytest.raises(ParameterTypeError, match="`layout` must be a string"):
        make(layout)
