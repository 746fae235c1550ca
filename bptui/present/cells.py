"""One element's formula, in names and with this step's numbers put in, from the rules' own texts."""

from __future__ import annotations

import re
from collections.abc import Sequence

from bptui.ops.operation import ATOM, Cell
from bptui.present.numbers import factor
from bptui.scenario.program import ForwardStep, Program
from bptui.trace.backward import all_params
from bptui.trace.record import Trace

LONGEST_SUM = 6
"""How many terms of a sum are written out; of a longer one the first four and the last."""

_RAISED = re.compile(r"(?<![\w.(])(\d[\d.]*e[+-]?\d+)(?=\*\*)")
"""A number with a power of ten that is raised to a power."""

_ARGUMENT = re.compile(r"(?:(?<=\w\()|(?<=, ))\((-[^\s()]+)\)(?=[,)])")
"""A negative number that is an argument, or one of a list."""


class Names:
    """Writes elements by their names."""

    def __init__(self, trace: Trace, step: ForwardStep) -> None:
        self.trace, self.step = trace, step
        program = trace.program
        self.shapes = tuple(program.values[operand].shape for operand in step.inputs)
        self.output_shape = program.values[step.output].shape
        self.params = all_params(step, trace.choices)

    def x(self, slot: int, index: int) -> str:
        return self._element(self.step.inputs[slot], index)

    def y(self, index: int) -> str:
        return self._element(self.step.output, index)

    def _element(self, value: int, index: int) -> str:
        record = self.trace.program.values[value]
        return self.trace.program.element_name(value, index) if record.shape else record.brief.within(ATOM)


class Numbers(Names):
    """Writes elements by the numbers that they have in this trace."""

    def _element(self, value: int, index: int) -> str:
        return factor(self.trace.values[value].item(index))


def pretty(text: str) -> str:
    """Return an expression as it is shown: `·` for `*`, `²` for `**2`, `(1e-05)²` for `1e-05**2`."""
    text = _RAISED.sub(r"(\1)", text)
    return text.replace("**2", "²").replace("**3", "³").replace("**", "^").replace("*", "·")


def element_name(program: Program, value: int, flat: int) -> str:
    """Return how an element is called."""
    return pretty(program.element_name(value, flat))


def gradient_name(program: Program, value: int, flat: int | None = None) -> str:
    """Return how the gradient of a value, or of one of its elements, is called."""
    return pretty(program.derivative_name(value, flat))


def element(cell: Cell, step: ForwardStep, index: int) -> str:
    """Return output element `index` as an expression in the operands' elements."""
    return shortened(_bare(pretty(step.operation.element(cell, index))))


def derivative(cell: Cell, step: ForwardStep, slot: int, head: int, tail: int) -> str:
    """Return ∂output[head]/∂operand[tail] as an expression."""
    return shortened(_ARGUMENT.sub(r"\1", pretty(step.operation.derivative(cell, slot, head, tail))))


def _bare(text: str) -> str:
    """Return `text` without parentheses around a negative number that it begins with, or a call: `-0.5 + exp(-1)`."""
    text = _ARGUMENT.sub(r"\1", text)
    return re.sub(r"^\((-(?:[\d.]+(?:e[+-]\d+)?|inf))\)(?![²³^.\[])", r"\1", text)


def shortened(text: str, most: int = LONGEST_SUM) -> str:
    """Return `text` with the middle of its long sums and lists left out, at whatever depth they stand."""
    for separator in (" + ", ", "):
        if text.count(separator) >= most:
            text = _shorten(text, separator, most)
    return text


def _shorten(text: str, separator: str, most: int) -> str:
    parts = [_inside(part, most) for part in _split(text, separator)]
    if len(parts) > most:
        left = len(parts) - most + 1
        parts = [*parts[: most - 2], f"… {left} more …", parts[-1]]
    return separator.join(parts)


def _inside(text: str, most: int) -> str:
    """Return `text` with what stands in each of its outermost brackets shortened."""
    pieces: list[str] = []
    depth = start = 0
    for at, character in enumerate(text):
        if character in "([":
            depth += 1
            if depth == 1:
                pieces.append(text[start : at + 1])
                start = at + 1
        elif character in ")]":
            depth -= 1
            if depth == 0:
                pieces.append(shortened(text[start:at], most))
                start = at
    return "".join([*pieces, text[start:]])


def _split(text: str, separator: str) -> list[str]:
    """Return the pieces of `text` between `separator`s that stand outside all brackets."""
    parts, depth, start, at = [], 0, 0, 0
    while at < len(text):
        character = text[at]
        depth += (character in "([") - (character in ")]")
        if depth == 0 and text.startswith(separator, at):
            parts.append(text[start:at])
            at += len(separator)
            start = at
        else:
            at += 1
    return [*parts, text[start:]]


def as_factor(text: str) -> str:
    """Return an expression as a factor of a product: in parentheses where a sum or a sign stands outside brackets."""
    if text.startswith("-") or len(_split(text, " + ")) > 1 or len(_split(text, " - ")) > 1 or " if " in text:
        return f"({text})"
    return text


def times(upstream: str, local: str) -> str:
    """Return upstream · local, leaving out a local derivative of 1."""
    return upstream if local == "1" else f"{upstream} · {as_factor(local)}"


def plus(terms: Sequence[str], left: int = 0) -> str:
    """Return the sum of some terms, and of `left` more."""
    return " + ".join([*terms, f"… {left} more"] if left else terms)


def chain(name: str, *sides: str) -> tuple[str, ...]:
    """Return `name = side = side …` as lines, leaving out a side that repeats what stands before it."""
    lines: list[str] = []
    last = name
    for side in sides:
        if side != last:
            lines.append(f"= {side}")
        last = side
    return (" ".join((name, *lines[:1])), *lines[1:])
