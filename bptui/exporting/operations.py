"""The list of operations as text: how each is called, what it computes, how its gradient flows back."""

from __future__ import annotations

from collections.abc import Iterator

from bptui.ops import OPERATIONS, operation
from bptui.ops.operation import Operation, signature
from bptui.present.layout import WIDTH, heading, wrapped


def operations_text(name: str | None = None) -> str:
    """Return all operations by family, or the one called `name`; raises BptuiError where there is none."""
    if name is not None:
        return "\n".join(_entry(operation(name))) + "\n"
    lines: list[str] = []
    for family in dict.fromkeys(one.family for one in OPERATIONS.values()):
        lines += ["", *heading(family), ""] if lines else [*heading(family), ""]
        for one in OPERATIONS.values():
            if one.family == family:
                lines += _entry(one)
    return "\n".join(lines) + "\n"


def _entry(one: Operation) -> Iterator[str]:
    yield from wrapped(f"{signature(one)}   {one.formula}" if one.formula else signature(one), WIDTH, 6)
    for operand, rule in zip(one.operands, one.rules, strict=False):
        if rule:
            said = rule if "=" in rule else f"dy/d{operand} = {rule}"
            yield from wrapped(said, WIDTH, 6, "    ")
    if one.convention:
        yield from wrapped(one.convention, WIDTH, 6, "    ")
