"""Steps that only move elements, as wires: operand above, result below, both in index order and never rearranged.

A layout that reorders elements until no wires cross would hide what is to be seen. Forward, values run down the wires;
backward, gradients run up the same wires, which is the inverse permutation.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from functools import cached_property
from typing import Any

import numpy as np

from bptui.present import cells, numbers
from bptui.present.drawing import Canvas, Line, cut, text_of
from bptui.present.layout import wrapped
from bptui.present.wiring import MOST_DRAWN, Detour, Wiring
from bptui.scenario.notation import unravel
from bptui.scenario.program import Array, ForwardStep, Program
from bptui.text import counted
from bptui.text import width as cells_of
from bptui.trace.elements import Elements

MOST_LISTED = 200
"""How many wires are listed where they are too many to be drawn."""

LARGEST = 2000
"""Of how many results wires are looked for."""

_MOVING = ("permute", "sort", "reverse", "roll", "gather", "topk", "concat", "stack", "transpose")
_SHOWN = (*_MOVING, "index")
_GUTTER = 12
_BESIDE = 26
"""How many cells the words need to stand beside the picture."""

_LEAD = re.compile(r"(order|inverse|cycles) +|[+=] ")
_HELD = "\N{NO-BREAK SPACE}"


class Wires(Wiring):
    """The wires of one step as a picture, and what there is to say of them."""

    # -- names and numbers -------------------------------------------------------------------------------------------

    def _label(self, value: int, flat: int) -> str:
        index = unravel(flat, self.program.values[value].shape)
        return ",".join(str(one + self.program.index_base) for one in index) or "•"

    @cached_property
    def _top_numbers(self) -> list[str]:
        """What the operand's elements are, or backward what the wires bring them."""
        if self.slot is None:
            arrays = [self.trace.values[one].reshape(-1) for one in self.operands]
        else:
            arrays = [self._brought(at) for at in range(len(self.operands))]
        return [self.text(value) for value in np.concatenate(arrays).tolist()]

    def _brought(self, slot: int) -> Array:
        upstream = self._running.reshape(-1)
        brought: Array = self.trace.xp.zeros((self.program.values[self.operands[slot]].size,))
        mine = (self.sources >= self.starts[slot]) & (self.sources < self.starts[slot + 1])
        with np.errstate(all="ignore"):  # inf − inf
            np.add.at(brought, self.sources[mine] - self.starts[slot], upstream[mine])
        return brought

    @cached_property
    def _bottom_numbers(self) -> list[str]:
        return [self.text(value) for value in self._running.reshape(-1).tolist()]

    @property
    def _running(self) -> Array:
        """What runs along the wires: the step's result, or backward its gradient."""
        return self.trace.arriving(self.output.id) if self.backward else self.trace.result(self.step.index)

    @property
    def title(self) -> str:
        """What runs along the wires, and where to."""
        operand = "its operands" if len(self.operands) > 1 else self._operand_text
        result = self._result_text
        return f"gradients: from {result} up into {operand}" if self.backward else f"from {operand} down into {result}"

    @property
    def _operand_text(self) -> str:
        return cells.pretty(self.program.values[self.operands[0]].brief.text)

    @property
    def _result_text(self) -> str:
        text = self.output.brief.text
        return f"{self.step.operation.name}(…)" if text.startswith("#") else cells.pretty(text)

    # -- the picture -------------------------------------------------------------------------------------------------

    def lines(self, width: int, element: int = 0, *, matrix: bool = False, numbers: bool = True) -> list[Line]:
        """Return the wires of `width` cells with the element under the cursor lit, and what there is to say of them.

        `matrix` adds the Jacobian of zeros and ones, where there is room above the words; without `numbers` what runs
        along the wires is left out.
        """
        lit = self.lit(element)
        words = self.words(numbers)
        picture = self._picture(width, lit, numbers)
        if picture is None:
            picture, drawn = self._listed(lit, numbers), width
        else:
            drawn = max(cells_of(text_of(line)) for line in picture)
        beside = drawn + 3 + _BESIDE <= width
        room = width - drawn - 3 if beside else width
        if not beside:
            words = list(_joined(words, room))
        told: list[Line] = [((part, "plain"),) for text in words for part in _folded(text, room)]
        if beside and matrix:
            told = [*self._jacobian(lit, room), *told]
        lines = list(_beside(picture, told, drawn + 3)) if beside else [*picture, *told]
        return [*lines, ((" ", "plain"),), *self._jacobian(lit, width)] if matrix and not beside else lines

    def words(self, with_numbers: bool = True) -> list[str]:
        """Return what there is to say: order, inverse, cycles, ties, second ways."""
        said: list[str] = []
        if self.is_permutation and self.tops <= MOST_DRAWN:
            place = {at: self._label(self.operands[0], at) for at in range(self.tops)}
            goal = {at: self._label(self.output.id, at) for at in range(self.tops)}
            said.append("order    " + " ".join(place[int(one)] for one in self.sources))
            said.append("inverse  " + " ".join(goal[int(one)] for one in self.inverse))
            if self.program.values[self.operands[0]].shape == self.output.shape:
                moved = [cycle for cycle in self.cycles if len(cycle) > 1]
                rounds = [" → ".join(goal[one] for one in (*cycle, cycle[0])) for cycle in moved]
                said.append("cycles   " + (", ".join(rounds) or "none: nothing moves"))
                said.append("its own inverse: back is like forward" if self.own_inverse else "not its own inverse")
        elif self.is_permutation:
            lengths = [len(cycle) for cycle in self.cycles]
            said.append(f"a permutation of {self.tops} with {counted(len(lengths), 'cycle')}, longest {max(lengths)}")
            said.append("its own inverse" if self.own_inverse else "not its own inverse")
        else:
            said += self._uses()
        for a, b in self.ties[:4]:
            first, second = (self.top_name(int(self.sources[one])) for one in (a, b))
            said.append(f"= tie: {first} and {second} are equal")
        for top in self.left_out[:4]:
            said.append(f"= tie: {self.top_name(top)} equals the smallest that was taken, and was not")
        return [*said, *self._detour_words(with_numbers)]

    def _uses(self) -> Iterator[str]:
        taken = np.bincount(self.sources[self.sources >= 0], minlength=self.tops)
        if (unused := int((taken == 0).sum())) and self.tops > 0:
            yield f"{counted(unused, 'element')} of {self.tops} not taken: gradient 0 from here"
        for top in np.flatnonzero(taken > 1)[:4].tolist():
            yield f"{self.top_name(top)} is taken {taken[top]} times: its gradients add up"

    def _detour_words(self, with_numbers: bool) -> Iterator[str]:
        line = self.program.lines.get(self.step.line)
        if line is None:
            return
        for detour in self.detours[:MOST_DRAWN]:
            heads = [cells.pretty(self.program.element_name(line.value, head)) for head in detour.heads]
            where = ", ".join(heads) if len(heads) <= 3 else f"{heads[0]} … {heads[-1]}"
            name = self.top_name(detour.top)
            added = self._detour_sum(detour) if with_numbers else ""
            yield f"+ {name} also enters {where} {detour.through}{added}"

    def _detour_sum(self, detour: Detour) -> str:
        if not self.backward:
            return ""
        slot = self.program.slot_columns.at[self.program.columns.starts[detour.step] + detour.slot]
        if slot < 0:
            return ""
        other = cells.as_factor(self.text(self.trace.contributions[slot].item(detour.top)))
        total = self.text(self.trace.gradient_of(self.operands[0]).item(detour.top))
        name = cells.pretty(self.program.derivative_name(self.operands[0], detour.top))
        if len(self.trace.slots_of(self.operands[0])) > 2:
            return f": {other} of {name} = {total}"
        return f": {name} = {self._top_numbers[detour.top]} by the wire + {other} = {total}"

    def _picture(self, width: int, lit: tuple[frozenset[int], frozenset[int]], with_numbers: bool) -> list[Line] | None:
        """Draw the wires, with numbers where they fit; None where there are too many."""
        if not self.drawable or not self.output.size or not self.tops:
            return None
        labels = [self._label(*self.top_place(top)) for top in range(self.tops)]
        results = [self._label(self.output.id, at) for at in range(self.output.size)]
        columns = max(self.tops, self.output.size)
        for shown in (True, False) if with_numbers else (False,):
            widest = max(map(len, [*labels, *results, *(self._top_numbers + self._bottom_numbers if shown else ())]))
            pitch = max(4, widest + 2)
            if _GUTTER + columns * pitch <= width:
                return self._drawn(labels, results, pitch, shown, lit)
        return None

    def _drawn(
        self, labels: list[str], results: list[str], pitch: int, shown: bool, lit: tuple[frozenset[int], frozenset[int]]
    ) -> list[Line]:
        canvas, (tops, bottoms) = Canvas(), lit
        place = [_GUTTER + pitch // 2 - 1 + pitch * at for at in range(max(self.tops, self.output.size))]
        many = len(self.operands) > 1
        row = 0
        if many:
            for slot, value in enumerate(self.operands):
                if self.starts[slot] < self.starts[slot + 1]:
                    name = cut(cells.pretty(self.program.values[value].brief.text), pitch * self._size(slot) - 1)
                    canvas.write(row, place[int(self.starts[slot])], name, "muted")
            row += 1
        canvas.write(row, 0, cut("operands" if many else self._operand_text, _GUTTER - 2), "title")
        for top, label in enumerate(labels):
            canvas.centred(row, place[top], label, "strong" if top in tops else "muted")
        if shown:
            row += 1
            canvas.write(row, 0, "gradient" if self.backward else "value", "muted")
            for top, number in enumerate(self._top_numbers):
                canvas.centred(row, place[top], number, "strong" if top in tops else "plain")
        row += 1
        taken = set(self.sources.tolist())
        if self.backward:
            for top in sorted(taken - {-1}):
                canvas.centred(row, place[top], "▲", "strong" if top in tops else "muted")
            row += 1
        row = self._channel(canvas, row, place, lit)
        ends = [self._end(place, at) for at in range(self.output.size)]
        if not self.backward:
            for at, column in enumerate(ends):
                canvas.centred(row, column, "▼", "strong" if at in bottoms else "muted")
            row += 1
        if shown:
            canvas.write(row, 0, "gradient" if self.backward else "value", "muted")
            for at, number in enumerate(self._bottom_numbers):
                canvas.centred(row, place[at], number, "strong" if at in bottoms else "plain")
            row += 1
        canvas.write(row, 0, cut(self._result_text, _GUTTER - 2), "title")
        for at, label in enumerate(results):
            canvas.centred(row, place[at], label, "strong" if at in bottoms else "muted")
        ties = [(a, b) for a, b in self.ties if b == a + 1]
        for a, b in ties:
            mark = "=".center(place[b] - place[a] - 1, "─")
            canvas.write(row + 1, place[a], f"└{mark}┘", "strong")
        row += 1 + bool(ties)
        self._draw_detours(canvas, row, place)
        return canvas.lines()

    def _size(self, slot: int) -> int:
        return int(self.starts[slot + 1] - self.starts[slot])

    def _end(self, place: Sequence[int], bottom: int) -> int:
        """Return the column in which result `bottom`'s wire arrives: beside the one that begins above it."""
        taken = self.sources == bottom
        free = self.sources[bottom] == bottom or bottom >= self.tops or not taken.any()
        return place[bottom] + (0 if free else 1)

    def _channel(
        self, canvas: Canvas, row: int, place: Sequence[int], lit: tuple[frozenset[int], frozenset[int]]
    ) -> int:
        """Draw the wires from line `row` on, each with its level piece on a track of its own; return the next line."""
        wires = [
            (place[int(source)], self._end(place, bottom), int(source) in lit[0] and bottom in lit[1])
            for bottom, source in enumerate(self.sources)
            if source >= 0
        ]
        tracks: list[int] = []
        chosen: list[int | None] = []
        for start, end, _ in (ordered := sorted(wires, key=lambda wire: (min(wire[:2]), max(wire[:2])))):
            if start == end:
                chosen.append(None)
                continue
            low, high = sorted((start, end))
            free = next((at for at, taken in enumerate(tracks) if taken < low), len(tracks))
            tracks[free : free + 1] = [high]
            chosen.append(free)
        height = max(1, len(tracks))
        for (start, end, bright), track in zip(ordered, chosen, strict=True):
            corners = [] if track is None else [(row + track, start), (row + track, end)]
            canvas.wire([(row, start), *corners, (row + height - 1, end)], bright)
        return row + height

    def _draw_detours(self, canvas: Canvas, row: int, place: Sequence[int]) -> None:
        """Draw what else enters the line beside each result of the wires, where the line keeps their order."""
        line = self.program.lines.get(self.step.line)
        if line is None or not self.detours or line.value == self.output.id:
            return
        size = self.program.values[line.value].size
        if size != self.output.size or any(
            self._reached([(self.output.id, at)], line.value) != (at,) for at in range(size)
        ):
            return
        entering: dict[int, list[str]] = {}
        for detour in self.detours:
            for head in detour.heads:
                entering.setdefault(head, []).append(self.top_name(detour.top))
        canvas.write(row, 0, "joined by", "muted")
        pitch = place[1] - place[0] if len(place) > 1 else 8
        for head, names in entering.items():
            canvas.centred(row, place[head], cut("+".join(names), pitch - 1), "result")
        canvas.write(row + 1, 0, cut(line.name, _GUTTER - 2), "title")
        for at in range(size):
            canvas.centred(row + 1, place[at], self._label(line.value, at), "muted")

    def _listed(self, lit: tuple[frozenset[int], frozenset[int]], with_numbers: bool) -> list[Line]:
        """List the wires, a line each, those under the cursor first."""
        arrow = "◀" if self.backward else "▶"
        first = sorted(lit[1])[:MOST_LISTED]
        others = [at for at in range(min(self.output.size, MOST_LISTED)) if at not in lit[1]]
        found: list[Line] = []
        for bottom in [*first, *others][:MOST_LISTED]:
            source = int(self.sources[bottom])
            if source >= 0:
                number = self._number(bottom) if with_numbers else ""
                text = f"{self.top_name(source)} ─{arrow}─ {self.bottom_name(bottom)}   {number}"
                style = "strong" if bottom in lit[1] else "plain"
                found.append(((f"{'▸' if bottom in lit[1] else ' '} {text}", style),))
        if self.output.size > MOST_LISTED:
            found.append(((f"  … {self.output.size - MOST_LISTED:,} more", "muted"),))
        return found

    def _number(self, bottom: int) -> str:
        return self.text(self._running.item(bottom))

    def _jacobian(self, lit: tuple[frozenset[int], frozenset[int]], width: int) -> list[Line]:
        """Return the matrix of zeros and ones, a row for each result, a column for each operand element."""
        result, operand = self._result_text, self._operand_text
        if not self.drawable:
            return [((f"The Jacobian has {self.output.size:,} × {self.tops:,} entries, a 1 for each wire.", "muted"),)]
        labels = [self._label(*self.top_place(top)) for top in range(self.tops)]
        rows = [self._label(self.output.id, at) for at in range(self.output.size)]
        pitch, gutter = max(2, *map(len, labels)) + 1, max(map(len, rows))
        canvas = Canvas()
        canvas.write(0, 0, cut(f"d{result}/d{operand}", width), "title")
        for top, label in enumerate(labels):
            canvas.write(1, gutter + pitch * (top + 1) - len(label), label, "strong" if top in lit[0] else "muted")
        for bottom, label in enumerate(rows):
            canvas.write(bottom + 2, 0, label.rjust(gutter), "strong" if bottom in lit[1] else "muted")
            for top in range(self.tops):
                one = self.sources[bottom] == top
                style = "muted" if not one else "strong" if bottom in lit[1] and top in lit[0] else "plain"
                canvas.write(bottom + 2, gutter + pitch * (top + 1) - 1, "1" if one else "·", style)
        return canvas.lines()


def find_wires(elements: Elements, index: int, text: Callable[[Any], str] = numbers.number) -> Wires | None:
    """Return the wires that step `index` of the walk shows, or None where it moves nothing; `text` writes an element.

    An element that is picked out of an operand (`x[0]`) which the same line also moves is shown with the wires of that
    move: the two ways belong together.
    """
    program, forward = elements.program, elements.trace.seed_step
    if index == forward:
        return None
    slot = program.slots[index - forward - 1] if index > forward else None
    step = program.steps[slot.step if slot is not None else index]
    if not _moves(program, step):
        return None
    if step.operation.name == "index":
        other = next((user for user in _movers(program, step.line, step.inputs[0]) if _moves(program, user)), None)
        if other is not None:
            picked = elements.structure(step.index, 0).reads(0)
            top = int(picked[0]) if len(picked) else None
            return Wires(elements, other, None if slot is None else 0, top, text)
    return Wires(elements, step, None if slot is None else slot.slot, None, text)


def _movers(program: Program, line: str, operand: int) -> Iterator[ForwardStep]:
    """Yield the steps of a line that move a value and do not pick an element out of it; a line may be long."""
    columns, record = program.columns, program.lines[line]
    first = columns.starts[record.first]
    places = first + np.flatnonzero(np.asarray(columns.operands)[first : columns.starts[record.last]] == operand)
    steps = np.searchsorted(np.asarray(columns.starts), places, side="right") - 1
    for step in steps.tolist():
        if columns.operation(step).name in _MOVING:
            yield program.steps[step]


def _moves(program: Program, step: ForwardStep) -> bool:
    return step.operation.name in _SHOWN and 0 < program.values[step.output].size <= LARGEST


def _joined(texts: Sequence[str], room: int) -> Iterator[str]:
    """Yield `texts`, neighbours in one line where both fit."""
    line = ""
    for text in texts:
        if line and cells_of(line) + 3 + cells_of(text) <= room:
            line = f"{line}   {text}"
            continue
        if line:
            yield line
        line = text
    if line:
        yield line


def _folded(text: str, room: int) -> list[str]:
    """Return what is said in lines, the later ones below where its words begin; a cycle stays whole where it fits."""
    lead = _LEAD.match(text)
    hanging = min(lead.end(), room // 2) if lead else 0
    held = text.replace(" → ", f"{_HELD}→{_HELD}")
    fits = max(map(cells_of, held.split(" "))) <= room - hanging
    return [line.replace(_HELD, " ") for line in wrapped(held if fits else text, room, hanging)]


def _beside(picture: Sequence[Line], others: Sequence[Line], column: int) -> Iterator[Line]:
    for at in range(max(len(picture), len(others))):
        line = picture[at] if at < len(picture) else ()
        if at >= len(others):
            yield line
            continue
        blank = " " * (column - cells_of(text_of(line)))
        yield (*line, (blank, "plain"), *others[at])
