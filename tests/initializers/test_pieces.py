"""Several parts of one matrix cost one matrix, and parts far apart in a stack only their own."""

from __future__ import annotations

import numpy as np
import pytest

import agnostic_init as ai
from agnostic_init.initializers.orthogonal import orthogonal

PARTS = {
    "flat": ((9, 6), {"flat": slice(4, 50)}, [(9, 6)]),
    "runs": ((9, 6), {"index": [slice(6, 9), slice(1, 3)]}, [(8, 6)]),
    "near": ((8, 4, 4), {"index": [slice(2, 3), slice(4, 5)]}, [(3, 4, 4)]),
    "far": ((40, 4, 4), {"index": [slice(0, 1), slice(39, 40)]}, [(1, 4, 4), (1, 4, 4)]),
    "backwards": ((9, 6), {"index": ([slice(6, 9), slice(1, 3)], slice(None, None, -1))}, None),
}


@pytest.mark.parametrize(("shape", "where", "blocks"), PARTS.values(), ids=PARTS)
def test_what_is_made(shape, where, blocks, backend, monkeypatch):
    if backend.name in ("jax", "dask") or (backend.name == "strict" and "flat" in where):
        pytest.skip("arrays that cannot be written, or not seen in rows")
    made, make = [], orthogonal.make

    def counted(self, shape, key, part, target):
        made.append(part.shape)
        return make(self, shape, key, part, target)

    init = ai.orthogonal(layout="b o i" if len(shape) == 3 else "o i")
    whole = init(shape, key=0)
    if "flat" in where:
        want = whole.reshape(-1)[where["flat"]]
    else:
        index = where["index"] if isinstance(where["index"], tuple) else (where["index"],)
        want = np.concatenate([whole[run] for run in index[0]])[(slice(None), *index[1:])]
    local = backend.xp.zeros(want.shape, dtype=backend.xp.float32)
    monkeypatch.setattr(orthogonal, "make", counted)
    init.fill(ai.Sharded(local, shape, **where), key=0)
    np.testing.assert_allclose(backend.to_numpy(local), want, rtol=0, atol=1e-6)
    if blocks is not None:
        assert made == blocks
