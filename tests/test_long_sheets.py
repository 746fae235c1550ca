"""Long sheets and wide lines: what is known is shared between lines, and what differs is worked out once.

Nothing is timed: what is counted is how often something is computed.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import bptui
from bptui.checking.marking.marker import Marked, mark
from bptui.checking.marking.statements import Statements
from bptui.trace.elements import Elements, Node


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
