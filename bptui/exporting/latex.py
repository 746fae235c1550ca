"""A derivation as LaTeX that compiles as it stands, with `article` and `amsmath` alone. ASCII throughout."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator

from bptui.exporting.equations import rows
from bptui.exporting.spans import line_of
from bptui.formula.breaking import pieces
from bptui.formula.latex import LatexPen, escaped, inline
from bptui.formula.tree import Derivative
from bptui.present.document import (
    Code,
    Document,
    DocumentTable,
    Equations,
    Heading,
    PageBreak,
    Paragraph,
    Span,
    paragraphs,
)

WIDTH = 78
"""How many digits fit in a line."""

NARROW = 36
"""How wide a piece of a formula in a table is at most, in digits."""

MOST_ROWS = 30
"""How many rows one table has, which no page break goes through."""

_HEAD = r"""\documentclass[11pt]{article}
\usepackage{amsmath}
\setlength{\textwidth}{16cm}
\setlength{\textheight}{23cm}
\setlength{\oddsidemargin}{0cm}
\setlength{\topmargin}{-1.5cm}
\setlength{\parindent}{0pt}
\setlength{\parskip}{6pt plus 2pt}
\setlength{\jot}{6pt}
\setlength{\emergencystretch}{4cm}
\allowdisplaybreaks
\begin{document}"""


def latex_document(document: Document) -> str:
    """Return a document as one LaTeX file."""
    return "\n".join([_HEAD, *_body(document), r"\end{document}", ""])


def _body(document: Document) -> Iterator[str]:
    yield rf"\section*{{{_text(document.title)}}}"
    yield from (_text(part) + "\n" for part in paragraphs(document.description))
    for block in document.blocks:
        match block:
            case Heading(spans, level):
                yield ""
                yield rf"\{'sub' * level}section*{{\boldmath {_line(spans)}}}"
            case Paragraph(spans):
                yield ""
                yield _line(spans)
            case Equations(equations):
                yield r"\begin{align*}"
                found = list(rows(equations, WIDTH))
                for at, (row, blank) in enumerate(found):
                    end = "" if at == len(found) - 1 else r" \\[18pt]" if blank else r" \\"
                    yield f"  {row}{end}"
                yield r"\end{align*}"
            case DocumentTable():
                yield from _table(block)
            case PageBreak():
                yield r"\newpage"


def _table(table: DocumentTable) -> Iterator[str]:
    columns = r"@{}lp{9.5cm}r@{}" if len(table.columns) == 3 else r"@{}lp{11.5cm}@{}"
    for start in range(0, len(table.rows), MOST_ROWS):
        yield ""
        yield rf"\begin{{tabular}}{{{columns}}}"
        yield " & ".join(map(escaped, table.columns)) + r" \\ \hline"
        for row in table.rows[start : start + MOST_ROWS]:
            cells = map(_cell, row)
            yield " & ".join(rf"\raggedright {cell}" if at == 1 else cell for at, cell in enumerate(cells)) + (
                r" \tabularnewline[3pt]"
            )
        yield r"\end{tabular}"


def _cell(span: Span) -> str:
    """Return a cell, whose formula may be broken between its pieces."""
    if isinstance(span, str | Code | Derivative):
        return _line((span,))
    return " ".join(f"${piece.text}$" for piece in pieces(span, NARROW, LatexPen()))


def _line(spans: Iterable[Span]) -> str:
    return line_of(spans, _text, lambda text: rf"\texttt{{{_code(text)}}}", lambda formula: f"${inline(formula)}$")


def _text(text: str) -> str:
    """Return words that may be broken anywhere where they are longer than a line."""
    return (
        " ".join(
            r"\allowbreak{}".join(escaped(word[at : at + 40]) for at in range(0, len(word), 40))
            for word in text.split()
        )
        if len(max(text.split() or [""], key=len)) > 40
        else escaped(text)
    )


def _code(text: str) -> str:
    """Return code that may be broken after every operator, bracket and underscore, and in a long name."""
    broken = re.sub(r"([*/+,_()\[\]@-]|\w{20}(?=\w))", "\\1\0", text)
    return r"\allowbreak{}".join(map(escaped, broken.split("\0")))
