"""Commands as Textual's bindings."""

from __future__ import annotations

from collections.abc import Iterable

from textual.binding import Binding, BindingType

from bptui.commands import Command


def bindings(*groups: Iterable[Command]) -> list[BindingType]:
    """Return the commands as bindings, each with its id, so that a keymap can give it other keys."""
    return [
        Binding(command.keys, command.action, command.title, show=False, id=command.id, priority=command.priority)
        for group in groups
        for command in group
    ]
