"""poison and audit: what nothing has written is found, and nothing else is."""

from __future__ import annotations

import pickle
import random

import pytest

import agnostic_init as ai
from agnostic_init.arrays.errors import ParameterError, ParameterTypeError

torch = pytest.importorskip("torch")

from tests.models.torch_architectures import ARCHITECTURES
from torch import nn

from agnostic_init.models.torch_audit import Unwritten, unwritten
from agnostic_init.models.torch_names import named_tensors
from agnostic_init.models.torch_patterns import OF_DTYPE

OMISSIONS = 500
EACH = OMISSIONS // len(ARCHITECTURES)


def emptied(make):
    """A model as it is after `to_empty`, and the names that its author knows."""
    with torch.device("meta"):
        model = make()
    names = [name for name, _ in [*model.named_parameters(), *model.named_buffers()]]
    return model.to_empty(device="cpu"), names


def bits(tensor, chance):
    """Any bits that such a tensor may hold."""
    if tensor.dtype is torch.bool:
        return torch.rand(tensor.shape, generator=chance) < 0.5
    size = tensor.numel() * tensor.itemsize
    drawn = torch.randint(0, 256, (size,), generator=chance, dtype=torch.uint8)
    drawn = drawn.view(tensor.dtype).view(tensor.shape)
    if tensor.itemsize == 2 and tensor.is_floating_point():
        drawn[drawn.isnan()] = 0  # of which some are the pattern's
    return drawn


def write(tensor, way, chance):
    with torch.no_grad():
        if way == "bits":
            tensor.copy_(bits(tensor, chance))
        elif tensor.dtype is torch.bool or not (tensor.is_floating_point() or tensor.is_complex()):
            tensor.fill_(way == "ones")
        elif way == "drawn" and tensor.itemsize > 1:
            ai.normal().fill(tensor, key=chance)
        else:
            tensor.copy_(torch.full(tensor.shape, float(way == "ones")))


def tensors(model):
    return dict([*model.named_parameters(), *model.named_buffers()])


@pytest.mark.parametrize(
    ("number", "make"), list(enumerate(ARCHITECTURES.values())), ids=list(ARCHITECTURES)
)
def test_what_is_left_out_is_found_and_nothing_else(number, make):
    """500 omissions in all: one name, several, a slice of one, or the other names of what was tied."""
    model, known = emptied(make)
    found = tensors(model)
    untied = set(found) - set(known)
    for seed in range(EACH):
        chooser = random.Random(1000 * number + seed)
        chance = torch.Generator().manual_seed(1000 * number + seed)
        filled = [name for name in found if found[name].numel()]
        kind = chooser.choice(["one", "several", "slice", "tie" if untied else "one"])
        if kind == "tie":
            left = untied
        else:
            left = set(chooser.sample(filled, min(len(filled), 1 if kind != "several" else 3)))
        way = chooser.choice(["bits", "ones", "zeros", "drawn"])
        ai.poison(model)
        assert {each.name for each in unwritten(model)} == set(filled)
        want = {name: found[name].numel() for name in left}
        for name in filled:
            if name not in left:
                write(found[name], way, chance)
            elif kind == "slice" and len(found[name].shape) and found[name].shape[0] > 4:
                write(found[name][4:], way, chance)
                if found[name][:4].numel() * found[name].itemsize < 16:
                    write(found[name][:4], way, chance)
                    del want[name]
                else:
                    want[name] = found[name][:4].numel()
        got = {each.name: each.elements for each in unwritten(model)}
        assert set(got) == set(want), (kind, way)
        for name, elements in want.items():
            edge = 16 // found[name].itemsize  # what shares eight bytes with others
            assert elements - edge <= got[name] <= elements
        for name in left:
            write(found[name], way, chance)
        assert unwritten(model) == []
        ai.audit(model)


@pytest.fixture
def line():
    """The second of two; no other in this process, as torch remembers the meshes of operations."""
    distributed = pytest.importorskip("torch.distributed")
    if not distributed.is_available():
        pytest.skip("torch was built without torch.distributed")
    fake = pytest.importorskip("torch.testing._internal.distributed.fake_pg")
    distributed.init_process_group("fake", store=fake.FakeStore(), rank=1, world_size=2)
    yield distributed.device_mesh.init_device_mesh("cpu", (2,))
    distributed.destroy_process_group()


@pytest.mark.parametrize("name", ["mlp", "gpt, tied", "llama, tied", "experts", "mapped"])
def test_shards_that_are_left_out(name, line):
    fsdp = pytest.importorskip("torch.distributed.fsdp")
    with torch.device("meta"):
        model = ARCHITECTURES[name]()
    fsdp.fully_shard(model, mesh=line)
    known = dict(model.named_parameters())
    model.to_empty(device="cpu")
    parameters = {name: each for name, each in model.named_parameters() if each.to_local().numel()}
    assert set(parameters) <= set(known)
    rules = {"*": ai.normal()}
    for seed in range(20):
        left = random.Random(seed).choice(list(parameters))
        ai.poison(model)
        for buffer in model.buffers():
            write(buffer, "ones", None)
        ai.fill_tree({n: each for n, each in parameters.items() if n != left}, rules, key=seed)
        size = parameters[left].to_local().numel()
        assert unwritten(model) == [Unwritten(left, size, size)]
        ai.fill_tree({left: parameters[left]}, rules, key=seed)
        ai.audit(model)


@pytest.mark.filterwarnings("ignore:ComplexHalf:UserWarning")
def test_every_dtype_is_written_and_found_at_any_place_in_memory():
    integers = [getattr(torch, f"{u}int{n}") for u in ("", "u") for n in (8, 16, 32, 64)]
    packed = [torch.float4_e2m1fn_x2] if hasattr(torch, "float4_e2m1fn_x2") else []  # since 2.8
    for dtype in [*OF_DTYPE, *integers, *packed]:
        for offset in (0, 1, 3):
            for length in (1, 2, 7, 8, 40):
                module = nn.Module()
                memory = torch.zeros(
                    (offset + length) * torch.empty((), dtype=dtype).itemsize, dtype=torch.uint8
                )
                module.register_buffer("a", memory.view(dtype)[offset:])
                ai.poison(module)
                assert unwritten(module) == [Unwritten("a", length, length)], (dtype, offset)
                if dtype.is_floating_point and module.a.itemsize > 1:
                    assert module.a.isnan().all()
                module.a.view(torch.uint8).fill_(0)
                assert unwritten(module) == []


def test_memory_that_is_no_run():
    module = nn.Module()
    whole = torch.zeros(6, 8)
    module.register_buffer("a", whole[:, ::2])
    module.register_buffer("b", torch.zeros(4, 6).t())
    ai.poison(module)
    assert not whole[:, 1::2].any()
    assert unwritten(module) == [Unwritten("a", 24, 24), Unwritten("b", 24, 24)]
    module.a.fill_(1)
    module.b[:, 1:].fill_(1)
    assert unwritten(module) == [Unwritten("b", 6, 24)]


@pytest.mark.parametrize("dtype", [torch.float32, torch.bfloat16, torch.float64, torch.complex64])
def test_single_elements_are_found_wherever_they_are(dtype):
    model = nn.ParameterDict({"w": torch.zeros(7, 9, dtype=dtype)})
    for left in ([0], [1], [62], [31], [5, 6, 7, 8, 9]):
        ai.poison(model)
        written = [n for n in range(63) if n not in left]
        model["w"].data.view(-1)[written] = 1
        assert unwritten(model) == [Unwritten("w", len(left), 63)]
    ai.poison(model)
    model["w"].data[:, ::2] = 0
    assert unwritten(model) == [Unwritten("w", 28, 63)]


@pytest.mark.parametrize("dtype", [torch.float16, torch.bfloat16, torch.float64])
def test_a_cast_hides_nothing(dtype):
    model = nn.BatchNorm1d(6)
    ai.poison(model)
    nn.init.zeros_(model.bias)
    model.weight.data[:4] = 1
    model.num_batches_tracked.zero_()
    model.running_var.fill_(1)
    model.to(dtype)
    assert unwritten(model) == [Unwritten("weight", 2, 6), Unwritten("running_mean", 6, 6)]


def test_what_is_computed_of_it_is_found_as_well():
    layer = nn.Linear(4, 3)
    ai.poison(layer)
    with torch.no_grad():
        layer.weight.mul_(0.02)
        layer.bias.zero_()
    assert [each.name for each in unwritten(layer)] == ["weight"]


def test_the_same_byte_is_no_alarm_where_torch_has_seen_a_write():
    module = nn.Module()
    module.register_buffer("byte", torch.zeros(1, dtype=torch.uint8))
    module.register_buffer("eighth", torch.zeros(64).to(torch.float8_e4m3fn))
    ai.poison(module)
    assert len(unwritten(module)) == 2
    module.byte.fill_(int(module.byte))
    module.eighth.copy_(torch.full((64,), torch.nan))
    assert unwritten(module) == []


def test_the_block_lists_what_is_left_by_its_canonical_name():
    model, _ = emptied(ARCHITECTURES["gpt, tied"])
    parallel = nn.DataParallel(model)
    rules = {"*norm.weight": "ones", "*.weight": ai.normal(), "*": "zeros"}
    message = (
        r"`module` must have all its tensors written, got 2 of 15 that are not: mask \(36 elements\)"
        r", position_ids \(6\); try: a rule or a line for each"
    )
    with pytest.raises(ParameterError, match=message), ai.poison(parallel):
        ai.fill_tree(parallel, {"attn.in_proj_weight": "zeros", **rules}, key=0)
    with ai.poison(model, buffers=False) as poisoned:
        ai.fill_tree(model, {"attn.in_proj_weight": "zeros", **rules}, key=0)
    assert poisoned.module is model
    ai.poison(model)
    for each in named_tensors(model, buffers=True):
        if each.name != "norm.bias":
            write(each.tensor, "ones", None)
    model.norm.bias.detach()[:4] = 0
    with pytest.raises(ParameterError, match=r"got 1 of 15 .*: norm\.bias \(4 of 8 elements\)"):
        ai.audit(model)


def test_many_are_counted_and_not_all_listed():
    model = nn.Sequential(*[nn.Linear(1, 1) for _ in range(30)])
    ai.poison(model)
    with pytest.raises(ParameterError, match=r"got 60 of 60 .* and 20 more; try"):
        ai.audit(model)


def test_an_error_inside_is_the_one_that_is_told():
    model = nn.Linear(2, 3)
    with (
        pytest.raises(ParameterError, match="must match every parameter") as caught,
        ai.poison(model),
    ):
        ai.fill_tree(model, {"weight": "ones"}, key=0)
    assert caught.value.__notes__[-1] == (
        "not written when this happened: weight (6 elements), bias (3)"
    )
    with pytest.raises(KeyError) as caught, ai.poison(model):
        {}[ai.fill_tree(model, {"*": "ones"}, key=0)]
    assert not hasattr(caught.value, "__notes__")


def test_what_has_no_memory_is_refused_before_anything_is_lost():
    model = nn.Sequential(nn.Linear(2, 3), nn.Linear(3, 1, device="meta"))
    before = model[0].weight.clone()
    with pytest.raises(
        ParameterError, match=r"memory in all its tensors, but '1.weight' is on the meta.*to_empty"
    ):
        ai.poison(model)
    assert torch.equal(model[0].weight, before)
    assert [each.name for each in unwritten(model)] == ["1.weight", "1.bias"]
    with pytest.raises(ParameterTypeError, match="must be a module of torch"):
        ai.poison({"a": torch.zeros(3)})
    with pytest.raises(ParameterError, match="no shape yet"):
        ai.poison(nn.LazyLinear(3))


def test_what_is_loaded_is_written():
    model = ARCHITECTURES["convolutions"]()
    state = pickle.loads(pickle.dumps(model.state_dict()))
    with ai.poison(model):
        model.load_state_dict(state)
    other = ARCHITECTURES["convolutions"]()
    with ai.poison(other):
        other.load_state_dict(state, assign=True)


def test_values_do_not_survive():
    layer = nn.Linear(2, 3)
    ai.poison(layer)
    assert layer(torch.zeros(2)).isnan().all()
