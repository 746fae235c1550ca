"""The trace as plain text of 80 columns: something to hand in, or to read in a pager."""

from __future__ import annotations

from collections.abc import Iterator

from bptui.checking.gradients import check_gradients
from bptui.checking.report import gradient_lines, plain_check
from bptui.export.layout import WIDTH, fitted, formula, heading, paragraph, table, wrapped
from bptui.present.frame import Frame
from bptui.present.presentation import Presentation
from bptui.text import width
from bptui.trace.record import Trace

MOST_ROWS = 24
"""How many rows of one step's table are written."""


def write_text(trace: Trace) -> str:
    """Return the whole walk as text: the scenario, every step, all gradients, their routes, the gradient check."""
    return "\n".join(line.rstrip() for line in _lines(trace)) + "\n"


def _lines(trace: Trace) -> Iterator[str]:
    shown = Presentation(trace)
    yield from heading(shown.title, "=")
    if shown.description:
        yield ""
        yield from paragraph(shown.description)
    yield from _section("Given and computed", _scenario(shown))
    forward, steps = trace.seed_step, len(shown)
    yield from _section("Forward", (line for index in range(forward) for line in _step(shown.frame(index))))
    yield from _section("Backward", (line for index in range(forward, steps) for line in _step(shown.frame(index))))
    yield from _section("Gradients", _gradients(shown))
    yield from _section("Between named values", _links(shown))
    yield from _section("Routes", _routes(shown))
    yield from _section("Check against finite differences", _check(trace))


def _section(title: str, lines: Iterator[str]) -> Iterator[str]:
    """Yield a section with its heading, or nothing where it has no lines."""
    first = next(lines, None)
    if first is not None:
        yield from ["", "", *heading(title), first, *lines]


def _scenario(shown: Presentation) -> Iterator[str]:
    for block in shown.leaves():
        yield from _block(block.name, block.lines)
    yield ""
    for name in shown.program.lines:
        yield from formula(shown.line_text(name), WIDTH, 4, "  ")
    for signature, body in shown.functions():
        yield from formula(f"with {signature} = {body}", WIDTH, 4, "  ")
    yield ""
    yield from wrapped(shown.question, WIDTH, 4, "  ")


def _block(name: str, lines: tuple[str, ...]) -> Iterator[str]:
    """Yield `name = ` and an array's rows below each other."""
    head = f"  {name} = "
    for at, line in enumerate(lines):
        yield (head if at == 0 else " " * width(head)) + fitted(line, WIDTH - width(head))


def _step(frame: Frame) -> Iterator[str]:
    number = f"{frame.index + 1:>3}  "
    yield ""
    yield from formula(frame.title, WIDTH, 9, number)
    if len(frame.table.rows) == 1 or frame.phase == "backward":
        yield from _equation(frame.formulas)
    if len(frame.table.rows) > 1:
        yield from table(frame.table, WIDTH, 5, MOST_ROWS)
    for note in frame.notes:
        yield from wrapped(note, WIDTH, 7, "     ")


def _equation(formulas: tuple[str, ...]) -> Iterator[str]:
    """Yield an equation over several lines, its equals signs below each other."""
    if not formulas:
        return
    name, equals, _ = formulas[0].partition(" = ")
    indent = 5 + (width(name) + 1 if equals and width(name) < 30 else 4)
    yield from formula(formulas[0], WIDTH, indent + 2, "     ")
    for side in formulas[1:]:
        yield from formula(side, WIDTH, indent + 2, " " * indent)


def _gradients(shown: Presentation) -> Iterator[str]:
    for block in shown.gradients():
        yield from _block(block.name, block.lines)


def _links(shown: Presentation) -> Iterator[str]:
    for block in shown.links():
        yield from _block(block.name, block.lines)


def _routes(shown: Presentation) -> Iterator[str]:
    for listing in shown.routes():
        yield from wrapped(listing.title, WIDTH, 4, "  ")
        for route in listing.routes:
            yield from formula(f"= {route.names}", WIDTH, 17, f"{route.product:>13}  ")
            yield from formula(f"= {route.numbers}", WIDTH, 17, " " * 15)
        if listing.more:
            yield f"     {listing.more}"
        yield ""


def _check(trace: Trace) -> Iterator[str]:
    yield from (f"  {line}" for line in gradient_lines(plain_check(one) for one in check_gradients(trace)))
