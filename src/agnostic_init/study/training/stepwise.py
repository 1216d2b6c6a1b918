"""Training step by step: to be iterated, and looked at before it has come to its end."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

from agnostic_init.study.training.comparison import Comparison
from agnostic_init.study.training.runs import Runs

__all__ = ["Stepwise"]


class Stepwise:
    """A subclass trains its `runs` from its `initializers`, by name."""

    initializers: dict[str, Any]
    runs: Runs

    @property
    def total(self) -> int:
        """Steps of all runs together."""
        return self.runs.total

    def __iter__(self) -> Iterator[tuple[str, int, int]]:
        """Train; after each measurement, tell what is trained, the steps taken, and all there are."""
        raise NotImplementedError

    def setting(self) -> dict[str, Any]:
        """What is trained, by what and where, in words."""
        raise NotImplementedError

    def comparison(self) -> Comparison:
        """What has been found so far."""
        names = {name: repr(each) for name, each in self.initializers.items()}
        return self.runs.comparison({**self.setting(), "initializers": names})

    def to_the_end(self, progress: Callable[[str, int, int], object] | None) -> Comparison:
        """Train, telling how far it has come, and say what has been found."""
        for told in self:
            if progress is not None:
                progress(*told)
        return self.comparison()
