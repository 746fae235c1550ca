"""A program as a graph to be drawn, at one of four zoom levels, each derived from the same program.

*network*: lines with what only they use, activations joined to what they act on; *lines*: leaves and named lines;
*operations*: primitive steps; *elements*: the elements of one operation. At every level each node says which steps and
values it stands for and each edge which operands it carries, so that the walk is at a node whatever the zoom.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from types import MappingProxyType
from typing import Any, Literal

from bptui.ops.operation import ATOM, Written, shape_text
from bptui.present.cells import pretty
from bptui.scenario.program import ForwardStep, Line, Program, Value
from bptui.text import printable, width

Zoom = Literal["network", "lines", "operations", "elements"]
Kind = Literal["leaf", "group", "line", "step", "element", "more"]
Operand = tuple[int, int]
"""A forward step and the number of one of its operands."""

ZOOMS: tuple[Zoom, ...] = ("network", "lines", "operations", "elements")

WIDEST = 30
"""The most cells of a node's text; what is longer is wrapped once and then cut."""

MOST_ELEMENTS = 12
"""Of how many elements of one array nodes are made."""

_BOXED: frozenset[Kind] = frozenset({"group", "line"})
_NO_CHOICES: Mapping[int, Mapping[str, Any]] = MappingProxyType({})


@dataclass(frozen=True, slots=True)
class Node:
    """Something that is drawn: a leaf, a line, a group of lines, a step, an element, or what was left out."""

    id: int
    """Its place in `Graph.nodes`."""
    kind: Kind
    label: tuple[str, ...]
    """Its text, one row each."""
    note: str
    """Its shape; empty for a single number."""
    steps: tuple[int, ...]
    """The forward steps it stands for, in order."""
    values: tuple[int, ...]
    """The values it stands for; the last is what it hands on."""
    element: int | None = None

    @property
    def boxed(self) -> bool:
        """Whether it is drawn with a frame; what is not takes one row."""
        return self.kind in _BOXED

    @property
    def size(self) -> tuple[int, int]:
        """The cells that it takes: its text with room for three marks, and a frame."""
        text = max(width(row) for row in self.label)
        if self.boxed:
            # wide enough for the note to stand in the frame beside an edge, wherever that is
            return max(text + 4, 2 * width(self.note) + 9 if self.note else 7), len(self.label) + 2
        return text + (width(self.note) + 1 if self.note else 0) + 4, 1


@dataclass(frozen=True, slots=True)
class Edge:
    """A value on its way from the node that gives it to a node that uses it."""

    tail: int
    head: int
    operands: tuple[Operand, ...]
    """The operands that it carries: more than one where a value is used more than once."""


@dataclass(frozen=True, eq=False)
class Graph:
    """Nodes in the order in which they are computed, and the edges between them."""

    zoom: Zoom
    nodes: tuple[Node, ...]
    edges: tuple[Edge, ...]

    @cached_property
    def by_step(self) -> Mapping[int, tuple[int, ...]]:
        """For each forward step, the nodes that stand for it."""
        return _listed((step, node.id) for node in self.nodes for step in node.steps)

    @cached_property
    def by_value(self) -> Mapping[int, tuple[int, ...]]:
        """For each value, the nodes that stand for it, or for its elements."""
        return _listed((value, node.id) for node in self.nodes for value in node.values)

    @cached_property
    def by_operand(self) -> Mapping[Operand, tuple[int, ...]]:
        """For each operand, the edges that carry it."""
        return _listed((operand, index) for index, edge in enumerate(self.edges) for operand in edge.operands)

    @cached_property
    def above(self) -> Mapping[int, tuple[int, ...]]:
        """For each node, the edges that enter it."""
        return _listed((edge.head, index) for index, edge in enumerate(self.edges))

    @cached_property
    def below(self) -> Mapping[int, tuple[int, ...]]:
        """For each node, the edges that leave it."""
        return _listed((edge.tail, index) for index, edge in enumerate(self.edges))


@dataclass(frozen=True, slots=True)
class Focus:
    """What the walk is at: a forward step, and at the element level an element of its result."""

    step: int = 0
    element: int = 0


def build(
    program: Program,
    zoom: Zoom,
    focus: Focus = Focus(),  # noqa: B008
    choices: Mapping[int, Mapping[str, Any]] = _NO_CHOICES,
) -> Graph:
    """Return the graph of a program at a zoom level.

    `focus` matters at the level of elements only: it says of which step. `choices` are the trace's: what operations
    picked by looking at their values, such as the order of a sort.
    """
    if zoom == "elements":
        return _elements(program, focus, choices.get(focus.step, {}))
    if zoom == "operations":
        return _assembled(program, zoom, _leaves(program), _operations(program))
    lines = [(line,) for line in program.lines.values()]
    if zoom == "lines":
        return _assembled(program, zoom, _leaves(program), map(_line_node(program), lines))
    groups = _groups(program)
    own = _own_leaves(program, groups)
    inside = {value for values in own.values() for value in values}
    made = (_group_node(program, group, own.get(index, ())) for index, group in enumerate(groups))
    return _assembled(program, zoom, (leaf for leaf in _leaves(program) if leaf.values[0] not in inside), made)


# -- nodes -------------------------------------------------------------------------------------------------------------


def _leaves(program: Program) -> Iterator[Node]:
    for value in program.values:
        if value.role in ("input", "parameter"):
            yield Node(0, "leaf", (_cut(printable(value.text)),), _note(value), (), (value.id,))


def _operations(program: Program) -> Iterator[Node]:
    for step in program.steps:
        value = program.values[step.output]
        name = f"{printable(value.name)} = " if value.name is not None else ""
        text = name + pretty(printable(_outermost(program, step)))
        yield Node(0, "step", (_cut(text),), _note(value), (step.index,), (step.output,))


def _outermost(program: Program, step: ForwardStep) -> str:
    """Return a step's operation with the names of its operands; what has no name is on an edge, and is `…` here."""
    operands = []
    for operand in step.inputs:
        value = program.values[operand]
        operands.append(Written("…", ATOM) if value.role == "intermediate" else value.brief)
    return step.operation.written(operands, step.params, program.index_base).text


def _line_node(program: Program) -> Any:
    def node(lines: tuple[Line, ...]) -> Node:
        (line,) = lines
        value = program.values[line.value]
        steps = range(line.first, line.last)
        values = tuple(program.steps[step].output for step in steps) or (line.value,)
        return Node(0, "line", _wrapped(_equation(line)), _note(value), tuple(steps), values)

    return node


def _equation(line: Line) -> str:
    return f"{printable(line.name)} = {pretty(printable(' '.join(line.text.split())))}"


def _groups(program: Program) -> list[tuple[Line, ...]]:
    """Return the lines, an activation together with the line that it alone acts on: `h = relu(z1)` with `z1`."""
    users = Counter(operand for line in program.lines.values() for operand in _used(program, line))
    groups: list[tuple[Line, ...]] = []
    for line in program.lines.values():
        before = groups[-1][-1] if groups else None
        steps = program.steps[line.first : line.last]
        if (
            before is not None
            and _used(program, line) == {before.value}
            and users[before.value] == 1
            and all(step.operation.partial(0) is not None for step in steps)
        ):
            groups[-1] = (*groups[-1], line)
        else:
            groups.append((line,))
    return groups


def _used(program: Program, line: Line) -> set[int]:
    """Return the leaves and other lines' values that a line uses."""
    return {
        operand
        for step in program.steps[line.first : line.last]
        for operand in step.inputs
        if program.values[operand].role != "constant" and program.values[operand].line != line.name
    }


def _own_leaves(program: Program, groups: Sequence[tuple[Line, ...]]) -> dict[int, tuple[int, ...]]:
    """Return for each group the parameters that nothing else uses, which are drawn inside it."""
    users: dict[int, set[int]] = {}
    for index, group in enumerate(groups):
        for line in group:
            for value in _used(program, line):
                users.setdefault(value, set()).add(index)
    own: dict[int, tuple[int, ...]] = {}
    for value, indices in sorted(users.items()):
        if program.values[value].role == "parameter" and len(indices) == 1:
            (index,) = indices
            own[index] = (*own.get(index, ()), value)
    return own


def _group_node(program: Program, group: tuple[Line, ...], own: tuple[int, ...]) -> Node:
    steps = tuple(step for line in group for step in range(line.first, line.last))
    last = program.values[group[-1].value]
    values = (*own, *(program.steps[step].output for step in steps))
    label = _wrapped(_equation(group[0])) if len(group) == 1 else tuple(_cut(_equation(line)) for line in group)
    return Node(0, "group", label, _note(last), steps, values)


# -- edges -------------------------------------------------------------------------------------------------------------


def _assembled(program: Program, zoom: Zoom, leaves: Iterable[Node], others: Iterable[Node]) -> Graph:
    """Return the graph of these nodes: numbered, and joined where one uses what another hands on."""
    nodes = [
        Node(index, node.kind, node.label, node.note, node.steps, node.values)
        for index, node in enumerate([*leaves, *others])
    ]
    maker = {value: node.id for node in nodes for value in node.values}
    carried: dict[tuple[int, int], list[Operand]] = {}
    for node in nodes:
        for step in node.steps:
            for slot, operand in enumerate(program.steps[step].inputs):
                tail = maker.get(operand)
                if tail is not None and tail != node.id:
                    carried.setdefault((tail, node.id), []).append((step, slot))
    edges = tuple(Edge(tail, head, tuple(operands)) for (tail, head), operands in carried.items())
    return Graph(zoom, tuple(nodes), edges)


# -- elements ----------------------------------------------------------------------------------------------------------


def _elements(program: Program, focus: Focus, choices: Mapping[str, Any]) -> Graph:
    """Return the elements of one step's operands, above, and of its result, below, joined where one reads the other."""
    step = program.steps[focus.step]
    output = program.values[step.output]
    params = {**step.params, **choices}
    shapes = tuple(program.values[operand].shape for operand in step.inputs)
    nodes: list[Node] = []
    at: dict[tuple[int, int], int] = {}

    def add(value: Value, flat: int, steps: tuple[int, ...]) -> None:
        at[value.id, flat] = len(nodes)
        text = _cut(pretty(printable(program.element_name(value.id, flat))))
        nodes.append(Node(len(nodes), "element", (text,), "", steps, (value.id,), flat))

    def left_out(value: Value, shown: int, steps: tuple[int, ...]) -> None:
        if shown < value.size:
            nodes.append(Node(len(nodes), "more", (f"… {value.size - shown:,} more",), "", steps, (value.id,)))

    first = max(0, min(focus.element - MOST_ELEMENTS // 2, output.size - MOST_ELEMENTS))
    outputs = range(first, min(first + MOST_ELEMENTS, output.size))
    reads: dict[tuple[int, int], list[int]] = {}
    for slot, operand in enumerate(step.inputs):
        if program.values[operand].role != "constant":
            structure = step.operation.structure(slot, shapes, output.shape, params)
            for head in outputs:
                reads[slot, head] = [int(flat) for flat in structure.reads(head)[: 4 * MOST_ELEMENTS]]
    for operand in dict.fromkeys(step.inputs):
        value = program.values[operand]
        if value.role == "constant":
            continue
        read = {flat for (slot, _), flats in reads.items() if step.inputs[slot] == operand for flat in flats}
        wanted = read if value.size > MOST_ELEMENTS else range(value.size)
        shown = sorted(wanted)[:MOST_ELEMENTS]
        for flat in shown:
            add(value, flat, ())
        left_out(value, len(shown), ())
    for head in outputs:
        add(output, head, (step.index,))
    left_out(output, len(outputs), (step.index,))
    carried: dict[tuple[int, int], list[Operand]] = {}
    for (slot, head), flats in reads.items():
        for flat in flats:
            tail = at.get((step.inputs[slot], flat))
            if tail is not None:
                carried.setdefault((tail, at[output.id, head]), []).append((step.index, slot))
    edges = tuple(Edge(tail, head, tuple(operands)) for (tail, head), operands in sorted(carried.items()))
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
    """Return `text` in one row, or broken at a space into two."""
    if width(text) <= WIDEST:
        return (text,)
    first = ""
    for word in text.split(" "):
        if width(f"{first} {word}") > WIDEST:
            break
        first = f"{first} {word}".lstrip()
    if not first:
        return (_cut(text),)
    return first, _cut("  " + text[len(first) :].strip())


def _listed(pairs: Iterable[tuple[Any, int]]) -> dict[Any, tuple[int, ...]]:
    found: dict[Any, list[int]] = {}
    for key, number in pairs:
        found.setdefault(key, []).append(number)
    return {key: tuple(numbers) for key, numbers in found.items()}
