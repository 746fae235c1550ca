"""A formula as MathML Core, which browsers set by themselves. What a file's text contributes is escaped."""

from __future__ import annotations

from html import escape

from bptui.formula import names
from bptui.formula.setting import POWER, PRODUCT, SUM, binding, is_exponential, is_matrix, is_tall
from bptui.formula.tree import (
    Array,
    Blank,
    Call,
    Choice,
    Compare,
    Derivative,
    Element,
    More,
    Negative,
    Number,
    Power,
    Product,
    Quotient,
    Sum,
    Tree,
    parts,
)
from bptui.text import printable

_SPACED = ' lspace="0" rspace=".22em"'
"""A sign at the beginning of a piece has room after it alone: the space before it is that between words."""

_NUMBERS = {"inf": "∞", "pi": "π"}
_COMPARISONS = {"<": "&lt;", ">": "&gt;", "<=": "≤", ">=": "≥", "==": "==", "!=": "≠"}
_SIGNS = {"+": "+", "-": "−", "·": "⋅", "/": "/", ",": ","}


class MathPen:
    """Writes formulas in one piece or in several."""

    linear = False

    def write(self, tree: Tree) -> str:
        return mathml(tree)

    def sign(self, sign: str, first: bool) -> str:
        if sign == ",":
            return _COMMA
        return f'<mo form="{"prefix" if first else "infix"}"{"" if first else _SPACED}>{_SIGNS[sign]}</mo>'

    def bracket(self, bracket: str) -> str:
        return f"<mo>{bracket}</mo>"  # as high as the piece that it stands in

    def function(self, name: str) -> str:
        return f"<mi>{escape(name)}</mi><mo>&#x2061;</mo>"


def mathml(tree: Tree) -> str:
    """Return a formula as MathML elements, to stand in `math`."""
    match tree:
        case Number(text):
            return _number(text)
        case Element():
            return _element(tree)
        case Derivative(head, tail, partial):
            sign = "<mo>∂</mo>" if partial else '<mi mathvariant="normal">d</mi>'
            return f"<mfrac><mrow>{sign}{_element(head)}</mrow><mrow>{sign}{_element(tail)}</mrow></mfrac>"
        case Sum(terms):
            return "".join(_term(term, first=at == 0) for at, term in enumerate(terms))
        case Product((first, *others)):
            return _infix("·").join([_within(first, PRODUCT), *(_within(factor, POWER) for factor in others)])
        case Negative(operand):
            return f'<mo form="prefix">−</mo>{_within(operand, PRODUCT)}'
        case Quotient(above, below):
            return f"<mfrac>{_row(mathml(above))}{_row(mathml(below))}</mfrac>"
        case Power(base, exponent):
            raised = isinstance(base, Quotient | Derivative | Choice) or is_exponential(base)
            written = _group(base) if raised else _within(base, POWER + 1)
            return f"<msup>{_row(written)}{_row(mathml(exponent))}</msup>"
        case Call("exp", (argument,)):
            return f"<msup><mi>e</mi>{_row(mathml(argument))}</msup>"
        case Call("sqrt", (argument,)):
            return f"<msqrt>{mathml(argument)}</msqrt>"
        case Call("abs", (argument,)):
            return f"<mrow><mo>|</mo>{mathml(argument)}<mo>|</mo></mrow>"
        case Call(name, arguments):
            inside = _COMMA.join(_row(mathml(one)) for one in arguments)
            return f"<mi>{escape(name)}</mi><mo>&#x2061;</mo>{_bracketed(inside, any(map(is_tall, arguments)))}"
        case Compare(operator, left, right):
            return f"{_within(left, SUM)}<mo>{_COMPARISONS[operator]}</mo>{_within(right, SUM)}"
        case Choice(then, condition, other):
            rows = (
                f"<mtr><mtd>{mathml(then)}</mtd><mtd><mtext>if&#xa0;</mtext>{mathml(condition)}</mtd></mtr>"
                f"<mtr><mtd>{mathml(other)}</mtd><mtd><mtext>otherwise</mtext></mtd></mtr>"
            )
            return f'<mrow><mo>{{</mo><mtable class="cases">{rows}</mtable></mrow>'
        case Array(items) if is_matrix(tree):
            rows = "".join(
                f"<mtr>{''.join(f'<mtd>{mathml(entry)}</mtd>' for entry in parts(row))}</mtr>" for row in items
            )
            return f"<mrow><mo>[</mo><mtable>{rows}</mtable><mo>]</mo></mrow>"
        case Array(items):
            return _bracketed(_COMMA.join(_row(mathml(item)) for item in items), is_tall(tree), "[]")
        case More(count):
            return f"<mtext>… {count} more …</mtext>"
        case Blank(number):
            return f"<mtext>({number})</mtext>"
    raise TypeError(tree)


def inline(tree: Tree) -> str:
    """Return a formula to stand in a line of words: a derivative is no higher than the line."""
    if isinstance(tree, Derivative):
        sign = "<mo>∂</mo>" if tree.partial else '<mi mathvariant="normal">d</mi>'
        slash = '<mo lspace="0" rspace="0">/</mo>'
        return f"<mrow>{sign}{_element(tree.head)}{slash}{sign}{_element(tree.tail)}</mrow>"
    return mathml(tree)


_COMMA = '<mo separator="true">,</mo>'


def _infix(sign: str) -> str:
    return f"<mo>{_SIGNS[sign]}</mo>"


def _row(text: str) -> str:
    return f"<mrow>{text}</mrow>"


def _within(tree: Tree, least: int) -> str:
    return _group(tree) if binding(tree) < least and not isinstance(tree, Quotient) else mathml(tree)


def _group(tree: Tree) -> str:
    return _bracketed(mathml(tree), is_tall(tree))


def _bracketed(text: str, tall: bool, brackets: str = "()") -> str:
    opening, closing = list(brackets)
    if tall:
        return f"<mrow><mo>{opening}</mo>{text}<mo>{closing}</mo></mrow>"
    return f"<mrow>{_bracket(opening)}{text}{_bracket(closing)}</mrow>"


def _bracket(bracket: str) -> str:
    return f'<mo stretchy="false">{bracket}</mo>'


def _term(term: Tree, first: bool) -> str:
    if first:
        return mathml(term) if isinstance(term, Negative) else _within(term, PRODUCT)
    if isinstance(term, Negative):
        return _infix("-") + _within(term.operand, PRODUCT)
    return _infix("+") + _within(term, PRODUCT)


def _number(text: str) -> str:
    mantissa, _, exponent = text.partition("e")
    if not exponent:
        return f"<mn>{_NUMBERS.get(text, text)}</mn>"
    sign = "<mo>−</mo>" if exponent.startswith("-") else ""
    return (
        f"<mrow><mn>{mantissa}</mn><mo>×</mo>"
        f"<msup><mn>10</mn><mrow>{sign}<mn>{abs(int(exponent))}</mn></mrow></msup></mrow>"
    )


def _element(element: Element) -> str:
    if element.name.isidentifier():
        stem, subscript = names.split(printable(element.name))
        name = f"<mi>{escape(stem)}</mi>"
        if subscript:
            tag = "mn" if subscript[0].isdecimal() else "mi"
            name = f"<msub>{name}<{tag}>{escape(subscript)}</{tag}></msub>"
    else:
        name = f"<mtext>{escape(printable(element.name))}</mtext>"
    if not element.index:
        return name
    opening, closing = "()" if element.base == 1 else "[]"
    numbers = _COMMA.join(f"<mn>{one}</mn>" for one in element.index)
    return f"<mrow>{name}{_bracket(opening)}{numbers}{_bracket(closing)}</mrow>"
