"""The numbers of a trace as they were recorded, handed out as arrays that cannot be written to."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from itertools import islice
from operator import attrgetter
from typing import Any, Protocol

import numpy as np

from bptui.ops import numeric
from bptui.scenario.program import Array
from bptui.sequences import OneByOne

_FLOAT64 = np.dtype(np.float64)

_SIZE = attrgetter("size")

_LOOKED_AT, _SMALL = 4096, 1 << 18
"""How many arrays are looked at together, and how many elements they may have to be joined for it."""


class Recording(Protocol):
    """A run that is still being recorded."""

    @property
    def reached(self) -> int:
        """How many steps are recorded."""

    @property
    def whole(self) -> bool:
        """Whether all is recorded."""

    def reach(self, step: int) -> None:
        """Record up to step `step` and with it, or all where there are fewer."""

    def finish(self) -> None:
        """Record all that is not recorded yet."""

    def go_on(self, seconds: float) -> None:
        """Record steps for about so long."""


class Arrays(OneByOne[Array]):
    """What a run recorded, by id or slot. A run keeps what NumPy gives it; what is asked for is made an array here.

    Making every result read-only as it is recorded would cost as much time as computing it. What is not recorded yet is
    None; asked for, it is recorded at once: at the step that `step_of` tells.
    """

    __slots__ = ("_recorded", "_recording", "_step_of")

    def __init__(
        self, recorded: list[Any], recording: Recording | None = None, step_of: Callable[[int], int] = int
    ) -> None:
        self._recorded, self._recording, self._step_of = recorded, recording, step_of

    def __len__(self) -> int:
        return len(self._recorded)

    def __getitem__(self, index: Any) -> Any:
        found = self._recorded[index]
        if type(found) is np.ndarray and found.dtype is _FLOAT64:  # the way that is gone most
            found.setflags(write=False)
            return found
        return super().__getitem__(index)

    def _item(self, index: int) -> Array:
        found = self._as_recorded(index)
        if type(found) is np.ndarray and found.dtype is _FLOAT64:
            found.setflags(write=False)
            array: Array = found
            return array
        array = read_only(found)
        if self._recording is None or self._recording.whole:  # the passes go on with what they recorded
            self._recorded[index] = array
        return array

    def _as_recorded(self, index: int) -> Any:
        found = self._recorded[index]
        if found is None and self._recording is not None:
            self._recording.reach(self._step_of(self._place(index)))
            found = self._recorded[index]
        return found

    def recorded(self, indices: Iterable[int] | None = None) -> list[Any]:
        """Return a list of what was recorded as it is, or of some of it: arrays, and NumPy's scalars.

        Nothing in it may be changed.
        """
        if indices is not None:
            return [self._as_recorded(index) for index in indices]
        if self._recording is not None:
            self._recording.finish()
        return list(self._recorded)


def as_recorded(arrays: Sequence[Array], indices: Iterable[int] | None = None) -> list[Any]:
    """Return a list of arrays, or of some of them, as a run recorded them: for those who go through many.

    Nothing in it may be changed; the list itself may.
    """
    if isinstance(arrays, Arrays):
        return arrays.recorded(indices)
    return list(arrays) if indices is None else [arrays[index] for index in indices]


def not_finite(arrays: Sequence[Array], indices: Iterable[int]) -> Iterator[tuple[int, int, float]]:
    """Yield the index of each array that holds nan or inf, its first such element and that number, in the order given.

    Many small arrays are looked at together, so that a million of them take a fraction of a second.
    """
    indices = iter(indices)
    while some := list(islice(indices, _LOOKED_AT)):
        found = as_recorded(arrays, some)
        if sum(map(_SIZE, found)) <= _SMALL and np.isfinite(np.concatenate(found, axis=None)).all():
            continue
        for index, array in zip(some, found, strict=True):
            finite = np.isfinite(array)
            if not finite.all():
                flat = int(np.argmin(np.ravel(finite)))
                yield index, flat, float(np.ravel(array)[flat])


def read_only(array: Any, xp: Any = numeric) -> Array:
    """Return `array` as an array of the namespace's own kind (float64, or objects) that cannot be written to."""
    result: Array = xp.array(array)
    result.flags.writeable = False
    return result
