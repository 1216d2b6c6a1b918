"""Types to annotate with, for code that takes initializers and need not know whose they are.

Nothing of an array library is imported, and `Initializer` may be copied into code that does not
depend on this package.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Protocol, runtime_checkable

if TYPE_CHECKING:
    from agnostic_init.bits.key import Key
    from agnostic_init.initializers.description import Description

__all__ = ["Initializer", "InitializerFunction"]


@runtime_checkable
class Initializer(Protocol):
    """What can be asked of an initializer; `agnostic_init.Initializer` has all of it.

    Examples
    --------
    >>> import agnostic_init as ai
    >>> def dense(outputs: int, inputs: int, init: ai.typing.Initializer, key: ai.Key):
    ...     return init((outputs, inputs), key=key.fold_in("weight"))
    >>> dense(3, 2, ai.he_normal("torch"), ai.key(0)).shape
    (3, 2)
    >>> isinstance(ai.zeros(), ai.typing.Initializer)
    True
    """

    @property
    def elementwise(self) -> bool:
        """Whether every element is a function of its position alone."""

    @property
    def needs_key(self) -> bool:
        """Whether values are random."""

    def __call__(
        self,
        shape: Any,
        *,
        key: Any = None,
        like: Any = None,
        xp: Any = None,
        dtype: Any = None,
        device: Any = None,
        index: Any = None,
    ) -> Any:
        """A new array of the shape, or the block of it that `index` selects."""

    def fill(
        self, out: Any, *, key: Any = None, index: Any = None, global_shape: Any = None
    ) -> Any:
        """Write an array in place, and return it."""

    def describe(self, shape: Any, dtype: Any = "float32") -> Description:
        """What an array of this shape would be filled with; nothing is allocated."""


class InitializerFunction(Protocol):
    """What `agnostic_init.from_function` makes an initializer of; parameters of its own follow by keyword."""

    def __call__(
        self,
        shape: tuple[int, ...],
        key: Key,
        xp: Any,
        dtype: Any,
        device: Any,
        **parameters: Any,
    ) -> Any:
        """A new array of that shape and dtype, on that device, of the library whose namespace `xp` is."""
