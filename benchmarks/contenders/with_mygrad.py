"""mygrad: tensors over NumPy."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import mygrad as mg
import numpy as np

from benchmarks.workloads import (
    CHAIN,
    CHAIN_CYCLES,
    DESCENT,
    LARGE,
    NETWORK,
    ORDER,
    PERMUTED,
    RATE,
    ROUNDS,
    Arrays,
    Workload,
)


def _network(leaves: Arrays) -> Any:
    h = mg.maximum(mg.matmul(leaves["W1"], leaves["x"]) + leaves["b1"], 0.0)
    y = 1.0 / (1.0 + mg.exp(-(mg.matmul(leaves["W2"], h) + leaves["b2"])))
    t = leaves["t"]
    return -0.5 * mg.sum(t * mg.log(y) + (1.0 - t) * mg.log(1.0 - y))


def _large(leaves: Arrays) -> Any:
    a1 = mg.maximum(mg.matmul(leaves["X"], leaves["W1"].T) + leaves["b1"], 0.0)
    z2 = mg.matmul(a1, leaves["W2"].T) + leaves["b2"]
    shifted = z2 - mg.max(z2, axis=1, keepdims=True)
    log_p = shifted - mg.log(mg.sum(mg.exp(shifted), axis=1, keepdims=True))
    return -mg.sum(leaves["T"] * log_p) / 64.0


def _chain(leaves: Arrays) -> Any:
    h, w = leaves["x"], leaves["w"]
    for _ in range(CHAIN_CYCLES):
        h = mg.tanh(mg.sin(h) * w) + w
    return mg.sum(h)


def _permuted(leaves: Arrays) -> Any:
    x, order = leaves["x"], np.array(ORDER)
    for _ in range(ROUNDS):
        x = x[0] * x[order]
    return mg.sum(x)


def _run(target: Callable[[Arrays], Any], arrays: Arrays) -> Arrays:
    leaves = {name: mg.tensor(array) for name, array in arrays.items()}
    target(leaves).backward()
    return {name: leaf.grad for name, leaf in leaves.items()}


def _gradients(target: Callable[[Arrays], Any]) -> Callable[[Workload], Callable[[], Arrays]]:
    return lambda workload: lambda: _run(target, dict(workload.arrays))


def descent(workload: Workload) -> Callable[[], Arrays]:
    def run() -> Arrays:
        arrays = dict(workload.arrays)
        for _ in range(ROUNDS):
            gradients = _run(_network, arrays)
            for name in workload.wrt:
                arrays[name] = arrays[name] - RATE * gradients[name]
        return arrays

    return run


RUNS = {
    NETWORK: _gradients(_network),
    LARGE: _gradients(_large),
    CHAIN: _gradients(_chain),
    PERMUTED: _gradients(_permuted),
    DESCENT: descent,
}
