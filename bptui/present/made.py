"""What a forward step makes, and what the seed gives: one element's equation, and the table of all."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from bptui.present import cells
from bptui.present.frame import Point, Row, Table, spots_of
from bptui.present.pages import page_of, paged
from bptui.present.writer import CellWriter
from bptui.scenario.program import ForwardStep, Value


def made(writer: CellWriter, step: ForwardStep, element: int) -> tuple[tuple[str, ...], Table]:
    """Return the equation of one element that a forward step makes, and the table of those on its page."""
    program, output = writer.program, writer.program.values[step.output]
    names, sides = cells.Names(writer.trace, step), writer.made(step)
    columns = ("element", writer.put_in) if writer.numbers is None else ("element", writer.put_in, "value")
    formulas: tuple[str, ...] = ()
    if output.size:
        name, written = cells.element_name(program, output.id, element), cells.element(names, step, element)
        formulas = cells.chain(name, written, *sides(element))

    def row(flat: int) -> Row:
        shown, *number = sides(flat)
        if writer.numeric and [shown] == number:  # where an element that only moves comes from says more
            shown = cells.element(names, step, flat)
        texts = (cells.element_name(program, output.id, flat), shown, *number)
        return Row(texts, flat, spots=spots_of(Point(output.id, flat), *range(len(columns))))

    return formulas, _table(writer, columns, output, element, row)


def given(writer: CellWriter, element: int) -> tuple[tuple[str, ...], Table]:
    """Return the equation of one element of the seed, and the table of those on its page."""
    program, target = writer.program, writer.program.values[writer.program.target]
    columns, sides = ("element", *writer.given), writer.seeded(page_of(target.size, element))

    def row(flat: int) -> Row:
        texts = (cells.gradient_name(program, target.id, flat), *sides(flat))
        return Row(texts, flat, spots=spots_of(Point(target.id, flat, gradient=True), *range(len(columns))))

    formulas = cells.chain(*row(element).cells) if target.size else ()
    return formulas, _table(writer, columns, target, element, row)


def _table(writer: CellWriter, columns: Sequence[str], value: Value, element: int, row: Callable[[int], Row]) -> Table:
    """Return a table with a row for each element of the page that `element` is on."""
    page = page_of(value.size, element)
    rows = paged(len(page), lambda at: row(page[at]), page, value.size, len(columns), lambda at: Point(value.id, at))
    return Table(tuple(columns), tuple(column in writer.flush_right for column in columns), rows)
