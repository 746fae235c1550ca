"""The rules that name slips: each kind by hand, the order in which they are told, and generated worked solutions."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest

import bptui
from bptui.checking.marking.marker import Marked, mark
from bptui.checking.marking.slips import KINDS
from worked_solutions import SLIPS, Sheet, right_sheets, wrong_sheets

NETWORK = """
index_base = 1
[inputs]
x = [0.5, -0.2]
t = [1, 0]
[parameters]
W1 = [[0.1, 0.4], [0.2, -0.5]]
b1 = [-0.3, 0.2]
W2 = [[0.7, 0.2], [0.5, -0.3]]
b2 = [0.1, 0.2]
[forward]
z1 = "W1 @ x + b1"
h = "relu(z1)"
z2 = "W2 @ h + b2"
y = "sigmoid(z2)"
L = "-1/2 * sum(t*log(y) + (1 - t)*log(1 - y))"
[worked]
"""

MOVED = """
[inputs]
x = { symbol = "x", value = [3.0, 1.0, 4.0, 1.5, 5.0] }
[forward]
F = "EXPRESSION"
[backward]
of = "F"
seed = { symbol = "d", value = [1.0, -2.0, 0.5, 3.0, -1.0] }
[worked]
"""
PERMUTED = MOVED.replace("EXPRESSION", "permute(x, [2, 4, 3, 0, 1])")
SCALED = MOVED.replace("EXPRESSION", "x[0] * permute(x, [2, 4, 3, 0, 1])")
SQUARED = MOVED.replace("EXPRESSION", "x[0] * x")


def last(text: str) -> Marked:
    scenario = bptui.loads(text)
    return mark(scenario, bptui.run(scenario))[-1]


def kinds(text: str) -> list[str]:
    return [slip.kind for slip in last(text).diagnoses]


# The network by hand.
W1, W2 = np.array([[0.1, 0.4], [0.2, -0.5]]), np.array([[0.7, 0.2], [0.5, -0.3]])
X, T = np.array([0.5, -0.2]), np.array([1.0, 0.0])
Z1 = W1 @ X + [-0.3, 0.2]
H = np.maximum(Z1, 0)
Y = 1 / (1 + np.exp(-(W2 @ H + [0.1, 0.2])))
LOSS = -0.5 * (math.log(Y[0]) + math.log(1 - Y[1]))
DY = np.array([-0.5 / Y[0], 0.5 / (1 - Y[1])])
DZ2 = DY * Y * (1 - Y)
DH = W2.T @ DZ2


def claim(value: Any, decimals: int = 4) -> str:
    return str(np.round(value, decimals).tolist())


@pytest.mark.parametrize(
    ("line", "value", "expected"),
    [
        ("dL/dz2(1)", -DZ2[0], ["sign"]),
        ("dL/dz2", -DZ2, ["sign"]),
        ("dL/dz2(1)", math.trunc(DZ2[0] * 1000) / 1000, ["truncated"]),
        ("L", LOSS / math.log(10), ["log-base"]),
        ("L", LOSS / math.log(2), ["log-base"]),
        ("L", 2 * LOSS, ["missing-factor"]),
        ("dL/dy(1)", 2 * DY[0], ["missing-factor"]),
        ("dL/dy(1)", DY[0] / math.log(10), ["log-base"]),
        ("dL/dh(2)", W2[0, 1] * DZ2[0], ["missing-path"]),
        ("dL/dW2(1,2)", DY[0] * H[1], ["missing-factor"]),
        ("dL/dW2(1,2)", DZ2[0] * Y[0] * (1 - Y[0]) * H[1], ["extra-factor"]),
        ("dL/dW2(2,2)", DY[1] * Y[1] * H[1], ["not-derived"]),
        ("dL/db2(1)", DZ2[1], ["wrong-operand"]),
        ("dL/db2", DZ2[::-1], ["swapped"]),
        ("dL/dh", W2 @ DZ2, ["transposed"]),
        ("dL/dz1", DH, ["relu-mask"]),
        ("dL/db1(1)", DH[0], ["relu-mask"]),
        ("W1 @ x", [0.2 * 0.5 + 0.4 * -0.2, 0.2], ["wrong-operand"]),
        ("W1 @ x", (W1 @ X)[::-1], ["swapped"]),
        ("W1 @ x", W1.T @ X, ["transposed"]),
        ("z1", [Z1[0], Z1[1] + 0.0123], ["arithmetic"]),
        ("h", Z1, ["relu-mask"]),
        ("z2", W2 @ H, ["missing-path"]),
        ("y", [0.99, 0.01], []),
    ],
)
def test_one_slip_in_a_network(line: str, value: Any, expected: list[str]) -> None:
    decimals = 3 if expected == ["truncated"] else 4
    assert kinds(f'{NETWORK}"{line}" = {claim(value, decimals)}') == expected


def test_two_results_exchanged_on_two_lines() -> None:
    text = f'{NETWORK}"dL/db2(2)" = {claim(DZ2[0])}\n"dL/db2(1)" = {claim(DZ2[1])}'
    assert kinds(text) == ["swapped"]
    assert last(text).text == "This is dL/db2(2), not dL/db2(1); that gives 0.2600 in the place of -0.2276."


@pytest.mark.parametrize(
    ("scenario", "worked", "expected"),
    [
        (PERMUTED, '"dL/dx" = ["d2", "d4", "d3", "d0", "d1"]', ["inverse-permutation"]),
        (PERMUTED, '"dL/dx[0]" = "d2"', ["inverse-permutation"]),
        (PERMUTED, 'F = ["x3", "x4", "x0", "x2", "x1"]', ["inverse-permutation"]),
        (PERMUTED, '"dL/dx" = ["d4", "d3", "d0", "d2", "d1"]', ["swapped"]),
        (PERMUTED, '"dL/dx" = [-1, 3, 1, 0.5, -2]', ["swapped"]),
        (SQUARED, '"dL/dx[0]" = "d0*x0 + d1*x1 + d2*x2 + d3*x3 + d4*x4"', ["overwritten"]),
        (SQUARED, '"dL/dx[0]" = "2*d0*x0"', ["missing-path"]),
        (SQUARED, '"dL/dx[1]" = "-d1*x0"', ["sign"]),
        (SQUARED, '"dL/dx[1]" = "d1"', ["missing-factor"]),
        (SQUARED, '"dF[0]/dx[0]" = "x0"', ["overwritten"]),
        (SCALED, '"dL/dx[1]" = "d4*x0**2"', ["extra-factor"]),
        (SCALED, '"dL/dx[1]" = "d4*x1"', ["wrong-operand"]),
        (SCALED, '"dL/dx[2]" = "d3*x0"', ["inverse-permutation"]),
        (MOVED.replace("EXPRESSION", "x**3"), '"dL/dx[1]" = "d1*x1**3"', ["not-derived"]),
        (MOVED.replace("EXPRESSION", "x**3"), '"dL/dx[1]" = "d1*x1**2"', ["missing-factor"]),
        (SCALED, '"dL/dx[1]" = "d0 + d1 + x1"', []),
    ],
)
def test_one_slip_in_symbols(scenario: str, worked: str, expected: list[str]) -> None:
    assert kinds(scenario + worked) == expected


def test_two_slips_where_no_single_one_explains() -> None:
    text = f'{NETWORK}"dL/dW2(1,2)" = {claim(-DY[0] * H[1])}'
    assert kinds(text) == ["sign", "missing-factor"]


def test_a_slip_whose_result_was_cut_off_too() -> None:
    assert kinds(f'{NETWORK}"dL/dW2(2,2)" = {math.trunc(-DZ2[1] * H[1] * 1000) / 1000}') == ["sign", "truncated"]


def test_a_slip_in_one_entry_of_a_line_alone() -> None:
    assert kinds(f'{NETWORK}"dL/dz2" = {claim([-DZ2[0], DZ2[1]])}') == ["sign"]
    assert kinds(f'{NETWORK}"dL/dh" = {claim([-DH[0], DH[1]])}') == ["arithmetic"]
    (sign,) = last(f'{NETWORK}"dL/dh" = {claim([-DH[0], DH[1]])}').alternatives
    assert [slip.kind for slip in sign] == ["sign"]


BATCH = """
[inputs]
X = [[0.5, 0.2], [-0.3, 0.7]]
[parameters]
W = [[0.1, 0.4], [0.2, -0.6]]
[forward]
Z = "X @ W.T"
L = "sum(Z**2)"
[worked]
"""


def test_a_wrong_entry_in_one_row_of_a_batch_comes_before_a_miscalculated_term() -> None:
    marked = last(BATCH + '"Z" = [[0.13, -0.02], [-0.45, -0.48]]')  # -0.3*0.1 + 0.7*(-0.6)
    assert [slip.kind for slip in marked.diagnoses] == ["wrong-operand"]
    assert ["arithmetic"] in [[slip.kind for slip in slips] for slips in marked.alternatives]


def test_only_what_comes_back_from_one_line_is_kept_of_three_uses() -> None:
    squared = """
    [inputs]
    p = [-3.2, 1.5]
    [forward]
    q = "p*p/4"
    F = "tanh(q) + p"
    [backward]
    of = "F"
    seed = [0.2, -1.1]
    [worked]
    """
    p, seed = np.array([-3.2, 1.5]), np.array([0.2, -1.1])
    through_q = seed * (1 - np.tanh(p * p / 4) ** 2) * p / 2
    assert kinds(squared + f'"dL/dp" = {claim(through_q)}') == ["overwritten"]
    assert kinds(squared + f'"dL/dp" = {claim(seed)}') == ["overwritten"]


def test_a_term_is_left_out_where_one_element_enters_all_others() -> None:
    x, d = np.array([3.0, 1.0, 4.0, 1.5, 5.0]), np.array([1.0, -2.0, 0.5, 3.0, -1.0])
    order = [2, 4, 3, 0, 1]
    gradient = np.zeros(5)
    gradient[order] = d * x[0]
    gradient[0] += (d * x[order]).sum() - d[2] * x[order[2]]
    marked = last(SCALED + f'"dL/dx" = {claim(gradient)}')
    assert [slip.kind for slip in marked.diagnoses] == ["missing-path"]
    assert "the route through F[2] adds +0.75" in marked.text


def test_a_mask_the_other_way_round_comes_before_an_exchange_and_a_function_in_place_of_its_derivative() -> None:
    local = '"dh(1)/dz1(1)" = 1\n"dh(2)/dz1(2)" = 0'
    assert bptui.run(bptui.loads(NETWORK)).value("h").tolist() == pytest.approx([0.0, 0.4])
    assert kinds(NETWORK + local) == ["relu-mask"]


def test_a_factor_is_left_out_where_it_is_0() -> None:
    dz2 = np.array([-0.2, 0.3])
    stated = '"dL/dz2" = [-0.2, 0.3]\n'
    assert kinds(NETWORK + stated + f'"dL/dW2" = {claim(np.outer(dz2, np.ones(2)))}') == ["missing-factor"]


def test_where_nothing_explains_it_that_is_said() -> None:
    line = last(NETWORK + '"dL/dW2(1,2)" = 7.123')
    assert (line.diagnoses, line.alternatives) == ((), ())
    assert line.text == "wrong, and no slip that is known explains it."


def test_sentences_have_the_numbers() -> None:
    assert last(f'{NETWORK}"dL/dh(2)" = {claim(W2[0, 1] * DZ2[0])}').text == (
        "-0.04551 is the route through y(1) alone; the route through y(2) adds -0.07800."
    )
    assert last(f'{NETWORK}"W1 @ x" = [0.02, 0.20]').text == (
        "(W1 @ x)(1): 0.2, which is W1(2,1), was used where W1(1,1) = 0.1 belongs; "
        "that gives 0.02 in the place of -0.03."
    )
    assert last(f'{NETWORK}"dL/db2(1)" = 0.227').text == (
        "The sign was lost: dL/db2(1) comes to -0.2276. 0.22756 was cut off to 0.227 where it rounds to 0.228."
    )


def test_a_slip_follows_the_writers_own_numbers() -> None:
    """0.6 on the sheet counts, and not the true 0.5449."""
    assert kinds(NETWORK + 'y = [0.6, 0.58]\n"dL/dy(1)" = 0.83') == ["sign"]
    assert kinds(NETWORK + 'y = [0.6, 0.58]\n"dL/dy(1)" = -1.67') == ["missing-factor"]


def test_stated_factors_are_the_ones_that_count() -> None:
    sheet = '"dL/dy(1)" = -0.83\n"dy(1)/dz2(1)" = 0.24\n"dz2(1)/dW2(1,2)" = 0.27\n"dL/dW2(1,2)" = '
    assert kinds(f"{NETWORK}{sheet}0.053") == ["sign", "truncated"]
    assert kinds(f"{NETWORK}{sheet}-0.224") == ["missing-factor"]
    assert kinds(f"{NETWORK}{sheet}-0.199") == ["missing-factor"]


# -- generated sheets --------------------------------------------------------------------------------------------------


def marked(sheet: Sheet) -> list[Marked]:
    scenario = bptui.loads(sheet.text)
    return mark(scenario, bptui.run(scenario))


def test_nothing_is_wrong_in_generated_right_solutions() -> None:
    for sheet in right_sheets(32):
        assert {line.verdict for line in marked(sheet)} <= {"right", "follows"}, sheet.text


def test_what_comes_after_a_slip_follows() -> None:
    for kind in ("sign", "missing-factor", "not-derived", "arithmetic"):
        for sheet in wrong_sheets(kind, 8, seed=3):
            after = marked(sheet)[sheet.at + 1 :]
            assert {line.verdict for line in after} <= {"right", "follows"}, sheet.text


def test_every_kind_is_planted() -> None:
    assert sorted(SLIPS) == sorted(KINDS)


@pytest.mark.parametrize("kind", KINDS)
def test_planted_slips_are_caught_and_named(kind: str) -> None:
    sheets = list(wrong_sheets(kind, 4))
    lines = [marked(sheet)[sheet.at] for sheet in sheets]
    caught = [line for line in lines if line.verdict == "wrong"]
    assert len(caught) >= (2 if kind == "truncated" else 4)
    named = [line for line in caught if line.diagnoses and line.diagnoses[0].kind == kind]
    assert len(named) >= len(caught) - 1
