"""Rows of text as an aligned table."""

from __future__ import annotations

from collections.abc import Sequence

__all__ = ["table"]


def table(header: Sequence[str], rows: Sequence[Sequence[str]], right: Sequence[str] = ()) -> str:
    """Align columns; those whose header is in `right`, to the right.

    Examples
    --------
    >>> print(table(["name", "bytes"], [["bias", "8"], ["weight", "1,024"]], right=["bytes"]))
    name    bytes
    bias        8
    weight  1,024
    """
    lines = [header, *rows]
    widths = [max(len(line[column]) for line in lines) for column in range(len(header))]
    return "\n".join(
        "  ".join(
            cell.rjust(width) if title in right else cell.ljust(width)
            for title, cell, width in zip(header, line, widths, strict=True)
        ).rstrip()
        for line in lines
    )
