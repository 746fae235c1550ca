"""Formulas: every writer's text reads back to the same tree, and tidying changes no value."""

from __future__ import annotations

import math
from collections.abc import Callable

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bptui.formula import names
from bptui.formula.breaking import Pen, packed, pieces
from bptui.formula.latex import LatexPen, escaped, latex
from bptui.formula.mathml import MathPen, mathml
from bptui.formula.plain import PlainPen, plain
from bptui.formula.reading import MOST_CHARACTERS, FormulaError, read
from bptui.formula.tidying import plus, times
from bptui.formula.tree import (
    Array,
    Call,
    Choice,
    Compare,
    Derivative,
    Element,
    More,
    Negative,
    Number,
    Power,
    Sum,
    Tree,
    added,
    evaluate,
    product,
    quotient,
    replaced,
    walk,
)
from formula_readers import from_latex, from_mathml, from_text, identifier

ARRAYS = ("W2", "y", "net_h", "γ")

numbers = st.sampled_from(["0", "1", "2", "3", "10", "0.5", "0.3300", "1.2e-09", "3.1e+12"]).map(Number)
elements = st.one_of(
    st.builds(Element, st.sampled_from(["x0", "w0_1", "L", "net_o", "λ"])),
    st.builds(Element, st.sampled_from(ARRAYS), st.tuples(st.integers(1, 12)), st.just(1)),
    st.builds(Element, st.sampled_from(ARRAYS), st.tuples(st.integers(0, 9), st.integers(0, 99)), st.just(0)),
)
derivatives = st.builds(Derivative, elements, elements, st.booleans())


def grown(inner: st.SearchStrategy[Tree]) -> st.SearchStrategy[Tree]:
    several = st.lists(inner, min_size=2, max_size=4)
    return st.one_of(
        several.map(added),
        several.map(product),
        inner.map(Negative),
        st.builds(quotient, inner, inner),
        st.builds(Compare, st.sampled_from(["<=", "=="]), inner, inner),
        st.builds(Power, inner, inner),
        st.builds(lambda name, one: Call(name, (one,)), st.sampled_from(["exp", "log", "sqrt", "abs", "step"]), inner),
        several.map(lambda arguments: Call("max", tuple(arguments))),
        st.builds(Choice, inner, st.builds(Compare, st.sampled_from(["<", ">=", "!="]), inner, inner), inner),
    )


def normal(tree: Tree) -> Tree:
    """Return a formula in normal form: no part of it is replaced, and all is put together again."""
    return replaced(tree, lambda node: None)


formulas = st.recursive(numbers | elements | derivatives, grown, max_leaves=12).map(normal)
values = st.recursive(numbers | elements, grown, max_leaves=8).map(normal)


def from_plain(text: str) -> Tree:
    return from_text(text, ARRAYS)


WAYS: dict[str, tuple[Callable[[Tree], str], Callable[[str], Tree], Pen]] = {
    "plain": (plain, from_plain, PlainPen()),
    "latex": (latex, from_latex, LatexPen()),
    "mathml": (mathml, from_mathml, MathPen()),
}


@pytest.mark.parametrize("way", WAYS)
@given(tree=formulas)
@settings(max_examples=150, deadline=None)
def test_what_is_written_reads_back(way: str, tree: Tree) -> None:
    write, back, _ = WAYS[way]
    assert back(write(tree)) == tree


def test_a_power_of_ten_is_raised_in_brackets() -> None:
    tree = Power(Number("5e+307"), Number("2"))
    assert plain(tree) == "(5e+307)²"
    assert latex(tree) == r"(5\times 10^{307})^{2}"
    assert mathml(tree).startswith('<msup><mrow><mrow><mo stretchy="false">(</mo>')


@pytest.mark.parametrize("way", WAYS)
@given(tree=formulas, most=st.sampled_from([3, 8, 20, 60]))
@settings(max_examples=100, deadline=None)
def test_what_is_broken_into_lines_reads_back(way: str, tree: Tree, most: int) -> None:
    _, back, pen = WAYS[way]
    assert back(" ".join(packed(pieces(tree, most, pen), most))) == tree


@given(factors=st.lists(values, min_size=1, max_size=3))
@settings(max_examples=200, deadline=None)
def test_tidying_changes_no_value(factors: list[Tree]) -> None:
    known: dict[Element | Derivative, float] = {
        node: 0.3 + 0.1 * (sum(map(ord, plain(node))) % 7)
        for one in factors
        for node in walk(one)
        if isinstance(node, Element)
    }
    each = [evaluate(one, known) for one in factors]
    if not all(map(math.isfinite, each)) or any(abs(one) > 1e6 or 0 < abs(one) < 1e-6 for one in each):
        return
    for tidied, expected in ((times(*factors), math.prod(each)), (plus(*factors), sum(each))):
        found = evaluate(tidied, known)
        if math.isfinite(found):  # what is cancelled may have been no number
            assert found == pytest.approx(expected, rel=1e-6, abs=1e-6)


@pytest.mark.parametrize(
    ("made", "expected"),
    [
        (times(read("t"), read("1/y")), "t/y"),
        (times(read("-1/2"), plus(read("t/y"), read("-(1 - t)/(1 - y)"))), "-1/2·(t/y - (1 - t)/(1 - y))"),
        (plus(read("x0"), read("x0")), "2·x0"),
        (times(read("1/2"), read("2*(y - t)")), "y - t"),
        (times(read("-1"), read("y - t")), "t - y"),
        (times(read("x"), read("0"), read("1/0")), "0"),
        (times(read("s"), read("1 - s"), read("1/s")), "1 - s"),
        (times(read("2"), read("1/6"), read("x")), "1/3·x"),
        (times(read("1"), read("-1"), read("-1")), "1"),
        (plus(read("x"), read("-x")), "0"),
        (plus(read("1"), read("-y**2")), "1 - y²"),
        (times(read("x"), read("x**2"), read("1/sqrt(x)"), read("1/sqrt(x)")), "x³/sqrt(x)²"),
    ],
)  # fmt: skip
def test_tidying_reads_as_taught(made: Tree, expected: str) -> None:
    assert plain(made) == expected


def test_what_is_left_out_is_counted_in_every_format() -> None:
    tree = added((Element("a"), More(12), Element("b")))
    assert plain(tree) == "a + … 12 more … + b"
    assert from_latex(latex(tree)) == from_mathml(mathml(tree)) == from_plain(plain(tree)) == tree
    matrix = Array((Array((Number("1"), Number("2"))), Array((More(7),))))
    assert from_latex(latex(matrix)) == from_mathml(mathml(matrix)) == from_plain(plain(matrix)) == matrix


@pytest.mark.parametrize(
    "name",
    ["x", "W2", "W_2", "w0_1", "net_h", "net_h2", "a_b_c", "_x", "x_", "W2_h", "λ_max", "Größe", "x1_2", "h10", "x__y"],
)
def test_names_are_set_so_that_they_can_be_told_apart(name: str) -> None:
    assert identifier(*names.split(name)) == name
    assert from_mathml(mathml(Element(name))) == Element(name)
    if name.isascii() or name == "λ_max":
        assert from_latex(latex(Element(name))) == Element(name)


def test_no_two_names_are_set_alike() -> None:
    several = ["W2", "W_2", "net_h", "neth", "w0_1", "w01", "w_0_1", "x", "_x", "γ", "gamma"]
    assert len({latex(Element(name)) for name in several}) == len(several)


@pytest.mark.parametrize(
    "text",
    ["", "x +", "__import__('os')", "x.y", "lambda: 1", "x if y", "-" * 300 + "x", "x" * (MOST_CHARACTERS + 1),
     "f(x=1)", "'x'", "x[1:2]", "1 < 2 < 3", "[i for i in x]", "x := 1", "f(*x)", "1j", "True", "x(True)"],
)  # fmt: skip
def test_what_is_no_formula_is_refused(text: str) -> None:
    with pytest.raises(FormulaError):
        read(text)


def test_a_long_sum_is_read_without_recursion() -> None:
    found = read(" + ".join(["x"] * 2000))
    assert isinstance(found, Sum)
    assert len(found.terms) == 2000


@given(text=st.text(max_size=40))
@settings(max_examples=100, deadline=None)
def test_escaped_text_is_ascii_without_commands_of_its_own(text: str) -> None:
    from bptui.text import printable

    found = escaped(printable(text))
    assert found.isascii()
    assert "\\input" not in found.replace("\\textbackslash{}", "")
