"""Blocks, and what torch.utils.checkpoint or a suspended generator does after a call."""

from __future__ import annotations

import contextlib

import pytest

from agnostic_init.compat.torch_init import patch

torch = pytest.importorskip("torch")
from torch.utils.checkpoint import checkpoint

nn, F = torch.nn, torch.nn.functional


@pytest.fixture(autouse=True)
def rng():
    state = torch.get_rng_state()
    yield
    torch.set_rng_state(state)


def dropped(x):
    return F.dropout(x * 2, 0.5)


def noised(x):
    return x * torch.randn_like(x)


@pytest.mark.parametrize("reentrant", [True, False])
@pytest.mark.parametrize(
    ("function", "key"),
    [(dropped, 0), (noised, 0), (noised, None)],
    ids=["dropout", "randn", "no key"],
)
def test_a_draw_that_is_repeated_is_refused(function, key, reentrant):
    x = torch.ones(8, requires_grad=True)
    with patch(key), pytest.raises(RuntimeError, match=r"the backward pass does not have"):
        checkpoint(function, x, use_reentrant=reentrant)


@pytest.mark.parametrize("reentrant", [True, False])
def test_a_draw_in_the_backward_pass_alone_is_refused(reentrant):
    x = torch.ones(8, requires_grad=True)
    y = checkpoint(dropped, x, use_reentrant=reentrant).sum()
    with contextlib.suppress(RuntimeError), patch(0):
        y.backward()
    if x.grad is not None:  # torch saw to it without the block
        assert set(x.grad.tolist()) <= {0.0, 4.0}


@pytest.mark.filterwarnings("ignore:None of the inputs")
@pytest.mark.parametrize("reentrant", [True, False])
def test_what_is_not_repeated_is_drawn(reentrant):
    x = torch.ones(8, requires_grad=True)
    with patch(0):
        assert (
            checkpoint(lambda y: F.dropout(y, training=False), x, use_reentrant=reentrant).sum()
            == 8
        )
        with torch.no_grad():
            checkpoint(dropped, x.detach(), use_reentrant=reentrant)
        made = checkpoint(lambda y: nn.Linear(8, 8)(y), x, use_reentrant=False)
        assert made.isfinite().all()
        assert set(dropped(x).tolist()) <= {0.0, 4.0}
    with patch():  # torch's own dropout, which it repeats
        torch.manual_seed(1)
        y = checkpoint(dropped, x, use_reentrant=reentrant)
        mask = y.detach().clone()
        y.sum().backward()
    assert torch.equal(x.grad, mask)


def test_a_suspended_generator_leaves_its_block_open():
    def within():
        with patch(key=0):
            yield torch.randn(3)

    generator = within()
    first = next(generator)
    meanwhile = torch.randn(3)
    generator.close()
    with patch(key=0):
        assert torch.equal(torch.randn(3), first)
        assert torch.equal(torch.randn(3), meanwhile)
    torch.manual_seed(0)
    after = torch.randn(3)
    torch.manual_seed(0)
    assert torch.equal(torch.randn(3), after)
