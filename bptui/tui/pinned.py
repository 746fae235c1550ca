"""A step or a value that stays in sight while the walk goes on."""

from __future__ import annotations

from msgspec import Struct
from msgspec.structs import replace
from textual.content import Content

from bptui.present.frame import Frame, Row, Table
from bptui.present.layout import formula, more_words, table
from bptui.tui.step_panel import equation_lines
from bptui.tui.text_view import Line, TextView, line

MOST_ROWS = 40
"""How many rows of a pinned step's table are shown."""

_GIVEN = frozenset({"value", "gradient", "after", "in symbols", "comes to"})


class PinnedStep(Struct, frozen=True):
    """A step, with the cursor on an element."""

    step: int
    element: int


class PinnedValue(Struct, frozen=True):
    """A named value."""

    name: str


class PinnedPanel(TextView):
    """Shows what is pinned."""

    stepping = True

    def show_step(self, frame: Frame) -> None:
        """Show a step: its title, its equation and its table."""
        self.border_title = Content(f"Pinned · step {frame.index + 1} · {frame.phase}")
        self.show(lambda width: _step_lines(frame, width))

    def show_value(self, name: str, values: Table, rows: range) -> None:
        """Show a value, in these rows of `values`, and its gradient as they are at the present step."""
        self.border_title = Content(f"Pinned · {name}")
        self.show(lambda width: _value_lines(values, rows))


def _step_lines(frame: Frame, width: int) -> list[Line]:
    title = [line(text, "title") for text in formula(frame.title, width, 4)]
    equation = equation_lines(frame.formulas, width)
    rows = [line(text) for text in table(_brief(frame.table), width, 0, MOST_ROWS + 1)] if frame.table.rows else []
    return [*title, line(""), *equation, line(""), *rows]


def _brief(found: Table) -> Table:
    """Return a step's table with the elements and what the step gives them: there is little room."""
    kept = [at for at, title in enumerate(found.columns) if at == 0 or title in _GIVEN]
    empty = [""] * (len(kept) - 1)
    rows = [
        replace(row, cells=(more_words(row), *empty) if row.kind == "more" else tuple(row.cells[at] for at in kept))
        for row in found.rows[:MOST_ROWS]
    ]
    if len(found.rows) > MOST_ROWS:
        rows.append(Row((f"… {len(found.rows) - MOST_ROWS:,} more", *empty), None, "more"))
    return Table(tuple(found.columns[at] for at in kept), tuple(found.numeric[at] for at in kept), rows)


def _value_lines(values: Table, rows: range) -> list[Line]:
    """Return these rows of a table of values, the numbers first and the gradient below them."""
    found = [values.rows[row].cells for row in rows]
    lines: list[Line] = []
    for column in range(2, len(values.columns)):
        texts = [cells[column] for cells in found if cells[column]]
        lines += [line(values.columns[column], "muted"), *(line(text) for text in texts or ["not yet"]), line("")]
    return lines[:-1]
