"""Plans: the straight-line code of a program gives what the rules give step by step, to the last bit."""

from __future__ import annotations

import re
from collections.abc import Mapping
from random import Random
from typing import Any

import numpy as np
import pytest
from msgspec.structs import replace

import bptui
from bptui import bundled
from bptui.engine import plan as plans
from bptui.engine.passes import backward, forward
from bptui.engine.plan import find_plan, make_plan, write_plan
from bptui.ops import OPERATIONS
from bptui.scenario.scenario import Scenario
from random_scenarios import random_scenario

OPERATION_NAMES = tuple(OPERATIONS)


EDGES = np.array([np.nan, np.inf, -np.inf, 0.0, -0.0, 1e308, -1e308, 5e-324, 1.0, -1.0, 0.5, -3.0, 800.0, -800.0])


def bits(arrays: Any) -> list[tuple[tuple[int, ...], bytes]]:
    """Return the shapes and the bytes of arrays, nan without its sign, which is that of whichever operand it was."""
    found = [np.asarray(array, dtype=np.float64) for array in arrays]
    return [(array.shape, np.where(np.isnan(array), np.nan, array).tobytes()) for array in found]


def check(scenario: Scenario, leaves: Mapping[int, Any] | None = None) -> None:
    """Run a scenario in both ways, and compare all that they record; with other numbers where there are any."""
    program = scenario.program
    leaves = scenario.numbers if leaves is None else leaves
    seed = np.ones(()) if scenario.seed is None else scenario.seed.value
    assert seed is not None
    with np.errstate(all="ignore"):
        values, choices = forward(program, leaves)
        contributions, accumulated = backward(program, values, choices, seed)
        planned = make_plan(program)(leaves, seed)
    assert bits(planned[0]) == bits(values)
    assert bits(planned[1]) == bits(contributions)
    assert bits(planned[2]) == bits(accumulated)
    assert planned[3].keys() == choices.keys()
    for step, chosen in choices.items():
        assert chosen.keys() == planned[3][step].keys()
        assert bits(chosen.values()) == bits(planned[3][step].values())


@pytest.mark.parametrize("name", bundled.names())
def test_bundled_scenarios(name: str) -> None:
    scenario = bptui.load(name)
    if len(scenario.numbers) == len(scenario.leaves):
        check(scenario)


@pytest.mark.parametrize("number", range(0, len(OPERATION_NAMES), 2))
def test_random_scenarios(number: int) -> None:
    scenario = bptui.loads(random_scenario(Random(number), OPERATION_NAMES[number : number + 2]).text)
    check(scenario)
    random = np.random.RandomState(number)
    for _ in range(3):
        check(scenario, {leaf: random.choice(EDGES, np.shape(array)) for leaf, array in scenario.numbers.items()})


def test_single_numbers_and_arrays_of_them() -> None:
    """NumPy's scalars and its arrays of no axes take turns in a plan."""
    check(
        bptui.loads("""[inputs]
x = [0.5, -2.0, 3.0]
a = 0.3
b = 2
[forward]
c = "a*b + a/(2 - b*3)"
d = "c*x + a - x[1]*x**2"
L = "sum(d, axis=0)*c - mean(x/b)*2 + prod(x)"
""")
    )


def test_a_long_sum_without_a_rule_to_unfold() -> None:
    terms = " - ".join(["x"] * 200)
    check(bptui.loads(f'[inputs]\nx = [0.5, -2.0, 3.0]\n[forward]\ny = "{terms}"\nL = "sum(y)"'))


def test_one_operation_with_rules_of_its_own() -> None:
    """A step may have another operation in its place, of the same name."""
    scenario = bptui.loads('[inputs]\nx = [0.5, -2.0]\n[forward]\ny = "sin(x)*sin(2*x)"\nL = "sum(y)"')
    steps = list(scenario.program.steps)
    steps[0] = replace(steps[0], operation=replace(steps[0].operation, partials=(lambda xp, y, x: x * x,)))
    check(replace(scenario, program=replace(scenario.program, steps=steps)))


def test_overflow_and_division_by_zero() -> None:
    check(bptui.loads('[inputs]\nx = [0.0, 1000.0]\n[forward]\ny = "exp(x)/x - 1/x[0]"\nL = "sum(log(y)*x)"'))


def test_a_program_is_planned_when_it_is_run_again() -> None:
    program = bptui.load("exercise-7-1").program
    assert find_plan(program) is None
    assert find_plan(program) is not None
    assert find_plan(program) is find_plan(program)


def test_a_long_program_has_no_plan(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(plans, "LONGEST", 36)
    program = bptui.load("exercise-7-1").program  # 15 steps and 22 operands
    assert [find_plan(program) for _ in range(3)] == [None] * 3


def test_runs_with_a_plan_are_like_the_first() -> None:
    scenario = bptui.load("exercise-7-1")
    first, second = bptui.run(scenario), bptui.run(scenario)
    for one, other in zip(first.steps, second.steps, strict=True):
        assert repr(dict(one)) == repr(dict(other))
    with pytest.raises(ValueError, match="read-only"):
        second.value("W1")[0, 0] = 1.0
    with pytest.raises(ValueError, match="read-only"):
        second.gradient("L")[...] = 1.0


def test_the_text_of_a_plan_has_nothing_of_the_file_in_it() -> None:
    """Its words are numbered names and the few of the template, and none of Python's builtins is at hand."""
    text, constants = write_plan(
        bptui.loads("""title = "__import__('os')"
[inputs]
exec = [1.0, 2.0]
[functions]
"eval(quit)" = "sort(quit, descending=True)*12345 + sum(quit, axis=0)"
[forward]
open = "eval(exec) + exec"
[backward]
seed = [1.0, 777.0]
""").program
    )
    words = {word for word in re.findall(r"\w+", text) if not re.fullmatch(r"[vchaks]?\d+", word)}
    assert words == {"def", "run", "leaves", "seed", "return"}
    assert constants["__builtins__"] == {}
    assert not any(isinstance(thing, str) for thing in constants.values())
