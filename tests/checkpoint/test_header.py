"""The header: what the safetensors package reads, in the order in which it writes."""

from __future__ import annotations

import json

import numpy as np
import pytest
import safetensors.numpy

import agnostic_init as ai
from agnostic_init.arrays.errors import ParameterError
from agnostic_init.checkpoint.header import DTYPES, header_of
from agnostic_init.version import __version__


def plan_of(specs, rules=(("*", "zeros"),), key=0):
    return ai.init_tree(specs, rules, key=key, dry_run=True)


def test_the_header_is_that_of_the_package_with_our_metadata():
    specs = {
        "b.half": ((3,), "float16"),
        "z": ((2, 2), "float32"),
        "a": ((1, 5), "float64"),
        "c": ((5,), "uint8"),
        "empty": ((0, 4), "float32"),
        "scalar": ((), "float32"),
        "größe": ((7,), "bool"),
        "integers": ((3,), "int32"),
        "y": ((3,), "complex64"),
    }
    header = header_of(plan_of(specs, key="model"))
    theirs = safetensors.numpy.save({name: np.zeros(*spec) for name, spec in specs.items()})
    length = int.from_bytes(header.prefix[:8], "little")
    assert len(header.prefix) == 8 + length
    assert length % 8 == 0
    ours = json.loads(header.prefix[8:])
    key = ai.key("model")
    assert ours.pop("__metadata__") == {
        "format": "pt",
        "agnostic_init": __version__,
        "stream": "v1",
        "key": f"{key.seed},0",
        "rules": '[{"match": "*", "init": {"name": "zeros"}}]',
    }
    length = int.from_bytes(theirs[:8], "little")
    assert list(ours.items()) == list(json.loads(theirs[8 : 8 + length]).items())
    assert header.data_bytes == len(theirs) - 8 - length


@pytest.mark.parametrize("dtype", DTYPES)
def test_every_dtype_is_one_that_the_package_reads(dtype):
    plan = plan_of({"x": ((4,), dtype)}, [("*", "ones")])
    header = header_of(plan)
    ((name, read),) = safetensors.deserialize(header.prefix + bytes(header.data_bytes))
    assert (name, read["dtype"], read["shape"]) == ("x", DTYPES[dtype], [4])
    assert header.data_bytes == 4 * {"C64": 8, "BOOL": 1}.get(DTYPES[dtype], plan["x"].bytes // 4)


@pytest.mark.parametrize("dtype", ["complex128", "float8_e3m4", "int4"])
def test_a_dtype_that_the_format_has_not_is_named(dtype):
    plan = plan_of({"x": ((4,), dtype)})
    with pytest.raises(ParameterError, match=f"`dtype of 'x'` must be one that .* got '{dtype}'"):
        header_of(plan)


def test_the_name_of_the_metadata_is_taken():
    with pytest.raises(ParameterError, match="header's own entry"):
        header_of(plan_of({"__metadata__": 3}))


def test_each_tensor_is_aligned():
    specs = {f"{n}.{dtype}": ((n,), dtype) for n in (1, 3, 5) for dtype in DTYPES}
    header = header_of(plan_of(specs))
    for entry, start in header.places:
        assert (len(header.prefix) + start) % (entry.bytes // entry.elements) == 0
