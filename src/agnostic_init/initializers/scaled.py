"""Initializers times a number, or a scale of `agnostic_init.scales` by its name."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from agnostic_init.arrays.errors import must
from agnostic_init.arrays.values import Value
from agnostic_init.initializers.lookup import found
from agnostic_init.initializers.multiplied import checked_factor
from agnostic_init.initializers.rescaled import Rescaled, rescaled
from agnostic_init.scales.named import Scale

__all__ = ["scaled"]

DEFAULTS = {"layout": None, "fan": None, "groups": 1}


class scaled(Rescaled, Value):
    """Another initializer, times a factor.

    Parameters
    ----------
    init
        The initializer: an initializer, a name or a dictionary.
    factor
        A positive number; or the name of a function of `agnostic_init.scales`, or a dictionary of
        the name and its parameters. Of "spectral", "spectral_norm" and "lora", the fans are those
        of the weight where they are not given.
    layout, groups, fan
        What fans are computed from, as in `variance_scaling`.

    Raises
    ------
    AmbiguousLayoutError
        If the factor needs the fans, the layout matters for a shape, and none is given.

    Notes
    -----
    The factor goes into the parameters of the initializer, which are Python's floats, so that values
    are rounded once: a normal of std 0.02, times 0.5, has the bits of one of std 0.01.

    Examples
    --------
    >>> import agnostic_init as ai
    >>> ai.scaled(ai.normal(std=0.02), {"name": "gpt2_residual", "layers": 8}).describe((3, 3)).std
    0.005
    >>> ai.scaled("orthogonal", "spectral_norm", layout="torch").describe((16, 64)).high
    0.5
    """

    init: Any
    factor: Any
    layout: str | None = None
    groups: int = 1
    fan: tuple[int, int] | None = None

    def __post_init__(self) -> None:
        object.__setattr__(self, "init", found(self.init, "init"))
        given = self.factor
        named = isinstance(given, str | Mapping | Scale) or callable(given)
        factor = Scale.of(given, "factor") if named else checked_factor(given)
        object.__setattr__(self, "factor", factor)
        layout, groups, fan = self.layout, self.groups, self.fan
        if layout is None and fan is None and type(groups) is int and groups == 1:
            return
        # Not at the top: most factors need no fans, and layouts take a while to import.
        from agnostic_init.layouts.parameters import check_layout_or_fan

        groups, fan = check_layout_or_fan(layout, groups, fan)
        needed = isinstance(factor, Scale) and factor.missing
        if not needed and (layout is not None or fan is not None or groups != 1):
            name = "fan" if fan is not None else "groups" if layout is None else "layout"
            rule = "must not be given, as the factor needs no fans of the weight"
            raise must(name, rule, getattr(self, name), "it in the initializer itself")
        object.__setattr__(self, "groups", groups)
        object.__setattr__(self, "fan", None if fan is None else tuple(fan))

    def factor_for(self, shape: tuple[int, ...]) -> float:
        factor = self.factor
        if not isinstance(factor, Scale):
            return float(factor)
        if not factor.missing:
            return factor()
        from agnostic_init.layouts.fans import fans

        both = fans(shape, self.layout, self.groups, self.fan)
        return factor(**{name: getattr(both, name) for name in factor.missing})

    def number(self, dtype: str) -> float | None:
        needs_shape = isinstance(self.factor, Scale) and self.factor.missing
        return None if needs_shape else rescaled(self, ()).number(dtype)
