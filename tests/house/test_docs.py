"""The Python in the README and the docs runs as printed.

The ```python blocks of one page run in order, in one namespace and an empty folder. A block of ``>>>`` lines is a
doctest. A comment of its own line before a block makes an exception: ``<!-- needs: torch -->`` skips it where torch is
missing (unless AGNOSTIC_INIT_REQUIRE names torch), ``<!-- skip: the reason -->`` skips it always.
"""

from __future__ import annotations

import doctest
import importlib.util
import os
import re
from pathlib import Path
from typing import NamedTuple

import pytest

ROOT = Path(__file__).parents[2]
PAGES = [ROOT / "README.md", ROOT / "CONTRIBUTING.md", *sorted(ROOT.glob("docs/**/*.md"))]
BLOCK = re.compile(
    r"(?:^<!--\s*(?P<word>needs|skip):\s*(?P<what>.*?)\s*-->\n\s*)?^```python\n(?P<code>.*?)^```",
    re.MULTILINE | re.DOTALL,
)
FLAGS = doctest.ELLIPSIS | doctest.NORMALIZE_WHITESPACE


class Block(NamedTuple):
    """One block of Python on a page."""

    line: int
    code: str
    needs: tuple[str, ...]
    skip: str


def blocks(text: str) -> list[Block]:
    """The blocks of Python of a page."""
    found = []
    for match in BLOCK.finditer(text):
        what, word = match["what"] or "", match["word"]
        found.append(
            Block(
                line=text.count("\n", 0, match.start("code")) + 1,
                code=match["code"],
                needs=tuple(re.split(r"[,\s]+", what)) if word == "needs" else (),
                skip=what if word == "skip" else "",
            )
        )
    return found


def run(text: str, page: str) -> int:
    """Run a page's blocks; how many ran."""
    required = os.environ.get("AGNOSTIC_INIT_REQUIRE", "").split(",")
    namespace: dict[str, object] = {"__name__": "__main__"}
    ran = 0
    for block in blocks(text):
        absent = [name for name in block.needs if importlib.util.find_spec(name) is None]
        if block.skip or (absent and not set(absent) & set(required)):
            continue
        ran += 1
        if block.code.lstrip().startswith(">>>"):
            test = doctest.DocTestParser().get_doctest(
                block.code, namespace, page, page, block.line - 1
            )
            runner = doctest.DocTestRunner(optionflags=FLAGS)
            said: list[str] = []
            runner.run(test, out=said.append, clear_globs=False)
            namespace = test.globs
            assert runner.failures == 0, "".join(said)
        else:
            code = "\n" * (block.line - 1) + block.code
            exec(compile(code, page, "exec"), namespace)
    return ran


# peft asks transformers for what that has renamed.
@pytest.mark.filterwarnings("ignore:.is_gradient_checkpointing. is deprecated:FutureWarning")
@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.relative_to(ROOT).as_posix())
def test_the_python_on_a_page_runs(page, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    # Without it Keras looks for TensorFlow.
    monkeypatch.setenv("KERAS_BACKEND", os.environ.get("KERAS_BACKEND", "numpy"))
    run(page.read_text(encoding="utf-8"), str(page))


def test_blocks_share_a_namespace_and_exceptions_hold(monkeypatch):
    monkeypatch.delenv("AGNOSTIC_INIT_REQUIRE", raising=False)
    page = (
        "```python\nx = 2\n```\n\n```python\n>>> x + 1\n3\n```\n```sh\nfalse\n```\n"
        "<!-- needs: no_such_library -->\n\n```python\n1 / 0\n```\n"
        "<!-- skip: it fails -->\n```python\n1 / 0\n```\n"
    )
    assert run(page, "page") == 2
    monkeypatch.setenv("AGNOSTIC_INIT_REQUIRE", "numpy,no_such_library")
    with pytest.raises(ZeroDivisionError):
        run(page, "page")


def test_a_wrong_page_fails():
    with pytest.raises(AssertionError, match="Expected"):
        run("```python\n>>> 1 + 1\n3\n```\n", "page")
    with pytest.raises(NameError):
        run("```python\nno_such_name\n```\n", "page")
