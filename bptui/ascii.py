"""Text in ASCII alone, for terminals, fonts and screen readers that have nothing else: one table of spellings.

Every character has a spelling of as many cells as it takes itself, so that what was laid out stays laid out. Where a
longer one says more (`^2` for `²`, `sigma` for `σ`) it is used if the next gap in the line has the cells to spare.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Sequence
from functools import cache
from typing import NamedTuple, TypeVar

from bptui.text import width

Style = TypeVar("Style")

_SHORT = {
    "→": ">", "←": "<", "↑": "^", "↓": "v", "▶": ">", "◀": "<", "▸": ">", "▲": "^", "▼": "v", "△": "'",
    "●": "o", "•": "*", "◆": "#", "■": "*", "□": "o", "▐": "[", "▌": "]", "▒": "?", "✓": "y", "✗": "x",
    "−": "-", "–": "-", "—": "-", "·": "*", "⋅": "*", "∙": "*", "⊙": "*", "∗": "*", "×": "x", "÷": "/",
    "…": "~", "⏎": "J", "½": "%", "√": "r", "∞": "!", "≥": ">", "≤": "<", "≠": "#", "∂": "d", "∑": "S",
    "“": '"', "”": '"', "„": '"', "«": '"', "»": '"', "‘": "'", "’": "'", "‚": "'", "´": "'", "▔": "-",
}  # fmt: skip
"""Spellings of one cell. Of the wires, light ones and heavy ones stay two kinds: see `_wire`."""

_LONG = {
    "→": "->", "←": "<-", "…": "...", "⏎": "Enter", "½": "1/2", "√": "sqrt", "∞": "inf", "≥": ">=", "≤": "<=",
    "≠": "!=", "∂": "d'", "∑": "sum", "²": "^2", "³": "^3", "↑": "Up", "↓": "Down",
}  # fmt: skip
"""Spellings of more than one, where there is room."""

_BLOCKS = "▁▂▃▄▅▆▇█"
_QUARTERS = {**dict.fromkeys("▘▝▀", "'"), **dict.fromkeys("▖▗", "."), **dict.fromkeys("▙▚▛▜▞▟", ":")}


class _Spelling(NamedTuple):
    short: str
    """In the character's own cells."""
    long: str
    """At length."""
    bars: bool = False
    """Whether it draws: what stands before it may not push it aside."""

    @classmethod
    def drawn(cls, text: str) -> _Spelling:
        """Return the spelling of a character that draws."""
        return cls(text, text, True)


def ascii_text(text: str) -> str:
    """Return `text` in ASCII, line by line; a line in which no gap gives way becomes longer."""
    if text.isascii():
        return text
    return "\n".join("".join(part for part, _ in respelled([(line, None)], fixed=False)) for line in text.split("\n"))


def respelled(spans: Sequence[tuple[str, Style]], fixed: bool = True) -> list[tuple[str, Style]]:
    """Return one line, spans of text with their styles, in ASCII; a `fixed` one takes as many cells as before."""
    line = [(character, style) for text, style in spans for character in text]
    spelled: list[tuple[str, Style]] = []
    start = 0
    for at, (character, style) in enumerate(line):
        if _spelling(character).bars:
            spelled += _between(line[start:at], fixed)
            spelled.append((_spelling(character).short, style))
            start = at + 1
    return spelled + _between(line[start:], fixed)


def _between(line: Sequence[tuple[str, Style]], fixed: bool) -> list[tuple[str, Style]]:
    """Spell what stands between two drawn characters: long spellings take their cells from the gaps behind them."""
    if all(character.isascii() for character, _ in line):
        return list(line)
    ends, spare = _gaps("".join(character for character, _ in line))
    owed, at = 0, 0
    spelled: list[tuple[str, Style]] = []
    while at < len(line):
        character, style = line[at]
        if at in ends:
            end, gives = ends[at]
            paid = min(owed, gives)
            owed, spare = owed - paid, spare - gives
            spelled += line[at + paid : end]
            at = end
            continue
        short, long, _ = _spelling(character)
        more = len(long) - len(short)
        if not fixed or owed + more <= spare:
            owed += more
            spelled.append((long, style))
        else:
            spelled.append((short, style))
        at += 1
    return spelled


def _gaps(text: str) -> tuple[dict[int, tuple[int, int]], int]:
    """Return the gaps of `text` by where they begin, each with its end and the cells it can give, and their sum."""
    ends: dict[int, tuple[int, int]] = {}
    at = text.find(" ")
    while at >= 0:
        end = at
        while end < len(text) and text[end] == " ":
            end += 1
        ends[at] = (end, end - at - (end < len(text)))
        at = text.find(" ", end)
    return ends, sum(gives for _, gives in ends.values())


@cache
def _spelling(character: str) -> _Spelling:
    if character.isascii():
        return _Spelling(character, character)
    cells = width(character)
    if character in _SHORT or character in _LONG:
        short = _SHORT.get(character) or _plain(character)
        return _Spelling(short, _LONG.get(character, short), character in "▐▌▔")
    if "─" <= character <= "╿":
        return _Spelling.drawn(_wire(unicodedata.name(character)))
    if character in _BLOCKS:
        return _Spelling.drawn(str(_BLOCKS.index(character) + 1))
    if character in _QUARTERS:
        return _Spelling.drawn(_QUARTERS[character])
    plain = _plain(character)
    name = unicodedata.name(character, "")
    if name.startswith("GREEK") and "LETTER" in name:
        letter = name.split(" WITH ")[0].rpartition(" ")[2]
        return _Spelling(plain or letter[0].lower(), letter.lower() if "SMALL" in name else letter.capitalize())
    if plain:
        return _Spelling(plain[:cells].ljust(cells), plain.ljust(cells))
    if not cells:
        return _Spelling("", "")
    return _Spelling("?" * cells, character.encode("unicode_escape").decode("ascii"))


def _plain(character: str) -> str:
    """Return the ASCII that a letter or digit is made of without its accents; nothing where it is made of none."""
    return "".join(part for part in unicodedata.normalize("NFKD", character) if part.isascii())


def _wire(name: str) -> str:
    """Return the spelling of the box character of this name."""
    heavy = "HEAVY" in name or "DOUBLE" in name
    shape = name.split(" ")[-1]
    level, upright = "HORIZONTAL" in name, "VERTICAL" in name
    if (level and not upright and shape in ("HORIZONTAL", "DASHED")) or name.endswith("DASH HORIZONTAL"):
        return "." if "DASH" in name else "=" if heavy else "-"
    if upright and not level and shape == "VERTICAL":
        return ":" if "DASH" in name else "#" if heavy else "|"
    return "#" if heavy and "LIGHT" not in name and "SINGLE" not in name else "+"
