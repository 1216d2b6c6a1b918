"""Side-by-side measurements of agnostic_init and of what people use today: ``python -m bench``.

    questions/      one file a question: which cases, which contenders
    contenders/     one file a library: how it does a job, and what it does not offer
    arrays/         one file an array library: empty arrays, clocks, synchronization, peak memory
    worker.py       one process per contender, which does what it is told and times it
    harness.py      which worker runs when: rounds in shuffled order, one worker at a time
    machine.py      what it ran on
    results.py      the file of results, and the figures that follow from its samples
    table.py        the figures as text
    compare.py      two files of results: ``python -m bench.compare A B``
    plot.py         the ratios as SVG: ``python -m bench.plot FILE``
    readme.py       the README's figures: ``python -m bench.readme``

Nothing here asserts a time.
"""

from __future__ import annotations
