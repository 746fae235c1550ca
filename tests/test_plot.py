"""Curves as lines of text, and text for the clipboard."""

from __future__ import annotations

import numpy as np
import pytest

import bptui
from bptui.present.copying import formula_text, table_text
from bptui.present.plot import Mark, plot
from bptui.present.presentation import Presentation
from bptui.text import width

X = np.linspace(-1.0, 1.0, 61)


def test_a_parabola_is_drawn_between_its_ends() -> None:
    lines = plot(X, X**2, 30, 8, ascii=True)
    assert len(lines) == 8
    assert lines[0].startswith("1 |*")
    assert lines[0].endswith("*")
    assert "*" in lines[5]
    assert lines[5].startswith("0 |")
    assert lines[6].strip("+- ") == ""
    assert lines[7].split() == ["-1", "1"]


def test_a_rising_line_rises() -> None:
    lines = plot(X, X, 30, 8, ascii=True)[:6]
    columns = [line.index("*") for line in lines]
    assert columns == sorted(columns, reverse=True)


@pytest.mark.parametrize("ascii", [True, False])
@pytest.mark.parametrize("size", [(80, 20), (30, 6), (12, 3), (5, 1), (1, 1)])
def test_no_line_is_wider_than_asked(size: tuple[int, int], ascii: bool) -> None:
    for line in plot(X, np.exp(X) * 1e4, *size, marks=[Mark(0.0, 1e4, "o")], ascii=ascii):
        assert width(line) <= size[0]


def test_a_mark_stands_at_its_point() -> None:
    lines = plot(X, X, 33, 9, [Mark(0.0, 0.0, "o")], ascii=True)
    assert [line.index("o") for line in lines if "o" in line] == [len(lines[0]) // 2 + 2]


def test_ascii_is_ascii_and_blocks_are_blocks() -> None:
    assert "".join(plot(X, X, 30, 8, ascii=True)).isascii()
    assert any("\u2596" <= character <= "\u259f" for character in "".join(plot(X, X, 30, 8)))


def test_points_that_are_not_finite_are_left_out() -> None:
    with np.errstate(invalid="ignore"):
        lines = plot(X, np.sqrt(X), 33, 9, ascii=True)
    assert all("*" not in line[: len(line) // 2 - 2] for line in lines)
    assert plot(X, np.full(61, np.nan), 40, 8) == ["every point of the curve is nan or inf"]


def test_a_constant_runs_through_the_middle() -> None:
    lines = plot(X, np.full(61, 3.0), 30, 9, ascii=True)
    assert [at for at, line in enumerate(lines) if "*" in line] == [3]


def test_a_span_beyond_float64_is_said() -> None:
    y = np.where(X < 0, -1.7e308, 1.7e308)
    assert plot(X, y, 40, 8) == ["the curve is too steep to be drawn"]


def test_a_table_is_copied_with_tabs() -> None:
    shown = Presentation(bptui.run(bptui.load("exercise-7-1")))
    frame = shown.frame(1)
    lines = table_text(frame.table).splitlines()
    assert lines[0] == "element\twith numbers\tvalue"
    assert lines[1] == "z1(1)\t0.13 + 0.1\t0.23"
    assert formula_text(frame).splitlines()[:2] == ["z1 = W1 @ x + b1", "z1(1) = (W1 @ x)(1) + b1(1)"]
