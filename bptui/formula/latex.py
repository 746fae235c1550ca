"""A formula as LaTeX, for `amsmath` and for what reads it in browsers. ASCII alone, whatever the names are.

A stranger's text stands only where `escaped` or `_letters` put it, so that no command of a file's reaches TeX.
"""

from __future__ import annotations

import re
import unicodedata

from bptui.formula import names
from bptui.formula.setting import POWER, PRODUCT, SUM, binding, index, is_exponential, is_matrix, is_tall
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

LONGEST_NAME = 40
"""How many characters of a name are set; of a longer one the middle is left out."""

_FUNCTIONS = {name: f"\\{name}" for name in ("log", "max", "min", "sin", "cos", "tanh")}
_NUMBERS = {"inf": r"\infty", "pi": r"\pi", "e": r"\mathrm{e}", "nan": r"\mathrm{nan}"}
_COMPARISONS = {"<": "<", ">": ">", "<=": r"\le", ">=": r"\ge", "==": r"\mathrel{==}", "!=": r"\ne"}
_SIGNS = {"+": " + ", "-": " - ", "·": r" \cdot ", "/": " / ", ",": r",\ "}


class LatexPen:
    """Writes formulas in one piece or in several."""

    linear = False

    def write(self, tree: Tree) -> str:
        return latex(tree)

    def sign(self, sign: str, first: bool) -> str:
        return "-" if first else "{}" + _SIGNS[sign] if sign != "," else _SIGNS[sign]

    def bracket(self, bracket: str) -> str:
        return rf"\bigl{bracket}" if bracket in "([" else rf"\bigr{bracket}"

    def function(self, name: str) -> str:
        return _function(name)


def latex(tree: Tree) -> str:
    """Return a formula as LaTeX, to stand in math mode."""
    match tree:
        case Number(text):
            return _number(text)
        case Element():
            return _element(tree)
        case Derivative(head, tail, partial):
            sign = r"\partial " if partial else r"\mathrm{d}"
            return rf"\frac{{{sign}{_element(head)}}}{{{sign}{_element(tail)}}}"
        case Sum(terms):
            return "".join(_term(term, first=at == 0) for at, term in enumerate(terms))
        case Product((first, *others)):
            return _SIGNS["·"].join([_within(first, PRODUCT), *(_factor(factor) for factor in others)])
        case Negative(operand):
            return f"-{_within(operand, PRODUCT)}"
        case Quotient(above, below):
            return rf"\frac{{{latex(above)}}}{{{latex(below)}}}"
        case Power(base, exponent):
            raised = isinstance(base, Quotient | Derivative | Choice) or is_exponential(base)
            return f"{_group(base) if raised else _within(base, POWER + 1)}^{{{latex(exponent)}}}"
        case Call("exp", (argument,)):
            return f"e^{{{latex(argument)}}}"
        case Call("sqrt", (argument,)):
            return rf"\sqrt{{{latex(argument)}}}"
        case Call("abs", (argument,)):
            return rf"\left\lvert {latex(argument)} \right\rvert"
        case Call(name, arguments):
            inside = _SIGNS[","].join(map(latex, arguments))
            return _function(name) + _bracketed(inside, any(map(is_tall, arguments)))
        case Compare(operator, left, right):
            return f"{_within(left, SUM)} {_COMPARISONS[operator]} {_within(right, SUM)}"
        case Choice(then, condition, other):
            rows = rf"{latex(then)} & \text{{if }} {latex(condition)} \\ {latex(other)} & \text{{otherwise}}"
            return rf"\begin{{cases}} {rows} \end{{cases}}"
        case Array(items) if is_matrix(tree):
            rows = r" \\ ".join(" & ".join(map(latex, parts(row))) for row in items)
            return rf"\begin{{bmatrix}} {rows} \end{{bmatrix}}"
        case Array(items):
            return _bracketed(_SIGNS[","].join(map(latex, items)), is_tall(tree), "[]")
        case More(count):
            return rf"\ldots\text{{{count} more}}\ldots"
        case Blank(number):
            return rf"\text{{({number})}}\ \rule{{3cm}}{{0.4pt}}"
    raise TypeError(tree)


def inline(tree: Tree) -> str:
    """Return a formula to stand in a line of words: a derivative is no higher than the line."""
    if isinstance(tree, Derivative):
        sign = r"\partial " if tree.partial else r"\mathrm{d}"
        return f"{sign}{_element(tree.head)}/{sign}{_element(tree.tail)}"
    return latex(tree)


def _within(tree: Tree, least: int) -> str:
    return _group(tree) if binding(tree) < least and not isinstance(tree, Quotient) else latex(tree)


def _factor(tree: Tree) -> str:
    return _within(tree, POWER)


def _group(tree: Tree) -> str:
    return _bracketed(latex(tree), is_tall(tree))


def _bracketed(text: str, tall: bool, brackets: str = "()") -> str:
    opening, closing = list(brackets)
    return rf"\left{opening}{text}\right{closing}" if tall else f"{opening}{text}{closing}"


def _term(term: Tree, first: bool) -> str:
    if first:
        return latex(term) if isinstance(term, Negative) else _within(term, PRODUCT)
    if isinstance(term, Negative):
        return _SIGNS["-"] + _within(term.operand, PRODUCT)
    return _SIGNS["+"] + _within(term, PRODUCT)


def _number(text: str) -> str:
    if text in _NUMBERS:
        return _NUMBERS[text]
    mantissa, power, exponent = text.partition("e")
    return rf"{mantissa}\times 10^{{{int(exponent)}}}" if power else mantissa


def _function(name: str) -> str:
    return _FUNCTIONS.get(name) or rf"\operatorname{{{_letters(name)}}}"


def _element(element: Element) -> str:
    if not element.name.isidentifier():
        return rf"\text{{{escaped(printable(element.name))}}}" + index(element)
    stem, subscript = names.split(element.name)
    below = "" if not subscript else f"_{{{subscript if subscript[0].isdecimal() else _name(subscript)}}}"
    return _name(stem) + below + index(element)


def _name(name: str) -> str:
    """Return letters as they are set in a formula: one letter by itself, several together."""
    return _letters(name) if len(name) == 1 else rf"\mathit{{{_letters(name)}}}"


def _letters(name: str) -> str:
    """Return a name's letters in math mode: Greek ones by their commands, others that are not ASCII by their code."""
    name = printable(name)
    if len(name) > LONGEST_NAME:
        name = f"{name[: LONGEST_NAME // 2]}…{name[-LONGEST_NAME // 2 :]}"
    return "".join(
        one
        if one.isascii() and one.isalnum()
        else r"\_"
        if one == "_"
        else rf"{{\{names.GREEK[one]}}}"
        if one in names.GREEK
        else rf"\text{{{escaped(one)}}}"
        for one in name
    )


_TEXT = {
    "\\": r"\textbackslash{}",
    "~": r"\textasciitilde{}",
    "^": r"\textasciicircum{}",
    "<": r"\textless{}",
    ">": r"\textgreater{}",
    "|": r"\textbar{}",
    "[": "{[}",
    "]": "{]}",
    **{one: f"\\{one}" for one in "{}$&#%_"},
    "…": r"\ldots{}",
    "–": r"\textendash{}",
    "—": r"\textemdash{}",
    "‘": r"\textquoteleft{}",
    "’": r"\textquoteright{}",
    "“": r"\textquotedblleft{}",
    "”": r"\textquotedblright{}",
    "ß": r"\ss{}",
    "ø": r"\o{}",
    "Ø": r"\O{}",
    "æ": r"\ae{}",
    "Æ": r"\AE{}",
    "œ": r"\oe{}",
    "ł": r"\l{}",
    "ı": r"\i{}",
    "−": "$-$",
    "·": r"$\cdot$",
    "×": r"$\times$",
    "÷": r"$\div$",
    "±": r"$\pm$",
    "≤": r"$\le$",
    "≥": r"$\ge$",
    "≠": r"$\ne$",
    "≈": r"$\approx$",
    "→": r"$\to$",
    "←": r"$\leftarrow$",
    "∞": r"$\infty$",
    "∂": r"$\partial$",
    "√": r"$\surd$",
    "∑": r"$\sum$",
    "⊙": r"$\odot$",
    "°": r"$^{\circ}$",
    "²": r"$^{2}$",
    "³": r"$^{3}$",
    "½": r"$\frac{1}{2}$",
    "¼": r"$\frac{1}{4}$",
    "¾": r"$\frac{3}{4}$",
    "⅓": r"$\frac{1}{3}$",
    **{one: rf"$\{name}$" for one, name in names.GREEK.items()},
}
_ACCENTS = {
    "\N{COMBINING GRAVE ACCENT}": "`",
    "\N{COMBINING ACUTE ACCENT}": "'",
    "\N{COMBINING CIRCUMFLEX ACCENT}": "^",
    "\N{COMBINING TILDE}": "~",
    "\N{COMBINING DIAERESIS}": '"',
    "\N{COMBINING RING ABOVE}": "r",
    "\N{COMBINING CEDILLA}": "c",
    "\N{COMBINING CARON}": "v",
    "\N{COMBINING MACRON}": "=",
    "\N{COMBINING DOT ABOVE}": ".",
}


_LIGATURE = re.compile(r"(['`?!-])(?=['`-])")
"""What TeX would take together with the next character."""


def escaped(text: str) -> str:
    """Return printable text for TeX's text mode: ASCII alone; what TeX's plain fonts lack stands as its code."""
    return _LIGATURE.sub(r"\1{}", "".join(map(_escaped, text)))


def _escaped(character: str) -> str:
    if character in _TEXT:
        return _TEXT[character]
    if character.isascii():
        return character
    base, *marks = list(unicodedata.normalize("NFD", character))
    if base.isascii() and base.isalpha() and len(marks) == 1 and marks[0] in _ACCENTS:
        return rf"\{_ACCENTS[marks[0]]}{{{base}}}"
    return f"U+{ord(character):04X}"
