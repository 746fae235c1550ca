"""Long sheets and wide lines: what is known is shared between lines, and what differs is worked out once.

Nothing is timed: what is counted is how often something is computed.
"""

from __future__ import annotations

import inspect
import sys
from random import Random
from typing import Any

import numpy as np
import pytest

import bptui
from bptui.checking.marking import case, sheet, world
from bptui.checking.marking.case import Case
from bptui.checking.marking.claims import Entry
from bptui.checking.marking.influence import Influence, apart, bits, transposed
from bptui.checking.marking.marker import Marked, mark
from bptui.checking.marking.statements import Statements
from bptui.checking.marking.world import Graph, World
from bptui.scenario.program import Line
from bptui.trace.elements import Elements, Node
from worked_solutions import SLIPS, right_sheets, wrong_sheets


def chain(depth: int, size: int, wrong: bool = False) -> str:
    """Return a scenario of elementwise lines, with a sheet that states every value and every gradient of it."""
    values = [np.linspace(0.3, 1.2, size).round(3)]
    for _ in range(depth):
        values.append(np.tanh(values[-1]) * 1.5)
    gradients = [np.ones(size)]
    for before in reversed(values[:-1]):
        gradients.append(gradients[-1] * 1.5 * (1 - np.tanh(before) ** 2))
    lines = [f'h{at + 1} = "tanh(h{at})*1.5"' for at in range(depth)]
    sheet = [(f"h{at}", values[at]) for at in range(1, depth + 1)]
    sheet += [(f"'dL/dh{depth - at}'", gradients[at]) for at in range(1, depth + 1)]
    by = -1 if wrong else 1
    written = [f"{key} = [{', '.join(f'{by * number:.4f}' for number in numbers)}]" for key, numbers in sheet]
    given = ", ".join(f"{number}" for number in values[0])
    parts = ["[inputs]", f"h0 = [{given}]", "[forward]", *lines, f'L = "sum(h{depth})"', "[worked]", *written]
    return "\n".join(parts)


def marked(text: str) -> list[Marked]:
    scenario = bptui.loads(text)
    return mark(scenario, bptui.run(scenario))


def test_links_are_worked_out_once_for_all_lines(monkeypatch: pytest.MonkeyPatch) -> None:
    """Once in the numbers of the trace, and once in the writer's own, however many lines there are."""
    asked: list[Node] = []
    find = Elements.named_edges

    def watched(self: Elements, node: Node) -> Any:
        asked.append(node)
        return find(self, node)

    monkeypatch.setattr(Elements, "named_edges", watched)
    depth, size = 12, 5
    assert {one.verdict for one in marked(chain(depth, size))} == {"right"}
    assert len(asked) <= 2 * (depth + 1) * size


def test_statements_share_what_does_not_differ() -> None:
    nothing: Statements[float] = Statements()
    first = nothing.with_({((3, 0), None): 1.5, ((3, 1), None): 2.5, ((9, 0), (3, 1)): 4.0})
    second = first.with_({((4, 0), None): 7.0, ((9, 0), (3, 1)): None})
    assert first.get(((9, 0), (3, 1))) == 4.0
    assert second.get(((9, 0), (3, 1))) is None
    assert not second.derivatives
    assert second.values[3] is first.values[3]
    assert second.with_({((4, 0), None): 7.0, ((5, 5), None): None}) is second
    assert second.with_({((4, 0), None): None}).values == first.values
    assert nothing == Statements()
    assert list(first.of_values([3, 8])) == [(((3, 0), None), 1.5), (((3, 1), None), 2.5)]


def test_what_is_stated_again_counts_as_it_was_stated_last() -> None:
    text = chain(3, 2).split("[worked]")[0] + "[worked]\nh1 = [9, 9]\n'h1[0]' = 0.4370\nh2 = [0.6167, 1.5000]\n"
    first, second, third = marked(text)
    assert [first.verdict, second.verdict, third.verdict] == ["wrong", "right", "follows"]


# What is moved to find how far a line reaches


def rounded(size: int) -> str:
    """Return a sheet whose last line follows from the two before, carried on with one digit more than is written."""
    x = np.linspace(0.3, 1.2, size).round(3)
    y = np.tanh(x).round(2)
    above = (2 * y).round(2)
    below = ((2 * np.tanh(x)).round(3) * (1 - y * y)).round(4)
    written = [f"{key} = {numbers.tolist()}" for key, numbers in (("y", y), ("'dL/dy'", above), ("'dL/dx'", below))]
    forward = '[forward]\ny = "tanh(x)"\nL = "sum(y*y)"\n[worked]\n'
    return f"[inputs]\nx = {x.tolist()}\n{forward}" + "\n".join(written)


def test_statements_that_no_entry_shares_are_moved_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    moves: list[int] = []

    def watched(asked: Any, most: int) -> Any:
        groups = apart(asked, most)
        moves.append(len(groups))
        return groups

    monkeypatch.setattr(sheet, "apart", watched)
    *_, last = marked(rounded(60))
    assert last.verdict == "follows"
    assert moves
    assert max(moves) <= 2


def test_what_is_moved_at_once_comes_to_the_same(monkeypatch: pytest.MonkeyPatch) -> None:
    """As when each statement is moved alone."""
    texts = [rounded(6)] + [one.text for one in right_sheets(12, 4000)]
    texts += [one.text for kind in SLIPS for one in wrong_sheets(kind, 1, 4000)]
    together = list(map(marked, texts))
    monkeypatch.setattr(sheet, "apart", lambda moves, most: [[at] for at, (asked, _) in enumerate(moves) if asked])
    assert list(map(marked, texts)) == together


@pytest.mark.parametrize(
    ("line", "moved", "expected"),
    [
        ('y = "tanh(x)*w"', "dL/dx[1]", {"x[1]", "w[1]"}),
        ('y = "x + w"', "dL/dx[1]", set()),
        ('y = "x*x[0]"', "dL/dx[1]", {"x[0]"}),
        ('y = "x*x[0]"', "dL/dx[0]", {"x[0]", "x[1]", "x[2]"}),
        ('y = "softmax(x)*w"', "y[2]", {"x[0]", "x[1]", "x[2]", "w[2]"}),
        ('y = "sort(x)*w"', "dL/dx[0]", {"x[0]", "x[1]", "x[2]", "w[0]", "w[1]", "w[2]"}),
        ('y = "cumsum(x)*w"', "y[1]", {"x[0]", "x[1]", "w[1]"}),
        ('y = "reverse(x)*w"', "y[0]", {"x[2]", "w[0]"}),
    ],
)
def test_what_an_entry_depends_on(line: str, moved: str, expected: set[str]) -> None:
    text = f'[inputs]\nx = [0.5, 2, 1]\nw = [3, 4, 5]\n[forward]\n{line}\nL = "sum(y)"\n'
    scenario = bptui.loads(text)
    trace = bptui.run(scenario)
    program = trace.program
    leaves = [((program.names[name], at), None) for name in ("x", "w") for at in range(3)]
    if moved.startswith("d"):
        tail = trace.element(moved.partition("/d")[2])
        entry: Any = ((program.target, 0), (tail.value, tail.flat))
    else:
        element = trace.element(moved)
        entry = ((element.value, element.flat), None)
    world = World(trace).with_({leaf: trace.values[leaf[0][0]].item(leaf[0][1]) for leaf in leaves})
    (found,) = Influence(world, leaves).of([entry])
    names = {program.element_name(*leaves[at][0]) for at in bits(found)}
    assert names == expected


@pytest.mark.parametrize(
    "rule",
    ["exp(x)", "sqrt(x)", "w/x", "x**w", "tanh(x)", "sigmoid(x)", "silu(x)", "elu(x)", "softmax(x)", "log_softmax(x)",
     "logsumexp(x)*w", "norm(x)*w", "prod(x)*w", "bce(sigmoid(x), w/9)*w"],
)  # fmt: skip
def test_an_entry_depends_on_all_that_moves_it(rule: str) -> None:
    """Some rules go by what the step results in: where that is stated, they go by what is stated."""
    trace = bptui.run(bptui.loads(f'[inputs]\nx = [0.5, 2, 1]\nw = [3, 4, 5]\n[forward]\ny = "{rule}"\nL = "sum(y)"\n'))
    names = trace.program.names
    stated: list[Entry] = [((names[name], at), None) for name in ("x", "w", "y") for at in range(3)]
    entries: list[Entry] = [((names["y"], at), (names["x"], of)) for at in range(3) for of in range(3)]
    world = World(trace).with_({entry: 1.1 * trace.values[entry[0][0]].item(entry[0][1]) for entry in stated})
    told, here = Influence(world, stated).of(entries), world.numbers(entries)
    for at, entry in enumerate(stated):
        there = world.with_({entry: world.numbers([entry])[0] + 0.01}).numbers(entries)
        moved = [before != after for before, after in zip(here, there, strict=True)]
        assert all(mask >> at & 1 for mask, one in zip(told, moved, strict=True) if one)


def test_groups() -> None:
    assert list(bits(0b1011)) == [0, 1, 3]
    assert transposed([0b01, 0b11, 0], 2) == [0b11, 0b10]
    assert apart([(1, 1), (2, 2), (3, 3), (4, 4), (0, 8)], 9) == [[0, 1, 3], [2]]
    assert apart([(1, 3), (2, 2)], 9) == [[0], [1]]  # the first moves what is asked about the second
    assert apart([(1, 1), (1, 1), (1, 1)], 2) == [[0], [1]]


# Gradients of a graph in which some links are others


def test_gradients_of_a_changed_graph() -> None:
    random = Random(3)
    for _ in range(60):
        nodes = [(value, flat) for value in range(6) for flat in range(3)]
        links = {
            node: {head: random.choice([0.0, 1.0, -0.5, 3.0]) for head in random.sample(nodes[node[0] * 3 + 3 :], 3)}
            for node in nodes[:15]
        }
        graph = Graph((5, 0), tuple(nodes[:3]), tuple(sorted(links, reverse=True)), links, {(5, 0): 1.0}, frozenset())
        changed = {node: dict.fromkeys(links[node], 2.0) for node in random.sample(nodes[:15], 2)}
        dropped = set(random.sample(nodes[:15], 1))
        anew = {(5, 0): 1.0}
        for node in graph.order:
            out = changed.get(node, links[node])
            anew[node] = sum(slope * anew[head] for head, slope in out.items() if head in anew)
            if node in dropped:
                anew[node] = 0.0
        assert graph.gradients(changed, dropped) == anew
        assert graph.evaluate(changed, dropped) == [anew[node] for node in nodes[:3]]


# Lines of many steps

DOUBLED = """[functions]
"f0(v)" = "v*0.999 + 0.001"
"f1(v)" = "f0(f0(v))"
"f2(v)" = "f1(f1(f1(v)))"
"f3(v)" = "f2(f2(f2(f2(v))))"
[inputs]
x = [0.5, 0.25]
[forward]
y = "f3(f3(f3(x)))"
L = "sum(y*y)"
[worked]
y = [0.5348, 0.3021]
"dL/dy" = [-1.0695, -0.6043]
"dL/dx" = [0.1, 0.2]
"dy/dx" = [0.9305, 0.9305]
"f2(x)" = [0.503, 0.254]
"v*2" = 3
"""
"""Seventy-two calls of `f0` in one line, with right and wrong lines about it."""


def test_what_is_inside_a_long_line_is_looked_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """And not once for each of its steps."""
    looked: list[Any] = []
    inside = Case._inside_line

    def watched(self: Case, start: Node, line: Line) -> Any:
        looked.append(line)
        return inside(self, start, line)

    monkeypatch.setattr(Case, "_inside_line", watched)
    *_, fifth, last = found = marked(DOUBLED)
    assert [one.verdict for one in found[:4]] == ["right", "wrong", "wrong", "right"]
    assert [slip.kind for slip in found[1].diagnoses] == ["sign"]
    assert fifth.verdict == "right"
    assert last.verdict == "unreadable"
    assert len(looked) < 20  # from each element, for each wrong line


def test_of_a_line_of_too_many_steps_the_true_value_counts(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(world, "LARGEST_GRAPH", 50)
    monkeypatch.setattr(case, "LARGEST_GRAPH", 50)
    found = marked(DOUBLED)
    assert [one.verdict for one in found] == ["right", "wrong", "wrong", "right", "right", "unreadable"]
    assert [slip.kind for slip in found[1].diagnoses] == ["sign"], "the line of L is short"
    assert not found[2].diagnoses


def test_a_wrong_line_below_many_is_marked_in_a_loop() -> None:
    """How far it reaches depends on all lines above it, each on the one before: no call inside a call for each."""
    depth = 40
    text = chain(depth, 1).split("'dL/")[0].strip()
    head, _, last = text.rpartition("= [")
    limit = sys.getrecursionlimit()
    sys.setrecursionlimit(len(inspect.stack()) + 150)
    try:
        found = marked(f"{head}= [{float(last.strip(']')) + 0.0003:.4f}]")
    finally:
        sys.setrecursionlimit(limit)
    assert [one.verdict for one in found] == ["right"] * (depth - 1) + ["wrong"]
