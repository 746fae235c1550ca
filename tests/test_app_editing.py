"""The app: what if, the scenario's file followed, predict then reveal, compare and keep."""

from __future__ import annotations

import gc
import os
import time
import weakref
from functools import partial
from pathlib import Path

import pytest
from textual.containers import Vertical
from textual.events import Key
from textual.widgets import Button, Input, Static

import bptui
from app_help import AnyPilot, part, said, shown, until, walk
from bptui.commands import KEEPING, PREDICTING, WHAT_IF
from bptui.present.frame import HIDDEN
from bptui.running import first_trace
from bptui.trace.record import Trace
from bptui.tui import what_if
from bptui.tui.answer_dialog import AnswerScreen
from bptui.tui.app import BptuiApp
from bptui.tui.changes import ChangesScreen
from bptui.tui.edit_dialog import EditScreen, read_range
from bptui.tui.file_watch import FileWatch
from bptui.tui.help import HelpScreen
from bptui.tui.line_table import LineTable
from bptui.tui.map import MapScreen
from bptui.tui.picture_view import PictureView
from bptui.tui.pinned import PinnedPanel
from bptui.tui.save_dialog import SaveScreen
from bptui.tui.screenshot import without_fonts
from bptui.tui.step_panel import StepPanel
from bptui.tui.text_view import TextView
from bptui.tui.top_line import TopLine
from bptui.tui.walk import WalkScreen
from bptui.tui.why import WhyScreen

SMALL = """
title = "Small"
[inputs]
x = [1, 2.50]     # two numbers
[parameters]
w = 0.5
[forward]
y = "w * x"
L = "sum(y**2)"
"""

SIZE = (120, 40)


def row_of(pilot: AnyPilot, name: str) -> tuple[str, ...]:
    """Return the cells of a value's first row in the table of values."""
    return next(row.cells for row in part(pilot, LineTable, "values").table.rows if row.cells[0] == name)


def app(text: str | Trace = SMALL, source: str = "") -> BptuiApp:
    return BptuiApp(bptui.run(bptui.loads(text)) if isinstance(text, str) else text, source)


async def edit(pilot: AnyPilot, element: str, number: str) -> None:
    """Put a number in, by the dialog."""
    before = walk(pilot).trace
    await pilot.press("e")
    await until(pilot, lambda: isinstance(pilot.app.screen, EditScreen))
    part(pilot, Input, "element").value = element
    await pilot.pause()
    part(pilot, Input, "number").value = number
    await pilot.press("enter")
    await until(pilot, lambda: isinstance(pilot.app.screen, WalkScreen) and walk(pilot).trace is not before)


# -- what if -----------------------------------------------------------------------------------------------------------


async def test_an_edit_is_followed_by_values_gradients_and_equation() -> None:
    async with app().run_test(size=SIZE) as pilot:
        await pilot.press("end")
        await edit(pilot, "x[1]", "4")
        assert row_of(pilot, "x")[2] == "[1  2.5→4]"
        assert row_of(pilot, "w")[3] == "7.25→17"
        assert "what if: 1 edit" in shown(part(pilot, TopLine))
        await pilot.press("g")
        assert [row.cells[-1] for row in part(pilot, LineTable, "elements").table.rows] == ["0.5", "1.25→2"]
        await pilot.press("down")
        assert "= 0.5 · 4" in shown(part(pilot, StepPanel)).replace("*", "·") or "0.5·4" in shown(
            part(pilot, StepPanel)
        )


async def test_the_dialog_takes_the_element_under_the_cursor() -> None:
    async with app().run_test(size=SIZE) as pilot:
        await pilot.press("end", "e")
        await until(pilot, lambda: isinstance(pilot.app.screen, EditScreen))
        slot = pilot.app.screen_stack[-2]
        assert isinstance(slot, WalkScreen)
        target = slot.trace.program.values[slot.trace.program.slots[-1].target].name
        assert part(pilot, Input, "element").value.startswith(str(target))
        await pilot.press("escape")
        part(pilot, LineTable, "values").focus()
        part(pilot, LineTable, "values").move_to(0)
        await pilot.press("e")
        await until(pilot, lambda: isinstance(pilot.app.screen, EditScreen))
        assert part(pilot, Input, "element").value == "x[0]"
        assert part(pilot, Input, "number").value == "1.0"


async def test_the_number_that_is_there_is_no_edit() -> None:
    async with app().run_test(size=SIZE) as pilot:
        await pilot.press("e")
        await until(pilot, lambda: isinstance(pilot.app.screen, EditScreen))
        await pilot.press("enter")
        await until(pilot, lambda: "w is 0.5 already" in str(part(pilot, Static, "said").content))
        assert isinstance(pilot.app.screen, EditScreen)


def holds(pilot: AnyPilot, w: float) -> bool:
    return bool(walk(pilot).trace.value("w") == w)


async def test_undo_redo_and_reset_by_key() -> None:
    async with app().run_test(size=SIZE) as pilot:
        await edit(pilot, "w", "1")
        await edit(pilot, "w", "3")
        for key, value in (("u", 1.0), ("ctrl+r", 3.0), ("R", 0.5), ("u", 3.0)):
            await pilot.press(key)
            await until(pilot, partial(holds, pilot, value))


async def test_large_traces_that_were_edited_away_are_let_go_of(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(what_if, "_LARGE", 4)
    async with app().run_test(size=SIZE) as pilot:
        await edit(pilot, "w", "2")
        gone = weakref.ref(walk(pilot).trace)
        gc.collect()
        gc.disable()
        try:
            for number in "34":
                await edit(pilot, "w", number)
            await until(pilot, lambda: gone() is None)
        finally:
            gc.enable()


async def test_an_edit_keeps_the_place() -> None:
    async with app().run_test(size=SIZE) as pilot:
        await pilot.press("down")
        await edit(pilot, "w", "3")
        assert walk(pilot).step == 0
        assert walk(pilot).element == 1


async def test_what_cannot_be_put_in_is_said() -> None:
    async with app().run_test(size=SIZE) as pilot:
        await pilot.press("e")
        await until(pilot, lambda: isinstance(pilot.app.screen, EditScreen))
        part(pilot, Input, "number").value = "0,5"
        await pilot.pause()
        await pilot.press("enter")
        assert "with a point: 0.5" in str(part(pilot, Static, "said").content)
        part(pilot, Input, "element").value = "y[0]"
        await pilot.pause()
        await pilot.press("enter")
        assert "`y` is computed, not given" in str(part(pilot, Static, "said").content)


async def test_the_dialog_plots_the_target_over_a_range() -> None:
    async with app().run_test(size=SIZE) as pilot:
        await pilot.press("e")
        await until(pilot, lambda: isinstance(pilot.app.screen, EditScreen))
        await until(pilot, lambda: "└" in shown(part(pilot, TextView, "plot")))
        part(pilot, Input, "number").value = "2"
        await until(pilot, lambda: "L = 29 at w = 2" in shown(part(pilot, TextView, "plot")))
        part(pilot, Input, "range").value = "-3 to 3"
        await until(pilot, lambda: shown(part(pilot, TextView, "plot")).split()[-2:] == ["-3", "3"])
        assert "65.25" in shown(part(pilot, TextView, "plot"))


async def test_the_mouse_puts_a_number_in() -> None:
    async with app().run_test(size=SIZE) as pilot:
        await pilot.press("e")
        await until(pilot, lambda: isinstance(pilot.app.screen, EditScreen))
        part(pilot, Input, "number").value = "9"
        await pilot.pause()
        await pilot.click(Button)
        await until(pilot, lambda: isinstance(pilot.app.screen, WalkScreen) and walk(pilot).trace.value("w") == 9)


async def test_the_edited_scenario_is_saved_beside_its_file(tmp_path: Path) -> None:
    path = tmp_path / "mine.toml"
    path.write_text(SMALL)
    async with app(bptui.run(bptui.load(path)), str(path)).run_test(size=SIZE) as pilot:
        await edit(pilot, "x[1]", "4")
        await pilot.press("ctrl+s")
        await until(pilot, lambda: isinstance(pilot.app.screen, SaveScreen))
        assert part(pilot, Input).value == str(tmp_path / "mine-edited.toml")
        await pilot.press("enter")
        await until(pilot, lambda: isinstance(pilot.app.screen, WalkScreen))
    assert (tmp_path / "mine-edited.toml").read_text() == SMALL.replace("2.50", "4.0")
    assert path.read_text() == SMALL


async def test_a_name_before_a_number_that_there_is_not_is_told_at_once() -> None:
    async with app().run_test(size=SIZE) as pilot:
        await pilot.press("e")
        await until(pilot, lambda: isinstance(pilot.app.screen, EditScreen))
        part(pilot, Input, "number").value = "nothing = 0.3"
        await until(pilot, lambda: "no value named `nothing`" in str(part(pilot, Static, "said").content))
        assert "= 0.3" not in shown(part(pilot, TextView, "plot"))
        part(pilot, Input, "number").value = "w = 0.3"
        await until(pilot, lambda: "at w = 0.3" in shown(part(pilot, TextView, "plot")))
        assert not str(part(pilot, Static, "said").content)


async def test_saving_overwrites_nothing(tmp_path: Path) -> None:
    path = tmp_path / "mine.toml"
    path.write_text(SMALL)
    async with app(bptui.run(bptui.load(path)), str(path)).run_test(size=SIZE) as pilot:
        await edit(pilot, "x[1]", "4")
        await pilot.press("ctrl+s")
        await until(pilot, lambda: isinstance(pilot.app.screen, SaveScreen))
        part(pilot, Input).value = str(path)
        await pilot.press("enter")
        await until(pilot, lambda: "exists already" in str(part(pilot, Static, "said").content))
    assert path.read_text() == SMALL


@pytest.mark.parametrize(("text", "ends"), [("-1 to 1", (-1.0, 1.0)), (" 0.5 to 1e3 ", (0.5, 1000.0))])
def test_a_range_is_read(text: str, ends: tuple[float, float]) -> None:
    assert read_range(text) == ends


# -- the file ----------------------------------------------------------------------------------------------------------


def rewrite(path: Path, text: str) -> None:
    """Write a file as an editor does: with another time of change, however quickly."""
    path.write_text(text)
    os.utime(path, ns=(time.time_ns(), path.stat().st_mtime_ns + 1_000_000))


def test_a_change_is_seen_once_and_a_missing_file_is_none(tmp_path: Path) -> None:
    path = tmp_path / "a.toml"
    path.write_text("1")
    watch = FileWatch(path)
    assert not watch.changed()
    rewrite(path, "2")
    assert watch.changed()
    assert not watch.changed()
    path.unlink()
    assert not watch.changed()
    path.write_text("33")
    assert watch.changed()


async def test_a_changed_file_is_read_again_and_edits_and_place_are_kept(tmp_path: Path) -> None:
    path = tmp_path / "mine.toml"
    path.write_text(SMALL)
    async with app(bptui.run(bptui.load(path)), str(path)).run_test(size=SIZE) as pilot:
        await pilot.press("right", "right")
        await edit(pilot, "x[1]", "4")
        rewrite(path, SMALL.replace("w = 0.5", "w = 2"))
        await until(pilot, lambda: walk(pilot).trace.value("w") == 2)
        assert walk(pilot).trace.value("x").tolist() == [1, 4]
        assert walk(pilot).step == 2


async def test_a_file_with_other_steps_is_walked_on_at_the_same_step(tmp_path: Path) -> None:
    path = tmp_path / "mine.toml"
    path.write_text(SMALL)
    async with app(bptui.run(bptui.load(path)), str(path)).run_test(size=SIZE) as pilot:
        await pilot.press("right", "right")
        here = walk(pilot).presentation.label(walk(pilot).step).text
        before = walk(pilot)
        rewrite(path, SMALL.replace("[forward]\n", '[forward]\nu = "exp(x)"\n'))
        await until(pilot, lambda: pilot.app.screen is not before and pilot.app.screen.query(TopLine))
        await until(pilot, lambda: "step 4" in shown(part(pilot, TopLine)))
        assert walk(pilot).step == 3
        assert walk(pilot).presentation.label(3).text == here


async def test_a_broken_file_shows_its_fault_until_it_is_mended(tmp_path: Path) -> None:
    path = tmp_path / "mine.toml"
    path.write_text(SMALL)
    async with app(bptui.run(bptui.load(path)), str(path)).run_test(size=SIZE) as pilot:
        good = walk(pilot).trace
        fault = part(pilot, TextView, "fault")
        rewrite(path, SMALL.replace("w * x", "w * q"))
        await until(pilot, lambda: fault.display)
        await until(pilot, lambda: "mine.toml:8" in shown(fault))
        assert walk(pilot).trace is good
        await pilot.press("right")
        assert walk(pilot).step == 1
        rewrite(path, SMALL.replace("w = 0.5", "w = 3"))
        await until(pilot, lambda: not fault.display)
        assert walk(pilot).trace.value("w") == 3


# -- predict, then reveal ----------------------------------------------------------------------------------------------


async def test_what_a_step_gives_is_hidden_until_it_is_predicted() -> None:
    async with app().run_test(size=SIZE) as pilot:
        await pilot.press("t")
        assert HIDDEN in shown(part(pilot, StepPanel))
        assert [row.cells[-1] for row in part(pilot, LineTable, "elements").table.rows] == [HIDDEN, HIDDEN]
        assert row_of(pilot, "y")[2] == f"[{HIDDEN}  {HIDDEN}]"
        assert row_of(pilot, "x")[2] == "[1.0  2.5]"
        await pilot.press("down", "1")
        await until(pilot, lambda: isinstance(pilot.app.screen, AnswerScreen))
        assert part(pilot, Input).value == "1"
        await pilot.press("full_stop", "3", "enter")
        await until(pilot, lambda: isinstance(pilot.app.screen, WalkScreen))
        assert [row.cells[-1] for row in part(pilot, LineTable, "elements").table.rows] == [HIDDEN, "1.25"]
        assert row_of(pilot, "y")[2] == f"[ {HIDDEN}  1.25]"
        assert "1 right, 0 wrong" in shown(part(pilot, TopLine))
        await pilot.press("t")
        assert HIDDEN not in shown(part(pilot, LineTable, "elements"))


async def test_an_answer_that_is_typed_at_once_is_taken_whole() -> None:
    async with app().run_test(size=SIZE) as pilot:
        await pilot.press("t", "end")
        for key, character in (("minus", "-"), ("1", "1"), ("full_stop", "."), ("5", "5")):
            pilot.app.post_message(Key(key, character))  # at once, as over a slow line
        await until(pilot, lambda: isinstance(pilot.app.screen, AnswerScreen))
        await until(pilot, lambda: pilot.app.screen.query(Input) and part(pilot, Input).value == "-1.5")
        assert sum(isinstance(screen, AnswerScreen) for screen in pilot.app.screen_stack) == 1
        await pilot.press("enter")
        await until(pilot, lambda: "-1.5 is not right" in str(part(pilot, Static, "said").content))


@pytest.mark.parametrize("size", [(120, 40), (80, 24)])
async def test_what_is_asked_for_stays_in_sight(size: tuple[int, int]) -> None:
    async with app().run_test(size=size) as pilot:
        ledger = part(pilot, LineTable, "elements")
        await pilot.press("t", "end", "r")
        await until(pilot, lambda: isinstance(pilot.app.screen, AnswerScreen))
        await until(pilot, lambda: part(pilot, Vertical, "window").size)
        assert part(pilot, Vertical, "window").region.y >= ledger.region.y + 4, "its head and two rows are seen"


async def test_a_wrong_answer_is_told_and_a_hint_is_given() -> None:
    async with app().run_test(size=SIZE) as pilot:
        await pilot.press("t", "end", "r")
        await until(pilot, lambda: isinstance(pilot.app.screen, AnswerScreen))
        await pilot.press("1", "2", "3", "enter")
        assert "123 is not right" in str(part(pilot, Static, "said").content)
        await pilot.press("h")
        assert "dL/dy[0] ·" in str(part(pilot, Static, "hints").content)
        assert part(pilot, Input).value == "123"
        await pilot.press("escape")
        await until(pilot, lambda: isinstance(pilot.app.screen, WalkScreen))
        assert "1 hint │ test: 0 right, 1 wrong" in shown(part(pilot, TopLine))
        await pilot.resize_terminal(80, 24)
        await until(pilot, lambda: part(pilot, TopLine).size.width == 80)
        assert "test: 0 right, 1 wrong" in shown(part(pilot, TopLine)), "the score stays longest"
        assert "dL/dy[0] ·" in shown(part(pilot, StepPanel))


async def test_the_third_hint_is_the_answer() -> None:
    async with app().run_test(size=SIZE) as pilot:
        await pilot.press("t", "h", "h")
        assert HIDDEN in shown(part(pilot, StepPanel))
        await pilot.press("h")
        assert HIDDEN not in shown(part(pilot, StepPanel))
        assert "1 shown" in shown(part(pilot, TopLine))


async def test_digits_do_nothing_while_no_test_is_on() -> None:
    async with app().run_test(size=SIZE) as pilot:
        await pilot.press("1")
        assert isinstance(pilot.app.screen, WalkScreen)


async def test_the_score_is_kept_while_the_test_is_off() -> None:
    async with app().run_test(size=SIZE) as pilot:
        await pilot.press("t", "h", "h", "h", "t", "t")
        assert "1 shown" in shown(part(pilot, TopLine))


# -- compare and keep --------------------------------------------------------------------------------------------------


async def test_the_table_and_the_formula_are_copied() -> None:
    async with app().run_test(size=SIZE) as pilot:
        await pilot.press("y")
        assert pilot.app.clipboard.splitlines()[0] == "element\twith numbers\tvalue"
        part(pilot, StepPanel).focus()
        await pilot.press("y")
        assert pilot.app.clipboard.startswith("y = w·x\ny[0] = ")


async def test_a_pinned_step_stays_and_follows_edits() -> None:
    async with app().run_test(size=SIZE) as pilot:
        await pilot.press("down", "equals_sign", "right")
        panel = part(pilot, PinnedPanel)
        await until(pilot, lambda: panel.size.height)
        assert "= 1.25" in shown(panel)
        await edit(pilot, "w", "2")
        assert "= 5" in shown(panel)
        await pilot.press("left", "equals_sign")
        assert not panel.display


@pytest.mark.parametrize("leaf", ['symbol = "x"', 'init = "normal"'])
async def test_of_a_pinned_step_terms_that_are_left_out_are_counted(leaf: str) -> None:
    scenario = bptui.loads(f'[inputs]\nx = {{ shape = [40], {leaf} }}\n[forward]\np = "softmax(x)"\nL = "sum(p*p)"')
    async with BptuiApp(first_trace(scenario), "wide").run_test(size=(180, 70)) as pilot:
        await pilot.press("G", "equals_sign")
        panel = part(pilot, PinnedPanel)
        await until(
            pilot, lambda: "  28 more" in "\n".join(panel.draw_line(at).text for at in range(panel.line_count()))
        )


async def test_a_pinned_value_is_seen_at_every_step() -> None:
    async with app().run_test(size=SIZE) as pilot:
        part(pilot, LineTable, "values").focus()
        part(pilot, LineTable, "values").move_to(1)
        await pilot.press("equals_sign")
        panel = part(pilot, PinnedPanel)
        await until(pilot, lambda: panel.size.height)
        assert panel.border_title is not None
        assert "w" in panel.border_title
        assert shown(panel).split() == ["value", "0.5", "gradient", "so", "far", "not", "yet"]
        await pilot.press("G")
        assert "7.25" in shown(panel)


async def test_a_pinned_step_that_is_to_be_predicted_gives_nothing_away() -> None:
    async with app().run_test(size=SIZE) as pilot:
        await pilot.press("t", "equals_sign")
        panel = part(pilot, PinnedPanel)
        await until(pilot, lambda: panel.size.height)
        assert HIDDEN in shown(panel)


async def test_a_picture_of_the_screen_takes_a_free_name(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "small-step-1.svg").write_text("mine")
    async with app(SMALL, "small").run_test(size=SIZE) as pilot:
        await pilot.press("S")
    assert (tmp_path / "small-step-1.svg").read_text() == "mine"
    svg = (tmp_path / "small-step-1-2.svg").read_text()
    assert svg.startswith("<svg")
    assert "font-face" not in svg
    assert "url(" not in svg.replace("url(#", "")


def test_fonts_are_taken_out_and_nothing_else() -> None:
    svg = '<style>\n  @font-face {\n    src: url("https://example.org/a.woff2");\n  }\n  .a { fill: red }</style>'
    assert without_fonts(svg) == "<style>\n  .a { fill: red }</style>"


# -- everywhere --------------------------------------------------------------------------------------------------------


async def test_every_command_is_in_the_palette_and_in_the_help() -> None:
    async with app().run_test(size=(120, 200)) as pilot:
        offered = {command.title for command in pilot.app.get_system_commands(pilot.app.screen)}
        wanted = {command.title for group in (WHAT_IF, PREDICTING, KEEPING) for command in group}
        assert wanted <= offered
        await pilot.press("question_mark")
        await until(pilot, lambda: isinstance(pilot.app.screen, HelpScreen))
        text = " ".join(shown(part(pilot, TextView)).split())
        assert all(command.title[:40] in text for group in (WHAT_IF, PREDICTING, KEEPING) for command in group)


@pytest.mark.parametrize("size", [(80, 24), (40, 12), (20, 5), (1, 1)])
async def test_every_size(size: tuple[int, int]) -> None:
    async with app().run_test(size=size) as pilot:
        await pilot.press("t", "h", "equals_sign", "right", "r")
        await until(pilot, lambda: isinstance(pilot.app.screen, AnswerScreen))
        await pilot.press("1", "enter", "escape", "e")
        await until(pilot, lambda: isinstance(pilot.app.screen, EditScreen))
        await pilot.resize_terminal(60, 16)
        await pilot.press("escape")
        await until(pilot, lambda: isinstance(pilot.app.screen, WalkScreen))
        assert walk(pilot).step == 1


# -- what the edits changed --------------------------------------------------------------------------------------------


async def changes_shown(pilot: AnyPilot) -> LineTable:
    await pilot.press("E")
    await until(pilot, lambda: isinstance(pilot.app.screen, ChangesScreen))
    await until(pilot, lambda: part(pilot, LineTable, "changes").table.rows)
    return part(pilot, LineTable, "changes")


async def test_what_was_said_in_passing_goes_with_the_next_key() -> None:
    async with app().run_test(size=SIZE) as pilot:
        await pilot.press("u")
        await until(pilot, lambda: said(pilot) == "nothing to undo")
        await pilot.press("E")
        await until(pilot, lambda: "nothing is edited" in said(pilot))
        assert len(pilot.app._notifications) == 1
        await pilot.press("right")
        await until(pilot, lambda: not said(pilot))


async def test_everything_that_changed_is_listed_and_leads_to_its_step() -> None:
    async with app().run_test(size=SIZE) as pilot:
        await pilot.press("E")
        assert "nothing is edited" in said(pilot)
        await edit(pilot, "x[1]", "4")
        table = await changes_shown(pilot)
        listed = {row.cells[0]: row.cells[1:] for row in table.table.rows}
        assert listed["x[1]"] == ("2.5", "→", "4", "+1.5")
        assert listed["dL/dw"] == ("7.25", "→", "17", "+9.75")
        at = [row.cells[0] for row in table.table.rows].index("dL/dw")
        await pilot.press(*["down"] * (at - table.cursor))
        await until(pilot, lambda: table.cursor == at)
        routes = part(pilot, LineTable, "routes")
        await until(pilot, lambda: str(routes.border_title) == "dL/dw = 7.25→17: the sum of 2 routes")
        assert routes.display
        assert [row.cells[1] for row in routes.table.rows] == ["6.25→16", "1"]
        await pilot.press("enter")
        assert walk(pilot).presentation.label(walk(pilot).step).text.startswith("dL/dw")
        await changes_shown(pilot)
        await pilot.press("w")
        await until(pilot, lambda: isinstance(pilot.app.screen, WhyScreen))
        await until(pilot, lambda: "dL/dx[1] = 1.25→2" in shown(part(pilot, TextView, "gradient")))


async def test_what_changed_most_comes_first_on_request() -> None:
    async with app().run_test(size=SIZE) as pilot:
        await edit(pilot, "x[1]", "4")
        table = await changes_shown(pilot)
        names = [row.cells[0] for row in table.table.rows]
        await pilot.press("s")
        await until(pilot, lambda: "the largest change first" in str(table.border_title))
        sizes = [abs(float(row.cells[4])) for row in table.table.rows]
        assert sizes == sorted(sizes, reverse=True)
        assert sorted(row.cells[0] for row in table.table.rows) == sorted(names)
        largest = table.table.rows[0].cells[0]
        await pilot.press("s")
        await until(pilot, lambda: [row.cells[0] for row in table.table.rows] == names)
        assert largest != names[0]
        await pilot.press("s")
        await until(pilot, lambda: table.table.rows[0].cells[0] == largest)
        await pilot.press("enter")
        await until(pilot, lambda: isinstance(pilot.app.screen, WalkScreen))
        label = walk(pilot).presentation.label(walk(pilot).step).text
        assert label.startswith(largest.partition("[")[0]), "the step is that of the row"


async def test_why_after_an_edit_tells_old_and_new() -> None:
    async with app().run_test(size=SIZE) as pilot:
        await edit(pilot, "x[1]", "4")
        await pilot.press("end", "tab", "down")
        assert walk(pilot).pointed.value == walk(pilot).trace.program.names["w"]
        await pilot.press("w")
        await until(pilot, lambda: isinstance(pilot.app.screen, WhyScreen))
        await until(pilot, lambda: "dL/dw = 7.25→17" in shown(part(pilot, TextView, "gradient")))
        assert "6.25→16" in shown(part(pilot, LineTable, "routes"))


async def test_the_seed_is_edited_undone_and_redone() -> None:
    text = '[inputs]\nx = [1.0, 2.0]\n[forward]\ny = "x * x"\n[backward]\nof = "y"\nseed = [1.0, -1.0]'
    async with app(text).run_test(size=SIZE) as pilot:
        await pilot.press("right", "down", "e")
        await until(pilot, lambda: isinstance(pilot.app.screen, EditScreen))
        assert part(pilot, Input, "element").value == "dL/dy[1]", "the seed under the cursor"
        await pilot.press("escape")
        await edit(pilot, "dL/dy[1]", "3")
        assert row_of(pilot, "y")[3] == "[1  -1→3]"
        await pilot.press("end")
        assert row_of(pilot, "x")[3] == "[ 2  -4→12]"
        await pilot.press("u")
        await until(pilot, lambda: row_of(pilot, "x")[3] == "[ 2  -4]")
        await pilot.press("ctrl+r")
        await until(pilot, lambda: row_of(pilot, "x")[3] == "[ 2  -4→12]")
        await pilot.press("R")
        await until(pilot, lambda: row_of(pilot, "x")[3] == "[ 2  -4]")


# -- what is hidden while one tests oneself ----------------------------------------------------------------------------


async def everything_on_screen(pilot: AnyPilot) -> str:
    await pilot.pause()
    return "\n".join(
        widget.render_line(y).text
        for widget in pilot.app.screen.query("*")
        if widget.is_on_screen and not widget.children
        for y in range(widget.size.height)
    )


async def test_why_hides_what_is_to_be_predicted_and_tells_what_was_seen() -> None:
    trace = bptui.run(bptui.load("exercise-7-1"))
    step = trace.seed_step + 1 + trace.program.last_slot[trace.program.names["h"]]
    async with app(trace).run_test(size=SIZE) as pilot:
        await pilot.press("t")
        walk(pilot).go(step)
        await pilot.press("w")
        await until(pilot, lambda: isinstance(pilot.app.screen, WhyScreen))
        await until(pilot, lambda: part(pilot, LineTable, "routes").table.rows)
        assert f"dL/dh(1) = {HIDDEN}: the sum of 2 routes" in shown(part(pilot, TextView, "gradient"))
        text = await everything_on_screen(pilot)
        assert "0.02436" not in text, "the gradient"
        assert "-0.1406" not in text, "a route"
        factors = [(row.cells[0], row.cells[1]) for row in part(pilot, LineTable, "factors").table.rows]
        assert ("dy(2)/dz2(2)", "0.2244") in factors, "of an earlier step"
        assert ("dz2(2)/dh(1)", HIDDEN) in factors
        await pilot.press("escape", "h", "h", "h", "w")
        await until(pilot, lambda: isinstance(pilot.app.screen, WhyScreen))
        await until(pilot, lambda: "dL/dh(1) = 0.02436" in shown(part(pilot, TextView, "gradient")))


async def test_the_map_and_the_plot_hide_what_is_to_be_predicted() -> None:
    async with app(bptui.run(bptui.load("exercise-7-1"))).run_test(size=SIZE) as pilot:
        await pilot.press("t")
        walk(pilot).go(2)  # h = relu(z1)
        await pilot.press("m")
        await until(pilot, lambda: isinstance(pilot.app.screen, MapScreen))
        await until(pilot, lambda: part(pilot, LineTable, "sizes").table.rows)
        rows = {row.cells[0]: (row.cells[2], row.cells[4]) for row in part(pilot, LineTable, "sizes").table.rows}
        assert rows["z1"] == ("0.4000", HIDDEN) or rows["z1"] == ("0.4", HIDDEN)
        assert rows["h"] == rows["L"] == (HIDDEN, HIDDEN)
        assert "to be predicted" in shown(part(pilot, PictureView, "picture"))
        assert "element" not in shown(part(pilot, PictureView, "picture"))
        await pilot.press("escape", "e")
        await until(pilot, lambda: isinstance(pilot.app.screen, EditScreen))
        screen = pilot.app.screen
        assert isinstance(screen, EditScreen)
        part(pilot, Input, "number").value = "0.3"
        await until(pilot, lambda: screen._then is not None and screen._then[0] == 0.3)
        await until(pilot, lambda: "hidden while you test yourself" in shown(part(pilot, TextView, "plot")))
        assert "slope" not in shown(part(pilot, TextView, "plot"))


async def test_an_element_can_be_named_before_its_number() -> None:
    async with app().run_test(size=SIZE) as pilot:
        await pilot.press("e")
        await until(pilot, lambda: isinstance(pilot.app.screen, EditScreen))
        screen = pilot.app.screen
        assert isinstance(screen, EditScreen)
        assert part(pilot, Input, "element").value == "w"
        await pilot.press(*"x[1]=0.3")
        assert part(pilot, Input, "element").value == "x[1]"
        await until(pilot, lambda: "at x[1] = 0.3" in shown(part(pilot, TextView, "plot")))
        await pilot.press("enter")
        await until(pilot, lambda: isinstance(pilot.app.screen, WalkScreen) and walk(pilot).trace.value("x[1]") == 0.3)
        await pilot.press("e", *"q = 1", "enter")
        assert "no value named `q`" in str(part(pilot, Static, "said").content)
