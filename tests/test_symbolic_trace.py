"""Traces in symbols: numbers put in give the trace in numbers; permutations and products against SymPy's own `diff`."""

from __future__ import annotations

import json
import math
import random
import re
import subprocess
import sys
from typing import Any

import numpy as np
import pytest
import sympy

import bptui
from bptui import bundled
from bptui.errors import BptuiError
from bptui.present.presentation import presentation_in_symbols
from bptui.symbols.record import SymbolicTrace
from bptui.symbols.tree import size
from bptui.trace.record import Trace
from random_scenarios import random_scenario
from worked_out import evaluate


def given(symbols: Trace, numbers: Trace) -> dict[Any, float]:
    """Return the numbers of the leaves and the seed, and of nothing else."""
    values: dict[Any, float] = {}
    for name in symbols.scenario.leaves:
        values |= zip(symbols.value(name).flat, numbers.value(name).flat, strict=True)
    seed: list[Any] = list(symbols.seed.flat)
    return values | {one: number for one, number in zip(seed, numbers.seed.flat, strict=True) if one.is_Symbol}


@pytest.mark.parametrize("name", bundled.names())
@pytest.mark.filterwarnings("ignore:.*encountered in (log|scalar)")
def test_the_numbers_put_in_give_the_trace_in_numbers(name: str) -> None:
    scenario = bptui.load(name)
    numbers, symbols = bptui.run(scenario), bptui.run(scenario, mode="symbols")
    assert isinstance(symbols, SymbolicTrace)
    assert symbols.level == "leaves"
    values = given(symbols, numbers)
    compared = 0
    for value in numbers.program.values:
        pairs = [(symbols.values[value.id], numbers.values[value.id])]
        if value.role != "constant":
            pairs.append((symbols.gradient_of(value.id), numbers.gradient_of(value.id)))
        for expressions, wanted in pairs:
            assert expressions.shape == wanted.shape
            fine = np.isfinite(wanted).reshape(-1)
            if name == "log-sigmoid-stable":  # written out, exp(800) overflows: that is what the scenario is about
                fine &= np.abs(wanted.reshape(-1)) < 100
                fine[: fine.size > 1] = False
            found = [evaluate(one, values) for one, good in zip(expressions.flat, fine, strict=True) if good]
            np.testing.assert_allclose(found, wanted.reshape(-1)[fine], rtol=1e-9, atol=1e-12)
            compared += len(found)
    assert compared > 2


# -- against an independent derivation -------------------------------------------------------------------------------


@pytest.mark.parametrize("seed", range(12))
def test_random_permutations_and_products_against_diff(seed: int) -> None:
    draw = random.Random(seed)
    n = draw.randint(2, 6)
    x, w, d = (sympy.symbols(f"{letter}0:{n}") for letter in "xwd")
    first, second = draw.sample(range(n), n), draw.sample(range(n), n)
    i, j, shift = draw.randrange(n), draw.randrange(n), draw.randint(-3, 3)
    forms = {
        f"x[{i}] * permute(x, {first})": [x[i] * x[first[k]] for k in range(n)],
        f"permute(x, {first}) * permute(w, {second})": [x[first[k]] * w[second[k]] for k in range(n)],
        f"permute(x * w, {first}) - x[{j}]": [x[first[k]] * w[first[k]] - x[j] for k in range(n)],
        f"roll(x, {shift}) * x * w[{j}]": [x[(k - shift) % n] * x[k] * w[j] for k in range(n)],
        f"reverse(permute(x, {first})) ** 2": [x[first[n - 1 - k]] ** 2 for k in range(n)],
    }
    line, expected = draw.choice(list(forms.items()))
    trace = bptui.run(
        bptui.loads(f"""
            inputs.x = {{ symbol = "x", shape = [{n}] }}
            inputs.w = {{ symbol = "w", shape = [{n}] }}
            forward.y = "{line}"
            [backward]
            of = "y"
            seed = {{ symbol = "d" }}"""),
        mode="symbols",
    )
    loss = sum(d[k] * expected[k] for k in range(n))
    assert [sympy.expand(one) for one in trace.value("y")] == [sympy.expand(one) for one in expected]
    for letters, name in ((x, "x"), (w, "w")):
        wanted = [sympy.expand(sympy.diff(loss, letter)) for letter in letters]
        assert [sympy.expand(one) for one in trace.gradient(name)] == wanted
    derivative = trace.derivative(f"dy[{j}]/dx[{i}]")
    assert sympy.expand(derivative - sympy.diff(expected[j], x[i])) == 0


def test_a_network_against_diff() -> None:
    trace = bptui.run(
        bptui.loads("""
            inputs.x = { symbol = "x", shape = [2] }
            parameters.W = { symbol = "w", shape = [2, 2] }
            forward.h = "tanh(W @ x)"
            forward.L = "log(sum(exp(h)))" """),
        mode="symbols",
    )
    x = sympy.symbols("x0:2")
    w = [[sympy.Symbol(f"w{row}_{column}") for column in range(2)] for row in range(2)]
    h = [sympy.tanh(sum(w[row][k] * x[k] for k in range(2))) for row in range(2)]
    loss = sympy.log(sum(map(sympy.exp, h)))
    for row in range(2):
        for column in range(2):
            difference = trace.gradient("W")[row, column] - sympy.diff(loss, w[row][column])
            assert sympy.simplify(difference) == 0


@pytest.mark.parametrize("seed", range(16))
def test_random_scenarios_give_in_symbols_what_they_give_in_numbers(seed: int) -> None:
    scenario = bptui.loads(random_scenario(random.Random(seed)).text)
    numbers, symbols = bptui.run(scenario), bptui.run(scenario, mode="symbols")
    values = given(symbols, numbers)
    for name in scenario.program.names:
        for expressions, wanted in (
            (symbols.value(name), numbers.value(name)),
            (symbols.gradient(name), numbers.gradient(name)),
        ):
            found = [evaluate(one, values) for one in expressions.flat]
            np.testing.assert_allclose(found, wanted.reshape(-1), rtol=1e-6, atol=1e-8)
    shown = presentation_in_symbols(numbers)
    for step in range(len(shown)):
        frame = shown.frame(step)
        assert all(len(row.cells) == len(frame.table.columns) for row in frame.table.rows)


# -- the JSON trace --------------------------------------------------------------------------------------------------

ELEMENT = re.compile(r"\b(\w+)(\[[\d,]+\]|\([\d,]+\))")


def read_back(text: str, known: set[str]) -> Any:
    """Return what `sympy.sympify` reads once the names of elements are made identifiers."""

    def named(match: re.Match[str]) -> str:
        if match.group() not in known:
            return match.group()
        return match.group(1) + "_" + "_".join(re.findall(r"\d+", match.group(2)))

    return sympy.sympify(ELEMENT.sub(named, text))


@pytest.mark.parametrize("name", ["exercise-7-1", "exercise-7-3c", "two-layer-squared-error", "p-minus-t", "dead-relu"])
def test_the_json_trace_is_read_by_sympify(name: str) -> None:
    scenario = bptui.load(name)
    numbers, symbols = bptui.run(scenario), bptui.run(scenario, mode="symbols")
    data = json.loads(bptui.export(symbols, "json"))
    assert data["mode"] == "symbols"
    values: dict[Any, float] = {}
    known = set()
    for symbol, number in given(symbols, numbers).items():
        match = ELEMENT.fullmatch(symbol.name)
        known.add(symbol.name)
        plain = symbol.name if match is None else match.group(1) + "_" + "_".join(re.findall(r"\d+", match.group(2)))
        values[sympy.Symbol(plain)] = number
    for value in data["values"]:
        texts = np.ravel(np.array(value["value"], dtype=object))
        found = [evaluate(read_back(text, known), values) for text in texts]
        np.testing.assert_allclose(found, numbers.values[value["id"]].reshape(-1), rtol=1e-9, atol=1e-12)
    assert list(data["gradients"]) == list(scenario.program.wrt)
    for wrt, array in data["gradients"].items():
        found = [evaluate(read_back(text, known), values) for text in np.ravel(np.array(array, dtype=object))]
        np.testing.assert_allclose(found, numbers.gradient(wrt).reshape(-1), rtol=1e-9, atol=1e-12)
    step = data["steps"][-1]
    assert {type(one) for one in np.ravel(np.array(step["contribution"], dtype=object))} == {str}


def test_numbers_of_a_file_stay_as_they_are_written() -> None:
    trace = bptui.run(
        bptui.loads("""
            inputs.x = { symbol = "x", shape = [] }
            forward.y = "0.5*x + 0.1 + x/3 - 1/3*x + 2*pi + leaky_relu(x, slope=0.02)" """),
        mode="symbols",
    )
    x = sympy.Symbol("x")
    y: Any = trace.value("y").item()
    assert not y.atoms(sympy.Float)
    assert y.coeff(x) == sympy.Rational(1, 2)
    assert sympy.Rational(1, 10) in y.atoms(sympy.Number)
    assert y.has(2 * sympy.pi)


# -- size --------------------------------------------------------------------------------------------------------------


def deep(lines: int) -> Trace:
    text = "\n".join(f'h{at + 1} = "tanh(W @ h{at} + h{at})"' for at in range(lines))
    return bptui.run(
        bptui.loads(f"""
            inputs.h0 = [0.5, -0.2]
            parameters.W = [[0.3, 0.1], [0.2, -0.4]]
            [forward]
            {text}
            L = "sum(h{lines})" """),
        mode="symbols",
    )


def test_what_is_too_long_in_leaves_stays_in_named_values() -> None:
    trace = deep(20)
    assert isinstance(trace, SymbolicTrace)
    assert trace.level == "named"
    assert str(trace.value("h2")[0]) == "tanh(W[0,0]*h1[0] + W[0,1]*h1[1] + h1[0])"
    assert "dL/dh2[0]" in str(trace.gradient("h1")[0])
    numbers = trace.numbers
    assert numbers is not None
    values: dict[Any, float] = {}
    for identity in trace.program.names.values():
        values |= zip(trace.named.values[identity].flat, numbers.values[identity].flat, strict=True)
        values |= zip(trace.named.arriving(identity).flat, numbers.gradient_of(identity).flat, strict=True)
    found = [evaluate(one, dict(values)) for one in trace.gradient("W").flat]
    np.testing.assert_allclose(found, numbers.gradient("W").reshape(-1), rtol=1e-9)
    assert json.loads(bptui.export(trace, "json"))["mode"] == "symbols"


def test_gradients_in_named_values_are_read_from_json_alone() -> None:
    """A network of a middling size: too long in leaves, and every text is read by `sympify` all the same."""
    scenario = bptui.loads("""
        inputs.x = { shape = [6], init = "normal" }
        inputs.t = [1, 0, 0]
        parameters.W1 = { shape = [8, 6], init = "he_normal" }
        parameters.W2 = { shape = [8, 8], init = "he_normal", seed = 1 }
        parameters.W3 = { shape = [3, 8], init = "he_normal", seed = 2 }
        forward.h1 = "tanh(W1 @ x)"
        forward.h2 = "silu(W2 @ h1)"
        forward.z = "W3 @ h2"
        forward.L = "softmax_cross_entropy(z, t)" """)
    exported = json.loads(bptui.export(bptui.run(scenario, mode="symbols"), "json"))
    numbers = bptui.run(scenario)
    assert exported["level"] == "values"
    program = numbers.program
    names = {
        program.element_name(identity, flat): (f"v{identity}_{flat}", float(numbers.values[identity].flat[flat]))
        for identity in program.names.values()
        for flat in range(program.values[identity].size)
    }
    known = {sympy.Symbol(identifier): number for identifier, number in names.values()}

    def worth(text: str) -> float:
        text = re.sub(r"\b\w+\[[\d,]+\]", lambda match: names[match[0]][0], text)
        return float(sympy.sympify(text).xreplace(known))

    assert math.isclose(worth(exported["gradients"]["W1"][7][5]), numbers.gradient("W1")[7, 5], rel_tol=1e-9)
    assert math.isclose(worth(exported["gradients"]["W2"][3][2]), numbers.gradient("W2")[3, 2], rel_tol=1e-9)
    for value in exported["values"]:
        if value["role"] == "named":
            first = np.asarray(value["value"], dtype=object).flat[0]
            assert math.isclose(worth(first), numbers.value(value["name"]).flat[0], rel_tol=1e-9)


@pytest.mark.parametrize(
    ("function", "lines", "level"), [("tanh", 40, "leaves"), ("sin", 40, "leaves"), ("tanh", 400, "named")]
)
def test_long_chains_are_derived_at_once(function: str, lines: int, level: str) -> None:
    """SymPy, left to itself, asks a chain of ten tanh for minutes whether it is 0."""
    text = "\n".join(f'h{at + 1} = "{function}(h{at})"' for at in range(lines))
    trace = bptui.run(bptui.loads(f"inputs.h0 = 0.5\n[forward]\n{text}"), mode="symbols")
    assert isinstance(trace, SymbolicTrace)
    assert trace.level == level
    assert trace.numbers is not None
    if level == "leaves":
        found = evaluate(trace.gradient("h0").item(), {sympy.Symbol("h0"): 0.5})
        assert math.isclose(found, float(trace.numbers.gradient("h0")), rel_tol=1e-9)


def test_a_scenario_that_is_too_large_is_refused_before_it_is_derived() -> None:
    scenario = bptui.loads("""
        inputs.x = { shape = [784], init = "normal" }
        parameters.W = { shape = [128, 784], init = "he_normal" }
        forward.L = "sum(W @ x)" """)
    with pytest.raises(BptuiError, match="too large for symbols"):
        bptui.run(scenario, mode="symbols")


# -- symbols alone -----------------------------------------------------------------------------------------------------

ALONE = """
    inputs.x = { symbol = "x", shape = [3] }
    forward.y = "LINE"
    [backward]
    of = "y"
    seed = { symbol = "d" }"""


def test_symbols_alone_need_no_numbers() -> None:
    trace = bptui.run(bptui.loads(ALONE.replace("LINE", "x*x[0]")), mode="symbols")
    assert trace.numbers is None
    assert [str(one) for one in trace.gradient("x")] == ["2*d0*x0 + d1*x1 + d2*x2", "d1*x0", "d2*x0"]
    routes = trace.routes("x[0]", level="primitive")
    assert sorted(str(route.product) for route in routes) == ["d0*x0", "d0*x0", "d1*x1", "d2*x2"]
    assert all(math.isnan(route.share) for route in routes)
    assert str(routes.total) == str(routes.shown) == "2*d0*x0 + d1*x1 + d2*x2"


@pytest.mark.parametrize("line", ["sort(x)", "topk(x, 3)"])
def test_an_order_needs_values(line: str) -> None:
    scenario = bptui.loads(ALONE.replace("LINE", line))
    with pytest.raises(BptuiError, match="takes its order from the values, and there are none") as refused:
        bptui.run(scenario, mode="symbols")
    assert refused.value.line == 3
    trace = bptui.run(scenario, values={"x": [3, 1, 2], "d": [1, 1, 1]}, mode="symbols")
    assert [str(one) for one in trace.value("y")] in (["x1", "x2", "x0"], ["x0", "x2", "x1"])


def test_a_largest_element_is_a_function_where_there_are_no_values() -> None:
    text = ALONE.replace("LINE", "max(x, keepdims=True)")
    alone = bptui.run(bptui.loads(text), mode="symbols")
    assert str(alone.value("y")[0]) == "maximum(x0, x1, x2)"
    values = {sympy.Symbol(f"x{at}"): number for at, number in enumerate((2.0, 5.0, 5.0))}
    values[sympy.Symbol("d0")] = 3.0
    assert [evaluate(one, values) for one in alone.gradient("x")] == [0.0, 1.5, 1.5]
    known = bptui.run(bptui.loads(text), values={"x": [2, 5, 1], "d": [3]}, mode="symbols")
    assert [str(one) for one in (*known.value("y"), *known.gradient("x"))] == ["x1", "0", "d0", "0"]


def test_a_seed_given_as_numbers_stays_numbers() -> None:
    text = ALONE.replace('{ symbol = "d" }', "[1, -2, 0.5]").replace("LINE", "x*x")
    trace = bptui.run(bptui.loads(text), mode="symbols")
    assert [str(one) for one in trace.gradient("x")] == ["2*x0", "-4*x1", "x2"]


def test_neither_numbers_nor_a_refusal_load_sympy() -> None:
    code = (
        "import sys, bptui; trace = bptui.run(bptui.load('exercise-7-1')); trace.routes('W1(1,1)')\n"
        "for format in ('text', 'json', 'markdown', 'latex', 'html'): bptui.export(trace, format)\n"
        "import bptui.tui.walk\n"
        'large = bptui.loads(\'inputs.W = { shape = [128, 784], init = "normal" }\\nforward.L = "sum(W)"\')\n'
        "try: bptui.run(large, mode='symbols')\n"
        "except bptui.BptuiError as fault: assert 'too large' in str(fault)\n"
        "assert 'sympy' not in sys.modules"
    )
    subprocess.run([sys.executable, "-c", code], check=True)


@pytest.mark.parametrize(
    ("line", "functions", "said"),
    [
        ("softmax(softmax(softmax(x)))", "", "an element has over 10,000 names, numbers and operations"),
        ("f7(x)", "a*a + sin(a)", "an element has over 10,000 names, numbers and operations"),
        ("f7(x)", "sin(a)", "an element is nested more than 100 deep"),
        ("f7(x)", "a*a*1.5", "a number has thousands of digits"),
    ],
)
def test_a_line_that_is_too_large_to_be_written_in_symbols_is_refused(line: str, functions: str, said: str) -> None:
    elements = 2 if functions else 30
    unfolded = "".join(f'functions."f{n}(a)" = "f{n - 1}(f{n - 1}(a))"\n' for n in range(1, 8)) if functions else ""
    scenario = bptui.loads(
        f'inputs.x = {{ symbol = "x", value = {[n / 7 for n in range(elements)]} }}\n'
        + (f'functions."f0(a)" = "{functions}"\n' if functions else "")
        + f'{unfolded}forward.L = "sum({line})"\n'
    )
    with pytest.raises(BptuiError, match=f"in the line L, {said}\n .*give parts of it names"):
        bptui.run(scenario, mode="symbols")


def test_the_size_of_an_expression_is_told_however_deep_it_is_nested() -> None:
    expression = sympy.Symbol("x")
    for _ in range(5000):
        expression = sympy.Function("f")(expression)
    assert size(expression) == 5001


@pytest.mark.parametrize("line", ["(2.5*x)**1000000000", "(3*x + 3)**100000*2", "(x/7)**-100000"])
def test_powers_with_millions_of_digits_are_never_worked_out(line: str) -> None:
    scenario = bptui.loads(f'inputs.x = {{ symbol = "x", value = 1.0 }}\nforward.L = "{line}"\n')
    if "+" in line:
        assert "**100000" in bptui.export(bptui.run(scenario, mode="symbols"), "json")
    else:
        with pytest.raises(BptuiError, match="a number has thousands of digits"):
            bptui.run(scenario, mode="symbols")


def test_lines_in_a_long_row_are_written_line_by_line() -> None:
    lines = "".join(f'forward.a{n} = "sin(a{n - 1})"\n' for n in range(1, 400))
    trace = bptui.run(bptui.loads(f'inputs.a0 = {{ symbol = "x", value = 1.0 }}\n{lines}'), mode="symbols")
    assert isinstance(trace, SymbolicTrace)
    assert trace.level == "values"
    assert "sin(a398)" in bptui.export(trace, "json")


@pytest.mark.parametrize("name", ["max", "min", "sum", "mean", "prod", "logsumexp", "norm"])
def test_a_single_number_is_reduced_in_symbols_too(name: str) -> None:
    scenario = bptui.loads(f'[inputs]\nx = 2.0\n[forward]\ny = "{name}(x)"\nL = "y*y"\n')
    trace = bptui.run(scenario, mode="symbols")
    assert "dL/dx" in bptui.export(trace, "text")
    assert float(trace.derivative("dL/dx").subs({"x": 2, "y": 2})) == 4
