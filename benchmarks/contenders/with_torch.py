"""PyTorch in double precision on one thread, every intermediate result asked to retain its gradient."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import torch

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

torch.set_num_threads(1)


def _kept(tensor: Any) -> Any:
    tensor.retain_grad()
    return tensor


def _network(leaves: Arrays) -> Any:
    h = _kept(torch.relu(_kept(_kept(leaves["W1"] @ leaves["x"]) + leaves["b1"])))
    y = _kept(torch.sigmoid(_kept(_kept(leaves["W2"] @ h) + leaves["b2"])))
    t = leaves["t"]
    log_y, log_rest = _kept(torch.log(y)), _kept(torch.log(_kept(1.0 - y)))
    both = _kept(_kept(t * log_y) + _kept(_kept(1.0 - t) * log_rest))
    return -0.5 * _kept(torch.sum(both))


def _large(leaves: Arrays) -> Any:
    a1 = _kept(torch.relu(_kept(_kept(leaves["X"] @ leaves["W1"].T) + leaves["b1"])))
    z2 = _kept(_kept(a1 @ leaves["W2"].T) + leaves["b2"])
    return torch.nn.functional.cross_entropy(z2, leaves["T"])


def _chain(leaves: Arrays) -> Any:
    h, w = leaves["x"], leaves["w"]
    for _ in range(CHAIN_CYCLES):
        h = _kept(_kept(torch.tanh(_kept(_kept(torch.sin(h)) * w))) + w)
    return torch.sum(h)


def _permuted(leaves: Arrays) -> Any:
    x, order = leaves["x"], torch.tensor(ORDER)
    for _ in range(ROUNDS):
        x = _kept(_kept(x[0]) * _kept(x[order]))
    return torch.sum(x)


def _leaves(arrays: Arrays) -> Arrays:
    return {name: torch.tensor(array, requires_grad=True) for name, array in arrays.items()}


def _gradients(target: Callable[[Arrays], Any]) -> Callable[[Workload], Callable[[], Arrays]]:
    def contender(workload: Workload) -> Callable[[], Arrays]:
        def run() -> Arrays:
            leaves = _leaves(dict(workload.arrays))
            target(leaves).backward()
            return {name: leaf.grad.numpy() for name, leaf in leaves.items()}

        return run

    return contender


def descent(workload: Workload) -> Callable[[], Arrays]:
    def run() -> Arrays:
        leaves = _leaves(dict(workload.arrays))
        for _ in range(ROUNDS):
            _network(leaves).backward()
            with torch.no_grad():
                for name in workload.wrt:
                    leaves[name] -= RATE * leaves[name].grad
                for leaf in leaves.values():
                    leaf.grad = None
        return {name: leaf.detach().numpy() for name, leaf in leaves.items()}

    return run


RUNS = {
    NETWORK: _gradients(_network),
    LARGE: _gradients(_large),
    CHAIN: _gradients(_chain),
    PERMUTED: _gradients(_permuted),
    DESCENT: descent,
}
