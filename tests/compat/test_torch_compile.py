"""torch.compile: it breaks its graph at whatever makes numbers, and never looks inside."""

from __future__ import annotations

import numpy as np
import pytest

import agnostic_init as ai
from agnostic_init.compat import torch_init
from agnostic_init.linalg import haar_matrices

torch = pytest.importorskip("torch")
# Compiled code is run in Python, as a compiler of C++ or Triton need not be there.
compiled = torch.compile(backend="eager")

INITIALIZERS = [
    ai.normal(),
    ai.he_normal("torch"),
    ai.orthogonal(),
    ai.sparse(0.5),
    ai.identity(),
    ai.constant(2.0),
    ai.constant([1.0, 2.0, 3.0, 4.0]),
]
SHAPE = (6, 4)


@pytest.fixture(autouse=True)
def _forgotten():
    torch._dynamo.reset()


@pytest.mark.parametrize("init", INITIALIZERS, ids=repr)
def test_initializers(init):
    def step(x):
        return x * 0 + init(SHAPE, key=0, xp=torch), init.fill(torch.empty_like(x), key=0)

    for got in torch.compile(step, backend="eager")(torch.ones(SHAPE)):
        assert torch.equal(got, init(SHAPE, key=0, xp=torch))


def test_graphs_go_on_before_and_after():
    graphs = []

    def backend(graph, inputs):
        graphs.append([node.target for node in graph.graph.nodes if node.op == "call_function"])
        return graph.forward

    @torch.compile(backend=backend)
    def step(x):
        return (x.sin() + ai.normal()(SHAPE, key=0, xp=torch)).cos()

    x = torch.ones(SHAPE)
    expected = (x.sin() + ai.normal()(SHAPE, key=0, xp=torch)).cos()
    torch.testing.assert_close(step(x), expected)
    assert len(graphs) == 2


@pytest.mark.parametrize(
    "make",
    [
        lambda x: torch.from_numpy(ai.normal()(SHAPE, key=0)),
        lambda x: ai.draws.normal(SHAPE, key=0, xp=torch),
        lambda x: haar_matrices(SHAPE, key=0, xp=torch),
        lambda x: ai.init_tree({"w": SHAPE}, {"*": "normal"}, key=0, xp=torch)["w"],
        lambda x: ai.fill_tree({"w": x.clone()}, {"*": "normal"}, key=0)["w"],
    ],
    ids=["numpy", "draws", "haar_matrices", "init_tree", "fill_tree"],
)
def test_other_ways_in(make):
    x = torch.ones(SHAPE)
    assert torch.equal(compiled(lambda x: x * 0 + make(x))(x), make(x))


@pytest.mark.parametrize(
    "name",
    [
        "uniform_",
        "normal_",
        "trunc_normal_",
        "xavier_uniform_",
        "kaiming_normal_",
        "orthogonal_",
        "eye_",
        "ones_",
    ],
)
def test_torch_init(name):
    function = getattr(torch_init, name)
    kwargs = {} if name in ("eye_", "ones_") else {"generator": 0}
    got = compiled(lambda x: function(x, **kwargs) * 1)(torch.empty(SHAPE))
    assert torch.equal(got, function(torch.empty(SHAPE), **kwargs))


def test_torchs_seed_governs_in_compiled_code():
    def step(x):
        return torch_init.normal_(x) * 1

    torch.manual_seed(3)
    expected = step(torch.empty(SHAPE))
    torch.manual_seed(3)
    assert torch.equal(compiled(step)(torch.empty(SHAPE)), expected)


@pytest.mark.parametrize("what", ["fill", "make"])
def test_one_graph_for_all_is_refused_in_words(what):
    init = ai.normal()
    step = {
        "fill": lambda x: init.fill(x, key=0),
        "make": lambda x: x + init(SHAPE, key=0, xp=torch),
    }[what]
    with pytest.raises(torch._dynamo.exc.Unsupported, match="initialize before compiling"):
        torch.compile(step, backend="eager", fullgraph=True)(torch.ones(SHAPE))


def test_a_model_is_initialized_by_compiled_code():
    class Lazy(torch.nn.Module):
        def __init__(self):
            super().__init__()
            self.weight = torch.nn.Parameter(torch.zeros(SHAPE))
            self.made = False

        def forward(self, x):
            if not self.made:
                ai.normal().fill(self.weight, key=0)
                self.made = True
            return x @ self.weight

    model = Lazy()
    got = torch.compile(model, backend="eager")(torch.eye(6))
    np.testing.assert_array_equal(got.detach().numpy(), ai.normal()(SHAPE, key=0))
