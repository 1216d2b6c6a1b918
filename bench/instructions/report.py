"""The model's results as tables in Markdown."""

from __future__ import annotations

from typing import Any

__all__ = ["table"]

HEAD = (
    "GPU",
    "draw",
    "dtype",
    "instructions a value",
    "float64 a value",
    "values a second by issue",
    "by the busiest pipe",
    "by writing",
    "of peak writing",
    "warps resident",
)


def table(found: dict[str, Any]) -> str:
    """A row for each GPU and kernel; then how many launches many arrays take."""
    lines = [
        f"A model: {found['model']}. NVRTC {found['nvrtc']}, commit {found['commit']}.",
        "",
        f"| {' | '.join(HEAD)} |",
        f"|{'---|' * len(HEAD)}",
    ]
    rows = [(name, kernel) for kernel in found["kernels"] for name in kernel["gpus"]]
    names = list(dict.fromkeys(name for name, _ in rows))
    for name, kernel in sorted(rows, key=lambda row: names.index(row[0])):
        limits = kernel["gpus"][name]
        cells = (
            name,
            kernel["draw"],
            kernel["dtype"],
            f"{sum(kernel['counts']['pipes'].values()):.1f}",
            f"{kernel['float64']:.2g}",
            f"{limits['issue']:.3g}",
            f"{limits['pipe']:.3g} ({limits['busiest']})",
            f"{limits['write']:.3g}",
            f"{100 * limits['share']:.0f} %",
            f"{kernel['resident'] * kernel['threads'] // 32}",
        )
        lines.append(f"| {' | '.join(cells)} |")
    names = list(found["launches"][0])
    lines += ["", f"| launches: {' | '.join(names)} |", f"|{'---|' * len(names)}"]
    lines += [f"| {' | '.join(map(str, row.values()))} |" for row in found["launches"]]
    return "\n".join(lines) + "\n"
