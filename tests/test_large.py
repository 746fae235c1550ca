"""Large arrays and long programs: what is shown of them costs what is shown, counted rather than timed."""

from __future__ import annotations

import re

import numpy as np
import pytest

import bptui
from bptui.present import cells, whole
from bptui.present.number_writer import NumberWriter
from bptui.present.presentation import Presentation, presentation_of
from bptui.present.search import Search, searched
from bptui.trace.record import Trace
from work import counted

MOVING = {"sort", "gather", "topk", "concat", "index", "roll", "transpose"}


def ran(text: str) -> Trace:
    return bptui.run(bptui.loads(text))


# -- long programs -----------------------------------------------------------------------------------------------------


def chain(lines: int) -> Trace:
    """Return a run in which every line uses the same leaf, as the steps of a recurrent network do."""
    later = "".join(f'h{number} = "tanh(w*h{number - 1})"\n' for number in range(1, lines))
    return ran(f'[inputs]\nx = 0.5\n[parameters]\nw = 0.9\n[forward]\nh0 = "tanh(w*x)"\n{later}')


def test_derivatives_between_named_values_do_not_grow_with_the_square_of_the_lines(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(whole, "MOST_WORK", 1000)
    few, many = (counted(list, whole.links(NumberWriter(chain(lines))))[1] for lines in (200, 400))
    assert many < 3 * few


def test_derivatives_over_few_steps_come_and_the_others_are_counted(monkeypatch: pytest.MonkeyPatch) -> None:
    every = [block.name for block in whole.links(NumberWriter(chain(5)))]
    assert every == ["dh4/dh3", "dh3/dw", "dh3/dh2", "dh2/dw", "dh2/dh1", "dh1/dw", "dh1/dh0", "dh0/dw"]
    monkeypatch.setattr(whole, "MOST_WORK", 16)
    some = [block.name for block in whole.links(NumberWriter(chain(5)))]
    left = "… and 3 more derivatives that many steps lie between"
    assert some == ["dh4/dh3", "dh3/dw", "dh3/dh2", "dh2/dh1", "dh1/dh0", left]
    assert f"  {left}" in bptui.export(chain(5), "text").split("\n")


def unfolded(doublings: int) -> Trace:
    """Return a run of functions that call each other twice, in which most values are written by their numbers."""
    functions = "\n".join(f'"f{n}(a)" = "f{n - 1}(f{n - 1}(a)*a)"' for n in range(1, doublings + 1))
    return ran(
        f"""
[inputs]
x = 0.5
[functions]
"f0(a)" = "tanh(a)*0.25 + a[0]*permute(a, [1, 0])"
{functions}
[parameters]
w = [1.0, 2.0]
[forward]
h = "f{doublings}(w)"
L = "sum(f{doublings}(h*x))"
"""
    )


@pytest.mark.parametrize("text", ["sum sum", "dL/d(d", "+=+=", "f2(#x"])
def test_a_search_writes_one_of_all_steps_that_are_written_alike(text: str) -> None:
    few, many = (Presentation(unfolded(doublings)) for doublings in (7, 9))
    (found, calls), (_, more) = (counted(Search(shown, text).find, range(len(shown))) for shown in (few, many))
    assert found is None
    assert more - calls < 25 * (len(many) - len(few))  # to write a step takes some two hundred


def test_a_search_finds_all_steps_of_those_that_are_written_alike() -> None:
    shown = Presentation(unfolded(6))
    every = range(len(shown))
    texts = [searched(shown, step) for step in every]
    number = re.search(r"#\d+", texts[len(every) // 3])
    assert number is not None
    for text in (
        number[0],
        number[0][:-1],
        f"{number[0][2:]} ",
        "*0.25",
        "tanh(#",
        "f3(#",
        "· #1",
        "0",
        "f5(w)",
        "#",
        "7)",
    ):
        ways = (text.casefold(), cells.pretty(text).casefold())
        expected = [step for step in every if ways[0] in texts[step] or ways[1] in texts[step]]
        assert list(Search(shown, text).matches(every)) == expected, text
        assert list(Search(shown, text).matches(every[::-1])) == expected[::-1], text
        assert not expected or Search(shown, text).find(every[expected[-1] :]) == expected[-1]


# -- large arrays ------------------------------------------------------------------------------------------------------


def test_what_moves_is_told_without_looking_at_each_element() -> None:
    text = '[inputs]\nx = {{ shape = [{}], init = "normal" }}\n[forward]\ny = "x[0] * reverse(x)"\nL = "sum(y)"\n'
    pictures = []
    for size in (2000, 2001):  # beside `x[0]` stands the other way that x goes, where that is looked for
        trace = ran(text.format(size))
        wires, calls = counted(presentation_of(trace).wires, 0)
        assert wires is not None
        pictures.append(wires.step.operation.name)
        assert calls < 1500
    assert pictures == ["reverse", "index"]


def test_each_operand_of_many_costs_its_own_entries() -> None:
    def calls(operands: int) -> int:
        names = [f"x{number}" for number in range(operands)]
        given = "".join(f"{name} = 1.5\n" for name in names)
        trace = ran(f'[inputs]\n{given}[forward]\nL = "sum(stack([{", ".join(names)}]))"\n')
        return counted(bptui.export, trace, "json")[1]

    assert calls(60) < 3 * calls(30)


def test_the_matrix_of_what_moves_is_what_the_rule_passes_back() -> None:
    trace = ran(
        """
[parameters]
x = [[3.0, nan, 1.0], [1.0, inf, 2.0]]
z = [0.5, -0.5]
[forward]
a = "sort(x)"
b = "gather(x, [1, 1, 0])"
c = "topk(x, 2)"
d = "concat([x[0], z])"
m = "roll(x, 2).T"
L = "sum(a) + sum(b) + sum(c) + sum(d) + sum(m)"
"""
    )
    slots = [slot for slot in trace.program.slots if trace.program.steps[slot.step].operation.name in MOVING]
    assert {trace.program.steps[slot.step].operation.name for slot in slots} == MOVING
    for slot in slots:
        matrix = trace.local(slot.index).value
        size = trace.values[trace.program.steps[slot.step].output].size
        rows = [trace.local_row(slot.step, slot.slot, flat).ravel() for flat in range(size)]
        assert matrix is not None
        assert np.array_equal(matrix.reshape(size, -1), rows)
