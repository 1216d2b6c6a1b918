"""The model of the CUDA kernels: reading SASS, the arithmetic, and a real kernel where it can be compiled."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]

pytestmark = pytest.mark.skipif(
    not (ROOT / "bench" / "__main__.py").is_file(), reason="bench/ is not beside the tests"
)

# Two units of float32 a turn; a rare part behind a branch, which calls a function.
SASS = """
fill:
.text.fill:
        /*0000*/                   S2R R0, SR_TID.X ;
.L_x_0:
        /*0010*/                   IMAD.WIDE.U32 R2, R0, -0x2daee0ad, RZ ;
        /*0020*/                   LOP3.LUT R4, R2, UR4, R3, 0x96, !PT ;
        /*0030*/                   LDS.128 R8, [R4+UR5] ;
        /*0040*/                   I2FP.F32.S32 R5, R4 ;
        /*0050*/                   FFMA R6, R5, R8, R9 ;
        /*0060*/              @!P0 BRA `(.L_x_1) ;
.L_x_2:
        /*0070*/                   DMUL R12, R10, R10 ;
        /*0080*/                   CALL.REL.NOINC `($fill$exact) ;
        /*0090*/               @P1 BRA `(.L_x_2) ;
.L_x_1:
        /*00a0*/                   STG.E.128 desc[UR8][R20.64], R4 ;
        /*00b0*/                   STG.E.128 desc[UR8][R20.64+0x1000], R8 ;
        /*00c0*/               @P2 BRA `(.L_x_0) ;
        /*00d0*/                   STG.E desc[UR8][R20.64], R4 ;
        /*00e0*/                   EXIT ;
$fill$exact:
        /*00f0*/                   DADD R2, R2, 1 ;
        /*0100*/                   RET.REL.NODEC R6 `(fill) ;
"""


@pytest.fixture(autouse=True)
def _bench(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.syspath_prepend(ROOT)


def test_the_hot_way_and_others() -> None:
    from bench.instructions import sass

    program = sass.parse(SASS)
    assert len(program) == 17
    loop, way = sass.hot_way(program)
    assert (loop.head, loop.back) == (1, 12)
    assert way == [1, 2, 3, 4, 5, 6, 10, 11, 12]
    call = program[8]
    assert (call.opcode, call.target, call.calls) == ("CALL", None, 15)
    assert sass.quickest(program, 1, 8, 12) == list(range(1, 13))
    assert sass.quickest(program, 13, 1) == []
    # A loop inside turns four times.
    assert sum(times for _, times in sass.everything(program, loop, 4)) == 12 + 3 * 3


def test_pipes() -> None:
    from bench.instructions import pipes, sass

    program = sass.parse(SASS)
    names = [pipes.pipe(program[n]) for n in (0, 1, 2, 3, 4, 5, 6, 7, 10)]
    assert names == ["other", "wide", "alu", "memory", "alu", "fma", "other", "fp64", "memory"]
    assert pipes.count([(program[1], 2), (program[2], 1)]) == {"wide": 2, "alu": 1}
    (conversion,) = sass.parse("        /*0000*/   F2F.F32.F64 R2, R4 ;")
    assert pipes.pipe(conversion) == "convert64"


def test_no_loop_is_said() -> None:
    from bench.instructions import sass

    with pytest.raises(ValueError, match="no loop that stores 16 bytes"):
        sass.hot_way(sass.parse("        /*0000*/   EXIT ;"))


def test_bounds() -> None:
    from bench.instructions.devices import Gpu
    from bench.instructions.model import Counts, bounds

    gpu = Gpu("one", "90", 10, 1e9, 4e11, "nowhere")
    counts = Counts({"alu": 10.0, "wide": 5.0, "fma": 1.0}, shared_turns=4.0)
    found = bounds(counts, gpu, 4)
    # 16 instructions at 128 lanes a clock; ten on a pipe of 64, as five at half its rate are.
    assert found.issue == pytest.approx(10 * 1e9 * 128 / 16)
    assert found.pipe == pytest.approx(10 * 1e9 * 64 / 10)
    assert found.write == 1e11
    assert found.share == pytest.approx(0.64)
    slower = bounds(Counts({"alu": 1.0}, shared_turns=40.0), gpu, 4)
    assert (slower.busiest, slower.pipe) == ("shared", pytest.approx(10 * 1e9 * 32 / 40))


def test_blocks_resident() -> None:
    from bench.instructions.compiler import Resources
    from bench.instructions.model import blocks_resident

    assert blocks_resident(Resources(32, 0), 256, "90") == 8
    assert blocks_resident(Resources(60, 49152), 512, "90") == 2
    assert blocks_resident(Resources(32, 49152), 512, "75") == 1


def test_what_depends_on_the_numbers() -> None:
    from bench.instructions import rarely

    from agnostic_init.draws.quantile import quantile

    for bounds in ((-float("inf"), float("inf")), (-2.0, 2.0)):
        q = quantile(*bounds, 24)
        assert 1 / 3700 < rarely.undecided(q) < 1 / 3300
        assert 1 / 10500 < rarely.undecided(q, coarse=True) < 1 / 9000
        assert 0.84 < rarely.central_share(q) < 0.9
    # Eight lanes at a time among eight groups of banks.
    assert 10.0 < rarely.wavefronts(16) < 10.5
    assert 5.5 < rarely.wavefronts(8) < 6.5


def test_what_is_missing_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    from bench.instructions import compiler

    def missing(name: str) -> None:
        raise ImportError(name)

    monkeypatch.setattr(compiler.importlib, "import_module", missing)
    monkeypatch.setattr(compiler.shutil, "which", lambda name: None)
    compiler.nvdisasm.cache_clear()
    with pytest.raises(compiler.NeededError, match=r"NVRTC is needed .* try: pip install"):
        compiler.version()
    with pytest.raises(compiler.NeededError, match=r"nvdisasm is needed .* try: pip install"):
        compiler.disassembled(b"")


def test_launches() -> None:
    from bench.instructions.launches import counted

    small, gpt2 = ([*row.values()][1:] for row in counted())
    assert small == [1000, 12, 2]
    assert gpt2 == [50, 2, 2]


def test_a_real_kernel(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    from bench.instructions import compiler
    from bench.instructions.__main__ import main

    try:
        compiler.version()
        compiler.nvdisasm()
    except compiler.NeededError as error:
        pytest.skip(str(error))
    path = tmp_path / "model.json"
    assert main(["--architectures", "80", "90", "--output", str(path)]) == 0
    printed = capsys.readouterr().out
    assert "| H200 SXM | normal | float32 |" in printed
    assert "| 1,000 of 64 × 64 | 1000 | 12 | 2 |" in printed
    found = json.loads(path.read_text(encoding="utf-8"))
    assert "nothing was measured" in found["model"]
    for row in found["kernels"]:
        assert row["values"] in {4, 8, 16}
        assert row["resident"] >= 1
        # Philox alone takes 9.75, of which 4.75 are products.
        assert row["fast"] > 12
        assert row["counts"]["pipes"]["wide"] >= 4.75
        if row["draw"].startswith("uniform"):
            assert row["float64"] == 0
        elif "4" not in row["draw"]:
            assert 0 < row["float64"] < 0.1
            assert row["counts"]["shared_turns"] > (10 if row["dtype"] == "float32" else 5)
