"""The app: every key and every click does what the help says, at any size, and the terminal is left as it was."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Sequence
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from textual.binding import Binding
from textual.command import CommandPalette
from textual.screen import Screen
from textual.widget import Widget
from textual.widgets import Input, OptionList, Static

import bptui
from app_help import AnyPilot, part, shown, until, walk
from bptui import bundled
from bptui.commands import APP, FILES, GROUPS, IN_LINES, READING, WALKING
from bptui.errors import BptuiError
from bptui.exporting import FORMATS, write
from bptui.present.frame import Row, Table
from bptui.trace.record import Trace
from bptui.tui import open_app
from bptui.tui.app import BptuiApp
from bptui.tui.chooser import ChooserScreen
from bptui.tui.description import Description, flowing
from bptui.tui.export_dialog import ExportScreen, free_name
from bptui.tui.go_to import GoToScreen, read_step
from bptui.tui.graph_view import GraphView
from bptui.tui.help import HelpScreen
from bptui.tui.key_line import KeyLine
from bptui.tui.line_table import LineTable
from bptui.tui.shortening import cut, without_middle
from bptui.tui.step_list import StepList
from bptui.tui.step_panel import StepPanel, equation_lines
from bptui.tui.text_view import TextView
from bptui.tui.timeline import Scale, Timeline
from bptui.tui.top_line import TopLine
from bptui.tui.walk import WalkScreen

SMALL = """
title = "Two lines"
[inputs]
x = [1.0, 2.0, 3.0]
[forward]
y = "x * x"
L = "sum(y)"
[backward]
wrt = ["x"]
"""
"""Three steps in all directions: `y`, `L`, the seed, back through `sum`, back through both operands of `x * x`."""

DESCRIBED = 'description = "What to look at."\n' + SMALL


@pytest.fixture(scope="module")
def small() -> Trace:
    return bptui.run(bptui.loads(SMALL))


def everything(pilot: AnyPilot) -> list[str]:
    """Return what the panels of the walk show."""
    kinds: list[tuple[type[Widget], str]] = [(TopLine, "top"), (StepPanel, "step"), (LineTable, "elements")]
    kinds += [(StepList, "steps"), (LineTable, "values"), (Timeline, "timeline")]
    return [shown(part(pilot, kind, id)) for kind, id in kinds]


def app_on(text_or_trace: str | Trace, source: str = "") -> BptuiApp:
    trace = bptui.run(bptui.loads(text_or_trace)) if isinstance(text_or_trace, str) else text_or_trace
    return BptuiApp(trace, source)


# -- walking -----------------------------------------------------------------------------------------------------------


async def test_the_keys_of_walking(small: Trace) -> None:
    last = len(small.steps) - 1
    async with app_on(small).run_test(size=(120, 40)) as pilot:
        at = 0
        for key, expected in [
            ("right", 1), ("n", 2), ("space", 3), ("left", 2), ("p", 1), ("G", last), ("right", last), ("g", 0),
            ("left", 0), ("end", last), ("home", 0),
        ]:  # fmt: skip
            await pilot.press(key)
            assert walk(pilot).step == expected, (key, at)
            at = expected
            assert f"step {at + 1} of {last + 1}" in shown(part(pilot, TopLine))


async def test_the_way_back_shows_what_the_way_forward_showed(exercise: Trace) -> None:
    async with app_on(exercise).run_test(size=(120, 40)) as pilot:
        await pilot.press("escape")
        seen = []
        for _ in range(5):
            seen.append(everything(pilot))
            await pilot.press("n")
        for before in reversed(seen):
            await pilot.press("p")
            now = everything(pilot)
            assert now[:3] == before[:3]


@pytest.mark.parametrize(("size", "classes"), [((120, 40), {"-wide", "-tall"}), ((80, 24), {"-narrow", "-short"})])
async def test_the_first_picture_is_laid_out_for_its_size(
    small: Trace, size: tuple[int, int], classes: set[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Before anything is drawn, and so before Textual tells the screen of its size."""
    noted: list[set[str]] = []
    mounted = WalkScreen.on_mount

    def on_mount(screen: WalkScreen) -> None:
        noted.append(set(screen.classes))
        mounted(screen)

    monkeypatch.setattr(WalkScreen, "on_mount", on_mount)
    async with app_on(small).run_test(size=size) as pilot:
        assert classes <= noted[0]
        await pilot.resize_terminal(100, 12)
        await until(pilot, lambda: {"-wide", "-tiny"} <= walk(pilot).classes)


async def test_a_step_shows_its_line_equation_table_and_what_changed(small: Trace) -> None:
    async with app_on(small).run_test(size=(120, 40)) as pilot:
        assert shown(part(pilot, TopLine)).split("│")[0].split() == ["Two", "lines", "numbers"]
        panel = shown(part(pilot, StepPanel))
        assert "y[0] = x[0]·x[0]" in panel
        assert "     = 1·1" in panel, "the signs stand below each other"
        assert [line.split() for line in shown(part(pilot, LineTable, "elements")).splitlines()[:3]] == [
            ["element", "with", "numbers", "value"], ["▸", "y[0]", "1·1", "1"], ["y[1]", "2·2", "4"],
        ]  # fmt: skip
        values = shown(part(pilot, LineTable, "values"))
        assert "• y     3      [1  4  9]" in values
        assert "•" not in values.replace("• y", "")
        await pilot.press("G")
        assert "backward" in shown(part(pilot, TopLine))
        values = shown(part(pilot, LineTable, "values"))
        assert "• x     3      [1  2  3]  [2  4  6]" in values
        assert "  y     3      [1  4  9]  [1  1  1]" in values
        assert part(pilot, LineTable, "elements").border_title == "Ledger"


async def test_go_to_a_step(exercise: Trace) -> None:
    async with app_on(exercise).run_test(size=(120, 40)) as pilot:
        for key, number in (("colon", "33"), ("ctrl+g", "7")):
            await pilot.press(key, *number, "enter")
            await until(pilot, lambda: isinstance(pilot.app.screen, WalkScreen))
            assert walk(pilot).step == int(number) - 1
        await pilot.press("colon", "3", "9", "enter")
        assert isinstance(pilot.app.screen, GoToScreen)
        assert "no step 39: the steps are 1 to 38" in str(part(pilot, Static, "said").render())
        await pilot.press("escape")
        assert walk(pilot).step == 6


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("1", 0), (" 38 ", 37), ("007", 6), ("", "Type a number"), ("39", "no step 39"), ("0", "no step 0"),
        ("-1", "no step's number"), ("1.5", "no step's number"), ("٣", "no step's number"), ("1_0", "no step's number"),
        ("a\x1b[2J", "\\x1b"),
    ],
)  # fmt: skip
def test_a_step_number_is_read_or_refused(text: str, expected: int | str) -> None:
    found = read_step(text, 38)
    if isinstance(expected, int):
        assert found == expected
    else:
        assert isinstance(found, str)
        assert expected in found
        assert "\x1b" not in found


# -- reading -----------------------------------------------------------------------------------------------------------


def equation_is_of(pilot: AnyPilot, name: str) -> bool:
    return f"{name} = x" in shown(part(pilot, StepPanel))


async def test_the_equation_follows_the_cursor(small: Trace) -> None:
    async with app_on(small).run_test(size=(120, 40)) as pilot:
        for key, name in (("down", "y[1]"), ("j", "y[2]"), ("down", "y[2]"), ("k", "y[1]"), ("up", "y[0]")):
            await pilot.press(key)
            await until(pilot, partial(equation_is_of, pilot, name))
        await pilot.press("j", "n", "p")
        assert "▸ y[1]" in shown(part(pilot, LineTable, "elements")), "the cursor is where it was left"
        assert "y[1] = x" in shown(part(pilot, StepPanel))


@pytest.mark.parametrize("size", [(80, 24), (120, 40)])
async def test_an_equation_that_is_the_title_is_not_said_again_below_it(size: tuple[int, int]) -> None:
    trace = bptui.run(bptui.loads('[parameters]\nw = 3\n[forward]\nL = "w**2"\n'))
    async with BptuiApp(trace).run_test(size=size) as pilot:
        await pilot.press("right")
        assert shown(part(pilot, StepPanel)).count("dL/dL = 1") == 1
        await pilot.press("right")
        said = shown(part(pilot, StepPanel))
        assert said.count("dL/dw = dL/dL") == (1 if size == (80, 24) else 2)  # with words between them


async def test_terms_and_sums_are_told_apart(exercise: Trace) -> None:
    async with app_on(exercise).run_test(size=(120, 40)) as pilot:
        walk(pilot).go(32)
        await pilot.pause()
        term, _, total = shown(part(pilot, LineTable, "elements")).splitlines()[1:4]
        assert term.index("h(1)") > total.index("h(1)")
        table = part(pilot, LineTable, "elements")
        assert all(segment.style and segment.style.bold for segment in table.render_line(3))
        assert not any(segment.style and segment.style.bold for segment in table.render_line(2))


async def test_keys_inside_a_long_table() -> None:
    rows = ", ".join(str(number) for number in range(100))
    async with app_on(SMALL.replace("[1.0, 2.0, 3.0]", f"[{rows}]")).run_test(size=(120, 40)) as pilot:
        table = part(pilot, LineTable, "elements")
        for key, row in (
            ("pagedown", table.page - 1),
            ("ctrl+end", 99),
            ("ctrl+home", 0),
            ("ctrl+end", 99),
            ("pageup", 100 - table.page),
        ):
            await pilot.press(key)
            assert table.cursor == row
            assert f"▸ y[{row}]" in shown(table)
        assert walk(pilot).step == 0
        await pilot.press("end")
        assert walk(pilot).step == len(walk(pilot).trace.steps) - 1, "home and end are the walk's, as left and right"


async def test_the_focus_goes_round(small: Trace) -> None:
    async with app_on(small).run_test(size=(120, 40)) as pilot:
        order = []
        for _ in range(4):
            order.append(pilot.app.focused and pilot.app.focused.id)
            await pilot.press("tab")
        assert order == ["elements", "values", "graph", "step"]
        await pilot.press("shift+tab")
        assert pilot.app.focused is part(pilot, StepPanel)
        await pilot.press("l", "shift+tab", "down", "j")
        assert walk(pilot).step == 2, "in the list of steps the cursor is the step"


async def test_the_list_of_steps(exercise: Trace) -> None:
    async with app_on(exercise).run_test(size=(120, 40)) as pilot:
        walk(pilot).go(16)
        await pilot.press("l")
        lines = shown(part(pilot, StepList)).splitlines()
        assert "forward · 15 steps" in lines[0]
        assert lines[1].startswith("✓  1 W1 @ x")
        assert lines[16].startswith("backward · 23 steps")
        assert lines[17].startswith("✓ 16 seed dL/dL = 1")
        assert lines[18].startswith("▶ 17 dL/dsum(")
        assert lines[19].startswith("  18 dL/d(")
        await pilot.press("l")
        assert not part(pilot, StepList).display
        await pilot.press("l")
        assert part(pilot, StepList).display
    async with app_on(exercise).run_test(size=(80, 24)) as pilot:
        assert part(pilot, StepPanel).region.width == 80, "a narrow screen has no list"
        await pilot.press("l")
        assert part(pilot, StepList).display
        assert "▶  1 W1 @ x" in shown(part(pilot, StepList))


async def test_the_description_comes_first_and_goes_with_the_first_step() -> None:
    async with app_on(DESCRIBED).run_test(size=(120, 40)) as pilot:
        description = part(pilot, Description)

        def is_open() -> bool:
            return bool(description.display)

        assert is_open()
        assert "What to look at." in shown(description)
        assert description.border_subtitle is not None
        assert "→" in description.border_subtitle
        await pilot.press("n")
        assert not is_open()
        assert walk(pilot).step == 0, "the first step is seen first"
        await pilot.press("n")
        assert walk(pilot).step == 1
        await pilot.press("d")
        assert is_open()
        await pilot.press("d")
        assert not is_open()
        assert pilot.app.focused is part(pilot, LineTable, "elements")
        for key in ("escape", "enter"):
            await pilot.press("d", key)
            assert not is_open()
        await pilot.press("d", "G")
        assert not is_open()
        assert walk(pilot).step == 5


def test_a_description_flows_where_its_lines_do_not_fit() -> None:
    text = "one two three four five\nsix seven eight\nEnd.\n\nA new one."
    assert flowing(text, 40) == text
    assert flowing(text, 12) == "one two three four five six seven eight\nEnd.\n\nA new one."


async def test_help_tells_every_key(small: Trace) -> None:
    async with app_on(small).run_test(size=(100, 220)) as pilot:
        await pilot.press("question_mark")
        assert isinstance(pilot.app.screen, HelpScreen)
        said = shown(part(pilot, TextView, "window"))
        for title, commands in GROUPS:
            assert title in said
            for command in commands:
                assert f" {command.shown} " in said
                assert command.title in said
        await pilot.resize_terminal(80, 24)
        await until(pilot, lambda: "Mouse" not in shown(part(pilot, TextView, "window")))
        await pilot.press("end")
        await until(pilot, lambda: "The wheel scrolls" in shown(part(pilot, TextView, "window")))
        await pilot.press("q")
        assert isinstance(pilot.app.screen, WalkScreen)


async def test_every_binding_has_an_id_and_takes_another_key(small: Trace) -> None:
    app = app_on(small)
    async with app.run_test(size=(120, 40)) as pilot:
        own = [BptuiApp, WalkScreen, ChooserScreen, LineTable, ExportScreen, HelpScreen]
        bound = [binding for one in own for binding in one.__dict__.get("BINDINGS", [])]
        assert len(bound) > 10
        assert all(isinstance(binding, Binding) and binding.id for binding in bound)
        app.set_keymap({"walk.next": "f6"})
        await pilot.press("f6", "n")
        assert walk(pilot).step == 1


@pytest.mark.parametrize("size", [(20, 8), (40, 2), (80, 24)])
async def test_the_palette_takes_all_keys_also_where_its_list_has_no_room(small: Trace, size: tuple[int, int]) -> None:
    async with BptuiApp(small, "small").run_test(size=size) as pilot:
        await pilot.press("ctrl+p")
        await until(pilot, lambda: isinstance(pilot.app.screen, CommandPalette))
        await pilot.press(*("pagedown", "pagedown", "pageup", "z", "pagedown", "pageup", "down", "home", "end"))
        await pilot.press("pagedown", "ctrl+p", "escape")
        await until(pilot, lambda: isinstance(pilot.app.screen, WalkScreen))


async def test_what_the_palette_still_finds_when_it_is_closed_is_not_shown(small: Trace) -> None:
    async with BptuiApp(small, "small").run_test(size=(80, 24)) as pilot:
        await pilot.press("ctrl+p")
        await until(pilot, lambda: isinstance(pilot.app.screen, CommandPalette))
        palette = pilot.app.screen
        assert isinstance(palette, CommandPalette)
        await pilot.press("escape")
        await until(pilot, lambda: not palette.query("*"))
        palette._list_visible = not palette._list_visible
        await palette._watch__show_busy()
        assert isinstance(pilot.app.screen, WalkScreen)


async def test_the_palette_has_every_command(small: Trace) -> None:
    app = app_on(small)
    async with app.run_test(size=(120, 40)) as pilot:
        offered = {command.title for command in app.get_system_commands(app.screen)}
        wanted = {command.title for group in (WALKING, READING, FILES, APP) for command in group}
        assert wanted - offered == {"Command palette: every command by name", "Quit with status 130"}
        await pilot.press("ctrl+p")
        await until(pilot, lambda: app.screen.query_one(OptionList).option_count > 2)
        first = app.screen.query_one(OptionList).get_option_at_index(0)
        assert "Next step" in str(first.prompt), "in the order of the help"
        await pilot.press(*"last")
        await until(pilot, lambda: app.screen.query("CommandList Option, CommandList").first().display)
        await pilot.pause(0.3)
        await pilot.press("enter")
        await until(pilot, lambda: isinstance(app.screen, WalkScreen) and walk(pilot).step == 5)


# -- the mouse ---------------------------------------------------------------------------------------------------------


async def test_everything_can_be_clicked(exercise: Trace) -> None:
    async with app_on(exercise, "exercise-7-1").run_test(size=(220, 40)) as pilot:
        await pilot.press("escape", "l")
        await pilot.click(StepList, offset=(6, 5))
        assert walk(pilot).step == 3, "below the frame and the heading"
        await pilot.click(LineTable, offset=(6, 3))
        await until(pilot, lambda: "(W2 @ h)(2) = " in shown(part(pilot, StepPanel)))
        line = part(pilot, Timeline)
        scale = Scale(38, 15, line.size.width)
        await pilot.click(Timeline, offset=(scale.cell(30), 0))
        assert walk(pilot).step == 30
        await pilot.mouse_down(Timeline, offset=(scale.cell(20), 0))
        assert walk(pilot).step == 20
        await pilot.hover(Timeline, offset=(scale.cell(10), 0))
        assert walk(pilot).step == 10, "dragged"
        await pilot.mouse_up(Timeline, offset=(scale.cell(10), 0))
        await pilot.hover(Timeline, offset=(scale.cell(30), 0))
        assert walk(pilot).step == 10, "let go"
        keys = {command.id: start for command, start, _ in part(pilot, KeyLine).places()}
        await pilot.click(KeyLine, offset=(keys["walk.next"], 0))
        await pilot.click(KeyLine, offset=(keys["walk.next"] + 3, 0))
        await pilot.click(KeyLine, offset=(keys["walk.back"], 0))
        assert walk(pilot).step == 11
        for name, kind in (("app.help", HelpScreen), ("walk.go_to", GoToScreen), ("file.export", ExportScreen)):
            await pilot.click(KeyLine, offset=(keys[name], 0))
            await until(pilot, partial(is_on, pilot, kind))
            await pilot.press("escape")
        await pilot.click(KeyLine, offset=(keys["app.quit"], 0))
        await until(pilot, lambda: pilot.app._exit)


async def test_the_line_of_keys_leaves_out_what_does_not_fit(small: Trace) -> None:
    commands = [*WALKING, *IN_LINES, *READING, *FILES, *APP]
    line = KeyLine(commands)
    labelled = [command for command in commands if command.label]
    assert line.fitting(200) == labelled
    for width in range(120):
        fitting = line.fitting(width)
        assert fitting == [command for command in labelled if command in fitting], "in the same order"
        assert sum(len(f"{command.shown.split(' ')[0]} {command.label}  ") for command in fitting) - 1 <= max(width, 16)
        assert [command.id for command in fitting][-2:] == ["app.help", "app.quit"]


# -- scenarios ---------------------------------------------------------------------------------------------------------


async def test_choosing_a_scenario() -> None:
    app = BptuiApp(None)
    async with app.run_test(size=(120, 40)) as pilot:
        await until(pilot, lambda: isinstance(app.screen, ChooserScreen))
        table = part(pilot, LineTable, "scenarios")
        await until(pilot, lambda: "One attention head" in shown(table))
        assert [row.cells[0] for row in table.table.rows] == bundled.names()
        await pilot.press("down")
        title = bptui.load(bundled.names()[1]).title
        await until(pilot, lambda: title.split(":")[0] in shown(part(pilot, TextView, "about")))
        await pilot.press("enter")
        await until(pilot, lambda: isinstance(app.screen, WalkScreen))
        assert walk(pilot).presentation.title == title
        first = walk(pilot)
        await pilot.press("o", "escape")
        assert app.screen is first
        await pilot.press("o")
        await pilot.click(LineTable, offset=(5, 4))
        await pilot.click(LineTable, offset=(5, 4))
        await until(pilot, lambda: isinstance(app.screen, WalkScreen))
        assert app.screen is not first
        assert walk(pilot).source == bundled.names()[2]
        assert [type(one) for one in app.screen_stack[1:]] == [WalkScreen], "the walk before is gone"


async def test_leaving_the_list_of_scenarios_leaves_the_app() -> None:
    app = BptuiApp(None)
    async with app.run_test(size=(120, 40)) as pilot:
        await until(pilot, lambda: isinstance(app.screen, ChooserScreen))
        await pilot.press("escape")
        await until(pilot, lambda: app._exit)
    assert app.return_code == 0


async def test_a_scenario_that_cannot_be_opened_is_said(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "a-broken.toml").write_text('title = "[b]x"\n[forward]\ny = "[red]"', encoding="utf-8")
    symbols = SMALL.replace("[1.0, 2.0, 3.0]", '{ symbol = "s", shape = [3] }')
    (tmp_path / "b-sorted.toml").write_text(symbols.replace("sum(y)", "sum(sort(y))"), encoding="utf-8")
    (tmp_path / "c-symbols.toml").write_text(symbols, encoding="utf-8")
    monkeypatch.setattr(bundled, "folder", lambda: tmp_path)
    async with BptuiApp(None).run_test(size=(100, 30)) as pilot:
        await until(pilot, lambda: "cannot be read" in shown(part(pilot, LineTable, "scenarios")))
        await pilot.press("enter")
        await until(pilot, lambda: "a-broken.toml:3" in "".join(shown(part(pilot, TextView, "about")).split()))
        await pilot.press("down", "enter")
        await until(pilot, lambda: "takes its order from" in " ".join(shown(part(pilot, TextView, "about")).split()))
        assert isinstance(pilot.app.screen, ChooserScreen)
        await pilot.press("down", "enter")
        await until(pilot, lambda: isinstance(pilot.app.screen, WalkScreen))
        assert walk(pilot).trace.mode == "symbols"


# -- exports -----------------------------------------------------------------------------------------------------------


async def test_an_export_writes_and_never_overwrites(
    small: Trace, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    app = app_on(small, "some/where/two-lines.toml")

    def said() -> str:
        return str(part(pilot, Static, "said").render())

    async with app.run_test(size=(120, 40)) as pilot:
        await pilot.press("x")
        name = part(pilot, Input, "name")
        assert name.value == "two-lines.txt"
        await pilot.press("escape")
        assert not list(tmp_path.iterdir())
        await pilot.press("x", "enter")
        await until(pilot, lambda: isinstance(app.screen, WalkScreen))
        written = Path("two-lines.txt").read_text(encoding="utf-8")
        assert written == write(small, "text")
        await pilot.press("x")
        assert part(pilot, Input, "name").value == "two-lines-2.txt", "a free name is proposed"
        part(pilot, Input, "name").value = "two-lines.txt"
        await pilot.press("enter")
        await until(pilot, lambda: "exists and is left as it is" in said())
        assert "two-lines-2.txt" in said()
        assert Path("two-lines.txt").read_text(encoding="utf-8") == written
        part(pilot, LineTable, "formats").focus()
        await pilot.press("down")
        assert part(pilot, Input, "name").value == "two-lines.txt", "a name of the reader's own stays"
        part(pilot, Input, "name").value = "nowhere/x.json"
        await pilot.press("enter")
        await until(pilot, lambda: "cannot write here" in said())
        part(pilot, Input, "name").value = ""
        await pilot.press("enter")
        await until(pilot, lambda: "Type the name" in said())
        await pilot.press("escape", "x")
        part(pilot, LineTable, "formats").focus()
        await pilot.press(*["down"] * list(FORMATS).index("json"))
        await until(pilot, lambda: part(pilot, Input, "name").value == "two-lines.json")
        await pilot.click("#use")
        await until(pilot, lambda: isinstance(app.screen, WalkScreen))
        assert Path("two-lines.json").read_text(encoding="utf-8") == write(small, "json")
        assert {path.name for path in tmp_path.iterdir()} == {"two-lines.txt", "two-lines.json"}


async def test_a_files_name_chooses_its_format(small: Trace, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    async with app_on(small).run_test(size=(120, 40)) as pilot:
        await pilot.press("x", *"mine.md")
        await until(pilot, lambda: part(pilot, LineTable, "formats").cursor == list(FORMATS).index("markdown"))
        assert part(pilot, Input, "name").value == "mine.md"
        await pilot.press("enter")
        await until(pilot, lambda: isinstance(pilot.app.screen, WalkScreen))
        assert Path("mine.md").read_text(encoding="utf-8") == write(small, "markdown")


async def test_a_handout_is_exported(small: Trace, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    app = app_on(small, "two-lines.toml")
    async with app.run_test(size=(80, 24)) as pilot:
        for blank in (1, 2):
            await pilot.press("x")
            part(pilot, LineTable, "formats").focus()
            await pilot.press("down", "tab", *["down"] * blank)
            await pilot.click("#use")
            await until(pilot, lambda: isinstance(app.screen, WalkScreen))
        assert Path("two-lines.md").read_text(encoding="utf-8") == write(small, "markdown", blanks=True)
        assert Path("two-lines-2.md").read_text(encoding="utf-8") == write(small, "markdown", blanks=True, key=True)
        await pilot.press("x")
        part(pilot, LineTable, "formats").focus()
        await pilot.press(*["down"] * list(FORMATS).index("json"))
        await until(pilot, lambda: not part(pilot, LineTable, "answers").display)


def test_a_free_name_is_found_beside_the_taken_ones(tmp_path: Path) -> None:
    taken = tmp_path / "a.txt"
    assert free_name("a", "text", taken) == str(taken)
    taken.touch()
    (tmp_path / "a-2.txt").symlink_to(tmp_path / "missing")
    assert free_name("a", "text", taken) == str(tmp_path / "a-3.txt")


# -- sizes, texts, colours ---------------------------------------------------------------------------------------------


def is_on(pilot: AnyPilot, kind: type[Screen[Any]]) -> bool:
    return isinstance(pilot.app.screen, kind)


def is_as_wide_as(pilot: AnyPilot, width: int) -> bool:
    return walk(pilot).size.width == width


async def test_any_size_will_do(exercise: Trace) -> None:
    async with app_on(exercise).run_test(size=(120, 40)) as pilot:
        await pilot.press("escape")
        walk(pilot).go(32)
        for width, height in ((80, 24), (60, 15), (30, 8), (1, 1), (200, 60), (120, 40)):
            await pilot.resize_terminal(width, height)
            await until(pilot, partial(is_as_wide_as, pilot, width))
            await pilot.press("j", "n", "p")
            if width >= 60:
                await until(pilot, lambda: "step 33 of 38" in shown(part(pilot, TopLine)))
                assert "dL/dh(" in shown(part(pilot, StepPanel))
                assert "▸" in shown(part(pilot, LineTable, "elements"))
                assert "●" in shown(part(pilot, Timeline))
            for view in walk(pilot).query(StepPanel):
                assert all(view.render_line(y).cell_length == view.room.width for y in range(view.size.height))
        assert part(pilot, GraphView).display


async def test_a_strangers_text_is_shown_as_it_is() -> None:
    hostile = "[red]x[/red] [@click=app.leave(3)]y[/] \\u001b[2J\\u202e [/"
    text = SMALL.replace("Two lines", hostile)
    async with app_on(f'description = "{hostile}"\n{text}').run_test(size=(120, 40)) as pilot:
        expected = "[red]x[/red] [@click=app.leave(3)]y[/] \\x1b[2J\\u202e [/"
        assert expected in shown(part(pilot, TopLine))
        assert expected in shown(part(pilot, Description))
        await pilot.press("x", "escape", "question_mark", "escape")
        drawn = "".join(segment.text for strip in pilot.app.screen._compositor.render_strips() for segment in strip)
        assert expected in drawn
        assert drawn.isprintable()


async def test_without_colour_nothing_is_coloured_and_all_is_told_apart(
    exercise: Trace, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("NO_COLOR", "1")
    app = app_on(exercise)
    async with app.run_test(size=(120, 40)) as pilot:
        await pilot.press("n", "n", "n", "l")
        for keys in (["d"], ["question_mark"], ["escape", "x"], ["escape", "ctrl+p"]):
            await pilot.press(*keys)
            await pilot.pause()
            for strip in app.screen._compositor.render_strips():
                for _, style, _ in strip:
                    assert style is None or (style.color is None and style.bgcolor is None and not style.dim)
        await pilot.press("escape")
        reversed_lines = [
            strip.text
            for strip in app.screen._compositor.render_strips()
            if any(style and style.reverse for _, style, _ in strip)
        ]
        assert any("▶  3 h = relu(z1)" in text for text in reversed_lines)
        assert any("▸ h(1)" in text for text in reversed_lines)


async def test_an_empty_no_color_leaves_the_colours(small: Trace, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NO_COLOR", "")
    app = app_on(small)
    async with app.run_test(size=(80, 24)):
        drawn = [style for strip in app.screen._compositor.render_strips() for _, style, _ in strip]
        colours = {style.color.triplet for style in drawn if style and style.color and style.color.triplet}
        assert any(len({*triplet}) > 1 for triplet in colours)


@pytest.mark.parametrize(
    ("text", "width", "expected"),
    [
        ("[0.23  0.40  0.57]", 18, "[0.23  0.40  0.57]"),
        ("[0.23  0.40  0.57]", 16, "[0.23  …  0.57]"),
        ("[0.04777→0.05681  0.10629→0.11324]", 24, "[0.04777→0.05681 …]"),
        ("(Wg @ v + bg)[1]", 9, "(Wg …)[1]"),
        ("conv1d(x, w)[0]", 10, "conv1d…[0]"),
        ("dL/dQ[0,0]·X[0,0] + dL/dQ[1,0]·X[1,0]", 21, "dL/dQ[0,0]·X[0,0] …"),
        ("da/db · db/dc · dc/dd · dd/de", 24, "da/db · … · dd/de"),
        ("(0.9996 + 0.9994 + … 95 more … + 0.9996)/98", 33, "(0.9996 + 0.9994 + … + 0.9996)/98"),
        ("a_very_long_name", 7, "a_ve…me"),
    ],
)
def test_numbers_are_not_cut_in_two(text: str, width: int, expected: str) -> None:
    found = without_middle(text, width)
    assert found == expected


def test_text_is_cut_to_the_cell() -> None:
    assert cut("abc", 5) == "abc  "
    assert cut("abcdef", 5) == "abcd…"
    assert cut("日本語", 4) == "日 …"
    assert cut("abc", 0) == ""


def test_an_equation_stands_below_its_sign() -> None:
    def texts(*formulas: str, width: int = 40) -> list[str]:
        return ["".join(text for text, _ in line) for line in equation_lines(formulas, width)]

    assert texts("z = a + b", "= 1 + 2", "= 3") == ["z = a + b", "  = 1 + 2", "  = 3"]
    assert texts("dL/dh(1) = dL/d(W2 @ h)(1) · W2(1,1) + dL/d(W2 @ h)(2) · W2(2,1)", "= 2", width=50) == [
        "dL/dh(1) = dL/d(W2 @ h)(1) · W2(1,1)",
        "           + dL/d(W2 @ h)(2) · W2(2,1)",
        "         = 2",
    ]
    assert texts("a name that takes most of it = x", "= 2", width=40)[0] == "a name that takes most of it"
    assert texts("1 + 2", "= 3") == ["1 + 2", "= 3"]
    assert texts() == []


# -- the timeline ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("width", [20, 40, 80, 120])
@pytest.mark.parametrize(("steps", "forward"), [(1, 0), (2, 1), (3, 1), (38, 15), (1000, 0), (100_000, 50_000)])
def test_the_timeline_has_a_cell_for_every_step_and_a_step_for_every_cell(steps: int, forward: int, width: int) -> None:
    scale = Scale(steps, forward, width)
    sample = range(0, steps, max(1, steps // 200))
    cells = [scale.cell(step) for step in sample]
    assert cells == sorted(cells)
    assert cells[0] >= 0
    assert scale.cell(steps - 1) < width
    found = [scale.step(cell) for cell in range(width)]
    assert found == sorted(found)
    assert (found[0], found[-1]) == (0, steps - 1)
    for cell in set(cells):
        assert scale.cell(scale.step(cell)) == cell or steps < width, "a click on a mark goes to a step that is there"
    assert scale.step(scale.cell(forward)) == forward


# -- length ------------------------------------------------------------------------------------------------------------


class Counted(Sequence[Row]):
    """A long sequence of rows that counts how many were asked for."""

    def __init__(self, length: int) -> None:
        self.length, self.made = length, 0

    def __len__(self) -> int:
        return self.length

    def __getitem__(self, index: Any) -> Any:
        if isinstance(index, slice):
            return [self[at] for at in range(*index.indices(self.length))]
        self.made += 1
        return Row((f"x{index}", f"{index / 7:.4f}"), index)


async def test_a_million_rows_are_not_made(small: Trace) -> None:
    rows = Counted(1_000_000)
    async with app_on(small).run_test(size=(120, 40)) as pilot:
        table = part(pilot, LineTable, "elements")
        table.show(Table(("element", "value"), (False, True), rows))
        await pilot.press("ctrl+end")
        assert "▸ x999999" in shown(table)
        assert shown(table).count("142857.0000") == 1, "a number is never cut, however far down it stands"
        await pilot.press("ctrl+home", "pagedown", "down")
        assert rows.made < 400


async def test_a_hundred_thousand_steps_open_like_fifty(monkeypatch: pytest.MonkeyPatch) -> None:
    body = "x"
    for _ in range(98):
        body = f"tanh({body})"
    lines = "\n".join(f'y{at} = "f(y{at - 1})"' for at in range(1, 515))
    text = (
        f'[inputs]\nx = 0.5\n[functions]\n"f(x)" = "{body}"\n[forward]\ny0 = "f(x)"\n{lines}\n[backward]\nwrt = ["x"]'
    )
    trace = bptui.run(bptui.loads(text))
    assert len(trace.steps) > 100_000
    app = app_on(trace)
    asked: list[int] = []
    async with app.run_test(size=(120, 40)) as pilot:
        presentation = walk(pilot).presentation
        monkeypatch.setattr(presentation, "label", asked.append)
        await pilot.press("G", "l")
        last = len(trace.steps)
        assert f"step {last} of {last}" in shown(part(pilot, TopLine))
        assert f"▶ {last} " in shown(part(pilot, StepList))
        await pilot.press("p", "g", "n")
        assert "▶      2 " in shown(part(pilot, StepList))
    assert len(asked) < 1000


# -- the terminal ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("stream", ["__stdin__", "__stdout__"])
def test_without_a_terminal_the_app_does_not_start(
    small: Trace, stream: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    class Terminal:
        closed = False

        def isatty(self) -> bool:
            return True

    for name in ("__stdin__", "__stdout__"):
        monkeypatch.setattr(sys, name, Terminal())
    with (tmp_path / "file").open("w", encoding="utf-8") as file:
        monkeypatch.setattr(sys, stream, file)
        with pytest.raises(BptuiError, match="needs a terminal") as raised:
            open_app(small, source="")
    assert len(str(raised.value).splitlines()) == 2
    monkeypatch.setattr(sys, stream, None)
    with pytest.raises(BptuiError, match="needs a terminal"):
        bptui.show(small)


def test_importing_the_package_loads_no_textual() -> None:
    code = "import sys, bptui.tui; raise SystemExit('textual' in sys.modules or 'numpy' in sys.modules)"
    subprocess.run([sys.executable, "-c", code], check=True)
