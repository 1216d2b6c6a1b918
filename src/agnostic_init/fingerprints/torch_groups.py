"""torch: sums over the processes that have parts of the arrays."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import torch
import torch.distributed as dist

from agnostic_init.fingerprints.value import Fingerprint

__all__ = ["added_over_group", "added_over_meshes"]


def added_over_group(found: Sequence[Fingerprint], group: Any) -> list[Fingerprint]:
    """The sums of what all processes of a group have found, by one all-reduce."""
    on_gpus = dist.get_backend(group) == "nccl"
    device = torch.device("cuda", torch.cuda.current_device()) if on_gpus else torch.device("cpu")
    return _added(found, device, [group])


def added_over_meshes(found: Sequence[Fingerprint], arrays: Sequence[Any]) -> list[Fingerprint]:
    """The same of DTensors, each over its own mesh: an all-reduce for each dimension of a mesh."""
    total = list(found)
    meshes: list[Any] = []
    for array in arrays:
        if array.device_mesh not in meshes:
            meshes.append(array.device_mesh)
    for mesh in meshes:
        if mesh.get_coordinate() is None:
            continue
        numbers = [n for n, array in enumerate(arrays) if array.device_mesh == mesh]
        device = arrays[numbers[0]].to_local().device
        groups = [mesh.get_group(n) for n in range(mesh.ndim)]
        for n, each in zip(
            numbers, _added([found[n] for n in numbers], device, groups), strict=True
        ):
            total[n] = each
    return total


def _added(found: Sequence[Fingerprint], device: Any, groups: Sequence[Any]) -> list[Fingerprint]:
    with torch.no_grad():
        sums = torch.tensor([each.words for each in found], dtype=torch.int64).to(device)
        for group in groups:
            dist.all_reduce(sums, group=group)
    made = []
    for row in sums.tolist():
        a, b, c, d = (word % (1 << 32) for word in row)
        made.append(Fingerprint((a, b, c, d)))
    return made
