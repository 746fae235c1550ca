"""NumPy written by hand: every operation of the scenario once, every operand's derivative once, nothing kept."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

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


def _network_gradients(x: Any, t: Any, W1: Any, b1: Any, W2: Any, b2: Any) -> Arrays:
    z1 = W1 @ x + b1
    h = np.maximum(z1, 0.0)
    z2 = W2 @ h + b2
    y = 1.0 / (1.0 + np.exp(-z2))
    log_y, rest_t, rest_y = np.log(y), 1.0 - t, 1.0 - y
    log_rest = np.log(rest_y)
    _L = -0.5 * np.sum(t * log_y + rest_t * log_rest)
    d = -0.5
    d_t = d * log_y - d * log_rest
    d_y = d * t / y - d * rest_t / rest_y
    d_z2 = d_y * y * (1.0 - y)
    d_h = W2.T @ d_z2
    d_z1 = d_h * (z1 > 0.0)
    d_x = W1.T @ d_z1
    return {"W1": np.outer(d_z1, x), "b1": d_z1, "W2": np.outer(d_z2, h), "b2": d_z2, "x": d_x, "t": d_t}


def network(workload: Workload) -> Callable[[], Arrays]:
    arrays = workload.arrays
    return lambda: _network_gradients(**arrays)


def descent(workload: Workload) -> Callable[[], Arrays]:
    def run() -> Arrays:
        arrays = dict(workload.arrays)
        for _ in range(ROUNDS):
            gradients = _network_gradients(**arrays)
            for name in workload.wrt:
                arrays[name] = arrays[name] - RATE * gradients[name]
        return arrays

    return run


def large(workload: Workload) -> Callable[[], Arrays]:
    X, T, W1, b1, W2, b2 = (workload.arrays[name] for name in ("X", "T", "W1", "b1", "W2", "b2"))

    def run() -> Arrays:
        z1 = X @ W1.T + b1
        a1 = np.maximum(z1, 0.0)
        z2 = a1 @ W2.T + b2
        shifted = z2 - z2.max(axis=1, keepdims=True)
        log_p = shifted - np.log(np.exp(shifted).sum(axis=1, keepdims=True))
        _L = -(T * log_p).sum(axis=1).mean()
        d_z2 = (np.exp(log_p) * T.sum(axis=1, keepdims=True) - T) / len(X)
        d_T = -log_p / len(X)
        d_a1 = d_z2 @ W2
        d_W2 = d_z2.T @ a1
        d_z1 = d_a1 * (z1 > 0.0)
        d_X = d_z1 @ W1
        d_W1 = d_z1.T @ X
        return {"W1": d_W1, "b1": d_z1.sum(axis=0), "W2": d_W2, "b2": d_z2.sum(axis=0), "X": d_X, "T": d_T}

    return run


def chain(workload: Workload) -> Callable[[], Arrays]:
    x, w = workload.arrays["x"], workload.arrays["w"]

    def run() -> Arrays:
        h, kept = x, []
        for _ in range(CHAIN_CYCLES):
            s = np.sin(h)
            y = np.tanh(s * w)
            kept.append((h, s, y))
            h = y + w
        _L = h.sum()
        d, d_w = np.ones(16), np.zeros(16)
        for h, s, y in reversed(kept):
            d_w = d_w + d
            d = d * (1.0 - y * y)
            d_w = d_w + d * s
            d = d * w * np.cos(h)
        return {"x": d, "w": d_w}

    return run


def permuted(workload: Workload) -> Callable[[], Arrays]:
    order = np.array(ORDER)

    def run() -> Arrays:
        x, kept = workload.arrays["x"], []
        for _ in range(ROUNDS):
            first, moved = x[0], x[order]
            kept.append((first, moved))
            x = first * moved
        _L = x.sum()
        d = np.ones(5)
        for first, moved in reversed(kept):
            d_x = np.empty(5)
            d_x[order] = d * first
            d_x[0] += (d * moved).sum()
            d = d_x
        return {"x": d}

    return run


RUNS = {NETWORK: network, LARGE: large, CHAIN: chain, PERMUTED: permuted, DESCENT: descent}
