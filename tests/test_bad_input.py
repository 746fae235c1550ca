"""Bad scenarios: every fault told once, with its place and what to do; and nothing that they ask for without bound."""

from __future__ import annotations

import ast
import json
import os
import subprocess
import sys
import tracemalloc
import unicodedata
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import bptui
from bptui.errors import SHOWN_IN_FULL, BptuiError, Fault
from bptui.limits import LIMITS
from bptui.scenario import expression as expression_module
from bptui.scenario.expression import ExpressionError, parse_expression
from bptui.scenario.lowering import Lowering
from faults import marked

PROJECT = Path(__file__).resolve().parent.parent


def faults_of(text: str | bytes, folder: Path | None = None) -> tuple[Fault, ...]:
    """Return the faults for which `text` is refused."""
    with pytest.raises(BptuiError) as caught:
        bptui.run(bptui.loads(text, folder))
    return caught.value.faults


def line(expression: str, before: str = "") -> str:
    """Return a scenario with `expression` in its fourth line, from the sixth column on."""
    return f'[inputs]\nx = [1, 2]\n[forward]\ny = {json.dumps(expression, ensure_ascii=False)}\n{before}L = "sum(y)"\n'


def clean(text: str) -> bool:
    """Return whether `text` may go to a terminal: line feeds, and nothing else that is not seen."""
    return not any(unicodedata.category(character) in ("Cc", "Cf", "Cs", "Co") for character in text.replace("\n", ""))


# -- one slip, one message -------------------------------------------------------------------------------------------

SLIPS = [  # the expression, what is underlined, the message, the hint
    ("xx * 2", "xx", "unknown name `xx`", "did you mean `x`?"),
    ("q + x", "q", "unknown name `q`", "there is: x"),
    ("sigmod(x)", "sigmod", "unknown operation `sigmod`", "did you mean `sigmoid`?"),
    ("sigmod(x) + sigmoid(x)", "sigmod", "unknown operation `sigmod`", "did you mean `sigmoid`?"),
    ("y + x", "y", "`y` is defined by itself", "the lines above it"),
    ("L + x", "L", "`L` is defined further down", "move it up"),
    ("sigmoid", "sigmoid", "`sigmoid` is an operation and needs its arguments", "write `sigmoid(…)`"),
    ("x(0)", "x", "`x` is a value and cannot be called", "an element as `x[0]`"),
    ("2x", "2x", "`2x` is neither a number nor a name", "`2*x`"),
    ("x @ 2", "x @ 2", "`x @ 2` does not fit", "shapes: x: (2,), 2: ()"),
    ("x[5]", "x[5]", "index 5 is outside axis 0 of shape (2,)", "shapes: x: (2,)"),
    ("x[-3]", "x[-3]", "index -3 is outside axis 0", "shapes: x: (2,)"),
    ("x[0, 0]", "x[0, 0]", "2 indices for shape (2,), which has 1 axis", "shapes"),
    ("x[::0]", "x[::0]", "the step of a slice is 0", "shapes"),
    ("x[99999999999999999999999]", "99999999999999999999999", "far out of range", ""),
    ("x[0.5]", "0.5", "an index is a whole number or a slice", "`x[1:3]`"),
    ("x[True]", "True", "an index is a whole number or a slice", "`x[1:3]`"),
    ("x[[0, 1]]", "[0, 1]", "an index is a whole number or a slice", "`gather(x, [0, 2])`"),
    ("x[...]", "...", "an index is a whole number or a slice", "`x[1:3]`"),
    ("permute(x, [0, 0])", "permute(x, [0, 0])", "no permutation of axis 0", "shapes"),
    ("permute(x, [0, 1, 2])", "permute(x, [0, 1, 2])", "index 2 is outside axis 0", "shapes"),
    ("permute(x, [1.5, 0])", "[1.5, 0]", "`order` must be a whole number or a list of them", "permute(x, order"),
    ("sum(x, axis=2)", "sum(x, axis=2)", "shape (2,) has no axis 2", "shapes"),
    ("sum(x, axis=99999999999999999999)", "99999999999999999999", "`axis` must be a whole number", "sum(x, axis=None"),
    ("sum(x, axis='0')", "'0'", "`axis` must be a whole number or a list of them", "sum(x, axis=None"),
    ("sum(x, axes=0)", "axes", "unknown argument of `sum` `axes`", "did you mean `axis`?"),
    ("sum(y=x)", "y", "unknown argument of `sum` `y`", "called as `sum(x"),
    ("sum(x, axis=0, axis=0)", "axis", "`axis` is given twice", "sum(x, axis=None"),
    ("sum(x, x=x)", "x", "`x` is given twice", "sum(x, axis=None"),
    ("sum(x, 0, True, 1)", "sum(x, 0, True, 1)", "takes at most 3 arguments, and this is 4", "sum(x, axis=None"),
    ("sum(x, x, x, x)", "sum(x, x, x, x)", "takes at most 3 arguments, and this is 4", "sum(x, axis=None"),
    ("sum()", "sum()", "`sum` lacks its argument `x`", "sum(x, axis=None"),
    ("sum('x')", "'x'", "stands where a value is needed", "write a name or a number"),
    ("sum([x, x])", "[x, x]", "a list stands here, where one value is needed", "`stack([a, b])`"),
    ("sum(*x)", "*x", "`*` before an argument", ""),
    ("sum(**x)", "**x", "`**` before an argument", ""),
    ("sum(ａxis=x)", "ａxis=x", "name is not as it is written", "write `axis`"),
    ("concat(x)", "x", "`concat` takes its values as one list", "`concat([a, b])`"),
    ("concat([])", "[]", "`concat` takes its values as one list", "`concat([a, b])`"),
    ("bce(x, x, reduction='all')", "'all'", '`reduction` must be one of "mean", "sum", "none"', "bce(y, t"),
    ("leaky_relu(x, slope=x)", "x", "`slope` must be a number", "leaky_relu(x, slope=0.01)"),
    ("max(x, x)", "x", "`axis` must be", "`maximum(a, b)`"),
    ("topk(x, 3)", "topk(x, 3)", "k is 1 to 2", "shapes"),
    ("0/0 + x", "0/0", "`0/0` is no finite number", "nothing divided by 0"),
    ("x * 9**9**9", "9**9**9", "`9**9**9` is no finite number", "1.8e308"),
    ("1e999*x", "1e999", "too large for a float64", "1.8e308"),
    ("0x" + "F" * 400, "0x" + "F" * 400, "too large for a float64", "1.8e308"),
    ("1" * 400, "1" * 400, "too large for a float64", "1.8e308"),
    ("1" * 5000, "1" * 5000, "this number has 5,000 characters; at most 1,000 are read", "1e300"),
    ("1j*x", "1j", "`1j` is not a real number", ""),
    ("017*x", "017", "a number has no zeros in front", "write `17`"),
    ("x^2", "x^2", "`^` is not a power here", "`x**2`"),
    ("x//2", "x//2", "`//` is not part of expressions", "division is `/`"),
    ("x % 2", "x % 2", "`%` is not part of expressions", ""),
    ("x | 2", "x | 2", "this operator is not part of expressions", ""),
    ("0 < x < 1", "0 < x < 1", "comparisons are not chained", "`(a < b)*(b < c)`"),
    ("x in x", "x in x", "this comparison is not part", "there are < <= > >= == !="),
    ("x and x", "x and x", "`and` and `or` are not part", "`(x > 0)*(x < 1)`"),
    ("not x", "not x", "`not` is not part of expressions", "`1 - (x > 0)`"),
    ("x if x else x", "x if x else x", "`… if … else …` is not part", "`where(c, a, b)`"),
    ("lambda a: a", "lambda a: a", "`lambda` is not part", "[functions]"),
    ("(a := x)", "a := x", "`:=` is not part", "[forward]"),
    ("[i for i in x]", "[i for i in x]", "a comprehension is not part", ""),
    ("{1: 2}", "{1: 2}", "`{…}` is not part", ""),
    ("f'{x}'", "f'{x}'", "an f-string is not part", ""),
    ("x, x", "x, x", "a comma between values is not part", "`stack([a, b])`"),
    ("x.__class__", "x.__class__", "`.__class__` is not part", "the only attribute is `.T`"),
    ("x.sum()", "x.sum", "only an operation or a function can be called", "write `sum(…)` alone"),
    ("sigmoid(x)(x)", "sigmoid(x)", "only an operation or a function can be called", ""),
    ("__import__('os')", "__import__", "unknown operation `__import__`", "`bptui ops`"),
    ("x # half", "#", "`#` is not part of expressions", ""),
    ("x + '#'", "#", "`#` is not part of expressions", ""),
    ("None", "None", "`None` stands where a value is needed", "a name or a number"),
    ("ﬁ + x", "ﬁ", "`ﬁ` is not a name as it is written", "write `fi`"),
    ("if + x", "if", "`if` is a word of Python's", "another name"),
    ("y = x", "=", "`=` is not part of expressions", "a comparison is `==`"),
    ("x; x", ";", "stops making sense", "written as in Python"),
    ("(x", "(", "`(` is never closed", "closing bracket"),
    ("x)", ")", "`)` closes nothing that was opened", "brackets"),
    ("x + 'a", "'", "the closing quote is missing", "between two quotes"),
    ("x +", "+", "the expression ends too early", "missing"),
    ("", "", "the expression is empty", "write for example"),
    ("x²", "²", "`²` is not part of expressions", "write `**2`"),
    ("x − 1", "−", "`−` is not part of expressions", "write `-`"),
    ("x + 😀", "😀", "`😀` is not part of expressions", "letters, digits"),
    ("x\u200b + x", "\u200b", "an invisible character (U+200B)", "delete it"),
    ("x\u00a0+ x", "\u00a0", "an invisible character (U+00A0)", "delete it"),
    ("x\u202e + x", "\u202e", "an invisible character (U+202E)", "delete it"),
]  # fmt: skip


@pytest.mark.parametrize(("expression", "underlined", "message", "hint"), SLIPS)
def test_a_slip_in_an_expression_is_told_once(expression: str, underlined: str, message: str, hint: str) -> None:
    (fault,) = faults_of(line(expression))
    assert message in fault.message
    assert hint in fault.hint
    assert fault.line == 4
    assert marked(fault) == (underlined or '"')
    assert clean(str(fault))


FILES = [  # the text, the faults: line, column, message
    ("[inputs]\nx=1\nx=2\n[forward]\ny='x'", [(3, 1, "`x` is given twice: here and in line 2")]),
    ("[inputs]\nx=1\n[parameters]\nx=2\n[forward]\ny='x'", [(4, 1, "`x` is already an input")]),
    ("[inputs]\nx=1\n[forward]\nx='x + 1'", [(4, 1, "`x` is already an input")]),
    ("[inputs]\nx=1\n[forward]\na='b'\nb='a'", [(4, 4, "`b` is defined further down")]),
    ("[inputs]\nx=1\n[forwrd]\ny='x'\n[backward]\nof='y'", [(3, 2, "unknown key `forwrd`")]),
    ("[inputs]\nx=[1, 'a']\n[forward]\ny='x[7]'\n[backward]\nwrt=['x']", [(2, 7, "this must be a number")]),
    ("[inputs]\nx=[[1, 2], [3]]\n[forward]\ny='sum(x)'", [(2, 12, "the rows differ")]),
    ("[inputs]\nx=[1, 2]\n[forward]\ny='2*x'", [(4, 3, "the target `y` has shape (2,)")]),
    ("[inputs]\nx=[1, 2]\n[forward]\ny='2*x'\nL=3", [(5, 3, "this must be an expression in quotes")]),
    ("[inputs]\nx=[1, 2]\n[forward]\ny='2*x'\nL='sum(z)'", [(5, 8, "unknown name `z`")]),
    ("[inputs]\nx=[1, 2]\n[forward]\ny='x'\n[backward]\nseed=[1, 2, 3]", [(6, 6, "`seed` must have shape (2,)")]),
    ("[inputs]\nx={symbol='x', shape=[3]}\n[forward]\ny='sum(x)'", [(2, 3, "has symbols but no numbers")]),
    ("[inputs]\nif=1\n[forward]\ny='1'", [(2, 1, "`if` is a word of the expression language")]),
    ('[inputs]\n"ﬁ"=1\n[forward]\ny="2"', [(2, 1, "`ﬁ` holds characters that stand for others")]),
    ("[inputs]\nx={file='no.npz', key='a'}\n[forward]\ny='sum(x)'", [(2, 9, "there is no such file")]),
    ("[inputs]\nx={file='../no.npz'}\n[forward]\ny='sum(x)'", [(2, 9, "leads out of the scenario's folder")]),
    ("[inputs]\nx={file='/etc/passwd'}\n[forward]\ny='sum(x)'", [(2, 9, "leads out of the scenario's folder")]),
    ("[inputs]\nx=1\n[functions]\n'f(a)'='a ^ 2'\n[forward]\ny='f(x)'", [(4, 9, "`^` is not a power here")]),
    ("[inputs]\nx=1\n[functions]\n'f(a)'='q*a'\n[forward]\ny='x'", [(4, 9, "unknown name `q`")]),
    ("[inputs]\nx=1\n[functions]\n'f(a)'='f(a - 1)'\n[forward]\ny='f(x)'", [(4, 9, "`f` calls itself")]),
    (
        "[inputs]\nx=1\n[functions]\n'f(a)'='g(a)'\n'g(a)'='h(a)'\n'h(a)'='f(a)'\n'k(a)'='k(a)'\n[forward]\ny='f(x)'",
        [(4, 9, "`f` calls itself"), (7, 9, "`k` calls itself")],
    ),
    (
        "[inputs]\nx=1\n[functions]\n'f(a,b)'='a+b'\n[forward]\ny='f(x)'\nz='f(x,x,x)'\nw='f(x,c=x)'\nv='f(x,x,b=x)'",
        [(6, 4, "lacks its argument `b`"), (7, 4, "takes 2 arguments"), (8, 8, "`c` is no"), (9, 10, "`b` is given")],
    ),
    (
        '[inputs]\nx=[1, 2]\n[network]\ninput="x"\nlayers=[{kind="dense", units=2, activation="rel"}]',
        [(5, 44, "unknown operation `rel`")],
    ),
    (
        '[inputs]\nx=[1, 2]\n[network]\ninput="x"\nlayers=[{kind="dense", units=2}]',
        [(3, 2, "the target `y` has shape (2,)")],
    ),
    (
        '[inputs]\nx=1\n[forward]\ny="x"\n[backward]\nof="z"\nwrt=["q", "x", "x"]',
        [(6, 4, "unknown name `z`"), (7, 6, "unknown name `q`"), (7, 16, "`x` is listed twice")],
    ),
]  # fmt: skip


@pytest.mark.parametrize(("text", "expected"), FILES)
def test_a_fault_in_a_file_is_told_once_and_where_it_stands(
    text: str, expected: list[tuple[int, int, str]], tmp_path: Path
) -> None:
    faults = faults_of(text, tmp_path)
    assert [(fault.line, fault.column) for fault in faults] == [(line, column) for line, column, _ in expected]
    for fault, (_, _, message) in zip(faults, expected, strict=True):
        assert message in fault.message


def test_all_faults_at_once_in_the_order_of_the_file() -> None:
    text = """titel = "x"
index_base = 7
[inputs]
x = [[1, 2], [3]]
t = "no"
w = [1, 2]
[functions]
"f(a)" = "sigmod(a) + b"
"g(a" = "a"
[forward]
z = "w @ x"
y = "f(w) + unknwn"
v = "w[7] + w.foo"
u = "permute(w, [1, 1])"
L = "sum(v)"
[backward]
off = "L"
wrt = ["w", "ww"]
"""
    found = [(fault.line, marked(fault)) for fault in faults_of(text)]
    assert found == [
        (1, "titel"), (2, "7"), (4, "[3]"), (5, '"no"'), (8, "sigmod"), (8, "b"), (9, '"g(a"'), (12, "unknwn"),
        (13, "w.foo"), (14, "permute(w, [1, 1])"), (17, "off"), (18, '"ww"'),
    ]  # fmt: skip


def test_the_first_faults_are_written_out_and_the_rest_counted() -> None:
    with pytest.raises(BptuiError) as caught:
        bptui.loads("[inputs]\nx=1\n[forward]\n" + "".join(f'a{number}="q{number}"\n' for number in range(50)))
    text = str(caught.value)
    assert len(caught.value.faults) == 50
    assert text.count("unknown name") == SHOWN_IN_FULL
    assert text.endswith("… and 30 more faults.")


# -- where the caret points ------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("[inputs]\nx=1\n[forward]\n\t\ty\t=\t'x\t+ q'", ["  4 |   y = 'x + q'", "    |            ^"]),
        ("[inputs]\n'漢字'=1\n[forward]\ny='漢字 + q'", ["  4 | y='漢字 + q'", "    |           ^"]),
        ("[inputs]\nx=1\n[forward]\ny='x + 漢字 + 1'", ["  4 | y='x + 漢字 + 1'", "    |        ^^^^"]),
        (
            '[inputs]\nx=1\n[forward]\ny="\\u0078 + \\u0071"',
            ['  4 | y="\\u0078 + \\u0071"', "    |             ^^^^^^"],
        ),
        ('[inputs]\nx=1\n[forward]\ny="""x +\n   x + \\\n   q"""', ['  6 |    q"""', "    |    ^"]),
        ("[inputs]\nx=1\n[forward]\ny='''\nx + q'''", ["  5 | x + q'''", "    |     ^"]),
        ("\ufeff[inputs]\r\nx=1\r\n[forward]\r\ny='q'\r\n", ["  4 | y='q'", "    |    ^"]),
    ],
)
def test_the_caret_stands_below_what_is_wrong(text: str, shown: list[str]) -> None:
    (fault,) = faults_of(text)
    assert str(fault).split("\n")[1:3] == shown


def test_a_long_line_is_shown_around_the_caret() -> None:
    (fault,) = faults_of(line("x + " * 400 + "q" + " + x" * 400))
    place, source, caret, _ = str(fault).split("\n")
    assert place.startswith("scenario:4:1606: ")
    assert source[caret.index("^")] == "q"
    assert source.startswith("  4 | …")
    assert source.endswith("…")
    assert len(source) < 110


# -- text that must not reach the terminal ---------------------------------------------------------------------------

HOSTILE = "\x1b[31m\x07[red]\u202e\u2066\x9b2J\u200b\ufeff"


@pytest.mark.parametrize(
    "text",
    [
        f"[inputs]\n'{HOSTILE}'=1\n[forward]\ny='1'",
        "[inputs]\n" + json.dumps(HOSTILE) + "=1\n[forward]\n" + json.dumps(HOSTILE) + "='x'",
        "[inputs]\nx=1\n[forward]\ny=" + json.dumps(HOSTILE + " + x"),
        "[inputs]\nx=1\n[forward]\ny=" + json.dumps(f"sum('{HOSTILE}')"),
        "[inputs]\nx=" + json.dumps(HOSTILE + "\nfaked.toml:1:1: all is well\r\n") + "\n[forward]\ny='x'",
        "[inputs]\nx=1\n[forward]\ny='x'\n[backward]\nof=" + json.dumps(HOSTILE),
        "[inputs]\nx={file=" + json.dumps(HOSTILE) + "}\n[forward]\ny='sum(x)'",
        json.dumps(HOSTILE) + "=1",
        f"# {HOSTILE}\n[inputs]\nx=1",
        f"title='{HOSTILE}'",
    ],
)
def test_what_a_file_says_reaches_no_terminal_raw(text: str, tmp_path: Path) -> None:
    faults = faults_of(text, tmp_path)
    whole = str(BptuiError(faults))
    assert clean(whole)
    assert not any(said.startswith("faked.toml") for said in whole.split("\n"))


def test_a_hostile_title_reaches_no_export_raw() -> None:
    text = f"title={json.dumps(HOSTILE)}\ndescription={json.dumps(HOSTILE)}\n[inputs]\nx=1\n[forward]\ny='x*x'"
    exported = bptui.export(bptui.run(bptui.loads(text)), "text")
    assert clean(exported)
    assert "\\x1b[31m" in exported


# -- bounds ----------------------------------------------------------------------------------------------------------


@pytest.fixture
def no_parser(monkeypatch: pytest.MonkeyPatch) -> None:
    """Make the test fail where an expression reaches Python's parser."""

    def parse(*arguments: object, **options: object) -> None:
        raise AssertionError("the parser was called")

    monkeypatch.setattr(ast, "parse", parse)


@pytest.mark.usefixtures("no_parser")
@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("x + " * 25_000 + "x", "100,001 characters; the limit is 10,000"),
        ("x+" * 4999 + "x", "4,999 operators; the limit is 1,000"),
        ("x**" * 3000 + "x", "3,000 operators; the limit is 1,000"),
        ("x*-" * 3000 + "x", "6,000 operators; the limit is 1,000"),
        ("x<" * 4000 + "x", "4,000 operators; the limit is 1,000"),
        ("-" * 9999 + "x", "a run of signs"),
        ("- " * 4900 + "x", "a run of signs"),
        ("~" * 9999 + "x", "a run of signs"),
        ("(" * 4999 + "x" + ")" * 4999, "nested more than 100 deep"),
        ("[" * 4999 + "x" + "]" * 4999, "nested more than 100 deep"),
        ("exp(" * 1500 + "x" + ")" * 1500, "nested more than 100 deep"),
        ("x[" * 3000 + "0" + "]" * 3000, "nested more than 100 deep"),
        ("-(" * 3000 + "x" + ")" * 3000, "nested more than 100 deep"),
        ("1" * 1001, "1,001 characters"),
        ("x\0", "invisible character (U+0000)"),
    ],
)
def test_what_is_too_much_never_reaches_the_parser(text: str, message: str) -> None:
    with pytest.raises(ExpressionError) as caught:
        parse_expression(text)
    assert message in caught.value.message


@pytest.mark.parametrize(
    "text",
    [
        "x" + "[0]" * 3000,
        "x" + ".T" * 4900,
        "x" + "()" * 4900,
        "x**" * 990 + "x",
        "2**-" * 490 + "x",
        "x**(-" * 99 + "x" + ")" * 99,
        "not " * 2400 + "x",
        "lambda:" * 1400 + "x",
        "await " * 1600 + "x",
        "x if x else " * 800 + "x",
        "f'{" * 90 + "x",
        "x[" + ":" * 5000 + "]",
    ],
)
def test_nesting_of_every_kind_is_refused(text: str) -> None:
    with pytest.raises(ExpressionError) as caught:
        parse_expression(text)
    assert 0 <= caught.value.span[0] < caught.value.span[1] <= len(text)


def test_what_is_just_allowed_is_read() -> None:
    for text in ("(" * 100 + "x" + ")" * 100, "x+" * 1000 + "x", "-(" * 95 + "x" + ")" * 95, "x**" * 98 + "x"):
        parse_expression(text)


class Counting:
    """Counts the steps that compiling appends, and fails beyond some number."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, most: int) -> None:
        self.steps = 0
        emit = Lowering._emit

        def counted(*arguments: Any) -> int | None:
            self.steps += 1
            assert self.steps <= most, "more steps are compiled than are allowed"
            return emit(*arguments)

        monkeypatch.setattr(Lowering, "_emit", counted)


def chain(body: str, levels: int, first: str) -> str:
    """Return functions f0, f1, …, of which each calls the one before as `body` says."""
    lines = [f'"f0(a)" = "{first}"', *(f'"f{n}(a)" = "{body.replace("#", f"f{n - 1}")}"' for n in range(1, levels))]
    return "[inputs]\nx=1\n[functions]\n" + "\n".join(lines) + f'\n[forward]\nL="f{levels - 1}(x)"'


@pytest.mark.parametrize("body", ["#(a) + #(a)", "#(#(a))", "#(a)*#(a)*#(#(a))"])
@pytest.mark.parametrize("first", ["a + a", "1 + 2"])
def test_functions_that_unfold_without_end_are_not_unfolded(
    body: str, first: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    Counting(monkeypatch, 0)
    (fault,) = faults_of(chain(body, 60, first))
    assert fault.message == "written out, this takes over 10^12 steps; the limit is 1,000,000 steps"
    assert (fault.line, marked(fault)) == (65, "f59(x)")


def test_functions_that_call_functions_very_deep() -> None:
    (fault,) = faults_of(chain("#(a)", 5000, "a + a"))
    assert "too deeply" in fault.message


def test_a_circle_of_ten_thousand_functions() -> None:
    functions = "\n".join(f'"f{n}(a)" = "f{(n + 1) % 10_000}(a)"' for n in range(10_000))
    (fault,) = faults_of(f'[inputs]\nx=1\n[functions]\n{functions}\n[forward]\ny="f0(x)"')
    assert fault.message == "`f0` calls itself"
    assert "`f7` → `…` → `f0`" in fault.hint


@pytest.mark.parametrize(
    ("lines", "at", "message"),
    [
        (["outer(x, x)", "outer(a0, a0)", "outer(a1, a1)", "outer(a2, a2)", "outer(a3, a3)"], 3, "would have shape"),
        (["concat([x, x])", *(f"concat([a{n}, a{n}])" for n in range(59))], 21, "16,777,216 elements"),
        (["stack([x, x])", *(f"stack([a{n}, a{n}])" for n in range(59))], 21, "16,777,216 elements"),
        ([f"outer(z, z) + {n}" for n in range(10)], 2, "up to here the trace holds"),
    ],
)
def test_growth_is_stopped_before_anything_is_allocated(lines: list[str], at: int, message: str) -> None:
    text = "[inputs]\nx=[1, 2, 3, 4]\nz={shape=[2500], init='ones'}\n[forward]\n"
    tracemalloc.start()
    try:
        (fault,) = faults_of(text + "".join(f'a{n}="{one}"\n' for n, one in enumerate(lines)) + 'L="sum(a0)"')
        assert tracemalloc.get_traced_memory()[1] < 20 << 20
    finally:
        tracemalloc.stop()
    assert message in fault.message
    assert fault.line == 5 + at


@pytest.mark.parametrize("shape", ["[16384, 16384]", "[9223372036854775807, 9223372036854775807]", "[1000000000000]"])
@pytest.mark.parametrize("init", ["normal", "zeros"])
def test_an_enormous_shape_is_refused_before_it_is_drawn(
    shape: str, init: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    def draw(*arguments: object) -> None:
        raise AssertionError("numbers are drawn")

    monkeypatch.setattr(np.random, "RandomState", draw)
    (fault,) = faults_of(f"[inputs]\nx={{shape={shape}, init='{init}'}}\n[forward]\ny='sum(x)'")
    assert fault.line == 2


def test_the_nearest_name_is_looked_for_only_where_it_is_shown(monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[str] = []

    def did_you_mean(word: str, words: object, otherwise: str) -> str:
        asked.append(word)
        return otherwise

    monkeypatch.setattr(expression_module, "did_you_mean", did_you_mean)
    text = "".join(f'a{n}="x"\n' for n in range(500)) + "".join(f'b{n}="q{n} + sigmod(x)"\n' for n in range(500))
    assert len(faults_of(f"[inputs]\nx=1\n[forward]\n{text}")) == 1000
    assert len(asked) == SHOWN_IN_FULL


def test_many_operands_of_one_operation() -> None:
    (fault,) = faults_of(line("concat([" + "x, " * 256 + "x])"))
    assert fault.message == "`concat` joins 257 values; the limit is 256"
    bptui.loads(line("concat([" + "x, " * 255 + "x])"))


def test_bounds_lie_where_they_are_documented() -> None:
    assert (LIMITS.expression_operators, LIMITS.expression_depth, LIMITS.operands) == (1000, 100, 256)


# -- anything at all -------------------------------------------------------------------------------------------------

PIECES = [
    *[
        "x",
        "W",
        "q",
        "é",
        "漢",
        "2",
        "1e400",
        "0",
        "-1",
        "+",
        "-",
        "*",
        "/",
        "**",
        "@",
        "<",
        "(",
        ")",
        "[",
        "]",
        ",",
        ":",
    ],
    *[
        ".T",
        ".a",
        "sum(",
        "permute(",
        "concat([",
        "axis=",
        "'",
        "=",
        " ",
        "\n",
        "\t",
        "if ",
        "lambda ",
        "not ",
        "f(",
        "^",
    ],
    *["#", "\\", "\x1b", "\u202e", "ﬁ", "0x", "_", "½", "True", "None", "…"],
]


def told(text: str) -> tuple[Fault, ...]:
    """Return the faults of `text`, none where it is read; anything but a BptuiError fails the test."""
    try:
        bptui.loads(text)
    except BptuiError as error:
        return error.faults
    return ()


@settings(max_examples=300)
@given(st.lists(st.sampled_from(PIECES), min_size=1, max_size=9).map("".join))
def test_any_expression_is_read_or_refused_with_its_place(text: str) -> None:
    above = "[inputs]\nx=[1, 2]\nW=[[1, 2], [3, 4]]\n[functions]\n'f(a)'='a*a'\n[forward]\n"
    for fault in told(f"{above}y={json.dumps(text)}\nL='sum(y)'"):
        assert fault.line == 7
        assert fault.message
        assert clean(str(fault))


@settings(max_examples=200)
@given(st.text(st.sampled_from("x1[]{}()=.,\"'#\\\n \té漢+-"), max_size=40))
def test_any_text_is_read_or_refused(text: str) -> None:
    for fault in told(text):
        assert fault.message
        assert clean(str(fault))


@pytest.mark.parametrize("seed", ["1", "2"])
def test_faults_do_not_depend_on_the_hash_seed(seed: str, tmp_path: Path) -> None:
    text = (
        "[inputs]\nx=1\nyy=2\nzz=3\n[functions]\n'f(a)'='g(a) + h(a)'\n'g(a)'='f(a) + h(a)'\n'h(a)'='g(a)'\n"
        "[forward]\na='qq + xx + sigmod(x)'\nb='sum(x, axes=1, bxis=2)'"
    )
    path = tmp_path / "s.toml"
    path.write_text(text)
    ran = subprocess.run(
        [sys.executable, "-m", "bptui", "export", "s.toml"],
        cwd=tmp_path,
        env={**os.environ, "PYTHONHASHSEED": seed, "PYTHONPATH": str(PROJECT)},
        capture_output=True,
        text=True,
        encoding="utf-8",
        check=False,
    )
    with pytest.raises(BptuiError) as caught:
        bptui.load(path)
    assert ran.returncode == 2
    assert ran.stdout == ""
    assert ran.stderr.replace("s.toml", str(path)) == f"{caught.value}\n"


def test_expressions_are_never_evaluated(monkeypatch: pytest.MonkeyPatch) -> None:
    def run(*arguments: object) -> None:
        raise AssertionError("something was evaluated")

    text = line("exp(x)*2 + sum(x, axis=0)")
    bptui.run(bptui.loads(text))  # whatever is imported on the way is imported now
    with monkeypatch.context() as patch:
        patch.setattr("builtins.eval", run)
        patch.setattr("builtins.exec", run)
        total = bptui.run(bptui.loads(text)).value("L")
    assert total == pytest.approx(2 * (np.e + np.e**2) + 6)
