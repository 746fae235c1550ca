"""The trace as plain text of 80 columns: something to hand in, or to read in a pager."""

from __future__ import annotations

from collections.abc import Iterator

from bptui.checking.gradients import check_gradients
from bptui.checking.wording import gradient_lines
from bptui.exporting.document_text import block_lines
from bptui.present import whole
from bptui.present.drawing import text_of
from bptui.present.frame import Frame
from bptui.present.layout import WIDTH, fitted, formula, heading, paragraph, row_fitted, table, wrapped
from bptui.present.pictures import size_lines, sizes
from bptui.present.presentation import Presentation, presentation_of
from bptui.present.sentences import line_text
from bptui.present.solution import solution
from bptui.text import width
from bptui.trace.record import Trace

MOST_ROWS = 24
"""How many rows of one step's table are written."""


def write_text(trace: Trace) -> str:
    """Return the whole walk as text: scenario, steps, gradients, their routes and derivation, the gradient check."""
    return "".join(text_pieces(trace))


def text_pieces(trace: Trace) -> Iterator[str]:
    """Yield what `write_text` returns, line by line."""
    return (f"{line.rstrip()}\n" for line in _lines(trace))


def _lines(trace: Trace) -> Iterator[str]:
    shown = presentation_of(trace)
    yield from heading(shown.title, "=")
    if shown.description:
        yield ""
        yield from paragraph(shown.description)
    yield from _section("Given and computed", _scenario(shown))
    forward, steps = trace.seed_step, len(shown)
    yield from _section("Forward", (line for at in range(forward) for line in _step(shown, at)))
    yield from _section("Backward", (line for at in range(forward, steps) for line in _step(shown, at)))
    yield from _section("Gradients", _gradients(shown))
    if trace.numbers is not None:
        yield from _section("Sizes, line by line", _sizes(trace.numbers))
    yield from _section("Between named values", _links(shown))
    yield from _section("Routes", _routes(shown))
    yield from _section("Derivation", block_lines(solution(trace).blocks, within=True))
    if trace.numbers is not None:
        yield from _section("Check against finite differences", _check(trace.numbers))


def _section(title: str, lines: Iterator[str]) -> Iterator[str]:
    """Yield a section with its heading, or nothing where it has no lines."""
    first = next(lines, None)
    if first is not None:
        yield from ["", "", *heading(title), first, *lines]


def _scenario(shown: Presentation) -> Iterator[str]:
    for block in whole.leaves(shown.writer):
        yield from _block(block.name, block.lines)
    yield ""
    for name in shown.program.lines:
        yield from formula(line_text(shown.program, name), WIDTH, 4, "  ")
    for signature, body in whole.functions(shown.trace.scenario):
        yield from formula(f"with {signature} = {body}", WIDTH, 4, "  ")
    yield ""
    yield from wrapped(whole.question(shown.program), WIDTH, 4, "  ")


def _block(name: str, lines: tuple[str, ...]) -> Iterator[str]:
    """Yield `name = ` and an array's rows below each other; below the name where that is too long."""
    head = f"  {name} = "
    if width(head) > WIDTH // 2:
        yield from wrapped(head, WIDTH, 4)
        head = " " * 6
    room = WIDTH - width(head)
    for at, line in enumerate(lines):
        yield (head if at == 0 else " " * width(head)) + _row(line, room)


def _row(line: str, room: int) -> str:
    """Return a row of an array, numbers of its middle left out where it is too long."""
    return line if width(line) <= room else row_fitted(line, room) or fitted(line, room)


def _step(shown: Presentation, index: int) -> Iterator[str]:
    yield from step_lines(shown.frame(index))
    wires = shown.wires(index)
    if wires is not None and wires.drawable:
        yield from ("", *(f"     {text_of(line)}" for line in wires.lines(WIDTH - 5)))


def step_lines(frame: Frame) -> Iterator[str]:
    """Yield one step: its number, its equation with the numbers put in, its table and its notes."""
    number = f"{frame.index + 1:>3}  "
    yield ""
    yield from formula(frame.title, WIDTH, 9, number)
    if len(frame.table.rows) == 1 or frame.phase == "backward":
        yield from _equation(frame.formulas, said=frame.title)
    if len(frame.table.rows) > 1:
        yield from table(frame.table, WIDTH, 5, MOST_ROWS)
    for note in frame.notes:
        yield from wrapped(note, WIDTH, 7, "     ")
    for at, text in enumerate(frame.jacobian):
        yield from wrapped(text, WIDTH, 7, "     ") if at == 0 else (f"       {_row(text, WIDTH - 7)}",)


def _equation(formulas: tuple[str, ...], said: str) -> Iterator[str]:
    """Yield an equation over several lines, its equals signs below each other; the first one is not `said` again."""
    if not formulas:
        return
    name, equals, _ = formulas[0].partition(" = ")
    indent = 5 + (width(name) + 1 if equals and width(name) < 30 else 4)
    if formulas[0] != said:
        yield from formula(formulas[0], WIDTH, indent + 2, "     ")
    for side in formulas[1:]:
        yield from formula(side, WIDTH, indent + 2, " " * indent)


def _gradients(shown: Presentation) -> Iterator[str]:
    for block in whole.gradients(shown.writer):
        if block.kind == "array":
            yield from _block(block.name, block.lines)
        else:
            yield from _equation(
                (f"{block.name} = {block.lines[0]}", *(f"= {side}" for side in block.lines[1:])), said=""
            )


def _sizes(trace: Trace) -> Iterator[str]:
    """Yield a bar for each value and its gradient, with ASCII alone: they have to line up in any font."""
    yield from (f"  {text_of(line)}" for line in size_lines(sizes(trace), WIDTH - 2, plain=True))


def _links(shown: Presentation) -> Iterator[str]:
    for block in whole.links(shown.writer):
        yield from _block(block.name, block.lines) if block.lines else wrapped(block.name, WIDTH, 4, "  ")


def _routes(shown: Presentation) -> Iterator[str]:
    for number, listing in enumerate(whole.routes(shown.writer)):
        if number:
            yield ""
        yield from wrapped(listing.title, WIDTH, 4, "  ")
        if shown.trace.mode == "symbols" and listing.sum:
            yield from formula(listing.sum, WIDTH, 6, "    ")
        for route in listing.routes:
            product = route.product if width(route.product) <= 13 else ""  # a longer one is read off its factors
            yield from formula(f"= {route.names}", WIDTH, 17, f"{product:>13}  ")
            share = f" ({route.share})" if listing.count > 1 and route.share else ""
            yield from formula(f"= {route.numbers}{share}", WIDTH, 17, " " * 15)
        if listing.more:
            yield f"     {listing.more}"


def _check(trace: Trace) -> Iterator[str]:
    for line in gradient_lines(one.plain() for one in check_gradients(trace)):
        yield from wrapped(line, WIDTH, 6, "  ")
