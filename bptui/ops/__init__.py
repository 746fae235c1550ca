"""Every operation bptui knows, by name.

One record an operation (`bptui.ops.operation.Operation`), one file a family. To add one, write its record in a family
file and add it to that file's `OPERATIONS`; the registry, the expressions, the exports and the tests follow from it.
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

from bptui.errors import BptuiError
from bptui.ops import arrangement, elementwise, linear, probability, reductions, windows
from bptui.ops.operation import Operation
from bptui.ops.other_names import written_instead
from bptui.text import did_you_mean, printable

_NOT_CALLED = (
    *elementwise.ARITHMETIC,
    *elementwise.COMPARISONS,
    linear.MATMUL,
    arrangement.INDEX,
    elementwise.IDENTITY,
)
"""What an expression writes with an operator, a subscript or nothing at all."""

_UNCALLED = frozenset(one.name for one in _NOT_CALLED)

_ALL = (
    *elementwise.OPERATIONS,
    *linear.OPERATIONS,
    *reductions.OPERATIONS,
    *probability.OPERATIONS,
    *arrangement.OPERATIONS,
    *windows.OPERATIONS,
)

CALLABLE: tuple[str, ...] = tuple(one.name for one in _ALL if one.name not in _UNCALLED)
"""The names that an expression may call, family by family."""

OPERATIONS: Mapping[str, Operation] = MappingProxyType({one.name: one for one in (*_NOT_CALLED, *_ALL)})
"""Every operation by name: those written with operators first, then family by family."""


def operation(name: str) -> Operation:
    """Return the operation called `name`; raises BptuiError where there is none."""
    found = OPERATIONS.get(name)
    if found is None:
        instead = written_instead(name)
        advice = did_you_mean(name, OPERATIONS, "`bptui ops` lists them")
        if instead is not None:
            advice = f"an expression writes {instead}"
        raise BptuiError(f"no operation is called `{printable(name)}`; {advice}")
    return found
