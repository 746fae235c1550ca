"""Lines of a fixed width: wrapping and tables for the text export."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from msgspec.structs import replace

from bptui.present.frame import Row, Table
from bptui.text import fitting, width

WIDTH = 80

_DEEPEST = 4
"""In how many brackets at most a formula is broken."""

_HELD = "\N{NO-BREAK SPACE}"
"""Stands for a space at which a formula is not broken."""

_WORD = re.compile(r"[^\s\[\]()]+")
_NUMBERS = re.compile(rf"\[ *{_WORD.pattern}(?: +{_WORD.pattern})+\]")
"""A row of an array whose cells are no formulas of several words."""

_NUMBER = re.compile(r"(?<![\w.])\d[\d.]*(?:e[+-]\d+)?")

_MARKS_OF_A_GAP = 2

_SIGNS = re.compile(r" ([-·+=]|\+=) ")


def heading(text: str, rule: str = "-") -> list[str]:
    """Return a heading underlined with `rule`, wrapped where it is too long."""
    lines = wrapped(text, WIDTH)
    return [*lines, rule * min(WIDTH, max(width(line) for line in lines))]


def wrapped(text: str, most: int, hanging: int = 0, first: str = "") -> list[str]:
    """Return `text` broken at spaces into lines of at most `most` cells; `first` begins the first line.

    The lines after the first are indented by `hanging`. A word that is longer than a line is broken.
    """
    if width(first) + width(text) <= most - hanging:
        return [(first + text).rstrip()]
    lines: list[str] = []
    current, blank = first, True
    for word in text.split(" "):
        for piece in _pieces(word, most - hanging):
            candidate = current + piece if blank else f"{current} {piece}"
            if not blank and width(candidate) > most:
                lines.append(current.rstrip())
                candidate = " " * hanging + piece
            current, blank = candidate, False
    return [*lines, current.rstrip()]


def formula(text: str, most: int, hanging: int = 0, first: str = "") -> list[str]:
    """Return a formula broken between its terms and factors, not inside brackets, wherever that fits.

    Where it does not, it is broken inside the outermost brackets, and so on inwards.
    """
    if width(first) + width(text) <= most - hanging:
        return [(first + text).rstrip()]
    pieces, inside = _held(text, 0), 1
    while inside <= _DEEPEST and max(map(len, pieces.split(" "))) > most - hanging:
        pieces, inside = _held(text, inside), inside + 1
    return [line.replace(_HELD, " ") for line in wrapped(pieces, most, hanging, first)]


def _held(text: str, inside: int) -> str:
    """Return a formula with spaces where it may be broken alone: before a sign, inside so many brackets at most."""
    held: list[str] = []
    depth = 0
    for word in text.split(" "):
        depth += word.count("(") + word.count("[") - word.count(")") - word.count("]")
        held += (word, _HELD if depth > inside else " ")
    return _SIGNS.sub(rf" \1{_HELD}", "".join(held[:-1]))


def paragraph(text: str, most: int = WIDTH, indent: int = 0) -> list[str]:
    """Return a text of several lines, each wrapped on its own."""
    margin = " " * indent
    return [line for part in text.split("\n") for line in wrapped(part, most, indent, margin)]


def fitted(text: str, most: int) -> str:
    """Return `text` in at most `most` cells, its middle left out where it is longer.

    A number is not cut in two where that can be helped.
    """
    if width(text) <= most:
        return text
    if most < 2:
        return "…"[:most]
    tail = max(1, (most - 1) // 3)
    start, end = fitting(text, most - 1 - tail), len(text) - fitting(text[::-1], tail)
    for number in _NUMBER.finditer(text):
        if 0 < number.start() < start < number.end():
            start = number.start()
        if number.start() < end < number.end() < len(text):
            end = number.end()
    return text[:start].rstrip("…") + "…" + text[end:].lstrip("…")


def sum_fitted(text: str, most: int) -> str | None:
    """Return a sum whose middle is left out, `1 + 2 + … 95 more … + 98`, in at most `most` cells: `1 + … + 98`.

    None where `text` is none, or has no room for its ends.
    """
    words, mark = text.split(" "), "…"
    if words.count(mark) != _MARKS_OF_A_GAP:
        return None
    head, tail = words.index(mark), len(words) - 1 - words[::-1].index(mark)
    while head > 0:
        short = " ".join([*words[:head], mark, *words[tail + 1 :]])
        if width(short) <= most:
            return short
        head -= 2  # a term with its sign
    return None


def row_fitted(row: str, most: int) -> str | None:
    """Return a row of an array in at most `most` cells, numbers of its middle left out: `[0.1  0.2  …  0.5]`.

    Of rows whose numbers stand below each other the same ones are left out, so that they still do. None where `row` is
    no such row, or has no room for one of its numbers.
    """
    if _NUMBERS.fullmatch(row) is None:
        return None
    words = list(_WORD.finditer(row))
    ends = [word.end() for word in words]
    gap = next((at for at, word in enumerate(words) if word[0] == "…"), None)
    before, behind = (len(words), len(words)) if gap is None else (gap, len(words) - gap - 1)
    for kept in range(len(words) - 1, 0, -1):
        tail = min(kept // 2, behind)
        short = f"{row[: ends[kept - tail - 1]]}{'  ' if tail else ' '}…{row[ends[-tail - 1] :]}"
        if kept - tail <= before and width(short) <= most:
            return short
    return None


def table(shown: Table, most: int, indent: int, limit: int) -> Iterator[str]:
    """Yield a table's lines: titles, then at most `limit` rows; columns of text give way where the width is short."""
    rows = list(shown.rows[:limit])
    hidden = shown.after(limit)
    shown, rows = _spared(shown, rows, most - indent)
    if hidden:
        rows.append(Row((f"… {hidden:,} more", *[""] * (len(shown.columns) - 1)), None, "more"))
    widths = _widths(shown, rows, most - indent)
    margin = " " * indent
    yield margin + _line(shown.columns, shown, widths)
    previous = None
    for row in rows:
        cells = row.cells
        if row.kind in ("term", "sum") and row.element == previous:
            cells = ("", *cells[1:])  # the element stands on the first of its rows
        previous = row.element if row.kind == "term" else None
        if row.kind == "more":
            yield f"{margin}{more_words(row)}".rstrip()
        else:
            yield (margin + _line(cells, shown, widths)).rstrip()


def more_words(row: Row) -> str:
    """Return what a row says of those that are left out: of terms indented, below those of their element."""
    return f"  {row.cells[1]}" if any(row.cells[1:2]) else row.cells[0]


def _natural(shown: Table, rows: Sequence[Row]) -> list[int]:
    return [
        max([width(title), *(width(row.cells[at]) for row in rows if row.kind != "more")])
        for at, title in enumerate(shown.columns)
    ]


def _spared(shown: Table, rows: list[Row], most: int) -> tuple[Table, list[Row]]:
    """Return a table and these of its rows without those of its spare columns that there is no room for."""
    for title in shown.spare:
        widths = _natural(shown, rows)
        if sum(widths) + 2 * (len(widths) - 1) <= most or title not in shown.columns:
            continue
        kept = [at for at, column in enumerate(shown.columns) if column != title]
        shown = replace(
            shown,
            columns=tuple(shown.columns[at] for at in kept),
            numeric=tuple(shown.numeric[at] for at in kept),
        )
        rows = [replace(row, cells=tuple(row.cells[at] for at in kept), spots=()) for row in rows]
    return shown, rows


def _widths(shown: Table, rows: Sequence[Row], most: int) -> list[int]:
    widths = _natural(shown, rows)
    while sum(widths) + 2 * (len(widths) - 1) > most:
        text = [at for at, numeric in enumerate(shown.numeric) if not numeric]
        widest = max(text, key=lambda at: widths[at])
        if widths[widest] <= 6:
            break
        widths[widest] -= 1
    return widths


def _line(cells: Sequence[str], shown: Table, widths: Sequence[int]) -> str:
    placed = []
    for cell, numeric, most in zip(cells, shown.numeric, widths, strict=True):
        cells_taken = width(cell)
        if cells_taken > most:
            cell = sum_fitted(cell, most) or fitted(cell, most)
            cells_taken = width(cell)
        blank = " " * (most - cells_taken)
        placed.append(blank + cell if numeric else cell + blank)
    return "  ".join(placed)


def _pieces(word: str, most: int) -> Iterator[str]:
    while width(word) > most:
        cut = max(1, fitting(word, most))
        yield word[:cut]
        word = word[cut:]
    yield word
