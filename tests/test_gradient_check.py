"""The gradient checker: it refuses what is wrong by a thousandth, and nothing that is right, at any scale.

A wrong rule is put into the program of a scenario with `dataclasses.replace`; the operations themselves stay as they
are.
"""

from __future__ import annotations

from collections.abc import Callable
from random import Random
from typing import Any

import numpy as np
import pytest
from msgspec.structs import replace

import bptui
from bptui.checking.gradients import MOST_ELEMENTS, TOLERANCE, Checked, check_gradients
from bptui.checking.report import all_right, check_one
from bptui.checking.wording import gradient_lines
from bptui.ops import OPERATIONS
from bptui.ops.operation import Operation
from bptui.scenario.scenario import Scenario
from bptui.trace.record import Trace
from random_scenarios import random_scenario


def checked(text: str) -> list[Checked]:
    return check_gradients(bptui.run(bptui.loads(text)))


def only(text: str) -> Checked:
    (one,) = checked(text)
    return one


def scalar(expression: str, x: Any, more: str = "") -> str:
    """Return a scenario of one input, `x`, and one line."""
    return f'{more}\n[inputs]\nx = {x}\n[forward]\nL = "{expression}"\n'


def scaled(operation: Operation, slot: int, by: float) -> Operation:
    """Return the operation with the derivative of one slot off by a factor."""

    def wrong(rule: Callable[..., Any]) -> Callable[..., Any]:
        return lambda xp, *arguments, **params: rule(xp, *arguments, **params) * by

    if operation.partials:
        rules = list(operation.partials)
        rule = rules[slot]
        assert rule is not None
        rules[slot] = wrong(rule)
        return replace(operation, partials=tuple(rules))
    rules = list(operation.vjps)
    at = 0 if operation.variadic else slot
    rule = rules[at]
    assert rule is not None
    rules[at] = wrong(rule)
    return replace(operation, vjps=tuple(rules))


def with_wrong_step(scenario: Scenario, step: int, slot: int, by: float) -> Trace:
    """Return the trace of the scenario with the derivative of one operand of one step off by a factor."""
    program = scenario.program
    steps = list(program.steps)
    steps[step] = replace(steps[step], operation=scaled(steps[step].operation, slot, by))
    return bptui.run(replace(scenario, program=replace(program, steps=tuple(steps))))


# What is wrong is refused


PASSING = [name for name, one in OPERATIONS.items() if any(rule is not None for rule in (*one.partials, *one.vjps))]


@pytest.mark.parametrize("name", PASSING)
def test_a_rule_wrong_by_a_thousandth_is_refused(name: str) -> None:
    """For every operation that passes a gradient, where that gradient reaches a name that is asked for."""
    for number in range(40):
        made = random_scenario(Random(number), [name])
        scenario = bptui.loads(made.text)
        right = bptui.run(scenario)
        for slot in right.program.slots:
            step = right.program.steps[slot.step]
            size = np.abs(right.contributions[slot.index]).max(initial=0.0)
            if step.operation.name != name or size < 1e-2 or right.program.values[slot.target].name is None:
                continue
            asked = str(right.program.values[slot.target].name)
            program = replace(scenario.program, wrt=(asked,))
            assert check_gradients(bptui.run(replace(scenario, program=program)))[0].ok
            trace = with_wrong_step(replace(scenario, program=program), slot.step, slot.slot, 1.001)
            off = np.abs(trace.gradient(asked) - right.gradient(asked)).max()
            if off < 5e-4 * np.abs(right.gradient(asked)).max():  # other contributions hide this one
                continue
            (one,) = check_gradients(trace)
            assert not one.ok, made.text
            assert one.worst > TOLERANCE
            return
    raise AssertionError(f"no scenario was found that asks for a gradient through {name}")


@pytest.mark.parametrize("by", [0.999, 1.001, 1.0001, -1.0, 0.0, 2.0, 1e9])
@pytest.mark.parametrize("x", [1e-8, 0.3, -2.0, 40.0, 1e4, 1e8])
def test_how_wrong_a_rule_may_be(by: float, x: float) -> None:
    (one,) = check_gradients(with_wrong_step(bptui.loads(scalar("sin(x)", x)), 0, 0, by))
    assert not one.ok
    assert "WRONG" in gradient_lines([one.plain()])[0]


def test_one_wrong_element_among_many_is_found() -> None:
    text = '[inputs]\nx = [1.0, 2.0, 3.0, 4.0]\n[forward]\nL = "sum(x[:3]*x[:3]) + 5*x[3]"'
    scenario = bptui.loads(text)
    last = next(step.index for step in scenario.program.steps if step.formula == "x[3]")
    (one,) = check_gradients(with_wrong_step(scenario, last, 0, 1.001))
    assert not one.ok
    assert one.worst == pytest.approx(0.001, rel=0.01)


def test_a_lost_contribution_is_refused() -> None:
    """The classic slip: of two uses of one value only one is kept."""
    scenario = bptui.loads(scalar("x*x", 3.0))
    assert not check_gradients(with_wrong_step(scenario, 0, 1, 0.0))[0].ok


def test_an_inverse_permutation_is_refused() -> None:
    text = '[inputs]\nx = [1.0, 2.0, 4.0]\nw = [3.0, 5.0, 7.0]\n[forward]\nL = "dot(w, permute(x, [1, 2, 0]))"'
    scenario = bptui.loads(text)
    assert all(one.ok for one in check_gradients(bptui.run(scenario)))
    step = scenario.program.steps[0]

    def forwards(xp: Any, d: Any, y: Any, x: Any, order: Any, axis: int) -> Any:
        return d[list(order)]

    wrong = replace(step, operation=replace(step.operation, vjps=(forwards,)))
    program = replace(scenario.program, steps=(wrong, *scenario.program.steps[1:]))
    by_name = {one.name: one for one in check_gradients(bptui.run(replace(scenario, program=program)))}
    assert not by_name["x"].ok
    assert by_name["w"].ok


def test_a_gradient_that_should_be_zero_and_is_not() -> None:
    scenario = bptui.loads(scalar("cos(x)", 0.0))
    program = scenario.program
    step = replace(
        program.steps[0],
        operation=replace(program.steps[0].operation, partials=(lambda xp, y, x: 1e-3 + 0.0 * x,)),
    )
    trace = bptui.run(replace(scenario, program=replace(program, steps=(step,))))
    assert not check_gradients(trace)[0].ok


def test_the_report_says_so() -> None:
    scenario = bptui.loads(scalar("x*x", 3.0))
    right = check_one(scenario)
    assert all_right({"scenarios": [right]})
    (wrong,) = check_gradients(with_wrong_step(scenario, 0, 1, 1.01))
    assert not all_right({"scenarios": [right, {"gradients": [wrong.plain()]}]})


# What is right is accepted


@pytest.mark.parametrize("exponent", range(-8, 9, 2))
def test_random_scenarios_at_every_scale(exponent: int) -> None:
    """The target and the leaves scaled by powers of ten: no false alarm, and no kink where there is none."""
    scale = 10.0**exponent
    for number in range(14):
        made = random_scenario(Random(900 + number), [list(OPERATIONS)[4 * number]])
        scenario = bptui.loads(made.text)
        if scenario.seed is None:  # the last line sums others up: scale it
            head, _, tail = made.text.partition('L = "')
            body, _, rest = tail.partition('"\n')
            scenario = bptui.loads(f'{head}L = "{scale!r}*({body})"\n{rest}')
            trace = bptui.run(scenario)
        else:
            assert scenario.seed.value is not None
            trace = bptui.run(replace(scenario, seed=replace(scenario.seed, value=scenario.seed.value * scale)))
        for one in check_gradients(trace):
            assert one.ok, (one, made.text)
            assert not one.kinks, (one, made.text)
            assert one.worst < TOLERANCE


@pytest.mark.parametrize("x", [1e-8, 1e-4, 0.01, 1.0, 30.0, 1e4, 1e8])
@pytest.mark.parametrize(
    "expression",
    ["x", "x*x", "x**3", "1/x", "sqrt(x)", "log(x)", "tanh(x)", "sigmoid(x)", "softplus(x)", "silu(x)", "gelu(x)",
     "exp(-x)", "x - x", "3*x + 1e6", "sin(x)", "log(1 + x*x)", "norm(stack([x, 2*x]))", "sigmoid(-x)*1e-12"],
)  # fmt: skip
def test_no_false_alarm(expression: str, x: float) -> None:
    one = only(scalar(expression, x))
    assert one.ok, one
    assert not one.kinks, one
    assert one.checked == 1


@pytest.mark.parametrize("scale", [1e-300, 1e-100, 1e-20, 1e-8, 1e8, 1e20, 1e100, 1e300])
def test_a_target_of_any_size(scale: float) -> None:
    one = only(scalar(f"{scale}*sin(x)", 0.7))
    assert one.ok, one
    assert one.not_finite == 0


def test_vanishing_gradients() -> None:
    lines = "\n".join(f'h{i + 1} = "0.1*sigmoid(h{i})"' for i in range(12))
    (one,) = checked(f'[inputs]\nh0 = 1.0\n[forward]\n{lines}\nL = "h12"')
    assert one.ok
    assert not one.kinks
    trace = bptui.run(bptui.loads(f'[inputs]\nh0 = 1.0\n[forward]\n{lines}\nL = "h12"'))
    assert 0 < abs(float(trace.gradient("h0"))) < 1e-15


def test_exploding_gradients() -> None:
    lines = "\n".join(f'h{i + 1} = "9*h{i}"' for i in range(30))
    assert only(f'[inputs]\nh0 = 1.0\n[forward]\n{lines}\nL = "h30*h30"').ok


def test_values_that_are_large_beside_their_gradient() -> None:
    """A large constant in the target drowns the differences; that is no fault of the gradient."""
    assert only(scalar("1e12 + sin(x)", 0.5)).ok


# Kinks


@pytest.mark.parametrize(
    ("expression", "x"),
    [("relu(x)", 0.0), ("abs(x)", 0.0), ("leaky_relu(x)", 0.0), ("maximum(x, 2)", 2.0), ("minimum(2*x, x)", 0.0),
     ("max(stack([x, 1]))", 1.0), ("abs(x)*1e6", 0.0), ("abs(x)*1e-6", 0.0), ("3 + relu(x - 5)", 5.0),
     ("elu(x, alpha=0.5)", 0.0), ("sum(sort(stack([x, 2]))*stack([1, 3]))", 2.0)],
)  # fmt: skip
def test_kinks_are_accepted_and_named(expression: str, x: float) -> None:
    one = only(scalar(expression, x))
    assert one.ok
    assert one.kinks == ("x",) or expression.startswith(("maximum", "minimum", "max", "sort", "abs"))
    if one.kinks:
        assert "a kink at x" in gradient_lines([one.plain()])[0]


@pytest.mark.parametrize(("base", "shown"), [(0, "x[1]"), (1, "x(2)")])
def test_a_kink_is_named_by_its_element(base: int, shown: str) -> None:
    one = only(scalar("sum(relu(x))", "[1.0, 0.0, -1.0]", f"index_base = {base}"))
    assert one.ok
    assert one.kinks == (shown,)
    assert one.checked == 3


def always(slope: float) -> Callable[..., Any]:
    """Return the partial derivative of an operation whose slope is the same everywhere."""
    return lambda xp, y, x: slope + 0.0 * x


def test_a_slope_outside_the_two_sides_is_wrong_at_a_kink_too() -> None:
    scenario = bptui.loads(scalar("relu(x)", 0.0))
    program = scenario.program
    for slope, right in ((0.0, True), (0.5, True), (1.0, True), (1.2, False), (-0.2, False)):
        step = replace(program.steps[0], operation=replace(program.steps[0].operation, partials=(always(slope),)))
        trace = bptui.run(replace(scenario, program=replace(program, steps=(step,))))
        assert check_gradients(trace)[0].ok is right, slope


# The largest and the smallest numbers


@pytest.mark.parametrize("x", ["0.5", "0.0", "-0.0", "1e308", "-1.7976931348623e308", "5e-324", "-2.5e-320", "1e-310"])
@pytest.mark.parametrize(
    "expression",
    ["x*1e308", "abs(x)*1e308", "x*1e-308", "x*1e-320", "x*5e-324", "(x*1e-200)*1e-120", "(x*1e200)*1e100", "tanh(x)",
     "x + 1e308", "x*1e308 - x*1e308", "sqrt(x)", "log(x)", "1/x", "exp(x)", "maximum(x, 5e-324)"],
)  # fmt: skip
def test_no_false_alarm_at_the_edge(expression: str, x: str) -> None:
    """Where sums overflow, and where numbers have few digits left."""
    one = only(f'[inputs]\nx = {x}\n[forward]\nL = "{expression}"\n')
    assert one.ok, one
    assert one.kinks == () or expression.startswith(("abs", "maximum"))


@pytest.mark.parametrize("scale", ["1e12", "1e40", "1e150", "1e300"])
@pytest.mark.parametrize("x", ["0.0", "5e-324"])
def test_a_function_that_varies_over_next_to_nothing(scale: str, x: str) -> None:
    text = f'[inputs]\nx = {x}\n[forward]\nL = "tanh(x*{scale}) + x"'
    assert only(text).ok
    assert not check_gradients(with_wrong_step(bptui.loads(text), 0, 0, 1.001))[0].ok


def test_slopes_that_overflow_over_the_finest_steps() -> None:
    text = '[inputs]\nx = [1e160, 1e-310, 2e-16]\n[forward]\ny = "x[1:]"\nz = "outer(y, x)"\nL = "sum(z*z)"'
    assert only(text).ok


@pytest.mark.parametrize("size", ["1e20", "1e300", "1.7e308"])
@pytest.mark.parametrize(
    "expression", ["sum(w)", "w @ (w*0 + 1)", "mean(w)", "cumsum(w)[2]", "sum(w + 1)", "1e160*sum(w)"]
)
def test_no_false_alarm_where_large_terms_swallow_small_ones(expression: str, size: str) -> None:
    one = only(f'[parameters]\nw = [1.0, {size}, -{size}]\n[forward]\nL = "{expression}"\n')
    assert one.ok, one


@pytest.mark.parametrize("x", ["1e15", "1e16", "3e17", "-1e20", "1e300"])
@pytest.mark.parametrize("rule", ["sin(x)", "cos(x)", "sin(x)*x"])
def test_no_false_alarm_where_a_function_varies_between_two_numbers(rule: str, x: str) -> None:
    one = only(f'[inputs]\nx = {x}\n[forward]\nL = "{rule}"\n')
    assert one.ok, one


def test_a_wrong_rule_is_found_where_large_terms_cancel() -> None:
    scenario = bptui.loads('[parameters]\nw = [1.0, 1e6, -1e6]\n[forward]\nL = "sum(w*w)"\n')
    assert check_gradients(bptui.run(scenario))[0].ok
    assert not check_gradients(with_wrong_step(scenario, 1, 0, 1.01))[0].ok
    scenario = bptui.loads('[parameters]\nw = [1.0, 1e6, -1e6]\n[forward]\nL = "sum(w)"\n')
    assert not check_gradients(with_wrong_step(scenario, 0, 0, 1.01))[0].ok


@pytest.mark.parametrize("by", [-1.0, 0.5, 0.0])
@pytest.mark.parametrize("expression", ["x*1e300", "x*1e-300"])
def test_a_wrong_rule_at_the_edge(expression: str, by: float) -> None:
    assert not check_gradients(with_wrong_step(bptui.loads(scalar(expression, 0.5)), 0, 0, by))[0].ok


# nan and inf, and what is not checked


@pytest.mark.parametrize("expression", ["log(x)", "sqrt(x)", "1/(x + 1)", "exp(1000 + x)", "log(sigmoid(x*1e6))"])
def test_what_is_not_finite_is_not_checked(expression: str) -> None:
    one = only(scalar(expression, -1.0))
    assert one.ok
    assert one.not_finite == one.checked == 1
    (line,) = gradient_lines([one.plain()])
    assert "1 element not checked" in line
    assert "ok" not in line


def test_a_domain_that_ends_here() -> None:
    """sqrt at 0 has an infinite slope; sqrt at 1e-9 has a neighbour below 0, and a gradient all the same."""
    assert only(scalar("sqrt(x)", 0.0)).not_finite == 1
    assert only(scalar("sqrt(x)", 1e-9)).ok
    assert only(scalar("log(x)", 1e-9)).ok


def test_one_element_that_is_not_finite_among_others() -> None:
    text = '[inputs]\nx = [1.0, 2.0]\n[forward]\ny = "log(x - 1)"\nL = "sum(y[1:])"'
    one = only(text)
    assert one.ok
    assert one.checked == 2


def test_of_large_arrays_some_elements_are_checked() -> None:
    one = only('[inputs]\nx = { shape = [40, 50], init = "normal" }\n[forward]\nL = "sum(x*x)"')
    assert (one.checked, one.size) == (MOST_ELEMENTS, 2000)
    assert one.ok
    assert "64 of 2,000 checked" in gradient_lines([one.plain()])[0]


@pytest.mark.parametrize("rule", ["max(x)", "sum(sort(x))", "sum(max_pool1d(x, 2))"])
def test_what_looks_for_elements_is_checked_as_widely(rule: str) -> None:
    """It takes longer than a sum, and not so much longer that fewer elements of some thousand could be checked."""
    one = only(f'[inputs]\nx = {{ shape = [5000], init = "normal" }}\n[forward]\nL = "{rule}"')
    assert (one.ok, one.checked) == (True, MOST_ELEMENTS)


def test_empty_arrays_have_nothing_to_check() -> None:
    text = '[inputs]\nx = [1.0]\n[forward]\nnone = "x[1:]"\nL = "sum(none) + x[0]"\n[backward]\nwrt = ["none", "x"]'
    empty, other = checked(text)
    assert (empty.checked, empty.ok) == (0, True)
    assert other.ok
    assert "nothing to check" in gradient_lines([empty.plain()])[0]


def test_forward_lines_and_seeds() -> None:
    text = """
[inputs]
x = [0.3, -0.7]
[forward]
h = "tanh(x)"
y = "h*h[0]"
late = "sum(y)"
[backward]
of = "y"
seed = [2.0, -5.0]
wrt = ["h", "x", "y", "late"]
"""
    results = checked(text)
    assert [one.name for one in results] == ["h", "x", "y", "late"]
    assert all(one.ok and not one.kinks for one in results)
