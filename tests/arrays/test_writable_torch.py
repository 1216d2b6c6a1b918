"""Tensors that keep what is written, and those that are refused before anything is."""

from __future__ import annotations

import subprocess
import sys
import warnings

import numpy as np
import pytest

import agnostic_init as ai
from agnostic_init.arrays.target import library_of
from agnostic_init.compat import torch_init
from agnostic_init.draws.engines import host

torch = pytest.importorskip("torch")

from torch.nn.utils import parametrizations, prune

pytestmark = [
    pytest.mark.filterwarnings("ignore::FutureWarning:torch"),
    pytest.mark.filterwarnings("ignore::UserWarning"),
]


def freed(tensor):
    tensor.untyped_storage().resize_(0)
    return tensor


def shortened(tensor):
    tensor.untyped_storage().resize_(8)
    return tensor


def marked(tensor, **attributes):
    for name, value in attributes.items():
        setattr(tensor, name, value)
    return tensor


def parameter(*shape):
    return torch.nn.Parameter(torch.zeros(*(shape or (4, 3))))


def pruned():
    module = torch.nn.Linear(3, 4)
    prune.random_unstructured(module, "weight", 0.5)
    return module.weight


def in_inference():
    with torch.inference_mode():
        return torch.zeros(3)


class Holder(torch.Tensor):
    """A tensor of another's elements, which takes operations over, as those of torchao do."""

    takes = ("detach", "alias")

    @staticmethod
    def __new__(cls, inner):
        return torch.Tensor._make_wrapper_subclass(cls, inner.shape, dtype=inner.dtype)

    def __init__(self, inner):
        self.inner = inner

    def __tensor_flatten__(self):
        return ["inner"], None

    @classmethod
    def __tensor_unflatten__(cls, inner, context, size, stride):
        return cls(inner["inner"])

    @classmethod
    def __torch_dispatch__(cls, function, types, args=(), kwargs=None):
        if function.overloadpacket.__name__ not in cls.takes:
            raise NotImplementedError(function)
        inside = torch.utils._pytree.tree_map(lambda x: x.inner if type(x) is cls else x, args)
        made = function(*inside, **(kwargs or {}))
        return cls(made) if function.overloadpacket.__name__ in Holder.takes else made


class Writable(Holder):
    """One that takes a copy."""

    takes = ("detach", "alias", "copy_")


REFUSED = {
    "freed": (lambda: freed(torch.zeros(4)), "less memory than elements"),
    "freed parameter": (lambda: freed(parameter()), "less memory than elements"),
    "shortened": (lambda: shortened(torch.zeros(4)), "less memory than elements"),
    "meta": (lambda: torch.zeros(4, device="meta"), r"meta device.*to_empty\(device='cpu'\)"),
    "meta parameter": (lambda: torch.nn.Linear(2, 3, device="meta").weight, "meta device"),
    "another dtype": (lambda: parameter().double(), "was computed"),
    "clone": (lambda: parameter().clone(), "was computed, so that what it was computed from"),
    "taken": (lambda: parameter()[[0, 1]], r"was computed.*module\.weight = init\(shape"),
    "a part of a clone": (lambda: parameter().clone()[1:], "was computed"),
    "contiguous": (lambda: parameter().T.contiguous(), "was computed"),
    "weight norm": (
        lambda: parametrizations.weight_norm(torch.nn.Linear(3, 4)).weight, "was computed"
    ),
    "old weight norm": (
        lambda: torch.nn.utils.weight_norm(torch.nn.Linear(3, 4)).weight, "was computed"
    ),
    "orthogonal": (
        lambda: parametrizations.orthogonal(torch.nn.Linear(3, 3)).weight, "was computed"
    ),
    "pruned": (pruned, "was computed"),
    "nested": (
        lambda: torch.nested.nested_tensor([torch.zeros(2), torch.zeros(3)]), "is a nested tensor"
    ),
    "jagged": (
        lambda: torch.nested.nested_tensor([torch.zeros(2), torch.zeros(3)], layout=torch.jagged),
        "is a nested tensor",
    ),
    "quantized": (
        lambda: torch.quantize_per_tensor(torch.zeros(3), 0.1, 0, torch.quint8), "is quantized"
    ),
    "masked": (
        lambda: torch.masked.masked_tensor(torch.zeros(3), torch.tensor([True, False, True])),
        r"is a masked tensor.*get_data",
    ),
    "COO": (lambda: torch.zeros(3, 3).to_sparse(), "has the layout torch.sparse_coo"),
    "CSR": (lambda: torch.zeros(3, 3).to_sparse_csr(), "has the layout torch.sparse_csr"),
    "zeros that share": (lambda: torch._efficientzerotensor((2, 3)), "shared zero without memory"),
    "expanded": (lambda: torch.zeros(1, 3).expand(4, 3), "share memory.*try: a copy of it"),
    "inference": (in_inference, "inference mode"),
    "lazy": (lambda: torch.nn.LazyLinear(3).weight, "no shape yet.*call of the module"),
    "lazy buffer": (lambda: torch.nn.LazyBatchNorm1d().running_mean, "no shape yet"),
    "ZeRO-3": (
        lambda: marked(parameter(0), ds_shape=torch.Size((4, 3))), "ZeRO-3.*GatheredParameters"
    ),
    "flat of FSDP": (lambda: marked(parameter(12), _is_flat_param=True), "summon_full_params"),
    "no copy": (lambda: Holder(torch.zeros(3)), r"is of Holder, which takes no values \(NotImpl"),
}  # fmt: skip

WRITTEN = {
    "tensor": lambda: torch.zeros(4, 3),
    "parameter": parameter,
    "double": lambda: torch.zeros(4, 3, dtype=torch.float64),
    "scalar": lambda: torch.zeros(()),
    "no elements": lambda: torch.zeros(0, 3),
    "a part": lambda: parameter()[1:],
    "a column": lambda: parameter()[:, 1],
    "transposed": lambda: parameter().T,
    "detached": lambda: parameter().detach(),
    "data": lambda: parameter().data,
    "chunk": lambda: parameter().chunk(2)[1],
    "unbound": lambda: parameter().unbind()[1],
    "buffer": lambda: torch.nn.Buffer(torch.zeros(3)),
    "original": lambda: (
        parametrizations.weight_norm(torch.nn.Linear(3, 4)).parametrizations.weight.original1
    ),
    "gathered ZeRO-3": lambda: marked(parameter(4, 3), ds_shape=torch.Size((4, 3))),
    "unsharded FSDP": lambda: marked(parameter(4, 3), _fsdp_flattened=True),
    "conjugate": lambda: torch.zeros(4, 3, dtype=torch.complex64).conj(),
    "negative": lambda: torch.zeros(4, 3, dtype=torch.complex64).conj().imag,
    "imaginary": lambda: torch.zeros(4, 3, dtype=torch.complex64).imag,
    "subclass": lambda: Writable(torch.zeros(4, 3)),
    "channels last": lambda: torch.zeros(2, 3, 4, 5).to(memory_format=torch.channels_last),
}


@pytest.mark.parametrize("name", REFUSED)
def test_what_would_be_lost_is_refused(name):
    make, words = REFUSED[name]
    tensor = make()
    for call in (
        lambda: ai.normal().fill(tensor, key=0),
        lambda: ai.zeros().fill(tensor),
        lambda: ai.orthogonal().fill(tensor, key=0),
        lambda: ai.draws.uniform((3,), key=0, out=tensor),
    ):
        with pytest.raises(ai.ParameterError, match=f"`out` must be writable, but it .*{words}"):
            call()


@pytest.mark.parametrize("name", [n for n in REFUSED if n not in ("lazy", "lazy buffer")])
def test_nothing_is_written_before(name):
    good = torch.zeros(3)
    with pytest.raises(ai.ParameterError, match="parameter 'bad': `array` must be writable"):
        ai.fill_tree({"good": good, "bad": REFUSED[name][0]()}, {"*": ai.ones()}, key=0)
    assert not good.any()


@pytest.mark.parametrize("name", REFUSED)
def test_the_names_of_torch_refuse_it_too_but_for_the_meta_device(name):
    make, words = REFUSED[name]
    tensor = make()
    if name.startswith("meta"):
        assert torch_init.normal_(tensor) is tensor
    elif name.startswith("lazy"):
        with pytest.raises(ValueError, match="uninitialized parameter"):  # as torch
            torch_init.normal_(tensor)
    elif name == "quantized":
        with pytest.raises(NotImplementedError, match="must be real or complex"):
            torch_init.normal_(tensor)
    else:
        with pytest.raises(ai.ParameterError, match=f"`tensor` must be writable, but it .*{words}"):
            torch_init.normal_(tensor)


@pytest.mark.parametrize("name", WRITTEN)
def test_what_is_kept_is_written(name):
    tensor = WRITTEN[name]()
    assert library_of(tensor).why_not_writable(tensor) is None
    shape, dtype = tuple(tensor.shape), str(tensor.dtype).removeprefix("torch.")
    assert ai.normal().fill(tensor, key=0) is tensor
    inside = tensor.inner if isinstance(tensor, Holder) else tensor.detach()
    expected = ai.normal()(shape, key=0, dtype=dtype)
    assert np.array_equal(inside.resolve_conj().resolve_neg().numpy(), expected)


def test_a_write_in_inference_mode_into_what_was_made_there():
    with torch.inference_mode():
        tensor = torch.zeros(3)
        ai.normal().fill(tensor, key=0)
        assert tensor.any()


@pytest.mark.parametrize("dtype", [torch.float32, torch.bfloat16, torch.complex64])
@pytest.mark.parametrize("native", [True, False], ids=["native", "numpy"])
@pytest.mark.parametrize("init", [ai.normal(), ai.orthogonal(), ai.zeros(), ai.sparse(0.5)])
def test_the_storage_stays_resizable(init, native, dtype, monkeypatch):
    if not native:
        monkeypatch.setattr(host, "in_use", lambda: False)
    tensor = torch.empty(4, 4, dtype=dtype)
    init.fill(tensor, key=0)
    init.fill(tensor.T, key=0)
    assert tensor.untyped_storage().resizable()
    made = init((4, 4), key=0, like=tensor)
    made.resize_(100)
    tensor.resize_(100)


def test_a_clone_that_is_copied_when_it_is_written():
    one = torch.zeros(8)
    other = torch._lazy_clone(one)
    ai.normal().fill(other, key=0)
    assert not one.any()
    another = torch._lazy_clone(one)
    ai.normal().fill(one, key=0)
    assert not another.any()


def test_a_tensor_that_stands_for_another():
    inner = torch.zeros(8)
    outer = torch._to_functional_tensor(inner)
    ai.normal().fill(outer, key=0)
    torch._sync(outer)
    assert np.array_equal(torch._from_functional_tensor(outer).numpy(), ai.normal()(8, key=0))


LOST = {
    "freed": lambda: freed(torch.zeros(4)),
    "a part of freed": lambda: freed(torch.zeros(8)[4:]),
    "shortened": lambda: shortened(torch.zeros(4)),
    "meta": lambda: torch.zeros(4, device="meta"),
    "lazy": lambda: torch.nn.LazyLinear(3).weight,
}


@pytest.mark.parametrize("make", LOST.values(), ids=LOST)
def test_what_has_no_values_is_not_read(make, tmp_path):
    """By torch, which is another process's end: it reads where nothing is."""
    tensor = make()
    words = "must have values|must be whole, with values|got a .* without values"

    def write():
        with ai.checkpoint.Writer(tmp_path / "w.safetensors", {"w": (4,)}) as writer:
            writer.write("w", tensor)

    for read in (
        lambda: ai.fingerprint(tensor),
        lambda: ai.fingerprint({"w": tensor}),
        lambda: ai.constant(tensor),
        lambda: ai.class_prior(tensor),
        lambda: ai.masked("ones", tensor),
        lambda: ai.linalg.pissa(tensor, 1),
        lambda: ai.checkpoint.check({"w": tensor}),
        write,
    ):
        with pytest.raises((ai.ParameterError, ai.ParameterTypeError), match=words):
            read()


def test_an_audit_lists_what_has_lost_its_memory():
    module = torch.nn.Linear(3, 4)
    freed(module.weight)
    with pytest.raises(ai.ParameterError, match=r"1 of 2 that are not: weight \(12 elements"):
        ai.audit(module)


def test_memory_of_a_storage_that_was_freed_and_allocated_again():
    tensor = torch.zeros(64)
    storage = tensor.untyped_storage()
    ai.normal().fill(tensor, key=0)
    storage.resize_(0)
    with pytest.raises(ai.ParameterError, match="less memory than elements"):
        ai.normal().fill(tensor, key=0)
    storage.resize_(256)
    ai.normal().fill(tensor, key=1)
    assert np.array_equal(tensor.numpy(), ai.normal()(64, key=1))


def test_a_plain_tensor_costs_two_calls():
    weight = parameter()
    library = library_of(weight)
    library.why_not_writable(weight)
    calls = []
    sys.setprofile(lambda frame, event, _: event == "call" and calls.append(frame.f_code.co_name))
    library.why_not_writable(weight)
    sys.setprofile(None)
    assert calls == ["why_not_writable", "plain"]


def test_what_is_filled_is_said_not_to_have_been_in_no_other_way():
    """No warning either: an error is all."""
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        ai.normal().fill(parameter(), key=0)


FSDP_1 = """
import sys

import torch
import torch.distributed as dist
from torch.distributed.fsdp import FullyShardedDataParallel as FSDP

import agnostic_init as ai

meeting, rank = sys.argv[1:]
dist.init_process_group("gloo", init_method="file://" + meeting, rank=int(rank), world_size=2)
for orig in (False, True):
    module = FSDP(torch.nn.Linear(5, 7), device_id=torch.device("cpu"), use_orig_params=orig)
    for name, parameter in module.named_parameters():
        try:
            ai.normal().fill(parameter, key=0)
        except ai.ParameterError as error:
            assert "summon_full_params" in str(error), error
        else:
            raise AssertionError(name)
    with FSDP.summon_full_params(module):
        weights = {
            name.rpartition(".")[2]: parameter.data for name, parameter in module.named_parameters()
        }
        ai.fill_tree(weights, {"*": ai.normal()}, key=0)
    with FSDP.summon_full_params(module):
        for name, parameter in module.named_parameters():
            short = name.rpartition(".")[2]
            whole = ai.normal()(parameter.shape, key=ai.key(0).fold_in(short), xp=torch)
            assert torch.equal(parameter, whole), name
dist.destroy_process_group()
"""


@pytest.mark.slow
@pytest.mark.skipif(not torch.distributed.is_available(), reason="torch without torch.distributed")
def test_two_processes_of_fsdp(tmp_path):
    command = [sys.executable, "-W", "ignore", "-c", FSDP_1, str(tmp_path / "meeting")]
    both = [subprocess.Popen([*command, rank]) for rank in "01"]
    assert [process.wait(timeout=100) for process in both] == [0, 0]
