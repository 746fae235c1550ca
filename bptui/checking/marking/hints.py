"""Hints for one number that somebody predicted wrongly: the slip that would give it, without the number itself.

They come from the rules that mark worked solutions. The step is looked at as a scenario of its own, in which its
operands are given.
"""

from __future__ import annotations

import numpy as np

from bptui.checking.marking.amounts import Amount, Reach
from bptui.checking.marking.case import Case
from bptui.checking.marking.claims import Entry, Quantity, loss_node
from bptui.checking.marking.namer import Question, explain
from bptui.checking.marking.world import World
from bptui.scenario.claimed_number import ClaimedNumber
from bptui.scenario.code import Code
from bptui.scenario.program import Array, ForwardStep, Line, Program
from bptui.trace.record import Trace

HINTS = {
    "sign": "look at the sign",
    "truncated": "close: round it, and do not cut it off",
    "log-base": "which logarithm is meant?",
    "missing-path": "something is left out of a sum",
    "overwritten": "something should be added, and was replaced",
    "missing-factor": "a factor is missing",
    "extra-factor": "there is a factor too many",
    "wrong-operand": "one of the numbers comes from the wrong place",
    "transposed": "is the matrix the right way round?",
    "inverse-permutation": "which way do the elements move?",
    "relu-mask": "is the unit on or off?",
    "not-derived": "the derivative is asked for, not the function",
    "swapped": "this is the number of another element",
    "arithmetic": "one term is miscalculated",
}
"""What is said of each kind of slip without giving the number away."""

_LARGEST = 4096
"""How many elements a step may have for its slips to be looked for."""


def hint(trace: Trace, step: int, element: int, given: ClaimedNumber) -> str:
    """Return which slip `given` is, where a step's number at `element` was asked for; empty where none explains it."""
    if trace.mode != "numbers" or step == trace.seed_step:
        return ""
    index = trace.program.slots[step - trace.seed_step - 1].step if step > trace.seed_step else step
    record = trace.program.steps[index]
    sizes = [trace.program.values[one].size for one in (*record.inputs, record.output)]
    if max(sizes) > _LARGEST:
        return ""
    slot = trace.program.slots[step - trace.seed_step - 1].slot if step > trace.seed_step else None
    alone = _alone(trace, record)
    output, entry = len(record.inputs), (len(record.inputs), element)
    asked: Entry = (entry, None) if slot is None else (loss_node(alone.program), (slot, element))
    assert alone.program.target == output
    quantity = Quantity((asked,), ())
    case = Case(World(alone), quantity, [given.number], 0, False, {})
    amount = Amount(given.number, float(given.unit / 2), given)
    found = explain([Question([case], [[amount]], [0])], [Reach(case.own[0], case.own[0])])
    if found:
        return HINTS[found[0].slips[0].kind]
    true = case.own[0]
    return "close: look at the last digits" if true and 0.98 < given.number / true < 1.02 else ""


def _alone(trace: Trace, step: ForwardStep) -> Trace:
    """Return the trace of one step alone: its operands are leaves, its upstream gradient is the seed."""
    program = trace.program
    result = program.values[step.output]
    code = Code(program.index_base)
    names: dict[str, int] = {}
    for slot, operand in enumerate(step.inputs):
        name = program.values[operand].name or f"operand {slot}"
        names[name] = code.add_leaf(name, "input", program.values[operand].shape, None)
    code.begin_line("result")
    kind, shape = code.add_kind(step.operation, step.params), code.number_of_shape(result.shape)
    output = code.add_step(kind, range(len(step.inputs)), shape, -1, (0, 0))
    code.name(output, "result")
    alone = Program(
        code=code,
        steps=code.steps,
        lines={"result": Line("result", step.formula, output, 0, 1)},
        names={**names, "result": output},
        target=output,
        wrt=(),
        loss=program.loss,
        seeded=True,
        index_base=program.index_base,
    )
    arrays: list[Array] = [trace.values[one] for one in (*step.inputs, step.output)]
    upstream = trace.gradient_of(step.output) if result.size else np.zeros(result.shape)
    choices = {0: trace.choices[step.index]} if step.index in trace.choices else {}
    return Trace(trace.scenario, alone, arrays, upstream, (), (), choices)
