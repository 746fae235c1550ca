"""Why a gradient is what it is: the routes of one element to the target, factor by factor, as text and as tables."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from msgspec.structs import replace

from bptui.errors import BptuiError
from bptui.present import cells, numbers
from bptui.present.frame import HIDDEN, Factor, Point, RouteList, RouteText, Row, Table, changed
from bptui.present.writer import CellWriter
from bptui.trace.elements import Level
from bptui.trace.record import Trace
from bptui.trace.routes import Route, product_in, routes_from


def route_list(
    writer: CellWriter,
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
    (None: all are), and with it the products that it is in. In symbols nothing is compared, and nothing predicted.
    """
    program, trace, node = writer.program, writer.trace, (value, flat)
    if not writer.numeric:
        before = known = None
    name, gradient = cells.element_name(program, value, flat), cells.gradient_name(program, value, flat)
    if program.values[value].role == "constant":
        return RouteList(f"{name} is a constant: no gradient is taken with respect to it", (), gradient=gradient)
    try:
        found = routes_from(trace, node, limit, level, wanted)
        summed = writer.sum(node, found, wanted) if found.count else ""
    except BptuiError as fault:
        return RouteList(f"{gradient}: {fault.faults[0].message}", (), gradient=gradient)
    total = writer.text(found.total)
    if before is not None:
        total = changed(numbers.number(before.gradient_of(value).item(flat)), total)
    whole = known is None or known(Point(value, flat, gradient=True))
    if not whole:
        total = HIDDEN
    if found.count == 0:
        target = cells.pretty(program.values[program.target].text)
        title = f"{gradient} = {total}: no route leads from {name} to {target}, which does not depend on it"
        return RouteList(title, (), gradient=gradient, total=total)
    many = "one route" if found.count == 1 else f"the sum of {found.count:,} routes"
    amount = writer.amount(node, total)
    title = f"{gradient} = {amount}: {many}" if amount else f"{gradient} is {many}"
    listed: list[RouteText] = []
    together: Any = 0
    earlier = before.elements if before is not None else None
    for route in found:
        together += route.product
        text = _route_text(writer, route, together)
        if known is not None and not whole:
            text = _hidden(text, route, trace, known)
        if earlier is not None and whole:
            old = product_in(earlier, node, route, level)
            text = replace(text, product=changed("none" if old is None else numbers.number(old), text.product))
        listed.append(text)
    left = found.count - len(found)
    more = f"… {left:,} more route{'' if left == 1 else 's'}" if left else ""
    if not whole:
        summed = ""
    elif left:
        more += writer.so_far(found)
    return RouteList(title, tuple(listed), more, gradient, total, summed, found.count, symbolic=not writer.numeric)


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


def _route_text(writer: CellWriter, route: Route, together: Any) -> RouteText:
    factors: list[Factor] = []
    product: Any = 1
    for (name, factor), step in zip(route.factors, route.steps, strict=True):
        product *= factor
        factors.append(Factor(cells.pretty(name), writer.text(factor), writer.text(product), step))
    return RouteText(
        writer.text(route.product),
        " · ".join(one.name for one in factors) or "1",
        writer.product([one.number for one in factors]),
        numbers.percent(route.share),
        writer.text(together),
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
