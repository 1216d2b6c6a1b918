"""Blocks: contexts that may be entered again, and decorate what runs at once."""

from __future__ import annotations

import pytest

from agnostic_init.arrays.blocks import block
from agnostic_init.arrays.errors import ParameterTypeError

STEPS = []


@block
def told(name):
    STEPS.append(f"{name} in")
    try:
        yield name
    finally:
        STEPS.append(f"{name} out")


@pytest.fixture(autouse=True)
def _fresh():
    STEPS.clear()


def test_one_may_be_entered_again_and_inside_of_itself():
    again = told("a")
    with again as outer, again as inner:
        assert outer == inner == "a"
    with again:
        pass
    assert STEPS == ["a in", "a in", "a out", "a out", "a in", "a out"]


def test_an_error_ends_it():
    with pytest.raises(KeyError), told("a"):
        raise KeyError
    assert STEPS == ["a in", "a out"]


def test_a_decorated_function_is_inside_at_each_call():
    @told("a")
    def twice(value):
        """Text."""
        STEPS.append(value)
        return 2 * value

    assert (twice(1), twice(2)) == (2, 4)
    assert STEPS == ["a in", 1, "a out", "a in", 2, "a out"]
    assert twice.__doc__ == "Text."


def test_what_runs_later_is_refused():
    def generator():
        yield

    async def coroutine():
        pass

    async def both():
        yield

    for each in (generator, coroutine, both):
        with pytest.raises(ParameterTypeError, match=r"must run when it is called.*inside of it"):
            told("a")(each)
    assert STEPS == []
