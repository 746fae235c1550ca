"""The numbers of a trace as they were recorded, handed out as arrays that cannot be written to."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from itertools import islice
from typing import Any

import numpy as np

from bptui.ops import numeric
from bptui.scenario.program import Array
from bptui.sequences import OneByOne

_FLOAT64 = np.dtype(np.float64)


_LOOKED_AT, _SMALL = 4096, 64
"""How many arrays are looked at together, and how many elements such an array may have."""


class Arrays(OneByOne[Array]):
    """What a run recorded, by id or slot. A run keeps what NumPy gives it; what is asked for is made an array here.

    Making every result read-only as it is recorded would cost as much time as computing it.
    """

    __slots__ = ("_recorded",)

    def __init__(self, recorded: list[Any]) -> None:
        self._recorded = recorded

    def __len__(self) -> int:
        return len(self._recorded)

    def __getitem__(self, index: Any) -> Any:
        found = self._recorded[index]
        if type(found) is np.ndarray and found.dtype is _FLOAT64:  # the way that is gone most
            found.setflags(write=False)
            return found
        return super().__getitem__(index)

    def _item(self, index: int) -> Array:
        found = self._recorded[index]
        if type(found) is np.ndarray and found.dtype is _FLOAT64:
            found.setflags(write=False)
            array: Array = found
            return array
        self._recorded[index] = array = read_only(found)
        return array

    def recorded(self) -> list[Any]:
        """Return a list of what was recorded as it is: arrays, and NumPy's scalars. Nothing in it may be changed."""
        return list(self._recorded)


def not_finite(arrays: Sequence[Array], indices: Iterable[int]) -> Iterator[tuple[int, int, float]]:
    """Yield the index of each array that holds nan or inf, its first such element and that number, in the order given.

    Many small arrays are looked at together, so that a million of them take a fraction of a second.
    """
    recorded = arrays.recorded() if isinstance(arrays, Arrays) else arrays
    indices = iter(indices)
    while some := list(islice(indices, _LOOKED_AT)):
        single = [found for index in some if type(found := recorded[index]) is np.float64]
        if np.isfinite(np.array(single)).all():
            some = [index for index in some if type(recorded[index]) is not np.float64]
        small = [found.ravel() for index in some if (found := recorded[index]).size <= _SMALL]
        if small and np.isfinite(np.concatenate(small)).all():
            some = [index for index in some if recorded[index].size > _SMALL]
        for index in some:
            finite = np.isfinite(recorded[index])
            if not finite.all():
                flat = int(np.argmin(np.ravel(finite)))
                yield index, flat, float(np.ravel(recorded[index])[flat])


def read_only(array: Any, xp: Any = numeric) -> Array:
    """Return `array` as an array of the namespace's own kind (float64, or objects) that cannot be written to."""
    result: Array = xp.array(array)
    result.flags.writeable = False
    return result
