"""A run that is recorded while its first steps are read is the run that is recorded at once."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from random import Random

import pytest

import bptui
from bptui import bundled
from bptui.engine import run as engine
from bptui.ops import OPERATIONS
from bptui.present.presentation import presentation_of
from bptui.running import begun_trace
from bptui.scenario.scenario import Scenario
from bptui.trace.record import Trace
from random_scenarios import random_scenario

NOT_FINITE = """
[inputs]
x = [0.5, 0.0, -1.0]
[forward]
y = "exp(x*1000)"
z = "log(x)*y + sort(x)"
L = "sum(z)"
"""


@pytest.fixture(autouse=True)
def nothing_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(engine, "_AT_ONCE", 0.0)


def scenarios() -> Iterator[Scenario]:
    for name in bundled.names():
        scenario = bptui.load(name)
        if scenario.has_numbers:
            yield scenario
    for at in range(9):
        yield bptui.loads(random_scenario(Random(at), list(OPERATIONS)[at::9]).text)
    yield bptui.loads(NOT_FINITE)


def arrays(trace: Trace, order: Random | None = None) -> list[bytes]:
    """Return all that a run records; asked for in an order of its own where `order` is given."""
    asked: list[Callable[[], bytes]] = []
    for sequence in (trace.values, trace.contributions, trace.accumulated):
        asked += [partial(lambda arrays, at: arrays[at].tobytes(), sequence, at) for at in range(len(sequence))]
    asked += [partial(lambda at: repr(trace.choices.get(at)).encode(), at) for at in range(len(trace.program.steps))]
    asked += [partial(lambda at: repr(trace.not_finite_by(at)).encode(), at) for at in range(len(trace.steps))]
    places = list(range(len(asked)))
    if order is not None:
        order.shuffle(places)
    found = {place: asked[place]() for place in places}
    return [found[place] for place in range(len(asked))]


def test_it_is_the_same_whatever_is_asked_for_first() -> None:
    for number, scenario in enumerate(scenarios()):
        begun = begun_trace(scenario)
        assert not begun.reached(0)
        assert arrays(begun, Random(number)) == arrays(bptui.run(scenario))
        assert begun.recording is not None
        assert begun.recording.whole


def test_it_is_the_same_when_threads_ask_and_go_on_at_once() -> None:
    scenario = bptui.loads(random_scenario(Random(3), list(OPERATIONS)[3::9]).text)
    expected = arrays(bptui.run(scenario))
    for number in range(5):
        begun = begun_trace(scenario)
        assert begun.recording is not None
        with ThreadPoolExecutor(3) as threads:
            rest = threads.submit(begun.recording.go_on, 1.0)
            asked = [threads.submit(arrays, begun, Random(at)) for at in (number, number + 1)]
        rest.result()
        assert [one.result() for one in asked] == [expected, expected]


def test_a_step_waits_for_none_that_comes_after_it() -> None:
    """Neither what it shows nor the table of values does."""
    for scenario in scenarios():
        trace = begun_trace(scenario)
        presentation = presentation_of(trace)
        for step in range(len(presentation)):
            presentation.frame(step, 0)
            presentation.value_tables.table(step, None)
            assert trace.recording is not None
            assert trace.recording.reached <= step + 1, f"{scenario.title}: step {step}"


def test_it_goes_on_for_as_long_as_it_is_told_to() -> None:
    trace = begun_trace(bptui.load("exercise-7-1"))
    assert trace.recording is not None
    trace.recording.go_on(0.0)
    assert trace.recording.reached == 0
    trace.recording.go_on(60.0)
    assert trace.recording.whole
    assert trace.reached(len(trace.steps) - 1)


def test_a_number_that_is_not_finite_is_told_by_when_it_is_there() -> None:
    trace = begun_trace(bptui.loads(NOT_FINITE))
    bad = trace.first_not_finite
    assert bad is not None
    assert bad.step is not None
    assert [trace.not_finite_by(step) for step in range(len(trace.steps))] == [
        bad if step >= bad.step else None for step in range(len(trace.steps))
    ]
