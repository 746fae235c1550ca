"""A backward step's formula in the names of its program: `dL/dz2 = dL/dy * y*(1 - y)`."""

from __future__ import annotations

import re

from bptui.ops.operation import ATOM, SIGN, Params
from bptui.scenario.notation import Shape
from bptui.scenario.program import ForwardStep, Program, Slot


class WholeCell:
    """Refers to operands and output as whole arrays, so that an elementwise rule reads as one formula."""

    def __init__(self, program: Program, step: ForwardStep, brief: bool) -> None:
        self._program, self._step, self._brief = program, step, brief
        self.shapes: tuple[Shape, ...] = ((),) * len(step.inputs)
        self.output_shape: Shape = ()
        self.params: Params = step.params

    def x(self, slot: int, index: int) -> str:
        return self.text(self._step.inputs[slot])

    def y(self, index: int) -> str:
        return self.text(self._step.output)

    def text(self, value: int, precedence: int = ATOM) -> str:
        """Return a value's text, in parentheses where it binds less tightly than `precedence`."""
        record = self._program.values[value]
        return (record.brief if self._brief else record.written).within(precedence)


def seed(program: Program) -> str:
    """Return the formula of the step that starts the backward pass."""
    name = program.derivative_name(program.target)
    return f"{name} is given" if program.seeded else f"{name} = 1"


def local(program: Program, slot: Slot, brief: bool = False) -> str:
    """Return the local derivative of a slot in whole arrays: as a product's factor, or in the rule's own words."""
    step = program.steps[slot.step]
    operation = step.operation
    if operation.partial(slot.slot) is not None:
        return operation.derivative(WholeCell(program, step, brief), slot.slot, 0, 0)
    shapes = tuple(program.values[operand].shape for operand in step.inputs)
    return _named(program, step, operation.rule(slot.slot, shapes), brief)


def backward(program: Program, slot: Slot, brief: bool = False) -> str:
    """Return what a backward step contributes: `dL/dz2 = dL/dy * y*(1 - y)`, with the sum over broadcast axes.

    A contribution that is added to earlier ones is written with `+=`. `brief` leaves out what is long in an unnamed
    operand's expression, for lists.
    """
    step = program.steps[slot.step]
    target = program.derivative_name(slot.target, brief=brief)
    upstream = program.derivative_name(step.output, brief=brief)
    factor = local(program, slot, brief)
    equals = "+=" if slot.previous >= 0 else "="
    if step.operation.partial(slot.slot) is None:
        return _rule(target, upstream, factor).replace(" = ", f" {equals} ", 1)
    if factor == "1":
        product = upstream
    elif factor == "-1":
        product = f"-{upstream}"
    else:
        product = f"{upstream} * {_factor(factor)}"
    if program.values[slot.target].shape != program.values[step.output].shape:
        product = f"sum({product})"
    return f"{target} {equals} {product}"


def _rule(target: str, upstream: str, rule: str) -> str:
    """Return a rule in an operation's own words as what the step contributes.

    Most rules are whole equations, `dL/dA = dL/dy @ B.T`. A loss's rule is written for the loss itself and has no
    upstream gradient in it, which is put in; one that is no equation follows the target's name.
    """
    left, equals, right = rule.partition(" = ")
    if not equals or not left.startswith(target):
        return f"{target} = {rule}"
    if upstream in right:
        return rule
    return f"{left} = {upstream} * {_factor(right)}"


def _factor(text: str) -> str:
    """Return `text` safe as a factor: in parentheses where a sum or a leading sign stands outside brackets."""
    depth = 0
    for at, character in enumerate(text):
        depth += (character in "([") - (character in ")]")
        if depth == 0 and (
            text[at : at + 3] in (" + ", " - ") or (character == "-" and at == 0) or text[at : at + 4] == " if "
        ):
            return f"({text})"
    return text


def _named(program: Program, step: ForwardStep, rule: str, brief: bool) -> str:
    """Return a rule that is written in an operation's letters with the step's own names in their places."""
    operation = step.operation
    if step.params.get("reduction", "mean") != "mean":
        rule = re.sub(r" ?/ ?n\b", "", rule)  # the rules of losses divide by the number of terms of a mean
    letters = {"y": step.output} | dict(zip(operation.operands, step.inputs, strict=False))
    cell = WholeCell(program, step, brief)

    def replaced(match: re.Match[str]) -> str:
        gradient, letter, transposed = match["gradient"], match["letter"], match["transposed"] or ""
        value = letters.get(gradient or letter)
        if value is None:
            return match.group()
        if gradient:
            name = program.derivative_name(value, brief=brief)
            return f"({name}){transposed}" if transposed else name
        return cell.text(value, ATOM if transposed else SIGN) + transposed

    return re.sub(r"\b(?:dL/d(?P<gradient>[A-Za-z]\w*)|(?P<letter>[A-Za-z]\w*))\b(?P<transposed>\.T)?", replaced, rule)
