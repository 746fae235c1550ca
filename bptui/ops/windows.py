"""Windows: a convolution and a pooling that slide along the last axis."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from bptui.ops import numeric
from bptui.ops.operation import Cell, Operation, Option, Params, Sample, ShapeError, listed, shape_text
from bptui.ops.reductions import extreme_text, share_text
from bptui.ops.structure import Indices, Shape, Structure

# Convolution. A signal and a kernel without channels count as one channel; positions are worked out by arithmetic.

_FITTING = "x of (n,) goes with w of (k,), x of (c_in, n) or (batch, c_in, n) with w of (c_out, c_in, k)"


def _conv1d_shape(shapes: tuple[Shape, ...]) -> Shape:
    x, w = shapes
    both = f"conv1d of shapes {shape_text(x)} and {shape_text(w)}"
    if (len(x), len(w)) not in ((1, 1), (2, 3), (3, 3)):
        raise ShapeError(f"{both}: {_FITTING}")
    if len(w) == 3 and x[-2] != w[1]:
        raise ShapeError(f"{both}: the signal has {x[-2]} channels and the kernel takes {w[1]}; {_FITTING}")
    if not 1 <= w[-1] <= x[-1]:
        fault = "the kernel is empty" if w[-1] == 0 else f"the kernel is longer ({w[-1]}) than the signal ({x[-1]})"
        raise ShapeError(f"{both}: {fault}; its length is 1 to {x[-1]}, and only whole windows count")
    return (*x[:-2], *w[:-2], x[-1] - w[-1] + 1)


def _conv1d(xp: Any, x: Any, w: Any) -> Any:
    """Return the windows' products with the kernel: for each of its places one matrix product over the channels."""
    length = x.shape[-1] - w.shape[-1] + 1
    if w.ndim == 1:
        return sum(w[k] * x[k : k + length] for k in range(w.shape[0]))
    return sum(w[:, :, k] @ x[..., k : k + length] for k in range(w.shape[2]))


def _conv1d_signal(xp: Any, d: Any, y: Any, x: Any, w: Any) -> Any:
    length = d.shape[-1]
    result = xp.zeros(x.shape)
    for k in range(w.shape[-1]):
        result[..., k : k + length] += w[k] * d if w.ndim == 1 else w[:, :, k].T @ d
    return result


def _conv1d_kernel(xp: Any, d: Any, y: Any, x: Any, w: Any) -> Any:
    length = d.shape[-1]
    result = xp.zeros(w.shape)
    for k in range(w.shape[-1]):
        window = x[..., k : k + length]
        if w.ndim == 1:
            result[k] = d @ window
        else:
            result[:, :, k] = xp.unbroadcast(d @ window.swapaxes(-1, -2), w.shape[:2])
    return result


class _Positions:
    """Where everything of one convolution stands: flat indices from batch, channel, place and back."""

    def __init__(self, x: Shape, w: Shape) -> None:
        self.batch = x[0] if len(x) == 3 else 1
        self.channels_out, self.channels_in = (w[0], w[1]) if len(w) == 3 else (1, 1)
        self.kernel, self.signal = w[-1], x[-1]
        self.length = self.signal - self.kernel + 1

    def output(self, i: int) -> tuple[int, int, int]:
        """Return batch, output channel and place of output i."""
        rest, place = divmod(i, self.length)
        return *divmod(rest, self.channels_out), place

    def read_signal(self, i: int) -> Indices:
        batch, _, place = self.output(i)
        channels = batch * self.channels_in + np.arange(self.channels_in)
        return np.asarray((channels[:, None] * self.signal + place + np.arange(self.kernel)).ravel(), np.intp)

    def read_kernel(self, i: int) -> Indices:
        size = self.channels_in * self.kernel
        return self.output(i)[1] * size + np.arange(size, dtype=np.intp)

    def feed_signal(self, j: int) -> Indices:
        rest, place = divmod(j, self.signal)
        channels = rest // self.channels_in * self.channels_out + np.arange(self.channels_out)
        places = np.arange(max(0, place - self.kernel + 1), min(self.length - 1, place) + 1)
        return np.asarray((channels[:, None] * self.length + places).ravel(), np.intp)

    def feed_kernel(self, j: int) -> Indices:
        channel = j // (self.channels_in * self.kernel)
        channels = np.arange(self.batch) * self.channels_out + channel
        return np.asarray((channels[:, None] * self.length + np.arange(self.length)).ravel(), np.intp)


def _conv1d_structure(slot: int, shapes: tuple[Shape, ...], output: Shape, params: Params) -> Structure:
    at = _Positions(*shapes)
    if slot == 0:
        return Structure("window", at.read_signal, at.feed_signal)
    return Structure("window", at.read_kernel, at.feed_kernel)


def _conv1d_element(cell: Cell, i: int) -> str:
    at = _Positions(*cell.shapes)
    signal, kernel = at.read_signal(i), at.read_kernel(i)
    terms = listed(range(len(signal)), lambda k: f"{cell.x(0, int(signal[k]))}*{cell.x(1, int(kernel[k]))}")
    return " + ".join(terms) or "0"


def _conv1d_partner(slot: int, shapes: tuple[Shape, ...], output: Shape, i: int, j: int) -> int:
    at = _Positions(*shapes)
    reads = at.read_signal(i), at.read_kernel(i)
    return int(reads[1 - slot][np.searchsorted(reads[slot], j)])


def _conv1d_derivative(cell: Cell, slot: int, i: int, j: int) -> str:
    return cell.x(1 - slot, _conv1d_partner(slot, cell.shapes, cell.output_shape, i, j))


CONV1D = Operation(
    name="conv1d",
    family="windows",
    operands=("x", "w"),
    shape=_conv1d_shape,
    forward=_conv1d,
    vjps=(_conv1d_signal, _conv1d_kernel),
    structure=_conv1d_structure,
    element=_conv1d_element,
    derivative=_conv1d_derivative,
    partner=_conv1d_partner,
    terms=lambda shapes: math.prod(shapes[1][-2:]),
    formula="y[i] = sum of x[i+k]*w[k] over k (and over input channels)",
    rules=("dL/dx = dL/dy spread by w over each window", "dL/dw = x correlated with dL/dy"),
    convention="cross-correlation (the kernel is not turned round), only whole windows, stride 1",
    samples=tuple(
        Sample(shapes=shapes)
        for shapes in (
            ((5,), (3,)),
            ((3,), (3,)),
            ((3,), (1,)),
            ((2, 4), (3, 2, 2)),
            ((1, 3), (1, 1, 2)),
            ((2, 2, 4), (2, 2, 3)),
            ((0, 2, 4), (2, 2, 3)),
        )
    ),
)


# Pooling


def _max_pool1d_shape(shapes: tuple[Shape, ...], n: int, **chosen: Any) -> Shape:
    (x,) = shapes
    if not x:
        raise ShapeError("max_pool1d needs an axis to slide along, and its operand is a single number")
    if not 1 <= n <= x[-1]:
        raise ShapeError(
            f"max_pool1d has windows of n={n}, and the last axis of shape {shape_text(x)} has length {x[-1]}: "
            + (f"n is 1 to {x[-1]}" if x[-1] else "there is nothing to take the maximum of")
        )
    return (*x[:-1], x[-1] // n)


def _windows(x: Any, n: int) -> Any:
    """Return x cut into windows of n along a new last axis, without the remainder."""
    count = x.shape[-1] // n
    return x[..., : count * n].reshape(*x.shape[:-1], count, n)


def _max_pool1d_choose(x: Any, n: int) -> dict[str, Any]:
    windows = _windows(x, n)
    share = np.zeros(x.shape)
    chosen = numeric.shares(windows, np.max(windows, axis=-1, keepdims=True), -1)
    share[..., : windows.shape[-2] * n] = chosen.reshape(*x.shape[:-1], -1) if x.size else 0.0
    return {"share": share}


def _max_pool1d(xp: Any, x: Any, n: int, share: Any = None) -> Any:
    return xp.largest(_windows(x, n), None if share is None else _windows(share, n), -1, False)


def _max_pool1d_back(xp: Any, d: Any, y: Any, x: Any, n: int, share: Any = None) -> Any:
    windows = _windows(x, n)
    shares = xp.shares(windows, y[..., None], -1) if share is None else _windows(share, n)
    result = xp.zeros(x.shape)
    result[..., : y.shape[-1] * n] = (d[..., None] * xp.array(shares)).reshape(*x.shape[:-1], y.shape[-1] * n)
    return result


def _max_pool1d_structure(slot: int, shapes: tuple[Shape, ...], output: Shape, params: Params) -> Structure:
    length, pooled, n = shapes[0][-1], output[-1], params["n"]

    def reads(i: int) -> Indices:
        row, place = divmod(i, pooled)
        start = row * length + place * n
        return np.arange(start, start + n, dtype=np.intp)

    def feeds(j: int) -> Indices:
        row, place = divmod(j, length)
        window = place // n
        return np.array([row * pooled + window] if window < pooled else [], np.intp)

    return Structure("window", reads, feeds)


def _max_pool1d_element(cell: Cell, i: int) -> str:
    length, n = cell.shapes[0][-1], cell.params["n"]
    row, window = divmod(i, cell.output_shape[-1])
    first = row * length + window * n
    return extreme_text("max", listed(range(n), lambda k: cell.x(0, first + k)))


MAX_POOL1D = Operation(
    name="max_pool1d",
    family="windows",
    operands=("x",),
    shape=_max_pool1d_shape,
    forward=_max_pool1d,
    vjps=(_max_pool1d_back,),
    structure=_max_pool1d_structure,
    element=_max_pool1d_element,
    derivative=lambda cell, slot, i, j: share_text(cell, i, j),
    formula="y[i] = max of x[n*i] ... x[n*i+n-1]",
    rules=("dL/dx = dL/dy for the largest of its window (shared where tied), 0 for the others",),
    convention="windows of n, stride n, a remainder is dropped; a tie shares the gradient equally",
    options={"n": Option("integer")},
    choose=_max_pool1d_choose,
    samples=(
        Sample(shapes=((6,),), params={"n": 2}),
        Sample(shapes=((5,),), params={"n": 2}),
        Sample(shapes=((3,),), params={"n": 3}),
        Sample(shapes=((3,),), params={"n": 1}),
        Sample(shapes=((2, 5),), params={"n": 2}),
        Sample(shapes=((2, 2, 4),), params={"n": 3}),
        Sample(shapes=((0, 4),), params={"n": 2}),
        Sample(values=([2.0, 2.0, 1.0, 1.0, 5.0],), params={"n": 2}, kink=True),
    ),
)

OPERATIONS = (CONV1D, MAX_POOL1D)
