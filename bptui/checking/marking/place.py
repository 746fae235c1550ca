"""Which step of the walk gives the number of a line of a worked solution, and which element it is about."""

from __future__ import annotations

from msgspec import Struct

from bptui.checking.marking.claims import Entry, loss_node
from bptui.trace.elements import Node
from bptui.trace.record import Trace


class Place(Struct, frozen=True):
    """A step, the element that it is about there, and whether routes lead from that to the target."""

    step: int
    node: Node
    gradient: bool


def place_of(trace: Trace, entry: Entry) -> Place:
    """Return the place of one entry.

    A value is where it is computed. The target's gradient is where it is complete; another derivative is where the
    gradient passes from the line that it is of to the value that it is with respect to.
    """
    program, backward = trace.program, trace.seed_step + 1
    node, tail = entry
    if tail is None:
        return Place(program.producer.get(node[0], 0), node, False)
    target = loss_node(program)
    if node in (target, (program.target, 0)) or node[0] >= len(program.values):
        last = program.last_slot.get(tail[0])
        return Place(trace.seed_step if last is None else backward + last, tail, True)
    line, slots = program.values[node[0]].line, program.slot_columns
    between = [slot for slot in slots.of(tail[0]) if program.steps[slots.step[slot]].line == line]
    if between:
        return Place(backward + between[-1], tail, True)
    last = program.last_slot.get(tail[0])
    return Place(program.producer.get(node[0], 0) if last is None else backward + last, tail, True)
