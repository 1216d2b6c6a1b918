"""Draws inside of torch.func.vmap: each member's own, or one for all, as vmap was told."""

from __future__ import annotations

import pytest

import agnostic_init as ai
from agnostic_init.compat import torch_init
from agnostic_init.compat.torch_init import patch

torch = pytest.importorskip("torch")
vmap, nn = torch.func.vmap, torch.nn
MEMBERS = torch.zeros(4, 3)


@pytest.fixture(autouse=True)
def rng():
    state = torch.get_rng_state()
    yield
    torch.set_rng_state(state)


def members(init, key, n=4):
    return torch.stack([init((3,), key=key.fold_in(i), xp=torch) for i in range(n)])


CALLS = {
    "normal_": lambda x: nn.init.normal_(x),
    "a method": lambda x: x.normal_(),
    "randn": lambda x: torch.randn(3) + x,
    "randn_like": lambda x: torch.randn_like(x),
    "our own": lambda x: torch_init.normal_(x),
}


@pytest.mark.parametrize("call", CALLS.values(), ids=CALLS)
def test_members_draw_as_they_are_told(call):
    def mapped(randomness):
        with patch(key=0):
            return vmap(call, randomness=randomness)(MEMBERS.clone())

    key = ai.key(0).fold_in(0)
    assert torch.equal(mapped("different"), members(ai.normal(), key))
    assert torch.equal(mapped("same"), ai.normal()((3,), key=key, xp=torch).expand(4, 3))
    with pytest.raises(RuntimeError, match="randomness error mode"):
        mapped("error")


@pytest.mark.parametrize("randomness", ["different", "same"])
def test_torchs_seed_governs_members(randomness):
    def mapped():
        torch.manual_seed(3)
        return vmap(torch_init.normal_, randomness=randomness)(MEMBERS.clone())

    values = mapped()
    assert torch.equal(values, mapped())
    assert (torch.unique(values, dim=0).shape[0] == 4) == (randomness == "different")
    torch.manual_seed(3)
    first = torch_init.normal_(torch.empty(3))
    if randomness == "same":
        assert torch.equal(values[0], first)


@pytest.mark.parametrize("randomness", ["different", "same"])
def test_a_generator_that_is_given_governs_members(randomness):
    def mapped(call):
        generator = torch.Generator().manual_seed(3)
        made = vmap(lambda x: call(torch.empty_like(x), generator=generator), randomness=randomness)
        return made(MEMBERS)

    key = ai.key(torch.Generator().manual_seed(3))
    for call, init in (
        (torch_init.normal_, ai.normal()),
        (lambda x, generator: torch_init.uniform_(x, generator=generator), ai.uniform()),
    ):
        one = init((3,), key=key, xp=torch).expand(4, 3)
        assert torch.equal(mapped(call), members(init, key) if randomness == "different" else one)
    with patch(key=0):
        made = mapped(lambda x, generator: x.normal_(generator=generator))
    assert torch.equal(made, mapped(torch_init.normal_))


def test_a_generator_is_no_key_where_members_differ():
    generator = torch.Generator()
    for draw in (
        lambda: ai.normal()((3,), key=generator, xp=torch),
        lambda: ai.draws.uniform((3,), key=generator, xp=torch),
        lambda: ai.init_tree({"w": (3,)}, {"*": ai.normal()}, key=generator, xp=torch)["w"],
    ):
        with pytest.raises(ai.ParameterError, match=r"`key` must be a key.*vmap.*ai\.key\(gen"):
            vmap(lambda x, draw=draw: draw() + x, randomness="different")(MEMBERS)
        vmap(lambda x, draw=draw: draw() + x, randomness="same")(MEMBERS)


def test_members_of_matrices_and_of_two_maps():
    def make(x):
        return torch_init.orthogonal_(torch.zeros_like(x), generator=0)

    values = vmap(vmap(make, randomness="different"), randomness="different")(
        torch.zeros(2, 3, 4, 4)
    )
    key = ai.key(0)
    for i in range(2):
        for j in range(3):
            one = ai.orthogonal()((4, 4), key=key.fold_in(i).fold_in(j), xp=torch)
            assert torch.equal(values[i, j], one)
    mixed = vmap(vmap(make, randomness="same"), randomness="different")(torch.zeros(2, 3, 4, 4))
    assert torch.equal(mixed[1, 0], mixed[1, 2])
    assert torch.equal(mixed[1, 0], ai.orthogonal()((4, 4), key=key.fold_in(1), xp=torch))


def test_what_is_not_mapped_cannot_differ():
    def make(x):
        return torch_init.normal_(torch.zeros(3)) + x

    with pytest.raises(RuntimeError, match=r"mapped over by vmap.*torch\.empty_like"):
        vmap(make, randomness="different")(MEMBERS)
    assert vmap(make, randomness="same")(MEMBERS).shape == (4, 3)


def test_draws_of_torchs_own():
    def mapped(randomness):
        with patch(key=0):
            return vmap(lambda x: x.clone().exponential_(), randomness=randomness)(MEMBERS)

    for randomness, distinct in (("same", 1), ("different", 4)):
        values = mapped(randomness)
        assert torch.equal(values, mapped(randomness))
        assert torch.unique(values, dim=0).shape[0] == distinct
    with pytest.raises(RuntimeError, match="randomness error mode"):
        mapped("error")
