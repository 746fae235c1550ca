"""Frames and tables in words, a line for each row."""

from __future__ import annotations

from collections.abc import Iterator

from bptui.present.frame import ARROW, Frame, Row, Table
from bptui.text import counted

MOST_ROWS = 24
"""How many rows of a table are told at once."""


def equation(frame: Frame) -> Iterator[str]:
    """Yield the equation of the frame's element; what the title says already is not said again."""
    yield from frame.formulas if frame.formulas[:1] != (frame.title,) else frame.formulas[1:]


def table_words(table: Table, wanted: range | None = None) -> Iterator[str]:
    """Yield the rows of a table, or those `wanted`, each number behind the title of its column."""
    if table.title:
        yield table.title
    rows = table.rows if wanted is None else table.rows[wanted.start : wanted.stop]
    for at, row in enumerate(rows):
        if at == MOST_ROWS:
            yield f"and {counted(len(rows) - MOST_ROWS, 'more row')}"
            return
        if words := row_words(table, row):  # what has no numbers yet has empty rows for them
            yield words


def row_words(table: Table, row: Row) -> str:
    """Return a row in words: `z1(1): upstream 0.5, local 1`."""
    first, *others = row.cells
    said = ", ".join(
        f"{title} {cell.strip()}".strip()
        for title, cell in zip(table.columns[1:], others, strict=True)
        if cell.strip() and cell != ARROW
    )
    kinds = {"term": "summand ", "sum": "sum ", "element": "", "more": ""}
    return f"{kinds[row.kind]}{first.strip()}: {said}" if first.strip() and said else first.strip() or said
