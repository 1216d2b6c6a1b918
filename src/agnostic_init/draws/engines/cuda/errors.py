"""The exception of this engine. A leaf module, as `arrays.errors` is."""

from __future__ import annotations

__all__ = ["KernelError"]


class KernelError(RuntimeError):
    """A kernel could not be compiled or launched; nothing has been written."""

    def __init__(self, what: str, reason: BaseException | str) -> None:
        super().__init__(
            f"{what} failed: {reason}; try: a CUDA driver and an NVRTC that know this GPU "
            '(pip install "nvidia-cuda-nvrtc"), or AGNOSTIC_INIT_CUDA=0 to draw by the array '
            "library's own operations"
        )
