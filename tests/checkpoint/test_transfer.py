"""A model's parameters out of a file by their names: taken, resized, fresh, unused."""

from __future__ import annotations

import numpy as np
import pytest
import safetensors.numpy

import agnostic_init as ai
from agnostic_init.arrays.errors import ParameterError, ParameterTypeError
from agnostic_init.checkpoint import transfer, write

OLD = {
    "model.wte": (20, 4),
    "model.h.0.w": (4, 4),
    "model.h.1.w": (4, 4),
    "model.ln": (4,),
    "head": (2, 2),
}
RULES = {"*ln*": "ones", "*": ai.normal()}


@pytest.fixture
def path(tmp_path):
    plan = ai.init_tree(OLD, RULES, key=0, dry_run=True)
    write(plan, tmp_path / "m.safetensors", max_shard_size=200)
    return tmp_path


OLD_WEIGHTS = ai.init_tree(OLD, RULES, key=0)
SPECS = {
    "wte": (28, 4),
    "layers.0.w": (4, 4),
    "layers.1.w": (4, 4),
    "layers.2.w": (4, 4),
    "ln": (4,),
}
NAMES = [("layers.2.*", None), (r"re:layers\.(\d+)\.w", r"model.h.\1.w"), ("*", "model.*")]
FRESH = {"ln": "ones", "*": ai.normal(std=0.1)}


def test_names_by_globs_expressions_and_none(path):
    found = transfer(path, SPECS, FRESH, names=NAMES, resize={"wte": "rows"})
    assert found.taken == {
        "layers.0.w": "model.h.0.w",
        "layers.1.w": "model.h.1.w",
        "ln": "model.ln",
    }
    assert found.resized == {"wte": "model.wte"}
    assert found.fresh == ("layers.2.w",)
    assert found.unused == ("head",)
    assert "resized: wte from model.wte" in str(found)
    assert "fresh: layers.2.w" in str(found)
    assert repr(found) == "Transfer(3 taken, 1 resized, 1 fresh, 1 unused)"
    made = ai.init_tree(SPECS, found.rules, key=5)
    for name, source in found.taken.items():
        assert np.array_equal(made[name], OLD_WEIGHTS[source])
    assert np.array_equal(made["wte"][:20], OLD_WEIGHTS["model.wte"])
    fresh = ai.init_tree(SPECS, FRESH, key=5)
    assert np.array_equal(made["layers.2.w"], fresh["layers.2.w"])


def test_its_own_names_without_any(path):
    specs = {"head": (2, 2), "more": (3,)}
    found = transfer(path, specs, {"*": "zeros"})
    assert (found.taken, found.fresh) == ({"head": "head"}, ("more",))


def test_a_module_is_filled(path):
    torch = pytest.importorskip("torch")
    module = torch.nn.Module()
    module.wte = torch.nn.Embedding(28, 4)
    module.ln = torch.nn.LayerNorm(4, bias=False)
    specs = {name: tuple(each.shape) for name, each in module.named_parameters()}
    names = {"wte.weight": "model.wte", "ln.weight": "model.ln"}
    found = transfer(path, specs, FRESH, names=names, resize={"wte.*": "rows"})
    ai.fill_tree(module, found.rules, key=5)
    assert np.array_equal(module.wte.weight.detach().numpy()[:20], OLD_WEIGHTS["model.wte"])


def test_a_shard_reads_its_own_block(path):
    found = transfer(path, {"head": (2, 2)}, {"*": "zeros"})
    row = np.empty((1, 2), np.float32)
    ai.fill_tree({"head": ai.Sharded(row, (2, 2), slice(1, 2))}, found.rules, key=0)
    assert np.array_equal(row, OLD_WEIGHTS["head"][1:])


def test_gpt2_small_into_the_first_layers_of_medium_with_more_tokens(tmp_path):
    """The shapes are those of the two, divided by 16; the vocabulary grows by 64 rows."""

    def gpt2(layers, d, vocabulary):
        inner = {
            "ln_1.weight": (d,),
            "attn.c_attn.weight": (d, 3 * d),
            "mlp.c_fc.weight": (d, 4 * d),
        }
        blocks = {f"h.{n}.{name}": shape for n in range(layers) for name, shape in inner.items()}
        return {"wte.weight": (vocabulary, d), "wpe.weight": (64, d), **blocks}

    rules = {"*ln_*": "ones", "*": ai.normal(std=0.02)}
    plan = ai.init_tree(gpt2(12, 48, 3141), rules, key=0, dry_run=True)
    small = tmp_path / "small.safetensors"
    write(plan, small)

    specs = gpt2(24, 64, 3141 + 64)
    found = transfer(small, specs, rules, resize={"*": "corner"})
    medium = ai.init_tree(specs, found.rules, key=1)

    assert len(found.resized) == 2 + 12 * 3
    assert len(found.fresh) == 12 * 3
    old, fresh = plan.make(), ai.init_tree(specs, rules, key=1)
    for name, array in medium.items():
        if name in old:
            corner = tuple(slice(0, n) for n in old[name].shape)
            assert np.array_equal(array[corner], old[name])
            fresh[name][corner] = old[name]
        assert np.array_equal(array, fresh[name])


BAD = [
    ({"names": {"ln": "model.nl"}}, ParameterError,
     "`names` must lead to a tensor of .*, as 'ln' does not for 'ln', got 'model.nl'; try: model.ln"),
    ({"names": {"*": "model.*"}, "resize": {"*": "rows"}}, ParameterError, "as '.*' does not for 'layers.0.w'"),
    ({"names": {"wte": "model.wte"}}, ParameterError,
     r"parameter 'wte': `shape` must be \(20, 4\), that of 'model.wte' in .*resize=.'wte': 'corner'"),
    ({"names": {"wte": "model.wte"}, "resize": {"w*": "crop"}}, ParameterError,
     "`resize` must be one of 'corner', .* for 'w.*', got 'crop'"),
    ({"names": {"ln": "*.ln"}}, ParameterError, "must have no more stars, or groups, than 'ln'"),
    ({"names": {"re:ln": r"\1"}}, ParameterError, "must have no more stars, or groups"),
    ({"names": {"re:(": "x"}}, ParameterError, "must be a valid regular expression"),
    ({}, ParameterError, "must lead to a tensor of the file at least"),
    ({"names": "*"}, ParameterTypeError, "`names` must be a mapping of patterns"),
    ({"names": [("a", "b", "c")]}, ParameterTypeError, "`names` must hold pairs"),
    ({"names": {"ln": 3}}, ParameterTypeError, "must be a name in the file, or None, for 'ln'"),
    ({"names": {"wte": "model.wte"}, "resize": {"wte": "interpolate"}, "specs": {"wte": (28, 5)}},
     ParameterError, r"parameter 'wte': tensor 'model.wte' of .*in the first axis alone"),
]  # fmt: skip


@pytest.mark.parametrize(("more", "kind", "words"), BAD, ids=range(len(BAD)))
def test_every_failure_names_the_tensor_and_the_rule(path, more, kind, words):
    given = {"specs": SPECS, **more}
    with pytest.raises(kind, match=words):
        transfer(path, rules=FRESH, **given)


def test_a_parameter_without_a_source_or_a_rule(path):
    found = transfer(path, {"head": (2, 2), "b": (3,)}, {"head": "zeros"})
    with pytest.raises(ParameterError, match=r"must match every parameter.*'b'"):
        ai.init_tree({"head": (2, 2), "b": (3,)}, found.rules, key=0)


def test_dtypes_are_those_of_the_specs_or_of_the_file(tmp_path):
    safetensors.numpy.save_file(
        {"a": np.ones(3, "f2"), "b": np.ones(3, "f2")}, tmp_path / "m.safetensors"
    )
    specs = {"a": ((3,), "float32"), "b": (3,)}
    found = transfer(tmp_path, specs, {"*": "zeros"})
    made = ai.init_tree(specs, found.rules, key=0)
    assert (made["a"].dtype, made["b"].dtype) == ("f4", "f2")


@pytest.mark.parametrize(
    ("more", "words"),
    [
        ({"resize": {"wtee": "rows"}}, "`resize` must have .* got 'wtee'; try: wte"),
        ({"resize": {"layrs.*": "corner"}}, "got 'layrs.*'; try: layers"),
        ({"resize": {r"re:h\.\d+": "corner"}}, r"`resize` .* got 're:h"),
        ({"resize": {"re:(": "corner"}}, "`resize` must be a valid regular expression"),
        ({"names": [("lnn", None), *NAMES]}, "`names` must have .* got 'lnn'; try: ln"),
    ],
)
def test_a_pattern_that_is_for_nothing_is_told_of(path, more, words):
    with pytest.raises(ParameterError, match=words):
        transfer(path, SPECS, FRESH, **{"names": NAMES, **more})
