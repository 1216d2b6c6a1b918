"""The same matrices, assembled in memory that is written panel by panel, which takes no other."""

from __future__ import annotations

from typing import Any, Protocol

from agnostic_init.linalg.haar import Haar

__all__ = ["Operations", "assemble_in_place"]


class Operations(Protocol):
    """What a library does with the reflectors of a panel. Arrays are rows, as in `reflectors`."""

    def reflectors(self, start: int, stop: int) -> tuple[Any, Any, Any]:
        """The vectors, their phases, and what `solved` needs of them."""

    def solved(self, triangle: Any, array: Any) -> Any:
        """``T`` times an array of a panel's height."""

    def conjugate(self, array: Any) -> Any:
        """The complex conjugate."""

    def product(self, a: Any, b: Any) -> Any:
        """The matrix product."""

    def write_product(self, target: Any, a: Any, b: Any) -> None:
        """The matrix product, into an array."""

    def diagonal(self, square: Any) -> Any:
        """The diagonal, as a view that can be written."""

    def subtract_product(self, target: Any, tall: Any, flat: Any) -> None:
        """Subtract ``tall @ flat`` from a large array."""


def assemble_in_place(operations: Operations, haar: Haar, out: Any, width: int) -> None:
    """Write the tall matrices into `out`, a view of any strides."""
    determinant = None
    for start, stop in haar.panels(width):
        vectors, phases, triangle = operations.reflectors(start, stop)
        head, tail = vectors[..., : stop - start], vectors[..., stop - start :]
        scale = phases * -haar.gain
        if stop < haar.short:
            rest = out[..., stop:, stop:]
            flat = operations.solved(triangle, operations.product(operations.conjugate(tail), rest))
            operations.write_product(out[..., start:stop, stop:], -head.mT, flat)
            operations.subtract_product(rest, tail.mT, flat)
            del flat
        own = operations.solved(triangle, operations.conjugate(head) * -scale[..., None, :])
        operations.write_product(out[..., start:, start:stop], vectors.mT, own)
        diagonal = operations.diagonal(out[..., start:stop, start:stop])
        diagonal += scale
        if haar.special:
            product = phases.prod(-1)
            determinant = product if determinant is None else determinant * product
        del vectors, head, tail, own, triangle  # before the next panel is drawn
    if determinant is not None:
        out[..., -1] *= operations.conjugate(determinant)[..., None]
