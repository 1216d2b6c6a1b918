"""The constants that the library is compiled with are the reference's."""

from __future__ import annotations

from agnostic_init.draws.engines.native_header import HEADER, text


def test_the_header_is_what_the_reference_writes():
    assert HEADER.read_text(encoding="utf-8") == text()
