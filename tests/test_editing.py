"""What if: edits, their history, the traces and curves that follow, and saving them as a new scenario file."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

import bptui
from bptui import bundled
from bptui.editing import SEED, Edits, History, LeafElement, curve, leaf_element, target_with
from bptui.errors import BptuiError
from bptui.exporting.scenario import scenario_text, write_scenario
from bptui.present.changes import changes, compared_frame
from bptui.present.presentation import Presentation
from bptui.trace.record import Trace

SMALL = """
# What is given.
[inputs]
x = [1, 2.50]     # two numbers
[parameters]
w = 0.5
[forward]
y = "w * x"
L = "sum(y**2)"
"""


def small() -> Trace:
    return bptui.run(bptui.loads(SMALL))


# -- edits -------------------------------------------------------------------------------------------------------------


def test_an_edit_gives_the_trace_of_the_other_numbers() -> None:
    trace = small()
    edited = Edits().replaced(LeafElement("x", 1), 4.0).apply(trace)
    assert edited.value("x").tolist() == [1.0, 4.0]
    assert edited.value("L") == 0.25 * 17
    assert edited.gradient("w") == 2 * 0.5 * 17


def test_an_edit_leaves_the_first_trace_as_it_was() -> None:
    trace = small()
    Edits().replaced(LeafElement("w", 0), 9.0).apply(trace)
    assert trace.value("w") == 0.5
    assert trace.gradient("w") == 7.25


def test_edits_start_from_the_numbers_of_the_trace_not_from_those_of_the_file() -> None:
    trace = bptui.run(bptui.loads(SMALL), {"w": 3.0})
    edited = Edits().replaced(LeafElement("x", 0), 0.0).apply(trace)
    assert edited.value("w") == 3.0


def test_undo_redo_and_reset() -> None:
    w = LeafElement("w", 0)
    history = History().edit(w, 1.0).edit(w, 2.0)
    assert history.undo().edits.numbers == {w: 1.0}
    assert history.undo().undo().edits.numbers == {}
    assert history.undo().undo().undo().edits.numbers == {}
    assert history.undo().redo() == history
    assert history.redo() == history
    assert history.reset().edits.numbers == {}
    assert history.reset().undo().edits == history.edits
    assert history.undo().edit(w, 5.0).redo().edits.numbers == {w: 5.0}


def test_edits_that_another_scenario_has_no_place_for_are_dropped() -> None:
    edits = Edits({LeafElement("x", 1): 1.0, LeafElement("x", 2): 1.0, LeafElement("gone", 0): 1.0})
    assert edits.fitting(small().scenario).numbers == {LeafElement("x", 1): 1.0}


def test_only_one_element_of_a_leaf_can_be_edited() -> None:
    trace = small()
    assert leaf_element(trace, "x[1]") == leaf_element(trace, "x(2)") == LeafElement("x", 1)
    assert leaf_element(trace, "w") == LeafElement("w", 0)
    with pytest.raises(BptuiError, match="`x` has shape"):
        leaf_element(trace, "x")
    with pytest.raises(BptuiError, match="`y` is computed, not given"):
        leaf_element(trace, "y[0]")


# -- curves ------------------------------------------------------------------------------------------------------------


def test_a_curve_is_the_target_over_a_range() -> None:
    found = curve(small(), LeafElement("w", 0), -1.0, 1.0, points=5)
    assert found.inputs.tolist() == [-1.0, -0.5, 0.0, 0.5, 1.0]
    assert found.outputs.tolist() == [7.25, 1.8125, 0.0, 1.8125, 7.25]


def test_a_curve_of_a_seeded_target_has_the_gradient_as_its_slope() -> None:
    trace = bptui.run(bptui.load("exercise-7-3c"))
    x = trace.value("x")[0]
    found = curve(trace, LeafElement("x", 0), x - 1e-4, x + 1e-4, points=3)
    slope = (found.outputs[2] - found.outputs[0]) / 2e-4
    assert slope == pytest.approx(float(trace.gradient("x")[0]), rel=1e-6)


def test_a_long_trace_has_a_curve_of_fewer_points_or_none(monkeypatch: pytest.MonkeyPatch) -> None:
    trace = small()
    monkeypatch.setattr("bptui.editing.CURVE_STEPS", 7 * len(trace.program.steps))
    assert len(curve(trace, LeafElement("w", 0), 0.0, 1.0).inputs) == 7
    monkeypatch.setattr("bptui.editing.CURVE_STEPS", 2 * len(trace.program.steps))
    with pytest.raises(BptuiError, match="no curve is made of a trace of 3 forward steps"):
        curve(trace, LeafElement("w", 0), 0.0, 1.0)


@pytest.mark.parametrize("ends", [(1.0, 1.0), (2.0, 1.0), (0.0, float("inf")), (float("nan"), 1.0)])
def test_a_range_without_two_ends_is_refused(ends: tuple[float, float]) -> None:
    with pytest.raises(BptuiError, match="a range has two different ends"):
        curve(small(), LeafElement("w", 0), *ends)


SEEDED = """
[inputs]
x = { symbol = "x", value = [3.0, 1.0] }
seed = 2.0
[forward]
y = "x * x * seed"
[backward]
of = "y"
seed = { symbol = "d", value = [1.0, -2.0] }   # given
"""


@pytest.mark.parametrize("reference", ["d1", "dL/dy[1]", " dL/dy(2) "])
def test_the_seed_is_edited_like_a_leaf(reference: str) -> None:
    trace = bptui.run(bptui.loads(SEEDED))
    element = leaf_element(trace, reference)
    assert (element, element.name(trace), element.number(trace)) == (LeafElement(SEED, 1), "dL/dy[1]", -2.0)
    history = History().edit(element, 5.0).edit(LeafElement("x", 0), 1.0)
    edited = history.edits.apply(trace)
    assert list(edited.seed) == [1, 5]
    assert list(edited.gradient("x")) == [4, 20], "2 · 2x · seed"
    assert list(history.undo().undo().edits.apply(trace).gradient("x")) == [12, -8]
    assert history.edits.fitting(trace.scenario) == history.edits


def test_the_seeds_slope_is_the_target() -> None:
    trace = bptui.run(bptui.loads(SEEDED))
    element = LeafElement(SEED, 0)
    step = 1e-3
    slope = (target_with(trace, element, 1 + step) - target_with(trace, element, 1 - step)) / (2 * step)
    assert element.slope(trace) == pytest.approx(slope) == pytest.approx(18)


@pytest.mark.parametrize(
    ("text", "reference", "message"),
    [
        (SEEDED, "dL/dx[0]", "is computed, not given"),
        (SEEDED, "dL/dy", "the seed has shape"),
        ('[inputs]\nx = 1.0\n[forward]\nL = "x*x"', "dL/dL", "dL/dL is 1: L changes as it changes"),
    ],
)
def test_what_is_no_element_of_a_given_seed_is_refused(text: str, reference: str, message: str) -> None:
    with pytest.raises(BptuiError, match=message):
        leaf_element(bptui.run(bptui.loads(text)), reference)


def test_an_edited_seed_is_saved_beside_a_leaf_of_that_name() -> None:
    trace = Edits({LeafElement(SEED, 1): 5.0, LeafElement("seed", 0): 3.0}).apply(bptui.run(bptui.loads(SEEDED)))
    text = scenario_text(trace)
    assert 'seed = { symbol = "d", value = [1.0, 5.0] }   # given' in text
    assert "seed = 3.0\n" in text
    assert text.replace("5.0", "-2.0").replace("seed = 3.0", "seed = 2.0") == SEEDED


# -- what changed ------------------------------------------------------------------------------------------------------


def compared(element: LeafElement, number: float) -> tuple[Presentation, Presentation]:
    trace = small()
    return Presentation(trace), Presentation(Edits().replaced(element, number).apply(trace))


def test_changed_values_and_gradients_are_written_old_and_new() -> None:
    before, after = compared(LeafElement("x", 1), 4.0)
    table = after.value_tables.table(99, before=before.trace)
    rows = {row.cells[0]: row.cells for row in table.rows}
    assert rows["x"][2] == "[1  2.5→4]"
    assert rows["x"][3] == "[0.5  1.25→2.0]"
    assert rows["w"][2:] == ("0.5", "7.25→17")


def test_other_decimals_alone_are_no_change() -> None:
    before, after = compared(LeafElement("x", 1), 4.0)
    assert before.values(99).rows[0].cells[2] == "[1.0  2.5]"
    assert after.values(99).rows[0].cells[2] == "[1  4]"
    assert after.value_tables.table(99, before=before.trace).rows[0].cells[2] == "[1  2.5→4]"


def test_the_results_of_a_step_are_compared_row_by_row() -> None:
    before, after = compared(LeafElement("x", 1), 4.0)
    table = compared_frame(before.frame(0), after.frame(0)).table
    assert [row.cells[-1] for row in table.rows] == ["0.5", "1.25→2"]


def test_all_changes_are_listed_with_old_and_new() -> None:
    before, after = compared(LeafElement("w", 0), 1.0)
    table, steps = changes(before, after)
    rows = {row.cells[0]: row.cells[1:] for row in table.rows}
    assert rows["w"] == ("0.5", "→", "1", "+0.5")
    assert rows["dL/dw"] == ("7.25", "→", "14.5", "+7.25")
    assert rows["L"] == ("1.8125", "→", "7.25", "+5.4375")
    assert not {"x[0]", "x[1]"} & rows.keys()
    made = dict(zip(rows, steps, strict=True))
    assert (made["w"], made["L"]) == (0, after.trace.seed_step - 1)
    assert after.label(made["dL/dw"]).text.startswith("dL/dw")


def test_what_is_not_to_be_seen_is_no_change() -> None:
    before, after = compared(LeafElement("w", 0), 1.0)
    table, _ = changes(before, after, lambda at: not at.gradient)
    assert [row.cells[0] for row in table.rows] == ["w", "y[0]", "y[1]", "L"]


def test_routes_are_written_old_and_new() -> None:
    before, after = compared(LeafElement("x", 1), 4.0)
    w = after.program.names["w"]
    listing = Presentation(after.trace).route_list(w, 0, before=before.trace)
    assert listing.title == "dL/dw = 7.25→17: the sum of 2 routes"
    assert [route.product for route in listing.routes] == ["6.25→16", "1"]
    primitive = Presentation(after.trace).route_list(w, 0, level="primitive", before=before.trace)
    assert [route.product for route in primitive.routes] == ["6.25→16", "1"]


def test_a_route_that_there_was_not_is_told() -> None:
    text = '[inputs]\nx = [1.0, 2.0]\n[forward]\ny = "max(x)"'
    trace = bptui.run(bptui.loads(text))
    edited = Edits().replaced(LeafElement("x", 0), 3.0).apply(trace)
    listing = Presentation(edited).route_list(edited.program.names["x"], 0, before=trace)
    assert listing.title.startswith("dy/dx[0] = 0→1")
    assert [route.product for route in listing.routes] in (["0→1"], ["none→1"])


# -- saving ------------------------------------------------------------------------------------------------------------


def edited(text: str, element: LeafElement, number: float, folder: Path | None = None) -> str:
    trace = bptui.run(bptui.loads(text, folder=folder))
    return scenario_text(Edits().replaced(element, number).apply(trace), folder)


def test_a_number_is_replaced_in_its_place() -> None:
    assert edited(SMALL, LeafElement("x", 1), 4.0) == SMALL.replace("2.50", "4.0")
    assert edited(SMALL, LeafElement("x", 0), 4.0) == SMALL.replace("[1,", "[4,")
    assert edited(SMALL, LeafElement("x", 0), -0.25) == SMALL.replace("[1,", "[-0.25,")


def test_a_trace_without_edits_gives_the_text_itself() -> None:
    for name in bundled.names():
        scenario = bptui.load(name)
        assert scenario_text(bptui.run(scenario)) == scenario.document.text


BEGINNING = "[inputs]\nx = [1, 2]\n"
END = '\n[forward]\ny = "W @ x"\nL = "sum(y)"\n'


@pytest.mark.parametrize(
    ("written", "expected"),
    [
        ('[parameters]\nW = { shape = [1, 2], init = "ones" } # drawn', "[parameters]\nW = [[1.0, 7.0]] # drawn"),
        ('[parameters]\nW.shape = [1, 2]\nW.init = "ones"', "[parameters]\nW = [[1.0, 7.0]]"),
        ('[parameters.W]\nshape = [1, 2] # two\ninit = "ones"', "[parameters]\nW = [[1.0, 7.0]]"),
        (
            '[parameters]\nb = 1\n[parameters.W]\nshape = [1, 2]\ninit = "ones"',
            "[parameters]\nW = [[1.0, 7.0]]\nb = 1",
        ),
        ('[parameters.W]\nsymbol = "w"\nvalue = [[1, 1]]', '[parameters.W]\nsymbol = "w"\nvalue = [[1, 7]]'),
    ],
)
def test_a_drawn_array_becomes_its_numbers(written: str, expected: str) -> None:
    text = BEGINNING + written + "\n" + END
    assert edited(text, LeafElement("W", 1), 7.0) == BEGINNING + expected + "\n" + END


def test_an_array_in_symbols_only_gets_the_numbers_that_it_was_run_with() -> None:
    text = '[inputs]\nx = { symbol = "x", shape = [2] }\n[forward]\ny = "sum(x)"\n'
    trace = bptui.run(bptui.loads(text), {"x": [3, 4]})
    assert '{ symbol = "x", value = [3.0, 4.0], shape = [2] }' in scenario_text(trace)


LAYERS = "[inputs]\nx = [1, 2]\n[network]\ninput = 'x'\n"


@pytest.mark.parametrize(
    ("written", "leaf", "expected"),
    [
        (
            'layers = [{ kind = "dense", seed = 3, units = 1, init = "ones" }]\n',
            "W1",
            'layers = [{ kind = "dense", units = 1, weights = [[1.0, 7.0]], bias = [0.0] }]\n',
        ),
        (
            'layers = [{ init = "ones", kind = "dense", units = 1, bias = false }]\n',
            "W1",
            'layers = [{ kind = "dense", units = 1, bias = false, weights = [[1.0, 7.0]] }]\n',
        ),
        (
            '[[network.layers]]\nkind = "dense" # one\nunits = 2\ninit = "ones"\nbias = [1, 2]\n',
            "W1",
            '[[network.layers]]\nkind = "dense" # one\nweights = [[1.0, 7.0], [1.0, 1.0]]\nunits = 2\nbias = [1, 2]\n',
        ),
        (
            'layers = [{ kind = "dense", units = 2, init = "ones" }]\n',
            "b1",
            'layers = [{ kind = "dense", units = 2, bias = [0.0, 7.0], init = "ones" }]\n',
        ),
    ],
)
def test_a_layer_that_draws_its_weights_is_given_them(written: str, leaf: str, expected: str) -> None:
    ending = '[forward]\nL = "sum(y)"\n'
    assert edited(LAYERS + written + ending, LeafElement(leaf, 1), 7.0) == LAYERS + expected + ending


def test_weights_and_bias_of_a_layer_are_written_once() -> None:
    text = LAYERS + 'layers = [{ kind = "dense", units = 1 }]\n[forward]\nL = "sum(y)"\n'
    trace = bptui.run(bptui.loads(text))
    edits = Edits().replaced(LeafElement("b1", 0), 7.0).replaced(LeafElement("W1", 0), 8.0)
    again = bptui.loads(scenario_text(edits.apply(trace)))
    assert bptui.run(again).value("b1").tolist() == [7.0]
    assert bptui.run(again).value("W1[0,0]") == 8.0


@pytest.mark.parametrize("name", bundled.names())
def test_every_bundled_scenario_with_every_leaf_edited_reads_back(name: str, tmp_path: Path) -> None:
    trace = bptui.run(bptui.load(name))
    edits = Edits({LeafElement(leaf, leaf_size - 1): -3.5 for leaf, leaf_size in sizes(trace).items()})
    changed = edits.apply(trace)
    write_scenario(changed, tmp_path / "new.toml")
    again = bptui.run(bptui.load(tmp_path / "new.toml"))
    for leaf in trace.scenario.leaves:
        np.testing.assert_array_equal(again.value(leaf), changed.value(leaf))


def sizes(trace: Trace) -> dict[str, int]:
    return {leaf: trace.value(leaf).size for leaf in trace.scenario.leaves}


def test_arrays_from_files_are_written_out_elsewhere_and_named_beside_the_original(tmp_path: Path) -> None:
    np.save(tmp_path / "w.npy", np.array([0.5, 0.25]))
    text = '[inputs]\nx = [1, 2]\n[parameters]\nw = { file = "w.npy" }\n[forward]\nL = "dot(w, x)"\n'
    (tmp_path / "first.toml").write_text(text)
    trace = bptui.run(bptui.load(tmp_path / "first.toml"))
    changed = Edits().replaced(LeafElement("x", 0), 5.0).apply(trace)
    assert 'file = "w.npy"' in scenario_text(changed, tmp_path)
    (tmp_path / "elsewhere").mkdir()
    assert "w = [0.5, 0.25]" in scenario_text(changed, tmp_path / "elsewhere")


def test_saving_overwrites_nothing(tmp_path: Path) -> None:
    path = tmp_path / "taken.toml"
    path.write_text("mine")
    with pytest.raises(BptuiError, match="exists already"):
        write_scenario(small(), path)
    assert path.read_text() == "mine"
