"""Making the parameters of a plan: draws all at once, equal matrices in batches, the rest one by one."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from agnostic_init.arrays.library import Library
from agnostic_init.arrays.memory import Memory
from agnostic_init.arrays.target import Target
from agnostic_init.arrays.values import collecting_later
from agnostic_init.bits.block import Block, block
from agnostic_init.bits.key import Key
from agnostic_init.draws.make import fill_many, make_many
from agnostic_init.draws.record import Draw, draw_of
from agnostic_init.models.entry import Entry
from agnostic_init.models.progress import Report

__all__ = ["fill_entries", "make_entries"]

TOLD = 1 << 22  # elements that are drawn at once where somebody waits to be told; some milliseconds


def make_entries(entries: Sequence[Entry], targets: Sequence[Target], report: Report) -> list[Any]:
    """New arrays, in the order of the entries."""
    made: list[Any] = [None] * len(entries)
    for numbers, draws in _groups(entries, targets, report):
        batch = [entries[n] for n in numbers]
        with report.of(batch):
            if draws:
                jobs = [
                    (draw, each.key, block(each.shape), targets[n])
                    for n, each, draw in zip(numbers, batch, draws, strict=True)
                ]
                arrays = make_many(jobs)
            else:
                init, shape, target = batch[0].initializer, batch[0].shape, targets[numbers[0]]
                with target.library.on(target.device):
                    if len(batch) == 1:
                        arrays = [init.make(shape, batch[0].key, block(shape), target)]
                    else:
                        arrays = init.make_several(shape, [each.key for each in batch], target)
            for n, array in zip(numbers, arrays, strict=True):
                made[n] = array
    return made


def fill_entries(
    entries: Sequence[Entry],
    outs: Sequence[Any],
    libraries: Sequence[Library],
    memories: Sequence[Memory | None],
    report: Report,
) -> None:
    """The same values, into arrays that exist; `memories` are their `Library.host_memory`."""
    targets = [
        Target(library, entry.dtype, "cpu" if memory is not None else library.device_of(out))
        for entry, out, library, memory in zip(entries, outs, libraries, memories, strict=True)
    ]
    for numbers, draws in _groups(entries, targets, report, outs):
        batch = [entries[n] for n in numbers]
        with report.of(batch):
            if draws:
                with collecting_later():
                    fill_many(_jobs(numbers, batch, draws, outs, libraries, memories))
                for n in numbers:
                    libraries[n].written(outs[n])
                continue
            init, shape, library = batch[0].initializer, batch[0].shape, libraries[numbers[0]]
            with library.on(targets[numbers[0]].device):
                if len(batch) == 1:
                    init.write_parts(batch[0].key, block(shape), outs[numbers[0]], library)
                else:
                    keys = [each.key for each in batch]
                    init.write_several(shape, keys, [outs[n] for n in numbers], library)


def _jobs(
    numbers: Sequence[int],
    batch: Sequence[Entry],
    draws: Sequence[Draw],
    outs: Sequence[Any],
    libraries: Sequence[Library],
    memories: Sequence[Memory | None],
) -> Iterator[tuple[Draw, Key, Block, Any, Library, Memory | None]]:
    """What is drawn of each array, of its parts if it has any."""
    for n, entry, draw in zip(numbers, batch, draws, strict=True):
        library, out, memory, whole = libraries[n], outs[n], memories[n], block(entry.shape)
        if memory is not None:
            yield draw, entry.key, whole, out, library, memory
            continue
        for view, index in library.parts(out):
            yield (
                draw,
                entry.key,
                whole if index is None else whole.part(index),
                view,
                library.of_parts or library,
                None,
            )


def _groups(
    entries: Sequence[Entry],
    targets: Sequence[Target],
    report: Report,
    outs: Sequence[Any] = (),
) -> list[tuple[list[int], list[Draw]]]:
    """Numbers of entries that are made by one call, and their draws if they have any.

    They are in the order of the first of each. All draws are one group, or, where somebody is to
    be told, those that follow each other. Other parameters are alone, or with their equals where
    that is a gain and none is cut over processes.
    """
    groups: list[tuple[list[int], list[Draw]]] = []
    known: dict[Any, Draw | None] = {}
    last: dict[Any, list[int]] = {}
    told, size = report.progress is not None, 0
    run: tuple[list[int], list[Draw]] | None = None
    for n, entry in enumerate(entries):
        _, shape, dtype, rule, _ = entry
        init = rule.initializer
        what = id(init), shape, dtype
        if what not in known:
            known[what] = draw_of(init, shape, dtype)
        draw = known[what]
        if draw is not None:
            if run is None or (told and size > TOLD):
                run, size = ([], []), 0
                groups.append(run)
            run[0].append(n)
            run[1].append(draw)
            size += entry.elements if told else 0
            continue
        run = None if told else run
        library, _, device, _ = targets[n]
        cut = outs and library.cut(outs[n]) is not None
        most = 1 if cut else init.together(shape, dtype, library, device)
        if most == 1:
            groups.append(([n], []))
            continue
        kind = init, shape, dtype, library, str(device)
        if len(last.get(kind, ())) in range(1, most):
            last[kind].append(n)
        else:
            last[kind] = [n]
            groups.append((last[kind], []))
    return groups
