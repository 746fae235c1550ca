"""Commands as Textual's bindings."""

from __future__ import annotations

from collections.abc import Iterable
from typing import ClassVar

from textual.binding import Binding, BindingType

from bptui.commands import APP, Command

PALETTE = APP[:1]


class Offering:
    """A screen whose own commands the palette offers while it is open."""

    OFFERED: ClassVar[tuple[Command, ...]]


def bindings(*groups: Iterable[Command]) -> list[BindingType]:
    """Return the commands as bindings, each with its id, so that a keymap can give it other keys."""
    return [
        Binding(command.keys, command.action, command.title, show=False, id=command.id, priority=command.priority)
        for group in groups
        for command in group
    ]
