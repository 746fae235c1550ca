"""Faults: what is wrong, where it stands, and what to do about it. One exception carries all faults of one input.

A fault is data. Whoever finds one says what it is and where (a file, a line, a column and a length, all counted from
1 and in characters); the one place that turns it into text is here, so the command line, the app and Python's
traceback show the same words.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from bptui.text import printable, width

SHOWN_IN_FULL = 20
"""How many faults of one input are written out; of the others only the number is given."""

_CONTEXT = 96
"""How many characters of a source line are shown around the caret."""

_LONGEST = 4096
"""How many characters of a place or a message are shown: as many as a path may have."""


class Fault(NamedTuple):
    """One fault of one input.

    `line` and `column` count from 1, in characters of the decoded text; both are None where the fault concerns the
    file as a whole. `length` is how many characters the caret underlines. `source` is the whole source line.
    """

    message: str
    hint: str = ""
    file: str = ""
    line: int | None = None
    column: int | None = None
    length: int = 1
    source: str = ""

    def __str__(self) -> str:
        place = _bounded(printable(self.file))
        if self.line is not None:
            place += f":{self.line}:{self.column or 1}"
        said = _bounded(printable(self.message))
        lines = [f"{place}: {said}" if place else said]
        if self.line is not None and self.source:
            lines += self._pointed()
        if self.hint:
            lines += ["  " + line for line in printable(self.hint, keep="\n").split("\n")]
        return "\n".join(lines)

    def _pointed(self) -> list[str]:
        """Return the source line and, below it, the caret: a window of it where the line is long."""
        at = (self.column or 1) - 1
        start = max(0, at - _CONTEXT // 2) if len(self.source) > _CONTEXT else 0
        end = start + _CONTEXT
        before = printable(self.source[start:at].replace("\t", " "))
        marked = printable(self.source[at : min(at + max(1, self.length), end)].replace("\t", " "))
        after = printable(self.source[at + max(1, self.length) : end].replace("\t", " "))
        head = "…" if start else ""
        tail = "…" if len(self.source) > end else ""
        margin = f"  {self.line} | "
        caret = " " * (width(margin) - 2) + "| " + " " * width(head + before) + "^" * max(1, width(marked))
        return [f"{margin}{head}{before}{marked}{after}{tail}".rstrip(), caret]


def _bounded(text: str) -> str:
    """Return `text`, without its middle where it is longer than any path or sentence."""
    return text if len(text) <= _LONGEST else f"{text[: _LONGEST // 2]}…{text[-_LONGEST // 2 :]}"


class BptuiError(ValueError):
    """What every fault of a scenario, a file or a request is raised as; its text names each fault.

    `faults` holds them all in the order of the file; `line` and `column` are those of the first one that has a place.
    """

    def __init__(self, faults: Sequence[Fault] | Fault | str) -> None:
        if isinstance(faults, str):
            faults = Fault(faults)
        self.faults: tuple[Fault, ...] = (faults,) if isinstance(faults, Fault) else tuple(faults)
        placed = next((fault for fault in self.faults if fault.line is not None), None)
        self.line: int | None = placed.line if placed else None
        self.column: int | None = placed.column if placed else None
        super().__init__(self._text())

    def _text(self) -> str:
        shown = [str(fault) for fault in self.faults[:SHOWN_IN_FULL]]
        rest = len(self.faults) - SHOWN_IN_FULL
        if rest > 0:
            shown.append(f"… and {rest} more {'fault' if rest == 1 else 'faults'}.")
        return "\n".join(shown)
