"""NVIDIA's bindings of the compiler, and what is made of their results."""

from __future__ import annotations

import pytest

from agnostic_init.bits.block import block
from agnostic_init.bits.key import Key
from agnostic_init.draws.distributions import normal_draw
from agnostic_init.draws.engines.cuda.parameters import launch
from agnostic_init.draws.engines.cuda.source import source

program = pytest.importorskip("agnostic_init.draws.engines.cuda.program")


def test_a_kernel_is_compiled_once_for_each_compiler_and_architecture(monkeypatch, tmp_path):
    monkeypatch.setenv("AGNOSTIC_INIT_CACHE_DIR", str(tmp_path / "cache"))
    monkeypatch.setattr(program.driver, "Kernel", lambda *given: given)
    made = []
    monkeypatch.setattr(program, "compiled", lambda *given: made.append(given) or b"cubin")
    for version, capability in (((13, 5), (9, 0)), ((13, 5), (8, 0)), ((12, 9), (9, 0))) * 2:
        monkeypatch.setattr(program, "version", lambda version=version: version)
        assert program.function("text", 3, capability) == (b"cubin", 3)
    assert made == [("text", "sm_90"), ("text", "sm_80"), ("text", "sm_90")]


def test_nvrtc_compiles():
    try:
        program.version()
    except RuntimeError as error:
        pytest.skip(str(error))
    variant = launch(normal_draw(0.0, 1.0, "float32"), Key(0), block((8,)), [1]).variant
    assert program.compiled(source(variant), "sm_90")[:4] == b"\x7fELF"
    with pytest.raises(RuntimeError, match=r"NVRTC_ERROR_COMPILATION for sm_90 (.|\n)*error: "):
        program.compiled("nonsense", "sm_90")
    with pytest.raises(RuntimeError, match="NVRTC_ERROR_INVALID_OPTION for sm_12345"):
        program.compiled(source(variant), "sm_12345")
