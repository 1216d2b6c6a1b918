"""The classic optimizers, on arrays of any library: each is a value, and a step is a function."""

from __future__ import annotations

from typing import Any, ClassVar

from agnostic_init.arrays.errors import must, must_be_type
from agnostic_init.arrays.numbers import real_number
from agnostic_init.arrays.target import library_of
from agnostic_init.arrays.values import Value
from agnostic_init.study.training.averages import averaged, checked_beta, without_bias

__all__ = [
    "SGD",
    "AdaGrad",
    "Adam",
    "Momentum",
    "Optimizer",
    "RMSProp",
]

State = tuple[Any, ...]


class Optimizer(Value):
    """What every optimizer is: a frozen value whose `step` is a function of its arguments alone.

    Attributes
    ----------
    moments
        How many arrays are kept of each parameter between steps; all are zeros before the first.
    """

    rate: float = 0.01

    moments: ClassVar[int] = 0

    def __post_init__(self) -> None:
        rate = real_number("rate", self.rate)
        if rate <= 0:
            raise must("rate", "must be positive", self.rate, "0.01")
        object.__setattr__(self, "rate", rate)

    def start(self, parameter: Any) -> State:
        """The state before the first step of a parameter."""
        xp = library_of(parameter).xp
        return tuple(xp.zeros_like(parameter) for _ in range(self.moments))

    def step(self, parameter: Any, gradient: Any, state: State, count: int) -> tuple[Any, State]:
        """Take a step.

        Parameters
        ----------
        parameter, gradient
            Arrays of one shape, of any library; they are left as they are.
        state
            What `start` or the last step has returned.
        count
            The number of this step, from 1.

        Returns
        -------
        parameter, state
            After the step.
        """
        raise NotImplementedError

    def _checked(self, *, betas: tuple[str, ...] = (), epsilon: bool = False) -> None:
        for name in betas:
            object.__setattr__(self, name, checked_beta(name, getattr(self, name)))
        if epsilon:
            given: Any = getattr(self, "epsilon", 0.0)
            value = real_number("epsilon", given)
            if value <= 0:
                raise must("epsilon", "must be positive", given, "1e-8")
            object.__setattr__(self, "epsilon", value)


class SGD(Optimizer):
    """Gradient descent: ``w - rate g``; stochastic where the gradient is of a batch.

    Equal to ``torch.optim.SGD(lr=rate)``.

    Examples
    --------
    >>> import numpy as np
    >>> SGD(rate=0.5).step(np.ones(2), np.asarray([1.0, -2.0]), (), 1)
    (array([0.5, 2. ]), ())
    """

    def step(self, parameter: Any, gradient: Any, state: State, count: int) -> tuple[Any, State]:
        return parameter - self.rate * gradient, ()


class Momentum(Optimizer):
    """Descent along the exponentially weighted average of the gradients.

    ``v = beta v + (1 - beta) g``, then ``w - rate v``. torch's heavy ball has no ``1 - beta``: its
    ``SGD(lr=rate * (1 - beta), momentum=beta)`` takes the same steps. Its `dampening` of
    ``1 - beta`` is another average, which begins at the first gradient and not at zero.

    Parameters
    ----------
    rate
        The learning rate.
    beta
        What remains of the average in a step.
    corrected
        Whether the bias of the average is corrected, as Adam's is.

    References
    ----------
    Polyak, "Some methods of speeding up the convergence of iteration methods", 1964.

    Examples
    --------
    >>> import numpy as np
    >>> Momentum(rate=1.0, beta=0.5).step(np.zeros(1), np.ones(1), (np.zeros(1),), 1)
    (array([-0.5]), (array([0.5]),))
    """

    beta: float = 0.9
    corrected: bool = False

    moments: ClassVar[int] = 1

    def __post_init__(self) -> None:
        super().__post_init__()
        self._checked(betas=("beta",))
        if not isinstance(self.corrected, bool):
            raise must_be_type("corrected", "must be True or False", self.corrected)

    def step(self, parameter: Any, gradient: Any, state: State, count: int) -> tuple[Any, State]:
        average = averaged(state[0], gradient, self.beta)
        along = without_bias(average, self.beta, count) if self.corrected else average
        return parameter - self.rate * along, (average,)


class AdaGrad(Optimizer):
    """Gradients over the root of the sum of all their squares.

    ``s = s + g^2``, then ``w - rate g / (sqrt(s) + epsilon)``: equal to ``torch.optim.Adagrad``.

    References
    ----------
    Duchi, Hazan and Singer, "Adaptive subgradient methods for online learning and stochastic
    optimization", JMLR 2011.

    Examples
    --------
    >>> import numpy as np
    >>> AdaGrad(rate=0.5).step(np.zeros(1), np.asarray([4.0]), (np.zeros(1),), 1)
    (array([-0.5]), (array([16.]),))
    """

    epsilon: float = 1e-10

    moments: ClassVar[int] = 1

    def __post_init__(self) -> None:
        super().__post_init__()
        self._checked(epsilon=True)

    def step(self, parameter: Any, gradient: Any, state: State, count: int) -> tuple[Any, State]:
        squares = state[0] + gradient * gradient
        root = library_of(squares).xp.sqrt(squares)
        return parameter - self.rate * gradient / (root + self.epsilon), (squares,)


class RMSProp(Optimizer):
    """Gradients over the root of the average of their squares.

    ``s = beta s + (1 - beta) g^2``, then ``w - rate g / (sqrt(s) + epsilon)``: equal to
    ``torch.optim.RMSprop(alpha=beta)``.

    References
    ----------
    Tieleman and Hinton, "Lecture 6.5: RMSProp", Neural Networks for Machine Learning, 2012.

    Examples
    --------
    >>> import numpy as np
    >>> stepped, _ = RMSProp(rate=0.1, beta=0.75).step(np.zeros(1), np.ones(1), (np.zeros(1),), 1)
    >>> stepped.round(6).tolist()
    [-0.2]
    """

    beta: float = 0.99
    epsilon: float = 1e-8

    moments: ClassVar[int] = 1

    def __post_init__(self) -> None:
        super().__post_init__()
        self._checked(betas=("beta",), epsilon=True)

    def step(self, parameter: Any, gradient: Any, state: State, count: int) -> tuple[Any, State]:
        squares = averaged(state[0], gradient * gradient, self.beta)
        root = library_of(squares).xp.sqrt(squares)
        return parameter - self.rate * gradient / (root + self.epsilon), (squares,)


class Adam(Optimizer):
    """Momentum over RMSProp's root, the biases of both averages corrected.

    Equal to ``torch.optim.Adam(betas=(beta1, beta2))``.

    References
    ----------
    Kingma and Ba, "Adam: a method for stochastic optimization", ICLR 2015.

    Examples
    --------
    >>> import numpy as np
    >>> stepped, _ = Adam(rate=0.1).step(
    ...     np.zeros(1), np.asarray([3.0]), (np.zeros(1), np.zeros(1)), 1
    ... )
    >>> stepped.round(6).tolist()
    [-0.1]
    """

    rate: float = 0.001
    beta1: float = 0.9
    beta2: float = 0.999
    epsilon: float = 1e-8

    moments: ClassVar[int] = 2

    def __post_init__(self) -> None:
        super().__post_init__()
        self._checked(betas=("beta1", "beta2"), epsilon=True)

    def step(self, parameter: Any, gradient: Any, state: State, count: int) -> tuple[Any, State]:
        mean = averaged(state[0], gradient, self.beta1)
        squares = averaged(state[1], gradient * gradient, self.beta2)
        root = library_of(squares).xp.sqrt(without_bias(squares, self.beta2, count))
        along = without_bias(mean, self.beta1, count) / (root + self.epsilon)
        return parameter - self.rate * along, (mean, squares)
