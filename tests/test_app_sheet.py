"""The app: the worked solution, marked, and the way from a line to the step and the routes that it is about."""

from __future__ import annotations

import gc
import warnings

import pytest

import bptui
from app_help import AnyPilot, part, said, shown, until, walk
from bptui.checking.marking.marker import Marked
from bptui.errors import BptuiError
from bptui.scenario.scenario import Scenario
from bptui.trace.record import Trace
from bptui.tui import sheet
from bptui.tui.app import BptuiApp
from bptui.tui.line_table import LineTable
from bptui.tui.sheet import SheetScreen
from bptui.tui.text_view import TextView
from bptui.tui.walk import WalkScreen
from bptui.tui.why import WhyScreen

NAME = "exercise-7-1-as-solved"


def app(name: str = NAME) -> BptuiApp:
    return BptuiApp(bptui.run(bptui.load(name)), name)


async def opened(pilot: AnyPilot) -> LineTable:
    """Close the description, open the sheet and wait until it is marked."""
    await pilot.press("enter", "M")
    await until(pilot, lambda: isinstance(pilot.app.screen, SheetScreen))
    await until(pilot, lambda: part(pilot, LineTable, "sheet").table.rows)
    return part(pilot, LineTable, "sheet")


def said_of_line(pilot: AnyPilot) -> str:
    return " ".join(shown(part(pilot, TextView, "said-of-line")).split())


@pytest.mark.parametrize("size", [(120, 40), (80, 24)])
async def test_the_sheet_with_its_verdicts_and_sentences(size: tuple[int, int]) -> None:
    async with app().run_test(size=size) as pilot:
        sheet = await opened(pilot)
        assert sheet.border_title == "9 right, 6 follow, 6 wrong"
        await until(pilot, lambda: "0.6, which is W1(3,2), was used" in said_of_line(pilot))
        await pilot.press("down")
        await until(pilot, lambda: "a mistake carried forward" in said_of_line(pilot))
        for _ in range(4):
            await pilot.press("n")
        await until(pilot, lambda: "-0.06972 is the route through y(1) alone" in said_of_line(pilot))
        routes = part(pilot, LineTable, "routes")
        await until(pilot, lambda: routes.display and len(routes.table.rows) == 2)
        await pilot.press("p")
        await until(pilot, lambda: "The sign was lost" in said_of_line(pilot))


async def test_a_marking_that_takes_too_long_is_said_in_the_window(monkeypatch: pytest.MonkeyPatch) -> None:
    def slow(scenario: Scenario, trace: Trace) -> list[Marked]:
        raise BptuiError("it took more than 120 seconds")

    monkeypatch.setattr(sheet, "mark", slow)
    async with app().run_test(size=(120, 40)) as pilot:
        await pilot.press("enter", "M")
        await until(pilot, lambda: isinstance(pilot.app.screen, SheetScreen))
        await until(pilot, lambda: part(pilot, LineTable, "sheet").border_title == "it took more than 120 seconds")
        await pilot.press("escape")
        await until(pilot, lambda: isinstance(pilot.app.screen, WalkScreen))


async def test_lines_gone_past_at_once_leave_nothing_behind() -> None:
    """What is looked for at each line is given up at the next one, also where it was not begun."""
    async with app().run_test(size=(120, 40)) as pilot:
        sheet = await opened(pilot)
        with warnings.catch_warnings(record=True) as caught:
            warnings.simplefilter("always")
            for row in (5, 6, 7):
                sheet.move_to(row)
            await pilot.pause()
            gc.collect()
        assert sheet.cursor == 7
        assert [str(one.message) for one in caught] == []


async def test_from_a_line_to_its_step_and_its_routes() -> None:
    async with app().run_test(size=(120, 40)) as pilot:
        sheet = await opened(pilot)
        at = next(at for at, row in enumerate(sheet.table.rows) if row.cells[1] == "dL/dW1(1,1)")
        sheet.move_to(at)
        await pilot.press("enter")
        await until(pilot, lambda: isinstance(pilot.app.screen, WalkScreen))
        frame = walk(pilot).frame()
        assert frame.title.startswith("dL/dW1 ")
        await pilot.press("M")
        await until(pilot, lambda: isinstance(pilot.app.screen, SheetScreen))
        await until(pilot, lambda: part(pilot, LineTable, "sheet").cursor == at)
        await pilot.press("w")
        await until(pilot, lambda: isinstance(pilot.app.screen, WhyScreen))


async def test_the_element_of_a_line_is_under_the_cursor() -> None:
    async with app("exercise-7-1").run_test(size=(120, 40)) as pilot:
        sheet = await opened(pilot)
        at = next(at for at, row in enumerate(sheet.table.rows) if row.cells[1] == "dL/db1(2)")
        sheet.move_to(at)
        await pilot.press("enter")
        await until(pilot, lambda: isinstance(pilot.app.screen, WalkScreen) and walk(pilot).element == 1)


async def test_where_there_is_no_sheet_and_where_it_would_tell_too_much() -> None:
    async with app("attention-head").run_test(size=(80, 24)) as pilot:
        await pilot.press("enter", "M")
        await until(pilot, lambda: "has no worked solution" in said(pilot))
    async with app().run_test(size=(80, 24)) as pilot:
        await pilot.press("enter", "t", "M")
        await until(pilot, lambda: "press t to end the test first" in said(pilot))
