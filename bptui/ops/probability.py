"""Probability and loss: softmax and its logarithm, and the losses of regression and classification.

A loss is a term for each element (`mse`, `bce`) or for each row (`cross_entropy`, `softmax_cross_entropy`), and
`reduction` says what becomes of the terms: their mean, their sum, or nothing.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from functools import lru_cache
from typing import Any

from bptui.ops.axes import Axis, axes_of, reduced
from bptui.ops.operation import (
    Cell,
    Operation,
    Option,
    Params,
    Rule,
    Sample,
    ShapeError,
    broadcast_shape,
    listed,
    shape_text,
)
from bptui.ops.structure import Lines, Shape, Structure, blocks, broadcast, dense
from bptui.sequences import Lazy

# Softmax: every result of a line reads the whole line


@lru_cache(maxsize=64)
def _line_to_line(shape: Shape, axis: Axis) -> Structure:
    axes = axes_of(shape, axis)
    lines = Lines(shape, axes)
    return blocks("group" if math.prod(reduced(shape, axes, keepdims=False)) > 1 else "dense", lines, lines)


def _softmax_shape(shapes: tuple[Shape, ...], axis: Axis) -> Shape:
    (x,) = shapes
    axes_of(x, axis)
    return x


def _exponentials(cell: Cell, i: int) -> str:
    """Return the text of the sum of exponentials over the line of element i."""
    line = _line_to_line(cell.shapes[0], cell.params["axis"]).reads(i)
    return " + ".join(listed(line, lambda j: f"exp({cell.x(0, j)})"))


def _softmax_derivative(cell: Cell, slot: int, i: int, j: int) -> str:
    return f"{cell.y(i)}*(1 - {cell.y(i)})" if i == j else f"-{cell.y(i)}*{cell.y(j)}"


def _log_softmax_derivative(cell: Cell, slot: int, i: int, j: int) -> str:
    return f"1 - exp({cell.y(i)})" if i == j else f"-exp({cell.y(j)})"


def _log_softmax_back(xp: Any, d: Any, y: Any, x: Any, axis: Axis) -> Any:
    return d - xp.exp(y) * d.sum(axis=axis, keepdims=True)


def _softmax(name: str, forward: Rule, vjp: Rule, **about: Any) -> Operation:
    return Operation(
        name=name,
        family="probability and loss",
        operands=("x",),
        shape=_softmax_shape,
        forward=forward,
        vjps=(vjp,),
        structure=lambda slot, shapes, output, params: _line_to_line(shapes[0], params["axis"]),
        options={"axis": Option("axes", -1)},
        samples=(
            Sample(shapes=((4,),)),
            Sample(shapes=((1,),)),
            Sample(shapes=((0,),)),
            Sample(shapes=((2, 3),)),
            Sample(shapes=((3, 2),), params={"axis": 0}),
            Sample(shapes=((2, 2),), params={"axis": None}),
            Sample(shapes=((),), params={"axis": None}),
            Sample(shapes=((2, 3, 2),), params={"axis": 1}),
            Sample(shapes=((2, 3, 2),), params={"axis": (0, -1)}),
            Sample(values=([1000.0, 1000.5, 998.0],)),
            Sample(values=([-1000.0, 0.0, 1.0],)),
        ),
        **about,
    )


SOFTMAX = _softmax(
    "softmax",
    lambda xp, x, axis: xp.softmax(x, axis),
    lambda xp, d, y, x, axis: y * (d - xp.array(d * y).sum(axis=axis, keepdims=True)),
    element=lambda cell, i: f"exp({cell.x(0, i)})/({_exponentials(cell, i)})",
    derivative=_softmax_derivative,
    formula="y[i] = exp(x[i]) / sum of exp(x[j]) over j",
    rules=("dL/dx = y*(dL/dy - sum(y*dL/dy))",),
)

LOG_SOFTMAX = _softmax(
    "log_softmax",
    lambda xp, x, axis: xp.log_softmax(x, axis),
    _log_softmax_back,
    element=lambda cell, i: f"{cell.x(0, i)} - log({_exponentials(cell, i)})",
    derivative=_log_softmax_derivative,
    formula="y[i] = x[i] - log(sum of exp(x[j]) over j)",
    rules=("dL/dx = dL/dy - softmax(x)*sum(dL/dy)",),
)


# Losses

REDUCTION = {"reduction": Option("word", "mean", choices=("mean", "sum", "none"))}


def _result(terms: Shape, reduction: str) -> Shape:
    """Return the shape of a loss with `terms`; raises ShapeError for the mean of none."""
    if reduction == "none":
        return terms
    if reduction == "mean" and not math.prod(terms):
        raise ShapeError(f"the loss has terms of shape {shape_text(terms)}: there is no mean of nothing")
    return ()


def _weight(d: Any, terms: Shape, reduction: str) -> Any:
    """Return the gradient of each term of a loss, or one for all of them."""
    return d / math.prod(terms) if reduction == "mean" else d


def _gathered(xp: Any, terms: Any, shape: Shape, reduction: str) -> Any:
    """Return the loss made of `terms`, which have `shape` (a single symbol among them is no array by itself)."""
    terms = xp.expand(terms, shape, None, True)
    if reduction == "none":
        return terms
    total = terms.sum()
    return total / terms.size if reduction == "mean" else total


def _sum_of(texts: list[str], count: int, reduction: str) -> str:
    """Return the text of a loss: its terms added, and divided by their number for the mean."""
    total = " + ".join(texts) or "0"
    return total if reduction != "mean" or count == 1 else f"({total})/{count}"


def _share_of(text: str, terms: int, reduction: str) -> str:
    """Return the text of a term's derivative in the loss: divided by the number of terms for the mean."""
    return text if reduction != "mean" or terms == 1 else f"{text}/{terms}"


def _elementwise_loss(
    name: str,
    operands: tuple[str, str],
    term: Rule,
    slopes: tuple[Rule, Rule],
    text: str,
    derivatives: tuple[str, str],
    **about: Any,
) -> Operation:
    """Return a loss with a term for each element of two operands, which broadcast.

    `slopes` are the derivatives of a term, and the texts are all safe as a factor, in the names of the operands.
    """
    first, second = operands

    def places(cell: Cell, k: int) -> dict[str, str]:
        terms = broadcast_shape(cell.shapes)
        return {
            operand: cell.x(slot, int(broadcast(cell.shapes[slot], terms).reads(k)[0]))
            for slot, operand in enumerate(operands)
        }

    def shape(shapes: tuple[Shape, ...], reduction: str) -> Shape:
        return _result(broadcast_shape(shapes), reduction)

    def vjp(slot: int) -> Rule:
        def rule(xp: Any, d: Any, loss: Any, a: Any, b: Any, reduction: str) -> Any:
            terms = broadcast_shape((a.shape, b.shape))
            # A slope may depend on the other operand alone: it stands for each of the terms all the same.
            slope = xp.expand(slopes[slot](xp, a, b), terms, None, True)
            return xp.unbroadcast(_weight(d, terms, reduction) * slope, (a, b)[slot].shape)

        return rule

    def structure(slot: int, shapes: tuple[Shape, ...], output: Shape, params: Params) -> Structure:
        if params["reduction"] == "none":
            return broadcast(shapes[slot], output)
        # An operand of one element that meets an empty one takes part in no term.
        return dense(1, math.prod(shapes[slot])) if math.prod(broadcast_shape(shapes)) else dense(0, 0)

    def element(cell: Cell, i: int) -> str:
        terms = [i] if cell.params["reduction"] == "none" else range(math.prod(broadcast_shape(cell.shapes)))
        texts = listed(terms, lambda k: text.format(**places(cell, k)))
        return _sum_of(texts, len(terms), cell.params["reduction"])

    def derivative(cell: Cell, slot: int, i: int, j: int) -> str:
        terms = broadcast_shape(cell.shapes)
        reduction = cell.params["reduction"]
        users = [i] if reduction == "none" else broadcast(cell.shapes[slot], terms).feeds(j)
        texts = listed(users, lambda k: derivatives[slot].format(**places(cell, k)))
        total = texts[0] if len(texts) == 1 else f"({' + '.join(texts)})"
        return _share_of(total, math.prod(terms), reduction)

    low, high = about.pop("low", -2.0), about.pop("high", 2.0)
    return Operation(
        name=name,
        family="probability and loss",
        operands=operands,
        shape=shape,
        forward=lambda xp, a, b, reduction: _gathered(
            xp, term(xp, a, b), broadcast_shape((a.shape, b.shape)), reduction
        ),
        vjps=(vjp(0), vjp(1)),
        structure=structure,
        element=element,
        derivative=derivative,
        formula=f"L = mean of {text.format(**{first: first, second: second})} over all elements",
        options=REDUCTION,
        samples=(
            *(
                Sample(shapes=shapes, params=params, low=low, high=high)
                for shapes in (
                    ((3,), (3,)),
                    ((), ()),
                    ((2, 3), (2, 3)),
                    ((3,), ()),
                    ((), (3,)),
                    ((1,), (1,)),
                    ((2, 1), (3,)),
                )
                for params in ({}, {"reduction": "sum"}, {"reduction": "none"})
            ),
            Sample(shapes=((0,), (0,)), params={"reduction": "sum"}),
            Sample(shapes=((1,), (0,)), params={"reduction": "sum"}),
            Sample(shapes=((0,), (1,)), params={"reduction": "none"}),
        ),
        **about,
    )


MSE = _elementwise_loss(
    "mse",
    ("y", "t"),
    lambda xp, y, t: (y - t) * (y - t),
    (lambda xp, y, t: 2 * (y - t), lambda xp, y, t: 2 * (t - y)),
    "({y} - {t})**2",
    ("2*({y} - {t})", "2*({t} - {y})"),
    rules=("dL/dy = 2*(y - t)/n", "dL/dt = 2*(t - y)/n"),
    convention='the mean over all n elements; reduction="sum" or "none" otherwise',
)

BCE = _elementwise_loss(
    "bce",
    ("y", "t"),
    lambda xp, y, t: -(xp.times_log(t, y) + xp.times_log(1 - t, 1 - y)),
    (lambda xp, y, t: xp.ratio(1 - t, 1 - y) - xp.ratio(t, y), lambda xp, y, t: xp.log(1 - y) - xp.log(y)),
    "-({t}*log({y}) + (1 - {t})*log(1 - {y}))",
    ("((1 - {t})/(1 - {y}) - {t}/{y})", "(log(1 - {y}) - log({y}))"),
    rules=("dL/dy = ((1 - t)/(1 - y) - t/y)/n", "dL/dt = (log(1 - y) - log(y))/n"),
    convention='the mean over all n elements; reduction="sum" or "none" otherwise; 0*log(0) is 0',
    low=0.05,
    high=0.95,
)


def _row_loss_shape(name: str, operands: tuple[str, str]) -> Callable[..., Shape]:
    first, second = operands

    def shape(shapes: tuple[Shape, ...], reduction: str) -> Shape:
        p, t = shapes
        if p != t:
            raise ShapeError(
                f"{name} of shapes {shape_text(p)} and {shape_text(t)}: {second} has one number for each of {first}'s "
                "(for a class, 1 at its place and 0 elsewhere), so the shapes must be the same"
            )
        if not p:
            raise ShapeError(f"{name} sums over the last axis, and its operands are single numbers")
        return _result(p[:-1], reduction)

    return shape


def _rows(cell: Cell, i: int) -> Sequence[range]:
    """Return the flat elements of each row that loss element i is made of."""
    shape = cell.shapes[0]
    count, length = math.prod(shape[:-1]), shape[-1]
    rows = range(i, i + 1) if cell.params["reduction"] == "none" else range(count)
    return Lazy(len(rows), lambda at: range(rows[at] * length, (rows[at] + 1) * length))


def _row_structure(slot: int, shapes: tuple[Shape, ...], output: Shape, params: Params) -> Structure:
    x = shapes[slot]
    if params["reduction"] == "none":
        return blocks("group", Lines(output, ()), Lines(x, (len(x) - 1,)))
    return dense(1, math.prod(x))


def _row_weight(xp: Any, d: Any, shape: Shape, reduction: str) -> Any:
    """Return the gradient of each row's term, ready to be multiplied with an array of `shape`."""
    if reduction == "none":
        return xp.expand(d, shape, -1, False)
    return _weight(d, shape[:-1], reduction)


def _row_loss(
    name: str,
    operands: tuple[str, str],
    term: Rule,
    slopes: tuple[Rule, Rule],
    row_text: Callable[[Cell, Sequence[int]], str],
    derivatives: tuple[Callable[[Cell, Sequence[int], int], str], Callable[[Cell, Sequence[int], int], str]],
    **about: Any,
) -> Operation:
    """Return a loss with a term for each row (along the last axis) of two operands of one shape."""

    def vjp(slot: int) -> Rule:
        def rule(xp: Any, d: Any, loss: Any, p: Any, t: Any, reduction: str) -> Any:
            return _row_weight(xp, d, p.shape, reduction) * slopes[slot](xp, p, t)

        return rule

    def derivative(cell: Cell, slot: int, i: int, j: int) -> str:
        shape = cell.shapes[0]
        start = j - j % shape[-1]
        text = derivatives[slot](cell, list(range(start, start + shape[-1])), j)
        return _share_of(text, math.prod(shape[:-1]), cell.params["reduction"])

    def element(cell: Cell, i: int) -> str:
        rows = _rows(cell, i)
        return _sum_of(listed(range(len(rows)), lambda k: row_text(cell, rows[k])), len(rows), cell.params["reduction"])

    low, high = about.pop("low", -2.0), about.pop("high", 2.0)
    return Operation(
        name=name,
        family="probability and loss",
        operands=operands,
        shape=_row_loss_shape(name, operands),
        forward=lambda xp, p, t, reduction: _gathered(xp, term(xp, p, t), p.shape[:-1], reduction),
        vjps=(vjp(0), vjp(1)),
        structure=_row_structure,
        element=element,
        derivative=derivative,
        options=REDUCTION,
        samples=(
            *(
                Sample(shapes=(shape, shape), params=params, low=low, high=high)
                for shape in ((3,), (1,), (2, 3), (2, 2, 2))
                for params in ({}, {"reduction": "sum"}, {"reduction": "none"})
            ),
            Sample(shapes=((0, 2), (0, 2)), params={"reduction": "sum"}),
            Sample(shapes=((0, 2), (0, 2)), params={"reduction": "none"}),
            Sample(shapes=((2, 0), (2, 0))),
            *about.pop("samples", ()),
        ),
        **about,
    )


_ROWS = 'summed over the last axis, then the mean over the n rows; reduction="sum" or "none" otherwise'

CROSS_ENTROPY = _row_loss(
    "cross_entropy",
    ("p", "t"),
    lambda xp, p, t: -xp.times_log(t, p).sum(axis=-1),
    (lambda xp, p, t: -xp.ratio(t, p), lambda xp, p, t: -xp.log(p)),
    lambda cell, row: f"-({' + '.join(listed(row, lambda k: f'{cell.x(1, k)}*log({cell.x(0, k)})')) or '0'})",
    (lambda cell, row, j: f"-{cell.x(1, j)}/{cell.x(0, j)}", lambda cell, row, j: f"-log({cell.x(0, j)})"),
    formula="L = -sum of t[k]*log(p[k]) over k",
    rules=("dL/dp = -t/p / n", "dL/dt = -log(p) / n"),
    convention=_ROWS + "; 0*log(0) is 0",
    low=0.05,
    high=0.95,
)


def _softmax_of(cell: Cell, row: Sequence[int]) -> str:
    return " + ".join(listed(row, lambda k: f"exp({cell.x(0, k)})")) or "0"


def _total_of(cell: Cell, row: Sequence[int]) -> str:
    total = " + ".join(listed(row, lambda k: cell.x(1, k))) or "0"
    return total if len(row) == 1 else f"({total})"


SOFTMAX_CROSS_ENTROPY = _row_loss(
    "softmax_cross_entropy",
    ("z", "t"),
    lambda xp, z, t: -(t * xp.log_softmax(z, -1)).sum(axis=-1),
    (
        lambda xp, z, t: xp.softmax(z, -1) * t.sum(axis=-1, keepdims=True) - t,
        lambda xp, z, t: -xp.log_softmax(z, -1),
    ),
    lambda cell, row: (
        " + ".join(listed(row, lambda k: f"{cell.x(1, k)}*(log({_softmax_of(cell, row)}) - {cell.x(0, k)})")) or "0"
    ),
    (
        lambda cell, row, j: (
            f"(exp({cell.x(0, j)})/({_softmax_of(cell, row)})*{_total_of(cell, row)} - {cell.x(1, j)})"
        ),
        lambda cell, row, j: f"(log({_softmax_of(cell, row)}) - {cell.x(0, j)})",
    ),
    formula="L = -sum of t[k]*log(softmax(z)[k]) over k",
    rules=(
        "dL/dz = (softmax(z) - t)/n, where each row of t sums to 1 (else softmax(z)*sum(t) - t)",
        "dL/dt = -log_softmax(z)/n",
    ),
    convention=_ROWS,
    samples=(
        Sample(values=([1000.0, -1000.0, 0.0], [0.0, 1.0, 0.0])),
        Sample(values=([[2.0, 1.0, 0.1], [0.5, 2.5, 0.3]], [[1.0, 0.0, 0.0], [0.0, 1.0, 0.0]])),
    ),
)

OPERATIONS = (SOFTMAX, LOG_SOFTMAX, MSE, BCE, CROSS_ENTROPY, SOFTMAX_CROSS_ENTROPY)
