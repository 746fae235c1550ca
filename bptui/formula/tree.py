"""A formula as a small tree, and the ways to put formulas together.

`product`, `quotient` and `added` keep the normal form that every writer and reader relies on: no sum in a sum, no
product in a product, a sign in front of a product rather than on its first factor.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Iterator, Mapping

from msgspec import Struct
from msgspec.structs import replace


class Number(Struct, frozen=True):
    """A number that has no sign, as it is written: `0.5`, `1.2e-09`, `inf`, `nan`, `pi`, `e`."""

    text: str


class Element(Struct, frozen=True):
    """A named value, or one element of it: `x`, `W2(1,1)`, `W2[0,0]`, `x0`.

    `index` counts as it is shown, from `base`. What has no name is called by its expression, `W1 @ x`, which is no
    identifier.
    """

    name: str
    index: tuple[int, ...] = ()
    base: int = 0


class Derivative(Struct, frozen=True):
    """`dL/dW2(1,1)`, or with ∂ where other values are held fixed."""

    head: Element
    tail: Element
    partial: bool = False


class Sum(Struct, frozen=True):
    terms: tuple[Tree, ...]


class Product(Struct, frozen=True):
    factors: tuple[Tree, ...]


class Negative(Struct, frozen=True):
    operand: Tree


class Quotient(Struct, frozen=True):
    above: Tree
    below: Tree


class Power(Struct, frozen=True):
    base: Tree
    exponent: Tree


class Call(Struct, frozen=True):
    """A function of its arguments: `exp`, `log`, `max` …"""

    name: str
    arguments: tuple[Tree, ...]


class Compare(Struct, frozen=True):
    """`left` compared with `right` by an `operator` of `<`, `<=`, `>`, `>=`, `==`, `!=`."""

    operator: str
    left: Tree
    right: Tree


class Choice(Struct, frozen=True):
    """`then` where `condition` is not 0, else `other`."""

    then: Tree
    condition: Tree
    other: Tree


class Array(Struct, frozen=True):
    """Entries in order: a vector, or a matrix where the entries are arrays themselves."""

    items: tuple[Tree, ...]


class More(Struct, frozen=True):
    """So many terms, factors, arguments or entries that are left out."""

    count: int


class Blank(Struct, frozen=True):
    """Room for an answer; `number` is what the key calls it by."""

    number: int


Tree = (
    Number
    | Element
    | Derivative
    | Sum
    | Product
    | Negative
    | Quotient
    | Power
    | Call
    | Compare
    | Choice
    | Array
    | More
    | Blank
)

ZERO, ONE = Number("0"), Number("1")


# -- put together ----------------------------------------------------------------------------------------


def number(text: str) -> Tree:
    """Return a number as it is written, its sign in front."""
    return Negative(Number(text[1:])) if text.startswith("-") else Number(text)


def added(terms: Iterable[Tree]) -> Tree:
    """Return a sum; of one term the term, of none 0."""
    flat: list[Tree] = []
    for term in terms:
        flat += term.terms if isinstance(term, Sum) else (term,)
    return flat[0] if len(flat) == 1 else Sum(tuple(flat)) if flat else ZERO


def product(factors: Iterable[Tree]) -> Tree:
    """Return a product, its first factor's sign in front of the whole; of one factor the factor, of none 1."""
    flat: list[Tree] = []
    for factor in factors:
        flat += factor.factors if isinstance(factor, Product) else (factor,)
    if len(flat) > 1 and isinstance(flat[0], Negative):
        return Negative(product([flat[0].operand, *flat[1:]]))
    return flat[0] if len(flat) == 1 else Product(tuple(flat)) if flat else ONE


def quotient(above: Tree, below: Tree) -> Tree:
    """Return above/below, the sign of `above` in front of the whole."""
    if isinstance(above, Negative):
        return Negative(quotient(above.operand, below))
    return Quotient(above, below)


# -- looked at and replaced --------------------------------------------------------------------------------------------


def parts(tree: Tree) -> tuple[Tree, ...]:
    """Return the formulas that a formula is made of."""
    match tree:
        case Sum(several) | Product(several) | Call(_, several) | Array(several):
            return several
        case Negative(one):
            return (one,)
        case Quotient(a, b) | Power(a, b) | Compare(_, a, b):
            return a, b
        case Choice(a, b, c):
            return a, b, c
    return ()


def size(tree: Tree) -> int:
    """Return how many nodes a formula has."""
    return 1 + sum(map(size, parts(tree)))


def walk(tree: Tree) -> Iterator[Tree]:
    """Yield a formula and all that it is made of."""
    yield tree
    for part in parts(tree):
        yield from walk(part)


def replaced(tree: Tree, change: Callable[[Tree], Tree | None]) -> Tree:
    """Return a formula with other nodes where `change` gives one, in normal form; numbers are not worked out."""
    other = change(tree)
    if other is not None:
        return other
    match tree:
        case Sum(terms):
            return added(replaced(term, change) for term in terms)
        case Product(factors):
            return product(replaced(factor, change) for factor in factors)
        case Negative(operand):
            return Negative(replaced(operand, change))
        case Quotient(above, below):
            return quotient(replaced(above, change), replaced(below, change))
        case Power(base, exponent):
            return Power(replaced(base, change), replaced(exponent, change))
        case Call(_, arguments):
            return replace(tree, arguments=tuple(replaced(one, change) for one in arguments))
        case Compare(operator, left, right):
            return Compare(operator, replaced(left, change), replaced(right, change))
        case Choice(then, condition, otherwise):
            return Choice(replaced(then, change), replaced(condition, change), replaced(otherwise, change))
        case Array(items):
            return Array(tuple(replaced(item, change) for item in items))
    return tree


# -- worked out --------------------------------------------------------------------------------------------------------


def evaluate(tree: Tree, values: Mapping[Element | Derivative, float]) -> float:
    """Return the number that a formula comes to; raises ValueError for what is left out or left blank.

    What is no number by the rules of float64 comes out as inf or nan.
    """
    match tree:
        case Number(text):
            return math.pi if text == "pi" else math.e if text == "e" else float(text)
        case Element() | Derivative():
            return values[tree]
        case Sum(terms):
            return sum(evaluate(term, values) for term in terms)
        case Product(factors):
            return math.prod(evaluate(factor, values) for factor in factors)
        case Negative(operand):
            return -evaluate(operand, values)
        case Quotient(above, below):
            return _divided(evaluate(above, values), evaluate(below, values))
        case Power(base, exponent):
            return _guarded(math.pow, evaluate(base, values), evaluate(exponent, values))
        case Call(name, arguments) if name in FUNCTIONS:
            return _guarded(FUNCTIONS[name], *(evaluate(one, values) for one in arguments))
        case Compare(operator, left, right):
            return float(_COMPARISONS[operator](evaluate(left, values), evaluate(right, values)))
        case Choice(then, condition, otherwise):
            return evaluate(then if evaluate(condition, values) else otherwise, values)
    raise ValueError(f"this formula has no number: {tree}")


def _divided(above: float, below: float) -> float:
    if below:
        return above / below
    return math.nan if above == 0 or math.isnan(above) else math.copysign(math.inf, above) * math.copysign(1.0, below)


def _guarded(function: Callable[..., float], *arguments: float) -> float:
    try:
        return float(function(*arguments))
    except OverflowError:
        return math.inf
    except ValueError:
        return -math.inf if function in (math.log, math.log10) and arguments == (0.0,) else math.nan


def _sign(x: float) -> float:
    return math.copysign(1.0, x) if x else 0.0


FUNCTIONS: dict[str, Callable[..., float]] = {
    "exp": math.exp,
    "log": math.log,
    "log10": math.log10,
    "sqrt": math.sqrt,
    "abs": abs,
    "sin": math.sin,
    "cos": math.cos,
    "tanh": math.tanh,
    "erf": math.erf,
    "max": max,
    "min": min,
    "sign": _sign,
    "step": lambda x: float(x > 0),
    "sigmoid": lambda x: 1 / (1 + math.exp(-x)) if x >= 0 else math.exp(x) / (1 + math.exp(x)),
    "relu": lambda x: max(0.0, x),
}
"""What the functions in formulas mean."""

_COMPARISONS: dict[str, Callable[[float, float], bool]] = {
    "<": float.__lt__,
    "<=": float.__le__,
    ">": float.__gt__,
    ">=": float.__ge__,
    "==": float.__eq__,
    "!=": float.__ne__,
}
