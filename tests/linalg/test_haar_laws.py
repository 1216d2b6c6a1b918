"""The matrices are Haar-distributed, and samplers that are nearly right are found out.

Every law is tested at a false-alarm rate of 1e-5, some 25 of them for each group. The keys are
fixed, so what passes once passes always.
"""

from __future__ import annotations

import importlib.util
import sys
from pathlib import Path

import numpy as np
import pytest
from scipy import stats

from agnostic_init.draws import normal
from agnostic_init.linalg import haar_matrices

ALARM = 1e-5
COUNT = 20_000


def _load(name):
    spec = importlib.util.spec_from_file_location(name, Path(__file__).with_name(f"{name}.py"))
    module = importlib.util.module_from_spec(spec)
    sys.modules[name] = module
    spec.loader.exec_module(module)
    return module


laws = _load("haar_laws")


def ours(n, dtype):
    return haar_matrices((COUNT, n, n), key=11, dtype=dtype)


def qr_with_signs(n, dtype, seed):
    """Mezzadri's: known to be right."""
    normals = normal((COUNT, n, n), key=seed, dtype=dtype)
    q, r = np.linalg.qr(normals)
    diagonal = np.einsum("...ii->...i", r)
    return q * (diagonal / np.abs(diagonal))[:, None, :]


def qr_without_signs(n, dtype):
    """The usual mistake: the signs are those of the factorization."""
    return np.linalg.qr(normal((COUNT, n, n), key=11, dtype=dtype))[0]


def gaussian_reflectors(n, dtype):
    """Another: the normal vectors are reflected at, not reflected."""
    q = np.eye(n, dtype=dtype) * np.ones((COUNT, 1, 1), dtype)
    normals = normal((COUNT, n, n), key=11, dtype=dtype)
    for k in range(n):
        v = normals[:, k, k:]
        v = v / np.sqrt((np.abs(v) ** 2).sum(-1, keepdims=True) / 2)
        q[:, :, k:] -= (q[:, :, k:] @ v[:, :, None]) * v.conj()[:, None, :]
    signs = normal((COUNT, n), key=12, dtype=dtype)
    return q * (signs / np.abs(signs))[:, None, :]


def uniform_vectors(n, dtype):
    """A third: the vectors that are reflected are not normal."""
    from agnostic_init.draws import uniform

    real = uniform((COUNT, n, n), -1, 1, key=11)
    normals = real + 1j * uniform((COUNT, n, n), -1, 1, key=12) if "complex" in dtype else real
    q, r = np.linalg.qr(normals)
    diagonal = np.einsum("...ii->...i", r)
    return q * (diagonal / np.abs(diagonal))[:, None, :]


GROUPS = {"float32": laws.orthogonal_laws, "complex64": laws.unitary_laws}


@pytest.mark.parametrize("dtype", GROUPS)
@pytest.mark.parametrize("n", [4, 6])
def test_the_matrices_follow_every_law(n, dtype):
    found = GROUPS[dtype](ours(n, dtype), qr_with_signs(n, dtype, 13))
    assert {law: p for law, p in found.items() if p < ALARM} == {}


@pytest.mark.parametrize("dtype", GROUPS)
@pytest.mark.parametrize("wrong", [qr_without_signs, gaussian_reflectors, uniform_vectors])
def test_a_wrong_sampler_breaks_them(wrong, dtype):
    found = GROUPS[dtype](wrong(4, dtype), qr_with_signs(4, dtype, 13))
    assert min(found.values()) < ALARM


@pytest.mark.parametrize(("dtype", "half"), [("float32", 0.5), ("complex64", 1.0)])
@pytest.mark.parametrize(("rows", "columns"), [(9, 3), (3, 9)])
def test_entries_of_rectangles_follow_their_law(rows, columns, dtype, half):
    q = haar_matrices((COUNT, rows, columns), key=5, dtype=dtype)
    law = stats.beta(half, 8 * half)
    for i, j in laws.CORNERS:
        assert stats.kstest(np.abs(q[:, i, j]).astype(float) ** 2, law.cdf).pvalue > ALARM


def test_a_large_matrix_has_the_entries_of_a_normal_one():
    q = haar_matrices((1000, 1000), key=2)
    law = stats.beta(0.5, 999 / 2)
    assert stats.kstest(q[::7, ::11].ravel().astype(float) ** 2, law.cdf).pvalue > ALARM


def test_rotations_in_space_have_the_angles_of_so3():
    q = haar_matrices((COUNT, 3, 3), special=True, key=4, dtype="float64")
    angles = np.arccos(np.clip((np.trace(q, axis1=1, axis2=2) - 1) / 2, -1, 1))
    assert stats.kstest(angles, lambda t: (t - np.sin(t)) / np.pi).pvalue > ALARM


def test_the_group_of_one_dimension():
    signs = haar_matrices((COUNT, 1, 1), key=1)
    assert set(np.round(signs.ravel(), 6)) == {-1.0, 1.0}
    assert stats.binomtest(int((signs > 0).sum()), COUNT, 0.5).pvalue > ALARM


def test_rotations_of_the_plane():
    q = haar_matrices((COUNT, 2, 2), special=True, key=1, dtype="float64")
    turns = np.arctan2(q[:, 1, 0], q[:, 0, 0]) / (2 * np.pi) + 0.5
    assert stats.kstest(turns, "uniform").pvalue > ALARM


def test_scipy_agrees():
    theirs = stats.ortho_group(5, seed=1).rvs(5000)
    mine = haar_matrices((5000, 5, 5), key=9, dtype="float64")
    for law in (
        lambda q: np.trace(q, axis1=1, axis2=2),
        lambda q: (q[:, 0] * q[:, 1] ** 2).sum(-1),
    ):
        assert stats.ks_2samp(law(theirs), law(mine)).pvalue > ALARM
    theirs, mine = (
        stats.unitary_group(5, seed=1).rvs(3000),
        haar_matrices((3000, 5, 5), key=9, dtype="complex64"),
    )
    for part in (np.real, np.imag):
        law = [part(np.trace(u @ u, axis1=1, axis2=2)) for u in (theirs, mine)]
        assert stats.ks_2samp(*law).pvalue > ALARM
