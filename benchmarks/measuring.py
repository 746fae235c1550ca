"""Timing things against each other: interleaved, in turns too short for the machine to change between them."""

from __future__ import annotations

import gc
import statistics
import time
from collections.abc import Callable, Mapping
from random import Random
from typing import Any

Run = Callable[[], Any]


def interleaved(runs: Mapping[str, Run], seconds: float, turns: int) -> dict[str, list[float]]:
    """Return for each run the seconds that one call took, in each of `turns` turns.

    In every turn each run is called as often as fits into its share of `seconds`, in an order that is drawn anew.
    """
    calls = {name: _calls(run, seconds / turns / len(runs)) for name, run in runs.items()}
    times: dict[str, list[float]] = {name: [] for name in runs}
    random, order = Random(0), list(runs)
    for _ in range(turns):
        random.shuffle(order)
        for name in order:
            times[name].append(_seconds(runs[name], calls[name]))
    return times


def _calls(run: Run, seconds: float) -> int:
    """Return how often `run` fits into `seconds`, after calls that warm it up."""
    run()
    return max(1, int(seconds / max(_seconds(run, 2), 1e-9)))


def _seconds(run: Run, calls: int) -> float:
    gc.collect()
    start = time.perf_counter()
    for _ in range(calls):
        run()
    return (time.perf_counter() - start) / calls


def quartiles(numbers: list[float]) -> tuple[float, float, float]:
    """Return the first quartile, the median and the third quartile."""
    first, middle, third = statistics.quantiles(numbers, n=4, method="inclusive")
    return first, middle, third
