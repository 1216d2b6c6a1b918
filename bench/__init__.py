"""Side-by-side measurements of agnostic_init and of what people use today: ``python -m bench``.

    questions/      one file a question: which cases, which contenders
    contenders/     one file a library: how it does a job, and what it does not offer
    fresh/          one file a library: what its user writes to initialize a model, in a new process
    plans.py        the models
    arrays/         one file an array library: empty arrays, clocks, synchronization, peak memory
    process.py      a worker from outside; processes that live for one sample
    worker.py       one process per contender, which does what it is told and times it
    harness.py      which worker runs when: rounds in shuffled order, one worker at a time
    machine.py      what it ran on
    results.py      the file of results, and the figures that follow from its samples
    table.py        the figures as text
    seen.py         whether what was made is what was asked for
    engine.py       which of our engines runs
    compare.py      two files of results: ``python -m bench.compare A B``
    plot.py         time and memory by size as SVG: ``python -m bench.plot FILE``
    readme.py       the figures on the pages: ``python -m bench.readme``

Nothing here asserts a time.
"""

from __future__ import annotations
