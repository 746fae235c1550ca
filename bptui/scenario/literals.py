"""What an option of an operation is given: numbers, words and lists that stand in the expression as they are."""

from __future__ import annotations

from typing import Any

from bptui.ops.operation import REQUIRED, Option
from bptui.scenario import expression as ast
from bptui.scenario.expression import Expression, ExpressionError


def has_name(node: Expression) -> bool:
    """Return whether a name stands where a literal belongs, alone or in a list."""
    return isinstance(node, ast.Name) or (isinstance(node, ast.Items) and any(map(has_name, node.items)))


EXAMPLES = {"number": "0.5", "integer": "1", "axis": "0", "axes": "0"}
"""An example of a literal, for each kind of option that is a number."""

_KINDS = {
    "integer": "a whole number",
    "number": "a number",
    "boolean": "True or False",
    "indices": "a list of whole numbers",
    "integers": "a whole number or a list of them",
    "axis": "a whole number",
    "axes": "a whole number or a list of them",
}


def literal(node: Expression, option: Option) -> Any:
    """Return an option's value as plain data, lists as tuples; raises ExpressionError saying what it must be."""
    wanted = (
        "one of " + ", ".join(f'"{choice}"' for choice in option.choices)
        if option.kind == "word"
        else _KINDS[option.kind]
    )
    value = _plain(node)
    whole = isinstance(value, int) and not isinstance(value, bool)
    listed = isinstance(value, tuple) and all(type(item) is int for item in value)
    fits = {
        "integer": whole,
        "number": whole or isinstance(value, float),
        "boolean": isinstance(value, bool),
        "word": value in option.choices if isinstance(value, str) else False,
        "indices": whole or (isinstance(value, tuple) and _integers(value)),
        "integers": whole or listed,
        "axis": whole or value is None,
        "axes": whole or value is None or listed,
    }
    if not fits.get(option.kind, False):
        raise ExpressionError(wanted, node.span)
    return value


def _integers(value: Any) -> bool:
    return type(value) is int or (isinstance(value, tuple) and all(_integers(item) for item in value))


def _plain(node: Expression) -> Any:
    """Return a literal argument as plain data; an object that fits no option where it is no literal."""
    match node:
        case ast.Number():
            return int(node.text.replace("_", ""), 0) if node.whole and node.value < 2**62 else node.value
        case ast.Literal():
            return node.value
        case ast.Items():
            return tuple(_plain(item) for item in node.items)
        case ast.Call(name="negative", operator=True, arguments=(ast.Number() as number,)):
            return -_plain(number)
    return REQUIRED
