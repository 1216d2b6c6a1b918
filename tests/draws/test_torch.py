"""torch: the host's memory without a copy, every dtype, every stride."""

from __future__ import annotations

import numpy as np
import pytest

import agnostic_init as ai

torch = pytest.importorskip("torch")


@pytest.mark.parametrize("dtype", [torch.float32, torch.bfloat16, torch.float16, torch.float64])
def test_a_tensor_is_filled_where_it_is(dtype):
    tensor = torch.empty(1000, dtype=dtype)
    pointer = tensor.data_ptr()
    assert ai.draws.normal(1000, key=1, out=tensor) is tensor
    assert tensor.data_ptr() == pointer
    expected = torch.from_numpy(ai.draws.normal(1000, key=1, dtype="float64"))
    if dtype != torch.float64:
        expected = torch.from_numpy(ai.draws.normal(1000, key=1)).to(dtype)
    assert torch.equal(tensor, expected)


@pytest.mark.parametrize(
    "make",
    [
        lambda s: torch.empty(s).to(memory_format=torch.channels_last),
        lambda s: torch.empty(s[::-1]).permute(3, 2, 1, 0),
        lambda s: torch.empty((s[0], s[1] * 3, *s[2:]))[:, ::3],
    ],
    ids=["channels_last", "permuted", "strided"],
)
def test_strides(make):
    shape = (8, 6, 5, 3)
    tensor = make(shape)
    ai.he_normal("torch").fill(tensor, key=2)
    assert np.array_equal(tensor.numpy(), ai.he_normal("torch")(shape, key=2))


def test_a_parameter_is_filled_outside_of_autograd():
    weight = torch.nn.Parameter(torch.empty(16, 8))
    version = weight._version
    ai.kaiming_uniform(a=5**0.5).fill(weight, key=3)
    assert weight.grad_fn is None
    assert weight.requires_grad
    assert weight._version > version
    ai.zeros().fill(weight)
    assert not weight.any()


def test_meta_tensors_have_no_values():
    like = torch.empty(3, 4, device="meta")
    made = ai.normal()((3, 4), key=0, like=like)
    assert made.device.type == "meta"
    assert made.shape == (3, 4)


def test_defaults_are_torchs():
    torch.set_default_dtype(torch.float64)
    try:
        assert ai.normal()((2,), key=0, xp=torch).dtype == torch.float64
    finally:
        torch.set_default_dtype(torch.float32)
    with torch.device("meta"):
        assert ai.normal()((2,), key=0, xp=torch).device.type == "meta"
    assert (
        ai.normal()((2,), key=0, like=torch.empty(1, dtype=torch.bfloat16)).dtype == torch.bfloat16
    )


def test_a_stateless_generator_of_torchs_own():
    """torch.func._random has the same layout; its kernels on the CPU come with torch 2.15."""
    try:
        random = torch.func._random
    except AttributeError:
        random = pytest.importorskip("torch.func._random")
    try:
        key = random.key(42)
        theirs = random.uniform(key, (1000,))
    except (NotImplementedError, RuntimeError, AttributeError, TypeError) as error:
        pytest.skip(f"no kernels on the CPU: {error}"[:80])
    assert np.array_equal(theirs.numpy(), ai.draws.uniform(1000, key=42))
    for i in range(3):
        words = random.fold_in(key, i).tolist()
        folded = ai.key(42).fold_in(i)
        assert [w % 2**64 for w in words] == [folded.seed, folded.offset]
    split = random.split(key, 4).tolist()
    assert [[w % 2**64 for w in row] for row in split] == [
        [k.seed, k.offset] for k in ai.key(42).split(4)
    ]


def test_a_tensor_of_inference_mode_is_written_only_there():
    with torch.inference_mode():
        tensor = torch.zeros(3)
        ai.normal().fill(tensor, key=0)
    before = tensor.tolist()
    for init in (ai.normal(), ai.ones()):
        with pytest.raises(ai.ParameterError, match=r"`out` must be writable, .*inference mode"):
            init.fill(tensor, key=1)
    assert tensor.tolist() == before
    ordinary = torch.zeros(3)
    with torch.inference_mode():
        ai.normal().fill(ordinary, key=0)
    assert ordinary.tolist() == before
