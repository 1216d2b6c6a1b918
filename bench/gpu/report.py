"""What was found on a GPU, as Markdown."""

from __future__ import annotations

from typing import Any

__all__ = ["markdown"]


def markdown(found: dict[str, Any]) -> str:
    """The whole page."""
    packages = ", ".join(f"{name} {version}" for name, version in found["packages"].items())
    parts = [
        f"# {found['gpu']}",
        (
            f"{found['started'][:10]}, commit {found['machine']['commit']}, Python "
            f"{found['machine']['python']}, {packages}."
        ),
        "| step | what it shows | outcome | seconds |\n|---|---|---|---|",
    ]
    parts[-1] += "".join(f"\n{_row(name, step)}" for name, step in found["steps"].items())
    times = [
        line
        for step in found["steps"].values()
        for line in step.get("lines", [])
        if isinstance(line, dict) and "case" in line
    ]
    if times:
        parts.append(_times(times))
    parts += [_printed(name, step) for name, step in found["steps"].items() if _printed(name, step)]
    return "\n\n".join(parts)


def _row(name: str, step: dict[str, Any]) -> str:
    outcome = step["outcome"]
    if "passed" in step:
        outcome += f": {step['passed']} passed, {step['failed']} failed, {step['skipped']} skipped"
    return f"| {name} | {step['about']} | {outcome} | {step.get('seconds', '')} |"


def _times(lines: list[dict[str, Any]]) -> str:
    """Each case: our time, another's and how many of ours it is, and of what writing reaches."""
    rows = [
        "Medians, in turn with each other. Above 1 we are faster; the limit is writing zeros.",
        "",
        "| case | library | ours | theirs | theirs / ours | of the limit | GB/s |",
        "|---|---|---|---|---|---|---|",
    ]
    for line in lines:
        of = {name: about["seconds"] for name, about in line["of"].items()}
        ours, limit = of.pop("ours"), of.pop("writing zeros", None)
        theirs = next(iter(of.values()), None)
        rows.append(
            f"| {line['case']} | {line['library']} | {_duration(ours)} | "
            f"{_duration(theirs) if theirs else ''} | {f'{theirs / ours:.2f}' if theirs else ''} | "
            f"{f'{limit / ours:.0%}' if limit else ''} | {line['bytes'] / ours / 1e9:,.0f} |"
        )
    return "\n".join(rows)


def _printed(name: str, step: dict[str, Any]) -> str:
    """What a step printed that is no case, and what stood at its end if it failed."""
    lines = [
        line for line in step.get("lines", []) if not (isinstance(line, dict) and "case" in line)
    ]
    said = [
        f"{line['who']}: {_duration(line['seconds'])}"
        if isinstance(line, dict) and "who" in line
        else line
        for line in lines
    ]
    said += [f"failed: {test}" for test in step.get("failures", [])]
    said += step.get("end", [])
    return f"## {name}\n\n```text\n" + "\n".join(map(str, said)) + "\n```" if said else ""


def _duration(seconds: float) -> str:
    for unit, size in (("s", 1.0), ("ms", 1e-3)):
        if seconds >= size:
            return f"{seconds / size:.3g} {unit}"
    return f"{seconds / 1e-6:.3g} µs"
