"""The map: how large every value and its gradient are, line by line, and the one under the cursor as heat maps."""

from __future__ import annotations

import math

from textual import on
from textual.app import ComposeResult
from textual.containers import Vertical
from textual.content import Content

from bptui.commands import IN_MAP
from bptui.present.pictures import Size, size_table, sizes, value_maps
from bptui.present.quiz import Known
from bptui.text import width as cells
from bptui.trace.record import Trace
from bptui.tui.bindings import PALETTE, Offering, bindings
from bptui.tui.dialog import Dialog
from bptui.tui.key_line import KeyLine
from bptui.tui.line_table import LineTable
from bptui.tui.picture_view import PictureView
from bptui.tui.sizes import HEIGHTS, TALL

_SHORTEST, _LONGEST = 4, 24
"""How short and how long a bar may be."""

_ROOMY = 90
"""From which width on the table of sizes has a column for shapes, which the heat maps tell as well."""

_MOST_ROWS = 16
"""How many rows a heat map may have."""


class MapScreen(Offering, Dialog[int | None]):
    """Shows sizes and heat maps; gives the step that makes the value which the reader goes to."""

    BINDINGS = bindings(IN_MAP, PALETTE)
    OFFERED = IN_MAP
    AUTO_FOCUS = "#sizes"
    DEFAULT_CLASSES = "report"
    VERTICAL_BREAKPOINTS = HEIGHTS

    def __init__(self, trace: Trace, value: int, backward: bool, known: Known | None) -> None:
        """Begin at `value`; `backward` says whether to go to where a value's gradient is complete.

        Nothing is told of what is not `known`; None where everything is.
        """
        super().__init__()
        self._trace, self._backward = trace, backward
        self._sizes: list[Size] = sizes(trace) if known is None else sizes(trace, known.whole)
        self._cursor = next((at for at, one in enumerate(self._sizes) if one.id == value), 0)

    def compose(self) -> ComposeResult:
        with Vertical(id="window") as window:
            window.border_title = "Map · mean sizes on scales of powers of ten"
            yield LineTable(id="sizes")
            yield PictureView(id="picture")
            yield KeyLine(IN_MAP, id="map-keys")

    def on_mount(self) -> None:
        self.query_one("#sizes").border_title = "Sizes, line by line"
        self.call_after_refresh(self._show)

    def on_resize(self) -> None:
        self.call_after_refresh(self._show)

    def _show(self) -> None:
        table = self.query_one("#sizes", LineTable)
        shapes = table.room.width >= _ROOMY
        others = size_table(self._sizes, 0, shapes=shapes)
        texts = [others.columns, *(row.cells for row in others.rows)]
        bars = [at for at, numeric in enumerate(others.numeric) if at and others.numeric[at - 1] and not numeric][:2]
        taken = sum(2 + max(cells(text[at]) for text in texts) for at in range(len(others.columns)) if at not in bars)
        bar = max(_SHORTEST, min(_LONGEST, (table.room.width - taken - 6) // 2))
        self._share_height(table)
        cursor = table.cursor if table.table.rows else self._cursor
        table.show(size_table(self._sizes, bar, shapes=shapes), cursor=cursor)
        self._show_picture()

    def _share_height(self, table: LineTable) -> None:
        """Give the table what its rows take, at most three fifths, and the heat maps what they need of the rest."""
        free = self.app.size.height - 3
        frame = 1 if self.app.size.height < TALL else 2
        table.styles.height = high = min(len(self._sizes) + 1 + frame, max(4, free * 3 // 5))
        rows = max((math.prod(self._trace.program.values[one.id].shape[:-1]) for one in self._sizes), default=1)
        self.query_one(PictureView).styles.height = min(max(3, free - high), min(rows, _MOST_ROWS) + 5 + frame)

    def _show_picture(self) -> None:
        row = self.query_one("#sizes", LineTable).row
        if row is None or row.element is None:
            return
        one = self._sizes[row.element]
        picture = self.query_one(PictureView)
        picture.border_title = Content(f"{one.name} {one.shape}".strip())
        picture.show(lambda width: value_maps(self._trace, one, width, picture.room.height))

    @on(LineTable.CursorMoved)
    def _moved(self) -> None:
        self._show_picture()

    @on(LineTable.RowChosen)
    def _chosen(self) -> None:
        self.action_go()

    def action_noted(self, direction: int) -> None:
        """To the next value that there is a note about, or the one before; several with the same count as one."""
        table, notes = self.query_one("#sizes", LineTable), dict(enumerate(one.notes for one in self._sizes))
        begun = (at for at, said in notes.items() if said and said != notes.get(at - direction))
        ahead = [at for at in begun if (at - table.cursor) * direction > 0]
        if ahead:
            table.move_to(min(ahead) if direction > 0 else max(ahead))

    def action_go(self) -> None:
        """Go to the step that computes the value, or that completes its gradient."""
        row = self.query_one("#sizes", LineTable).row
        if row is None or row.element is None:
            return
        program, identity = self._trace.program, self._sizes[row.element].id
        forward = program.producer.get(identity)
        last = program.last_slot.get(identity)
        step = self._trace.seed_step + 1 + last if last is not None else self._trace.seed_step
        self.dismiss(step if self._backward or forward is None else forward)
