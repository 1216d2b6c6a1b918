"""What hooks see of the layers of a module of torch while it runs."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import torch

from agnostic_init.study.measures import copies, similarity, size
from agnostic_init.study.torch_activations import shares

__all__ = ["Watch", "layer_name", "plain"]

COMPILED = "_orig_mod."


class Watch:
    """What hooks see of a module's layers, in the order of their calls.

    Layers are modules that have parameters of their own, or no modules inside.
    """

    def __init__(self, progress: Any) -> None:
        self.rows: list[dict[str, Any]] = []
        self.problems: list[str] = []
        self.gradients: dict[int, float] = {}
        self.calls: dict[str, int] = {}
        self.before: dict[str, dict[str, float]] = {}
        self.progress, self.total = progress, 0

    def on(self, model: Any) -> list[Any]:
        """Hang hooks on the layers; what takes them off."""
        handles = []
        for given, module in model.named_modules():
            name = layer_name(given)
            alone = not any(True for _ in module.children())
            if name == given.replace(COMPILED, "") and (alone or module._parameters):
                handles.append(module.register_forward_pre_hook(self._before(name)))
                handles.append(module.register_forward_hook(self._after(name)))
        self.total = len(handles) // 2
        return handles

    def _before(self, name: str) -> Callable[..., None]:
        def hook(module: Any, args: Any) -> None:
            # Now, as an activation may write over its input.
            x = _first_tensor(args)
            self.before[name] = {} if x is None else shares(module, x.detach())

        return hook

    def _after(self, name: str) -> Callable[..., None]:
        def hook(module: Any, args: Any, result: Any) -> None:
            x = _first_tensor(result)
            if x is not None and x.is_floating_point() and x.ndim > 0 and x.numel() > 0:
                self.see(name, type(module).__name__, x, self.before.get(name, {}))

        return hook

    def see(self, name: str, kind: str, x: Any, shares: dict[str, float]) -> None:
        """Measure what a layer has returned, and its gradient when that comes."""
        self.calls[name] = self.calls.get(name, 0) + 1
        again = f" ({self.calls[name]})" if self.calls[name] > 1 else ""
        called, row = f"{name}{again}" or "the module", len(self.rows)
        values = plain(x)
        found = size(values)
        self.rows.append(
            {
                "name": called,
                "kind": kind,
                "shape": tuple(x.shape[1:]),
                "mean": found.mean,
                "std": found.std,
                "rms": found.rms,
                **shares,
            }
        )
        if not found.is_finite:
            if not any("is not finite" in each for each in self.problems):
                self.problems.append(f"what {called} returns is not finite")
        else:
            channels = values if values.ndim < 3 else _channels_last(values, kind)
            self.rows[-1] |= {"similarity": similarity(values), "copies": copies(channels)}
        if x.requires_grad:
            x.register_hook(lambda g: self.gradients.__setitem__(row, size(plain(g)).rms))
        if self.progress is not None and name != "input":
            self.progress(called, min(len(self.rows), self.total), self.total)


def plain(x: Any) -> Any:
    """A tensor without its history, in a dtype that can be measured."""
    x = x.detach()
    return x if x.dtype in (torch.float32, torch.float64) else x.float()


def layer_name(name: str) -> str:
    """What a layer is called: without the marks of compiled modules and of what makes its weights."""
    return name.replace(COMPILED, "").partition("parametrizations")[0].removesuffix(".")


def _first_tensor(given: Any) -> Any:
    if isinstance(given, torch.Tensor):
        return given
    if isinstance(given, dict):
        given = tuple(given.values())
    if isinstance(given, tuple | list):
        return next((each for each in map(_first_tensor, given) if each is not None), None)
    return None


def _channels_last(x: Any, kind: str) -> Any:
    """With units along the last axis: channels stand second in what works on grids."""
    return x.movedim(1, -1) if any(w in kind for w in ("Conv", "Norm2d", "Pool")) else x
