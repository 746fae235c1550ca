"""Breakpoints: what to run to. A line, an operation, a value, an element, or a condition on what a step results in.

    line z1                 where the walk enters the line, forward and backward
    op sigmoid              every step of that operation
    W1    value W1          the step that computes the value, and those that add to its gradient
    W1(1,1)                 the same for one element: the steps that it depends on or adds up from
    dL/dW1                  the steps that add to the gradient alone
    nan, inf, zero          the result is nan or infinite somewhere, or 0 everywhere
    sign                    adding a contribution turned an element of a gradient from positive to negative, or back
    |grad| > 1e3            the largest element of a gradient, in size, is above 1000; also <, >= and <=
    |value| < 1e-8          the same for what a forward step computes

A step *results* in the value that it computes, or in the gradient as it stands once its contribution was added. A
condition can be about one of them alone: `nan in z1`, `zero in dL/dW1`, `|dL/dW1(1,1)| < 1e-8`.

Whether a breakpoint is hit at a step depends on the trace and that step alone: running back stops where running
forward does.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from contextlib import suppress
from typing import Literal

import numpy as np
from msgspec import Struct
from msgspec.structs import replace

from bptui.errors import BptuiError, Fault
from bptui.ops import OPERATIONS
from bptui.scenario.notation import (
    Reference,
    ReferenceFormatError,
    is_derivative,
    parse_derivative,
    parse_reference,
)
from bptui.scenario.program import Program
from bptui.scenario.resolve import Element, resolve_reference
from bptui.text import nearest, printable

Kind = Literal["nan", "inf", "zero", "sign"]
Of = Literal["value", "gradient", "both"]


class Subject(Struct, frozen=True):
    """Which results a breakpoint looks at: of any step, or of one value or element; the value, its gradient or both."""

    of: Of = "both"
    element: Element | None = None


class OnLine(Struct, frozen=True):
    """Where a line begins, in each pass."""

    name: str


class OnOperation(Struct, frozen=True):
    """Every step of an operation."""

    name: str


class OnValue(Struct, frozen=True):
    """Every step whose result this is."""

    subject: Subject


class OnKind(Struct, frozen=True):
    """What numbers a result holds."""

    kind: Kind
    subject: Subject


class OnSize(Struct, frozen=True):
    """How the largest element of a result, in size, compares with a number; nan compares with nothing."""

    comparison: str
    """`<`, `<=`, `>` or `>=`."""
    bound: float
    subject: Subject


Where = OnLine | OnOperation | OnValue | OnKind | OnSize


class Breakpoint(Struct, frozen=True):
    """One breakpoint: as it is written, what that means in one program, and whether it stops a run."""

    text: str
    where: Where
    enabled: bool = True

    def switched(self, enabled: bool | None = None) -> Breakpoint:
        """Return this breakpoint enabled or disabled; without `enabled`, the other way round."""
        return replace(self, enabled=not self.enabled if enabled is None else enabled)


# -- reading -----------------------------------------------------------------------------------------------------------

_KINDS: tuple[Kind, ...] = ("nan", "inf", "zero", "sign")
_FORMS = "nan, inf, zero, sign, |grad| > 1e3, |dL/dW1| < 1e-8, line z1, op sigmoid, value W1, W1(1,1)"
_SIZE = re.compile(r"\|([^|]*)\|\s*(<=|>=|<|>)\s*(\S+)")
_SIGNS = {"+": "add", "-": "subtract", "*": "multiply", "/": "divide", "**": "power", "@": "matmul"}
_LONGEST = 500


def read_breakpoint(program: Program, text: str) -> Breakpoint:
    """Return the breakpoint that `text` writes; raises BptuiError saying what is wrong and what was meant."""
    text = " ".join(text.split())
    if not text or len(text) > _LONGEST:
        raise _fault("a breakpoint is empty" if not text else "a breakpoint is too long", f"there are: {_FORMS}")
    return Breakpoint(printable(text), _read(program, text))


def read_breakpoints(program: Program, texts: Iterable[str]) -> list[Breakpoint]:
    """Return the breakpoints that `texts` write; raises BptuiError with the faults of all of them."""
    found: list[Breakpoint] = []
    faults: list[Fault] = []
    for text in texts:
        try:
            found.append(read_breakpoint(program, text))
        except BptuiError as error:
            faults += error.faults
    if faults:
        raise BptuiError(faults)
    return found


def fitting(program: Program, breakpoints: Iterable[Breakpoint]) -> list[Breakpoint]:
    """Return the breakpoints of another program as they are in this one, without those that mean nothing in it."""
    found = []
    for one in breakpoints:
        with suppress(BptuiError):
            found.append(read_breakpoint(program, one.text).switched(one.enabled))
    return found


def _read(program: Program, text: str) -> Where:
    if text.startswith("|"):
        return _size(program, text)
    word, _, rest = text.partition(" ")
    if word == "line" and rest:
        return OnLine(_line(program, rest))
    if word == "op" and rest:
        return OnOperation(_operation(program, rest))
    if word == "value" and rest:
        return OnValue(_subject(program, rest))
    if word in _KINDS and (rest or word not in program.names):
        subject = _subject(program, re.sub(r"^(in|of) ", "", rest)) if rest else Subject()
        return OnKind(word, _of_gradient(subject) if word == "sign" else _computed(program, subject))
    if word not in program.names and (meant := _meant(program, word, rest)):
        raise _fault(f"`{printable(text)}` is no breakpoint", f"did you mean `{printable(meant)}`?")
    return OnValue(_subject(program, text))


def _meant(program: Program, word: str, rest: str) -> str | None:
    """Return the breakpoint that a text may have meant which begins with neither a keyword nor a value's name."""
    if not word.isalpha():
        return None
    if rest:
        close = nearest(word, ("line", "op", "value", *_KINDS))
        return f"{close} {rest}" if close else None
    if word in ("line", "op", "value"):
        first = {"line": program.lines, "op": (step.operation.name for step in program.steps), "value": program.names}
        return f"{word} {next(iter(first[word]), '')}".strip()
    return f"op {word}" if word in OPERATIONS else nearest(word, (*_KINDS, *program.names))


def _size(program: Program, text: str) -> OnSize:
    match = _SIZE.fullmatch(text)
    if match is None:
        raise _fault(f"`{printable(text)}` is no condition", "write `|grad| > 1e3` or `|dL/dW1| < 1e-8`")
    inside, comparison, number = match.groups()
    try:
        bound = float(number)
    except ValueError:
        raise _fault(f"`{printable(text)}`: `{printable(number)}` is no number", "write it as `1e-8`") from None
    if not 0 <= bound < np.inf:
        raise _fault(f"`{printable(text)}`: a size is compared with 0 or more", "write a positive number as `1e-8`")
    return OnSize(comparison, bound, _computed(program, _subject(program, inside.strip())))


def _subject(program: Program, text: str) -> Subject:
    """Return which results `text` names: `grad`, `value`, a name, an element, or the derivative to one."""
    if text not in program.names:
        if text in ("grad", "gradient"):
            return Subject("gradient")
        if text == "value":
            return Subject("value")
    try:
        if not is_derivative(text):
            return Subject("both", _element(program, parse_reference(text)))
        head, tail = parse_derivative(text)
    except ReferenceFormatError as fault:
        raise _fault(str(fault), f"breakpoints are: {_FORMS}") from None
    if head != Reference(program.loss):
        right = f"d{program.loss}/d{text.rpartition('/')[2].strip().lstrip('d∂').strip()}"
        raise _fault(
            f"`{printable(text)}`: the walk computes gradients of {program.loss} alone", f"write `{printable(right)}`"
        )
    return Subject("gradient", _element(program, tail))


def _element(program: Program, reference: Reference) -> Element:
    return resolve_reference(program, reference)


def _computed(program: Program, subject: Subject) -> Subject:
    """Return the subject of a condition: a name stands for the value alone, which some step must compute."""
    if subject.of != "both" or subject.element is None:
        return subject
    value = program.values[subject.element.value]
    if value.id not in program.producer:
        raise _fault(
            f"{value.name} is given, and no step computes it", f"its gradient is `d{program.loss}/d{value.name}`"
        )
    return replace(subject, of="value")


def _of_gradient(subject: Subject) -> Subject:
    if subject.of == "value":
        raise _fault("`sign` is about gradients, to which contributions are added", "write `sign` or `sign in dL/dW1`")
    return replace(subject, of="gradient")


def _line(program: Program, name: str) -> str:
    if name in program.lines:
        return name
    if name in program.names:
        raise _fault(f"{printable(name)} is given, and no line", f"to stop where its gradient grows: `value {name}`")
    close = nearest(name, program.lines)
    hint = f"did you mean `line {close}`?" if close else "there is: " + ", ".join(list(program.lines)[:16])
    raise _fault(f"this scenario has no line named `{printable(name)}`", hint)


def _operation(program: Program, name: str) -> str:
    name = _SIGNS.get(name, name)
    used = {kind.operation.name for kind in program.columns.used()}
    if name in used:
        return name
    close = nearest(name, used)
    hint = f"did you mean `op {close}`?" if close else "there are: " + ", ".join(sorted(used)[:16])
    what = "no step of this scenario is" if name in OPERATIONS else "there is no operation"
    raise _fault(f"{what} `{printable(name)}`", hint)


def _fault(message: str, hint: str) -> BptuiError:
    return BptuiError(Fault(message, hint))
