"""Bad input to the initializers of recurrent layers, random features and state spaces: error and words."""

from __future__ import annotations

import math

import pytest

import agnostic_init as ai
from agnostic_init.arrays.errors import AmbiguousLayoutError

NAN, INF = math.nan, math.inf

CALLS = {
    # recurrent
    "no order": (lambda: ai.gates("zeros", None), TypeError, "`order` must be one of torch, equinox"),
    "order unknown": (
        lambda: ai.gates("zeros", "pytorch"), ValueError, "`order` must be one of torch, .*each of ifgo"
    ),
    "gates twice": (lambda: ai.gates("zeros", "ifgg", axis=0), ValueError, "each of ifgo once"),
    "letters of another cell": (
        lambda: ai.gates("zeros", "ifgo", cell="gru", axis=0), ValueError, "for a gru, each of rzn once"
    ),
    "letters without an axis": (
        lambda: ai.gates("zeros", "ifgo"), ValueError, "`axis` must be given where `order` is letters"
    ),
    "cell": (lambda: ai.gates("zeros", "torch", cell="rnn"), ValueError, "`cell` must be one of 'lstm'"),
    "gate of another cell": (
        lambda: ai.gates("zeros", "torch", special={"z": "ones"}),
        ValueError,
        "`special` must name gates of a lstm, i, f, g, o, got 'z'",
    ),
    "special a list": (
        lambda: ai.gates("zeros", "torch", special=["f"]), TypeError, "`special` must be a dictionary"
    ),
    "special no initializer": (
        lambda: ai.gates("zeros", "torch", special={"f": 1.0}), TypeError, r"`special\['f'\]` must be an"
    ),
    "gates no initializer": (lambda: ai.gates(None, "torch"), TypeError, "`init` must be an init"),
    "axis a float": (lambda: ai.gates("zeros", "torch", axis=0.5), TypeError, "`axis` must be an int"),
    "uneven": (lambda: ai.gates("zeros", "torch")(6), ValueError, "`sizes` must be given, as 4 does not"),
    "same key": (lambda: ai.blocks(["ones"], same_key=1), TypeError, "`same_key` must be True or False"),
    "two biases": (
        lambda: ai.forget_bias("torch"),
        ValueError,
        "`biases` must be given for torch, whose layers add 2 biases.*1 if the other is zeros",
    ),
    "three biases": (
        lambda: ai.forget_bias("torch", biases=3), ValueError, "`biases` must be from 1 to 2"
    ),
    "two biases of Keras": (
        lambda: ai.forget_bias("keras", biases=2), ValueError, "`biases` must be from 1 to 1"
    ),
    "forget text": (lambda: ai.forget_bias("keras", "1"), TypeError, "`value` must be a real number"),
    "longest": (lambda: ai.chrono(2, "torch"), ValueError, "`longest` must be more than 2 steps, got 2"),
    "longest infinite": (lambda: ai.chrono(INF, "torch"), ValueError, "`longest` must be finite"),
    "letters of a GRU": (
        lambda: ai.chrono(9, "rzn", cell="gru", axis=0),
        ValueError,
        "`order` must be a framework for a GRU",
    ),
    "no key": (lambda: ai.chrono(9, "torch")(8), TypeError, "`key` must be given, as blocks is random"),
    "np-RNN": (lambda: ai.np_rnn()((3, 4), key=0), ValueError, "`shape` must end in two equal lengths"),
    "np-RNN vector": (lambda: ai.np_rnn()(4, key=0), ValueError, "`shape` must end in two equal"),
    "np-RNN integers": (
        lambda: ai.np_rnn()((4, 4), key=0, dtype="int32"), ValueError, "`dtype` must be a real or complex"
    ),
    "irnn": (lambda: ai.irnn(NAN), ValueError, "`gain` must be finite"),
    # implicit
    "omega": (lambda: ai.siren("torch", omega=0), ValueError, "`omega` must be positive"),
    "omega negative": (lambda: ai.siren("torch", omega=-30), ValueError, "`omega` must be positive"),
    "first": (lambda: ai.siren("torch", first=1), TypeError, "`first` must be True or False, got 1"),
    "siren, no layout": (
        lambda: ai.siren()((8, 4), key=0), AmbiguousLayoutError, "`layout` must be given"
    ),
    "siren's layout": (lambda: ai.siren("troch"), ValueError, "`layout` must"),
    "bandwidth": (lambda: ai.fourier_features(0), ValueError, "`std` must be positive"),
    "length": (lambda: ai.random_features(-1), ValueError, "`length_scale` must be positive"),
    "length tiny": (
        lambda: ai.random_features(1e-300), ValueError, "`length_scale` must be within the range"
    ),
    "features, no layout": (
        ai.orthogonal_random_features, AmbiguousLayoutError, "`layout` must be given, as it says which"
    ),
    "features of a convolution": (
        lambda: ai.orthogonal_random_features(layout="torch")((4, 2, 3), key=0),
        ValueError,
        "`shape` must have an axis of features and one of coordinates",
    ),
    "complex features": (
        lambda: ai.orthogonal_random_features(layout="torch")((4, 2), key=0, dtype="complex64"),
        ValueError,
        "`dtype` must be real for random features",
    ),
    # state spaces
    "measure": (lambda: ai.hippo("lagt"), ValueError, "`measure` must be one of 'legs', 'legt'"),
    "window": (lambda: ai.hippo("legt", 0), ValueError, "`window` must be positive"),
    "window of legs": (lambda: ai.hippo("legs", 2), ValueError, "`window` must be 1 for measure 'legs'"),
    "hippo, not square": (lambda: ai.hippo()((3, 4)), ValueError, "`shape` must end in two equal"),
    "hippo, vector": (lambda: ai.hippo()(4), ValueError, "`shape` must end in two equal lengths"),
    "hippo input, scalar": (lambda: ai.hippo_input()(()), ValueError, "`shape` must have an axis"),
    "hippo in integers": (lambda: ai.hippo()((2, 2), dtype=int), ValueError, "`dtype` must be a real"),
    "hippo beyond float16": (
        lambda: ai.hippo()((70_000, 70_000), dtype="float16", index=(0, 0)),
        ValueError,
        r"`dtype` must hold the numbers of hippo for \(70000, 70000\), which reach -139998",
    ),
    "S4D": (lambda: ai.s4d("linear"), ValueError, "`kind` must be one of 'lin', 'inv', 'real'"),
    "part": (lambda: ai.s4d("lin", "real"), ValueError, "`part` must be one of 'all', 'log_real'"),
    "no such part": (lambda: ai.s4d("real", "imag"), ValueError, "has no imaginary part"),
    "paired": (lambda: ai.s4d("inv", paired=1), TypeError, "`paired` must be True or False"),
    "S4D, real dtype": (
        lambda: ai.s4d()(4), ValueError, "`dtype` must be complex for S4D-Lin.*part='log_real'"
    ),
    "S4D, scalar": (lambda: ai.mamba_a_log()(()), ValueError, "`shape` must have an axis of states"),
    "dt, order": (lambda: ai.dt_bias(0.1, 0.001), ValueError, "`high` must be more than `low`"),
    "dt, zero": (lambda: ai.dt_bias(0), ValueError, "`low` must be positive"),
    "dt, long": (lambda: ai.dt_bias(1, 1e4), ValueError, "`high` must be at most 500"),
    "dt, floor": (lambda: ai.dt_bias(floor=0.2), ValueError, "`floor` must not be negative, and be"),
    "dt, NaN": (lambda: ai.dt_bias(NAN), ValueError, "`low` must be finite"),
    "dt, relu": (lambda: ai.dt_bias(activation="relu"), ValueError, "`activation` must be one of"),
    "ring": (lambda: ai.lru_nu_log(0.9, 0.4), ValueError, "`r_max` must be above `r_min`"),
    "ring beyond 1": (lambda: ai.lru_nu_log(0.9, 1.1), ValueError, "`r_max` must .*at most 1, got 1.1"),
    "ring negative": (lambda: ai.lru_nu_log(-0.1), ValueError, r"`r_min` must be in \[0, 1\)"),
    "ring tiny": (lambda: ai.lru_nu_log(0, 1e-200), ValueError, "`r_max` must be at least 1e-100"),
    "phase": (lambda: ai.lru_theta_log(7), ValueError, "`max_phase` must be positive and at most 2 pi"),
    "log of the negative": (
        lambda: ai.log_of_uniform(-1, 1), ValueError, "`low` must not be negative, got -1"
    ),
    "log of nothing": (
        lambda: ai.log_of_uniform(1, 1 + 1e-14), ValueError, "`high` must be well above `low`"
    ),
    "log, factor": (lambda: ai.log_of_uniform(1, 2, 0), ValueError, "`factor` must not be zero"),
    "log, order": (lambda: ai.log_of_uniform(2, 1), ValueError, "`low` must be less than `high`"),
    "log beyond float16": (
        lambda: ai.log_of_uniform(1, 2, 1e6)(3, key=0, dtype="float16"),
        ValueError,
        "`dtype` must hold the numbers of log_of_uniform",
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", CALLS)
def test_bad_calls(name):
    call, error, words = CALLS[name]
    with pytest.raises(error, match=words) as caught:
        call()
    message = str(caught.value)
    assert message.startswith("`")
    assert "got" in message
