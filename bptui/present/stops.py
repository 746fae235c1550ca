"""Breakpoints in words: the list of them, and what is there at a step that one of them stops at."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from bptui.present import cells
from bptui.present.frame import Row, Table
from bptui.present.numbers import number
from bptui.present.presentation import Presentation
from bptui.text import counted
from bptui.trace.breakpoints import Breakpoint, OnKind, OnLine, OnSize, Subject
from bptui.trace.places import value_of
from bptui.trace.stops import before, result, turned

MOST_LISTED = 6
"""How many of the steps that a breakpoint stops at are listed."""


def breakpoint_table(breakpoints: Sequence[Breakpoint], found: Sequence[Sequence[int] | None]) -> Table:
    """Return the list of breakpoints, each with the steps that it stops at; None where they are still looked for."""
    rows = [
        Row(("✓" if one.enabled else "off", one.text, _steps(steps)), at)
        for at, (one, steps) in enumerate(zip(breakpoints, found, strict=True))
    ]
    return Table(("on", "breakpoint", "stops at"), (False, False, False), rows)


def _steps(steps: Sequence[int] | None) -> str:
    if steps is None:
        return "looking…"
    if not steps:
        return "no step"
    shown = ", ".join(f"{step + 1}" for step in steps[:MOST_LISTED])
    if len(steps) > MOST_LISTED:
        return f"{shown}, … {counted(len(steps), 'step')}"
    return f"step {shown}" if len(steps) == 1 else f"steps {shown}"


def hit_text(shown: Presentation, stopped: Breakpoint, step: int) -> str:
    """Return what a breakpoint found at a step that it stops at: `|dL/dw| < 1e-8: dL/dw is 2.97e-09`."""
    return f"{stopped.text}: {_found(shown, stopped, step)}"


def _found(shown: Presentation, stopped: Breakpoint, step: int) -> str:
    trace = shown.trace
    match stopped.where:
        case OnLine():
            return "here the line begins" if step < trace.seed_step else "here the gradient enters the line"
        case OnKind("zero", subject) if len(elements := result(trace, subject, step)) > 1:
            return f"all {len(elements)} elements of {_name(shown, step)} are 0"
        case OnKind("sign", subject):
            at = int(np.argmax(turned(trace, subject, step)))
            earlier, after = before(trace, subject, step)[at], result(trace, subject, step)[at]
            return f"{_name(shown, step, subject, at)} turned from {number(earlier)} to {number(after)}"
        case OnKind(kind, subject):
            elements = result(trace, subject, step)
            at = int(np.argmax({"nan": np.isnan, "inf": np.isinf, "zero": np.isfinite}[kind](elements)))
            return f"{_name(shown, step, subject, at)} is {number(elements[at])}"
        case OnSize(_, _, subject):
            elements = result(trace, subject, step)
            at = int(np.argmax(np.abs(elements)))
            largest = "" if len(elements) == 1 else ", the largest in size"
            return f"{_name(shown, step, subject, at)} is {number(elements[at])}{largest}"
        case _:
            return shown.label(step).text


def _name(shown: Presentation, step: int, subject: Subject | None = None, at: int | None = None) -> str:
    """Return the name of what a step results in, `z1` or `dL/dz1`, or of one element of it, the subject's or `at`."""
    value = shown.program.values[value_of(shown.trace, step)]
    if subject is not None and subject.element is not None and subject.element.flat is not None:
        at = subject.element.flat
    if step >= shown.trace.seed_step:
        return cells.pretty(shown.program.derivative_name(value.id, at, brief=True))
    return cells.pretty(value.brief.text if at is None else shown.program.element_name(value.id, at))
