"""torch: passes of a module that leave nothing behind but what is written into its layers."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from typing import Any

import torch

from agnostic_init.bits.key import Key
from agnostic_init.calibration.layer import Layer, Visit
from agnostic_init.calibration.method import Method
from agnostic_init.calibration.torch_group import Group
from agnostic_init.calibration.torch_kinds import again
from agnostic_init.calibration.torch_layers import TorchLayer, layers_of
from agnostic_init.models.torch_names import places
from agnostic_init.models.torch_wrappers import kinds

__all__ = ["Module"]

COMPILED = "torch._dynamo.eval_frame.OptimizedModule"
DDP = "torch.nn.parallel.distributed.DistributedDataParallel"
DATA_PARALLEL = "torch.nn.parallel.data_parallel.DataParallel"


class Module:
    """A module, its batch, and how it is called.

    Attributes
    ----------
    layers
        Its layers.
    others
        The names of its matrices that no layer has.
    parameters
        None, as its parameters are written.
    """

    parameters = None

    def __init__(self, model: Any, batch: Any, method: Method, key: Key | None) -> None:
        self.model, group = _inside(model)
        self.layers, self.others = layers_of(self.model, method, group)
        self.batch, self.key = batch, key
        self.buffers = [
            (place.module, name, buffer, buffer.detach().clone())
            for place in places(self.model)
            for name, buffer in place.module._buffers.items()
            if buffer is not None
        ]
        self.devices = list(
            {each.device for each in self.model.parameters() if each.device.type == "cuda"}
        )

    def layout_of(self, layer: TorchLayer) -> tuple[str | None, int]:
        """The layout of a layer's weight, and its groups."""
        module = layer.modules[0]
        if hasattr(module, "kernel_size"):
            return "torch_transposed" if module.transposed else "torch", module.groups
        return ("i o" if layer.axis == 1 else "o i" if module.weight.ndim == 2 else "torch"), 1

    def run(self, visit: Visit) -> None:
        """A pass."""
        with ExitStack() as stack:
            stack.enter_context(torch.no_grad())
            stack.enter_context(torch.random.fork_rng(self.devices))
            stack.enter_context(self._eagerly())
            stack.callback(self._restore_buffers)
            if self.key is not None:
                self._seed(self.key.fold_in("calibrate").seed)
            for layer in self.layers:
                for module in layer.modules:
                    hook = _hook(layer, visit)
                    handle = module.register_forward_hook(hook, prepend=True, with_kwargs=True)
                    stack.callback(handle.remove)
            if isinstance(self.batch, Mapping):
                self.model(**self.batch)
            elif isinstance(self.batch, tuple):
                self.model(*self.batch)
            else:
                self.model(self.batch)

    def _seed(self, seed: int) -> None:
        torch.default_generator.manual_seed(seed)
        for device in self.devices:
            with torch.cuda.device(device):
                torch.cuda.manual_seed(seed)

    def _restore_buffers(self) -> None:
        for module, name, buffer, value in self.buffers:
            module._buffers[name] = buffer
            buffer.copy_(value)

    @contextmanager
    def _eagerly(self) -> Iterator[None]:
        """Without graphs that were compiled before there were hooks."""
        compiled = any(
            COMPILED in kinds(module) or getattr(module, "_compiled_call_impl", None) is not None
            for module in self.model.modules()
        )
        if not compiled:
            yield
            return
        with torch.compiler.set_stance("force_eager"):
            yield


def _inside(model: Any) -> tuple[Any, Group | None]:
    """What is compiled or wrapped for data parallelism, and the processes of the latter."""
    group = None
    while True:
        found = kinds(model)
        if COMPILED in found:
            model = model._orig_mod
        elif DDP in found:
            group = Group(model.process_group)
            model = model.module
        elif DATA_PARALLEL in found:
            model = model.module
        else:
            return model, group


def _hook(layer: Layer, visit: Visit) -> Callable[..., Any]:
    """What sees the outputs of a layer, and may put others in their place."""

    def hook(module: Any, args: Any, kwargs: Any, output: Any) -> Any:
        numbers = isinstance(output, torch.Tensor) and (
            output.is_floating_point() or output.is_complex()
        )
        if not numbers:
            layer.left = layer.left or f"its output is no tensor of floats, but {_kind_of(output)}"
            return output
        return visit(layer, output, lambda: again(module, args, kwargs))

    return hook


def _kind_of(output: Any) -> str:
    return f"of {output.dtype}" if isinstance(output, torch.Tensor) else type(output).__name__
