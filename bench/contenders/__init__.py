"""Who is measured: agnostic_init in its variants, the libraries that people use, and the limits.

A module here has one function, ``prepare(job, arrays) -> Prepared``, which raises `NotOffered`
where its library does not do the job. It runs in a process of its own.
"""

from __future__ import annotations

from dataclasses import dataclass, field

__all__ = ["CONTENDERS", "Contender", "on_device", "opponents"]


@dataclass(frozen=True)
class Contender:
    """One that does jobs, in a process of its own.

    `arrays` and `maker` name modules of `bench.arrays` and `bench.contenders`; `imports` is what
    must be installed, `package` whose version is told, and `env` the environment it runs in.
    """

    name: str
    title: str
    arrays: str
    maker: str
    imports: tuple[str, ...]
    package: str
    role: str = "peer"
    env: dict[str, str] = field(default_factory=dict)


def _ours() -> list[Contender]:
    engines = {"": ("", {}), "-plain": (", NumPy engine", {"AGNOSTIC_INIT_ENGINE": "numpy"})}
    modules = {"numpy": "NumPy", "torch": "torch", "jax": "JAX", "cupy": "CuPy"}
    return [
        Contender(
            name=f"ours-{module}{suffix}",
            title=f"agnostic_init on {title}{words}",
            arrays=module,
            maker="ours",
            imports=(module, "agnostic_init"),
            package="agnostic-init",
            role="ours",
            env=env,
        )
        for module, title in modules.items()
        for suffix, (words, env) in engines.items()
        if not (suffix and module == "cupy")
    ]


def _peers() -> list[Contender]:
    def peer(name: str, title: str, arrays: str, maker: str, *imports: str) -> Contender:
        package = imports[0].partition(".")[0]
        env = {"KERAS_BACKEND": "torch"} if package == "keras" else {}
        return Contender(name, title, arrays, maker, imports, package, env=env)

    return [
        peer("torch", "torch.nn.init", "torch", "torch", "torch"),
        peer("torch-erfinv", "torch before 2.12: erfinv", "torch", "torch_erfinv", "torch"),
        peer("torch-broadcast", "one rank, broadcast", "torch", "torch_broadcast", "torch"),
        peer("construction", "the library's own construction", "torch", "construction", "torch"),
        peer("jax", "JAX under jit", "jax", "jax", "jax"),
        peer("jax-eager", "jax.nn.initializers", "jax", "jax", "jax"),
        peer("numpy", "NumPy", "numpy", "numpy", "numpy"),
        peer("scipy", "SciPy stats", "numpy", "scipy", "scipy.stats"),
        peer("scipy-qr", "SciPy qr", "numpy", "scipy_qr", "scipy.linalg"),
        peer("hashlib", "hashlib: sha256", "numpy", "hashlib", "hashlib"),
        peer("keras", "Keras 3 on torch", "torch", "keras", "keras", "torch"),
        peer("cupy", "CuPy", "cupy", "cupy", "cupy"),
    ]


def _limits() -> list[Contender]:
    modules = {"numpy": "NumPy", "torch": "torch", "cupy": "CuPy"}
    return [
        Contender(f"limit-{m}", f"limit: {t}", m, "limits", (m,), m, "limit")
        for m, t in modules.items()
    ]


CONTENDERS = {one.name: one for one in (*_ours(), *_peers(), *_limits())}

# On an accelerator there are no host kernels to choose from.
ON_CUDA = {
    "ours-torch-plain": "ours-torch",
    "ours-jax-plain": "ours-jax",
    "ours-numpy": "ours-cupy",
    "ours-numpy-plain": "ours-cupy",
    "numpy": "cupy",
    "limit-numpy": "limit-cupy",
}


def on_device(names: tuple[str, ...], device: str) -> tuple[str, ...]:
    """Who stands in for these contenders on a device, each once."""
    if device == "cpu":
        return tuple(name for name in names if CONTENDERS[name].arrays != "cupy")
    found = dict.fromkeys(ON_CUDA.get(name, name) for name in names)
    return tuple(name for name in found if CONTENDERS[name].arrays != "numpy")


def opponents(name: str) -> tuple[str, ...]:
    """Which of ours a contender's time is divided by: the first that was measured with it.

    On the same array library if it can be, with the engine that a user gets before NumPy's.
    """
    home = CONTENDERS[name].arrays
    return tuple(
        name
        for library in dict.fromkeys((home, "numpy", "torch", "jax", "cupy"))
        for name in (f"ours-{library}", f"ours-{library}-plain")
        if name in CONTENDERS
    )
