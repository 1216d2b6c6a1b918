"""The known answers are those that the script makes, as far as it does so quickly."""

from __future__ import annotations

import importlib.util
import json
from pathlib import Path

import pytest

FOLDER = Path(__file__).parents[2] / "conformance"


@pytest.fixture(scope="module")
def script():
    pytest.importorskip("ml_dtypes")
    spec = importlib.util.spec_from_file_location("make_stream_v1", FOLDER / "make_stream_v1.py")
    made = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(made)
    return made


@pytest.fixture(scope="module")
def known():
    return json.loads((FOLDER / "stream-v1.json").read_text("utf-8"))


def as_read(cases):
    return json.loads(json.dumps(list(cases)))


@pytest.mark.parametrize("section", ["philox", "folds", "blocks", "fingerprints"])
def test_sections(script, known, section):
    assert as_read(getattr(script, section)()) == known[section]


def test_complex_draws(script, known):
    made = as_read(script.complexes())
    assert made == known["draws"][-len(made) :]


def test_a_quantile_that_is_not_good_enough_is_refused(script, monkeypatch):
    draw, at = script.draw_of("normal", "float32", {}), [(0, 2)]
    assert script.verified(draw, script.KEY, at) == 0.0
    right = script.quantile_of
    monkeypatch.setattr(script, "quantile_of", lambda *given: right(*given) * (1 + 1e-12))
    with pytest.raises(ArithmeticError, match="is not as good as the page says"):
        script.verified(draw, script.KEY, at)
