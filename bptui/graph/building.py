"""A program as a graph to be drawn, at one of four zoom levels, each derived from the same program.

*network*: lines with what only they use, activations joined to what they act on, function calls apart; *lines*: leaves
and named lines; *operations*: primitive steps; *elements*: the elements of one operation. At every level each node says
which steps and values it stands for and each edge which operands it carries, so that the walk is at a node whatever the
zoom.
"""

from __future__ import annotations

from array import array
from bisect import bisect_right
from collections import Counter
from collections.abc import Mapping, Sequence
from itertools import takewhile
from types import MappingProxyType
from typing import Any

import numpy as np
from msgspec.structs import replace
from numpy.typing import NDArray

from bptui.graph.model import Edge, Focus, Graph, Kind, Node, Zoom, distinct
from bptui.ops.operation import ATOM, Written, shape_text
from bptui.present.cells import pretty
from bptui.scenario.program import ForwardStep, Line, Program, Value
from bptui.text import printable, width

WIDEST = 30
"""The most cells of a node's text; what is longer is wrapped once and then cut."""

MOST_ELEMENTS = 12
"""Of how many elements of one array nodes are made."""

MOST_NODES = 2000
"""Up to how many lines or steps all are drawn."""

AROUND = 200
"""How many are drawn of more: those around the focus."""

_NO_STEPS = range(0)
_NOTHING: Mapping[int, int] = MappingProxyType({})
_NO_CHOICES: Mapping[int, Mapping[str, Any]] = MappingProxyType({})
_FIRST = Focus()


def build(
    program: Program,
    zoom: Zoom,
    focus: Focus = _FIRST,
    choices: Mapping[int, Mapping[str, Any]] = _NO_CHOICES,
) -> Graph:
    """Return the graph of a program at a zoom level.

    `focus` matters at the level of elements only: it says of which step. `choices` are the trace's: what operations
    picked by looking at their values, such as the order of a sort.
    """
    if zoom == "elements":
        return _elements(program, focus, choices.get(focus.step, {}))
    if zoom == "operations":
        first, last = _around(focus.step, len(program.steps))
        return _assembled(program, zoom, [_step_node(program, step) for step in program.steps[first:last]])
    lines = list(program.lines.values())
    first, last = _around(bisect_right(lines, focus.step, key=lambda line: line.first) - 1, len(lines))
    shown = lines[first:last]
    if zoom == "lines":
        return _assembled(program, zoom, [_lines_node(program, "line", (line,)) for line in shown])
    groups = [node for group in _groups(program, shown) for node in _group_nodes(program, group)]
    own = _own_leaves(program, groups)
    for at in set(own.values()):
        values = array("i", [leaf for leaf, group in own.items() if group == at])
        values.extend(groups[at].values)
        groups[at] = replace(groups[at], values=values)
    return _assembled(program, zoom, groups, own)


def _around(index: int, count: int) -> tuple[int, int]:
    """Return which of `count` things are drawn where one is in focus."""
    if count <= MOST_NODES:
        return 0, count
    first = max(0, min(index - AROUND // 2, count - AROUND))
    return first, first + AROUND


# -- nodes -------------------------------------------------------------------------------------------------------------


def _given(program: Program, value: Value) -> Node:
    """Return a node for a value that is not computed by any other: a leaf, or what lies before all that is drawn."""
    text = value.text if value.role in ("input", "parameter") else pretty(value.brief.text)
    return Node(0, "leaf", (_cut(printable(text)),), _note(value), _NO_STEPS, (value.id,))


def _step_node(program: Program, step: ForwardStep) -> Node:
    value = program.values[step.output]
    text = _result(value, step) + pretty(printable(_outermost(program, step)))
    return Node(0, "step", (_cut(text),), _note(value), _alone(step), array("i", [step.output]))


def _alone(step: ForwardStep) -> range:
    return range(step.index, step.index + 1)


def _outermost(program: Program, step: ForwardStep) -> str:
    """Return a step's operation with the names of its operands; what has no name is on an edge, and is `…` here."""
    operands = []
    for operand in step.inputs:
        value = program.values[operand]
        operands.append(Written("…", ATOM) if value.role == "intermediate" else value.brief)
    return step.operation.written(operands, step.params, program.index_base).text


def _lines_node(program: Program, kind: Kind, lines: tuple[Line, ...]) -> Node:
    """Return a node for lines that follow each other."""
    last = program.values[lines[-1].value]
    first, after = lines[0].first, lines[-1].last
    label = _wrapped(_equation(lines[0])) if len(lines) == 1 else tuple(_cut(_equation(line)) for line in lines)
    return Node(0, kind, label, _note(last), range(first, after), program.columns.outputs[first:after])


def _equation(line: Line) -> str:
    return f"{printable(line.name)} = {pretty(printable(' '.join(line.text.split())))}"


def _groups(program: Program, lines: Sequence[Line]) -> list[tuple[Line, ...]]:
    """Return the lines, an activation together with the line that it alone acts on: `h = relu(z1)` with `z1`."""
    used = [_used(program, range(line.first, line.last)) for line in lines]
    users = Counter(value for values in used for value in values)
    groups: list[tuple[Line, ...]] = []
    for line, values in zip(lines, used, strict=True):
        before = groups[-1][-1] if groups else None
        if (
            before is not None
            and values == {before.value}
            and users[before.value] == 1
            and all(program.columns.operation(step).partial(0) is not None for step in range(line.first, line.last))
        ):
            groups[-1] = (*groups[-1], line)
        else:
            groups.append((line,))
    return groups


def _group_nodes(program: Program, lines: tuple[Line, ...]) -> list[Node]:
    """Return one node for lines that follow each other; of a line with several function calls, one for each call."""
    parts = [part for line in lines for part in _outermost_calls(program, line)]
    if sum(call >= 0 for call, _ in parts) < 2:
        return [_lines_node(program, "group", lines)]
    nodes: list[Node] = []
    for call, steps in parts:
        if call < 0:
            nodes += [_step_node(program, program.steps[step]) for step in steps]
        else:
            nodes.append(_call_node(program, call, steps))
    return nodes


def _outermost_calls(program: Program, line: Line) -> list[tuple[int, range]]:
    """Return the steps of a line in runs that were unfolded from the same call in it; −1 stands for none."""
    calls = program.code.outermost_calls(line.first, line.last)
    ends = [*(np.flatnonzero(np.diff(calls)) + 1).tolist(), len(calls)]
    begins = [0, *ends[:-1]]
    return [
        (int(calls[begin]), range(line.first + begin, line.first + end))
        for begin, end in zip(begins, ends, strict=True)
    ]


def _call_node(program: Program, call: int, steps: range) -> Node:
    """Return a node for the steps of a function call; its arguments are written where all of them have names."""
    text = pretty(printable(program.calls[call].text))
    if any(program.code.is_unnamed(value) for value in _used(program, steps)):
        text = f"{printable(program.calls[call].function)}(…)"
    outputs = program.columns.outputs[steps.start : steps.stop]
    value = program.values[outputs[-1]]
    label = _cut(_result(value, program.steps[steps[-1]]) + text)
    return Node(0, "group", (label,), _note(value), steps, outputs)


def _result(value: Value, step: ForwardStep) -> str:
    """Return what stands before a step's operation: its line's name, with `=` where it completes it."""
    if value.name is not None:
        return f"{printable(value.name)} = "
    return f"{_cut(printable(step.line), WIDEST // 3)}: "


def _used(program: Program, steps: range) -> set[int]:
    """Return the values that some steps in a row use and do not compute themselves; constants are left out."""
    return set(distinct(np.asarray(program.columns.operands)[_entering(program, steps)]).tolist())


def _entering(program: Program, steps: range) -> NDArray[np.intp]:
    """Return at which places in `columns.operands` steps in a row use what none of them computes, but for constants."""
    first, after = program.columns.starts[steps.start], program.columns.starts[steps.stop]
    operands = np.asarray(program.columns.operands)[first:after]
    source = np.asarray(program.code.source)[operands]
    places = np.flatnonzero((source < steps.start) | (source >= steps.stop))
    entering: NDArray[np.intp] = first + places[~program.constant[operands[places]]]
    return entering


def _own_leaves(program: Program, groups: Sequence[Node]) -> dict[int, int]:
    """Return the parameters that only one group uses, with its place: they are drawn inside it."""
    uses = _Uses(program, groups)
    users: dict[int, list[int]] = {}
    for pair in distinct(uses.operands.astype(np.int64) * len(groups) + uses.nodes).tolist():
        users.setdefault(pair // len(groups), []).append(pair % len(groups))
    return {
        value: users[value][0]
        for value in program.names.values()
        if len(users.get(value, ())) == 1 and program.values[value].role == "parameter"
    }


# -- edges -------------------------------------------------------------------------------------------------------------


class _Uses:
    """What enters some nodes, in order: the places in `columns.operands`, the values, and the nodes' own places."""

    def __init__(self, program: Program, nodes: Sequence[Node]) -> None:
        entering = [_entering(program, node.steps) for node in nodes]
        self.places = np.concatenate([np.arange(0), *entering])
        self.operands = np.asarray(program.columns.operands)[self.places]
        self.nodes = np.repeat(np.arange(len(nodes)), list(map(len, entering)))


def _assembled(program: Program, zoom: Zoom, made: Sequence[Node], own: Mapping[int, int] = _NOTHING) -> Graph:
    """Return the graph of these nodes and of what they need that none of them gives: numbered, and joined.

    `own` says of which leaves one of the nodes stands for them as well.
    """
    uses = _Uses(program, made)
    first = [node.steps.start for node in made]

    def giver(value: int) -> int:
        """Return the place of the node that gives a value; −1 where none does."""
        source = program.code.source[value]
        at = bisect_right(first, source) - 1
        return at if at >= 0 and source in made[at].steps else own.get(value, -1)

    used = distinct(uses.operands)
    leaves = takewhile(lambda value: value not in program.producer, program.names.values())
    givers = {value: giver(value) for value in {*used.tolist(), *leaves}}
    given = sorted(value for value, node in givers.items() if node < 0)
    nodes = [
        Node(index, node.kind, node.label, node.note, node.steps, node.values)
        for index, node in enumerate([*(_given(program, program.values[value]) for value in given), *made])
    ]
    at = {value: node + len(given) for value, node in givers.items()} | {value: at for at, value in enumerate(given)}
    tails = np.array([at[value] for value in used.tolist()], np.intp)[np.searchsorted(used, uses.operands)]
    heads = uses.nodes + len(given)
    across = np.flatnonzero(tails != heads)
    ends = tails[across] * len(nodes) + heads[across]
    order = np.argsort(ends, kind="stable")
    carried = np.split(across[order], np.flatnonzero(np.diff(ends[order])) + 1) if len(across) else []
    edges = [
        Edge(int(tails[some[0]]), int(heads[some[0]]), array("i", uses.places[some].tolist()))
        for some in sorted(carried, key=lambda some: some[0])
    ]
    return Graph(zoom, tuple(nodes), tuple(edges))


# -- elements ----------------------------------------------------------------------------------------------------------


def _elements(program: Program, focus: Focus, choices: Mapping[str, Any]) -> Graph:
    """Return the elements of one step's operands, above, and of its result, below, joined where one reads the other."""
    step = program.steps[focus.step]
    output = program.values[step.output]
    params = {**step.params, **choices}
    shapes = tuple(program.values[operand].shape for operand in step.inputs)
    nodes: list[Node] = []
    at: dict[tuple[int, int], int] = {}

    def add(value: Value, flat: int, steps: range) -> None:
        at[value.id, flat] = len(nodes)
        text = _cut(pretty(printable(program.element_name(value.id, flat))))
        nodes.append(Node(len(nodes), "element", (text,), "", steps, (value.id,), flat))

    def left_out(value: Value, shown: int, steps: range) -> int | None:
        if shown == value.size:
            return None
        nodes.append(Node(len(nodes), "more", (f"… {value.size - shown:,} more",), "", steps, (value.id,)))
        return len(nodes) - 1

    structures = {
        slot: step.operation.structure(slot, shapes, output.shape, params)
        for slot, operand in enumerate(step.inputs)
        if program.values[operand].role != "constant"
    }
    seen = focus.element
    if focus.slot is not None and program.values[step.inputs[focus.slot]].size:
        seen = int(next(iter(structures[focus.slot].feeds(focus.element)), 0))
    first = max(0, min(seen - MOST_ELEMENTS // 2, output.size - MOST_ELEMENTS))
    heads = range(first, min(first + MOST_ELEMENTS, output.size))
    reads = {
        (slot, head): [int(flat) for flat in structure.reads(head)[: 4 * MOST_ELEMENTS]]
        for slot, structure in structures.items()
        for head in sorted(heads, key=lambda head: head != seen)
    }
    for operand in dict.fromkeys(step.inputs[slot] for slot in structures):
        value = program.values[operand]
        wanted = [focus.element] if focus.slot is not None and step.inputs[focus.slot] == operand else []
        if value.size <= MOST_ELEMENTS:
            wanted = list(range(value.size))
        for (slot, _), flats in reads.items():
            if step.inputs[slot] == operand:
                wanted += flats
        shown = sorted(list(dict.fromkeys(wanted))[:MOST_ELEMENTS])
        for flat in shown:
            add(value, flat, _NO_STEPS)
        left_out(value, len(shown), _NO_STEPS)
    for head in heads:
        add(output, head, _alone(step))
    rest = left_out(output, len(heads), _alone(step))
    carried: dict[tuple[int, int], array[int]] = {}
    first = program.columns.starts[focus.step]
    if rest is not None and nodes[0].values[0] != output.id:
        # what is left out of the result reads what is left out of the first operand, or else the last that is not
        tail = max(node.id for node in nodes if node.values == nodes[0].values)
        carried[tail, rest] = array("i", [first + next(iter(structures))])
    for (slot, head), flats in reads.items():
        for flat in flats:
            source = at.get((step.inputs[slot], flat))
            if source is not None:
                carried.setdefault((source, at[output.id, head]), array("i")).append(first + slot)
    edges = tuple(Edge(tail, head, operands) for (tail, head), operands in sorted(carried.items()))
    return Graph("elements", tuple(nodes), edges)


# -- texts -------------------------------------------------------------------------------------------------------------


def _note(value: Value) -> str:
    return shape_text(value.shape) if value.shape else ""


def _cut(text: str, most: int = WIDEST) -> str:
    """Return `text` in at most `most` cells, its end left out where it is longer."""
    if width(text) <= most:
        return text
    while width(text) >= most:
        text = text[:-1]
    return text.rstrip() + "…"


def _wrapped(text: str) -> tuple[str, ...]:
    """Return `text` in one row, or in two, broken at a space inside as few brackets as can be."""
    if width(text) <= WIDEST:
        return (text,)
    breaks: list[tuple[bool, int, int]] = []
    depth = 0
    for at, character in enumerate(text):
        depth += (character in "([") - (character in ")]")
        if character == " " and width(text[:at]) <= WIDEST:
            breaks.append((width(text[at:]) + 1 > WIDEST, depth, -at))
    if not breaks:
        return (_cut(text),)
    at = -min(breaks)[2]
    return text[:at], _cut("  " + text[at:].strip())
