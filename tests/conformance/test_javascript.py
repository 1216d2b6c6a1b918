"""Stream v1 written again, in JavaScript and from the page alone, has the same numbers."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from pathlib import Path

import pytest

FOLDER = Path(__file__).parents[2] / "conformance"
FILE = FOLDER / "stream-v1.json"
REQUIRED = os.environ.get("AGNOSTIC_INIT_REQUIRE", "").split(",")


def run(*arguments):
    if shutil.which("node") is None:
        assert "node" not in REQUIRED, "AGNOSTIC_INIT_REQUIRE names node, and there is none"
        pytest.skip("no node on the path, to run JavaScript")
    command = ["node", str(FOLDER / "stream.mjs"), *map(str, arguments)]
    return subprocess.run(command, capture_output=True, text=True, check=False, timeout=300)


def test_it_has_the_known_answers():
    done = run(FILE)
    assert (done.returncode, done.stderr) == (0, "")
    counts = dict(line.split(": ") for line in done.stdout.splitlines() if "not made" not in line)
    known = json.loads(FILE.read_text("utf-8"))
    for section in ("philox", "words", "keys", "folds", "blocks"):
        assert counts[section] == f"{len(known[section])} cases"
    assert int(counts["draws"].split()[0]) > 100


@pytest.mark.parametrize("section", ["philox", "words", "keys", "folds", "draws", "blocks"])
def test_it_sees_what_is_wrong(section, tmp_path):
    known = json.loads(FILE.read_text("utf-8"))
    row = known[section][0]
    field = next(name for name in ("folded", "values", "words", "key") if name in row)
    row[field] = [*row[field][:-1], "0" * len(row[field][-1])]
    if section == "keys":
        row[field] = ["f" * 16, "0" * 16]
    empty = {name: [] for name, rows in known.items() if isinstance(rows, list)}
    path = tmp_path / "wrong.json"
    path.write_text(json.dumps({**empty, section: [row]}))
    done = run(path)
    assert done.returncode == 1
    assert done.stderr.startswith(f"wrong: {section}: ")


@pytest.mark.slow
def test_it_has_the_hash_of_gpt2_small():
    done = run(FILE, "--models")
    assert (done.returncode, done.stderr) == (0, "")
    assert "models: 1 cases" in done.stdout
