"""Keys: the names that a settings file may use, and how they are printed.

A key is a character (`n`, `?`), a name (`right`, `pageup`, `f5`), or one of these behind `ctrl+`, `alt+` or `shift+`.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable, Mapping

from bptui.commands import SCOPES, Command

_NAMES = {
    "left": "←", "right": "→", "up": "↑", "down": "↓", "home": "Home", "end": "End", "pageup": "PageUp",
    "pagedown": "PageDown", "enter": "⏎", "escape": "Esc", "tab": "Tab", "space": "Space", "backspace": "Backspace",
    "delete": "Del", "insert": "Ins", **{f"f{number}": f"F{number}" for number in range(1, 25)},
}  # fmt: skip
"""Keys that are no characters, with what is printed for them."""

_WORDS = {"←": "Left", "→": "Right", "↑": "Up", "↓": "Down", "⏎": "Enter"}
"""What is printed where there is only ASCII."""

_MODIFIERS = ("ctrl", "alt", "shift")

_RENAMED = {
    "solidus": "slash", "reverse_solidus": "backslash", "commercial_at": "at", "hyphen_minus": "minus",
    "plus_sign": "plus", "low_line": "underscore",
}  # fmt: skip
"""Characters that terminals' libraries know under a name other than Unicode's."""


def key_name(key: str) -> str | None:
    """Return the name under which the terminal reports a key (`?` is `question_mark`); None where it is no key."""
    if len(key) == 1:
        return _character_name(key)
    *modifiers, last = key.split("+") if not key.endswith("++") else [*key[:-2].split("+"), "+"]
    if any(one not in _MODIFIERS for one in modifiers) or len(set(modifiers)) != len(modifiers):
        return None
    if last in _NAMES or last in _characters():
        name: str | None = last
    else:
        name = _character_name(last) if len(last) == 1 else None
    return None if name is None else "+".join([*modifiers, name])


def printed(key: str) -> str:
    """Return a key as it is printed: `→` for `right`, `?` for `question_mark`."""
    *modifiers, last = key.split("+")
    return "+".join([*modifiers, _NAMES.get(last) or _characters().get(last, last)])


def _character_name(character: str) -> str | None:
    if character.isalnum():
        return character
    if character == " " or not character.isprintable():
        return "space" if character == " " else None
    name = unicodedata.name(character, "").lower().replace(" ", "_").replace("-", "_")
    return _RENAMED.get(name, name) or None


def _characters() -> Mapping[str, str]:
    """Return the printed character of every key that has a name for one."""
    return {name: one for one in map(chr, range(33, 127)) if (name := _character_name(one)) is not None and name != one}


class Keymap:
    """The keys that commands have: their own, or those that the reader has given them."""

    def __init__(self, keys: Mapping[str, tuple[str, ...]] | None = None, ascii: bool = False) -> None:
        self.keys = dict(keys or {})
        """The keys given, by a command's id."""
        self.ascii = ascii
        """Whether keys are printed in words where there is no character for them in ASCII."""

    def of(self, command: Command) -> tuple[str, ...]:
        """Return the names of a command's keys."""
        return self.keys.get(command.id) or tuple(command.keys.split(","))

    def shown(self, command: Command) -> str:
        """Return a command's keys as they are printed, with blanks between them."""
        given = self.keys.get(command.id)
        text = " ".join(map(printed, given)) if given else command.shown
        if self.ascii:
            for glyph, word in _WORDS.items():
                text = text.replace(glyph, word)
        return text

    def first(self, command: Command) -> str:
        """Return the first of a command's keys as it is printed."""
        return self.shown(command).partition(" ")[0]

    def clashes(self) -> Iterable[tuple[Command, Command, str]]:
        """Yield every two commands that have a key in common in the same place, one of them by being given it."""
        for scope in SCOPES:
            taken: dict[str, Command] = {}
            for command in scope:
                for key in self.of(command):
                    other = taken.setdefault(key, command)
                    if other is not command:
                        yield (other, command, key) if command.id not in self.keys else (command, other, key)
