"""Libraries that nothing more is known of than the standard: old versions of it, and small devices."""

from __future__ import annotations

import types
import warnings

import numpy as np
import pytest

import agnostic_init as ai
from agnostic_init.arrays.library import Library
from agnostic_init.arrays.target import backend, library_of, resolve

strict = pytest.importorskip("array_api_strict")

INITIALIZERS = {
    "normal": ai.normal(),
    "uniform": ai.uniform(-1, 1),
    "truncated": ai.truncated_normal(lower=5, upper=7),
    "orthogonal": ai.orthogonal(),
    "identity": ai.identity(),
    "zeros": ai.zeros(),
    "constant": ai.constant([1.0, 2.0, 3.0]),
}


@pytest.fixture(params=INITIALIZERS)
def init(request):
    return INITIALIZERS[request.param]


@pytest.fixture(params=["2021.12", "2022.12", "2023.12"])
def old(request):
    before = strict.get_array_api_strict_flags()["api_version"]
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        strict.set_array_api_strict_flags(api_version=request.param)
    yield request.param
    strict.set_array_api_strict_flags(api_version=before)


def close(made, init, dtype="float32"):
    made = made.to_device(strict.Device("CPU_DEVICE"))
    expected = init((4, 3), key=0, dtype=dtype)
    if init.elementwise:
        np.testing.assert_array_equal(np.asarray(made), expected)
    else:
        np.testing.assert_allclose(np.asarray(made), expected, atol=1e-6)


def test_versions_of_the_standard_before_numbers_in_where(old, init):
    close(init((4, 3), key=0, xp=strict), init)
    out = strict.zeros((4, 3), dtype=strict.float32)
    close(init.fill(out, key=0), init)


@pytest.mark.parametrize("device", ["no_float64", "no_x64"])
def test_a_device_without_float64(init, device):
    try:
        place = strict.Device(device)
    except ValueError:
        pytest.skip(f"this array_api_strict has no {device}")
    close(init((4, 3), key=0, xp=strict, device=place), init)
    out = strict.zeros((4, 3), dtype=strict.float32, device=place)
    close(init.fill(out, key=0), init)
    made = ai.normal()((4, 3), key=0, xp=strict, device=place, index=(slice(1, 3), 2))
    expected = ai.normal()((4, 3), key=0)[1:3, 2]
    assert np.array_equal(np.asarray(made.to_device(strict.Device("CPU_DEVICE"))), expected)


def test_what_the_library_computes_is_left_to_it():
    library = backend("array_api_strict")
    assert not library.takes_from_host(None)
    assert not library.takes_from_host(strict.Device("device1"))


def test_a_format_that_neither_has_is_refused():
    library = Library(types.SimpleNamespace(__name__="new", __array_api_version__="2022.12"))
    assert library.takes_from_host(None)
    with pytest.raises(ai.ParameterError, match="`dtype` must be one that NumPy has"):
        library.from_storage(np.zeros(3, np.uint16), "bfloat16", None)


def namespace(name, **functions):
    made = types.ModuleType(name)
    for each, function in functions.items():
        setattr(made, each, function)
    return made


def test_a_module_that_is_no_namespace_is_told_from_one_that_is():
    with pytest.raises(ai.ParameterTypeError, match=r"mlx.core has no arange.*try: xp=numpy, and"):
        ai.normal()(3, key=0, xp=namespace("mlx.core", array=list, zeros=list))
    functions = {each: getattr(strict, each) for each in strict.__all__}
    # What is not known by name computes the reference.
    unknown = namespace("unknown", **functions)
    library = resolve(xp=unknown).library
    assert (library.name, library.xp) == ("generic", unknown)
    assert resolve(xp=unknown).library is library
    made = ai.normal()((4, 3), key=0, xp=unknown)
    assert np.array_equal(np.asarray(made), ai.normal()((4, 3), key=0))


class Theirs:
    """An array of a library that is not known."""

    dtype, device, shape = "float32", None, (3,)

    def __array_namespace__(self, api_version=None):
        return strict


def test_an_array_says_its_own_namespace():
    assert library_of(Theirs()) is backend("array_api_strict")


@pytest.mark.parametrize("like", [[], [1.0], 3.0, "w", {"w": 1}, np.dtype("f4")], ids=repr)
def test_what_is_no_array_has_a_remedy(like):
    with pytest.raises(
        ai.ParameterTypeError, match=r"`like` must be an array.*numpy.asarray\(like"
    ):
        ai.normal()(3, key=0, like=like)


def test_devices_that_only_others_have():
    dask = pytest.importorskip("dask.array")
    for xp, words in ((dask, "'cpu' for Dask"), (np, "'cpu' for NumPy")):
        with pytest.raises(ai.ParameterError, match=f"`device` must be {words}.*try: xp="):
            ai.normal()(3, key=0, xp=xp, device="cuda")


def test_subclasses_and_scalars_are_of_their_library():
    class Mine(np.ndarray):
        pass

    for array in (np.zeros(3).view(Mine), np.ma.zeros(3), np.float32(1)):
        assert library_of(array) is backend("numpy")
    torch = pytest.importorskip("torch")

    class Ours(torch.Tensor):
        pass

    for array in (torch.nn.Parameter(torch.zeros(3)), torch.zeros(3).as_subclass(Ours)):
        assert library_of(array) is backend("torch")
