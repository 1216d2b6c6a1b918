"""Functions of arrays, calibrated: what becomes of their outputs, and of layers that cannot be."""

from __future__ import annotations

import json
import math

import numpy as np
import pytest

import agnostic_init as ai

WIDTH = 16


def chain(xp, depth, activation="tanh", bias=False):
    """A function of so many layers, and its arrays."""
    names = [f"{n}.weight" for n in range(depth)]
    specs = dict.fromkeys(names, (WIDTH, WIDTH))
    if bias:
        specs |= {name.replace("weight", "bias"): (WIDTH,) for name in names}

    def model(x, layer):
        for name in names:
            if bias:
                own = name.replace("weight", "bias")
                x = layer(lambda w, b, x=x: x @ w + b, name, own, axis=-1)
            else:
                x = layer(lambda w, x=x: x @ w, name)
            x = xp.tanh(x) if activation == "tanh" else xp.where(x > 0, x, 0 * x)
        return x

    rules = ({"*.bias": "zeros"} if bias else {}) | {"*": ai.normal(std=0.2)}
    return model, ai.init_tree(specs, rules, key=0, xp=xp)


def outputs(model, batch, parameters):
    """The outputs of each layer with these arrays."""
    found = []

    def layer(function, *names, **axes):
        found.append(function(*(parameters[name] for name in names)))
        return found[-1]

    model(batch, layer)
    return found


def test_lsuv_gives_unit_variance_at_every_depth(backend, xp):
    model, weights = chain(xp, 3 if backend.name in ("dask", "jax") else 8)
    batch = ai.draws.normal((32, WIDTH), key=1, xp=xp)
    done = ai.calibrate(model, batch, parameters=weights, key=2)
    assert done.converged
    for z in outputs(model, batch, done.parameters):
        assert backend.to_numpy(z).var() == pytest.approx(1, abs=1e-4)
    given = backend.to_numpy(weights["0.weight"])
    assert given.std() == pytest.approx(0.2, rel=0.2)  # these are not written


def test_unit_variance_through_a_hundred_layers():
    model, weights = chain(np, 100, "relu")
    batch = ai.draws.normal((64, WIDTH), key=1)
    before = [z.var() for z in outputs(model, batch, weights)]
    assert before[-1] < 1e-10
    done = ai.calibrate(model, batch, parameters=weights, key=2)
    assert done.converged
    variances = [z.var() for z in outputs(model, batch, done.parameters)]
    assert np.allclose(variances, 1, atol=1e-4)
    for name, row in zip(weights, done, strict=True):
        matrix = done.parameters[name]
        square = matrix @ matrix.T
        assert np.allclose(square, square[0, 0] * np.eye(WIDTH), atol=1e-4 * square[0, 0])
        assert (row.name, row.steps <= 2, row.calls) == (name, True, 1)


@pytest.mark.parametrize("method", ["activation", "weight_norm"])
def test_channels_get_mean_and_variance(method):
    if method == "activation":
        model, arrays = chain(np, 5, bias=True)
    else:
        directions = ai.normal(std=0.05)((WIDTH, WIDTH), key=9)
        directions /= np.linalg.norm(directions, axis=0)
        names = [str(n) for n in range(5)]
        arrays = {n: np.ones(WIDTH, np.float32) for n in names}
        arrays |= {f"{n}.bias": np.zeros(WIDTH, np.float32) for n in names}

        def model(x, layer):
            for name in names:
                z = layer(lambda g, b, x=x: (x @ directions) * g + b, name, f"{name}.bias")
                x = np.tanh(z)

    batch = ai.draws.normal((64, WIDTH), key=1)
    done = ai.calibrate(model, batch, method, parameters=arrays, mean=0.25, variance=2)
    assert done.converged
    for z in outputs(model, batch, done.parameters):
        assert np.allclose(z.mean(0), 0.25, atol=1e-4)
        assert np.allclose(z.var(0), 2, rtol=1e-4)


def test_the_same_call_gives_the_same_bits():
    model, weights = chain(np, 4)
    batch = ai.draws.normal((32, WIDTH), key=1)
    one, two = (ai.calibrate(model, batch, parameters=weights, key=3) for _ in range(2))
    assert one == two
    assert ai.fingerprint(one.parameters) == ai.fingerprint(two.parameters)


def test_the_start_is_that_of_the_name():
    model, weights = chain(np, 2)
    batch = ai.draws.normal((32, WIDTH), key=1)
    done = ai.calibrate(model, batch, parameters=weights, key=3)
    drawn = ai.orthogonal()((WIDTH, WIDTH), key=ai.key(3).fold_in("1.weight"))
    made = done.parameters["1.weight"]
    assert np.allclose(made / made.std(), drawn / drawn.std(), atol=1e-5)
    done = ai.calibrate(model, batch, parameters=weights, start="identity")
    assert np.count_nonzero(done.parameters["0.weight"]) == WIDTH


def test_layers_that_cannot_be_calibrated_are_left_as_they_were():
    weights = chain(np, 4)[1]
    weights["1.weight"] = np.zeros((WIDTH, WIDTH), np.float32)

    def stubborn(x, layer):
        x = layer(lambda w: x @ w, "0.weight")
        layer(lambda w: x @ w, "1.weight")
        x = layer(lambda w: x @ (w / np.sqrt((w * w).sum())), "2.weight")  # no scale changes it
        return layer(lambda w: x @ w, "3.weight")

    weights["embedding"] = np.zeros((3, 3))
    batch = ai.draws.normal((32, WIDTH), key=1)
    done = ai.calibrate(stubborn, batch, parameters=weights, max_steps=4)
    assert not done.converged
    assert done.left["1.weight"] == "its outputs are the same for all of the batch"
    assert done.left["2.weight"].startswith("it did not converge in 4 steps, and was off by")
    assert list(done.left) == ["1.weight", "2.weight"]
    for name in done.left:
        assert done.parameters[name] is weights[name]
    assert done.others == ("embedding",)
    # What comes after them is calibrated as they are.
    assert done["3.weight"].after.variance == pytest.approx(1, abs=1e-4)
    assert outputs(stubborn, batch, done.parameters)[-1].var() == pytest.approx(1, abs=1e-4)


def test_a_layer_that_is_called_several_times():
    def recurrent(x, layer):
        for n in range(8):
            x = np.tanh(layer(lambda w, x=x: x @ w, "w"))
            if n == 3:
                x = np.tanh(layer(lambda w, x=x: x @ w, "once"))

    weights = {n: ai.normal(std=0.1)((WIDTH, WIDTH), key=n) for n in ("w", "once")}
    batch = ai.draws.normal((64, WIDTH), key=1)
    done = ai.calibrate(recurrent, batch, parameters=weights, key=0)
    assert done.converged
    assert (done["w"].calls, done["once"].calls) == (8, 1)
    found = outputs(recurrent, batch, done.parameters)
    pooled = np.concatenate([z for n, z in enumerate(found) if n != 4])
    assert pooled.var() == pytest.approx(1, abs=0.01)
    assert found[4].var() == pytest.approx(1, abs=0.01)


def test_a_layer_that_the_batch_reaches_no_longer():
    seen = []

    def fickle(x, layer):
        seen.append(0)
        z = layer(lambda w: x @ w, "a")
        if len(seen) == 1:
            layer(lambda w: z @ w, "b")

    weights = {n: ai.normal(std=0.1)((WIDTH, WIDTH), key=n) for n in "ab"}
    done = ai.calibrate(fickle, ai.draws.normal((64, WIDTH), key=1), parameters=weights)
    assert done.left == {"b": "the batch no longer reaches it"}
    assert done["b"].after is None


def test_one_array_under_two_names_stays_one():
    array = ai.normal()((WIDTH, WIDTH), key=0)

    def model(x, layer):
        return layer(lambda w: layer(lambda w: x @ w, "a") @ w, "b")

    done = ai.calibrate(model, np.eye(WIDTH), parameters={"a": array, "b": array})
    assert done.left == {"a": "it is the same array as 'b'", "b": "it is the same array as 'a'"}
    assert done.parameters["a"] is done.parameters["b"]


def test_chosen_layers_alone():
    model, weights = chain(np, 4)
    batch = ai.draws.normal((32, WIDTH), key=1)
    done = ai.calibrate(model, batch, parameters=weights, layers=["0.*", "2.*"])
    assert [row.name for row in done] == ["0.weight", "2.weight"]
    assert done.parameters["1.weight"] is weights["1.weight"]
    assert done.converged


def test_the_report_prints_and_is_json():
    model, weights = chain(np, 2)
    weights["table"] = np.ones((2, 2))
    with np.errstate(all="ignore"):
        done = ai.calibrate(model, np.full((4, WIDTH), math.inf), parameters=weights)
    assert repr(done) == "Calibration(lsuv: 0 of 2 layers)"
    lines = str(done).splitlines()
    assert lines[0].split()[:3] == ["layer", "kind", "mean"]
    assert lines[1].endswith("its outputs are not finite")
    assert lines[-1] == "of no such layer: table"
    told = json.loads(json.dumps(done.to_dict(), allow_nan=False))
    assert (told["method"], told["converged"], told["others"]) == ("lsuv", False, ["table"])
    assert told["layers"][0]["before"]["variance"] == "nan"
    with pytest.raises(KeyError):
        done["no such layer"]


def test_progress_counts_layers():
    model, weights = chain(np, 3)
    told = []
    batch = ai.draws.normal((8, WIDTH), key=1)
    ai.calibrate(model, batch, parameters=weights, progress=lambda *each: told.append(each))
    assert told == [("0.weight", 1, 3), ("1.weight", 2, 3), ("2.weight", 3, 3)]


def test_what_a_function_raises_is_raised():
    def model(x, layer):
        layer(lambda w: x @ w, "w")
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError) as caught:
        ai.calibrate(model, np.ones((2, 2)), parameters={"w": np.ones((2, 2))})
    assert caught.value.__notes__ == ["while calibrating: all parameters are what they were before"]


def one(x, layer):
    return layer(lambda w: x @ w, "w")


BATCH, OWN = np.eye(3), {"w": np.eye(3)}
BAD = {
    "method": (lambda: ai.calibrate(one, BATCH, "zca"), ValueError, "`method` must be one of 'lsuv'"),
    "mean": (lambda: ai.calibrate(one, BATCH, mean=1), ValueError, "`mean` must be 0 for LSUV"),
    "variance": (lambda: ai.calibrate(one, BATCH, variance=0), ValueError, "`variance` must be pos"),
    "tolerance": (lambda: ai.calibrate(one, BATCH, tolerance=-1), ValueError, "`tolerance` must be"),
    "steps": (lambda: ai.calibrate(one, BATCH, max_steps=0), ValueError, "`max_steps` must be pos"),
    "start": (lambda: ai.calibrate(one, BATCH, start="norml"), ValueError, "of an initializer, got 'norml'"),
    "no key": (lambda: ai.calibrate(one, BATCH, start="normal"), ValueError, "`key` must be given, as"),
    "progress": (lambda: ai.calibrate(one, BATCH, progress=3), TypeError, "`progress` must be a func"),
    "no layers": (lambda: ai.calibrate(one, BATCH, layers=[]), ValueError, "`layers` must not be emp"),
    "layers": (lambda: ai.calibrate(one, BATCH, layers=3), TypeError, "`layers` must be a pattern"),
    "other layers": (
        lambda: ai.calibrate(one, BATCH, layers="q*", parameters=OWN), ValueError, "must match layers"
    ),
    "model": (lambda: ai.calibrate(3, BATCH), TypeError, "`model` must be a module of torch, or a"),
    "parameters": (lambda: ai.calibrate(one, BATCH), TypeError, "`parameters` must be a mapping"),
    "no array": (
        lambda: ai.calibrate(one, BATCH, parameters={"w": 3.0}), TypeError, "has none for 'w', got 3.0"
    ),
    "no calls": (
        lambda: ai.calibrate(lambda x, layer: x, BATCH, parameters=OWN), ValueError, "calls none"
    ),
    "no outputs": (
        lambda: ai.calibrate(lambda x, layer: layer(lambda w: 3, "w"), BATCH, parameters=OWN),
        TypeError, "outputs of 'w': `outputs` must be an array, got 3"
    ),
    "channels of outputs": (
        lambda: ai.calibrate(
            lambda x, layer: layer(lambda w: w, "w", channels=3), BATCH, parameters=OWN
        ),
        ValueError, "outputs of 'w': `axis` must be an axis of outputs of shape"
    ),
    "unknown name": (
        lambda: ai.calibrate(one, BATCH, parameters={"v": BATCH}), ValueError, "name of a parameter"
    ),
    "integers": (
        lambda: ai.calibrate(one, BATCH, parameters={"w": np.eye(3, dtype=int)}), TypeError, "floats"
    ),
    "no axis": (
        lambda: ai.calibrate(one, BATCH, "activation", parameters=OWN), ValueError, "`axis` must be g"
    ),
    "key of sizes": (
        lambda: ai.calibrate(one, BATCH, "weight_norm", parameters=OWN, key=0), ValueError, "`key` must"
    ),
    "layout": (
        lambda: ai.calibrate(
            lambda x, layer: layer(lambda w: x @ w[0], "w"), BATCH,
            parameters={"w": np.ones((1, 3, 3))}, key=0,
        ),
        ValueError, "layer 'w': `layout` must be given",
    ),
    "NaN": (lambda: ai.calibrate(one, [BATCH, BATCH * math.nan]), ValueError, r"`batch\[1\]` must have no"),
    "empty": (lambda: ai.calibrate(one, {"x": np.ones((0, 3))}), ValueError, r"`batch\['x'\]` must have e"),
    "moments": (
        lambda: ai.calibration.lsuv_step(BATCH, None, 3), TypeError, "`moments` must be the moments"
    ),
    "outputs": (lambda: ai.calibration.moments_of([1.0]), TypeError, "`outputs` must be an array"),
    "integer outputs": (
        lambda: ai.calibration.moments_of(np.ones(3, int)), TypeError, "must be of floating-point"
    ),
    "axis of moments": (lambda: ai.calibration.moments_of(BATCH, 2), ValueError, "`axis` must be an axis"),
    "channels": (
        lambda: ai.calibration.activation_step(
            np.ones((2, 4)), None, ai.calibration.moments_of(BATCH), axis=0
        ),
        ValueError, "`axis` must be an axis of 3 channels",
    ),
    "bias": (
        lambda: ai.calibration.activation_step(
            BATCH, np.ones(1), ai.calibration.moments_of(BATCH), axis=0
        ),
        ValueError, "`bias` must have an element for each",
    ),
    "sizes": (
        lambda: ai.calibration.weight_norm_step(BATCH, None, ai.calibration.moments_of(BATCH)),
        ValueError, "`gain` must have one number for each channel",
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", BAD)
def test_bad_calls(name):
    call, error, words = BAD[name]
    with pytest.raises(error, match=words):
        call()


def test_layers_are_those_of_one_pass():
    kept = []

    def model(x, layer):
        kept.append(layer)
        return layer(lambda w: x @ w, "w")

    ai.calibrate(model, ai.draws.normal((8, 3), key=0), parameters={"w": np.eye(3)})
    with pytest.raises(ValueError, match="while the function runs"):
        kept[0](lambda w: w, "w")

    def twice(x, layer):
        layer(lambda w: x @ w, "w")
        layer(lambda w, b: x @ w + b, "w", "b")

    arrays = {"w": np.eye(3), "b": np.zeros(3)}
    with pytest.raises(ValueError, match="the same bias and axes at each call"):
        ai.calibrate(twice, ai.draws.normal((8, 3), key=0), parameters=arrays)


def test_traced_outputs_are_refused_in_words():
    jax = pytest.importorskip("jax")
    arrays = {"w": jax.numpy.eye(3)}
    with pytest.raises(TypeError, match="must have values, and not be traced"):
        ai.calibrate(jax.jit(one, static_argnums=1), jax.numpy.eye(3), parameters=arrays)
