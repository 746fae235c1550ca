"""The namespace `xp` for numbers: NumPy on float64, with the stable form of everything that has one.

Every function takes and returns arrays (or NumPy scalars) of any shape. Nothing here raises or warns on overflow or
division by zero: the result is inf or nan, as IEEE 754 has it, and the trace says at which step it first appeared.
"""

from __future__ import annotations

import math
from functools import lru_cache, partial
from typing import Any

import numpy as np

LOG10_E = math.log10(math.e)

# A number that meets an array is kept as an array of no axes: NumPy takes half as long for it as for a Python number.
ZERO, ONE = np.array(0.0), np.array(1.0)

exp = np.exp
expm1 = np.expm1
log = np.log
log10 = np.log10
sqrt = np.sqrt
abs = np.abs
sign = np.sign
sin = np.sin
cos = np.cos
tanh = np.tanh
divide = np.divide
minimum = np.minimum
maximum = np.maximum
_erfc = np.frompyfunc(math.erfc, 1, 1)


def less(a: Any, b: Any) -> Any:
    return np.less(a, b).astype(np.float64)


def less_equal(a: Any, b: Any) -> Any:
    return np.less_equal(a, b).astype(np.float64)


def greater(a: Any, b: Any) -> Any:
    return np.greater(a, b).astype(np.float64)


def greater_equal(a: Any, b: Any) -> Any:
    return np.greater_equal(a, b).astype(np.float64)


def equal(a: Any, b: Any) -> Any:
    return np.equal(a, b).astype(np.float64)


def not_equal(a: Any, b: Any) -> Any:
    return np.not_equal(a, b).astype(np.float64)


def nonzero(c: Any) -> Any:
    """Return 1 where c is not 0, else 0."""
    return np.not_equal(c, 0.0).astype(np.float64)


def where(c: Any, a: Any, b: Any) -> Any:
    return np.where(np.not_equal(c, 0.0), a, b)


def relu(x: Any) -> Any:
    return np.maximum(x, ZERO)


def step(x: Any) -> Any:
    """Return 1 where x > 0, else 0 (at 0 as well); nan stays nan."""
    return np.sign(np.maximum(x, ZERO))


def sigmoid(x: Any) -> Any:
    """Return 1/(1 + exp(−x)) without overflow: exp is taken of what is not above 0 alone."""
    return np.exp(np.minimum(x, ZERO)) / (ONE + np.exp(-np.abs(x)))


def sigmoid_slope(y: Any, x: Any) -> Any:
    """Return sigmoid's derivative as s/(1 + s)² with s = exp(−|x|), where y(1 − y) would cancel."""
    small = np.exp(-np.abs(x))
    whole = ONE + small
    return small / (whole * whole)


def softplus(x: Any) -> Any:
    """Return log(1 + exp(x)) as max(x, 0) + log1p(exp(−|x|))."""
    return np.maximum(x, ZERO) + np.log1p(np.exp(-np.abs(x)))


def silu_slope(x: Any) -> Any:
    y = sigmoid(x)
    return y + x * sigmoid_slope(y, x)


def normal_cdf(x: Any) -> Any:
    """Return Φ(x) = (1 + erf(x/√2))/2, as erfc(−x/√2)/2 so that it does not cancel far to the left."""
    return 0.5 * np.asarray(_erfc(np.divide(x, -math.sqrt(2.0))), dtype=np.float64)


def gelu(x: Any, approximate: bool) -> Any:
    """Return x·Φ(x), or its tanh approximation (Hendrycks and Gimpel, 2016)."""
    if approximate:
        return 0.5 * x * (1.0 + np.tanh(_GELU_SCALE * (x + 0.044715 * x * x * x)))
    return x * normal_cdf(x)


def gelu_slope(x: Any, approximate: bool) -> Any:
    if approximate:
        inner = np.tanh(_GELU_SCALE * (x + 0.044715 * x * x * x))
        return 0.5 * (1.0 + inner) + 0.5 * x * (1.0 - inner * inner) * _GELU_SCALE * (1.0 + 0.134145 * x * x)
    return normal_cdf(x) + x * np.exp(-0.5 * x * x) / math.sqrt(2.0 * math.pi)


_GELU_SCALE = math.sqrt(2.0 / math.pi)


def power(a: Any, b: Any) -> Any:
    return np.power(a, b)


def power_slope(a: Any, b: Any) -> Any:
    """Return b·a**(b − 1), and 0 where b is 0 (even at a = 0)."""
    return np.where(np.equal(b, 0.0), 0.0, b * np.power(a, np.where(np.equal(b, 0.0), 1.0, b - 1.0)))


def times_log(y: Any, a: Any) -> Any:
    """Return y·log(a), and 0 where a and y are both 0."""
    none = np.equal(a, 0.0) & np.equal(y, 0.0)
    return np.where(none, 0.0, y * np.log(np.where(none, 1.0, a)))


def ratio(a: Any, b: Any) -> Any:
    """Return a/b, and 0 where both are 0."""
    none = np.equal(a, 0.0) & np.equal(b, 0.0)
    return np.divide(a, np.where(none, 1.0, b))


def matmul(a: Any, b: Any) -> Any:
    """Return a @ b; by `dot` where that is the same, which takes a third of the time for small arrays."""
    return a.dot(b) if a.ndim <= 2 and b.ndim <= 2 else a @ b


# Reductions. `axis` is None, a number or a tuple, as NumPy takes it.


def expand(reduced: Any, shape: tuple[int, ...], axis: Any, keepdims: bool) -> Any:
    """Return the result of a reduction over `axis`, repeated along it: an array of `shape`, the operand's."""
    if np.shape(reduced) == shape:
        return reduced
    if type(reduced) is np.float64:  # what np.broadcast_to does, in a tenth of its time
        return np.ndarray(shape, np.float64, reduced, 0, (0,) * len(shape))
    if axis is not None and not keepdims:
        reduced = np.expand_dims(reduced, axis)
    return np.broadcast_to(reduced, shape)


total = partial(np.add.reduce, axis=None)


def unbroadcast(array: Any, shape: tuple[int, ...]) -> Any:
    """Return `array` summed over the axes along which an operand of `shape` was broadcast to it."""
    if np.shape(array) == shape:
        return array
    if not shape:
        return total(array)
    added = array.ndim - len(shape)
    stretched = [axis for axis in range(added, array.ndim) if shape[axis - added] == 1]
    return np.add.reduce(array, axis=(*range(added), *stretched), keepdims=True).reshape(shape)


def largest(x: Any, share: Any, axis: Any, keepdims: bool) -> Any:
    """Return the maximum along `axis`; `share` says whose it is, where the numbers alone do not (see `shares`)."""
    return np.max(x, axis=axis, keepdims=keepdims)


def smallest(x: Any, share: Any, axis: Any, keepdims: bool) -> Any:
    """Return the minimum along `axis`; `share` as in `largest`."""
    return np.min(x, axis=axis, keepdims=keepdims)


def shares(x: Any, extreme: Any, axis: Any) -> Any:
    """Return the share of each element of x in the `extreme` of its line: 1/n for each of n tied, else 0.

    `extreme` is the maximum or minimum along `axis`, with its axes kept. A line with a nan in it is nan throughout.
    """
    tied = np.equal(x, extreme)
    with np.errstate(invalid="ignore"):
        return np.divide(tied, tied.sum(axis=axis, keepdims=True), dtype=np.float64)


def products_of_others(x: Any, axis: Any) -> Any:
    """Return for each element the product of all others in its line, without dividing: right where factors are 0."""
    x = np.asarray(x)
    if axis is None and x.ndim != 1:
        return products_of_others(x.reshape(-1), None).reshape(x.shape)
    axes = (0,) if axis is None else axis if isinstance(axis, tuple) else (axis,)
    last = tuple(range(-len(axes), 0))
    moved = np.moveaxis(x, axes, last)
    line = moved.reshape(*moved.shape[: x.ndim - len(axes)], math.prod(moved.shape[x.ndim - len(axes) :]))
    before, after = np.ones_like(line), np.ones_like(line)
    before[..., 1:] = np.cumprod(line[..., :-1], axis=-1)
    after[..., :-1] = np.cumprod(line[..., :0:-1], axis=-1)[..., ::-1]
    return np.moveaxis((before * after).reshape(moved.shape), last, axes)


def _finite_maximum(x: Any, axis: Any) -> Any:
    """Return what to subtract before exp: the maximum along `axis` with axes kept, 0 where that is not finite."""
    top = np.maximum.reduce(x, axis=axis, keepdims=True, initial=-np.inf)
    return np.where(np.isfinite(top), top, ZERO)


def logsumexp(x: Any, axis: Any, keepdims: bool) -> Any:
    """Return log(Σ exp(x)), with the maximum taken out so that nothing overflows."""
    top = _finite_maximum(x, axis)
    result = np.log(np.exp(x - top).sum(axis=axis, keepdims=True)) + top
    return result if keepdims else result.squeeze() if axis is None else result.squeeze(axis)


def softmax(x: Any, axis: Any) -> Any:
    """Return exp(x)/Σ exp(x), with the maximum taken out so that nothing overflows."""
    powers = np.exp(x - _finite_maximum(x, axis))
    return powers / np.add.reduce(powers, axis=axis, keepdims=True)


def log_softmax(x: Any, axis: Any) -> Any:
    """Return log(softmax(x)) without passing through a softmax that may be 0."""
    shifted = x - _finite_maximum(x, axis)
    return shifted - np.log(np.add.reduce(np.exp(shifted), axis=axis, keepdims=True))


def norm(x: Any, axis: Any, keepdims: bool) -> Any:
    """Return √Σx², with a power of two taken out (which rounds nothing) so that squares neither overflow nor vanish."""
    top = np.max(np.abs(x), axis=axis, keepdims=True, initial=0.0)
    scale = np.where(np.isfinite(top), np.ldexp(1.0, np.frexp(top)[1] - 1), 1.0)
    part = x / scale
    result = np.sqrt((part * part).sum(axis=axis, keepdims=True)) * scale
    return result if keepdims else result.squeeze() if axis is None else result.squeeze(axis)


# Arrangement: where elements go, and back. These run on arrays of any type, indices and symbols included.


def number(value: float) -> Any:
    """Return an option that is a number as the namespace has numbers."""
    return value


def array(values: Any) -> Any:
    return np.asarray(values, dtype=np.float64)


def kept(result: Any) -> Any:
    """Return what is recorded of a result: what NumPy gives, which becomes an array when it is handed out."""
    return result


def zeros(shape: tuple[int, ...]) -> Any:
    return np.zeros(shape)


@lru_cache(maxsize=256)
def _places(indices: Any) -> Any:
    """Return recorded indices (a whole number or a nest of tuples) as NumPy takes them; the same ones come often."""
    return np.asarray(indices, dtype=np.intp)


def take(x: Any, indices: Any, axis: int) -> Any:
    """Return the slices of x along `axis` at `indices`."""
    return x[_places(indices)] if axis == 0 else np.take(x, _places(indices), axis=axis)


def put(upstream: Any, key: Any, shape: tuple[int, ...]) -> Any:
    """Return zeros of `shape` with `upstream` at `key`, a NumPy index that names no element twice."""
    result = np.zeros(shape, dtype=upstream.dtype)
    result[key] = upstream
    return result


def put_slices(upstream: Any, indices: Any, axis: int) -> Any:
    """Return the inverse of `take` by a permutation: slice k of `upstream` goes to slice `indices[k]`."""
    inverse = _inverse(indices)
    return upstream[inverse] if axis == 0 else np.take(upstream, inverse, axis=axis)


@lru_cache(maxsize=256)
def _inverse(order: Any) -> Any:
    places = _places(order)
    result = np.empty_like(places)
    result[places] = np.arange(len(places))
    return result


def add_slices(upstream: Any, indices: Any, shape: tuple[int, ...], axis: int) -> Any:
    """Return what `take` of an array of `shape` passes back: slices taken more than once add up."""
    size = math.prod(shape)
    source = np.take(np.arange(size).reshape(shape), _places(indices), axis=axis)
    return np.bincount(source.ravel(), weights=upstream.ravel(), minlength=size).reshape(shape)


def take_along(x: Any, order: Any, axis: int | None) -> Any:
    """Return the elements of x that `order` names along `axis` (of the flattened x where that is None)."""
    return np.take_along_axis(x, order, axis)


def put_along(upstream: Any, order: Any, shape: tuple[int, ...], axis: int | None) -> Any:
    """Return zeros of `shape` with the elements of `upstream` where `order` took them from along `axis`."""
    result = np.zeros(math.prod(shape) if axis is None else shape, dtype=upstream.dtype)
    np.put_along_axis(result, order, upstream, 0 if axis is None else axis)
    return result.reshape(shape)


transpose = np.transpose
flip = np.flip
roll = np.roll
cumsum = np.cumsum
concatenate = np.concatenate
stack = np.stack


def ranking(x: Any, axis: int | None, descending: bool) -> Any:
    """Return the order that sorts x along `axis`; a tie keeps the order of the input, and nan counts as the largest."""
    if axis is None:
        x, axis = np.ravel(x), 0
    if not descending:
        return np.argsort(x, axis=axis, kind="stable")
    # Sorted from the back and read from the back, so that what is equal keeps its order.
    from_back = np.argsort(np.flip(x, axis), axis=axis, kind="stable")
    return x.shape[axis] - 1 - np.flip(from_back, axis)
