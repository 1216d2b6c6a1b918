"""The names of torch's draws from distributions that have no initializer, and that it draws itself."""

from __future__ import annotations

__all__ = ["UNNAMED", "WITH_GENERATOR"]

#: What takes a generator. Of uniforms only the complex ones have no initializer.
WITH_GENERATOR = frozenset(
    [
        "bernoulli",
        "bernoulli_",
        "binomial",
        "cauchy_",
        "exponential_",
        "geometric_",
        "log_normal_",
        "multinomial",
        "poisson",
        "rand",
        "randint",
        "random_",
        "randperm",
        "uniform_",
    ]
)
#: What draws, or may, from torch's default generator alone.
UNNAMED = frozenset(
    [
        "_sample_dirichlet",
        "_standard_gamma",
        "alpha_dropout",
        "alpha_dropout_",
        "dropout",
        "dropout_",
        "dropout1d",
        "dropout2d",
        "dropout3d",
        "feature_alpha_dropout",
        "feature_alpha_dropout_",
        "feature_dropout",
        "feature_dropout_",
        "fractional_max_pool2d",
        "fractional_max_pool2d_with_indices",
        "fractional_max_pool3d",
        "fractional_max_pool3d_with_indices",
        "gru",
        "gumbel_softmax",
        "lstm",
        "multi_head_attention_forward",
        "native_dropout",
        "pca_lowrank",
        "randint_like",
        "rnn_relu",
        "rnn_tanh",
        "rrelu",
        "rrelu_",
        "scaled_dot_product_attention",
        "svd_lowrank",
    ]
)
