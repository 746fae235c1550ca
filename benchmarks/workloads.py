"""What is run: five workloads as numbers, and as scenarios for bptui."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

Arrays = dict[str, Any]

NETWORK = "a"
LARGE = "b"
CHAIN = "c"
PERMUTED = "d"
DESCENT = "e"

TITLES = {
    NETWORK: "the 2-3-2 network of exercise 7.1",
    LARGE: "784-128-10, batch of 64",
    CHAIN: "1000 elementwise operations in a chain on 16 numbers",
    PERMUTED: "x[0]*permute(x), 1000 times over",
    DESCENT: "1000 steps of gradient descent on (a)",
}

ORDER = [2, 4, 3, 0, 1]
ROUNDS = 1000
"""How often (d) multiplies, and how many steps (e) descends."""
RATE = 0.1
CHAIN_CYCLES = 250
"""How often (c) goes through its four operations: sin, times w, tanh, plus w."""


@dataclass(frozen=True)
class Workload:
    """One workload: all arrays by name, which of them gradients are asked for, and the scenario's forward lines."""

    arrays: Mapping[str, Any]
    wrt: tuple[str, ...]
    forward: str

    def scenario(self) -> str:
        """Return the scenario file; what is large is given as zeros, other numbers come with each run."""
        lines = ["[inputs]"]
        for name, array in self.arrays.items():
            given = array.tolist() if array.size <= 64 else f'{{ shape = {list(array.shape)}, init = "zeros" }}'
            lines.append(f"{name} = {given}")
        return "\n".join([*lines, "[forward]", self.forward, "[backward]", f"wrt = {list(self.wrt)}"])


def _network() -> Workload:
    arrays = {
        "x": np.array([0.5, 0.2]),
        "t": np.array([1.0, 0.0]),
        "W1": np.array([[0.1, 0.4], [0.2, 0.5], [0.3, 0.6]]),
        "b1": np.array([0.1, 0.2, 0.3]),
        "W2": np.array([[0.7, 0.2, 0.1], [0.5, 0.3, 0.4]]),
        "b2": np.array([0.1, 0.2]),
    }
    forward = """z1 = "W1 @ x + b1"
h = "relu(z1)"
z2 = "W2 @ h + b2"
y = "sigmoid(z2)"
L = "-1/2 * sum(t*log(y) + (1 - t)*log(1 - y))"
"""
    return Workload(arrays, ("W1", "b1", "W2", "b2"), forward)


def _large() -> Workload:
    random = np.random.RandomState(0)
    target = np.zeros((64, 10))
    target[np.arange(64), random.randint(0, 10, 64)] = 1.0
    arrays = {
        "X": random.uniform(0.0, 1.0, (64, 784)),
        "T": target,
        "W1": random.standard_normal((128, 784)) * 0.05,
        "b1": np.zeros(128),
        "W2": random.standard_normal((10, 128)) * 0.1,
        "b2": np.zeros(10),
    }
    forward = """z1 = "X @ W1.T + b1"
a1 = "relu(z1)"
z2 = "a1 @ W2.T + b2"
L = "softmax_cross_entropy(z2, T)"
"""
    return Workload(arrays, ("W1", "b1", "W2", "b2"), forward)


def _chain() -> Workload:
    arrays = {"x": np.linspace(-1.0, 1.0, 16), "w": np.linspace(0.9, 1.1, 16)}
    lines = ['h0 = "x"']
    for cycle in range(CHAIN_CYCLES):
        lines.append(f'h{cycle + 1} = "tanh(sin(h{cycle})*w) + w"')
    lines.append(f'L = "sum(h{CHAIN_CYCLES})"')
    return Workload(arrays, ("x", "w"), "\n".join(lines[1:]).replace("h0", "x"))


def _permuted() -> Workload:
    # Numbers of size 1: each round doubles the degree, and the gradients grow as it is.
    arrays = {"x": np.array([1.0, -1.0, 1.0, -1.0, 1.0])}
    lines, last = [], "x"
    for number in range(1, ROUNDS + 1):
        lines.append(f'F{number} = "{last}[0] * permute({last}, {ORDER})"')
        last = f"F{number}"
    return Workload(arrays, ("x",), "\n".join([*lines, f'L = "sum({last})"']))


WORKLOADS = {NETWORK: _network(), LARGE: _large(), CHAIN: _chain(), PERMUTED: _permuted(), DESCENT: _network()}
