"""What differs between two traces of one program, as a reader sees it: tables in which what changed is `old→new`."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache, partial

import numpy as np
from msgspec.structs import replace
from numpy.typing import NDArray

from bptui.present import cells, numbers
from bptui.present.frame import ARROW, Frame, Point, Row, Spot, Table, changed
from bptui.present.presentation import Presentation
from bptui.scenario.notation import Shape
from bptui.scenario.program import Array, Program
from bptui.sequences import Lazy
from bptui.text import counted
from bptui.trace.places import made_at
from bptui.trace.record import Trace

MOST_CHANGES = 1000
"""How many changed numbers a list of changes has."""

NEARBY = 500
"""How far a step may have moved in an edited file to be found again."""


def compared_frame(before: Frame, after: Frame) -> Frame:
    """Return `after` with a table in which each result that differs from `before` is written `old→new`."""
    table = after.table
    if len(before.table.rows) != len(table.rows) or before.table.columns != table.columns:
        return after  # another choice was made, by a sort for instance: the rows do not stand side by side

    def row(at: int) -> Row:
        old, new = before.table.rows[at], table.rows[at]
        if old.element != new.element or old.kind != new.kind:
            return new
        return replace(new, cells=(*new.cells[:-1], changed(old.cells[-1], new.cells[-1])))

    return replace(after, table=replace(table, rows=Lazy(len(table.rows), row)))


def changes(
    before: Presentation,
    after: Presentation,
    known: Callable[[Point], bool] | None = None,
    *,
    largest_first: bool = False,
) -> tuple[Table, tuple[int, ...]]:
    """Return every element of every named value whose number or gradient differs, the first thousand of them.

    Leaves come first, then lines in their order, or else what changed most; a row has the old and the new number, and
    the difference. Beside the table, for each row, the step at which the number is made or complete. Numbers that are
    not `known` are left out; None: all are.
    """
    arrays, flats, sizes = [], [], []
    for identity in after.program.names.values():
        for gradient in (False, True):
            old, new = (_numbers(one.trace, identity, gradient) for one in (before, after))
            differing = np.flatnonzero(_differs(old, new))
            if known is not None:
                kept = [known(Point(identity, flat, gradient)) for flat in differing.tolist()]
                differing = differing[kept]
            if len(differing):
                arrays.append((identity, gradient, old, new))
                flats.append(differing)
                sizes.append(_sizes(old[differing], new[differing]))
    starts = np.cumsum([0, *map(len, flats)])
    order = np.argsort(-np.concatenate(sizes), kind="stable") if largest_first and sizes else np.arange(starts[-1])
    made = cache(partial(_made, after.trace))
    rows: list[Row] = []
    steps: list[int] = []
    for place in order[:MOST_CHANGES].tolist():
        at = int(np.searchsorted(starts, place, side="right")) - 1
        identity, gradient, old, new = arrays[at]
        flat = int(flats[at][place - starts[at]])
        rows.append(_change(after, Point(identity, flat, gradient), old[flat], new[flat]))
        steps.append(made(identity, gradient))
    if left := len(order) - len(rows):
        rows.append(Row((f"… {counted(left, 'more change')}", "", "", "", ""), None, "more"))
    numeric = (False, True, False, True, True)
    return Table(("what", "before", "", "now", "change"), numeric, rows), tuple(steps)


def _numbers(trace: Trace, value: int, gradient: bool) -> Array:
    return (trace.gradient_of(value) if gradient else trace.values[value]).reshape(-1)


def _differs(old: Array, new: Array) -> NDArray[np.bool_]:
    differs: NDArray[np.bool_] = ~((old == new) | (np.isnan(old) & np.isnan(new)))
    return differs


def _sizes(old: Array, new: Array) -> Array:
    """Return how far numbers moved; from or to nan or inf is further than any."""
    with np.errstate(all="ignore"):
        sizes: Array = np.nan_to_num(np.abs(new - old), nan=np.inf, posinf=np.inf)
    return sizes


def _change(shown: Presentation, at: Point, old: float, new: float) -> Row:
    program = shown.program
    name = program.derivative_name(at.value, at.flat) if at.gradient else program.element_name(at.value, at.flat)
    with np.errstate(all="ignore"):
        texts = (numbers.number(old), ARROW, numbers.number(new), numbers.signed(new - old))
    return Row((cells.pretty(name), *texts), at.flat, spots=(Spot(0, at),))


def _made(trace: Trace, value: int, gradient: bool) -> int:
    """Return the step at which a value is computed, or its gradient complete; of a leaf the first that uses it."""
    made = made_at(trace, value, gradient)
    return made if made is not None else next((step for step, _ in trace.program.operands_at(value)), 0)


def same_walk(before: Presentation, after: Presentation) -> bool:
    """Return whether two traces have the same words and the same steps, and differ in numbers alone."""
    first, second = before.program, after.program
    return (
        (before.title, before.description) == (after.title, after.description)
        and (first.names, first.target, first.index_base, first.wrt)
        == (second.names, second.target, second.index_base, second.wrt)
        and (_given(first), before.trace.scenario.functions, first.lines)
        == (_given(second), after.trace.scenario.functions, second.lines)
    )


def _given(program: Program) -> list[tuple[Shape, str | None]]:
    """Return the shape and the symbol of every named value; with the lines' texts, they make all steps."""
    return [(program.shape(value), program.values[value].symbol) for value in program.names.values()]


def same_step(before: Presentation, after: Presentation, step: int) -> int:
    """Return the step of `after` that is what `step` is in `before`: the nearest of the same text and phase.

    Where there is none nearby, it is the step of the same number, or the last.
    """
    label = before.label(step)
    last = len(after) - 1
    near = range(max(0, step - NEARBY), min(last, step + NEARBY) + 1)
    for index in sorted(near, key=lambda index: abs(index - step)):
        found = after.label(index)
        if (found.text, found.phase) == (label.text, label.phase):
            return index
    return min(step, last)
