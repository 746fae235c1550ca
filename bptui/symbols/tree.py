"""The size of an expression as it is written out: what stands in several places counts each time."""

from __future__ import annotations

from collections.abc import Mapping

import sympy

Sizes = dict[sympy.Expr, int]


def size(expression: sympy.Expr, known: Sizes | None = None) -> int:
    """Return how many symbols, numbers and operations an expression is written with.

    `known` gives the sizes of subexpressions (of a symbol: of what it stands for), and remembers those found.
    """
    known = {} if known is None else known
    found = known.get(expression)
    if found is None:
        found = known[expression] = 1 + sum(size(argument, known) for argument in expression.args)
    return found


def size_of_meaning(expression: sympy.Expr, meant: Mapping[sympy.Symbol, sympy.Expr], known: Sizes) -> int:
    """Return the size of an expression with every symbol of `meant` replaced by what it stands for, in turn."""
    waiting = list(expression.free_symbols)
    while waiting:
        symbol = waiting[-1]
        below = [one for one in meant[symbol].free_symbols if one not in known] if symbol in meant else []
        if symbol in known or not below:
            known.setdefault(symbol, size(meant[symbol], known) if symbol in meant else 1)
            waiting.pop()
        else:
            waiting += below
    return size(expression, known)


def expanded(expression: sympy.Expr, meant: Mapping[sympy.Symbol, sympy.Expr]) -> sympy.Expr:
    """Return an expression with every symbol replaced by what it stands for, until none of `meant` is left."""
    while (symbols := expression.free_symbols & meant.keys()) != set():
        expression = expression.xreplace({symbol: meant[symbol] for symbol in symbols})
    return expression
