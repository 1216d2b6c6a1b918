"""One seed, one set of weights, on every array library, every device and every shard."""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

from agnostic_init.homes import FOLDERS, HOMES

if TYPE_CHECKING:
    from agnostic_init import calibration as calibration
    from agnostic_init import checkpoint as checkpoint
    from agnostic_init import compat as compat
    from agnostic_init import draws as draws
    from agnostic_init import gains as gains
    from agnostic_init import linalg as linalg
    from agnostic_init import scales as scales
    from agnostic_init import study as study
    from agnostic_init import torch as torch
    from agnostic_init import typing as typing
    from agnostic_init.arrays.errors import (
        AmbiguousLayoutError,
        MissingExtraError,
        ParameterError,
        ParameterTypeError,
    )
    from agnostic_init.bits.key import Key, key
    from agnostic_init.bits.sharded import Sharded
    from agnostic_init.calibration.calibrate import calibrate
    from agnostic_init.draws.generator import Generator
    from agnostic_init.fingerprints.make import fingerprint
    from agnostic_init.fingerprints.value import Fingerprint
    from agnostic_init.gains.gain import gain
    from agnostic_init.initializers.base import Initializer
    from agnostic_init.initializers.class_prior import class_prior
    from agnostic_init.initializers.constant import constant, ones, zeros
    from agnostic_init.initializers.custom import CustomInitializer
    from agnostic_init.initializers.description import Description
    from agnostic_init.initializers.deterministic import bilinear, dirac, identity
    from agnostic_init.initializers.functions import from_function
    from agnostic_init.initializers.implicit.features import (
        fourier_features,
        orthogonal_random_features,
        random_features,
        random_phases,
    )
    from agnostic_init.initializers.implicit.siren import siren
    from agnostic_init.initializers.logarithmic import log_of_uniform
    from agnostic_init.initializers.lookup import get
    from agnostic_init.initializers.low_rank import lora_a
    from agnostic_init.initializers.maximal_update import mup
    from agnostic_init.initializers.named import (
        glorot_normal,
        glorot_uniform,
        he_normal,
        he_uniform,
        kaiming_normal,
        kaiming_uniform,
        lecun_normal,
        lecun_uniform,
        torch_default,
        uniform_unit_scaling,
        xavier_normal,
        xavier_uniform,
    )
    from agnostic_init.initializers.orthogonal import orthogonal
    from agnostic_init.initializers.orthogonal_convolutions import conv_orthogonal, delta_orthogonal
    from agnostic_init.initializers.parts import constant_rows, masked, zero_rows
    from agnostic_init.initializers.positions import (
        alibi_biases,
        alibi_slopes,
        rotary_positions,
        sinusoidal_positions,
    )
    from agnostic_init.initializers.random import (
        normal,
        symmetric_uniform,
        truncated_normal,
        uniform,
    )
    from agnostic_init.initializers.recurrent.chrono import chrono
    from agnostic_init.initializers.recurrent.gates import forget_bias, gates
    from agnostic_init.initializers.recurrent.rectified import irnn, np_rnn
    from agnostic_init.initializers.registration import register
    from agnostic_init.initializers.repeated import icnr, looks_linear
    from agnostic_init.initializers.scaled import scaled
    from agnostic_init.initializers.scaling import variance_scaling
    from agnostic_init.initializers.side_by_side import blocks
    from agnostic_init.initializers.sparse import sparse
    from agnostic_init.initializers.stacked import stacked
    from agnostic_init.initializers.state_space.hippo import hippo, hippo_input
    from agnostic_init.initializers.state_space.lru import lru_nu_log, lru_theta_log
    from agnostic_init.initializers.state_space.s4d import mamba_a_log, s4d
    from agnostic_init.initializers.state_space.steps import dt_bias
    from agnostic_init.installation import Installation, info
    from agnostic_init.layouts.fans import fans
    from agnostic_init.models.entry import Entry
    from agnostic_init.models.plan import Plan
    from agnostic_init.models.rules import Rule
    from agnostic_init.models.specs import Spec
    from agnostic_init.models.torch_audit import audit, poison
    from agnostic_init.models.torch_bind import bind
    from agnostic_init.models.tree import fill_tree, init_tree, plan_tree
    from agnostic_init.torch.initialize import init_module
    from agnostic_init.version import __version__

__all__ = [
    "AmbiguousLayoutError",
    "CustomInitializer",
    "Description",
    "Entry",
    "Fingerprint",
    "Generator",
    "Initializer",
    "Installation",
    "Key",
    "MissingExtraError",
    "ParameterError",
    "ParameterTypeError",
    "Plan",
    "Rule",
    "Sharded",
    "Spec",
    "__version__",
    "alibi_biases",
    "alibi_slopes",
    "audit",
    "bilinear",
    "bind",
    "blocks",
    "calibrate",
    "calibration",
    "checkpoint",
    "chrono",
    "class_prior",
    "compat",
    "constant",
    "constant_rows",
    "conv_orthogonal",
    "delta_orthogonal",
    "dirac",
    "draws",
    "dt_bias",
    "fans",
    "fill_tree",
    "fingerprint",
    "forget_bias",
    "fourier_features",
    "from_function",
    "gain",
    "gains",
    "gates",
    "get",
    "glorot_normal",
    "glorot_uniform",
    "he_normal",
    "he_uniform",
    "hippo",
    "hippo_input",
    "icnr",
    "identity",
    "info",
    "init_module",
    "init_tree",
    "irnn",
    "kaiming_normal",
    "kaiming_uniform",
    "key",
    "lecun_normal",
    "lecun_uniform",
    "linalg",
    "log_of_uniform",
    "looks_linear",
    "lora_a",
    "lru_nu_log",
    "lru_theta_log",
    "mamba_a_log",
    "masked",
    "mup",
    "normal",
    "np_rnn",
    "ones",
    "orthogonal",
    "orthogonal_random_features",
    "plan_tree",
    "poison",
    "random_features",
    "random_phases",
    "register",
    "rotary_positions",
    "s4d",
    "scaled",
    "scales",
    "sinusoidal_positions",
    "siren",
    "sparse",
    "stacked",
    "study",
    "symmetric_uniform",
    "torch",
    "torch_default",
    "truncated_normal",
    "typing",
    "uniform",
    "uniform_unit_scaling",
    "variance_scaling",
    "xavier_normal",
    "xavier_uniform",
    "zero_rows",
    "zeros",
]


def __getattr__(name: str) -> Any:
    folder = name in FOLDERS
    home = name if folder else next((home for home, own in HOMES.items() if name in own), None)
    if home is None:
        message = f"module {__name__!r} has no attribute {name!r}"
        raise AttributeError(message)
    try:
        module = importlib.import_module(f"agnostic_init.{home}")
    except ModuleNotFoundError as error:
        if error.name != "torch":
            raise
        from agnostic_init.arrays.missing import stand_in

        return stand_in(f"agnostic_init.{name}", "torch", folder=folder)
    return module if folder else globals().setdefault(name, getattr(module, name))


def __dir__() -> list[str]:
    return sorted(__all__)
