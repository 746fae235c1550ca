"""Keys that come all at once, as they do over a slow line: each goes to the screen that those before it led to."""

from __future__ import annotations

import pytest
from textual.containers import Vertical
from textual.css.query import NoMatches
from textual.events import Key
from textual.timer import Timer
from textual.widgets import Input

import bptui
from app_help import AnyPilot, part, shown, until, walk
from bptui.trace.record import Trace
from bptui.tui.app import BptuiApp
from bptui.tui.beside import while_there
from bptui.tui.breakpoints_dialog import BreakpointsScreen
from bptui.tui.edit_dialog import EditScreen
from bptui.tui.line_table import LineTable
from bptui.tui.step_panel import StepPanel
from bptui.tui.walk import WalkScreen
from bptui.tui.why import WhyScreen

NAMES = {"\r": "enter", " ": "space", ":": "colon", "=": "equals_sign", ".": "full_stop", "/": "slash"}


def at_once(pilot: AnyPilot, text: str) -> None:
    """Give the app these keys before it handles the first of them."""
    for character in text:
        printable = character if character.isprintable() else None
        pilot.app.post_message(Key(NAMES.get(character, character), printable))


@pytest.mark.parametrize(
    ("text", "step"),
    [(":37\r", 36), ("nn:5\r", 4), ("/relu\r", 2), ("wqn", 1), ("nwqmqn", 2), (":9\r", 8)],
)
async def test_they_lead_to_a_step(exercise: Trace, text: str, step: int) -> None:
    async with BptuiApp(exercise).run_test(size=(120, 40)) as pilot:
        await until(pilot, lambda: isinstance(pilot.app.screen, WalkScreen))
        await pilot.press("escape")
        at_once(pilot, text)
        await until(pilot, lambda: isinstance(pilot.app.screen, WalkScreen) and walk(pilot).step == step)


async def test_they_are_handed_on_where_textual_skips_what_a_timer_was_set_for(
    exercise: Trace, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As it does where the process rests between two looks at the clock."""
    run = Timer._run

    async def skipping(timer: Timer) -> None:
        if timer._repeat != 0:
            await run(timer)

    monkeypatch.setattr(Timer, "_run", skipping)
    app = BptuiApp(exercise)
    async with app.run_test(size=(120, 40)) as pilot:
        await until(pilot, lambda: isinstance(app.screen, WalkScreen))
        await pilot.press("escape")
        for key in ("right", "right"):
            app.keep(Key(key, None))
        app.take_kept()
        await until(pilot, lambda: walk(pilot).step == 2)


async def test_they_are_typed_into_the_window_that_the_first_opens(exercise: Trace) -> None:
    async with BptuiApp(exercise).run_test(size=(120, 40)) as pilot:
        await until(pilot, lambda: isinstance(pilot.app.screen, WalkScreen))
        await pilot.press("escape")
        at_once(pilot, "eW1=.3")
        await until(pilot, lambda: isinstance(pilot.app.screen, EditScreen))
        await until(pilot, lambda: part(pilot, Input, "number").value == "W1=.3")
        await pilot.press("escape")
        at_once(pilot, "Bop relu\r")
        await until(pilot, lambda: [one.text for one in walk_below(pilot).breakpoints] == ["op relu"])
        assert isinstance(pilot.app.screen, BreakpointsScreen)


async def test_they_are_about_what_the_cursor_comes_to(exercise: Trace) -> None:
    async with BptuiApp(exercise).run_test(size=(120, 40)) as pilot:
        await until(pilot, lambda: isinstance(pilot.app.screen, WalkScreen))
        await pilot.press("escape")
        at_once(pilot, "jje")
        await until(pilot, lambda: isinstance(pilot.app.screen, EditScreen))
        await until(pilot, lambda: part(pilot, Input, "element").value == "W1(3,1)")


async def test_the_equation_is_that_of_the_step_that_they_lead_to(exercise: Trace) -> None:
    async with BptuiApp(exercise).run_test(size=(120, 40)) as pilot:
        await until(pilot, lambda: isinstance(pilot.app.screen, WalkScreen))
        await pilot.press("escape")
        at_once(pilot, "jn")
        await until(pilot, lambda: walk(pilot).step == 1)
        await pilot.pause()
        assert "z1(1) = " in shown(part(pilot, StepPanel))
        await pilot.press("left")
        assert "(W1 @ x)(2) = " in shown(part(pilot, StepPanel))


@pytest.mark.parametrize("keys", ["MqMqMqMq", "e5qe5qe5q", "wvqwvq", "DqDq"])
async def test_windows_that_are_closed_at_once_take_their_work_with_them(keys: str) -> None:
    """The parts of a window go before it does, and what was looked for meanwhile finds none of them."""
    name = "exercise-7-1-as-solved"
    app = BptuiApp(bptui.run(bptui.load(name)), name)
    async with app.run_test(size=(120, 40)) as pilot:
        await until(pilot, lambda: isinstance(app.screen, WalkScreen))
        await pilot.press("escape", "M")
        await until(pilot, lambda: part(pilot, LineTable, "sheet").table.rows)
        await pilot.press("escape")
        for key in keys:
            app.post_message(Key("escape", None) if key == "q" else Key(key, key))
        await until(pilot, lambda: isinstance(app.screen, WalkScreen))
        await pilot.pause()
    assert app.fault is None


async def test_what_a_window_lacks_is_a_fault_only_while_it_is_open(exercise: Trace) -> None:
    async with BptuiApp(exercise).run_test(size=(120, 40)) as pilot:
        await until(pilot, lambda: isinstance(pilot.app.screen, WalkScreen))
        await pilot.press("escape", "w")
        window = pilot.app.screen

        async def look() -> None:
            window.query_one("#nothing")

        with pytest.raises(NoMatches):
            await while_there(window, look)
        await pilot.press("escape")
        await until(pilot, lambda: isinstance(pilot.app.screen, WalkScreen))
        await while_there(window, look)


async def test_they_are_commands_of_the_window_that_the_first_opens(exercise: Trace) -> None:
    async with BptuiApp(exercise).run_test(size=(120, 40)) as pilot:
        await until(pilot, lambda: isinstance(pilot.app.screen, WalkScreen))
        await pilot.press("escape")
        at_once(pilot, "wv")
        await until(pilot, lambda: isinstance(pilot.app.screen, WhyScreen))
        await until(pilot, lambda: "primitive" in str(part(pilot, Vertical, "window").border_title))


def walk_below(pilot: AnyPilot) -> WalkScreen:
    """Return the walk, below the windows that are open."""
    return next(screen for screen in pilot.app.screen_stack if isinstance(screen, WalkScreen))
