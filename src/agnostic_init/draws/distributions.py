"""The parameters of a distribution, checked, as a `Draw` of a dtype."""

from __future__ import annotations

import functools
import math
from typing import Any

from agnostic_init.arrays.dtypes import DTYPES, Dtype, format_of
from agnostic_init.arrays.errors import check_choice, must
from agnostic_init.arrays.numbers import complex_number, real_number
from agnostic_init.draws.record import Central, Draw

__all__ = [
    "BOUNDS",
    "STD_OF",
    "bits_draw",
    "check_normal",
    "check_truncated_normal",
    "check_uniform",
    "normal_draw",
    "truncated_normal_draw",
    "truncated_statistics",
    "uniform_draw",
]

INF = math.inf
BOUNDS = ("sigma", "absolute")
STD_OF = ("parent", "result")
WORDS = tuple(name for name, row in DTYPES.items() if row.store and not row.precision)
MOST_BOUND = 1e300  # in sigmas, of a bound that is finite
MOST_SIGMAS = 8.3  # no normal of 53 bits is further out
UNBOUNDED = {bits: Central(0.0, 2.0 ** -(bits + 1), 0.0, 0.0) for bits in (24, 53)}


def bits_draw(dtype: str) -> Draw:
    """The words themselves."""
    if dtype not in WORDS:
        raise must("dtype", f"must be one of {', '.join(WORDS)} for bits", dtype)
    return Draw("bits", dtype)


def uniform_draw(low: Any, high: Any, dtype: str) -> Draw:
    """Uniform on [low, high); for a complex dtype, on the disk or annulus of such moduli."""
    return _uniform_draw(*check_uniform(low, high), dtype)


def check_uniform(low: Any, high: Any) -> tuple[float, float]:
    """The bounds as numbers, or an error that names the one at fault."""
    low, high = real_number("low", low), real_number("high", high)
    if not low < high:
        raise must("low", f"must be less than `high`, which is {high!r}", low)
    return low, high


@functools.lru_cache(maxsize=1024)
def _uniform_draw(low: float, high: float, dtype: str) -> Draw:
    form = format_of(dtype)
    if form.is_complex:
        inner = 0.0 if low == -high else low
        if inner < 0.0:
            raise must(
                "low",
                "must be -high (a disk) or not negative (an annulus) for a complex dtype",
                low,
                f"low={-high!r}",
            )
        single = _single(form)
        inner_square = (inner / high) ** 2
        return Draw(
            "disk",
            dtype,
            scale=_scale("high", high, single),
            radii=(inner_square, 1.0 - inner_square),
        )
    computed = _single(form)
    scale = computed.nearest(high - low)
    last = form.at_most(high)
    last = form.below(last) if last == high else last
    first = form.at_least(low)
    if not math.isfinite(scale) or max(-low, high) > form.max:
        raise must("high", f"must make a range that {dtype} can hold", (low, high))
    if first > last:
        raise must(
            "high",
            f"must leave a number of {dtype} in [low, high)",
            (low, high),
            "a wider range, or dtype='float64'",
        )
    return Draw("uniform", dtype, scale, computed.nearest(low), low=first, high=last)


def normal_draw(mean: Any, std: Any, dtype: str) -> Draw:
    """Normal with `mean` and `std`; for a complex dtype, each part has std / sqrt(2)."""
    return _normal_draw(*check_normal(mean, std), dtype)


def check_normal(mean: Any, std: Any) -> tuple[complex, float]:
    """The parameters as numbers, or an error that names the one at fault."""
    return complex_number("mean", mean), _checked_std(std)


@functools.lru_cache(maxsize=1024)
def _normal_draw(mean: complex, std: float, dtype: str) -> Draw:
    form = format_of(dtype)
    single = _single(form)
    real, imag = _shift(mean, form)
    part = std / math.sqrt(2.0) if form.is_complex else std
    draw = Draw(
        "quantile",
        dtype,
        _scale("std", part, single),
        real,
        imag,
        quantile=UNBOUNDED[53 if single.precision == 53 else 24],
    )
    most = 5.5 if draw.bits == 24 else MOST_SIGMAS
    if part and not form.nearest(most * part):
        raise must("std", f"must not vanish in {dtype}", std, "a larger std, or dtype='float32'")
    if max(abs(real), abs(imag)) + most * part > form.max:
        raise must(
            "std",
            f"must keep every value below {form.max:g}, the largest {dtype}",
            std,
            "a smaller std, or another dtype",
        )
    return draw


def truncated_normal_draw(
    mean: Any, std: Any, lower: Any, upper: Any, bounds: str, std_of: str, dtype: str
) -> Draw:
    """A normal confined to [lower, upper]; complex: to moduli up to `upper`."""
    mean, std, lower, upper = check_truncated_normal(mean, std, lower, upper, bounds, std_of)
    return _truncated_normal_draw(mean, std, lower, upper, bounds, std_of, dtype)


def check_truncated_normal(
    mean: Any, std: Any, lower: Any, upper: Any, bounds: str, std_of: str
) -> tuple[complex, float, float, float]:
    """The parameters as numbers, or an error that names the one at fault."""
    check_choice("bounds", bounds, BOUNDS)
    check_choice("std_of", std_of, STD_OF)
    mean, std = complex_number("mean", mean), _checked_std(std)
    lower = real_number("lower", lower, infinite=True)
    upper = real_number("upper", upper, infinite=True)
    if not lower < upper or lower == INF or upper == -INF:
        raise must("lower", f"must be less than `upper`, which is {upper!r}", lower)
    return mean, std, lower, upper


@functools.lru_cache(maxsize=1024)
def _truncated_normal_draw(
    mean: complex, std: float, lower: float, upper: float, bounds: str, std_of: str, dtype: str
) -> Draw:
    form = format_of(dtype)
    if form.is_complex:
        return _modulus_draw(mean, std, lower, upper, bounds, std_of, form)
    center, _ = _shift(mean, form)
    mean = mean.real
    if std_of == "result":
        std = _parent_std(mean, std, lower, upper, bounds)
    if bounds == "sigma":
        sigmas = (lower, upper)
        absolute = (_edge(mean, std, lower), _edge(mean, std, upper))
    else:
        absolute = (lower, upper)
        if std == 0.0 and not lower <= mean <= upper:
            raise must("std", "must be positive, as `mean` is outside the bounds", std)
        sigmas = (_sigmas(lower, mean, std), _sigmas(upper, mean, std))
    first, last = form.at_least(absolute[0]), form.at_most(absolute[1])
    if first > last or first == INF or last == -INF:
        raise must(
            "upper",
            f"must leave a number of {dtype} between the bounds",
            absolute,
            "wider bounds, or dtype='float64'",
        )
    single = _single(form)
    scale = _scale("std", std, single)
    draw = Draw("quantile", dtype, scale, center, low=first, high=last)
    near = max(0.0, sigmas[0], -sigmas[1])
    most = math.sqrt(near * near + MOST_SIGMAS**2) if near < 1e150 else near
    ends = (max(sigmas[0], -most), min(sigmas[1], most))
    if max(abs(center + scale * end) for end in ends) > form.max:
        raise must(
            "std",
            f"must keep every value below {form.max:g}, the largest {dtype}",
            std,
            "a smaller std, or another dtype",
        )
    if std == 0.0:
        return draw._replace(quantile=UNBOUNDED[draw.bits])
    from agnostic_init.draws.quantile import quantile

    return draw._replace(quantile=quantile(*sigmas, draw.bits))


def truncated_statistics(
    mean: complex, std: float, lower: float, upper: float, bounds: str, std_of: str, dtype: str
) -> dict[str, Any]:
    """Mean, std and bounds of the values, as far as they are known in closed form."""
    from agnostic_init.draws.quantile import modulus_std, truncated_moments

    if format_of(dtype).is_complex:
        sigmas = upper if bounds == "sigma" else _sigmas(upper, 0.0, std)
        return {"mean": mean, "std": std * (1.0 if std_of == "result" else modulus_std(sigmas))}
    center = mean.real
    if std == 0.0:
        return {"mean": center, "std": 0.0}
    parent = _parent_std(center, std, lower, upper, bounds) if std_of == "result" else std
    if bounds == "absolute":
        edges = (lower, upper)
        ends = (_sigmas(lower, center, parent), _sigmas(upper, center, parent))
    else:
        edges = (_edge(center, parent, lower), _edge(center, parent, upper))
        ends = (lower, upper)
    middle, spread = truncated_moments(*ends)
    return {
        "mean": min(max(center + parent * middle, edges[0]), edges[1]),  # however it is rounded
        "std": parent * spread,
        "low": edges[0],
        "high": edges[1],
    }


def _modulus_draw(
    mean: complex, std: float, lower: float, upper: float, bounds: str, std_of: str, form: Dtype
) -> Draw:
    if lower not in (-upper, 0.0) or upper <= 0:
        raise must(
            "lower",
            "must be -upper for a complex dtype, where `upper` bounds the modulus",
            lower,
            f"lower={-upper!r}",
        )
    if bounds == "absolute":
        if std_of == "result":
            raise must("std_of", "must be 'parent' for absolute bounds of a complex dtype", std_of)
        upper = _sigmas(upper, 0.0, std)
    from agnostic_init.draws.quantile import modulus_std

    real, imag = _shift(mean, form)
    probability = -math.expm1(-upper * upper)
    if std_of == "result":
        std /= modulus_std(upper)
    # The largest modulus, where the least probability of a larger one is 2^-24 or 2^-53.
    most = min(upper, math.sqrt(form.precision * math.log(2.0)))
    if max(abs(real), abs(imag)) + most * std > form.max:
        raise must(
            "std",
            f"must keep every value below {form.max:g}, the largest {form.name}",
            std,
            "a smaller std, or another dtype",
        )
    return Draw(
        "modulus",
        form.name,
        _scale("std", std, _single(form)),
        real,
        imag,
        radii=(probability, 0.0),
    )


def _parent_std(mean: float, std: float, lower: float, upper: float, bounds: str) -> float:
    """The std of the normal that has `std` once it is truncated."""
    # Imported where it is needed: the first fill of a process is over sooner.
    from agnostic_init.draws.quantile import truncated_std

    if bounds == "sigma":
        unit = truncated_std(lower, upper)
        if unit == 0.0:
            rule = "must leave `std` something to be the std of, where `std_of` is 'result'"
            raise must("upper", rule, (lower, upper), "wider bounds, or std_of='parent'")
        return std / unit
    if std == 0.0:
        return std
    limit = (upper - lower) / math.sqrt(12.0)
    if lower < INF and std >= limit:
        raise must(
            "std",
            f"must be less than {limit:.6g}, the std of a uniform between the bounds",
            std,
            "wider bounds, or std_of='parent'",
        )

    def result(parent: float) -> float:
        return parent * truncated_std((lower - mean) / parent, (upper - mean) / parent)

    below, above = 0.0, std
    while result(above) < std:
        below, above = above, 2.0 * above
        if above > 1e9 * std:
            raise must(
                "std",
                "must be one that a truncated normal between the bounds can have",
                std,
                "a smaller std, or std_of='parent'",
            )
    for _ in range(200):
        middle = 0.5 * (below + above)
        if middle in (below, above):
            break
        below, above = (middle, above) if result(middle) < std else (below, middle)
    return above


def _edge(mean: float, std: float, sigmas: float) -> float:
    return mean + std * sigmas if math.isfinite(sigmas) else sigmas


def _sigmas(bound: float, mean: float, std: float) -> float:
    if not math.isfinite(bound):
        return bound
    distance = bound - mean
    if std == 0.0:
        return math.copysign(INF, distance) if distance else 0.0
    # Never infinite: of two bounds there is no telling how far apart infinities are.
    return min(max(distance / std, -MOST_BOUND), MOST_BOUND)


def _checked_std(std: Any) -> float:
    number = real_number("std", std)
    if number < 0:
        raise must("std", "must not be negative", std)
    return number


def _shift(mean: complex, form: Dtype) -> tuple[float, float]:
    if mean.imag and not form.is_complex:
        raise must("mean", f"must be real for dtype {form.name}", mean)
    single = _single(form)
    return single.nearest(mean.real), single.nearest(mean.imag)


def _single(form: Dtype) -> Dtype:
    """The format that draws of this one are computed in."""
    return format_of(form.compute)


def _scale(name: str, value: float, single: Dtype) -> float:
    scale = single.nearest(value)
    if math.isinf(scale) or (value and not scale):
        raise must(
            name,
            f"must be within the range of {single.name}",
            value,
            "a larger one, or dtype='float64'" if not scale else "a smaller one",
        )
    return scale
