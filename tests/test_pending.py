"""Pending arrays: what a rule does is written down once, and a rule that looks at its numbers is called as it is."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import bptui
from bptui.engine.pending import Pending, Sheet, Unfolding
from bptui.engine.plan import make_plan, write_plan
from bptui.ops import OPERATIONS, numeric


def unfolded(rule: Any, *shapes: tuple[int, ...], **options: Any) -> Pending:
    sheet = Sheet()
    operands = [sheet.given(f"leaves[{number}]", shape) for number, shape in enumerate(shapes)]
    return sheet.unfold(rule, Unfolding(sheet, numeric), *operands, **options)


def text(pending: Any) -> str:
    """Return what is written down for a pending array, in the names of what is called."""
    if isinstance(pending, Pending):
        return pending.template.format(*map(text, pending.parts))
    if isinstance(pending, np.generic):
        return f"{type(pending).__name__}({pending})"
    name = getattr(pending, "__name__", None)
    return str(name) if name is not None else repr(pending)


def plan_of(forward: str) -> tuple[str, dict[str, Any]]:
    given = "x = [[1.0, 2.0, 3.0], [0.5, -1.0, 4.0]]\nt = [[0.0, 1.0, 0.0], [1.0, 0.0, 0.0]]"
    return write_plan(bptui.loads(f"[inputs]\n{given}\n[forward]\n{forward}").program)


def calls_of(function: Any, plan: tuple[str, dict[str, Any]]) -> int:
    written, constants = plan
    names = [name for name, thing in constants.items() if thing is function]
    return sum(written.count(f"{name}(") for name in names)


def test_what_python_does_in_a_rule_is_gone() -> None:
    found = unfolded(OPERATIONS["tanh"].partials[0], (3,), (3,))
    assert text(found) == "(array(1.) - (leaves[0] * leaves[0]))"
    assert text(unfolded(OPERATIONS["matmul"].vjps[0], (2,), (2,), (2, 3), (3,))) == (
        "(leaves[0][(Ellipsis, None)] * leaves[3])"
    )


def test_single_numbers_meet_as_numpy_s_scalars() -> None:
    assert text(unfolded(lambda xp, a, b: a / (2 * b), (), ())) == "(leaves[0][()] / (float64(2.0) * leaves[1][()]))"
    assert text(unfolded(lambda xp, a, b: a / (2 * b), (), (3,))) == "(leaves[0] / (array(2.) * leaves[1]))"


def test_the_same_operation_is_computed_once() -> None:
    """The loss, its derivative and a softmax beside it share one exp, one maximum and one logarithm."""
    plan = plan_of('L = "softmax_cross_entropy(x, t) + sum(softmax(x)*t)"')
    assert [calls_of(function, plan) for function in (np.exp, np.log, np.isfinite)] == [1, 1, 1]
    assert calls_of(np.exp, plan_of('L = "sum(exp(x)*exp(2*x))"')) == 2


@pytest.mark.parametrize(
    "rule",
    [
        lambda xp, x: x if x[0] > 0 else -x,
        lambda xp, x: xp.zeros(x.shape) + x,
        lambda xp, x: np.asarray(x) * 2,
        lambda xp, x: sum(x[k] for k in range(len(x))),
        lambda xp, x: np.add(x, 1.0, out=np.empty(3)),
        lambda xp, x: x.cumprod(),
        lambda xp, x: 0.0 * float(x[0]),
        lambda xp, x: sum((x * (k + 1.0) for k in range(100)), x),
    ],
)
def test_a_rule_that_looks_at_its_numbers_is_called_as_a_whole(rule: Callable[..., Any]) -> None:
    found = unfolded(rule, (3,))
    assert found.parts[0] is rule
    assert found.parts[1] is numeric
    assert found.template == "{}({}, {})"


def test_options_that_a_rule_chose_are_handed_over_by_name() -> None:
    """The order of a sort is known when the plan runs; a rule that cannot be unfolded gets it all the same."""

    def rule(xp: Any, x: Any, order: Any) -> Any:
        return np.asarray(x)[np.asarray(order)]

    sheet = Sheet()
    x, order = sheet.given("leaves[0]", (3,)), sheet.call(np.argsort, (sheet.given("leaves[1]", (3,)),))
    found = sheet.unfold(rule, Unfolding(sheet, numeric), x, order=order)
    function, xp, *operands = found.parts
    assert operands == [x, order]
    assert function(xp, np.array([1.0, 2.0, 3.0]), np.array([2, 0, 1])).tolist() == [3.0, 1.0, 2.0]


def test_a_plan_leaves_alone_what_it_is_given() -> None:
    program = bptui.loads('[inputs]\nx = [1.0, 2.0]\n[forward]\ny = "conv1d(x, x)"\nL = "sum(y)"').program
    leaves = {0: np.array([3.0, 4.0])}
    make_plan(program)(leaves, np.ones(()))
    assert leaves[0].tolist() == [3.0, 4.0]
