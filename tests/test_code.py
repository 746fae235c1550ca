"""Programs as arrays of numbers: what records say does not depend on when they are made, and a step costs little."""

from __future__ import annotations

import tracemalloc
from random import Random
from typing import Any

import numpy as np
import pytest

import bptui
from bptui import bundled
from bptui.ops import OPERATIONS
from bptui.scenario import code, lowering
from bptui.scenario.program import Program
from random_scenarios import random_scenario

DOUBLED = 12


def doubled(times: int = DOUBLED) -> str:
    """Return a scenario whose one line unfolds into 2**times steps."""
    functions = [f'"f{at}(x)" = "f{at - 1}(f{at - 1}(x))"' for at in range(1, times + 1)]
    return "\n".join(
        ["[inputs]", "x = 0.5", "[functions]", '"f0(x)" = "sin(x)"', *functions, "[forward]", f'y = "f{times}(x)"']
    )


def records(program: Program, random: Random | None = None) -> list[str]:
    """Return all records as text; asked for in an order of its own where `random` is given."""
    found = []
    for sequence in (program.values, program.steps, program.calls, program.slots):
        order = list(range(len(sequence)))
        if random is not None:
            random.shuffle(order)
        made = {index: repr(sequence[index]) for index in order}
        found += [made[index] for index in range(len(sequence))]
    return found


@pytest.mark.parametrize(
    "text", [doubled(6), *(random_scenario(Random(at), list(OPERATIONS)[at::9]).text for at in range(9))]
)
def test_records_are_the_same_in_any_order(text: str, monkeypatch: pytest.MonkeyPatch) -> None:
    expected = records(bptui.loads(text).program)
    monkeypatch.setattr(code, "_RECORDS_KEPT", 3)  # almost every text and every record is made anew
    assert records(bptui.loads(text).program, Random(0)) == expected


@pytest.mark.parametrize("name", bundled.names())
def test_bundled_records_are_the_same_in_any_order(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    expected = records(bptui.load(name).program)
    monkeypatch.setattr(code, "_RECORDS_KEPT", 3)
    assert records(bptui.load(name).program, Random(0)) == expected


CALLS = """
[inputs]
x = [0.5, -0.2]
y = [0.1, 0.3]
s = 2.0
[functions]
"half(a)" = "a / 2"
"same(a)" = "a"
"first(a, b)" = "a * 2 + sin(a)"
"twice(a, b)" = "half(a) * b + half(b) * a - half(same(a))"
"deep(a, b)" = "twice(twice(a, b), twice(b, a)) + first(twice(a, a), b) * 3"
"mixed(a)" = "deep(a, 2.0) + deep(a, a) + deep(half(a), same(a)) + sort(a)"
[forward]
u = "deep(x, y) + deep(y, x)"
v = "deep(x, x) + deep(s, s) + deep(x, s) + mixed(u)"
w = "mixed(v) + mixed(mixed(v)) + same(v)"
L = "sum(w * deep(w, u))"
"""


UNUSED = """
[inputs]
x = [0.5, -0.2]
[forward]
a = "sin(x)"
unused = "cos(a) * x + exp(cos(a))"
mask = "x > 0"
L = "sum(a * (a > 0.1) + 2 * a * mask)"
after = "L * L + sum(unused)"
[backward]
of = "L"
"""


def slots_by_definition(program: Program) -> list[tuple[int, int, int, int]]:
    """Return step, slot, target and the slot before on the same target, found by going back through the steps."""
    reached, last, slots = {program.target}, dict[int, int](), list[tuple[int, int, int, int]]()
    for step in reversed(program.steps):
        if step.output not in reached:
            continue
        for slot, operand in enumerate(step.inputs):
            if step.operation.passes(slot) and program.values[operand].constant is None:
                reached.add(operand)
                slots.append((step.index, slot, operand, last.get(operand, -1)))
                last[operand] = len(slots) - 1
    return slots


@pytest.mark.parametrize(
    "text", [CALLS, UNUSED, doubled(6), *(random_scenario(Random(at), list(OPERATIONS)[at::9]).text for at in range(9))]
)
def test_slots_are_what_going_back_through_the_steps_finds(text: str) -> None:
    program = bptui.loads(text).program
    expected = slots_by_definition(program)
    assert [(slot.step, slot.slot, slot.target, slot.previous) for slot in program.slots] == expected
    assert dict(program.last_slot) == {target: at for at, (_, _, target, _) in enumerate(expected)}


def structure(program: Program) -> list[object]:
    """Return everything that a program says but for the texts of its values and calls."""
    return [
        *((value.name, value.role, value.shape, value.line, value.symbol) for value in program.values),
        *(None if value.constant is None else value.constant.tolist() for value in program.values),
        *(
            (step.operation.name, step.inputs, dict(step.params), step.output, step.line, step.call, step.span)
            for step in program.steps
        ),
        *((call.function, call.parent, program.code.inside(at)) for at, call in enumerate(program.calls)),
        *program.slots,
    ]


@pytest.mark.parametrize(
    "text", [CALLS, doubled(6), *(random_scenario(Random(at), list(OPERATIONS)[at::9]).text for at in range(9))]
)
def test_a_call_that_is_copied_is_as_if_it_were_unfolded_once_more(text: str, monkeypatch: pytest.MonkeyPatch) -> None:
    found: list[object] = []
    made: list[lowering.Lowering] = []
    copied: list[object] = []
    copy_call, begin = code.Code.copy_call, lowering.Lowering.__init__

    def noted(self: lowering.Lowering, *given: Any, **options: Any) -> None:
        made.append(self)
        begin(self, *given, **options)

    def counted(self: code.Code, unfolded: code.Unfolded, *given: Any) -> int:
        copied.append(unfolded)
        return copy_call(self, unfolded, *given)

    monkeypatch.setattr(code.Code, "copy_call", counted)
    monkeypatch.setattr(lowering.Lowering, "__init__", noted)
    for worth in (10**9, 0):
        monkeypatch.setattr(lowering, "_WORTH_COPYING", worth)
        assert not copied
        program = bptui.loads(text).program
        found.append((structure(program), made[-1].elements, made[-1].products, made[-1].used.rstrip(b"\0")))
    assert found[0] == found[1]
    assert copied or text not in (CALLS, doubled(6))


def test_values_of_copied_calls_are_written_by_their_numbers(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(lowering, "_WORTH_COPYING", 2)
    text = '[inputs]\nx = 0.5\n[functions]\n"f(a)" = "sin(cos(a))"\n[forward]\ny = "f(f(x)) * x"\n'
    program = bptui.loads(text).program
    assert [value.text for value in program.values] == ["x", "cos(x)", "sin(cos(x))", "#3", "#4", "y"]
    assert [step.formula for step in program.steps][2:] == ["cos(sin(cos(x)))", "sin(#3)", "#4*x"]
    assert [call.text for call in program.calls] == ["f(x)", "f(sin(cos(x)))"]


def test_what_is_too_much_in_a_copy_is_told_where_it_stands(monkeypatch: pytest.MonkeyPatch) -> None:
    text = '[inputs]\nx = [1, 2]\n[functions]\n"f(a)" = "sin(a) * a"\n[forward]\ny = "f(x)"\nL = "f(f(y))"\n'
    said = []
    for worth in (10**9, 0):
        monkeypatch.setattr(lowering, "_WORTH_COPYING", worth)
        with pytest.raises(bptui.BptuiError) as fault:
            bptui.loads(text, limits={"total_elements": 30})
        said.append(str(fault.value))
    assert said[0] == said[1]
    assert "inside f(…): up to here the trace holds" in said[0]


def test_sequences_of_records() -> None:
    steps = bptui.load("exercise-7-1").program.steps
    assert len(steps) == 15
    assert steps[-1] == steps[14]
    assert steps[-1].index == 14
    assert [step.index for step in steps[3:9:2]] == [3, 5, 7]
    assert [step.index for step in reversed(steps)] == list(range(14, -1, -1))
    assert steps[4] in steps
    for index in (15, -16):
        with pytest.raises(IndexError):
            steps[index]


def test_what_a_line_results_in_has_its_name_outside_of_it_alone() -> None:
    program = bptui.loads(
        '[inputs]\nx = 2.0\n[functions]\n"same(a)" = "a"\n"twice(a)" = "2*a"\n'
        '[forward]\ny = "same(x*x)"\nz = "twice(same(y))"\n'
    ).program
    assert [call.text for call in program.calls] == ["same(x*x)", "same(y)", "twice(y)"]
    assert [program.code.inside(call) for call in range(3)] == [range(1, 1), range(1, 1), range(1, 2)]


def test_a_step_costs_little() -> None:
    """At most 300 bytes for a forward and for a backward step, the numbers of both included."""
    bptui.run(bptui.loads(doubled(2)))
    tracemalloc.start()
    try:
        trace = bptui.run(bptui.loads(doubled()))
        held, _ = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert held / len(trace.steps) < 300


def test_the_first_number_that_is_not_finite_is_found_among_many() -> None:
    text = doubled().replace('"sin(x)"', '"x*1.5"')
    trace = bptui.run(bptui.loads(text))
    found = trace.first_not_finite
    assert found is not None
    assert found.step is not None
    bad = next(step for step, output in enumerate(trace.program.columns.outputs) if np.isinf(trace.values[output]))
    assert (found.step, found.number) == (bad, float("inf"))
