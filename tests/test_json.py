"""The JSON trace: its form, and that its own numbers fit together, worked out from the text alone."""

from __future__ import annotations

import json
import math
from typing import Any, NoReturn

import numpy as np
import pytest
from numpy.typing import NDArray

import bptui
from bptui import bundled
from bptui.exporting.json_numbers import numbers_text, plain
from bptui.trace.record import Trace
from work import counted

Array = NDArray[np.float64]

MORE = {
    "one slot twice": """
        forward.y = 'x*x + x'
        forward.L = 'sum(y)'
        inputs.x = [1, 2]""",
    "a seed": """
        inputs.x = [3, 1, 4]
        forward.y = 'x[0]*permute(x, [2, 0, 1])'
        backward.seed = [1, -2, 0.5]""",
    "nan and inf": """
        inputs.x = [nan, inf, -inf, 0.0, -0.0, 1e308, 5e-324, 0.1]
        forward.y = 'log(x)/x'
        forward.L = 'sum(y*x)'""",
    "broadcasting": """
        inputs.X = [[1, 2], [3, 4]]
        inputs.b = [5, 6]
        inputs.c = [[7], [8]]
        inputs.s = 9
        forward.Y = '(X + b)*c/s'
        forward.L = 'mean(Y**2)'""",
    "an empty array": """
        inputs.x = []
        forward.y = 'exp(x)'
        forward.L = 'sum(y) + 1'""",
    "unused leaves": """
        inputs.x = 2
        inputs.z = [1, 2]
        forward.v = 'z*2'
        forward.y = 'x*x'
        backward.of = 'y'
        backward.wrt = ['x', 'z', 'v', 'y']""",
    "names of names": """
        inputs.x = 2
        forward.a = 'x'
        forward.b = 'a'
        forward.c = '2'
        forward.L = 'b*c*a'""",
    "quotes and letters": """
        title = 'say "hi" \\ é漢'
        inputs."é" = 1
        forward."漢" = 'é*2'""",
    "many operands": """
        inputs.x = [1, 2]
        forward.y = 'stack([x, x, 2*x])'
        forward.z = 'where(y > 1, concat([x, x, x])[0:2], 0*x)'
        forward.L = 'sum(z)'""",
}
SCENARIOS = [*bundled.names(), *MORE]


def trace_of(name: str) -> Trace:
    return bptui.run(bptui.loads(MORE[name]) if name in MORE else bptui.load(name))


def strict(text: str) -> Any:
    """Return what `text` holds; NaN and Infinity, which are no JSON, fail."""

    def refuse(word: str) -> NoReturn:
        raise AssertionError(f"{word} is no JSON")

    return json.loads(text, parse_constant=refuse)


def array(value: Any, shape: list[int] | tuple[int, ...] | None = None) -> Array:
    """Return nested lists of numbers, "nan", "inf" and "-inf" as an array; if `shape` is given, of that shape."""
    numbers = np.array(value, dtype=object).astype(np.float64)
    if shape is not None:
        assert numbers.shape == tuple(shape) or (numbers.size == 0 and 0 in shape)
        numbers = numbers.reshape(shape)
    return numbers


def same(first: NDArray[Any], second: NDArray[Any]) -> bool:
    return np.array_equal(first, second, equal_nan=True)


def summed_to(numbers: Array, shape: list[int]) -> Array:
    """Return `numbers` summed over the axes that broadcasting gave it."""
    numbers = numbers.sum(tuple(range(numbers.ndim - len(shape))))
    for axis, length in enumerate(shape):
        if length == 1:
            numbers = numbers.sum(axis, keepdims=True)
    return numbers


@pytest.fixture(scope="module", params=SCENARIOS)
def exported(request: pytest.FixtureRequest) -> Any:
    return strict(bptui.export(trace_of(request.param), "json"))


def test_the_keys_are_those_of_the_format(exported: Any) -> None:
    assert list(exported) == ["format", "version", "title", "mode", "values", "steps", "gradients"]
    assert (exported["format"], exported["version"], exported["mode"]) == ("bptui-trace", 1, "numbers")
    for value in exported["values"]:
        named = {"id", "name", "role", "shape", "value", "gradient"}
        assert set(value) == (named if value["name"] is not None else named | {"expression"})
        assert value["role"] in ("input", "parameter", "constant", "named", "intermediate")
        assert (value["name"] is None) == (value["role"] in ("constant", "intermediate"))
    for index, step in enumerate(exported["steps"]):
        assert step["index"] == index
        assert set(step) >= {
            "forward": {"op", "inputs", "params", "output", "line", "formula"},
            "seed": {"output", "gradient"},
            "backward": {"forward_step", "op", "slot", "target", "formula", "upstream", "local", "contribution",
                         "before", "after"},
        }[step["phase"]]  # fmt: skip


def test_every_value_stands_once(exported: Any) -> None:
    assert len({value["id"] for value in exported["values"]}) == len(exported["values"])
    names = [value["name"] for value in exported["values"] if value["name"] is not None]
    assert len(set(names)) == len(names)
    for value in exported["values"]:
        array(value["value"], value["shape"])
        if value["role"] == "constant":
            assert value["gradient"] is None
        else:
            array(value["gradient"], value["shape"])


def test_forward_then_the_seed_then_backward(exported: Any) -> None:
    phases = [step["phase"] for step in exported["steps"]]
    assert phases.count("seed") == 1
    assert phases == sorted(phases, key=["forward", "seed", "backward"].index)
    known = {value["id"] for value in exported["values"] if value["role"] in ("input", "parameter", "constant")}
    for step in exported["steps"]:
        if step["phase"] == "forward":
            assert known.issuperset(step["inputs"])
            assert step["output"] not in known
            known.add(step["output"])


def test_gradients_accumulate_slot_by_slot(exported: Any) -> None:
    values = {value["id"]: value for value in exported["values"]}
    gradients: dict[int, Array] = {}
    slots = []
    for step in exported["steps"]:
        if step["phase"] == "seed":
            gradients[step["output"]] = array(step["gradient"], values[step["output"]]["shape"])
        elif step["phase"] == "backward":
            made = exported["steps"][step["forward_step"]]
            target, shape = step["target"], values[step["target"]]["shape"]
            slots.append((step["forward_step"], step["slot"]))
            assert (made["op"], made["inputs"][step["slot"]]) == (step["op"], target)
            upstream = array(step["upstream"], values[made["output"]]["shape"])
            assert same(upstream, gradients[made["output"]])
            before, after = array(step["before"], shape), array(step["after"], shape)
            assert same(before, gradients.get(target, np.zeros(shape)))
            with np.errstate(all="ignore"):
                assert same(before + array(step["contribution"], shape), after)
            gradients[target] = after
    assert len(set(slots)) == len(slots)
    assert [forward for forward, _ in slots] == sorted((forward for forward, _ in slots), reverse=True)
    for value in exported["values"]:
        if value["role"] != "constant":
            arrived = gradients.get(value["id"], np.zeros(value["shape"]))
            assert same(array(value["gradient"], value["shape"]), arrived)
    named = {value["name"]: value for value in exported["values"]}
    for name, gradient in exported["gradients"].items():
        assert gradient == named[name]["gradient"]


PASSES_NO_GRADIENT = {("where", 0), ("less", 0), ("less", 1), ("greater", 0), ("greater", 1)}
"""Operands of the scenarios here that no gradient flows back into."""


def test_every_operand_of_what_is_reached_has_its_slot(exported: Any) -> None:
    role = {value["id"]: value["role"] for value in exported["values"]}
    steps = exported["steps"]
    backward = [step for step in steps if step["phase"] == "backward"]
    found = {(step["forward_step"], step["slot"]) for step in backward}
    reached = {step["target"] for step in backward} | {s["output"] for s in steps if s["phase"] == "seed"}
    expected = {
        (step["index"], slot)
        for step in steps
        if step["phase"] == "forward" and step["output"] in reached
        for slot, operand in enumerate(step["inputs"])
        if role[operand] != "constant" and (step["op"], slot) not in PASSES_NO_GRADIENT
    }
    assert found == expected


def test_contributions_are_upstream_times_local(exported: Any) -> None:
    values = {value["id"]: value for value in exported["values"]}
    checked = 0
    for step in exported["steps"]:
        if step["phase"] != "backward" or step["local"]["value"] is None:
            continue
        shape = values[step["target"]]["shape"]
        output = values[exported["steps"][step["forward_step"]]["output"]]["shape"]
        upstream, contribution = array(step["upstream"], output), array(step["contribution"], shape)
        with np.errstate(all="ignore"):
            if step["local"]["kind"] == "elementwise":
                product = summed_to(upstream * array(step["local"]["value"], output), shape)
            else:
                local = array(step["local"]["value"], [*output, *shape])
                product = np.tensordot(upstream, local, axes=len(output))
        sound = np.isfinite(product) & np.isfinite(contribution)
        np.testing.assert_allclose(product[sound], contribution[sound], rtol=1e-9, atol=1e-12)
        checked += 1
    assert checked


@pytest.mark.parametrize("name", SCENARIOS)
def test_numbers_read_back_to_the_same_float64(name: str) -> None:
    trace = trace_of(name)
    for value in strict(bptui.export(trace, "json"))["values"]:
        exact = np.asarray(trace.values[value["id"]])
        assert array(value["value"], exact.shape).tobytes() == exact.tobytes() or np.isnan(exact).any()
        assert same(array(value["value"], exact.shape), exact)


def test_what_json_cannot_hold_is_a_string() -> None:
    exported = strict(bptui.export(trace_of("nan and inf"), "json"))
    (x,) = [value for value in exported["values"] if value["name"] == "x"]
    assert x["value"][:3] == ["nan", "inf", "-inf"]
    assert [math.copysign(1, number) for number in x["value"][3:5]] == [1, -1]
    assert x["value"][5:] == [1e308, 5e-324, 0.1]


_DRAWN = np.random.RandomState(0)
_BITS = _DRAWN.randint(-(2**63), 2**63, 20_000, dtype=np.int64).view(np.float64)
_NORMAL = _DRAWN.standard_normal(20_000)


@pytest.mark.parametrize(
    "numbers",
    [
        _NORMAL,
        _NORMAL * 1e-6,
        _NORMAL * 1e-4,
        _NORMAL * 1e17,
        _NORMAL * 10.0 ** _DRAWN.randint(-20, 25, _NORMAL.size),
        np.round(_NORMAL, 1),
        np.where(_NORMAL < -2, -np.inf, np.where(_NORMAL > 2, np.nan, _NORMAL)),
        _BITS,
        2.0 ** np.arange(-1074, 1024),
        10.0 ** np.arange(-323.0, 309.0),
        np.array([0.0, -0.0, 1e16, 1e-4, 1e-5, 9.999999999999999e-5, -1.2e-5, 1e-6, 1e-9, 1e-10, 5e-324]),
    ],
)
@pytest.mark.parametrize("columns", [0, 1, 4])
def test_many_numbers_are_written_as_python_writes_each(numbers: Array, columns: int) -> None:
    array = numbers[: len(numbers) // 4 * 4].reshape(-1, *([columns] if columns else []))
    assert numbers_text(array) == json.dumps(plain(array))


def test_numbers_of_a_large_array_are_not_written_one_by_one() -> None:
    numbers = np.concatenate((_NORMAL, 1e-9 * _NORMAL, 1e20 * _NORMAL, np.zeros(10_000)))
    _, calls = counted(numbers_text, numbers)
    assert calls < numbers.size / 100


def test_titles_and_names_are_kept_as_they_are() -> None:
    exported = strict(bptui.export(trace_of("quotes and letters"), "json"))
    assert exported["title"] == 'say "hi" \\ é漢'
    assert list(exported["gradients"]) == ["é"]


def test_control_characters_are_escaped() -> None:
    text = bptui.export(
        bptui.run(bptui.loads('title="\\u001b[31m\\u009b\\u202e"\n[inputs]\nx=1\n[forward]\ny="x"')), "json"
    )
    assert strict(text)["title"] == "\x1b[31m\x9b\u202e"
    assert not set(text) & {"\x1b", "\x9b", "\u202e"}


def test_one_record_a_line_and_the_same_bytes() -> None:
    text = bptui.export(trace_of("exercise-7-1"), "json")
    exported = strict(text)
    assert text == bptui.export(trace_of("exercise-7-1"), "json")
    records = [strict(line[: line.rindex("}") + 1]) for line in text.split("\n") if line.startswith("  {")]
    assert records == [*exported["values"], *exported["steps"]]


def test_a_network_on_a_batch_stays_small() -> None:
    scenario = bptui.loads(
        "[inputs]\nX={shape=[64, 784], init='uniform'}\nT={shape=[64, 10], init='ones', scale=0.1}\n"
        "[parameters]\nW1={shape=[128, 784], init='he_normal'}\nb1={shape=[128], init='zeros'}\n"
        "W2={shape=[10, 128], init='he_normal', seed=1}\nb2={shape=[10], init='zeros'}\n"
        "[forward]\nH='relu(X @ W1.T + b1)'\nL='softmax_cross_entropy(H @ W2.T + b2, T)'"
    )
    text = bptui.export(bptui.run(scenario), "json")
    exported = strict(text)
    numbers = sum(array(value["value"]).size for value in exported["values"])
    assert len(text) < 250 * numbers  # values, gradients and the four arrays of each slot; no Jacobian of millions
    jacobians = [step["local"] for step in exported["steps"] if step["phase"] == "backward"]
    assert any(local["kind"] == "jacobian" and local["value"] is None for local in jacobians)
