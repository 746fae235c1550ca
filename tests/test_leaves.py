"""Leaves in every form, and what is said about those that are none."""

from __future__ import annotations

import io
import math
import os
import tracemalloc
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bptui.errors import Fault
from bptui.limits import LIMITS, Limits
from bptui.scenario.document import Document
from bptui.scenario.leaves import Leaf, read_leaf

Shape = tuple[int, ...]


def read_document(
    value: str, folder: Path | None = None, *, limits: Limits = LIMITS, shape: Shape | None = None, head: str = ""
) -> tuple[Leaf | None, list[Fault]]:
    document = Document.parse(f"{head}parameters.W = {value}", "s.toml", folder, limits)
    leaf = read_leaf(document, ("parameters", "W"), document.data["parameters"]["W"], shape=shape)
    return leaf, document.faults


def read(value: str, folder: Path | None = None, *, shape: Shape | None = None) -> Leaf:
    leaf, faults = read_document(value, folder, shape=shape)
    assert faults == []
    assert leaf is not None
    return leaf.drawn()


def numbers(value: str, folder: Path | None = None) -> Any:
    array = read(value, folder).value
    assert array is not None
    return array


def fault_of(
    value: str, folder: Path | None = None, *, limits: Limits = LIMITS, shape: Shape | None = None, head: str = ""
) -> tuple[str, str, str]:
    """Return what the one fault underlines, its message and its hint."""
    leaf, faults = read_document(value, folder, limits=limits, shape=shape, head=head)
    assert leaf is None
    (fault,) = faults
    assert fault.column is not None
    return fault.source[fault.column - 1 :][: fault.length], fault.message, fault.hint


# -- numbers -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ("3", 3.0),
        ("-0.5", -0.5),
        ("[0.5, 2]", [0.5, 2.0]),
        ("[[1, 2], [3, 4], [5, 6]]", [[1, 2], [3, 4], [5, 6]]),
        ("[[[1], [2]]]", [[[1], [2]]]),
        ("[]", []),
        ("[[], []]", [[], []]),
        ("[inf, -inf, nan, -0.0]", [math.inf, -math.inf, math.nan, -0.0]),
        ("0x1F", 31.0),
    ],
)
def test_numbers_and_nests(value: str, expected: Any) -> None:
    leaf = read(value)
    assert leaf.value is not None
    np.testing.assert_array_equal(leaf.value, np.array(expected, dtype=np.float64))
    assert leaf.shape == leaf.value.shape == np.shape(expected)
    assert leaf.value.dtype == np.float64
    assert not leaf.value.flags.writeable
    assert (leaf.name, leaf.role, leaf.symbol, leaf.path) == ("W", "parameter", None, ("parameters", "W"))


def test_name_and_role() -> None:
    document = Document.parse("inputs.x = 1\nbackward.seed = 2\nnetwork.layers = [{ weights = [[1]] }]")
    x = read_leaf(document, ("inputs", "x"), 1)
    seed = read_leaf(document, ("backward", "seed"), 2, shape=())
    weights = read_leaf(document, ("network", "layers", 0, "weights"), [[1]], name="W1", role="parameter")
    assert [(leaf.name, leaf.role) for leaf in (x, seed, weights) if leaf] == [
        ("x", "input"),
        ("seed", "input"),
        ("W1", "parameter"),
    ]


@pytest.mark.parametrize(
    ("value", "underlined", "message", "hint"),
    [
        ('"0.5"', '"0.5"', 'this must be a number, and it is the text "0.5"', "leave the quotes out: `W = 0.5`"),
        ('[1, "2"]', '"2"', 'it is the text "2"', "leave the quotes out: `2`"),
        ('"0,5"', '"0,5"', 'it is the text "0,5"', "write `0.5`, with a point and without quotes"),
        ('"2*x"', '"2*x"', 'it is the text "2*x"', ""),
        ('"x"', '"x"', 'it is the text "x"', "a line under [forward]"),
        ("true", "true", "this must be a number, and it is true", "write 1"),
        ("[1, false]", "false", "it is false", "write 0"),
        ("1979-05-27", "1979-05-27", "it is a date or a time", ""),
        ("[1, { a = 1 }]", "{ a = 1 }", "it is a table", ""),
        ("[[1, 2], [3]]", "[3]", "`W[1]` has length 1, and `W[0]` has length 2", "same length"),
        ("[[1], [2, 3]]", "[2, 3]", "`W[1]` has length 2, and `W[0]` has length 1", "same length"),
        ("[[1, 2], 3]", "3", "`W[1]` is a single number, and `W[0]` is a list of 2", "same length"),
        ("[1, [2, 3]]", "[2, 3]", "`W[1]` is a list of 2, and `W[0]` is a number", "same length"),
        ("[[[1], [2]], [[3], [4, 5]]]", "[4, 5]", "`W[1,1]` has length 2, and `W[0,0]` has length 1", "same length"),
        ("[[], [1]]", "[1]", "`W[1]` has length 1, and `W[0]` has length 0", "same length"),
        ("1" + "0" * 309, "1" + "0" * 309, "this number is too large for a float64", "the largest is about 1.8e308"),
        ("[" * 9 + "1" + "]" * 9, "[" * 9 + "1" + "]" * 9, "an array has at most 8 axes, and this has 9", ""),
    ],
)
def test_what_is_no_array_of_numbers(value: str, underlined: str, message: str, hint: str) -> None:
    found = fault_of(value)
    assert found[0] == underlined
    assert message in found[1]
    assert hint in found[2]


def test_elements_are_named_as_the_scenario_shows_them() -> None:
    _, message, _ = fault_of("[[1, 2], [3]]", head="index_base = 1\n")
    assert message == "the rows differ: `W(2)` has length 1, and `W(1)` has length 2"


def test_only_the_first_of_many_faults_of_one_leaf_is_told() -> None:
    assert fault_of('["a", "b", "c"]')[0] == '"a"'


# -- symbols -------------------------------------------------------------------------------------------------------


def test_symbols_only() -> None:
    leaf = read('{ symbol = "x", shape = [2, 3] }')
    assert (leaf.shape, leaf.value, leaf.symbol) == ((2, 3), None, "x")
    assert read('{ symbol = "σ", shape = [] }').shape == ()


def test_symbols_and_values() -> None:
    leaf = read('{ symbol = "x", value = [3, 1] }')
    assert (leaf.shape, leaf.symbol) == ((2,), "x")
    assert leaf.value is not None
    np.testing.assert_array_equal(leaf.value, [3.0, 1.0])
    assert read('{ symbol = "x", value = [3, 1], shape = [2] }').shape == (2,)


def test_a_known_shape_may_be_left_out() -> None:
    assert read('{ symbol = "d" }', shape=(2, 3)).shape == (2, 3)
    assert read('{ init = "ones" }', shape=(2,)).shape == (2,)
    assert read("[1, 2]", shape=(2,)).shape == (2,)


@pytest.mark.parametrize(
    ("value", "underlined"),
    [
        ("[1, 2]", "[1, 2]"),
        ("1", "1"),
        ('{ symbol = "d", shape = [2] }', "[2]"),
        ('{ symbol = "d", value = [1, 2] }', "[1, 2]"),
        ('{ init = "ones", shape = [2] }', "[2]"),
    ],
)
def test_a_known_shape_is_kept(value: str, underlined: str) -> None:
    found = fault_of(value, shape=(3,))
    assert found[0] == underlined
    assert found[1].startswith("`W` must have shape (3,) here, and this has shape (")


def test_a_number_is_no_list_of_one() -> None:
    assert fault_of("1", shape=(1,))[2] == "a number and a list with one number are not the same: mind the brackets"


@pytest.mark.parametrize(
    ("value", "underlined", "message", "hint"),
    [
        ("{}", "{}", "does not say where the numbers come from", 'write `{ symbol = "x", shape = [5] }`'),
        ("{ shape = [2] }", "{ shape = [2] }", "does not say where the numbers come from", '`{ file = "w.npz", key'),
        ('{ symbl = "x", shape = [2] }', "symbl", "unknown key `symbl`", "did you mean `symbol`? an array's table may"),
        ('{ symbol = "x", shape = [2], sed = 1 }', "sed", "unknown key `sed`", "`W` may have `symbol` and `shape`"),
        ('{ symbol = "x" }', '{ symbol = "x" }', "`shape` is missing here", "`shape = [5]`"),
        ('{ init = "ones" }', '{ init = "ones" }', "`shape` is missing here", "`shape = [5]`"),
        ('{ symbol = "x", shape = 5 }', "5", "`shape` must be a list of whole numbers", "`shape = [5]`"),
        ('{ symbol = "x", shape = [-1] }', "-1", "must each be a whole number of at least 0", ""),
        ('{ symbol = "x", shape = [2.0] }', "2.0", "must each be a whole number", ""),
        ('{ symbol = "x", shape = [1,1,1,1,1,1,1,1,1] }', "[1,1,1,1,1,1,1,1,1]", "whole numbers (at most 8)", ""),
        ("{ symbol = 3, shape = [2] }", "3", "`symbol` must be text in quotes", 'put it in quotes: `symbol = "3"`'),
        ('{ symbol = "x y", shape = [2] }', '"x y"', '"x y" cannot be a symbol', "write a letter or a word"),
        ('{ symbol = "2", shape = [2] }', '"2"', '"2" cannot be a symbol', "write a letter or a word"),
        ('{ symbol = "e", shape = [] }', '"e"', "`e` is the constant", "write a letter or a word"),
        ("{ value = [1, 2] }", "[1, 2]", "a table with `value` has a `symbol` too", "`W = [1, 2]`"),
        (
            '{ symbol = "x", value = [1, 2], shape = [3] }',
            "[1, 2]",
            "`value` has shape (2,), and `shape` says (3,)",
            "take",
        ),
        ('{ symbol = "x", value = [1, "2"] }', '"2"', "this must be a number", "leave the quotes out: `2`"),
        ('{ symbol = "x", value = "2" }', '"2"', "this must be a number", "leave the quotes out: `value = 2`"),
        ('{ symbol = "x", value = [[1], [2, 3]] }', "[2, 3]", "`W[1]` has length 2, and `W[0]` has length 1", "same"),
        (
            '{ symbol = "x", init = "ones", shape = [2] }',
            "symbol",
            "does not go together with `init`",
            "`seed` and `scale`",
        ),
        ('{ init = "ones", value = [2] }', "value", "`value` does not go together with `init`", "a table with `init`"),
        ('{ file = "w.npz", shape = [2] }', "shape", "`shape` does not go together with `file`", "`file` and `key`"),
        ('{ symbol = "x", shape = [2], scale = 2 }', "scale", "does not go together with `symbol`", "may have"),
        (
            '{ init = "he_norml", shape = [2] }',
            '"he_norml"',
            '`init` must be one of "he_normal"',
            'did you mean "he_normal"?',
        ),
        ('{ init = "he_normal", shape = [] }', '"he_normal"', "needs at least one axis", '`"normal"` or `"uniform"`'),
        ('{ init = "ones", shape = [2], seed = -1 }', "-1", "`seed` must be a whole number from 0 to 4294967295", ""),
        ('{ init = "ones", shape = [2], scale = "2" }', '"2"', "`scale` must be a finite number", "`scale = 2`"),
    ],
)
def test_tables_that_are_no_leaves(value: str, underlined: str, message: str, hint: str) -> None:
    found = fault_of(value)
    assert found[0] == underlined
    assert message in found[1]
    assert hint in found[2]


def test_several_bad_keys_of_one_table_are_all_told() -> None:
    leaf, faults = read_document('{ init = "ons", shape = [2], seed = -1 }')
    assert leaf is None
    assert len(faults) == 2


# -- sizes ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("form", ['symbol = "x"', 'init = "normal"', 'init = "zeros"'])
@pytest.mark.parametrize(
    "shape", ["[16384, 16384]", "[268435456]", "[1000000000, 1000000000, 1000000000]", "[0, 268435456]"]
)
def test_a_shape_of_gigabytes_is_refused_before_anything_is_allocated(form: str, shape: str) -> None:
    tracemalloc.start()
    underlined, message, hint = fault_of(f"{{ {form}, shape = {shape} }}")
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert underlined == shape
    assert message.endswith("elements, were it not empty" if "[0" in shape else "elements")
    assert hint == "at most 10,000,000 are allowed; `--limit array_elements=…` raises it"
    assert peak < 5_000_000


def test_large_numbers_of_elements_are_shown_shortly() -> None:
    assert "would have 268,435,456 elements" in fault_of('{ symbol = "x", shape = [268435456] }')[1]
    assert "would have about 10^60 elements" in fault_of(f'{{ symbol = "x", shape = {[10**15] * 4} }}')[1]


def test_all_leaves_together_are_bounded() -> None:
    limits = Limits(array_elements=10, total_elements=15)
    document = Document.parse("inputs.a = 1\ninputs.b = 2\ninputs.c = 3", limits=limits)
    tables = [{"init": "ones", "shape": [10]}, {"symbol": "x", "shape": [6]}, [1, 2, 3, 4, 5]]
    read_leaves = [read_leaf(document, ("inputs", name), raw) for name, raw in zip("abc", tables, strict=True)]
    assert [leaf is None for leaf in read_leaves] == [False, True, False]
    (fault,) = document.faults
    assert fault.message == "with this array, the scenario would have 16 elements"
    assert document.elements == 15


# -- drawing -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("shape", [(2, 3), (4,), (2, 3, 4)])
def test_drawn_numbers_are_those_of_the_frozen_stream(shape: Shape) -> None:
    fan_out, fan_in = shape[0], shape[-1]
    normal = np.random.RandomState(7).standard_normal(shape)
    uniform = np.random.RandomState(7).uniform(-1, 1, shape)
    expected = {
        "normal": normal,
        "uniform": uniform,
        "xavier_normal": np.sqrt(2 / (fan_in + fan_out)) * normal,
        "xavier_uniform": np.sqrt(6 / (fan_in + fan_out)) * uniform,
        "he_normal": np.sqrt(2 / fan_in) * normal,
        "he_uniform": np.sqrt(6 / fan_in) * uniform,
        "zeros": np.zeros(shape),
        "ones": np.ones(shape),
    }
    for init, array in expected.items():
        drawn = numbers(f'{{ init = "{init}", shape = {list(shape)}, seed = 7 }}')
        np.testing.assert_array_equal(drawn, array)
        assert not drawn.flags.writeable
        scaled = numbers(f'{{ init = "{init}", shape = {list(shape)}, seed = 7, scale = 0.5 }}')
        np.testing.assert_array_equal(scaled, 0.5 * array)


def test_drawn_numbers_do_not_change_from_version_to_version() -> None:
    drawn = numbers('{ init = "he_normal", shape = [2, 2] }')
    np.testing.assert_allclose(drawn.ravel(), [1.764052346, 0.400157208, 0.978737984, 2.240893199], rtol=1e-9)


def test_a_single_number_and_none_are_drawn() -> None:
    assert numbers('{ init = "normal", shape = [], seed = 3 }') == np.random.RandomState(3).standard_normal()
    for init in ("he_normal", "xavier_uniform", "normal", "ones"):
        assert numbers(f'{{ init = "{init}", shape = [0, 3] }}').shape == (0, 3)
        assert numbers(f'{{ init = "{init}", shape = [3, 0] }}').shape == (3, 0)


# -- files ---------------------------------------------------------------------------------------------------------

MATRIX = np.array([[1.0, 2.5, -3.0], [4.0, math.inf, 6.0]])


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    home = tmp_path / "home"
    (home / "below").mkdir(parents=True)
    np.savez(home / "weights.npz", W1=MATRIX, b1=np.arange(3), scalar=np.float32(0.5))
    np.savez_compressed(home / "below" / "packed.npz", W1=MATRIX)
    np.save(home / "W.npy", MATRIX)
    (home / "W.csv").write_text("1, 2.5,-3\r\n4,inf,6e0\n\n", encoding="utf-8-sig")
    np.savez(tmp_path / "outside.npz", W1=MATRIX)
    return home


@pytest.mark.parametrize(
    "value",
    [
        '{ file = "weights.npz", key = "W1" }',
        '{ file = "./below/packed.npz", key = "W1" }',
        '{ file = "W.npy" }',
        '{ file = "W.csv" }',
    ],
)
def test_arrays_from_files(value: str, folder: Path) -> None:
    array = numbers(value, folder)
    np.testing.assert_array_equal(array, MATRIX)
    assert array.dtype == np.float64
    assert array.flags.c_contiguous
    assert not array.flags.writeable


def test_a_csv_always_has_two_axes(folder: Path) -> None:
    (folder / "one.csv").write_text("5")
    (folder / "row.csv").write_text("1,2,3")
    (folder / "column.csv").write_text("1\n2\n")
    assert [read(f'{{ file = "{name}.csv" }}', folder).shape for name in ("one", "row", "column")] == [
        (1, 1),
        (1, 3),
        (2, 1),
    ]


@pytest.mark.parametrize("kind", ["<f4", ">f8", "<f2", "u1", "<i8", ">i2"])
@pytest.mark.parametrize("order", ["C", "F"])
@pytest.mark.parametrize("shape", [(), (6,), (2, 3), (0, 3), (1, 2, 3)])
def test_arrays_of_every_real_kind_and_order(kind: str, order: Any, shape: Shape, folder: Path) -> None:
    array = np.asarray(np.arange(math.prod(shape)).reshape(shape), dtype=kind, order=order)
    np.save(folder / "a.npy", array)
    np.testing.assert_array_equal(numbers('{ file = "a.npy" }', folder), array.astype(np.float64))
    for version in ((1, 0), (2, 0), (3, 0)):
        with (folder / "v.npy").open("wb") as file:
            np.lib.format.write_array(file, array, version)
        np.testing.assert_array_equal(numbers('{ file = "v.npy" }', folder), array.astype(np.float64))


@pytest.mark.parametrize("kind", ["<f2", "<f4", "<f8"])
def test_of_a_nan_that_would_signal_nothing_is_said(kind: str, folder: Path) -> None:
    size = np.dtype(kind).itemsize
    bits = {2: 0x7C01, 4: 0x7F800001, 8: 0x7FF0000000000001}[size]
    np.save(folder / "a.npy", np.array([bits], f"<u{size}").view(kind))
    assert np.isnan(numbers('{ file = "a.npy" }', folder)).all()  # a warning would be an error here


@pytest.mark.parametrize(
    ("array", "what"),
    [
        (np.array([1 + 2j]), "complex numbers"),
        (np.array(["a"]), "text"),
        (np.array([b"a"]), "text"),
        (np.array([True]), "truth values"),
        (np.array(["2024-01-01"], dtype="M8[D]"), "dates"),
        (np.array([(1, 2.0)], dtype=[("a", "i4"), ("b", "f8")]), "records"),
        (np.array([1, "a", None], dtype=object), "Python objects"),
    ],
)
def test_arrays_of_other_things_are_refused(array: Any, what: str, folder: Path) -> None:
    np.save(folder / "a.npy", array, allow_pickle=True)
    _, message, hint = fault_of('{ file = "a.npy" }', folder)
    assert message == f"the array holds {what}, not real numbers"
    assert "float64" in hint


OUTSIDE = "weights are read from the scenario's own folder and below it, and nowhere else"


@pytest.mark.parametrize(
    "name",
    [
        "../outside.npz",
        "below/../../outside.npz",
        "below/../weights.npz",
        "/etc/passwd",
        "C:\\\\w.npz",
        "C:w.npz",
        "..\\\\w.npz",
        "\\\\\\\\host\\\\w.npz",
    ],
)
def test_nothing_outside_of_the_folder_is_read(name: str, folder: Path) -> None:
    underlined, message, hint = fault_of(f'{{ file = "{name}", key = "W1" }}', folder)
    assert underlined == f'"{name}"'
    assert message.endswith("leads out of the scenario's folder")
    assert hint == OUTSIDE


def test_links_are_followed_and_do_not_lead_out(folder: Path) -> None:
    (folder / "link.npz").symlink_to("../outside.npz")
    (folder / "way").symlink_to("..")
    (folder / "inside.npz").symlink_to("weights.npz")
    (folder / "loop.npz").symlink_to("loop.npz")
    for name in ("link.npz", "way/outside.npz"):
        _, message, hint = fault_of(f'{{ file = "{name}", key = "W1" }}', folder)
        assert message == f"`{name}` is a link that leads out of the scenario's folder"
        assert hint == OUTSIDE
    np.testing.assert_array_equal(numbers('{ file = "inside.npz", key = "W1" }', folder), MATRIX)
    assert "loop.npz" in fault_of('{ file = "loop.npz", key = "W1" }', folder)[1]


def test_a_scenario_may_lie_in_a_linked_folder(folder: Path) -> None:
    (folder.parent / "linked").symlink_to("home")
    np.testing.assert_array_equal(numbers('{ file = "W.npy" }', folder.parent / "linked"), MATRIX)


def test_files_that_cannot_be_used(folder: Path) -> None:
    os.mkfifo(folder / "pipe.npy")
    (folder / "folder.npy").mkdir()
    (folder / "w.txt").write_text("1")
    cases = [
        ("wieghts.npz", "`wieghts.npz` cannot be used: there is no such file", "did you mean `weights.npz`?"),
        (
            "elsewhere_1.npy",
            "`elsewhere_1.npy` cannot be used: there is no such file",
            "the path counts from the folder of the scenario",
        ),
        ("no/where.csv", "`no/where.csv` cannot be used: there is no such file", "the path counts from the folder"),
        ("pipe.npy", "`pipe.npy` cannot be used: it is no ordinary file", "pipes and devices are not read"),
        ("folder.npy", "`folder.npy` cannot be used: it is a folder, not a file", ""),
        ("w.txt", "`w.txt` is of a kind that is not read", ".npz, .npy, .safetensors, .onnx and .csv"),
        ("a\\u0000.npy", "`a\0.npy`", ""),
    ]
    for name, message, hint in cases:
        found = fault_of(f'{{ file = "{name}" }}', folder)
        assert found[0] == f'"{name}"'
        assert message in found[1]
        assert hint in found[2]


def test_without_a_folder_there_are_no_files() -> None:
    _, message, hint = fault_of('{ file = "W.npy" }')
    assert "the scenario did not come from a file" in message
    assert "`bptui.loads`" in hint


def test_keys(folder: Path) -> None:
    assert fault_of('{ file = "weights.npz" }', folder) == (
        '"weights.npz"',
        "this file needs a `key`",
        "it holds `W1`, `b1`, `scalar`",
    )
    assert fault_of('{ file = "weights.npz", key = "w1" }', folder) == (
        '"w1"',
        "there is no array `w1` in this file",
        "did you mean `W1`? it holds `W1`, `b1`, `scalar`",
    )
    assert fault_of('{ file = "W.npy", key = "W1" }', folder)[:2] == (
        '"W1"',
        "a .npy file holds one array, which has no key",
    )


@pytest.mark.parametrize(
    ("text", "message", "hint"),
    [
        ("1,2\n3\n", "in line 2 there is 1 number, and in the first row 2", "same number of columns"),
        ("1,2\n\n3,4,5\n", "in line 3 there are 3 numbers, and in the first row 2", "same number of columns"),
        ("1,x\n", "in line 1, column 2, `x` is no number", "the file has no header"),
        ("a,b\n1,2\n", "in line 1, column 1, `a` is no number", "the file has no header"),
        ("1,2\n3,x\n", "in line 2, column 2, `x` is no number", "write numbers such as 0.5"),
        ("1,\n", "in line 1, column 2, a number is missing", ""),
        ("1;2\n", "in line 1, column 1, `1;2` is no number", "columns are separated by commas"),
        ("1_000\n", "`1_000` is no number", ""),
        ("1,\xff\n", "column 2", ""),
        ("\n \n", "the file holds no numbers", "one row a line"),
    ],
)
def test_tables_of_commas_that_are_no_arrays(text: str, message: str, hint: str, folder: Path) -> None:
    (folder / "bad.csv").write_bytes(text.encode("latin-1"))
    found = fault_of('{ file = "bad.csv" }', folder)
    assert found[0] == '"bad.csv"'
    assert message in found[1]
    assert hint in found[2]


def test_large_tables_of_commas_are_not_read_to_the_end(folder: Path) -> None:
    (folder / "big.csv").write_text("1,2\n" * 1000)
    limits = Limits(array_elements=100)
    assert fault_of('{ file = "big.csv" }', folder, limits=limits)[1] == "the file holds more than 100 numbers"
    (folder / "wide.csv").write_text("1," * 1000 + "1")
    assert "elements" in fault_of('{ file = "wide.csv" }', folder, limits=limits)[1]
    (folder / "endless.csv").write_text("1" * 10_000)
    assert fault_of('{ file = "endless.csv" }', folder, limits=limits)[1] == "line 1 is too long for its 1 number"


def header(shape: str, kind: str = "<f8") -> bytes:
    text = f"{{'descr': '{kind}', 'fortran_order': False, 'shape': {shape}, }}\n".encode()
    return b"\x93NUMPY\x01\x00" + len(text).to_bytes(2, "little") + text


def test_the_size_in_a_header_is_judged_before_anything_is_read(folder: Path) -> None:
    (folder / "big.npy").write_bytes(header("(16384, 16384)"))
    tracemalloc.start()
    _, message, _ = fault_of('{ file = "big.npy" }', folder)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert message == "an array of shape (16384, 16384) would have 268,435,456 elements"
    assert peak < 5_000_000
    (folder / "huge.npy").write_bytes(header("(" + "9" * 300 + ",)"))
    assert "elements" in fault_of('{ file = "huge.npy" }', folder)[1]
    with (folder / "file.npy").open("wb") as file:
        file.truncate(LIMITS.weights_file_bytes + 1)
    assert "larger than 512 MiB" in fault_of('{ file = "file.npy" }', folder)[1]


def test_a_line_of_a_csv_is_read_no_further_than_it_can_be_one_of_numbers(folder: Path) -> None:
    with (folder / "long.csv").open("wb") as file:
        file.truncate(100_000_000)
    (folder / "wide.csv").write_bytes(b"," * 20_000_000)
    for name, expected in (("long.csv", "line 1 is too long for its 1 number"), ("wide.csv", "elements")):
        tracemalloc.start()
        _, message, _ = fault_of(f'{{ file = "{name}" }}', folder)
        _, peak = tracemalloc.get_traced_memory()
        tracemalloc.stop()
        assert expected in message
        assert peak < 25_000_000
    (folder / "row.csv").write_bytes(b"0.5, " * 30_000 + b"1\n" + b"2," * 30_000 + b"3")
    values = numbers('{ file = "row.csv" }', folder)
    assert values.shape == (2, 30_001)
    assert values[:, -1].tolist() == [1.0, 3.0]


def test_a_folder_is_not_proposed_in_its_own_place(folder: Path) -> None:
    (folder / "weights.npy").mkdir()
    _, message, hint = fault_of('{ file = "weights.npy" }', folder)
    assert "it is a folder" in message
    assert "weights.npy" not in hint


def archive(*members: tuple[str, bytes], method: int = zipfile.ZIP_DEFLATED) -> bytes:
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w", method) as file:
        for name, content in members:
            file.writestr(name, content)
    return stream.getvalue()


def test_an_archive_is_unpacked_no_further_than_its_header_says(folder: Path) -> None:
    (folder / "bomb.npz").write_bytes(archive(("a.npy", header("(2,)") + bytes(30_000_000))))
    tracemalloc.start()
    _, message, _ = fault_of('{ file = "bomb.npz", key = "a" }', folder)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert "it holds more than it says" in message
    assert peak < 5_000_000


def test_an_archive_with_an_endless_table_of_contents_is_refused(folder: Path) -> None:
    (folder / "many.npz").write_bytes(archive(*((f"a{number}.npy", b"") for number in range(100))))
    limits = Limits(weights_directory_bytes=1000)
    assert (
        "its table of contents is too long" in fault_of('{ file = "many.npz", key = "a1" }', folder, limits=limits)[1]
    )
    hint = fault_of('{ file = "many.npz", key = "b" }', folder)[2]
    assert hint.endswith("`a19`, …")


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"", "it does not begin as one"),
        (b"hello world", "it does not begin as one"),
        (header("(2,)") + bytes(8), "it holds less than it says"),
        (header("(2,)") + bytes(17), "it holds more than it says"),
        (header("(-2,)"), "its header is not as NumPy writes it"),
        (b"\x93NUMPY\x02\x00\xff\xff\xff\xff", "its header is too long"),
        (b"\x93NUMPY\x01\x00\x05\x00(((((", "its header is not as NumPy writes it"),
    ],
)
def test_damaged_arrays(content: bytes, said: str, folder: Path) -> None:
    (folder / "bad.npy").write_bytes(content)
    underlined, message, _ = fault_of('{ file = "bad.npy" }', folder)
    assert underlined == '"bad.npy"'
    assert message == f"`bad.npy` is damaged, or no .npy file ({said})"


def test_other_compression_is_refused(folder: Path) -> None:
    (folder / "a.npz").write_bytes(archive(("a.npy", header("(0,)")), method=zipfile.ZIP_LZMA))
    assert "compressed in a way that NumPy does not use" in fault_of('{ file = "a.npz", key = "a" }', folder)[1]


@pytest.fixture(scope="module")
def scratch(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("scratch")


def stored(save: Callable[..., None]) -> bytes:
    stream = io.BytesIO()
    save(stream)
    return stream.getvalue()


NPZ = stored(lambda stream: np.savez_compressed(stream, W1=MATRIX))
NPY = stored(lambda stream: np.save(stream, MATRIX))


@settings(max_examples=300, deadline=None)
@given(st.data())
def test_whatever_a_damaged_file_holds_it_is_read_or_at_fault(scratch: Path, data: st.DataObject) -> None:
    suffix, original = data.draw(st.sampled_from([(".npz", NPZ), (".npy", NPY), (".csv", b"1,2\n3,4\n")]))
    content = bytearray(original)
    for _ in range(data.draw(st.integers(1, 3))):
        content[data.draw(st.integers(0, len(content) - 1))] = data.draw(st.integers(0, 255))
    path = scratch / f"w{suffix}"
    path.write_bytes(content[: data.draw(st.sampled_from([None, len(content) // 2, len(content) - 1]))])
    key = ', key = "W1"' if suffix == ".npz" else ""
    leaf, faults = read_document(f'{{ file = "{path.name}"{key} }}', scratch)
    assert (leaf is None) == bool(faults)
