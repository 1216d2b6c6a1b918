"""The rules of the cookbook, beside what authors' code does to each parameter."""

from __future__ import annotations

import functools
import math
import re
from pathlib import Path

import numpy as np

import agnostic_init as ai

__all__ = ["PAGE", "compare", "recipes"]

PAGE = Path(__file__).parents[2] / "docs" / "cookbook.md"
MOST_LINES = 15


@functools.cache
def recipes():
    """Every dictionary of rules on the page, by the name that it has there."""
    found = {}
    for section in PAGE.read_text(encoding="utf-8").split("\n## ")[1:]:
        code = re.search(r"^```python\n(.*?)^```", section, re.MULTILINE | re.DOTALL)[1]
        namespace = {"ai": ai}
        exec(compile(code, str(PAGE), "exec"), namespace)
        ((name, rules),) = [
            (n, v) for n, v in namespace.items() if isinstance(v, dict) and n[0] != "_"
        ]
        start = code.index(f"{name} = {{")
        assert code.count("\n", start) <= MOST_LINES
        found[name] = rules
    return found


def compare(rules, rows, values=None):
    """Fail unless rules give every parameter what its authors do.

    Parameters
    ----------
    rules
        The recipe.
    rows
        Of `agnostic_init.torch.plan` of the authors' module.
    values
        Of parameters that authors compute, and do not draw: their arrays by name.

    Returns
    -------
    int
        How many parameters were compared by what their authors' code says.
    """
    shapes = {row.name: row.shape for row in rows if row.kind == "parameter"}
    plan = ai.plan_tree(shapes, rules, key=0)
    said = 0
    for row in rows:
        if row.kind != "parameter":
            continue
        own, place = plan[row.name].description, (row.name, row.shape)
        if row.std is not None:
            said += 1
            assert math.isclose(own.std, row.std, rel_tol=1e-6, abs_tol=1e-12), place
            assert math.isclose(own.mean, row.mean, abs_tol=1e-12), place
            assert (own.std == 0) or kind(own) == kind(row.description), place
        else:
            theirs = values[row.name]
            assert theirs.shape == row.shape
            ours = plan[row.name].initializer(row.shape, key=1)
            spread = 6 / math.sqrt(theirs.size) * max(theirs.std(), 1e-12)
            assert abs(ours.mean() - theirs.mean()) <= 1.5 * spread, place
            assert abs(ours.std() - theirs.std()) <= 1.5 * spread, place
    return said


def kind(description):
    """The family of a distribution: normal, truncated at bounds that matter, or uniform."""
    low, high = description.low, description.high
    wide = low is None or np.isinf(low) or high - low > 20 * description.std
    return "normal" if "normal" in description.distribution and wide else description.distribution
