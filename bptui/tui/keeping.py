"""Compare and keep: copy what is seen, pin a step or a value beside the present one, save a picture of the screen."""

from __future__ import annotations

from pathlib import Path

from textual import events

from bptui.errors import BptuiError
from bptui.files import write_whole
from bptui.present.copying import formula_text, table_text
from bptui.text import counted, printable
from bptui.tui.description import Description
from bptui.tui.export_dialog import file_stem, free_name
from bptui.tui.line_table import LineTable
from bptui.tui.pinned import PinnedPanel, PinnedStep, PinnedValue
from bptui.tui.pointing import Pointing
from bptui.tui.screenshot import without_fonts

_ROOMY = 150
"""From which width on the graph is seen beside the step and what is pinned."""


class Keeping(Pointing):
    """What is kept of the walk."""

    _pinned: PinnedStep | PinnedValue | None = None

    # -- copying -----------------------------------------------------------------------------------------------------

    def action_copy(self) -> None:
        """Copy the table that has the focus, or the equation, to the clipboard."""
        focused = self.focused
        if isinstance(focused, LineTable) and focused.table.rows:
            text = table_text(focused.table)
            said = f"copied the table: {counted(len(text.splitlines()) - 1, 'row')}, tabs between the columns"
        else:
            text = formula_text(self.frame(self.element))
            said = "copied the formula"
        self.app.copy_to_clipboard(text)
        self.app.notify(said)

    # -- pinning -----------------------------------------------------------------------------------------------------

    def action_pin(self) -> None:
        """Pin the value under the cursor, or else the step; what is pinned already is taken down."""
        self.query_one(Description).close()
        wanted = self._to_pin()
        if self._pinned is not None and (wanted == self._pinned or isinstance(self.focused, PinnedPanel)):
            self._pinned = None
        else:
            self._pinned = wanted
        self.set_class(self._pinned is not None, "-pinned")
        self._make_room(self.size.width)
        if self._pinned is None and isinstance(self.focused, PinnedPanel):
            self.query_one("#elements").focus()
        self.refresh_step()

    def _to_pin(self) -> PinnedStep | PinnedValue:
        at = self.selected
        name = self.trace.program.values[at.value].name if at is not None else None
        return PinnedStep(self.step, self.element) if name is None else PinnedValue(name)

    def show_pinned(self) -> None:
        """Show what is pinned, as the trace now has it."""
        panel = self.query_one(PinnedPanel)
        if isinstance(self._pinned, PinnedStep):
            panel.show_step(self.frame(self._pinned.element, self._pinned.step))
        elif self._pinned is not None:
            value = self.trace.program.names.get(self._pinned.name)
            rows = self.presentation.value_tables.rows(value) if value is not None else range(0)
            panel.show_value(self._pinned.name, self.values(None), rows)

    def on_resize(self, event: events.Resize) -> None:
        self._make_room(event.size.width)

    def _make_room(self, width: int) -> None:
        """Leave out the graph and the list of steps beside something pinned, where there is no room for both."""
        self.set_class(self._pinned is not None and width < _ROOMY, "-cramped")

    # -- pictures ----------------------------------------------------------------------------------------------------

    def action_screenshot(self) -> None:
        """Save a picture of the screen under a name that is free."""
        stem = file_stem(self.source, self.trace)
        path = Path(free_name(f"{stem}-step-{self.step + 1}", "svg"))
        try:
            write_whole(path, without_fonts(self.app.export_screenshot(title=self.presentation.title)))
        except BptuiError as error:
            self.app.notify(printable(str(error), keep="\n"), title="Screenshot", severity="error")
            return
        self.app.notify(f"wrote {printable(str(path))}")
