"""Bad input: what is called, which error it is, and words of its message."""

from __future__ import annotations

import math
import sys

import numpy as np
import pytest
from tests.initializers import test_bad_calls_architectures as architectures
from tests.initializers import test_bad_calls_structured as structured

import agnostic_init as ai
from agnostic_init.homes import HOMES
from agnostic_init.initializers import registry

draws = ai.draws
NAN, INF = math.nan, math.inf


def read_only():
    array = np.zeros(3, np.float32)
    array.flags.writeable = False
    return array


def nested(depth):
    made = {"name": "ones"}
    for _ in range(depth):
        made = {"name": "looks_linear", "init": made, "layout": "torch"}
    return made


CALLS = {
    "array as layout": (
        lambda: ai.torch_default(np.array([]), fan=(1, 2)), ValueError, "`fan` must not be given"
    ),
    "array as layout, and no fan": (
        lambda: ai.he_normal(np.array(["o", "i"])), TypeError, "`layout` must be a string"
    ),
    "nested too deeply": (lambda: ai.get(nested(5000)), ValueError, "must be nested less deeply, got"),
    # shapes, keys and blocks
    "negative shape": (lambda: draws.normal((2, -3), key=0), ValueError, "`shape` must have no neg"),
    "float shape": (lambda: draws.normal(2.0, key=0), TypeError, "`shape` must be an integer"),
    "text as shape": (lambda: draws.normal("3", key=0), TypeError, "`shape` must be an integer"),
    "bytes as shape": (lambda: draws.normal(b"23", key=0), TypeError, "`shape` must be an integer"),
    "buffer as shape": (lambda: ai.ones()(memoryview(b"23")), TypeError, "`shape` must be an integer"),
    "truth as spec": (
        lambda: ai.init_tree({"w": True}, {"*": "ones"}, key=0), TypeError, "parameter 'w': `shape` must be an"
    ),
    "set as shape": (lambda: draws.normal({2, 3}, key=0), TypeError, "`shape` must be an integer"),
    "unknown length": (lambda: ai.normal()((None, 4), key=0), TypeError, "try: .*None is a length"),
    "unknown length of fans": (lambda: ai.fans((4, None), "torch"), TypeError, "once it is built"),
    "dict as shape": (lambda: ai.zeros()({2: 3}), TypeError, "`shape` must be an integer"),
    "bool shape": (lambda: ai.normal()(True, key=0), TypeError, "`shape` must be .* got True"),
    "bool in shape": (
        lambda: ai.normal()((True, 3), key=0), TypeError, r"`shape` must be an int.* got \(True, 3\)"
    ),
    "0-d float shape": (lambda: ai.normal()(np.array(3.0), key=0), TypeError, "`shape` must be an"),
    "0-d bool shape": (lambda: ai.normal()(np.array(True), key=0), TypeError, "`shape` must be an"),
    "too large": (lambda: draws.bits((2**40, 2**40), key=0), ValueError, r"at most 2\^64"),
    "no key": (lambda: draws.normal(3), TypeError, "key"),
    "key None": (lambda: draws.normal(3, key=None), TypeError, "`key` must be a Key"),
    "no key, initializer": (lambda: ai.normal()(3), TypeError, "`key` must be given, as normal"),
    "float key": (lambda: draws.normal(3, key=0.5), TypeError, "`key` must be a Key, an integer"),
    "bool key": (lambda: ai.normal()(3, key=True), TypeError, "`key` must be a Key"),
    "negative key": (lambda: ai.normal()(3, key=-1), ValueError, r"`key` must be in \[0, 2\^64\)"),
    "broken text as key": (
        lambda: ai.key("\udc80"), ValueError, r"`key` must be text that UTF-8 can hold, got '\\udc80'"
    ),
    "broken text to fold in": (lambda: ai.key(0).fold_in("\udc80"), ValueError, "`data` must be te"),
    "index out": (lambda: draws.normal(3, key=0, index=3), ValueError, "`index` must be within"),
    "index list": (lambda: draws.normal(3, key=0, index=[1]), TypeError, "`index` must be integ"),
    "index rank": (lambda: draws.normal(3, key=0, index=(0, 0)), ValueError, "at most 1 items"),
    "uniform beyond float16": (
        lambda: draws.uniform(3, 0, 1e5, key=0, dtype="float16"),
        ValueError,
        r"`high` must make a range that float16 can hold, got \(0.0, 100000.0\)",
    ),
    "uniform below float8": (
        lambda: ai.uniform(-449, 0)(3, key=0, dtype="float8_e4m3fn"),
        ValueError,
        "`high` must make a range that float8_e4m3fn can hold",
    ),
    "complex beyond complex64": (
        lambda: draws.truncated_normal(3, std=3e38, key=0, dtype="complex64"),
        ValueError,
        "`std` must keep every value below 3.40282e\\+38, the largest complex64",
    ),
    "scaled beyond float16": (
        lambda: ai.variance_scaling(1e10, "fan_in", "uniform", fan=(1, 1)).describe(
            (2, 2), "float16"
        ),
        ValueError,
        "`scale` must make values that float16 can hold",
    ),
    # libraries, dtypes, devices
    "like and xp": (
        lambda: draws.normal(3, key=0, like=np.zeros(1), xp=np),
        ValueError,
        "`like` must not be given together with `xp`",
    ),
    "like a list": (lambda: draws.normal(3, key=0, like=[1.0]), TypeError, "`like` must be an arr"),
    "xp a number": (lambda: draws.normal(3, key=0, xp=3), TypeError, "`xp` must be an array API"),
    "xp a module": (lambda: draws.normal(3, key=0, xp=math), TypeError, "`xp` must be an array API"),
    "xp unknown": (lambda: draws.normal(3, key=0, xp="nump"), ValueError, "`xp` must be one of"),
    "int dtype": (lambda: draws.normal(3, key=0, dtype=int), ValueError, "`dtype` must be a real"),
    "int like": (lambda: ai.normal()(3, key=0, like=np.arange(3)), ValueError, "`dtype` must be"),
    "dtype unknown": (
        lambda: draws.normal(3, key=0, dtype="float33"), ValueError, "`dtype` must be .*'float33'"
    ),
    "dtype a number": (lambda: draws.normal(3, key=0, dtype=32), TypeError, "`dtype` must be a dt"),
    "float bits": (lambda: draws.bits(3, key=0, dtype="float32"), ValueError, "one of uint32, int64"),
    "device": (lambda: draws.normal(3, key=0, device="cuda"), ValueError, "`device` must be 'cpu'"),
    # out=
    "out shape": (
        lambda: draws.normal(3, key=0, out=np.zeros(4, np.float32)),
        ValueError,
        r"`out` must have the shape \(3,\), got \(4,\)",
    ),
    "out read-only": (
        lambda: draws.normal(3, key=0, out=read_only()), ValueError, "but it is read-only"
    ),
    "out overlapping": (
        lambda: draws.normal((3, 3), key=0, out=np.lib.stride_tricks.as_strided(
            np.zeros(3, np.float32), (3, 3), (0, 4))),
        ValueError,
        "has elements that share memory",
    ),
    "out int": (lambda: draws.normal(3, key=0, out=np.zeros(3, int)), ValueError, "`dtype` must be"),
    "out a list": (lambda: draws.normal(3, key=0, out=[0, 0, 0]), TypeError, "`out` must be an arr"),
    "out and xp": (
        lambda: draws.normal(3, key=0, xp=np, out=np.zeros(3, np.float32)),
        ValueError,
        "`xp` must not be given together with `out`",
    ),
    "out and dtype": (
        lambda: draws.normal(3, key=0, dtype="float64", out=np.zeros(3, np.float32)),
        ValueError,
        "`dtype` must be that of `out`, float32",
    ),
    "fill a block of what": (
        lambda: ai.normal().fill(np.zeros(3, np.float32), key=0, index=slice(0, 3)),
        ValueError,
        "`global_shape` must be given together with `index`",
    ),
    "fill a block of another size": (
        lambda: ai.normal().fill(
            np.zeros(3, np.float32), key=0, index=slice(0, 2), global_shape=(9,)
        ),
        ValueError,
        r"`out` must have the shape \(2,\)",
    ),
    "fill a list": (lambda: ai.zeros().fill([0.0]), TypeError, "`out` must be an array"),
    # distributions
    "NaN std": (lambda: ai.normal(std=NAN), ValueError, "`std` must be finite"),
    "negative std": (lambda: ai.normal(std=-1.0), ValueError, "`std` must not be negative"),
    "infinite std": (lambda: draws.normal(3, std=INF, key=0), ValueError, "`std` must be finite"),
    "std as text": (lambda: ai.normal(std="0.02"), TypeError, "`std` must be a real number"),
    "std an array": (lambda: ai.normal(std=np.ones(2)), TypeError, "`std` must be a real number"),
    "std an array of one": (lambda: ai.normal(std=np.ones(1)), TypeError, "`std` must be a real nu"),
    "std complex": (lambda: ai.normal(std=np.complex64(1j)), TypeError, "`std` must be a real number"),
    "std beyond": (lambda: ai.normal(std=10**400), ValueError, "`std` must be within the range of a"),
    "mean a truth value": (lambda: ai.normal(True), TypeError, "`mean` must be a real number"),
    "mean NumPy's": (lambda: ai.normal(np.True_), TypeError, "`mean` must be a real number"),
    "NaN mean": (lambda: ai.normal(mean=NAN), ValueError, "`mean` must be finite"),
    "low > high": (lambda: ai.uniform(1.0, 0.0), ValueError, "`low` must be less than `high`"),
    "low == high": (lambda: draws.uniform(3, 1, 1, key=0), ValueError, "`low` must be less than"),
    "infinite high": (lambda: ai.uniform(0, INF), ValueError, "`high` must be finite"),
    "symmetric": (lambda: ai.symmetric_uniform(-1.0), ValueError, "`bound` must be positive, got"),
    "symmetric 0": (lambda: ai.symmetric_uniform(0), ValueError, "`bound` must be positive, got 0"),
    "lower > upper": (lambda: ai.truncated_normal(lower=3), ValueError, "`lower` must be less th"),
    "NaN bound": (lambda: ai.truncated_normal(upper=NAN), ValueError, "`upper` must not be NaN"),
    "both bounds inf": (
        lambda: ai.truncated_normal(lower=INF, upper=INF), ValueError, "`lower` must be less than"
    ),
    "bounds in what": (
        lambda: ai.truncated_normal(bounds="std"), ValueError, "`bounds` must be one of 'sigma'"
    ),
    "std of what": (
        lambda: ai.truncated_normal(std_of="child"), ValueError, "`std_of` must be one of"
    ),
    "no number between": (
        lambda: ai.truncated_normal(lower=1 + 1e-12, upper=1 + 2e-12)(3, key=0),
        ValueError,
        "`upper` must leave a number of float32",
    ),
    # scaling
    "scale 0": (lambda: ai.variance_scaling(0.0), ValueError, "`scale` must be positive"),
    "unknown mode": (lambda: ai.variance_scaling(mode="fan"), ValueError, "`mode` must be one of"),
    "unknown distribution": (
        lambda: ai.variance_scaling(distribution="gauss"), ValueError, "`distribution` must be one"
    ),
    "unknown layout": (lambda: ai.he_normal("pytorch"), ValueError, '`layout`.*try: "torch"'),
    "layout of a bias": (
        lambda: ai.he_normal("torch")((8,), key=0), ValueError, 'layout "torch", got .*ai.zeros'
    ),
    "scale beyond float32": (
        lambda: ai.variance_scaling(1e308, layout="torch")((3, 3), key=0),
        ValueError,
        "`scale` must make values that float32 can hold.*got 1e.308",
    ),
    "scale of an int": (
        lambda: ai.he_normal("torch")((3, 3), key=0, dtype="int32"), ValueError, "`dtype` must be a"
    ),
    "layout of another rank": (lambda: ai.he_normal("o i")((2, 3, 4), key=0), ValueError, "layout"),
    "layout needed": (
        lambda: ai.he_normal()((256, 512), key=0), ValueError, "fan_in = 512 .*\n.*fan_in = 256"
    ),
    "layout and fan": (lambda: ai.he_normal("torch", fan=(2, 3)), ValueError, "`fan`|`layout`"),
    "fan of one": (lambda: ai.he_normal(fan=(2,)), (ValueError, TypeError), "`fan`"),
    "fan 0": (lambda: ai.he_normal(fan=(0, 3)), ValueError, "`fan`"),
    "groups 0": (lambda: ai.he_normal("torch", groups=0), ValueError, "`groups`"),
    "groups do not divide": (
        lambda: ai.kaiming_normal(mode="fan_out", groups=3)((64, 8, 3, 3), key=0),
        ValueError,
        "groups",
    ),
    "fused does not divide": (
        lambda: ai.xavier_normal(layout="(3 o) i")((64, 8), key=0), ValueError, "3"
    ),
    "rank 1": (lambda: ai.xavier_uniform()((64,), key=0), ValueError, "rank|layout|shape"),
    "gain": (lambda: ai.xavier_normal(gain=-1.0), ValueError, "`gain` must be positive"),
    "gain squared": (
        lambda: ai.xavier_uniform(gain=1e200), ValueError, "`gain` must be between 1e-150 and 1e.150"
    ),
    "factor squared": (
        lambda: ai.uniform_unit_scaling(1e-200), ValueError, "`factor` must be between 1e-150"
    ),
    "nonlinearity as a": (
        lambda: ai.kaiming_normal("relu"), TypeError, "`a` must be a real.*try: nonlinearity='relu'"
    ),
    "slope": (lambda: ai.kaiming_normal(a=1e200), ValueError, "`a` must be at most 1e.150"),
    "NaN slope": (lambda: ai.kaiming_normal(NAN, nonlinearity="relu"), ValueError, "`a` must be fi"),
    "slope of no leaky ReLU": (
        lambda: ai.kaiming_normal(0.3, nonlinearity="elu"), ValueError, '`a` must be 0 unless'
    ),
    "gain of a tiny function": (
        lambda: ai.kaiming_normal(nonlinearity=lambda z: 1e-160 * z),
        ValueError,
        "`nonlinearity` must have a gain between",
    ),
    "nonlinearity": (lambda: ai.kaiming_normal(nonlinearity="relo"), ValueError, "relu"),
    # constants
    "constant text": (lambda: ai.constant("1"), TypeError, "`value` must be a number"),
    "constant ragged": (lambda: ai.constant([[1], [1, 2]]), TypeError, "`value` must be a number"),
    "constant shape": (
        lambda: ai.constant([1.0, 2.0])((3,)), ValueError, r"`value` must broadcast to the shape"
    ),
    "constant range": (
        lambda: ai.constant(1e6)((3,), dtype="float16"), ValueError, "`value` must be at most 65504"
    ),
    "constant complex": (lambda: ai.constant(1j)((3,)), ValueError, "`value` must be real"),
    # factors
    "factor 0": (lambda: ai.normal().times(0), ValueError, "`factor` must be positive, got 0; try: ai.z"),
    "negative factor": (lambda: ai.ones().times(-1.0), ValueError, "`factor` must be positive, got -1"),
    "NaN factor": (lambda: ai.scaled("ones", NAN), ValueError, "`factor` must be finite"),
    "factor as text": (lambda: ai.normal().times("2"), TypeError, "`factor` must be a real number"),
    "factor that vanishes": (
        lambda: ai.normal(std=1e-200).times(1e-200), ValueError, "`factor` must be larger, as times it std"
    ),
    "factor that overflows": (
        lambda: ai.constant(1e200).times(1e200), ValueError, "`factor` must be smaller, as times it value"
    ),
    "factor beyond float16": (
        lambda: ai.scaled("normal", 1e5)((3,), key=0, dtype="float16"),
        ValueError,
        "scaled, times 100000: `std` must keep every value below 65504",
    ),
    "factor None": (lambda: ai.scaled("ones", None), TypeError, "`factor` must be a real number"),
    "factor unknown": (
        lambda: ai.scaled("normal", "gpt3"), ValueError, "`factor` must have the name of a scale: by_de"
    ),
    "factor without a name": (
        lambda: ai.scaled("normal", {"layers": 3}), ValueError, "`factor` must have the name of a scale"
    ),
    "factor as a function": (
        lambda: ai.scaled("normal", ai.scales.spectral), TypeError, "`factor` must .*try: 'spectral'$"
    ),
    "factor of another parameter": (
        lambda: ai.scaled("normal", {"name": "gpt2_residual", "depth": 3}),
        ValueError,
        "`depth` must be a parameter of gpt2_residual, got 3; try: layers, branches",
    ),
    "factor without layers": (
        lambda: ai.scaled("normal", "gpt2_residual"), ValueError, "`layers` must be given for gpt2_res"
    ),
    "factor of no layers": (
        lambda: ai.scaled("normal", {"name": "wang", "width": 8, "layers": 0}),
        ValueError,
        "`layers` must be positive",
    ),
    "factor without a layout": (
        lambda: ai.scaled("normal", "spectral")((8, 4), key=0), ai.AmbiguousLayoutError, "`layout` must"
    ),
    "factor with a layout too many": (
        lambda: ai.scaled("normal", 0.5, layout="torch"), ValueError, "`layout` must not be given, as"
    ),
    "scaled what": (lambda: ai.scaled(3, 0.5), TypeError, "`init` must be an initializer, its name"),
    "layer below 0": (lambda: ai.scales.by_depth(-1), ValueError, "`layer` must not be negative"),
    "layers as a float": (lambda: ai.scales.gpt2_residual(2.0), TypeError, "`layers` must be an int"),
    "DeepNorm of no side": (lambda: ai.scales.deepnorm(), ValueError, "`encoder` must be given"),
    "DeepNorm of the other side": (
        lambda: ai.scales.deepnorm("decoder", encoder=3), ValueError, "`decoder` must be given, the la"
    ),
    "DeepNorm of what": (
        lambda: ai.scales.deepnorm("both", encoder=3), ValueError, "`part` must be one of 'encoder', 'd"
    ),
    "T-Fixup of what": (lambda: ai.scales.t_fixup("head", 3), ValueError, "`part` must be one of 'enc"),
    "Fixup of one layer": (lambda: ai.scales.fixup(8, 1), ValueError, "`layers` must be at least 2"),
    "muP of what": (lambda: ai.scales.mup_init("input", 2), ValueError, "`role` must be one of 'hidden'"),
    "muP of no width": (
        lambda: ai.scales.mup_multiplier("output", 0), ValueError, "`fan_in` must be a ratio to the bas"
    ),
    "muP's optimizer": (
        lambda: ai.scales.mup_learning_rate("hidden", 2, 2, "adamw"), ValueError, "`optimizer` must be"
    ),
    "muP of another rank": (
        lambda: ai.mup("normal", base=(8, 8))((8,), key=0), ValueError, "must have the axes of the base"
    ),
    "muP's base": (lambda: ai.mup("normal", base="8"), TypeError, "base: `shape` must be an integer"),
    "muP of a constant": (
        lambda: ai.mup("ones", base=(8, 8))((8, 8)), ValueError, "`init` must be one whose std is known"
    ),
    # stacks, tables, priors
    "stack of a scalar": (
        lambda: ai.stacked("ones")(()), ValueError, r"`axis` must be one of the shape \(\), got 0"
    ),
    "stack along no axis": (
        lambda: ai.stacked("ones", axis=2)((2, 3)), ValueError, "`axis` must be one of the shape"
    ),
    "stack along a half": (lambda: ai.stacked("ones", 0.5), TypeError, "`axis` must be an integer"),
    "stack of vectors": (
        lambda: ai.stacked("orthogonal")((2, 3), key=0), ValueError, "`shape` must have two axes"
    ),
    "stack without a key": (lambda: ai.stacked("normal")((2, 3)), TypeError, "`key` must be given"),
    "sinusoids of a vector": (
        lambda: ai.sinusoidal_positions()(8), ValueError, "`shape` must have 2 axes or more for sinus"
    ),
    "sinusoids of odd width": (
        lambda: ai.sinusoidal_positions()((3, 5)), ValueError, "`shape` must have an even number of ch"
    ),
    "sinusoids of integers": (
        lambda: ai.sinusoidal_positions()((3, 4), dtype="int32"), ValueError, "`dtype` must be a real"
    ),
    "sinusoids shifted by all": (
        lambda: ai.sinusoidal_positions(shift=2)((3, 4)), ValueError, "`shift` must be less than half"
    ),
    "base 1": (lambda: ai.sinusoidal_positions(1), ValueError, "`base` must be more than 1"),
    "rotation of a vector": (
        lambda: ai.rotary_positions()(8), ValueError, "`shape` must have two axes or more, positions"
    ),
    "rotation of odd width": (
        lambda: ai.rotary_positions(pairs="halves")((2, 3)), ValueError, "`shape` must have an even num"
    ),
    "real rotation": (
        lambda: ai.rotary_positions("polar")((2, 3)), ValueError, "`dtype` must be complex for part="
    ),
    "start of a half": (lambda: ai.rotary_positions(start=0.5), TypeError, "`start` must be an integer"),
    "slopes of no heads": (lambda: ai.alibi_slopes()(()), ValueError, "`shape` must have 1 axes or mo"),
    "biases of a matrix": (lambda: ai.alibi_biases()((2, 3)), ValueError, "`shape` must have 3 axes"),
    "prior 0": (lambda: ai.class_prior(0), ValueError, "`prior` must be between 0 and 1, the two exc"),
    "prior NaN": (lambda: ai.class_prior([0.5, NAN]), ValueError, "`prior` must be between 0 and 1"),
    "prior as text": (lambda: ai.class_prior("rare"), TypeError, "`prior` must be a probability, or"),
    "prior ragged": (lambda: ai.class_prior([[0.1], [0.1, 0.2]]), TypeError, "`prior` must be a prob"),
    "priors of more than all": (
        lambda: ai.class_prior([0.5, 0.6], "softmax"), ValueError, "`prior` must be the probabilities"
    ),
    "priors of other classes": (
        lambda: ai.class_prior([0.5, 0.2])(3), ValueError, r"`value` must broadcast to the shape \(3,\)"
    ),
    "A without a rank": (
        lambda: ai.lora_a("normal", None)((4, 8), key=0), ai.AmbiguousLayoutError, "`layout` must be gi"
    ),
    # names
    "unknown name": (lambda: ai.get("he_norma"), ValueError, "`name` must be that.*he_normal"),
    "unknown parameter": (
        lambda: ai.get({"name": "normal", "sd": 1}), ValueError, "`sd` must be a parameter of normal"
    ),
    "missing parameter": (lambda: ai.get("constant"), ValueError, "`value` must be given"),
    "a number as name": (lambda: ai.get(3), TypeError, "`identifier` must be an initializer, its"),
    "a list as name": (lambda: ai.get({"name": ["ones"]}), ValueError, "`name` must be that of"),
    "no name": (lambda: ai.get({"std": 1}), ValueError, "`identifier` must have the name of"),
    "a class": (
        lambda: ai.get(ai.normal), TypeError, r"got the class normal; try: ai.normal\(\)$"
    ),
    "a class that needs more": (
        lambda: ai.get(ai.constant), TypeError, r"class constant; try: ai.constant\(\.\.\.\)$"
    ),
    "a function": (lambda: ai.get(ai.he_normal), TypeError, "got the function he_normal; try: ai"),
    "another function": (lambda: ai.get(len), TypeError, "must be an initializer, its name"),
    "a class within": (
        lambda: ai.icnr(ai.normal, layout="torch"), TypeError, "`init` must be .* the class normal"
    ),
    "a name as dictionary": (
        lambda: ai.normal.from_dict("normal"), TypeError, "`data` must be a dictionary.*'normal'"
    ),
    "None as dictionary": (lambda: ai.normal.from_dict(None), TypeError, "`data` must be a dict"),
    "another class": (
        lambda: ai.zeros.from_dict({"name": "ones"}), ValueError, "`data` must describe a zeros"
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", CALLS)
def test_a_bad_call_says_what_is_wrong(name):
    call, error, words = CALLS[name]
    if "float8" in name:
        pytest.importorskip("ml_dtypes")
    with pytest.raises(error, match=words):
        call()


def names_in(code):
    """The names that a call uses, those in functions inside of it too."""
    inside = [each for each in code.co_consts if hasattr(each, "co_names")]
    return set(code.co_names).union(*map(names_in, inside))


def test_every_initializer_has_a_bad_call():
    """But names of one distribution and its conventions, which are those of `variance_scaling`."""
    tables = CALLS, architectures.CALLS, structured.CALLS
    used = set()
    for call, *_ in (row for table in tables for row in table.values()):
        used |= {call.__name__} if isinstance(call, type) else names_in(call.__code__)
    assert {*registry.names()} - {*HOMES["initializers.named"]} - used == set()


def test_out_is_left_alone_by_a_bad_call():
    out = np.full(4, 7.0, np.float32)
    with pytest.raises(ValueError, match="shape"):
        draws.normal(3, key=0, out=out)
    assert (out == 7.0).all()


def test_a_dtype_that_needs_a_package_names_it(monkeypatch):
    monkeypatch.setitem(sys.modules, "ml_dtypes", None)
    monkeypatch.delitem(np.sctypeDict, "float8_e3m4", raising=False)  # where ml_dtypes puts it
    monkeypatch.delitem(np.sctypeDict, "float8_e3m4", raising=False)
    with pytest.raises(ImportError, match=r"agnostic-init\[low-precision\]"):
        draws.normal(3, key=0, dtype="float8_e3m4")


CHOICES = {
    "mode": lambda x: ai.variance_scaling(mode=x),
    "distribution": lambda x: ai.variance_scaling(distribution=x),
    "bounds": lambda x: ai.truncated_normal(bounds=x),
    "std_of": lambda x: ai.draws.truncated_normal(3, std_of=x, key=0),
    "per": lambda x: ai.sparse(per=x),
    "center": lambda x: ai.dirac(center=x),
    "pairs": lambda x: ai.bilinear(layout="torch", pairs=x),
    "shuffle": lambda x: ai.icnr(layout="torch", shuffle=x),
    "mirror": lambda x: ai.looks_linear(mirror=x),
    "rule": lambda x: ai.gain("relu", rule=x),
    "order": lambda x: ai.sinusoidal_positions(order=x),
    "link": lambda x: ai.class_prior(link=x),
    "part": lambda x: ai.scales.t_fixup(x, 3),
    "role": ai.scales.mup_init,
    "optimizer": lambda x: ai.scales.mup_learning_rate("hidden", optimizer=x),
}


@pytest.mark.parametrize("name", CHOICES)
@pytest.mark.parametrize(
    "given", [np.array([1.0, 2.0]), ["column"], {"torch": 1}, 1, b"same"], ids=repr
)
def test_one_of_some_strings_is_a_string(name, given):
    with pytest.raises(ai.ParameterTypeError, match=f"`{name}` must be one of '"):
        CHOICES[name](given)
