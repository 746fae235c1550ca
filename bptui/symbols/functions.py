"""The functions that stay functions of their argument: `relu` and its slope, comparisons, and activations by name.

On a number each of them is that number's value, so that putting numbers into an expression gives a number.
"""

from __future__ import annotations

from abc import abstractmethod
from typing import Any

import sympy


class Named(sympy.Function):
    """A function that is shown by its name and known by its `definition`, an expression in its arguments."""

    @classmethod
    @abstractmethod
    def definition(cls, *arguments: sympy.Expr) -> sympy.Expr:
        """Return the expression in `arguments` that the function stands for."""

    @classmethod
    def eval(cls, *arguments: sympy.Expr) -> sympy.Expr | None:
        """Return the value at numbers; None (it stays as it is) where an argument is no number."""
        return cls.definition(*arguments) if all(one.is_number for one in arguments) else None

    def doit(self, **hints: Any) -> sympy.Expr:
        """Return the definition with the arguments put in."""
        return self.definition(*(argument.doit(**hints) for argument in self.args))

    def _print_with(self, printer: Any) -> str:
        return str(printer._print(self.definition(*self.args)))

    _numpycode = _pythoncode = _print_with


class Branching(Named):
    """A function that asks how its arguments compare: its definition needs numbers, or a `Piecewise`."""

    @classmethod
    def eval(cls, *arguments: sympy.Expr) -> sympy.Expr | None:
        try:
            return super().eval(*arguments)
        except (TypeError, ValueError):  # 1/0, 0/0 and the root of -1 are neither less than anything nor more
            return sympy.nan

    def doit(self, **hints: Any) -> sympy.Expr:
        return self.func(*(argument.doit(**hints) for argument in self.args))


class relu(Branching):
    @classmethod
    def definition(cls, x: sympy.Expr) -> sympy.Expr:
        return sympy.Piecewise((x, x > 0), (0, True))


class step(Branching):
    """1 where x > 0, else 0 (at 0 as well)."""

    @classmethod
    def definition(cls, x: sympy.Expr) -> sympy.Expr:
        return sympy.Piecewise((1, x > 0), (0, True))


class maximum(Branching):
    @classmethod
    def definition(cls, *arguments: sympy.Expr) -> sympy.Expr:
        return sympy.Max(*arguments)


class minimum(Branching):
    @classmethod
    def definition(cls, *arguments: sympy.Expr) -> sympy.Expr:
        return sympy.Min(*arguments)


class less(Branching):
    """1 where a < b, else 0."""

    @classmethod
    def definition(cls, a: sympy.Expr, b: sympy.Expr) -> sympy.Expr:
        return sympy.Piecewise((1, a < b), (0, True))


class less_equal(Branching):
    """1 where a ≤ b, else 0."""

    @classmethod
    def definition(cls, a: sympy.Expr, b: sympy.Expr) -> sympy.Expr:
        return sympy.Piecewise((1, a <= b), (0, True))


class equal(Branching):
    """1 where a = b, else 0."""

    @classmethod
    def definition(cls, a: sympy.Expr, b: sympy.Expr) -> sympy.Expr:
        return sympy.Piecewise((1, sympy.Eq(a, b)), (0, True))


class where(Branching):
    """a where c is not 0, else b."""

    @classmethod
    def definition(cls, c: sympy.Expr, a: sympy.Expr, b: sympy.Expr) -> sympy.Expr:
        return sympy.Piecewise((b, sympy.Eq(c, 0)), (a, True))

    @classmethod
    def eval(cls, c: sympy.Expr, a: sympy.Expr, b: sympy.Expr) -> sympy.Expr | None:
        return (b if c.is_zero else a) if c.is_number else None


class sigmoid(Named):
    @classmethod
    def definition(cls, x: sympy.Expr) -> sympy.Expr:
        return 1 / (1 + sympy.exp(-x))


class softplus(Named):
    @classmethod
    def definition(cls, x: sympy.Expr) -> sympy.Expr:
        return sympy.log(1 + sympy.exp(x))


class logsumexp(Named):
    @classmethod
    def definition(cls, *line: sympy.Expr) -> sympy.Expr:
        return sympy.log(sympy.Add(*map(sympy.exp, line))) if line else -sympy.oo


class softmax(Named):
    """Element `place` (from 0) of the softmax of a line: `softmax(place, x0, x1, …)`."""

    @classmethod
    def definition(cls, place: sympy.Expr, *line: sympy.Expr) -> sympy.Expr:
        return sympy.exp(line[int(place)]) / sympy.Add(*map(sympy.exp, line))
