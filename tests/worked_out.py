"""SymPy expressions worked out by hand, on float64 or with many digits: nothing of SymPy's own evaluation is used."""

from __future__ import annotations

import math
import operator
from collections.abc import Callable, Mapping
from typing import Any

import mpmath
import numpy as np
import sympy

Functions = Mapping[str, Callable[..., Any]]

BRANCHING: Functions = {
    "relu": lambda x: max(x, 0.0),
    "step": lambda x: float(x > 0),
    "maximum": max,
    "minimum": min,
    "less": lambda a, b: float(a < b),
    "less_equal": lambda a, b: float(a <= b),
    "equal": lambda a, b: float(a == b),
    "where": lambda c, a, b: a if c else b,
}

ON_FLOATS: Functions = {
    **BRANCHING,
    "Add": lambda *terms: math.fsum(terms),
    "Mul": lambda *factors: float(np.prod(factors)),
    "Pow": operator.pow,
    "exp": np.exp,
    "log": np.log,
    "tanh": np.tanh,
    "sin": np.sin,
    "cos": np.cos,
    "erf": math.erf,
    "sign": np.sign,
    "Abs": abs,
}

WITH_DIGITS: Functions = {
    **BRANCHING,
    "Add": lambda *terms: sum(terms),
    "Mul": lambda *factors: math.prod(factors),
    "Pow": lambda base, exponent: mpmath.inf if base == 0 and exponent < 0 else base**exponent,
    "exp": mpmath.exp,
    "log": lambda x: mpmath.log(x) if x >= 0 else mpmath.nan,
    "tanh": mpmath.tanh,
    "sin": mpmath.sin,
    "cos": mpmath.cos,
    "erf": mpmath.erf,
    "sign": mpmath.sign,
    "Abs": abs,
}

DIGITS = 400
"""How many digits are many: exp(-800) has its first behind 347 zeros."""


def evaluate(expression: Any, values: dict[Any, Any], functions: Functions = ON_FLOATS) -> Any:
    """Return the number that an expression comes to; `values` gives the symbols, and remembers the rest."""
    found = values.get(expression)
    if found is None:
        arguments = [evaluate(argument, values, functions) for argument in expression.args]
        if arguments:
            found = functions[type(expression).__name__](*arguments)
        else:
            found = float(expression) if functions is ON_FLOATS else _digits(expression)
        values[expression] = found
    return found


def _digits(number: Any) -> Any:
    if number.is_Rational:
        return mpmath.mpf(number.p) / number.q
    known = {sympy.pi: mpmath.pi, sympy.E: mpmath.e, sympy.nan: mpmath.nan, -sympy.oo: -mpmath.inf}
    return known[number] + mpmath.mpf(0)


def with_digits(array: Any, values: Mapping[Any, float]) -> Any:
    """Return an array of expressions with numbers in the place of its symbols, worked out with many digits.

    Written out, a rule that is stable on float64 may overflow there, or lose all its digits.
    """
    with mpmath.workdps(DIGITS):
        known = {symbol: mpmath.mpf(float(number)) for symbol, number in values.items()}
        flat = np.ravel(np.asarray(array, dtype=object)).tolist()
        found = [float(evaluate(one.doit(), known, WITH_DIGITS)) for one in flat]
    return np.array(found).reshape(np.shape(array))
