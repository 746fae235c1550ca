"""micrograd: one object a number. What it lacks (exp, log, sin, tanh) is added here in its own way.

784-128-10 with a batch of 64 would be seven million objects a run, and is left out. Its own `backward` recurses once
for each operation in a row, deeper than Python allows in the chains; the same walk is done here in a loop.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np
from micrograd.engine import Value

from benchmarks.workloads import CHAIN, CHAIN_CYCLES, DESCENT, NETWORK, ORDER, PERMUTED, RATE, ROUNDS, Arrays, Workload


def _apply(x: Any, result: float, slope: float) -> Any:
    out = Value(result, (x,))

    def backward() -> None:
        x.grad += slope * out.grad

    out._backward = backward
    return out


def _exp(x: Any) -> Any:
    result = math.exp(x.data)
    return _apply(x, result, result)


def _log(x: Any) -> Any:
    return _apply(x, math.log(x.data), 1.0 / x.data)


def _sin(x: Any) -> Any:
    return _apply(x, math.sin(x.data), math.cos(x.data))


def _tanh(x: Any) -> Any:
    result = math.tanh(x.data)
    return _apply(x, result, 1.0 - result * result)


def _backward(target: Any) -> None:
    order, seen, waiting = [], set(), [(target, False)]
    while waiting:
        node, done = waiting.pop()
        if done:
            order.append(node)
        elif node not in seen:
            seen.add(node)
            waiting.append((node, True))
            waiting += [(child, False) for child in node._prev]
    target.grad = 1.0
    for node in reversed(order):
        node._backward()


def _layer(W: Any, x: Any, b: Any) -> list[Any]:
    return [sum((w * one for w, one in zip(row, x, strict=True)), bias) for row, bias in zip(W, b, strict=True)]


def _network(leaves: Arrays) -> Any:
    h = [one.relu() for one in _layer(leaves["W1"], leaves["x"], leaves["b1"])]
    y = [1.0 / (1.0 + _exp(-one)) for one in _layer(leaves["W2"], h, leaves["b2"])]
    terms = [t * _log(one) + (1.0 - t) * _log(1.0 - one) for t, one in zip(leaves["t"], y, strict=True)]
    return -0.5 * sum(terms, Value(0.0))


def _chain(leaves: Arrays) -> Any:
    h, w = list(leaves["x"]), leaves["w"]
    for _ in range(CHAIN_CYCLES):
        h = [_tanh(_sin(one) * by) + by for one, by in zip(h, w, strict=True)]
    return sum(h, Value(0.0))


def _permuted(leaves: Arrays) -> Any:
    x = list(leaves["x"])
    for _ in range(ROUNDS):
        x = [x[0] * x[k] for k in ORDER]
    return sum(x, Value(0.0))


def _run(target: Callable[[Arrays], Any], arrays: Arrays) -> Arrays:
    leaves = {name: np.vectorize(Value, otypes=[object])(array) for name, array in arrays.items()}
    _backward(target(leaves))
    return {name: np.vectorize(lambda one: one.grad, otypes=[float])(leaf) for name, leaf in leaves.items()}


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


RUNS = {NETWORK: _gradients(_network), CHAIN: _gradients(_chain), PERMUTED: _gradients(_permuted), DESCENT: descent}
