"""A resolved expression: its names bound, its operations known, their options settled."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from msgspec import Struct

from bptui.ops.operation import Operation
from bptui.scenario.expression import Span


class Constant(Struct, frozen=True):
    """A number, `pi` or `e`."""

    value: float
    text: str
    span: Span


class Ref(Struct, frozen=True):
    """A value by its name: a leaf, a line, or a parameter of the function it stands in."""

    name: str
    span: Span


class Apply(Struct, frozen=True):
    """An operation with its operands and with every option settled."""

    operation: Operation
    operands: tuple[Resolved, ...]
    params: Mapping[str, Any]
    span: Span


class Invoke(Struct, frozen=True):
    """A call of one of the scenario's functions."""

    function: str
    arguments: tuple[Resolved, ...]
    span: Span


Resolved = Constant | Ref | Apply | Invoke


class Resolution(Struct, frozen=True):
    """A resolved expression, and what it unfolds into: `steps` of its own, and how often it calls which function."""

    tree: Resolved
    steps: int
    calls: Mapping[str, int]
