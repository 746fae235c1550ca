"""Which of some statements each entry of a line depends on, so that those that share none are moved at once.

Told by structure, and by what the text of a derivative names; never too little: where an operation looks at its values
to choose, all elements of its operands count. Sets of statements are whole numbers, a bit for each.
"""

from __future__ import annotations

import heapq
import re
from collections.abc import Iterator, Mapping, Sequence
from functools import cached_property, reduce
from operator import or_
from typing import Any

import numpy as np

from bptui.checking.marking.claims import Entry
from bptui.checking.marking.world import Graph, World
from bptui.engine.passes import depending
from bptui.ops.operation import Params
from bptui.scenario.program import Program
from bptui.trace.backward import all_params
from bptui.trace.elements import Node

_LARGEST = 200_000
"""How many elements may depend on the statements for it to be told for each."""

_MOST_READ = 2_000_000
"""Up to how many pairs of a result's element and an operand's it is told which reads which."""


class Influence:
    """What moves where the statements about some entries are moved."""

    def __init__(self, world: World, moved: Sequence[Entry]) -> None:
        self._world, self._program = world, world.program
        self._bits = {entry: 1 << at for at, entry in enumerate(moved)}
        self._every = (1 << len(moved)) - 1

    def of(self, entries: Sequence[Entry]) -> list[int]:
        """Return for each entry the statements that it depends on."""
        if self._masks is None:
            return [self._every] * len(entries)
        found: dict[Entry, int] = {}
        rows: dict[Node, list[Node]] = {}
        for node, tail in entries:
            if tail is None:
                found[node, None] = self._of(node)
            else:
                rows.setdefault(node, []).append(tail)
        for head, tails in rows.items():
            of_tails = self._of_derivatives(self._world.graph(head, tails))
            found.update(((head, tail), of_tails[tail]) for tail in tails)
        return [found[entry] for entry in entries]

    # -- values ------------------------------------------------------------------------------------------------------

    @cached_property
    def _masks(self) -> Mapping[int, Any] | None:
        """By value, an array of the statements that its elements depend on; None where that is too much to be told."""
        program, columns = self._program, self._program.columns
        stated: dict[int, dict[int, int]] = {}
        for (node, tail), bit in self._bits.items():
            if tail is None:
                stated.setdefault(node[0], {})[node[1]] = bit
        masks: dict[int, Any] = {}
        left = _LARGEST
        for value, bits in stated.items():
            if value not in program.producer:
                masks[value] = self._patched(value, np.zeros(program.values[value].size, object), bits)
        for step in depending_on(self._world, stated):
            output = columns.outputs[step]
            left -= program.values[output].size
            if left < 0:
                return None
            masks[output] = self._patched(output, self._of_result(step, masks), stated.get(output, {}))
        return masks

    def _patched(self, value: int, masks: Any, bits: Mapping[int, int]) -> Any:
        """Return an array of masks with those of what is stated in their places: it depends on nothing else."""
        for flat in self._world.stated.get(value, ()):
            masks[flat] = bits.get(flat, 0)
        return masks

    def _of_result(self, step: int, masks: Mapping[int, Any]) -> Any:
        record = self._program.steps[step]
        shape = self._program.values[record.output].shape
        found = np.zeros(self._program.values[record.output].size, object)
        for slot, operand in enumerate(record.inputs):
            mine = masks.get(operand)
            if mine is None:
                continue
            if record.operation.partials:
                found |= np.broadcast_to(mine.reshape(self._program.values[operand].shape), shape).reshape(-1)
            elif record.operation.choose is not None or found.size * mine.size > _MOST_READ:
                found |= _joined(mine)
            else:
                structure = self._structure(step, slot)
                for flat in range(found.size):
                    found[flat] |= _joined(mine[structure.reads(flat)])
        return found

    def _structure(self, step: int, slot: int) -> Any:
        record = self._program.steps[step]
        shapes = tuple(self._program.values[one].shape for one in record.inputs)
        params = all_params(record, self._world.choices)
        return record.operation.structure(slot, shapes, self._program.values[record.output].shape, params)

    def _of(self, node: Node) -> int:
        assert self._masks is not None
        masks = self._masks.get(node[0])
        return int(masks[node[1]]) if masks is not None else 0

    def _of_all(self, value: int) -> int:
        assert self._masks is not None
        masks = self._masks.get(value)
        return _joined(masks) if masks is not None else 0

    # -- derivatives -------------------------------------------------------------------------------------------------

    def _of_derivatives(self, graph: Graph) -> dict[Node, int]:
        """Return for every node of a graph the statements that its gradient depends on."""
        found = {node: self._bits.get((graph.head, node), 0) for node in graph.fixed}
        for node in graph.order:
            mask = 0
            for head in graph.links[node]:
                mask |= found.get(head, 0) | self._bits.get((head, node), 0)
            found[node] = mask | self._of_links(node)
        return found

    def _of_links(self, node: Node) -> int:
        """Return the statements that the links out of a node depend on, through its lines."""
        mask, waiting, seen = 0, [node], {node}
        while waiting:
            at = heapq.heappop(waiting)
            if at != node and self._program.values[at[0]].name is not None:
                continue
            for edge in self._world.elements.primitive_edges(at):
                mask |= self._of_entry(edge.step, edge.slot, edge.head, edge.tail)
                if edge.head not in seen:
                    seen.add(edge.head)
                    heapq.heappush(waiting, edge.head)
        return mask

    def _of_entry(self, step: int, slot: int, head: Node, tail: Node) -> int:
        """Return the statements that an entry of a local Jacobian depends on: those its text names elements of.

        A rule may go by the result instead, as that of `exp(x)` does, which may be what is stated.
        """
        record = self._program.steps[step]
        if record.operation.choose is not None:  # where another element is chosen, the chain goes elsewhere
            return self._every
        cell = _Cell(record.inputs, record.output, self._program, record.params)
        text = record.operation.derivative(cell, slot, head[1], tail[1])
        if _LEFT_OUT in text:
            return reduce(or_, map(self._of_all, record.inputs), self._of_all(record.output))
        named = [self._of((int(value), int(flat))) for value, flat in _NAMED.findall(text)]
        if named and record.operation.partner is None:
            named.append(self._bits.get((head, None), 0))
        return reduce(or_, named, 0)


class _Cell:
    """What lets a text name elements by value and place, `<3:0>`."""

    def __init__(self, inputs: Sequence[int], output: int, program: Program, params: Params) -> None:
        self.shapes, self.output_shape = tuple(map(program.shape, inputs)), program.shape(output)
        self.params = params
        self._inputs, self._output = inputs, output

    def x(self, slot: int, index: int) -> str:
        return f"<{self._inputs[slot]}:{index}>"

    def y(self, index: int) -> str:
        return f"<{self._output}:{index}>"


_NAMED = re.compile(r"<(\d+):(\d+)>")

_LEFT_OUT = "…"
"""What stands in a text that does not name all."""


def depending_on(world: World, values: Mapping[int, Any]) -> list[int]:
    """Return the steps whose result depends on one of some values, and those that compute one of them."""
    program = world.program
    computed = {program.producer[value] for value in values if value in program.producer}
    return sorted(computed.union(depending(program, values)))


def _joined(masks: Any) -> int:
    return int(np.bitwise_or.reduce(masks)) if masks.size else 0


# -- sets as whole numbers ---------------------------------------------------------------------------------------------


def bits(mask: int) -> Iterator[int]:
    """Yield the members of a set, in order."""
    while mask:
        lowest = mask & -mask
        yield lowest.bit_length() - 1
        mask ^= lowest


def transposed(masks: Sequence[int], size: int) -> list[int]:
    """Return for each of `size` members which of the sets it is in."""
    found = [0] * size
    for at, mask in enumerate(masks):
        for member in bits(mask):
            found[member] |= 1 << at
    return found


def apart(moves: Sequence[tuple[int, int]], most: int) -> list[list[int]]:
    """Return which moves can be made at once: in `most` groups at most, the first of them where there would be more.

    Of each move, the entries that are asked about it and all that it moves. In a group none is asked about what another
    one moves. A move that nothing is asked about is in no group.
    """
    groups: list[tuple[int, int, list[int]]] = []
    for number, (asked, moved) in enumerate(moves):
        if not asked:
            continue
        for at, (others_asked, others_moved, together) in enumerate(groups):
            if not asked & others_moved and not moved & others_asked:
                groups[at] = (others_asked | asked, others_moved | moved, [*together, number])
                break
        else:
            if len(groups) < most:
                groups.append((asked, moved, [number]))
    return [together for _, _, together in groups]
