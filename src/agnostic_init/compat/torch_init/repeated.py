"""Draws that ``torch.utils.checkpoint`` will repeat, when they would be others."""

from __future__ import annotations

import inspect
import sys
from types import FrameType

import torch

from agnostic_init.compat.torch_init.calls import Call

__all__ = ["RepeatedError", "check_once"]

CHECKPOINT = "torch.utils.checkpoint"


class RepeatedError(RuntimeError):
    """Something drew that a backward pass repeats, with numbers of another generator."""


def check_once(call: Call) -> None:
    """Raise if a draw is done again for gradients, which would be those of other values.

    A parameter that is initialized in the first call of its module is so once, whoever asks again.
    """
    module = sys.modules.get(CHECKPOINT)
    if module is None or call.of_init or isinstance(call.tensor, torch.nn.Parameter):
        return
    frame = inspect.currentframe()
    while frame is not None and frame.f_code.co_filename != module.__file__:
        frame = frame.f_back
    if frame is not None and _repeats(frame):
        message = (
            f"`{call.name}` drew inside of {CHECKPOINT} in a block of patch(), whose numbers the "
            "backward pass does not have: it would do the same with others, and gradients would be "
            "of neither. Try building the model in the block and training it after, or drawing "
            "outside of the checkpoint"
        )
        raise RepeatedError(message)


def _repeats(frame: FrameType) -> bool:
    """Whether a backward pass will do again what a frame of that module does, or does so now."""
    if frame.f_code.co_name == "backward":
        return True
    if frame.f_code.co_name == "forward":
        return any(frame.f_locals["ctx"].needs_input_grad)
    # It keeps something for a backward pass, which it does not where no gradients are asked for.
    hooks = getattr(torch._C._autograd, "_top_saved_tensors_default_hooks", None)
    return (
        torch.is_grad_enabled() if hooks is None else hooks(True) is not None
    )  # None in torch 2.6
