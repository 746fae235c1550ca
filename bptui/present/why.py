"""Why a gradient is what it is: the routes of one element to the target, factor by factor, as text and as tables."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import replace

from bptui.errors import BptuiError
from bptui.present import cells, numbers
from bptui.present.frame import HIDDEN, Factor, Point, RouteList, RouteText, Row, Table, changed
from bptui.trace.elements import Elements, Level
from bptui.trace.record import Trace
from bptui.trace.routes import Route, Routes, product_in, routes_from

MOST_SUMMED = 6
"""How many routes may be written out as one sum."""


def route_list(
    trace: Trace,
    value: int,
    flat: int,
    limit: int = 6,
    level: Level = "named",
    wanted: Callable[[], bool] = lambda: True,
    before: Trace | None = None,
    known: Callable[[Point], bool] | None = None,
) -> RouteList:
    """Return the `limit` largest routes of element `flat` of a value, named or not, and how they add up.

    `wanted` is asked now and then whether the answer still is. What was otherwise in `before`, a trace of the same
    program, is written `old→new`. The number of a link is hidden where the gradient that it leads to is not `known`
    (None: all are), and with it the products that it is in.
    """
    program = trace.program
    name = cells.pretty(program.element_name(value, flat))
    gradient = cells.pretty(program.derivative_name(value, flat))
    target = cells.pretty(program.values[program.target].text)
    if program.values[value].role == "constant":
        return RouteList(f"{name} is a constant: no gradient is taken with respect to it", (), gradient=gradient)
    try:
        found = routes_from(trace, (value, flat), limit, level, wanted)
    except BptuiError as fault:
        return RouteList(f"{gradient}: {fault.faults[0].message}", (), gradient=gradient)
    total = numbers.number(found.total)
    if before is not None:
        total = changed(numbers.number(float(before.gradient_of(value).reshape(-1)[flat])), total)
    whole = known is None or known(Point(value, flat, gradient=True))
    if not whole:
        total = HIDDEN
    if found.count == 0:
        title = f"{gradient} = {total}: no route leads from {name} to {target}, which does not depend on it"
        return RouteList(title, (), gradient=gradient, total=total)
    title = f"{gradient} = {total}: " + ("one route" if found.count == 1 else f"the sum of {found.count:,} routes")
    listed: list[RouteText] = []
    together = 0.0
    earlier = Elements(before) if before is not None else None
    for route in found:
        together += route.product
        text = _route_text(route, together)
        if known is not None and not whole:
            text = _hidden(text, route, trace, known)
        if earlier is not None and whole:
            old = product_in(earlier, (value, flat), route, level)
            text = replace(text, product=changed("none" if old is None else numbers.number(old), text.product))
        listed.append(text)
    more = _more(found)
    if not whole:
        return RouteList(title, tuple(listed), more.partition(";")[0], gradient, total, "", found.count)
    return RouteList(title, tuple(listed), more, gradient, total, _sum(found), found.count)


def routes_table(listing: RouteList) -> Table:
    """Return the listed routes as a table, best first, and a line for those that are left out."""
    title = _count(len(listing.routes), listing.count)
    if listing.symbolic:
        rows = [
            Row((str(at + 1), route.numbers, route.share, route.names), at) for at, route in enumerate(listing.routes)
        ]
        if listing.more:
            rows.append(Row((listing.more, "", "", ""), None, "more"))
        return Table(("route", "product", "share", "factors"), (True, False, True, False), rows, title)
    rows = [
        Row((str(at + 1), route.product, route.share, route.together, route.names), at)
        for at, route in enumerate(listing.routes)
    ]
    if listing.more:
        rows.append(Row((listing.more, "", "", "", ""), None, "more"))
    columns = ("route", "product", "share", "sum so far", "factors")
    return Table(columns, (True, True, True, True, False), rows, title)


def factors_table(listing: RouteList, at: int, label: Callable[[int], str]) -> Table:
    """Return route `at` factor by factor, a row's `element` being the step that the factor belongs to.

    `label` says what a step does.
    """
    route = listing.routes[at]
    digits = max((len(str(one.step + 1)) for one in route.factors), default=1)
    steps = [f"{one.step + 1:>{digits}}  {label(one.step)}" for one in route.factors]
    if listing.symbolic:
        rows = [Row((one.name, one.number, step), one.step) for one, step in zip(route.factors, steps, strict=True)]
        title = f"Route {at + 1}: {route.names}"
        return Table(("factor", "in symbols", "step"), (False, False, False), rows, title)
    rows = [
        Row((one.name, one.number, one.product, step), one.step) for one, step in zip(route.factors, steps, strict=True)
    ]
    title = f"Route {at + 1}: {route.product}" + (f", {route.share} of {listing.gradient}" if route.share else "")
    return Table(("factor", "number", "product so far", "step"), (False, True, True, False), rows, title)


def _count(listed: int, count: int) -> str:
    if listed == count:
        return "The only route" if count == 1 else f"All {count:,} routes, the largest first"
    return f"The largest {listed:,} of {count:,} routes"


def _route_text(route: Route, together: float) -> RouteText:
    factors: list[Factor] = []
    product = 1.0
    for (name, number), step in zip(route.factors, route.steps, strict=True):
        product *= number
        factors.append(Factor(cells.pretty(name), numbers.number(number), numbers.number(product), step))
    return RouteText(
        numbers.number(route.product),
        " · ".join(one.name for one in factors) or "1",
        " · ".join(
            numbers.number(number) if at == 0 else numbers.factor(number)
            for at, (_, number) in enumerate(route.factors)
        )
        or "1",
        numbers.percent(route.share),
        numbers.number(together),
        tuple(factors),
    )


def _hidden(text: RouteText, route: Route, trace: Trace, known: Callable[[Point], bool]) -> RouteText:
    """Return a route without the numbers that are not to be seen; that its product is none of them is known."""
    tails = [edge.tail for edge in reversed(route.edges)]
    if len(route.factors) > len(tails):
        tails.insert(0, route.edges[-1].head if route.edges else (trace.program.target, 0))
    factors: list[Factor] = []
    so_far = True
    for factor, tail in zip(text.factors, tails, strict=True):
        shown = known(Point(*tail, gradient=True))
        so_far = so_far and shown
        number, product = factor.number if shown else HIDDEN, factor.product if so_far else HIDDEN
        factors.append(replace(factor, number=number, product=product))
    written = " · ".join(one.number for one in factors)
    return RouteText(HIDDEN, text.names, written, "", "", tuple(factors))


def _more(found: Routes) -> str:
    """Return how many routes are left out, and what part of the gradient those listed make up."""
    left = found.count - len(found)
    if not left:
        return ""
    part = numbers.percent(found.shown / found.total) if found.total else ""
    of_it = f", {part} of the gradient" if part else ""
    routes = "1 more route" if left == 1 else f"{left:,} more routes"
    return f"… {routes}; those listed sum to {numbers.number(found.shown)}{of_it}"


def _sum(found: Routes) -> str:
    if not 1 < found.count <= MOST_SUMMED or len(found) < found.count or not math.isfinite(found.total):
        return ""
    first, *others = (route.product for route in found)
    terms = [numbers.number(first), *map(numbers.factor, others)]
    return f"{' + '.join(terms)} = {numbers.number(found.total)}"
