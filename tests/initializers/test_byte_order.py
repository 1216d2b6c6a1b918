"""Arrays of NumPy whose bytes are in the order of other machines, as files have them."""

from __future__ import annotations

import sys

import numpy as np
import pytest
from tests.data.make_golden import CASES, WHOLE, shape_of

import agnostic_init as ai
from agnostic_init.initializers.registry import names

OTHER = ">" if sys.byteorder == "little" else "<"
DTYPES = ("f2", "f4", "f8", "c8")


def case(name):
    """An initializer, and a shape that it makes."""
    if name in CASES:
        return ai.get({"name": name, **CASES[name]}), shape_of(name)
    options, shape = next(each for full, each in WHOLE.items() if full.partition(",")[0] == name)
    return ai.get({"name": name, **options}), shape


def made(init, shape, dtype):
    """The weight, or None of a dtype that the initializer has not."""
    try:
        return init(shape, key=3, dtype=np.dtype(dtype))
    except (TypeError, ValueError):
        return None


@pytest.mark.parametrize("name", names())
def test_every_initializer(name):
    init, shape = case(name)
    for dtype in DTYPES:
        expected, swapped = made(init, shape, dtype), np.dtype(OTHER + dtype)
        if expected is None:
            continue
        wide = np.full((2 * shape[0], *shape[1:]), 7, swapped)
        tree = {"w": np.full(shape, 7, swapped)}
        in_place = np.full(shape, 7, swapped)
        assert init.fill(in_place, key=3) is in_place
        init.fill(wide[::-2], key=3)
        ai.fill_tree(tree, {"w": init}, key=3)
        named = init(shape, key=ai.key(3).fold_in("w"), dtype=dtype)
        for found, wanted in ((in_place, expected), (wide[::-2], expected), (tree["w"], named)):
            assert found.dtype == swapped
            assert found.astype(dtype).tobytes() == wanted.tobytes(), dtype
        assert (wide[::2] == 7).all()
        # What is new has the order of this machine, whatever it is like.
        for found in (init(shape, key=3, like=in_place), init(shape, key=3, dtype=swapped)):
            assert found.dtype.isnative
            assert found.tobytes() == expected.tobytes()


@pytest.mark.parametrize("dtype", ["bfloat16", "float8_e5m2"])
def test_of_ml_dtypes(dtype):
    ml_dtypes = pytest.importorskip("ml_dtypes")
    out = np.zeros((4, 3), np.dtype(getattr(ml_dtypes, dtype)).newbyteorder(OTHER))
    ai.normal().fill(out, key=3)
    expected = ai.normal()((4, 3), key=3, dtype=dtype)
    assert (
        out.astype("f4").tobytes() == expected.astype("f4").tobytes()
    )  # `tolist` of it does not swap
    assert ai.fingerprint(out) == ai.fingerprint(expected)


@pytest.mark.parametrize("dtype", ["float32", "bfloat16", "complex64"])
def test_what_reads_them(tmp_path, dtype):
    if dtype == "bfloat16":
        pytest.importorskip("ml_dtypes")
    own = ai.normal()((50, 3), key=3, dtype=dtype)
    other = own.astype(own.dtype.newbyteorder(OTHER))
    assert ai.fingerprint(other) == ai.fingerprint(own)
    assert not ai.checkpoint.check({"w": other}).findings
    for name, array in (("own", own), ("other", other)):
        with ai.checkpoint.Writer(tmp_path / name, {"w": ((50, 3), dtype)}) as writer:
            writer.write("w", array)
    assert tmp_path.joinpath("own").read_bytes() == tmp_path.joinpath("other").read_bytes()


def test_parts_and_draws():
    out = np.zeros((2, 3), OTHER + "f4")
    ai.normal().fill(ai.Sharded(out, (5, 3), slice(1, 3)), key=3)
    assert np.array_equal(out, ai.normal()((5, 3), key=3)[1:3])
    words = ai.draws.bits(3, key=3, dtype=np.dtype(OTHER + "u4"))
    assert words.tolist() == ai.draws.bits(3, key=3).tolist()
    ramp = np.arange(3.0, dtype=OTHER + "f8")
    assert ai.constant(ramp)((3,), key=0).tolist() == [0.0, 1.0, 2.0]
    assert ai.fingerprint(out) == ai.fingerprint(out.astype("f4"))


def test_a_name_of_an_order_is_refused():
    with pytest.raises(
        ValueError, match=r"`dtype` must be the name of a dtype, got '>f4'; try: 'f"
    ):
        ai.normal()((3,), key=0, dtype=">f4")
