"""Checkpoints: one file, or an index and its files; mapped, in pieces, and only where they may be."""

from __future__ import annotations

import json
import os
import random

import numpy as np
import pytest
import safetensors.numpy

from agnostic_init.arrays.errors import ParameterError
from agnostic_init.storage import checkpoint
from agnostic_init.storage.checkpoint import open_checkpoint

TENSORS = {
    "w": np.arange(60, dtype="f4").reshape(5, 12),
    "b": np.ones(3, "u1"),
    "none": np.ones((0, 5), "f8"),
    "scalar": np.array(7, "i8"),
}


@pytest.fixture
def sharded(tmp_path):
    names = list(TENSORS)
    places = {}
    for number, part in enumerate((names[:2], names[2:]), 1):
        file = f"model-0000{number}-of-00002.safetensors"
        safetensors.numpy.save_file({name: TENSORS[name] for name in part}, tmp_path / file)
        places |= dict.fromkeys(part, file)
    index = tmp_path / "model.safetensors.index.json"
    index.write_text(json.dumps({"metadata": {"total_size": 8}, "weight_map": places}))
    return index


def check(found):
    assert set(found) == set(TENSORS)
    assert len(found) == 4
    for name, array in TENSORS.items():
        np.testing.assert_array_equal(found.storage(name), array, strict=True)
        whole = np.empty_like(array)
        for index, data in found.pieces(name):
            whole[index] = data
        np.testing.assert_array_equal(whole, array)


@pytest.mark.parametrize("size", [1 << 26, 16, 1])
def test_one_file_and_several(tmp_path, sharded, size, monkeypatch):
    monkeypatch.setattr(checkpoint, "PIECE", size)
    check(open_checkpoint(sharded))
    check(open_checkpoint(str(tmp_path)))
    path = tmp_path / "whole"
    safetensors.numpy.save_file(TENSORS, path)
    check(open_checkpoint(path))


def test_data_that_is_not_aligned(tmp_path):
    header = {"a": {"dtype": "U8", "shape": [1], "data_offsets": [0, 1]}}
    header["b"] = {"dtype": "F32", "shape": [3], "data_offsets": [1, 13]}
    text = json.dumps(header).encode()
    data = b"\1" + np.arange(3, dtype="f4").tobytes()
    path = tmp_path / "odd.safetensors"
    path.write_bytes(len(text).to_bytes(8, "little") + text + data)
    found = open_checkpoint(path)
    assert found.storage("b").tolist() == [0, 1, 2]
    assert [data.tolist() for _, data in found.pieces("b")] == [[0, 1, 2]]


def test_what_is_mapped_cannot_be_written(sharded):
    with pytest.raises(ValueError, match="read-only"):
        open_checkpoint(sharded).storage("w")[0] = 1


def test_elements_that_share_bytes_are_listed_and_not_read(tmp_path):
    text = b'{"x":{"dtype":"F4","shape":[4],"data_offsets":[0,2]}}'
    path = tmp_path / "four.safetensors"
    path.write_bytes(len(text).to_bytes(8, "little") + text + b"ab")
    found = open_checkpoint(path)
    assert found["x"].shape == (4,)
    with pytest.raises(
        ParameterError, match="`dtype of 'x'` must be one whose elements have bytes"
    ):
        found.storage("x")


def test_a_file_that_became_shorter(tmp_path):
    path = tmp_path / "m.safetensors"
    safetensors.numpy.save_file(TENSORS, path)
    found = open_checkpoint(path)
    os.truncate(path, 100)
    with pytest.raises(ParameterError, match="`file` must stay as it is"):
        found.storage("w")
    with pytest.raises(ParameterError, match="`file` must stay as it is"):
        list(found.pieces("w"))


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (lambda index: index.pop("weight_map"), "must have a weight_map"),
        (lambda index: index.update(weight_map=[]), "must have a weight_map"),
        (lambda index: index.update(weight_map={}), "must have a weight_map"),
        (
            lambda index: index["weight_map"].update(w=3),
            "`file of 'w'` must be a name in the folder",
        ),
        (lambda index: index["weight_map"].update(w="../x"), "must be a name in the folder"),
        (lambda index: index["weight_map"].update(w="/etc/passwd"), "must be a name in the folder"),
        (lambda index: index["weight_map"].update(w="a\\b"), "must be a name in the folder"),
        (lambda index: index["weight_map"].update(w="C:x"), "must be a name in the folder"),
        (lambda index: index["weight_map"].update(w=".."), "must be a name in the folder"),
        (lambda index: index["weight_map"].update(w=""), "must be a name in the folder"),
        (lambda index: index["weight_map"].update(w="a\0"), "must be a name in the folder"),
        (
            lambda index: index["weight_map"].pop("b"),
            "must name all tensors of its files, got .'b'",
        ),
        (
            lambda index: index["weight_map"].update(v=index["weight_map"]["w"]),
            "must have 'v', as the index says",
        ),
    ],
    ids=range(13),
)
def test_an_index_that_lies(sharded, change, words):
    index = json.loads(sharded.read_text())
    change(index)
    sharded.write_text(json.dumps(index))
    with pytest.raises(ParameterError, match=words):
        open_checkpoint(sharded)


def test_files_that_are_not_there_or_no_files(tmp_path, sharded):
    with pytest.raises(FileNotFoundError):
        open_checkpoint(tmp_path / "none.safetensors")
    (tmp_path / "other.safetensors.index.json").write_text("{}")
    with pytest.raises(ParameterError, match="where a folder has several"):
        open_checkpoint(tmp_path)
    with pytest.raises(ParameterError, match="not of a device or pipe"):
        open_checkpoint(os.devnull)
    index = json.loads(sharded.read_text())
    index["weight_map"]["w"] = "gone.safetensors"
    sharded.write_text(json.dumps(index))
    with pytest.raises(FileNotFoundError):
        open_checkpoint(sharded)


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="no pipes with names")
def test_a_pipe_is_not_waited_for(tmp_path):
    os.mkfifo(tmp_path / "pipe.safetensors")
    os.mkfifo(tmp_path / "pipe.json")
    for name in ("pipe.safetensors", "pipe.json"):
        with pytest.raises(ParameterError, match="not of a device or pipe"):
            open_checkpoint(tmp_path / name)


def fuzz(index, tries, seed):
    rng = random.Random(seed)
    content = index.read_bytes()
    taken = 0
    for _ in range(tries):
        made = bytearray(content)
        for _ in range(rng.randint(1, 3)):
            at = rng.randrange(len(made))
            match rng.randrange(3):
                case 0:
                    made[at] = rng.randrange(256)
                case 1:
                    del made[at : at + rng.randint(1, 9)]
                case _:
                    made[at:at] = rng.choice(
                        [b'"', b"../", b"/", b"{", b"}", b"\\u0000", b"[", b"9" * 30]
                    )
        with index.open("r+b") as file:  # emptied first, it would be on the disk each time
            file.write(made)
            file.truncate()
        try:
            found = open_checkpoint(index)
        except (ParameterError, FileNotFoundError):
            continue
        taken += 1
        assert all(place.parent == index.parent for place in found.files.values())
    return taken


def test_mutated_indexes(sharded):
    fuzz(sharded, 300, 0)


@pytest.mark.slow
def test_many_mutated_indexes(sharded):
    fuzz(sharded, 30_000, 1)
