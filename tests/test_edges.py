"""Numbers at the edge, on every screen and in every export: right, aligned, and no fault anywhere."""

from __future__ import annotations

import json
import re
from typing import Any

import numpy as np
import pytest

import bptui
from app_help import AnyPilot, shown
from bptui.exporting import FORMATS
from bptui.present.numbers import column
from bptui.tui.app import BptuiApp
from bptui.tui.line_table import LineTable
from work import counted

EDGES = {
    "not numbers": """
[inputs]
x = [nan, inf, -inf, 1, 0, -0.0]
[forward]
y = "x*2"
L = "sum(y)"
""",
    "denormal": """
[inputs]
x = [5e-324, 1e-310, 2.2e-308, 1e-17]
[forward]
y = "x*x + x/3"
L = "sum(y)"
""",
    "overflow": """
[inputs]
x = [1e308, -1e308, 1.7e308]
[forward]
y = "x*10"
z = "x - x"
L = "sum(y) + sum(z)"
""",
    "empty": """
[inputs]
x = []
W = [[], []]
[forward]
y = "x*2"
v = "W @ x"
L = "sum(y) + sum(v)"
""",
    "one element": """
[inputs]
x = [2.0]
X = [[[3.0]]]
[forward]
y = "x*x*X"
s = "softmax(x)"
L = "sum(y) + sum(s)"
""",
    "infinities that meet": """
[inputs]
x = { symbol = "x", value = [inf, -inf, 0.0] }
[forward]
y = "gather(x, [0, 0, 2])*x"
z = "gather(y, [0, 0, 2])*y"
p = "softplus(x)*prod(x)"
L = "sum(y) + sum(z) + sum(p)"
""",
    "every size": """
[inputs]
x = [1e308, 5e-324, nan, 0.1, 1e16, 123456.789, -inf, 1e-5]
[forward]
y = "exp(x)"
z = "log(y)"
L = "sum(z)"
""",
}

MILLION = """
[inputs]
x = { shape = [1000, 1000], init = "normal" }
[parameters]
w = { shape = [1000], init = "normal" }
[forward]
z = "x @ w"
h = "tanh(z)"
q = "relu(x)*2"
p = "sort(x)"
L = "sum(h) + mean(q) + sum(p)"
"""

KEYS = [
    *("n", "n", "end", "home", "G", "p", "enter", "v", "plus", "escape", "m", "down", "escape", "e", "escape"),
    *(
        "v",
        "plus",
        "plus",
        "minus",
        "minus",
        "minus",
        "v",
        "t",
        "1",
        "enter",
        "h",
        "r",
        "t",
        "equals_sign",
        "c",
        "N",
        "g",
    ),
]


@pytest.mark.parametrize("name", ["every size", "empty", "one element"])
async def test_every_screen_at_the_edge(name: str) -> None:
    app = BptuiApp(bptui.run(bptui.loads(EDGES[name])))
    async with app.run_test(size=(120, 40)) as pilot:
        for key in KEYS:
            await pilot.press(key)
            assert app.fault is None, key
            aligned(pilot, key)


def aligned(pilot: AnyPilot, key: str) -> None:
    """Fail where a number is cut, or where the rows of a table are not as wide as it is."""
    for table in pilot.app.screen.query(LineTable):
        if table.display and table.size.height:
            lines = [table.render_line(y).cell_length for y in range(table.size.height)]
            assert len(set(lines)) == 1, key
            assert not re.search(r"\d…", shown(table)), (key, shown(table))


async def test_a_million_elements_are_walked_like_three() -> None:
    trace = bptui.run(bptui.loads(MILLION))
    app = BptuiApp(trace)
    async with app.run_test(size=(120, 40)) as pilot:
        for key in ["n", "end", "G", "p", "end", "m", "escape", "v", "plus", "plus", "g"]:
            await pilot.press(key)
            aligned(pilot, key)


@pytest.mark.parametrize("name", EDGES)
@pytest.mark.parametrize("format", FORMATS)
def test_every_export_at_the_edge(name: str, format: str) -> None:
    trace = bptui.run(bptui.loads(EDGES[name]))
    written = bptui.export(trace, format)
    if format == "json":
        given: Any = json.loads(written)["values"][0]["value"]
        np.testing.assert_array_equal(np.array([float(one) for one in np.ravel(given)]), trace.values[0].reshape(-1))
    elif name == "not numbers":
        assert "nan" in written
        assert re.search(r"inf|∞|\\infty", written)
    report = bptui.check(bptui.loads(EDGES[name]))["scenarios"][0]
    assert [one["name"] for one in report["gradients"] if not one["ok"]] == []


def test_a_million_elements_are_exported_in_what_is_worth_reading() -> None:
    trace = bptui.run(bptui.loads(MILLION))
    for format in ("markdown", "latex", "html"):
        written, calls = counted(bptui.export, trace, format)
        assert len(written) < 500_000
        assert calls < 1_000_000  # fewer than one an element


def test_a_column_of_every_size_is_aligned() -> None:
    numbers = [1e308, 5e-324, float("nan"), 0.1, 1e16, 123456.789, float("-inf"), 1e-5, -0.0, 0.30000000000000004]
    assert column(numbers) == [
        "1e+308", "4.9407e-324", "nan", "0.100", "1e+16", "123456.789", "-inf", "1e-05", "0", "0.300",
    ]  # fmt: skip


@pytest.mark.parametrize("moved", [-1, 0, 1])
def test_a_tie_is_rounded_alike_whatever_the_last_digit(moved: int) -> None:
    ties = [0.12345, 0.00012345, 2.5e-7 + 5e-12, 1234567.5, 0.06245, 0.5 + 0.00005]
    texts = [column([one, 1.0])[0] for one in ties]
    near = [float(np.nextafter(one, np.inf * moved)) if moved else one for one in ties]
    assert [column([one, 1.0])[0] for one in near] == texts


@pytest.mark.parametrize("name", ["infinities that meet", "overflow"])
def test_every_export_in_symbols_at_the_edge(name: str) -> None:
    trace = bptui.run(bptui.loads(EDGES[name]), mode="symbols")
    for format in FORMATS:
        assert bptui.export(trace, format)
