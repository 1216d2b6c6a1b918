"""An affine change of a layer's outputs, made by its weights and its bias."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np

from agnostic_init.arrays.dtypes import DTYPES
from agnostic_init.arrays.errors import must, must_be_type
from agnostic_init.arrays.library import Library
from agnostic_init.arrays.numbers import integer
from agnostic_init.arrays.target import library_of
from agnostic_init.calibration.moments import Moments

__all__ = ["NONE", "Change", "scaled", "shifted", "to_variance", "whitening"]


class Change(NamedTuple):
    """Outputs z become ``scale * z + offset``.

    Of a layer ``z = W x + b`` the weights of each channel are multiplied by `scale`, and the bias
    becomes ``scale * b + offset``; where `keeps_bias`, it stays as it was, as it is in LSUV.

    Attributes
    ----------
    scale, offset
        Of each channel, or of all.
    keeps_bias
        Whether the bias is left alone.
    """

    scale: Any
    offset: Any
    keeps_bias: bool = False

    def after(self, first: Change) -> Change:
        """Both changes as one, the other first."""
        return Change(
            self.scale * first.scale, self.scale * first.offset + self.offset, self.keeps_bias
        )


NONE = Change(1.0, 0.0, True)


def to_variance(moments: Moments, variance: float, share: float = 1.0) -> Change:
    """All weights by one factor, after which the outputs have this variance.

    Where there is none, or it is not finite, nothing changes. `share` is that of the change in
    logarithms of the variance that one factor is to make.
    """
    xp, whole = library_of(moments.mean).xp, moments.overall
    scale, known = _factors(xp, whole.variance, variance, share)
    return Change(xp.where(known, scale, xp.ones_like(scale)), 0.0, True)


def whitening(moments: Moments, mean: float, variance: float, share: float = 1.0) -> Change:
    """Every channel by a factor and an offset, after which it has this mean and variance.

    A channel of no variance, or of moments that are not finite, stays as it is.
    """
    xp = library_of(moments.mean).xp
    scale, known = _factors(xp, moments.variance, variance, share)
    offset = moments.mean * (1 - scale) + (mean - moments.mean) * share
    known = xp.logical_and(known, xp.isfinite(offset))
    scale = xp.where(known, scale, xp.ones_like(scale))
    return Change(scale, xp.where(known, offset, xp.zeros_like(offset)))


def _factors(xp: Any, measured: Any, wanted: float, share: float) -> tuple[Any, Any]:
    """Factors that make the variance the wanted one, and where they are known."""
    known = xp.logical_and(xp.isfinite(measured), measured > 0)
    safe = xp.where(known, measured, xp.ones_like(measured))
    return xp.exp((0.5 * share) * xp.log(wanted / safe)) if share != 1 else (
        xp.sqrt(wanted / safe)
    ), known


def scaled(weight: Any, scale: Any, axis: int | None, groups: int = 1) -> Any:
    """A new array: the weight, with the factors of its channels along an axis.

    Parameters
    ----------
    weight
        An array of any library.
    scale
        One factor, or one for each channel, as a number or an array.
    axis
        Of the weight, that its outputs lie along; None where there is one factor.
    groups
        Where each group of the weight's first axis has outputs of its own along `axis`, as in
        transposed convolutions of torch.
    """
    library = library_of(weight)
    name, wide = _widths(library, weight)
    values = library.cast(weight, wide) if wide != name else weight
    factor = _beside(scale, values, library, real=True)
    count = 1 if factor is None or not factor.ndim else int(factor.shape[0])
    if factor is None:
        made = values * scale
    elif count == 1:
        made = values * library.xp.reshape(factor, (1,) * values.ndim)
    else:
        made = _along(library.xp, values, factor, axis, groups)
    return library.cast(made, name) if wide != name else made


def shifted(bias: Any, scale: Any, offset: Any) -> Any:
    """A new array: ``scale * bias + offset``."""
    library = library_of(bias)
    name, wide = _widths(library, bias)
    values = library.cast(bias, wide) if wide != name else bias
    factor, more = (_beside(each, values, library, real=False) for each in (scale, offset))
    made = values * (scale if factor is None else factor) + (offset if more is None else more)
    if tuple(made.shape) != tuple(bias.shape):
        rule = f"must have an element for each of {tuple(made.shape)} channels"
        raise must("bias", rule, tuple(bias.shape))
    return library.cast(made, name) if wide != name else made


def _along(xp: Any, values: Any, factor: Any, axis: int | None, groups: int) -> Any:
    count = int(factor.shape[0])
    if axis is None:
        rule = "must be given where every channel has a factor of its own"
        raise must("axis", rule, axis, "axis=0 for torch's linear layers, axis=-1 for Keras's")
    at = integer("axis", axis)
    shape = tuple(values.shape)
    if not -len(shape) <= at < len(shape) or shape[at] * groups != count:
        rule = f"must be an axis of {count} channels, as the outputs have, of the shape {shape}"
        raise must("axis", rule, axis)
    at %= len(shape)
    if groups == 1:
        return values * xp.reshape(
            factor, tuple(count if n == at else 1 for n in range(len(shape)))
        )
    apart = xp.reshape(values, (groups, shape[0] // groups, *shape[1:]))
    lengths = [1] * apart.ndim
    lengths[0], lengths[at + 1] = groups, shape[at]
    return xp.reshape(apart * xp.reshape(factor, tuple(lengths)), shape)


def _widths(library: Library, array: Any) -> tuple[str, str]:
    """The name of an array's dtype, and of the one that it is computed in."""
    name = library.dtype_name(array.dtype)
    known = DTYPES.get(name)
    if known is None or known.kind not in ("float", "complex"):
        raise must_be_type("weight", "must be of floating-point numbers", name)
    return name, "float32" if known.kind == "float" and known.itemsize < 4 else name


def _beside(factors: Any, values: Any, library: Library, *, real: bool) -> Any:
    """Factors as an array of the library and precision of `values`; None of a plain number."""
    if not hasattr(factors, "dtype"):
        return None
    name = library.dtype_name(values.dtype)
    if real or not np.iscomplexobj(factors):
        name = {"complex64": "float32", "complex128": "float64"}.get(name, name)
    own = library_of(factors)
    if own is library:
        return library.cast(factors, name)
    host = np.asarray(own.to_host(factors)).astype(name)
    place = library.device_of(values)
    return library.from_host(host, None if library.cuts(place) else place)
