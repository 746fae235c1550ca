"""The walk in symbols: the same frames, with expressions in the place of numbers and, where there are numbers, both.

Words, names and structure are the presentation's of the trace in numbers; what is added here is text of expressions
from the derivation (`bptui.present.derivation`).
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from functools import cached_property, partial
from typing import Any

import numpy as np

from bptui.errors import BptuiError
from bptui.present import cells, grid, numbers
from bptui.present.derivation import Derivation
from bptui.present.frame import Block, Factor, Frame, Point, RouteList, RouteText, Row, Table
from bptui.present.pages import LARGEST_TABLE, page_of, paged
from bptui.present.presentation import (
    LARGEST_LINK,
    MOST_TERMS,
    Presentation,
    chain,
    ledger_rows,
    plus,
    spots_of,
    times,
)
from bptui.present.values import ValueTables
from bptui.present.wires import Wires, find_wires
from bptui.scenario.program import Array, ForwardStep, Slot
from bptui.text import counted
from bptui.trace.elements import Level
from bptui.trace.record import Trace
from bptui.trace.routes import Route, Routes, routes_from

WIDEST_ENTRY = 16
"""How many characters an entry of a local Jacobian may have for the matrix to be written out."""

MOST_SUMMED = 12
"""How many routes may be written out as one sum."""

LONGEST_WRITTEN = 200
"""How many characters a sum of routes may have to be written out."""

LONGEST_SUM = 12
"""How many terms of a sum are written out."""


class SymbolicPresentation(Presentation):
    """The frames and tables of one scenario in symbols; raises BptuiError where it is too large for them.

    `trace` is in numbers or in symbols; a derivation that is already there can be handed on.
    """

    def __init__(self, trace: Trace, derivation: Derivation | None = None) -> None:
        self.derivation = Derivation(trace) if derivation is None else derivation
        self.named = self.derivation.named
        super().__init__(self.named)
        self.numbers = trace.numbers

    def with_numbers(self, numbers: Trace) -> SymbolicPresentation | None:
        """Return this presentation with other numbers beside the symbols; None where they lead to other symbols."""
        derivation = self.derivation.with_numbers(numbers)
        return None if derivation is None else SymbolicPresentation(numbers, derivation)

    # -- texts -------------------------------------------------------------------------------------------------------

    def _text(self, expression: Any) -> str:
        return cells.pretty(self.derivation.text(expression))

    def brief(self, expression: Any) -> str:
        return cells.shortened(self._text(expression), LONGEST_SUM)

    def _number(self, array: Array | None, flat: int) -> str:
        """Return an element's number, nothing where there are none."""
        return "" if array is None else numbers.number(array.item(flat))

    # -- frames ------------------------------------------------------------------------------------------------------

    def _made(self, step: ForwardStep, element: int) -> tuple[tuple[str, ...], Table]:
        names = cells.Names(self.named, step)
        output = self.program.values[step.output]
        result = self.named.result(step.index)
        values = None if self.numbers is None else self.numbers.values[step.output]
        width = 2 + (values is not None)

        def row(flat: int) -> Row:
            name = cells.pretty(self.program.element_name(output.id, flat))
            texts = (name, self.brief(result.item(flat)), self._number(values, flat))[:width]
            return Row(texts, flat, spots=spots_of(Point(output.id, flat), *range(width)))

        formulas: tuple[str, ...] = ()
        if output.size:
            name, written = (
                cells.pretty(self.program.element_name(output.id, element)),
                cells.element(names, step, element),
            )
            sides = (written, self.brief(result.item(element)), self._number(values, element))
            formulas = chain(name, *filter(None, sides))
        columns, numeric = ("element", "in symbols", "value"), (False, False, True)
        return formulas, Table(columns[:width], numeric[:width], self._rows(output, element, row, width))

    def _given(self, element: int) -> tuple[tuple[str, ...], Table]:
        target = self.program.values[self.program.target]
        given = None if self.numbers is None else self.numbers.seed
        width = 2 + (given is not None)

        def row(flat: int) -> Row:
            name, written = self._gradient_name(target.id, flat), self._text(self.named.seed.item(flat))
            texts = (name, written, self._number(given, flat))[:width]
            return Row(texts, flat, spots=spots_of(Point(target.id, flat, gradient=True), *range(width)))

        columns, numeric = ("element", "in symbols", "gradient"), (False, False, True)
        formulas = chain(*row(element).cells) if target.size else ()
        return formulas, Table(columns[:width], numeric[:width], self._rows(target, element, row, width))

    def _backward(self, index: int, slot: Slot, element: int) -> Frame:
        frame = super()._backward(index, slot, element)
        if not self.program.values[slot.target].size:
            return frame
        notes = list(frame.notes)
        short = self.derivation.short_at(slot.index, frame.element)
        if short is not None:
            gradient = self._gradient_name(slot.target, frame.element)
            long = cells.pretty(short.long)
            where = f", where {cells.pretty(short.where)}" if short.where else ""
            notes.insert(0, f"The long way, {long}, cancels: {gradient} = {cells.pretty(short.text)}{where}.")
        if slot.previous >= 0:
            total = self.brief(self.named.accumulated[slot.index].item(frame.element))
            notes.insert(0, f"Together: {self._gradient_name(slot.target, frame.element)} = {total}")
        return replace(frame, notes=tuple(notes))

    def _contribution(self, slot: Slot, step: ForwardStep, element: int) -> tuple[str, ...]:
        names = cells.Names(self.named, step)
        written = []
        heads = self._heads(slot, element)
        for head in heads[: cells.LONGEST_SUM + 2]:
            rule = cells.derivative(names, step, slot.slot, head, element)
            written.append(times(self._gradient_name(step.output, head), rule))
        if len(heads) > cells.LONGEST_SUM + 2:
            written.append(f"… {len(heads) - cells.LONGEST_SUM - 2} more")
        sides = [plus(written)]
        added = self.brief(self.named.contributions[slot.index].item(element))
        if added != sides[0].replace(" · ", "·"):
            sides.append(added)
        short = self.derivation.short_at(slot.index, element)
        if short is not None:
            sides.append(cells.pretty(short.text))
        if self.numbers is not None:
            sides.append(self._number(self.numbers.contributions[slot.index], element))
        what = self._gradient_name(slot.target, element)
        if slot.previous >= 0 or self.program.last_slot[slot.target] != slot.index:
            what = f"contribution to {what}"
        return chain(what, *sides)

    def _ledger(self, slot: Slot, step: ForwardStep, element: int) -> Table:
        """Return the ledger: upstream × local derivative = contribution, and what it comes to in numbers.

        Where something was there before, it stands there as well, and the sum after it.
        """
        size = self.program.values[slot.target].size
        page = page_of(size, element)
        upstream = self.named.upstream(slot.index)
        added = self.named.contributions[slot.index]
        ends = [self.named.before(slot.index), self.named.accumulated[slot.index]] if slot.previous >= 0 else []
        comes_to = None if self.numbers is None else self.numbers.contributions[slot.index]
        heads = [self._heads(slot, flat) for flat in page]
        columns = ("element", "from", "upstream", "local", "contribution", *("before", "after")[: len(ends)])
        if comes_to is not None:
            columns = (*columns, "comes to")

        def row(flat: int, at: int) -> Row:
            name = cells.pretty(self.program.element_name(slot.target, flat))
            here = Point(slot.target, flat, gradient=True)
            result = [self.brief(array.item(flat)) for array in (added, *ends)]
            result += [] if comes_to is None else [numbers.number(comes_to.item(flat))]
            among = heads[flat - page.start]
            if at < min(len(among), MOST_TERMS):
                head = among[at]
                source = cells.pretty(self.program.element_name(step.output, head))
                arriving, local = upstream.item(head), self.elements.entry(slot.step, slot.slot, head, flat)
                texts = (name, source, self.brief(arriving), self.brief(local))
                above = Point(step.output, head, gradient=True)
                spots = (*spots_of(here, 0), *spots_of(above, 1, 2), *spots_of(here, 3, 4))
                if len(among) == 1:
                    spots = (*spots, *spots_of(here, *range(5, len(columns))))
                    return Row((*texts, *result), flat, spots=spots)
                blank = [""] * (len(result) - 1)
                return Row((*texts, self.brief(arriving * local), *blank), flat, "term", spots)
            if at == MOST_TERMS and len(among) > MOST_TERMS:
                more = f"{len(among) - MOST_TERMS} more"
                return Row((name, more, "", "", "…", *[""] * (len(result) - 1)), flat, "more")
            spots = spots_of(here, 0, *range(4, len(columns)))
            if not among:
                return Row((name, "nothing", "", "", *result), flat, spots=spots)
            return Row((name, "sum", "", "", *result), flat, "sum", spots)

        places = [(flat, at) for flat, among in zip(page, heads, strict=True) for at in range(ledger_rows(len(among)))]
        of = partial(Point, slot.target, gradient=True)
        rows = paged(len(places), lambda at: row(*places[at]), page, size, len(columns), of)
        numeric = tuple(column == "comes to" for column in columns)
        return Table(columns, numeric, rows, spare=("from", "before", "after", "upstream", "local"))

    def _jacobian_rows(self, slot: Slot, step: ForwardStep) -> tuple[str, ...] | None:
        output, target = self.program.values[step.output], self.program.values[slot.target]
        structure = self.elements.structure(step.index, slot.slot)
        matrix = np.full((output.size, target.size), "0", dtype=object)
        for head in range(output.size):
            for tail in structure.reads(head):
                matrix[head, tail] = self._text(self.elements.entry(step.index, slot.slot, head, int(tail)))
        if max(map(len, matrix.flat)) > WIDEST_ENTRY:
            return None
        return tuple(_text_rows(matrix))

    # -- wires -------------------------------------------------------------------------------------------------------

    def wires(self, index: int) -> Wires | None:
        return find_wires(self.elements, index, self.brief)

    # -- values ------------------------------------------------------------------------------------------------------

    @cached_property
    def value_tables(self) -> ValueTables:
        return _SymbolicTables(self)

    def lines_of(self, array: Array) -> list[str]:
        """Return an array of expressions as lines of text."""
        return [text for text, _ in self.written(array, grid.window(array.shape))] if array.size else ["[]"]

    def written(self, array: Array, seen: grid.Window) -> list[grid.Written]:
        """Return the part of an array of expressions that is seen, as text, each with the places of its elements."""
        return grid.written(array, seen, lambda flat, _: self.brief(array.item(flat)), lambda flat: True)

    # -- the whole ---------------------------------------------------------------------------------------------------

    def leaves(self) -> Iterator[Block]:
        """Yield every leaf with its symbols, and with its numbers where it has any."""
        for name in self.named.scenario.leaves:
            identity = self.program.names[name]
            yield Block(name, tuple(self.lines_of(self.named.values[identity])))
            if self.numbers is not None:
                yield Block("", tuple(grid.lines(self.numbers.values[identity])))

    def gradients(self) -> Iterator[Block]:
        """Yield the gradient of every element of every name that was asked for, one equation each."""
        for name in self.program.wrt:
            identity = self.program.names[name]
            size = self.program.values[identity].size
            for flat in range(min(size, LARGEST_TABLE)):
                yield Block(self._gradient_name(identity, flat), self.gradient_sides(identity, flat), "equation")

    def gradient_sides(self, value: int, flat: int) -> tuple[str, ...]:
        """Return what an element's gradient is: in named values, in short, in leaves, as a number."""
        short = self.derivation.short(value, flat)
        whole = self.derivation.whole(value, flat)
        sides = [self.brief(self.named.gradient_of(value).item(flat))]
        sides += [cells.pretty(short.text)] if short is not None and not short.where else []
        sides += [cells.pretty(whole)] if whole is not None else []
        if self.numbers is not None:
            sides.append(self._number(self.numbers.gradient_of(value), flat))
        return tuple(side for at, side in enumerate(sides) if side not in sides[:at])

    def links(self) -> Iterator[Block]:
        for line, operand in self._asked_links():
            head, tail = self.program.values[line], self.program.values[operand]
            if head.size * tail.size > LARGEST_LINK:
                continue
            entries = np.full((head.size, tail.size), "0", dtype=object)
            for flat in range(tail.size):
                for edge in self.elements.named_edges((operand, flat)):
                    if edge.head[0] == line:
                        entries[edge.head[1], flat] = self._text(edge.derivative)
            for flat in range(head.size):
                name = f"d{self.program.element_name(line, flat)}/d{tail.name}"
                yield Block(name, tuple(_text_rows(entries[flat].reshape(tail.shape))))

    # -- routes ------------------------------------------------------------------------------------------------------

    def route_list(
        self,
        value: int,
        flat: int,
        limit: int = 6,
        level: Level = "named",
        wanted: Callable[[], bool] = lambda: True,
        *,
        before: Trace | None = None,
        known: Callable[[Point], bool] | None = None,
    ) -> RouteList:
        """Return the routes in symbols, in which there is nothing to compare, and nothing to be predicted."""
        program = self.program
        name, gradient = cells.pretty(program.element_name(value, flat)), self._gradient_name(value, flat)
        if program.values[value].role == "constant":
            return RouteList(f"{name} is a constant: no gradient is taken with respect to it", (), gradient=gradient)
        try:
            found = routes_from(self.named, (value, flat), limit, level, wanted)
            total = self.brief(found.total)
            if found.count == 0:
                target = cells.pretty(program.values[program.target].text)
                title = f"{gradient} = {total}: no route leads from {name} to {target}, which does not depend on it"
                return RouteList(title, (), gradient=gradient, total=total)
            summed = self._sum(value, flat, wanted)
        except BptuiError as fault:
            return RouteList(f"{gradient}: {fault.faults[0].message}", (), gradient=gradient)
        many = "one route" if found.count == 1 else f"the sum of {found.count:,} routes"
        number = self._number(None if self.numbers is None else self.numbers.gradient_of(value), flat)
        title = f"{gradient} = {number}: {many}" if number else f"{gradient} is {many}"
        routes = tuple(self._route_texts(found))
        return RouteList(title, routes, self._more(found), gradient, total, summed, found.count, symbolic=True)

    def _route_texts(self, found: Routes) -> Iterator[RouteText]:
        together: Any = 0
        for route in found:
            together += route.product
            yield self._route_text(route, self.brief(together))

    def _route_text(self, route: Route, together: str) -> RouteText:
        factors: list[Factor] = []
        product: Any = 1
        for (name, expression), step in zip(route.factors, route.steps, strict=True):
            product *= expression
            factors.append(Factor(cells.pretty(name), self.brief(expression), self.brief(product), step))
        texts = [cells.as_factor(one.number) for one in factors if one.number != "1"] or ["1"]
        return RouteText(
            self.brief(route.product),
            " · ".join(one.name for one in factors) or "1",
            " · ".join(texts),
            numbers.percent(route.share),
            together,
            tuple(factors),
        )

    def _more(self, found: Routes) -> str:
        left = found.count - len(found)
        return f"… {counted(left, 'more route')}" if left else ""

    def _sum(self, value: int, flat: int, wanted: Callable[[], bool]) -> str:
        """Return the gradient as the sum of what each operation passes on, like terms first apart, then together.

        Nothing where that is too long to be read.
        """
        found = routes_from(self.named, (value, flat), MOST_SUMMED, "primitive", wanted)
        if not 1 < found.count == len(found):
            return ""
        apart = cells.pretty(self.derivation.sum_of([route.product for route in found]))
        short = self.derivation.short(value, flat)
        together = self.derivation.text(found.total) if short is None or short.where else short.text
        total = cells.shortened(cells.pretty(together), LONGEST_SUM)
        if len(apart) + len(total) > LONGEST_WRITTEN:
            return ""
        return f"= {apart}" + (f" = {total}" if len(total) < len(apart) else "")


def _text_rows(texts: Array) -> list[str]:
    """Return an array of texts as lines, the middle of a wide one and the end of a long one left out."""
    if not texts.size:
        return ["[]"]
    found = grid.written(texts, grid.window(texts.shape), lambda flat, _: str(texts.item(flat)), lambda flat: True)
    return [text for text, _ in found]


class _SymbolicTables(ValueTables):
    """The tables of named values with gradients in symbols; the values are numbers where there are any."""

    def __init__(self, shown: SymbolicPresentation) -> None:
        super().__init__(shown.named)
        self._shown = shown

    def _written(
        self,
        array: Array | None,
        old: Array | None,
        of: Point,
        at: Point | None,
        hides: Callable[[Point], bool] | None,
    ) -> list[grid.Written]:
        if array is None:
            return []
        if not of.gradient and self._shown.numbers is not None:
            return super()._written(self._shown.numbers.values[of.value], None, of, at, hides)
        if not of.gradient:
            array = self._shown.named.made.get(of.value, array)
        return self._shown.written(array, self._window(of.value, at)) if array.size else [("[]", ())]


def presentation_of(trace: Trace) -> Presentation:
    """Return the presentation of a trace, in numbers or in symbols as the trace is."""
    return Presentation(trace) if trace.mode == "numbers" else SymbolicPresentation(trace)
