"""The app: the cursor of every table goes from cell to cell, and everything follows it, by key and by mouse."""

from __future__ import annotations

import inspect
from collections.abc import Callable

import pytest
from textual.widgets import Input, Static

import bptui
from app_help import AnyPilot, part, shown, until, walk
from bptui.commands import IN_GRAPH, IN_LINES, IN_VALUES
from bptui.present.frame import Point
from bptui.trace.places import Places
from bptui.trace.record import Trace
from bptui.tui.app import BptuiApp
from bptui.tui.edit_dialog import EditScreen
from bptui.tui.graph_view import GraphView
from bptui.tui.key_line import KeyLine
from bptui.tui.line_table import LineTable
from bptui.tui.step_panel import StepPanel
from bptui.tui.text_view import TextView
from bptui.tui.values_panel import ValuesPanel
from bptui.tui.walk import WalkScreen
from bptui.tui.why import WhyScreen

SIZE = (120, 40)
WIDE = """
[parameters]
W = { shape = [50, 40], init = "normal" }
[inputs]
x = { shape = [40], init = "normal", seed = 1 }
[forward]
y = "W @ x"
L = "sum(y)"
"""


def elements(pilot: AnyPilot) -> LineTable:
    return part(pilot, LineTable, "elements")


def values(pilot: AnyPilot) -> ValuesPanel:
    return part(pilot, ValuesPanel)


def named(pilot: AnyPilot, at: Point) -> str:
    program = walk(pilot).trace.program
    return program.derivative_name(at.value, at.flat) if at.gradient else program.element_name(at.value, at.flat)


def lit(table: LineTable) -> str:
    """Return the text under the cursor."""
    style = table.component("line-table--cursor").bgcolor
    line = table.render_line(table.cursor + table.fixed - table.scroll_offset.y)
    return "".join(segment.text for segment in line if segment.style is not None and segment.style.bgcolor == style)


def place_of(pilot: AnyPilot, table: LineTable, row: str, text: str) -> tuple[int, int]:
    """Return where `text` stands on the screen, in the first row of a table that holds `row`."""
    lines = shown(table).splitlines()
    y = next(y for y, line in enumerate(lines) if row in line)
    region = table.content_region
    return region.x + lines[y].index(text), region.y + y


async def at_dx(pilot: AnyPilot) -> None:
    """Go to the last step of exercise 7.1: back through `W1 @ x` into x."""
    await pilot.press("escape", "end")
    elements(pilot).focus()
    await pilot.pause()


@pytest.mark.parametrize(("right", "left"), [("shift+right", "shift+left"), ("L", "H")])
async def test_the_cursor_of_the_ledger_goes_from_cell_to_cell(exercise: Trace, right: str, left: str) -> None:
    async with BptuiApp(exercise).run_test(size=SIZE) as pilot:
        await at_dx(pilot)
        seen = []
        for _ in range(6):
            seen.append((lit(elements(pilot)).strip(), named(pilot, walk(pilot).pointed)))
            await pilot.press(right)
        assert seen == [
            ("x(1)", "dL/dx(1)"),
            ("(W1 @ x)(1)", "dL/d(W1 @ x)(1)"),
            ("0.02436", "dL/d(W1 @ x)(1)"),
            ("0.1", "dL/dx(1)"),
            ("0.002436", "dL/dx(1)"),
            ("0.002436", "dL/dx(1)"),
        ]
        await pilot.press(left, left)
        assert lit(elements(pilot)) == "0.02436"
        assert walk(pilot).step == len(exercise.steps) - 1


async def test_going_down_keeps_the_column_and_the_equation_follows(exercise: Trace) -> None:
    async with BptuiApp(exercise).run_test(size=SIZE) as pilot:
        await at_dx(pilot)
        await pilot.press("L", "L", "down", "down")
        assert lit(elements(pilot)) == "0.11190"
        await pilot.press("down")
        assert lit(elements(pilot)) == "0.04777", "the sum has no upstream gradient: the nearest number"
        await pilot.press("down")
        assert lit(elements(pilot)) == "0.02436"
        assert "dL/dx(2) =" in shown(part(pilot, StepPanel))


async def test_the_cell_that_the_cursor_was_left_on_is_lit_on_coming_back(exercise: Trace) -> None:
    async with BptuiApp(exercise).run_test(size=SIZE) as pilot:
        await at_dx(pilot)
        await pilot.press("L", "L")
        there = lit(elements(pilot))
        await pilot.press("left")
        assert lit(elements(pilot)) != there
        await pilot.press("right")
        assert lit(elements(pilot)) == there


async def test_why_at_an_upstream_gradient_asks_about_that_one(exercise: Trace) -> None:
    async with BptuiApp(exercise).run_test(size=SIZE) as pilot:
        await at_dx(pilot)
        await pilot.press("L", "L", "down", "enter")
        await until(pilot, lambda: isinstance(pilot.app.screen, WhyScreen))
        await until(pilot, lambda: "dL/d(W1 @ x)(2)" in shown(part(pilot, TextView, "gradient")))


async def test_the_cursor_of_the_values_goes_to_any_number(exercise: Trace) -> None:
    async with BptuiApp(exercise).run_test(size=SIZE) as pilot:
        await at_dx(pilot)
        await pilot.press("tab")
        assert values(pilot).has_focus
        assert lit(values(pilot)) == "0.04777", "what the step adds to"
        await pilot.press("left", "left")
        assert lit(values(pilot)) == "0.5"
        await pilot.press("down", "down", "down", "right")
        assert (lit(values(pilot)), named(pilot, walk(pilot).pointed)) == ("0.5", "W1(2,2)")
        assert "W1(2,2) = 0.5   dL/dW1(2,2) = 0.011762" in str(values(pilot).border_subtitle)
        await pilot.press("right", "right")
        assert (lit(values(pilot)), named(pilot, walk(pilot).pointed)) == ("0.011762", "dL/dW1(2,2)")
        assert walk(pilot).step == len(exercise.steps) - 1, "the arrows are the table's"
        await pilot.press("p")
        assert walk(pilot).step == len(exercise.steps) - 2
        assert named(pilot, walk(pilot).pointed) == "dL/dW1(2,2)", "the cursor stays where it is"
        await pilot.press("escape", "left")
        assert elements(pilot).has_focus
        assert walk(pilot).step == len(exercise.steps) - 3


async def test_the_line_of_keys_has_what_a_newcomer_looks_for(exercise: Trace) -> None:
    async with BptuiApp(exercise).run_test(size=(120, 40)) as pilot:
        await until(pilot, lambda: "why" in shown(part(pilot, KeyLine)))
        for said in ("⏎ why", "m map", "e edit", "b break", "s symbols", "Tab panel", "? help"):
            assert said in shown(part(pilot, KeyLine))


async def test_what_is_pointed_at_is_said_behind_the_title_where_there_is_no_lower_border(exercise: Trace) -> None:
    async with BptuiApp(exercise).run_test(size=(80, 24)) as pilot:
        await at_dx(pilot)
        assert str(values(pilot).border_title) == "Values and gradients"
        await pilot.press("tab", "down", "down")
        await until(pilot, lambda: values(pilot).has_focus)
        said = str(values(pilot).border_title)
        assert said.startswith("Values and gradients · ")
        assert named(pilot, walk(pilot).pointed) in said
        await pilot.press("escape")
        await until(pilot, lambda: str(values(pilot).border_title) == "Values and gradients")


async def test_the_line_of_keys_tells_that_the_arrows_are_the_tables(exercise: Trace) -> None:
    async with BptuiApp(exercise).run_test(size=SIZE) as pilot:
        await at_dx(pilot)
        assert "→ next" in shown(part(pilot, KeyLine))
        await pilot.press("tab")
        assert "n next" in shown(part(pilot, KeyLine))
        assert "→ number" in shown(part(pilot, KeyLine))


async def test_the_step_follows_what_is_pointed_at_in_the_values(exercise: Trace) -> None:
    async with BptuiApp(exercise).run_test(size=SIZE) as pilot:
        await at_dx(pilot)
        await pilot.press("tab", "right")
        assert "dL/dx(2) =" in shown(part(pilot, StepPanel)), "the value that the step is about"
        await pilot.press("down", "down", "down", "down")
        assert named(pilot, walk(pilot).pointed) == "dL/dW1(3,2)"
        await pilot.press("escape")
        row = elements(pilot).row
        assert row is not None
        assert row.cells[:2] == ("x(1)", "(W1 @ x)(3)"), "what it enters"


async def test_a_click_points_at_a_cell_and_a_second_one_asks_why(exercise: Trace) -> None:
    async with BptuiApp(exercise).run_test(size=SIZE) as pilot:
        await at_dx(pilot)
        await pilot.click(offset=place_of(pilot, elements(pilot), "(W1 @ x)(2)", "0.05881"))
        assert named(pilot, walk(pilot).pointed) == "dL/d(W1 @ x)(2)"
        await pilot.click(offset=place_of(pilot, values(pilot), "W1 ", "0.004871"))
        assert named(pilot, walk(pilot).pointed) == "dL/dW1(1,2)"
        assert values(pilot).has_focus
        await pilot.click(offset=place_of(pilot, values(pilot), "W1 ", "0.004871"))
        await until(pilot, lambda: isinstance(pilot.app.screen, WhyScreen))
        await until(pilot, lambda: "dL/dW1(1,2) = " in shown(part(pilot, TextView, "gradient")))


async def test_the_first_click_on_the_values_only_points(exercise: Trace) -> None:
    async with BptuiApp(exercise).run_test(size=SIZE) as pilot:
        await at_dx(pilot)
        await pilot.click(offset=place_of(pilot, values(pilot), "x ", "0.5"))
        assert named(pilot, walk(pilot).pointed) == "x(1)"
        assert not isinstance(pilot.app.screen, WhyScreen)


async def test_what_if_and_breakpoints_take_the_number_under_the_cursor(exercise: Trace) -> None:
    async with BptuiApp(exercise).run_test(size=SIZE) as pilot:
        await at_dx(pilot)
        await pilot.press("tab", "left", "left", "down", "down", "down", "right", "b")
        assert [one.text for one in walk(pilot).breakpoints] == ["value W1(2,2)"]
        await pilot.press("e")
        await until(pilot, lambda: isinstance(pilot.app.screen, EditScreen))
        assert part(pilot, Input, "element").value == "W1(2,2)"
        assert part(pilot, Input, "number").value == "0.5"


async def test_every_element_of_a_large_matrix_can_be_pointed_at() -> None:
    trace = bptui.run(bptui.loads(WIDE))
    async with BptuiApp(trace).run_test(size=SIZE) as pilot:
        await pilot.press("tab", *["up"] * 6)
        assert named(pilot, walk(pilot).pointed) == "W[0,0]"
        for count, key, expected in [
            (39, "right", "W[0,39]"), (20, "left", "W[0,19]"), (30, "down", "W[30,19]"), (19, "down", "W[49,19]"),
            (25, "up", "W[24,19]"), (3, "left", "W[24,16]"),
        ]:  # fmt: skip
            await pilot.press(*[key] * count)
            assert named(pilot, walk(pilot).pointed) == expected
        assert "W[24,16] = " in str(values(pilot).border_subtitle)
        text = shown(values(pilot))
        assert "rows 21 to 26 of 50" in text
        assert str(round(float(trace.value("W")[24, 16]), 4)) in text
        await pilot.press("right", *["right"] * 22, "right")
        assert named(pilot, walk(pilot).pointed) == "W[24,39]", "no gradient has arrived: the row ends here"


async def test_a_number_that_is_cut_off_comes_into_sight_under_the_cursor() -> None:
    text = "[inputs]\nx = [" + ", ".join(f"{at}.1234567" for at in range(11, 19)) + ']\n[forward]\nL = "sum(x*x)"'
    async with BptuiApp(bptui.run(bptui.loads(text))).run_test(size=(60, 24)) as pilot:
        await pilot.press("G", "tab", *["left"] * 8)
        seen = []
        for _ in range(16):
            seen.append(lit(values(pilot)))
            await pilot.press("right")
        assert seen[:8] == [f"{at}.1235" for at in range(11, 19)]
        assert seen[8:] == [f"{2 * (at + 0.1234567):.4f}" for at in range(11, 19)]


# -- by name, in the graph, from the palette ---------------------------------------------------------------------------


async def test_going_to_a_derivative_points_at_it_where_it_is_complete(exercise: Trace) -> None:
    async with BptuiApp(exercise).run_test(size=SIZE) as pilot:
        await pilot.press("escape", "colon", *"dL/dW1(2,1)", "enter")
        await until(pilot, lambda: isinstance(pilot.app.screen, WalkScreen))
        assert walk(pilot).step == exercise.seed_step + 1 + exercise.program.last_slot[exercise.program.names["W1"]]
        assert elements(pilot).has_focus
        assert named(pilot, walk(pilot).pointed) == "dL/dW1(2,1)"
        assert "dL/dW1(2,1) =" in shown(part(pilot, StepPanel))
        await pilot.press("enter")
        await until(pilot, lambda: isinstance(pilot.app.screen, WhyScreen))
        await until(pilot, lambda: "dL/dW1(2,1) = " in shown(part(pilot, TextView, "gradient")))


async def test_going_to_a_leaf_points_at_it_and_stays_at_the_step(exercise: Trace) -> None:
    async with BptuiApp(exercise).run_test(size=SIZE) as pilot:
        await pilot.press("escape", "right", "colon", *"W2[1,0]", "enter")
        await until(pilot, lambda: isinstance(pilot.app.screen, WalkScreen))
        assert walk(pilot).step == 1
        assert values(pilot).has_focus
        assert named(pilot, walk(pilot).pointed) == "W2(2,1)"
        await pilot.press("colon", *"dy/dz2(1)", "enter")
        assert "the walk computes gradients of L alone" in str(part(pilot, Static, "said").render())


async def test_the_steps_of_the_node_selected_in_the_graph_are_gone_through(exercise: Trace) -> None:
    async with BptuiApp(exercise).run_test(size=SIZE) as pilot:
        await pilot.press("escape")
        graph = part(pilot, GraphView)
        graph.focus()
        await pilot.press("down", "down")
        assert graph.pointed is not None
        value = graph.pointed[0]
        assert exercise.program.values[value].name == "h"
        steps = [step for step in Places(exercise).touching(value) if step > 0]
        seen = []
        for _ in (*steps, "and no further"):
            await pilot.press("N")
            seen.append(walk(pilot).step)
        assert seen == [*steps, steps[-1]]
        assert graph.has_focus


@pytest.mark.parametrize(
    ("title", "done"),
    [
        ("Select the node below", lambda pilot: part(pilot, GraphView).pointed is not None),
        ("The cell on the right; or sideways", lambda pilot: elements(pilot).spot == 1),
        ("The row below", lambda pilot: elements(pilot).cursor == 1),
        (
            "The number on the right; n and p still step",
            lambda pilot: values(pilot).has_focus and values(pilot).spot == 1,
        ),
    ],
)
async def test_what_the_keys_of_a_panel_do_is_in_the_palette(
    exercise: Trace, title: str, done: Callable[[AnyPilot], bool]
) -> None:
    app = BptuiApp(exercise)
    async with app.run_test(size=SIZE) as pilot:
        await pilot.press("escape")
        offered = {command.title: command.callback for command in app.get_system_commands(app.screen)}
        result = offered[title]()
        assert inspect.isawaitable(result)
        await result
        await until(pilot, lambda: done(pilot))


async def test_every_command_of_a_panel_is_offered(exercise: Trace) -> None:
    app = BptuiApp(exercise)
    async with app.run_test(size=SIZE) as pilot:
        await pilot.press("escape")
        offered = [command.title for command in app.get_system_commands(app.screen)]
        assert {command.title for group in (IN_GRAPH, IN_LINES, IN_VALUES) for command in group} <= set(offered)


LONG = """
[inputs]
x = { shape = [2500], init = "normal" }
[forward]
y = "2 * x"
L = "sum(y * y)"
"""


async def test_of_a_long_array_the_thousand_elements_around_the_cursor_are_listed() -> None:
    trace = bptui.run(bptui.loads(LONG))
    async with BptuiApp(trace).run_test(size=SIZE) as pilot:
        table = elements(pilot)
        await pilot.press("ctrl+end")
        assert table.row is not None
        assert table.row.element == 1000, "the row after the last leads to the next page"
        assert "y[1000] =" in shown(part(pilot, StepPanel))
        await pilot.press("up")
        assert table.row.element == 999
        assert "y[999] =" in shown(part(pilot, StepPanel))
        await pilot.press("colon", *"y[2345]", "enter")
        await until(pilot, lambda: isinstance(pilot.app.screen, WalkScreen))
        row = table.row
        assert row is not None
        assert row.element == 2345
        assert "y[2345] =" in shown(part(pilot, StepPanel))
        await pilot.press("right", "left")
        assert table.row is not None
        assert table.row.element == 2345, "kept while another step is seen"
        await pilot.press("colon", *"dL/dx[1999]", "enter")
        await until(pilot, lambda: isinstance(pilot.app.screen, WalkScreen))
        assert named(pilot, walk(pilot).pointed) == "dL/dx[1999]"
        assert "dL/dx[1999] =" in shown(part(pilot, StepPanel))
