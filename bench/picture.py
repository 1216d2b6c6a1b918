"""First use as a picture of bars, from the committed results: SVG, written by hand so that it is the same everywhere."""

from __future__ import annotations

from typing import Any
from xml.sax.saxutils import escape

from bench.results import figures
from bench.table import duration

__all__ = ["first_use"]

OURS, PEER = "ours-torch", "torch"
LEFT, RIGHT, ROW, BAR, TOP = 250, 120, 54, 19, 58
WIDTH = 760
# On white, whatever the page around it: text, our bar, the peer's.
STYLE = """
  text { font: 15px system-ui, -apple-system, "Segoe UI", "Liberation Sans", sans-serif; fill: #1f2328 }
  .small { font-size: 13px; fill: #59636e }
  .ours { fill: #1a7f64 } .peer { fill: #b9c0c7 }
""".rstrip()


def first_use(results: dict[str, Any]) -> str:
    """How long a new process waits for its weights, ours and torch's, as SVG; empty if it was not measured."""
    rows = []
    for case in results["cases"]:
        if case["question"] != "first_use" or case["job"].get("new_files"):
            continue
        found = {figure.contender: figure for figure in figures(case)}
        ours, peer = found.get(OURS), found.get(PEER)
        if ours and peer and ours.seconds and peer.seconds and peer.ratio:
            rows.append(
                (case["title"], ours.seconds.median, peer.seconds.median, peer.ratio.median)
            )
    if not rows:
        return ""
    machine = results["machine"]
    name = machine["label"] or machine["device_name"] or machine["processor"]
    threads = results["settings"]["threads"]
    below = f"{name}, {threads} threads, torch {results['versions']['torch']}. Each pair of bars has a scale of its own."
    height = TOP + ROW * len(rows) + 30
    lines = [
        '<svg xmlns="http://www.w3.org/2000/svg" role="img"',
        f'     viewBox="-16 -10 {WIDTH + 32} {height + 20}" width="{WIDTH}">',
        "  <title>How long a new process waits for its weights</title>",
        f"  <style>{STYLE}\n  </style>",
        f'  <rect x="-16" y="-10" width="{WIDTH + 32}" height="{height + 20}" fill="#fff"/>',
        *_legend(),
    ]
    for number, row in enumerate(rows):
        lines += _bars(TOP + ROW * number, *row)
    lines += [_text(0, height - 8, below, "small"), "</svg>"]
    return "\n".join(lines) + "\n"


def _legend() -> list[str]:
    return [
        _text(0, 18, "How long a new process waits for its weights", ""),
        '  <rect class="ours" x="0" y="30" width="12" height="12"/>',
        _text(18, 41, "agnostic_init on torch", "small"),
        f'  <rect class="peer" x="{LEFT - 50}" y="30" width="12" height="12"/>',
        _text(LEFT - 32, 41, "torch.nn.init", "small"),
    ]


def _bars(top: int, title: str, ours: float, peer: float, ratio: float) -> list[str]:
    """Two bars of one case, the longer one of full width."""
    room, most = WIDTH - LEFT - RIGHT, max(ours, peer)
    what, _, dtype = title.rpartition(", ")
    head, _, rest = what.partition(": ")
    lines = [
        _text(0, top + 20, head, ""),
        _text(0, top + 38, rest or dtype, "small"),
    ]
    for place, (kind, seconds) in enumerate((("ours", ours), ("peer", peer))):
        length = max(room * seconds / most, 1.0)
        y = top + 4 + place * (BAR + 2)
        words = duration(seconds) + (f"  ({ratio:.2g}×)" if kind == "peer" else "")
        lines.append(
            f'  <rect class="{kind}" x="{LEFT}" y="{y}" width="{length:.1f}" height="{BAR}" rx="2"/>'
        )
        lines.append(
            _text(
                LEFT + length + 8,
                y + (14 if kind == "peer" else 15),
                words,
                "small" if kind == "peer" else "",
            )
        )
    return lines


def _text(x: float, y: float, words: str, kind: str) -> str:
    of_kind = f' class="{kind}"' if kind else ""
    return f'  <text{of_kind} x="{x:.1f}" y="{y}">{escape(words)}</text>'
