"""Reductions: many elements of a line become one. `axis` and `keepdims` are NumPy's.

A line is what is reduced together: the elements that differ only along the reduced axes. The gradient of a result goes
back to its whole line, times the local derivative; without `axis` there is one line.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from functools import lru_cache
from typing import Any

import numpy as np
from msgspec.structs import replace

from bptui.ops import numeric
from bptui.ops.axes import Axis, axes_of, axis_of, reduced
from bptui.ops.operation import Cell, Operation, Option, Params, Rule, Sample, ShapeError, each, listed, shape_text
from bptui.ops.structure import Lines, Shape, Structure, blocks, flat

AXIS_AND_KEEPDIMS = {"axis": Option("axes", None), "keepdims": Option("boolean", False)}

_SETTINGS: tuple[tuple[Shape, Params], ...] = (
    ((4,), {}),
    ((1,), {}),
    ((), {}),
    ((2, 3), {}),
    ((2, 3), {"axis": 0}),
    ((2, 3), {"axis": -1}),
    ((2, 3), {"axis": 1, "keepdims": True}),
    ((2, 3), {"keepdims": True}),
    ((2, 3), {"axis": (0, 1)}),
    ((2, 3), {"axis": ()}),
    ((2, 3, 2), {"axis": 1}),
    ((2, 3, 2), {"axis": (-1, 0)}),
    ((2, 3, 2), {"axis": (0, 2), "keepdims": True}),
    ((1, 3), {"axis": 0}),
)
_SAMPLES = tuple(Sample(shapes=(shape,), params=params) for shape, params in _SETTINGS)
_EMPTY = (
    Sample(shapes=((0,),)),
    Sample(shapes=((2, 0),), params={"axis": 1}),
    Sample(shapes=((2, 0),), params={"axis": 0}),
)


@lru_cache(maxsize=64)
def line_structure(shape: Shape, axis: Axis) -> Structure:
    """Return the pattern in which each result reads one line of `shape`."""
    axes = axes_of(shape, axis)
    results = reduced(shape, axes, keepdims=False)
    return blocks("dense" if math.prod(results) == 1 else "group", Lines(results, ()), Lines(shape, axes))


def line_of(cell: Cell, i: int) -> list[str]:
    """Return the texts of the elements that result i is reduced from."""
    line = line_structure(cell.shapes[0], cell.params["axis"]).reads(i)
    return listed(line, lambda j: cell.x(0, j))


def reduction(
    name: str,
    forward: Rule,
    vjp: Rule,
    element: Callable[[list[str]], str],
    derivative: Callable[[Cell, int, int], str],
    *,
    formula: str,
    rule: str,
    needs: str = "",
    samples: tuple[Sample, ...] = (),
    **about: Any,
) -> Operation:
    """Return a reduction: `element` writes a result from its line, `derivative(cell, i, j)` one local derivative.

    `needs` says in a word what does not exist without elements (`mean`); empty where the reduction of nothing is
    defined.
    """

    def shape(shapes: tuple[Shape, ...], axis: Axis, keepdims: bool, **chosen: Any) -> Shape:
        (x,) = shapes
        axes = axes_of(x, axis)
        if needs and not all(x[one] for one in axes):
            raise ShapeError(f"shape {shape_text(x)} has no elements to reduce: there is no {needs} of nothing")
        return reduced(x, axes, keepdims)

    return Operation(
        name=name,
        family="reductions",
        operands=("x",),
        shape=shape,
        forward=forward,
        vjps=(vjp,),
        structure=lambda slot, shapes, output, params: line_structure(shapes[0], params["axis"]),
        element=lambda cell, i: element(line_of(cell, i)),
        derivative=lambda cell, slot, i, j: derivative(cell, i, j),
        formula=formula,
        rules=(rule,),
        options=AXIS_AND_KEEPDIMS,
        samples=(*_SAMPLES, *(() if needs else _EMPTY), *samples),
        **about,
    )


def _count(shape: Shape, axis: Axis) -> int:
    """Return how many elements each line of `shape` has."""
    return math.prod(shape[one] for one in axes_of(shape, axis))


def _sum_text(line: list[str]) -> str:
    return " + ".join(line) or "0"


def _mean_element(cell: Cell, i: int) -> str:
    line, count = line_of(cell, i), _count(cell.shapes[0], cell.params["axis"])
    return line[0] if count == 1 else f"({_sum_text(line)})/{count}"


def _mean_derivative(cell: Cell, i: int, j: int) -> str:
    count = _count(cell.shapes[0], cell.params["axis"])
    return "1" if count == 1 else f"1/{count}"


def _prod_derivative(cell: Cell, i: int, j: int) -> str:
    line = line_structure(cell.shapes[0], cell.params["axis"]).reads(i)
    return "*".join(listed(line[line != j], lambda k: cell.x(0, k))) or "1"


def share_text(cell: Cell, i: int, j: int) -> str:
    """Return how much of extreme i input j is: a recorded share as a fraction, else told by comparing the two."""
    share = cell.params["share"].flat[j] if cell.params.get("share") is not None else math.nan
    if math.isnan(share):
        if math.prod(cell.shapes[0]) == math.prod(cell.output_shape):
            return "1"  # alone in its line
        return f"(0 if {cell.x(0, j)} - {cell.y(i)} else 1)"
    return "0" if share == 0.0 else "1" if share == 1.0 else f"1/{round(1.0 / share)}"


def extreme_text(function: str, line: list[str]) -> str:
    """Return the text of the maximum or minimum of a line."""
    return line[0] if len(line) == 1 else f"{function}({', '.join(line)})"


def _pass_share(xp: Any, d: Any, y: Any, x: Any, axis: Axis, keepdims: bool, share: Any = None) -> Any:
    if share is None:
        share = xp.shares(x, xp.expand(y, x.shape, axis, keepdims), axis)
    return xp.expand(d, x.shape, axis, keepdims) * xp.array(share)


_TIES = "a tie shares the gradient equally"
_SHARE_RULE = "dL/dx = dL/dy for the {} of its line (shared where tied), 0 for the others"

# fmt: off
SUM = reduction(
    "sum",
    lambda xp, x, axis, keepdims: x.sum(axis=axis, keepdims=keepdims),
    lambda xp, d, y, x, axis, keepdims: xp.expand(d, x.shape, axis, keepdims),
    _sum_text, lambda cell, i, j: "1",
    formula="y = sum of x[j] over j", rule="dL/dx = dL/dy for each element",
)
MEAN = replace(reduction(
    "mean",
    lambda xp, x, axis, keepdims: x.sum(axis=axis, keepdims=keepdims) / _count(x.shape, axis),
    lambda xp, d, y, x, axis, keepdims: xp.expand(d / _count(x.shape, axis), x.shape, axis, keepdims),
    _sum_text, _mean_derivative, needs="mean",
    formula="y = sum of x[j] over j, divided by n", rule="dL/dx = dL/dy/n for each of n elements",
), element=_mean_element)
MAX = reduction(
    "max",
    lambda xp, x, axis, keepdims, share=None: xp.largest(x, share, axis, keepdims),
    _pass_share,
    lambda line: extreme_text("max", line), share_text, needs="maximum",
    formula="y = max of x[j] over j", rule=_SHARE_RULE.format("largest"), convention=_TIES,
    choose=lambda x, axis, keepdims: {"share": numeric.shares(x, np.max(x, axis=axis, keepdims=True), axis)},
    samples=(Sample(values=([1.0, 3.0, 3.0, -2.0],), kink=True),
             Sample(values=([[2.0, 2.0, 2.0], [1.0, 0.0, 1.0]],), params={"axis": 1}, kink=True)),
)
MIN = reduction(
    "min",
    lambda xp, x, axis, keepdims, share=None: xp.smallest(x, share, axis, keepdims),
    _pass_share,
    lambda line: extreme_text("min", line), share_text, needs="minimum",
    formula="y = min of x[j] over j", rule=_SHARE_RULE.format("smallest"), convention=_TIES,
    choose=lambda x, axis, keepdims: {"share": numeric.shares(x, np.min(x, axis=axis, keepdims=True), axis)},
    samples=(Sample(values=([3.0, 1.0, 1.0, 4.0],), kink=True),
             Sample(values=([[2.0, 2.0, 2.0], [1.0, 0.0, 0.0]],), params={"axis": 1}, kink=True)),
)
PROD = reduction(
    "prod",
    lambda xp, x, axis, keepdims: x.prod(axis=axis, keepdims=keepdims),
    lambda xp, d, y, x, axis, keepdims: xp.expand(d, x.shape, axis, keepdims) * xp.products_of_others(x, axis),
    lambda line: "*".join(line) or "1", _prod_derivative,
    formula="y = product of x[j] over j", rule="dL/dx = dL/dy * product of all other elements",
    samples=(Sample(values=([2.0, 0.0, -3.0],)), Sample(values=([0.0, 2.0, 0.0],)),
             Sample(values=([[0.0, 2.0], [0.0, 3.0], [1.5, 4.0]],), params={"axis": 0})),
)
LOGSUMEXP = reduction(
    "logsumexp",
    lambda xp, x, axis, keepdims: xp.logsumexp(x, axis, keepdims),
    lambda xp, d, y, x, axis, keepdims: xp.expand(d, x.shape, axis, keepdims) * xp.softmax(x, axis),
    lambda line: f"log({' + '.join(each(line, 'exp({})')) or '0'})",
    lambda cell, i, j: f"exp({cell.x(0, j)} - {cell.y(i)})",
    formula="y = log(sum of exp(x[j]) over j)", rule="dL/dx = dL/dy * softmax(x)",
    convention="computed with the maximum taken out, so that nothing overflows",
    samples=(Sample(values=([1000.0, 1000.5, 998.0],)), Sample(values=([-1000.0, -1001.0],)),
             Sample(values=([[700.0, 710.0], [-800.0, 3.0]],), params={"axis": -1})),
)
NORM = reduction(
    "norm",
    lambda xp, x, axis, keepdims: xp.norm(x, axis, keepdims),
    lambda xp, d, y, x, axis, keepdims: xp.expand(d, x.shape, axis, keepdims)
    * xp.ratio(x, xp.expand(y, x.shape, axis, keepdims)),
    lambda line: f"sqrt({' + '.join(each(line, '{}**2')) or '0'})",
    lambda cell, i, j: f"{cell.x(0, j)}/{cell.y(i)}",
    formula="y = sqrt(sum of x[j]**2 over j)", rule="dL/dx = dL/dy * x/y",
    convention="the 2-norm (of a matrix: Frobenius); slope 0 at the zero vector",
    samples=(Sample(values=([0.0, 0.0, 0.0],), kink=True), Sample(values=([3.0, 0.0, -4.0],)),
             Sample(values=([[0.0, 0.0], [3.0, 4.0]],), params={"axis": 1}, kink=True)),
)
# fmt: on


# The running sum: every result reads the part of its line up to itself


def _cumsum_shape(shapes: tuple[Shape, ...], axis: int | None) -> Shape:
    (x,) = shapes
    if axis is None:
        return (math.prod(x),)
    axis_of(x, axis)
    return x


def _cumsum_line(shape: Shape, axis: int | None, index: int) -> tuple[int, int, int, int]:
    """Return where in its line an element stands: the line's first element, the step in it, the place, the length."""
    if axis is None:
        return 0, 1, index, math.prod(shape)
    axis = axis_of(shape, axis)
    length, step = shape[axis], math.prod(shape[axis + 1 :])
    place = index // step % length
    return index - place * step, step, place, length


def _cumsum_structure(slot: int, shapes: tuple[Shape, ...], output: Shape, params: Params) -> Structure:
    x, axis = shapes[0], params["axis"]
    line = flat(x).ravel() if axis is None else np.arange(x[axis]) * math.prod(x[axis_of(x, axis) + 1 :])

    def reads(i: int) -> Any:
        first, _, place, _ = _cumsum_line(x, axis, i)
        return first + line[: place + 1] if first else line[: place + 1]

    def feeds(j: int) -> Any:
        first, _, place, _ = _cumsum_line(x, axis, j)
        return first + line[place:] if first else line[place:]

    return Structure("triangular", reads, feeds)


def _cumsum_element(cell: Cell, i: int) -> str:
    first, step, place, _ = _cumsum_line(cell.shapes[0], cell.params["axis"], i)
    return " + ".join(listed(range(place + 1), lambda k: cell.x(0, first + step * k)))


def _cumsum_back(xp: Any, d: Any, y: Any, x: Any, axis: int | None) -> Any:
    along = 0 if axis is None else axis
    return xp.flip(xp.cumsum(xp.flip(d, along), along), along).reshape(x.shape)


CUMSUM = Operation(
    name="cumsum",
    family="reductions",
    operands=("x",),
    shape=_cumsum_shape,
    forward=lambda xp, x, axis: xp.cumsum(x, axis),
    vjps=(_cumsum_back,),
    structure=_cumsum_structure,
    element=_cumsum_element,
    derivative=lambda cell, slot, i, j: "1",
    formula="y[k] = x[0] + ... + x[k]",
    rules=("dL/dx = dL/dy summed from each element to the end",),
    convention="without axis the elements are summed in reading order",
    options={"axis": Option("axis", None)},
    samples=(
        Sample(shapes=((4,),)),
        Sample(shapes=((),)),
        Sample(shapes=((0,),)),
        Sample(shapes=((2, 3),)),
        Sample(shapes=((2, 3),), params={"axis": 0}),
        Sample(shapes=((2, 3),), params={"axis": -1}),
        Sample(shapes=((2, 3, 2),), params={"axis": 1}),
        Sample(shapes=((2, 0),), params={"axis": 0}),
    ),
)

OPERATIONS = (SUM, MEAN, MAX, MIN, PROD, LOGSUMEXP, NORM, CUMSUM)
