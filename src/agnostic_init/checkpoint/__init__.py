"""A plan straight into safetensors files, streamed."""

from __future__ import annotations

from agnostic_init.checkpoint.writer import Written, data_sha256, write_plan

__all__ = ["Written", "data_sha256", "write_plan"]
