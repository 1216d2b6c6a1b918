"""The exception of this engine."""

from __future__ import annotations

from agnostic_init.arrays.errors import ParameterError

__all__ = ["KernelError", "saying"]

COMPILER = (
    'a CUDA driver and an NVRTC that know this GPU (pip install "nvidia-cuda-nvrtc"), or '
    "AGNOSTIC_INIT_CUDA=0 to draw by the array library's own operations"
)
# What the driver says, and what helps.
REMEDIES = {
    ("out of memory", "out_of_memory"): "to free memory of the device, such as what an allocator "
    "of another library keeps",
    (
        "unsupported_ptx_version",
        "unsupported toolchain",
        "no_binary_for_gpu",
        "no kernel image",
        "invalid_image",
        "kernel image is invalid",
        "insufficient",
    ): "a newer CUDA driver, or an NVRTC no newer than what the driver supports (nvidia-smi says "
    "which CUDA version that is), or AGNOSTIC_INIT_CUDA=0 to draw by the array library's own "
    "operations",
    ("illegal memory access", "illegal_address", "launch_failed", "unspecified launch failure"): (
        "CUDA_LAUNCH_BLOCKING=1, as it was an earlier kernel of this process that failed"
    ),
}


class KernelError(RuntimeError):
    """A kernel could not be compiled or launched."""

    def __init__(self, what: str, reason: BaseException | str) -> None:
        self._of = what, str(reason)
        text = str(reason).lower()
        found = (remedy for words, remedy in REMEDIES.items() if any(w in text for w in words))
        super().__init__(f"{what} failed: {reason}; try: {next(found, COMPILER)}")

    def __reduce__(self) -> tuple[type[KernelError], tuple[str, str]]:
        return type(self), self._of  # as of a MissingExtraError


class saying:
    """Errors as a KernelError, but for those that say themselves what to do.

    A class, as a generator would take longer than the launch that it is about.
    """

    __slots__ = ("_what",)

    def __init__(self, what: str) -> None:
        self._what = what

    def __enter__(self) -> None:
        return None

    def __exit__(self, kind: object, error: BaseException | None, trace: object) -> None:
        if not isinstance(error, Exception):
            return
        if isinstance(error, KernelError | MemoryError | ParameterError):
            return
        # torch's own is a RuntimeError.
        if type(error).__name__ != "OutOfMemoryError":
            raise KernelError(self._what, error) from error
