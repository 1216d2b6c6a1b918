"""Normals -> Haar-distributed orthogonal and unitary matrices, by matrix products alone."""

from __future__ import annotations

from agnostic_init.linalg.functions import haar_matrices
from agnostic_init.linalg.principal import PrincipalParts, pissa

__all__ = ["PrincipalParts", "haar_matrices", "pissa"]
