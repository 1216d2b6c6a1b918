"""Fingerprints of torch: tensors by their own operations, modules, DTensors."""

from __future__ import annotations

import subprocess
import sys

import numpy as np
import pytest

import agnostic_init as ai
from agnostic_init.arrays.errors import ParameterError, ParameterTypeError
from agnostic_init.arrays.target import backend

torch = pytest.importorskip("torch")

DTYPES = [
    "float32",
    "float64",
    "float16",
    "bfloat16",
    "int64",
    "int8",
    "uint8",
    "bool",
    "complex64",
    "complex128",
]


def weights(dtype):
    return (ai.normal()((7, 12), key=0, xp=torch) * 9).to(getattr(torch, dtype))


@pytest.mark.filterwarnings("ignore:ComplexHalf")
@pytest.mark.parametrize("dtype", [*DTYPES, "float8_e4m3fn", "uint16", "complex32"])
def test_what_a_gpu_computes_is_what_the_host_does(dtype, monkeypatch):
    from agnostic_init.fingerprints import arrays

    x = weights(dtype)
    library = backend("torch")
    views = [x, x.T, x[:, ::2], x[0, 0], x[:0]]
    expected = [ai.fingerprint(view) for view in views]
    monkeypatch.setattr(library, "host_memory", lambda array: None)
    for most in (1 << 24, 5):
        monkeypatch.setattr(arrays, "ON_DEVICE", most)
        assert [ai.fingerprint(view) for view in views] == expected
        index = (slice(1, 4), slice(None))
        shape = ((1 << 32) + 7, 12)
        far = ((1 << 32) // 12 - 1, (1 << 32) // 12 + 2)
        assert ai.fingerprint(
            x[index], index=(slice(*far), slice(None)), global_shape=shape
        ) == sum(ai.fingerprint(x[n + 1], index=far[0] + n, global_shape=shape) for n in range(3))


def test_conjugates_and_gradients():
    x = weights("complex64")
    assert ai.fingerprint(x.conj()) == ai.fingerprint(x.conj().resolve_conj())
    assert ai.fingerprint(x.imag) == ai.fingerprint(x.imag.clone())
    parameter = torch.nn.Parameter(weights("float32"))
    assert ai.fingerprint(parameter) == ai.fingerprint(parameter.detach().numpy())


def test_a_module_has_that_of_its_parameters(tmp_path):
    import safetensors.torch

    module = torch.nn.Sequential(torch.nn.Linear(3, 4), torch.nn.BatchNorm1d(4))
    parameters = dict(module.named_parameters())
    assert ai.fingerprint(module) == ai.fingerprint(parameters)
    assert ai.fingerprint(torch.nn.DataParallel(module)) == ai.fingerprint(parameters)
    assert ai.fingerprint(module, buffers=True) == ai.fingerprint(module.state_dict())
    safetensors.torch.save_model(module, tmp_path / "model.safetensors")
    assert ai.fingerprint(tmp_path) == ai.fingerprint(module, buffers=True)
    module.register_buffer("cache", torch.zeros(3), persistent=False)
    assert ai.fingerprint(tmp_path) == ai.fingerprint(module, buffers=True)


def test_filled_and_written_is_the_same(tmp_path):
    module = torch.nn.Sequential(torch.nn.Linear(30, 40), torch.nn.Linear(40, 2))
    rules = {"*.bias": "zeros", "*": ai.he_normal("torch")}
    specs = {name: tuple(each.shape) for name, each in module.named_parameters()}
    plan = ai.init_tree(specs, rules, key=1, dry_run=True)
    ai.checkpoint.write_plan(plan, tmp_path / "model.safetensors")
    assert ai.fingerprint(ai.fill_tree(module, rules, key=1)) == ai.fingerprint(tmp_path)


def test_without_values_there_is_none():
    with pytest.raises(ParameterError, match=r"`array` must have values.*to_empty"):
        ai.fingerprint(torch.empty(3, device="meta"))
    with torch.device("meta"):
        module = torch.nn.Linear(2, 2)
    with pytest.raises(ParameterError, match="parameter 'weight': `array` must have values"):
        ai.fingerprint(module)


@pytest.mark.skipif(not torch.cuda.is_available(), reason="needs a GPU")
@pytest.mark.gpu
@pytest.mark.parametrize("dtype", DTYPES)
def test_on_a_gpu(dtype):
    x = weights(dtype)
    assert ai.fingerprint(x.cuda()) == ai.fingerprint(x)
    assert ai.fingerprint(x.cuda().T) == ai.fingerprint(x.T)


PROCESS = """
import sys, warnings
warnings.filterwarnings("ignore")
import torch, torch.distributed as dist, agnostic_init as ai
from torch.distributed.device_mesh import init_device_mesh
from torch.distributed.tensor import Replicate, Shard, Partial, distribute_tensor, DTensor
rank, store = int(sys.argv[1]), sys.argv[2]
dist.init_process_group("gloo", init_method=f"file://{store}", rank=rank, world_size=4)
mesh = init_device_mesh("cpu", (2, 2), mesh_dim_names=("dp", "tp"))
whole = {"w": ai.normal()((7, 10), key=0, xp=torch), "b": torch.ones(3), "plain": torch.ones(2)}
cuts = [[Replicate(), Shard(0)], [Shard(1), Replicate()], [Shard(0), Shard(1)], [Shard(0), Shard(0)], [Replicate()] * 2]
for cut in cuts:
    tree = {"w": distribute_tensor(whole["w"], mesh, cut),
            "b": distribute_tensor(whole["b"], mesh, [Replicate(), Shard(0)]), "plain": whole["plain"]}
    assert ai.fingerprint(tree) == ai.fingerprint(whole), cut
    assert ai.fingerprint(tree, group=dist.group.WORLD) == ai.fingerprint(whole), cut
    assert ai.fingerprint(tree["w"]) == ai.fingerprint(whole["w"]), cut
rows = slice(2 * rank, 2 * rank + 2)
part = ai.normal()((8, 3), key=0, index=(rows,))
made = ai.fingerprint(part, index=rows, global_shape=(8, 3), group=dist.group.WORLD)
assert made == ai.fingerprint(ai.normal()((8, 3), key=0))
try:
    ai.fingerprint(DTensor.from_local(whole["w"], mesh, [Partial(), Replicate()]))
except ai.ParameterError as error:
    assert "no sums that are yet to be made" in str(error)
else:
    raise AssertionError
dist.destroy_process_group()
"""


@pytest.mark.slow
@pytest.mark.skipif(not torch.distributed.is_available(), reason="torch has no torch.distributed")
def test_four_processes_agree_on_the_whole(tmp_path):
    running = [
        subprocess.Popen(
            [sys.executable, "-c", PROCESS, str(rank), str(tmp_path / "store")],
            stderr=subprocess.PIPE,
            text=True,
        )
        for rank in range(4)
    ]
    errors = [each.communicate(timeout=300)[1] for each in running]
    assert [each.returncode for each in running] == [0] * 4, errors


def test_a_gpu_is_not_asked_for_what_is_in_the_hosts_memory(monkeypatch):
    monkeypatch.setattr(backend("torch"), "bits_of", lambda array: 1 / 0)
    assert ai.fingerprint(torch.ones(3)) == ai.fingerprint(np.ones(3, "f4"))


@pytest.mark.filterwarnings("ignore:Sparse CSR", "ignore:The PyTorch API of nested")
@pytest.mark.parametrize(
    ("make", "words"),
    [
        (lambda: torch.eye(3).to_sparse(), r"got torch.sparse_coo; try: array.to_dense\(\)"),
        (lambda: torch.eye(3).to_sparse_csr(), "got torch.sparse_csr"),
        (lambda: torch.nested.nested_tensor([torch.ones(2), torch.ones(3)]), "got a nested tensor"),
    ],
    ids=["coo", "csr", "nested"],
)
def test_what_is_not_dense_is_refused_in_words(make, words, tmp_path):
    array = make()
    words = f"`array` must be a dense tensor, {words}"
    with pytest.raises(ParameterTypeError, match=words):
        ai.fingerprint(array)
    for look in (ai.fingerprint, ai.checkpoint.check):
        with pytest.raises(ParameterTypeError, match=f"'w': {words}"):
            look({"w": array})
    with (
        pytest.raises(ParameterTypeError, match=f"tensor 'w': {words}"),
        ai.checkpoint.Writer(tmp_path / "m", {"w": (3, 3)}) as writer,
    ):
        writer.write("w", array)
