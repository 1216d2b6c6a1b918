"""Data by name."""

from __future__ import annotations

from typing import Any

import numpy as np

from agnostic_init.arrays.errors import check_choice, must_be_type
from agnostic_init.study.training.data import Data
from agnostic_init.study.training.digits_sklearn import digits
from agnostic_init.study.training.generated import clusters, regression, spirals

__all__ = ["DATASETS", "dataset"]

#: Data that has a name, and what makes it.
DATASETS = {
    "clusters": clusters,
    "digits": digits,
    "regression": regression,
    "spirals": spirals,
}


def dataset(given: Any) -> Data:
    """Find data by its name; a `Data` is returned as it is.

    Examples
    --------
    >>> dataset("spirals").loss
    'cross_entropy'
    """
    if isinstance(given, Data):
        return given
    if isinstance(given, tuple | list | np.ndarray):
        hint = "study.data_of(inputs, targets)"
        raise must_be_type("data", "must be a name or a Data", type(given), hint)
    check_choice("data", given, DATASETS, "study.data_of(inputs, targets) for your own")
    return DATASETS[given]()
