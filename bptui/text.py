"""What a stranger's text may look like before it reaches a terminal: visible, of known width, without control bytes.

Names, titles and source lines come from files that anyone may have written. Every one of them passes through
`printable` before it is shown, so that no escape sequence, no line break and no right-to-left override of a file's
reaches the terminal, and `width` says how many cells the result takes.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable

_BEYOND_ASCII = re.compile(r"[^\n -~]")
_HIDDEN = frozenset({"Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"})
_BLANK = frozenset("\u034f\u115f\u1160\u17b4\u17b5\u3164\uffa0")
"""Letters and marks that nothing is drawn for."""


def printable(text: str, keep: str = "") -> str:
    """Return `text` with every control, format, blank, private or unassigned character written as an escape.

    `keep` names characters that stay as they are (`"\\n"` for a description of several lines).
    """
    if text.isascii() and text.isprintable():
        return text
    return "".join(
        character
        if character in keep or not _is_hidden(character)
        else character.encode("unicode_escape", "surrogatepass").decode("ascii")
        for character in text
    )


def _is_hidden(character: str) -> bool:
    return unicodedata.category(character) in _HIDDEN or character in _BLANK


def printable_json(text: str) -> str:
    """Return JSON text with the hidden characters in its strings as escapes: the same data, safe to show."""
    return _BEYOND_ASCII.sub(lambda match: _as_json(match[0]), text)


def _as_json(character: str) -> str:
    if not _is_hidden(character):
        return character
    units = character.encode("utf-16-be", "surrogatepass").hex()
    return "".join(f"\\u{units[at : at + 4]}" for at in range(0, len(units), 4))


def width(text: str) -> int:
    """Return the number of terminal cells that printable `text` takes: two for wide characters, none for combining."""
    return len(text) if text.isascii() else sum(map(_WIDTHS.__getitem__, text))


class _Widths(dict[str, int]):
    """The cells that each character takes, looked up in Unicode's tables once."""

    def __missing__(self, character: str) -> int:
        joined = unicodedata.category(character).startswith("M") or _JOINED_HANGUL.match(character) is not None
        wide = unicodedata.east_asian_width(character) in "WF"
        self[character] = found = 0 if joined else 2 if wide else 1
        return found


_JOINED_HANGUL = re.compile("[\u1160-\u11ff\ud7b0-\ud7ff]")
"""Vowels and final consonants, which share the cells of the syllable's first consonant."""


_WIDTHS = _Widths()


def fitting(text: str, most: int) -> int:
    """Return how many characters from the beginning of `text` take at most `most` cells."""
    for at, character in enumerate(text):
        most -= _WIDTHS[character]
        if most < 0:
            return at
    return len(text)


def nearest(word: str, words: Iterable[str]) -> str | None:
    """Return the one of `words` that `word` most likely meant, or None where nothing is close.

    That is the one that differs in case alone, else a close one, else the first of which `word` is the first part.
    """
    import difflib

    short, words = word[:80], list(words)
    folded = short.casefold()
    for other in words:
        if other.casefold() == folded:
            return other
    if matches := difflib.get_close_matches(short, words, n=1, cutoff=0.6):
        return matches[0]
    return next((other for other in words if other.casefold().startswith((f"{folded}_", f"{folded}-"))), None)


def did_you_mean(word: str, words: Iterable[str], otherwise: str | None = None) -> str:
    """Return the hint for a `word` that is none of `words`: the nearest of them, else `otherwise`, else all of them."""
    words = list(words)
    if (close := nearest(word, words)) is not None:
        return f"did you mean `{close}`?"
    return f"there are: {', '.join(words)}" if otherwise is None else otherwise


def counted(number: int, noun: str, plural: str | None = None) -> str:
    """Return `1 step`, `2 steps`, `1,000 steps`: a number with its noun."""
    return f"{number:,} {noun if number == 1 else plural or noun + 's'}"
