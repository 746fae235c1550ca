"""Marking worked solutions: verdicts, what a line may say, and what cannot be read."""

from __future__ import annotations

import warnings
from typing import Any

import pytest

import bptui
from bptui.checking.marking.claims import loss_node
from bptui.checking.marking.hints import HINTS, hint
from bptui.checking.marking.in_symbols import expression
from bptui.checking.marking.marker import Marked, mark
from bptui.checking.marking.place import place_of
from bptui.checking.marking.slips import KINDS
from bptui.formula.reading import read
from bptui.formula.tree import Element, evaluate
from bptui.scenario.claimed_number import read_number

SEED = "exercise-7-1-as-solved"

NETWORK = """
index_base = 1
[inputs]
x = [0.5, 0.2]
t = [1, 0]
[parameters]
W1 = [[0.1, 0.4], [0.2, 0.5], [0.3, 0.6]]
b1 = [0.1, 0.2, 0.3]
W2 = [[0.7, 0.2, 0.1], [0.5, 0.3, 0.4]]
b2 = [0.1, 0.2]
[functions]
"loss(y, t)" = "-1/2 * sum(t*log(y) + (1 - t)*log(1 - y))"
[forward]
z1 = "W1 @ x + b1"
h = "relu(z1)"
z2 = "W2 @ h + b2"
y = "sigmoid(z2)"
L = "loss(y, t)"
[worked]
"""

SYMBOLS = """
[inputs]
x = { symbol = "x", value = [3.0, 1.0, 4.0, 1.5, 5.0] }
[forward]
F3 = "x[0] * permute(x, [2, 4, 3, 0, 1])"
[backward]
of = "F3"
seed = { symbol = "d", value = [1.0, -2.0, 0.5, 3.0, -1.0] }
[worked]
"""


def marked(text: str) -> list[dict[str, Any]]:
    (scenario,) = bptui.check(bptui.loads(text))["scenarios"]
    lines: list[dict[str, Any]] = scenario["worked"]
    return lines


def verdicts(worked: str, network: str = NETWORK) -> list[str]:
    return [line["verdict"] for line in marked(network + worked)]


def test_the_seed_line_by_line() -> None:
    (report,) = bptui.check(bptui.load(SEED))["scenarios"]
    assert report["summary"] == {"right": 9, "follows": 6, "wrong": 6, "unreadable": 0}
    by_line = {line["line"]: line for line in report["worked"]}
    wrong = [line["line"] for line in report["worked"] if line["verdict"] == "wrong"]
    assert wrong == ["W1 @ x", "L", "dL/dW2(1,1)", "dL/db2(1)", "dL/dW1(1,1)", "dL/db1(2)"]
    line = by_line["dL/dW2(1,1)"]
    assert line["claimed"] == 0.053
    assert line["exact"] == pytest.approx(-0.0462061899)
    assert line["follows_from_own"] == pytest.approx(-0.053784)
    kinds = {name: [slip["kind"] for slip in by_line[name]["diagnoses"]] for name in wrong}
    assert kinds == {
        "W1 @ x": ["wrong-operand"],
        "L": ["log-base", "truncated"],
        "dL/dW2(1,1)": ["sign", "truncated"],
        "dL/db2(1)": ["sign", "truncated"],
        "dL/dW1(1,1)": ["missing-path", "truncated"],
        "dL/db1(2)": ["missing-path", "truncated"],
    }
    assert " ".join(slip["text"] for slip in by_line["dL/dW1(1,1)"]["diagnoses"]) == (
        "-0.06972 is the route through y(1) alone; the route through y(2) adds +0.0825. "
        "-0.0697 was cut off to -0.06 where it rounds to -0.07."
    )


@pytest.mark.parametrize(
    ("worked", "verdict"),
    [
        ("y = [0.6, 0.7]", "right"),
        ("y = [0.5982, 0.65993]", "right"),
        ("y = [0.599, 0.660]", "wrong"),
        ("y = { value = [0.599, 0.660], digits = 2 }", "right"),
        ('y = { value = ["0.6", 0.659934], digits = 1 }', "right"),
        ("L = 0.8", "right"),
        ("L = 0.80", "right"),
        ("L = 7.962e-1", "right"),
        ("L = +0.79_6", "right"),
        ('"z1(1)" = 0.23', "right"),
        ('"z1[0]" = "23/100"', "right"),
        ('"(W1 @ x)(1)" = 0.13', "right"),
        ('"(W1 @ x)[0]" = 0.13', "right"),
        ('"b1 + W1@x" = [0.23, 0.40, 0.57]', "right"),
        ('"loss(y,t)" = 0.80', "right"),
        ('"1 - y" = [0.40, 0.34]', "right"),
        ("z1 = [[0.23], [0.40], [0.57]]", "right"),
        ('"dy/dz2" = [[0.24, 0], [0, 0.22]]', "right"),
        ('"dy/dz2" = [0.24, 0.22]', "right"),
        ('"dL/dh(1)" = 0.024', "right"),
        ('"dL/dW2" = [[-0.046, -0.080, -0.115], [0.076, 0.13, 0.19]]', "right"),
        ('"dy(1)/dz2(1)" = "y(1)*(1 - y(1))"', "right"),
        ('"dy(1)/dz2(1)" = "0.60*(1 - 0.60)"', "right"),
        ('"dy(1)/dz2(1)" = "0.70*(1 - 0.70)"', "wrong"),
        ('"dL/dy" = ["-1/2 * t(1)/y(1)", "1/2 / (1 - y(2))"]', "right"),
        ('"dL/dz2" = "1/2 * (y - t)"', "right"),
        ('"dL/db2(1)" = "dL/dy(1) * dy(1)/dz2(1)"', "right"),
        ('"dL/db2(1)" = "dL/dy(1) + dy(1)/dz2(1)"', "wrong"),
    ],
)
def test_one_line(worked: str, verdict: str) -> None:
    assert verdicts(worked) == [verdict]


@pytest.mark.parametrize(
    "worked",
    [
        "y = [0.60, 0.66]\n'dy(1)/dz2(1)' = 0.2400",
        "y = [0.60, 0.66]\n'dL/dy(1)' = -0.833",
        "x = [0.5, 0.3]\n'W1 @ x' = [0.17, 0.25, 0.33]",
        "z1 = [0.30, 0.4, 0.57]\nh = [0.3, 0.4, 0.57]",
        "z1 = [0.30, 0.4, 0.57]\n'b1 + W1 @ x' = [0.3, 0.4, 0.6]",
    ],
)
def test_what_follows_from_earlier_lines(worked: str) -> None:
    assert verdicts(worked)[1] == "follows"


TANH = """
index_base = 1
[inputs]
x = [-0.3, 0.2]
t = [-0.2, 0.0, -0.5]
[parameters]
W1 = [[-0.3, -0.7], [-0.8, 0.6], [-0.1, -0.3]]
b1 = [-0.4, 0.3, -0.2]
[forward]
z1 = "W1 @ x + b1"
y = "tanh(z1)"
L = "mean((y - t)**2)"
[worked]
"z1" = [-0.450, 0.660, -0.230]
"y" = [-0.422, 0.578, -0.226]
"""


def test_one_factor_with_all_digits_and_the_other_as_it_is_written() -> None:
    # 2/3*0.578*(1 - 0.57836**2) is 0.2565 where both factors in full, and both as written, give 0.2566
    assert verdicts('"dL/dz1" = [-0.122, 0.256, 0.173]', TANH) == ["right", "right", "follows"]
    assert verdicts('"dL/dz1" = [-0.122, 0.255, 0.173]', TANH) == ["right", "right", "wrong"]


def test_back_to_all_digits_after_a_line_that_came_from_rounded_ones() -> None:
    worked = """
    "z1" = [-0.45, 0.66, -0.23]
    "y" = [-0.4, 0.6, -0.2]
    "dL/dy" = [-0.133, 0.400, 0.200]
    "dL/dz1" = [-0.124, 0.247, 0.175]
    """
    assert verdicts(worked, TANH.split('"z1"', maxsplit=1)[0]) == ["right", "right", "follows", "follows"]


def test_what_float64_leaves_of_a_zero_is_zero() -> None:
    assert verdicts('"dL/dW1(1,1)" = -2.43e-19', NETWORK.replace("0.1, 0.2, 0.3]", "-5, 0.2, 0.3]")) == ["right"]
    assert verdicts('"dL/dW1(1,1)" = 1e-9', NETWORK.replace("0.1, 0.2, 0.3]", "-5, 0.2, 0.3]")) == ["wrong"]


def test_no_number_follows_from_none() -> None:
    assert verdicts('"dL/dW1(1,1)" = nan\n"dL/dW1(1,2)" = inf') == ["wrong", "wrong"]


def test_what_a_slip_let_through_is_carried_on_with_all_digits() -> None:
    off = NETWORK.replace("0.1, 0.2, 0.3]", "-5, 0.2, 0.3]")
    let_through = """
    "dL/dh" = [0.0041, 0.051, 0.10]
    "dL/dz1" = [0.0041, 0.051, 0.10]
    "dL/dW1(1,1)" = 0.00203
    """
    assert verdicts(let_through, off) == ["right", "wrong", "follows"]


def test_a_missing_slip_is_not_carried_forward() -> None:
    assert verdicts("z1 = [0.20, 0.4, 0.57]\nh = [0.33, 0.4, 0.57]") == ["wrong", "wrong"]


@pytest.mark.parametrize(
    ("claim", "verdict"),
    [
        ('"dL/dx[0]" = "d0*x2 + d1*x4 + d2*x3 + d3*2*x0 + d4*x1"', "right"),
        ('"dL/dx[0]" = "x1*d4 + x3*d2 + 2*x[0]*d3 + x(5)*d(2) + d[0]*x[2]"', "right"),
        ('"dL/dx[0]" = "d0*x2 + d1*x4 + d2*x3 + d3*x0 + d4*x1"', "wrong"),
        ('"dL/dx[1]" = "d1*x0"', "wrong"),
        ('"dL/dx[1]" = -3', "right"),
        ('"dL/dx" = ["d0*x2 + d1*x4 + d2*x3 + d3*2*x0 + d4*x1", "d4*x0", "d0*x0", "d2*x0", "d1*x0"]', "right"),
        ('F3 = "x0 * gather(x, 2)"', "unreadable"),
        ("F3 = ['x0*x2', 'x0*x4', 'x0*x3', 'x0*x0', 'x0*x1']", "right"),
        ("F3 = ['x0*x2', 'x0*x4', 'x0*x3', 'x0**2', 'x1*x0']", "right"),
        ("'dL/dF3' = ['d0', 'd1', 'd2', 'd3', 'd4']", "right"),
    ],
)
def test_claims_in_symbols(claim: str, verdict: str) -> None:
    assert verdicts(claim, SYMBOLS) == [verdict]


@pytest.mark.parametrize(
    "name", ["exercise-7-1", "exercise-7-3a", "exercise-7-3c", "p-minus-t", "two-layer-squared-error", "xor"]
)
def test_what_is_true_in_symbols_comes_to_the_numbers(name: str) -> None:
    trace = bptui.run(bptui.load(name))
    program = trace.program
    values: dict[Any, float] = {
        key: trace.values[value].item(flat)
        for value in program.names.values()
        for flat in range(program.values[value].size)
        for key in [read(program.element_name(value, flat), program.names)]
    }
    if trace.scenario.seed is not None:
        values |= {Element(f"d{at}"): float(number) for at, number in enumerate(trace.seed.flat)}
    asked = [(loss_node(program), (program.names[name], flat)) for name in program.wrt for flat in (0, -1)]
    compared = 0
    for head, (value, flat) in asked:
        flat %= program.values[value].size
        if (text := expression(trace, (head, (value, flat)))) is not None:
            found = evaluate(read(text, program.names), values)
            assert found == pytest.approx(trace.gradient_of(value).item(flat), rel=1e-9)
            compared += 1
    assert compared


def test_what_is_true_in_symbols_is_written_tidily() -> None:
    trace = bptui.run(bptui.load("exercise-7-1"))
    program = trace.program
    expected = "-1/2*(t(1)/y(1) - (1 - t(1))/(1 - y(1)))*y(1)*(1 - y(1))"
    assert expression(trace, (loss_node(program), (program.names["b2"], 0))) == expected
    assert expression(trace, ((program.names["z1"], 0), None)) == "W1(1,1)*x(1) + W1(1,2)*x(2) + b1(1)"


DERIVED = """
"dL/dz2" = "dL/dy*y*(1 - y)"
"dL/db2" = "dL/dz2"
"dL/dW2" = "outer(dL/dz2, h)"
"dL/dh" = "W2.T @ dL/dz2"
"dL/dz1" = "dL/dh*(z1 > 0)"
"dL/dx" = "dL/dz1 @ W1"
"""


def test_whole_derivatives_stand_in_claims() -> None:
    assert verdicts(DERIVED) == ["right"] * 6
    assert verdicts('"dL/dz2" = [0.1, 0.2]\n"dL/dh" = "dL/dz2 @ W2"\n"dL/db2" = "-dL/dz2"') == [
        "wrong",
        "right",
        "wrong",
    ]
    (line,) = marked(NETWORK + '"dL/dW2" = "outer(h, dL/dz2)"')
    assert [slip["kind"] for slip in line["diagnoses"]] == ["transposed"]


def test_symbols_without_numbers_are_marked_all_the_same() -> None:
    text = SYMBOLS.replace(", value = [3.0, 1.0, 4.0, 1.5, 5.0]", ", shape = [5]")
    text = text.replace(", value = [1.0, -2.0, 0.5, 3.0, -1.0]", "")
    assert verdicts('"dL/dx[1]" = "d4*x0"\n"dL/dx[2]" = "d1*x0"', text) == ["right", "wrong"]


def test_a_matrix_written_the_other_way_round() -> None:
    (line,) = marked(NETWORK + '"dL/dW2" = [[-0.046, 0.076], [-0.080, 0.13], [-0.115, 0.19]]')
    assert (line["verdict"], [slip["kind"] for slip in line["diagnoses"]]) == ("wrong", ["transposed"])
    assert line["exact"][1][2] == pytest.approx(0.188081, abs=1e-5)
    (line,) = marked(NETWORK + '"dL/dW2" = [[9, 9], [9, 9], [9, 9]]')
    assert (line["verdict"], line["diagnoses"]) == ("wrong", [])


def test_a_number_is_not_claimed_of_symbols() -> None:
    text = SYMBOLS.replace(", value = [3.0, 1.0, 4.0, 1.5, 5.0]", ", shape = [5]")
    symbol, whole = marked(text + '"F3[0]" = 12.0\n"dF3[3]/dF3[3]" = 1')
    assert (symbol["verdict"], whole["verdict"]) == ("unreadable", "right")
    assert "x stand in symbols only" in symbol["text"]


@pytest.mark.parametrize(
    ("claim", "said", "hint"),
    [
        ('"dL/dw2(1,1)" = 0.05', "no value named `w2`", "did you mean `W2`?"),
        ('"dL/dW2(3,1)" = 0.05', "`W2(3,1)` is out of range", "from 1 to 2"),
        ('"W1 @ t" = [0.1, 0.2, 0.3]', "`W1 @ t` names nothing in this scenario", "did you mean `W1 @ x`?"),
        ('"what is this" = 1', "names nothing in this scenario", "an element `h(1)`"),
        ('"z1" = 0.3', "has shape (3,), and this is one number", "one number for each element"),
        ('"z1" = [0.3, 0.2]', "this is a list of shape (2,)", "one number for each element"),
        ('"L" = "yy*2"', "no value named `yy`", "did you mean `y`?"),
        ('"L" = "2*"', "ends too early", "something is missing"),
        ('"L" = "y"', "this comes to 2 numbers, and the place has 1", "such as `y(1)`"),
        ('"z1" = "2"', "this comes to 1 number, and the place has 3", "such as `y(1)`"),
        ('"L" = 1e999', "the exponent is out of range", "1e308"),
        ('"L" = "1e999"', "the exponent is out of range", "1e308"),
        ('"L" = "1e999 + y(1)"', "too large for a float64", "1.8e308"),
        ('"L" = "' + "(" * 300 + "1" + ")" * 300 + '"', "nested more than", ""),
        ('"L" = "f(y)"', "unknown name `f`", ""),
    ],
)
def test_what_cannot_be_read(claim: str, said: str, hint: str) -> None:
    bad, good = marked(f'{NETWORK}{claim}\n"z2" = [0.40, 0.66]')
    assert (bad["verdict"], good["verdict"]) == ("unreadable", "right")
    assert said in bad["text"]
    assert hint in bad["hint"]
    assert bad["row"] == NETWORK.count("\n") + 1


@pytest.mark.parametrize(
    "claim",
    ["x0**x0**x0**x0", "2**2**2**2**2**2", "1/0*x0", "exp(exp(exp(exp(x0))))", "+".join(["x0"] * 900), "0*log(0-x0)"],
)
def test_what_is_huge_is_bounded(claim: str) -> None:
    assert verdicts(f'"dL/dx[1]" = "{claim}"', SYMBOLS) == ["wrong"]


# -- where a line is about, and hints ----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("line", "formula"),
    [
        ("W1 @ x", "W1 @ x"),
        ("z1(2)", "W1 @ x + b1"),
        ("y", "sigmoid(z2)"),
        ("dL/dW2(1,1)", "dL/dW2 "),
        ("dL/dy(2)", "dL/dy "),
        ("dy(1)/dz2(1)", "dL/dz2 "),
        ("dz2(1)/dW2(1,1)", "dL/d(W2 @ h)"),
    ],
)
def test_a_line_leads_to_its_step(line: str, formula: str) -> None:
    trace = bptui.run(bptui.loads(f'{NETWORK}"{line}" = {"[0.1, 0.2]" if line == "y" else "0.1"}'.replace(
        '"W1 @ x" = 0.1', '"W1 @ x" = [1, 2, 3]'
    )))  # fmt: skip
    (marked_line,) = mark(trace.scenario, trace)
    assert marked_line.entry is not None
    step = trace.steps[place_of(trace, marked_line.entry).step]
    assert step.formula is not None
    if line.startswith("dz2(1)/dW2"):
        assert "dL/dW2" in step.formula
    else:
        assert formula in step.formula + " "


@pytest.mark.parametrize(
    ("formula", "typed", "said"),
    [
        ("dL/dz2 =", "0.2009", "look at the sign"),
        ("dL/dz2 =", "-0.20089", "close: round it, and do not cut it off"),
        ("dL/dz2 =", "-0.5", "the derivative is asked for, not the function"),
        ("dL/dz2 =", "-0.8358", "a factor is missing"),
        ("dL/dz2 =", "0.330", "this is the number of another element"),
        ("W2 @ h + b2", "0.298", "something is left out of a sum"),
        ("sigmoid(z2)", "0.95", ""),
    ],
)
def test_hints_come_from_the_same_rules(formula: str, typed: str, said: str) -> None:
    trace = bptui.run(bptui.loads(NETWORK))
    step = next(step for step in trace.steps if step.formula and step.formula.startswith(formula))
    assert hint(trace, step.index, 0, read_number(typed)) == said


def test_the_seed_is_given_and_has_no_hint() -> None:
    trace = bptui.run(bptui.load("exercise-7-1"))
    assert hint(trace, trace.seed_step, 0, read_number("0.5")) == ""


def test_every_kind_has_a_hint() -> None:
    assert list(HINTS) == list(KINDS)


def test_hints_are_there_at_every_step_and_never_fail() -> None:
    for name in ("exercise-7-1", "attention-head", "lstm-cell", "batch-norm", "conv1d-pooling", "sort-with-a-tie"):
        trace = bptui.run(bptui.load(name))
        for step in trace.steps:
            if step.phase != "seed":
                assert isinstance(hint(trace, step.index, 0, read_number("0.123")), str)


# Numbers at the edge


def edge(forward: str, worked: str, given: str = "x = [0.0, 1.0, -1.0]") -> list[Marked]:
    scenario = bptui.loads(f"[inputs]\n{given}\n[forward]\n{forward}\n[worked]\n{worked}\n")
    return mark(scenario, bptui.run(scenario))


def verdicts_of(marked: list[Marked]) -> list[str]:
    return [one.verdict for one in marked]


def test_nan_and_inf_that_are_claimed_and_computed() -> None:
    found = edge(
        'y = "log(x)"\nz = "y*0"\nL = "sum(z)"',
        'y = [-inf, 0, nan]\nz = [nan, 0.0, nan]\nL = nan\n"dL/dz" = [1, 1, 1]\n"dL/dx" = [nan, 0, 0]\n'
        '"y[0]" = inf\n"y[1]" = nan\n"y[2]" = 3.5',
    )
    assert verdicts_of(found) == ["right"] * 5 + ["wrong"] * 3
    assert [slip.kind for slip in found[5].diagnoses] == ["sign"]
    assert not found[6].diagnoses, "nan comes of anything: no slip explains it"
    assert not found[7].diagnoses


def test_the_largest_numbers() -> None:
    found = edge(
        'y = "x*0.5"\nz = "x*10"\nL = "sum(tanh(y))"',
        'y = [5e307, -5e307]\nz = [inf, -inf]\n"y[0]" = 4e307\n"z[1]" = -1.7e308\n"z[0]" = 1e309\n'
        '"dL/dx" = [0.0, -0.0]\nL = 0',
        "x = [1e308, -1e308]",
    )
    assert verdicts_of(found) == ["right", "right", "wrong", "wrong", "unreadable", "right", "right"]


def test_numbers_with_few_digits_left() -> None:
    found = edge(
        'y = "x*2"\nL = "sum(y*x)"',
        'y = [1e-323, 2e-310, 5.0e-310]\n"dL/dx" = [0, 0, 0]\n"dL/dx[1]" = 4e-310\n"y[1]" = 3e-310\n'
        '"dL/dy[0]" = 5e-324',
        "x = [5e-324, 1e-310, 2.5e-310]",
    )
    assert verdicts_of(found) == ["right", "right", "right", "wrong", "right"]
    assert "gives 0 in the place" not in found[3].text, "x*x is 0 here, and 3e-310 is not"


def test_zeros_of_either_sign_are_equal() -> None:
    found = edge('y = "x*-1"\nL = "sum(relu(y))"', 'y = [0, -0.0, 1]\n"y[0]" = -0.0\n"dL/dx" = [-0.0, 0, -1]\nL = 1')
    assert verdicts_of(found) == ["wrong", "right", "right", "right"]  # the second is -1


def test_lines_about_nothing_and_about_one_number() -> None:
    found = edge(
        'y = "x[3:]"\nq = "one*x[1:2]"\nL = "sum(y) + sum(q)"',
        'y = 0\n"dL/dy" = "1"\nq = 2\n"dL/dq" = [[[1]]]\n"q[0,0,0]" = 3\n"dL/done" = 1',
        "x = [0.0, 1.0, -1.0]\none = [[[2.0]]]",
    )
    assert verdicts_of(found) == ["unreadable", "unreadable", "right", "right", "wrong", "right"]
    assert found[0].text == "`y` has shape (0,): there is no number to claim"


def test_symbols_at_a_pole() -> None:
    """A slip that can be made at the scenario's numbers alone is none, and no crash."""
    found = edge(
        'y = "log(x)"\nL = "sum(y)"',
        '"y[0]" = "log(x0)"\n"dL/dx[0]" = "1/x0"\nL = "log(x0*x1)"',
        'x = { symbol = "x", value = [0.0, -1.0] }',
    )
    assert verdicts_of(found) == ["right", "right", "wrong"]


def test_a_number_that_rounds_beyond_the_largest() -> None:
    (line,) = edge('y = "x*1"\nL = "sum(tanh(y))"', '"y[0]" = 1e308', "x = [1.7e308, 1.0]")
    assert line.verdict == "wrong"
    assert line.text == "1.7e+308 was cut off to 1e308 where it rounds to 2e308."


def test_numbers_near_the_largest_are_shaken_in_silence() -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        found = edge(
            'y = "x*1"\nL = "sum(tanh(y))"', '"y[0]" = "x0"', 'x = { symbol = "x", value = [1.79e308, -1.79e308] }'
        )
    assert verdicts_of(found) == ["right"]
