"""The namespace `xp` in which functions keep their names: `sigmoid(z)`, not `1/(1 + exp(-z))`. For reading.

All else is taken from `bptui.symbols.explicit`.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import sympy

from bptui.ops.axes import axes_of, reduced
from bptui.ops.structure import Lines
from bptui.symbols import explicit, functions

sigmoid = np.frompyfunc(functions.sigmoid, 1, 1)
softplus = np.frompyfunc(functions.softplus, 1, 1)


def __getattr__(name: str) -> Any:
    return getattr(explicit, name)


def silu_slope(x: Any) -> Any:
    y = sigmoid(x)
    return y + x * explicit.sigmoid_slope(y, x)


def logsumexp(x: Any, axis: Any, keepdims: bool) -> Any:
    return explicit.along(x, axis, keepdims, lambda line: functions.logsumexp(*line))


def log_softmax(x: Any, axis: Any) -> Any:
    return x - logsumexp(x, axis, True)


def softmax(x: Any, axis: Any) -> Any:
    """Return for each element its place in its line and the line as a function, which is shown as `softmax(z)[0]`."""
    x = np.asarray(x, dtype=object)
    axes = axes_of(x.shape, axis)
    lines = Lines(x.shape, axes)
    flat = x.reshape(-1)
    result = np.empty(x.size, dtype=object)
    for number in range(math.prod(reduced(x.shape, axes, keepdims=False))):
        members = lines.members(number)
        for place, member in enumerate(members):
            result[member] = functions.softmax(sympy.Integer(place), *flat[members])
    return result.reshape(x.shape)
