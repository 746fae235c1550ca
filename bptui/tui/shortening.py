"""Text in too little room: what is left out is said with `…`, and no number is cut in two where that can be helped."""

from __future__ import annotations

import re
from collections.abc import Sequence

from rich.cells import cell_len, set_cell_size

from bptui.present.layout import fitted, row_fitted, sum_fitted

_SIGNS = frozenset("·+-=")


def cut(text: str, width: int) -> str:
    """Return `text` in exactly `width` cells, its end left out where it is longer."""
    if cell_len(text) <= width:
        return set_cell_size(text, width)
    return set_cell_size(text, max(0, width - 1)) + "…"[:width]


def without_middle(text: str, width: int) -> str:
    """Return `text` in at most `width` cells, words of its middle left out where it is longer: `[0.23  …  0.57]`."""
    if cell_len(text) <= width:
        return text
    if (row := row_fitted(text, width)) is not None:
        return row
    if (terms := sum_fitted(text, width)) is not None:
        return terms
    words = text.split(" ")
    for kept in range(len(words) - 1, 1, -1):
        head = (kept + 1) // 2
        tail = words[len(words) - (kept - head) :]
        head -= tail[0] in _SIGNS and words[head - 1] not in _SIGNS  # both ends have their sign: `a + … + z`
        short = " ".join([*words[:head], "…", *tail])
        if head and cell_len(short) <= width:
            return short
    first = re.match(r"\[ *\S+", text)
    if first is not None and text.endswith("]") and cell_len(first[0]) + 3 <= width:
        return f"{first[0]} …]"  # of an array the first number rather than halves of two
    if len(words) > 1 and words[1] in _SIGNS - {"="} and _closed(words[0]) and cell_len(words[0]) + 2 <= width:
        return f"{words[0]} …"  # of a sum the first term
    start = max(text.rfind("("), text.rfind("["))
    start -= text.startswith("(") and text[:start].endswith(")")  # with the bracket that it begins with
    if text.endswith((")", "]")) and 0 < cell_len(text[start:]) <= width - 2:
        return cut(text[:start], width - cell_len(text[start:])) + text[start:]  # an element keeps its index
    return fitted(text, width)


def _closed(text: str) -> bool:
    return text.count("(") == text.count(")") and text.count("[") == text.count("]")


def places_kept(text: str, short: str) -> Sequence[int]:
    """Return for each character of `short`, `text` without its middle or end, which one of `text` it is; -1 for `…`."""
    if short == text:
        return range(len(text))
    head = next((at for at, (one, other) in enumerate(zip(text, short, strict=False)) if one != other), len(short))
    tail = 0
    while tail < len(short) - head and text[-1 - tail] == short[-1 - tail]:
        tail += 1
    return [*range(head), *[-1] * (len(short) - head - tail), *range(len(text) - tail, len(text))]


def around(text: str, width: int, start: int, end: int) -> tuple[str, Sequence[int]]:
    """Return the part of a longer `text` that has its characters `start` to `end`, and which of `text` it shows.

    All characters are one cell wide.
    """
    room = max(1, width - 2)
    first = max(0, min((start + end - room) // 2, start, len(text) - room))
    last = min(first + room, len(text))
    while first < start and text[first - 1 : first].strip():
        first += 1  # a number that has no room is left out whole
    while last > end and text[last : last + 1].strip():
        last -= 1
    before, after = "…" if first else "", "…" if last < len(text) else ""
    return f"{before}{text[first:last]}{after}", [*[-1] * len(before), *range(first, last), *[-1] * len(after)]
