"""Arrangement: operations that move, pick, repeat or join elements without changing their values.

Every one of them is a map from the places of the result to the places of the operand. Run on an array of flat indices
instead of values, the forward rule *is* that map: structure and texts come from it, and the gradient goes the way back.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from functools import lru_cache
from typing import Any

import numpy as np

from bptui.ops import numeric
from bptui.ops.axes import axes_of, axis_of, reduced
from bptui.ops.operation import (
    ATOM,
    Cell,
    Operation,
    Option,
    Params,
    Rule,
    Sample,
    ShapeError,
    Written,
    literal_text,
    shape_text,
)
from bptui.ops.structure import Indices, Lines, Shape, Structure, blocks, flat, selection
from bptui.text import counted

Source = Callable[[Shape, Params], Indices]
"""`source(shape, params)`: for each flat element of the result the flat element of the operand that it is."""


def arranging(
    name: str,
    shape: Callable[..., Shape],
    forward: Rule,
    back: Rule,
    *,
    formula: str,
    rule: str,
    structure: Callable[[int, tuple[Shape, ...], Shape, Params], Structure] | None = None,
    pattern: str = "selection",
    source: Source | None = None,
    taken: Callable[[Shape, Params, int], int] | None = None,
    options: Mapping[str, Option] | None = None,
    **about: Any,
) -> Operation:
    """Return an operation of one operand x that rearranges it.

    `shape` is called with the operand's shape alone; `back` is its vector–Jacobian product; `pattern` names the
    structure. `source` is derived from `forward` unless that depends on values; so are `structure`, and `taken`, which
    tells of one result alone where it comes from.
    """
    settings = tuple(options or {})

    @lru_cache(maxsize=32)
    def sources(operand: Shape, values: tuple[Any, ...]) -> Indices:
        moved = forward(numeric, flat(operand), **dict(zip(settings, values, strict=True)))
        return np.ravel(np.asarray(moved, dtype=np.intp))

    def from_forward(operand: Shape, params: Params) -> Indices:
        return sources(operand, tuple(params[key] for key in settings))

    from_place = source or from_forward

    def from_source(operand: Shape, params: Params, i: int) -> int:
        return int(from_place(operand, params)[i])

    def selected(slot: int, shapes: tuple[Shape, ...], output: Shape, params: Params) -> Structure:
        return selection(from_place(shapes[0], params), pattern)

    return Operation(
        name=name,
        family=about.pop("family", "permutation and shape"),
        operands=("x",),
        shape=lambda shapes, **params: shape(shapes[0], **params),
        forward=forward,
        vjps=(back,),
        structure=structure or selected,
        element=lambda cell, i: cell.x(0, (taken or from_source)(cell.shapes[0], cell.params, i)),
        derivative=lambda cell, slot, i, j: "1",
        formula=formula,
        rules=(rule,),
        options=options or {},
        **about,
    )


# Along an axis, by given indices


def _check_index(index: int, axis: int, shape: Shape) -> None:
    length = shape[axis]
    if not -length <= index < length:
        there = f"its indices are 0 to {length - 1}" if length else "it has no elements"
        raise ShapeError(
            f"index {index} is outside axis {axis} of shape {shape_text(shape)}, which has length {length}: {there}"
        )


def _permute_shape(x: Shape, order: Any, axis: int) -> Shape:
    axis = axis_of(x, axis)
    length = x[axis]
    if isinstance(order, int):
        raise ShapeError(f"the order is {order}, and must be a list of all indices from 0 to {length - 1}, each once")
    for index in order:
        _check_index(index, axis, x)
    seen = [index % length for index in order]
    repeated = next((index for index in seen if seen.count(index) > 1), None) if len(set(seen)) < len(seen) else None
    missing = sorted(set(range(length)) - set(seen))
    if repeated is not None or missing:
        faults = [f"index {repeated} stands there more than once"] if repeated is not None else []
        faults += [f"index {missing[0]} is missing"] if missing else []
        raise ShapeError(
            f"the order {literal_text(order)} is no permutation of axis {axis}, which has length {length}: "
            f"{' and '.join(faults)} (gather takes any indices)"
        )
    return x


def _indices_shape(indices: Any) -> Shape:
    """Return the shape of a whole number or a rectangular nest of them; raises ShapeError where it is not one."""
    if isinstance(indices, int):
        return ()
    inner = {_indices_shape(item) for item in indices}
    if len(inner) > 1:
        raise ShapeError(f"the indices {literal_text(indices)} do not form a rectangle: its rows differ in length")
    return (len(indices), *(inner.pop() if inner else ()))


def _gather_shape(x: Shape, indices: Any, axis: int) -> Shape:
    axis = axis_of(x, axis)
    picked = _indices_shape(indices)
    for index in np.asarray(indices, dtype=np.intp).ravel().tolist():
        _check_index(index, axis, x)
    return (*x[:axis], *picked, *x[axis + 1 :])


PERMUTE = arranging(
    "permute",
    _permute_shape,
    lambda xp, x, order, axis: xp.take(x, order, axis),
    lambda xp, d, y, x, order, axis: xp.put_slices(d, order, axis % x.ndim),
    formula="y[k] = x[order[k]]",
    rule="dL/dx = dL/dy put back by the inverse permutation",
    pattern="permutation",
    options={"order": Option("integers"), "axis": Option("integer", 0)},
    samples=(
        Sample(shapes=((5,),), params={"order": (2, 4, 3, 0, 1)}),
        Sample(shapes=((3,),), params={"order": (1, 2, 0)}),
        Sample(shapes=((3,),), params={"order": (-1, 0, 1)}),
        Sample(shapes=((1,),), params={"order": (0,)}),
        Sample(shapes=((0,),), params={"order": ()}),
        Sample(shapes=((3, 2),), params={"order": (2, 0, 1)}),
        Sample(shapes=((2, 3),), params={"order": (2, 0, 1), "axis": 1}),
        Sample(shapes=((2, 3, 2),), params={"order": (2, 0, 1), "axis": -2}),
    ),
)

GATHER = arranging(
    "gather",
    _gather_shape,
    lambda xp, x, indices, axis: xp.take(x, indices, axis),
    lambda xp, d, y, x, indices, axis: xp.add_slices(d, indices, x.shape, axis),
    formula="y[k] = x[indices[k]]",
    rule="dL/dx = dL/dy put back to where each element came from, repeats added up",
    options={"indices": Option("indices"), "axis": Option("integer", 0)},
    samples=(
        Sample(shapes=((4,),), params={"indices": (2, 0, 2, 1)}),
        Sample(shapes=((4,),), params={"indices": (-1, 3)}),
        Sample(shapes=((4,),), params={"indices": 2}),
        Sample(shapes=((4,),), params={"indices": ()}),
        Sample(shapes=((4,),), params={"indices": ((0, 1), (1, 2))}),
        Sample(shapes=((3, 2),), params={"indices": (2, 2, 0)}),
        Sample(shapes=((2, 3),), params={"indices": ((0, 2), (2, 1)), "axis": 1}),
        Sample(shapes=((2, 3),), params={"indices": 1, "axis": -1}),
    ),
)


# Along an axis, all of it


def _roll_shape(x: Shape, shift: Any, axis: Any) -> Shape:
    if axis is None:
        return x
    shifts = 1 if isinstance(shift, int) else len(shift)
    named = (axis,) if isinstance(axis, int) else axis
    for one in named:
        axis_of(x, one)
    if shifts != len(named) and 1 not in (shifts, len(named)):
        raise ShapeError(
            f"roll has {shifts} shifts and {len(named)} axes: give one shift for each axis, or one for all of them"
        )
    return x


def _checked_axes(x: Shape, axis: Any) -> Shape:
    axes_of(x, axis)
    return x


def _opposite(shift: Any) -> Any:
    return -shift if isinstance(shift, int) else tuple(-one for one in shift)


REVERSE = arranging(
    "reverse",
    _checked_axes,
    lambda xp, x, axis: xp.flip(x, axis),
    lambda xp, d, y, x, axis: xp.flip(d, axis),
    formula="y[k] = x[n-1-k]",
    rule="dL/dx = reverse(dL/dy)",
    pattern="permutation",
    options={"axis": Option("axes", 0)},
    samples=(
        Sample(shapes=((4,),)),
        Sample(shapes=((0,),)),
        Sample(shapes=((3, 2),)),
        Sample(shapes=((2, 3),), params={"axis": -1}),
        Sample(shapes=((2, 3),), params={"axis": None}),
        Sample(shapes=((2, 3, 2),), params={"axis": (0, 2)}),
        Sample(shapes=((),), params={"axis": None}),
    ),
)

ROLL = arranging(
    "roll",
    _roll_shape,
    lambda xp, x, shift, axis: xp.roll(x, shift, axis),
    lambda xp, d, y, x, shift, axis: xp.roll(d, _opposite(shift), axis),
    formula="y[k] = x[(k - shift) mod n]",
    rule="dL/dx = roll(dL/dy, -shift)",
    convention="without axis the elements are rolled in reading order",
    pattern="permutation",
    options={"shift": Option("integers"), "axis": Option("axes", None)},
    samples=(
        Sample(shapes=((5,),), params={"shift": 2}),
        Sample(shapes=((5,),), params={"shift": -7}),
        Sample(shapes=((0,),), params={"shift": 1}),
        Sample(shapes=((),), params={"shift": 1}),
        Sample(shapes=((2, 3),), params={"shift": 1}),
        Sample(shapes=((2, 3),), params={"shift": (1, 1)}),
        Sample(shapes=((2, 3),), params={"shift": 1, "axis": 1}),
        Sample(shapes=((2, 3),), params={"shift": (1, -1), "axis": (0, -1)}),
        Sample(shapes=((2, 3),), params={"shift": 1, "axis": (0, 1)}),
    ),
)


# By value: the order is looked up in the numbers once and recorded with the step


def _sort_shape(x: Shape, axis: int | None, descending: bool, **chosen: Any) -> Shape:
    if axis is None:
        return (math.prod(x),)
    axis_of(x, axis)
    return x


def _topk_shape(x: Shape, k: int, **chosen: Any) -> Shape:
    if not x:
        raise ShapeError("topk needs at least one axis, and its operand is a single number")
    if not 1 <= k <= x[-1]:
        raise ShapeError(
            f"topk has k={k}, and the last axis of shape {shape_text(x)} has length {x[-1]}: k is 1 to {x[-1]}"
            if x[-1]
            else f"topk needs elements to choose from, and the last axis of shape {shape_text(x)} has none"
        )
    return (*x[:-1], k)


def _order_source(x: Shape, params: Params) -> Indices:
    """Return where each result of a sort came from, by the recorded order."""
    order = params["order"]
    return np.ravel(numeric.take_along(flat(x), order, params.get("axis", -1)))


def _order_taken(x: Shape, params: Params, i: int) -> int:
    """Return where result `i` of a sort came from, by the recorded order."""
    order, axis = params["order"], params.get("axis", -1)
    taken = int(order.reshape(-1)[i])
    if axis is None:
        return taken
    place = [int(at) for at in np.unravel_index(i, order.shape)]
    place[axis] = taken
    return int(np.ravel_multi_index(place, x))


def _order_structure(slot: int, shapes: tuple[Shape, ...], output: Shape, params: Params) -> Structure:
    """Return the recorded permutation or selection; before there is one, any element of a line can land anywhere."""
    x, axis = shapes[0], params.get("axis", -1)
    if "order" in params:
        name = "permutation" if math.prod(output) == math.prod(x) else "selection"
        return selection(_order_source(x, params), name)
    if axis is None:
        return blocks("group", Lines(output, (0,)), Lines(x, axes_of(x, None)))
    return blocks("group", Lines(output, axes_of(output, axis)), Lines(x, axes_of(x, axis)))


_TIES = "a tie keeps the order of the input; nan counts as the largest"
_TIED = ([2.0, 1.0, 2.0, 1.0],)

SORT = arranging(
    "sort",
    _sort_shape,
    lambda xp, x, axis, descending, order: xp.take_along(x, order, axis),
    lambda xp, d, y, x, axis, descending, order: xp.put_along(d, order, x.shape, axis),
    formula="y[k] = x[order[k]], with order so that y ascends",
    rule="dL/dx = dL/dy put back to where each element came from",
    structure=_order_structure,
    source=_order_source,
    taken=_order_taken,
    options={"axis": Option("axis", -1), "descending": Option("boolean", False)},
    choose=lambda x, axis, descending: {"order": numeric.ranking(x, axis, descending)},
    convention=_TIES,
    samples=(
        Sample(shapes=((5,),)),
        Sample(shapes=((1,),)),
        Sample(shapes=((0,),)),
        Sample(shapes=((5,),), params={"descending": True}),
        Sample(shapes=((2, 4),)),
        Sample(shapes=((3, 2),), params={"axis": 0}),
        Sample(shapes=((3, 2),), params={"axis": None, "descending": True}),
        Sample(shapes=((),), params={"axis": None}),
        Sample(shapes=((2, 3, 2),), params={"axis": -2, "descending": True}),
        Sample(values=_TIED, kink=True),
        Sample(values=_TIED, params={"descending": True}, kink=True),
    ),
)

TOPK = arranging(
    "topk",
    _topk_shape,
    lambda xp, x, k, order: xp.take_along(x, order, -1),
    lambda xp, d, y, x, k, order: xp.put_along(d, order, x.shape, -1),
    formula="y = the k largest of x along the last axis, largest first",
    rule="dL/dx = dL/dy put back to where each element came from, 0 for those not chosen",
    structure=_order_structure,
    source=_order_source,
    taken=_order_taken,
    options={"k": Option("integer")},
    choose=lambda x, k: {"order": numeric.ranking(x, -1, True)[..., :k]},
    convention=_TIES,
    samples=(
        Sample(shapes=((5,),), params={"k": 2}),
        Sample(shapes=((3,),), params={"k": 3}),
        Sample(shapes=((1,),), params={"k": 1}),
        Sample(shapes=((2, 4),), params={"k": 1}),
        Sample(shapes=((2, 2, 3),), params={"k": 2}),
        Sample(values=_TIED, params={"k": 1}, kink=True),
    ),
)


# Shapes and subscripts


def _reshape_shape(x: Shape, shape: Any) -> Shape:
    wanted = (shape,) if isinstance(shape, int) else tuple(shape)
    size = math.prod(x)
    if any(length < -1 for length in wanted) or wanted.count(-1) > 1:
        raise ShapeError(f"reshape to {shape_text(wanted)}: lengths are 0 or more, and at most one is -1 (the rest)")
    known = math.prod(length for length in wanted if length != -1)
    if -1 in wanted and known and size % known == 0:
        return tuple(size // known if length == -1 else length for length in wanted)
    if -1 in wanted:
        raise ShapeError(
            f"shape {shape_text(x)} has {size} elements, which cannot be divided into {shape_text(wanted)}: "
            f"{size} is no multiple of {known}"
            if known
            else f"shape {shape_text(x)} cannot be divided into {shape_text(wanted)}: a length of 0 leaves -1 open"
        )
    if known != size:
        raise ShapeError(
            f"shape {shape_text(x)} has {size} elements and shape {shape_text(wanted)} has {known}: "
            "reshape keeps all elements, in reading order"
        )
    return wanted


RESHAPE = arranging(
    "reshape",
    _reshape_shape,
    lambda xp, x, shape: x.reshape(shape),
    lambda xp, d, y, x, shape: d.reshape(x.shape),
    formula="y = the elements of x in reading order, in another shape",
    rule="dL/dx = reshape(dL/dy, shape of x)",
    pattern="permutation",
    options={"shape": Option("integers")},
    samples=(
        Sample(shapes=((6,),), params={"shape": (2, 3)}),
        Sample(shapes=((2, 3),), params={"shape": 6}),
        Sample(shapes=((2, 3),), params={"shape": (-1, 2)}),
        Sample(shapes=((2, 3),), params={"shape": -1}),
        Sample(shapes=((1, 1),), params={"shape": ()}),
        Sample(shapes=((),), params={"shape": (1, 1)}),
        Sample(shapes=((0, 2),), params={"shape": (3, 0)}),
        Sample(shapes=((2, 3, 2),), params={"shape": (4, 3)}),
    ),
)


def _key(key: tuple[Any, ...]) -> tuple[Any, ...]:
    """Return a recorded subscript as NumPy takes it."""
    return tuple(slice(*item) if isinstance(item, tuple) else item for item in key)


def _index_shape(x: Shape, key: tuple[Any, ...]) -> Shape:
    if len(key) > len(x):
        indices, axes = counted(len(key), "index", "indices"), counted(len(x), "axis", "axes")
        raise ShapeError(f"{indices} for shape {shape_text(x)}, which has {axes}")
    result: list[int] = []
    for axis, item in enumerate(key):
        if not isinstance(item, tuple):
            _check_index(item, axis, x)
            continue
        if item[2] == 0:
            raise ShapeError(f"the step of a slice is 0 along axis {axis}: it must be 1 or more, or negative")
        result.append(len(range(*slice(*item).indices(x[axis]))))
    return (*result, *x[len(key) :])


def _slice_text(item: Any) -> str:
    if not isinstance(item, tuple):
        return str(item)
    start, stop, step = ("" if bound is None else str(bound) for bound in item)
    return f"{start}:{stop}:{step}" if step else f"{start}:{stop}"


def _write_index(operands: Sequence[Written], params: Params, base: int) -> Written:
    key = params["key"]
    operand = operands[0].within(ATOM)
    if base == 1 and all(item == (None, None, None) or (isinstance(item, int) and item >= 0) for item in key):
        places = (":" if isinstance(item, tuple) else str(item + 1) for item in key)
        return Written(f"{operand}({','.join(places)})", ATOM)
    return Written(f"{operand}[{', '.join(map(_slice_text, key))}]", ATOM)


_ALL = (None, None, None)

INDEX = arranging(
    "index",
    _index_shape,
    lambda xp, x, key: x[_key(key)],
    lambda xp, d, y, x, key: xp.put(d, _key(key), x.shape),
    formula="y = x[key]",
    rule="dL/dx = dL/dy put back to where each element came from, 0 for those not picked",
    options={"key": Option("subscript")},
    write=_write_index,
    samples=(
        Sample(shapes=((4,),), params={"key": (1,)}),
        Sample(shapes=((4,),), params={"key": (-1,)}),
        Sample(shapes=((4,),), params={"key": ((1, 3, None),)}),
        Sample(shapes=((4,),), params={"key": ((2, 2, None),)}),
        Sample(shapes=((4,),), params={"key": ((None, None, -1),)}),
        Sample(shapes=((5,),), params={"key": ((-3, 99, 2),)}),
        Sample(shapes=((3, 2),), params={"key": (2,)}),
        Sample(shapes=((3, 2),), params={"key": (_ALL, 1)}),
        Sample(shapes=((3, 2),), params={"key": (2, 0)}),
        Sample(shapes=((3, 4),), params={"key": ((None, 2, None), (None, None, 2))}),
        Sample(shapes=((2, 3, 2),), params={"key": (1, _ALL, -2)}),
    ),
)


# Several operands into one


def joining(
    name: str,
    shape: Callable[..., Shape],
    forward: Rule,
    back: Rule,
    *,
    formula: str,
    rule: str,
    axis: Option,
    samples: tuple[Sample, ...],
) -> Operation:
    """Return an operation that joins a list of operands; places are found by running `forward` on indices, as above."""

    @lru_cache(maxsize=32)
    def sources(shapes: tuple[Shape, ...], axis: int | None) -> tuple[Indices, Indices]:
        """Return for each flat element of the result the slot and the flat element that it comes from."""
        slots = forward(numeric, *(np.full(shape, slot) for slot, shape in enumerate(shapes)), axis=axis)
        return slots.ravel(), forward(numeric, *map(flat, shapes), axis=axis).ravel()

    def structure(slot: int, shapes: tuple[Shape, ...], output: Shape, params: Params) -> Structure:
        slots, places = sources(shapes, params["axis"])
        return selection(np.where(slots == slot, places, -1))

    def element(cell: Cell, i: int) -> str:
        slots, places = sources(cell.shapes, cell.params["axis"])
        return cell.x(int(slots[i]), int(places[i]))

    return Operation(
        name=name,
        family="permutation and shape",
        operands=("arrays",),
        shape=shape,
        forward=forward,
        vjps=(back,),
        structure=structure,
        element=element,
        derivative=lambda cell, slot, i, j: "1",
        formula=formula,
        rules=(rule,),
        options={"axis": axis},
        variadic=True,
        samples=samples,
    )


def _concat_shape(shapes: Sequence[Shape], axis: int | None) -> Shape:
    if not shapes:
        raise ShapeError("concat needs a list of at least one value")
    if axis is None:
        return (sum(map(math.prod, shapes)),)
    first = shapes[0]
    if () in shapes:
        raise ShapeError("concat joins values along an axis they have, and a single number has none: use stack")
    axis = axis_of(first, axis)
    for other in shapes:
        if len(other) != len(first) or reduced(other, (axis,), False) != reduced(first, (axis,), False):
            raise ShapeError(
                f"concat along axis {axis} of shapes {shape_text(first)} and {shape_text(other)}: "
                f"all other axes must have the same lengths"
            )
    return (*first[:axis], sum(shape[axis] for shape in shapes), *first[axis + 1 :])


def _stack_shape(shapes: Sequence[Shape], axis: int) -> Shape:
    if not shapes:
        raise ShapeError("stack needs a list of at least one value")
    first = shapes[0]
    other = next((shape for shape in shapes if shape != first), None)
    if other is not None:
        raise ShapeError(f"stack of shapes {shape_text(first)} and {shape_text(other)}: all must have the same shape")
    rank = len(first) + 1
    if not -rank <= axis < rank:
        raise ShapeError(f"stack of shape {shape_text(first)} along axis {axis}: the new axis is {-rank} to {rank - 1}")
    axis %= rank
    return (*first[:axis], len(shapes), *first[axis:])


def _concat_back(xp: Any, d: Any, y: Any, *arrays: Any, slot: int, axis: int | None) -> Any:
    shape = arrays[slot].shape
    if axis is None:
        start = sum(array.size for array in arrays[:slot])
        return d[start : start + arrays[slot].size].reshape(shape)
    axis %= d.ndim
    start = sum(array.shape[axis] for array in arrays[:slot])
    return d[(slice(None),) * axis + (slice(start, start + shape[axis]),)]


def _stack_back(xp: Any, d: Any, y: Any, *arrays: Any, slot: int, axis: int) -> Any:
    return d[(slice(None),) * (axis % d.ndim) + (slot,)]


CONCAT = joining(
    "concat",
    _concat_shape,
    lambda xp, *arrays, axis: xp.concatenate(arrays, axis),
    _concat_back,
    formula="y = the arrays one after the other along axis",
    rule="its own part of dL/dy",
    axis=Option("axis", 0),
    samples=(
        Sample(shapes=((2,), (3,))),
        Sample(shapes=((2,),)),
        Sample(shapes=((2,), (0,), (1,))),
        Sample(shapes=((1, 3), (2, 3))),
        Sample(shapes=((2, 1), (2, 2), (2, 1)), params={"axis": 1}),
        Sample(shapes=((2, 1, 2), (2, 2, 2)), params={"axis": -2}),
        Sample(shapes=((2, 2), (3,), ()), params={"axis": None}),
    ),
)

STACK = joining(
    "stack",
    _stack_shape,
    lambda xp, *arrays, axis: xp.stack(arrays, axis),
    _stack_back,
    formula="y = the arrays along a new axis",
    rule="its own slice of dL/dy",
    axis=Option("integer", 0),
    samples=(
        Sample(shapes=((3,), (3,))),
        Sample(shapes=((), (), ())),
        Sample(shapes=((2, 3),)),
        Sample(shapes=((2,), (2,), (2,)), params={"axis": 1}),
        Sample(shapes=((2, 3), (2, 3)), params={"axis": -1}),
        Sample(shapes=((2, 3), (2, 3)), params={"axis": -2}),
    ),
)

OPERATIONS = (PERMUTE, SORT, REVERSE, ROLL, GATHER, TOPK, RESHAPE, CONCAT, STACK, INDEX)
