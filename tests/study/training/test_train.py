"""Training from several initializers: what must come out, and that it comes out again."""

from __future__ import annotations

import json
import math

import numpy as np
import pytest

import agnostic_init as ai
from agnostic_init.study.training import dense_training
from agnostic_init.study.training.comparing import train
from agnostic_init.study.training.data import data_of
from agnostic_init.study.training.dense_training import Training
from agnostic_init.study.training.generated import clusters
from agnostic_init.study.training.optimizers import SGD

SMALL = clusters(160, key=1)
FEW = {"data": SMALL, "hidden": (12,), "epochs": 4, "seeds": 2}


@pytest.fixture
def computing(backend):
    """A library that computes at once."""
    if backend.name in ("dask", "jax"):
        pytest.skip("it computes later, or after it has compiled every step")
    if backend.name != "torch":
        yield backend.xp
        return
    threads = backend.xp.get_num_threads()
    backend.xp.set_num_threads(1)  # on a busy machine several wait for each other
    yield backend.xp
    backend.xp.set_num_threads(threads)


def test_every_library_finds_the_same(computing):
    options = {"initializers": ["glorot_uniform", "orthogonal"], **FEW}
    made, wanted = train(**options, xp=computing), train(**options)
    again = train(**options, xp=computing)
    for measure, curve in wanted.curves.items():
        np.testing.assert_allclose(made.curves[measure], curve, rtol=1e-9, atol=1e-12)
        np.testing.assert_array_equal(again.curves[measure], made.curves[measure])
    single = train(**options, xp=computing, dtype="float32")
    for curve in single.curves.values():
        assert np.isfinite(curve).all()


def test_a_run_has_the_numbers_that_it_has_alone(monkeypatch):
    together = train(["glorot_uniform", "he_normal"], **FEW)
    alone = train({"x": "he_normal"}, **{**FEW, "seeds": [1]})
    for measure, curve in alone.curves.items():
        np.testing.assert_array_equal(curve[0, 0], together.curves[measure][1, 1])
    monkeypatch.setattr(dense_training, "TOGETHER", 1)
    apart = train(["glorot_uniform", "he_normal"], **FEW)
    for measure, curve in apart.curves.items():
        np.testing.assert_array_equal(curve, together.curves[measure])
    np.testing.assert_array_equal(apart.units, together.units)


@pytest.mark.parametrize("optimizer", ["sgd", "adam"])
@pytest.mark.parametrize("activation", ["relu", "tanh"])
def test_constants_never_break_symmetry(activation, optimizer):
    inits = ["zeros", ai.constant(0.1), "ones", "glorot_uniform"]
    options = {**FEW, "hidden": (12, 8), "epochs": 10}
    found = train(inits, activation=activation, optimizer=optimizer, rate=0.05, **options)
    assert (found.units[:3] == 1).all()
    assert (found.units[3] == (12, 8)).all()
    for name, verdict in found.verdicts().items():
        assert ("symmetry never broken: the 12 units of layer 1 are one" in verdict) == (
            name != "glorot_uniform"
        )
    assert "does not learn" in found.verdicts()["zeros"]


def linear_problem(width=8, samples=48):
    """A linear map to learn, of inputs that are white."""
    x = ai.draws.normal((samples, width), key=1, dtype="float64")
    x = np.linalg.qr(x)[0] * math.sqrt(samples)
    target = ai.normal(0, width**-0.5)((width, width), key=3, dtype="float64")
    return data_of(x, x @ target.T, scale="none", name="linear")


def test_orthogonal_deep_linear_networks_learn_in_a_time_that_does_not_grow_with_depth():
    # Saxe, McClelland and Ganguli 2014: with rates that fall as 1 / depth.
    data, width = linear_problem(), 8
    times = {}
    for depth in (2, 8, 32):
        found = train(
            {"orthogonal": "orthogonal", "normal": ai.normal(0, width**-0.5)},
            data,
            hidden=(width,) * (depth - 1),
            activation="linear",
            optimizer=SGD(rate=2.0 / depth),
            bias=None,
            batch=None,
            epochs=160,
            every=2,
            seeds=4,
        )
        times[depth] = found.steps_to(0.2 * found.baseline)
    orthogonal = {depth: time[0].mean() for depth, time in times.items()}
    assert max(orthogonal.values()) < 60
    assert orthogonal[32] < 1.5 * orthogonal[8] < 1.5 * 1.5 * orthogonal[2] + 40
    assert np.isinf(times[32][1]).all(), "normal weights were to need far longer"
    assert times[8][1].mean() > 2 * orthogonal[8]


def test_a_loss_that_is_not_finite_ends_that_run_alone():
    inits = {"far": ai.normal(0, 1e160), "near": "glorot_uniform"}
    found = train(inits, **{**FEW, "optimizer": SGD(rate=0.1)})
    alone = train({"near": "glorot_uniform"}, **{**FEW, "optimizer": SGD(rate=0.1)})
    np.testing.assert_array_equal(found.curves["test_loss"][1], alone.curves["test_loss"][0])
    assert np.isnan(found.curves["test_accuracy"][0]).all()
    assert (found.units[0] == -1).all()
    said = found.verdicts()
    assert said["far"] == "diverged: the loss of 2 of 2 seeds is not finite after 0 steps"
    assert said["near"] == "learns"
    (pair,) = found.pairs()
    assert pair.difference is None
    assert pair.why_not == "2 of 2 seeds have no result"
    json.dumps(found.to_dict(), allow_nan=False)
    assert "diverged" in str(found)


def test_one_that_diverges_later_keeps_what_came_before():
    data = linear_problem()
    found = train("he_normal", data, activation="linear", optimizer=SGD(rate=9.0), seeds=1, every=1)
    (step,) = found.diverged[0]
    assert step > 0
    curve = found.curves["train_loss"][0, 0]
    assert np.isfinite(curve[:step]).all()
    assert np.isnan(curve[step:]).all()
    assert f"not finite after {step} steps" in found.verdicts()["he_normal"]


def test_what_was_found_before_it_was_stopped_is_kept():
    training = Training(["glorot_uniform", "he_normal"], **FEW)
    for _, done, total in training:
        if done >= total // 2:
            break
    partial, whole = training.comparison(), train(["glorot_uniform", "he_normal"], **FEW)
    reached = np.isfinite(partial.curves["test_loss"])
    assert 0 < reached.sum() < reached.size
    np.testing.assert_array_equal(
        partial.curves["test_loss"][reached], whole.curves["test_loss"][reached]
    )
    assert "2 of 2 seeds were not trained to the end" in partial.verdicts()["he_normal"]
    assert (partial.diverged == -1).all()
    assert (partial.units == -1).all()


def test_progress_ends_at_the_total():
    told = []
    train("zeros", **FEW, progress=lambda *each: told.append(each))
    dones = [done for _, done, _ in told]
    assert dones == sorted(dones)
    assert dones[-1] == told[0][2] == 2 * 4 * math.ceil(120 / 32)


def test_numbers_are_found_by_regression():
    found = train("lecun_normal", "regression", hidden=(16,), activation="tanh", rate=0.01, seeds=2)
    assert set(found.curves) == {"train_loss", "test_loss"}
    assert found.final().max() < 0.4 * found.baseline
    assert "accuracy" not in found.table()


def test_the_tables_say_what_the_curves_are():
    found = train(["zeros", "glorot_uniform"], **FEW)
    last = found.final("test_accuracy")[1]
    assert f"{last.mean():.4g} ± {last.std(ddof=1):.2g}" in found.table()
    (pair,) = found.pairs("test_loss", "welch")
    assert f"{pair.difference.mean:+.4g}" in found.table_of_pairs("test_loss", "welch")
    assert pair.p_holm == pair.difference.p
    assert "network: 10-12-2\n" in str(found)
    assert "seeds: 0, 1\n" in str(found)
    assert found.table_of_pairs() in str(found)
    told = json.loads(json.dumps(found.to_dict(), allow_nan=False))
    assert told["curves"]["test_loss"][1][0][-1] == found.final()[1, 0]
    assert told["pairs"]["test_loss"][0]["mean"] == found.pairs()[0].difference.mean


@pytest.mark.parametrize(
    ("options", "error", "words"),
    [
        ({"initializers": []}, ai.ParameterError, "`initializers` must have at least one"),
        ({"initializers": 3}, ai.ParameterTypeError, "`initializers` must be a list of init"),
        ({"initializers": ["zeros", "zeros"]}, ai.ParameterError, "must have different names"),
        ({"initializers": ["glorot"]}, ai.ParameterError, "must be that of an initializer"),
        ({"initializers": {1: "zeros"}}, ai.ParameterTypeError, "names that are text"),
        ({"initializers": ["delta_orthogonal"]}, ai.ParameterError, "kernel|axes"),
        ({"data": "mnist"}, ai.ParameterError, "`data` must be one of 'clusters', 'digits'"),
        ({"data": np.ones((3, 2))}, ai.ParameterTypeError, "try: study.data_of"),
        ({"hidden": (0,)}, ai.ParameterError, "`sizes` must be positive, got 0"),
        ({"hidden": "64"}, ai.ParameterTypeError, "`hidden` must be a sequence of integers"),
        ({"activation": "rellu"}, ai.ParameterError, "`activation` must be.*try: 'relu'"),
        ({"activation": 3}, ai.ParameterTypeError, "`activation` must be a name or a function"),
        ({"optimizer": "lion"}, ai.ParameterError, "`optimizer` must be one of"),
        ({"seeds": 0}, ai.ParameterError, "`seeds` must be positive"),
        ({"seeds": [1, 1]}, ai.ParameterError, "`seeds` must be different"),
        ({"seeds": [-1]}, ai.ParameterError, r"`seeds` must be in \[0, 2\^64\)"),
        ({"seeds": "3"}, ai.ParameterTypeError, "`seeds` must be how many there are"),
        ({"epochs": 0}, ai.ParameterError, "`epochs` must be positive"),
        ({"batch": 0}, ai.ParameterError, "`batch` must be positive.*None for all samples"),
        ({"every": 0}, ai.ParameterError, "`every` must be positive"),
        ({"dtype": "float16"}, ai.ParameterError, "`dtype` must be one of float32, float64"),
        ({"bias": "zero"}, ai.ParameterError, "must be that of an initializer.*zeros"),
    ],
)
def test_bad_calls(options, error, words):
    with pytest.raises(error, match=words):
        train(**{"initializers": "zeros", **FEW, **options})


def test_a_lazy_library_is_refused():
    dask = pytest.importorskip("dask.array")
    with pytest.raises(ai.ParameterError, match="`xp` must be a library that computes at once"):
        train("zeros", xp=dask)
