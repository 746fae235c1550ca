"""Linear operations: products of matrices and vectors, and the transpose.

Shapes are NumPy's: a vector left of `@` counts as a row, right of it as a column, and what has more than two axes is a
batch of matrices whose leading axes broadcast.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from functools import lru_cache
from typing import Any

import numpy as np

from bptui.ops.arrangement import arranging
from bptui.ops.axes import axes_of
from bptui.ops.operation import (
    ATOM,
    PRODUCT,
    Cell,
    Operation,
    Option,
    Params,
    Sample,
    ShapeError,
    Written,
    broadcast_shape,
    listed,
    literal_text,
    shape_text,
)
from bptui.ops.structure import Lines, Shape, Structure, blocks, dense


def _of_partner(partner: Callable[[int, tuple[Shape, ...], Shape, int, int], int]) -> Callable[..., str]:
    """Return the text rule of a product: each local derivative is an element of the other operand."""

    def derivative(cell: Cell, slot: int, i: int, j: int) -> str:
        return cell.x(1 - slot, partner(slot, cell.shapes, cell.output_shape, i, j))

    return derivative


# Matrix product


def _matmul_shape(shapes: Sequence[Shape]) -> Shape:
    a, b = shapes
    both = f"{shape_text(a)} @ {shape_text(b)}"
    if not a or not b:
        raise ShapeError(f"{both} does not fit: one side is a single number, which is multiplied with *")
    inner = b[0] if len(b) == 1 else b[-2]
    if a[-1] != inner:
        axis = "only axis" if len(b) == 1 else "second to last axis" if len(b) > 2 else "first axis"
        last = "only axis" if len(a) == 1 else "last axis"
        raise ShapeError(
            f"{both} does not fit: the {last} on the left has length {a[-1]}, the {axis} on the right {inner}, "
            f"and they must be the same; {_matmul_advice(a, b, inner)}"
        )
    try:
        batch = broadcast_shape((a[:-2], b[:-2]))
    except ShapeError:
        raise ShapeError(
            f"{both} does not fit: these are batches of matrices, and the batch axes, "
            f"{shape_text(a[:-2])} and {shape_text(b[:-2])}, do not broadcast"
        ) from None
    return (*batch, *a[-2:-1], *b[-1:][: len(b) - 1])


def _matmul_advice(a: Shape, b: Shape, inner: int) -> str:
    """Return what would fit, for operands whose inner lengths differ."""
    if len(a) == 2 and a[0] == inner:
        return f"the left one transposed (.T) would fit, as {shape_text(a[::-1])} @ {shape_text(b)}"
    if len(b) == 2 and b[1] == a[-1]:
        return f"the right one transposed (.T) would fit, as {shape_text(a)} @ {shape_text(b[::-1])}"
    fitting = (a[-1],) if len(b) == 1 else (*b[:-2], a[-1], b[-1])
    return f"a right side of shape {shape_text(fitting)} would fit"


def _matmul_left(xp: Any, d: Any, y: Any, a: Any, b: Any) -> Any:
    """Return dL/dA = dL/dY @ B.T, with the axes that NumPy adds to vectors and batches."""
    if a.ndim == 2 and b.ndim == 2:
        return xp.matmul(d, b.T)
    if a.ndim == 1 and b.ndim == 1:
        return d * b
    if b.ndim == 1:
        return d[..., None] * b
    if a.ndim == 1:
        return xp.unbroadcast((b @ d[..., None])[..., 0], a.shape)
    return xp.unbroadcast(d @ b.swapaxes(-1, -2), a.shape)


def _matmul_right(xp: Any, d: Any, y: Any, a: Any, b: Any) -> Any:
    """Return dL/dB = A.T @ dL/dY, with the axes that NumPy adds to vectors and batches."""
    if a.ndim == 2 and b.ndim <= 2:
        return xp.matmul(a.T, d)
    if a.ndim == 1 and b.ndim == 1:
        return d * a
    if b.ndim == 1:
        return xp.unbroadcast((d[..., None, :] @ a)[..., 0, :], b.shape)
    if a.ndim == 1:
        return a[:, None] * d[..., None, :]
    return xp.unbroadcast(a.swapaxes(-1, -2) @ d, b.shape)


@lru_cache(maxsize=64)
def _matmul_structure(slot: int, shapes: tuple[Shape, ...], output: Shape) -> Structure:
    """Return the pattern of one side: an output reads one row on the left, one column on the right."""
    a, b = shapes
    matrix = (1, *a) if len(a) == 1 else a
    if slot == 1:
        matrix = (*b, 1) if len(b) == 1 else b
    full = (*broadcast_shape((a[:-2], b[:-2])), a[-2] if len(a) > 1 else 1, b[-1] if len(b) > 1 else 1)
    axis = len(matrix) - (1 if slot == 0 else 2)
    lead = len(full) - len(matrix)
    spread = {*range(lead), *(lead + at for at, length in enumerate(matrix) if at == axis or length != full[lead + at])}
    return blocks("row" if slot == 0 else "column", Lines(full, spread), Lines(matrix, (axis,)))


def _matmul_element(cell: Cell, i: int) -> str:
    row = _matmul_structure(0, cell.shapes, cell.output_shape).reads(i)
    column = _matmul_structure(1, cell.shapes, cell.output_shape).reads(i)
    return " + ".join(listed(range(len(row)), lambda k: f"{cell.x(0, int(row[k]))}*{cell.x(1, int(column[k]))}")) or "0"


def _matmul_partner(slot: int, shapes: tuple[Shape, ...], output: Shape, i: int, j: int) -> int:
    own = _matmul_structure(slot, shapes, output).reads(i)
    other = _matmul_structure(1 - slot, shapes, output).reads(i)
    return int(other[own.searchsorted(j)])


def _matmul_rule(slot: int, shapes: tuple[Shape, ...]) -> str:
    """Return the rule as it is written where one side, or both, is a vector."""
    ranks = len(shapes[0]), len(shapes[1])
    if ranks == (1, 1):
        return ("dL/dA = dL/dy * B", "dL/dB = dL/dy * A")[slot]
    if ranks == (2, 1) and slot == 0:
        return "dL/dA = outer(dL/dy, B)"
    if ranks == (1, 2) and slot == 1:
        return "dL/dB = outer(A, dL/dy)"
    return _MATMUL_RULES[slot]


_MATMUL_RULES = ("dL/dA = dL/dy @ B.T", "dL/dB = A.T @ dL/dy")

MATMUL = Operation(
    name="matmul",
    family="linear",
    operands=("A", "B"),
    shape=lambda shapes, **params: _matmul_shape(shapes),
    forward=lambda xp, a, b: xp.matmul(a, b),
    vjps=(_matmul_left, _matmul_right),
    structure=lambda slot, shapes, output, params: _matmul_structure(slot, tuple(shapes), output),
    element=_matmul_element,
    derivative=_of_partner(_matmul_partner),
    terms=lambda shapes: shapes[0][-1],
    partner=_matmul_partner,
    formula="y = A @ B, y[i,j] = sum of A[i,k]*B[k,j] over k",
    rules=_MATMUL_RULES,
    rule_for=_matmul_rule,
    symbol="@",
    precedence=PRODUCT,
    samples=tuple(
        Sample(shapes=shapes)
        for shapes in (
            ((3, 2), (2,)),
            ((2, 3), (3, 2)),
            ((3,), (3, 2)),
            ((3,), (3,)),
            ((1, 3), (3, 1)),
            ((2, 1), (1, 2)),
            ((2, 0), (0, 3)),
            ((0, 2), (2, 3)),
            ((2, 2, 3), (2, 3, 2)),
            ((2, 2, 3), (3, 2)),
            ((2, 3), (2, 3, 2)),
            ((2, 2, 3), (3,)),
            ((3,), (2, 3, 2)),
            ((2, 1, 2, 3), (3, 3, 1)),
            ((1, 2, 2), (2, 2, 2)),
        )
    ),
)


# Inner and outer product


def _dot_shape(shapes: Sequence[Shape]) -> Shape:
    a, b = shapes
    both = f"dot of shapes {shape_text(a)} and {shape_text(b)}"
    if () in (a, b):
        raise ShapeError(f"{both}: dot takes two vectors; a single number is multiplied with *")
    if len(a) > 1 or len(b) > 1:
        raise ShapeError(f"{both}: dot takes two vectors; matrices are multiplied with @")
    if a != b:
        raise ShapeError(f"{both}: the vectors must have the same length, and have {a[0]} and {b[0]}")
    return ()


DOT = Operation(
    name="dot",
    family="linear",
    operands=("a", "b"),
    shape=lambda shapes, **params: _dot_shape(shapes),
    forward=lambda xp, a, b: xp.matmul(a, b),
    vjps=(lambda xp, d, y, a, b: d * b, lambda xp, d, y, a, b: d * a),
    structure=lambda slot, shapes, output, params: dense(1, shapes[slot][0]),
    element=lambda cell, i: (
        " + ".join(listed(range(cell.shapes[0][0]), lambda k: f"{cell.x(0, k)}*{cell.x(1, k)}")) or "0"
    ),
    derivative=_of_partner(lambda slot, shapes, output, i, j: j),
    terms=lambda shapes: shapes[0][-1],
    partner=lambda slot, shapes, output, i, j: j,
    formula="y = sum of a[k]*b[k] over k",
    rules=("dL/da = dL/dy * b", "dL/db = dL/dy * a"),
    samples=(Sample(shapes=((4,), (4,))), Sample(shapes=((1,), (1,))), Sample(shapes=((0,), (0,)))),
)


def _outer_structure(slot: int, shapes: tuple[Shape, ...], output: Shape, params: Params) -> Structure:
    return blocks("outer product", Lines(output, (1 - slot,)), Lines(shapes[slot], ()))


def _outer_partner(slot: int, shapes: tuple[Shape, ...], output: Shape, i: int, j: int) -> int:
    return divmod(i, output[1])[1 - slot]


OUTER = Operation(
    name="outer",
    family="linear",
    operands=("a", "b"),
    shape=lambda shapes, **params: (math.prod(shapes[0]), math.prod(shapes[1])),
    forward=lambda xp, a, b: a.reshape(-1, 1) * b.reshape(1, -1),
    vjps=(
        lambda xp, d, y, a, b: (d @ b.reshape(-1)).reshape(a.shape),
        lambda xp, d, y, a, b: (a.reshape(-1) @ d).reshape(b.shape),
    ),
    structure=_outer_structure,
    element=lambda cell, i: "*".join(cell.x(slot, k) for slot, k in enumerate(divmod(i, cell.output_shape[1]))),
    derivative=_of_partner(_outer_partner),
    partner=_outer_partner,
    formula="y[i,j] = a[i]*b[j]",
    rules=("dL/da = dL/dy @ b", "dL/db = dL/dy.T @ a"),
    convention="an operand with several axes is taken in reading order",
    samples=tuple(
        Sample(shapes=shapes)
        for shapes in (((3,), (2,)), ((1,), (3,)), ((2, 2), (3,)), ((), (3,)), ((), ()), ((0,), (2,)))
    ),
)


# Transpose


def _transpose_shape(x: Shape, axes: Any) -> Shape:
    if axes is None:
        return x[::-1]
    order = (axes,) if isinstance(axes, int) else axes
    if len(order) != len(x):
        raise ShapeError(
            f"transpose with axes={literal_text(axes)} of shape {shape_text(x)}: "
            f"every axis is named once, {len(x)} in all, and there are {len(order)}"
        )
    axes_of(x, order)
    return tuple(x[axis] for axis in order)


def _untranspose(xp: Any, d: Any, y: Any, x: Any, axes: Any) -> Any:
    if axes is None:
        return d.T
    order = (axes,) if isinstance(axes, int) else axes
    return xp.transpose(d, np.argsort([axis % d.ndim for axis in order]))


TRANSPOSE = arranging(
    "transpose",
    _transpose_shape,
    lambda xp, x, axes: x.T if axes is None else xp.transpose(x, axes),
    _untranspose,
    family="linear",
    formula="y = x.T, y[j,i] = x[i,j]",
    rule="dL/dx = (dL/dy).T",
    pattern="permutation",
    options={"axes": Option("axes", None)},
    write=lambda operands, params, base: (
        Written(f"{operands[0].within(ATOM)}.T", ATOM) if params["axes"] is None else None
    ),
    samples=(
        Sample(shapes=((2, 3),)),
        Sample(shapes=((3,),)),
        Sample(shapes=((),)),
        Sample(shapes=((0, 2),)),
        Sample(shapes=((2, 3, 2),)),
        Sample(shapes=((3,),), params={"axes": 0}),
        Sample(shapes=((2, 3),), params={"axes": (0, 1)}),
        Sample(shapes=((2, 3, 4),), params={"axes": (1, 2, 0)}),
        Sample(shapes=((2, 3, 4),), params={"axes": (-1, 0, -2)}),
    ),
)

OPERATIONS = (MATMUL, DOT, OUTER, TRANSPOSE)
