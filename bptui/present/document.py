"""A document as data: headings, paragraphs, displayed equations and tables, which every format writes in its own way.

What a reader is to find out is marked as an answer. `blanked` leaves the answers out, and may put them on a page of
their own.
"""

from __future__ import annotations

import re

from msgspec import Struct
from msgspec.structs import replace

from bptui.formula.tree import Blank, Derivative, Element, Tree, walk


class Code(Struct, frozen=True):
    """A piece of a scenario's own text, as it is written."""

    text: str


Span = str | Code | Tree
"""A piece of a line: words, code or a formula."""


class Heading(Struct, frozen=True):
    spans: tuple[Span, ...]
    level: int = 1
    """1 for a section, 2 for what stands in one."""


class Paragraph(Struct, frozen=True):
    spans: tuple[Span, ...]
    answer: bool = False


class Equation(Struct, frozen=True):
    """`left = side = side …`: the first `asked` sides stand in a handout as well, the others are the answer."""

    left: Tree
    sides: tuple[Tree, ...]
    asked: int = 0
    label: str = ""
    """What a key calls it by."""
    repeats: bool = False
    """Whether it only says together what the equations above it say one by one; a handout does without."""


class Equations(Struct, frozen=True):
    """Equations below each other, their equals signs aligned."""

    rows: tuple[Equation, ...]


class DocumentTable(Struct, frozen=True):
    """A table, whose first `asked` columns stand in a handout as well."""

    columns: tuple[str, ...]
    rows: tuple[tuple[Span, ...], ...]
    asked: int = 1


class PageBreak(Struct, frozen=True):
    pass


BlockOfText = Heading | Paragraph | Equations | DocumentTable | PageBreak


class Document(Struct, frozen=True):
    title: str
    description: str
    """The scenario's own words, which may give answers away."""
    blocks: tuple[BlockOfText, ...]


def paragraphs(text: str) -> list[str]:
    """Return the paragraphs of a description, whose lines were broken by hand: empty lines stand between them."""
    return [" ".join(part.split()) for part in re.split(r"\n\s*\n", text) if part.strip()]


def blanked(document: Document, key: bool = False) -> Document:
    """Return a document without its answers: numbered room for each of them, and with `key` all of them at the end."""
    left: list[BlockOfText] = []
    answers: list[Equation] = []

    def blank(equation: Equation) -> Equation:
        if len(equation.sides) <= equation.asked:
            return equation
        answers.append(Equation(equation.left, _briefly(equation.sides[equation.asked :]), 0, f"({len(answers) + 1})"))
        return replace(equation, sides=(*equation.sides[: equation.asked], Blank(len(answers))))

    for block in document.blocks:
        match block:
            case Paragraph(answer=True) | DocumentTable():
                continue  # a table says nothing that the equations do not ask for
            case Equations(rows):
                kept = tuple(blank(row) for row in rows if not row.repeats)
                left += [Equations(kept)] if kept else []
            case _:
                left.append(block)
    if key and answers:
        left += [PageBreak(), Heading(("Key",)), Equations(tuple(answers))]
    return Document(document.title, "", tuple(_without_empty(left)))


def _briefly(sides: tuple[Tree, ...]) -> tuple[Tree, ...]:
    """Return an answer's formula in names, where it has one, and its number."""
    named = any(isinstance(node, Element | Derivative) for node in walk(sides[0]))
    return (sides[0], sides[-1]) if named and len(sides) > 1 else sides[-1:]


def _without_empty(blocks: list[BlockOfText]) -> list[BlockOfText]:
    """Return blocks without headings that nothing stands under."""
    kept: list[BlockOfText] = []
    for block in reversed(blocks):
        follows = kept[-1] if kept else None
        if isinstance(block, Heading) and (
            follows is None
            or isinstance(follows, PageBreak)
            or (isinstance(follows, Heading) and follows.level <= block.level)
        ):
            continue
        kept.append(block)
    return kept[::-1]
