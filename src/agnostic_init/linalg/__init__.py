"""Normals -> Haar-distributed orthogonal and unitary matrices, by matrix products alone."""

from __future__ import annotations

from agnostic_init.linalg.functions import haar_matrices

__all__ = ["haar_matrices"]
