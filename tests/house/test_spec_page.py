"""The page on spec files: its example is one, and it has every key."""

from __future__ import annotations

import re
from pathlib import Path

from agnostic_init.models import spec_file
from agnostic_init.models.spec_file import read_spec

PAGE = (Path(__file__).parents[2] / "docs" / "spec.md").read_text(encoding="utf-8")


def test_the_example_is_a_spec(tmp_path):
    (text,) = re.findall(r"```toml\n(.*?)```", PAGE, re.DOTALL)
    (tmp_path / "spec.toml").write_text(text)
    plan = read_spec(tmp_path / "spec.toml").plan()
    assert len(plan) == 1 + 12 * 4
    assert plan["h.3.ln.weight"].dtype == "float32"
    assert plan["h.3.attn.q.weight"].dtype == "bfloat16"
    assert plan["wte.weight"].dtype == "float32"


def test_every_key_is_there():
    rows = re.findall(r"^\|.*\|$", PAGE, re.MULTILINE)
    for table in spec_file.TABLES:
        assert f"[{table}]" in "".join(rows)
    for key in (*spec_file.DEFAULTS, *spec_file.TENSOR, *spec_file.RULE):
        assert f"`{key}`" in "".join(rows)
