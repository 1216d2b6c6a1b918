"""What of the site is generated: the pages of the API reference, and three tables, each a directive."""

from __future__ import annotations

import importlib
from pathlib import Path
from typing import Any, ClassVar

from docutils import nodes
from sphinx.application import Sphinx
from sphinx.util.docutils import SphinxDirective
from tables import benchmarks, initializers, of_bench, same_bits

from agnostic_init.homes import HOMES
from agnostic_init.initializers import registry

__all__ = ["setup"]

#: The pages of the reference: a title, folders whose public names stand there, and modules of their own.
PAGES = {
    "initializers": ("Initializers", (), ()),
    "writing": ("What an initializer is", ("initializers", "typing"), ("typing",)),
    "random": ("Keys and random numbers", ("bits", "draws"), ("draws",)),
    "scales": ("Layouts, gains and scales", ("layouts", "gains", "scales"), ("scales",)),
    "models": ("Whole models", ("models",), ()),
    "torch": ("Modules of torch", ("torch",), ("torch",)),
    "checkpoints": (
        "Checkpoints and fingerprints",
        ("checkpoint", "fingerprints"),
        ("checkpoint",),
    ),
    "linalg": ("Matrices", ("linalg",), ("linalg",)),
    "study": ("Study", ("study",), ("study",)),
    "torch_init": ("compat.torch_init", (), ("compat.torch_init",)),
    "jax": ("compat.jax", (), ("compat.jax",)),
    "keras": ("compat.keras", (), ("compat.keras",)),
    "rest": ("Errors, and what is installed", (), ()),
}
NAMED_AS_THEIRS = ("compat.keras",)  # whose classes are Keras's, with its words


def reference(app: Sphinx, config: object) -> None:
    """Write the pages of the reference, from what the package lists as public."""
    folder = Path(app.srcdir) / "api"
    folder.mkdir(exist_ok=True)
    homes = {name: home for home, names in HOMES.items() for name in names}
    homes.pop("__version__")
    left = set(homes)
    known = set(registry.names())
    pages = []
    for page, (title, folders, modules) in PAGES.items():
        if page == "initializers":
            names = left & known
        elif page == "rest":
            names = set(left)
        else:
            names = {name for name in left if homes[name].split(".")[0] in folders} - known
        left -= names
        parts = [title, "=" * len(title), ""]
        parts += listed("agnostic_init", sorted(names))
        for module in modules:
            parts += of_module(module)
        written(folder / f"{page}.rst", "\n".join(parts) + "\n")
        pages.append(f"   {page}")
    head = ["API reference", "=============", "", ".. toctree::", "   :maxdepth: 1", ""]
    written(folder / "index.rst", "\n".join([*head, *pages]) + "\n")


def of_module(name: str) -> list[str]:
    """A module's docstring, and its public names."""
    module = importlib.import_module(f"agnostic_init.{name}")
    lines = ["", f"agnostic_init.{name}", "-" * (len(name) + 14), ""]
    lines += [f".. automodule:: agnostic_init.{name}", "   :no-index:", ""]
    if name in NAMED_AS_THEIRS:
        return [*lines, "", ", ".join(f"``{each}``" for each in module.__all__), ""]
    return [*lines, *listed(f"agnostic_init.{name}", sorted(module.__all__))]


def listed(module: str, names: list[str]) -> list[str]:
    """A table of names, with a page for each."""
    if not names:
        return []
    head = [f".. currentmodule:: {module}", "", ".. autosummary::", "   :toctree: generated", ""]
    return [*head, *(f"   {name}" for name in names), ""]


def written(path: Path, text: str) -> None:
    """Write a page where it has changed, so that it is read again only then."""
    if not path.is_file() or path.read_text(encoding="utf-8") != text:
        path.write_text(text, encoding="utf-8")


class _Table(SphinxDirective):
    """Markdown that a function makes."""

    has_content: ClassVar[bool] = False
    made: ClassVar[Any] = None

    def run(self) -> list[nodes.Node]:
        found: list[nodes.Node] = self.parse_text_to_nodes(
            type(self).made(), allow_section_headings=True
        )
        return found


def setup(app: Sphinx) -> dict[str, Any]:
    """Connect the above."""
    for name, made in (
        ("initializers", initializers),
        ("same-bits", same_bits),
        ("benchmarks", benchmarks),
        ("of-bench", of_bench),
    ):
        app.add_directive(name, type(name, (_Table,), {"made": staticmethod(made)}))
    app.connect("config-inited", reference)  # before Sphinx looks which pages there are
    return {"parallel_read_safe": True, "env_version": 1}
