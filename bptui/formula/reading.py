"""Formula text to a tree: the texts of the operations' rules, in Python's grammar, bounded and never evaluated.

`y(1)` is an element where `y` is one of the names that the reader is told, and a function's value otherwise.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Callable, Collection
from functools import lru_cache

from bptui.formula.tree import (
    Array,
    Call,
    Choice,
    Compare,
    Element,
    More,
    Negative,
    Number,
    Power,
    Tree,
    added,
    product,
    quotient,
)

MOST_CHARACTERS = 20_000
"""How long a formula may be as text."""
_DEEPEST = 200
_PARSED_KEPT = 64

_MORE = re.compile(r"… (\d+) more …")
_COMPARISONS: dict[type[ast.cmpop], str] = {
    ast.Lt: "<",
    ast.LtE: "<=",
    ast.Gt: ">",
    ast.GtE: ">=",
    ast.Eq: "==",
    ast.NotEq: "!=",
}


class FormulaError(ValueError):
    """A text that is no formula, or one that is too long."""


def read(text: str, names: Collection[str] = (), meaning: Callable[[str], Tree | None] | None = None) -> Tree:
    """Return the tree of a formula; raises FormulaError.

    `names` are those of arrays, whose elements are written in parentheses. `meaning` may give a tree for a name.
    """
    if len(text) > MOST_CHARACTERS:
        raise FormulaError("the formula is too long")
    for sign, written in (("·", "*"), ("²", "**2"), ("³", "**3"), ("^", "**")):
        text = text.replace(sign, written)
    text = _MORE.sub(r"_more_(\1)", text).strip()
    return _Reader(text.encode(), names, meaning or (lambda name: None)).read(_parsed(text), 0)


@lru_cache(_PARSED_KEPT)
def _parsed(text: str) -> ast.expr:
    """Return what Python's parser makes of a formula; the rules' texts come again and again."""
    try:
        return ast.parse(text, mode="eval").body
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        raise FormulaError(f"this is no formula: `{text[:60]}`") from None


class _Reader:
    def __init__(self, text: bytes, names: Collection[str], meaning: Callable[[str], Tree | None]) -> None:
        self.text, self.names, self.meaning = text, names, meaning

    def source(self, node: ast.expr) -> str:
        """Return a node as it is written."""
        return self.text[node.col_offset : node.end_col_offset].decode()

    def read(self, node: ast.expr, depth: int) -> Tree:
        if depth > _DEEPEST:
            raise FormulaError("the formula is nested too deep")

        def inner(part: ast.expr) -> Tree:
            return self.read(part, depth + 1)

        match node:
            case ast.Constant(value=int() | float() as number) if not isinstance(number, bool):
                return Number(_canonical(self.source(node)))
            case ast.Name(id="nan" | "inf" | "pi" | "e" as known) if known not in self.names:
                return Number(known)
            case ast.Name(id=name):
                return self.meaning(name) or Element(name)
            case ast.UnaryOp(op=ast.USub(), operand=operand):
                return Negative(inner(operand))
            case ast.BinOp(op=ast.Add() | ast.Sub()):
                return added(inner(part) if sign else Negative(inner(part)) for sign, part in _terms(node))
            case ast.BinOp(left=left, op=ast.Mult(), right=right):
                return product((inner(left), inner(right)))
            case ast.BinOp(left=left, op=ast.Div(), right=right):
                return quotient(inner(left), inner(right))
            case ast.BinOp(left=left, op=ast.Pow(), right=right):
                return Power(inner(left), inner(right))
            case ast.Compare(left=left, ops=[operator], comparators=[right]):
                return Compare(_COMPARISONS[type(operator)], inner(left), inner(right))
            case ast.IfExp(test=test, body=body, orelse=orelse):
                return Choice(inner(body), inner(test), inner(orelse))
            case ast.Call(func=ast.Name(id="_more_"), args=[ast.Constant(value=int() as count)]):
                return More(count)
            case ast.Call(func=ast.Call() as whole, args=arguments, keywords=[]):
                if (index := _index(arguments)) is not None:
                    return Element(self.source(whole), index, 1)
            case ast.Subscript(value=ast.Call() as whole, slice=place):
                index = _index(place.elts if isinstance(place, ast.Tuple) else [place])
                if index is not None:
                    return Element(self.source(whole), index, 0)
            case ast.Call(func=ast.Name(id=name), args=arguments, keywords=[]):
                if name in self.names and (index := _index(arguments)) is not None:
                    return Element(name, index, 1)
                return Call(name, tuple(map(inner, arguments)))
            case ast.Subscript(value=ast.Name(id=name), slice=place):
                index = _index(place.elts if isinstance(place, ast.Tuple) else [place])
                if index is not None:
                    return Element(name, index, 0)
            case ast.List(elts=items):
                return Array(tuple(map(inner, items)))
        raise FormulaError(f"this is no formula: `{ast.unparse(node)[:60]}`")


def _canonical(text: str) -> str:
    """Return a number as it is written, but for what has several spellings: `.5` is 0.5, `1E5` is 1e+05."""
    mantissa, power, exponent = text.replace("_", "").lower().partition("e")
    whole, point, decimals = mantissa.partition(".")
    mantissa = (whole or "0") + (point + decimals if decimals else "")
    return f"{mantissa}e{int(exponent):+03d}" if power else mantissa


def _terms(node: ast.expr) -> list[tuple[bool, ast.expr]]:
    """Return the terms of a long sum and whether each is added, without descending once a term."""
    terms: list[tuple[bool, ast.expr]] = []
    while isinstance(node, ast.BinOp) and isinstance(node.op, ast.Add | ast.Sub):
        terms.append((isinstance(node.op, ast.Add), node.right))
        node = node.left
    return [(True, node), *reversed(terms)]


def _index(places: list[ast.expr]) -> tuple[int, ...] | None:
    numbers = [place.value for place in places if isinstance(place, ast.Constant) and type(place.value) is int]
    return tuple(numbers) if numbers and len(numbers) == len(places) else None
