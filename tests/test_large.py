"""Large arrays and long programs: what is shown of them costs what is shown, counted rather than timed."""

from __future__ import annotations

import re
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import bptui
from bptui.ops.structure import selection
from bptui.present import cells, whole
from bptui.present.copying import table_text
from bptui.present.layout import fitted, row_fitted, sum_fitted, table
from bptui.present.number_writer import NumberWriter
from bptui.present.numbers import number
from bptui.present.pictures import sizes
from bptui.present.presentation import Presentation, presentation_of
from bptui.present.search import Search, searched
from bptui.text import width as cells_of
from bptui.trace import elements
from bptui.trace.record import Trace
from work import counted

MOVING = {"sort", "gather", "topk", "concat", "index", "roll", "transpose"}


def ran(text: str) -> Trace:
    return bptui.run(bptui.loads(text))


# -- long programs -----------------------------------------------------------------------------------------------------


def chain(lines: int) -> Trace:
    """Return a run in which every line uses the same leaf, as the steps of a recurrent network do."""
    later = "".join(f'h{number} = "tanh(w*h{number - 1})"\n' for number in range(1, lines))
    return ran(f'[inputs]\nx = 0.5\n[parameters]\nw = 0.9\n[forward]\nh0 = "tanh(w*x)"\n{later}')


def test_derivatives_between_named_values_do_not_grow_with_the_square_of_the_lines(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(whole, "MOST_WORK", 1000)
    few, many = (counted(list, whole.links(NumberWriter(chain(lines))))[1] for lines in (200, 400))
    assert many < 3 * few


def test_derivatives_over_few_steps_come_and_the_others_are_counted(monkeypatch: pytest.MonkeyPatch) -> None:
    every = [block.name for block in whole.links(NumberWriter(chain(5)))]
    assert every == ["dh4/dh3", "dh3/dw", "dh3/dh2", "dh2/dw", "dh2/dh1", "dh1/dw", "dh1/dh0", "dh0/dw"]
    monkeypatch.setattr(whole, "MOST_WORK", 16)
    some = [block.name for block in whole.links(NumberWriter(chain(5)))]
    left = "… and 3 more derivatives that many steps lie between"
    assert some == ["dh4/dh3", "dh3/dw", "dh3/dh2", "dh2/dh1", "dh1/dh0", left]
    assert f"  {left}" in bptui.export(chain(5), "text").split("\n")


def test_routes_through_few_lines_come_and_the_other_names_are_counted(monkeypatch: pytest.MonkeyPatch) -> None:
    def titles() -> list[str]:
        return [listing.title for listing in whole.routes(NumberWriter(chain(5)))]

    every = titles()
    assert every == ["dh4/dw = 1.1284: the sum of 5 routes"]
    monkeypatch.setattr(whole, "MOST_PASSED", 5)
    assert titles() == every
    monkeypatch.setattr(whole, "MOST_PASSED", 4)
    assert titles() == ["… and the routes of 1 more name, through many lines"]


def unfolded(doublings: int) -> Trace:
    """Return a run of functions that call each other twice, in which most values are written by their numbers."""
    functions = "\n".join(f'"f{n}(a)" = "f{n - 1}(f{n - 1}(a)*a)"' for n in range(1, doublings + 1))
    return ran(
        f"""
[inputs]
x = 0.5
[functions]
"f0(a)" = "tanh(a)*0.25 + a[0]*permute(a, [1, 0])"
{functions}
[parameters]
w = [1.0, 2.0]
[forward]
h = "f{doublings}(w)"
L = "sum(f{doublings}(h*x))"
"""
    )


@pytest.mark.parametrize("text", ["sum sum", "dL/d(d", "+=+=", "f2(#x"])
def test_a_search_writes_one_of_all_steps_that_are_written_alike(text: str) -> None:
    few, many = (Presentation(unfolded(doublings)) for doublings in (7, 9))
    (found, calls), (_, more) = (counted(Search(shown, text).find, range(len(shown))) for shown in (few, many))
    assert found is None
    assert more - calls < 25 * (len(many) - len(few))  # to write a step takes some two hundred


def test_a_search_finds_all_steps_of_those_that_are_written_alike() -> None:
    shown = Presentation(unfolded(6))
    every = range(len(shown))
    texts = [searched(shown, step) for step in every]
    found = re.search(r"#\d+", texts[len(every) // 3])
    assert found is not None
    for text in (
        found[0],
        found[0][:-1],
        f"{found[0][2:]} ",
        "*0.25",
        "tanh(#",
        "f3(#",
        "· #1",
        "0",
        "f5(w)",
        "#",
        "7)",
    ):
        ways = (text.casefold(), cells.pretty(text).casefold())
        expected = [step for step in every if ways[0] in texts[step] or ways[1] in texts[step]]
        assert list(Search(shown, text).matches(every)) == expected, text
        assert list(Search(shown, text).matches(every[::-1])) == expected[::-1], text
        assert not expected or Search(shown, text).find(every[expected[-1] :]) == expected[-1]


# -- large arrays ------------------------------------------------------------------------------------------------------


def test_what_moves_is_told_without_looking_at_each_element() -> None:
    text = '[inputs]\nx = {{ shape = [{}], init = "normal" }}\n[forward]\ny = "x[0] * reverse(x)"\nL = "sum(y)"\n'
    pictures = []
    for size in (2000, 2001):  # beside `x[0]` stands the other way that x goes, where that is looked for
        trace = ran(text.format(size))
        wires, calls = counted(presentation_of(trace).wires, 0)
        assert wires is not None
        pictures.append(wires.step.operation.name)
        assert calls < 1500
    assert pictures == ["reverse", "index"]


@pytest.mark.parametrize(
    ("line", "most"), [("softmax(x)", 20 * 20), ("sort(x, 0, True)", 0), ("conv1d(reshape(x, [1000]), x[0])", 0)]
)
def test_rows_of_a_jacobian_are_computed_once_and_where_they_are_needed(
    line: str, most: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    text = f'[parameters]\nx = {{ shape = [20, 50], init = "normal" }}\n[forward]\ny = "{line}"\nL = "sum(y*y)"\n'
    trace, probes = ran(text), []
    shown, local_row = presentation_of(trace), Trace.local_row

    def probed(*arguments: Any) -> Any:
        probes.append(arguments)
        return local_row(*arguments)

    monkeypatch.setattr(elements, "_ELEMENTS_KEPT", 5000)  # five whole rows
    monkeypatch.setattr(Trace, "local_row", probed)
    first = trace.seed_step + 4  # after the seed, sum, and y*y twice
    table = shown.frame(first).table
    assert len([row.cells for row in table.rows]) >= 1000
    assert len(probes) <= most


def test_one_element_of_a_loss_does_not_list_the_elements_of_all_rows() -> None:
    text = """
[inputs]
t = {{ shape = [{0}, 3], init = "uniform" }}
[parameters]
z = {{ shape = [{0}, 3], init = "normal" }}
[forward]
L = "softmax_cross_entropy(z, t)"
"""
    few, many = (counted(presentation_of(ran(text.format(rows))).frame, 0) for rows in (100, 10_000))
    assert many[1] < few[1] + 50


def test_who_takes_an_element_is_found_where_nothing_is_taken_twice_and_where_it_is() -> None:
    for source in ([2, -1, 0, 4], [1, 1, -1, 0, 1], [], [-1, -1], [5, 4, 3, 2, 1, 0]):
        found = selection(np.array(source, dtype=np.intp))
        for taken in range(7):
            assert found.feeds(taken).tolist() == [at for at, one in enumerate(source) if one == taken]


def test_what_a_sort_takes_is_told_of_one_element_alone() -> None:
    text = '[inputs]\nx = {{ shape = [{}, 100, 2], init = "normal" }}\n[forward]\ny = "{}"\nL = "sum(y*y)"\n'
    for line in ("sort(x, 1)", "sort(x, None, True)", "sort(x, 0)", "topk(x, 1)"):
        trace = ran(text.format(3, line))
        moved = trace.elements.structure(0, 0).source
        assert moved is not None
        names = [trace.program.element_name(trace.program.names["x"], flat) for flat in moved.tolist()]
        step = trace.program.steps[0]
        assert [cells.element(cells.Names(trace, step), step, flat) for flat in range(len(names))] == names


def test_each_operand_of_many_costs_its_own_entries() -> None:
    def calls(operands: int) -> int:
        names = [f"x{number}" for number in range(operands)]
        given = "".join(f"{name} = 1.5\n" for name in names)
        trace = ran(f'[inputs]\n{given}[forward]\nL = "sum(stack([{", ".join(names)}]))"\n')
        return counted(bptui.export, trace, "json")[1]

    assert calls(60) < 3 * calls(30)


def test_the_matrix_of_what_moves_is_what_the_rule_passes_back() -> None:
    trace = ran(
        """
[parameters]
x = [[3.0, nan, 1.0], [1.0, inf, 2.0]]
z = [0.5, -0.5]
[forward]
a = "sort(x)"
b = "gather(x, [1, 1, 0])"
c = "topk(x, 2)"
d = "concat([x[0], z])"
m = "roll(x, 2).T"
L = "sum(a) + sum(b) + sum(c) + sum(d) + sum(m)"
"""
    )
    slots = [slot for slot in trace.program.slots if trace.program.steps[slot.step].operation.name in MOVING]
    assert {trace.program.steps[slot.step].operation.name for slot in slots} == MOVING
    for slot in slots:
        matrix = trace.local(slot.index).value
        size = trace.values[trace.program.steps[slot.step].output].size
        rows = [trace.local_row(slot.step, slot.slot, flat).ravel() for flat in range(size)]
        assert matrix is not None
        assert np.array_equal(matrix.reshape(size, -1), rows)


# -- numbers at the edge -----------------------------------------------------------------------------------------------


def test_no_number_of_an_array_is_cut_and_rows_stay_aligned() -> None:
    trace = ran(
        """
[parameters]
v = [nan, inf, -inf, 5e-324, 1e308, -0.0, 0.25, 1e-5]
m = [[1e-9, 1, 2, 3, 4, 5, 6e-9, 7], [-1, 2, 3.5e300, 4, 5, -6, 7, 8e-9]]
w = { shape = [2, 40], init = "normal", scale = 1e-7 }
[forward]
h = "sort(v)"
L = "sum(h) + sum(m) + sum(w)"
"""
    )
    lines = bptui.export(trace, "text").split("\n")
    given = lines[lines.index("Given and computed") + 2 : lines.index("Forward")]
    rows = [line.partition("[")[2] for line in given if line.endswith("]")]
    numbers = [row.rstrip("]").split() for row in rows]
    assert numbers == [
        ["nan", "inf", "-inf", "…", "0.25", "1e-05"],
        ["1e-09", "1", "2", "3", "…", "5", "6e-09", "7"],
        ["-1", "2", "3.5e+300", "4", "…", "-6", "7", "8e-09"],
        *numbers[3:],
    ]
    written = {number(value) for value in trace.value("w").ravel().tolist()}
    assert {word for row in numbers[3:] for word in row} < {*written, "…"}
    for one, other in ((1, 2), (3, 4)):
        assert [found.end() for found in re.finditer(r"[^ \]]+", rows[one])] == [
            found.end() for found in re.finditer(r"[^ \]]+", rows[other])
        ]


@pytest.mark.parametrize(
    ("most", "expected"),
    [
        (34, "[ 0.5  1  -22  …  3e-05  nan  inf]"),
        (33, "[ 0.5  1  -22  …  nan  inf]"),
        (26, "[ 0.5  1  …  nan  inf]"),
        (21, "[ 0.5  1  …  inf]"),
        (16, "[ 0.5  …  inf]"),
        (13, "[ 0.5 …]"),
        (7, None),
    ],
)
def test_of_a_row_without_room_whole_numbers_are_left_out(most: int, expected: str | None) -> None:
    assert row_fitted("[ 0.5  1  -22  0.25  3e-05  nan  inf]", most) == expected
    known = row_fitted("[ 0.5  1  -22  …  nan  inf]", min(most, 26))
    assert known == (row_fitted("[ 0.5  1  -22  0.25  3e-05  nan  inf]", min(most, 26)))


def test_what_is_no_row_of_numbers_is_not_taken_for_one() -> None:
    assert row_fitted("[1/2·(x0 - x1)  x2·(x0 + x3)]", 10) is None
    assert row_fitted("… 994 more rows", 10) is None


def test_of_an_empty_array_nothing_is_said_but_its_size() -> None:
    trace = ran('[parameters]\nx = { shape = [3, 0], init = "zeros" }\n[forward]\nL = "sum(2*x)"\n')
    assert [one.notes for one in sizes(trace)] == [(), ()]


def test_an_infinite_element_that_only_moves_is_told_by_its_name() -> None:
    table = Presentation(ran('[inputs]\nx = [1, -inf]\n[forward]\ny = "sort(x)"\nL = "sum(y)"\n')).frame(0).table
    assert [row.cells for row in table.rows] == [("y[0]", "x[1]", "-inf"), ("y[1]", "x[0]", "1")]


# -- what is left out of tables ----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("most", "expected"),
    [
        (45, "(0.25 + (-0.125) + … + 0.75)/98"),
        (31, "(0.25 + (-0.125) + … + 0.75)/98"),
        (30, "(0.25 + … + 0.75)/98"),
        (19, None),
    ],
)
def test_of_a_sum_without_room_whole_terms_are_left_out(most: int, expected: str | None) -> None:
    assert sum_fitted("(0.25 + (-0.125) + … 95 more … + 0.75)/98", most) == expected


def test_what_is_left_out_twice_is_said_once() -> None:
    assert fitted("sum(T·log(P), …)[0,0]", 17) == "sum(T·log(P…[0,0]"
    assert fitted("sum(T·log(P)…)[0,0]", 18) == "sum(T·log(P)…[0,0]"


PIECES = st.sampled_from(["0.0125", "-3", "1.5e-07", "W1", " + ", "·", "(", ")"])


@given(text=st.lists(PIECES, min_size=1).map("".join), most=st.integers(14, 40))
def test_no_number_is_cut_in_two(text: str, most: int) -> None:
    short = fitted(text, most)
    assert cells_of(short) <= most
    head, _, tail = short.partition("…") if short != text else (text, "", "")
    whole = [(one.start(), one.end()) for one in re.finditer(r"(?<![\w.])\d[\d.]*(?:e[+-]\d+)?", text)]
    for cut in (len(head), len(text) - len(tail)):
        assert not any(0 < start < cut < end < len(text) for start, end in whole)


def test_of_a_million_elements_all_that_are_not_shown_are_counted() -> None:
    trace = ran('[parameters]\nx = { shape = [1000000], init = "ones" }\n[forward]\nL = "sum(tanh(x))"\n')
    step = Presentation(trace).frame(0).table
    assert list(table(step, 80, 0, 24))[-1] == "… 999,976 more"
    assert table_text(step).splitlines()[-1] == "… 999,000 more"  # a page whole, and the rest of the elements
    assert step.after(1000) == 999_000
    assert step.after(24) == 999_976
    assert step.after(2000) == 0
