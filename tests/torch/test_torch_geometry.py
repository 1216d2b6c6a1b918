"""Which part of a tensor a view is: held to what torch's own indexing does."""

from __future__ import annotations

import itertools

import pytest

torch = pytest.importorskip("torch")

from agnostic_init.torch import geometry

SHAPES = [(4, 6), (6,), (2, 3, 4), (3, 1, 5), (1, 1), (2, 2, 2, 3)]
ITEMS = [slice(None), slice(1, None), slice(0, None, 2), slice(1, 2), 0, -1]


@pytest.mark.parametrize("shape", SHAPES)
def test_a_basic_index_is_found_again(shape):
    whole = torch.arange(torch.tensor(shape).prod().item()).reshape(shape)
    found = 0
    for index in itertools.product(ITEMS, repeat=len(shape)):
        view = whole[index]
        if not view.numel():
            continue
        place = geometry.region(geometry.of(whole), geometry.of(view))
        assert place is not None, index
        assert torch.equal(whole[place].flatten(), view.flatten()), index
        found += 1
    assert found


OTHERS = {
    "transposed": lambda w: w.t(),
    "over rows": lambda w: w.flatten()[1:8],
    "diagonal": lambda w: w.as_strided((3,), (7,)),
    "overlapping": lambda w: w.as_strided((2, 2), (1, 1)),
    "unfolded": lambda w: w.unfold(1, 3, 1),
    "another dtype": lambda w: w.view(torch.int32),
}


@pytest.mark.parametrize("name", OTHERS)
def test_what_is_no_basic_index_is_not_taken_for_one(name):
    whole = torch.zeros(4, 6)
    assert geometry.region(geometry.of(whole), geometry.of(OTHERS[name](whole))) is None


def test_rows_in_any_shape():
    whole = torch.arange(48).reshape(4, 12)
    for view in (whole[1].view(3, 4), whole[2:].view(-1), whole[0, 3:9].view(2, 3)):
        place = geometry.region(geometry.of(whole), geometry.of(view))
        assert torch.equal(whole[place].flatten(), view.flatten())


def test_of_a_part_whose_memory_is_in_another_order():
    whole = torch.arange(24).reshape(2, 3, 2, 2).contiguous(memory_format=torch.channels_last)
    for view in (whole[1], whole[:, 1:], whole[:, :, ::2]):
        place = geometry.region(geometry.of(whole), geometry.of(view))
        assert torch.equal(whole[place].flatten(), view.flatten())


def test_runs_meet_where_they_have_places_in_common():
    for one, other in itertools.product(
        [range(10), range(3, 20, 2), range(5, 6), range(1, 30, 7)], repeat=2
    ):
        common = sorted(set(one) & set(other))
        found = geometry.meeting(one, other)
        if not common:
            assert found is None
        else:
            assert list(one[found[0]]) == common
            assert list(other[found[1]]) == common
