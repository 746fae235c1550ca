"""The size of an expression as it is written out: what stands in several places counts each time."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from functools import partial

import sympy

Sizes = dict[sympy.Expr, int]


def size(expression: sympy.Expr, known: Sizes | None = None) -> int:
    """Return how many symbols, numbers and operations an expression is written with.

    `known` gives the sizes of subexpressions (of a symbol: of what it stands for), and remembers those found.
    """
    return _from_below(expression, {} if known is None else known, sum)


def depth(expression: sympy.Expr, known: Sizes) -> int:
    """Return how deep an expression is nested, a symbol 1; `known` as in `size`."""
    return _from_below(expression, known, partial(max, default=0))


def _from_below(expression: sympy.Expr, known: Sizes, together: Callable[[Iterable[int]], int]) -> int:
    """Return 1 more than what the arguments come to `together`; not by calling itself: it may be nested very deep."""
    waiting = [expression]
    while waiting:
        one = waiting[-1]
        lacking = [] if one in known else [argument for argument in one.args if argument not in known]
        if lacking:
            waiting += lacking
            continue
        if one not in known:
            known[one] = 1 + together(map(known.__getitem__, one.args))
        waiting.pop()
    return known[expression]


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
