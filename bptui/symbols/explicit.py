"""The namespace `xp` for symbols: the functions of `bptui.ops.numeric` on object arrays of SymPy expressions.

The same rules of the same operations run on it. Nothing is simplified beyond what SymPy does by itself when a sum, a
product or a power is made; numbers are exact. Here every function is written out, `1/(1 + exp(-x))`, so that what
comes out can be evaluated by anyone; `bptui.symbols.folded` keeps the names instead.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import sympy

from bptui.ops import numeric
from bptui.symbols import functions
from bptui.symbols.bound import refuse_long_power
from bptui.symbols.exact import exact

concatenate = numeric.concatenate
flip = numeric.flip
matmul = numeric.matmul
products_of_others = numeric.products_of_others
put_along = numeric.put_along
put_slices = numeric.put_slices
roll = numeric.roll
stack = numeric.stack
take = numeric.take
take_along = numeric.take_along
transpose = numeric.transpose

LOG10_E = 1 / sympy.log(10)
_HALF = sympy.Rational(1, 2)


def array(values: Any) -> Any:
    """Return `values` (an array, a single expression, a Python number) as an object array of exact expressions."""
    return np.asarray(_expressions(np.asarray(values, dtype=object)), dtype=object)


def kept(result: Any) -> Any:
    """Return what is recorded of a result: an array that cannot be written to."""
    recorded = array(result)
    recorded.flags.writeable = False
    return recorded


def number(value: float) -> sympy.Expr:
    """Return an option that is a number as an exact one."""
    return exact(float(value))


def _expression(value: Any) -> sympy.Expr:
    if isinstance(value, sympy.Basic):  # nearly always, and there may be millions
        return value
    return exact(value) if isinstance(value, float) else sympy.sympify(value)


def _elementwise(function: Any, operands: int = 1) -> Any:
    return np.frompyfunc(function, operands, 1)


_expressions = _elementwise(_expression)


def _applied(function: Any) -> Any:
    """Return a function of SymPy for arrays, which is worked out for numbers only.

    Otherwise it would ask at length whether its argument is 0, imaginary or a multiple of π: of a chain of ten tanh,
    for minutes.
    """
    return _elementwise(lambda x: function(x, evaluate=bool(x.is_number)))


exp = _applied(sympy.exp)
log = _applied(sympy.log)
sqrt = _elementwise(sympy.sqrt)
abs = _applied(sympy.Abs)
sign = _applied(sympy.sign)
sin = _applied(sympy.sin)
cos = _applied(sympy.cos)
tanh = _applied(sympy.tanh)
minimum = _elementwise(functions.minimum, 2)
maximum = _elementwise(functions.maximum, 2)
less = _elementwise(functions.less, 2)
less_equal = _elementwise(functions.less_equal, 2)
equal = _elementwise(functions.equal, 2)
where = _elementwise(functions.where, 3)
relu = _elementwise(functions.relu)
step = _elementwise(functions.step)
sigmoid = _elementwise(functions.sigmoid.definition)
softplus = _elementwise(functions.softplus.definition)
_erf = _applied(sympy.erf)


def greater(a: Any, b: Any) -> Any:
    return less(b, a)


def greater_equal(a: Any, b: Any) -> Any:
    return less_equal(b, a)


def not_equal(a: Any, b: Any) -> Any:
    return 1 - equal(a, b)


def nonzero(c: Any) -> Any:
    """Return 1 where c is not 0, else 0."""
    return not_equal(c, 0)


def expm1(x: Any) -> Any:
    return exp(x) - 1


def log10(x: Any) -> Any:
    return log(x) * LOG10_E


def divide(a: Any, b: Any) -> Any:
    return _expressions(a) / b


def sigmoid_slope(y: Any, x: Any) -> Any:
    return y * (1 - y)


def silu_slope(x: Any) -> Any:
    y = sigmoid(x)
    return y + x * sigmoid_slope(y, x)


def normal_cdf(x: Any) -> Any:
    """Return Φ(x) = (1 + erf(x/√2))/2."""
    return _HALF * (1 + _erf(x / sympy.sqrt(2)))


def gelu(x: Any, approximate: bool) -> Any:
    return _HALF * x * (1 + _gelu_tanh(x)) if approximate else x * normal_cdf(x)


def gelu_slope(x: Any, approximate: bool) -> Any:
    if not approximate:
        return normal_cdf(x) + x * exp(-x * x / 2) / sympy.sqrt(2 * sympy.pi)
    inner = _gelu_tanh(x)
    outer = sympy.sqrt(2 / sympy.pi) * (1 + exact(0.134145) * x**2)
    return _HALF * (1 + inner) + _HALF * x * (1 - inner**2) * outer


def _gelu_tanh(x: Any) -> Any:
    return tanh(sympy.sqrt(2 / sympy.pi) * (x + exact(0.044715) * x**3))


def _power(a: sympy.Expr, b: sympy.Expr) -> sympy.Expr:
    refuse_long_power(a, b)
    return a**b


def _power_slope(a: sympy.Expr, b: sympy.Expr) -> sympy.Expr:
    refuse_long_power(a, b)
    return b * a ** (b - 1)  # 0 where b is the number 0; what is no number is not


def _times_log(y: sympy.Expr, a: sympy.Expr) -> sympy.Expr:
    return sympy.Integer(0) if y == 0 and a == 0 else y * sympy.log(a)


def _ratio(a: sympy.Expr, b: sympy.Expr) -> sympy.Expr:
    return sympy.Integer(0) if a == 0 and b == 0 else _expression(a) / b


power = _elementwise(_power, 2)
power_slope = _elementwise(_power_slope, 2)
times_log = _elementwise(_times_log, 2)
ratio = _elementwise(_ratio, 2)


# Reductions. `axis` is None, a number or a tuple, as NumPy takes it.


def expand(reduced: Any, shape: tuple[int, ...], axis: Any, keepdims: bool) -> Any:
    """Return the result of a reduction over `axis`, a single expression as well, repeated to an array of `shape`."""
    return numeric.expand(np.asarray(reduced, dtype=object), shape, axis, keepdims)


def unbroadcast(array: Any, shape: tuple[int, ...]) -> Any:
    """Return `array` summed over the axes along which an operand of `shape` was broadcast to it."""
    return numeric.unbroadcast(np.asarray(array, dtype=object), shape)


def along(x: Any, axis: Any, keepdims: bool, function: Any) -> Any:
    """Return `function(line)` for each line of x along `axis`, a line being a list of its elements."""
    x = np.asarray(x, dtype=object)
    axes = tuple(range(x.ndim)) if axis is None else axis if isinstance(axis, tuple) else (axis,)
    axes = tuple(one % x.ndim for one in axes)
    kept = [one for one in range(x.ndim) if one not in axes]
    sizes = [math.prod(x.shape[one] for one in part) for part in (kept, axes)]
    lines = np.transpose(x, (*kept, *axes)).reshape(sizes)
    result = np.empty(len(lines), dtype=object)
    for place, line in enumerate(lines):
        result[place] = function(list(line))
    shape = [1 if one in axes else length for one, length in enumerate(x.shape)]
    return result.reshape(shape if keepdims else [x.shape[one] for one in kept])


def largest(x: Any, share: Any, axis: Any, keepdims: bool) -> Any:
    """Return the maximum along `axis`: the element whose `share` says that it is the largest, else a function."""
    return _extreme(functions.maximum, x, share, axis, keepdims)


def smallest(x: Any, share: Any, axis: Any, keepdims: bool) -> Any:
    """Return the minimum along `axis`; `share` as in `largest`."""
    return _extreme(functions.minimum, x, share, axis, keepdims)


def _extreme(function: Any, x: Any, share: Any, axis: Any, keepdims: bool) -> Any:
    if share is not None:
        return np.asarray(array(share) * x, dtype=object).sum(axis=axis, keepdims=keepdims)
    return along(x, axis, keepdims, lambda line: line[0] if len(line) == 1 else function(*line))


def shares(x: Any, extreme: Any, axis: Any) -> Any:
    """Return the share of each element of x in the `extreme` of its line: 1/n for each of n tied, else 0."""
    tied = np.asarray(equal(x, extreme), dtype=object)
    return tied / along(tied, axis, True, lambda line: sympy.Add(*line))


def logsumexp(x: Any, axis: Any, keepdims: bool) -> Any:
    return along(x, axis, keepdims, lambda line: functions.logsumexp.definition(*line))


def softmax(x: Any, axis: Any) -> Any:
    powers = np.asarray(exp(x), dtype=object)
    return powers / along(powers, axis, True, lambda line: sympy.Add(*line))


def log_softmax(x: Any, axis: Any) -> Any:
    return x - logsumexp(x, axis, True)


def norm(x: Any, axis: Any, keepdims: bool) -> Any:
    return along(x, axis, keepdims, lambda line: sympy.sqrt(sympy.Add(*(one**2 for one in line))))


# Arrangement: what of it makes zeros or adds up.


def zeros(shape: tuple[int, ...]) -> Any:
    return np.full(shape, sympy.Integer(0), dtype=object)


def put(upstream: Any, key: Any, shape: tuple[int, ...]) -> Any:
    """Return zeros of `shape` with `upstream` at `key`, a NumPy index that names no element twice."""
    result = zeros(shape)
    result[key] = upstream if np.ndim(upstream) else np.asarray(upstream, dtype=object).item()
    return result


def add_slices(upstream: Any, indices: Any, shape: tuple[int, ...], axis: int) -> Any:
    """Return what `take` of an array of `shape` passes back: slices taken more than once add up."""
    source = np.take(np.arange(math.prod(shape)).reshape(shape), np.asarray(indices, dtype=np.intp), axis=axis)
    result = zeros((math.prod(shape),))
    np.add.at(result, source.ravel(), np.asarray(upstream, dtype=object).ravel())
    return result.reshape(shape)


def cumsum(x: Any, axis: Any) -> Any:
    return np.cumsum(np.asarray(x, dtype=object), axis=axis)
