"""A config.json as SPEC: the file is what transformers loads, with the values that `build` has."""

from __future__ import annotations

import json
import os

import pytest

import agnostic_init as ai
from agnostic_init.checkpoint import plan_of_file, verify, write
from agnostic_init.cli import main

torch = pytest.importorskip("torch")
if "transformers" not in os.environ.get("AGNOSTIC_INIT_REQUIRE", ""):
    pytest.skip("for the session `models` of nox", allow_module_level=True)

import transformers

pytestmark = pytest.mark.filterwarnings("ignore")

SMALL = {
    "hidden_size": 32,
    "intermediate_size": 64,
    "num_hidden_layers": 2,
    "num_attention_heads": 4,
    "vocab_size": 64,
}
CONFIGS = {
    "gpt2": ("GPT2LMHeadModel", {"n_embd": 32, "n_layer": 2, "n_head": 4, "vocab_size": 64}),
    "llama": ("LlamaForCausalLM", {**SMALL, "dtype": "bfloat16"}),
    "bert": ("BertForMaskedLM", SMALL),
    "t5": (
        "T5ForConditionalGeneration",
        {"d_model": 32, "d_ff": 64, "num_layers": 2, "num_heads": 4, "vocab_size": 64, "d_kv": 8},
    ),
    "mamba": ("MambaForCausalLM", {**SMALL, "state_size": 4}),
    "vit": ("ViTForImageClassification", {**SMALL, "image_size": 32, "patch_size": 8}),
    "resnet": ("ResNetModel", {"embedding_size": 16, "hidden_sizes": [16, 32], "depths": [1, 1]}),
    "mixtral": ("MixtralForCausalLM", {**SMALL, "num_key_value_heads": 2, "num_local_experts": 4}),
    "wav2vec2": (
        "Wav2Vec2Model",
        {
            **SMALL,
            "conv_dim": [16, 16],
            "conv_stride": [2, 2],
            "conv_kernel": [3, 3],
            "num_conv_pos_embeddings": 8,
            "num_conv_pos_embedding_groups": 2,
        },
    ),
}


@pytest.mark.parametrize("name", list(CONFIGS))
def test_transformers_loads_what_build_makes(name, tmp_path):
    kind, table = CONFIGS[name]
    about = {"model_type": name, "architectures": [kind], **table}
    (tmp_path / "config.json").write_text(json.dumps(about))
    path = tmp_path / "model.safetensors"
    assert main(["write", str(tmp_path), str(path), "--seed", "3", "--quiet", "--verify"]) == 0
    of = getattr(transformers, kind)
    model, loaded = of.from_pretrained(tmp_path, output_loading_info=True, local_files_only=True)
    assert not any(loaded.values())
    built = ai.torch.build(lambda: of(model.config), key=3).state_dict()
    for each, tensor in model.state_dict().items():
        assert torch.equal(tensor, built[each].to(tensor.dtype)), each
    plan = ai.torch.plan_of_config(tmp_path, key=3)
    assert {entry.dtype for entry in plan} <= {table.get("dtype", "float32"), "int64"}
    assert verify(plan, path) == ()
    if name != "wav2vec2":  # whose parametrized weight has the key of its bare name
        told = {entry.name: (entry.initializer, entry.key) for entry in plan_of_file(path)}
        assert told == {entry.name: (entry.initializer, entry.key) for entry in plan}
        assert len({entry.rule for entry in plan}) < len(plan)


def test_rules_and_a_model_without_a_head(tmp_path):
    (tmp_path / "config.json").write_text(json.dumps({"model_type": "gpt2", **CONFIGS["gpt2"][1]}))
    plan = ai.torch.plan_of_config(tmp_path / "config.json", key=0, dtype="float16")
    assert "wte.weight" in plan
    assert plan["wte.weight"].dtype == "float16"
    assert plan["h.1.attn.c_proj.weight"].initializer.std == pytest.approx(0.02 / 4**0.5)
    ruled = ai.torch.plan_of_config(tmp_path, key=0, rules={"wpe.*": "zeros"})
    assert ruled["wpe.weight"].initializer == ai.zeros()
    write(ruled, tmp_path / "m.safetensors")


@pytest.mark.parametrize(
    ("table", "words"),
    [
        ({"model_type": "gpt22"}, r"config.json: `model_type` must be one .* has, got 'gpt22'; try: gpt2"),
        ({"model_type": "gpt2", "architectures": ["GPT2"]}, "`architectures` must name a class"),
        ({"model_type": "gpt2", "architectures": [3]}, "must be a list of names"),
        ({"model_type": "gpt2", "architectures": ["Trainer"]}, "`architectures` must name a class"),
        ({"model_type": "gpt2", "auto_map": {}}, r"not one with code beside it .*module:function"),
        ({"model_type": "gpt2", "n_embd": 30, "n_head": 4}, "must be one that transformers builds"),
        ({"model_type": "gpt2", "n_embd": "wide"}, "`the configuration` must be"),
        ({"model_type": "gpt2", "dtype": 3, "n_layer": 1}, "`dtype` must be a name"),
        ({"n_embd": 32}, "must be a configuration of transformers, with a model_type"),
        ([], "must be a configuration of transformers"),
    ],
)  # fmt: skip
def test_what_is_wrong_with_a_configuration(table, words, tmp_path):
    (tmp_path / "config.json").write_text(json.dumps(table))
    with pytest.raises((ValueError, TypeError), match=words):
        ai.torch.plan_of_config(tmp_path, key=0)


def test_the_key_has_to_be_given(tmp_path, capsys):
    (tmp_path / "config.json").write_text(json.dumps({"model_type": "gpt2"}))
    assert main(["describe", str(tmp_path / "config.json")]) == 2
    assert "`key` must be given" in capsys.readouterr().err
