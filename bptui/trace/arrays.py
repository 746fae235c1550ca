"""The numbers of a trace as they were recorded, handed out as arrays that cannot be written to."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any, overload

import numpy as np

from bptui.ops import numeric
from bptui.scenario.program import Array

_FLOAT64 = np.dtype(np.float64)


class Arrays(Sequence[Array]):
    """What a run recorded, by id or slot. A run keeps what NumPy gives it; what is asked for is made an array here.

    Making every result read-only as it is recorded would cost as much time as computing it.
    """

    __slots__ = ("_recorded",)

    def __init__(self, recorded: list[Any]) -> None:
        self._recorded = recorded

    def __len__(self) -> int:
        return len(self._recorded)

    @overload
    def __getitem__(self, index: int) -> Array: ...
    @overload
    def __getitem__(self, index: slice) -> Sequence[Array]: ...
    def __getitem__(self, index: int | slice) -> Array | Sequence[Array]:
        if isinstance(index, slice):
            return [self[number] for number in range(*index.indices(len(self)))]
        found = self._recorded[index]
        if type(found) is np.ndarray and found.dtype is _FLOAT64:
            found.setflags(write=False)
            array: Array = found
            return array
        self._recorded[index] = array = read_only(found)
        return array

    def __iter__(self) -> Iterator[Array]:
        return (self[index] for index in range(len(self)))


def read_only(array: Any, xp: Any = numeric) -> Array:
    """Return `array` as an array of the namespace's own kind (float64, or objects) that cannot be written to."""
    result: Array = xp.array(array)
    result.flags.writeable = False
    return result
