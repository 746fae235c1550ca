"""Moves between steps: phases, lines, function calls, what touches a value, what a text occurs in."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from random import Random

import pytest

import bptui
from bptui.ops import OPERATIONS
from bptui.present.presentation import Presentation
from bptui.present.search import Search
from bptui.trace.places import Direction, Places, value_of
from bptui.trace.record import Trace
from random_scenarios import random_scenario

NESTED = """
[inputs]
x = [1.0, 2.0]
[parameters]
w = [3.0, 4.0]
[functions]
"f(a)" = "g(a * a) + a"
"g(b)" = "exp(b) * b"
[forward]
u = "x + w"
v = "f(u) * w"
t = "sum(v)"
"""
# forward: 0 u | 1 a*a (f)  2 exp (g in f)  3 *b (g in f)  4 +a (f)  5 v | 6 t      7 the seed
# backward: 8 t→v | 9 v→f 10 v→w | 11, 12 the sum in f | 13, 14 the product in g | 15 exp in g | 16, 17 a*a | 18, 19 u


@pytest.fixture(scope="module")
def nested() -> Trace:
    return bptui.run(bptui.loads(NESTED))


def moves(trace: Trace, move: str, direction: Direction, start: int) -> list[int]:
    """Return where a move leads, again and again, from `start` until it leads nowhere."""
    return followed(getattr(Places(trace), move), direction, start)


def followed(move: Callable[[int, Direction], int | None], direction: Direction, start: int) -> list[int]:
    found = [start]
    while (step := move(found[-1], direction)) is not None:
        found.append(step)
    return found[1:]


def test_the_nested_scenario_is_what_the_moves_below_are_about(nested: Trace) -> None:
    assert [step.op for step in nested.steps[:7]] == ["add", "multiply", "exp", "multiply", "add", "multiply", "sum"]
    assert [step.forward_step for step in nested.steps[8:]] == [6, 5, 5, 4, 4, 3, 3, 2, 1, 1, 0, 0]


def test_phases(nested: Trace) -> None:
    assert moves(nested, "phase", 1, 0) == [7, 8]
    assert moves(nested, "phase", 1, 3) == [7, 8]
    assert moves(nested, "phase", -1, 19) == [8, 7, 0]
    assert moves(nested, "phase", -1, 4) == [0]


def test_phases_of_a_scenario_without_a_backward_step() -> None:
    trace = bptui.run(bptui.loads('[inputs]\nx = 1\n[forward]\ny = "x"\n[backward]\nof = "x"\nwrt = ["x"]\n'))
    assert len(trace.steps) == 2
    assert moves(trace, "phase", 1, 0) == [1]
    assert moves(trace, "over", 1, 0) == [1]


@pytest.mark.parametrize(
    ("start", "to"),
    [(0, 1), (1, 6), (2, 4), (3, 4), (4, 5), (5, 6), (6, 7), (7, 8), (8, 9), (9, 18), (11, 18), (13, 16), (18, None)],
)
def test_over(nested: Trace, start: int, to: int | None) -> None:
    """At the first step of a line or a call it goes past all of it, else past the innermost one around."""
    assert Places(nested).over(start, 1) == to


@pytest.mark.parametrize(
    ("start", "to"),
    [(0, None), (1, 0), (2, 1), (3, 2), (4, 2), (5, 1), (6, 1), (8, 7), (9, 8), (11, 9), (13, 11), (16, 13), (18, 9)],
)
def test_over_backwards_goes_to_where_what_lies_behind_begins(nested: Trace, start: int, to: int | None) -> None:
    assert Places(nested).over(start, -1) == to


@pytest.mark.parametrize(
    ("start", "to"),
    [(0, 5), (1, 4), (2, 3), (3, 4), (4, 5), (5, 6), (6, 7), (9, 17), (13, 15), (15, 17), (17, 19), (19, None)],
)
def test_out_goes_to_the_last_step_of_what_is_around(nested: Trace, start: int, to: int | None) -> None:
    assert Places(nested).out(start, 1) == to


@pytest.mark.parametrize(
    ("start", "to"), [(19, 18), (18, 9), (15, 13), (13, 11), (11, 9), (5, 1), (3, 2), (2, 1), (0, None)]
)
def test_out_backwards_goes_to_the_first_step(nested: Trace, start: int, to: int | None) -> None:
    assert Places(nested).out(start, -1) == to


@pytest.mark.parametrize("number", range(6))
def test_every_move_gets_on_and_arrives(number: int) -> None:
    """A move leads in its own direction, to a step that there is, and in the end to the first or the last place."""
    trace = bptui.run(bptui.loads(random_scenario(Random(number), list(OPERATIONS)[number * 9 :][:3]).text))
    last, places = len(trace.steps) - 1, Places(trace)
    for move in ("phase", "over", "out"):
        forward, back = moves(trace, move, 1, 0), moves(trace, move, -1, last)
        assert forward == sorted(set(forward)), move
        assert back == sorted(set(back), reverse=True), move
        assert all(0 <= step <= last for step in forward + back), move
        assert move == "phase" or places.around(max(forward, default=0))[0].stop == last + 1, move
        assert not last or back[-1] == 0, move


@pytest.mark.parametrize("number", range(6))
def test_over_a_line_and_back_again(number: int) -> None:
    trace = bptui.run(bptui.loads(random_scenario(Random(number), list(OPERATIONS)[number * 9 :][:3]).text))
    places = Places(trace)
    for name in trace.program.lines:
        for steps in places.of_line(name):
            after = places.over(steps.start, 1) if steps else None
            if after is not None:
                assert after == steps.stop
                assert places.over(after, -1) == steps.start


def test_of_line(nested: Trace) -> None:
    places = Places(nested)
    assert places.of_line("v") == (range(1, 6), range(9, 18))
    assert [places.line(step) for step in (0, 3, 7, 8, 12, 19)] == ["u", "v", "t", "t", "v", "u"]


def test_a_line_that_the_target_does_not_use_has_no_backward_steps() -> None:
    text = '[inputs]\nx = 1\n[forward]\na = "exp(x)"\nb = "sin(x)"\n[backward]\nof = "a"\n'
    forward, backward = Places(bptui.run(bptui.loads(text))).of_line("b")
    assert (forward, len(backward)) == (range(1, 2), 0)


def test_steps_that_touch_a_value(nested: Trace) -> None:
    program, places = nested.program, Places(nested)
    assert list(places.touching(program.names["w"])) == [0, 5, 10, 19]  # two uses, two contributions
    assert list(places.touching(program.names["u"])) == [0, 1, 4, 12, 16, 17]
    assert list(places.touching(program.names["t"])) == [6, 7]
    touch = partial(places.touch, program.names["w"])
    assert followed(touch, 1, 0) == [5, 10, 19]
    assert followed(touch, -1, 12) == [10, 5, 0]


def test_the_value_that_a_step_is_about(nested: Trace) -> None:
    names = nested.program.names
    assert [value_of(nested, step) for step in (0, 6, 7, 8, 10)] == [names[name] for name in ("u", "t", "t", "v", "w")]


def test_search_finds_names_operations_formulas_and_functions(nested: Trace) -> None:
    shown = Presentation(nested)
    every = range(len(shown))

    def found(text: str) -> list[int]:
        return list(Search(shown, text).matches(every))

    assert found("EXP(")[0] == 2
    assert found("multiply") == [1, 3, 5, 9, 10, 13, 14, 16, 17]
    assert found("dL/dw") == []
    assert found("dt/dw") == [10, 19]
    assert found("seed") == [7]
    assert found("g(") == [2, 3, 13, 14, 15]
    assert found("u*u") == found("u·u") != []
    assert found("no such text") == []


@pytest.mark.parametrize("name", ["exercise-7-1", "conv1d-pooling", "linear-regression", "scalar-chain"])
def test_search_finds_signs_where_they_are_shown(name: str) -> None:
    shown = Presentation(bptui.run(bptui.load(name)))
    every = range(len(shown))
    for sign in ("@", "^", "²", "^7"):
        expected = [step for step in every if sign in shown.label(step).text]
        assert [step for step in Search(shown, sign).matches(every) if step in expected] == expected


@pytest.mark.parametrize(
    ("forward", "text", "step"),
    [
        ('h = "A @ B"\ny = "h @ v"\nL = "sum(y)"', "outer(", 5),
        ('y = "sort(v, -1, True)"\nL = "sum(y)"', "descending=True", 0),
        ('y = "bce(v, v, \'none\')"\nL = "sum(y)"', 'reduction="none"', 0),
    ],
)
def test_search_finds_what_only_the_steps_themselves_are_written_with(forward: str, text: str, step: int) -> None:
    """A rule that shapes decide on, and the name of an option that is given by its place."""
    given = "A = [[0.5, 0.2], [0.1, 0.3]]\nB = [[1.0, 2.0], [3.0, 4.0]]\nv = [0.25, 0.75]"
    shown = Presentation(bptui.run(bptui.loads(f"[inputs]\n{given}\n[forward]\n{forward}")))
    assert text in shown.label(step).text
    assert Search(shown, text).find(range(len(shown))) == step


def test_search_goes_both_ways_and_leaves_out_where_it_begins(nested: Trace) -> None:
    shown = Presentation(nested)
    search = Search(shown, "multiply")
    assert search.find(range(2, len(shown))) == 3
    assert search.find(range(2, -1, -1)) == 1
    assert search.find(range(18, len(shown))) is None


@pytest.mark.parametrize("number", range(6))
def test_search_finds_what_looking_at_every_step_finds(number: int) -> None:
    trace = bptui.run(bptui.loads(random_scenario(Random(number), list(OPERATIONS)[number * 9 :][:3]).text))
    shown = Presentation(trace)
    every = range(len(shown))
    texts = [shown.label(step).text.casefold() for step in every]
    pieces = {text[at : at + size] for text in texts[::3] for size in (1, 3, 8) for at in range(0, len(text), 7)}
    for piece in sorted(pieces)[:150]:
        expected = {step for step in every if piece in texts[step]}
        found = list(Search(shown, piece).matches(every))
        assert expected <= set(found), piece
        assert list(Search(shown, piece).matches(every[::-1])) == found[::-1], piece
