"""The app is there before its scenario is read: title and description first, the walk in their place."""

from __future__ import annotations

import threading
from pathlib import Path

import bptui
from app_help import part, until, walk
from bptui.errors import BptuiError, Fault
from bptui.trace.record import Trace
from bptui.tui.app import BptuiApp
from bptui.tui.description import Description
from bptui.tui.help import HelpScreen
from bptui.tui.loading import LoadingScreen, Opening
from bptui.tui.refused import RefusedScreen
from bptui.tui.top_line import TopLine
from bptui.tui.walk import WalkScreen

SCENARIO = """
title = "Squares"
description = "Watch x."
[inputs]
x = 3
[forward]
y = "x**2"
"""


class Slow:
    """Reads the scenario when it is let, or fails then."""

    def __init__(self, error: BptuiError | None = None) -> None:
        self.go, self._error = threading.Event(), error

    def __call__(self) -> Trace:
        assert self.go.wait(30)
        if self._error is not None:
            raise self._error
        return bptui.run(bptui.loads(SCENARIO))


def walks(app: BptuiApp) -> bool:
    """Return whether the walk is there, with all that it shows."""
    return isinstance(app.screen, WalkScreen) and bool(app.screen.query(Description))


def opening(read: Slow, *breakpoints: str) -> Opening:
    return Opening("Squares", "Watch x.", read, breakpoints)


async def test_the_description_is_there_before_the_scenario_and_stays_until_the_walk_begins() -> None:
    read = Slow()
    app = BptuiApp(opening=opening(read))
    async with app.run_test(size=(80, 24)) as pilot:
        await until(pilot, lambda: app.screen.query(Description) and part(pilot, Description).is_open)
        assert isinstance(app.screen, LoadingScreen)
        await until(pilot, lambda: part(pilot, TopLine).size)
        assert part(pilot, TopLine).region.y == 0, "behind the description, and not in the middle of the screen"
        read.go.set()
        await until(pilot, lambda: walks(app))
        assert walk(pilot).presentation.title == "Squares"
        await until(pilot, lambda: part(pilot, Description).is_open)
        assert [type(screen) for screen in app.screen_stack[1:]] == [WalkScreen]
        await pilot.press("right")
        await until(pilot, lambda: not part(pilot, Description).is_open)
        assert walk(pilot).step == 0


async def test_keys_that_are_typed_before_the_walk_is_there_are_for_the_walk() -> None:
    read = Slow()
    app = BptuiApp(opening=opening(read))
    async with app.run_test(size=(80, 24)) as pilot:
        await until(pilot, lambda: isinstance(app.screen, LoadingScreen) and app.screen.query(Description))
        await pilot.press("right", "right", "question_mark")
        assert isinstance(app.screen, LoadingScreen)
        read.go.set()
        await until(pilot, lambda: isinstance(app.screen, HelpScreen))
        await pilot.press("escape")
        await until(pilot, lambda: walks(app))
        assert walk(pilot).step == 1
        assert not part(pilot, Description).is_open


async def test_the_app_is_left_while_it_reads() -> None:
    read = Slow()
    app = BptuiApp(opening=opening(read))
    async with app.run_test(size=(80, 24)) as pilot:
        await until(pilot, lambda: isinstance(app.screen, LoadingScreen))
        await pilot.press("q")
        await until(pilot, lambda: app.return_code is not None)
        read.go.set()
    assert app.return_code == 0
    assert app.fault is None


async def test_a_scenario_with_faults_is_told_in_place_of_the_walk(tmp_path: Path) -> None:
    file = tmp_path / "faulty.toml"
    file.write_text(SCENARIO)
    read = Slow(BptuiError(Fault("nothing fits")))
    app = BptuiApp(source=str(file), opening=opening(read))
    async with app.run_test(size=(80, 24)) as pilot:
        read.go.set()
        await until(pilot, lambda: isinstance(app.screen, RefusedScreen))
        await pilot.press("q")
        await until(pilot, lambda: app.return_code is not None)
    assert app.return_code == 2


async def test_a_breakpoint_that_names_nothing_ends_the_app_and_is_said_then() -> None:
    read = Slow()
    app = BptuiApp(opening=opening(read, "line z"))
    async with app.run_test(size=(80, 24)) as pilot:
        read.go.set()
        await until(pilot, lambda: app.return_code is not None)
    assert app.return_code == 2
    assert "z" in str(app.said_at_end)
    assert app.fault is None


async def test_a_breakpoint_is_run_to_once_the_trace_is_there() -> None:
    read = Slow()
    app = BptuiApp(opening=opening(read, "x"))
    async with app.run_test(size=(80, 24)) as pilot:
        assert not part(pilot, Description).is_open
        read.go.set()
        await until(pilot, lambda: walks(app))
        assert [one.text for one in walk(pilot).breakpoints] == ["x"]
