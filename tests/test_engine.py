"""The engine on small scenarios by hand: the known traps of backpropagation, one test each, and what never changes."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from typing import Any

import autograd
import autograd.numpy as anp
import numpy as np
import pytest

import bptui
from bptui.exporting.json import write_json
from bptui.present.presentation import Presentation
from bptui.trace.record import Trace
from bptui.trace.steps import Step


def trace_of(text: str, values: Mapping[str, Any] | None = None) -> Trace:
    return bptui.run(bptui.loads(text), values)


def one_input(forward: str, x: Any, backward: str = "") -> Trace:
    """Return the trace of a scenario with one input, `x`."""
    return trace_of(f"[inputs]\nx = {x}\n[forward]\n{forward}\n{backward}")


def onto(trace: Trace, name: str) -> list[Step]:
    """Return the backward steps that add to the gradient of a named value."""
    target = trace.program.names[name]
    return [step for step in trace.steps if step.phase == "backward" and step.target == target]


def operations(trace: Trace) -> list[str]:
    return [step.operation.name for step in trace.program.steps]


# Accumulation


def test_two_uses_of_one_value_are_two_contributions() -> None:
    trace = one_input('L = "x*x"', 3.0)
    first, second = onto(trace, "x")
    assert (first.slot, second.slot) == (0, 1)
    assert [first[name] for name in ("before", "contribution", "after")] == [0.0, 3.0, 3.0]
    assert [second[name] for name in ("before", "contribution", "after")] == [3.0, 3.0, 6.0]
    assert second.before is first.after
    assert trace.gradient("x") == 6.0


def test_one_value_in_all_places() -> None:
    trace = one_input('L = "where(x, x, x)*x + x**x"', 2.0)
    assert trace.gradient("x") == pytest.approx(4.0 + 4.0 * (math.log(2.0) + 1.0), rel=1e-14)
    assert len(onto(trace, "x")) == 5, "every use but the condition"


def test_the_first_element_times_all() -> None:
    """F3 = x0 * permute(x): index 0 receives as a factor of all, and as an element of its own."""
    trace = one_input(
        'F3 = "x[0] * permute(x, [2, 4, 3, 0, 1])"',
        "[3.0, 1.0, 4.0, 1.5, 5.0]",
        "[backward]\nseed = [1.0, -2.0, 0.5, 3.0, -1.0]",
    )
    x, d = trace.value("x"), trace.seed
    permuted = x[[2, 4, 3, 0, 1]]
    expected = np.zeros(5)
    expected[[2, 4, 3, 0, 1]] = d * x[0]
    expected[0] += d @ permuted
    np.testing.assert_allclose(trace.gradient("x"), expected, rtol=1e-14)


def test_x0_times_x() -> None:
    trace = one_input('y = "x[0]*x"', "[2.0, 3.0]", "[backward]\nseed = [10.0, 100.0]")
    np.testing.assert_array_equal(trace.gradient("x"), [10 * 2 * 2 + 100 * 3, 100 * 2])


def test_a_skip_connection() -> None:
    trace = one_input('h = "3*x"\ny = "h + x"\nL = "y*y"', 2.0)
    assert trace.gradient("y") == 16.0
    assert trace.gradient("x") == 64.0
    assert len(onto(trace, "x")) == 2


def test_a_gradient_is_passed_on_only_when_it_is_complete() -> None:
    trace = one_input('h = "2*x"\na = "h*3"\nb = "h*5"\nL = "a + b"', 1.0)
    (only,) = onto(trace, "x")
    assert only.upstream == trace.gradient("h") == 8.0
    assert only.index > max(step.index for step in onto(trace, "h"))


# Permutations


def test_a_cycle_of_three() -> None:
    """y = (x2, x0, x1): the gradient goes back by the inverse, and this permutation is not its own."""
    seed = "[backward]\nseed = [1.0, 10.0, 100.0]"
    trace = one_input('y = "permute(x, [2, 0, 1])"', "[5.0, 6.0, 7.0]", seed)
    np.testing.assert_array_equal(trace.value("y"), [7.0, 5.0, 6.0])
    np.testing.assert_array_equal(trace.gradient("x"), [10.0, 100.0, 1.0])
    np.testing.assert_array_equal(trace.derivative("dy/dx"), [[0, 0, 1], [1, 0, 0], [0, 1, 0]])


@pytest.mark.parametrize(
    ("call", "order"),
    [("sort(x)", [1, 2, 0]), ("sort(x, descending=True)", [0, 2, 1]), ("reverse(x)", [2, 1, 0]),
     ("roll(x, 1)", [2, 0, 1]), ("gather(x, [1, 2, 0])", [1, 2, 0]), ("topk(x, 3)", [0, 2, 1])],
)  # fmt: skip
def test_gradients_go_back_to_where_elements_came_from(call: str, order: list[int]) -> None:
    trace = one_input(f'y = "{call}"', "[9.0, 1.0, 4.0]", "[backward]\nseed = [1.0, 10.0, 100.0]")
    np.testing.assert_array_equal(trace.value("y"), trace.value("x")[order])
    expected = np.zeros(3)
    expected[order] = trace.seed
    np.testing.assert_array_equal(trace.gradient("x"), expected)


def test_gather_with_repeats_adds_up() -> None:
    trace = one_input('y = "gather(x, [1, 1, 0, 1])"', "[2.0, 3.0, 4.0]", "[backward]\nseed = [1.0, 2.0, 4.0, 8.0]")
    np.testing.assert_array_equal(trace.gradient("x"), [4.0, 11.0, 0.0])


# Ties and kinks


@pytest.mark.parametrize(
    ("expression", "x", "gradient"),
    [
        ("relu(x)", 0.0, 0.0),
        ("abs(x)", 0.0, 0.0),
        ("leaky_relu(x, slope=0.25)", 0.0, 0.25),
        ("elu(x)", 0.0, 1.0),
        ("norm(x)", [0.0, 0.0], [0.0, 0.0]),
        ("max(x)", [2.0, 1.0, 2.0], [0.5, 0.0, 0.5]),
        ("min(x)", [1.0, 1.0, 1.0, 2.0], [1 / 3, 1 / 3, 1 / 3, 0.0]),
        ("sum(maximum(x, 1))", [1.0, 2.0, 0.0], [0.5, 1.0, 0.0]),
        ("sum(minimum(x, 1))", [1.0, 2.0, 0.0], [0.5, 0.0, 1.0]),
        ("maximum(x, x)", 3.0, 1.0),
        ("sum(max_pool1d(x, 2))", [1.0, 1.0, 3.0, 2.0, 9.0], [0.5, 0.5, 1.0, 0.0, 0.0]),
        ("sort(x)[0]", [2.0, 1.0, 1.0], [0.0, 1.0, 0.0]),
        ("sort(x, descending=True)[1]", [2.0, 1.0, 1.0], [0.0, 1.0, 0.0]),
        ("topk(x, 1)[0]", [1.0, 2.0, 2.0], [0.0, 1.0, 0.0]),
    ],
)
def test_conventions_at_kinks_and_ties(expression: str, x: Any, gradient: Any) -> None:
    np.testing.assert_array_equal(one_input(f'L = "{expression}"', x).gradient("x"), gradient)


# Broadcasting and shapes


def test_broadcasting_is_summed_over_its_axes() -> None:
    trace = trace_of(
        "[inputs]\nX = [[1.0, 2.0, 3.0], [4.0, 5.0, 6.0]]\n"
        "[parameters]\nb = [0.1, 0.2, 0.3]\nc = [[1.0], [2.0]]\ns = 2.0\none = [3.0]\n"
        '[forward]\nL = "sum((X + b)*c*s*one)"'
    )
    X, b, c = trace.value("X"), trace.value("b"), trace.value("c")
    np.testing.assert_allclose(trace.gradient("b"), [18.0] * 3)
    np.testing.assert_allclose(trace.gradient("c"), 6 * (X + b).sum(axis=1, keepdims=True))
    np.testing.assert_allclose(trace.gradient("s"), 3 * ((X + b) * c).sum())
    np.testing.assert_allclose(trace.gradient("one"), [2 * ((X + b) * c).sum()])
    for name in ("b", "c", "s", "one"):
        (step,) = onto(trace, name)
        assert step.local is not None
        assert step.local.kind == "elementwise"
        assert step.local.value is not None
        assert step.local.value.shape == (2, 3), "before the sum, an entry for each copy"
        assert step.contribution is not None
        assert step.contribution.shape == trace.value(name).shape


@pytest.mark.parametrize("x", ["2.0", "[2.0]", "[[2.0]]", "[[[2.0]]]"])
def test_0_d_and_size_1(x: str) -> None:
    trace = one_input('y = "x*x + tanh(x)"\nL = "sum(y)"', x)
    assert trace.gradient("x").shape == trace.value("y").shape == np.shape(json.loads(x))
    assert trace.gradient("x").reshape(-1)[0] == pytest.approx(4 + 1 - math.tanh(2.0) ** 2)
    assert isinstance(trace.value("x"), np.ndarray)


def test_empty_arrays() -> None:
    trace = one_input('none = "x[2:]"\nL = "sum(none*none) + prod(none) + x[0]"', "[3.0, 4.0]")
    assert trace.value("none").shape == trace.gradient("none").shape == (0,)
    assert trace.value("L") == 4.0
    np.testing.assert_array_equal(trace.gradient("x"), [1.0, 0.0])
    for index in range(len(trace.steps)):
        assert Presentation(trace).frame(index).title
    assert json.loads(write_json(trace))["gradients"] == {"x": [1.0, 0.0]}


def test_the_mean_of_nothing_is_refused() -> None:
    with pytest.raises(bptui.BptuiError, match="no mean of nothing"):
        one_input('L = "mean(x[1:])"', "[3.0]")


# Softmax and losses


def test_softmax_has_a_full_jacobian() -> None:
    trace = one_input('y = "softmax(x)"', "[1.0, 2.0, 0.5]", "[backward]\nseed = [1.0, 0.0, 0.0]")
    y = trace.value("y")
    full = np.diag(y) - np.outer(y, y)
    (step,) = onto(trace, "x")
    assert step.local is not None
    assert step.local.kind == "jacobian"
    assert step.local.value is not None
    np.testing.assert_allclose(step.local.value, full, rtol=1e-14, atol=1e-17)
    np.testing.assert_allclose(trace.gradient("x"), full[0], rtol=1e-14, atol=1e-17)
    assert np.count_nonzero(step.local.value) == 9


@pytest.mark.parametrize(
    ("fused", "long", "t"),
    [
        ("softmax_cross_entropy(z, t)", "-sum(t*log(softmax(z)))", "[0.0, 1.0, 0.0]"),
        ("bce(sigmoid(z), t, reduction=\\\"sum\\\")", "-sum(t*log(sigmoid(z)) + (1 - t)*log(1 - sigmoid(z)))",
         "[0.0, 1.0, 1.0]"),
    ],
)  # fmt: skip
def test_fused_losses_give_p_minus_t_as_the_long_way_does(fused: str, long: str, t: str) -> None:
    scenario = "[inputs]\nz = [0.5, -1.0, 2.0]\nt = {}\n[forward]\nL = \"{}\"\n[backward]\nwrt = ['z']"
    short, written_out = (trace_of(scenario.format(t, way)).gradient("z") for way in (fused, long))
    np.testing.assert_allclose(short, written_out, rtol=1e-12)
    z = np.array([0.5, -1.0, 2.0])
    p = np.exp(z) / np.exp(z).sum() if "softmax" in fused else 1 / (1 + np.exp(-z))
    np.testing.assert_allclose(short, p - json.loads(t), rtol=1e-12)


# Large arguments, nan and inf


@pytest.mark.parametrize(
    ("expression", "x", "value", "gradient"),
    [
        ("sigmoid(x)", -800.0, 0.0, 0.0),
        ("sigmoid(x)", 800.0, 1.0, 0.0),
        ("softplus(x)", 800.0, 800.0, 1.0),
        ("-softplus(-x)", -800.0, -800.0, 1.0),
        ("tanh(x)", 800.0, 1.0, 0.0),
        ("logsumexp(x)", [1000.0, 1000.0], 1000.0 + math.log(2.0), [0.5, 0.5]),
        ("log_softmax(x)[0]", [-1000.0, 0.0], -1000.0, [1.0, -1.0]),
        ("softmax(x)[0]", [1000.0, 0.0], 1.0, [0.0, 0.0]),
        ("norm(x)", [3e200, 4e200], 5e200, [0.6, 0.8]),
        ("elu(x)", -800.0, -1.0, 0.0),
        ("silu(x)", -800.0, 0.0, 0.0),
        ("gelu(x)", -800.0, 0.0, 0.0),
    ],
)
def test_stable_at_large_arguments(expression: str, x: Any, value: float, gradient: Any) -> None:
    trace = one_input(f'L = "{expression}"', x)
    assert trace.value("L") == pytest.approx(value, rel=1e-15, abs=1e-300)
    np.testing.assert_allclose(trace.gradient("x"), gradient, rtol=1e-12, atol=1e-300)
    assert trace.first_not_finite is None


def test_what_is_written_is_what_is_computed() -> None:
    trace = one_input('p = "sigmoid(x)"\nL = "log(p)"', -800.0)
    assert trace.value("L") == -np.inf
    bad = trace.first_not_finite
    assert bad is not None
    assert (bad.step, bad.number) == (1, -np.inf)
    assert bad.value == trace.program.names["L"]
    assert any("-softplus(-z)" in note for note in Presentation(trace).frame(1).notes)
    assert not any("-softplus(-z)" in note for note in Presentation(trace).frame(0).notes)


def test_the_first_number_that_is_not_finite() -> None:
    trace = one_input('a = "2*x"\nb = "log(a)"\nc = "b*0"\nL = "sum(c)"', "[1.0, 0.0, -1.0]")
    bad = trace.first_not_finite
    assert bad is not None
    assert (bad.step, bad.value, bad.element, bad.number) == (1, trace.program.names["b"], 1, -np.inf)


def test_a_gradient_that_is_not_finite_though_all_values_are() -> None:
    trace = one_input('L = "sqrt(x)"', 0.0)
    bad = trace.first_not_finite
    assert bad is not None
    assert bad.step == trace.seed_step + 1
    assert bad.number == np.inf
    assert any("first becomes inf" in note for note in Presentation(trace).frame(bad.step).notes)


def test_a_leaf_that_is_not_finite_was_given_so() -> None:
    trace = trace_of('[inputs]\nx = [1.0, 2.0]\n[forward]\nL = "sum(x)"', {"x": [1.0, math.nan]})
    bad = trace.first_not_finite
    assert bad is not None
    assert (bad.step, bad.element) == (None, 1)
    assert math.isnan(bad.number)


def test_nothing_warns_or_raises_on_overflow() -> None:
    trace = one_input('a = "exp(x)"\nb = "a - a"\nc = "1/(x - x)"\nL = "a*b + c"', 1000.0)
    assert math.isnan(float(trace.value("L")))
    for index in range(len(trace.steps)):
        assert Presentation(trace).frame(index).formulas
    assert '"nan"' in write_json(trace)


# What is used by no one, targets anywhere


def test_a_value_that_no_one_uses() -> None:
    trace = one_input('unused = "x*5"\nL = "x + 1"', 2.0)
    assert trace.gradient("unused") == 0.0
    assert trace.gradient("x") == 1.0
    assert len(onto(trace, "x")) == 1


def test_a_target_that_is_not_the_last_line_and_has_users() -> None:
    trace = one_input('y = "3*x"\nz = "y*y"\nL = "z*x"', 2.0, '[backward]\nof = "y"\nwrt = ["x", "z", "y"]')
    assert trace.gradient("x") == 3.0
    assert trace.gradient("z") == trace.gradient("L") == 0.0
    assert trace.gradient("y") == 1.0
    assert trace.value("L") == 72.0, "what the target does not need is computed all the same"


def test_gradients_with_respect_to_forward_lines() -> None:
    trace = one_input('h = "2*x"\nL = "h*h"', 3.0, '[backward]\nwrt = ["h"]')
    assert json.loads(write_json(trace))["gradients"] == {"h": 12.0}


def test_parameters_are_asked_for_unless_there_are_none() -> None:
    assert trace_of('[inputs]\nx = 1.0\n[parameters]\nw = 2.0\n[forward]\nL = "x*w"').program.wrt == ("w",)
    assert one_input('L = "2*x"', 1.0).program.wrt == ("x",)


def test_a_seed_of_shape_1_must_be_given() -> None:
    assert one_input('L = "x"', "[3.0]", "[backward]\nseed = [2.0]").gradient("x") == 2.0
    with pytest.raises(bptui.BptuiError, match="a gradient is taken of one number"):
        one_input('L = "x"', "[3.0]")


# Lines and names


def test_lines_that_rename_and_lines_that_are_constant() -> None:
    trace = one_input('a = "x"\nb = "a"\nc = "2*pi"\nd = "c"\nL = "b*d + a"', 3.0)
    assert operations(trace) == ["identity", "identity", "identity", "identity", "multiply", "add"]
    assert trace.gradient("x") == pytest.approx(2 * math.pi + 1)
    assert trace.gradient("c") == 3.0
    assert trace.gradient("b") == pytest.approx(2 * math.pi)


def test_constants_are_folded() -> None:
    trace = one_input('L = "-1/2 * x + (2**3 - e/e)"', 3.0)
    assert operations(trace) == ["multiply", "add"]
    assert trace.value("L") == 5.5


def test_a_function_that_replaces_an_operation() -> None:
    text = '[functions]\n"sigmoid(z)" = "1/(1 + exp(-z))"\n[inputs]\nx = 0.5\n[forward]\nL = "sigmoid(x)"'
    trace = trace_of(text)
    assert "sigmoid" not in operations(trace)
    assert "exp" in operations(trace)
    p = 1 / (1 + math.exp(-0.5))
    assert trace.value("L") == pytest.approx(p)
    assert trace.gradient("x") == pytest.approx(p * (1 - p))


def test_a_leaf_and_a_line_share_operations_names() -> None:
    trace = trace_of('[inputs]\nsum = [1.0, 2.0]\n[forward]\nmax = "sum(sum)*2"\nL = "max*max(sum)"')
    assert trace.value("max") == 6.0
    np.testing.assert_array_equal(trace.gradient("sum"), [4.0, 10.0])


def test_functions_inside_functions_in_any_order() -> None:
    text = (
        '[functions]\n"outer(a)" = "inner(a, 2)*inner(b=a, a=3)"\n"inner(a, b)" = "a*a + b"\n'
        '[inputs]\nx = 2.0\n[forward]\nL = "outer(x) + inner(x, x)"'
    )
    trace = trace_of(text)
    assert trace.value("L") == (4 + 2) * (9 + 2) + 4 + 2
    assert trace.gradient("x") == 4 * 11 + 6 * 1 + 4 + 1


def test_a_function_called_twice_is_two_pieces() -> None:
    trace = trace_of('[functions]\n"f(u)" = "u*u"\n[inputs]\nx = 3.0\n[forward]\nL = "f(x) + f(2*x)"')
    assert trace.gradient("x") == 6.0 + 4 * 2 * 3.0
    assert [call.text for call in trace.program.calls] == ["f(x)", "f(2*x)"]


def test_a_parameter_hides_a_value_and_a_function_sees_no_others() -> None:
    trace = trace_of('[functions]\n"f(x)" = "10*x"\n[inputs]\nx = 3.0\ny = 1.0\n[forward]\nL = "f(y) + x"')
    assert trace.value("L") == 13.0
    with pytest.raises(bptui.BptuiError, match="unknown name `y`"):
        trace_of('[functions]\n"f(u)" = "u*y"\n[inputs]\nx = 3.0\ny = 1.0\n[forward]\nL = "f(x)"')


def test_a_function_that_calls_itself_is_refused() -> None:
    with pytest.raises(bptui.BptuiError, match="calls itself"):
        trace_of('[functions]\n"f(x)" = "g(x)"\n"g(x)" = "f(x)"\n[inputs]\nx = 3.0\n[forward]\nL = "f(x)"')


def test_a_sum_of_two_thousand_terms() -> None:
    thousand = " + ".join(["x"] * 1000)
    trace = one_input(f'a = "{thousand}"\nL = "a + ({thousand})"', 0.5)
    assert trace.value("L") == 1000.0
    assert trace.gradient("x") == 2000.0
    assert len(onto(trace, "x")) == 2000
    for index in (0, 1000, trace.seed_step, len(trace.steps) - 1):
        assert len(Presentation(trace).frame(index).title) < 400


def test_a_chain_of_a_thousand_lines() -> None:
    lines = "\n".join(f'h{i + 1} = "0.999*h{i}"' for i in range(1000))
    trace = trace_of(f"[inputs]\nh0 = 2.0\n[forward]\n{lines}")
    assert trace.gradient("h0") == pytest.approx(0.999**1000, rel=1e-12)
    assert trace.derivative("dh1000/dh500") == pytest.approx(0.999**500, rel=1e-12)


@pytest.mark.parametrize(
    ("expression", "value"),
    [("-x**2", -9.0), ("2**-x", 0.125), ("2**x**2", 512.0), ("(-x)**2", 9.0), ("1 - x - 1", -3.0),
     ("1 - (x - 1)", -1.0), ("12/x/2", 2.0),
     ("12/(x/2)", 8.0), ("-x + 1", -2.0), ("--x", 3.0), ("+x", 3.0), ("x*-2", -6.0),
     ("(x > 2) + (x < 2)", 1.0), ("1 + x > 2", 1.0), ("x == 3", 1.0), ("x != 3", 0.0), ("1_0*x", 30.0),
     ("1e1*x", 30.0), ("0x10 + x", 19.0), (".5*x", 1.5)],
)  # fmt: skip
def test_precedence_is_pythons(expression: str, value: float) -> None:
    assert one_input(f'L = "{expression}"', 3.0).value("L") == value


# Networks


def test_a_network_of_every_kind_of_layer() -> None:
    trace = trace_of(
        """
[inputs]
x = [0.5, -0.2, 0.8]
t = [1.0, 0.0]
[functions]
"twice(u)" = "2*u"
[network]
input = "x"
layers = [
  { kind = "dense", units = 3, activation = "tanh", weights = [[1.0, 4, 2], [2, 5, -3], [3, -6, 1]], bias = [1, 2, 3] },
  { kind = "permute", order = [2, 0, 1] },
  { kind = "sort", descending = true },
  { kind = "function", name = "twice" },
  { kind = "dense", units = 2, weights = [[1.0, 2.0, 3.0], [4.0, 5.0, 6.5]] },
  { kind = "activation", function = "sigmoid" },
]
loss = { kind = "bce", target = "t", reduction = "sum", name = "E" }
"""
    )
    lines = {name: line.text for name, line in trace.program.lines.items()}
    assert lines == {
        "z1": "W1 @ x + b1",
        "a1": "tanh(z1)",
        "a2": "permute(a1, [2, 0, 1])",
        "a3": "sort(a2, descending=True)",
        "a4": "twice(a3)",
        "z5": "W5 @ a4",
        "y": "sigmoid(z5)",
        "E": 'bce(y, t, reduction="sum")',
    }
    assert trace.program.wrt == ("W1", "b1", "W5"), "weights that are given come without a bias"
    assert all(line.origin == "network" for line in trace.program.lines.values())
    x, t = trace.value("x"), trace.value("t")

    def loss(parameters: dict[str, Any]) -> Any:
        a = anp.tanh(anp.dot(parameters["W1"], x) + parameters["b1"])
        a = 2 * anp.sort(a)[::-1]
        y = 1 / (1 + anp.exp(-anp.dot(parameters["W5"], a)))
        return -anp.sum(t * anp.log(y) + (1 - t) * anp.log(1 - y))

    parameters = {name: np.array(trace.value(name)) for name in trace.program.wrt}
    assert trace.value("E") == pytest.approx(float(loss(parameters)))
    for name, gradient in autograd.grad(loss)(parameters).items():
        np.testing.assert_allclose(trace.gradient(name), gradient, rtol=1e-10)


def test_a_batch_through_a_network() -> None:
    trace = trace_of(
        """
[inputs]
X = [[0.5, -0.2], [0.1, 0.9], [1.0, 0.3]]
T = [[1.0, 0.0], [0.0, 1.0], [1.0, 0.0]]
[network]
input = "X"
output = "out"
layers = [
  { kind = "dense", units = 3, activation = "relu", init = "he_normal", seed = 3 },
  { kind = "permute", order = [2, 0, 1] },
  { kind = "sort" },
  { kind = "dense", units = 2, init = "xavier_normal", seed = 4, scale = 0.5, bias = false },
]
loss = { kind = "softmax_cross_entropy", target = "T" }
[forward]
double = "2*L"
"""
    )
    lines = {name: line.text for name, line in trace.program.lines.items()}
    assert lines["z1"] == "X @ W1.T + b1"
    assert lines["a2"] == "permute(a1, [2, 0, 1], axis=-1)"
    assert lines["out"] == "a3 @ W4.T", "without an activation the last line has the output's name"
    assert "z4" not in lines
    assert trace.program.wrt == ("W1", "b1", "W4")
    np.testing.assert_array_equal(trace.value("b1"), np.zeros(3))
    expected = math.sqrt(2 / 2) * np.random.RandomState(3).standard_normal((3, 2))
    np.testing.assert_array_equal(trace.value("W1"), expected)
    expected = 0.5 * (math.sqrt(2 / 5) * np.random.RandomState(4).standard_normal((2, 3)))
    np.testing.assert_allclose(trace.value("W4"), expected, rtol=1e-15)
    X, T = trace.value("X"), trace.value("T")

    def loss(parameters: dict[str, Any]) -> Any:
        h = anp.maximum(anp.dot(X, parameters["W1"].T) + parameters["b1"], 0.0)
        z = anp.dot(anp.array([anp.sort(row) for row in h]), parameters["W4"].T)
        return -2 * anp.sum(T * (z - anp.log(anp.sum(anp.exp(z), axis=1, keepdims=True)))) / 3

    parameters = {name: np.array(trace.value(name)) for name in trace.program.wrt}
    assert trace.value("double") == pytest.approx(float(loss(parameters)))
    found = autograd.grad(loss)(parameters)
    np.testing.assert_allclose(trace.gradient("W4"), found["W4"], rtol=1e-10, atol=1e-15)
    np.testing.assert_allclose(trace.gradient("W1"), found["W1"], rtol=1e-10, atol=1e-15)
    np.testing.assert_allclose(trace.gradient("b1"), found["b1"], rtol=1e-10, atol=1e-15)


@pytest.mark.parametrize(
    ("layer", "names"),
    [
        ("weights = [[1.0, 2.0]]", ["W1"]),
        ("weights = [[1.0, 2.0]], bias = [3.0]", ["W1", "b1"]),
        ("weights = [[1.0, 2.0]], bias = false", ["W1"]),
        ('init = "ones"', ["W1", "b1"]),
        ('init = "ones", bias = false', ["W1"]),
        ('init = "ones", bias = [3.0]', ["W1", "b1"]),
        ("", ["W1", "b1"]),
    ],
)
def test_when_a_layer_has_a_bias(layer: str, names: list[str]) -> None:
    comma = "," if layer else ""
    network = f'[network]\ninput = "x"\nlayers = [{{ kind = "dense", units = 1{comma} {layer} }}]'
    trace = trace_of(f"[inputs]\nx = [1.0, 1.0]\n{network}\n[backward]\nseed = [1.0]")
    assert list(trace.program.wrt) == names
    assert list(trace.program.lines) == ["y"]


# The record


def test_arrays_cannot_be_written_to() -> None:
    trace = bptui.run(bptui.load("exercise-7-1"))
    arrays = [*trace.values, trace.seed, *trace.contributions, *trace.accumulated]
    arrays += [trace.value("W1"), trace.gradient("W1"), trace.gradient("W1(1,1)"), trace.value("y(1)")]
    for step in trace.steps:
        for name in ("gradient", "upstream", "contribution", "before", "after"):
            if step[name] is not None:
                arrays.append(step[name])
        if step.local is not None and step.local.value is not None:
            arrays.append(step.local.value)
    for array in arrays:
        assert not array.flags.writeable
        with pytest.raises(ValueError, match="read-only"):
            array[...] = 0.0


def test_steps_cannot_be_changed() -> None:
    step: Any = bptui.run(bptui.load("exercise-7-1")).steps[0]  # the types forbid it too
    with pytest.raises(AttributeError):
        step.op = "add"
    with pytest.raises(TypeError):
        step.params["axis"] = 1


def test_a_run_with_other_numbers_leaves_the_first_as_it_was() -> None:
    scenario = bptui.load("exercise-7-1")
    first = bptui.run(scenario)
    before = write_json(first)
    given = np.array([2.0, -1.0])
    second = bptui.run(scenario, values={"x": given})
    np.testing.assert_array_equal(second.value("x"), [2.0, -1.0])
    given[0] = 99.0
    np.testing.assert_array_equal(second.value("x"), [2.0, -1.0])
    assert given.flags.writeable, "the caller's array stays the caller's"
    assert write_json(first) == before == write_json(bptui.run(scenario))
    assert write_json(second) != before
    assert second.scenario is first.scenario


def test_what_values_may_be() -> None:
    scenario = bptui.loads('[inputs]\nx = [1.0, 2.0]\ns = 3.0\n[forward]\nL = "s*sum(x)"')
    for given in ([1, 2], (1, 2), np.array([1, 2]), np.array([1, 2], dtype=np.float32), range(1, 3)):
        assert bptui.run(scenario, values={"x": given}).value("L") == 9.0
    assert bptui.run(scenario, values={"s": 2}).value("L") == 6.0
    assert bptui.run(scenario, values={}).value("L") == 9.0


@pytest.mark.parametrize(
    ("values", "said"),
    [
        ({"z": 1.0}, "`z` is no leaf"),
        ({"L": 1.0}, "`L` is no leaf"),
        ({"x": 1.0}, "given shape ()"),
        ({"x": [1.0, 2.0, 3.0]}, "given shape (3,)"),
        ({"x": [[1.0, 2.0]]}, "given shape (1, 2)"),
        ({"x": ["a", "b"]}, "no array of numbers"),
        ({"x": [[1.0], [1.0, 2.0]]}, "no array of numbers"),
        ({"x": None}, "`x`"),
        ({"x": [1.0, 1j]}, "no array of numbers"),
        ({"inptu": [1.0, 2.0]}, "did you mean `input`"),
    ],
)
def test_what_values_may_not_be(values: dict[str, Any], said: str) -> None:
    scenario = bptui.loads('[inputs]\nx = [1.0, 2.0]\ninput = 1.0\n[forward]\nL = "input*sum(x)"')
    with pytest.raises(bptui.BptuiError) as fault:
        bptui.run(scenario, values=values)
    assert said in str(fault.value)


def test_symbols_without_numbers_are_asked_for() -> None:
    scenario = bptui.loads('[inputs]\nx = { symbol = "x", shape = [2] }\n[forward]\nL = "sum(x*x)"')
    with pytest.raises(bptui.BptuiError, match="`x` has symbols but no numbers") as fault:
        bptui.run(scenario)
    assert fault.value.line == 2
    assert bptui.run(scenario, values={"x": [1, 2]}).value("L") == 5.0


def test_steps_are_a_sequence() -> None:
    steps = bptui.run(bptui.load("exercise-7-1")).steps
    assert [step.index for step in steps] == list(range(len(steps)))
    assert steps[-1].index == len(steps) - 1
    assert [step.index for step in steps[2:9:3]] == [2, 5, 8]
    with pytest.raises(IndexError):
        steps[len(steps)]
    with pytest.raises(IndexError):
        steps[-len(steps) - 1]


def test_fields_of_a_step_by_name() -> None:
    steps = bptui.run(bptui.load("exercise-7-1")).steps
    assert steps[0]["op"] == steps[0].op == "matmul"
    with pytest.raises(KeyError):
        steps[0]["nothing"]
    assert set(steps[0].keys()) == {"index", "phase", "op", "inputs", "params", "output", "line", "formula"}


def test_the_gradient_as_it_stood_at_a_step() -> None:
    trace = one_input('L = "x*x"', 3.0)
    x, target = trace.program.names["x"], trace.program.target
    assert [trace.gradient_at(x, step) for step in range(4)] == [None, None, 3.0, 6.0]
    assert [trace.gradient_at(target, step) for step in range(4)] == [None, 1.0, 1.0, 1.0]


def test_numbers_in_json_read_back_to_the_same_float() -> None:
    numbers = [0.1, 1 / 3, 5e-324, 1.7976931348623157e308, -0.0, 2.0**60 + 0.0]
    trace = trace_of('[inputs]\nx = [0, 0, 0, 0, 0, 0]\n[forward]\nL = "sum(x[:3])"', {"x": numbers})
    data = json.loads(write_json(trace))
    assert list(map(repr, data["values"][0]["value"])) == list(map(repr, numbers))


def test_export_can_be_called_again() -> None:
    """Importing the subpackage that writes must not put it in the function's place."""
    trace = one_input('L = "x*x"', 3.0)
    first = bptui.export(trace, "json")
    assert bptui.export(trace, "json") == first
