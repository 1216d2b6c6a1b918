"""Results as files: a page, pictures or numbers, as the name says."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from agnostic_init.arrays.errors import must, must_be_type
from agnostic_init.checkpoint.atomic import appearing
from agnostic_init.study.pictures import Page

__all__ = ["check_path", "page_of", "save"]

#: What a result can be saved as.
SUFFIXES = (".html", ".json", ".png", ".svg", ".txt")
DRAWN = (".html", ".png", ".svg")  # by matplotlib


def save(result: Any, path: str | Path) -> Path:
    """Write the result of a study, or results, to a file.

    Parameters
    ----------
    result
        What a study returned, a list of what `signal` returned for several networks, or a `Page`.
    path
        Where to: ".html" is a page that needs no network, ".png" and ".svg" are its pictures,
        ".txt" is what a terminal shows, and ".json" the numbers. A file that is there is replaced.

    Returns
    -------
    Path
        Of the file.

    Raises
    ------
    MissingExtraError
        If pictures are wanted and matplotlib is not installed.
    ParameterError, ParameterTypeError
        If the name ends otherwise, the result is none, or has nothing to draw.

    Examples
    --------
    >>> from agnostic_init import study
    >>> found = study.signal(study.Stack(depth=5, width=16), key=0)
    >>> print(study.save(found, "signal.json"))  # doctest: +SKIP
    signal.json
    """
    path = check_path(path)
    suffix = path.suffix.lower()
    data = _json(result) if suffix == ".json" else _drawn(page_of(result), suffix)
    with appearing(path, len(data), replace=True) as file:
        file.write(data)
    return path


def check_path(path: str | Path, name: str = "path") -> Path:
    """Raise unless a result can be saved there, before it takes minutes to find one."""
    path = Path(path)
    if path.suffix.lower() not in SUFFIXES:
        raise must(name, f"must end in one of {', '.join(SUFFIXES)}", str(path), "report.html")
    if not path.parent.is_dir():
        raise must(name, "must be in a folder that exists", str(path))
    if path.is_dir():
        raise must(name, "must be that of a file, not of a folder", str(path))
    if path.suffix.lower() in DRAWN:
        from agnostic_init.study.plots.figures import check_matplotlib

        check_matplotlib()
    return path


def page_of(result: Any) -> Page:
    """The page of what a study returned."""
    from agnostic_init.study.records import Signal

    if isinstance(result, Page):
        return result
    if isinstance(result, Signal):
        result = [result]
    if isinstance(result, Sequence) and result and all(isinstance(r, Signal) for r in result):
        from agnostic_init.study.signal_page import page_of_signals

        return page_of_signals(result)
    page = getattr(result, "page", None)
    made = page() if callable(page) else None
    if not isinstance(made, Page):
        rule = "must be the result of a study, or a list of those of `signal`"
        raise must_be_type("result", rule, result)
    return made


def _json(result: Any) -> bytes:
    several = isinstance(result, list | tuple)
    if several and not result:
        raise must_be_type("result", "must be the result of a study", result)
    for each in result if several else [result]:
        if not callable(getattr(each, "to_dict", None)):
            raise must_be_type("result", "must be the result of a study", result)
    plain = [each.to_dict() for each in result] if several else result.to_dict()
    return (json.dumps(plain, indent=2) + "\n").encode()


def _drawn(page: Page, suffix: str) -> bytes:
    if suffix == ".html":
        from agnostic_init.study.plots.html import as_html

        return as_html(page).encode()
    if suffix == ".txt":
        from agnostic_init.study.plots.terminal import as_text

        return (as_text(page) + "\n").encode()
    if not page.pictures:
        raise must("result", "must have something to draw", page.title, "a file that ends in .txt")
    from agnostic_init.study.plots.figures import png

    return png(page.pictures, kind=suffix[1:])
