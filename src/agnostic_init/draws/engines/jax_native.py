"""Draws of JAX's programs by the native library, which XLA calls by its foreign function interface.

Where the process has one device, and that is a CPU: nothing needs to be cut into parts there. XLA
compiles a model's initialization in a quarter of the time, as there is no arithmetic in it, and it
runs in a quarter of the time.
"""

from __future__ import annotations

import functools
import warnings
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from jax.extend.core import Primitive
from jax.interpreters import batching, mlir

from agnostic_init.bits.block import Block, Positions
from agnostic_init.bits.key import Key
from agnostic_init.draws.engines import native
from agnostic_init.draws.record import Draw
from agnostic_init.native.library import ABI, library

__all__ = ["make"]

# That of another copy of this package is another, and so is that of a library of other records: a
# compiled program that is kept on disk is not taken for one of theirs.
TARGET = f"{__name__}.{ABI}"
ROOT = Key(0, 0)
BASE, AXES = 3, 5  # which numbers of a job's record are its base, and where its axes are
# Of an array that is larger only some elements can be wanted, and XLA computes no others.
LARGEST = 1 << 31


def make(
    draw: Draw, block: Block, positions: Positions, program: Any, words: tuple[Any, Any]
) -> Any:
    """The draw as an operation of the program that is traced; None where XLA's arithmetic makes it.

    Parameters
    ----------
    positions
        Of the block, from a base that the words of the offset have been moved for.
    program
        Makes the same from the same words by XLA's arithmetic. It serves other platforms and
        exported programs, which may run where this library is not.
    words
        The seed and the offset, each of a low and a high word.
    """
    four = (*words[0], *words[1])
    # Within shard_map a device may have words of its own.
    if not _serves() or any(getattr(jax.typeof(word), "vma", None) for word in four):
        return None
    dtype = jnp.dtype(draw.dtype)
    if dtype != jax.dtypes.canonicalize_dtype(dtype):
        return None
    if block.size > LARGEST:
        return None
    job = native.job_at(draw, ROOT, block, 0)
    head = [*native.JOB.unpack_from(job.packed)]
    head[BASE], head[AXES] = positions.base % native.LIMIT, 0
    record = native.JOB.pack(*head) + job.packed[native.JOB.size :] + bytes(job.kept or b"")
    return _operation().bind(*four, shape=block.shape, dtype=dtype, record=record, program=program)


def _serves() -> bool:
    return (
        hasattr(jax, "typeof")  # and with it all else that is used here
        and jax.default_backend() == "cpu"
        and jax.device_count() == 1
        and library() is not None
        and _registered()
    )


@functools.cache
def _registered() -> bool:
    try:
        function = jax.ffi.pycapsule(library().agnostic_init_xla)
        jax.ffi.register_ffi_target(TARGET, function, platform="cpu")
    except Exception as error:  # noqa: BLE001 - of XLA's own kind, in another version of its interface
        message = f"XLA does not take the native library, and computes its programs itself: {error}"
        warnings.warn(message, RuntimeWarning, stacklevel=2)
        return False
    return True


@functools.cache
def _operation() -> Any:
    """JAX's primitive, made when it is first used."""
    operation = Primitive("agnostic_init_draw")
    computed = mlir.lower_fun(_by_xla, multiple_results=False)
    called = mlir.lower_fun(_by_library, multiple_results=False)

    def on_cpu(context: Any, *words: Any, **parameters: Any) -> Any:
        exported = context.module_context.lowering_parameters.for_export
        return (computed if exported else called)(context, *words, **parameters)

    def batched(words: Any, axes: Any, **parameters: Any) -> Any:
        (size,) = {w.shape[a] for w, a in zip(words, axes, strict=True) if a is not None}
        rows = tuple(
            jnp.broadcast_to(w, (size,)) if a is None else jnp.moveaxis(w, a, 0)
            for w, a in zip(words, axes, strict=True)
        )
        return jax.lax.map(lambda one: operation.bind(*one, **parameters), rows), 0

    def of_shape(*words: Any, shape: tuple[int, ...], dtype: Any, **_: Any) -> Any:
        return jax.core.ShapedArray(shape, dtype)

    operation.def_impl(_by_xla)
    operation.def_abstract_eval(of_shape)
    mlir.register_lowering(operation, computed)
    mlir.register_lowering(operation, on_cpu, platform="cpu")
    batching.primitive_batchers[operation] = batched
    return operation


def _by_xla(*words: Any, program: Any, **_: Any) -> Any:
    return program(words[:2], words[2:])


def _by_library(*words: Any, shape: Any, dtype: Any, record: bytes, program: Any) -> Any:
    call = jax.ffi.ffi_call(TARGET, jax.ShapeDtypeStruct(shape, dtype))
    return call(np.frombuffer(record, np.uint8), jnp.stack(words))
