"""What every operation computes, a second time and as plainly as possible: loops over elements, on autograd's numbers.

autograd differentiates these, so each of them is an independent source for values and derivatives alike. None of them
looks at a rule of bptui's; stable forms are others than bptui's (tanh for sigmoid, pairs of logaddexp for logsumexp).
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from functools import reduce
from typing import Any

import autograd.numpy as anp
import numpy as np
from autograd.extend import defvjp, primitive
from autograd.tracer import getval

_erf = primitive(lambda x: np.vectorize(math.erf, otypes=[float])(x))
defvjp(_erf, lambda y, x: lambda g: g * 2.0 / math.sqrt(math.pi) * anp.exp(-(x**2)))


def build(shape: Sequence[int], element: Callable[..., Any]) -> Any:
    """Return the array of `shape` whose element at each index is `element(*index)`."""
    elements = [element(*index) for index in np.ndindex(*shape)]
    return anp.reshape(anp.array(elements), tuple(shape)) if elements else np.zeros(shape)


def _axes(x: Any, axis: Any) -> list[int]:
    if axis is None:
        return list(range(x.ndim))
    return [one % x.ndim for one in (axis if isinstance(axis, tuple) else (axis,))]


def reducing(function: Callable[[list[Any]], Any]) -> Callable[..., Any]:
    """Return the reduction that applies `function` to the list of elements of each line."""

    def reduction(x: Any, axis: Any, keepdims: bool) -> Any:
        axes = _axes(x, axis)
        full = [1 if k in axes else length for k, length in enumerate(x.shape)]

        def element(*kept: int) -> Any:
            spans = [range(x.shape[k]) if k in axes else (kept[k],) for k in range(x.ndim)]
            return function([x[index] for index in _product(spans)])

        result = build(full, element)
        return result if keepdims else anp.reshape(result, [n for k, n in enumerate(full) if k not in axes])

    return reduction


def _product(spans: Sequence[Sequence[int]]) -> list[tuple[int, ...]]:
    indices: list[tuple[int, ...]] = [()]
    for span in spans:
        indices = [(*index, place) for index in indices for place in span]
    return indices


def _norm(line: list[Any]) -> Any:
    if all(getval(x) == 0.0 for x in line):
        return 0.0 * sum(line)
    return anp.sqrt(sum(x * x for x in line))


def _logsumexp(line: list[Any]) -> Any:
    return reduce(anp.logaddexp, line, -np.inf) if len(line) != 1 else line[0]


def _log_softmax(x: Any, axis: Any) -> Any:
    return x - reducing(_logsumexp)(x, axis, True)


def _sigmoid(x: Any) -> Any:
    return 0.5 * (1.0 + anp.tanh(0.5 * x))


def _gelu(x: Any, approximate: bool) -> Any:
    if approximate:
        return 0.5 * x * (1.0 + anp.tanh(math.sqrt(2.0 / math.pi) * (x + 0.044715 * x * x * x)))
    return x * 0.5 * (1.0 + _erf(x / math.sqrt(2.0)))


def _matmul(a: Any, b: Any) -> Any:
    left = anp.reshape(a, (1, -1)) if a.ndim == 1 else a
    right = anp.reshape(b, (-1, 1)) if b.ndim == 1 else b
    batch = np.broadcast_shapes(left.shape[:-2], right.shape[:-2])

    def own(array: Any, index: tuple[int, ...]) -> tuple[int, ...]:
        lengths = array.shape[:-2]
        return tuple(0 if n == 1 else k for n, k in zip(lengths, index[len(index) - len(lengths) :], strict=True))

    def element(*index: int) -> Any:
        *where, i, j = index
        p, q = own(left, tuple(where)), own(right, tuple(where))
        return sum((left[(*p, i, k)] * right[(*q, k, j)] for k in range(left.shape[-1])), 0.0)

    result = build((*batch, left.shape[-2], right.shape[-1]), element)
    return anp.reshape(result, [*batch, *a.shape[-2:-1], *(b.shape[-1:] if b.ndim > 1 else ())])


def _cumsum(x: Any, axis: int | None) -> Any:
    if axis is None:
        x, axis = anp.reshape(x, (x.size,)), 0
    axis %= x.ndim

    def element(*index: int) -> Any:
        return sum(x[(*index[:axis], k, *index[axis + 1 :])] for k in range(index[axis] + 1))

    return build(x.shape, element)


def _reduced_loss(terms: list[Any], shape: Sequence[int], reduction: str) -> Any:
    if reduction == "none":
        return anp.reshape(anp.array(terms), tuple(shape)) if terms else np.zeros(shape)
    return sum(terms, 0.0) / (len(terms) if reduction == "mean" else 1)


def elementwise_loss(term: Callable[[Any, Any], Any]) -> Callable[..., Any]:
    def loss(y: Any, t: Any, reduction: str) -> Any:
        shape = np.broadcast_shapes(y.shape, t.shape)
        zeros = np.zeros(shape)
        y, t = y + zeros, t + zeros
        return _reduced_loss([term(y[index], t[index]) for index in np.ndindex(*shape)], shape, reduction)

    return loss


def row_loss(term: Callable[[list[Any], list[Any]], Any]) -> Callable[..., Any]:
    def loss(p: Any, t: Any, reduction: str) -> Any:
        shape, n = p.shape[:-1], p.shape[-1]
        rows = [
            ([p[(*index, k)] for k in range(n)], [t[(*index, k)] for k in range(n)]) for index in np.ndindex(*shape)
        ]
        return _reduced_loss([term(*row) for row in rows], shape, reduction)

    return loss


def _softmax_cross_entropy(z: list[Any], t: list[Any]) -> Any:
    return sum((t[k] * (_logsumexp(z) - z[k]) for k in range(len(z))), 0.0)


def _permute(x: Any, order: Any, axis: int) -> Any:
    axis %= x.ndim
    return build(x.shape, lambda *index: x[(*index[:axis], order[index[axis]], *index[axis + 1 :])])


def _gather(x: Any, indices: Any, axis: int) -> Any:
    axis %= x.ndim
    table = np.array(indices, dtype=int)
    end = axis + table.ndim
    shape = (*x.shape[:axis], *table.shape, *x.shape[axis + 1 :])
    return build(shape, lambda *index: x[(*index[:axis], int(table[index[axis:end]]), *index[end:])])


def _reverse(x: Any, axis: Any) -> Any:
    axes = _axes(x, axis)
    return build(x.shape, lambda *index: x[tuple(x.shape[k] - 1 - i if k in axes else i for k, i in enumerate(index))])


def _roll(x: Any, shift: Any, axis: Any) -> Any:
    shifts = shift if isinstance(shift, tuple) else (shift,)
    if axis is None:
        flat, total = anp.reshape(x, (x.size,)), sum(shifts)
        return anp.reshape(build(flat.shape, lambda k: flat[(k - total) % x.size]), x.shape)
    axes = _axes(x, axis)
    shifts = shifts * len(axes) if len(shifts) == 1 else shifts

    def element(*index: int) -> Any:
        place = list(index)
        for one, by in zip(axes, shifts, strict=True):
            place[one] = (place[one] - by) % x.shape[one]
        return x[tuple(place)]

    return build(x.shape, element)


def _sort(x: Any, axis: int | None, descending: bool) -> Any:
    if axis is None:
        x, axis = anp.reshape(x, (x.size,)), 0
    axis %= x.ndim

    def element(*index: int) -> Any:
        line = [x[(*index[:axis], k, *index[axis + 1 :])] for k in range(x.shape[axis])]
        return sorted(line, key=lambda one: -getval(one) if descending else getval(one))[index[axis]]

    return build(x.shape, element)


def _topk(x: Any, k: int) -> Any:
    return build((*x.shape[:-1], k), lambda *index: _sort(x[index[:-1]], 0, True)[index[-1]])


def _concat(*arrays: Any, axis: int | None) -> Any:
    if axis is None:
        elements = [array[index] for array in arrays for index in np.ndindex(*array.shape)]
        return build((len(elements),), lambda k: elements[k])
    axis %= arrays[0].ndim
    places = [(array, k) for array in arrays for k in range(array.shape[axis])]
    shape = (*arrays[0].shape[:axis], len(places), *arrays[0].shape[axis + 1 :])

    def element(*index: int) -> Any:
        array, k = places[index[axis]]
        return array[(*index[:axis], k, *index[axis + 1 :])]

    return build(shape, element)


def _stack(*arrays: Any, axis: int) -> Any:
    axis %= arrays[0].ndim + 1
    shape = (*arrays[0].shape[:axis], len(arrays), *arrays[0].shape[axis:])
    return build(shape, lambda *index: arrays[index[axis]][(*index[:axis], *index[axis + 1 :])])


def _transpose(x: Any, axes: Any) -> Any:
    order = list(range(x.ndim))[::-1] if axes is None else _axes(x, axes)

    def element(*index: int) -> Any:
        place = [0] * x.ndim
        for k, axis in enumerate(order):
            place[axis] = index[k]
        return x[tuple(place)]

    return build([x.shape[axis] for axis in order], element)


def _index(x: Any, key: Any) -> Any:
    spans = [range(n) for n in x.shape]
    for axis, item in enumerate(key):
        spans[axis] = spans[axis][slice(*item)] if isinstance(item, tuple) else spans[axis][item : item + 1 or None]
    kept = [len(span) for axis, span in enumerate(spans) if axis >= len(key) or isinstance(key[axis], tuple)]

    def element(*index: int) -> Any:
        return x[tuple(span[k] for span, k in zip(spans, index, strict=True))]

    return anp.reshape(build([len(span) for span in spans], element), kept)


def _conv1d(x: Any, w: Any) -> Any:
    signal = anp.reshape(x, (1,) * (3 - x.ndim) + x.shape)
    kernel = anp.reshape(w, (1,) * (3 - w.ndim) + w.shape)
    (batch, channels, n), (out, _, size) = signal.shape, kernel.shape

    def element(b: int, o: int, i: int) -> Any:
        return sum(signal[b, c, i + k] * kernel[o, c, k] for c in range(channels) for k in range(size))

    result = build((batch, out, n - size + 1), element)
    return anp.reshape(result, [*x.shape[:-2], *w.shape[:-2], n - size + 1])


def _max_pool1d(x: Any, n: int) -> Any:
    return build(
        (*x.shape[:-1], x.shape[-1] // n),
        lambda *index: anp.max(anp.array([x[(*index[:-1], n * index[-1] + k)] for k in range(n)])),
    )


ORACLES: Mapping[str, Callable[..., Any]] = {
    "add": lambda a, b: a + b,
    "subtract": lambda a, b: a - b,
    "multiply": lambda a, b: a * b,
    "divide": lambda a, b: a / b,
    "power": lambda a, b: anp.power(a, b),
    "negative": lambda x: 0.0 - x,
    "less": lambda a, b: (a < b) * 1.0,
    "less_equal": lambda a, b: (a <= b) * 1.0,
    "greater": lambda a, b: (a > b) * 1.0,
    "greater_equal": lambda a, b: (a >= b) * 1.0,
    "equal": lambda a, b: (a == b) * 1.0,
    "not_equal": lambda a, b: (a != b) * 1.0,
    "identity": lambda x: 1.0 * x,
    "exp": anp.exp,
    "log": anp.log,
    "log10": anp.log10,
    "sqrt": anp.sqrt,
    "abs": anp.abs,
    "square": lambda x: x**2,
    "sin": anp.sin,
    "cos": anp.cos,
    "tanh": anp.tanh,
    "sigmoid": _sigmoid,
    "relu": lambda x: anp.where(x > 0, x, 0.0 * x),
    "leaky_relu": lambda x, slope: anp.where(x > 0, x, slope * x),
    "elu": lambda x, alpha: anp.where(x > 0, x, alpha * anp.expm1(anp.where(x > 0, 0.0 * x, x))),
    "softplus": lambda x: anp.logaddexp(0.0, x),
    "silu": lambda x: x * _sigmoid(x),
    "gelu": _gelu,
    "minimum": anp.minimum,
    "maximum": anp.maximum,
    "where": lambda c, a, b: anp.where(c != 0, a + 0.0 * (b + c), b + 0.0 * (a + c)),
    "matmul": _matmul,
    "dot": _matmul,
    "outer": lambda a, b: build((a.size, b.size), lambda i, j: anp.reshape(a, (-1,))[i] * anp.reshape(b, (-1,))[j]),
    "transpose": _transpose,
    "sum": reducing(lambda line: sum(line, 0.0)),
    "mean": reducing(lambda line: sum(line, 0.0) / len(line)),
    "max": reducing(lambda line: anp.max(anp.array(line))),
    "min": reducing(lambda line: anp.min(anp.array(line))),
    "prod": reducing(lambda line: reduce(lambda a, b: a * b, line, 1.0)),
    "logsumexp": reducing(_logsumexp),
    "norm": reducing(_norm),
    "cumsum": _cumsum,
    "softmax": lambda x, axis: anp.exp(_log_softmax(x, axis)),
    "log_softmax": _log_softmax,
    "mse": elementwise_loss(lambda y, t: (y - t) ** 2),
    "bce": elementwise_loss(lambda y, t: -(t * anp.log(y) + (1.0 - t) * anp.log(1.0 - y))),
    "cross_entropy": row_loss(lambda p, t: -sum((t[k] * anp.log(p[k]) for k in range(len(p))), 0.0)),
    "softmax_cross_entropy": row_loss(_softmax_cross_entropy),
    "permute": _permute,
    "sort": _sort,
    "reverse": _reverse,
    "roll": _roll,
    "gather": _gather,
    "topk": _topk,
    "reshape": lambda x, shape: anp.reshape(x, shape),
    "concat": _concat,
    "stack": _stack,
    "index": _index,
    "conv1d": _conv1d,
    "max_pool1d": _max_pool1d,
}
