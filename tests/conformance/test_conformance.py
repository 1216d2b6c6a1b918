"""The known answers of stream v1: this package has them on every library, and is told where it has not."""

from __future__ import annotations

import json
import re
import sys
from pathlib import Path

import pytest

from agnostic_init.arrays.dtypes import FORMATS
from agnostic_init.arrays.errors import ParameterError
from agnostic_init.cli import main
from agnostic_init.conformance import conformance
from agnostic_init.draws import reference
from agnostic_init.draws.engines import host

ROOT = Path(__file__).parents[2]
FILE = ROOT / "conformance" / "stream-v1.json"
PAGE = (ROOT / "docs" / "stream.md").read_text("utf-8")
VECTORS = json.loads(FILE.read_text("utf-8"))
SECTIONS = ("philox", "words", "keys", "folds", "draws", "blocks", "fingerprints", "models")
KEY = ["000000000000002a", "0000000000000000"]


@pytest.fixture
def some(tmp_path):
    """A file of every so manieth draw, and of all else but models."""

    def write(step):
        chosen = {**VECTORS, "draws": VECTORS["draws"][::step], "models": []}
        path = tmp_path / "some.json"
        path.write_text(json.dumps(chosen))
        return path

    return write


def test_every_library_has_them(backend, some):
    name = "array_api_strict" if backend.name == "strict" else backend.name
    pytest.importorskip("ml_dtypes")
    found = conformance(some(13 if name in ("dask", "array_api_strict") else 1), backend=name)
    assert found.wrong == ()
    assert set(found.checked) == set(SECTIONS) - {"models"}
    assert (found.left != {}) == (name in ("jax", "array_api_strict", "cupy"))


def test_without_the_small_dtypes_numpy_has_the_others(some, monkeypatch):
    monkeypatch.setitem(sys.modules, "ml_dtypes", None)
    found = conformance(some(1))
    assert found.wrong == ()
    assert found.checked["draws"] > 100
    assert sum(found.left.values()) > 50
    assert any("'bfloat16'" in reason for reason in found.left)


def test_so_has_numpy_without_the_compiled_library(some, monkeypatch):
    pytest.importorskip("ml_dtypes")
    monkeypatch.setattr(host, "in_use", lambda: False)
    found = conformance(some(1))
    assert (found.wrong, found.left) == ((), {})


def test_and_a_whole_model(tmp_path, capsys):
    path = tmp_path / "models.json"
    path.write_text(json.dumps({"stream": "v1", "models": VECTORS["models"]}))
    assert main(["conformance", str(path)]) == 0
    assert capsys.readouterr().out.endswith("1 cases checked, all are right\n")
    assert main(["conformance", str(path), "--quick"]) == 2
    assert "must have cases that numpy can make" in capsys.readouterr().err


def last_digit_changed(text):
    return text[:-1] + ("0" if text[-1] != "0" else "1")


FAULTS = {
    "philox": ("words", lambda x: [*x[:3], last_digit_changed(x[3])], r"word 3 must be \w{8}, got"),
    "words": ("words", lambda x: [last_digit_changed(x[0]), *x[1:]], r"word 0 must be \w{8}, got"),
    "keys": ("key", lambda x: [last_digit_changed(x[0]), x[1]], r"the key must be Key\(seed="),
    "folds": ("folded", lambda x: [x[0], last_digit_changed(x[1])], r"the key must be Key\(seed="),
    "draws": (
        "values",
        lambda x: [x[0], *map(last_digit_changed, x[1:3]), *x[3:]],
        r"\(uniform with low 0, high 1 in .*\): the value at position 1 must be \w{8}, got .*and 1 more$",
    ),
    "blocks": ("values", lambda x: [last_digit_changed(x[0]), *x[1:]], "the value at position 0"),
    "fingerprints": ("fingerprint", last_digit_changed, r"the fingerprint 0 must be \w{32}, got"),
}


@pytest.mark.parametrize("section", FAULTS)
def test_a_wrong_answer_is_told(section, tmp_path, capsys):
    field, fault, words = FAULTS[section]
    rows = [dict(row) for row in VECTORS[section][:2]]
    rows[0][field] = fault(rows[0][field])
    path = tmp_path / "wrong.json"
    path.write_text(json.dumps({"stream": "v1", section: rows}))
    found = conformance(path)
    assert len(found.wrong) == 1
    assert re.match(f"{section}, case 1", found.wrong[0])
    assert re.search(words, found.wrong[0])
    assert main(["conformance", str(path)]) == 1
    assert capsys.readouterr().out.endswith("2 cases checked, 1 are wrong\n")
    assert main(["conformance", str(path), "--json"]) == 1
    assert json.loads(capsys.readouterr().out)["wrong"] == list(found.wrong)


def test_what_is_to_rounding_may_be_off_by_that_and_no_more(tmp_path):
    row = next(row for row in VECTORS["draws"] if "tolerance" in row)
    path = tmp_path / "close.json"
    for units, wrong in [(1, 0), (1 << 20, 1)]:
        near = f"{int(row['values'][0], 16) + units:016x}"
        fields = {**row, "values": [near, *row["values"][1:]]}
        path.write_text(json.dumps({"stream": "v1", "draws": [fields]}))
        found = conformance(path)
        assert len(found.wrong) == wrong
    assert re.search(r"must be \w{16} within \d\.\d+e-1\d, got", found.wrong[0])


WORDS = {"key": KEY, "first": "0" * 16, "words": ["9ceaf053"]}
DRAW = {"draw": "normal", "dtype": "float32", "key": KEY, "at": [["0" * 16, 1]]}
ARRAY = {"dtype": "uint8", "shape": [2], "values": ["00", "01"], "fingerprint": "0" * 32}
MODEL = {"model": "a", "key": KEY, "sha256": "0" * 64}
BAD = [
    ("{", "not valid JSON"),
    ("[" * 100_000, "not valid JSON: nested too deeply"),
    ('{"stream": "v1", "stream": "v1"}', "`names` must not be repeated"),
    ("[]", "`stream` must be 'v1', got []"),
    ({"words": [WORDS]}, "`stream` must be 'v1', got None"),
    ({"stream": "v2", "words": [WORDS]}, "`stream` must be 'v1', got 'v2'"),
    ({"stream": "v1"}, "`the file` must have cases"),
    ({"stream": "v1", "sums": []}, "`the file` must have lists of philox, words"),
    ({"words": {}}, "`the file` must have lists of philox, words"),
    ({"words": [3]}, "words, case 1: `the case` must be a table, got 3"),
    ({"words": [{**WORDS, "wrods": 1}]}, "must have no other fields than key, first, words"),
    ({"words": [{"key": KEY}]}, "`first` must be given"),
    ({"words": [WORDS, {**WORDS, "first": "0"}]}, "case 2: first: `the number` must be text of 16"),
    ({"words": [{**WORDS, "words": ["xxxxxxxx"]}]}, "must be text of 8 hexadecimal digits"),
    ({"words": [{**WORDS, "key": KEY[:1]}]}, "key: `the list` must have 2 items"),
    ({"keys": [{"key": KEY, "text": 3}]}, "text: `the text` must be text, got 3"),
    ({"draws": [{**DRAW, "values": []}]}, "`values` must be those of 1 elements, got 0 numbers"),
    ({"draws": [{**DRAW, "values": ["00"]}]}, "values: `the number` must be text of 8"),
    ({"draws": [{**DRAW, "dtype": "int8", "values": []}]}, "dtype: `the word` must be one of"),
    ({"draws": [{**DRAW, "std": "1", "values": ["0" * 8]}]}, "std: `the number` must be finite"),
    (
        {"draws": [{**DRAW, "std": 10**400, "values": ["0" * 8]}]},
        "std: `the number` must be finite",
    ),
    ({"draws": [{**DRAW, "at": [["0" * 16, -1]], "values": []}]}, "must be an integer that is not"),
    (
        {"blocks": [{**DRAW, "shape": [3], "index": [[0, 1, 0]], "values": ["0" * 8]}]},
        "must have no other fields",
    ),
    ({"fingerprints": [{"fingerprint": "0" * 32}]}, "must have tensors, or dtype, shape and"),
    ({"fingerprints": [{**ARRAY, "shape": [3]}]}, "`values` must be those of 3 elements"),
    # What asks for nothing, or for anything, would always be right.
    ({"keys": [{"key": KEY}]}, "keys, case 1: `the case` must have one of integer, text"),
    ({"folds": [{"key": KEY, "folded": KEY}]}, "`the case` must have one of data, name"),
    ({"folds": [{"key": KEY, "folded": KEY, "data": "0" * 16, "digest": "0" * 16}]}, "`digest`"),
    ({"words": [{**WORDS, "words": []}]}, "`the run` must have places"),
    ({"words": [{**WORDS, "first": "f" * 16, "words": ["0" * 8] * 2}]}, "none beyond ffffffff"),
    ({"draws": [{**DRAW, "at": [], "values": []}]}, "`at` must have runs of places"),
    ({"draws": [{**DRAW, "at": [["f" * 16, 2]], "values": ["0" * 8] * 2}]}, "none beyond fff"),
    ({"draws": [{**DRAW, "tolerance": 1e30, "values": ["0" * 8]}]}, "`the tolerance` must be from"),
    ({"draws": [{**DRAW, "low": 0, "values": ["0" * 8]}]}, "`low` must not be given for normal"),
    ({"draws": [{**DRAW, "std": -1, "values": ["0" * 8]}]}, "draws, case 1: `std` must not be"),
    ({"fingerprints": [{**ARRAY, "shape": [0, 1 << 62], "values": []}]}, "must have lengths of"),
    ({"models": [{**MODEL, "tensors": [{"name": "a", "elements": 1}]}]}, "one of value, normal"),
    (
        {"models": [{**MODEL, "tensors": [{"name": "a", "elements": 1 << 45, "value": 0}]}]},
        "models, case 1: `tensors` must have at most 8,589,934,592 elements together, got 35,184",
    ),
    ({"philox": [{**VECTORS["philox"][0], "counter": ["00 00 00"] * 4}]}, "text of 8 hexadecimal"),
]


@pytest.mark.parametrize(("content", "words"), BAD)
def test_a_bad_file_is_refused_in_words(content, words, tmp_path, capsys):
    path = tmp_path / "bad.json"
    if isinstance(content, dict):
        content = json.dumps({"stream": "v1", **content} if "stream" not in words else content)
    path.write_text(content)
    with pytest.raises(ParameterError, match=re.escape(words)):
        conformance(path)
    assert main(["conformance", str(path)]) == 2
    assert str(path) in capsys.readouterr().err


def test_no_file_and_no_such_library(tmp_path, capsys):
    assert main(["conformance", str(tmp_path / "none.json")]) == 2
    assert "No such file" in capsys.readouterr().err
    with pytest.raises(SystemExit) as stopped:
        main(["conformance", str(FILE), "--backend", "tensorflow"])
    assert stopped.value.code == 2
    with pytest.raises(ParameterError, match="`xp` must be one of numpy, torch"):
        conformance(FILE, backend="tensorflow")


def test_the_page_describes_every_section_and_field():
    described = PAGE.partition("## Vectors")[2]
    assert set(VECTORS) == {"stream", "fields", *SECTIONS}
    for section in SECTIONS:
        assert f"- `{section}`: " in described
        fields = {name for row in VECTORS[section] for name in row}
        fields |= {
            name for row in VECTORS[section] for each in row.get("tensors", ()) for name in each
        }
        assert {name for name in fields if f"`{name}`" not in described} == set()


def test_the_pages_tables_are_those_of_the_reference():
    columns = (*reference.CENTER, *reference.NEAR_TAIL, *reference.FAR_TAIL)
    for power, row in enumerate(zip(*columns, strict=True)):
        assert f"| {power} | {' | '.join(map(repr, row))} |" in PAGE
    for name, form in FORMATS.items():
        if form.itemsize < 4:
            line = next(line for line in PAGE.splitlines() if line.startswith(f"| {name} |"))
            _, _, digits, least, largest, _ = (cell.strip() for cell in line.split("|"))
            assert int(digits) == form.precision
            assert least == f"2^{form.min_exponent}"
            assert eval(largest.replace("^", ".0**")) == form.max
