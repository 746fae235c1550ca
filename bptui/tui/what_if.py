"""What if: elements of leaves edited, with undo and redo; and the scenario's file followed while it is edited."""

from __future__ import annotations

import asyncio
import gc
import math
import os
from pathlib import Path

from textual.content import Content

from bptui.editing import SEED, History, LeafElement
from bptui.errors import BptuiError
from bptui.present.changes import compared_frame, same_step, same_walk
from bptui.present.frame import Frame, Point
from bptui.present.layout import paragraph
from bptui.present.presentation import Presentation
from bptui.text import counted, printable
from bptui.trace.record import Trace
from bptui.tui.beside import run_beside
from bptui.tui.configured import app_of, key
from bptui.tui.description import Description
from bptui.tui.edit_dialog import Edit, EditScreen
from bptui.tui.file_watch import SECONDS, FileWatch
from bptui.tui.opening import opened
from bptui.tui.seeing import Seeing
from bptui.tui.text_view import TextView, line

_LARGE = 300_000
"""From how many values and elements of named values on a trace that is no longer shown is let go of at once."""


def _is_large(trace: Trace) -> bool:
    program = trace.program
    return len(program.values) + sum(math.prod(program.shape(one)) for one in program.names.values()) > _LARGE


class WhatIf(Seeing):
    """Edits of the scenario's numbers, while it is walked through."""

    resumed = False
    """Whether the walk goes on from another one, whose file was changed."""
    _original: Trace
    """The trace without edits."""
    _before: Presentation
    _history: History
    _watch: FileWatch | None

    def begin_edits(self, trace: Trace, presentation: Presentation) -> None:
        """Begin with a trace that nothing is edited in."""
        self._original, self._before = trace, presentation
        self._history = History()
        path = Path(trace.scenario.document.name)
        self._watch = FileWatch(path) if trace.scenario.document.folder is not None and os.path.isfile(path) else None

    def watch_file(self) -> None:
        """Look now and then whether the scenario's file was changed."""
        if self._watch is not None:
            self.set_interval(SECONDS, self._look_at_file)

    # -- what is shown -----------------------------------------------------------------------------------------------

    @property
    def edits_said(self) -> tuple[str, ...]:
        """How many numbers are edited, for the top line; nothing where none is."""
        return (f"what if: {counted(len(self._history.edits), 'edit')}",) if self._history.edits else ()

    def compared(self, frame: Frame) -> Frame:
        """Return `frame` with what differs from the trace without edits as old → new."""
        if not self._history.edits:
            return frame
        return compared_frame(self._before.frame(frame.index, frame.element), frame)

    @property
    def before_edits(self) -> Trace | None:
        """The trace without edits; None where nothing is edited."""
        return self._original if self._history.edits else None

    # -- edits -------------------------------------------------------------------------------------------------------

    def action_edit(self) -> None:
        """Ask for another number for an element of a leaf."""
        self.query_one(Description).close()
        if self.lacks_numbers:
            return
        element = self._pointed_at()
        if element is None:
            self.app.notify("this scenario has no number to edit")
            return
        self.app.push_screen(EditScreen(self.trace, element, told=not self.testing), self._edited)

    def _edited(self, edit: Edit | None) -> None:
        if edit is not None:
            self._use(self._history.edit(edit.element, edit.number))

    def action_undo(self) -> None:
        """Take the last edit back."""
        if not self._history.done:
            self.app.notify("nothing to undo")
        else:
            self._use(self._history.undo())

    def action_redo(self) -> None:
        """Put the edit in again that was taken back last."""
        if not self._history.undone:
            self.app.notify("nothing to redo")
        else:
            self._use(self._history.redo())

    def action_reset(self) -> None:
        """Take all edits back."""
        if not self._history.edits:
            self.app.notify("nothing is edited")
        else:
            self._use(self._history.reset())

    def action_changes(self) -> None:
        """Show everything that the edits changed."""
        from bptui.tui.changes import ChangesScreen

        if not self._history.edits:
            self.app.notify(f"nothing is edited: {key(self, 'edit.edit')} gives an element another number")
            return
        self.app.push_screen(ChangesScreen(self._before, self.presentation, self.known), self._from_changes)

    def _from_changes(self, chosen: int | Point | None) -> None:
        if isinstance(chosen, Point):
            self.ask_why(chosen)
        elif chosen is not None:
            self.go(chosen)

    def action_save_as(self) -> None:
        """Ask for a name and write the scenario with its edits."""
        if self.lacks_numbers:
            return
        from bptui.tui.save_dialog import SaveScreen

        self.app.push_screen(SaveScreen(self.trace, self.source))

    def _use(self, history: History) -> None:
        self._history = history
        run_beside(self, "edits", self._apply)

    async def _apply(self) -> None:
        """Compute the trace of the edits in force, off the screen's own thread, and show it."""
        trace = await asyncio.to_thread(self._history.edits.apply, self._original)
        self.show_trace(trace, self._before if trace is self._original else Presentation(trace))

    def show_trace(self, trace: Trace, presentation: Presentation) -> None:
        """Show another trace of the same program, at the same place."""
        self.trace, self.presentation = trace, presentation
        self.numbers_changed()
        self.refresh_step()
        if _is_large(trace):
            self.call_after_refresh(gc.collect)  # the trace before takes as much, and refers to itself

    def _pointed_at(self) -> LeafElement | None:
        """Return the leaf's element that the reader most likely means."""
        leaves, program = self.trace.scenario.leaves, self.trace.program
        here = self.pointed
        name = program.values[here.value].name
        if name is not None and name in leaves and program.values[here.value].size:
            return LeafElement(name, here.flat)
        if self.trace.scenario.seed is not None and here.gradient and here.value == program.target:
            return LeafElement(SEED, here.flat)
        forward = self.trace.seed_step
        if self.step != forward:
            number = self.step if self.step < forward else program.slots[self.step - forward - 1].step
            for at, operand in enumerate(program.steps[number].inputs):
                value = program.values[operand]
                if value.name is not None and value.name in leaves and value.size:
                    head = self.element if self.step < forward else 0
                    reads = self.presentation.elements.structure(number, at).reads(head)
                    return LeafElement(value.name, int(reads[0]) if len(reads) else 0)
        return next(
            (LeafElement(name, 0) for name in (*program.wrt, *leaves) if name in leaves and leaves[name].size),
            None,
        )

    # -- the file ----------------------------------------------------------------------------------------------------

    async def _look_at_file(self) -> None:
        """Read the file again where it was changed; a fault in it is shown, and the last good trace stays."""
        if self._watch is None or not self._watch.changed():
            return
        try:
            trace = await asyncio.to_thread(opened, self._watch.path)
        except BptuiError as error:
            self._show_fault(error)
            return
        if trace.numbers is None or self.trace.numbers is None:
            self.close_fault()
            self.app.notify("The file was changed and is read again.")
            app_of(self).walk(trace, self.source).begin_at(self.step, {})
            return
        before = len(self._history.edits)
        history = History(self._history.edits.fitting(trace.scenario))
        edited = await asyncio.to_thread(history.edits.apply, trace)
        self.close_fault()
        lost = before - len(history.edits)
        said = f" {counted(lost, 'edit')} had no place in it any more." if lost else ""
        self.app.notify(f"The file was changed and is read again.{said}")
        original = Presentation(trace)
        if same_walk(self._before, original):
            self._original, self._before, self._history = trace, original, history
            self.show_trace(edited, Presentation(edited))
        else:
            step = same_step(self.presentation, original, self.step)
            walk = app_of(self).walk(trace, self.source)
            assert isinstance(walk, WhatIf)
            walk.resume(step, history, edited)

    def resume(self, step: int, history: History, trace: Trace) -> None:
        """Begin at `step` with edits in force, as far as `trace` has them: before the screen is shown."""
        self.resumed, self.step, self._history = True, step, history
        self.trace, self.presentation = trace, Presentation(trace)

    def close_fault(self) -> None:
        """Hide what is wrong with the file."""
        self.query_one("#fault").display = False

    def _show_fault(self, error: BptuiError) -> None:
        said = printable(str(error), keep="\n")
        panel = self.query_one("#fault", TextView)
        panel.border_title = "The file has a fault; shown is the trace before it"
        panel.border_subtitle = Content(f"it is read again when it is mended · {key(self, 'read.close')} hides this")
        panel.show(lambda width: [line(text) for text in paragraph(said, width)])
        panel.display = True
