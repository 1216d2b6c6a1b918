"""Handwritten digits, which scikit-learn ships."""

from __future__ import annotations

from typing import Any

import numpy as np

from agnostic_init.arrays.errors import not_imported
from agnostic_init.study.training.data import Data, data_of

__all__ = ["digits"]


def digits(*, key: Any = 0) -> Data:
    """1,797 images of handwritten digits, 8 by 8, of which 359 are kept to test with.

    Needs scikit-learn, of the extra `digits`; nothing is downloaded.

    Parameters
    ----------
    key
        Of the split.

    Raises
    ------
    MissingExtraError
        If scikit-learn is not installed.

    References
    ----------
    Alpaydin and Kaynak, "Optical recognition of handwritten digits", UCI Machine Learning
    Repository, 1998.
    """
    try:
        from sklearn.datasets import load_digits
    except ImportError as error:
        raise not_imported(error, "sklearn", "Data of digits", "digits") from error
    images, labels = load_digits(return_X_y=True)
    classes = np.asarray(labels, np.int64)
    return data_of(images, classes, key=key, test=0.2, scale="together", name="digits")
