"""DTensor and FSDP2: each process writes its own part of the same global array."""

from __future__ import annotations

import inspect
import subprocess
import sys

import pytest

import agnostic_init as ai
from agnostic_init.arrays.errors import ParameterError
from agnostic_init.compat import torch_init
from agnostic_init.linalg import haar_matrices

torch = pytest.importorskip("torch")
if not torch.distributed.is_available():
    pytest.skip("torch was built without torch.distributed", allow_module_level=True)

import torch.distributed as dist
import torch.distributed.tensor as dtensor
from torch._subclasses.fake_tensor import FakeTensorMode
from torch.distributed.device_mesh import init_device_mesh
from torch.distributed.fsdp import fully_shard
from torch.distributed.tensor import DTensor, Partial, Replicate, Shard
from torch.distributed.tensor.debug import CommDebugMode
from torch.distributed.tensor.placement_types import _StridedShard
from torch.fx.experimental.proxy_tensor import make_fx
from torch.testing._internal.distributed.fake_pg import FakeStore

pytestmark = pytest.mark.filterwarnings("ignore::UserWarning:torch", "ignore::FutureWarning:torch")
if "src_data_rank" not in inspect.signature(dtensor.distribute_tensor).parameters:
    pytest.skip("torch before 2.7 cuts no tensor without asking others", allow_module_level=True)

RANKS = 4
INITIALIZERS = {
    "normal": ai.normal(),
    "orthogonal": ai.orthogonal(),
    "sparse": ai.sparse(0.5),
    "identity": ai.identity(),
    "ones": ai.ones(),
    "constant": ai.constant([1.0, 2.0, 3.0]),
}
PLACEMENTS = {
    "rows": [Replicate(), Shard(0)],
    "columns": [Shard(1), Replicate()],
    "both": [Shard(0), Shard(1)],
    "rows twice": [Shard(0), Shard(0)],
    "rows as FSDP and tensor parallelism": [_StridedShard(0, split_factor=2), Shard(0)],
    "rows apart": [_StridedShard(0, split_factor=2), Replicate()],
    "nowhere": [Replicate(), Replicate()],
}


@pytest.fixture(params=range(RANKS))
def mesh(request):
    """Each place of a mesh of two by two in turn, with nobody at the others."""
    dist.init_process_group("fake", store=FakeStore(), rank=request.param, world_size=RANKS)
    yield init_device_mesh("cpu", (2, 2), mesh_dim_names=("dp", "tp"))
    dist.destroy_process_group()


@pytest.fixture
def line():
    """The second of two; no other in this process, as torch remembers the meshes of operations."""
    dist.init_process_group("fake", store=FakeStore(), rank=1, world_size=2)
    yield init_device_mesh("cpu", (2,))
    dist.destroy_process_group()


def cut(whole, mesh, placements):
    """What torch gives this process of an array that all have."""
    return dtensor.distribute_tensor(whole, mesh, placements, src_data_rank=None)


@pytest.mark.parametrize("init", INITIALIZERS.values(), ids=INITIALIZERS)
@pytest.mark.parametrize("placements", PLACEMENTS.values(), ids=PLACEMENTS)
@pytest.mark.parametrize("length", [9, 8, 1])
def test_every_part_is_that_of_the_whole(init, placements, length, mesh):
    whole = init((length, 3), key=0, xp=torch)
    array = cut(torch.zeros_like(whole), mesh, placements)
    version = array._version
    assert init.fill(array, key=0) is array
    assert torch.equal(array.to_local(), cut(whole, mesh, placements).to_local())
    assert array._version > version


@pytest.mark.parametrize("dtype", [torch.bfloat16, torch.float64, torch.complex64])
@pytest.mark.parametrize("init", [ai.normal(), ai.orthogonal(), ai.orthogonal(layout="torch")])
def test_dtypes(init, dtype, mesh):
    whole = init((6, 5), key=0, xp=torch, dtype=dtype)
    array = cut(torch.zeros_like(whole), mesh, [Shard(0), Shard(1)])
    init.fill(array, key=0)
    assert torch.equal(array.to_local(), cut(whole, mesh, [Shard(0), Shard(1)]).to_local())


def test_a_stack_of_orthogonal_kernels(mesh):
    init = ai.orthogonal(layout="b o i *k")
    whole = init((4, 6, 3, 2), key=0, xp=torch)
    array = cut(torch.zeros_like(whole), mesh, [Shard(0), Shard(3)])
    init.fill(array, key=0)
    torch.testing.assert_close(array.to_local(), cut(whole, mesh, [Shard(0), Shard(3)]).to_local())


def test_a_block_of_a_larger_array(mesh):
    index = (slice(2, 11), slice(None, None, 2))
    block = ai.normal()((20, 6), key=0, xp=torch, index=index)
    array = cut(torch.zeros_like(block), mesh, [Shard(0), Shard(0)])
    ai.normal().fill(array, key=0, index=index, global_shape=(20, 6))
    assert torch.equal(array.to_local(), cut(block, mesh, [Shard(0), Shard(0)]).to_local())


def test_draws_and_torch_init(mesh):
    array = cut(torch.zeros(7, 3), mesh, [Shard(0), Shard(1)])
    ai.draws.uniform((7, 3), key=1, out=array)
    whole = ai.draws.uniform((7, 3), key=1, xp=torch)
    assert torch.equal(array.to_local(), cut(whole, mesh, [Shard(0), Shard(1)]).to_local())
    torch_init.kaiming_uniform_(array, generator=1)
    whole = torch_init.kaiming_uniform_(torch.empty(7, 3), generator=1)
    assert torch.equal(array.to_local(), cut(whole, mesh, [Shard(0), Shard(1)]).to_local())


def test_parts_of_a_sum_are_refused(mesh):
    array = DTensor.from_local(torch.zeros(3), mesh, [Replicate(), Partial()], run_check=False)
    with pytest.raises(ParameterError, match=r"`out` must be writable, .* sum over the mesh"):
        ai.normal().fill(array, key=0)
    assert not array.to_local().any()


RULES = {"*.weight": ai.normal(), "*": ai.uniform()}


def model():
    return torch.nn.Sequential(torch.nn.Linear(5, 7), torch.nn.Linear(7, 3))


def expected(arrays, line):
    specs = {name: tuple(array.shape) for name, array in arrays.items()}
    for name, whole in ai.init_tree(specs, RULES, key=0, xp=torch).items():
        yield arrays[name].to_local(), cut(whole, line, [Shard(0)]).to_local()


def test_fsdp(line):
    sharded = fully_shard(model(), mesh=line)
    parameters = dict(sharded.named_parameters())
    ai.fill_tree(parameters, RULES, key=0)
    for got, want in expected(parameters, line):
        assert torch.equal(got, want)


def test_fsdp_between_unshard_and_reshard(line):
    """What is gathered is a plain parameter, whose storage is freed again by its size."""
    sharded = fully_shard(model(), mesh=line)
    sharded.unshard()
    whole = dict(sharded.named_parameters())
    assert not any(isinstance(each, DTensor) for each in whole.values())
    for given in (whole, [*whole.items()], sharded):
        with pytest.raises(
            ParameterError, match=r"FSDP2 has gathered: what is written there is lost"
        ):
            ai.fill_tree(given, RULES, key=0)
    sharded.reshard()
    ai.fill_tree(dict(sharded.named_parameters()), RULES, key=0)
    for each in whole.values():
        assert each.untyped_storage().nbytes() == 0
        with pytest.raises(ParameterError, match="less memory than elements"):
            ai.normal().fill(each, key=0)


def test_a_part_of_a_parameter_that_is_gathered_for_it_is_a_copy(line):
    array = torch.nn.Parameter(cut(torch.zeros(6, 3), line, [Shard(0)]))
    for copy in (array[1:4], array.detach()[:4], array.full_tensor(), array.float().double()):
        with pytest.raises(ParameterError, match="was computed"):
            ai.normal().fill(copy, key=0)
    with torch.no_grad(), pytest.raises(ParameterError, match="was computed"):
        ai.normal().fill(array[1:4], key=0)
    ai.ones().fill(array[:, 1:])
    ai.ones().fill(array.to_local()[:, 0])
    assert array.to_local().sum() == 9


def test_fsdp_from_the_meta_device(line):
    with torch.device("meta"):
        sharded = model()
    fully_shard(sharded, mesh=line)
    parameters = dict(sharded.named_parameters())
    with pytest.raises(ParameterError, match=r"parameter '0.weight': .* meta .*to_empty"):
        ai.fill_tree(parameters, RULES, key=0)
    sharded.to_empty(device="cpu")
    parameters = dict(sharded.named_parameters())
    ai.fill_tree(parameters, RULES, key=0)
    for got, want in expected(parameters, line):
        assert torch.equal(got, want)


def test_patch_after_sharding(line):
    layer = torch.nn.Linear(5, 7)
    fully_shard(layer, mesh=line)
    whole = torch.nn.Linear(5, 7)
    with torch_init.patch(key=3):
        layer.reset_parameters()
    with torch_init.patch(key=3):
        whole.reset_parameters()
    for got, want in zip(layer.parameters(), whole.parameters(), strict=True):
        assert torch.equal(got.to_local(), cut(want.detach(), line, [Shard(0)]).to_local())


def test_in_a_trace_nothing_is_lost(line):
    array = cut(torch.zeros(7, 3), line, [Shard(0)])

    def filled(x):
        return ai.normal().fill(x.clone(), key=0)

    with pytest.raises(ai.ParameterTypeError, match="must be no DTensor while make_fx"):
        make_fx(filled)(array)
    got = torch.compile(filled, backend="eager")(array)
    assert torch.equal(got.to_local(), ai.normal()((7, 3), key=0, xp=torch)[4:])
    with CommDebugMode():
        got = filled(array)
    assert torch.equal(got.to_local(), ai.normal()((7, 3), key=0, xp=torch)[4:])


def test_shards_that_are_fake(line):
    with FakeTensorMode():
        array = DTensor.from_local(torch.empty(3, 3), line, [Shard(0)], run_check=False)
        for init in INITIALIZERS.values():
            init.fill(array, key=0)


@pytest.mark.parametrize(
    "make",
    [
        lambda like: ai.normal()((7, 3), key=0, like=like),
        lambda like: ai.orthogonal()((7, 3), key=0, like=like),
        lambda like: ai.ones()((7, 3), like=like),
        lambda like: ai.draws.normal((7, 3), key=0, like=like),
        lambda like: haar_matrices((7, 3), key=0, like=like),
        lambda like: ai.init_tree({"w": (7, 3)}, {"*": "ones"}, key=0, like=like),
        lambda like: ai.init_tree({"w": like}, {"*": "ones"}, key=0),
    ],
    ids=["normal", "orthogonal", "ones", "draws", "haar_matrices", "init_tree", "specs"],
)
def test_new_arrays_are_not_sharded_and_that_is_said(make, line):
    like = cut(torch.zeros(7, 3), line, [Shard(0)])
    with pytest.raises(ai.ParameterTypeError, match=r"`like` must be .*torch.empty_like\(like\)"):
        make(like)


def test_a_device_goes_before_that_of_a_sharded_array(line):
    like = cut(torch.zeros(7, 3), line, [Shard(0)])
    assert type(ai.normal()((7, 3), key=0, like=like, device="cpu")) is torch.Tensor
    assert torch.equal(
        ai.normal().fill(torch.empty_like(like), key=0).to_local(),
        ai.normal()((7, 3), key=0, xp=torch)[4:],
    )


def test_shards_of_one_memory_are_found(mesh):
    local = torch.zeros(4)
    arrays = {
        name: DTensor.from_local(local, mesh, placements, run_check=False)
        for name, placements in {"a": [Shard(0), Replicate()], "b": [Replicate(), Shard(0)]}.items()
    }
    with pytest.raises(ParameterError, match="must not share memory, as 'a' and 'b' do"):
        ai.fill_tree(arrays, {"*": "ones"}, key=0)
    tied = {"a": arrays["a"], "b": arrays["a"].detach()}
    assert ai.fill_tree(tied, {"*": "ones"}, key=0) is tied
    assert local.all()


ONE_OF_TWO = """
import sys

import torch
import torch.distributed as dist
import torch.distributed.tensor as dtensor
from torch.distributed.device_mesh import init_device_mesh
from torch.distributed.fsdp import fully_shard

import agnostic_init as ai

meeting, rank = sys.argv[1:]
dist.init_process_group("gloo", init_method="file://" + meeting, rank=int(rank), world_size=2)
mesh = init_device_mesh("cpu", (2,))
for init in (ai.normal(), ai.orthogonal(), ai.sparse(0.5), ai.identity()):
    array = dtensor.empty((5, 3), device_mesh=mesh, placements=[dtensor.Shard(0)])
    init.fill(array, key=0)
    assert torch.equal(array.full_tensor(), init((5, 3), key=0, xp=torch)), init
layer = fully_shard(torch.nn.Linear(5, 7), mesh=mesh)
parameters = dict(layer.named_parameters())
ai.fill_tree(parameters, {"*": ai.normal()}, key=0)
for name, array in parameters.items():
    whole = ai.normal()(array.shape, key=ai.key(0).fold_in(name), xp=torch)
    assert torch.equal(array.full_tensor(), whole), name
dist.destroy_process_group()
"""


@pytest.mark.slow
def test_two_processes_agree_on_the_whole(tmp_path):
    command = [sys.executable, "-c", ONE_OF_TWO, str(tmp_path / "meeting")]
    both = [subprocess.Popen([*command, rank]) for rank in "01"]
    assert [process.wait(timeout=100) for process in both] == [0, 0]
