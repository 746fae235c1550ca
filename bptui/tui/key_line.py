"""The line of keys at the bottom: what can be pressed, and clicked; what does not fit is left out whole."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import ClassVar

from textual import events

from bptui.commands import Command
from bptui.keys import Keymap
from bptui.text import width as cells
from bptui.tui.configured import app_of
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
        self._panel: Sequence[Command] = ()

    def show(self, commands: Sequence[Command], panel: Sequence[Command]) -> None:
        """Show other commands; the keys that those of `panel` take are shown for no other."""
        self._commands = [command for command in commands if command.label]
        self._panel = panel
        self.refresh_changed()

    def _key(self, command: Command) -> str:
        """Return the first key of a command that the panel does not take."""
        shown = (app_of(self).keymap if self.is_attached else Keymap()).shown
        keys = shown(command).split(" ")
        taken = {key for other in self._panel if other is not command for key in shown(other).split(" ")}
        return next((key for key in keys if key not in taken), keys[0])

    def _text(self, command: Command) -> str:
        return f"{self._key(command)} {command.label}"

    def fitting(self, width: int) -> list[Command]:
        """Return the commands that have room in `width` cells."""
        shown = list(self._commands)
        leaving = [*reversed(shown[1:-3]), *shown[-3:-2], *shown[:1]]
        while leaving and sum(cells(self._text(command)) + len(_GAP) for command in shown) + 1 - len(_GAP) > width:
            shown.remove(leaving.pop(0))
        return shown

    def parts(self, width: int) -> Iterable[Part]:
        yield " ", "key-line--label"
        for command in self.fitting(width):
            yield self._key(command), "key-line--key"
            yield f" {command.label}{_GAP}", "key-line--label"

    def places(self) -> Iterator[tuple[Command, int, int]]:
        """Yield the commands shown, each with the first cell that it takes and the first that it does not."""
        at = 1
        for command in self.fitting(self.size.width):
            yield command, at, at + cells(self._text(command))
            at += cells(self._text(command)) + len(_GAP)

    async def on_click(self, event: events.Click) -> None:
        x = event.get_content_offset_capture(self).x
        for command, start, end in self.places():
            if start <= x < end:
                await self.app.run_action(command.action, self.screen.focused or self.screen)
