"""Filling arrays of any kind: each is asked whether it can be written, and where its memory is."""

from __future__ import annotations

from typing import Any

from agnostic_init.arrays.errors import ParameterError, ParameterTypeError, inside, must, within
from agnostic_init.arrays.library import Library
from agnostic_init.arrays.memory import Memory
from agnostic_init.arrays.out import check_out, library_of_out
from agnostic_init.arrays.values import collecting_later
from agnostic_init.bits.key import Key
from agnostic_init.models.assign import as_rules
from agnostic_init.models.entries import entries_of
from agnostic_init.models.entry import Entry
from agnostic_init.models.making import fill_entries
from agnostic_init.models.memory import shared
from agnostic_init.models.parameter import Parameter, check_name
from agnostic_init.models.progress import Progress, Report

__all__ = ["fill"]


def fill(
    names: list[str], outs: list[Any], rules: Any, stream: Key, progress: Progress | None
) -> None:
    """What `fill_tree` does, after all that can be checked before."""
    given = list(outs)
    with collecting_later():
        entries, libraries, memories = _checked(names, outs, rules, stream)
    fill_entries(entries, outs, libraries, memories, Report(entries, progress))
    if len(outs) < len(given):
        # Other names of what was filled: some count on their own how often they were written.
        filled = {*map(id, outs)}
        for out in given:
            if id(out) not in filled:
                library_of_out(out, "array").written(out)


def _checked(
    names: list[str], outs: list[Any], rules: Any, stream: Key
) -> tuple[list[Entry], list[Library], list[Memory | None]]:
    """What is to be written, after all that can be checked before; ties are taken out of the lists."""
    libraries: list[Library] = []
    memories: list[Memory | None] = []
    parameters = []
    name = ""
    try:
        for name, out in zip(names, outs, strict=True):
            library = library_of_out(out, "array")
            memory = library.ready(out)
            if memory is None:
                check_out(out, None, "array")
                memory = library.host_memory(out)
            libraries.append(library)
            memories.append(memory)
            dtype = library.dtype_name(out.dtype)
            parameters.append(Parameter(name, tuple(out.shape), dtype, out, library))
    except (ParameterError, ParameterTypeError) as error:
        check_name(name)
        raise inside(error, f"parameter {name!r}") from None
    pair = shared(names, outs, libraries, memories)
    if pair is not None:
        from agnostic_init.models.ties import firsts, rules_of_firsts

        numbers = firsts(outs, libraries)
        kept = sorted(set(numbers))
        if len(kept) < len(names):
            needed = rules_of_firsts(names, numbers, as_rules(rules))
            for others in (names, outs):
                others[:] = [others[n] for n in kept]
            return _checked(names, outs, needed, stream)
        raise must(
            "arrays",
            f"must not share memory, as {pair[0]!r} and {pair[1]!r} do",
            type(outs[names.index(pair[1])]),
            "only one of the names",
        )
    entries = entries_of(parameters, rules, stream, "float32", False)
    for entry, each in zip(entries, parameters, strict=True):
        if entry.dtype != each.dtype:
            with within(f"parameter {entry.name!r}"):
                rule = f"must be that of the array, {each.dtype}, which is filled in place"
                raise must("dtype", rule, entry.dtype, "no dtype in the rule")
    return entries, libraries, memories
