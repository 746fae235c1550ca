"""The text of a scenario file, and faults that point into it.

Offsets count characters of the text, in which a line ends with a line feed alone; lines and columns count from 1.
"""

from __future__ import annotations

from bisect import bisect_right
from functools import cached_property

from bptui.errors import Fault

Span = tuple[int, int]
"""Where something stands in a text: the offset of its first character, and the offset after its last."""


class Source:
    """A text with the name under which faults show it."""

    def __init__(self, name: str, text: str) -> None:
        self.name = name
        self.text = text

    @cached_property
    def lines(self) -> list[str]:
        """The lines, without their ends."""
        return self.text.split("\n")

    @cached_property
    def _starts(self) -> list[int]:
        starts, at = [], 0
        for line in self.lines:
            starts.append(at)
            at += len(line) + 1
        return starts

    def line_of(self, offset: int) -> int:
        """Return the line in which `offset` lies, from 1."""
        return bisect_right(self._starts, offset)

    def offset_of(self, line: int, column: int) -> int:
        """Return the offset of a line and a column, both from 1."""
        return self._starts[line - 1] + column - 1

    def rest_of_line(self, offset: int) -> str:
        """Return what stands from `offset` to the end of its line."""
        end = self.text.find("\n", offset)
        return self.text[offset:] if end < 0 else self.text[offset:end]

    def fault(self, message: str, hint: str = "", span: Span | None = None) -> Fault:
        """Return a fault that underlines `span`, as far as it lies in one line; without one, of the whole file."""
        if span is None:
            return Fault(message, hint, self.name)
        start, end = span
        line = self.line_of(start)
        source = self.lines[line - 1]
        column = start - self._starts[line - 1] + 1
        length = max(1, min(end - start, len(source) - column + 1))
        return Fault(message, hint, self.name, line, column, length, source)
