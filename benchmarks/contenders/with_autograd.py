"""autograd: NumPy's functions traced as they run."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import autograd.numpy as anp
from autograd import grad

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
    h = anp.maximum(leaves["W1"] @ leaves["x"] + leaves["b1"], 0.0)
    y = 1.0 / (1.0 + anp.exp(-(leaves["W2"] @ h + leaves["b2"])))
    t = leaves["t"]
    return -0.5 * anp.sum(t * anp.log(y) + (1.0 - t) * anp.log(1.0 - y))


def _large(leaves: Arrays) -> Any:
    a1 = anp.maximum(leaves["X"] @ leaves["W1"].T + leaves["b1"], 0.0)
    z2 = a1 @ leaves["W2"].T + leaves["b2"]
    shifted = z2 - anp.max(z2, axis=1, keepdims=True)
    log_p = shifted - anp.log(anp.sum(anp.exp(shifted), axis=1, keepdims=True))
    return -anp.sum(leaves["T"] * log_p) / 64.0


def _chain(leaves: Arrays) -> Any:
    h, w = leaves["x"], leaves["w"]
    for _ in range(CHAIN_CYCLES):
        h = anp.tanh(anp.sin(h) * w) + w
    return anp.sum(h)


def _permuted(leaves: Arrays) -> Any:
    x, order = leaves["x"], anp.array(ORDER)
    for _ in range(ROUNDS):
        x = x[0] * x[order]
    return anp.sum(x)


def _gradients(target: Callable[[Arrays], Any]) -> Callable[[Workload], Callable[[], Arrays]]:
    """Return the contender that takes the gradients of `target` to all leaves, as bptui does."""

    def contender(workload: Workload) -> Callable[[], Arrays]:
        arrays, of = dict(workload.arrays), grad(target)
        return lambda: of(arrays)

    return contender


def descent(workload: Workload) -> Callable[[], Arrays]:
    of = grad(_network)

    def run() -> Arrays:
        arrays = dict(workload.arrays)
        for _ in range(ROUNDS):
            gradients = of(arrays)
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
