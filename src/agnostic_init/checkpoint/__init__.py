"""A plan straight into safetensors files, streamed; and files that are there, looked at."""

from __future__ import annotations

from agnostic_init.checkpoint.arrays_writer import Writer
from agnostic_init.checkpoint.checking import Checked, check
from agnostic_init.checkpoint.findings import Finding
from agnostic_init.checkpoint.made_by import plan_of_file
from agnostic_init.checkpoint.pretrained import pretrained
from agnostic_init.checkpoint.statistics import Statistics
from agnostic_init.checkpoint.transfer import Transfer, transfer
from agnostic_init.checkpoint.verifying import data_sha256, verify
from agnostic_init.checkpoint.writer import Written, write, write_plan

__all__ = [
    "Checked",
    "Finding",
    "Statistics",
    "Transfer",
    "Writer",
    "Written",
    "check",
    "data_sha256",
    "plan_of_file",
    "pretrained",
    "transfer",
    "verify",
    "write",
    "write_plan",
]
