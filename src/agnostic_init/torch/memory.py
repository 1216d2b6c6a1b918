"""Which pieces of memory are known, and what is known of them."""

from __future__ import annotations

from typing import Any

import torch
from torch.multiprocessing.reductions import StorageWeakRef

from agnostic_init.torch import geometry
from agnostic_init.torch.geometry import Geometry
from agnostic_init.torch.held import Held
from agnostic_init.torch.states import (
    COMPUTED,
    UNWRITTEN,
    Captured,
    Constant,
    Drawn,
    State,
    Value,
    placed,
)
from agnostic_init.torch.tensors import constant_in, swap, unwatched

__all__ = ["Memory"]

META = torch.device("meta")
SMALL = 1 << 16  # elements that are copied at once; of more, when they are written


class Memory:
    """The pieces of memory that were made while it is asked, by their storage."""

    def __init__(self) -> None:
        # A weak reference keeps the address from being used again, and not the memory.
        self._known: dict[int, tuple[StorageWeakRef, Held]] = {}

    def of(self, tensor: Any) -> Held | None:
        """What is known of the memory of a tensor."""
        found = self._known.get(tensor.untyped_storage()._cdata)
        return None if found is None else found[1]

    def know(self, tensor: Any, state: State | None, *, followed: bool) -> Held:
        """Know new memory."""
        held = Held(tensor, state, followed=followed)
        self._stands_for(tensor.untyped_storage(), held)
        return held

    def held(self, tensor: Any) -> Held:
        """What is known of the memory of a tensor, which may have been made before."""
        found = self.of(tensor)
        if found is not None:
            return found
        return self.know(tensor, COMPUTED if tensor.is_meta else None, followed=tensor.is_meta)

    def state_of(self, tensor: Any, *, inside: bool = False) -> State:
        """What is in a tensor, if it is all of its memory; `inside`: about the memory's shape."""
        held, view = self.of(tensor), geometry.of(tensor)
        if held is None or held.state is None or not held.all_of(view):
            return COMPUTED
        if inside or view.shape == held.geometry.shape:
            return held.state
        return _in_another_order(held.state)

    def follow(self, tensor: Any, *, overwritten: bool = False) -> Held:
        """From now on, record what is done to the memory of a tensor."""
        held = self.held(tensor)
        if held.followed:
            return held
        held.followed = True
        if held.state is None:
            held.state = UNWRITTEN if overwritten else self._values(held, tensor)
        held.start = held.state
        return held

    def take(self, parameter: Any) -> None:
        """Take the memory of a parameter away, and follow what is done to it."""
        held = self.of(parameter)
        if held is None or parameter.is_meta:
            return
        if held.bare is None:
            if not held.followed and held.state is None:
                # Nothing will write it any more, so it need not be copied.
                held.state = self._values(held, parameter, copy=False)
            self.follow(parameter)
            whole = held.geometry
            if parameter.numel() == held.size and geometry.of(parameter) == whole:
                bare = torch.empty_strided(
                    whole.shape, whole.strides, dtype=whole.dtype, device=META
                )
                self._stand(held, bare, parameter)
                swap(parameter, bare)
                return
            self._stand(held, torch.empty(held.size, dtype=whole.dtype, device=META), parameter)
        bare = torch.empty(0, dtype=parameter.dtype, device=META)
        place = parameter.storage_offset(), parameter.size(), parameter.stride()
        swap(parameter, bare.set_(held.bare, *place))

    def _stand(self, held: Held, bare: Any, parameter: Any) -> None:
        """Let a tensor without memory stand for that of a parameter."""
        held.bare, held.device = bare.untyped_storage(), parameter.device
        self._stands_for(held.bare, held)

    def captured(self, tensor: Any) -> Captured:
        """The values that a tensor without draws has now."""
        with unwatched(), torch.no_grad():
            if tensor.numel() <= SMALL:
                return Captured(tensor.detach().clone())
            found = Captured(tensor.detach())
        held = self.of(tensor)
        if held is not None:
            held.captures.append(found)
        return found

    def before_writing(self, held: Held) -> None:
        """Copy what was captured."""
        with unwatched():
            for each in held.captures:
                each.tensor = each.tensor.clone()
        held.captures.clear()

    def written(self, held: Held, view: Geometry, state: State) -> None:
        """Know what is in the memory of a view."""
        if held.state is not None and view == held.geometry:
            held.state = state
            return
        place = None if held.state is None else held.region(view)
        if held.state is not None and place is not None:
            held.state = placed(held.state, place, state, held.geometry.shape)
        elif held.state is not None and view.size == held.geometry.size:
            held.state = _in_another_order(state)
        else:
            held.state = COMPUTED

    def _values(self, held: Held, tensor: Any, *, copy: bool = True) -> State:
        """What memory that is not followed has in it."""
        with unwatched(), torch.no_grad():
            whole = torch.empty(0, dtype=held.geometry.dtype, device=tensor.device)
            shape, strides, offset, _ = held.geometry
            whole.set_(tensor.untyped_storage(), offset, shape, strides)
            number = constant_in(whole)
            if number is not None:
                return Constant(number)
            return Value(Captured(whole.clone() if copy else whole))

    def _stands_for(self, storage: Any, held: Held) -> None:
        reference = StorageWeakRef(storage)
        self._known[reference.cdata] = (reference, held)


def _in_another_order(state: State) -> State:
    """Of a view of everything that is in another order, such as a transposed one."""
    if isinstance(state, Constant) or (isinstance(state, Drawn) and state.initializer.elementwise):
        return state
    return COMPUTED
