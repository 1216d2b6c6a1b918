"""array-api-strict: the standard and nothing else; here to keep the reference honest."""

from __future__ import annotations

from typing import Any

import array_api_strict

from agnostic_init.arrays import library
from agnostic_init.arrays.errors import must

__all__ = ["Library"]


class Library(library.Library):
    """array-api-strict."""

    name = "array_api_strict"
    namespace = "array_api_strict"

    def device(self, device: Any) -> Any:
        if device is None or isinstance(device, array_api_strict.Device):
            return device
        try:
            return array_api_strict.Device(device)
        except ValueError:
            rule = "must be a device that array_api_strict has"
            hint = "device='CPU_DEVICE' or 'device1'"
            raise must("device", rule, device, hint) from None
