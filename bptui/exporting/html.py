"""A derivation as one HTML page: formulas in MathML, which browsers set by themselves. No script, nothing is loaded."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from html import escape

from bptui.exporting.spans import line_of
from bptui.formula.breaking import grouped, pieces
from bptui.formula.mathml import MathPen, inline, mathml
from bptui.formula.setting import width
from bptui.formula.tree import Blank, Derivative, Tree
from bptui.present.document import (
    Code,
    Document,
    DocumentTable,
    Equation,
    Equations,
    Heading,
    PageBreak,
    Paragraph,
    Span,
    paragraphs,
)

WIDTH = 82
"""How many digits fit in a line."""

NARROW = 32
"""How wide a piece of a formula is at most, in digits: a phone's line holds it."""

_STYLE = """
:root { color-scheme: light dark; --text: #1b1b1f; --page: #fff; --soft: #62626b; --rule: #d9d9e0; --code: #f3f3f6 }
@media (prefers-color-scheme: dark) {
  :root { --text: #e6e6ea; --page: #16161a; --soft: #a2a2ad; --rule: #3a3a44; --code: #24242b }
}
body { max-width: 46rem; margin: 2rem auto; padding: 0 1.2rem; color: var(--text); background: var(--page);
  font: 1.06rem/1.55 Georgia, "Times New Roman", serif; overflow-wrap: anywhere }
h1, h2, h3 { line-height: 1.25; font-weight: 600 }
h1 { font-size: 1.75rem }
h2 { margin-top: 2.6rem; padding-bottom: .2rem; border-bottom: 1px solid var(--rule); font-size: 1.3rem }
h3 { margin-top: 2rem; font-size: 1.1rem }
p { margin: .7rem 0 }
code { padding: .1rem .3rem; border-radius: .2rem; background: var(--code); font-size: .9em }
math { font-size: 1.05em }
.equations { margin: .8rem 0 .8rem 1.2rem; overflow-x: auto }
.table { overflow-x: auto }
.equation { display: flex; gap: 0 .35rem; align-items: baseline; margin: .4rem 0 }
.left { flex: none }
.sides { flex: 1 1 0; min-width: min(100%, 15rem) }
.label { margin-right: .6rem; color: var(--soft) }
.line { margin-bottom: .3rem; padding-left: 1.6rem; text-indent: -1.6rem }
.blank { display: inline-block; min-width: 14rem; margin-top: .9rem; border-bottom: 1px solid var(--soft);
  text-indent: 0; color: var(--soft); font-size: .85em; line-height: 1.2 }
table { width: 100%; border-collapse: collapse }
th, td { padding: .35rem .8rem .35rem 0; border-bottom: 1px solid var(--rule); text-align: left;
  vertical-align: baseline }
th { color: var(--soft); font-weight: 600 }
th:last-child, td:last-child { padding-right: 0; text-align: right }
mtable.cases mtd { padding: .1em .5em 0 0; text-align: left }
@media (max-width: 34rem) {
  .equations { margin-left: 0 }
  .equation { flex-wrap: wrap }
}
@page { margin: 18mm 16mm }
@media print {
  :root { --text: #000; --page: #fff; --soft: #444; --rule: #999; --code: none }
  body { max-width: none; margin: 0; padding: 0; font-size: 10.5pt }
  h2, h3, p:has(+ .equations) { break-after: avoid }
  .equation, tr { break-inside: avoid }
  .new-page { break-before: page }
  .equations, .table { overflow: visible }
}
"""

_HEAD = """<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>{title}</title>
<style>{style}</style>
</head>
<body>
<h1>{title}</h1>"""


def html_document(document: Document) -> str:
    """Return a document as one HTML file."""
    head = _HEAD.format(title=escape(document.title), style=_STYLE)
    described = [f"<p>{escape(part)}</p>" for part in paragraphs(document.description)]
    return "\n".join([head, *described, *_blocks(document), "</body>", "</html>", ""])


def _blocks(document: Document) -> Iterator[str]:
    page = ""
    for block in document.blocks:
        match block:
            case Heading(spans, level):
                yield f"<h{level + 1}{page}>{_line(spans)}</h{level + 1}>"
                page = ""
            case Paragraph(spans):
                yield f"<p>{_line(spans)}</p>"
            case Equations(equations):
                yield from _equations(equations)
            case DocumentTable():
                yield from _table(block)
            case PageBreak():
                page = ' class="new-page"'


def _equations(equations: Sequence[Equation]) -> Iterator[str]:
    room = max(NARROW, WIDTH - max(width(one.left) for one in equations))
    divided = grouped([one.sides for one in equations], room)
    yield '<div class="equations">'
    for equation, lines in zip(equations, divided, strict=True):
        label = f'<span class="label">{equation.label}</span>' if equation.label else ""
        sides = "".join(f'<div class="line">{" ".join(map(_side, line))}</div>' for line in lines)
        left = f'<div class="left">{label}{_math(mathml(equation.left))}</div>'
        yield f'<div class="equation">{left}<div class="sides">{sides}</div></div>'
    yield "</div>"


def _side(side: Tree) -> str:
    """Return `= side` in pieces that the browser may put on several lines."""
    if isinstance(side, Blank):
        return f'<span class="side">{_math(_EQUALS)} <span class="blank">({side.number})</span></span>'
    first, *others = (piece.text for piece in pieces(side, NARROW, MathPen()))
    return f'<span class="side">{" ".join(map(_math, [_EQUALS + first, *others]))}</span>'


_EQUALS = '<mo form="infix">=</mo>'


def _math(inside: str) -> str:
    return f'<math displaystyle="true">{inside}</math>'


def _table(table: DocumentTable) -> Iterator[str]:
    yield '<div class="table">'
    yield f"<table><thead><tr>{''.join(f'<th>{escape(title)}</th>' for title in table.columns)}</tr></thead><tbody>"
    for row in table.rows:
        yield f"<tr>{''.join(f'<td>{_cell(cell)}</td>' for cell in row)}</tr>"
    yield "</tbody></table>"
    yield "</div>"


def _cell(span: Span) -> str:
    if isinstance(span, str | Code | Derivative):
        return _line((span,))
    return " ".join(_math(piece.text) for piece in pieces(span, NARROW, MathPen()))


def _line(spans: Iterable[Span]) -> str:
    return line_of(
        spans, escape, lambda text: f"<code>{escape(text)}</code>", lambda one: f"<math>{inline(one)}</math>"
    )
