"""The shape of a scenario file: what is read out of it, and what is said about what does not fit."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import jsonschema
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bptui.errors import Fault
from bptui.scenario.document import Document
from bptui.scenario.json_schema import json_schema
from bptui.scenario.names import name_fault
from bptui.scenario.schema import (
    ActivationLayer,
    Backward,
    DenseLayer,
    FunctionLayer,
    FunctionText,
    Loss,
    Network,
    PermuteLayer,
    ScenarioFile,
    SortLayer,
)
from bptui.scenario.schema_reading import read_schema

SCENARIOS = Path(__file__).parent.parent / "scenarios"

FULL = """
format = 1
title = "Exercise 7.1: backpropagation"
description = "Plain text, shown on opening."
index_base = 1

[inputs]
x = [0.5, 0.2]
t = [1, 0]

[parameters]
W1 = [[0.1, 0.4], [0.2, 0.5], [0.3, 0.6]]
b1 = [0.1, 0.2, 0.3]
W2 = { shape = [2, 3], init = "he_normal", seed = 0, scale = 0.5 }
b2 = { file = "weights.npz", key = "b2" }
d = { symbol = "d", shape = [5] }
c = { symbol = "c", value = [3, 1] }

[functions]
"loss(y, t)" = "-1/2 * sum(t*log(y) + (1 - t)*log(1 - y))"
"one()" = "1"

[forward]
z1 = "W1 @ x + b1"
h  = "relu(z1)"
L  = "loss(h, t)"

[backward]
of  = "L"
wrt = ["W1", "b1"]
seed = { symbol = "d" }
loss = "J"

[worked]
"W1 @ x"      = [0.17, 0.2, 0.27]
"dL/dW2(1,1)" = 0.053
"dL/dx[0]"    = "d0*2*x0 + d1*x1"
"dL/dx"       = ["d0", 2]
"dL/db2"      = { value = [-0.20, 0.33], digits = 2 }
"""

NETWORK = """
[inputs]
x = [0.5, 0.2]
t = [1, 0]
[network]
input = "x"
output = "out"
layers = [
  { kind = "dense", units = 3, activation = "relu", weights = [[0.1, 0.4], [0.2, 0.5], [0.3, 0.6]], bias = [1, 2, 3] },
  { kind = "dense", units = 2, init = "xavier_uniform", seed = 1, scale = 2, bias = false },
  { kind = "activation", function = "sigmoid" },
  { kind = "permute", order = [1, 0] },
  { kind = "sort", descending = true },
  { kind = "function", name = "f" },
]
loss = { kind = "bce", target = "t", reduction = "sum", name = "J" }
"""


def read(text: str) -> tuple[ScenarioFile, list[Fault]]:
    document = Document.parse(text, "s.toml")
    return read_schema(document), document.faults


def well_formed(text: str) -> ScenarioFile:
    file, faults = read(text)
    assert faults == []
    return file


# -- what is read --------------------------------------------------------------------------------------------------


def test_a_whole_file() -> None:
    file = well_formed(FULL)
    assert (file.title, file.description) == ("Exercise 7.1: backpropagation", "Plain text, shown on opening.")
    assert file.index_base == 1
    assert file.inputs == {"x": [0.5, 0.2], "t": [1, 0]}
    assert list(file.parameters) == ["W1", "b1", "W2", "b2", "d", "c"]
    assert file.functions == {
        "loss": FunctionText("loss", ("y", "t"), "-1/2 * sum(t*log(y) + (1 - t)*log(1 - y))", "loss(y, t)"),
        "one": FunctionText("one", (), "1", "one()"),
    }
    assert file.forward["z1"] == "W1 @ x + b1"
    assert list(file.forward) == ["z1", "h", "L"]
    assert file.backward == Backward(of="L", wrt=["W1", "b1"], seed={"symbol": "d"}, loss="J")
    assert [(claim.key, claim.value, claim.digits) for claim in file.worked] == [
        ("W1 @ x", [0.17, 0.2, 0.27], None),
        ("dL/dW2(1,1)", 0.053, None),
        ("dL/dx[0]", "d0*2*x0 + d1*x1", None),
        ("dL/dx", ["d0", 2], None),
        ("dL/db2", [-0.2, 0.33], 2),
    ]
    assert file.network is None
    assert file.faulty == frozenset()


def test_where_a_claim_stands_shows_its_digits() -> None:
    document = Document.parse(FULL)
    *_, last = read_schema(document).worked
    assert last.path == ("worked", "dL/db2", "value")
    assert document.source((*last.path, 0)) == "-0.20"


def test_defaults() -> None:
    file = well_formed('[inputs]\nx = 1\n[forward]\ny = "x"')
    assert file == ScenarioFile(inputs={"x": 1}, forward={"y": "x"})
    assert (file.title, file.index_base, file.backward) == ("", 0, Backward())
    network = well_formed(
        'inputs.x = 1\n[network]\ninput = "x"\nlayers = [{ kind = "dense", units = 1, weights = [[1]] }]'
    ).network
    assert network is not None
    assert (network.output, network.loss) == ("y", None)
    assert network.layers == [DenseLayer(units=1, weights=[[1]])]


def test_a_network() -> None:
    assert well_formed(NETWORK).network == Network(
        input="x",
        output="out",
        layers=[
            DenseLayer(units=3, activation="relu", weights=[[0.1, 0.4], [0.2, 0.5], [0.3, 0.6]], bias=[1, 2, 3]),
            DenseLayer(units=2, init="xavier_uniform", seed=1, scale=2.0, bias=False),
            ActivationLayer(function="sigmoid"),
            PermuteLayer(order=[1, 0]),
            SortLayer(descending=True),
            FunctionLayer(name="f"),
        ],
        loss=Loss(kind="bce", target="t", reduction="sum", name="J"),
    )


@pytest.mark.parametrize("path", sorted(SCENARIOS.glob("*.toml")), ids=lambda path: path.stem)
def test_bundled_scenarios_are_well_formed(path: Path) -> None:
    document = Document.read(path)
    read_schema(document)
    assert document.faults == []
    VALIDATOR.validate(document.data)


# -- what does not fit ---------------------------------------------------------------------------------------------

BASE = '[inputs]\nx = 1\n[forward]\ny = "x"\n'
LAYER = 'inputs.x = 1\n[network]\ninput = "x"\nlayers = [@]\n'

MISFITS = [
    # (text, line, column, what the caret underlines, message, hint)
    (
        "index_bas = 1\n" + BASE,
        1,
        1,
        "index_bas",
        "unknown key `index_bas`",
        "did you mean `index_base`? a scenario has `format`,",
    ),
    ("[outputs]\n" + BASE, 1, 2, "outputs", "unknown key `outputs`", "did you mean `inputs`?"),
    ("zzz = 1\n" + BASE, 1, 1, "zzz", "unknown key `zzz`", "a scenario has `format`, `title`"),
    (
        BASE + "[backward]\nwtr = ['x']",
        6,
        1,
        "wtr",
        "unknown key `wtr`",
        "did you mean `wrt`? [backward] has `of`, `wrt`, `seed` and `loss`",
    ),
    ("format = 2\n" + BASE, 1, 10, "2", "`format` must be 1, and this is the number 2", "a later bptui"),
    ("format = true\n" + BASE, 1, 10, "true", "`format` must be 1, and this is true", ""),
    ("index_base = 2\n" + BASE, 1, 14, "2", "`index_base` must be 0 or 1, and this is the number 2", ""),
    (
        'index_base = "1"\n' + BASE,
        1,
        14,
        '"1"',
        'must be 0 or 1, and this is the text "1"',
        "leave the quotes out: `index_base = 1`",
    ),
    ("title = 71\n" + BASE, 1, 9, "71", "`title` must be text in quotes", 'put it in quotes: `title = "71"`'),
    (f"title = '{'x' * 201}'\n" + BASE, 1, 9, "'" + "x" * 201 + "'", "at most 200 characters", ""),
    (
        "inputs = 3\n[forward]\ny = '1'",
        1,
        10,
        "3",
        "`inputs` is a table, and this is the number 3",
        "[inputs] with lines such as x = 0.5 below",
    ),
    (
        'forward = ["x"]\n[inputs]\nx = 1',
        1,
        11,
        '["x"]',
        "`forward` is a table, and this is a list of 1",
        "[forward] with lines",
    ),
    ("backward = 'x'\n" + BASE, 1, 12, "'x'", "`backward` must be a table", "it has the keys `of`, `wrt`"),
    (
        BASE + "z = 3.50",
        5,
        5,
        "3.50",
        "must be an expression in quotes, and it is the number 3.5",
        'write `z = "3.50"`, or `z = 3.50` under [inputs]',
    ),
    (
        BASE + "z = [1, 2]",
        5,
        5,
        "[1, 2]",
        "and it is a list of 2",
        "arrays are declared under [inputs] or [parameters]",
    ),
    (BASE + "z = true", 5, 5, "true", "and it is true", "an expression goes in quotes"),
    (BASE + "z = 1979-05-27", 5, 5, "1979-05-27", "and it is a date or a time", "an expression goes in quotes"),
    (BASE + '[functions]\n"f(x)" = 3', 6, 10, "3", "must be an expression in quotes", 'write `"f(x)" = "3"`'),
    (BASE + '[functions]\nf = "x"', 6, 1, "f", "`f` does not say what the function's parameters are", '`"f(x)" = "…"`'),
    (
        BASE + '[functions]\n"f(x, x)" = "x"',
        6,
        1,
        '"f(x, x)"',
        "the function `f` has two parameters called `x`",
        "rename",
    ),
    (BASE + '[functions]\n"f(x,)" = "x"', 6, 1, '"f(x,)"', "a parameter is missing in `f(x,)`", '`"f(x, y)"`'),
    (BASE + '[functions]\n"f(pi)" = "x"', 6, 1, '"f(pi)"', "`pi` is the constant", "choose another name"),
    (
        BASE + '[functions]\n"f(x)" = "x"\n"f(y)" = "y"',
        7,
        1,
        '"f(y)"',
        "`f` is declared twice, the first time as `f(x)`",
        "rename",
    ),
    (BASE + '"ﬁ" = "x"', 5, 1, '"ﬁ"', "`ﬁ` holds characters that stand for others", "write `fi`"),
    (BASE + 'e = "x"', 5, 1, "e", "`e` is the constant", "such as `e1`"),
    (BASE + 'lambda = "x"', 5, 1, "lambda", "`lambda` is a word of the expression language", "`lambda_`"),
    (BASE + 'z-1 = "x"', 5, 1, "z-1", "`z-1` is no name", "`z_1`"),
    (BASE + '1z = "x"', 5, 1, "1z", "`1z` is no name", "`x1z`"),
    (BASE + '"" = "x"', 5, 1, '""', "a name is empty", "such as `x`"),
    (BASE + "[backward]\nof = 3", 6, 6, "3", "`of` must be text in quotes", 'put it in quotes: `of = "3"`'),
    (
        BASE + '[backward]\nwrt = "x"',
        6,
        7,
        '"x"',
        "`wrt` must be a list of one or more texts",
        'put it in square brackets: `wrt = ["x"]`',
    ),
    (
        BASE + '[backward]\nwrt = ["x", 3]',
        6,
        13,
        "3",
        "the entries of `wrt` must each be text in quotes",
        'put it in quotes: `"3"`',
    ),
    (BASE + "[backward]\nwrt = []", 6, 7, "[]", "a list of one or more texts in quotes", ""),
    (BASE + '[backward]\nloss = "a b"', 6, 8, '"a b"', "`a b` is no name", "`a_b`"),
    (
        BASE + "[worked]\ny = true",
        6,
        5,
        "true",
        "a claim is a number, an expression in quotes, or a list of them",
        "0.053",
    ),
    (BASE + "[worked]\ny = [[1, 2], [3]]", 6, 14, "[3]", "this row is a list of 1, unlike the first", "same length"),
    (
        BASE + "[worked]\ny = [[1, 2], 3]",
        6,
        14,
        "3",
        "this is the number 3, and the first row is a list",
        "same length",
    ),
    (BASE + "[worked]\ny = [1, [2]]", 6, 9, "[2]", "this row is a list of 1, unlike the first", "same length"),
    (BASE + "[worked]\ny = []", 6, 5, "[]", "this list is empty", "your solution"),
    (BASE + f"[worked]\ny = 1{'0' * 400}", 6, 5, "1" + "0" * 400, "too large for a float64", "1.8e308"),
    (
        BASE + "[worked]\ny = { value = 1 }",
        6,
        5,
        "{ value = 1 }",
        "`digits` is missing here",
        "a whole number from 0 to 30",
    ),
    (
        BASE + '[worked]\ny = { value = 1, digits = "2" }',
        6,
        27,
        '"2"',
        "`digits` must be a whole number",
        "leave the quotes out: `digits = 2`",
    ),
    (BASE + "[worked]\ny = { value = 1, digits = 99 }", 6, 27, "99", "a whole number from 0 to 30", ""),
    (
        BASE + "[worked]\ny = { value = 1, digit = 2, digits = 2 }",
        6,
        18,
        "digit",
        "unknown key `digit`",
        "did you mean `digits`?",
    ),
    (
        "[inputs]\nx = 1",
        None,
        None,
        "",
        "nothing is computed: there is neither [forward] nor [network]",
        "a scenario needs at least",
    ),
    (
        "[inputs]\nx = 1\n[forward]",
        3,
        2,
        "forward",
        "nothing is computed: [forward] has no lines",
        "a scenario needs at least",
    ),
    (
        '[forward]\ny = "1"',
        None,
        None,
        "",
        "nothing is given: there is neither [inputs] nor [parameters]",
        "`x = [0.5, 0.2]`",
    ),
    (
        'inputs.x = 1\n[network]\nlayers = [{ kind = "sort" }]',
        2,
        2,
        "network",
        "`input` is missing here",
        "text in quotes",
    ),
    (
        'inputs.x = 1\n[network]\ninput = "x"\nlayers = []',
        4,
        10,
        "[]",
        "`layers` must be a list of one or more tables",
        "",
    ),
    (LAYER.replace("@", "5"), 4, 11, "5", "a layer is a table, and this is the number 5", '`{ kind = "dense"'),
    (
        LAYER.replace("@", "{ units = 3 }"),
        4,
        11,
        "{ units = 3 }",
        "does not say of which `kind`",
        "`dense`, `activation`,",
    ),
    (
        LAYER.replace("@", '{ kind = "dens" }'),
        4,
        20,
        '"dens"',
        'no kind of layer called "dens"',
        "did you mean `dense`?",
    ),
    (LAYER.replace("@", "{ kind = 3 }"), 4, 20, "3", "no kind of layer called the number 3", "it is one of `dense`"),
    (
        LAYER.replace("@", '{ kind = "dense", unit = 3, units = 3 }'),
        4,
        29,
        "unit",
        "unknown key `unit`",
        "did you mean `units`? a `dense` layer may have `kind`",
    ),
    (
        LAYER.replace("@", '{ kind = "dense", units = "3" }'),
        4,
        37,
        '"3"',
        "`units` must be a whole number",
        "leave the quotes out: `units = 3`",
    ),
    (LAYER.replace("@", '{ kind = "dense", units = true }'), 4, 37, "true", "`units` must be a whole number", ""),
    (LAYER.replace("@", '{ kind = "dense", units = 0 }'), 4, 37, "0", "a whole number of at least 1", ""),
    (
        LAYER.replace("@", '{ kind = "dense", units = 1, scale = inf }'),
        4,
        48,
        "inf",
        "`scale` must be a finite number",
        "",
    ),
    (
        LAYER.replace("@", '{ kind = "dense", units = 1, bias = true }'),
        4,
        47,
        "true",
        "`bias` is an array of numbers, or false",
        "leave it out",
    ),
    (
        LAYER.replace("@", '{ kind = "dense", units = 1, weights = [[1]], seed = 1 }'),
        4,
        57,
        "seed",
        "`seed` is for weights that are drawn",
        "take",
    ),
    (
        LAYER.replace("@", '{ kind = "permute", order = [0, "1"] }'),
        4,
        43,
        '"1"',
        "the entries of `order` must each be a whole number",
        "leave the quotes out: `1`",
    ),
    (
        LAYER.replace("@", '{ kind = "sort", descending = "true" }'),
        4,
        41,
        '"true"',
        "`descending` must be true or false",
        "leave the quotes out: `descending = true`",
    ),
    (
        LAYER.replace("@", '{ kind = "activation" }'),
        4,
        11,
        '{ kind = "activation" }',
        "`function` is missing here",
        "text in quotes",
    ),
    (
        LAYER.replace("@", '{ kind = "sort" }') + 'output = "e"',
        5,
        10,
        '"e"',
        "`e` is the constant",
        "choose another name",
    ),
    (
        LAYER.replace("@", '{ kind = "sort" }') + 'loss = { kind = "msee", target = "t" }',
        5,
        17,
        '"msee"',
        '`kind` must be one of "bce"',
        'did you mean "mse"?',
    ),
    (
        LAYER.replace("@", '{ kind = "sort" }') + 'loss = "mse"',
        5,
        8,
        '"mse"',
        "`loss` must be a table, and this is the text",
        "`kind`, `target`",
    ),
]


@pytest.mark.parametrize(("text", "line", "column", "underlined", "message", "hint"), MISFITS)
def test_what_does_not_fit(
    text: str, line: int | None, column: int | None, underlined: str, message: str, hint: str
) -> None:
    _, faults = read(text)
    (fault,) = faults
    assert message in fault.message
    assert hint in fault.hint
    assert (fault.line, fault.column) == (line, column)
    if fault.column is not None:
        assert fault.source[fault.column - 1 :][: fault.length] == underlined


def test_all_faults_at_once_in_the_order_of_the_file() -> None:
    _, faults = read(
        'titel = "x"\nformat = 3\n[inputs]\n"x y" = 1\n[forward]\nz = 3\ny = "1"\n'
        "[backward]\nof = 1\nwrt = 2\n[worked]\ny = true\n"
    )
    assert [fault.line for fault in faults] == [1, 2, 4, 6, 9, 10, 12]


def test_what_is_valid_is_kept_and_what_is_not_is_named() -> None:
    file, faults = read(
        'title = 3\nindex_base = 1\n[inputs]\nx = 1\n"x-y" = 2\n[forward]\na = "x"\nb = 3\nc = "b"\n'
        '[functions]\n"f(x)" = "x"\n"g(x)" = 1\nh = "x"\n[backward]\nof = "c"\nwrt = 3\n[worked]\na = 1\nb = true\n'
    )
    assert len(faults) == 7
    assert (file.title, file.index_base) == ("", 1)
    assert file.inputs == {"x": 1}
    assert file.forward == {"a": "x", "c": "b"}
    assert list(file.functions) == ["f"]
    assert file.backward == Backward(of="c")
    assert [claim.key for claim in file.worked] == ["a"]
    assert file.faulty == {"x-y", "b", "g", "h"}


def test_the_names_in_a_misspelt_table_are_not_unknown_too() -> None:
    file, faults = read('[input]\nx = 1\n[forward]\ny = "x"')
    assert [fault.message for fault in faults] == ["unknown key `input`"]
    assert file.faulty == {"x"}


def test_the_names_of_a_faulty_network_are_not_unknown_too() -> None:
    file, faults = read(LAYER.replace("@", '{ kind = "dens" }') + 'loss = { kind = "mse", target = "t", name = "J" }')
    assert len(faults) == 1
    assert file.network is None
    assert file.faulty == {"W1", "b1", "z1", "a1", "y", "J"}


@pytest.mark.parametrize("name", ["x", "W_1", "σ", "größe", "变量", "match", "sum", "x" * 150, "_"])
def test_names(name: str) -> None:
    assert name_fault(name) is None


@settings(max_examples=300)
@given(st.text(max_size=8))
def test_a_name_is_what_python_takes_for_one_as_it_is_written(name: str) -> None:
    namespace: dict[str, Any] = {}
    try:
        exec(f"{name} = 1", namespace)  # the independent opinion on what is a name
    except (SyntaxError, ValueError, NameError, TypeError):
        plain = False
    else:
        plain = name in namespace
    assert (name_fault(name) is None) == (plain and name not in ("e", "pi"))


# -- any data ------------------------------------------------------------------------------------------------------

KEYS = st.sampled_from(
    ["format", "title", "index_base", "inputs", "forward", "functions", "network", "backward", "worked", "input",
     "layers", "kind", "units", "of", "wrt", "seed", "loss", "name", "target", "value", "digits", "x", "f(x)"]
)  # fmt: skip
ATOMS = st.one_of(
    st.booleans(), st.integers(-2, 3), st.floats(), st.sampled_from(["", "x", "dense", "sort", "mse", "f(x)"])
)
DATA = st.recursive(
    ATOMS, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(KEYS, inner, max_size=4), max_leaves=12
)


@settings(max_examples=400, deadline=None)
@given(st.dictionaries(KEYS, DATA, max_size=5))
def test_any_data_is_read_or_at_fault(data: dict[str, Any]) -> None:
    document = Document.parse("x = 1")
    document.data = data
    file = read_schema(document)
    assert isinstance(file, ScenarioFile)
    assert document.faults or "forward" in data or "network" in data


# -- the JSON Schema -----------------------------------------------------------------------------------------------

VALIDATOR = jsonschema.Draft202012Validator(json_schema())


def test_the_json_schema_is_one() -> None:
    jsonschema.Draft202012Validator.check_schema(json_schema())
    assert json_schema()["$schema"].endswith("2020-12/schema")


@pytest.mark.parametrize("text", [FULL, NETWORK, BASE])
def test_the_json_schema_takes_what_is_well_formed(text: str) -> None:
    VALIDATOR.validate(Document.parse(text).data)


@pytest.mark.parametrize(
    "text",
    [
        "titel = 'x'",
        "format = 2",
        "[inputs]\nx = 'text'",
        "[inputs]\nx = { symbl = 'x', shape = [5] }",
        "[inputs]\nx = { symbol = 'x', init = 'zeros', shape = [5] }",
        "[inputs]\nx = { init = 'he', shape = [5] }",
        "[inputs]\nx = [1, ['a']]",
        "[inputs]\npi = 1",
        "[forward]\ny = 3",
        "[functions]\nf = 'x'",
        "[backward]\nwtr = ['x']",
        "[backward]\nwrt = 'x'",
        "[network]\ninput = 'x'\nlayers = [{ kind = 'dens', units = 1 }]",
        "[network]\ninput = 'x'\nlayers = [{ kind = 'dense', unit = 1 }]",
        "[network]\ninput = 'x'\nlayers = [{ kind = 'dense', units = 1, bias = true }]",
        "[worked]\ny = true",
        "[worked]\ny = { value = 1, digit = 2 }",
    ],
)
def test_the_json_schema_refuses_what_is_not(text: str) -> None:
    assert not VALIDATOR.is_valid(Document.parse(text).data)


def test_every_key_of_the_json_schema_is_described() -> None:
    def undescribed(schema: Any, path: str) -> list[str]:
        if isinstance(schema, list):
            return [missing for part in schema for missing in undescribed(part, path)]
        if not isinstance(schema, dict):
            return []
        missing = []
        for key, part in schema.get("properties", {}).items():
            if key != "kind" and "description" not in part:
                missing.append(f"{path}.{key}")
        return missing + [name for key, part in schema.items() for name in undescribed(part, f"{path}.{key}")]

    assert undescribed(json_schema(), "") == []
    assert '"null"' not in str(json_schema()).replace("'", '"')
