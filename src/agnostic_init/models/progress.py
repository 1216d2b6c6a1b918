"""How far a plan has come: told to whoever asked, and in the error that ends it early."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from agnostic_init.arrays.errors import must_be_type
from agnostic_init.models.entry import Entry

__all__ = ["Progress", "Report", "check_progress"]

Progress = Callable[[str, int, int], object]


class Report:
    """What has been made of a plan; a context for each group of entries that are made by one call."""

    def __init__(self, entries: Sequence[Entry], progress: Progress | None) -> None:
        check_progress(progress)
        self.entries, self.progress = entries, progress
        self.made: list[Sequence[Entry]] = []
        self.done, self.total = 0, _bytes_of(entries) if progress is not None else 0

    def of(self, group: Sequence[Entry]) -> Report:
        """Count the entries that are made inside; an error is told where it happened."""
        self.made.append(group)
        return self

    def __enter__(self) -> None:
        pass

    def __exit__(self, kind: object, error: BaseException | None, trace: object) -> None:
        group = self.made[-1]
        if isinstance(error, Exception):
            names = repr(group[0].name)
            if len(group) > 1:
                alike = " of its shape" * (len({entry.shape for entry in group}) == 1)
                names += f" and {len(group) - 1} more{alike}"
            done = sum(map(_bytes_of, self.made[:-1]))
            total = _bytes_of(self.entries)
            error.add_note(
                f"at parameter {names}, after {done:,} of the {total:,} bytes of the plan"
            )
        if error is None and self.progress is not None:
            for entry in group:
                self.done += entry.bytes
                try:
                    self.progress(entry.name, self.done, self.total)
                except Exception as raised:
                    made = sum(map(_bytes_of, self.made))
                    raised.add_note(
                        f"from `progress`, at parameter {entry.name!r}: {made:,} of the "
                        f"{self.total:,} bytes of the plan are made, and the rest is not"
                    )
                    raise


def check_progress(progress: object) -> None:
    """Raise unless it can be called, or is None."""
    if progress is not None and not callable(progress):
        rule = "must be a function of a name, the bytes so far and the bytes in all, or None"
        hint = "progress=lambda name, done, total: print(name)"
        raise must_be_type("progress", rule, progress, hint)


def _bytes_of(entries: Sequence[Entry]) -> int:
    """Memory of some entries."""
    return sum(entry.bytes for entry in entries)
