"""One step back: an element's contribution as an equation, the ledger, and the local Jacobian."""

from __future__ import annotations

from functools import partial
from typing import NamedTuple

import numpy as np

from bptui.ops.operation import ATOM
from bptui.present import cells, grid
from bptui.present.frame import Point, Row, Table, spots_of
from bptui.present.pages import page_of, paged
from bptui.present.patterns import pattern_text
from bptui.present.writer import CellWriter
from bptui.scenario.program import Slot
from bptui.trace.elements import Elements

MOST_TERMS = 12
"""How many summands of one element's contribution the ledger lists; the sum is always of all."""

MOST_WRITTEN = cells.LONGEST_SUM + 2
"""How many of them its equation has."""

WIDEST_MATRIX = 8
"""How many columns a local Jacobian may have to be written out."""


class _Entered(NamedTuple):
    """The elements of a step's result that an element of the slot's operand enters: how many, and the first of them."""

    number: int
    first: list[int]


def _entered(elements: Elements, slot: Slot, element: int) -> _Entered:
    heads = elements.feeds(slot.step, slot.slot, element)
    return _Entered(len(heads), heads[: max(MOST_TERMS, MOST_WRITTEN)].tolist())


def contribution(writer: CellWriter, slot: Slot, element: int) -> tuple[str, ...]:
    """Return the equation of one element's contribution: a sum over what it enters of upstream · local."""
    program, step = writer.program, writer.program.steps[slot.step]
    names, further = cells.Names(writer.trace, step), writer.term(slot, element)

    def term(head: int, first: bool) -> tuple[str, ...]:
        rule = cells.derivative(names, step, slot.slot, head, element)
        return cells.times(cells.gradient_name(program, step.output, head), rule), *further(head, first)

    heads = _entered(writer.elements, slot, element)
    left = max(0, heads.number - MOST_WRITTEN)
    terms = [term(head, at == 0) for at, head in enumerate(heads.first[:MOST_WRITTEN])] or [("0",)]
    written, *others = (cells.plus(side, left) for side in zip(*terms, strict=True))
    what = cells.gradient_name(program, slot.target, element)
    if slot.previous >= 0 or program.last_slot[slot.target] != slot.index:
        what = f"contribution to {what}"
    return cells.chain(what, written, *others, *writer.contributed(slot, element, written))


def ledger(writer: CellWriter, slot: Slot, element: int) -> Table:
    """Return the ledger: local derivative × upstream = contribution, and the gradient before and after.

    An element has a row for each element of the result that it enters, and a sum where these are not exactly one.
    """
    program, output = writer.program, writer.program.steps[slot.step].output
    size = program.values[slot.target].size
    page = page_of(size, element)
    heads = [_entered(writer.elements, slot, flat) for flat in page]
    upstream, arriving = writer.trace.upstream(slot.index), writer.arriving(slot)
    results = writer.results(slot, page)
    columns = ("element", "from", "upstream", "local", *results)
    blank = ("",) * (len(results) - 1)

    def row(flat: int, at: int) -> Row:
        name = cells.element_name(program, slot.target, flat)
        here = Point(slot.target, flat, gradient=True)
        among = heads[flat - page.start]
        if at < min(among.number, MOST_TERMS):
            head = among.first[at]
            source, above = cells.element_name(program, output, head), Point(output, head, gradient=True)
            local = writer.elements.entry(slot.step, slot.slot, head, flat)
            texts = (name, source, arriving(head), writer.text(local))
            spots = (*spots_of(here, 0), *spots_of(above, 1, 2))
            if among.number == 1:
                spots = (*spots, *spots_of(here, *range(3, len(columns))))
                return Row((*texts, *whole(flat)), flat, spots=spots)
            product = writer.text(upstream.item(head) * local)
            return Row((*texts, product, *blank), flat, "term", (*spots, *spots_of(here, 3, 4)))
        if at == MOST_TERMS and among.number > MOST_TERMS:
            return Row((name, f"{among.number - MOST_TERMS} more", "", "", "…", *blank), flat, "more")
        spots = spots_of(here, 0, *range(4, len(columns)))
        if not among.number:
            return Row((name, "nothing", "", "", *whole(flat)), flat, spots=spots)
        return Row((name, "sum", "", "", *whole(flat)), flat, "sum", spots)

    def whole(flat: int) -> tuple[str, ...]:
        return tuple([column(flat) for column in results.values()])

    places = [(flat, at) for flat, among in zip(page, heads, strict=True) for at in range(ledger_rows(among.number))]
    of = partial(Point, slot.target, gradient=True)
    rows = paged(len(places), lambda at: row(*places[at]), page, size, len(columns), of)
    numeric = tuple(column in writer.flush_right for column in columns)
    return Table(columns, numeric, rows, spare=writer.spare(slot, any(among.number > 1 for among in heads)))


def ledger_rows(heads: int) -> int:
    """Return how many rows of the ledger an element has that enters so many elements of the result."""
    return 1 if heads == 1 else min(heads, MOST_TERMS) + (heads > MOST_TERMS) + 1


def jacobian(writer: CellWriter, slot: Slot) -> tuple[str, ...]:
    """Return the local Jacobian's shape and structure, and its rows where it is small."""
    program = writer.program
    output, target = program.values[program.steps[slot.step].output], program.values[slot.target]
    if not output.shape and not target.shape:
        return ()
    structure = writer.elements.structure(slot.step, slot.slot)
    name = cells.pretty(f"∂{output.brief.within(ATOM)}/∂{target.brief.within(ATOM)}")
    pattern = pattern_text(structure, cells.pretty(target.brief.text), output.size, target.size)
    said = f"Local Jacobian {name}: {output.size:,}×{target.size:,}, {pattern}"
    if output.size > grid.MOST_LINES or target.size > WIDEST_MATRIX or not output.size * target.size:
        return (f"{said}.",)
    matrix = np.full((output.size, target.size), 0, dtype=object)
    for head in range(output.size):
        for tail in structure.reads(head):
            matrix[head, tail] = writer.elements.entry(slot.step, slot.slot, head, int(tail))
    rows = writer.matrix(matrix)
    return (f"{said}.",) if rows is None else (f"{said}:", *rows)
