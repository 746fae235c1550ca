"""Routes: counts that are exact, products in order, factors that are named for what they are, and refusals."""

from __future__ import annotations

import math
from itertools import pairwise

import numpy as np
import pytest

import bptui
from bptui.trace.elements import Level
from bptui.trace.record import Trace
from bptui.trace.routes import Routes

LEVELS: tuple[Level, ...] = ("named", "primitive")


def trace_of(text: str) -> Trace:
    return bptui.run(bptui.loads(text))


def labels(routes: Routes) -> list[list[str]]:
    return [[name for name, _ in route.factors] for route in routes]


def test_the_exercise() -> None:
    """Two routes lead from W1(1,1) to the loss of exercise 7.1, one through each output."""
    trace = bptui.run(bptui.load("exercise-7-1"))
    routes = trace.routes("W1(1,1)")
    assert labels(routes) == [
        ["dL/dy(2)", "dy(2)/dz2(2)", "dz2(2)/dh(1)", "dh(1)/dz1(1)", "dz1(1)/dW1(1,1)"],
        ["dL/dy(1)", "dy(1)/dz2(1)", "dz2(1)/dh(1)", "dh(1)/dz1(1)", "dz1(1)/dW1(1,1)"],
    ]
    assert routes[0].factors[0][1] == pytest.approx(1.4703, abs=5e-5)
    assert routes.count == len(routes) == 2
    assert routes.element == "W1(1,1)"
    assert routes.shown == pytest.approx(routes.total, rel=1e-14)
    assert sum(route.share for route in routes) == pytest.approx(1.0)


def test_both_notations_and_glued_symbols() -> None:
    trace = bptui.run(bptui.load("exercise-7-1"))
    assert labels(trace.routes("W1[0,0]")) == labels(trace.routes("W1(1,1)"))
    glued = trace_of('[inputs]\nx = { symbol = "x", value = [2.0, 3.0] }\n[forward]\nL = "x[0]*x[1]"')
    assert labels(glued.routes("x0")) == labels(glued.routes("x[0]")) == [["dL/dx0"]]


def test_a_skip_connection_has_round_d_where_it_is_not_the_only_route() -> None:
    trace = trace_of('[inputs]\nx = 2.0\n[forward]\nh = "3*x"\ny = "h*x"\nL = "y + 1"')
    routes = trace.routes("x")
    assert {tuple(names) for names in labels(routes)} == {
        ("dL/dy", "∂y/∂x"),
        ("dL/dy", "dy/dh", "dh/dx"),
    }
    assert sorted(route.product for route in routes) == [6.0, 6.0]
    assert routes.total == 12.0 == trace.derivative("dy/dx")


def test_a_factor_with_d_is_the_total_derivative() -> None:
    """Every factor that is written with d, and names two named values, is what `derivative` gives."""
    trace = bptui.run(bptui.load("residual-block"))
    plain = round_ = 0
    for name in trace.program.wrt:
        value = trace.program.values[trace.program.names[name]]
        for flat in range(value.size):
            for route in trace.routes(trace.program.element_name(value.id, flat)):
                for label, number in route.factors:
                    total = trace.derivative(label.replace("∂", "d"))
                    if label.startswith("d"):
                        assert number == pytest.approx(total, rel=1e-12, abs=1e-15)
                        plain += 1
                    else:
                        round_ += 1
    assert plain
    assert round_


@pytest.mark.parametrize("level", LEVELS)
def test_two_uses_of_one_value(level: Level) -> None:
    """x*x is one edge between the named values and two between the operands."""
    trace = trace_of('[inputs]\nx = 3.0\n[forward]\nL = "x*x"')
    routes = trace.routes("x", level=level)
    assert routes.count == (1 if level == "named" else 2)
    assert [route.product for route in routes] == ([6.0] if level == "named" else [3.0, 3.0])
    assert labels(routes)[0] == (["dL/dx"] if level == "named" else ["∂L/∂x"])


def test_index_0_of_the_permuted_product() -> None:
    trace = trace_of(PERMUTED)
    at_0 = trace.routes("x0", limit=100)
    assert at_0.count == 5
    assert trace.routes("x0", level="primitive").count == 6
    assert at_0.total == pytest.approx(1 * 4 - 2 * 5 + 0.5 * 1.5 + 3 * (3 + 3) - 1 * 1)
    assert all(names[0].startswith("dL/dF3") for names in labels(at_0))
    assert trace.routes("x4").count == 1
    assert labels(trace.routes("x4")) == [["dL/dF3[1]", "dF3[1]/dx4"]]


PERMUTED = """
[inputs]
x = { symbol = "x", value = [3.0, 1.0, 4.0, 1.5, 5.0] }
[forward]
F3 = "x[0] * permute(x, [2, 4, 3, 0, 1])"
[backward]
seed = { symbol = "d", value = [1.0, -2.0, 0.5, 3.0, -1.0] }
"""


def test_a_dead_relu_is_a_route_with_product_0() -> None:
    trace = trace_of('[inputs]\nx = [1.0, -1.0]\n[forward]\nh = "relu(x)"\nL = "sum(h)"')
    for level in LEVELS:
        dead = trace.routes("x[1]", level=level)
        assert dead.count == len(dead) == 1
        assert dead[0].product == dead.total == 0.0
        assert math.isnan(dead[0].share)


def test_a_tie_shares_its_routes() -> None:
    trace = trace_of('[inputs]\nx = [2.0, 1.0, 2.0]\n[forward]\nL = "3*max(x)"')
    assert [trace.routes(f"x[{i}]").total for i in range(3)] == [1.5, 0.0, 1.5]
    assert [trace.routes(f"x[{i}]").count for i in range(3)] == [1, 1, 1]


def test_no_route_where_there_is_no_dependence() -> None:
    trace = trace_of('[inputs]\nx = 2.0\nz = 1.0\n[forward]\nL = "3*x"\nlate = "L*z"\n[backward]\nof = "L"')
    for name in ("z", "late"):
        routes = trace.routes(name)
        assert (routes.count, len(routes), routes.total, routes.shown) == (0, 0, 0.0, 0.0)
    assert trace.routes("x").count == 1, "routes end at the target, though lines below it use it"


def test_comparisons_and_conditions_carry_no_route() -> None:
    trace = trace_of('[inputs]\nx = 2.0\n[forward]\nc = "x > 1"\nL = "where(c, 3*x, x)"')
    assert trace.routes("c").count == 0
    assert trace.routes("x", level="primitive").count == 2
    assert [route.product for route in trace.routes("x", level="primitive")] == [3.0, 0.0]


def test_from_the_target_itself() -> None:
    trace = trace_of('[inputs]\nx = 2.0\n[forward]\nL = "3*x"')
    routes = trace.routes("L")
    assert labels(routes) == [["dL/dL"]]
    assert (routes.count, routes.total, routes[0].product, routes[0].share) == (1, 1.0, 1.0, 1.0)
    assert routes[0].steps == (trace.seed_step,)


def test_the_steps_of_factors() -> None:
    trace = trace_of(PERMUTED)
    for level in LEVELS:
        for route in trace.routes("x0", level=level):
            assert route.steps[0] == trace.seed_step
            assert all(0 <= step < trace.seed_step for step in route.steps[1:])
            assert list(route.steps) == sorted(route.steps, reverse=True)


def chain(links: int, width: int) -> str:
    """Return a scenario in which routes multiply: `links` products of a `width`×`width` matrix."""
    lines = "\n".join(f'h{i + 1} = "W @ h{i}"' for i in range(links))
    matrix = [[round(0.1 + 0.03 * i + 0.07 * j, 2) for j in range(width)] for i in range(width)]
    return f'[inputs]\nh0 = {[1.0] * width}\n[parameters]\nW = {matrix}\n[forward]\n{lines}\nL = "sum(h{links})"'


def test_counts_are_exact_however_large() -> None:
    trace = trace_of(chain(30, 8))
    routes = trace.routes("h0[3]", limit=5)
    assert routes.count == 8**30
    assert isinstance(routes.count, int)
    assert len(routes) == 5
    assert trace.routes("h0[3]", limit=0).count == 8**30
    assert len(trace.routes("h0[3]", limit=0)) == 0


def test_the_largest_come_first_out_of_very_many() -> None:
    trace = trace_of(chain(30, 3))
    largest = float(trace.value("W").max())
    routes = trace.routes("h0[2]", limit=50)
    first = routes[0]
    assert first.product == pytest.approx(largest**30, rel=1e-12), "every link through W[2,2]"
    sizes = [abs(route.product) for route in routes]
    assert all(b <= a * (1 + 1e-12) for a, b in pairwise(sizes))
    assert 0 < routes.shown < routes.total


def test_best_first_by_size_not_by_sign() -> None:
    trace = trace_of('[inputs]\nx = [1.0]\n[forward]\na = "-5*x"\nb = "2*x"\nc = "3*x"\nL = "sum(a + b + c)"')
    assert [route.product for route in trace.routes("x[0]")] == [-5.0, 3.0, 2.0]
    assert [route.product for route in trace.routes("x[0]", limit=1)] == [-5.0]


def test_a_limit_lists_the_first_and_counts_all() -> None:
    trace = trace_of(chain(3, 3))
    every = trace.routes("h0[0]", limit=1000)
    assert every.count == len(every) == 27
    assert every.shown == pytest.approx(every.total, rel=1e-12)
    for limit in (1, 5, 20, 27, 28):
        some = trace.routes("h0[0]", limit=limit)
        assert [route.product for route in some] == [route.product for route in every][:limit]
        assert some.count == 27
    assert len(trace.routes("h0[0]")) == 20, "20 unless told"


def test_routes_are_a_sequence() -> None:
    routes = trace_of(chain(2, 2)).routes("h0[0]")
    assert list(routes) == [routes[index] for index in range(len(routes))]
    assert routes[-1] == routes[len(routes) - 1]
    assert list(routes[1:3]) == list(routes)[1:3]
    with pytest.raises(IndexError):
        routes[99]


def test_numbers_that_are_not_finite_come_first() -> None:
    trace = trace_of('[inputs]\nx = 0.0\n[forward]\na = "log(x)"\nb = "2*x"\nL = "a + b"')
    routes = trace.routes("x")
    assert routes.count == 2
    assert routes[0].product == np.inf
    assert routes[1].product == 2.0


@pytest.mark.parametrize(
    ("element", "said"),
    [
        ("W", "`W` has several"),
        ("W[3,0]", "out of range"),
        ("W[0]", "2 indices"),
        ("h", "no value named `h`"),
        ("h0(0)", "count from 1"),
        ("W @ h0", "names no value"),
        ("", "names no value"),
    ],
)
def test_what_is_refused(element: str, said: str) -> None:
    trace = trace_of(chain(2, 3))
    with pytest.raises(bptui.BptuiError) as fault:
        trace.routes(element)
    assert said in str(fault.value)


def test_an_unknown_level_is_refused() -> None:
    with pytest.raises(bptui.BptuiError, match="unknown level `element`"):
        trace_of(chain(2, 2)).routes("h0[0]", level="element")  # type: ignore[arg-type]


def test_an_array_that_is_empty_or_of_one_element() -> None:
    trace = trace_of('[inputs]\nx = [2.0]\n[forward]\nnone = "x[1:]"\nL = "sum(none) + 3*x[0]"')
    with pytest.raises(bptui.BptuiError, match="has none"):
        trace.routes("none")
    assert trace.routes("x[0]").count == 1, "an element that no slice takes leads nowhere through it"


def test_broadcasting_gives_a_route_for_every_copy() -> None:
    trace = trace_of('[inputs]\nb = [1.0, 2.0]\nX = [[1.0, 2.0], [3.0, 4.0], [5.0, 6.0]]\n[forward]\nL = "sum(X*b)"')
    assert trace.routes("b[0]").count == 1, "one edge: L's derivative with respect to b[0]"
    primitive = trace.routes("b[0]", level="primitive")
    assert [route.product for route in primitive] == [5.0, 3.0, 1.0]
    assert primitive.total == 9.0


def test_a_long_sum() -> None:
    lines = "\n".join(f'y{i} = "x*{i}"' for i in range(200))
    total = " + ".join(f"y{i}" for i in range(200))
    routes = trace_of(f'[inputs]\nx = 1.5\n[forward]\n{lines}\nL = "{total}"').routes("x", limit=3)
    assert (routes.count, routes.total) == (200, 19900.0)
    assert [route.product for route in routes] == [199.0, 198.0, 197.0]


def test_a_scalar_without_a_name_stands_in_parentheses_behind_the_d() -> None:
    trace = bptui.run(bptui.loads('[inputs]\nx = 2\n[parameters]\nw = [3]\n[forward]\ny = "exp(w[0]*x)"\n'))
    (route,) = trace.routes("x", level="primitive")
    assert [name for name, _ in route.factors] == ["dy/d(w[0]*x)", "d(w[0]*x)/dx"]
