"""Public names whose modules import torch."""

from __future__ import annotations

import inspect

import pytest

import agnostic_init
from agnostic_init.homes import HOMES

pytest.importorskip("torch")

OF_TORCH = [(name, home) for home, names in HOMES.items() if "torch" in home for name in names]


@pytest.mark.parametrize(("name", "home"), OF_TORCH)
def test_names_are_where_the_table_says(name, home):
    thing = getattr(agnostic_init, name)
    assert thing.__module__ == f"agnostic_init.{home}"
    assert (inspect.getdoc(thing) or "").strip()


def test_the_folder_has_its_names():
    assert dir(agnostic_init.torch) == sorted(agnostic_init.torch.__all__)
    for name in agnostic_init.torch.__all__:
        assert (inspect.getdoc(getattr(agnostic_init.torch, name)) or "").strip()
