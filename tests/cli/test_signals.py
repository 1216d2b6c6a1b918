"""A signal is seen once, at once or at the next look."""

from __future__ import annotations

import os
import signal

import pytest

from agnostic_init.cli.signals import Signals, StoppedError

pytestmark = pytest.mark.skipif(os.name != "posix", reason="signals")


def test_a_signal_raises_where_it_comes():
    with pytest.raises(StoppedError) as caught, Signals():
        os.kill(os.getpid(), signal.SIGTERM)
    assert caught.value.code == 143
    assert signal.getsignal(signal.SIGTERM) is signal.SIG_DFL


@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")
def test_one_that_python_drops_is_seen_later():
    class Dropped:
        def __del__(self):
            os.kill(os.getpid(), signal.SIGTERM)
            for _ in range(1000):  # for the handler to run in
                pass

    with Signals() as signals:
        signals.check()
        dropped = Dropped()
        del dropped
        assert signal.getsignal(signal.SIGINT) is signal.SIG_IGN
        with pytest.raises(StoppedError) as caught:
            signals.check()
    assert caught.value.number == signal.SIGTERM
    assert signal.getsignal(signal.SIGINT) is signal.default_int_handler
