"""Expressions as text, in the order in which a person writes them, without changing what they are.

    -1/2*(t(1)/y(1) - (1 - t(1))/(1 - y(1)))        d0*x2 + d1*x4 + d2*x3 + 2*d3*x0 + d4*x1

A number that all terms of a sum share stands in front of it. Factors come in the order gradients, seed, parameters,
inputs, lines, sums, functions; terms in the order of their factors, constants first, and no sum begins with a minus
where it need not. The text is in the syntax of a scenario's expressions, with the names of elements; `portable` makes
it one that `sympy.sympify` reads once those names are made identifiers.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import NamedTuple

import sympy

from bptui.ops.operation import ATOM, POWER, PRODUCT, SUM, Written
from bptui.scenario.notation import index_text, unravel
from bptui.symbols import functions
from bptui.symbols.elements import element_symbols, gradient_symbols
from bptui.trace.record import Trace

Key = tuple[int, int, int]

_NUMBER, _GRADIENT, _SEED, _PARAMETER, _INPUT, _LINE, _SUM, _FUNCTION = range(-1, 7)
_LARGEST_WRITTEN_DENOMINATOR = 9
_LONGEST_DECIMAL = 12
_LARGEST_EXACT_DENOMINATOR = 10**12


class Product(NamedTuple):
    """A product taken apart: its number, the factors above the fraction line and those below it, in order."""

    number: sympy.Rational
    above: tuple[sympy.Expr, ...]
    below: tuple[sympy.Expr, ...]


class Writer:
    """Writes the expressions of one trace in symbols; what stands in several places is written once."""

    def __init__(self, trace: Trace, portable: bool = False) -> None:
        program = trace.program
        self._program, self._portable = program, portable
        self._written: dict[sympy.Expr, Written] = {}
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

    def text(self, expression: sympy.Expr) -> str:
        """Return the expression, or a Python number, as text."""
        return self.written(sympy.sympify(expression)).text

    def sum_of(self, terms: Sequence[sympy.Expr]) -> str:
        """Return the terms as a sum in which none are put together."""
        return self._terms([self._split(sympy.sympify(term)) for term in terms]).text

    def written(self, expression: sympy.Expr) -> Written:
        """Return the expression as text, with how tightly its outermost operation binds."""
        found = self._written.get(expression)
        if found is None:
            found = self._written[expression] = self._write(expression)
        return found

    def _write(self, expression: sympy.Expr) -> Written:
        if expression.is_Symbol:
            return Written(expression.name, ATOM)
        if expression.is_Rational:
            return self._number(expression)
        if expression.is_Add:
            return self._sum(expression)
        if expression.is_Mul:
            return self._joined(self._split(expression))
        if expression.is_Pow:
            return self._power(expression)
        if expression.is_Function:
            return self._function(expression)
        return Written(self._constant(expression), ATOM)

    # -- numbers -----------------------------------------------------------------------------------------------------

    def _number(self, number: sympy.Rational) -> Written:
        if number.is_negative:
            return Written(f"-{self._number(-number).text}", SUM)
        if number.q == 1:
            return Written(str(number.p), ATOM)
        decimal = "" if self._portable or number.q <= _LARGEST_WRITTEN_DENOMINATOR else _decimal(number)
        if not self._portable and number.q > _LARGEST_EXACT_DENOMINATOR:
            decimal = decimal or repr(float(number))  # a constant that was rounded to a float64 in any case
        return Written(decimal, ATOM) if decimal else Written(f"{number.p}/{number.q}", PRODUCT)

    def _constant(self, constant: sympy.Expr) -> str:
        named = {sympy.pi: "pi", sympy.nan: "nan"}
        if self._portable:
            named |= {sympy.E: "E", sympy.oo: "oo", -sympy.oo: "-oo", sympy.zoo: "zoo"}
        else:
            named |= {sympy.E: "e", sympy.oo: "inf", -sympy.oo: "-inf", sympy.zoo: "inf"}
        return named.get(constant) or str(constant)

    # -- sums and products -------------------------------------------------------------------------------------------

    def _sum(self, total: sympy.Expr) -> Written:
        terms = [self._split(term) for term in total.args]
        shared = _shared(terms)
        if shared == 1:
            return self._terms(terms)
        number = shared * self._sign(terms)
        return self._joined(Product(number, (total / number,), ()))

    def _terms(self, terms: Sequence[Product]) -> Written:
        """Return a sum, constants first, then in the order of factors; a plus comes first where there is one."""
        ordered = sorted(terms, key=self._term_key)
        first = next((at for at, term in enumerate(ordered) if term.number.is_positive), 0)
        text = self._joined(ordered.pop(first) if ordered else Product(sympy.Integer(0), (), ())).text
        for term in ordered:
            size = self._joined(term._replace(number=abs(term.number))).text
            text += f" - {size}" if term.number.is_negative else f" + {size}"
        return Written(text, SUM)

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
            if base.is_Add and exponent.is_Integer:
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

    def _joined(self, product: Product) -> Written:
        number, above, below = product
        sign, number = ("-", -number) if number.is_negative else ("", number)
        under = [self.written(factor) for factor in below]
        if number.q != 1 and below and not above:
            under, number = [self._number(sympy.Integer(number.q)), *under], sympy.Integer(number.p)
        texts = [self.written(factor).within(PRODUCT) for factor in above]
        if number != 1 or not texts:
            texts = [self._number(number).text, *texts]
        text = "*".join(texts)
        if len(under) == 1:
            text += f"/{under[0].within(POWER)}"
        elif under:
            text += f"/({'*'.join(factor.within(PRODUCT) for factor in under)})"
        if not sign and not under and len(texts) == 1:
            return self.written(above[0]) if above else self._number(number)
        return Written(sign + text, SUM if sign else PRODUCT)

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

    def _power(self, expression: sympy.Expr) -> Written:
        base, exponent = expression.base, expression.exp
        if exponent == sympy.Rational(1, 2):
            return Written(f"sqrt({self.text(base)})", ATOM)
        if exponent.is_Rational and exponent.is_negative:
            return self._joined(self._split(expression))
        return Written(f"{self.written(base).within(ATOM)}**{self.written(exponent).within(ATOM)}", POWER)

    def _function(self, expression: sympy.Expr) -> Written:
        function, arguments = expression.func, expression.args
        if self._portable and issubclass(function, functions.Named) and not issubclass(function, functions.Branching):
            return self.written(function.definition(*arguments))
        if function is functions.softmax:
            place, line = int(arguments[0]), arguments[1:]
            name = self._of_line("softmax", line, line[place])
            return name or self.written(functions.softmax.definition(*arguments))
        if function is functions.logsumexp:
            return self._of_line("logsumexp", arguments, None) or self.written(function.definition(*arguments))
        texts = [self.text(argument) for argument in arguments]
        special = (_PORTABLE if self._portable else _COMPARED).get(function.__name__)
        if special is not None:
            return special([self.written(argument) for argument in arguments])
        name = _NAMES.get(function.__name__, function.__name__)
        if self._portable and name in ("max", "min"):
            name = name.capitalize()
        return Written(f"{name}({', '.join(texts)})", ATOM)

    def _of_line(self, function: str, line: Sequence[sympy.Expr], element: sympy.Expr | None) -> Written | None:
        """Return `softmax(z)(1)` or `logsumexp(z)` where a line is all of a named value, or one of its rows."""
        places = [self._places.get(one) for one in line]
        first = places[0] if places else None
        if first is None or [(first[0], first[1] + at) for at in range(len(line))] != places:
            return None
        value = self._program.values[first[0]]
        rows = value.shape[-1:] == (len(line),) and first[1] % len(line) == 0
        if value.size != len(line) and not (rows and element is not None):
            return None
        text = f"{function}({value.text})"
        if element is not None:
            text += index_text(unravel(self._places[element][1], value.shape), self._program.index_base)
        return Written(text, ATOM)


def _shared(terms: Sequence[Product]) -> sympy.Rational:
    """Return the size of the number that all terms of a sum have as their factor, 1 where they differ."""
    sizes = {abs(term.number) for term in terms}
    return sizes.pop() if len(sizes) == 1 else sympy.Integer(1)


def _is_root(factor: sympy.Expr) -> bool:
    return bool(factor.is_Pow and factor.base.is_Integer and factor.exp == sympy.Rational(1, 2))


def _decimal(number: sympy.Rational) -> str:
    """Return a number as a decimal where that is exact and short, else nothing."""
    text = f"{float(number):.{_LONGEST_DECIMAL}g}"
    if "e-" in text:
        text = f"{float(number):.{_LONGEST_DECIMAL}f}".rstrip("0")  # 0.00001 rather than 1/100000
    return text if "e" not in text and sympy.Rational(text) == number else ""


_NAMES = {"Abs": "abs", "maximum": "max", "minimum": "min"}


def _comparison(sign: str) -> Callable[[Sequence[Written]], Written]:
    """Return how two operands are written with a sign between them."""
    return lambda pair: Written(f"({pair[0].within(SUM)} {sign} {pair[1].within(SUM)})", ATOM)


_COMPARED = {"less": _comparison("<"), "less_equal": _comparison("<="), "equal": _comparison("==")}

_PORTABLE: dict[str, Callable[[Sequence[Written]], Written]] = {
    "less": lambda pair: Written(f"Piecewise((1, {pair[0].text} < {pair[1].text}), (0, True))", ATOM),
    "less_equal": lambda pair: Written(f"Piecewise((1, {pair[0].text} <= {pair[1].text}), (0, True))", ATOM),
    "equal": lambda pair: Written(f"Piecewise((1, Eq({pair[0].text}, {pair[1].text})), (0, True))", ATOM),
    "where": lambda cab: Written(f"Piecewise(({cab[2].text}, Eq({cab[0].text}, 0)), ({cab[1].text}, True))", ATOM),
}
