"""Predict: type the number that a step will give, be told whether it is right, ask for hints."""

from __future__ import annotations

from textual.app import ComposeResult
from textual.containers import Vertical
from textual.content import Content
from textual.widgets import Input, Static

from bptui.commands import IN_ANSWER
from bptui.errors import BptuiError
from bptui.present.quiz import Hinted, Question, Quiz
from bptui.text import printable
from bptui.tui.bindings import bindings
from bptui.tui.dialog import Dialog
from bptui.tui.number_input import NumberInput


class AnswerScreen(Dialog[Quiz]):
    """Asks one question until it is answered or left; gives the quiz with the answers and hints."""

    BINDINGS = bindings(IN_ANSWER)
    AUTO_FOCUS = "Input"

    def __init__(self, quiz: Quiz, question: Question, hint: Hinted, typed: str = "") -> None:
        """Ask `question`; `hint` says of a wrong answer which slip it may be."""
        super().__init__()
        self._quiz, self._question, self._slip, self._typed = quiz, question, hint, typed

    def compose(self) -> ComposeResult:
        with Vertical(id="window") as window:
            window.border_title = Content(f"Predict {self._question.name}")
            window.border_subtitle = self.with_keys("Enter answers · {answer.hint} hint · {dialog.close} closes")
            yield NumberInput(self._typed, placeholder="0.25, -1.2e-3 or 1/3", id="number")
            yield Static("", id="said", markup=False)
            yield Static("", id="hints", markup=False)
            yield Static("", id="score", markup=False)

    def on_mount(self) -> None:
        self._show_hints()

    def on_input_changed(self) -> None:
        self.say("")

    def on_input_submitted(self, message: Input.Submitted) -> None:
        try:
            self._quiz, verdict = self._quiz.answer(self._question, message.value, self._slip)
        except BptuiError as error:
            self.say(printable(str(error), keep="\n"))
            return
        if verdict.right:
            self.app.notify(verdict.text, title=self._quiz.score)
            self.dismiss(self._quiz)
        else:
            self.say(verdict.text)
            self._show_hints()

    def action_hint(self) -> None:
        """Show the next hint; the last one is the answer, which ends the question."""
        self._quiz, _ = self._quiz.hint(self._question)
        if not self._quiz.is_open(self._question.step, self._question.element):
            self.dismiss(self._quiz)
        else:
            self._show_hints()

    def action_close(self) -> None:
        self.dismiss(self._quiz)

    def _show_hints(self) -> None:
        given = self._quiz.hints_given(self._question)
        self.query_one("#hints", Static).update(Content("\n".join(f"= {hint}" for hint in given)))
        self.query_one("#score", Static).update(Content(self._quiz.score))
