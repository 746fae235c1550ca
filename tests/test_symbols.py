"""Symbols: the rules of every operation against numbers, the exercises' own results, and what each scenario gives."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import Any

import numpy as np
import pytest
import sympy

import bptui
from bptui.engine.passes import Choices, compute
from bptui.formula.plain import code
from bptui.formula.reading import read
from bptui.ops import OPERATIONS
from bptui.ops.operation import Sample
from bptui.present.derivation import Derivation
from bptui.present.presentation import presentation_in_symbols
from bptui.scenario.program import ForwardStep
from bptui.symbols import explicit, folded
from bptui.symbols.named import NamedTrace
from bptui.symbols.pens import TextPen, TreePen
from bptui.symbols.shortening import short_form
from bptui.symbols.writer import Writer
from bptui.trace.arrays import read_only
from bptui.trace.backward import contribution
from checker import Array, choose, draw, forward, frozen, vjp, with_defaults
from test_operations import SAMPLES, sample_id
from worked_out import with_digits


def symbols(name: str, shape: tuple[int, ...]) -> Any:
    array = np.empty(shape, dtype=object)
    for flat, place in enumerate(np.ndindex(shape)):
        array[place] = sympy.Symbol(f"{name}{flat}")
    return array


def letters_and_numbers(arrays: Sequence[Array], prefix: str = "x") -> tuple[list[Any], dict[Any, Any]]:
    """Return arrays of symbols in the shapes of `arrays`, and the numbers that they stand for."""
    letters = [symbols(f"{prefix}{slot}_", one.shape) for slot, one in enumerate(arrays)]
    pairs = (
        (letter, number) for one, array in zip(letters, arrays, strict=True) for letter, number in pairs_of(one, array)
    )
    return letters, dict(pairs)


def pairs_of(letters: Any, array: Array) -> Iterator[tuple[Any, Any]]:
    return zip(letters.flat, array.flat, strict=True)


CONVENTIONS = {
    ("power [0.0,2.0] [2.0,0.0]", 1): [True, False],
    ("norm [0.0,0.0,0.0]", 0): [True, True, True],
    ("norm [[0.0,0.0],[3.0,4.0]] axis=1", 0): [[True, True], [False, False]],
}
"""Where a written-out rule, by sample and operand, comes to no number (0·log(0), 0/0) and numbers have 0 instead."""


@pytest.mark.parametrize("xp", [explicit, folded], ids=["explicit", "folded"])
@pytest.mark.parametrize(("name", "sample"), SAMPLES)
def test_an_operation_in_symbols(name: str, sample: Sample, xp: Any) -> None:
    """The rules run on symbols, with numbers put in afterwards, give what they give on numbers."""
    operation = OPERATIONS[name]
    inputs = draw(sample, seed=3)
    params = choose(operation, inputs, sample.params)
    letters, values = letters_and_numbers(inputs)
    step = ForwardStep(
        0, operation, tuple(range(len(inputs))), with_defaults(operation, sample.params), len(inputs), "y", ""
    )
    choices: Choices = {0: params}
    expected = forward(operation, inputs, sample.params)
    output = compute(step, letters, choices, xp, choose=False)
    assert output.shape == expected.shape
    np.testing.assert_allclose(with_digits(output, values), expected, rtol=1e-9, atol=1e-12)
    upstream = frozen(np.random.RandomState(5).uniform(-1, 1, expected.shape))
    (arriving,), given = letters_and_numbers([upstream], "d")
    for slot in range(len(inputs)):
        if operation.passes(slot):
            added = read_only(contribution(step, slot, arriving, [*letters, output], choices, xp), xp)
            wanted = vjp(operation, inputs, sample.params, slot, upstream)
            assert added.shape == wanted.shape
            found = with_digits(added, values | given)
            conventional = np.isnan(found) & ~np.isnan(wanted)
            expected_to_be = CONVENTIONS.get((f"{name} {sample_id(sample)}", slot), np.zeros(wanted.shape, dtype=bool))
            np.testing.assert_array_equal(conventional, expected_to_be)
            assert not wanted[conventional].any()
            np.testing.assert_allclose(found[~conventional], wanted[~conventional], rtol=1e-9, atol=1e-12)


# -- the exercise on permutations ------------------------------------------------------------------------------------

# fmt: off
EXERCISE = {
    "exercise-7-3a": ["d3", "d4", "d0", "d2", "d1"],
    "exercise-7-3b": ["d0*2*x0 + d1*x1 + d2*x2 + d3*x3 + d4*x4", "d1*x0", "d2*x0", "d3*x0", "d4*x0"],
    "exercise-7-3c": ["d0*x2 + d1*x4 + d2*x3 + d3*2*x0 + d4*x1", "d4*x0", "d0*x0", "d2*x0", "d1*x0"],
}
# fmt: on


@pytest.mark.parametrize("name", EXERCISE)
def test_the_exercise_gives_its_own_results(name: str) -> None:
    trace = bptui.run(bptui.load(name), mode="symbols")
    assert trace.mode == "symbols"
    assert trace.gradient("x").dtype == object
    assert not trace.gradient("x").flags.writeable
    assert list(trace.gradient("x")) == [sympy.sympify(text) for text in EXERCISE[name]]


# -- derivations, as formula text ------------------------------------------------------------------------------------


def derivation(name: str) -> tuple[Derivation, Callable[[str], tuple[int, int]]]:
    trace = bptui.run(bptui.load(name))

    def node(reference: str) -> tuple[int, int]:
        found = trace.element(reference)
        return found.value, found.flat or 0

    return Derivation(trace), node


def values_of(named: NamedTrace) -> dict[Any, float]:
    """Return the number of every symbol: elements of named values, and gradients with respect to them."""
    trace = named.numbers
    assert trace is not None
    values: dict[Any, float] = {}
    for identity in named.program.names.values():
        values |= dict(pairs_of(named.values[identity], trace.values[identity]))
        values |= dict(pairs_of(named.arriving(identity), trace.gradient_of(identity)))
    return values


def test_links_stay_in_named_values_and_read_as_they_are_taught() -> None:
    shown, node = derivation("exercise-7-1")
    assert shown.link(node("L"), node("y(1)")) == "-1/2*(t(1)/y(1) - (1 - t(1))/(1 - y(1)))"
    assert shown.link(node("y(1)"), node("z2(1)")) == "y(1)*(1 - y(1))"
    assert shown.link(node("y(2)"), node("z2(1)")) == "0"
    assert shown.link(node("z2(1)"), node("W2(1,1)")) == "h(1)"
    assert shown.link(node("h(1)"), node("z1(1)")) == "step(z1(1))"
    assert shown.value(*node("z2(1)")) == "W2(1,1)*h(1) + W2(1,2)*h(2) + W2(1,3)*h(3) + b2(1)"
    assert shown.gradient(*node("z2(1)")) == "dL/dy(1)*y(1)*(1 - y(1))"
    assert shown.gradient(*node("h(1)")) == "dL/dz2(1)*W2(1,1) + dL/dz2(2)*W2(2,1)"


def test_the_exercise_is_written_in_its_own_order() -> None:
    shown, node = derivation("exercise-7-3c")
    assert shown.whole(*node("x[0]")) == "d0*x2 + d1*x4 + d2*x3 + 2*d3*x0 + d4*x1"


@pytest.mark.parametrize(
    ("name", "element", "short", "where"),
    [
        ("exercise-7-1", "z2(1)", "1/2*(y(1) - t(1))", ""),
        ("p-minus-t", "z[2]", "p[2] - t[2]", "t[0] + t[1] + t[2] = 1"),
        ("softmax-classifier", "Z1[0,1]", "1/6*(softmax(Z1)[0,1] - T[0,1])", "T[0,0] + T[0,1] + T[0,2] = 1"),
        ("softmax-classifier", "Z2[1,0]", "1/6*(P[1,0] - T[1,0])", "T[1,0] + T[1,1] + T[1,2] = 1"),
        ("network-as-layers", "z2[0,0]", "1/6*(Y[0,0] - T[0,0])", ""),
    ],
)
def test_p_minus_t_is_what_the_long_way_comes_to(name: str, element: str, short: str, where: str) -> None:
    shown, node = derivation(name)
    found = shown.short(*node(element))
    assert found is not None
    assert (found.text, found.where) == (short, where)
    slot = shown.named.slots_of(node(element)[0])[0]
    forms = short_form(shown.named, slot, node(element)[1])
    assert forms is not None
    assert shown.named.numbers is not None
    both = with_digits([forms.expression, forms.long], values_of(shown.named))
    np.testing.assert_allclose(both, shown.named.numbers.gradient(element), rtol=1e-12)


def test_what_does_not_cancel_has_no_short_form() -> None:
    shown, node = derivation("exercise-7-1")
    assert [shown.short(*node(name)) for name in ("y(1)", "h(1)", "z1(1)", "W1(1,1)")] == [None] * 4


def test_nothing_is_short_where_nothing_cancels() -> None:
    shown, node = derivation("dead-relu")
    assert [shown.short(*node(name)) for name in ("v[0]", "H[0,0]")] == [None] * 2


@pytest.mark.parametrize(
    ("line", "text"),
    [
        ("K/sqrt(2)", "K/sqrt(2)"),
        ("K*sqrt(3)", "sqrt(3)*K"),
        ("5*K/sqrt(6)", "5*K/sqrt(6)"),
        ("K*sqrt(2)/3", "1/3*sqrt(2)*K"),
        ("K*log(2)", "0.6931471805599453*K"),
        ("K*1e-5", "0.00001*K"),
    ],
)
def test_constants_read_as_a_person_writes_them(line: str, text: str) -> None:
    trace = bptui.run(bptui.loads(f"inputs.K = 2.0\nforward.L = '{line}'\n"))
    assert Derivation(trace).value(trace.program.names["L"], 0) == text


@pytest.mark.parametrize("name", ["exercise-7-1", "exercise-7-3c", "p-minus-t", "softmax-classifier", "batch-norm"])
def test_formula_trees_are_what_the_text_says(name: str) -> None:
    named = Derivation(bptui.run(bptui.load(name))).named
    text, trees = Writer(named, TextPen(named.program)), Writer(named, TreePen(named.program))
    arrays = [*named.made.values(), *named.contributions, *named.accumulated]
    written = {one: text.written(one).text for array in arrays for one in array.flat}
    assert {one: code(trees.written(one)) for one in written} == written
    plain = {one: said for one, said in written.items() if f"d{named.program.loss}/d" not in said}
    assert {one: trees.written(one) for one in plain} == {one: read(plain[one], named.program.names) for one in plain}
    assert len(plain) > 5


def test_a_sum_that_is_taken_away_stands_in_brackets() -> None:
    trace = bptui.run(bptui.loads("inputs = { a = 2, b = 3, c = 5, x = 7 }\nforward.L = 'c*x + x*(-a - b)'\n"))
    a, b, c = sympy.symbols("a b c")
    assert Derivation(trace).sum_of([c, -a - b]) == "c - (a + b)"
    shown = presentation_in_symbols(trace)
    assert shown.route_list(trace.program.names["x"], 0).sum == "= c - (a + b) = c - a - b"


def test_the_largest_of_one_number_has_slope_1() -> None:
    scenario = bptui.loads("inputs.x = { symbol = 'x', shape = [] }\nforward.L = 'max(x)*x'\n")
    text = bptui.export(bptui.run(scenario, mode="symbols"), "text")
    assert "dL/dx = 2·x" in text
    assert " if " not in text


@pytest.mark.parametrize("number", ["log(q - q)", "(q - q) / (q - q)", "sqrt(0*q - 1)"])
@pytest.mark.parametrize(
    "line", ["relu({})", "maximum({}, 1)", "minimum({}, u)", "{} < 1", "1 >= {}", "max(stack([{}, u]))"]
)
def test_what_compares_with_nothing_is_no_number_in_symbols(number: str, line: str) -> None:
    text = f'[inputs]\nu = -2.9\nq = 0.5\n[forward]\nv = "{line.format(number)}"\nL = "v * 2"\n'
    trace = bptui.run(bptui.loads(text), mode="symbols")
    written = {name: bptui.export(trace, name) for name in ("text", "json", "markdown", "latex", "html")}
    assert all(written.values())
    assert "= nan" in written["text"]
