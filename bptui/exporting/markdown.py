"""A derivation as GitHub-flavoured Markdown: formulas in `$…$` and `$$…$$`, which browsers set by MathJax or KaTeX."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator

from bptui.exporting.equations import rows
from bptui.exporting.spans import line_of
from bptui.formula.latex import inline
from bptui.present.document import (
    Document,
    DocumentTable,
    Equations,
    Heading,
    PageBreak,
    Paragraph,
    Span,
    paragraphs,
)

WIDTH = 84
"""How many digits fit in a line of a page that is read in a browser."""


def markdown_document(document: Document) -> str:
    """Return a document as one Markdown file."""
    described = [_opened(_text(part)) for part in paragraphs(document.description)]
    return "\n\n".join([f"# {_text(document.title)}", *described, *_blocks(document)]) + "\n"


def _blocks(document: Document) -> Iterator[str]:
    for block in document.blocks:
        match block:
            case Heading(spans, level):
                yield f"{'#' * (level + 1)} {_line(spans)}"
            case Paragraph(spans):
                yield _opened(_line(spans))
            case Equations(equations):
                found = rows(equations, WIDTH)
                body = " \\\\\n".join(row for row, _ in found)
                yield f"$$\n\\begin{{aligned}}\n{body}\n\\end{{aligned}}\n$$"
            case DocumentTable():
                yield "\n".join(_table(block))
            case PageBreak():
                yield '<div style="page-break-before: always"></div>'


def _table(table: DocumentTable) -> Iterator[str]:
    yield f"| {' | '.join(map(_text, table.columns))} |"
    yield f"| {' | '.join(['---'] * (len(table.columns) - 1) + ['---:'])} |"
    for row in table.rows:
        yield f"| {' | '.join(_line((span,)) for span in row)} |"


def _line(spans: Iterable[Span]) -> str:
    return line_of(spans, _text, _code, lambda formula: f"${inline(formula)}$")


def _text(text: str) -> str:
    """Return words without anything that Markdown or HTML would read as its own."""
    text = re.sub(r"([\\`*_\[\]<>#|~$&])", r"\\\1", text)
    text = re.sub(r"(?<=\w)://", r"\\://", text)
    return re.sub(r"\b(www)\.", r"\1\\.", text, flags=re.IGNORECASE)


def _opened(line: str) -> str:
    """Return a line that begins no list, heading or rule."""
    return re.sub(r"^(\d+)(?=[.)])", r"\1\\", re.sub(r"^(?=[-+=])", r"\\", line))


def _code(text: str) -> str:
    longest = max((len(run) for run in re.findall("`+", text)), default=0)
    fence = "`" * (longest + 1)
    space = " " if text.startswith("`") or text.endswith("`") else ""
    return f"{fence}{space}{text}{space}{fence}"
