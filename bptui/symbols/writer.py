"""Expressions in the order in which a person writes them, without changing what they are.

    -1/2*(t(1)/y(1) - (1 - t(1))/(1 - y(1)))        d0*x2 + d1*x4 + d2*x3 + 2*d3*x0 + d4*x1

A number that all terms of a sum share stands in front of it. Factors come in the order gradients, seed, parameters,
inputs, lines, sums, functions; terms in the order of their factors, constants first, and no sum begins with a minus
where it need not. What is written, text or a formula tree, is the pen's (`bptui.symbols.pens`).
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Generic, NamedTuple

import sympy

from bptui.symbols import functions
from bptui.symbols.bound import refuse_long_number
from bptui.symbols.elements import element_symbols, gradient_symbols
from bptui.symbols.pens import Out, Pen
from bptui.trace.record import Trace

Key = tuple[int, int, int]

_LARGEST_POWER = 100
"""Up to which power a number that a sum shares is taken out of it."""

_NUMBER, _GRADIENT, _SEED, _PARAMETER, _INPUT, _LINE, _SUM, _FUNCTION = range(-1, 7)


class Product(NamedTuple):
    """A product taken apart: its number, the factors above the fraction line and those below it, in order."""

    number: sympy.Rational
    above: tuple[sympy.Expr, ...]
    below: tuple[sympy.Expr, ...]


class Writer(Generic[Out]):
    """Writes the expressions of one trace in symbols; what stands in several places is written once."""

    def __init__(self, trace: Trace, pen: Pen[Out]) -> None:
        program = trace.program
        self._program, self._pen = program, pen
        self._written: dict[sympy.Expr, Out] = {}
        self._products: dict[sympy.Expr, Product] = {}
        self._leads: dict[sympy.Expr, Key] = {}
        self._places: dict[sympy.Symbol, tuple[int, int]] = {}
        for value in program.values:
            if value.name is None:
                continue
            role = {"parameter": _PARAMETER, "input": _INPUT}.get(value.role, _LINE)
            for flat, symbol in enumerate(element_symbols(program, value.id).flat):
                self._leads[symbol] = (role, value.id, flat)
                self._places[symbol] = (value.id, flat)
            for flat, symbol in enumerate(gradient_symbols(program, value.id).flat):
                self._leads[symbol] = (_GRADIENT, -value.id, flat)
        for flat, symbol in enumerate(trace.seed.flat):
            self._leads[symbol] = (_SEED, 0, flat)

    def written(self, expression: sympy.Expr) -> Out:
        """Return the expression, or a Python number, as the pen writes it."""
        found = self._written.get(expression)
        if found is None:
            found = self._written[expression] = self._write(sympy.sympify(expression))
        return found

    def sum_of(self, terms: Sequence[sympy.Expr]) -> Out:
        """Return the terms as a sum in which none are put together."""
        return self._terms([self._split(sympy.sympify(term)) for term in terms])

    def _write(self, expression: sympy.Expr) -> Out:
        if expression.is_Symbol:
            return self._symbol(expression)
        if expression.is_Rational:
            refuse_long_number(expression)
            return self._pen.number(expression)
        if expression.is_Add:
            return self._sum(expression)
        if expression.is_Mul:
            return self._joined(self._split(expression))
        if expression.is_Pow:
            return self._power(expression)
        if expression.is_Function:
            return self._function(expression)
        return self._pen.constant(expression)

    def _symbol(self, symbol: sympy.Symbol) -> Out:
        if symbol in self._places:
            return self._pen.element(symbol, *self._places[symbol])
        kind, value, flat = self._leads.get(symbol, (_SEED, 0, 0))
        return self._pen.gradient(symbol, -value, flat) if kind == _GRADIENT else self._pen.symbol(symbol)

    # -- sums and products -------------------------------------------------------------------------------------------

    def _sum(self, total: sympy.Expr) -> Out:
        terms = [self._split(term) for term in total.args]
        shared = _shared(terms)
        if shared == 1:
            return self._terms(terms)
        number = shared * self._sign(terms)
        return self._joined(Product(number, (total / number,), ()))

    def _terms(self, terms: Sequence[Product]) -> Out:
        """Return a sum, constants first, then in the order of factors; a plus comes first where there is one."""
        ordered = sorted(terms, key=self._term_key) or [Product(sympy.Integer(0), (), ())]
        first = next((at for at, term in enumerate(ordered) if term.number.is_positive), 0)
        ordered.insert(0, ordered.pop(first))
        return self._pen.sum([
            (bool(term.number.is_negative), self._joined(term._replace(number=abs(term.number)))) for term in ordered
        ])  # fmt: skip

    def _split(self, term: sympy.Expr) -> Product:
        """Return a term as its number and its factors, with the numbers that its sums share taken out of them."""
        found = self._products.get(term)
        if found is not None:
            return found
        number: sympy.Rational = sympy.Integer(1)
        above: list[sympy.Expr] = []
        below: list[sympy.Expr] = []
        for factor in sympy.Mul.make_args(term):
            base, exponent = (factor.base, factor.exp) if factor.is_Pow else (factor, sympy.Integer(1))
            if factor.is_Rational:
                number *= factor
                continue
            if base.is_Add and exponent.is_Integer and abs(exponent) <= _LARGEST_POWER:
                terms = [self._split(one) for one in base.args]
                shared = _shared(terms) * self._sign(terms)
                if shared != 1:
                    number *= shared**exponent
                    base = base / shared
                    factor = base**exponent
            if factor.is_Pow and exponent.is_Rational and exponent.is_negative:
                below.append(base**-exponent)
            else:
                above.append(factor)
        for root in [one for one in above if _is_root(one) and not number.q % one.base]:
            number *= root.base  # 1/sqrt(2) rather than sqrt(2)/2
            above.remove(root)
            below.append(root)
        above.sort(key=self._factor_key)
        below.sort(key=self._factor_key)
        self._products[term] = Product(number, tuple(above), tuple(below))
        return self._products[term]

    def _joined(self, product: Product) -> Out:
        number, above, below = abs(product.number), product.above, list(map(self.written, product.below))
        if number.q != 1 and below and not above:
            below, number = [self._pen.number(sympy.Integer(number.q)), *below], sympy.Integer(number.p)
        numbers = [self._pen.number(number)] if number != 1 or not above else []
        return self._pen.product(bool(product.number.is_negative), [*numbers, *map(self.written, above)], below)

    def _sign(self, terms: Sequence[Product]) -> int:
        """Return −1 where a sum that is a factor reads better with all its signs turned round."""
        negative = sum(term.number.is_negative for term in terms)
        if 2 * negative != len(terms):
            return -1 if negative == len(terms) else 1
        if any(not term.above and not term.below for term in terms):  # 1 - y rather than y - 1
            return -1 if next(term for term in terms if not term.above and not term.below).number.is_negative else 1
        if not any(term.below for term in terms):
            return 1  # y - t can be written either way
        return -1 if min(terms, key=self._term_key).number.is_negative else 1

    def _term_key(self, term: Product) -> tuple[Key, ...]:
        return tuple(map(self._factor_key, (*term.above, *term.below)))

    def _factor_key(self, factor: sympy.Expr) -> Key:
        base = factor.base if factor.is_Pow else factor
        if base.is_Symbol:
            return self._lead(base)
        if base.is_number:
            return (_NUMBER, 0, 0)
        kind = _SUM if base.is_Add or base.is_Mul else _FUNCTION
        _, identity, flat = self._lead(base)
        return (kind, identity, flat)

    def _lead(self, expression: sympy.Expr) -> Key:
        """Return the key of the symbol in an expression that comes first."""
        found = self._leads.get(expression)
        if found is None:
            found = min(map(self._lead, expression.args), default=(_LINE, 0, 0))
            self._leads[expression] = found
        return found

    # -- powers and functions ----------------------------------------------------------------------------------------

    def _power(self, expression: sympy.Expr) -> Out:
        base, exponent = expression.base, expression.exp
        if exponent == sympy.Rational(1, 2):
            return self._pen.call("sqrt", [self.written(base)])
        if exponent.is_Rational and exponent.is_negative:
            return self._joined(self._split(expression))
        return self._pen.power(self.written(base), self.written(exponent))

    def _function(self, expression: sympy.Expr) -> Out:
        function, arguments = expression.func, expression.args
        named = issubclass(function, functions.Named) and not issubclass(function, functions.Branching)
        if named and self._pen.defines:
            return self.written(function.definition(*arguments))
        if function is functions.softmax:
            place, line = int(arguments[0]), arguments[1:]
            found = self._of_line("softmax", line, line[place])
            return self.written(functions.softmax.definition(*arguments)) if found is None else found
        if function is functions.logsumexp:
            found = self._of_line("logsumexp", arguments, None)
            return self.written(function.definition(*arguments)) if found is None else found
        return self._pen.call(function.__name__, list(map(self.written, arguments)))

    def _of_line(self, function: str, line: Sequence[sympy.Expr], element: sympy.Expr | None) -> Out | None:
        """Return `softmax(z)(1)` or `logsumexp(z)` where a line is all of a named value, or one of its rows."""
        places = [self._places.get(one) for one in line]
        first = places[0] if places else None
        if first is None or [(first[0], first[1] + at) for at in range(len(line))] != places:
            return None
        value = self._program.values[first[0]]
        rows = value.shape[-1:] == (len(line),) and first[1] % len(line) == 0
        if value.size != len(line) and not (rows and element is not None):
            return None
        return self._pen.line(function, value.id, None if element is None else self._places[element][1])


def _shared(terms: Sequence[Product]) -> sympy.Rational:
    """Return the size of the number that all terms of a sum have as their factor, 1 where they differ."""
    sizes = {abs(term.number) for term in terms}
    return sizes.pop() if len(sizes) == 1 else sympy.Integer(1)


def _is_root(factor: sympy.Expr) -> bool:
    return bool(factor.is_Pow and factor.base.is_Integer and factor.exp == sympy.Rational(1, 2))
