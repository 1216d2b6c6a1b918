"""Values: as frozen dataclasses, to whoever asks, without having been made as these are."""

from __future__ import annotations

import copy
import dataclasses
import inspect
import pickle
from typing import ClassVar

import pytest

from agnostic_init.arrays.values import Value


class Point(Value):
    """A value of two fields."""

    x: float
    y: float = 2.0
    shown: ClassVar[bool] = True
    _hidden: int = 3

    def __post_init__(self) -> None:
        if self.x < 0:
            raise ValueError(self.x)


class Empty(Value):
    """A value without fields."""


class Named(Point):
    """A value with the fields of another, and one more."""

    name: str = ""


@dataclasses.dataclass(frozen=True)
class Same:
    """What `Point` is to be like."""

    x: float
    y: float = 2.0


def test_it_is_equal_hashed_and_shown_by_its_fields():
    assert Point(1.0) == Point(x=1.0, y=2.0) != Point(1.0, 3.0)
    assert hash(Point(1.0)) == hash(Point(1.0, 2.0))
    assert repr(Point(1.0)) == "Point(x=1.0, y=2.0)"
    assert Empty() == Empty() != Point(1.0)
    assert {Empty(): 1}[Empty()] == 1
    assert Named(1.0, name="a") != Named(1.0)
    assert Point(1.0) != Named(1.0)
    nan = float("nan")
    assert Point(1.0, nan) == Point(1.0, nan)


@pytest.mark.parametrize(
    ("args", "kwargs"),
    [((), {}), ((1, 2, 3), {}), ((1,), {"x": 1}), ((1,), {"z": 1}), ((), {"y": 1})],
)
def test_a_wrong_call_is_refused_in_the_words_of_python(args, kwargs):
    with pytest.raises(TypeError) as theirs:
        Same(*args, **kwargs)
    with pytest.raises(TypeError) as ours:
        Point(*args, **kwargs)
    assert str(ours.value) == str(theirs.value).replace("Same", "Point")


def test_it_is_frozen():
    point = Point(1.0)
    for change in (lambda: setattr(point, "x", 2.0), lambda: delattr(point, "x")):
        with pytest.raises(dataclasses.FrozenInstanceError, match="field 'x'"):
            change()
    with pytest.raises(AttributeError):
        point.other = 1  # type: ignore[attr-defined]


def test_dataclasses_know_it():
    assert dataclasses.is_dataclass(Point)
    assert [(each.name, each.default) for each in dataclasses.fields(Point)][1] == ("y", 2.0)
    assert [each.name for each in dataclasses.fields(Named(1.0))] == ["x", "y", "name"]
    assert dataclasses.fields(Empty) == ()
    assert dataclasses.replace(Point(1.0), y=5.0) == Point(1.0, 5.0)
    assert dataclasses.asdict(Point(1.0)) == {"x": 1.0, "y": 2.0}
    assert str(inspect.signature(Point)) == str(inspect.signature(Same))
    match Point(1.0):
        case Point(x, y):
            assert (x, y) == (1.0, 2.0)


def test_a_dataclass_may_be_made_of_it():
    @dataclasses.dataclass(frozen=True)
    class More(Point):
        z: float = 0.0

    assert More(1.0, z=4.0) == dataclasses.replace(More(1.0), z=4.0)
    with pytest.raises(ValueError, match="-1"):
        More(-1.0)
    with pytest.raises(TypeError, match="cannot inherit non-frozen"):
        dataclasses.dataclass(type("Thawed", (Point,), {"__annotations__": {"w": "int"}}))


def test_it_is_copied_and_pickled():
    point = Named(1.0, 3.0, "a")
    assert copy.copy(point) == copy.deepcopy(point) == pickle.loads(pickle.dumps(point)) == point
