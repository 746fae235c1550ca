"""Pictures: heat maps that say sign and size without colour, and sizes line by line."""

from __future__ import annotations

import math

import numpy as np
import pytest

import bptui
from bptui.exporting.text import write_text
from bptui.present.drawing import text_of
from bptui.present.pictures import Scale, heat_map, scale_of, size_lines, sizes, value_maps
from bptui.trace.record import Trace


def traced(name: str) -> Trace:
    return bptui.run(bptui.load(name))


def picture(array: object, width: int = 40, height: int = 10, plain: bool = False) -> list[str]:
    return [text_of(line) for line in heat_map(np.asarray(array, dtype=np.float64), width, height, plain)]


def test_sign_and_size_are_characters() -> None:
    assert picture([[8.0, -8.0, 0.0], [1.0, -4.0, 0.01]])[:2] == ["+█-█ ·", "+▁-▄+▁"]
    assert picture([[8.0, -4.0, 0.0]], plain=True)[0] == "+8-4 ."


def test_what_is_no_number_is_seen() -> None:
    assert picture([1.0, math.nan, -math.inf])[0] == "+█ ?-∞"
    assert picture([1.0, math.nan, -math.inf])[-1] == "3 elements, 1 to 1, 2 not finite"


def test_tones_follow_the_sign() -> None:
    line = heat_map(np.array([1.0, 2.0, -1.0, 0.0]), 40)[0]
    assert line == (("+▄+█", "positive"), ("-▄", "negative"), (" ·", "muted"))


def test_a_large_matrix_keeps_its_largest_elements() -> None:
    array = np.zeros((100, 200))
    array[57, 123] = -3.0
    lines = picture(array, width=42, height=10)
    assert len(lines) == 10 + 3
    assert [line.count("-█") for line in lines[:10]] == [0, 0, 0, 0, 0, 1, 0, 0, 0, 0]
    assert all(len(line) == 40 for line in lines[:10])
    assert lines[-1] == "a cell: the largest in size of 10×10"


def test_the_maps_of_large_arrays_stand_beside_each_other_and_fit() -> None:
    text = '[inputs]\nX = { shape = [64, 784], init = "uniform" }\n[forward]\nL = "sum(X * X)"\n'
    trace = bptui.run(bptui.loads(text))
    lines = [text_of(line) for line in value_maps(trace, sizes(trace)[0], 72, 11)]
    assert lines[0].split() == ["X", "dL/dX"]
    assert len(lines) == 11
    assert max(map(len, lines)) <= 72
    assert sum("█" in line for line in lines) >= 4
    narrow = [text_of(line) for line in value_maps(trace, sizes(trace)[0], 40, 11)]
    assert narrow[0] == "X", "one below the other"
    assert "dL/dX" in narrow


@pytest.mark.parametrize("array", [np.zeros((0, 3)), np.zeros(3), np.float64(2.0), np.ones((2, 2, 2))])
def test_any_shape_has_a_picture(array: object) -> None:
    assert picture(array)


def test_a_bar_is_empty_only_for_zero_and_full_at_the_top() -> None:
    scale = scale_of([1e-7, 1.0])
    assert (scale.low, scale.high) == (-8, 0)
    assert scale.filled(0.0, 20) == 0
    assert scale.filled(1e-7, 20) > 0
    assert scale.filled(1.0, 20) == scale.filled(math.inf, 20) == 20
    assert scale_of([]) == Scale(-3, 0)
    assert scale_of([1.7e308]).text == "1e+305 to 1e+308"
    assert scale_of([5e-324]).text == "1e-308 to 1e-305"
    assert scale_of([5e-324, 1.7e308]) == Scale(-308, 308)
    assert scale_of([1.0, 1.1]).high - scale_of([1.0, 1.1]).low >= 3


def test_a_vanishing_gradient_is_seen_at_a_glance() -> None:
    found = sizes(traced("vanishing-gradient"))
    lines = [text_of(line) for line in size_lines(found, 80, plain=True)]
    bars = [line.rstrip(" .").split()[-1].count("#") for line in lines if line.startswith("a")]
    assert bars == sorted(bars)
    assert bars[-1] > 4 * bars[0]
    assert [one.name for one in found if "tiny gradient" in one.notes] == ["x"]


def test_an_exploding_gradient_is_marked() -> None:
    assert any("huge gradient" in one.notes for one in sizes(traced("exploding-gradient")))


def test_dead_units_are_counted_over_all_examples() -> None:
    notes = {one.name: one.notes for one in sizes(traced("dead-relu"))}
    assert notes["H"] == ("1 of 2 units off",)
    text = '[inputs]\nz = [1, -2, -3]\n[forward]\nh = "relu(z)"\nL = "sum(h)"\n'
    single = bptui.run(bptui.loads(text))
    assert {one.name: one.notes for one in sizes(single)}["h"] == ("2 of 3 units off",)


def test_units_lie_along_the_rows_where_weights_stand_left() -> None:
    text = (
        "[inputs]\nX = [[1, 2, 3], [1, 1, 1]]\n[parameters]\nW = [[1, 1], [-1, -1]]\n"
        '[forward]\nH = "relu(W @ X)"\nL = "sum(H)"\n'
    )
    assert {one.name: one.notes for one in sizes(bptui.run(bptui.loads(text)))}["H"] == ("1 of 2 units off",)


def test_it_is_told_where_no_gradient_arrives() -> None:
    trace = bptui.run(bptui.loads('[inputs]\na = 2\nb = 3\n[forward]\nL = "a*a"\nM = "b + 1"\n[backward]\nof = "L"\n'))
    assert {one.name: one.notes for one in sizes(trace)}["b"] == ("no gradient arrives",)


@pytest.mark.parametrize("name", ["dead-relu", "vanishing-gradient", "weights-from-file", "lstm-cell"])
def test_the_export_has_the_sizes_in_ascii(name: str) -> None:
    text = write_text(traced(name))
    section = text.split("Sizes, line by line\n")[1].split("\n\n")[0]
    assert section.isascii()
    assert max(map(len, section.splitlines())) <= 80
    assert section.count("#") > 10


def test_a_mean_is_finite_where_all_elements_are() -> None:
    trace = bptui.run(bptui.loads('[parameters]\na = [1.5e308, 1.5e308]\nb = [-inf, 1]\n[forward]\nL = "sum(b*0*a)"\n'))
    found = {one.name: one for one in sizes(trace)}
    assert found["a"].value == 1.5e308
    assert "value inf" in found["b"].notes
    assert "value nan" in found["L"].notes
