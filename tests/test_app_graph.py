"""The graph in the walk: where it is shown, that it follows the walk and leads it, by key, by mouse and by palette."""

from __future__ import annotations

import pytest
from textual.widget import Widget

import bptui
from app_help import AnyPilot, part, shown, until, walk
from bptui import bundled
from bptui.commands import GRAPH, GROUPS, IN_GRAPH
from bptui.graph.model import ZOOMS
from bptui.trace.record import Trace
from bptui.tui.app import BptuiApp
from bptui.tui.graph_view import GraphView
from bptui.tui.key_line import KeyLine
from bptui.tui.line_table import LineTable
from bptui.tui.step_list import StepList
from bptui.tui.step_panel import StepPanel
from bptui.tui.walk import WalkScreen


def app_on(trace: Trace) -> BptuiApp:
    return BptuiApp(trace, "")


def graph(pilot: AnyPilot) -> GraphView:
    return part(pilot, GraphView)


def lit(pilot: AnyPilot) -> str:
    """Return the text of the node that the walk is at."""
    return " ".join(line.partition("▐")[2].partition("▌")[0].strip() for line in shown(graph(pilot)).splitlines())


def place_of(widget: Widget, text: str) -> tuple[int, int]:
    """Return where `text` begins in a widget with a frame."""
    rows = shown(widget).split("\n")
    y = next(y for y, row in enumerate(rows) if text in row)
    return rows[y].index(text) + 1, y + 1


async def test_the_graph_follows_the_walk(exercise: Trace) -> None:
    async with app_on(exercise).run_test(size=(120, 40)) as pilot:
        await pilot.press("escape")
        assert graph(pilot).display
        assert "z1 = W1 @ x + b1" in lit(pilot)
        for _ in range(4):
            await pilot.press("n")
        assert "z2 = W2 @ h + b2" in lit(pilot)
        await pilot.press("G")
        assert "z1 = W1 @ x + b1" in lit(pilot)
        assert "x (2,)▲" in shown(graph(pilot))


async def test_all_of_the_exercise_is_seen_beside_the_panels(exercise: Trace) -> None:
    async with app_on(exercise).run_test(size=(120, 40)) as pilot:
        await pilot.press("escape")
        text = shown(graph(pilot))
        assert [name for name in exercise.program.names if name not in text] == []
        assert graph(pilot).size.width < 50
        assert part(pilot, StepPanel).region.x == graph(pilot).region.right


@pytest.mark.parametrize("name", bundled.names())
async def test_the_step_is_in_sight_in_every_scenario(name: str) -> None:
    trace = bptui.run(bptui.load(name))
    async with app_on(trace).run_test(size=(120, 30)) as pilot:
        await pilot.press("escape", "minus", "minus", "minus")
        for zoom in ZOOMS:
            assert graph(pilot).zoom == zoom
            for step in range(0, len(trace.steps), max(1, len(trace.steps) // 6)):
                walk(pilot).go(step)
                assert "▐" in shown(graph(pilot)), (zoom, step)
            await pilot.press("plus")


async def test_what_stands_at_the_left(exercise: Trace) -> None:
    async with app_on(exercise).run_test(size=(120, 40)) as pilot:

        def left() -> list[str]:
            return [widget.id or "" for widget in (part(pilot, StepList), graph(pilot)) if widget.display]

        await pilot.press("escape")
        for key, expected in [
            ("v", ["steps"]), ("v", ["graph"]), ("l", ["steps"]), ("l", []), ("v", ["graph"]), ("l", ["steps"]),
            ("v", ["graph"]),
        ]:  # fmt: skip
            await pilot.press(key)
            assert left() == expected, key
        await pilot.press("v", "n", "n", "n", "v")
        assert "z2 = W2 @ h" in lit(pilot), "it goes with the walk while it is not seen"
        await pilot.press("shift+tab", "shift+tab")
        assert graph(pilot).has_focus
        await pilot.press("v")
        assert part(pilot, StepList).has_focus
        await pilot.press("v")
        assert graph(pilot).has_focus
        await pilot.press("l", "l")
        assert part(pilot, LineTable, "elements").has_focus


@pytest.mark.parametrize(("size", "keys"), [((120, 40), "V"), ((80, 24), "v"), ((80, 24), "V"), ((40, 12), "v")])
async def test_the_graph_alone(exercise: Trace, size: tuple[int, int], keys: str) -> None:
    async with app_on(exercise).run_test(size=size) as pilot:
        await pilot.press("escape")
        before = graph(pilot).display
        assert before == (size[0] >= 100)
        await pilot.press(keys)
        assert graph(pilot).region.width == size[0]
        assert not part(pilot, StepPanel).is_on_screen
        assert graph(pilot).has_focus
        await pilot.press("n", "n")
        assert "h = relu(z1)" in lit(pilot)
        assert "h = relu(z1)" in str(graph(pilot).border_subtitle)
        for key in (keys, "escape"):
            await pilot.press(key)
            assert graph(pilot).display == before
            assert part(pilot, StepPanel).is_on_screen
            assert part(pilot, LineTable, "elements").has_focus
            await pilot.press(keys)
            assert graph(pilot).region.width == size[0]


async def test_pinning_leaves_the_graph_alone(exercise: Trace) -> None:
    async with app_on(exercise).run_test(size=(100, 30)) as pilot:
        await pilot.press("escape", "equals_sign", "V")
        assert graph(pilot).region.width == 100


async def test_from_node_to_node_and_to_its_step(exercise: Trace) -> None:
    async with app_on(exercise).run_test(size=(120, 40)) as pilot:
        await pilot.press("escape", "V", "down", "down")
        await until(pilot, lambda: "╔" in shown(graph(pilot)))
        assert walk(pilot).step == 0, "selecting does not go"
        await pilot.press("enter")
        assert walk(pilot).step == exercise.program.producer[exercise.program.names["h"]]
        await pilot.press("escape", "enter")
        assert not isinstance(pilot.app.screen, WalkScreen), "in the panels enter still asks why"


async def test_a_click_on_a_node_goes_there(exercise: Trace) -> None:
    async with app_on(exercise).run_test(size=(120, 40)) as pilot:
        await pilot.press("escape")
        await pilot.click(graph(pilot), offset=place_of(graph(pilot), "y = sigmoid"))
        assert walk(pilot).step == exercise.program.producer[exercise.program.names["y"]]
        await pilot.press("G")
        await pilot.click(graph(pilot), offset=place_of(graph(pilot), "h = relu"))
        step = walk(pilot).step
        assert step > exercise.seed_step, "going back, it is where the gradient is whole"
        assert walk(pilot).frame().title.startswith("dL/dh")


async def test_the_elements_follow_the_cursor(exercise: Trace) -> None:
    async with app_on(exercise).run_test(size=(120, 40)) as pilot:
        await pilot.press("escape", "n", "plus", "plus")
        assert graph(pilot).zoom == "elements"
        assert lit(pilot).strip() == "z1(1)"
        await pilot.press("j")
        await until(pilot, lambda: lit(pilot).strip() == "z1(2)")
        await pilot.press("n")
        assert lit(pilot).strip() == "h(1)"


async def test_the_line_of_keys_goes_with_the_focus(exercise: Trace) -> None:
    async with app_on(exercise).run_test(size=(160, 40)) as pilot:
        await pilot.press("escape")
        assert "↓ element" in shown(part(pilot, KeyLine))
        assert "→ next" in shown(part(pilot, KeyLine))
        await pilot.press("V")
        line = shown(part(pilot, KeyLine))
        assert "⏎ to its step" in line
        assert "n next" in line, "the arrows are the graph's now"
        line_of_keys = part(pilot, KeyLine)
        places = {command.id: start for command, start, _ in line_of_keys.places()}
        await pilot.click(line_of_keys, offset=(places["graph.in"], 0))
        assert graph(pilot).zoom == "operations"
        await pilot.press("V")
        assert "↓ element" in shown(part(pilot, KeyLine))


async def test_its_commands_are_in_the_help_and_in_the_palette(exercise: Trace) -> None:
    groups = [commands for _, commands in GROUPS]
    assert GRAPH in groups
    assert IN_GRAPH in groups
    app = app_on(exercise)
    async with app.run_test(size=(120, 40)) as pilot:
        await pilot.press("escape")
        offered = {command.title: command.callback for command in app.get_system_commands(app.screen)}
        assert {command.title for command in GRAPH} <= set(offered)
        result = offered["Zoom out of the graph"]()
        assert result is not None
        await result
        assert graph(pilot).zoom == "network"


async def test_an_edit_is_seen_in_the_graph_of_the_new_trace(exercise: Trace) -> None:
    other = bptui.run(bptui.load("exercise-7-1"), values={"x": [1.0, 1.0]})
    async with app_on(exercise).run_test(size=(120, 40)) as pilot:
        await pilot.press("escape", "n", "n")
        graph(pilot).go(4, 0, other)
        assert "z2 = W2 @ h + b2" in lit(pilot)


async def test_of_many_lines_those_around_the_step_are_drawn() -> None:
    lines = "\n".join(f'a{at} = "a{at - 1}*w"' for at in range(1, 3000))
    trace = bptui.run(bptui.loads(f'[parameters]\nw = 1.0\n[forward]\na0 = "w*w"\n{lines}\n[backward]\nwrt = ["w"]'))
    async with app_on(trace).run_test(size=(120, 40)) as pilot:
        await pilot.press("escape")
        for step in (0, 1500, 2999, 3000, 3100, len(trace.steps) - 1):
            walk(pilot).go(step)
            await pilot.pause()
            assert "▐" in shown(graph(pilot)), step
