"""Programs as arrays of numbers: what records say does not depend on when they are made, and a step costs little."""

from __future__ import annotations

import tracemalloc
from random import Random

import numpy as np
import pytest

import bptui
from bptui import bundled
from bptui.ops import OPERATIONS
from bptui.scenario import code
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
