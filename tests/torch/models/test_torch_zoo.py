"""Other people's models: built twice the same, by every route, and with their authors' distributions.

The session ``models`` of nox has their libraries, each of one version; elsewhere those that are
installed are tried.
"""

from __future__ import annotations

import functools
import os
from collections import Counter

import pytest
from scipy import stats

import agnostic_init as ai
from agnostic_init.compat import torch_init

torch = pytest.importorskip("torch")
if "transformers" not in os.environ.get("AGNOSTIC_INIT_REQUIRE", ""):
    pytest.skip("for the session `models` of nox", allow_module_level=True)

from tests.house.test_docs import ROOT, run
from tests.torch.models.zoo import MISSING, MODELS

pytestmark = pytest.mark.filterwarnings("ignore")

LARGE = 2000  # elements from which distributions are compared
COMPARED = 5000  # of them
FALSE_ALARM = 1e-7  # of a comparison, of which there are some thousands


def seeded(make, seed):
    torch.manual_seed(seed)
    return make()


@functools.cache
def built(name):
    return seeded(lambda: ai.torch.build(MODELS[name], key=0), 1)


@functools.cache
def eager(name):
    return seeded(MODELS[name], 0), seeded(MODELS[name], 1)


def tensors(model):
    return {
        **dict(model.named_parameters(remove_duplicate=False)),
        **dict(model.named_buffers(remove_duplicate=False)),
    }


def same(one, other):
    if one.shape != other.shape or one.dtype != other.dtype:
        return False
    return torch.equal(one, other) or bool(((one == other) | (one.isnan() & other.isnan())).all())


def different(one, other):
    first, second = tensors(one), tensors(other)
    assert list(first) == list(second)
    return [name for name in first if not same(first[name], second[name])]


def ties(model):
    groups = {}
    for name, tensor in tensors(model).items():
        groups.setdefault(id(tensor), []).append(name)
    return sorted(sorted(group) for group in groups.values() if len(group) > 1)


def test_all_of_them_are_there():
    assert MISSING == []  # of the libraries that the zoo is from
    assert len(MODELS) >= 60


@pytest.mark.parametrize("name", MODELS)
def test_built_twice_and_by_halves(name):
    model = built(name)
    before = torch.get_rng_state()
    again = seeded(lambda: ai.torch.build(MODELS[name], key=0), 2)
    assert different(model, again) == []
    torch.set_rng_state(before)
    if name != "torch orthogonal":  # which looks at its values, for which the factory is needed
        with ai.torch.empty_parameters():
            half = MODELS[name]()
        assert all(each.is_meta for each in half.parameters())
        assert different(model, ai.torch.materialize(half, key=0)) == []
    assert torch.equal(torch.get_rng_state(), before)


@pytest.mark.parametrize("name", MODELS)
def test_the_same_under_patch(name):
    def make():
        with torch_init.patch(key=0):
            return MODELS[name]()

    assert different(seeded(make, 1), seeded(make, 2)) == []


@pytest.mark.parametrize("name", MODELS)
def test_as_their_authors_have_it(name):
    model, (one, other) = built(name), eager(name)
    assert ties(model) == ties(one)
    ours, first, second = tensors(model), tensors(one), tensors(other)
    assert list(ours) == list(first)
    parameters = {id(each) for each in one.parameters()}
    for key, tensor in first.items():
        found = ours[key]
        assert type(found) is type(tensor), key
        assert found.requires_grad == tensor.requires_grad, key
        assert (found.shape, found.stride()) == (tensor.shape, tensor.stride()), key
        assert found.dtype == tensor.dtype, key
        assert set(vars(found)) == set(vars(tensor)), key
        if same(tensor, second[key]):
            assert same(found, tensor), key
        elif id(tensor) in parameters:
            assert_alike(key, found, tensor)


def assert_alike(name, ours, theirs):
    ours, theirs = (each.detach().double().flatten() for each in (ours, theirs))
    size = ours.numel()
    assert ours.isfinite().all(), name
    if size < 2:
        return
    error = 0.05 + 5 / size**0.5
    assert ours.std().item() == pytest.approx(theirs.std().item(), rel=error, abs=1e-12), name
    spread = max(ours.std().item(), theirs.std().item())
    assert abs(ours.mean() - theirs.mean()) <= 8 * spread / size**0.5, name
    zeros = [(each == 0).double().mean().item() for each in (ours, theirs)]
    assert zeros[0] == pytest.approx(zeros[1], abs=0.01 + 3 / size**0.5), name
    if size >= LARGE:
        step = max(1, size // COMPARED)
        found = stats.ks_2samp(ours[::step].numpy(), theirs[::step].numpy())
        assert found.pvalue > FALSE_ALARM, name


def test_nearly_all_are_explained():
    sources, computed = Counter(), {}
    for name in MODELS:
        for row in ai.torch.plan(built(name)):
            if row.kind == "parameter":
                sources[row.source] += 1
                if row.source == "own code":
                    computed.setdefault(name, []).append(row.name)
    assert set(sources) <= {"recorded", "own code"}
    assert sources["recorded"] >= 0.99 * sources.total(), computed


def test_the_page_runs(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    page = ROOT / "docs" / "torch-models.md"
    assert run(page.read_text(encoding="utf-8"), page.name) == 7


def test_one_more_layer_changes_only_what_depends_on_depth():
    transformers = pytest.importorskip("transformers")

    def gpt2(layers):
        options = {"n_embd": 64, "n_head": 4, "vocab_size": 500, "n_positions": 64}
        config = transformers.GPT2Config(**options, n_layer=layers)
        return tensors(ai.torch.build(lambda: transformers.GPT2LMHeadModel(config), key=0))

    short, long = gpt2(2), gpt2(3)
    changed = {name for name in short if not same(short[name], long[name])}
    assert changed == {
        f"transformer.h.{layer}.{part}.c_proj.weight"
        for layer in (0, 1)
        for part in ("attn", "mlp")
    }
