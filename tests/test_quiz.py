"""Predict, then reveal: which typed numbers are right, what is hidden, and the score."""

from __future__ import annotations

import math

import pytest

import bptui
from bptui.errors import BptuiError
from bptui.present.frame import HIDDEN, Frame
from bptui.present.presentation import Presentation
from bptui.present.quiz import Question, Quiz, question
from bptui.scenario.claimed_number import read_number

RIGHT = [
    ("0.60", 0.5987), ("0.6", 0.5987), ("0.6", 0.6449), ("0.599", 0.5987), (".6", 0.6), ("1", 0.5987), ("60", 59.7),
    ("-0.20", -0.2009), ("−0.20", -0.2009), ("+0.2", 0.2), ("-0.0", -0.04), ("0", 0.0),
    ("1.2e-3", 0.001234), ("1E3", 1400.0), ("6e1", 58.0), ("5e-324", 5e-324),
    ("1/3", 1 / 3), ("-1/2", -0.5), ("2/3", 0.6666666666666667), ("1.5/3", 0.5), ("0/1", 1e-17),
    ("0.2", 0.25), ("0.3", 0.25), ("0.3", 0.15 + 0.2), ("-0.2", -0.25), ("2", 2.5), ("3", 2.5),
    ("0.30000000000000004", 0.1 + 0.2), ("0.3", 0.1 + 0.2),
    ("inf", math.inf), ("-inf", -math.inf), ("nan", math.nan),
]  # fmt: skip

WRONG = [
    ("0.60", 0.6051), ("0.60", 0.5949), ("0.6", 0.5499), ("0.59", 0.5987), ("0.600", 0.5987),
    ("0.20", -0.2009), ("-0.0", 0.06), ("1.2e-3", 0.00126), ("6e1", 66.0),
    ("1/3", 0.333), ("1/3", 0.3333333), ("0.3", 0.2499), ("2", 2.51),
    ("inf", -math.inf), ("inf", 1e308), ("1e308", math.inf), ("0", math.nan), ("nan", 0.0),
]  # fmt: skip


@pytest.mark.parametrize(("typed", "truth"), RIGHT)
def test_right_at_the_digits_typed(typed: str, truth: float) -> None:
    assert read_number(typed).agrees(truth)


@pytest.mark.parametrize(("typed", "truth"), WRONG)
def test_wrong_at_the_digits_typed(typed: str, truth: float) -> None:
    assert not read_number(typed).agrees(truth)


@pytest.mark.parametrize(
    "typed", ["", " ", "abc", "0,5", "1/0", "1/2/3", "--1", "1e", "1e99999", "9" * 100, ".", "1e400", "²", "1_000"]
)
def test_what_is_no_number_is_refused(typed: str) -> None:
    with pytest.raises(BptuiError):
        read_number(typed)


def test_a_comma_is_told_to_be_a_point() -> None:
    with pytest.raises(BptuiError, match=r"with a point: 0\.5"):
        read_number("0,5")


@pytest.mark.parametrize(("typed", "decimals"), [("0.60", 2), ("6", 0), ("6e1", -1), ("1.5e-3", 4), ("1/3", None)])
def test_the_digits_claimed(typed: str, decimals: int | None) -> None:
    assert read_number(typed).decimals == decimals


# -- questions ---------------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def shown() -> Presentation:
    return Presentation(bptui.run(bptui.load("exercise-7-1")))


def asked(shown: Presentation, step: int, element: int = 0) -> Question:
    found = question(shown, step, element)
    assert found is not None
    return found


def step_of(shown: Presentation, title: str) -> int:
    return next(label.index for label in shown.labels if label.text.startswith(title))


def table_column(frame: Frame, title: str) -> list[str]:
    at = frame.table.columns.index(title)
    return [row.cells[at] for row in frame.table.rows]


def test_a_forward_step_asks_for_the_value(shown: Presentation) -> None:
    asks = asked(shown, step_of(shown, "y = sigmoid"), 1)
    assert asks.name == "y(2)"
    assert asks.truth == float(shown.trace.value("y")[1])


def test_a_backward_step_asks_for_what_it_contributes(shown: Presentation) -> None:
    asks = asked(shown, step_of(shown, "dL/dz2 ="), 0)
    assert asks.name == "dL/dz2(1)"
    assert asks.truth == pytest.approx(-0.2009, abs=5e-5)


def test_the_seed_asks_nothing(shown: Presentation) -> None:
    assert question(shown, shown.trace.seed_step, 0) is None


def test_every_step_of_every_element_can_be_asked(shown: Presentation) -> None:
    for step in range(len(shown)):
        for row in shown.frame(step).table.rows:
            if (asks := question(shown, step, row.element or 0)) is not None:
                _, verdict = Quiz().answer(asks, repr(asks.truth))
                assert verdict.right, asks


# -- hiding ------------------------------------------------------------------------------------------------------------


def test_what_a_step_gives_is_hidden_and_what_it_takes_is_not(shown: Presentation) -> None:
    step = step_of(shown, "dL/dz2 =")
    frame = Quiz().frame(shown.frame(step))
    assert frame.formulas == (f"dL/dz2(1) = {HIDDEN}",)
    for title in ("local", "contribution", "after"):
        assert set(table_column(frame, title)) == {HIDDEN}
    assert table_column(frame, "upstream") == table_column(shown.frame(step), "upstream")
    values = {row.cells[0]: row.cells for row in shown.value_tables.table(step, hides=Quiz().hides(shown, step)).rows}
    assert values["z2"][3] == f"[{HIDDEN}  {HIDDEN}]"
    assert HIDDEN not in values["z2"][2]


def test_no_text_of_a_hidden_step_holds_its_numbers(shown: Presentation) -> None:
    step = step_of(shown, "y = sigmoid")
    frame = Quiz().frame(shown.frame(step))
    told = " ".join([*frame.formulas, *(" ".join(row.cells) for row in frame.table.rows)])
    assert "0.5982" not in told
    values = {row.cells[0]: row.cells for row in shown.value_tables.table(step, hides=Quiz().hides(shown, step)).rows}
    assert values["y"][2] == f"[{HIDDEN}  {HIDDEN}]"
    assert HIDDEN not in values["z2"][2]


def test_a_right_answer_reveals_its_element_alone(shown: Presentation) -> None:
    step = step_of(shown, "y = sigmoid")
    quiz, verdict = Quiz().answer(asked(shown, step), "0.60")
    assert verdict.right
    assert verdict.text == "Right: y(1) = 0.5982, right to 2 decimals."
    assert quiz.frame(shown.frame(step)).formulas == shown.frame(step).formulas
    assert table_column(quiz.frame(shown.frame(step)), "value") == ["0.5982", HIDDEN]


def test_a_wrong_answer_reveals_nothing(shown: Presentation) -> None:
    step = step_of(shown, "y = sigmoid")
    quiz, verdict = Quiz().answer(asked(shown, step), "0.61")
    assert not verdict.right
    assert "0.5982" not in verdict.text
    assert quiz.is_open(step, 0)
    assert quiz.score == "0 right, 1 wrong"


@pytest.mark.parametrize(
    ("hint", "said"), [("look at the sign", ": look at the sign."), ("on or off?", ": on or off?"), ("", ".")]
)
def test_what_a_wrong_answer_may_come_from_is_told(shown: Presentation, hint: str, said: str) -> None:
    asks = asked(shown, step_of(shown, "dL/dz2 ="))
    _, verdict = Quiz().answer(asks, "0.2009", lambda given: hint if given.text == "0.2009" else "no")
    assert verdict.text == f"0.2009 is not right{said}"


def test_hints_tell_the_formula_then_its_numbers_then_the_answer(shown: Presentation) -> None:
    step = step_of(shown, "dL/dz2 =")
    asks = asked(shown, step)
    quiz = Quiz()
    quiz, first = quiz.hint(asks)
    assert first == "dL/dy(1) · y(1)·(1 - y(1))"
    assert quiz.frame(shown.frame(step)).formulas == (f"dL/dz2(1) = {first}", f"= {HIDDEN}")
    quiz, second = quiz.hint(asks)
    assert second == "-0.8358 · 0.5982·(1 - 0.5982)"
    assert quiz.frame(shown.frame(step)).formulas == (f"dL/dz2(1) = {first}", f"= {second}", f"= {HIDDEN}")
    quiz, answer = quiz.hint(asks)
    assert answer == "-0.2009"
    assert not quiz.is_open(step, 0)
    assert quiz.score == "0 right, 0 wrong, 1 shown, 2 hints"


def test_the_score_runs_on(shown: Presentation) -> None:
    step = step_of(shown, "y = sigmoid")
    quiz, _ = Quiz().answer(asked(shown, step, 0), "0.6")
    quiz, _ = quiz.answer(asked(shown, step, 1), "0.6")
    quiz, _ = quiz.hint(asked(shown, step, 1))
    quiz, _ = quiz.answer(asked(shown, step, 1), "0.66")
    assert quiz.score == "2 right, 1 wrong, 1 hint"
