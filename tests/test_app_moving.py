"""The app: moving by wholes, search, autoplay, breakpoints; by key, by mouse and from the palette."""

from __future__ import annotations

import asyncio
import threading
import time
from collections.abc import Iterator
from functools import partial
from pathlib import Path

import pytest
from textual.widgets import Button, Input, Static

import bptui
from app_help import AnyPilot, part, said, shown, until, walk
from bptui.commands import MOVING, STOPPING
from bptui.engine import run as engine
from bptui.engine.recording import Recording
from bptui.present import numbers
from bptui.running import begun_trace
from bptui.trace.breakpoints import read_breakpoint, read_breakpoints
from bptui.trace.record import Trace
from bptui.trace.stops import hits
from bptui.tui import reaching
from bptui.tui.app import BptuiApp
from bptui.tui.breakpoints_dialog import BreakpointsScreen
from bptui.tui.line_table import LineTable
from bptui.tui.looking import look_through
from bptui.tui.search_dialog import SearchScreen
from bptui.tui.step_list import StepList
from bptui.tui.step_panel import StepPanel
from bptui.tui.timeline import Scale, Timeline
from bptui.tui.top_line import TopLine
from bptui.tui.walk import WalkScreen
from test_places import NESTED


@pytest.fixture(scope="module")
def trace() -> Trace:
    return bptui.run(bptui.loads(NESTED))


def breakpoints(pilot: AnyPilot) -> BreakpointsScreen:
    assert isinstance(pilot.app.screen, BreakpointsScreen)
    return pilot.app.screen


def top(pilot: AnyPilot) -> str:
    return walk(pilot).query_one(TopLine).render_line(0).text


def timeline(pilot: AnyPilot) -> str:
    return walk(pilot).query_one(Timeline).render_line(0).text


def is_there(pilot: AnyPilot, screen: WalkScreen) -> bool:
    return pilot.app.screen is screen and bool(screen.query("#values"))


async def arrives(pilot: AnyPilot, step: int) -> None:
    await until(pilot, lambda: isinstance(pilot.app.screen, WalkScreen) and pilot.app.screen.step == step)


# -- moving ------------------------------------------------------------------------------------------------------------


async def test_the_keys_of_moving(trace: Trace) -> None:
    async with BptuiApp(trace).run_test(size=(120, 40)) as pilot:
        for keys, step in [
            (")", 1), ("I", 2), (")", 4), ("(", 2), ("}", 3), ("U", 4), ("{", 1), ("O", 6), ("(", 1), ("]", 7),
            ("]", 8), ("]", 8), ("[", 7), ("[", 0), ("[", 0), ("(", 0), ("{", 0),
        ]:  # fmt: skip
            await pilot.press(NAMES.get(keys, keys))
            assert walk(pilot).step == step, keys


NAMES = {
    ")": "right_parenthesis", "(": "left_parenthesis", "}": "right_curly_bracket", "{": "left_curly_bracket",
    "]": "right_square_bracket", "[": "left_square_bracket", ">": "greater_than_sign", "<": "less_than_sign",
}  # fmt: skip


async def test_what_touches_a_value_is_gone_through(trace: Trace) -> None:
    async with BptuiApp(trace).run_test(size=(120, 40)) as pilot:
        assert "u:" not in top(pilot)
        for key, step, place in [("N", 1, "2 of 6"), ("N", 4, "3 of 6"), ("N", 12, "4 of 6"), ("P", 4, "3 of 6")]:
            await pilot.press(key)
            assert walk(pilot).step == step
            assert f"u: {place}" in top(pilot)
        await pilot.press("n")
        assert "u:" not in top(pilot)
        await pilot.press("N")
        assert walk(pilot).step == 6, "now it is v, which step 5 computes"
        await pilot.press("G", "N")
        await until(pilot, lambda: "no later step touches w" in said(pilot))


async def test_the_value_under_the_cursor_is_followed(trace: Trace) -> None:
    async with BptuiApp(trace).run_test(size=(120, 40)) as pilot:
        await pilot.press("tab", "up")
        table = walk(pilot).query_one("#values", LineTable)
        assert table.has_focus
        assert table.row is not None
        assert table.row.cells[0] == "w"
        await pilot.press("N")
        assert walk(pilot).step == 5
        assert "w: 2 of 4" in top(pilot)


async def test_search(trace: Trace) -> None:
    async with BptuiApp(trace).run_test(size=(120, 40)) as pilot:
        await pilot.press("slash", *"EXP", "enter")
        await arrives(pilot, 2)
        assert "“EXP”" in top(pilot)
        await pilot.press("f")
        await arrives(pilot, 3)  # its formula has exp in it
        await pilot.press("F")
        await arrives(pilot, 2)
        await pilot.press("n")
        assert "EXP" not in top(pilot)
        await pilot.press("slash")
        assert pilot.app.screen.query_one(Input).value == "EXP"
        await pilot.press(*"nowhere", "enter")
        await until(pilot, lambda: "no step holds “nowhere”" in said(pilot))
        assert walk(pilot).step == 3
        await pilot.press("slash", "escape", "f")
        await until(pilot, lambda: isinstance(pilot.app.screen, WalkScreen))


async def test_search_goes_round_the_ends(trace: Trace) -> None:
    async with BptuiApp(trace).run_test(size=(120, 40)) as pilot:
        await pilot.press("f")
        assert isinstance(pilot.app.screen, SearchScreen), "without a text it asks for one"
        await pilot.press(*"seed", "enter")
        await arrives(pilot, 7)
        await pilot.press("f")
        await until(pilot, lambda: "only this step holds" in said(pilot))
        await pilot.press("G", "f")
        await arrives(pilot, 7)
        await until(pilot, lambda: "from the start again" in said(pilot))
        await pilot.press("g", "F")
        await arrives(pilot, 7)
        await until(pilot, lambda: "from the end again" in said(pilot))


async def test_a_search_for_markup_is_a_search_for_text(trace: Trace) -> None:
    async with BptuiApp(trace).run_test(size=(120, 40)) as pilot:
        await pilot.press("slash", "left_square_bracket", *"red", "right_square_bracket", "enter")
        await until(pilot, lambda: "“[red]”" in said(pilot))
        await pilot.pause()
        assert walk(pilot).step == 0


async def test_autoplay() -> None:
    trace = bptui.run(bptui.loads('[inputs]\nx = 1.0\n[forward]\ny = "' + " + ".join(["x"] * 500) + '"'))
    async with BptuiApp(trace).run_test(size=(120, 40)) as pilot:
        await pilot.press(*[NAMES[">"]] * 9)
        assert "16 steps a second" in said(pilot)
        await pilot.press("a")
        assert "▶ 16/s" in top(pilot)
        await until(pilot, lambda: walk(pilot).step >= 3)
        await pilot.press("a")
        stopped = walk(pilot).step
        assert "▶" not in top(pilot)
        await pilot.pause(0.2)
        assert walk(pilot).step == stopped
        await pilot.press("a", NAMES["<"])
        assert "▶ 8/s" in top(pilot)
        await pilot.press("g")
        await until(pilot, lambda: "▶" not in top(pilot))
        assert walk(pilot).step == 0, "a step of the reader's own ends it"
        await pilot.press("G", "p", "a")
        await until(pilot, lambda: "▶" not in top(pilot))
        assert walk(pilot).step == len(trace.steps) - 1, "it ends at the end"
        await pilot.press("a")
        assert walk(pilot).step < 500, "and begins at the beginning"


async def test_autoplay_waits_below_a_window_and_stops_at_breakpoints(trace: Trace) -> None:
    app = BptuiApp(trace, breakpoints=read_breakpoints(trace.program, ["op exp"]))
    async with app.run_test(size=(120, 40)) as pilot:
        await arrives(pilot, 2)
        await pilot.press("g", *[NAMES[">"]] * 9, "a")
        await until(pilot, lambda: "▶" not in top(pilot))
        assert walk(pilot).step == 2
        walk_screen = walk(pilot)
        await pilot.press(NAMES["<"], "a", "question_mark")
        await until(pilot, lambda: pilot.app.screen is not walk_screen)
        below = walk_screen.step
        await pilot.pause(0.4)
        assert walk_screen.step == below < 15
        await pilot.press("q")
        await until(pilot, lambda: walk_screen.step > below)


# -- breakpoints -------------------------------------------------------------------------------------------------------


async def test_a_breakpoint_on_the_line(trace: Trace) -> None:
    async with BptuiApp(trace).run_test(size=(120, 40)) as pilot:
        assert "◆" not in timeline(pilot)
        await pilot.press("c")
        await until(pilot, lambda: "no breakpoint is on" in said(pilot))
        walk(pilot).go(3)
        await pilot.press("b")
        await until(pilot, lambda: timeline(pilot).count("◆") == 2)
        scale = Scale(len(trace.steps), trace.seed_step, 120)
        assert [timeline(pilot)[scale.cell(step)] for step in (1, 9)] == ["◆", "◆"]
        steps = walk(pilot).query_one(StepList)
        if not steps.display:
            await pilot.press("l")
            await until(pilot, lambda: steps.size.height > 20)
        marked = [y for y in range(24) if "◆" in steps.render_line(y).text]
        assert [steps.render_line(y).text.split("◆")[1].split()[0] for y in marked] == ["2", "10"]
        for key, step in (("C", 1), ("c", 9), ("c", 9)):
            await pilot.press(key)
            await arrives(pilot, step)
        await until(pilot, lambda: said(pilot) == "no later step stops at line v")  # in the place of all before
        for _ in range(2):
            await pilot.press("C")
            await arrives(pilot, 1)
        await until(pilot, lambda: said(pilot) == "no earlier step stops at line v")
        assert "◆ line v" in top(pilot)
        assert "here the line begins" in str(walk(pilot).query_one(StepPanel).border_subtitle)
        assert "here the line begins" not in shown(part(pilot, StepPanel)), "it is said once"
        await pilot.resize_terminal(80, 24)  # where the panel has no lower border
        await until(pilot, lambda: "◆ line v: here the line begins" in shown(part(pilot, StepPanel)))
        await pilot.resize_terminal(120, 40)
        await until(pilot, lambda: "here the line begins" not in shown(part(pilot, StepPanel)))
        await pilot.press("n")
        assert "◆" not in top(pilot)
        assert not walk(pilot).query_one(StepPanel).border_subtitle
        await pilot.press("b")
        await until(pilot, lambda: "◆" not in timeline(pilot))
        assert walk(pilot).breakpoints == []


async def test_the_list_of_breakpoints(trace: Trace) -> None:
    async with BptuiApp(trace).run_test(size=(120, 40)) as pilot:
        await pilot.press("B")
        assert isinstance(pilot.app.focused, Input), "there is nothing but to add one"
        await pilot.press(*"op ex", "enter")
        assert "did you mean `op exp`?" in str(breakpoints(pilot).query_one("#said", Static).render())
        await pilot.press("p", "enter")
        table = breakpoints(pilot).query_one(LineTable)
        await until(pilot, lambda: table.table.rows[0].cells == ("✓", "op exp", "steps 3, 16"))
        await pilot.press(*"w", "enter")
        await until(pilot, lambda: len(table.table.rows) == 2)
        await until(pilot, lambda: table.table.rows[1].cells == ("✓", "w", "steps 11, 20"))
        await pilot.press("shift+tab")
        assert table.has_focus
        await pilot.press("space")
        await until(pilot, lambda: table.table.rows[1].cells[0] == "off")
        await pilot.press("escape")
        await until(pilot, lambda: timeline(pilot).count("◆") == 2)
        for key, step in (("c", 2), ("c", 15)):
            await pilot.press(key)
            await arrives(pilot, step)
        await pilot.press("B", "up", "delete")
        table = breakpoints(pilot).query_one(LineTable)
        await until(pilot, lambda: [row.cells[:2] for row in table.table.rows] == [("off", "w")])
        await pilot.press(*"op exp", "enter")  # typed in the list, it begins another one
        await until(pilot, lambda: [row.cells[1] for row in table.table.rows] == ["w", "op exp"])
        await pilot.press("shift+tab", "delete", "delete")
        await until(pilot, lambda: isinstance(pilot.app.focused, Input))
        await pilot.press("escape")
        assert walk(pilot).breakpoints == []
        await until(pilot, lambda: "◆" not in timeline(pilot))


@pytest.mark.parametrize("size", [(120, 40), (80, 24)])
async def test_the_list_of_breakpoints_by_mouse(trace: Trace, size: tuple[int, int]) -> None:
    app = BptuiApp(trace, breakpoints=read_breakpoints(trace.program, ["line v", "nan"]))
    async with app.run_test(size=size) as pilot:
        await arrives(pilot, 1)
        await pilot.press("B")
        screen = breakpoints(pilot)
        table = screen.query_one(LineTable)
        await pilot.click(table, offset=(6, 3))
        await until(pilot, lambda: table.cursor == 1)
        await pilot.click("#switch")
        await until(pilot, lambda: [row.cells[0] for row in table.table.rows] == ["✓", "off"])
        await pilot.click(table, offset=(6, 3))
        await until(pilot, lambda: [row.cells[0] for row in table.table.rows] == ["✓", "✓"])
        await pilot.click("#delete")
        await until(pilot, lambda: [row.cells[1] for row in table.table.rows] == ["line v"])
        screen.query_one(Input).value = "zero"
        await pilot.click("#add")
        await until(pilot, lambda: [row.cells[1:] for row in table.table.rows][1:] == [("zero", "no step")])
        assert all(
            size[0] >= button.region.right and size[1] >= button.region.bottom for button in screen.query(Button)
        )
        await pilot.click("#close")
        assert [one.text for one in walk(pilot).breakpoints] == ["line v", "zero"]


async def test_the_walk_begins_at_the_first_stop() -> None:
    trace = bptui.run(bptui.load("log-sigmoid-stable"))
    first = next(hits(trace, read_breakpoint(trace.program, "nan"), range(len(trace.steps))))
    app = BptuiApp(trace, breakpoints=read_breakpoints(trace.program, ["nan"]))
    async with app.run_test(size=(120, 40)) as pilot:
        await arrives(pilot, first)
        assert "◆ nan" in top(pilot)
        assert "dL/dz1[0] is nan" in str(walk(pilot).query_one(StepPanel).border_subtitle)


async def test_a_walk_without_a_stop_begins_at_its_beginning(trace: Trace) -> None:
    async with BptuiApp(trace, breakpoints=read_breakpoints(trace.program, ["nan"])).run_test() as pilot:
        await until(pilot, lambda: "no step stops at nan" in said(pilot))
        assert walk(pilot).step == 0


async def test_breakpoints_stay_when_the_file_is_read_again(tmp_path: Path) -> None:
    """Those that mean nothing in the new file are left out; in another file there are none."""
    path = tmp_path / "one.toml"
    path.write_text(NESTED)
    before = bptui.run(bptui.load(path))
    app = BptuiApp(before, str(path), read_breakpoints(before.program, ["op add", "line v", "op multiply"]))
    async with app.run_test(size=(120, 40)) as pilot:
        await arrives(pilot, 0)
        walk(pilot).breakpoints[1] = walk(pilot).breakpoints[1].switched()
        for text, source, left in [
            (NESTED.replace("exp", "sin"), str(path), {"op add": True, "line v": False, "op multiply": True}),
            ('[inputs]\nx = 1\n[forward]\nv = "x + 1"\n', str(path), {"op add": True, "line v": False}),
            (NESTED, "another", {}),
        ]:
            screen = app.walk(bptui.run(bptui.loads(text)), source)
            await until(pilot, partial(is_there, pilot, screen))
            assert {one.text: one.enabled for one in walk(pilot).breakpoints} == left
            assert walk(pilot).step == 0, "it is not run again"


async def test_looking_lets_others_go_on_and_ends_when_nobody_wants_it() -> None:
    asked: list[range] = []

    def look(part: range) -> int | None:
        asked.append(part)
        return None

    assert await look_through(look, range(1000)) is None
    assert [step for part in asked for step in part] == list(range(1000))
    assert len(asked) > 1
    asked.clear()
    assert await look_through(look, range(1000), lambda: len(asked) < 2) is None
    assert len(asked) == 2
    told: list[str] = []

    def look_slowly(part: range) -> int | None:
        time.sleep(0.2)
        return None

    assert await look_through(look_slowly, range(1000), slow=lambda: told.append("slow")) is None
    assert told == ["slow"]
    assert await look_through(lambda part: part[-1], range(999, -1, -1)) == asked[0].start + 1000 - len(asked[0])


async def test_a_long_walk_is_looked_through_while_keys_are_answered() -> None:
    lines = "\n".join(f'a{n} = "a{n - 1} + w"' for n in range(1, 2_000))
    text = f'[inputs]\nx = 1\n[parameters]\nw = 1\n[forward]\na0 = "x + w"\n{lines}\nL = "sin(a1999)"\n'
    trace = bptui.run(bptui.loads(text))
    async with BptuiApp(trace).run_test(size=(120, 40)) as pilot:
        await pilot.press("slash", *"sin(", "enter")
        await arrives(pilot, 2_000)
        await pilot.press("g", "slash", *"not there", "enter", "n")
        assert walk(pilot).step == 1, "the search goes on behind, and gives way"


# -- a run that is still being recorded --------------------------------------------------------------------------------


@pytest.fixture
def held(monkeypatch: pytest.MonkeyPatch) -> Iterator[threading.Event]:
    """What is not asked for is recorded once this is set, and then by and by."""
    released, go_on = threading.Event(), Recording.go_on

    def later(recording: Recording, seconds: float) -> None:
        if seconds and released.wait(30):
            go_on(recording, seconds)

    monkeypatch.setattr(engine, "_AT_ONCE", 0.0)
    monkeypatch.setattr(Recording, "go_on", later)
    yield released
    released.set()


async def test_a_walk_opens_before_it_is_run(held: threading.Event) -> None:
    trace = begun_trace(bptui.loads(NESTED))
    async with BptuiApp(trace).run_test(size=(120, 40)) as pilot:
        await until(pilot, lambda: "step 1 of" in top(pilot))
        assert trace.recording is not None
        assert trace.recording.reached == 1
        held.set()
        await until(pilot, lambda: trace.recording is not None and trace.recording.whole)
        assert walk(pilot).step == 0


async def test_who_goes_on_to_what_is_not_run_yet_waits_for_it(held: threading.Event) -> None:
    trace = begun_trace(bptui.loads(NESTED))
    last = len(trace.steps) - 1
    async with BptuiApp(trace).run_test(size=(120, 40)) as pilot:
        await pilot.press("G")
        await until(pilot, lambda: "running…" in top(pilot))
        assert walk(pilot).step == 0
        await pilot.press("question_mark", "escape")
        held.set()
        await arrives(pilot, last)
        assert "running…" not in top(pilot)


async def test_next_counts_on_from_the_step_that_is_waited_for(held: threading.Event) -> None:
    async with BptuiApp(begun_trace(bptui.loads(NESTED))).run_test(size=(120, 40)) as pilot:
        await pilot.press("right", "right", "right")
        await until(pilot, lambda: "running…" in top(pilot))
        assert walk(pilot).step == 0
        held.set()
        await arrives(pilot, 3)


async def test_who_waits_goes_on_where_something_else_has_run_the_rest(
    held: threading.Event, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As a search does, while the walk leaves keys their turn."""
    turn, its_turn = asyncio.Event(), asyncio.Event()

    async def quiet(app: BptuiApp) -> None:
        its_turn.set()
        await turn.wait()

    monkeypatch.setattr(BptuiApp, "quiet", quiet)
    monkeypatch.setattr(reaching, "_AT_ONCE", 0.0)
    trace = begun_trace(bptui.loads(NESTED))
    async with BptuiApp(trace).run_test(size=(120, 40)) as pilot:
        await until(pilot, its_turn.is_set)
        await pilot.press("G")
        await until(pilot, lambda: "running…" in top(pilot))
        assert trace.recording is not None
        trace.recording.finish()
        turn.set()
        await arrives(pilot, len(trace.steps) - 1)
        assert "running…" not in top(pilot)


async def test_who_goes_elsewhere_waits_no_longer(held: threading.Event) -> None:
    trace = begun_trace(bptui.loads(NESTED))
    async with BptuiApp(trace).run_test(size=(120, 40)) as pilot:
        await pilot.press("G")
        await until(pilot, lambda: "running…" in top(pilot))
        await pilot.press("g")
        assert "running…" not in top(pilot)
        held.set()
        await until(pilot, lambda: trace.recording is not None and trace.recording.whole)
        await pilot.pause()
        assert walk(pilot).step == 0


# -- commands ----------------------------------------------------------------------------------------------------------


def test_no_key_of_the_walk_means_two_things() -> None:
    bound = [binding for screen in (WalkScreen, BptuiApp) for binding in screen.__dict__["BINDINGS"]]
    taken = [key for binding in bound for key in binding.key.split(",")]
    assert {"b", "c", "right_parenthesis"} <= set(taken)
    assert len(taken) == len(set(taken)), sorted(key for key in taken if taken.count(key) > 1)


async def test_every_move_is_in_the_palette(trace: Trace) -> None:
    async with BptuiApp(trace).run_test(size=(120, 40)) as pilot:
        offered = {command.title for command in pilot.app.get_system_commands(pilot.app.screen)}
        assert {command.title for command in (*MOVING, *STOPPING)} <= offered
        for command in pilot.app.get_system_commands(pilot.app.screen):
            if command.title in ("Over: past this line or function call", "Next phase: forward, seed, backward"):
                await command.callback()
        assert walk(pilot).step == 7


async def test_two_enters_set_a_breakpoint_and_lead_back(trace: Trace) -> None:
    async with BptuiApp(trace).run_test(size=(120, 40)) as pilot:
        await pilot.press("B", *"op exp", "enter")
        assert [one.text for one in breakpoints(pilot)._walk.breakpoints] == ["op exp"]
        await pilot.press("enter", "c")
        await until(pilot, lambda: walk(pilot).step == 2)


async def test_going_back_costs_what_going_forward_costs(monkeypatch: pytest.MonkeyPatch) -> None:
    exercise = bptui.run(bptui.load("exercise-7-1"))
    written = 0
    number = numbers.number

    def counted(value: float) -> str:
        nonlocal written
        written += 1
        return number(value)

    async with BptuiApp(exercise).run_test(size=(120, 40)) as pilot:
        monkeypatch.setattr(numbers, "number", counted)
        for step in (3, 20, 30):
            costs = []
            for origin in (step - 1, step + 1):
                walk(pilot).go(origin)
                await pilot.pause()
                written = 0
                walk(pilot).go(step)
                await pilot.pause()
                costs.append(written)
            assert costs[0] > 0
            assert costs[1] <= costs[0]
