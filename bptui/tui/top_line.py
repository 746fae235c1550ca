"""The top line: what is open on the left, where the walk is on the right."""

from __future__ import annotations

from collections.abc import Iterable
from typing import ClassVar

from bptui.text import width as cells
from bptui.tui.one_line import OneLine, Part
from bptui.tui.shortening import cut


class TopLine(OneLine):
    """Shows a title and some facts; on a narrow screen the first facts give way, then the title is cut."""

    COMPONENT_CLASSES: ClassVar[set[str]] = {"top-line--title", "top-line--fact", "top-line--rule"}

    def __init__(self, title: str, *, id: str | None = None) -> None:
        super().__init__(id=id)
        self._title = title
        self._facts: tuple[str, ...] = ()

    def show(self, *facts: str) -> None:
        """Show these facts, the most important last."""
        self._facts = facts
        self.refresh_changed()

    def parts(self, width: int) -> Iterable[Part]:
        facts = list(self._facts)
        while len(facts) > 1 and cells(" │ ".join(facts)) + min(cells(self._title), width // 5) + 4 > width:
            facts.pop(0)
        room = width - cells(" │ ".join(facts)) - 4
        title = cut(self._title, max(0, room)).rstrip()
        yield f" {title}", "top-line--title"
        yield " " * (width - 2 - cells(title) - cells(" │ ".join(facts))), "top-line--title"
        for at, fact in enumerate(facts):
            if at:
                yield " │ ", "top-line--rule"
            yield fact, "top-line--fact"
        yield " ", "top-line--fact"
