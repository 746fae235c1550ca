"""Run a program and record everything."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from bptui.engine.passes import backward, forward
from bptui.engine.plan import find_plan
from bptui.engine.recording import Recording
from bptui.scenario.program import Array
from bptui.scenario.scenario import Scenario
from bptui.trace.arrays import Arrays, read_only
from bptui.trace.record import Trace

_AT_ONCE = 0.005
"""Seconds that the first part of a run may take: all of it where there are one or two thousand steps."""


def record(scenario: Scenario, leaves: Mapping[int, Array], seed: Array) -> Trace:
    """Return the trace of `scenario` with these numbers.

    `leaves` gives every leaf's array by its value's id, `seed` the target's upstream gradient in the target's shape;
    both were checked when they were read. Nothing raises on overflow: the trace says where a number became nan or inf.
    """
    program = scenario.program
    plan = find_plan(program)
    with np.errstate(all="ignore"):
        if plan is not None:
            values, contributions, accumulated, choices = plan(leaves, seed)
        else:
            values, choices = forward(program, leaves)
            contributions, accumulated = backward(program, values, choices, seed)
    return Trace(
        scenario, program, Arrays(values), read_only(seed), Arrays(contributions), Arrays(accumulated), choices
    )


def begin(scenario: Scenario, leaves: Mapping[int, Array], seed: Array) -> Trace:
    """Return the trace of `scenario` as `record` does, of which a first part is recorded now, and the rest by and by.

    Whatever is asked for before its turn is recorded at once; `trace.recording` goes on with the rest.
    """
    recording = Recording(scenario.program, leaves, seed)
    recording.go_on(_AT_ONCE)
    return Trace(
        scenario,
        scenario.program,
        recording.values,
        read_only(seed),
        recording.contributions,
        recording.accumulated,
        recording.choices,
        recording=recording,
    )
