"""Seeing why, in the app: routes, wires and the map, by key and by mouse."""

from __future__ import annotations

from functools import partial

import pytest
from textual.containers import Vertical
from textual.widgets import OptionList

import bptui
from app_help import AnyPilot, part, shown, until, walk
from bptui.commands import IN_WHY
from bptui.trace.record import Trace
from bptui.tui.app import BptuiApp
from bptui.tui.help import HelpScreen
from bptui.tui.key_line import KeyLine
from bptui.tui.line_table import LineTable
from bptui.tui.map import MapScreen
from bptui.tui.picture_view import PictureView
from bptui.tui.text_view import TextView
from bptui.tui.walk import WalkScreen
from bptui.tui.why import WhyScreen
from bptui.tui.wires_panel import WiresPanel


@pytest.fixture(scope="module")
def permuted() -> Trace:
    return bptui.run(bptui.load("exercise-7-3c"))


async def walking(pilot: AnyPilot, step: int) -> None:
    """Close the description and go to a step."""
    await until(pilot, lambda: isinstance(pilot.app.screen, WalkScreen))
    await pilot.press("escape")
    walk(pilot).go(step)
    part(pilot, LineTable, "elements").focus()
    await pilot.pause()


async def asked_why(pilot: AnyPilot, key: str = "enter") -> None:
    await pilot.press(key)
    await until(pilot, lambda: isinstance(pilot.app.screen, WhyScreen) and part(pilot, LineTable, "routes").table.rows)
    await pilot.pause()


def step_that(trace: Trace, target: str) -> int:
    """Return the last backward step that adds to the gradient of `target`."""
    return trace.seed_step + 1 + trace.program.last_slot[trace.program.names[target]]


@pytest.mark.parametrize("key", ["enter", "w"])
async def test_why_lists_the_routes_of_the_element_under_the_cursor(exercise: Trace, key: str) -> None:
    async with BptuiApp(exercise, "").run_test(size=(120, 40)) as pilot:
        await walking(pilot, step_that(exercise, "W1"))
        await asked_why(pilot, key)
        assert "dL/dW1(1,1) = 0.01218: the sum of 2 routes" in shown(part(pilot, TextView, "gradient"))
        assert "0.08249 + (-0.07031) = 0.01218" in shown(part(pilot, TextView, "gradient"))
        factors = part(pilot, LineTable, "factors")
        assert factors.border_title == "Route 1: 0.08249, 677 % of dL/dW1(1,1)"
        assert "dz2(2)/dh(1)" in shown(factors)
        await pilot.press("down")
        assert factors.border_title == "Route 2: -0.07031, -577 % of dL/dW1(1,1)"
        await pilot.press("escape")
        assert walk(pilot).step == step_that(exercise, "W1")


async def test_a_factor_leads_to_its_step(exercise: Trace) -> None:
    async with BptuiApp(exercise, "").run_test(size=(120, 40)) as pilot:
        await walking(pilot, step_that(exercise, "W1"))
        await asked_why(pilot)
        await pilot.press("enter")
        assert part(pilot, LineTable, "factors").has_focus
        await pilot.press("down", "enter")
        await until(pilot, lambda: isinstance(pilot.app.screen, WalkScreen))
        assert exercise.program.steps[walk(pilot).step].line == "y"


async def test_levels_elements_and_more(permuted: Trace) -> None:
    async with BptuiApp(permuted, "").run_test(size=(120, 40)) as pilot:
        await walking(pilot, step_that(permuted, "x"))
        await asked_why(pilot)
        title = part(pilot, TextView, "gradient")
        assert "dL/dx0 = 11.75: the sum of 5 routes" in shown(title)
        assert len(part(pilot, LineTable, "routes").table.rows) == 5
        await pilot.press("v")
        await until(pilot, lambda: "the sum of 6 routes" in shown(title))
        await pilot.press("right")
        await until(pilot, lambda: "dL/dx1 = -3: one route" in shown(title))
        await pilot.press("left")
        await until(pilot, lambda: "dL/dx0" in shown(title))


async def test_more_routes_are_listed_on_request() -> None:
    terms = " + ".join("x" for _ in range(40))
    trace = bptui.run(bptui.loads(f'[inputs]\nx = 2\n[forward]\nL = "{terms}"\n'))
    async with BptuiApp(trace, "").run_test(size=(120, 40)) as pilot:
        await walking(pilot, len(trace.steps) - 1)
        await asked_why(pilot)
        await pilot.press("v")
        routes = part(pilot, LineTable, "routes")
        await until(pilot, lambda: len(routes.table.rows) == 17)
        assert routes.table.rows[-1].cells[0] == "… 24 more routes; those listed sum to 16, 40 % of the gradient"
        await pilot.press("plus")
        await until(pilot, lambda: len(routes.table.rows) == 33)
        await pilot.press("m")
        await until(pilot, lambda: len(routes.table.rows) == 40)


async def test_why_of_a_row_in_the_table_of_values(exercise: Trace) -> None:
    async with BptuiApp(exercise, "").run_test(size=(120, 40)) as pilot:
        await walking(pilot, 3)
        values = part(pilot, LineTable, "values")
        values.focus()
        values.move_to(next(at for at, row in enumerate(values.table.rows) if row.cells[0] == "W1") + 2)
        await asked_why(pilot)
        assert "dL/dW1(3,1) = " in shown(part(pilot, TextView, "gradient"))


async def test_it_is_said_where_no_route_leads() -> None:
    text = '[inputs]\na = 2\nb = 3\n[forward]\nM = "b + 1"\nL = "a*a"\n[backward]\nof = "L"\n'
    trace = bptui.run(bptui.loads(text))
    async with BptuiApp(trace, "").run_test(size=(80, 24)) as pilot:
        await walking(pilot, 0)
        await pilot.press("enter")
        await until(pilot, lambda: isinstance(pilot.app.screen, WhyScreen))
        await until(pilot, lambda: "no route leads from M to L" in shown(part(pilot, TextView, "gradient")))
        assert not part(pilot, LineTable, "routes").display


def ends_above(pilot: AnyPilot, keys: str, row: int) -> bool:
    return part(pilot, KeyLine, keys).region.bottom < row


async def test_every_panel_of_why_and_map_is_seen_at_any_size(exercise: Trace) -> None:
    for size in ((120, 40), (60, 16)):
        async with BptuiApp(exercise, "").run_test(size=size) as pilot:
            await walking(pilot, len(exercise.steps) - 1)
            await asked_why(pilot)
            tables = [part(pilot, LineTable, name) for name in ("routes", "factors")]
            assert all(table.size.height >= 3 for table in tables)
            assert part(pilot, KeyLine, "why-keys").region.bottom < size[1] + 1
            await pilot.resize_terminal(1, 1)
            await pilot.press("down", "enter", "escape", "m")
            await until(pilot, lambda: isinstance(pilot.app.screen, MapScreen))
            await pilot.resize_terminal(*size)
            await until(pilot, partial(ends_above, pilot, "map-keys", size[1] + 1))
            await until(pilot, lambda: part(pilot, PictureView).size.height >= 1)


async def test_wires_come_with_the_steps_that_move_elements(permuted: Trace) -> None:
    moved = next(step.index for step in permuted.program.steps if step.operation.name == "permute")
    async with BptuiApp(permuted, "").run_test(size=(120, 40)) as pilot:
        await walking(pilot, moved)
        panel = part(pilot, WiresPanel)
        assert panel.display
        assert "┏" in shown(panel)
        before = shown(panel)
        await pilot.press("down")
        await until(pilot, lambda: shown(panel) != before)
        await pilot.press("z")
        await until(pilot, lambda: "0  ·  ·  1  ·  ·" in shown(panel))
        await pilot.press("i")
        await until(pilot, lambda: not panel.display)
        await pilot.press("i")
        await until(pilot, lambda: panel.display)
        walk(pilot).go(moved + 1)
        await until(pilot, lambda: not panel.display)
        await pilot.press("z")
        assert not pilot.app.screen.query_one(WiresPanel).display


async def test_the_map_begins_at_the_value_of_the_step_and_leads_to_steps() -> None:
    trace = bptui.run(bptui.load("dead-relu"))
    made = trace.program.producer[trace.program.names["H"]]
    async with BptuiApp(trace, "").run_test(size=(120, 40)) as pilot:
        await walking(pilot, made)
        await pilot.press("m")
        await until(
            pilot, lambda: isinstance(pilot.app.screen, MapScreen) and part(pilot, PictureView).line_count() > 3
        )
        sizes, picture = part(pilot, LineTable, "sizes"), part(pilot, PictureView)
        assert sizes.row is not None
        assert sizes.row.cells[0] == "H"
        assert "1 of 2 units off" in shown(sizes)
        assert "+█ ·" in shown(picture)
        await pilot.press("up")
        assert str(picture.border_title) == "Z 3×2"
        await pilot.press("enter")
        await until(pilot, lambda: isinstance(pilot.app.screen, WalkScreen))
        assert walk(pilot).step == trace.program.producer[trace.program.names["Z"]]


async def test_the_map_goes_to_what_there_is_a_note_about() -> None:
    lines = "".join(f'z{at} = "w * h{at - 1}"\nh{at} = "0.001 * z{at}"\n' for at in range(1, 5))
    trace = bptui.run(bptui.loads(f'[inputs]\nh0 = 1.0\n[parameters]\nw = 0.5\n[forward]\n{lines}L = "h4"\n'))
    async with BptuiApp(trace, "").run_test(size=(120, 40)) as pilot:
        await walking(pilot, len(trace.steps) - 1)
        await pilot.press("m")
        await until(pilot, lambda: isinstance(pilot.app.screen, MapScreen))
        sizes = part(pilot, LineTable, "sizes")
        await until(pilot, lambda: sizes.table.rows)
        notes = {row.cells[0]: row.cells[-1] for row in sizes.table.rows}
        assert {name for name, note in notes.items() if note == "tiny gradient"} == {
            "h0",
            "w",
            "z1",
            "h1",
            "z2",
            "h2",
            "z3",
        }
        await pilot.press(*["down"] * len(notes), "p")
        assert sizes.row is not None
        assert sizes.row.cells[0] == "z3", "the first of them on the way back from the loss"
        await pilot.press("p")
        assert sizes.row.cells[0] == "z3", "all above have the same note"
        await pilot.press("n")
        assert sizes.row.cells[0] == "z3", "and there is none below"


async def test_the_mouse_does_it_too(exercise: Trace) -> None:
    async with BptuiApp(exercise, "").run_test(size=(120, 40)) as pilot:
        await walking(pilot, len(exercise.steps) - 1)
        keys = {command.id: start for command, start, _ in part(pilot, KeyLine).places()}
        await pilot.click(KeyLine, offset=(keys["see.why"], 0))
        await until(
            pilot, lambda: isinstance(pilot.app.screen, WhyScreen) and part(pilot, LineTable, "factors").table.rows
        )
        await pilot.pause()
        await pilot.click("#factors", offset=(5, 3))
        await pilot.click("#factors", offset=(5, 3))
        await until(pilot, lambda: isinstance(pilot.app.screen, WalkScreen))
        assert exercise.program.steps[walk(pilot).step].line == "y"
        await pilot.click(KeyLine, offset=(keys["see.map"], 0))
        await until(pilot, lambda: isinstance(pilot.app.screen, MapScreen))


async def test_palette_and_help_tell_of_it(exercise: Trace) -> None:
    app = BptuiApp(exercise, "")
    async with app.run_test(size=(120, 60)) as pilot:
        await walking(pilot, 0)
        offered = {command.title for command in app.get_system_commands(app.screen)}
        assert "Why? All routes of the element under the cursor" in offered
        assert "Map: sizes line by line, and arrays as heat maps" in offered
        await pilot.press("question_mark")
        await until(pilot, lambda: isinstance(app.screen, HelpScreen))
        window = part(pilot, TextView, "window")
        lines = ["".join(text for text, _ in line) for line in window._lines]
        assert any("Why? All routes" in line for line in lines)
        assert any("0/1 Jacobian" in line for line in lines)


async def test_the_palette_offers_what_a_window_can_do(exercise: Trace) -> None:
    app = BptuiApp(exercise, "")
    async with app.run_test(size=(120, 40)) as pilot:
        await walking(pilot, 0)
        await pilot.press("w")
        await until(pilot, lambda: isinstance(app.screen, WhyScreen))
        offered = [command.title for command in app.get_system_commands(app.screen)]
        assert [command.title for command in IN_WHY] == offered[: len(IN_WHY)]
        await until(pilot, lambda: "named" in str(part(pilot, Vertical, "window").border_title))
        await pilot.press("ctrl+p")
        await until(pilot, lambda: not isinstance(app.screen, WhyScreen))
        await pilot.press(*"single operations")
        await until(pilot, lambda: app.screen.query_one(OptionList).option_count == 1)
        await pilot.press("enter")
        await until(pilot, lambda: isinstance(app.screen, WhyScreen))
        await until(pilot, lambda: "primitive" in str(part(pilot, Vertical, "window").border_title))
