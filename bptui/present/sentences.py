"""What a step does, in words, and what is worth a note."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterator, Sequence

from bptui.ops.operation import shape_text
from bptui.present import cells, numbers
from bptui.present.advice import stable_form
from bptui.scenario.program import ForwardStep, Program, Slot, Value
from bptui.text import counted, printable
from bptui.trace.elements import Elements
from bptui.trace.record import Trace


def line_text(program: Program, line: str) -> str:
    """Return a forward line as it is written, `z1 = W1 @ x + b1`; nothing for a leaf."""
    record = program.lines.get(line)
    return f"{record.name} = {printable(' '.join(record.text.split()))}" if record else ""


def equation(program: Program, step: ForwardStep) -> str:
    """Return a step as an equation: `y = sigmoid(z2)`; what has no name yet is the expression alone."""
    output, text = program.values[step.output], cells.pretty(step.formula)
    return f"{output.text} = {text}" if output.name is not None else text


def forward_sentence(program: Program, step: ForwardStep) -> str:
    """Return what a forward step takes and gives, and where it stands."""
    operation, output = step.operation, program.values[step.output]
    operands = [_described(program.values[operand]) for operand in step.inputs[:4]]
    if len(step.inputs) > 4:
        operands.append(f"{len(step.inputs) - 4} more")
    inside = f" Inside {cells.pretty(program.calls[step.call].text)}." if step.call >= 0 else ""
    which = f"It completes the line {output.text}." if output.name else f"It is part of the line {step.line}."
    made = f"a result of shape {shape_text(output.shape)}" if output.shape else "a single number"
    return f"{operation.name} takes {_listed(operands)} and gives {made}. {which}{inside}"


def _described(value: Value) -> str:
    text = cells.pretty(value.text)
    return f"{text} of shape {shape_text(value.shape)}" if value.shape else text


def _listed(words: Sequence[str]) -> str:
    return words[0] if len(words) == 1 else f"{', '.join(words[:-1])} and {words[-1]}" if words else "nothing"


def seed_sentence(program: Program) -> str:
    """Return what the backward pass begins with."""
    target = program.values[program.target].text
    if program.seeded:
        return (
            f"The backward pass begins. {target} feeds a scalar {program.loss} that is not written out here; "
            f"its gradient with respect to {target} is given."
        )
    return f"The backward pass begins: {target} changes by 1 where {target} changes by 1."


_FLOWING = {
    "diagonal": "each element's upstream gradient is multiplied by its local derivative",
    "broadcast": "{sink} was broadcast, so each of its elements sums the contributions of all its copies",
    "permutation": "each element's gradient goes back to where the element came from",
    "selection": "each element's gradient goes back to where the element came from; what was not taken gets 0",
}
"""How gradients flow back, by the structure of the local Jacobian."""


def backward_sentence(elements: Elements, slot: Slot) -> str:
    """Return from where to where a gradient flows, and what becomes of it."""
    program, step = elements.program, elements.program.steps[slot.step]
    output, target = program.values[step.output], program.values[slot.target]
    source, sink = cells.pretty(output.text), cells.pretty(target.text)
    structure = elements.structure(step.index, slot.slot).name
    if not target.shape and not output.shape:
        many = "the upstream gradient is multiplied by the local derivative"
    elif structure not in ("diagonal", "broadcast") and _spreads(elements, slot):
        many = "each element enters several elements, and sums upstream × local derivative over them"
    elif structure in _FLOWING:
        many = _FLOWING[structure].replace("{sink}", sink)
    else:
        many = "each element gets the upstream gradient of the one element it enters, times the local derivative"
    return f"The gradient flows from {source} back into {sink} through {step.operation.name}: {many}."


def _spreads(elements: Elements, slot: Slot) -> bool:
    """Return whether elements of the slot's operand enter several elements of the result."""
    size = elements.program.values[slot.target].size
    return any(len(elements.feeds(slot.step, slot.slot, flat)) > 1 for flat in (0, size - 1) if size)


def notes(trace: Trace, index: int, step: ForwardStep, slot: Slot | None = None) -> Iterator[str]:
    """Yield what became nan or inf at a step, accumulation, broadcasting and conventions, in the order of weight."""
    program, bad = trace.program, trace.not_finite_by(index)
    if bad is not None and bad.step == index:
        where = cells.element_name(program, bad.value, bad.element)
        what = f"d{program.loss}/d{where}" if slot is not None else where
        yield f"Here a number first becomes {numbers.number(bad.number)}: {what}.{stable_form(program, step)}"
    if slot is not None:
        yield from _accumulation(trace, slot)
        target, output = program.values[slot.target], program.values[step.output]
        if step.operation.partial(slot.slot) is not None and target.shape != output.shape:
            shapes = f"{shape_text(target.shape)} to {shape_text(output.shape)}"
            yield f"Broadcast from {shapes}: the contributions are summed over the axes that were added or stretched."
    if step.operation.convention:
        yield f"Convention: {step.operation.convention}."


def _accumulation(trace: Trace, slot: Slot) -> Iterator[str]:
    uses = trace.slots_of(slot.target)
    if len(uses) < 2:
        return
    which = bisect_right(uses, slot.index)
    name = cells.pretty(trace.program.values[slot.target].text)
    if which == 1:
        yield f"{name} is used {counted(len(uses), 'time')}: this is the first of its contributions, which add up."
    else:
        last = " and the last" if which == len(uses) else ""
        yield f"Contribution {which} of {len(uses)}{last} to {name}: it is added to what is there."
