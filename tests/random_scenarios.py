"""Random scenarios out of all operations, each made twice: as TOML text, and as a function on autograd's numbers.

The text goes to bptui. The function is built beside it, out of the oracles and plain Python, and knows nothing of
bptui's expressions, programs or rules, so whatever the two agree on has two sources. Every named value can be shifted
by an array under its name: the gradient with respect to the shift at 0 is that with respect to the value.

Operands are kept inside an operation's domain, away from its kinks and of moderate size.
"""

from __future__ import annotations

import json
import math
import warnings
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from random import Random
from typing import Any

import autograd
import autograd.numpy as anp
import numpy as np
from numpy.typing import NDArray

from bptui.ops import OPERATIONS
from bptui.ops.operation import REQUIRED, Sample
from oracles import ORACLES

Array = NDArray[np.float64]
Environment = dict[str, Any]

COMPARISON, SUM, PRODUCT, SIGN, POWER, ATOM = range(6)
"""How tightly an expression's outermost operator binds, as in Python."""

_INFIX = {
    "add": ("+", SUM), "subtract": ("-", SUM), "multiply": ("*", PRODUCT), "divide": ("/", PRODUCT),
    "matmul": ("@", PRODUCT), "power": ("**", POWER), "less": ("<", COMPARISON), "less_equal": ("<=", COMPARISON),
    "greater": (">", COMPARISON), "greater_equal": (">=", COMPARISON), "equal": ("==", COMPARISON),
    "not_equal": ("!=", COMPARISON),
}  # fmt: skip
COMPARISONS = tuple(name for name, (_, precedence) in _INFIX.items() if precedence == COMPARISON)

_LEAF_NAMES = ["x", "W1", "b", "α", "sum", "w_2", "data", "Größe", "v", "q", "k9", "s", "mask", "u2", "r", "o", "t", "θ"]
_LINE_NAMES = ["h", "z1", "max", "y", "σ", "a_", "relu", "m", "g", "n2", "out", "p", "c", "F3", "log", "w", "λ", "j1"]
_SYMBOLS = ["X", "Y", "δ", "ξ", "Q_", "B", "Z", "R"]

MARGIN = 0.02
"""How far operands stay from a kink or a tie."""

LARGEST = 25.0
"""How large a value of a random scenario may be."""


@dataclass(frozen=True)
class Node:
    """An expression as text, its value at the scenario's own numbers, and the function that computes it."""

    text: str
    precedence: int
    value: Array
    evaluate: Callable[[Environment], Any]

    def within(self, precedence: int) -> str:
        return f"({self.text})" if self.precedence < precedence else self.text

    @property
    def shape(self) -> tuple[int, ...]:
        return self.value.shape


@dataclass(frozen=True)
class RandomScenario:
    """A scenario's text with the same computation on autograd's numbers."""

    text: str
    leaves: Mapping[str, Array]
    lines: Mapping[str, Callable[[Environment], Any]]
    """By name, in order: a line's value from those of the names before it."""
    target: str
    seed: Array | None
    loss: str
    wrt: tuple[str, ...]

    @property
    def names(self) -> list[str]:
        return [*self.leaves, *self.lines]

    def values(self, shifts: Mapping[str, Any] | None = None, leaves: Mapping[str, Array] | None = None) -> Environment:
        """Return every named value, each moved by the shift under its name."""
        shifts = shifts or {}
        given = {**self.leaves, **(leaves or {})}
        environment: Environment = {}

        def put(name: str, value: Any) -> None:
            environment[name] = value + shifts[name] if name in shifts else value

        for name, array in given.items():
            put(name, array)
        for name, line in self.lines.items():
            put(name, line(environment))
        return environment

    def scalar(self, shifts: Mapping[str, Any] | None = None, leaves: Mapping[str, Array] | None = None) -> Any:
        """Return what is differentiated: the target, or the sum of seed times target."""
        target = self.values(shifts, leaves)[self.target]
        return target if self.seed is None else anp.sum(self.seed * target)

    def gradients(self) -> dict[str, Array]:
        """Return the gradient with respect to every named value, by autograd."""
        zeros = {name: np.zeros(np.shape(value)) for name, value in self.values().items()}
        with warnings.catch_warnings(), np.errstate(all="ignore"):
            warnings.filterwarnings("ignore", "Output seems independent of input")
            found = autograd.grad(self.scalar)(zeros)
        return {name: np.asarray(array, dtype=np.float64) for name, array in found.items()}

    def jacobian(self, above: str, below: str) -> Array:
        """Return the total derivative of one named value with respect to another, by autograd."""
        values = self.values()
        zero = np.zeros(np.shape(values[below]))
        rows = []
        with warnings.catch_warnings():
            warnings.filterwarnings("ignore", "Output seems independent of input")
            for index in np.ndindex(*np.shape(values[above])):

                def one(shift: Any, index: tuple[int, ...] = index) -> Any:
                    array = self.values({below: shift})[above]
                    return array[index] if index else array

                rows.append(autograd.grad(one)(zero))
        return np.reshape(np.asarray(rows, dtype=np.float64), (*np.shape(values[above]), *zero.shape))


def random_scenario(random: Random, featured: Sequence[str] = ()) -> RandomScenario:
    """Return a random scenario in which every operation named in `featured` stands."""
    return _Generator(random, frozenset(featured)).scenario(featured)


_FUNCTIONS: tuple[tuple[str, tuple[str, ...], str, Callable[..., Any]], ...] = (
    ("mixed", ("u", "v"), "u*tanh(v) + 0.3*v", lambda u, v: u * anp.tanh(v) + 0.3 * v),
    (
        "spread",
        ("u",),
        "mean(square(u - mean(u)))",
        lambda u: anp.sum((u - anp.sum(u) / u.size) ** 2) / u.size,
    ),
    ("nested", ("u",), "mixed(u, sigmoid(u)) - spread(v=u)", None),  # type: ignore[arg-type]
    ("half", (), "-1/-(1 + 1)", lambda: np.float64(0.5)),
    ("cosine", ("sin",), "cos(sin) + 0*sin", lambda u: anp.cos(u)),
)
