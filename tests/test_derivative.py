"""`trace.derivative`: total derivatives between any two names or elements, in every notation, and its refusals."""

from __future__ import annotations

from random import Random

import numpy as np
import pytest

import bptui
from bptui.ops import OPERATIONS
from bptui.trace.record import Trace
from random_scenarios import random_scenario

NETWORK = """
index_base = 1
[inputs]
x = [0.5, 0.2]
[parameters]
W1 = [[0.1, 0.4], [0.2, 0.5], [0.3, 0.6]]
c = 2.0
[forward]
z1 = "W1 @ x"
h = "tanh(z1)*c"
s = "sum(h)"
other = "x[0]*3"
L = "s*s + s"
"""

PERMUTED = """
[inputs]
x = { symbol = "x", value = [3.0, 1.0, 4.0, 1.5, 5.0] }
w = { symbol = "w", value = [[1.0, 2.0], [3.0, 4.0]] }
k = { symbol = "κ", value = 2.0 }
[forward]
F3 = "k*x[0] * permute(x, [2, 4, 3, 0, 1])"
G = "w[0, 1]*F3"
[backward]
of = "F3"
seed = { symbol = "d", value = [1.0, -2.0, 0.5, 3.0, -1.0] }
"""


def trace_of(text: str) -> Trace:
    return bptui.run(bptui.loads(text))


@pytest.fixture(scope="module")
def network() -> Trace:
    return trace_of(NETWORK)


@pytest.fixture(scope="module")
def permuted() -> Trace:
    return trace_of(PERMUTED)


@pytest.mark.parametrize("number", range(12))
def test_every_pair_of_names_against_autograd(number: int) -> None:
    names = list(OPERATIONS)
    scenario = random_scenario(Random(500 + number), names[5 * number :][:3])
    trace = trace_of(scenario.text)
    sizes = {name: trace.value(name).size for name in scenario.names}
    for above in scenario.names:
        if sizes[above] > 6:
            continue
        for below in Random(number).sample(scenario.names, 4):
            found = trace.derivative(f"d{above}/d{below}")
            expected = scenario.jacobian(above, below)
            assert np.shape(found) == (*trace.value(above).shape, *trace.value(below).shape)
            message = f"d{above}/d{below}\n{scenario.text}"
            np.testing.assert_allclose(found, expected, rtol=1e-9, atol=1e-12, err_msg=message)


def test_the_shape_is_that_of_above_followed_by_that_of_below(network: Trace) -> None:
    assert np.shape(network.derivative("dz1/dW1")) == (3, 3, 2)
    assert np.shape(network.derivative("dz1/dc")) == (3,)
    assert np.shape(network.derivative("ds/dW1")) == (3, 2)
    assert np.shape(network.derivative("dz1(2)/dW1")) == (3, 2)
    assert np.shape(network.derivative("dz1/dW1(2,1)")) == (3,)


def test_between_scalars_and_elements_it_is_a_float(network: Trace) -> None:
    for text in ("dL/ds", "dL/dW1(1,1)", "dh(1)/dz1(1)", "ds/dc", "dL/dL"):
        assert type(network.derivative(text)) is float


def test_arrays_are_read_only(network: Trace) -> None:
    for text in ("dz1/dW1", "dL/dW1", "dz1/dz1"):
        found = network.derivative(text)
        assert isinstance(found, np.ndarray)
        with pytest.raises(ValueError, match="read-only"):
            found[...] = 0.0


def test_by_hand(network: Trace) -> None:
    h, s = network.value("h"), float(network.value("s"))
    assert network.derivative("dL/ds") == 2 * s + 1
    assert network.derivative("dh(2)/dz1(2)") == pytest.approx(2 * (1 - (h[1] / 2) ** 2), rel=1e-14)
    np.testing.assert_array_equal(network.derivative("dz1(2)/dW1"), [[0, 0], [0.5, 0.2], [0, 0]])


def test_both_notations_name_the_same_element(network: Trace) -> None:
    assert network.derivative("dL/dW1(3,2)") == network.derivative("dL/dW1[2,1]")
    assert network.derivative("dh(1)/dz1[0]") == network.derivative("dh[0]/dz1(1)")
    assert network.derivative("dL/dW1(3,2)") == network.gradient("W1")[2, 1]


@pytest.mark.parametrize("text", [" dL/dW1(3,2) ", "d L / d W1( 3 , 2 )", "∂L/∂W1(3,2)", "dL / dW1[2, 1]"])
def test_spaces_and_the_round_d(network: Trace, text: str) -> None:
    assert network.derivative(text) == network.gradient("W1(3,2)")


def test_a_name_with_respect_to_itself_is_the_identity(network: Trace) -> None:
    np.testing.assert_array_equal(network.derivative("dz1/dz1"), np.eye(3))
    np.testing.assert_array_equal(network.derivative("dW1/dW1"), np.eye(6).reshape(3, 2, 3, 2))
    assert network.derivative("dL/dL") == 1.0
    assert network.derivative("dx(1)/dx(1)") == 1.0
    assert network.derivative("dx(1)/dx(2)") == 0.0


def test_zeros_where_there_is_no_dependence(network: Trace) -> None:
    np.testing.assert_array_equal(network.derivative("dz1/dc"), np.zeros(3))
    np.testing.assert_array_equal(network.derivative("dL/dother"), 0.0)
    np.testing.assert_array_equal(network.derivative("dx/dL"), np.zeros(2))
    np.testing.assert_array_equal(network.derivative("dW1/dx"), np.zeros((3, 2, 2)))
    np.testing.assert_array_equal(network.derivative("dother/dx"), [3.0, 0.0])


def test_of_a_leaf_target(network: Trace) -> None:
    """The gradient of the target is its derivative, whatever is asked."""
    for name in network.program.names:
        np.testing.assert_allclose(network.derivative(f"dL/d{name}"), network.gradient(name), rtol=1e-13)


def test_glued_symbols(permuted: Trace) -> None:
    assert permuted.derivative("dF3[0]/dx2") == 6.0
    assert permuted.derivative("dF3(1)/dx2") == permuted.derivative("dF3[0]/dx[2]")
    np.testing.assert_array_equal(permuted.derivative("dF3/dx0"), [8, 10, 3, 12, 2])
    assert permuted.derivative("dG[0]/dw0_1") == permuted.value("F3[0]")
    assert permuted.derivative("dG[0]/dw0_0") == 0.0
    np.testing.assert_array_equal(permuted.derivative("dF3/dκ"), permuted.derivative("dF3/dk"))


def test_glued_symbols_count_from_the_index_base() -> None:
    trace = trace_of(PERMUTED.replace("[inputs]", "index_base = 1\n[inputs]", 1))
    assert trace.derivative("dF3[0]/dx3") == 6.0
    assert trace.derivative("dG[0]/dw1_2") == trace.value("F3[0]")
    with pytest.raises(bptui.BptuiError, match="x0"):
        trace.derivative("dF3[0]/dx0")


def test_the_virtual_loss(permuted: Trace) -> None:
    seed = np.array([1.0, -2.0, 0.5, 3.0, -1.0])
    np.testing.assert_array_equal(permuted.derivative("dL/dF3"), seed)
    assert permuted.derivative("dL/dF3[1]") == -2.0
    np.testing.assert_array_equal(permuted.derivative("dL/dx"), permuted.gradient("x"))
    assert permuted.derivative("dL/dx0") == permuted.gradient("x0")
    np.testing.assert_allclose(seed @ permuted.derivative("dF3/dx"), permuted.gradient("x"))
    np.testing.assert_array_equal(permuted.derivative("dL/dG"), np.zeros(5))


def test_the_virtual_loss_has_the_name_it_is_given() -> None:
    trace = trace_of(PERMUTED.replace('of = "F3"', 'of = "F3"\nloss = "Verlust"'))
    np.testing.assert_array_equal(trace.derivative("dVerlust/dx"), trace.gradient("x"))
    with pytest.raises(bptui.BptuiError, match="`L`"):
        trace.derivative("dL/dx")


def test_the_default_loss_gives_way_to_a_name_of_the_scenario() -> None:
    trace = trace_of(PERMUTED.replace("[forward]", '[forward]\nL = "3*x"'))
    assert trace.program.loss != "L"
    np.testing.assert_array_equal(trace.derivative("dL/dx"), 3 * np.eye(5))
    np.testing.assert_array_equal(trace.derivative(f"d{trace.program.loss}/dx"), trace.gradient("x"))


def test_a_written_loss_may_not_be_a_name_of_the_scenario() -> None:
    with pytest.raises(bptui.BptuiError, match="`G` is already a name") as fault:
        trace_of(PERMUTED.replace('of = "F3"', 'of = "F3"\nloss = "G"'))
    assert fault.value.line is not None


def test_a_scalar_with_a_seed() -> None:
    trace = trace_of('[inputs]\nx = 3.0\n[forward]\ny = "x*x"\n[backward]\nseed = 10.0')
    assert trace.derivative("dL/dx") == 60.0
    assert trace.derivative("dy/dx") == 6.0
    assert trace.derivative("dL/dy") == 10.0


def test_one_element_of_shape_1() -> None:
    text = '[inputs]\nx = [3.0]\n[forward]\ny = "x*x"\n[backward]\nseed = [10.0]'
    assert np.shape(trace_of(text).derivative("dy/dx")) == (1, 1)
    with pytest.raises(bptui.BptuiError, match="shape"):
        trace_of(text.replace("[10.0]", "10.0"))
    with pytest.raises(bptui.BptuiError, match="seed"):
        trace_of(text.partition("[backward]")[0])


def test_empty_arrays() -> None:
    trace = trace_of('[inputs]\nx = [3.0, 1.0]\n[forward]\nnone = "x[2:]"\nL = "sum(none) + x[0]"')
    assert np.shape(trace.derivative("dnone/dx")) == (0, 2)
    assert np.shape(trace.derivative("dL/dnone")) == (0,)
    assert np.shape(trace.derivative("dnone/dnone")) == (0, 0)
    with pytest.raises(bptui.BptuiError, match="empty"):
        trace.derivative("dL/dnone[0]")


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("dL/dothre", "did you mean `other`"),
        ("dL/dW2", "there is: x, W1"),
        ("dhh/dW1", "no value named `hh`"),
        ("dL/dunheard", "there is: x, W1"),
        ("dL/dW1(4,1)", "`W1(4,1)` is out of range: W1 has shape (3, 2)"),
        ("dL/dW1[3,0]", "that index runs from 1 to 3"),
        ("dL/dW1(1)", "2 indices"),
        ("dL/dW1(1,1,1)", "2 indices"),
        ("ds(1)/dx", "s has shape ()"),
        ("dL/dW1(0,1)", "parentheses count from 1"),
        ("dL/dW1[-1,0]", "not negative"),
        ("dL/dW1(1,)", "whole numbers"),
        ("dL", "write `dL/dW1`"),
        ("L/W1", "is no derivative"),
        ("", "is no derivative"),
        ("dL/dx/dy", "is no derivative"),
        ("dL/d", "is no derivative"),
        ("dL/dW1(1,1]", "names no value"),
        ("dL/dW1(1.0,1)", "names no value"),
        ("d" + "L" * 5000 + "/dx", "is no derivative"),
        ("dL/dx\x1b[31m", "\\x1b"),
    ],
)
def test_what_is_refused(network: Trace, text: str, said: str) -> None:
    with pytest.raises(bptui.BptuiError) as fault:
        network.derivative(text)
    assert said in str(fault.value)
    assert str(fault.value).isprintable() or "\n" in str(fault.value)
    assert "\x1b" not in str(fault.value)
    assert len(str(fault.value)) < 500


def test_a_derivative_that_is_too_large_is_refused() -> None:
    trace = trace_of('[inputs]\nx = { shape = [4000], init = "ones" }\n[forward]\ny = "2*x"\nL = "sum(y)"')
    with pytest.raises(bptui.BptuiError, match="16,000,000 entries"):
        trace.derivative("dy/dx")
    assert trace.derivative("dy[3999]/dx[3999]") == 2.0
