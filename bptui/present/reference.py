"""An element as a reader names it: `W1(1,1)`, `x0`, `dL/dW1(1,1)`."""

from __future__ import annotations

from bptui.errors import BptuiError, Fault
from bptui.present.frame import Point
from bptui.scenario.notation import Reference, ReferenceFormatError, is_derivative, parse_derivative, parse_reference
from bptui.scenario.program import Program
from bptui.scenario.resolve import resolve_reference


def read_point(program: Program, text: str) -> Point:
    """Return what `text` names: an element of a value, or with `dL/d` of its gradient; of a whole array the first.

    Raises BptuiError where it names none, and for a derivative of anything but the scalar that is differentiated.
    """
    try:
        if not is_derivative(text):
            found, gradient = resolve_reference(program, parse_reference(text)), False
        else:
            head, tail = parse_derivative(text)
            if head != Reference(program.loss):
                asked = f"d{program.loss}/d{tail.name}"
                raise BptuiError(Fault(f"the walk computes gradients of {program.loss} alone", f"write `{asked}`"))
            found, gradient = resolve_reference(program, tail), True
    except ReferenceFormatError as fault:
        raise BptuiError(str(fault)) from None
    return Point(found.value, found.flat or 0, gradient)
