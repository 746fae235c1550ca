"""Predict, then reveal: what a step gives is hidden until the reader has typed it, or asked for it."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

from textual import events

from bptui.present.frame import Frame, Point
from bptui.present.quiz import Known, Quiz, question
from bptui.tui.answer_dialog import AnswerScreen
from bptui.tui.configured import key
from bptui.tui.description import Description
from bptui.tui.walk_part import WalkPart

_BEGINNINGS = frozenset("0123456789.-−+")
"""What a number begins with: typing it begins an answer."""


class Predicting(WalkPart):
    """The quiz, while it is on."""

    _quiz: Quiz | None = None
    _kept_quiz: Quiz | None = None
    """The quiz that was left, taken up again with its score."""

    @property
    def testing(self) -> bool:
        return self._quiz is not None

    @property
    def score_said(self) -> tuple[str, ...]:
        """The running score, for the top line, the helps before it; nothing while the quiz is off."""
        if self._quiz is None:
            return ()
        return (*filter(None, (self._quiz.helps,)), f"test: {self._quiz.answers}")

    def hidden(self, frame: Frame) -> Frame:
        """Return `frame` with what is to be predicted hidden."""
        return frame if self._quiz is None else self._quiz.frame(frame)

    def hides(self) -> Callable[[Point], bool] | None:
        """Return which numbers of the present step are to be predicted; None while the quiz is off."""
        return None if self._quiz is None else self._quiz.hides(self.presentation, self.step)

    @property
    def known(self) -> Known | None:
        return None if self._quiz is None else self._quiz.known(self.presentation, self.step)

    # -- commands ----------------------------------------------------------------------------------------------------

    def action_test(self) -> None:
        """Begin to predict, or leave it and see everything."""
        self.query_one(Description).close()
        if self.lacks_numbers:
            return
        if self._quiz is None:
            self.leave_symbols()
            self._quiz, self._kept_quiz = self._kept_quiz or Quiz(), None
            hints, ends = key(self, "test.hint"), key(self, "test.toggle")
            said = f"Type the number that is hidden. {hints} hints, {ends} ends the test."
            self.app.notify(said, timeout=4)
        else:
            self._quiz, self._kept_quiz = None, self._quiz
        self.refresh_step()

    def leave_test(self) -> None:
        if self._quiz is not None:
            self._quiz, self._kept_quiz = None, self._quiz

    def action_answer(self, typed: str = "") -> None:
        """Ask for the number of the element under the cursor."""
        if self.lacks_numbers:
            return
        asked = question(self.presentation, self.step, self.element)
        if self._quiz is None:
            self.app.notify(f"Press {key(self, 'test.toggle')} first: it hides what is to be predicted.")
        elif asked is None:
            self.app.notify("This step has nothing to predict: what it gives is given.")
        elif not self._quiz.is_open(asked.step, asked.element):
            self.app.notify(f"{asked.name} is no longer hidden. Move to another element or step.")
        else:
            from bptui.checking.marking.hints import hint

            slip = partial(hint, self.trace, asked.step, asked.element)
            self.app.push_screen(AnswerScreen(self._quiz, asked, slip, typed), self._answered)

    def action_hint(self) -> None:
        """Show the formula, then its numbers, then the answer."""
        asked = question(self.presentation, self.step, self.element) if self._quiz is not None else None
        if self._quiz is None or asked is None or not self._quiz.is_open(asked.step, asked.element):
            self.action_answer()
            return
        self._quiz, _ = self._quiz.hint(asked)
        self.refresh_step()

    def _answered(self, quiz: Quiz | None) -> None:
        if quiz is not None:
            self._quiz = quiz
            self.refresh_step()

    def on_key(self, event: events.Key) -> None:
        typed = event.character or " "
        if typed in _BEGINNINGS and self._quiz is not None and self.app.screen is self:  # else it is open by now
            event.stop()
            self.action_answer(typed)
