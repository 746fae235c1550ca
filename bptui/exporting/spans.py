"""A line of words, code and formulas, whatever the format."""

from __future__ import annotations

from collections.abc import Callable, Iterable

from bptui.formula.tree import Tree
from bptui.present.document import Code, Span


def line_of(
    spans: Iterable[Span], words: Callable[[str], str], code: Callable[[str], str], formula: Callable[[Tree], str]
) -> str:
    """Return a line, of functions that write what stands in it."""
    return "".join(
        words(span) if isinstance(span, str) else code(span.text) if isinstance(span, Code) else formula(span)
        for span in spans
    )
