"""Laws that Haar-distributed matrices follow, each as the probability of a deviation this large.

Every function takes ``(count, n, n)`` matrices and returns ``{law: p}``, where `p` is uniform on
(0, 1) if the matrices are Haar-distributed. The moments are those of Diaconis, Shahshahani, "On the
eigenvalues of random matrices", J. Appl. Probab. 31A (1994) 49-62, and of Collins, Sniady,
"Integration with respect to the Haar measure", Comm. Math. Phys. 264 (2006) 773-795.
"""

from __future__ import annotations

import numpy as np
from scipy import stats

CORNERS = [(0, 0), (0, -1), (-1, 0), (-1, -1), (1, 1)]


def of_mean(samples, expected):
    """The two-sided p of a sample mean, by the central limit theorem."""
    z = (samples.mean() - expected) / (samples.std() / np.sqrt(samples.size))
    return 2 * stats.norm.sf(abs(z))


def of_coin(heads):
    """The two-sided p of the number of heads of a fair coin."""
    return stats.binomtest(int(heads.sum()), heads.size, 0.5).pvalue


def orthogonal_laws(q, other):
    """Of O(n), n > 3; `other` are matrices known to be Haar-distributed, for two-sample tests."""
    n = q.shape[-1]
    trace = np.trace(q, axis1=1, axis2=2)
    weights = 1 / ((n - 1) * n * (n + 2))
    found = {
        "E tr": of_mean(trace, 0),
        "E tr^2": of_mean(trace**2, 1),
        "E tr^4": of_mean(trace**4, 3),
        "E tr Q^2": of_mean(np.trace(q @ q, axis1=1, axis2=2), 1),
        "E q11^2 q22^2": of_mean((q[:, 0, 0] * q[:, 1, 1]) ** 2, (n + 1) * weights),
        "E q11 q22 q12 q21": of_mean(q[:, 0, 0] * q[:, 1, 1] * q[:, 0, 1] * q[:, 1, 0], -weights),
        "P(det > 0)": of_coin(np.linalg.det(q) > 0),
    }
    entry = stats.beta(0.5, (n - 1) / 2)
    for i, j in CORNERS:
        found[f"q[{i},{j}]^2"] = stats.kstest(q[:, i, j].astype(float) ** 2, entry.cdf).pvalue
        found[f"sign q[{i},{j}]"] = of_coin(q[:, i, j] > 0)
    return found | invariances(q, other)


def unitary_laws(u, other):
    """Of U(n), n > 3."""
    n = u.shape[-1]
    powers = [u, u @ u, u @ u @ u, u @ u @ u @ u @ u]
    found = {
        f"E |tr U^{k}|^2": of_mean(np.abs(np.trace(power, axis1=1, axis2=2)) ** 2, min(k, n))
        for k, power in zip((1, 2, 3, 5), powers, strict=True)
    }
    trace = np.trace(u, axis1=1, axis2=2)
    found["E Re tr"] = of_mean(trace.real, 0)
    found["E Im tr"] = of_mean(trace.imag, 0)
    found["E |tr|^4"] = of_mean(np.abs(trace) ** 4, 2)
    # One eigenangle of each matrix: the k-th in order, with every k as often.
    eigenvalues = np.linalg.eigvals(u[:4000])
    chosen = np.arange(len(eigenvalues)) % n
    sorted_by_angle = np.sort(np.angle(eigenvalues), axis=1)
    one = sorted_by_angle[np.arange(len(eigenvalues)), chosen]
    found["eigenangle"] = stats.kstest(one / (2 * np.pi) + 0.5, "uniform").pvalue
    found["angle of det"] = stats.kstest(_turns(np.linalg.det(u)), "uniform").pvalue
    for i, j in CORNERS:
        entries = u[:, i, j].astype(complex)
        modulus = stats.kstest(np.abs(entries) ** 2, stats.beta(1, n - 1).cdf).pvalue
        found[f"|u[{i},{j}]|^2"] = modulus
        found[f"angle of u[{i},{j}]"] = stats.kstest(_turns(entries), "uniform").pvalue
    return found | invariances(u, other)


def invariances(q, other):
    """Whether a fixed rotation from the left, from the right, or both, changes the law of a trace."""
    n = q.shape[-1]
    angles = 2 * np.pi * np.outer(np.arange(n), np.arange(n)) / n
    fixed = (np.cos(angles) + np.sin(angles)) / np.sqrt(n)  # Hartley's matrix is orthogonal
    cycled = np.roll(fixed, 1, axis=0)
    reference = np.trace(other, axis1=1, axis2=2).real
    moved = {"Q": q, "AQ": fixed @ q, "QB": q @ cycled, "AQB": fixed @ q @ cycled}
    return {
        f"tr {name}": stats.ks_2samp(np.trace(m, axis1=1, axis2=2).real, reference).pvalue
        for name, m in moved.items()
    }


def _turns(values):
    return np.angle(values) / (2 * np.pi) + 0.5
