"""How far a plan has come: told to whoever asked, and in the error that ends it early."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager

from agnostic_init.models.entry import Entry

__all__ = ["Progress", "Report"]

Progress = Callable[[str, int, int], object]


class Report:
    """What has been made, of so many bytes in all."""

    def __init__(self, total: int, progress: Progress | None) -> None:
        self.done, self.total, self.progress = 0, total, progress

    @contextmanager
    def of(self, batch: list[Entry]) -> Iterator[None]:
        """Count the entries that are made inside; an error is told where it happened."""
        try:
            yield
        except Exception as error:
            names = repr(batch[0].name)
            if len(batch) > 1:
                names += f" and {len(batch) - 1} more of its shape"
            error.add_note(
                f"at parameter {names}, after {self.done:,} of the {self.total:,} bytes of the plan"
            )
            raise
        for entry in batch:
            self.done += entry.bytes
            if self.progress is not None:
                self.progress(entry.name, self.done, self.total)
