"""The bundled scenarios: every one is loaded, run, walked, and compared with an independent implementation.

`ORACLES` says every scenario once more as a plain function of its leaves, written by hand and differentiated by
autograd. A scenario without an entry fails, so does an entry without a scenario. `PUBLISHED` holds the numbers that
books, courses and posts print for the examples taken from them.
"""

from __future__ import annotations

import tomllib
from collections.abc import Callable
from decimal import Decimal
from pathlib import Path
from typing import Any

import autograd.numpy as np
import numpy
import pytest
from autograd import grad

import bptui

FOLDER = Path(__file__).parent.parent / "scenarios"
PATHS = {path.stem: path for path in FOLDER.glob("*.toml")}
NAMES = sorted(PATHS)
Leaves = dict[str, Any]
"""A scenario's leaves by name, as arrays; and zeros under the name of each forward line in its `wrt`."""


def document(name: str) -> dict[str, Any]:
    """Return the scenario file as TOML alone reads it."""
    return tomllib.loads(PATHS[name].read_text(encoding="utf-8"))


def leaf_value(leaf: Any) -> Any:
    """Return the numbers that a leaf of a bundled file gives: written out, beside a symbol, or in a file."""
    if isinstance(leaf, dict) and "file" in leaf:
        with numpy.load(FOLDER / leaf["file"], allow_pickle=False) as archive:
            return numpy.asarray(archive[leaf["key"]], dtype=float)
    return numpy.asarray(leaf["value"] if isinstance(leaf, dict) else leaf, dtype=float)


def leaves_of(name: str) -> Leaves:
    """Return the leaves that stand in the file, by name."""
    content = document(name)
    return {
        leaf: leaf_value(value) for table in ("inputs", "parameters") for leaf, value in content.get(table, {}).items()
    }


def traced(name: str, **values: Any) -> Any:
    """Return the trace of a bundled scenario, with the leaves named in `values` given other numbers."""
    return bptui.run(bptui.load(PATHS[name]), values=values)


def at(leaves: Leaves, name: str, value: Any) -> Any:
    """Return a forward line's `value`, moved by what stands under its name: its gradient is that of the line."""
    return value + leaves[name] if name in leaves else value


# --- every scenario once more, as a function of its leaves ---------------------------------------------------------


def sigmoid(x: Any) -> Any:
    return 1 / (1 + np.exp(-x))


def relu(x: Any) -> Any:
    return np.where(x > 0, x, 0.0)


def softmax(x: Any) -> Any:
    powers = np.exp(x)
    return powers / np.sum(powers, axis=-1, keepdims=True)


def bce(y: Any, t: Any) -> Any:
    return -np.mean(t * np.log(y) + (1 - t) * np.log(1 - y))


def mse(y: Any, t: Any) -> Any:
    return np.mean((y - t) ** 2)


def half_square(y: Any, t: Any) -> Any:
    return np.sum((y - t) ** 2) / 2


def moved(x: Any, order: list[int]) -> Any:
    return np.array([x[i] for i in order])


def exercise_7_1(v: Leaves) -> Any:
    h = relu(np.dot(v["W1"], v["x"]) + v["b1"])
    return bce(sigmoid(np.dot(v["W2"], h) + v["b2"]), v["t"])


def softmax_classifier(v: Leaves) -> Any:
    scores = np.dot(v["X"], v["W"].T) + v["b"]
    first, second = at(v, "Z1", scores), at(v, "Z2", scores)
    losses = [-np.sum(v["T"] * (z - np.log(np.sum(np.exp(z), axis=1, keepdims=True)))) / 3 for z in (first, second)]
    return (losses[0] + losses[1]) / 2


def two_layer(v: Leaves) -> Any:
    h = sigmoid(np.dot(v["W1"], v["x"]) + v["b1"])
    return half_square(sigmoid(np.dot(v["W2"], h) + v["b2"]), v["t"])


def rnn(v: Leaves) -> Any:
    h = v["h0"]
    for x in v["x"]:
        h = np.tanh(np.dot(v["U"], h) + v["w"] * x + v["b"])
    return half_square(np.dot(v["v"], h), v["t"])


def lstm(v: Leaves) -> Any:
    joined = np.concatenate([v["x"], v["h0"]])
    forget, write, show = (sigmoid(np.dot(v["W" + gate], joined) + v["b" + gate]) for gate in "fio")
    cell = forget * v["c0"] + write * np.tanh(np.dot(v["Wg"], joined) + v["bg"])
    return half_square(show * np.tanh(cell), v["t"])


def attention(v: Leaves) -> Any:
    queries, keys, values = (np.dot(v["X"], v[weights]) for weights in ("Wq", "Wk", "Wv"))
    return mse(np.dot(softmax(np.dot(queries, keys.T) / 2**0.5), values), v["T"])


def layer_norm(v: Leaves) -> Any:
    x = v["x"]
    normal = (x - np.mean(x)) / np.sqrt(np.mean(x**2) - np.mean(x) ** 2 + 1e-5)
    return half_square(v["gain"] * normal + v["shift"], v["t"])


def batch_norm(v: Leaves) -> Any:
    x = v["X"]
    return v["γ"] * (x - np.mean(x, axis=0)) / np.sqrt(np.var(x, axis=0) + 1e-5) + v["β"]


def residual(v: Leaves) -> Any:
    return half_square(v["x"] + np.dot(v["W2"], relu(np.dot(v["W1"], v["x"]) - 0.2)), v["t"])


def convolution(v: Leaves) -> Any:
    x, w = v["x"], v["w"]
    c = [x[i] * w[0] + x[i + 1] * w[1] + x[i + 2] * w[2] + v["b"] for i in range(6)]
    y = sum(v["v"][i] * (c[2 * i] if c[2 * i] > c[2 * i + 1] else c[2 * i + 1]) for i in range(3))
    return half_square(y, v["t"])


def chain(activation: Callable[[Any], Any]) -> Callable[[Leaves], Any]:
    def function(v: Leaves) -> Any:
        a = v["x"]
        for i in range(10):
            a = activation(v["w"][i] * a)
        return a

    return function


def sort_with_a_tie(v: Leaves) -> Any:
    x, c = v["x"], v["c"]
    in_order = c[0] * x[1] + c[1] * x[3] + c[2] * x[0] + c[3] * x[2] + c[4] * x[4]
    return in_order + 10 * (x[2] + x[4]) / 2


def permutation_cycle(v: Leaves) -> Any:
    order = [1, 2, 0, 4, 3]
    return moved(at(v, "twice", moved(at(v, "once", moved(v["x"], order)), order)), order)


def log_sigmoid(v: Leaves) -> Any:
    first, second = at(v, "z1", v["z"]), at(v, "z2", v["z"])
    return np.sum(np.log(sigmoid(first))) - np.sum(np.logaddexp(0.0, -second))


def as_layers(v: Leaves) -> Any:
    first = np.array([[0.1, 0.4], [0.2, 0.5], [0.3, -0.6]]) + v["W1"]
    second = numpy.random.RandomState(1).uniform(-1, 1, (2, 3)) * (6 / (3 + 2)) ** 0.5 + v["W2"]
    a1 = relu(np.dot(v["X"], first.T) + np.array([0.1, 0.2, 0.3]) + v["b1"])
    return bce(sigmoid(np.dot(a1, second.T) + v["b2"]), v["T"])


def embedding(v: Leaves) -> Any:
    mean = (v["E"][2] + v["E"][0] + v["E"][2]) / 3
    return bce(sigmoid(np.dot(v["v"], mean)), v["t"])


ORACLES: dict[str, Callable[[Leaves], Any]] = {
    "attention-head": attention,
    "batch-norm": batch_norm,
    "conv1d-pooling": convolution,
    "dead-relu": lambda v: mse(np.dot(relu(np.dot(v["X"], v["W"].T) + v["b"]), v["v"]), v["t"]),
    "embedding-lookup": embedding,
    "exercise-7-1": exercise_7_1,
    "exercise-7-1-as-solved": exercise_7_1,
    "exercise-7-3a": lambda v: moved(v["x"], [2, 4, 3, 0, 1]),
    "exercise-7-3b": lambda v: v["x"][0] * v["x"],
    "exercise-7-3c": lambda v: v["x"][0] * moved(v["x"], [2, 4, 3, 0, 1]),
    "exploding-gradient": lambda v: v["h0"] * v["w"] ** 8,
    "layer-norm": layer_norm,
    "linear-regression": lambda v: mse(v["w"] * v["x"] + v["b"], v["t"]),
    "log-sigmoid-stable": log_sigmoid,
    "lstm-cell": lstm,
    "network-as-layers": as_layers,
    "p-minus-t": lambda v: -np.sum(v["t"] * np.log(softmax(v["z"]))),
    "permutation-cycle": permutation_cycle,
    "residual-block": residual,
    "rnn-five-steps": rnn,
    "scalar-chain": lambda v: (v["x"] + v["y"]) * v["z"],
    "scalar-neuron": lambda v: sigmoid(np.dot(v["w"][:2], v["x"]) + v["w"][2]),
    "scalar-reuse": lambda v: v["x"] ** 2 + v["x"],
    "softmax-classifier": softmax_classifier,
    "sort-with-a-tie": sort_with_a_tie,
    "symmetric-start": lambda v: mse(np.dot(v["W2"], np.tanh(np.dot(v["W1"], v["x"]) + v["b1"])) + v["b2"], v["t"]),
    "tanh-neuron": lambda v: np.tanh(v["x1"] * v["w1"] + v["x2"] * v["w2"] + v["b"]),
    "two-layer-squared-error": two_layer,
    "vanishing-gradient": chain(sigmoid),
    "vanishing-gradient-cured": chain(relu),
    "weights-from-file": lambda v: bce(
        sigmoid(np.dot(np.tanh(np.dot(v["X"], v["W1"].T) + v["b1"]), v["W2"].T) + v["b2"]), v["T"]
    ),
    "xor": lambda v: mse(np.dot(relu(np.dot(v["X"], v["W1"].T) + v["b1"]), v["W2"].T) + v["b2"], v["T"]),
}


def wanted(content: dict[str, Any]) -> list[str]:
    """Return the names whose gradients the scenario asks for, by the rule of the format."""
    network = ["W1", "b1", "W2", "b2"] if "network" in content else []
    names = [*network, *content.get("parameters", {})] or list(content.get("inputs", {}))
    return list(content.get("backward", {}).get("wrt", names))


def test_every_scenario_has_its_oracle_and_every_oracle_its_scenario() -> None:
    assert sorted(ORACLES) == NAMES


@pytest.mark.parametrize("name", NAMES)
def test_target_and_gradients_equal_those_of_the_oracle(name: str) -> None:
    content = document(name)
    trace = traced(name)
    names = wanted(content)
    leaves = leaves_of(name)
    for line in names:
        leaves.setdefault(line, numpy.zeros(numpy.shape(trace.value(line))))
    backward = content.get("backward", {})
    target = backward.get("of") or list(content.get("forward", ["L"]))[-1]
    seed = leaf_value(backward.get("seed", 1.0))

    # The naive half of log-sigmoid-stable divides by 0 on purpose; so does this one.
    with numpy.errstate(all="ignore"):
        value = ORACLES[name](leaves)
        gradients = grad(lambda v: np.sum(seed * ORACLES[name](v)))(leaves)

    assert trace.value(target) == pytest.approx(value, rel=1e-12, abs=1e-14, nan_ok=True)
    for line in names:
        found = trace.gradient(line)
        assert numpy.shape(found) == numpy.shape(gradients[line])
        numpy.testing.assert_allclose(found, gradients[line], rtol=1e-9, atol=1e-13, err_msg=line)


# --- what a file holds ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", NAMES)
def test_title_and_description_fit_on_the_screen(name: str) -> None:
    content = document(name)
    lines = content["description"].split("\n")
    assert 0 < len(content["title"]) <= 75
    assert 3 <= len(lines) <= 8
    assert all(line and line == line.strip() and len(line) <= 75 for line in lines), lines
    assert "Question:" in content["description"]
    assert name == name.lower().replace("_", "-")
    assert bptui.load(name).title == content["title"]


@pytest.mark.parametrize("field", ["title", "description"])
def test_no_two_scenarios_say_the_same(field: str) -> None:
    texts = [document(name)[field] for name in NAMES]
    assert len(set(texts)) == len(texts)


# --- walking -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", NAMES)
def test_walking_forward_and_backward_visits_the_same_steps(name: str) -> None:
    trace = traced(name)
    there = list(trace.steps)
    back = list(reversed(trace.steps))[::-1]

    assert [step.index for step in there] == list(range(len(there))) == [step.index for step in back]
    phases = [step.phase for step in there]
    seed = phases.index("seed")
    assert phases == ["forward"] * seed + ["seed"] + ["backward"] * (len(there) - seed - 1)
    assert seed > 0
    assert phases[-1] == "backward"
    for one, other in zip(there, back, strict=True):
        assert (one.phase, one.op, one.formula, one.slot, one.target) == (
            other.phase,
            other.op,
            other.formula,
            other.slot,
            other.target,
        )
        numpy.testing.assert_array_equal(one.after, other.after)


@pytest.mark.parametrize("name", NAMES)
def test_every_step_takes_up_where_the_steps_before_it_left(name: str) -> None:
    trace = traced(name)
    made: set[int] = set()
    outputs = {step.output for step in trace.steps if step.phase == "forward"}
    ledger: dict[int, Any] = {}
    passed_on: set[int] = set()
    for step in trace.steps:
        if step.phase == "forward":
            assert all(operand in made or operand not in outputs for operand in step.inputs)
            made.add(step.output)
        elif step.phase == "seed":
            ledger[step.output] = step.gradient
        else:
            output = trace.steps[step.forward_step].output
            assert step.target not in passed_on, "a gradient grew after it was passed on"
            passed_on.add(output)
            numpy.testing.assert_array_equal(step.upstream, ledger[output])
            numpy.testing.assert_array_equal(step.before, ledger.get(step.target, numpy.zeros_like(step.before)))
            numpy.testing.assert_allclose(step.after, step.before + step.contribution, rtol=1e-15, atol=0)
            assert step.after.shape == trace.values[step.target].shape
            ledger[step.target] = step.after
    for value in trace.program.values:
        if value.name is not None:
            numpy.testing.assert_array_equal(trace.gradient(value.name), ledger.get(value.id, 0.0))


# --- numbers that somebody printed ---------------------------------------------------------------------------------

# Stanford CS231n, course notes "Backpropagation, Intuitions": the circuit (x + y)z, and the two-input neuron, whose
# figure rounds to two digits.
CS231N = [
    ("scalar-chain", "q", 3, 0),
    ("scalar-chain", "f", -12, 0),
    ("scalar-chain", "df/dz", 3, 0),
    ("scalar-chain", "df/dq", -4, 0),
    ("scalar-chain", "df/dx", -4, 0),
    ("scalar-chain", "df/dy", -4, 0),
    ("scalar-neuron", "z", 1.00, 2),
    ("scalar-neuron", "f", 0.73, 2),
    ("scalar-neuron", "df/dz", 0.20, 2),
    ("scalar-neuron", "df/dw", [-0.20, -0.39, 0.20], 2),
    ("scalar-neuron", "df/dx", [0.39, -0.59], 2),
    # The same course's lecture on linear classification: scores of a cat, a car and a frog. (Its slide prints the
    # loss as 0.89, with the logarithm to base 10; with the natural one of its own formula it is 2.04.)
    ("p-minus-t", "p", [0.13, 0.87, 0.00], 2),
    ("p-minus-t", "L", 2.04, 2),
]

# Andrej Karpathy, lecture "The spelled-out intro to neural networks and backpropagation: building micrograd".
MICROGRAD = [
    ("tanh-neuron", "n", 0.8814, 4),
    ("tanh-neuron", "o", 0.7071, 4),
    ("tanh-neuron", "do/dn", 0.5, 4),
    ("tanh-neuron", "do/dx1", -1.5, 4),
    ("tanh-neuron", "do/dw1", 1.0, 4),
    ("tanh-neuron", "do/dx2", 0.5, 4),
    ("tanh-neuron", "do/dw2", 0.0, 4),
    ("tanh-neuron", "do/db", 0.5, 4),
]

# Matt Mazur, post "A Step by Step Backpropagation Example". His w1 … w8 are W1 and W2 row by row.
MAZUR = [
    ("two-layer-squared-error", "net_h(1)", 0.3775, 9),
    ("two-layer-squared-error", "h", [0.593269992, 0.596884378], 9),
    ("two-layer-squared-error", "net_o(1)", 1.105905967, 9),
    ("two-layer-squared-error", "o", [0.75136507, 0.772928465], 8),
    ("two-layer-squared-error", "E", 0.298371109, 9),
    ("two-layer-squared-error", "dE/do(1)", 0.74136507, 8),
    ("two-layer-squared-error", "do(1)/dnet_o(1)", 0.186815602, 9),
    ("two-layer-squared-error", "dE/dW2(1,1)", 0.082167041, 9),
    ("two-layer-squared-error", "dE/dW1(1,1)", 0.000438568, 9),
]


def number(trace: Any, name: str) -> Any:
    """Return what `name` names in a trace: a derivative, a named value, an element, or a sub-expression."""
    if "/d" in name:
        return trace.derivative(name)
    for value in trace.program.values:
        if value.text == name and value.name is None:
            return trace.values[value.id]
    return trace.value(name)


@pytest.mark.parametrize(("name", "what", "printed", "digits"), [*CS231N, *MICROGRAD, *MAZUR], ids=str)
def test_published_numbers(name: str, what: str, printed: Any, digits: int) -> None:
    trace = traced(name)
    # Half a unit of the last printed digit, and a hair for the half itself.
    numpy.testing.assert_allclose(number(trace, what), printed, rtol=0, atol=0.5001 * 10.0**-digits)


def test_one_step_of_gradient_descent_gives_the_published_weights() -> None:
    trace = traced("two-layer-squared-error")
    # Mazur's learning rate is 0.5; he updates the weights and leaves the biases alone.
    after = {name: trace.value(name) - 0.5 * trace.gradient(name) for name in ("W1", "W2")}
    numpy.testing.assert_allclose(after["W1"], [[0.149780716, 0.19956143], [0.24975114, 0.29950229]], atol=5e-9)
    numpy.testing.assert_allclose(after["W2"], [[0.35891648, 0.408666186], [0.511301270, 0.561370121]], atol=5e-9)
    assert float(traced("two-layer-squared-error", **after).value("E")) == pytest.approx(0.291027774, abs=5e-10)
    # The post prints another error, 0.291027924: what comes out where W1's gradient is taken through the W2 that was
    # already updated, although its weights above (and its text) are right.
    slope = trace.value("h") * (1 - trace.value("h"))
    late = numpy.outer(after["W2"].T @ trace.gradient("net_o") * slope, trace.value("x"))
    after["W1"] = trace.value("W1") - 0.5 * late
    assert float(traced("two-layer-squared-error", **after).value("E")) == pytest.approx(0.291027924, abs=5e-10)


# --- the exercises -------------------------------------------------------------------------------------------------


def test_exercise_7_1_by_hand() -> None:
    trace = traced("exercise-7-1")
    assert trace.value("z1") == pytest.approx([0.23, 0.40, 0.57])
    assert trace.value("z2") == pytest.approx([0.398, 0.663])
    y1, y2 = 1 / (1 + numpy.exp(-0.398)), 1 / (1 + numpy.exp(-0.663))
    assert float(trace.value("L")) == pytest.approx(-(numpy.log(y1) + numpy.log(1 - y2)) / 2)
    # With cross-entropy and the mean over two, dL/dz2 = (y - t)/2.
    d1, d2 = (y1 - 1) / 2, y2 / 2
    assert trace.gradient("b2") == pytest.approx([d1, d2])
    assert trace.gradient("W2") == pytest.approx(numpy.outer([d1, d2], [0.23, 0.40, 0.57]))
    assert trace.derivative("dL/dW1(1,1)") == pytest.approx((0.7 * d1 + 0.5 * d2) * 0.5)
    assert trace.derivative("dL/db1(2)") == pytest.approx(0.2 * d1 + 0.3 * d2)


def test_exercise_7_3_exactly() -> None:
    x0, x1, x2, x3, x4 = x = [3.0, 1.0, 4.0, 1.5, 5.0]
    d0, d1, d2, d3, d4 = [1.0, -2.0, 0.5, 3.0, -1.0]
    a, b, c = (traced("exercise-7-3" + part) for part in "abc")
    assert a.value("F1").tolist() == [x2, x4, x3, x0, x1]
    assert a.gradient("x").tolist() == [d3, d4, d0, d2, d1]
    assert b.value("F2").tolist() == [x0 * xi for xi in x]
    first = d0 * 2 * x0 + d1 * x1 + d2 * x2 + d3 * x3 + d4 * x4
    assert b.gradient("x").tolist() == [first, d1 * x0, d2 * x0, d3 * x0, d4 * x0]
    assert c.value("F3").tolist() == [x0 * x2, x0 * x4, x0 * x3, x0 * x0, x0 * x1]
    first = d0 * x2 + d1 * x4 + d2 * x3 + d3 * 2 * x0 + d4 * x1
    assert c.gradient("x").tolist() == [first, d4 * x0, d0 * x0, d2 * x0, d1 * x0]


def claims(line: Any) -> list[Any]:
    """Return the entries of a worked line in order: strings, or numbers as they are written."""
    return [entry for part in line for entry in claims(part)] if isinstance(line, list) else [line]


def in_symbols(text: str, trace: Any, seed: Any) -> float:
    """Return the number that a sum of products of elements and whole numbers stands for."""
    total = 0.0
    for term in text.split(" + "):
        product = 1.0
        for factor in term.split("*"):
            if factor.isdigit():
                product *= int(factor)
            else:
                product *= seed[int(factor[1:])] if factor.startswith("d") else trace.value(factor)
        total += product
    return total


WITH_SLIPS = {"exercise-7-1-as-solved"}
"""Worked solutions that are there to be marked wrong."""


@pytest.mark.parametrize("name", [name for name in NAMES if "worked" in document(name) and name not in WITH_SLIPS])
def test_every_line_of_a_bundled_worked_solution_is_right(name: str) -> None:
    content = tomllib.loads(PATHS[name].read_text(encoding="utf-8"), parse_float=Decimal)
    trace = traced(name)
    seed = leaf_value(document(name).get("backward", {}).get("seed", 1.0))
    for what, line in content["worked"].items():
        for claim, exact in zip(claims(line), numpy.ravel(number(trace, what)), strict=True):
            if isinstance(claim, str):
                assert in_symbols(claim, trace, seed) == exact, what
            else:
                digits = len(str(claim).partition(".")[2])
                assert abs(float(exact) - float(claim)) <= 0.5 * 10.0**-digits + 1e-12, what


# --- what the descriptions say -------------------------------------------------------------------------------------


def contributions(trace: Any, name: str) -> list[Any]:
    """Return the contributions to a named value's gradient, in the order in which they arrive."""
    target = trace.program.names[name]
    return [step.contribution for step in trace.steps if step.phase == "backward" and step.target == target]


def test_a_value_used_three_times_collects_three_contributions() -> None:
    trace = traced("scalar-reuse")
    assert sorted(map(float, contributions(trace, "x"))) == [1, 3, 3]


def test_all_eight_contributions_to_the_repeated_weight_are_the_same() -> None:
    trace = traced("exploding-gradient")
    assert list(map(float, contributions(trace, "w"))) == [128] * 8


def test_a_recurrent_weight_collects_five_contributions_and_the_last_is_0() -> None:
    trace = traced("rnn-five-steps")
    parts = contributions(trace, "U")
    assert [bool(part.any()) for part in parts] == [True, True, True, True, False]


def test_xor_has_a_row_of_zeros_that_cancel() -> None:
    trace = traced("xor")
    assert trace.value("Y").ravel().tolist() == [-0.5, 0.5, 0.5, 0.5]
    assert trace.gradient("W1")[0].tolist() == [0, 0]
    assert trace.gradient("Z")[:, 0].any()
    assert not trace.gradient("Z")[0].any()
    solved = traced("xor", W2=[[2, -6]], b2=[0])
    assert solved.value("Y").ravel().tolist() == [0, 1, 1, 0]


def test_pooling_cancels_the_gradient_of_one_input_of_two_winners() -> None:
    trace = traced("conv1d-pooling")
    assert trace.gradient("x")[4] == 0
    assert trace.gradient("c").astype(bool).tolist() == [False, True, False, True, True, False]
    pairs = {shift: traced("conv1d-pooling", x=[1, 2, shift, -1, 3, 1, 0, 2]) for shift in (-0.6, -0.7)}
    assert pairs[-0.6].gradient("c").astype(bool).tolist() == [False, True, False, True, True, False]
    assert pairs[-0.7].gradient("c").astype(bool).tolist() == [True, False, False, True, True, False]


def test_the_short_and_the_long_way_to_cross_entropy_agree() -> None:
    trace = traced("softmax-classifier")
    expected = (trace.value("P") - trace.value("T")) / 6
    assert trace.gradient("Z1") == pytest.approx(expected, abs=1e-15)
    assert trace.gradient("Z2") == pytest.approx(expected, abs=1e-15)
    assert trace.gradient("Z").sum(axis=1) == pytest.approx([0, 0, 0], abs=1e-15)


def test_p_minus_t_is_the_gradient_of_the_scores() -> None:
    trace = traced("p-minus-t")
    assert trace.gradient("z") == pytest.approx(trace.value("p_minus_t"), abs=1e-15)
    assert trace.gradient("p").astype(bool).tolist() == [True, False, False]
    # What the slide printed is the logarithm to base 10.
    assert float(trace.value("L")) / numpy.log(10) == pytest.approx(0.89, abs=0.005)


def test_normalisation_lets_no_shift_and_next_to_no_stretch_through() -> None:
    layer = traced("layer-norm")
    assert layer.gradient("x").sum() == pytest.approx(0, abs=1e-15)
    assert 0 < abs(float(layer.gradient("x") @ layer.value("d"))) < 1e-5
    assert (layer.value("y") < layer.value("t")).all()
    assert (layer.gradient("x") > 0).any()
    batch = traced("batch-norm")
    assert batch.gradient("X").sum(axis=0) == pytest.approx([0, 0], abs=1e-15)
    assert batch.gradient("X").all()


def test_ten_sigmoids_lose_the_gradient_and_ten_relus_keep_it() -> None:
    lost = traced("vanishing-gradient").gradient("w")
    ratios = lost[1:] / lost[:-1]
    assert lost[0] == pytest.approx(0.0000003, abs=0.00000005)
    assert ratios.min() > 3.5
    assert ratios.max() < 5
    steeper = traced("vanishing-gradient", w=[4] * 10).gradient("w")
    assert steeper[0] < lost[0]
    cured = traced("vanishing-gradient-cured")
    assert cured.gradient("x") == pytest.approx(0.99, abs=0.005)
    assert cured.gradient("w") == pytest.approx([1] * 10, abs=0.25)
    negative = [1.2, 0.9, 1.1, 0.8, -1, 1.1, 0.9, 1.2, 0.8, 1.1]
    assert not traced("vanishing-gradient-cured", w=negative).gradient("w").any()


def test_a_dead_unit_gets_no_gradient_though_one_arrives() -> None:
    trace = traced("dead-relu")
    assert trace.gradient("W").any(axis=1).tolist() == [True, False]
    assert trace.gradient("b").astype(bool).tolist() == [True, False]
    assert trace.gradient("v").astype(bool).tolist() == [True, False]
    assert trace.gradient("H")[:, 1].all()


def test_the_naive_log_of_sigmoid_breaks_first_forward_then_backward() -> None:
    trace = traced("log-sigmoid-stable")
    assert trace.value("naive")[0] == -numpy.inf
    assert trace.value("stable")[0] == -800
    assert trace.value("naive")[1:] == pytest.approx(trace.value("stable")[1:])
    assert numpy.isnan(trace.gradient("z1")).tolist() == [True, False, False]
    assert trace.gradient("z2")[0] == 1
    assert trace.gradient("z1")[1:] == pytest.approx(trace.gradient("z2")[1:])


def test_sort_keeps_the_order_of_equals_and_max_shares() -> None:
    trace = traced("sort-with-a-tie")
    assert trace.gradient("x").tolist() == [3, 1, 4 + 5, 2, 5 + 5]
    raised = traced("sort-with-a-tie", x=[3, 1.1, 4, 1, 4])
    assert raised.gradient("x").tolist() == [3, 2, 4 + 5, 1, 5 + 5]


def test_a_word_used_twice_moves_twice_as_far_and_unused_ones_stay() -> None:
    gradient = traced("embedding-lookup").gradient("E")
    assert gradient[2] == pytest.approx(2 * gradient[0])
    assert gradient[0].all()
    assert not gradient[[1, 3]].any()


def test_equal_units_get_equal_gradients() -> None:
    trace = traced("symmetric-start")
    assert (trace.gradient("W1") == trace.gradient("W1")[0]).all()
    other = traced("symmetric-start", W2=[[0.6, 0.5, 0.5]])
    assert (other.gradient("W1")[0] != other.gradient("W1")[1]).all()
    assert (other.gradient("W1")[1] == other.gradient("W1")[2]).all()


def test_attention_with_no_questions_is_even_and_its_keys_learn_nothing() -> None:
    trace = traced("attention-head")
    assert trace.gradient("S").sum(axis=1) == pytest.approx([0, 0, 0], abs=1e-15)
    assert len(contributions(trace, "X")) == 3
    silent = traced("attention-head", Wq=[[0, 0], [0, 0]])
    assert silent.value("A") == pytest.approx(numpy.full((3, 3), 1 / 3))
    assert [bool(silent.gradient(weights).any()) for weights in ("Wq", "Wk", "Wv")] == [True, False, True]


def test_the_short_cut_of_a_residual_block_carries_the_gradient_unchanged() -> None:
    trace = traced("residual-block")
    over_the_plus, through_the_weights = contributions(trace, "x")
    assert over_the_plus.tolist() == trace.gradient("y").tolist()
    assert abs(through_the_weights).max() < 0.1 * abs(over_the_plus).max()
    assert trace.gradient("W1").any(axis=1).tolist() == [True, True, False]


def test_the_cell_of_an_lstm_passes_its_gradient_by_the_forget_gate_alone() -> None:
    trace = traced("lstm-cell")
    assert trace.derivative("dc1/dc0") == pytest.approx(numpy.diag(trace.value("f")))
    assert len(contributions(trace, "v")) == 4


def test_trained_weights_solve_xor_and_their_gradients_have_faded() -> None:
    with numpy.load(FOLDER / "weights" / "xor-trained.npz", allow_pickle=False) as archive:
        assert {key: (archive[key].shape, archive[key].dtype.str) for key in archive.files} == {
            "W1": ((3, 2), "<f8"),
            "b1": ((3,), "<f8"),
            "W2": ((1, 3), "<f8"),
            "b2": ((1,), "<f8"),
        }
    trace = traced("weights-from-file")
    assert trace.value("Y").round().ravel().tolist() == [0, 1, 1, 0]
    assert max(abs(trace.gradient(name)).max() for name in ("W1", "b1", "W2", "b2")) < 0.002
    assert abs(trace.gradient("Y")).ravel() == pytest.approx([0.25] * 4, abs=0.002)
    doubled = {name: 2 * trace.value(name) for name in ("W2", "b2")}
    assert traced("weights-from-file", **doubled).value("L") < trace.value("L")
