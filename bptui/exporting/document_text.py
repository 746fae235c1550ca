"""A document as plain text of 80 columns."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from bptui.exporting.spans import line_of
from bptui.formula.breaking import Piece, packed, pieces, runs
from bptui.formula.plain import PlainPen, plain
from bptui.present.document import (
    BlockOfText,
    Code,
    Document,
    DocumentTable,
    Equation,
    Equations,
    Heading,
    PageBreak,
    Paragraph,
    Span,
)
from bptui.present.layout import WIDTH, heading, paragraph, wrapped
from bptui.text import width

INDENT = 4
"""How far equations are indented."""


def text_document(document: Document) -> str:
    """Return a document as one text."""
    described = ["", *paragraph(document.description)] if document.description else []
    lines = [*heading(document.title, "="), *described, *block_lines(document.blocks)]
    return "\n".join(line.rstrip() for line in lines) + "\n"


def block_lines(blocks: Sequence[BlockOfText], within: bool = False) -> Iterator[str]:
    """Yield the lines of a document's blocks; `within` a section of another text, no heading is underlined."""
    for block in blocks:
        match block:
            case Heading(spans, 1) if not within:
                yield from ("", "", *heading(_line(spans)))
            case Heading(spans):
                yield ""
                yield from wrapped(_line(spans), WIDTH)
            case Paragraph(spans):
                yield ""
                yield from wrapped(_line(spans), WIDTH, 2, "  ")
            case Equations(rows):
                yield ""
                for row in rows:
                    yield from equation_lines(row)
            case DocumentTable():
                yield ""
                yield from _table(block)
            case PageBreak():
                yield from ("", "", "=" * WIDTH)


def equation_lines(equation: Equation) -> Iterator[str]:
    """Yield an equation over several lines, its equals signs below each other."""
    margin = " " * INDENT
    label = f"{equation.label} " if equation.label else ""
    left = plain(equation.left)
    indent = INDENT + width(label) + (width(left) + 1 if width(left) < 30 else 4)
    head = f"{margin}{label}{left} "
    if width(left) >= 30:
        yield from wrapped(head.rstrip(), WIDTH, INDENT + 2)
        head = " " * indent
    room = WIDTH - indent - 4
    widths = [width(plain(side)) + 3 for side in equation.sides]
    for start, stop in runs(widths, WIDTH - indent + 1):
        sides = equation.sides[start:stop]
        text = " ".join(f"= {plain(side)}" for side in sides)
        if width(text) <= WIDTH - indent:
            yield head + text
        else:
            found = [Piece(one.text, width(one.text) + 1) for one in pieces(sides[0], room // 2, PlainPen())]
            first, *others = packed(found, room)
            yield from wrapped(f"{head}= {first}", WIDTH, indent + 4)
            for line in others:
                yield from wrapped(" " * (indent + 4) + line, WIDTH, indent + 4)
        head = " " * indent


def _table(shown: DocumentTable) -> Iterator[str]:
    """Yield a table's rows as equations: a formula is not cut off to fit into a column."""
    for first, *others in shown.rows:
        if isinstance(first, str | Code):
            yield from wrapped(_line((first,)), WIDTH, INDENT + 2, " " * INDENT)
        else:
            sides = tuple(span for span in others if not isinstance(span, str | Code))
            yield from equation_lines(Equation(first, sides))


def _line(spans: Iterable[Span]) -> str:
    return line_of(spans, str, str, plain)
