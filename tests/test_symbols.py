"""Symbols: the rules of every operation against numbers, the exercises' own results, and what each scenario gives."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np
import pytest
import sympy

import bptui
from bptui.engine.run import Choices, compute
from bptui.ops import OPERATIONS
from bptui.ops.operation import Sample
from bptui.scenario.program import ForwardStep
from bptui.symbols import explicit, folded
from bptui.trace.backward import contribution, read_only
from checker import Array, choose, draw, forward, frozen, vjp, with_defaults
from test_operations import SAMPLES, sample_id


def symbols(name: str, shape: tuple[int, ...]) -> Any:
    array = np.empty(shape, dtype=object)
    for flat, place in enumerate(np.ndindex(shape)):
        array[place] = sympy.Symbol(f"{name}{flat}")
    return array


def numbers(array: Any, values: dict[Any, float]) -> Any:
    """Return an array of expressions with numbers in the place of its symbols."""
    results = [complex(one.xreplace(values).evalf()) for one in np.ravel(np.asarray(array, dtype=object))]
    assert all(abs(one.imag) < 1e-12 for one in results)
    return np.array([one.real for one in results]).reshape(np.shape(array))


def letters_and_numbers(arrays: Sequence[Array], prefix: str = "x") -> tuple[list[Any], dict[Any, Any]]:
    """Return arrays of symbols in the shapes of `arrays`, and the numbers that they stand for."""
    letters = [symbols(f"{prefix}{slot}_", one.shape) for slot, one in enumerate(arrays)]
    pairs = (
        (letter, number) for one, array in zip(letters, arrays, strict=True) for letter, number in pairs_of(one, array)
    )
    return letters, dict(pairs)


def pairs_of(letters: Any, array: Array) -> Iterator[tuple[Any, Any]]:
    return zip(letters.flat, map(sympy.Float, array.flat), strict=True)


SINGULAR = {
    "power [0.0,2.0] [2.0,0.0]": "0**b",
    "power -1.5 2.0": "the logarithm of a negative base",
    "norm [0.0,0.0,0.0]": "0/0",
    "norm [[0.0,0.0],[3.0,4.0]] axis=1": "0/0",
}
"""Where a written-out rule has no number to come to, and the one on numbers takes a convention."""


@pytest.mark.parametrize("xp", [explicit, folded], ids=["explicit", "folded"])
@pytest.mark.parametrize(("name", "sample"), SAMPLES)
def test_an_operation_in_symbols(name: str, sample: Sample, xp: Any) -> None:
    """The rules run on symbols, with numbers put in afterwards, give what they give on numbers."""
    operation = OPERATIONS[name]
    inputs = draw(sample, seed=3)
    params = choose(operation, inputs, sample.params)
    if any(np.abs(one).max(initial=0) > 100 for one in inputs):
        pytest.xfail("written out, exp overflows: only the stable forms of numbers take such arguments")
    if (why := SINGULAR.get(f"{name} {sample_id(sample)}")) is not None:
        pytest.xfail(f"at a single point, {why}, a convention of the numbers takes the rule's place")
    letters, values = letters_and_numbers(inputs)
    step = ForwardStep(
        0, operation, tuple(range(len(inputs))), with_defaults(operation, sample.params), len(inputs), "y", ""
    )
    choices: Choices = {0: params}
    expected = forward(operation, inputs, sample.params)
    output = compute(step, letters, choices, xp, choose=False)
    assert output.shape == expected.shape
    np.testing.assert_allclose(numbers(output, values), expected, rtol=1e-9, atol=1e-12)
    upstream = frozen(np.random.RandomState(5).uniform(-1, 1, expected.shape))
    (arriving,), given = letters_and_numbers([upstream], "d")
    for slot in range(len(inputs)):
        if operation.passes(slot):
            added = read_only(contribution(step, slot, arriving, [*letters, output], choices, xp), xp)
            wanted = vjp(operation, inputs, sample.params, slot, upstream)
            assert added.shape == wanted.shape
            np.testing.assert_allclose(numbers(added, values | given), wanted, rtol=1e-9, atol=1e-12)


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
