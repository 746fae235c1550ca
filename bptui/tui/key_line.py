"""The line of keys at the bottom: what can be pressed, and clicked; what does not fit is left out whole."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import ClassVar

from textual import events

from bptui.text import width as cells
from bptui.tui.commands import Command
from bptui.tui.one_line import OneLine, Part

_GAP = "  "


class KeyLine(OneLine):
    """Shows commands with the first of their keys, the most important first."""

    COMPONENT_CLASSES: ClassVar[set[str]] = {"key-line--key", "key-line--label"}

    def __init__(self, commands: Sequence[Command], *, id: str | None = None) -> None:
        """Show the commands that have a label, in this order.

        Where the line is too short, the first and the last three stay longest.
        """
        super().__init__(id=id)
        self._commands = [command for command in commands if command.label]

    def fitting(self, width: int) -> list[Command]:
        """Return the commands that have room in `width` cells."""
        shown = list(self._commands)
        leaving = [*reversed(shown[1:-3]), *shown[-3:-2], *shown[:1]]
        while leaving and sum(cells(_text(command)) + len(_GAP) for command in shown) + 1 - len(_GAP) > width:
            shown.remove(leaving.pop(0))
        return shown

    def parts(self, width: int) -> Iterable[Part]:
        yield " ", "key-line--label"
        for command in self.fitting(width):
            yield _key(command), "key-line--key"
            yield f" {command.label}{_GAP}", "key-line--label"

    def places(self) -> Iterator[tuple[Command, int, int]]:
        """Yield the commands shown, each with the first cell that it takes and the first that it does not."""
        at = 1
        for command in self.fitting(self.size.width):
            yield command, at, at + cells(_text(command))
            at += cells(_text(command)) + len(_GAP)

    async def on_click(self, event: events.Click) -> None:
        x = event.get_content_offset_capture(self).x
        for command, start, end in self.places():
            if start <= x < end:
                await self.app.run_action(command.action, self.screen.focused or self.screen)


def _key(command: Command) -> str:
    return command.shown.split(" ")[0]


def _text(command: Command) -> str:
    return f"{_key(command)} {command.label}"
