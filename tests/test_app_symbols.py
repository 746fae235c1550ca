"""The app in symbols: switching without losing the place, giving up, scenarios that have symbols alone."""

from __future__ import annotations

import threading
from collections.abc import Callable

import pytest
from textual.widgets import Input, Static

import bptui
from app_help import AnyPilot, part, said, shown, until, walk
from bptui.present.derivation import Derivation
from bptui.present.symbol_writer import SymbolWriter
from bptui.running import first_trace
from bptui.trace.breakpoints import read_breakpoints
from bptui.trace.record import Trace
from bptui.tui.app import BptuiApp
from bptui.tui.edit_dialog import EditScreen
from bptui.tui.line_table import LineTable
from bptui.tui.numbers_dialog import NumbersScreen
from bptui.tui.step_panel import StepPanel
from bptui.tui.text_view import TextView
from bptui.tui.top_line import TopLine
from bptui.tui.walk import WalkScreen
from bptui.tui.why import WhyScreen

PERMUTED = """
title = "Permuted"
[inputs]
x = { symbol = "x", value = [3, 1, 4] }
[forward]
y = "x[0] * permute(x, [2, 0, 1])"
[backward]
seed = { symbol = "d", value = [1, -2, 0.5] }
"""
ALONE = PERMUTED.replace(", value = [3, 1, 4]", ", shape = [3]").replace(", value = [1, -2, 0.5]", "")
LARGE = """
[inputs]
x = { shape = [784], init = "normal" }
[parameters]
W = { shape = [128, 784], init = "he_normal" }
[forward]
L = "sum(W @ x)"
"""
SIZE = (120, 40)


def app(text: str = PERMUTED, symbolic: bool = False) -> BptuiApp:
    return BptuiApp(first_trace(bptui.loads(text)), symbolic=symbolic)


async def in_symbols(pilot: AnyPilot) -> None:
    await pilot.press("s")
    await until(pilot, lambda: walk(pilot).symbols is not None)
    await pilot.pause()


def equation(pilot: AnyPilot) -> str:
    return " ".join(shown(part(pilot, StepPanel)).split())


def last_cells(pilot: AnyPilot) -> list[str]:
    return [row.cells[-1] for row in part(pilot, LineTable, "elements").table.rows]


async def test_symbols_and_back_keep_step_and_cursor() -> None:
    async with app().run_test(size=SIZE) as pilot:
        await pilot.press("end", "left", "down")
        before = equation(pilot)
        await in_symbols(pilot)
        assert walk(pilot).step == len(walk(pilot).trace.steps) - 2
        assert part(pilot, LineTable, "elements").cursor == 1
        assert "symbols" in shown(part(pilot, TopLine))
        assert "d2·x0 = 1.5" in equation(pilot)  # both at once: the form, and the number it comes to
        await pilot.press("right", "left", "s")
        assert "numbers" in shown(part(pilot, TopLine))
        assert equation(pilot) == before
        assert part(pilot, LineTable, "elements").cursor == 1
        await pilot.press("s")  # derived already: at once
        assert walk(pilot).symbols is not None


async def test_the_last_step_gives_the_sum_of_both_uses() -> None:
    async with app().run_test(size=SIZE) as pilot:
        await pilot.press("end")
        await in_symbols(pilot)
        table = part(pilot, LineTable, "elements").table
        after = table.columns.index("after")
        assert table.rows[0].cells[after] == "d0·x2 + 2·d1·x0 + d2·x1"
        assert (table.columns[-1], table.rows[0].cells[-1]) == ("comes to", "-1.5")


async def test_spare_columns_go_before_expressions_are_cut_to_pieces() -> None:
    async with app().run_test(size=(80, 24)) as pilot:
        await pilot.press("end")
        await in_symbols(pilot)
        table = part(pilot, LineTable, "elements")

        def columns() -> list[str]:
            return table.draw_fixed(0).text.split()

        await pilot.press("shift+right")
        assert "from" not in columns()
        assert "upstream" in columns()
        assert table.point == table.table.rows[0].spots[2].point  # of the column next to it that is there
        assert table.draw_fixed(0).text.rstrip().endswith("comes to")
        await pilot.resize_terminal(250, 60)
        await until(pilot, lambda: "from" in columns() and "after" in columns())


async def test_numbers_too_wide_for_the_ledger_are_not_cut() -> None:
    trace = bptui.run(bptui.load("vanishing-gradient"))
    async with BptuiApp(trace).run_test(size=(120, 40)) as pilot:
        await pilot.press("end")
        table = part(pilot, LineTable, "elements")
        assert table.lines_width() <= table.room.width
        assert table.draw_fixed(0).text.split()[-2:] == ["before", "after"]


async def test_why_shows_how_an_element_used_twice_adds_up() -> None:
    async with app().run_test(size=SIZE) as pilot:
        await pilot.press("end")
        await in_symbols(pilot)
        await pilot.press("w")
        await until(pilot, lambda: isinstance(pilot.app.screen, WhyScreen))
        await until(pilot, lambda: "sum of" in shown(part(pilot, TextView, "gradient")))
        text = " ".join(shown(part(pilot, TextView, "gradient")).split())
        assert "d0·x2 + d1·x0 + d1·x0 + d2·x1 = d0·x2 + 2·d1·x0 + d2·x1" in text


async def test_an_edit_changes_what_symbols_come_to() -> None:
    async with app().run_test(size=SIZE) as pilot:
        await in_symbols(pilot)
        assert last_cells(pilot) == ["3"]
        symbols = walk(pilot).symbols
        await pilot.press("e")
        await until(pilot, lambda: isinstance(pilot.app.screen, EditScreen))
        part(pilot, Input, "element").value = "x[0]"
        await pilot.pause()
        part(pilot, Input, "number").value = "5"
        await pilot.press("enter")
        await until(pilot, lambda: isinstance(pilot.app.screen, WalkScreen) and last_cells(pilot) == ["5"])
        followed = walk(pilot).symbols
        assert symbols is not None
        assert followed is not None
        assert isinstance(followed.writer, SymbolWriter)
        assert isinstance(symbols.writer, SymbolWriter)
        assert followed.writer.derivation.writer is symbols.writer.derivation.writer  # nothing was derived again


async def test_symbols_can_be_given_up_while_they_are_derived(monkeypatch: pytest.MonkeyPatch) -> None:
    begun, go_on = threading.Event(), threading.Event()
    derive = Derivation.__init__

    def slow(self: Derivation, trace: Trace, advance: Callable[[int, int], None]) -> None:
        begun.set()
        assert go_on.wait(30)
        derive(self, trace, advance)

    monkeypatch.setattr(Derivation, "__init__", slow)
    async with app().run_test(size=SIZE) as pilot:
        await pilot.press("s")
        await until(pilot, begun.is_set)
        assert "s gives up" in shown(part(pilot, TopLine))
        await pilot.press("right")
        assert walk(pilot).step == 1  # the walk goes on meanwhile
        await pilot.press("s")
        go_on.set()
        await until(pilot, lambda: "given up" in said(pilot))
        await until(pilot, lambda: not any(one.group == "symbols" for one in pilot.app.workers))
        assert walk(pilot).symbols is None
        assert "s gives up" not in shown(part(pilot, TopLine))


async def test_a_scenario_too_large_says_so_and_stays_in_numbers() -> None:
    async with app(LARGE).run_test(size=SIZE) as pilot:
        await pilot.press("s")
        await until(pilot, lambda: "too large for symbols" in said(pilot))
        assert "in whole arrays" in said(pilot)
        assert walk(pilot).symbols is None


async def test_the_test_of_oneself_is_in_numbers() -> None:
    async with app().run_test(size=SIZE) as pilot:
        await in_symbols(pilot)
        await pilot.press("t")
        assert walk(pilot).symbols is None
        assert "▒▒▒" in last_cells(pilot)
        await in_symbols(pilot)
        assert walk(pilot).score_said == ()


async def test_it_opens_in_symbols_where_they_are_asked_for() -> None:
    async with app(symbolic=True).run_test(size=SIZE) as pilot:
        await until(pilot, lambda: walk(pilot).symbols is not None)


@pytest.mark.parametrize("key", ["t", "r", "h", "m", "e", "c", "b", "B", "ctrl+s"])
async def test_symbols_alone_say_what_needs_numbers(key: str) -> None:
    async with app(ALONE).run_test(size=SIZE) as pilot:
        await pilot.press("right", key)
        assert "symbols alone. Press s to give them." in said(pilot)


async def test_symbols_alone_are_walked_and_then_given_numbers() -> None:
    async with app(ALONE).run_test(size=SIZE) as pilot:
        for _ in range(len(walk(pilot).trace.steps)):
            await pilot.press("right")
        assert part(pilot, LineTable, "elements").table.rows[0].cells[-1] == "d0·x2 + 2·d1·x0 + d2·x1"
        await pilot.press("plus", "plus", "minus", "minus", "l", "v", "=", "=", "y")
        await pilot.press("w")
        await until(pilot, lambda: isinstance(pilot.app.screen, WhyScreen))
        await pilot.press("escape", "s")
        await until(pilot, lambda: isinstance(pilot.app.screen, NumbersScreen))
        part(pilot, Input, "numbers-0").value = "3 1"
        await pilot.press("enter")
        assert "x: 3 numbers are wanted, and 2 stand here" in str(part(pilot, Static, "said").content)
        part(pilot, Input, "numbers-0").value = "3, 1, 4"
        part(pilot, Input, "numbers-1").value = "1 -2 1/2"
        await pilot.press("enter")
        await until(pilot, lambda: isinstance(pilot.app.screen, WalkScreen) and walk(pilot).trace.mode == "numbers")
        assert walk(pilot).step == len(walk(pilot).trace.steps) - 1
        assert walk(pilot).trace.gradient("x").tolist() == [4 - 12 + 0.5, 1.5, 3.0]


async def test_breakpoints_wait_for_numbers() -> None:
    trace = first_trace(bptui.loads(ALONE))
    breakpoints = read_breakpoints(trace.program, ["|grad| > 0", "nan"])
    async with BptuiApp(trace, "permuted", breakpoints).run_test(size=SIZE) as pilot:
        await until(pilot, lambda: isinstance(pilot.app.screen, WalkScreen))
        assert "symbols alone. Press s to give them." in said(pilot)
        await pilot.press("right", "left", "s")
        await until(pilot, lambda: isinstance(pilot.app.screen, NumbersScreen))
        part(pilot, Input, "numbers-0").value = "3, 1, 4"
        part(pilot, Input, "numbers-1").value = "1 -2 1/2"
        await pilot.press("enter")
        await until(pilot, lambda: isinstance(pilot.app.screen, WalkScreen) and walk(pilot).trace.mode == "numbers")
        await until(pilot, lambda: walk(pilot).found(breakpoints[0]))
        assert walk(pilot).found(breakpoints[1]) == []
