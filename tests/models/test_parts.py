"""init_tree of specs that are parts of arrays: new parts, with the values of their places."""

from __future__ import annotations

import numpy as np
import pytest

import agnostic_init as ai

RULES = {"b": "ones", "q": ai.orthogonal(), "*": ai.normal()}
RULES_OF_DRAWS = {"*": ai.normal()}
WHOLE = ai.init_tree({"w": (8, 4), "q": (6, 6), "b": (5,), "f": (8, 4)}, RULES, key=3)


def specs(backend, *, blocks_alone=False):
    def empty(*shape):
        return backend.xp.empty(shape, dtype=backend.xp.float32)

    found = {
        "w": ai.Sharded(empty(2, 4), (8, 4), slice(6, 8)),
        "q": ai.Sharded(empty(6, 2), (6, 6), (slice(None), slice(2, 4))),
        "b": empty(5),
    }
    if not blocks_alone:
        if backend.name != "strict":  # which sees no memory in another shape
            found["f"] = ai.Sharded(empty(10), (8, 4), flat=slice(3, 13))
        found["runs"] = ai.Sharded(empty(4, 4), (8, 4), [slice(0, 2), slice(6, 8)])
    return found


def test_a_flat_part_of_a_library_that_sees_no_rows_is_refused():
    strict = pytest.importorskip("array_api_strict")
    part = ai.Sharded(strict.empty(10, dtype=strict.float32), (8, 4), flat=slice(3, 13))
    words = "parameter 'f': `Sharded` must be writable, but it is one run whose rows cannot be seen"
    with pytest.raises(ai.ParameterError, match=words):
        ai.init_tree({"w": (2, 2), "f": part}, RULES_OF_DRAWS, key=3)


def test_new_parts_have_the_values_of_their_places(backend):
    lazy = backend.name in ("jax", "dask")
    given = specs(backend, blocks_alone=lazy)
    told = []
    made = ai.init_tree(given, RULES, key=3, progress=lambda *what: told.append(what))
    assert list(made) == list(given)
    assert {name for name, _, _ in told} == set(given)
    for name, index in {"w": slice(6, 8), "q": (slice(None), slice(2, 4))}.items():
        assert isinstance(made[name], ai.Sharded)
        assert made[name] is not given[name]
        assert made[name].places == given[name].places
        held = backend.to_numpy(made[name].local)
        np.testing.assert_allclose(held, WHOLE[name][index], rtol=1e-5, atol=1e-6)
    assert (backend.to_numpy(made["b"]) == 1).all()
    if not lazy:
        if "f" in given:
            held = backend.to_numpy(made["f"].local)
            np.testing.assert_array_equal(held, WHOLE["f"].reshape(-1)[3:13])
        runs = ai.normal()((8, 4), key=ai.key(3).fold_in("runs"))
        np.testing.assert_array_equal(backend.to_numpy(made["runs"].local), runs[[0, 1, 6, 7]])


def test_what_is_given_is_not_written():
    local = np.full((2, 4), 7, np.float32)
    spec = ai.Sharded(local, (8, 4), slice(0, 2))
    made = ai.init_tree({"w": spec}, {"*": ai.normal()}, key=3, dtype="float32")
    assert (local == 7).all()
    np.testing.assert_array_equal(made["w"].local, WHOLE["w"][:2])
    nested = ai.init_tree({"layer": [spec]}, {"*": "ones"}, key=0)
    assert (nested["layer"][0].local == 1).all()


def test_like_and_xp_would_make_the_whole():
    spec = ai.Sharded(np.empty((2, 4), np.float32), (8, 4), slice(0, 2))
    for more in ({"xp": np}, {"like": np.empty(1)}):
        with pytest.raises(
            ValueError, match=r"`like` must not be given where specs are parts .* 'w' is"
        ):
            ai.init_tree({"w": spec}, {"*": "ones"}, key=0, **more)
    with pytest.raises(
        ValueError, match=r"`device` must not be given where specs are parts .* 'w'"
    ):
        ai.init_tree({"w": spec}, {"*": "ones"}, key=0, device="cpu")


def test_runs_in_a_library_that_writes_nothing():
    jnp = pytest.importorskip("jax.numpy")
    spec = ai.Sharded(jnp.zeros((4, 4)), (8, 4), [slice(0, 2), slice(6, 8)])
    with pytest.raises(ValueError, match="parameter 'w': `Sharded` must be one block where"):
        ai.init_tree({"w": spec}, {"*": "ones"}, key=0)
