"""Searching the steps for a text: in the names, operations and formulas that the list of steps shows.

Writing a step's formula takes long compared with looking at it, and there may be a million steps. So two questions come
first that rule most of them out: whether a line can hold a word of the text at all, by what it is written as and by the
words of the rules; and whether the names of a step do. And in a line of many steps most are written alike, but for the
numbers of the values that they take: of those one is written for all.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from bptui.present import cells
from bptui.present.presentation import Presentation
from bptui.scenario.classes import Numbers, classes
from bptui.scenario.program import ForwardStep, Slot
from bptui.trace import formulas
from bptui.trace.places import Places

_WORD = re.compile(r"[^\W²³]+")
_PARAMS = "axis keepdims copy of is given sum"
"""Words that a formula may have from its options, and from what it says of copies, sums and the seed."""

_FEW = 32
"""Of how many steps each is looked at by itself."""

_NUMBER = re.compile(r"#\d+")
_WANTED_NUMBER = re.compile(r"(?:^|(?<=\\#))[0-9]{1,9}")
"""What of an escaped text may be the number of a value, or the end of one."""

_ANY_NUMBER = "#\0"
"""What stands for the number of a value, in which steps differ that are otherwise written alike."""

_SIGNS = {"@": ("@",), "^": ("^", "**")}
"""Signs that no formula has of its own accord, and how they are written in a line or a rule."""


class Search:
    """One text that is looked for in the steps of one trace.

    A step is searched in its formula, its operation, its line's name and the function calls around it, upper or lower
    case alike. `*` and `**` are found as they are written in a scenario and as they are shown.
    """

    def __init__(self, shown: Presentation, text: str) -> None:
        self._shown, self._program, self._forward = shown, shown.program, shown.trace.seed_step
        self._wanted = {text.casefold(), cells.pretty(text).casefold()}
        self._text = text.casefold()
        self._places = Places(shown.trace)
        self._lines: dict[str, bool] = {}
        self._known: dict[tuple[str | int | None, ...], bool | None] = {}
        """Of steps that are written alike, whether it occurs in all or in none; None: in those of some numbers."""

    def find(self, steps: range) -> int | None:
        """Return the first of `steps`, consecutive ones going up or down, that the text occurs in."""
        return next(self.matches(steps), None)

    def matches(self, steps: range) -> Iterator[int]:
        """Yield those of `steps` that the text occurs in, in the order of `steps`."""
        at = 0
        while at < len(steps):
            run = self._line_around(steps[at])
            end = at + (run.stop - steps[at] if steps.step > 0 else steps[at] - run.start + 1)
            if self._may_be_in(steps[at]):
                yield from self._matches_in_line(self._places.line(steps[at]), steps[at:end])
            at = end

    def _matches_in_line(self, line: str | None, steps: range) -> Iterator[int]:
        """Yield those of `steps`, which are of one line and one pass, that the text occurs in."""
        if len(steps) <= _FEW:
            yield from filter(self._occurs, steps)
            return
        columns = self._written_alike(np.arange(steps.start, steps.stop, steps.step))
        which = classes(columns)
        first = np.unique(which, return_index=True)[1]
        keys = [(line, *key) for key in zip(*(column[first].tolist() for column in columns), strict=True)]
        for step, at in zip(steps, which.tolist(), strict=True):
            key = keys[at]
            if key not in self._known:
                self._known[key] = self._occurs_in_all(step)
            known = self._known[key]
            if known or (known is None and self._numbered[self._places.forward_step(step)] and self._occurs(step)):
                yield step

    def _line_around(self, step: int) -> range:
        """Return the steps of the line that a step is in, in the same pass."""
        if step == self._forward:
            return range(step, step + 1)
        line = self._places.line(step)
        assert line is not None
        forward, backward = self._places.of_line(line)
        return forward if step < self._forward else backward

    # -- what rules steps out ----------------------------------------------------------------------------------------

    def _may_be_in(self, step: int) -> bool:
        """Return whether the text may occur in a step of the line that `step` is in."""
        line = self._places.line(step)
        if line is None or step == self._forward:
            return True
        found = self._lines.get(line)
        if found is None:
            text = f"{line} {self._program.lines[line].text}".casefold()
            found = all(word in text or word.isdigit() for word in self._words)
            found = found and all(any(one in text or one in self._rules for one in sign) for sign in self._signs)
            self._lines[line] = found
        return found

    @cached_property
    def _signs(self) -> list[tuple[str, ...]]:
        """What a line or a rule must have one of, for each sign of the text."""
        return [written for sign, written in _SIGNS.items() if sign in self._text]

    @cached_property
    def _words(self) -> list[str]:
        """What a step must have in its names if the text is to occur in it: its words that no rule has.

        Where there are symbols, whose elements are written `x0` for `x[0]`, the words without the number at their end.
        """
        words = [word.removeprefix("d") for word in _WORD.findall(self._text)]
        if self._symbols:
            words = [word.rstrip("0123456789_") for word in words]
        return [word for word in words if word not in self._rules]

    @cached_property
    def _symbols(self) -> list[str]:
        """The symbols of the leaves: no other value has one."""
        symbols = (self._program.values[value].symbol for value in self._program.names.values())
        return [symbol for symbol in symbols if symbol is not None]

    @cached_property
    def _rules(self) -> str:
        """All words that do not stand in a line's own text: of the functions, the operations and their rules."""
        samples: dict[tuple[str, object], ForwardStep] = {}
        for index in np.unique(np.asarray(self._program.columns.kind), return_index=True)[1]:
            step = self._program.steps[int(index)]
            samples.setdefault((step.operation.name, step.params.get("reduction")), step)
        texts = [_PARAMS, self._program.loss, self._program.values[self._program.target].text, *self._symbols]
        for signature, body in self._shown.trace.scenario.functions.items():
            texts += [signature, body]
        for step in samples.values():
            operation = step.operation
            texts += [operation.name, *operation.options]  # what is given by its place is shown by its name
            if operation.rule_for is not None:  # shapes decide what words the rule has
                shapes = [sample.shapes for sample in operation.samples if sample.shapes]
                texts += [operation.rule(slot, one) for one in shapes for slot in range(len(one))]
            for number, operand in enumerate(step.inputs):
                if operation.passes(number):
                    texts.append(formulas.local(self._program, Slot(0, step.index, number, operand, -1), brief=True))
        return " ".join(texts).casefold()

    # -- what is written alike ---------------------------------------------------------------------------------------

    def _written_alike(self, steps: Numbers) -> list[Numbers]:
        """Return columns in which those of `steps`, all of one pass, agree that are written alike but for numbers."""
        columns, slots = self._program.code.steps_alike(self._forward_steps(steps)), steps - self._forward - 1
        if slots[0] < 0:
            return [np.zeros_like(steps), np.zeros_like(steps), *columns]
        of = self._program.slot_columns
        return [np.asarray(of.slot)[slots] + 1, np.asarray(of.previous)[slots] >= 0, *columns]

    def _forward_steps(self, steps: Numbers) -> Numbers:
        """Return the forward step that each of `steps`, all of one pass, belongs to."""
        if steps[0] < self._forward:
            return steps
        found: Numbers = np.asarray(self._program.slot_columns.step)[steps - self._forward - 1]
        return found

    def _occurs_in_all(self, step: int) -> bool | None:
        """Return whether the text occurs in all steps that are written as this one; None where their numbers decide."""
        text = _NUMBER.sub(_ANY_NUMBER, searched(self._shown, step))
        if any(one in text for one in self._wanted):
            return True
        return None if any(one.search(text) for one in self._with_numbers) else False

    @cached_property
    def _with_numbers(self) -> list[re.Pattern[str]]:
        """What the text may be part of where a number in it is that of a value."""
        patterns = {re.escape(text) for text in self._wanted}
        numbered = {_WANTED_NUMBER.sub(lambda found: rf"(?:\0|{found[0]})", pattern) for pattern in patterns}
        return [re.compile(pattern) for pattern in numbered - patterns]

    @cached_property
    def _numbered(self) -> NDArray[np.bool_]:
        """For each forward step, whether it may be written with a number of a value that is in the text."""
        ids = np.arange(len(self._program.code.shape))
        wanted = np.zeros(len(ids), np.bool_)
        for digits in {found for text in self._wanted for found in _WANTED_NUMBER.findall(re.escape(text))}:
            for shift in range(len(str(len(ids)))):
                wanted |= ids // 10**shift % 10 ** len(digits) == int(digits)
        return self._program.code.written_with(wanted)

    def _occurs(self, step: int) -> bool:
        """Return whether the text occurs in a step."""
        if self._words:
            names = self._names(step)
            if names is not None and not all(word in names for word in self._words):
                return False
        text = searched(self._shown, step)
        return any(one in text for one in self._wanted)

    def _names(self, step: int) -> str | None:
        """Return the names and numbers that a step's text is written with, and more; None where a rule makes others."""
        program, forward = self._program, self._forward
        if step == forward:
            return None
        slot = program.slots[step - forward - 1] if step > forward else None
        record = program.steps[step if slot is None else slot.step]
        calls = " ".join(_calls(self._shown, step)) if record.call >= 0 else ""
        if slot is None:
            return f"{record.formula} {program.values[record.output].text} {record.line} {calls}".casefold()
        values = (record.output, *record.inputs)
        if record.params or any(program.values[one].role == "constant" for one in record.inputs):
            return None
        return f"{' '.join(program.values[one].brief.text for one in values)} {record.line} {calls}".casefold()


def searched(shown: Presentation, step: int) -> str:
    """Return everything that a step is found by."""
    label = shown.label(step)
    return "\n".join((label.text, label.operation, label.line, *_calls(shown, step))).casefold()


def _calls(shown: Presentation, step: int) -> Iterator[str]:
    """Yield the function calls that a step was unfolded from, innermost first."""
    program, forward = shown.program, shown.trace.seed_step
    if step == forward:
        return
    call = program.steps[step if step < forward else program.slots[step - forward - 1].step].call
    while call >= 0:
        yield cells.pretty(program.calls[call].text)
        call = program.calls[call].parent
