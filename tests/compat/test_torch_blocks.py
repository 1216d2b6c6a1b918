"""Blocks in their surroundings: contexts, threads, other modes, pickles, compilers, and torch's generators."""

from __future__ import annotations

import asyncio
import contextlib
import contextvars
import inspect
import os
import pickle
import subprocess
import sys
import threading
import time
import types

import pytest

import agnostic_init as ai
from agnostic_init.compat import torch_init
from agnostic_init.compat.torch_init import patch, skip_init

torch = pytest.importorskip("torch")
from torch.overrides import TorchFunctionMode, _get_current_function_mode_stack

from agnostic_init.compat.torch_init.watching import EscapedError

nn = torch.nn
FIRST = ai.normal()((3,), key=ai.key(0).fold_in(0), xp=torch)
SECOND = ai.normal()((3,), key=ai.key(0).fold_in(1), xp=torch)


@pytest.fixture(autouse=True)
def _as_before():
    state = torch.get_rng_state()
    codes = [function.__code__ for function in functions()]
    yield
    torch.set_rng_state(state)
    assert not _get_current_function_mode_stack()
    assert [function.__code__ for function in functions()] == codes


def functions():
    return [getattr(nn.init, name) for name in torch_init.__all__ if hasattr(nn.init, name)]


def drawn(n=3):
    return nn.init.normal_(torch.empty(n))


def unseen():
    with torch._C.DisableTorchFunction():
        return torch.randn(3)


# Contexts and threads ---------------------------------------------------------------------------


def test_a_task_of_asyncio_has_blocks_of_its_own():
    async def inside(entered, leave):
        with patch(key=0):
            entered.set()
            await leave.wait()
            return drawn()

    async def main():
        entered, leave = asyncio.Event(), asyncio.Event()
        task = asyncio.create_task(inside(entered, leave))
        await entered.wait()
        state = torch.get_rng_state()
        torch.manual_seed(3)
        outside = drawn()
        torch.manual_seed(3)
        with torch._C.DisableTorchFunction():
            assert torch.equal(outside, torch.empty(3).normal_())
        torch.set_rng_state(state)
        leave.set()
        return await task

    assert torch.equal(asyncio.run(main()), FIRST)


def test_blocks_of_tasks_may_end_in_any_order():
    async def one(key, entered, leave):
        with patch(key=key):
            entered.set()
            await leave.wait()
            return drawn()

    async def main():
        events = [(asyncio.Event(), asyncio.Event()) for _ in range(2)]
        tasks = []
        for key, pair in enumerate(events):
            tasks.append(asyncio.create_task(one(key, *pair)))
            await pair[0].wait()
        found = []
        for task, (_, leave) in zip(tasks, events, strict=True):
            leave.set()
            found.append(await task)
        return found

    first, second = asyncio.run(main())
    assert torch.equal(first, FIRST)
    assert torch.equal(second, ai.normal()((3,), key=ai.key(1).fold_in(0), xp=torch))


def test_a_generator_that_is_closed_late():
    def block(key):
        with patch(key=key):
            yield

    outer, inner = block(1), block(0)
    next(outer)
    next(inner)
    outer.close()
    assert torch.equal(drawn(), FIRST)
    inner.close()
    assert not _get_current_function_mode_stack()


def test_a_block_that_is_left_in_another_context():
    block = skip_init()
    contextvars.copy_context().run(block.__enter__)
    seven = nn.init.normal_(torch.full((3,), 7.0))  # this context is not in the block
    assert 7 not in seven.tolist()
    block.__exit__(None, None, None)
    assert not _get_current_function_mode_stack()


def test_a_block_that_is_left_on_another_thread():
    block = skip_init()
    block.__enter__()
    thread = threading.Thread(target=block.__exit__, args=(None, None, None))
    thread.start()
    thread.join()
    torch.manual_seed(0)
    values = drawn()
    torch.manual_seed(0)
    assert torch.equal(values, drawn())
    with patch(key=0):  # takes what was left off this thread
        assert torch.equal(drawn(), FIRST)


def test_other_threads_are_not_seen_while_one_is_in_a_block():
    entered, leave = threading.Event(), threading.Event()
    found = []

    def other():
        with patch(key=0):
            entered.set()
            leave.wait(60)
            found.append(drawn())

    thread = threading.Thread(target=other)
    thread.start()
    assert entered.wait(60)
    state = torch.get_rng_state()
    theirs = nn.init.xavier_normal_(torch.empty(3, 3))
    torch.set_rng_state(state)
    leave.set()
    thread.join()
    assert torch.equal(found[0], FIRST)
    assert torch.equal(nn.init.xavier_normal_(torch.empty(3, 3)), theirs)


def test_entering_is_quick_with_thousands_of_modules(monkeypatch):
    for n in range(3000):
        module = type(sys)(f"filler_{n}")
        vars(module).update({f"name_{m}": m for m in range(50)})
        monkeypatch.setitem(sys.modules, module.__name__, module)
    times = []
    for _ in range(50):
        start = time.perf_counter()
        with patch(key=0):
            pass
        times.append(time.perf_counter() - start)
    assert min(times) < 0.001


# Other modes ------------------------------------------------------------------------------------


class EmptyInit(TorchFunctionMode):
    """As Lightning has it, which knows torch's functions by their module."""

    def __torch_function__(self, func, types, args=(), kwargs=None):
        kwargs = kwargs or {}
        if getattr(func, "__module__", None) == "torch.nn.init":
            return kwargs["tensor"] if "tensor" in kwargs else args[0]
        return func(*args, **kwargs)


@pytest.mark.parametrize("name", ["normal_", "kaiming_uniform_", "xavier_normal_", "orthogonal_"])
def test_modes_within_a_block_see_torchs_own_functions(name):
    function = getattr(nn.init, name)
    with patch(key=0), EmptyInit():
        assert function(torch.full((2, 2), 7.0)).unique().tolist() == [7]
    seen = []

    class Noting(TorchFunctionMode):
        def __torch_function__(self, func, types, args=(), kwargs=None):
            seen.append(func)
            return func(*args, **(kwargs or {}))

    with patch(key=0), Noting():
        values = function(torch.full((2, 2), 7.0))
    assert function in seen
    with patch(key=0):
        assert torch.equal(function(torch.empty(2, 2)), values)


@pytest.mark.parametrize("name", ["normal_", "kaiming_uniform_", "xavier_normal_"])
def test_subclasses_of_tensors_take_calls_over(name):
    class Quiet(torch.Tensor):
        silent = True

        @classmethod
        def __torch_function__(cls, func, types, args=(), kwargs=None):
            kwargs = kwargs or {}
            if getattr(func, "__name__", "") in ("normal_", "kaiming_uniform_") and cls.silent:
                return kwargs.get("tensor", args[0] if args else None)
            return super().__torch_function__(func, types, args, kwargs)

    function = getattr(nn.init, name)
    tensor = torch.full((2, 2), 7.0).as_subclass(Quiet)
    with patch(key=0):
        function(tensor)
    assert (tensor.unique().tolist() == [7]) == (name != "xavier_normal_")
    Quiet.silent = False
    with patch(key=0):
        function(tensor)
    with patch(key=0):
        assert torch.equal(function(torch.empty(2, 2)), tensor.as_subclass(torch.Tensor))


def test_a_device_of_the_surroundings():
    for order in (
        lambda: (patch(key=0), torch.device("meta")),
        lambda: (torch.device("meta"), patch(key=0)),
    ):
        first, second = order()
        with first, second:
            layer = nn.Linear(3, 3)
            assert layer.weight.is_meta
            assert torch.randn(3).is_meta
            assert torch.randperm(3).is_meta
            assert torch.equal(torch.randn(3, device="cpu"), FIRST)


def test_a_default_device_that_is_set_within_a_block():
    try:
        with patch(key=0):
            torch.set_default_device("meta")
            assert drawn().is_meta
            torch.set_default_device("cpu")
            assert torch.equal(drawn(), FIRST)
    finally:
        torch.set_default_device(None)


def test_fake_tensors_count_for_nothing():
    from torch._subclasses.fake_tensor import FakeTensorMode

    with patch(key=0):
        with FakeTensorMode():
            assert nn.Linear(3, 4).weight.shape == (4, 3)
            torch.randn(3).bernoulli_()
        assert torch.equal(drawn(), FIRST)


def test_a_block_without_a_key_within_one_with_a_key():
    with patch(key=0):
        with patch():
            one = drawn()
        with skip_init():
            drawn()
        two = drawn()
    with patch(key=0):
        with patch():
            assert torch.equal(drawn(), one)
        assert torch.equal(drawn(), two)


# Pickles, scripts and compilers -----------------------------------------------------------------


class Keeping(nn.Module):
    def __init__(self):
        super().__init__()
        self.functions = [nn.init.normal_, nn.init.xavier_normal_, nn.init.orthogonal_]
        self.linear = nn.Linear(2, 2)


def test_a_module_of_a_block_can_be_pickled():
    with patch(key=0):
        model = Keeping()
        within = pickle.loads(pickle.dumps(model))
    for copy in (within, pickle.loads(pickle.dumps(model))):
        assert copy.functions == [nn.init.normal_, nn.init.xavier_normal_, nn.init.orthogonal_]
        assert torch.equal(copy.linear.weight, model.linear.weight)


def initialize(x: torch.Tensor) -> torch.Tensor:
    return nn.init.xavier_normal_(x)


@pytest.mark.filterwarnings("ignore::DeprecationWarning", "ignore::FutureWarning")
def test_scripts_are_compiled_within_a_block():
    with patch(key=0):
        script = torch.jit.script(initialize)
        torch.jit.script(nn.Sequential(nn.Linear(2, 3), nn.ReLU()))
    assert script(torch.empty(2, 2)).isfinite().all()


def test_functions_say_what_they_are():
    before = [(inspect.signature(f), inspect.getsource(f)) for f in functions()]
    with patch():
        assert [(inspect.signature(f), inspect.getsource(f)) for f in functions()] == before


def test_compiled_code_draws_the_same():
    def step(x):
        weight = nn.init.xavier_normal_(torch.empty(3, 3))
        nn.init.normal_(weight[0])
        return x @ weight + torch.randn(3) + torch.dropout(x, 0.5, True)

    x = torch.ones(2, 3)
    torch._dynamo.reset()
    with patch(key=0):
        expected = step(x)
    with patch(key=0):
        torch.testing.assert_close(torch.compile(step, backend="eager")(x), expected)
    torch._dynamo.reset()


# Torch's generators -----------------------------------------------------------------------------


def keyed(*calls):
    with patch(key=0):
        for call in calls:
            call()


def test_what_is_not_seen_is_an_error_that_says_where():
    words = r"generator of cpu has moved.*`zeros` at .*test_torch_blocks"
    with pytest.raises(EscapedError, match=words):
        keyed(unseen, lambda: torch.zeros(1).add(1))


def test_or_a_warning_or_nothing_without_a_key():
    with (
        pytest.warns(UserWarning, match="after the last call of torch") as caught,
        patch(0, strict=False),
    ):
        unseen()
    assert caught[0].filename == __file__
    with patch():
        unseen()
    with skip_init():
        unseen()


def test_an_exception_is_not_hidden():
    with pytest.raises(ZeroDivisionError):
        keyed(unseen, lambda: 1 / 0)


def test_seeding_is_no_draw():
    keyed(lambda: torch.manual_seed(7), drawn)
    with pytest.raises(EscapedError):
        keyed(lambda: torch.manual_seed(7), unseen)


def test_a_decorated_function_is_watched_each_time():
    @patch(key=0)
    def make(draw):
        return draw()

    assert torch.equal(make(drawn), FIRST)
    with pytest.raises(EscapedError):
        make(unseen)
    assert torch.equal(make(drawn), FIRST)


def test_our_own_functions_are_numbered_with_the_others():
    with patch(key=0):
        one = torch_init.normal_(torch.empty(3))
        two = drawn()
    assert torch.equal(one, FIRST)
    assert torch.equal(two, SECOND)


# Ranks ------------------------------------------------------------------------------------------


@pytest.fixture
def two_ranks():
    if not torch.distributed.is_available():
        pytest.skip("torch was built without torch.distributed")
    from torch.testing._internal.distributed.fake_pg import FakeStore

    torch.distributed.init_process_group("fake", store=FakeStore(), rank=0, world_size=2)
    yield
    torch.distributed.destroy_process_group()


@pytest.mark.filterwarnings("ignore::UserWarning:torch", "ignore::FutureWarning:torch")
def test_ranks_with_one_key_are_warned(two_ranks):
    with pytest.warns(UserWarning, match=r"key\.fold_in\(rank\)") as caught:
        keyed(drawn, drawn)
    assert [each.filename for each in caught] == [__file__]
    with patch():
        drawn()
    keyed(lambda: nn.init.zeros_(torch.empty(3)))


@pytest.mark.filterwarnings("ignore::UserWarning", "ignore::FutureWarning:torch")
@pytest.mark.parametrize(("name", "method"), [("rand", "uniform_"), ("randn", "normal_")])
def test_new_dtensors_are_not_drawn_part_by_part(two_ranks, monkeypatch, name, method):
    from torch.distributed import tensor as dtensor
    from torch.distributed.device_mesh import init_device_mesh

    tracker = types.SimpleNamespace(_distribute_region=lambda spec: contextlib.nullcontext())
    monkeypatch.setattr(dtensor._random, "_rng_tracker", tracker)
    where = {"device_mesh": init_device_mesh("cpu", (2,)), "placements": [dtensor.Shard(0)]}
    with pytest.raises(ValueError, match=f"torch.distributed.tensor.empty.*{method}"), patch(key=0):
        getattr(dtensor, name)(4, 3, **where)
    with patch(key=0):
        made = getattr(dtensor.empty(4, 3, **where), method)()
    init = {"rand": ai.uniform(), "randn": ai.normal()}[name]
    whole = init((4, 3), key=ai.key(0).fold_in(0), xp=torch)
    assert torch.equal(made.to_local(), whole[:2])


RANK = """
import sys, torch, torch.distributed as dist
from torch.distributed.device_mesh import init_device_mesh
from torch.distributed.tensor import Replicate, Shard, zeros
from agnostic_init.compat import torch_init

rank, file = int(sys.argv[1]), sys.argv[2]
dist.init_process_group("gloo", init_method=f"file://{file}", rank=rank, world_size=2)
mesh = init_device_mesh("cpu", (2, 1))
torch.manual_seed(rank)
for placements in ([Replicate(), Shard(0)], [Shard(0), Replicate()]):
    tensor = zeros(4, 3, device_mesh=mesh, placements=placements)
    torch_init.normal_(tensor)
    with torch_init.patch():
        torch.nn.init.xavier_normal_(other := torch.zeros_like(tensor))
    every = [None, None]
    dist.all_gather_object(every, [each.full_tensor().tolist() for each in (tensor, other)])
    assert every[0] == every[1], every
dist.destroy_process_group()
"""


@pytest.mark.slow
def test_replicas_agree_where_seeds_do_not(tmp_path):
    if not torch.distributed.is_available():
        pytest.skip("torch was built without torch.distributed")
    ranks = [
        subprocess.Popen(
            [sys.executable, "-W", "ignore", "-c", RANK, str(rank), str(tmp_path / "store")],
            env=os.environ,
            stderr=subprocess.PIPE,
            text=True,
        )
        for rank in range(2)
    ]
    for rank in ranks:
        _, said = rank.communicate(timeout=120)
        assert rank.returncode == 0, said
