"""Random scenarios out of all operations: what holds for every trace, against autograd and finite differences.

`CORPUS` is the same on every run, and features every operation in turn; hypothesis draws further scenarios, and makes
one that fails as simple as it can. `replay` walks the exported JSON alone, so that whoever reads the export can.
"""

from __future__ import annotations

import itertools
import json
import math
from functools import cache
from random import Random
from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import bptui
from bptui.checking.gradients import check_gradients
from bptui.exporting.json import write_json
from bptui.ops import CALLABLE, OPERATIONS
from bptui.present import whole
from bptui.present.presentation import Presentation
from bptui.trace.elements import Elements
from bptui.trace.record import Trace
from checker import mask
from random_scenarios import RandomScenario, random_scenario

OPERATION_NAMES = tuple(OPERATIONS)
FEATURED = 2
"""How many operations each scenario of the corpus features; the scenarios together feature all of them."""

CORPUS = range(-(-len(OPERATION_NAMES) // FEATURED))


@cache
def case(number: int) -> tuple[RandomScenario, Trace]:
    """Return scenario `number` of the corpus and its trace."""
    scenario = random_scenario(Random(number), OPERATION_NAMES[number * FEATURED :][:FEATURED])
    return scenario, traced(scenario)


def traced(scenario: RandomScenario) -> Trace:
    return bptui.run(bptui.loads(scenario.text))


# What holds for every scenario


def check_values(scenario: RandomScenario, trace: Trace) -> None:
    """Every named value is that of the independent computation."""
    for name, expected in scenario.values().items():
        found = trace.value(name)
        assert found.shape == np.shape(expected), (name, scenario.text)
        np.testing.assert_allclose(found, expected, rtol=1e-11, atol=1e-13, err_msg=f"{name}\n{scenario.text}")


def check_gradients_by_autograd(scenario: RandomScenario, trace: Trace) -> None:
    """Every named value's gradient is autograd's; a complete gradient of a scenario's own zero is exactly zero."""
    for name, expected in scenario.gradients().items():
        found = trace.gradient(name)
        assert found.shape == expected.shape, (name, scenario.text)
        np.testing.assert_allclose(found, expected, rtol=1e-9, atol=1e-11, err_msg=f"{name}\n{scenario.text}")


def check_gradients_by_differences(scenario: RandomScenario, trace: Trace) -> None:
    """Gradients of leaves agree with differences of other runs, `bptui.run(…, values=…)`."""
    loaded = trace.scenario
    random = Random(0)
    for name, array in scenario.leaves.items():
        for flat in random.sample(range(array.size), min(array.size, 2)):
            results = []
            for step in (-1e-5, 1e-5):
                moved = array.copy()
                moved.reshape(-1)[flat] += step
                target = bptui.run(loaded, values={name: moved.tolist()}).value(scenario.target)
                results.append(float(np.sum(target if scenario.seed is None else scenario.seed * target)))
            slope = (results[1] - results[0]) / 2e-5
            found = float(trace.gradient(name).reshape(-1)[flat])
            assert found == pytest.approx(slope, rel=1e-5, abs=1e-6), f"{name}, element {flat}\n{scenario.text}"


def check_checker_agrees(scenario: RandomScenario, trace: Trace) -> None:
    """The gradient checker finds nothing wrong, no kink, and names what `wrt` asks for."""
    checked = check_gradients(trace)
    assert tuple(one.name for one in checked) == scenario.wrt
    assert all(one.ok and not one.kinks and not one.not_finite for one in checked), scenario.text


def check_export_replays(scenario: RandomScenario, trace: Trace) -> None:
    """The JSON trace holds together by itself."""
    text = write_json(trace)
    assert text == write_json(traced(scenario)), "the same scenario gives the same bytes"
    replay(json.loads(text), scenario)


def check_routes(scenario: RandomScenario, trace: Trace) -> None:
    """Routes of some elements, at both levels: every one of them, counted and summed by brute force."""
    graph = Graph(json.loads(write_json(trace)), trace)
    random = Random(1)
    for name in random.sample(scenario.names, min(len(scenario.names), 5)):
        value = trace.program.values[trace.program.names[name]]
        flat = random.randrange(value.size)
        element = trace.program.element_name(value.id, flat)
        for level in ("named", "primitive"):
            start = (value.id, flat)
            count = graph.count(start, level)
            if count > 2000:
                continue
            found = trace.routes(element, limit=count + 1, level=level)
            what = f"{element}, {level}\n{scenario.text}"
            assert found.count == count == len(found), what
            assert found.level == level, what
            expected = sorted(graph.products(start, level))
            scale = max((abs(product) for product in expected), default=0.0)
            products = [route.product for route in found]
            np.testing.assert_allclose(
                sorted(products), expected, rtol=1e-9, atol=1e-12 * max(scale, 1.0), err_msg=what
            )
            assert_best_first(products, what)
            gradient = float(trace.gradient(element))
            assert found.total == gradient, what
            assert math.isclose(found.shown, gradient, rel_tol=1e-9, abs_tol=1e-11 * max(scale, 1.0)), what
            for route in found:
                assert route.product == math.prod(number for _, number in route.factors), what
                assert math.isnan(route.share) if gradient == 0 else route.share == route.product / gradient, what
                assert len(route.steps) == len(route.factors), what
            few = trace.routes(element, limit=2, level=level)
            assert few.count == count, what
            assert [route.product for route in few] == products[:2], what


def assert_best_first(products: list[float], what: str) -> None:
    """The sizes fall, but for rounding: the search multiplies from the other end."""
    sizes = [abs(product) for product in products]
    for larger, smaller in itertools.pairwise(sizes):
        assert smaller <= larger * (1 + 1e-12), what


def check_frames(scenario: RandomScenario, trace: Trace) -> None:
    """Every step has a frame and a label for its first, its last and a middle element, of printable text."""
    presentation = Presentation(trace)
    assert len(presentation) == len(trace.steps) == len(presentation.labels)
    for index, step in enumerate(trace.steps):
        value = trace.program.values[step.target if step.phase == "backward" else step.output]  # type: ignore[index]
        for element in {0, value.size // 2, max(value.size - 1, 0)}:
            frame = presentation.frame(index, element)
            assert (frame.index, frame.phase, frame.steps) == (index, step.phase, len(trace.steps))
            assert frame.element == element if value.size else not frame.formulas
            assert frame.title
            assert frame.sentence
            assert all(line.startswith("= ") for line in frame.formulas[1:]), frame.formulas
            for row in frame.table.rows:
                assert len(row.cells) == len(frame.table.columns) == len(frame.table.numeric)
        assert presentation.label(index).phase == step.phase
        assert [row.cells[0] for row in presentation.values(index).rows if row.cells[0]] == scenario.names
    assert list(whole.gradients(presentation.writer))
    for listed in whole.routes(presentation.writer):
        assert listed.title


CHECKS = (
    check_values,
    check_gradients_by_autograd,
    check_gradients_by_differences,
    check_checker_agrees,
    check_export_replays,
    check_routes,
    check_frames,
)


@pytest.mark.parametrize("number", CORPUS)
@pytest.mark.parametrize("check", CHECKS, ids=lambda check: check.__name__.removeprefix("check_"))
def test_corpus(check: Any, number: int) -> None:
    check(*case(number))


@settings(max_examples=25, suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large])
@given(st.randoms(use_true_random=False), st.lists(st.sampled_from(OPERATION_NAMES), max_size=3))
def test_any_scenario(random: Random, featured: list[str]) -> None:
    scenario = random_scenario(random, featured)
    trace = traced(scenario)
    for check in CHECKS:
        check(scenario, trace)


def test_the_corpus_has_every_operation() -> None:
    used = {step.operation.name for number in CORPUS for step in case(number)[1].program.steps}
    assert used == set(OPERATION_NAMES)
    assert set(CALLABLE) < used


def test_the_corpus_is_varied() -> None:
    scenarios = [case(number)[0] for number in CORPUS]
    text = "\n".join(scenario.text for scenario in scenarios)
    assert {scenario.seed is None for scenario in scenarios} == {True, False}
    assert any(scenario.target != list(scenario.lines)[-1] for scenario in scenarios), "targets with lines below"
    assert any(set(scenario.wrt) & set(scenario.lines) for scenario in scenarios), "gradients of forward lines"
    for piece in ("symbol = ", "init = ", "[functions]", "loss = ", "index_base = 0", "index_base = 1", ".T", "α"):
        assert piece in text, piece


def test_a_wrong_oracle_would_be_noticed() -> None:
    """The checks of this file can fail: one that is given another scenario's trace does."""
    (first, _), (_, second) = case(0), case(1)
    for check in (check_values, check_gradients_by_autograd):
        with pytest.raises((AssertionError, bptui.BptuiError)):
            check(first, second)


# The exported trace, walked on its own


def numbers(data: Any) -> np.ndarray[Any, np.dtype[np.float64]]:
    return np.asarray(data, dtype=np.float64)


def product(upstream: Any, local: dict[str, Any], shape: tuple[int, ...]) -> Any:
    """Return upstream times local in the operand's shape, from the two alone."""
    value = numbers(local["value"])
    if local["kind"] == "jacobian":
        return np.tensordot(upstream, value, axes=np.ndim(upstream))
    array = upstream * value
    while array.ndim > len(shape):
        array = array.sum(axis=0)
    for axis, length in enumerate(shape):
        if length == 1 and array.shape[axis] != 1:
            array = array.sum(axis=axis, keepdims=True)
    return array


FORWARD = ["index", "phase", "op", "inputs", "params", "output", "line", "formula"]
SEED = ["index", "phase", "output", "gradient"]
BACKWARD = [
    "index", "phase", "forward_step", "op", "slot", "target", "formula", "upstream", "local", "contribution", "before",
    "after",
]  # fmt: skip


def replay(data: dict[str, Any], scenario: RandomScenario) -> None:
    """Check everything that the format says about the JSON trace."""
    assert (data["format"], data["version"], data["mode"]) == ("bptui-trace", 1, "numbers")
    values = {value["id"]: value for value in data["values"]}
    named = [value["name"] for value in data["values"] if value["name"] is not None]
    assert sorted(named) == sorted(scenario.names), "every named value appears once"
    assert {value["role"] for value in values.values()} <= {"input", "parameter", "constant", "named", "intermediate"}
    for value in values.values():
        assert numbers(value["value"]).shape == tuple(value["shape"])
        assert (value["role"] == "named") == (value["name"] in scenario.lines)
        assert (value["role"] in ("input", "parameter")) == (value["name"] in scenario.leaves)
        assert ("expression" in value) == (value["name"] is None)
    known = {identity for identity, value in values.items() if value["role"] in ("input", "parameter", "constant")}
    phases = [step["phase"] for step in data["steps"]]
    assert phases == sorted(phases, key=["forward", "seed", "backward"].index)
    gradients: dict[int, Any] = {}
    last: tuple[int, int] = (10**9, 0)
    for index, step in enumerate(data["steps"]):
        assert step["index"] == index
        if step["phase"] == "forward":
            assert all(key in step for key in FORWARD), step
            assert set(step["inputs"]) <= known, "a step uses what came before it"
            known.add(step["output"])
            assert set(step["params"]) == set(OPERATIONS[step["op"]].options)
            assert step["line"] in scenario.lines
        elif step["phase"] == "seed":
            assert all(key in step for key in SEED), step
            assert values[step["output"]]["name"] == scenario.target
            expected = np.ones(()) if scenario.seed is None else scenario.seed
            np.testing.assert_array_equal(numbers(step["gradient"]), expected)
            gradients[step["output"]] = numbers(step["gradient"])
        else:
            assert all(key in step for key in BACKWARD), step
            above = data["steps"][step["forward_step"]]
            assert (above["phase"], above["op"]) == ("forward", step["op"])
            assert above["inputs"][step["slot"]] == step["target"]
            place = (step["forward_step"], -step["slot"])
            assert place < last, "steps in reverse, slots from the left"
            last = place
            target = step["target"]
            shape = tuple(values[target]["shape"])
            upstream = numbers(step["upstream"])
            np.testing.assert_array_equal(upstream, gradients[above["output"]])
            np.testing.assert_array_equal(upstream, numbers(values[above["output"]]["gradient"]), "complete")
            contribution = numbers(step["contribution"])
            expected = product(upstream, step["local"], shape)
            np.testing.assert_allclose(contribution, expected, rtol=1e-10, atol=1e-12)
            before, after = numbers(step["before"]), numbers(step["after"])
            assert contribution.shape == before.shape == after.shape == shape
            np.testing.assert_array_equal(before, gradients.get(target, np.zeros(shape)))
            np.testing.assert_array_equal(after, before + contribution)
            gradients[target] = after
    for identity, value in values.items():
        if value["role"] != "constant":
            expected = gradients.get(identity, np.zeros(value["shape"]))
            np.testing.assert_array_equal(numbers(value["gradient"]), expected)
    assert list(data["gradients"]) == list(scenario.wrt)
    by_name = {value["name"]: value for value in values.values()}
    for name, gradient in data["gradients"].items():
        assert gradient == by_name[name]["gradient"]


class Graph:
    """All edges between single elements, read off the JSON trace; routes by walking every one of them.

    An elementwise local has an edge for each of its entries. A Jacobian has one for each entry that is not 0, and for
    each 0 that is none by structure, which the JSON cannot tell: the operation is asked, and `checker` checks those.
    """

    def __init__(self, data: dict[str, Any], trace: Trace) -> None:
        self.names = {value["id"]: value["name"] for value in data["values"]}
        self.target = trace.program.target
        self.seed = numbers(next(step for step in data["steps"] if step["phase"] == "seed")["gradient"]).reshape(-1)
        self.edges: dict[tuple[int, int], list[tuple[tuple[int, int], float]]] = {}
        shapes = {value["id"]: tuple(value["shape"]) for value in data["values"]}
        elements = Elements(trace)
        for step in data["steps"]:
            if step["phase"] != "backward":
                continue
            above = data["steps"][step["forward_step"]]
            head, tail = above["output"], step["target"]
            local = numbers(step["local"]["value"])
            matrix = local.reshape(-1, math.prod(shapes[tail]))
            linked = matrix != 0
            if step["local"]["kind"] == "elementwise":
                places = np.arange(math.prod(shapes[tail])).reshape(shapes[tail])
                columns = np.broadcast_to(places, shapes[head]).reshape(-1)
                matrix = np.zeros((columns.size, places.size))
                matrix[np.arange(columns.size), columns] = local.reshape(-1)
                linked = np.zeros(matrix.shape, dtype=bool)
                linked[np.arange(columns.size), columns] = True
            else:
                structure = elements.structure(step["forward_step"], step["slot"])
                possible = mask(structure, *matrix.shape)
                assert not (linked & ~possible).any()
                linked = possible
            for i, j in np.argwhere(linked):
                self.edges.setdefault((tail, int(j)), []).append(((head, int(i)), float(matrix[i, j])))

    def steps_out(self, node: tuple[int, int], level: str) -> list[tuple[tuple[int, int], float]]:
        """Return where one goes from `node`; at the named level unnamed values are passed through."""
        if level == "primitive":
            return self.edges.get(node, [])
        found: dict[tuple[int, int], float] = {}

        def through(at: tuple[int, int], factor: float) -> None:
            for head, number in self.edges.get(at, []):
                if self.names[head[0]] is None:
                    through(head, factor * number)
                else:
                    found[head] = found.get(head, 0.0) + factor * number

        through(node, 1.0)
        return list(found.items())

    def count(self, node: tuple[int, int], level: str) -> int:
        memory: dict[tuple[int, int], int] = {}

        def routes(at: tuple[int, int]) -> int:
            if at[0] == self.target:
                return 1
            if at not in memory:
                memory[at] = sum(routes(head) for head, _ in self.steps_out(at, level))
            return memory[at]

        return routes(node)

    def products(self, node: tuple[int, int], level: str) -> list[float]:
        if node[0] == self.target:
            return [float(self.seed[node[1]])]
        return [number * rest for head, number in self.steps_out(node, level) for rest in self.products(head, level)]
