"""What a scenario gives and asks for, and what comes out: leaves, gradients, the derivatives and routes between."""

from __future__ import annotations

import math
from bisect import bisect_right
from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from bptui.present import cells
from bptui.present.frame import Block, RouteList
from bptui.present.why import route_list
from bptui.present.writer import CellWriter
from bptui.scenario.program import Program
from bptui.scenario.scenario import Scenario
from bptui.text import counted, printable

LARGEST_LINK = 64
"""How many entries a derivative between two named values may have to be written out."""

MOST_WORK = 500_000
"""How many steps may be gone back through for all of them; a step counts once more for each thousand elements."""

MOST_ROUTED = 6
"""Of how many elements of one value the routes are listed."""

MOST_PASSED = 20_000
"""How many lines the routes that are listed may pass; those of one element pass each line that lies between once."""


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

    Each is of a line with respect to a name that the line uses, on a way from the target to a name in `wrt`. Of a long
    program those near the target and those of few steps come; a block without lines says how many are left out.
    """
    program = writer.program
    upto, work, left = _work(program), 0, 0
    for line, operand in _asked_links(program):
        size, tail = program.values[line].size, program.values[operand]
        asked = line == program.target and not program.seeded and tail.name in program.wrt
        if size * tail.size > LARGEST_LINK or (asked and writer.numeric):  # it is among the gradients
            continue
        more = size * int(upto[program.producer[line] + 1] - upto[program.producer.get(operand, -1) + 1])
        if work + more > MOST_WORK:
            left += 1
            continue
        work += more
        for flat, lines in enumerate(writer.link(line, operand)):
            yield Block(f"d{program.element_name(line, flat)}/d{tail.name}", tuple(lines))
    if left:
        yield Block(f"… and {counted(left, 'more derivative')} that many steps lie between", ())


def _work(program: Program) -> NDArray[np.int64]:
    """Return how much work it is to go back through the steps before each."""
    sizes = np.array([math.prod(shape) for shape in program.code.shapes])[np.asarray(program.code.shape)]
    return np.cumsum([0, *(1 + sizes[np.asarray(program.columns.outputs)] // 1000)])


def _asked_links(program: Program) -> Iterator[tuple[int, int]]:
    """Yield (line, operand) pairs by value id, from the target down to the names in `wrt`."""
    columns, named = program.columns, set(program.names.values())
    below: dict[int, set[int]] = {}
    for record in program.lines.values():
        operands = columns.operands[columns.starts[record.first] : columns.starts[record.last]]
        below[record.value] = named.intersection(operands)
    asked = {program.names[name] for name in program.wrt}
    leads = set(asked)
    for line, used in below.items():
        if (used & leads and line in program.last_slot) or line == program.target:
            leads.add(line)
    for line, used in reversed(below.items()):
        if line in leads and (line in program.last_slot or line == program.target):
            yield from ((line, operand) for operand in sorted(used & leads))


def routes(writer: CellWriter) -> Iterator[RouteList]:
    """Yield the routes of the first elements of every name in `wrt`, as long as they pass few lines all together."""
    program, passed, left = writer.program, 0, 0
    starts = [line.first for line in program.lines.values()]
    end = bisect_right(starts, program.producer.get(program.target, -1))
    for name in program.wrt:
        value = program.names[name]
        size = program.values[value].size
        listed = min(size, MOST_ROUTED)
        first, _ = next(iter(program.operands_at(value)), (len(program.steps), 0))
        more = listed * max(0, end + 1 - bisect_right(starts, first))
        if passed + more > MOST_PASSED:
            left += 1
            continue
        passed += more
        for flat in range(listed):
            yield route_list(writer, value, flat)
        if size > listed:
            yield RouteList(f"… and the routes of {counted(size - listed, 'more element')} of {name}", ())
    if left:
        yield RouteList(f"… and the routes of {counted(left, 'more name')}, through many lines", ())
