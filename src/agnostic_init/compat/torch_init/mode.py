"""A mode of torch that sees every call of a block and hands those that draw to a handler."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, nullcontext
from contextvars import ContextVar
from typing import Any, ClassVar

import torch
from torch.overrides import (
    TorchFunctionMode,
    _get_current_function_mode_stack,
    _len_torch_function_stack,
    _pop_mode,
    _push_mode,
)

from agnostic_init.arrays.errors import must
from agnostic_init.arrays.untraced import untraced
from agnostic_init.compat.torch_init.calls import Call, recognized
from agnostic_init.compat.torch_init.chains import Chain
from agnostic_init.compat.torch_init.entries import BlockMode, close_entries, open_entries
from agnostic_init.compat.torch_init.lost import Lost, losing

__all__ = ["Drawing", "Handler", "drawing"]


PARAMETER = torch.nn.Parameter


class Handler:
    """What becomes of the calls of a block: by default, what would without it.

    Attributes
    ----------
    meant
        Whether the handler looks at initializers; if not, none is made, and no parameter checked.
    alone
        Whether no block that draws in another way may be entered inside.
    lost
        What is drawn into weights that are computed of others, while there is a block; None of a
        handler that draws nothing.
    """

    meant: ClassVar[bool] = True
    alone: ClassVar[bool] = False
    lost: Lost | None = None

    def draw(self, call: Call) -> Any:
        """Answer a call that draws, or that is of ``torch.nn.init``: return what it would."""
        return call.original()

    def other(
        self, function: Callable[..., Any], args: tuple[Any, ...], kwargs: Mapping[str, Any]
    ) -> Any:
        """Answer any other call that torch lets modes see: methods, operators, attributes."""
        return function(*args, **kwargs)


#: The open blocks of this context, the innermost last.
_open: ContextVar[tuple[Drawing, ...]] = ContextVar("open blocks", default=())


class Drawing(BlockMode):
    """The mode of one block.

    Modes belong to a thread, and tasks of asyncio share one; so it asks whether the code that runs
    belongs to its block's context. A block may end out of order, or on another thread, where its
    mode is not to be found; it is then of no effect, and taken off when the next one is entered.
    """

    def __init__(self, handler: Handler) -> None:
        super().__init__()
        self.handler = handler
        self.open = True
        self.chain: Chain | None = None

    def __torch_function__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        answer = _untraced_answer if torch.compiler.is_compiling() else Drawing.answer
        return answer(self, func, args, kwargs or {})

    def answer(self, func: Any, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
        """Answer a call, or let it be as it is."""
        if not self.open or self not in _open.get():
            return func(*args, **kwargs)
        if self.chain is not None:
            if self.chain.goes_on(func, args):
                return args[0]
            if self.chain.done:
                self.chain = None
        call = recognized(func, args, kwargs, meant=self.handler.meant)
        lost = self.handler.lost
        if call is None:
            if lost is not None and lost.drawn:
                lost.look(func, args, kwargs)
            return self.handler.other(func, args, kwargs)
        if lost is not None and call.tensor is not None and type(call.tensor) is not PARAMETER:
            lost.draw(call)
        if call.name == "uniform_":
            chain = Chain.begun_by(call)
            if chain is not None:
                self.chain = chain
                call = chain.call
        return self.handler.draw(call)


_untraced_answer = untraced(Drawing.answer)


@contextmanager
def drawing(handler: Handler) -> Iterator[Drawing]:
    """Run a block whose draws the handler answers, on this thread and in this context.

    >>> import torch
    >>> class Loud(Handler):
    ...     def draw(self, call):
    ...         print(call.name, tuple(call.tensor.shape))
    ...         return call.original()
    >>> with drawing(Loud()):
    ...     _ = torch.nn.Linear(2, 3)
    kaiming_uniform_ (3, 2)
    uniform_ (3,)
    """
    inside = any(block.open and block.handler.alone for block in _open.get())
    if inside and handler.meant and not handler.alone:
        rule = "must not be entered while ai.torch.build or empty_parameters build a module"
        raise must("patch", rule, "a block inside of one", "leaving it out, and key= of build")
    with (
        losing() if handler.meant else nullcontext() as handler.lost,
        _entered(Drawing(handler)) as mode,
    ):
        yield mode


@contextmanager
def _entered(mode: Drawing) -> Iterator[Drawing]:
    _take_off(lambda other: isinstance(other, Drawing) and not other.open)
    outer = tuple(block for block in _open.get() if block.open)
    _open.set((*outer, mode))
    open_entries()
    _push_mode(mode)
    try:
        yield mode
    finally:
        mode.open = False
        mode.chain = None
        _take_off(lambda other: other is mode)
        close_entries()
        _open.set(tuple([block for block in _open.get() if block.open]))


def _take_off(unwanted: Callable[[TorchFunctionMode], bool]) -> None:
    """Take modes off this thread's stack, and leave the others in their order."""
    if not any(unwanted(mode) for mode in _get_current_function_mode_stack()):
        return
    modes = [_pop_mode() for _ in range(_len_torch_function_stack())]
    for mode in reversed(modes):
        if not unwanted(mode):
            _push_mode(mode)
