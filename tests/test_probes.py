"""Many probes in one run: each comes to what a run of the whole program comes to, and no step is run in vain."""

from __future__ import annotations

from collections.abc import Iterator
from random import Random
from typing import Any

import numpy as np
import pytest
from msgspec.structs import replace

import bptui
from bptui.checking import probes
from bptui.checking.gradients import check_gradients
from bptui.checking.probes import Probes
from bptui.editing import scalar_of
from bptui.engine.passes import recompute
from bptui.limits import Deadline
from bptui.ops import OPERATIONS
from bptui.scenario.scenario import Scenario
from bptui.trace.record import Trace
from random_scenarios import random_scenario


@pytest.mark.parametrize("large", [1, 4, probes.LARGE])
@pytest.mark.parametrize("name", OPERATIONS)
def test_what_probes_come_to(name: str, large: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """Of every operation, with arrays that count as large and with some that do not."""
    monkeypatch.setattr(probes, "LARGE", large)
    monkeypatch.setattr(probes, "_AT_ONCE", 40)
    trace = bptui.run(bptui.loads(random_scenario(Random(5), [name]).text))
    program = trace.program
    for value in program.names.values():
        array = trace.values[value]
        flats = [flat for flat in range(array.size) for _ in (0, 1)]
        moved = array.reshape(-1)[flats] + np.resize([0.25, -0.0625], len(flats))
        numbers = moved.tolist()
        found = Probes(trace, value, Deadline("a test")).targets(flats, numbers)
        alone = [one_by_one(trace, value, flat, number) for flat, number in zip(flats, numbers, strict=True)]
        assert found == pytest.approx(alone, rel=1e-13, nan_ok=True)  # sums run in the order that memory has


def one_by_one(trace: Trace, value: int, flat: int, number: float) -> float:
    moved = trace.values[value].copy()
    moved.reshape(-1)[flat] = number
    return scalar_of(trace.seed, recompute(trace.program, trace.values, {value: moved})[trace.program.target])


def counting(text: str, name: str) -> tuple[Trace, list[int]]:
    """Return the trace of a scenario, and a list of how many elements each later call of an operation computes."""
    scenario = bptui.loads(text)
    calls: list[int] = []

    def counted(xp: Any, *inputs: Any, **params: Any) -> Any:
        result = OPERATIONS[name].forward(xp, *inputs, **params)
        calls.append(np.size(result))
        return result

    trace = bptui.run(with_forward(scenario, name, counted))
    calls.clear()
    return trace, calls


def with_forward(scenario: Scenario, name: str, forward: Any) -> Scenario:
    steps = [
        replace(step, operation=replace(step.operation, forward=forward)) if step.operation.name == name else step
        for step in scenario.program.steps
    ]
    return replace(scenario, program=replace(scenario.program, steps=steps))


def test_a_step_is_computed_once_for_all_elements() -> None:
    lines = "\n".join(f'h{at + 1} = "tanh(h{at})"' for at in range(50))
    h0 = ", ".join(f"{0.1 * at + 0.05}" for at in range(40))
    trace, calls = counting(f'[inputs]\nh0 = [{h0}]\n[forward]\n{lines}\nL = "sum(h50)"', "tanh")
    (one,) = check_gradients(trace)
    assert (one.checked, one.ok) == (40, True)
    assert calls[:50] == [2 * 40 * 40] * 50  # forty elements, each moved either way
    assert len(calls) <= 50 * 5  # further steps of the ladder, in rounds


def test_of_a_large_array_what_is_moved_is_computed() -> None:
    text = '[inputs]\nx = { shape = [200000], init = "normal" }\n[forward]\nh = "tanh(x*x)"\nL = "sum(h*x)"'
    trace, calls = counting(text, "tanh")
    (one,) = check_gradients(trace)
    assert one.ok
    assert one.checked > 10
    assert max(calls) < 100
    assert sum(calls) < 200_000


def test_steps_that_do_not_depend_on_a_value_are_not_computed() -> None:
    text = '[inputs]\nx = [0.5, 0.25]\nu = 2.0\n[forward]\nh = "tanh(x)"\nL = "sum(h)*u"\n[backward]\nwrt = ["u"]'
    trace, calls = counting(text, "tanh")
    (one,) = check_gradients(trace)
    assert one.ok
    assert not calls


def paths() -> Iterator[str]:
    yield 'y = "x*w + b"\nL = "sum(y) + sum(x)"'  # parts that meet: the same places, others, and a number
    yield 'y = "x*2 + w[0]"\nL = "sum(y*y)"'  # all of a large array is moved by one element
    yield 'y = "reverse(x)*w"\nz = "sort(y)"\nL = "sum(z*w + z)"'
    yield 'y = "reshape(x, [4, 3]).T"\nL = "sum(y*reshape(w, [3, 4])) + sum(y)*b"'
    yield 'y = "softmax(x) + x"\nL = "max(y) + y[3]"'
    yield 'y = "x + 0"\nL = "x + w"\n[backward]\nseed = [1, 2, 3, 4, 5, 6, 7, 8, 9, 1, 2, 3]'


@pytest.mark.parametrize("forward", paths())
def test_large_arrays_by_every_path(forward: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(probes, "LARGE", 4)
    given = "x = [1, -2, 3, 0.5, 5, 6, 7, 8.5, 9, 10, 11, 12]\nw = [2, 3, 1, -5, 4, 1, 1, 2, 0, 1, 3, 1]\nb = 0.5"
    trace = bptui.run(bptui.loads(f"[inputs]\n{given}\n[forward]\n{forward}"))
    for name in ("x", "w"):
        found = Probes(trace, trace.program.names[name], Deadline("a test")).targets([0, 5, 11, 5], [2.0, 2.5, -1, 0])
        others = [(0, 2.0), (5, 2.5), (11, -1.0), (5, 0.0)]
        assert found == [one_by_one(trace, trace.program.names[name], *one) for one in others]


def test_no_more_is_kept_than_there_is_room_for(monkeypatch: pytest.MonkeyPatch) -> None:
    """Values that the last line sums up are kept until then: few probes are run at once."""
    lines = "\n".join(f'h{at} = "tanh(x*{at + 1})"' for at in range(30))
    total = " + ".join(f"h{at}" for at in range(30))
    text = f'[inputs]\nx = [0.5, 0.25, 0.125]\n[forward]\n{lines}\nL = "sum({total})"'
    for room, rows in ((1 << 24, 6), (4 * 32 * 3, 4), (0, 2)):
        monkeypatch.setattr(probes, "_KEPT", room)
        trace, calls = counting(text, "tanh")
        found = Probes(trace, trace.program.names["x"], Deadline("a test")).targets([0, 0, 1, 1, 2, 2], [0.1] * 6)
        assert len(found) == 6
        assert max(calls) == 3 * rows


def test_what_only_moves_elements_is_moved_for_all_probes_at_once() -> None:
    lines = "\n".join(f'h{at + 1} = "x[0]*permute(h{at}, [1, 2, 0]) + reshape(h{at}, [1, 3])[0]"' for at in range(20))
    text = f'[inputs]\nx = [0.5, 0.25, 0.125]\n[forward]\nh0 = "x*1"\n{lines}\nL = "sum(h20)"'
    for name in ("permute", "index", "reshape"):
        trace, calls = counting(text, name)
        assert len(calls) == 0
        assert check_gradients(trace)[0].ok
        assert len(calls) <= 40, name  # what is moved where is asked once for each kind of step
