"""torch: moments of the batches of several processes together."""

from __future__ import annotations

from typing import Any

import numpy as np
import torch

from agnostic_init.calibration.moments import Moments

__all__ = ["Group"]


class Group:
    """The processes of data parallelism, which each have a batch and must get the same weights.

    Parameters
    ----------
    group
        Of torch.distributed.
    """

    def __init__(self, group: Any) -> None:
        self.group = group
        self.size = torch.distributed.get_world_size(group)

    def together(self, moments: Moments, device: Any) -> Moments:
        """The moments of all, added in the order of the processes, so that they are the same in each."""
        counted = np.full(len(moments.mean), float(moments.count))
        own = np.stack([counted, *_parts(moments.mean), moments.variance])
        sent = torch.from_numpy(own).to(device)
        got = [torch.empty_like(sent) for _ in range(self.size)]
        torch.distributed.all_gather(got, sent, group=self.group)
        whole: Moments | None = None
        for each in got:
            rows = each.cpu().numpy()
            mean = rows[1] if len(rows) == 3 else rows[1] + 1j * rows[2]
            part = Moments(int(rows[0, 0]) if rows.shape[1] else 0, mean, rows[-1])
            whole = part if whole is None else whole + part
        assert whole is not None
        return whole


def _parts(values: Any) -> list[Any]:
    return [values.real, values.imag] if np.iscomplexobj(values) else [values]
