"""One process of several: every row that is for so many, its fingerprints printed by the first."""

from __future__ import annotations

import sys
import warnings

import torch
import torch.distributed as dist
from model import RULES, Llama
from rows import ROWS, Laid

import agnostic_init as ai

KEY = 0


def ours(laid: Laid, names: list[str]) -> None:
    """Fill each part by the names of its parameters; what is left out is an error."""
    for model, inside in laid:
        with ai.poison(model):
            inside.init_buffers()
            ai.fill_tree(model, RULES, key=KEY, names=names)


def torchs(laid: Laid) -> None:
    """Fill each part in its order, from one seed on every process."""
    torch.manual_seed(KEY)
    for _, inside in laid:
        inside.init_weights()


def fingerprint(laid: Laid, names: list[str]) -> str:
    """That of the whole model: of parts that have other names, the sum."""
    own = [ai.fingerprint(model) for model, _ in laid]
    total = sum(own[1:], own[0])
    here = sum(len(list(inside.parameters())) for _, inside in laid)
    found = [None] * dist.get_world_size()
    dist.all_gather_object(found, total)
    if here < len(names):
        return str(sum(found[1:], found[0]))
    assert len(set(found)) == 1, found  # copies are the same
    return str(total)


def main() -> None:
    """Join the others, and go through the rows together."""
    warnings.simplefilter("ignore")
    meeting, rank, size = sys.argv[1], int(sys.argv[2]), int(sys.argv[3])
    torch.set_num_threads(1)
    dist.init_process_group("gloo", init_method=f"file://{meeting}", rank=rank, world_size=size)
    with torch.device("meta"):
        names = [name for name, _ in Llama().named_parameters()]
    for row in ROWS:
        if size in row.sizes:
            laid = row.lay(rank, size)
            ours(laid, names)
            one = fingerprint(laid, names)
            torchs(laid)
            other = fingerprint(laid, names)
            if rank == 0:
                print(row.name, size, one, other, sep="\t", flush=True)
    dist.destroy_process_group()


if __name__ == "__main__":
    main()
