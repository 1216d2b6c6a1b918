"""The names of ``keras.initializers``: change the import and keep the code.

Each class is Keras's own with its values drawn by `agnostic_init`: parameters, checks and
configuration are inherited, so that an instance is what Keras takes one to be. They are registered
for serialization under ``agnostic_init>``, and work as ``kernel_initializer=`` on every backend of
Keras, with the same values on all. Constants are Keras's.

``seed`` is as in Keras: an integer gives the same values in every call, and None those of an
integer that is chosen when the initializer is made; a `keras.random.SeedGenerator` gives others in
every call. ``seed=42`` is ``key=42`` elsewhere in this package.

Examples
--------
>>> from agnostic_init.compat import keras as initializers  # doctest: +SKIP
>>> layer = keras.layers.Dense(
...     3, kernel_initializer=initializers.HeNormal(seed=42)
... )  # doctest: +SKIP
"""

from __future__ import annotations

from keras.initializers import (
    STFT,
    Constant,
    Identity,
    IdentityInitializer,
    Initializer,
    Ones,
    STFTInitializer,
    Zeros,
    constant,
    identity,
    ones,
    serialize,
    stft,
    zeros,
)

from agnostic_init.compat.keras.model import fill_model, named_weights
from agnostic_init.compat.keras.names import deserialize, get, patch
from agnostic_init.compat.keras.random import (
    Orthogonal,
    RandomNormal,
    RandomUniform,
    TruncatedNormal,
)
from agnostic_init.compat.keras.scaled import (
    GlorotNormal,
    GlorotUniform,
    HeNormal,
    HeUniform,
    LecunNormal,
    LecunUniform,
    VarianceScaling,
)

OrthogonalInitializer = orthogonal = Orthogonal
glorot_normal = GlorotNormal
glorot_uniform = GlorotUniform
he_normal = HeNormal
he_uniform = HeUniform
lecun_normal = LecunNormal
lecun_uniform = LecunUniform
random_normal = RandomNormal
random_uniform = RandomUniform
truncated_normal = TruncatedNormal
variance_scaling = VarianceScaling

__all__ = [
    "STFT",
    "Constant",
    "GlorotNormal",
    "GlorotUniform",
    "HeNormal",
    "HeUniform",
    "Identity",
    "IdentityInitializer",
    "Initializer",
    "LecunNormal",
    "LecunUniform",
    "Ones",
    "Orthogonal",
    "OrthogonalInitializer",
    "RandomNormal",
    "RandomUniform",
    "STFTInitializer",
    "TruncatedNormal",
    "VarianceScaling",
    "Zeros",
    "constant",
    "deserialize",
    "fill_model",
    "get",
    "glorot_normal",
    "glorot_uniform",
    "he_normal",
    "he_uniform",
    "identity",
    "lecun_normal",
    "lecun_uniform",
    "named_weights",
    "ones",
    "orthogonal",
    "patch",
    "random_normal",
    "random_uniform",
    "serialize",
    "stft",
    "truncated_normal",
    "variance_scaling",
    "zeros",
]
