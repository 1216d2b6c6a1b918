"""The bound on matching names with rules: what counts towards it, and for which SPECs."""

from __future__ import annotations

import os
import signal
import time
from pathlib import Path

import pytest

import agnostic_init as ai
from agnostic_init.cli import main, planning
from agnostic_init.cli.deadline import deadline

pytestmark = pytest.mark.skipif(os.name != "posix", reason="timers")

SOURCE = """
import time

def slow(): return {"a" * 200: (1,)}, {"re:(a+)+$b": "zeros"}
def hides():
    try:
        import agnostic_init as ai
        ai.init_tree(*slow(), key=0, dry_run=True)
    except Exception:
        pass
    return {"a" * 200: (1,)}, {"re:(a+)+$b": "zeros"}
def sleeps():
    time.sleep(0.15)
    return {"a": (1,)}, {"*": lambda name, shape: (time.sleep(0.15), "zeros")[1]}
"""


def look(seconds):
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        pass


@pytest.mark.parametrize("function", ["slow", "hides"])
def test_what_a_function_returns_is_matched_in_a_bounded_time(
    capsys, monkeypatch, tmp_path, function
):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(planning, "MATCHING", 0.1)
    Path("a_slow_spec.py").write_text(SOURCE)
    assert main(["describe", f"a_slow_spec:{function}", "--seed", "0"]) == 2
    said = capsys.readouterr().err
    assert "`rules` must be matched with all names within 0.1 seconds, got longer" in said


def test_a_user_s_own_time_does_not_count(capsys, monkeypatch, tmp_path):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(planning, "MATCHING", 0.1)
    Path("a_slow_spec.py").write_text(SOURCE)
    assert main(["describe", "a_slow_spec:sleeps", "--seed", "0"]) == 0


def test_of_the_whole():
    """As of a configuration, where one number says how many layers there are."""
    rule = r"`SPEC` must be planned within 0\.05 seconds, got longer"
    with pytest.raises(ValueError, match=rule), deadline(0.6, 0.05):
        look(5)
    with deadline(0.6, 10):
        look(0.05)


def test_nothing_is_left_behind():
    before = signal.getsignal(signal.SIGALRM)
    with deadline(0.6):
        assert ai.init_tree({"w": (2,)}, {"*": "zeros"}, key=0)["w"].tolist() == [0, 0]
    assert signal.getsignal(signal.SIGALRM) is before
    assert signal.getitimer(signal.ITIMER_REAL) == (0.0, 0.0)
