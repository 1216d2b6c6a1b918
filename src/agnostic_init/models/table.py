"""Rows of text as an aligned table."""

from __future__ import annotations

from collections.abc import Sequence

__all__ = ["printable", "short", "table"]

MOST, LEFT = 120, 80  # characters of an initializer, and of one that has more


def table(header: Sequence[str], rows: Sequence[Sequence[str]], right: Sequence[str] = ()) -> str:
    """Align columns; those whose header is in `right`, to the right.

    Examples
    --------
    >>> print(table(["name", "bytes"], [["bias", "8"], ["weight", "1,024"]], right=["bytes"]))
    name    bytes
    bias        8
    weight  1,024
    """
    lines = [[printable(cell) for cell in line] for line in (header, *rows)]
    widths = [max(len(line[column]) for line in lines) for column in range(len(header))]
    return "\n".join(
        "  ".join(
            cell.rjust(width) if title in right else cell.ljust(width)
            for title, cell, width in zip(header, line, widths, strict=True)
        ).rstrip()
        for line in lines
    )


def short(text: str) -> str:
    """The text; of a long one, as of an array, the beginning and the end.

    Examples
    --------
    >>> short(f"constant(value={[0.5] * 100})")
    'constant(value=[0.5, 0.5, 0.5, 0.5, 0.5, 0.5, 0.5, 0.5, 0...0.5, 0.5, 0.5, 0.5])'
    """
    return text if len(text) <= MOST else f"{text[: LEFT - 23]}...{text[-20:]}"


def printable(text: str) -> str:
    r"""The text with control characters, which a terminal would obey, shown as Python writes them.

    Examples
    --------
    >>> print(printable("red" + chr(27) + "[31m"))
    red\x1b[31m
    """
    if text.isprintable():
        return text
    return "".join(c if c.isprintable() else ascii(c)[1:-1] for c in text)
