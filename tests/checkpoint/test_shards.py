"""Several files with an index: as transformers names them, with the bytes of the one file."""

from __future__ import annotations

import hashlib
import json

import numpy as np
import pytest
import safetensors.numpy

import agnostic_init as ai
from agnostic_init.arrays.errors import ParameterError, ParameterTypeError
from agnostic_init.checkpoint import data_sha256, header, verify, write
from agnostic_init.checkpoint.shards import as_bytes
from agnostic_init.storage.checkpoint import open_checkpoint

SPECS = {"w": (64, 48), "v": (64, 48), "b": (5,), "none": (0, 3), "half": ((33, 7), "float16")}
RULES = {"b": "ones", "*": ai.normal(std=0.1)}
PLAN = ai.init_tree(SPECS, RULES, key=1, dry_run=True)


@pytest.mark.parametrize("size", [1, 700, 13_000, "20KB"])
def test_the_parts_are_the_whole(tmp_path, size):
    told = []
    written = write(
        PLAN, tmp_path / "m.safetensors", max_shard_size=size, progress=lambda *w: told.append(w)
    )
    count = len(written.files)
    assert count > 1
    assert [each.name for each in written.files] == [
        f"m-{n:05}-of-{count:05}.safetensors" for n in range(1, count + 1)
    ]
    assert written.path == tmp_path / "m.safetensors.index.json"
    assert set(tmp_path.iterdir()) == {written.path, *written.files}
    index = json.loads(written.path.read_text())
    assert index["metadata"] == {"total_size": PLAN.bytes}
    expected = ai.init_tree(SPECS, RULES, key=1)
    assert index["weight_map"].keys() == expected.keys()
    for name, file in index["weight_map"].items():
        read = safetensors.numpy.load_file(tmp_path / file)[name]
        np.testing.assert_array_equal(read, expected[name], strict=True)
    opened = open_checkpoint(tmp_path)
    whole = hashlib.sha256()
    for entry, _ in header.header_of(PLAN).places:
        whole.update(opened.storage(entry.name).tobytes())
    assert written.sha256 == whole.hexdigest() == data_sha256(PLAN)
    assert told[-1][1:] == (PLAN.bytes, PLAN.bytes)
    assert [done for _, done, _ in told] == sorted(done for _, done, _ in told)
    assert ai.fingerprint(tmp_path) == ai.fingerprint(expected)
    assert verify(PLAN, tmp_path) == ()
    for file in written.files:
        small = sum(stored.bytes for stored in open_checkpoint(file).values())
        assert small <= as_bytes(size) or len(open_checkpoint(file)) == 1


def test_what_fits_is_one_file(tmp_path):
    written = write(PLAN, tmp_path / "m.safetensors", max_shard_size="1GB")
    assert written.files == (written.path,) == (tmp_path / "m.safetensors",)


def test_nothing_is_left_of_parts_that_were_stopped(tmp_path):
    def stop(name, done, total):
        if done == total:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        write(PLAN, tmp_path / "m.safetensors", max_shard_size=700, progress=stop)
    assert list(tmp_path.iterdir()) == []


def test_no_part_is_replaced_unless_told(tmp_path):
    other = tmp_path / "m-00002-of-00002.safetensors"
    other.write_bytes(b"old")
    with pytest.raises(ParameterError, match=r"must not exist yet.*m-00002-of-00002"):
        write(PLAN, tmp_path / "m.safetensors", max_shard_size=13_000)
    assert [each.name for each in tmp_path.iterdir()] == [other.name]
    write(PLAN, tmp_path / "m.safetensors", max_shard_size=13_000, overwrite=True)
    assert verify(PLAN, tmp_path) == ()


@pytest.mark.parametrize(
    ("size", "number"),
    [("5GB", 5 * 10**9), ("2 MiB", 1 << 21), ("7", 7), ("7b", 7), (9, 9), (np.int64(9), 9)],
)
def test_sizes(size, number):
    assert as_bytes(size) == number


def test_bad_sizes(tmp_path):
    for size in ("", "GB", "1.5GB", "-1", "5 GBit", "9" * 30):
        with pytest.raises(ParameterError, match="`max_shard_size` must be a number of bytes"):
            as_bytes(size)
    for size in (0, -5, "0"):
        with pytest.raises(ParameterError, match="must be a positive number of bytes"):
            as_bytes(size)
    for size in (1.5, None, [1]):
        with pytest.raises(ParameterTypeError, match="must be a number of bytes"):
            as_bytes(size)


def names(folder):
    return sorted(each.name for each in folder.iterdir())


def test_overwriting_leaves_no_shards_of_before(tmp_path):
    path = tmp_path / "m.safetensors"
    other = tmp_path / "m-00009-of-00009.safetensors"  # of no index
    other.write_bytes(b"theirs")
    many = write(PLAN, path, max_shard_size=700)
    assert many.removed == ()
    few = write(PLAN, path, max_shard_size=13_000, overwrite=True)
    assert set(few.removed) == set(many.files)
    assert names(tmp_path) == sorted(each.name for each in (*few.files, few.path, other))
    one = write(PLAN, path, overwrite=True)
    assert one.removed == (few.path, *few.files)
    assert names(tmp_path) == [other.name, path.name]
    again = write(PLAN, path, max_shard_size=13_000, overwrite=True)
    assert again.removed == (path,)
    assert verify(PLAN, tmp_path) == ()


def test_only_what_write_names_so_is_removed(tmp_path):
    path, index = tmp_path / "m.safetensors", tmp_path / "m.safetensors.index.json"
    kept = [
        "m-00001-of-00002.safetensors.bak",
        "m-1-of-2.safetensors",
        "x-00001-of-00002.safetensors",
    ]
    for name in (*kept, "m-00001-of-00002.safetensors"):
        (tmp_path / name).write_bytes(b"x")
    outside = "../" + tmp_path.name + "/m-00001-of-00002.safetensors"
    for weight_map in ({"a": outside, "b": 3, **{name: name for name in kept}}, [], None):
        index.write_text(json.dumps({"weight_map": weight_map}))
        written = write(PLAN, path, overwrite=True)
        assert written.removed == (index,)
        assert names(tmp_path) == sorted([*kept, "m-00001-of-00002.safetensors", path.name])
    index.write_bytes(b"[" * 100_000)
    assert write(PLAN, path, overwrite=True).removed == (index,)


def test_what_would_be_read_in_its_place_is_refused_beside_it(tmp_path):
    path = tmp_path / "m.safetensors"
    write(PLAN, path)
    before = path.read_bytes()
    with pytest.raises(
        ParameterError, match=r"must not stand beside .* m.safetensors, got .*overwrite"
    ):
        write(PLAN, path, max_shard_size=700)
    assert path.read_bytes() == before
    assert names(tmp_path) == [path.name]


def test_nothing_is_removed_where_the_new_files_do_not_appear(tmp_path):
    path = tmp_path / "m.safetensors"
    many = write(PLAN, path, max_shard_size=700)
    for resume in (False, True):
        with pytest.raises(KeyboardInterrupt):
            write(PLAN, path, overwrite=True, resume=resume, before=_interrupt)
        assert verify(PLAN, many.path) == ()


def _interrupt():
    raise KeyboardInterrupt
