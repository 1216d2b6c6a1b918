"""The documentation site: ``nox -s docs``, or ``sphinx-build -W docs site`` where the group `docs` is installed."""

from __future__ import annotations

import os
import re
import sys
from pathlib import Path

os.environ.setdefault("KERAS_BACKEND", "numpy")  # else Keras looks for TensorFlow
HERE = Path(__file__).parent
sys.path.insert(0, str(HERE / "_ext"))

import agnostic_init

project = "agnostic_init"
author = "agnostic_init contributors"
copyright = author
version = release = agnostic_init.__version__

extensions = [
    "myst_parser",
    "numpydoc",
    "sphinx.ext.autodoc",
    "sphinx.ext.autosummary",
    "sphinx_copybutton",
    "generated",
]
exclude_patterns = ["_ext", "data"]
templates_path = ["_templates"]
source_suffix = {".md": "markdown", ".rst": "restructuredtext"}
nitpicky = False
default_role = "py:obj"  # as docstrings write `Key`

autosummary_generate = True
autodoc_inherit_docstrings = False  # methods that override without words are no news
autodoc_member_order = "bysource"
autodoc_typehints = "none"
numpydoc_show_class_members = False
numpydoc_class_members_toctree = False
numpydoc_use_plots = False

myst_enable_extensions = ["colon_fence", "dollarmath"]
myst_heading_anchors = 4

html_theme = "pydata_sphinx_theme"
html_title = "agnostic_init"
html_static_path = ["_static"]
html_css_files = ["site.css"]
html_show_sourcelink = False
html_copy_source = False
html_theme_options = {
    "logo": {"text": "agnostic_init"},
    "navbar_align": "left",
    "navbar_end": ["theme-switcher"],
    "header_links_before_dropdown": 6,
    "show_prev_next": True,
    "show_toc_level": 2,
    "footer_start": ["copyright"],
    "footer_end": [],
    "secondary_sidebar_items": ["page-toc"],
}
html_sidebars = {page: [] for page in ("index", "start", "benchmarks")}  # of no section
html_favicon = "_static/favicon.svg"
html_context = {"default_mode": "auto"}

# What pages link to outside of docs/, as GitHub shows them, and where it is on the site.
ELSEWHERE = {
    "../CONTRIBUTING.md": "contributing.md",
    "../CHANGELOG.md": "changelog.md",
    "../README.md": "index.md",
    "../bench/README.md": "benchmarks.md",
    "../examples": "examples.md",
}
LINK = re.compile(r"\]\((?P<to>\.\./[^)#\s]+)(?P<anchor>#[^)\s]*)?\)")
TOCTREE = re.compile(r"^```\{toctree\}(.*?)^```", re.MULTILINE | re.DOTALL)
ATTRIBUTE = re.compile(r"(?P<name>\w+(, \w+)*) : (?P<what>.+)")
LAYOUT = re.compile(r'("[^"`]*\*k[^"`]*")')


def placed(match: re.Match[str]) -> str:
    """A link out of docs/, to where that is on the site; what is nowhere there is left to fail."""
    to = match["to"].rstrip("/")
    page = ELSEWHERE.get(to) or ("examples.md" if to.startswith("../examples/") else to)
    return f"]({page}{match['anchor'] or ''})"


def read_source(app: object, name: str, source: list[str]) -> None:
    """Turn links out of docs/ into links on the site, and end the guides with the pages that nothing else names."""
    source[0] = LINK.sub(placed, source[0])
    if name == "guides":
        source[0] = source[0].replace("THE REST\n", "".join(f"{page}\n" for page in rest()))


def rest() -> list[str]:
    """The pages that no table of contents names: those of a kind that the guides end with."""
    texts = {path.stem: path.read_text(encoding="utf-8") for path in sorted(HERE.glob("*.md"))}
    named = {
        line for text in texts.values() for part in TOCTREE.findall(text) for line in part.split()
    }
    return [page for page in texts if page not in named and page != "index"]


def read_docstring(
    app: object, kind: str, name: str, of: object, how: object, lines: list[str]
) -> None:
    """Make a literal of a layout in quotes, whose star is no emphasis; put what an attribute is on a line of its own."""
    made, inside = [], False
    for number, line in enumerate(lines):
        if line.startswith("---"):
            inside = lines[number - 1] == "Attributes"
        found = ATTRIBUTE.match(line) if inside else None
        parts = [found["name"], f"    {found['what']}"] if found else [line]
        made += [each if "``" in each else LAYOUT.sub(r"``\1``", each) for each in parts]
    lines[:] = made


def setup(app: object) -> None:
    """Connect the above."""
    app.connect("autodoc-process-docstring", read_docstring, priority=400)  # type: ignore[attr-defined]
    app.connect("source-read", read_source)  # type: ignore[attr-defined]
