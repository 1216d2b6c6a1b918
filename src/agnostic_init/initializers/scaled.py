"""Initializers times a factor that a model's depth or a weight's shape decides."""

from __future__ import annotations

import functools
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar

from agnostic_init.arrays.dtypes import DTYPES, format_of
from agnostic_init.arrays.errors import must, within
from agnostic_init.arrays.target import Target
from agnostic_init.bits.block import checked_shape
from agnostic_init.initializers.base import Initializer
from agnostic_init.initializers.blocks import OfAnother
from agnostic_init.initializers.lookup import found
from agnostic_init.initializers.multiplied import checked_factor
from agnostic_init.layouts.fans import check_layout_or_fan, fans
from agnostic_init.scales.mup import mup_init, mup_learning_rate, mup_multiplier
from agnostic_init.scales.named import Scale

if TYPE_CHECKING:
    from agnostic_init.arrays.library import Library
    from agnostic_init.bits.block import Block
    from agnostic_init.bits.key import Key
    from agnostic_init.draws.record import Draw

__all__ = ["mup", "scaled"]


class _Rescaled(Initializer):
    """What another initializer makes, times a factor of the shape; `init` is the other.

    All work is that initializer's which the other is once it is multiplied.
    """

    linear: ClassVar[tuple[str, ...]] = ("init",)
    init: Any

    def factor_for(self, shape: tuple[int, ...]) -> float:
        """The factor of a weight of that global shape."""
        raise NotImplementedError

    @property
    def elementwise(self) -> bool:  # type: ignore[override]
        """That of the other."""
        return bool(self.init.elementwise)

    @property
    def needs_key(self) -> bool:  # type: ignore[override]
        """That of the other."""
        return bool(self.init.needs_key)

    def check(self, shape: tuple[int, ...], dtype: str) -> None:
        with within(self._place(shape)):
            _rescaled(self, shape).check(shape, dtype)

    def draw(self, shape: tuple[int, ...], dtype: str) -> Draw | None:
        with within(self._place(shape)):
            return _rescaled(self, shape).draw(shape, dtype)

    def make(self, shape: tuple[int, ...], key: Key | None, part: Block, target: Target) -> Any:
        with within(self._place(shape)):
            return _rescaled(self, shape).make(shape, key, part, target)

    def write(self, key: Key | None, part: Block, out: Any, library: Library) -> None:
        with within(self._place(part.global_shape)):
            _rescaled(self, part.global_shape).write(key, part, out, library)

    def statistics(self, shape: tuple[int, ...], dtype: str) -> dict[str, Any]:
        return _rescaled(self, shape).statistics(shape, dtype)

    def together(self, shape: tuple[int, ...], dtype: str, library: Library, device: Any) -> int:
        return _rescaled(self, shape).together(shape, dtype, library, device)

    def make_several(self, shape: tuple[int, ...], keys: list[Key], target: Target) -> list[Any]:
        return _rescaled(self, shape).make_several(shape, keys, target)

    def write_several(
        self, shape: tuple[int, ...], keys: list[Key], outs: list[Any], library: Library
    ) -> None:
        _rescaled(self, shape).write_several(shape, keys, outs, library)

    def _place(self, shape: tuple[int, ...]) -> str:
        return f"{type(self).__name__}, times {self.factor_for(shape):.6g}"


# Cached, as a model has few shapes and many weights of each.
@functools.lru_cache(maxsize=1024)
def _rescaled(init: _Rescaled, shape: tuple[int, ...]) -> Initializer:
    other: Initializer = init.init
    factor = init.factor_for(shape)
    if other.linear or type(other).multiplied is not Initializer.multiplied:
        return other.times(factor)
    return _Product(other, factor)


@dataclass(frozen=True, repr=False)
class _Product(OfAnother):
    """The numbers that an initializer makes, times one that is rounded as they are."""

    init: Any
    factor: float

    def check(self, shape: tuple[int, ...], dtype: str) -> None:
        self.init.check(shape, _wide(dtype))

    def make_block(
        self, shape: tuple[int, ...], key: Key | None, part: Block, target: Target
    ) -> Any:
        place = Target(target.library, _wide(target.dtype), target.device)
        made = self.init.make(shape, key, part, place)
        # Rounded here, so that no library rounds it otherwise.
        factor = DTYPES[format_of(target.dtype).compute].nearest(self.factor)
        return target.library.cast(made * factor, target.dtype)

    def statistics(self, shape: tuple[int, ...], dtype: str) -> dict[str, Any]:
        known: dict[str, Any] = self.init.statistics(shape, dtype)
        for name in {"mean", "std", "low", "high"} & known.keys():
            if known[name] is not None:
                known[name] = known[name] * self.factor
        return known


def _wide(dtype: str) -> str:
    """The dtype that such arrays are computed in."""
    form = format_of(dtype)
    return dtype if form.is_complex else form.compute


@dataclass(frozen=True, repr=False)
class scaled(_Rescaled):
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
        groups, fan = check_layout_or_fan(self.layout, self.groups, self.fan)
        needed = factor.missing if isinstance(factor, Scale) else ()
        if not needed and (self.layout is not None or fan is not None or groups != 1):
            name = "fan" if fan is not None else "groups" if self.layout is None else "layout"
            rule = "must not be given, as the factor needs no fans of the weight"
            raise must(name, rule, getattr(self, name), "it in the initializer itself")
        object.__setattr__(self, "factor", factor)
        object.__setattr__(self, "groups", groups)
        object.__setattr__(self, "fan", None if fan is None else tuple(fan))

    def factor_for(self, shape: tuple[int, ...]) -> float:
        factor = self.factor
        if not isinstance(factor, Scale):
            return float(factor)
        if not factor.missing:
            return factor()
        both = fans(shape, self.layout, self.groups, self.fan)
        return factor(**{name: getattr(both, name) for name in factor.missing})

    def number(self, dtype: str) -> float | None:
        needs_shape = isinstance(self.factor, Scale) and self.factor.missing
        return None if needs_shape else _rescaled(self, ()).number(dtype)


@dataclass(frozen=True, repr=False)
class mup(_Rescaled):
    """Another initializer in maximal update parametrization: relative to a base shape.

    A weight has the std that the initializer has at the base shape, and a hidden one, both of whose
    sides differ from it, that std over the root of how many times more inputs it has.

    Parameters
    ----------
    init
        The initializer at the base shape: an initializer, a name or a dictionary.
    base
        The shape of this weight in the base model.
    layout
        What the axes are, as in `variance_scaling`. The default is torch's.
    groups
        The number of groups of a grouped convolution.

    Notes
    -----
    That is what `mup` of the authors does to torch's layers. The rest of the parametrization is not
    in weights: `multiplier` and `learning_rate` say it of a shape. Output weights are best zero.

    References
    ----------
    Yang et al., "Tensor programs V: tuning large neural networks via zero-shot hyperparameter
    transfer", 2022, arXiv:2203.03466, table 8.

    Examples
    --------
    >>> import agnostic_init as ai
    >>> hidden = ai.mup(ai.normal(std=0.02), base=(64, 64))
    >>> hidden.describe((1024, 1024)).std, hidden.learning_rate((1024, 1024))
    (0.005, 0.0625)
    >>> readout = ai.mup(ai.normal(std=0.02), base=(10, 64))
    >>> readout.describe((10, 1024)).std, readout.multiplier((10, 1024))
    (0.02, 0.0625)
    """

    init: Any
    base: Any
    layout: str = "torch"
    groups: int = 1

    def __post_init__(self) -> None:
        object.__setattr__(self, "init", found(self.init, "init"))
        with within("base"):
            base = checked_shape(self.base)
        groups, _ = check_layout_or_fan(self.layout, self.groups, None)
        object.__setattr__(self, "base", base)
        object.__setattr__(self, "groups", groups)

    def role(self, shape: Any) -> str:
        """What a weight of a shape is: "hidden", "embedding" or "output"; "hidden" at the base shape."""
        inputs, outputs = self._ratios(shape)
        if (inputs == 1) == (outputs == 1):
            return "hidden"
        return "output" if outputs == 1 else "embedding"

    def multiplier(self, shape: Any) -> float:
        """What the layer of such a weight multiplies its output by; see `scales.mup_multiplier`."""
        return mup_multiplier(self.role(shape), self._ratios(shape)[0])

    def learning_rate(self, shape: Any, optimizer: str = "adam") -> float:
        """The factor of its learning rate; see `scales.mup_learning_rate`."""
        return mup_learning_rate(self.role(shape), *self._ratios(shape), optimizer)

    def factor_for(self, shape: tuple[int, ...]) -> float:
        stds = []
        for each in (self.base, shape):
            std = self.init.statistics(each, "float32").get("std")
            if not std:
                raise must("init", "must be one whose std is known, and not zero", self.init)
            stds.append(std)
        return float(stds[0] / stds[1] * mup_init(self.role(shape), self._ratios(shape)[0]))

    def _ratios(self, shape: Any) -> tuple[float, float]:
        """The fans of a shape over those of the base shape."""
        shape = checked_shape(shape)
        if len(shape) != len(self.base):
            raise must("shape", f"must have the axes of the base shape, {self.base}", shape)
        if len(shape) < 2:
            return 1.0, float(max(1, *shape) / max(1, *self.base)) if shape else 1.0
        mine, based = (fans(each, self.layout, self.groups) for each in (shape, self.base))
        return mine.fan_in / based.fan_in, mine.fan_out / based.fan_out
