"""How long does the import take, where NumPy has been imported?"""

from __future__ import annotations

from bench.job import Case, Job
from bench.questions import Options

__all__ = ["cases"]

MODULES = {
    "ours-numpy": "agnostic_init",
    "numpy": "numpy",
    "scipy": "scipy.stats",
    "torch": "torch",
    "jax": "jax",
    "keras": "keras",
    "cupy": "cupy",
}


def cases(options: Options) -> list[Case]:
    title = "import, after NumPy's own"
    modules = {
        name: module
        for name, module in MODULES.items()
        # The import of Keras is of several seconds.
        if not (options.quick and name in {"keras", "scipy"})
    }
    return [Case("import_time", title, Job("import", parameters=modules), tuple(modules))]
