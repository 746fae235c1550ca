"""The step: what it computes, in words, and the equation of the element that the cursor is on."""

from __future__ import annotations

from collections.abc import Sequence

from bptui.present.frame import Frame
from bptui.present.layout import formula, wrapped
from bptui.text import width as cells
from bptui.tui.text_view import Line, TextView, line

_ROOMY = 10
"""From how many lines on the words stand before the equation, and blank lines between where all fits with them."""

_TINY = 5
"""Below how many lines the equation, with its result, comes first."""


class StepPanel(TextView):
    """Shows a frame but for its table."""

    stepping = True
    _stop = ""

    def show_stop(self, said: str) -> None:
        """Say what a breakpoint found here: on the lower border, or where there is none, below the title."""
        self.label(subtitle=said)
        if said != self._stop:
            self._stop = said
            self.lines_changed()

    def show_frame(self, frame: Frame) -> None:
        """Show `frame`."""
        self.label(f"{frame.phase.capitalize()} · {frame.line_text}".removesuffix(" · "))
        self.show(lambda width: self._arranged(frame, width))

    def _arranged(self, frame: Frame, width: int) -> Sequence[Line]:
        title = [line(text, "title") for text in formula(frame.title, width, 4)]
        words = [line(text) for text in wrapped(frame.sentence, width)]
        equation = equation_lines(frame.formulas, width) if frame.formulas != (frame.title,) else []
        notes = [line(text, "muted") for note in frame.notes for text in wrapped(note, width, 2, "• ")]
        for at, text in enumerate(frame.jacobian):
            notes += [line(one, "muted") for one in (wrapped(text, width, 2, "• ") if at == 0 else [f"  {text}"])]
        here = self._stop if not self.framed else ""
        stop = [line(text, "strong") for text in wrapped(here, width, 2)] if here else []
        if self.room.height < _ROOMY and equation and frame.formulas[0] == frame.title:
            title = []  # the equation begins with it
        if self.room.height < _TINY:
            return [*equation, *stop, *title, *words, *notes]
        if self.room.height < _ROOMY:
            return [*title, *stop, *equation, *words, *notes]
        spare = max(0, self.room.height - len([*title, *words, *equation, *notes]))
        above, below = [line("")] * min(1, spare), [line("")] * min(1, spare - 1)
        return [*title, *words, *above, *equation, *(below + notes if notes else [])]


def equation_lines(formulas: Sequence[str], width: int) -> list[Line]:
    """Return one equation over several lines, the `=` signs below each other, its result lit.

    The first formula is `name = …` or an expression alone, each other one begins with `=`. A name that takes more than
    a third of the width stands on a line of its own.
    """
    if not formulas:
        return []
    name, sign, first = formulas[0].partition(" = ")
    sides = [f"= {first}" if sign else name, *formulas[1:]]
    lines: list[Line] = []
    head, margin = "", 0
    if sign and cells(name) <= width // 3:
        head, margin = f"{name} ", cells(name) + 1
    elif sign:
        lines, margin = [line(text) for text in formula(name, width, 4)], 2
    for at, side in enumerate(sides):
        indent = head if at == 0 and head else " " * margin
        style = "result" if at == len(sides) - 1 and side.startswith("=") else "plain"
        for number, text in enumerate(formula(side, max(8, width - margin), 2)):
            lines.append(((indent if number == 0 else " " * margin, "plain"), (text, style)))
    return lines
