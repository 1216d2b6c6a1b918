"""A page as one HTML file: no network, no scripts, pictures inside, with words for whoever cannot see them.

A picture is there twice, wide and narrow, and the browser takes the one that fits.
"""

from __future__ import annotations

import base64
import html
from collections.abc import Sequence

from agnostic_init.study.pictures import Findings, Page, Picture, Table
from agnostic_init.study.plots.figures import svg
from agnostic_init.version import __version__

__all__ = ["as_html"]

POLICY = "default-src 'none'; img-src data:; style-src 'unsafe-inline'"
STYLE = """
:root { color-scheme: light; }
* { box-sizing: border-box; }
body { margin: 0 auto; max-width: 60rem; padding: 1rem; background: #fff; color: #1a1a1a;
  font: 1rem/1.55 system-ui, sans-serif; overflow-wrap: anywhere; }
h1 { font-size: 1.6rem; line-height: 1.25; }
h2 { font-size: 1.2rem; margin-top: 2rem; border-bottom: 1px solid #ccc; }
h3 { font-size: 1rem; margin-bottom: 0.2rem; }
ul { margin-top: 0.2rem; padding-left: 1.3rem; }
.problem { color: #a00000; font-weight: 600; }
figure { margin: 1.5rem 0; }
figure img { display: block; width: 100%; height: auto; max-width: 46rem; }
figcaption { color: #444; font-size: 0.92rem; max-width: 46rem; }
.scroll { overflow-x: auto; }
table { border-collapse: collapse; font-size: 0.88rem; font-variant-numeric: tabular-nums; }
caption { text-align: left; font-weight: 600; padding: 0.4rem 0; }
th, td { padding: 0.15rem 0.6rem; text-align: right; white-space: nowrap; }
th:first-child, td:first-child { text-align: left; }
thead th { border-bottom: 1px solid #888; }
tr { background: #fff; }
tbody tr:nth-child(even) { background: #f3f3f3; }
th:first-child { position: sticky; left: 0; background: inherit; }
footer { margin-top: 3rem; color: #555; font-size: 0.85rem; }
@media print { body { max-width: none; } .scroll { overflow: visible; } }
"""


def as_html(page: Page) -> str:
    """A page as the text of an HTML file.

    Raises
    ------
    MissingExtraError
        If there are pictures, and matplotlib is not installed.
    """
    parts = [
        "<!DOCTYPE html>",
        '<html lang="en">',
        "<head>",
        '<meta charset="utf-8">',
        '<meta name="viewport" content="width=device-width, initial-scale=1">',
        # Nothing is fetched and nothing runs, whatever a name of the user's may hold.
        f'<meta http-equiv="Content-Security-Policy" content="{POLICY}">',
        f"<title>{html.escape(page.title)}</title>",
        f"<style>{STYLE}</style>",
        "</head>",
        "<body>",
        "<main>",
        f"<h1>{html.escape(page.title)}</h1>",
        f"<p>{html.escape(page.summary)}</p>",
        *_findings(page.findings),
        *_pictures(page.pictures),
        *_tables(page.tables),
        "</main>",
        f"<footer>Made by agnostic-init {html.escape(__version__)}.</footer>",
        "</body>",
        "</html>",
    ]
    return "\n".join(parts) + "\n"


def _findings(findings: Sequence[Findings]) -> list[str]:
    if not findings:
        return []
    parts = ["<h2>What was found</h2>"]
    for each in findings:
        problems = [f'<li class="problem">{html.escape(said)}</li>' for said in each.problems]
        sentences = [f"<li>{html.escape(said)}</li>" for said in each.sentences]
        parts += [f"<h3>{html.escape(each.title)}</h3>", "<ul>", *problems, *sentences, "</ul>"]
    return parts


def _pictures(pictures: Sequence[Picture]) -> list[str]:
    parts = ["<h2>Pictures</h2>"] if pictures else []
    for each in pictures:
        text = html.escape(each.alternative, quote=True)
        parts += [
            "<figure>",
            "<picture>",
            f'<source media="(max-width: 36rem)" srcset="{_inside(svg(each, narrow=True))}">',
            f'<img src="{_inside(svg(each))}" alt="{text}">',
            "</picture>",
            f"<figcaption>{text}</figcaption>",
            "</figure>",
        ]
    return parts


def _inside(image: str) -> str:
    return f"data:image/svg+xml;base64,{base64.b64encode(image.encode()).decode()}"


def _tables(tables: Sequence[Table]) -> list[str]:
    parts = ["<h2>Figures</h2>"] if tables else []
    for each in tables:
        head = "".join(f'<th scope="col">{html.escape(cell)}</th>' for cell in each.header)
        # What is wider than a phone is scrolled by itself, with the keyboard too.
        label = html.escape(each.title, quote=True)
        parts += [
            f'<div class="scroll" role="region" tabindex="0" aria-label="{label}">',
            f"<table><caption>{label}</caption>",
            f"<thead><tr>{head}</tr></thead>",
            "<tbody>",
            *(_row(row) for row in each.rows),
            "</tbody></table>",
            "</div>",
        ]
    return parts


def _row(cells: Sequence[str]) -> str:
    first, *others = (html.escape(cell) for cell in cells)
    return f'<tr><th scope="row">{first}</th>{"".join(f"<td>{each}</td>" for each in others)}</tr>'
