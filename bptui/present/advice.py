"""What to write instead, where a formula is right on paper and breaks in float64."""

from __future__ import annotations

from bptui.scenario.program import ForwardStep, Program


def stable_form(program: Program, step: ForwardStep) -> str:
    """Return a sentence with the stable form of what `step` computes, or nothing where none is known."""
    if step.operation.name in ("log", "log10"):
        source = _source(program, step, 0)
        if source is None:
            return ""
        if source.operation.name == "sigmoid":
            return " log(sigmoid(z)) keeps its digits as -softplus(-z)."
        inner = _source(program, source, len(source.inputs) - 1)
        through = (source.operation.name, inner.operation.name if inner is not None else "")
        if through == ("subtract", "sigmoid"):
            return " log(1 - sigmoid(z)) keeps its digits as -softplus(z)."
        if source.operation.name == "softmax":
            return " log(softmax(z)) keeps its digits as log_softmax(z)."
        if through == ("sum", "exp"):
            return " log(sum(exp(z))) does not overflow as logsumexp(z)."
    if step.operation.name == "exp":
        return " exp overflows above about 709: softmax, logsumexp and sigmoid have stable forms."
    if step.operation.name == "divide":
        return " A number was divided by 0, or what it was divided by is no longer finite."
    return ""


def _source(program: Program, step: ForwardStep, slot: int) -> ForwardStep | None:
    """Return the step that made an operand, looking through lines that only rename it."""
    found = program.producer.get(step.inputs[slot])
    while found is not None and program.steps[found].operation.name == "identity":
        found = program.producer.get(program.steps[found].inputs[0])
    return None if found is None else program.steps[found]
