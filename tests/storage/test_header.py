"""Headers: what the package writes is read, and what lies is refused in words."""

from __future__ import annotations

import io
import json
import random
import struct
import tracemalloc

import numpy as np
import pytest
import safetensors.numpy

from agnostic_init.arrays.errors import ParameterError
from agnostic_init.storage.header import NAMES, read_header

TENSORS = {
    "w": np.arange(6, dtype="f4").reshape(2, 3),
    "größe": np.ones(3, "u1"),
    "none": np.ones((0, 5), "f8"),
    "scalar": np.array(1, "i8"),
}


def file_of(header, data=b"", length=None):
    text = header if isinstance(header, bytes) else json.dumps(header).encode()
    return struct.pack("<Q", len(text) if length is None else length) + text + data


def read(content):
    return read_header(io.BytesIO(content), len(content))


def entry(dtype="F32", shape=(2,), offsets=(0, 8)):
    return {"dtype": dtype, "shape": list(shape), "data_offsets": list(offsets)}


def test_what_the_package_writes_is_read():
    content = safetensors.numpy.save(TENSORS, {"a": "b"})
    found, metadata = read(content)
    assert metadata == {"a": "b"}
    assert set(found) == set(TENSORS)
    for name, stored in found.items():
        assert (stored.dtype, stored.shape) == (TENSORS[name].dtype.name, TENSORS[name].shape)
        data = content[stored.start : stored.start + stored.bytes]
        assert data == TENSORS[name].tobytes()


def test_every_dtype_of_the_format():
    for name in NAMES:
        size = {"C64": 8, "BOOL": 1}.get(name) or int(
            "".join(c for c in name[1:3] if c.isdigit())
        ) // 8
        if name.startswith("BF"):
            size = 2
        found, _ = read(file_of({"x": entry(name, (3,), (0, 3 * size))}, bytes(3 * size)))
        assert found["x"].dtype == NAMES[name]
    found, _ = read(file_of({"x": entry("F4", (6,), (0, 3))}, bytes(3)))
    assert found["x"].dtype == "F4"


BAD = [
    (b"", "must begin with the 8 bytes"),
    (b"1234567", "must begin with the 8 bytes"),
    (
        file_of({}, length=3),
        "`the length of the header` must be at most|`the file` must end|not valid",
    ),
    (file_of({}, length=1 << 63), "`the length of the header` must be at most 100,000,000"),
    (file_of({}, length=(1 << 64) - 1), "`the length of the header`"),
    (file_of(b"[]"), "must be a table of tensors"),
    (file_of(b"{"), "the header is not valid JSON"),
    (file_of(b"\xff\xfe{}"), "the header is not valid JSON"),
    (file_of(b"[" * 200_000), "nested too deeply"),
    (file_of(b'{"x":' * 100_000), "nested too deeply"),
    (file_of(b'{"x":' + b"9" * 5000 + b"}"), "not valid JSON"),
    (file_of(b'{"x":NaN}'), "numbers that are finite"),
    (file_of(b'{"x":1,"x":2}'), "`names` must not be repeated, got 'x'"),
    (file_of(b'{"x":{"dtype":"F32","dtype":"F32"}}'), "must not be repeated, got 'dtype'"),
    (file_of(b'{"\\ud800":1}'), "one that UTF-8 can hold"),
    (file_of({"": entry()}, bytes(8)), "`name` must not be empty"),
    (file_of({"__metadata__": {"a": 1}}), "must be a table of strings"),
    (file_of({"__metadata__": []}), "must be a table of strings"),
    (file_of({"x": 1}), "tensor 'x': `entry` must be a table of data_offsets, dtype, shape, got 1"),
    (
        file_of({"x": {"dtype": "F32", "shape": [2]}}),
        "must be a table of data_offsets, dtype, shape",
    ),
    (file_of({"x": {**entry(), "more": 1}}, bytes(8)), "must be a table of"),
    (file_of({"x": entry("F33")}, bytes(8)), "`dtype` must be one of BOOL"),
    (file_of({"x": {**entry(), "dtype": []}}, bytes(8)), "`dtype` must be one of BOOL"),
    (file_of({"x": entry(shape=(-2,))}, bytes(8)), "`shape` must be a list of at most 64 lengths"),
    (file_of({"x": entry(shape=(2.0,))}, bytes(8)), "`shape` must be a list"),
    (file_of({"x": entry(shape=(True, 2))}, bytes(8)), "`shape` must be a list"),
    (
        file_of({"x": entry(shape=(2,) + (1,) * 64)}, bytes(8)),
        "`shape` must be a list of at most 64",
    ),
    (file_of({"x": {**entry(), "shape": "2"}}, bytes(8)), "`shape` must be a list"),
    (file_of({"x": entry(shape=(1 << 63, 2))}, bytes(8)), "`shape` must be a list"),
    (file_of({"x": entry(shape=(1 << 62, 1 << 62))}, bytes(8)), "must be as far apart as F32"),
    (file_of({"x": entry(shape=(1 << 62, 0, 2))}, bytes(8)), "must be as far apart as F32"),
    (file_of({"x": entry(offsets=(0, 4))}, bytes(8)), "must be as far apart as F32"),
    (file_of({"x": entry(offsets=(8, 0))}, bytes(8)), "must be as far apart"),
    (file_of({"x": entry(offsets=(-8, 0))}, bytes(8)), "`data_offsets` must be two numbers"),
    (file_of({"x": entry(offsets=(0, 8, 8))}, bytes(8)), "`data_offsets` must be two numbers"),
    (file_of({"x": entry("F4", (3,), (0, 2))}, bytes(2)), "must be as far apart as F4"),
    (file_of({"x": entry(offsets=(8, 16))}, bytes(16)), "`data_offsets of 'x'` .* got a gap"),
    (file_of({"x": entry(), "y": entry()}, bytes(16)), "got a part of another's data"),
    (
        file_of({"x": entry(), "y": entry(offsets=(4, 12))}, bytes(12)),
        "got a part of another's data",
    ),
    (file_of({"x": entry()}, bytes(9)), r"`the file` must end with the data"),
    (file_of({"x": entry()}, bytes(7)), r"`the file` must end with the data"),
]


@pytest.mark.parametrize(("content", "words"), BAD, ids=range(len(BAD)))
def test_lies_are_refused_in_words(content, words):
    with pytest.raises(ParameterError, match=words):
        read(content)


def test_nothing_is_allocated_for_a_header_that_lies():
    content = file_of({"x": entry(shape=(1 << 40,), offsets=(0, 1 << 42))})
    tracemalloc.start()
    with pytest.raises(ParameterError):
        read(content)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 1 << 20


def mutated(content, rng):
    """A file with some of its bytes changed, taken away, repeated, or numbers of its header changed."""
    made = bytearray(content)
    for _ in range(rng.randint(1, 4)):
        at = rng.randrange(len(made)) if made else 0
        match rng.randrange(6):
            case 0:
                made[at : at + 1] = bytes([rng.randrange(256)])
            case 1:
                del made[at : at + rng.randint(1, 9)]
            case 2:
                made[at:at] = made[at : at + rng.randint(1, 30)]
            case 3:
                made[at:at] = rng.choice(
                    [
                        b"[",
                        b"]",
                        b"{",
                        b"}",
                        b'"',
                        b",",
                        b":",
                        b"-",
                        b"0",
                        b"9" * 19,
                        b"1e400",
                        b"null",
                    ]
                )
            case 4:
                digits = [n for n, byte in enumerate(made) if 48 <= byte <= 57]
                if digits:
                    made[rng.choice(digits)] = rng.choice(b"0123456789")
            case _:
                made[:8] = struct.pack(
                    "<Q", rng.choice([0, 1, 7, len(made), 1 << 32, 1 << 63, rng.randrange(400)])
                )
    return bytes(made)


def fuzz(tries, seed):
    rng = random.Random(seed)
    content = safetensors.numpy.save(TENSORS, {"a": "b"})
    taken = 0
    for _ in range(tries):
        made = mutated(content, rng)
        try:
            found, metadata = read(made)
        except ParameterError:
            continue
        taken += 1
        end = 8 + int.from_bytes(made[:8], "little")
        for stored in sorted(found.values(), key=lambda each: (each.start, each.bytes)):
            assert stored.start == end
            end += stored.bytes
        assert end == len(made)
        assert all(isinstance(each, str) for each in metadata.values())
        # What is taken here, the package takes too.
        if not any(length > 1 << 31 for stored in found.values() for length in stored.shape):
            safetensors.deserialize(made)
    return taken


def test_mutated_headers():
    assert 0 < fuzz(5_000, 0) < 5_000


@pytest.mark.slow
def test_many_mutated_headers():
    assert 0 < fuzz(100_000, 1) < 100_000
