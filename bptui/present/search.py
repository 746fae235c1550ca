"""Searching the steps for a text: in the names, operations and formulas that the list of steps shows."""

from __future__ import annotations

from collections.abc import Iterator

from bptui.present import cells
from bptui.present.presentation import Presentation


def find_text(shown: Presentation, text: str, steps: range) -> int | None:
    """Return the first of `steps`, in their order, that `text` occurs in; see `matches`."""
    return next(matches(shown, text, steps), None)


def matches(shown: Presentation, text: str, steps: range) -> Iterator[int]:
    """Yield those of `steps` that `text` occurs in, upper or lower case alike, in the order of `steps`.

    A step is searched in its formula, its operation, its line's name and the function calls around it. `*` and `**`
    are found as they are written in a scenario and as they are shown.
    """
    wanted = {text.casefold(), cells.pretty(text).casefold()}
    for step in steps:
        searched = _searched(shown, step)
        if any(one in searched for one in wanted):
            yield step


def _searched(shown: Presentation, step: int) -> str:
    """Return everything that a step is found by."""
    label = shown.label(step)
    return "\n".join((label.text, label.operation, label.line, *_calls(shown, step))).casefold()


def _calls(shown: Presentation, step: int) -> Iterator[str]:
    """Yield the function calls that a step was unfolded from, innermost first."""
    program, forward = shown.program, shown.trace.seed_step
    if step == forward:
        return
    call = program.steps[step if step < forward else program.slots[step - forward - 1].step].call
    while call >= 0:
        yield cells.pretty(program.calls[call].text)
        call = program.calls[call].parent
