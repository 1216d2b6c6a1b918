"""Weights scaled by what a batch of data makes of them: steps of arrays, and what was done."""

from __future__ import annotations

from agnostic_init.calibration.moments import Moments, moments_of
from agnostic_init.calibration.report import Calibrated, Calibration, Spread
from agnostic_init.calibration.steps import activation_step, lsuv_step, weight_norm_step

__all__ = [
    "Calibrated",
    "Calibration",
    "Moments",
    "Spread",
    "activation_step",
    "lsuv_step",
    "moments_of",
    "weight_norm_step",
]
