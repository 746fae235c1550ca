"""What an `axis` option means for a shape: which axes it names, what is left of the shape.

`axis` is NumPy's: None for all axes, a whole number, negative from the end, or several of them. Whatever does not fit
raises ShapeError with a text that says what would.
"""

from __future__ import annotations

from itertools import pairwise

from bptui.ops.operation import ShapeError, literal_text, shape_text
from bptui.ops.structure import Shape

Axis = int | tuple[int, ...] | None


def axis_of(shape: Shape, axis: int) -> int:
    """Return `axis` counted from 0; raises ShapeError where `shape` has no such axis."""
    rank = len(shape)
    if -rank <= axis < rank:
        return axis % rank
    if rank == 0:
        raise ShapeError(f"a single number has no axis {axis}")
    there = "its only axis is 0 (or -1)" if rank == 1 else f"its axes are 0 to {rank - 1} (or {-rank} to -1)"
    raise ShapeError(f"shape {shape_text(shape)} has no axis {axis}: {there}")


def axes_of(shape: Shape, axis: Axis) -> tuple[int, ...]:
    """Return the axes that `axis` names, counted from 0 and sorted; raises ShapeError for a missing or repeated one."""
    if axis is None:
        return tuple(range(len(shape)))
    if isinstance(axis, int):
        return (axis_of(shape, axis),)
    axes = sorted(axis_of(shape, one) for one in axis)
    for one, following in pairwise(axes):
        if one == following:
            raise ShapeError(f"axis={literal_text(axis)} names axis {one} of shape {shape_text(shape)} twice")
    return tuple(axes)


def reduced(shape: Shape, axes: tuple[int, ...], keepdims: bool) -> Shape:
    """Return `shape` without `axes`, or with length 1 there where `keepdims`."""
    if keepdims:
        return tuple(1 if axis in axes else length for axis, length in enumerate(shape))
    return tuple(length for axis, length in enumerate(shape) if axis not in axes)
