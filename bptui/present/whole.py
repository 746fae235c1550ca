"""What a scenario gives and asks for, and what comes out: leaves, gradients, the derivatives and routes between."""

from __future__ import annotations

from collections.abc import Iterator

from bptui.present import cells
from bptui.present.frame import Block, RouteList
from bptui.present.why import route_list
from bptui.present.writer import CellWriter
from bptui.scenario.program import Program
from bptui.scenario.scenario import Scenario
from bptui.text import counted, printable

LARGEST_LINK = 64
"""How many entries a derivative between two named values may have to be written out."""

MOST_ROUTED = 6
"""Of how many elements of one value the routes are listed."""


def question(program: Program) -> str:
    """Return what is asked: the gradient of which scalar with respect to which names."""
    target = program.values[program.target].text
    asked = ", ".join(f"d{program.loss}/d{name}" for name in program.wrt)
    seed = f", where {target} feeds a scalar {program.loss} with d{program.loss}/d{target} given"
    return f"asked for: {asked}{seed if program.seeded else ''}" if asked else ""


def functions(scenario: Scenario) -> Iterator[tuple[str, str]]:
    """Yield a scenario's functions: signature and body."""
    for signature, body in scenario.functions.items():
        yield printable(signature), cells.pretty(printable(" ".join(body.split())))


def leaves(writer: CellWriter) -> Iterator[Block]:
    """Yield every leaf with its numbers."""
    for name in writer.trace.scenario.leaves:
        yield from writer.leaf(name)


def gradients(writer: CellWriter) -> Iterator[Block]:
    """Yield the gradients that were asked for."""
    for name in writer.program.wrt:
        yield from writer.gradient(writer.program.names[name])


def links(writer: CellWriter) -> Iterator[Block]:
    """Yield the derivatives between named values that the gradients asked for are made of, where they are small.

    Each is of a line with respect to a name that the line uses, on a way from the target to a name in `wrt`.
    """
    program = writer.program
    for line, operand in _asked_links(program):
        tail = program.values[operand]
        if program.values[line].size * tail.size <= LARGEST_LINK:
            for flat, lines in enumerate(writer.link(line, operand)):
                yield Block(f"d{program.element_name(line, flat)}/d{tail.name}", tuple(lines))


def _asked_links(program: Program) -> Iterator[tuple[int, int]]:
    """Yield (line, operand) pairs by value id, from the target down to the names in `wrt`."""
    below: dict[int, set[int]] = {}
    for record in program.lines.values():
        used = {operand for step in program.steps[record.first : record.last] for operand in step.inputs}
        below[record.value] = {one for one in used if program.values[one].name is not None}
    asked = {program.names[name] for name in program.wrt}
    leads = set(asked)
    for line, used in below.items():
        if (used & leads and line in program.last_slot) or line == program.target:
            leads.add(line)
    for line, used in reversed(below.items()):
        if line in leads and (line in program.last_slot or line == program.target):
            yield from ((line, operand) for operand in sorted(used & leads))


def routes(writer: CellWriter) -> Iterator[RouteList]:
    """Yield the routes of the first elements of every name in `wrt`, where they are found quickly."""
    for name in writer.program.wrt:
        value = writer.program.names[name]
        size = writer.program.values[value].size
        for flat in range(min(size, MOST_ROUTED)):
            yield route_list(writer, value, flat)
        if size > MOST_ROUTED:
            yield RouteList(f"… and the routes of {counted(size - MOST_ROUTED, 'more element')} of {name}", ())
