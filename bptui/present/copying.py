"""A table or an equation as plain text for the clipboard: tabs between the columns, as spreadsheets take them."""

from __future__ import annotations

from bptui.present.frame import Frame, Row, Table

MOST_ROWS = 2000
"""How many rows are copied."""


def table_text(table: Table) -> str:
    """Return a table with its titles, one line a row, tabs between the columns."""
    lines = ["\t".join(table.columns)]
    lines += [_row_text(row) for row in table.rows[:MOST_ROWS]]
    if left := table.after(MOST_ROWS):
        lines.append(f"… {left:,} more")
    return "\n".join(lines) + "\n"


def formula_text(frame: Frame) -> str:
    """Return a step's title and its element's equation, one line a side."""
    return "\n".join([frame.title, *frame.formulas]) + "\n"


def _row_text(row: Row) -> str:
    return " ".join(cell for cell in row.cells if cell) if row.kind == "more" else "\t".join(row.cells)
