"""(Trace, step, element) → Frame: the one presentation model that app and exports take their words and numbers from.

Nothing here is computed for steps that are not asked for, and a table of a large array makes its rows as they are read.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from functools import cached_property

import numpy as np

from bptui.ops.operation import ATOM, shape_text
from bptui.present import cells, grid, numbers
from bptui.present.advice import stable_form
from bptui.present.frame import Block, Frame, Point, RouteList, Row, Spot, StepLabel, Table
from bptui.present.lazy import Lazy
from bptui.present.pages import LARGEST_TABLE, page_of, paged
from bptui.present.patterns import pattern_text
from bptui.present.values import ValueTables
from bptui.present.why import route_list
from bptui.present.wires import Wires, find_wires
from bptui.scenario.program import ForwardStep, Slot, Value
from bptui.text import counted, printable
from bptui.trace import formulas
from bptui.trace.elements import Elements, Level
from bptui.trace.places import value_of
from bptui.trace.record import Trace

LARGEST_LINK = 64
"""How many entries a derivative between two named values may have to be written out."""

MOST_ROUTED = 6
"""Of how many elements of one value the routes are listed."""

WIDEST_MATRIX = 8
"""How many columns a local Jacobian may have to be written out."""

MOST_TERMS = 12
"""How many summands of one element's contribution the ledger lists; the sum is always of all."""


class Presentation:
    """The frames, step labels and tables of one trace."""

    def __init__(self, trace: Trace) -> None:
        self.trace, self.program = trace, trace.program
        self.elements = Elements(trace)
        self.title = printable(trace.scenario.title)
        self.description = printable(trace.scenario.description.strip(), keep="\n")

    def __len__(self) -> int:
        return len(self.trace.steps)

    # -- the step ----------------------------------------------------------------------------------------------------

    def frame(self, index: int, element: int = 0) -> Frame:
        """Return what step `index` shows with the cursor on `element` of the array that the step makes or adds to."""
        forward = self.trace.seed_step
        if index < forward:
            return self._forward(self.program.steps[index], element)
        if index == forward:
            return self._seed(index, element)
        return self._backward(index, self.program.slots[index - forward - 1], element)

    @cached_property
    def labels(self) -> Sequence[StepLabel]:
        """The list of steps, each label made when it is asked for."""
        return Lazy(len(self), self.label)

    def label(self, index: int) -> StepLabel:
        """Return how step `index` stands in the list of steps."""
        forward = self.trace.seed_step
        if index < forward:
            step = self.program.steps[index]
            return StepLabel(index, "forward", self._equation(step), step.operation.name, step.line)
        if index == forward:
            text = cells.pretty(self.trace.steps[index].formula or "")
            return StepLabel(index, "seed", text, "seed", self.program.values[self.program.target].line or "")
        slot = self.program.slots[index - forward - 1]
        step = self.program.steps[slot.step]
        text = cells.pretty(formulas.backward(self.program, slot, brief=True))
        return StepLabel(index, "backward", text, step.operation.name, step.line)

    def _forward(self, step: ForwardStep, element: int) -> Frame:
        output = self.program.values[step.output]
        element = self._within(output, element)
        formulas, table = self._made(step, element)
        return Frame(
            step.index,
            len(self),
            "forward",
            step.line,
            self.line_text(step.line),
            step.operation.name,
            self._equation(step),
            self._forward_sentence(step),
            element,
            formulas,
            table,
            tuple(self._notes(step.index, step)),
        )

    def _made(self, step: ForwardStep, element: int) -> tuple[tuple[str, ...], Table]:
        """Return the equation of one element that a forward step makes, and the table of all."""
        names, put_in = cells.Names(self.trace, step), cells.Numbers(self.trace, step)
        output = self.program.values[step.output]
        result = self.trace.values[step.output].reshape(-1)
        formulas: tuple[str, ...] = ()
        if output.size:
            name = cells.pretty(self.program.element_name(output.id, element))
            written = cells.element(names, step, element)
            shown, value = cells.element(put_in, step, element), numbers.number(result[element])
            formulas = chain(name, written, shown, value)

        def row(flat: int) -> Row:
            shown, value = cells.element(put_in, step, flat), numbers.number(result[flat])
            if shown == value:  # of an element that only moves, where it comes from says more than its number again
                shown = cells.element(names, step, flat)
            name = cells.pretty(self.program.element_name(output.id, flat))
            return Row((name, shown, value), flat, spots=spots_of(Point(output.id, flat), 0, 1, 2))

        return formulas, Table(
            ("element", "with numbers", "value"), (False, False, True), self._rows(output, element, row, 3)
        )

    def _seed(self, index: int, element: int) -> Frame:
        program, target = self.program, self.program.values[self.program.target]
        element = self._within(target, element)
        formulas, table = self._given(element)
        if program.seeded:
            sentence = (
                f"The backward pass begins. {target.text} feeds a scalar {program.loss} that is not written out here; "
                f"its gradient with respect to {target.text} is given."
            )
        else:
            sentence = f"The backward pass begins: {target.text} changes by 1 where {target.text} changes by 1."
        line = target.line or ""
        title = cells.pretty(self.trace.steps[index].formula or "")
        return Frame(
            index, len(self), "seed", line, self.line_text(line), "seed", title, sentence, element, formulas, table, ()
        )

    def _given(self, element: int) -> tuple[tuple[str, ...], Table]:
        """Return the equation of one element of the seed, and the table of all."""
        target = self.program.values[self.program.target]
        page = page_of(target.size, element)
        values = numbers.column(self.trace.seed.reshape(-1)[page.start : page.stop])

        def row(flat: int) -> Row:
            texts = (self._gradient_name(target.id, flat), values[flat - page.start])
            return Row(texts, flat, spots=spots_of(Point(target.id, flat, gradient=True), 0, 1))

        formulas = (" = ".join(row(element).cells),) if target.size else ()
        return formulas, Table(("element", "gradient"), (False, True), self._rows(target, element, row, 2))

    def _backward(self, index: int, slot: Slot, element: int) -> Frame:
        step = self.program.steps[slot.step]
        target = self.program.values[slot.target]
        element = self._within(target, element)
        return Frame(
            index,
            len(self),
            "backward",
            step.line,
            self.line_text(step.line),
            step.operation.name,
            cells.pretty(formulas.backward(self.program, slot)),
            self._backward_sentence(slot, step),
            element,
            self._contribution(slot, step, element) if target.size else (),
            self._ledger(slot, step, element),
            tuple(self._notes(index, step, slot)),
            self._jacobian(slot, step),
        )

    # -- forward -----------------------------------------------------------------------------------------------------

    def line_text(self, line: str) -> str:
        """Return a forward line as it is written, `z1 = W1 @ x + b1`; nothing for a leaf."""
        record = self.program.lines.get(line)
        return f"{record.name} = {printable(' '.join(record.text.split()))}" if record else ""

    def _equation(self, step: ForwardStep) -> str:
        """Return a step as an equation: `y = sigmoid(z2)`; what has no name yet is the expression alone."""
        output = self.program.values[step.output]
        text = cells.pretty(step.formula)
        return f"{output.text} = {text}" if output.name is not None else text

    def _forward_sentence(self, step: ForwardStep) -> str:
        operation, output = step.operation, self.program.values[step.output]
        operands = [self._described(self.program.values[operand]) for operand in step.inputs[:4]]
        if len(step.inputs) > 4:
            operands.append(f"{len(step.inputs) - 4} more")
        inside = f" Inside {cells.pretty(self.program.calls[step.call].text)}." if step.call >= 0 else ""
        which = f"It completes the line {output.text}." if output.name else f"It is part of the line {step.line}."
        made = f"a result of shape {shape_text(output.shape)}" if output.shape else "a single number"
        return f"{operation.name} takes {_listed(operands)} and gives {made}. {which}{inside}"

    def _described(self, value: Value) -> str:
        text = cells.pretty(value.text)
        return f"{text} of shape {shape_text(value.shape)}" if value.shape else text

    # -- backward ----------------------------------------------------------------------------------------------------

    def _gradient_name(self, value: int, flat: int | None = None) -> str:
        return cells.pretty(self.program.derivative_name(value, flat))

    def _heads(self, slot: Slot, element: int) -> list[int]:
        """Return the output elements that `element` of the slot's operand feeds."""
        heads: list[int] = self.elements.feeds(slot.step, slot.slot, element).tolist()
        return heads

    def _spreads(self, slot: Slot) -> bool:
        """Return whether elements of the slot's operand enter several elements of the result."""
        return any(len(self._heads(slot, flat)) > 1 for flat in (0, -1) if self.program.values[slot.target].size)

    def _contribution(self, slot: Slot, step: ForwardStep, element: int) -> tuple[str, ...]:
        """Return the equation of one element's contribution: a sum over what it feeds of upstream · local."""
        names, put_in = cells.Names(self.trace, step), cells.Numbers(self.trace, step)
        upstream = self.trace.upstream(slot.index).reshape(-1)
        written: list[str] = []
        shown: list[str] = []
        products: list[str] = []
        heads = self._heads(slot, element)
        for head in heads[: cells.LONGEST_SUM + 2]:
            local = self.elements.entry(slot.step, slot.slot, head, element)
            rule = cells.derivative(names, step, slot.slot, head, element)
            put = cells.derivative(put_in, step, slot.slot, head, element)
            gradient, arriving = self._gradient_name(step.output, head), numbers.number(upstream[head])
            if products:
                arriving = numbers.factor(upstream[head])
            written.append(times(gradient, rule))
            shown.append(times(arriving, put))
            products.append(times(arriving, numbers.factor(local)))
        if len(heads) > cells.LONGEST_SUM + 2:
            more = f"… {len(heads) - cells.LONGEST_SUM - 2} more"
            for terms in (written, shown, products):
                terms.append(more)
        result = numbers.number(self.trace.contributions[slot.index].reshape(-1)[element])
        what = f"contribution to {self._gradient_name(slot.target, element)}"
        if slot.previous < 0 and self.program.last_slot[slot.target] == slot.index:
            what = self._gradient_name(slot.target, element)
        return chain(what, plus(written), plus(shown), plus(products), result)

    def _ledger(self, slot: Slot, step: ForwardStep, element: int) -> Table:
        """Return the ledger: local derivative × upstream = contribution, and the gradient before and after.

        An element has a row for each element of the result that it enters, and a sum where these are not exactly one.
        """
        size = self.program.values[slot.target].size
        page = page_of(size, element)
        upstream = self.trace.upstream(slot.index).reshape(-1)
        recorded = (
            self.trace.contributions[slot.index],
            self.trace.before(slot.index),
            self.trace.accumulated[slot.index],
        )
        ends = [numbers.column(array.reshape(-1)[page.start : page.stop]) for array in recorded]
        arriving = numbers.column(upstream[:LARGEST_TABLE])
        heads = [self._heads(slot, flat) for flat in page]

        def row(flat: int, at: int) -> Row:
            name = cells.pretty(self.program.element_name(slot.target, flat))
            here = Point(slot.target, flat, gradient=True)
            added, before, after = (column[flat - page.start] for column in ends)
            among = heads[flat - page.start]
            if at < min(len(among), MOST_TERMS):
                head = among[at]
                source = cells.pretty(self.program.element_name(step.output, head))
                local = self.elements.entry(slot.step, slot.slot, head, flat)
                flowing = arriving[head] if head < len(arriving) else numbers.number(upstream[head])
                above = Point(step.output, head, gradient=True)
                spots = (*spots_of(here, 0), *spots_of(above, 1, 2), *spots_of(here, 3, 4))
                if len(among) == 1:
                    spots = (*spots, *spots_of(here, 5, 6))
                    return Row((name, source, flowing, numbers.number(local), added, before, after), flat, spots=spots)
                product = numbers.number(float(upstream[head]) * local)
                return Row((name, source, flowing, numbers.number(local), product, "", ""), flat, "term", spots)
            if at == MOST_TERMS and len(among) > MOST_TERMS:
                return Row((name, f"{len(among) - MOST_TERMS} more", "", "", "…", "", ""), flat, "more")
            spots = spots_of(here, 0, 4, 5, 6)
            if not among:
                return Row((name, "nothing", "", "", added, before, after), flat, spots=spots)
            return Row((name, "sum", "", "", added, before, after), flat, "sum", spots)

        places = [(flat, at) for flat, among in zip(page, heads, strict=True) for at in range(ledger_rows(len(among)))]
        columns = ("element", "from", "upstream", "local", "contribution", "before", "after")
        rows = paged(
            len(places), lambda at: row(*places[at]), page, size, 7, lambda at: Point(slot.target, at, gradient=True)
        )
        if slot.previous < 0:
            spare: tuple[str, ...] = ("before",)  # nothing but zeros
        else:
            spare = () if any(len(among) > 1 for among in heads) else ("from",)
        return Table(columns, (False, False, True, True, True, True, True), rows, spare=spare)

    def _jacobian(self, slot: Slot, step: ForwardStep) -> tuple[str, ...]:
        """Return the local Jacobian's shape and structure, and its rows where it is small."""
        output, target = self.program.values[step.output], self.program.values[slot.target]
        if not output.shape and not target.shape:
            return ()
        structure = self.elements.structure(step.index, slot.slot)
        name = cells.pretty(f"∂{output.brief.within(ATOM)}/∂{target.brief.within(ATOM)}")
        pattern = pattern_text(structure, cells.pretty(target.brief.text), output.size, target.size)
        said = f"Local Jacobian {name}: {output.size:,}×{target.size:,}, {pattern}"
        if output.size > grid.MOST_LINES or target.size > WIDEST_MATRIX or not output.size * target.size:
            return (f"{said}.",)
        rows = self._jacobian_rows(slot, step)
        return (f"{said}.",) if rows is None else (f"{said}:", *rows)

    def _jacobian_rows(self, slot: Slot, step: ForwardStep) -> tuple[str, ...] | None:
        """Return a small local Jacobian row by row; None where its entries are too long."""
        output, target = self.program.values[step.output], self.program.values[slot.target]
        structure = self.elements.structure(step.index, slot.slot)
        matrix = np.zeros((output.size, target.size))
        for head in range(output.size):
            for tail in structure.reads(head):
                matrix[head, tail] = self.elements.entry(step.index, slot.slot, head, int(tail))
        return tuple(grid.lines(matrix))

    def _backward_sentence(self, slot: Slot, step: ForwardStep) -> str:
        output, target = self.program.values[step.output], self.program.values[slot.target]
        source, sink = cells.pretty(output.text), cells.pretty(target.text)
        structure = self.elements.structure(step.index, slot.slot).name
        several = self._spreads(slot)
        many = {
            "diagonal": "each element's upstream gradient is multiplied by its local derivative",
            "broadcast": f"{sink} was broadcast, so each of its elements sums the contributions of all its copies",
            "permutation": "each element's gradient goes back to where the element came from",
            "selection": "each element's gradient goes back to where the element came from; what was not taken gets 0",
        }.get(
            structure,
            "each element gets the upstream gradient of the one element it enters, times the local derivative",
        )
        if several and structure not in ("diagonal", "broadcast"):
            many = "each element enters several elements, and sums upstream × local derivative over them"
        if not target.shape and not output.shape:
            many = "the upstream gradient is multiplied by the local derivative"
        return f"The gradient flows from {source} back into {sink} through {step.operation.name}: {many}."

    # -- notes -------------------------------------------------------------------------------------------------------

    def _notes(self, index: int, step: ForwardStep, slot: Slot | None = None) -> list[str]:
        notes = []
        bad = self.trace.first_not_finite
        if bad is not None and bad.step == index:
            where = cells.pretty(self.program.element_name(bad.value, bad.element))
            what = f"d{self.program.loss}/d{where}" if slot is not None else where
            notes.append(
                f"Here a number first becomes {numbers.number(bad.number)}: {what}.{stable_form(self.program, step)}"
            )
        if slot is not None:
            notes += self._accumulation(slot)
            target, output = self.program.values[slot.target], self.program.values[step.output]
            if step.operation.partial(slot.slot) is not None and target.shape != output.shape:
                shapes = f"{shape_text(target.shape)} to {shape_text(output.shape)}"
                notes.append(
                    f"Broadcast from {shapes}: the contributions are summed over the axes that were added or stretched."
                )
        if step.operation.convention:
            notes.append(f"Convention: {step.operation.convention}.")
        return notes

    def _accumulation(self, slot: Slot) -> list[str]:
        uses = self.trace.slots_of(slot.target)
        if len(uses) < 2:
            return []
        which = uses.index(slot.index) + 1
        name = cells.pretty(self.program.values[slot.target].text)
        if which == 1:
            return [
                f"{name} is used {counted(len(uses), 'time')}: this is the first of its contributions, which add up."
            ]
        last = " and the last" if which == len(uses) else ""
        return [f"Contribution {which} of {len(uses)}{last} to {name}: it is added to what is there."]

    # -- wires -------------------------------------------------------------------------------------------------------

    def wires(self, index: int) -> Wires | None:
        """Return the wires of step `index`, or None where it moves nothing."""
        return find_wires(self.elements, index)

    # -- values ------------------------------------------------------------------------------------------------------

    @cached_property
    def value_tables(self) -> ValueTables:
        """The tables of named values and their gradients, step by step."""
        return ValueTables(self.trace)

    def values(self, index: int) -> Table:
        """Return the table of all named values at step `index`."""
        return self.value_tables.table(index)

    def changed(self, index: int) -> range:
        """Return the rows of `values` whose numbers step `index` makes or adds to; none where the value has no name."""
        return self.value_tables.rows(value_of(self.trace, index))

    def concerned(self, index: int, at: Point) -> tuple[int, Point] | None:
        """Return which element of what step `index` makes or adds to has to do with `at`, and what its row has of it.

        That is the element itself, the first that it enters, or the first that enters it. None where none has.
        """
        forward = self.trace.seed_step
        about = value_of(self.trace, index)
        if at.value == about:
            return at.flat, Point(about, at.flat, index >= forward)
        if index == forward:
            return None
        slot = self.program.slots[index - forward - 1] if index > forward else None
        step = self.program.steps[slot.step if slot is not None else index]
        head = at.flat if at.value == step.output else self._entered(step, at)
        if head is None or slot is None:
            return None if head is None else (head, Point(about, head))
        tails = self.elements.structure(step.index, slot.slot).reads(head)
        return (int(tails[0]), Point(step.output, head, gradient=True)) if len(tails) else None

    def _entered(self, step: ForwardStep, at: Point) -> int | None:
        """Return the first element of a step's result that an element enters as an operand, if it does."""
        for slot, operand in enumerate(step.inputs):
            if operand == at.value and len(heads := self.elements.feeds(step.index, slot, at.flat)):
                return int(heads[0])
        return None

    # -- the whole ---------------------------------------------------------------------------------------------------

    @property
    def question(self) -> str:
        """What is asked: the gradient of which scalar with respect to which names."""
        program = self.program
        target = program.values[program.target].text
        asked = ", ".join(f"d{program.loss}/d{name}" for name in program.wrt)
        seed = (
            f", where {target} feeds a scalar {program.loss} with d{program.loss}/d{target} given"
            if program.seeded
            else ""
        )
        return f"asked for: {asked}{seed}" if asked else ""

    def functions(self) -> Iterator[tuple[str, str]]:
        """Yield the scenario's functions: signature and body."""
        for signature, body in self.trace.scenario.functions.items():
            yield printable(signature), cells.pretty(printable(" ".join(body.split())))

    def leaves(self) -> Iterator[Block]:
        """Yield every leaf with its numbers."""
        for name in self.trace.scenario.leaves:
            yield Block(name, tuple(grid.lines(self.trace.values[self.program.names[name]])))

    def gradients(self) -> Iterator[Block]:
        """Yield the gradients that were asked for."""
        for name in self.program.wrt:
            identity = self.program.names[name]
            yield Block(self._gradient_name(identity), tuple(grid.lines(self.trace.gradient_of(identity))))

    def links(self) -> Iterator[Block]:
        """Yield the derivatives between named values that the gradients asked for are made of, where they are small.

        Each is of a line with respect to a name that the line uses, on a way from the target to a name in `wrt`.
        """
        for line, operand in self._asked_links():
            head, tail = self.program.values[line], self.program.values[operand]
            if head.size * tail.size > LARGEST_LINK or (
                line == self.program.target and not self.program.seeded and tail.name in self.program.wrt
            ):
                continue  # too large, or among the gradients already
            found = np.reshape(self.trace.derivative(f"d{head.name}/d{tail.name}"), (head.size, *tail.shape))
            for flat in range(head.size):
                name = f"d{self.program.element_name(line, flat)}/d{tail.name}"
                yield Block(name, tuple(grid.lines(found[flat])))

    def _asked_links(self) -> Iterator[tuple[int, int]]:
        """Yield (line, operand) pairs by value id, from the target down to the names in `wrt`."""
        program = self.program
        below: dict[int, set[int]] = {}
        for record in program.lines.values():
            used = {operand for step in program.steps[record.first : record.last] for operand in step.inputs}
            below[record.value] = {one for one in used if program.values[one].name is not None}
        asked = {program.names[name] for name in program.wrt}
        leads = set(asked)
        for line, used in below.items():
            if (used & leads and line in program.last_slot) or line == program.target:
                leads.add(line)
        for line, used in reversed(below.items()):
            if line in leads and (line in program.last_slot or line == program.target):
                yield from ((line, operand) for operand in sorted(used & leads))

    def routes(self) -> Iterator[RouteList]:
        """Yield the routes of the first elements of every name in `wrt`, where they are found quickly."""
        for name in self.program.wrt:
            identity = self.program.names[name]
            size = self.program.values[identity].size
            for flat in range(min(size, MOST_ROUTED)):
                yield self.route_list(identity, flat)
            if size > MOST_ROUTED:
                yield RouteList(f"… and the routes of {counted(size - MOST_ROUTED, 'more element')} of {name}", ())

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
        """Return why the gradient of one element is what it is: its largest routes, factor by factor.

        `wanted` is asked now and then whether the answer still is. What was otherwise in `before` is written `old→new`,
        and what is not `known` is hidden.
        """
        return route_list(self.trace, value, flat, limit, level, wanted, before, known)

    # -- helpers -----------------------------------------------------------------------------------------------------

    def _within(self, value: Value, element: int) -> int:
        return max(0, min(element, value.size - 1))

    def _rows(self, value: Value, element: int, row: Callable[[int], Row], columns: int) -> Sequence[Row]:
        """Return a row for each element of the page that `element` is on."""
        page = page_of(value.size, element)
        return paged(len(page), lambda at: row(page[at]), page, value.size, columns, lambda at: Point(value.id, at))


def ledger_rows(heads: int) -> int:
    """Return how many rows of the ledger an element has that enters so many elements of the result."""
    return 1 if heads == 1 else min(heads, MOST_TERMS) + (heads > MOST_TERMS) + 1


def spots_of(point: Point, *cells: int) -> tuple[Spot, ...]:
    """Return the spots of cells that are about one element."""
    return tuple(Spot(cell, point) for cell in cells)


def chain(name: str, *sides: str) -> tuple[str, ...]:
    """Return `name = side = side …` as lines, leaving out a side that repeats what stands before it."""
    lines: list[str] = []
    last = name
    for side in sides:
        if side != last:
            lines.append(f"= {side}")
        last = side
    return (" ".join((name, *lines[:1])), *lines[1:])


def times(upstream: str, local: str) -> str:
    """Return upstream · local, leaving out a local derivative of 1."""
    return upstream if local == "1" else f"{upstream} · {cells.as_factor(local)}"


def plus(terms: Sequence[str]) -> str:
    return " + ".join(terms) if terms else "0"


def _listed(words: Sequence[str]) -> str:
    return words[0] if len(words) == 1 else f"{', '.join(words[:-1])} and {words[-1]}" if words else "nothing"
