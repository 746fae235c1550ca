"""Run a program and record everything."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from bptui.engine.passes import backward, forward
from bptui.engine.plan import LONGEST, find_plan
from bptui.scenario.program import Array
from bptui.scenario.scenario import Scenario
from bptui.trace.arrays import Arrays, read_only
from bptui.trace.record import Trace


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
    trace = Trace(
        scenario, program, Arrays(values), read_only(seed), Arrays(contributions), Arrays(accumulated), choices
    )
    if len(values) > LONGEST:
        _ = trace.first_not_finite  # whoever shows a trace asks for it first, and expects to wait no longer than now
    return trace
