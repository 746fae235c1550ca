"""Why: the routes of one element as text and as tables."""

from __future__ import annotations

import math

import pytest

import bptui
from bptui.present.numbers import number, percent
from bptui.present.presentation import Presentation
from bptui.present.why import factors_table, routes_table
from bptui.trace.record import Trace


def traced(name: str) -> Trace:
    return bptui.run(bptui.load(name))


@pytest.fixture(scope="module")
def exercise() -> Trace:
    return traced("exercise-7-1")


def test_routes_are_listed_best_first_and_add_up(exercise: Trace) -> None:
    listing = Presentation(exercise).route_list(exercise.program.names["W1"], 0)
    assert listing.gradient == "dL/dW1(1,1)"
    assert listing.count == len(listing.routes) == 2
    first, second = listing.routes
    assert first.names == "dL/dy(2) · dy(2)/dz2(2) · dz2(2)/dh(1) · dh(1)/dz1(1) · dz1(1)/dW1(1,1)"
    assert first.numbers == "1.4703 · 0.2244 · 0.5 · 1 · 0.5"
    total = float(exercise.gradient("W1(1,1)"))
    assert second.together == listing.total == number(total)
    assert listing.sum == f"{first.product} + ({second.product}) = {listing.total}"
    assert listing.title == f"dL/dW1(1,1) = {listing.total}: the sum of 2 routes"
    assert first.share == percent(float(first.product) / total)
    assert listing.more == ""


def test_a_factor_knows_its_step_and_the_product_up_to_it(exercise: Trace) -> None:
    listing = Presentation(exercise).route_list(exercise.program.names["W1"], 0)
    route = listing.routes[0]
    lines = [exercise.program.steps[factor.step].line for factor in route.factors]
    assert lines == ["L", "y", "z2", "h", "z1"]
    assert route.factors[-1].product == route.product
    assert [factor.product for factor in route.factors][1] == number(1.4702994 * 0.2244437)


def test_what_is_left_out_is_told_with_its_part_of_the_gradient() -> None:
    trace = traced("exercise-7-3c")
    listing = Presentation(trace).route_list(trace.program.names["x"], 0, limit=4)
    assert listing.more == "… 1 more route; those listed sum to 11, 94 % of the gradient"
    assert listing.sum == ""
    table = routes_table(listing)
    assert table.title == "The largest 4 of 5 routes"
    assert table.rows[-1].kind == "more"
    assert table.rows[-1].element is None


def test_the_primitive_level_has_a_factor_for_every_operation(exercise: Trace) -> None:
    identity = exercise.program.names["W1"]
    named = Presentation(exercise).route_list(identity, 0, 1, "named").routes[0]
    primitive = Presentation(exercise).route_list(identity, 0, 1, "primitive").routes[0]
    assert len(primitive.factors) > len(named.factors)


def test_an_unnamed_element_has_routes_too(exercise: Trace) -> None:
    program = exercise.program
    unnamed = next(value for value in program.values if value.text == "W1 @ x")
    listing = Presentation(exercise).route_list(unnamed.id, 1)
    assert listing.gradient == "dL/d(W1 @ x)(2)"
    assert listing.total == number(exercise.gradient_of(unnamed.id)[1])
    assert listing.count == 2


def test_every_element_of_a_seeded_target_has_its_own_seed() -> None:
    trace = traced("exercise-7-3c")
    listing = Presentation(trace).route_list(trace.program.target, 1)
    assert (listing.title, listing.routes[0].names) == ("dL/dF3[1] = -2: one route", "dL/dF3[1]")
    assert listing.routes[0].factors[0].step == trace.seed_step


def test_it_is_said_where_no_route_leads_there() -> None:
    trace = bptui.run(
        bptui.loads('[inputs]\na = 2\nb = 3\n[forward]\nL = "a*a*2"\nM = "b + 1"\n[backward]\nof = "L"\n')
    )
    listing = Presentation(trace).route_list(trace.program.names["b"], 0)
    assert listing.title == "dL/db = 0: no route leads from b to L, which does not depend on it"
    assert listing.routes == ()
    assert routes_table(listing).rows == []
    constant = next(value for value in trace.program.values if value.role == "constant")
    assert "no gradient is taken" in Presentation(trace).route_list(constant.id, 0).title


def test_a_gradient_that_is_zero_has_no_shares() -> None:
    trace = bptui.run(bptui.loads('[inputs]\na = 2\n[forward]\nb = "a + 1"\nL = "a - b"\n[backward]\nof = "L"\n'))
    listing = Presentation(trace).route_list(trace.program.names["a"], 0)
    assert (listing.total, listing.count) == ("0", 2)
    assert [route.share for route in listing.routes] == ["", ""]


def test_the_table_of_factors_leads_to_their_steps(exercise: Trace) -> None:
    shown = Presentation(exercise)
    listing = shown.route_list(exercise.program.names["W1"], 0)
    table = factors_table(listing, 1, lambda step: shown.label(step).text)
    assert [row.element for row in table.rows] == [factor.step for factor in listing.routes[1].factors]
    assert table.rows[1].cells[0] == "dy(1)/dz2(1)"
    assert table.rows[1].cells[-1].endswith("y = sigmoid(z2)")


@pytest.mark.parametrize(
    ("share", "text"),
    [
        (0.4, "40 %"),
        (6.77, "677 %"),
        (-5.77, "-577 %"),
        (0.0123, "1.2 %"),
        (0.0, "0 %"),
        (math.nan, ""),
        (1e-9, "1.0e-07 %"),
        (math.nextafter(0.225, 1), "22 %"),  # a tie on some machines, and just above or below it on others
        (math.nextafter(0.225, 0), "22 %"),
    ],
)
def test_shares_are_percentages(share: float, text: str) -> None:
    assert percent(share) == text
