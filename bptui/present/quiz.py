"""Predict, then reveal: what a step will give is hidden until the reader has typed it, or asked for it.

A quiz is data: answering and asking for hints return another one. What is right is decided at the digits typed.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

from msgspec import Struct, field
from msgspec.structs import replace

from bptui.present import numbers
from bptui.present.frame import HIDDEN, Frame, Point, Row, Table
from bptui.present.presentation import Presentation
from bptui.scenario.claimed_number import ClaimedNumber, read_number
from bptui.sequences import Lazy
from bptui.text import counted
from bptui.trace.places import made_at, value_of

_TOLD = frozenset({"with numbers", "value", "gradient", "local", "contribution", "after"})
"""The columns of a step's table that tell what the step gives."""

Hinted = Callable[[ClaimedNumber], str]
"""Says of a wrong number which slip may have led to it; nothing where that cannot be told."""

Key = tuple[int, int]
"""A step and an element."""


class Question(Struct, frozen=True):
    """One number that a step gives, to be predicted."""

    step: int
    element: int
    name: str
    """What is asked for: `z1(1)`, `contribution to dL/dh(1)`."""
    truth: float
    hints: tuple[str, ...]
    """The formula, the formula with its numbers, the answer: each tells more than the one before."""


class Verdict(Struct, frozen=True):
    """What the reader is told about an answer."""

    right: bool
    text: str


class Quiz(Struct, frozen=True):
    """What was answered, what hints were given, and the score."""

    right: int = 0
    wrong: int = 0
    shown: int = 0
    """How many answers were asked for instead of given."""
    revealed: frozenset[Key] = frozenset()
    hinted: Mapping[Key, int] = field(default_factory=dict)
    """How many hints were given."""

    @property
    def score(self) -> str:
        """The running score: `3 right, 1 wrong, 1 shown, 2 hints`."""
        return ", ".join(filter(None, (self.answers, self.helps)))

    @property
    def answers(self) -> str:
        """How many answers were right and wrong."""
        return f"{self.right} right, {self.wrong} wrong"

    @property
    def helps(self) -> str:
        """How many answers and hints were shown; nothing where none were."""
        hints = sum(self.hinted.values()) - self.shown
        said = (f"{self.shown} shown" if self.shown else "", counted(hints, "hint") if hints else "")
        return ", ".join(filter(None, said))

    def answer(self, question: Question, text: str, hint: Hinted = lambda given: "") -> tuple[Quiz, Verdict]:
        """Return the quiz after an answer, and whether it was right; raises BptuiError where `text` is no number.

        `hint` is asked about a number that is wrong for what can be said without giving the right one away.
        """
        given = read_number(text)
        exact = numbers.number(question.truth)
        if given.agrees(question.truth):
            said = f"Right: {question.name} = {exact}{_at_digits(given.decimals, given.text, exact)}."
            return replace(self.reveal(question), right=self.right + 1), Verdict(True, said)
        said = hint(given)
        text = f"{given.text} is not right{': ' if said else ''}{said}"
        return replace(self, wrong=self.wrong + 1), Verdict(False, text if text.endswith("?") else f"{text}.")

    def hint(self, question: Question) -> tuple[Quiz, str]:
        """Return the quiz after the next hint, and the hint. The last one is the answer, and reveals it."""
        key = (question.step, question.element)
        level = min(self.hinted.get(key, 0), len(question.hints) - 1)
        quiz = replace(self, hinted={**self.hinted, key: level + 1})
        if level == len(question.hints) - 1:
            quiz = replace(quiz.reveal(question), shown=self.shown + 1)
        return quiz, question.hints[level]

    def reveal(self, question: Question) -> Quiz:
        """Return the quiz with the question's number shown."""
        return replace(self, revealed=self.revealed | {(question.step, question.element)})

    def is_open(self, step: int, element: int) -> bool:
        """Return whether the number is still to be predicted."""
        return (step, element) not in self.revealed

    # -- what is shown of a step -------------------------------------------------------------------------------------

    def frame(self, frame: Frame) -> Frame:
        """Return `frame` with what is to be predicted hidden, and as much of the equation as was given as hints."""
        if not asks(frame):
            return frame
        formulas = frame.formulas
        if self.is_open(frame.index, frame.element):
            level = self.hinted.get((frame.index, frame.element), 0)
            name = _name(frame)
            known = hints(frame)[:level]
            head = [] if not name else [f"{name} = {known[0] if known else HIDDEN}"]
            formulas = (*head, *(f"= {side}" for side in known[1 if name else 0 :]))
            if not formulas or known:
                formulas = (*formulas, f"= {HIDDEN}") if formulas else (HIDDEN,)
        return replace(
            frame,
            formulas=formulas,
            table=self._table(frame),
            jacobian=tuple(f"{text.rstrip(':.')}." for text in frame.jacobian[:1]),
        )

    def _table(self, frame: Frame) -> Table:
        table = frame.table
        told = [title in _TOLD for title in table.columns]

        def row(at: int) -> Row:
            found = table.rows[at]
            if found.element is None or not self.is_open(frame.index, found.element):
                return found
            written = tuple(HIDDEN if hide and cell else cell for cell, hide in zip(found.cells, told, strict=True))
            return replace(found, cells=written)

        return replace(table, rows=Lazy(len(table.rows), row))

    def hints_given(self, question: Question) -> tuple[str, ...]:
        """Return the hints that were asked for."""
        return question.hints[: self.hinted.get((question.step, question.element), 0)]

    def known(self, shown: Presentation, step: int) -> Known:
        """Return what was seen by step `step`: all that earlier steps gave, and of this one what was answered.

        All else is a prediction still to be made, at this step or at a later one.
        """
        return Known(self, shown, step)

    def hides(self, shown: Presentation, step: int) -> Callable[[Point], bool]:
        """Return of which numbers it is true that step `step` gives them, and that they are still to be predicted."""
        made, backward = value_of(shown.trace, step), step > shown.trace.seed_step
        if step == shown.trace.seed_step:
            return lambda at: False
        return lambda at: at.value == made and at.gradient == backward and self.is_open(step, at.flat)


class Known(Struct, frozen=True):
    """Which values, and which complete gradients, a reader has seen who is to predict the others."""

    quiz: Quiz
    shown: Presentation
    step: int

    def __call__(self, at: Point) -> bool:
        """Return whether one element was seen."""
        made = self._made(at.value, at.gradient)
        return self._given(made) or (made == self.step and not self.quiz.is_open(made, at.flat))

    def whole(self, value: int, gradient: bool) -> bool:
        """Return whether all elements of a value, or of its gradient, were seen."""
        made = self._made(value, gradient)
        size = self.shown.program.values[value].size
        return self._given(made) or (
            made == self.step and not any(self.quiz.is_open(made, flat) for flat in range(size))
        )

    def _given(self, made: int) -> bool:
        return made < self.step or made == self.step == self.shown.trace.seed_step

    def _made(self, value: int, gradient: bool) -> int:
        """Return the step that makes a value, or completes its gradient; one before the first where none does."""
        made = made_at(self.shown.trace, value, gradient)
        return -1 if made is None else made


def asks(frame: Frame) -> bool:
    """Return whether a step has something to predict: a gradient that is given, or 1, is not."""
    return frame.phase != "seed" and bool(frame.formulas)


def question(shown: Presentation, step: int, element: int) -> Question | None:
    """Return what is asked at `element` of a step; None where there is nothing to predict."""
    frame = shown.frame(step, element)
    if not asks(frame):
        return None
    trace = shown.trace
    if frame.phase == "forward":
        array = trace.values[shown.program.steps[step].output]
    else:
        array = trace.contributions[step - trace.seed_step - 1]
    name = _name(frame) or "the value"
    return Question(step, frame.element, name, float(array.reshape(-1)[frame.element]), hints(frame))


def hints(frame: Frame) -> tuple[str, ...]:
    """Return the sides of a frame's equation: the formula, with its numbers put in, the result."""
    first = frame.formulas[0]
    name = _name(frame)
    sides = [
        first.removeprefix(f"{name} = ") if name else first,
        *(side.removeprefix("= ") for side in frame.formulas[1:]),
    ]
    if len(sides) == 1:
        return (sides[0],)
    return (sides[0], sides[1], sides[-1]) if len(sides) > 2 else (sides[0], sides[-1])


def _name(frame: Frame) -> str:
    name, equals, _ = frame.formulas[0].partition(" = ")
    return name if equals else ""


def _at_digits(decimals: int | None, typed: str, exact: str) -> str:
    if decimals is None or typed == exact or decimals < 0:
        return ""
    return f", right to {counted(decimals, 'decimal')}" if decimals else ", right to the nearest whole number"
