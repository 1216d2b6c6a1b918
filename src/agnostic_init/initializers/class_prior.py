"""The bias of a classifier that begins with the frequencies of its classes."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from agnostic_init.arrays.errors import check_choice, must, must_be_type
from agnostic_init.arrays.target import check_readable
from agnostic_init.initializers.constant import constant

__all__ = ["class_prior"]

LINKS = ("sigmoid", "softmax")


def class_prior(prior: Any = 0.01, link: str = "sigmoid") -> constant:
    """The bias for which a classifier, whose weights do nothing yet, predicts the classes' frequencies.

    Training then does not begin with the large losses of classes that are rare.

    Parameters
    ----------
    prior
        The probability of every class, or of each: numbers between 0 and 1.
    link
        "sigmoid": classes are apart, and the bias is ``-log((1 - prior) / prior)``. "softmax": they
        exclude each other, their probabilities add up to 1, and the bias is ``log(prior)``.

    Returns
    -------
    constant
        A number, or one for each class, which are the last axis.

    References
    ----------
    Lin, Goyal, Girshick, He, Dollár, "Focal loss for dense object detection", ICCV 2017,
    arXiv:1708.02002, section 4.1, whose prior is 0.01.

    Examples
    --------
    >>> import agnostic_init as ai
    >>> ai.class_prior(0.01)(2)
    array([-4.59512, -4.59512], dtype=float32)
    >>> ai.class_prior([0.5, 0.25, 0.25], "softmax")(3)
    array([-0.6931472, -1.3862944, -1.3862944], dtype=float32)
    """
    check_choice("link", link, LINKS)
    rule = "must be a probability, or one for each class"
    check_readable("prior", rule, prior)
    try:
        given = np.asarray(prior)
    except (TypeError, ValueError, RuntimeError):
        given = np.empty(0)
    if given.dtype.kind not in "fiu" or given.ndim > 1 or not given.size:
        raise must_be_type("prior", rule, prior)
    p = given.astype(np.float64)
    if not ((p > 0) & (p < 1)).all():
        raise must("prior", "must be between 0 and 1, the two excluded", prior)
    if link == "softmax" and not (p.ndim and abs(float(p.sum()) - 1.0) < 1e-6):
        rule = 'must be the probabilities of all classes for link="softmax", and add up to 1'
        raise must("prior", rule, prior, "counts / counts.sum()")
    # By Python, as NumPy's logarithms depend on where in an array they are.
    each = p.reshape(-1).tolist()
    bias = [math.log(x) - (math.log1p(-x) if link == "sigmoid" else 0.0) for x in each]
    return constant(bias if p.ndim else bias[0])
