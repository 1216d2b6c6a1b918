"""A signal is seen once, at once or at the next look."""

from __future__ import annotations

import os
import signal
import sys

import pytest

from agnostic_init.cli.signals import Signals, StoppedError

pytestmark = pytest.mark.skipif(os.name != "posix", reason="signals")


def test_a_signal_raises_where_it_comes():
    with pytest.raises(StoppedError) as caught, Signals():
        os.kill(os.getpid(), signal.SIGTERM)
    assert caught.value.code == 143
    assert signal.getsignal(signal.SIGTERM) is signal.SIG_DFL


def test_one_that_python_drops_is_seen_later():
    class Dropped:
        def __del__(self):
            os.kill(os.getpid(), signal.SIGTERM)
            for _ in range(1000):  # for the handler to run in
                pass

    before = signal.getsignal(signal.SIGINT)  # which a job of a shell ignores
    with Signals() as signals:
        signals.check()
        dropped = Dropped()
        del dropped
        assert signal.getsignal(signal.SIGINT) is signal.SIG_IGN
        with pytest.raises(StoppedError) as caught:
            signals.check()
    assert caught.value.number == signal.SIGTERM
    assert signal.getsignal(signal.SIGINT) is before


def test_what_python_drops_of_it_goes_without_a_word():
    class Told:
        def __del__(self):
            signal.raise_signal(signal.SIGTERM)

    class Wrong:
        def __del__(self):
            raise ZeroDivisionError

    before = sys.unraisablehook
    said = []
    sys.unraisablehook = said.append
    try:
        with Signals() as signals:
            Told()
            Wrong()
            with pytest.raises(StoppedError):
                signals.check()
        assert [each.exc_type for each in said] == [ZeroDivisionError]
        assert sys.unraisablehook.__self__ is said
    finally:
        sys.unraisablehook = before
