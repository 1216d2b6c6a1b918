"""Other people's model code, with what torch draws drawn by this package."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from agnostic_init.arrays.blocks import block
from agnostic_init.bits.key import key as make_key
from agnostic_init.compat.torch_init.keys import keyed

__all__ = ["patch", "skip_init"]


@block
def patch(key: Any = None, *, strict: bool = True) -> Iterator[None]:
    """Run a block in which this package draws whatever torch would.

    ``torch.nn.init``'s functions, whoever keeps or guards them, the methods `normal_` and
    `uniform_` of tensors, `torch.randn`, `torch.rand`, `torch.normal` and their like, and truncated
    normals made of them by hand, as in timm, take their values from this package. It holds for the
    thread, and the task of asyncio, that entered it and ends with the block, also by an exception.
    It may decorate a function.

    Parameters
    ----------
    key
        Anything that `agnostic_init.key` takes. None: torch's default generators, so that
        `torch.manual_seed` governs.
    strict
        With a key: whether it is an error, and not a warning, if one of torch's default generators
        has moved when the block ends.

    Raises
    ------
    RuntimeError
        If something in the block drew without being seen, such as an extension in C++; the message
        has the line after which that was noticed. Another thread that draws meanwhile looks alike.
        If something draws that ``torch.utils.checkpoint`` will repeat.

    Warns
    -----
    UserWarning
        With a key, under ``torch.distributed``, at the first draw of a tensor that is no DTensor:
        every rank draws the same numbers in the same order, which replicas want. Ranks that build different parts, such as the stages of a
        pipeline, need ``key.fold_in(rank)``, or keys by name.

    Notes
    -----
    With a key, draws are numbered: number `n` is from ``key.fold_in(n)``, on every device. What
    counts is a call that draws and was given no generator: of a function of ``torch.nn.init``, a
    method of a tensor or a function of torch, in the order in which they are made. Constants do not
    count, nor tensors without elements, without values (on the meta device) or of a gain of 0. So a
    layer more changes what is drawn after it: modules have names, that keys could be folded from,
    only once they are built.

    Draws from distributions that have no initializer (`torch.randperm`, `exponential_`, dropout)
    are torch's own, from a generator that is seeded with the key: those that take a generator are
    drawn on the CPU and are the same on every device. A generator that a call is given is used.

    It is for building models, and not for training them: a draw inside of
    ``torch.utils.checkpoint``, as of a dropout there, is an error where a backward pass would
    repeat it, as that does not have the block's numbers.

    A generator that is suspended in a block leaves the block on for whoever runs meanwhile, as
    those of ``contextlib.contextmanager`` and of fixtures are to; closing it ends the block.

    Inside of ``torch.func.vmap`` with ``randomness="different"``, member `i` is drawn from
    ``fold_in(i)`` of the key.

    Examples
    --------
    >>> import torch
    >>> with patch(key=0):
    ...     one = torch.nn.Linear(2, 3)
    >>> with patch(key=0):
    ...     two = torch.nn.Linear(2, 3)
    >>> torch.equal(one.weight, two.weight)
    True
    """
    from agnostic_init.compat.torch_init.handlers import Patched
    from agnostic_init.compat.torch_init.mode import drawing
    from agnostic_init.compat.torch_init.watching import watching

    if key is None:
        with keyed(None) as keys, drawing(Patched(keys)):
            yield
        return
    first = make_key(key)
    with watching(strict=strict) as watch, keyed(first) as keys, drawing(Patched(keys, watch)):
        yield


@block
def skip_init() -> Iterator[None]:
    """Run a block in which parameters are not initialized.

    For code that builds a model and then loads all of its weights: until they are loaded, they are
    whatever memory held. ``torch.nn.init``'s functions leave their tensors as they are, as do the
    methods of tensors that draw, of parameters, their ``.data`` and views of these. What makes a
    new tensor, or writes one that is no parameter, does so: it may be a buffer that nothing loads.
    It holds where `patch` does.

    Examples
    --------
    >>> import torch
    >>> with skip_init():
    ...     model = torch.nn.Linear(2, 3)
    """
    from agnostic_init.compat.torch_init.handlers import Skipped
    from agnostic_init.compat.torch_init.mode import drawing

    with drawing(Skipped()):
        yield
