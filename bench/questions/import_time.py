"""How long does the import take, where NumPy has been imported?"""

from __future__ import annotations

from bench.job import Case, Job
from bench.questions import Options

__all__ = ["cases"]

STATEMENTS = {
    # Submodules are loaded when they are used, so this uses one.
    "ours-numpy": "import agnostic_init; agnostic_init.normal",
    "numpy": "import numpy",
    "scipy": "import scipy.stats",
    "torch": "import torch",
    "jax": "import jax",
    "keras": "import keras",
    "cupy": "import cupy",
}


def cases(options: Options) -> list[Case]:
    title = "import, after NumPy's own"
    statements = {
        name: statement
        for name, statement in STATEMENTS.items()
        # The import of Keras is of several seconds.
        if not (options.quick and name in {"keras", "scipy"})
    }
    return [Case("import_time", title, Job("import", parameters=statements), tuple(statements))]
