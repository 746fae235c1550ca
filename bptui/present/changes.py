"""What differs between two traces of one program, as a reader sees it: tables in which what changed is `old→new`."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from bptui.present import cells, numbers
from bptui.present.frame import ARROW, Frame, Row, Table
from bptui.present.lazy import Lazy
from bptui.present.presentation import Presentation
from bptui.text import counted

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
        return replace(new, cells=(*new.cells[:-1], _changed(old.cells[-1], new.cells[-1])))

    return replace(after, table=replace(table, rows=Lazy(len(table.rows), row)))


def changes(before: Presentation, after: Presentation) -> Table:
    """Return every element of every named value whose number or gradient differs, the first thousand of them.

    Leaves come first, then lines in their order; a row has the old and the new number, and the difference.
    """
    rows: list[Row] = []
    left = 0
    program = after.program
    for identity in program.names.values():
        pairs = (
            ("value", before.trace.values[identity], after.trace.values[identity]),
            ("gradient", before.trace.gradient_of(identity), after.trace.gradient_of(identity)),
        )
        for kind, old, new in pairs:
            first, second = old.reshape(-1), new.reshape(-1)
            differing = np.flatnonzero(~((first == second) | (np.isnan(first) & np.isnan(second))))
            for flat in differing[: MOST_CHANGES - len(rows)]:
                shown = cells.pretty(
                    program.element_name(identity, int(flat))
                    if kind == "value"
                    else program.derivative_name(identity, int(flat))
                )
                texts = (numbers.number(first[flat]), ARROW, numbers.number(second[flat]))
                rows.append(Row((shown, kind, *texts), int(flat)))
            left += len(differing)
    left -= len(rows)
    if left:
        rows.append(Row((f"… {counted(left, 'more change')}", "", "", "", ""), None, "more"))
    return Table(("what", "kind", "old", "", "new"), (False, False, True, False, True), rows)


def same_walk(before: Presentation, after: Presentation) -> bool:
    """Return whether two traces have the same words and the same steps, and differ in numbers alone."""
    first, second = before.program, after.program
    return (
        (before.title, before.description) == (after.title, after.description)
        and (first.names, first.target, first.index_base, first.wrt)
        == (second.names, second.target, second.index_base, second.wrt)
        and [value.shape for value in first.values] == [value.shape for value in second.values]
        and [(step.formula, step.inputs, step.params) for step in first.steps]
        == [(step.formula, step.inputs, step.params) for step in second.steps]
    )


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


def _changed(old: str, new: str) -> str:
    if not old or not new or old == new or _same(old, new):
        return new
    return f"{old}{ARROW}{new}"


def _same(old: str, new: str) -> bool:
    """Return whether two texts are one number, written with other decimals."""
    try:
        return float(old) == float(new)
    except ValueError:
        return False
