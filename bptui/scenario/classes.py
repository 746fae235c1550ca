"""Rows of whole numbers that are alike, found without looking at them one by one."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np
from numpy.typing import NDArray

Numbers = NDArray[np.int64]

_MOST = 4
"""How many numbers of a row may vary in number from row to row; a longer row is like no other."""


def classes(columns: Iterable[Numbers]) -> Numbers:
    """Return a number from 0 on for each row, the same for rows that agree in all `columns`; none may be negative."""
    found, span = np.zeros(1, np.int64), 1
    for column in columns:
        size = int(column.max(initial=0)) + 1
        if span * size >= 1 << 62:
            found = np.unique(found, return_inverse=True)[1]
            span = int(found.max(initial=0)) + 1
        found, span = found * size + column, span * size
    return np.unique(found, return_inverse=True)[1]


def ragged(numbers: Numbers, places: NDArray[np.int32], starts: Numbers, ends: Numbers) -> list[Numbers]:
    """Return rows of different lengths as columns: row i has `numbers` at `places[starts[i] : ends[i]]`."""
    counts = ends - starts
    columns = [counts, np.where(counts > _MOST, starts + 1, 0)]
    for at in range(min(_MOST, int(counts.max(initial=0)))):
        column = np.zeros(len(counts), np.int64)
        there = counts > at
        column[there] = numbers[places[starts[there] + at]]
        columns.append(column)
    return columns


def any_in_row(numbers: NDArray[np.bool_], starts: Numbers) -> NDArray[np.bool_]:
    """Return for each row, `numbers[starts[i] : starts[i + 1]]`, whether one of it is true."""
    before = np.append(0, np.cumsum(numbers))
    return before[starts[1:]] > before[starts[:-1]]
