"""bptui: a compiled scenario run with numbers, everything recorded."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

import bptui
from benchmarks.workloads import CHAIN, DESCENT, LARGE, NETWORK, PERMUTED, RATE, ROUNDS, Arrays, Workload


def gradients(workload: Workload) -> Callable[[], Arrays]:
    scenario = bptui.loads(workload.scenario())

    def run() -> Arrays:
        trace = bptui.run(scenario, values=workload.arrays)
        return {name: trace.gradient(name) for name in workload.wrt}

    return run


def descent(workload: Workload) -> Callable[[], Arrays]:
    scenario = bptui.loads(workload.scenario())

    def run() -> Arrays:
        arrays = dict(workload.arrays)
        for _ in range(ROUNDS):
            trace = bptui.run(scenario, values=arrays)
            for name in workload.wrt:
                arrays[name] = arrays[name] - RATE * trace.gradient(name)
        return arrays

    return run


def reading(workload: Workload) -> Callable[[], object]:
    """Return what reads the scenario's text: not part of the comparison, told beside it."""
    return partial(bptui.loads, workload.scenario())


RUNS = {NETWORK: gradients, LARGE: gradients, CHAIN: gradients, PERMUTED: gradients, DESCENT: descent}
