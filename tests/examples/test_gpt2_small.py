"""The example of the README: GPT-2 small, the same bytes from everything."""

from __future__ import annotations

import hashlib
import math
from pathlib import Path

import pytest
import safetensors

import agnostic_init as ai
from agnostic_init.checkpoint import data_sha256
from agnostic_init.cli import main
from agnostic_init.draws.engines import host
from agnostic_init.models.spec_file import read_spec
from agnostic_init.native.library import library

SPEC = Path(__file__).parents[2] / "examples" / "gpt2-small.toml"

# Of the tensors' data, 497,759,232 bytes. A change of it is a change of everybody's weights.
SHA256 = "283fed9759418f945def1e25c55be9af7ed92e879f567a4c71253b2d6f565dc9"


@pytest.fixture(scope="module")
def plan():
    return read_spec(SPEC).plan()


def test_it_is_gpt2_small(plan):
    assert len(plan) == 148
    assert plan.elements == 124_439_808
    assert plan.bytes == 497_759_232
    assert plan.key == ai.key(0)
    assert {entry.dtype for entry in plan} == {"float32"}
    names = {entry.name for entry in plan}
    for layer in range(12):
        inside = {name for name in names if name.startswith(f"h.{layer}.")}
        assert sum(plan[name].elements for name in inside) == 12 * 768**2 + 13 * 768
        names -= inside
    assert names == {"wte.weight", "wpe.weight", "ln_f.weight", "ln_f.bias"}


def test_every_tensor_has_gpt2s_own_initialization(plan):
    for entry in plan:
        *_, module, kind = entry.name.split(".")
        if kind == "bias":
            expected = ai.zeros()
        elif module.startswith("ln_"):
            expected = ai.ones()
        elif module == "c_proj":
            expected = ai.normal(std=0.02 / math.sqrt(2 * 12))
        else:
            expected = ai.normal(std=0.02)
        assert entry.initializer == expected, entry.name


def test_the_sha256_is_pinned_on_every_library(plan, backend):
    if backend.name == "strict":
        pytest.skip("takes half a minute for what smaller tests show")
    assert data_sha256(plan, xp=backend.xp) == SHA256


@pytest.mark.gpu
@pytest.mark.parametrize("name", ["torch", "cupy"])
def test_a_gpu_makes_the_same(plan, name):
    library = pytest.importorskip(name)
    if not library.cuda.is_available():
        pytest.skip(f"{name} finds no GPU")
    assert data_sha256(plan, xp=library, device="cuda") == SHA256


@pytest.mark.slow
@pytest.mark.parametrize("threads", ["1", "2"])
@pytest.mark.parametrize("engine", ["numpy", "native"])
def test_no_engine_and_no_number_of_threads_changes_it(plan, engine, threads, monkeypatch):
    if engine == "native" and library() is None:
        pytest.skip("there is no compiled library")
    monkeypatch.setattr(host, "in_use", lambda: engine == "native")
    monkeypatch.setenv("AGNOSTIC_INIT_NUM_THREADS", threads)
    assert data_sha256(plan) == SHA256


def test_the_command_line_writes_it(tmp_path, capsys):
    out = tmp_path / "gpt2-small.safetensors"
    try:
        assert main(["write", str(SPEC), str(out), "--no-progress"]) == 0
        assert capsys.readouterr().out.splitlines() == [
            f"{out}: 148 tensors, 124,439,808 parameters, 497,759,232 bytes of data",
            f"sha256 of the data: {SHA256}",
        ]
        with safetensors.safe_open(out, framework="numpy") as read:
            assert len(read.keys()) == 148
            assert read.get_slice("h.11.attn.c_attn.weight").get_shape() == [768, 2304]
            assert (read.get_tensor("ln_f.weight") == 1).all()
        with out.open("rb") as file:
            file.seek(int.from_bytes(file.read(8), "little"), 1)
            assert hashlib.file_digest(file, "sha256").hexdigest() == SHA256
    finally:
        out.unlink(missing_ok=True)
