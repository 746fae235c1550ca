"""Which value, and which element, a name means in a program: `W1`, `W1[0,0]`, `W1(1,1)`, `x0`."""

from __future__ import annotations

import re

from msgspec import Struct

from bptui.errors import BptuiError, Fault
from bptui.ops.operation import shape_text
from bptui.scenario.notation import Reference, Shape, index_text, ravel
from bptui.scenario.program import Program
from bptui.text import counted, did_you_mean


class Element(Struct, frozen=True):
    """A value's id, and the flat index of one element of it; None for the whole value."""

    value: int
    flat: int | None = None


def resolve_reference(program: Program, reference: Reference) -> Element:
    """Return what `reference` names; raises BptuiError with the nearest right name, or the index's bounds."""
    name, index = reference.name, reference.index
    if name not in program.names:
        glued = None if index else _glued(program, name)
        if glued is not None:
            return glued
        hint = did_you_mean(name, program.names, "there is: " + ", ".join(list(program.names)[:16]))
        raise BptuiError(Fault(f"this scenario has no value named `{name}`", hint))
    value = program.values[program.names[name]]
    if index is None:
        return Element(value.id)
    shown = name + index_text(index, program.index_base)
    if len(index) != len(value.shape):
        raise BptuiError(
            Fault(
                f"`{shown}`: {name} has shape {shape_text(value.shape)}",
                f"an element of it has {counted(len(value.shape), 'index', 'indices')}",
            )
        )
    for number, length in zip(index, value.shape, strict=True):
        if number >= length:
            first, last = program.index_base, length - 1 + program.index_base
            bounds = f"that index runs from {first} to {last}" if length else "that axis is empty"
            raise BptuiError(Fault(f"`{shown}` is out of range: {name} has shape {shape_text(value.shape)}", bounds))
    return Element(value.id, ravel(index, value.shape))


def _glued(program: Program, name: str) -> Element | None:
    """Return the element whose symbol is written as `name` (`x0`, `w0_1`), if there is one."""
    for identity in program.names.values():
        value = program.values[identity]
        if value.symbol is not None:
            flat = glued_element(value.symbol, value.shape, program.index_base, name)
            if flat is not None:
                return Element(identity, flat if value.shape else None)
    return None


def glued_element(symbol: str, shape: Shape, base: int, name: str) -> int | None:
    """Return the flat index of the element of an array of `symbol`s that is written as `name`; None where none is."""
    if not name.startswith(symbol):
        return None
    rest = name[len(symbol) :]
    if not shape or not re.fullmatch(r"\d{1,9}(_\d{1,9})*", rest):
        return 0 if not shape and not rest else None
    index = tuple(int(part) - base for part in rest.split("_"))
    if len(index) != len(shape) or not all(0 <= n < length for n, length in zip(index, shape, strict=True)):
        return None
    return ravel(index, shape)
