"""A document as plain text of 80 columns."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from bptui.formula.plain import plain
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
from bptui.present.layout import WIDTH, formula, heading, paragraph, wrapped
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
    for sides in _fitting([f"= {plain(side)}" for side in equation.sides], WIDTH - indent):
        yield from formula(sides, WIDTH, indent + 4, head)
        head = " " * indent


def _fitting(sides: Sequence[str], most: int) -> list[str]:
    """Return the sides of an equation line by line: as many in one as fit."""
    lines: list[str] = []
    for side in sides:
        if lines and width(lines[-1]) + 1 + width(side) <= most:
            lines[-1] += f" {side}"
        else:
            lines.append(side)
    return lines


def _table(shown: DocumentTable) -> Iterator[str]:
    """Yield a table's rows as equations: a formula is not cut off to fit into a column."""
    for first, *others in shown.rows:
        if isinstance(first, str | Code):
            yield from wrapped(_span(first), WIDTH, INDENT + 2, " " * INDENT)
        else:
            sides = tuple(span for span in others if not isinstance(span, str | Code))
            yield from equation_lines(Equation(first, sides))


def _line(spans: tuple[Span, ...]) -> str:
    return "".join(map(_span, spans))


def _span(span: Span) -> str:
    return span if isinstance(span, str) else span.text if isinstance(span, Code) else plain(span)
