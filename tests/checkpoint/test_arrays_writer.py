"""The writer of arrays that come one by one."""

from __future__ import annotations

import numpy as np
import pytest
import safetensors

import agnostic_init as ai
from agnostic_init.arrays.errors import ParameterError, ParameterTypeError
from agnostic_init.checkpoint import Writer, arrays_writer

W = ai.normal()((6, 4), key=0)
SPECS = {"w": (6, 4), "n": ((5,), "int64"), "none": (0, 3), "scalar": ((), "float16")}


def write_all(writer, library=np):
    writer.write("n", library.arange(5) if library is np else library.asarray(np.arange(5)))
    writer.write("w", library.asarray(W))
    writer.write("scalar", library.asarray(np.array(2, "f2")))


@pytest.mark.parametrize("piece", [1 << 26, 20])
def test_what_comes_is_in_the_file(tmp_path, monkeypatch, piece):
    monkeypatch.setattr(arrays_writer, "PIECE", piece)
    path = tmp_path / "m.safetensors"
    with Writer(path, SPECS, metadata={"about": "me"}) as writer:
        write_all(writer)
        assert not path.exists()
    with safetensors.safe_open(path, "numpy") as read:
        assert read.metadata() == {"format": "pt", "about": "me"}
        assert np.array_equal(read.get_tensor("w"), W)
        assert read.get_tensor("n").tolist() == [0, 1, 2, 3, 4]
        assert read.get_tensor("scalar") == 2
        assert read.get_tensor("none").shape == (0, 3)
    assert list(tmp_path.iterdir()) == [path]


def test_blocks_in_any_order_and_memory(tmp_path):
    with Writer(tmp_path / "m.safetensors", {"w": (6, 4)}) as writer:
        for index in (
            (slice(1, None, 2), slice(2, 4)),
            (slice(0, None, 2),),
            (slice(1, None, 2), slice(0, 2)),
        ):
            writer.write("w", np.asfortranarray(W[index]), index=index)
    assert ai.fingerprint(tmp_path) == ai.fingerprint({"w": W})


def test_arrays_of_any_library(backend, tmp_path):
    with Writer(tmp_path / "m.safetensors", {"w": (6, 4)}) as writer:
        writer.write("w", backend.xp.asarray(W))
    assert ai.fingerprint(tmp_path) == ai.fingerprint({"w": W})


def test_what_is_not_whole_does_not_appear(tmp_path):
    writer = Writer(tmp_path / "m", SPECS).__enter__()
    writer.write("w", W[:3], index=slice(0, 3))
    writer.write("n", np.arange(5))
    with pytest.raises(ParameterError, match=r"`specs` must be written, but 2 of 4 are not"):
        writer.__exit__(None, None, None)
    assert list(tmp_path.iterdir()) == []
    with pytest.raises(KeyboardInterrupt), Writer(tmp_path / "m", SPECS):
        raise KeyboardInterrupt
    assert list(tmp_path.iterdir()) == []


def test_a_file_is_replaced_only_if_told(tmp_path):
    path = tmp_path / "m.safetensors"
    path.write_bytes(b"old")
    with pytest.raises(ParameterError, match="must not exist yet"):
        Writer(path, SPECS)
    with Writer(path, SPECS, overwrite=True) as writer:
        write_all(writer)
    assert np.array_equal(ai.fingerprint(path), ai.fingerprint(tmp_path))


def test_bad_calls(tmp_path):
    writer = Writer(tmp_path / "m", SPECS)
    with pytest.raises(ParameterError, match="`writer` must be entered, by `with`"):
        writer.write("w", W)
    calls = [
        (("x", W), {}, ParameterError, "must be that of a tensor of the specs, got 'x'"),
        (("w", W.T), {}, ParameterError, r"tensor 'w': `array` must have the shape \(6, 4\)"),
        (("w", W), {"index": slice(0, 5)}, ParameterError, r"must have the shape \(5, 4\)"),
        (("w", W.astype("f8")), {}, ParameterError, "must have the dtype float32, got 'float64'"),
        (("w", [1]), {}, ParameterTypeError, "must be an array of a supported library"),
    ]
    writer.__enter__()
    for arguments, more, kind, words in calls:
        with pytest.raises(kind, match=words):
            writer.write(*arguments, **more)
    writer.write("w", W)
    words = r"`index` must have no element of what is written, as \[0:6, 0:4\] is, got \[0:1, 0:4\]"
    with pytest.raises(ParameterError, match=words):
        writer.write("w", W[:1], index=slice(0, 1))
    with pytest.raises(ParameterError, match="must be written"):
        writer.__exit__(None, None, None)
    with pytest.raises(ParameterTypeError, match="`metadata` must be of strings"):
        Writer(tmp_path / "m", SPECS, metadata={"a": 1})
    with pytest.raises(ParameterError, match=r"`dtype of 'x'` must be one that safetensors has"):
        Writer(tmp_path / "m", {"x": ((2,), "complex128")})


def test_blocks_that_overlap_are_told_of(tmp_path):
    """Not only when more comes than there is room for: here as many elements come as there are."""
    writer = Writer(tmp_path / "m", {"w": (6, 4)}).__enter__()
    writer.write("w", W[::2], index=slice(None, None, 2))
    words = (
        r"tensor 'w': `index` .* as \[0:6:2, 0:4\] is, got \[2:0:-1, 0:4\]; try: each index once"
    )
    with pytest.raises(ParameterError, match=words):
        writer.write("w", W[2:0:-1], index=slice(2, 0, -1))
    writer.write("w", W[1::2], index=slice(1, None, 2))
    writer.__exit__(None, None, None)
    assert ai.fingerprint(tmp_path / "m") == ai.fingerprint({"w": W})


def test_the_files_of_a_larger_model_do_not_stay(tmp_path):
    path = tmp_path / "m.safetensors"
    plan = ai.init_tree({"a": (4,), "b": (4,)}, {"*": "ones"}, key=0, dry_run=True)
    ai.checkpoint.write(plan, path, max_shard_size=16)
    with pytest.raises(ParameterError, match=r"beside .* m.safetensors.index.json, got .*removes"):
        Writer(path, SPECS)
    with Writer(path, SPECS, overwrite=True) as writer:
        write_all(writer)
        assert len(list(tmp_path.iterdir())) == 4
    assert list(tmp_path.iterdir()) == [path]
