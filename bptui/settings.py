"""The reader's settings: a TOML file at the platform's place for it, in which every key may be left out.

    theme = "light"
    [keys]
    walk.next = ["l", "right"]

A fault in it never keeps bptui from opening: what is sound is used, and every fault is told with its place.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from msgspec import Struct, field
from msgspec.structs import replace

from bptui.commands import COMMANDS
from bptui.errors import BptuiError, Fault
from bptui.files import reason, write_whole
from bptui.folders import settings_folder
from bptui.keys import Keymap, key_name, printed
from bptui.scenario.document import Document
from bptui.text import did_you_mean

THEMES = ("dark", "light", "blue-orange", "blue-orange-light")
"""The themes; the two of blue and orange are told apart by people who do not see red and green as two."""

SPEEDS = (0.5, 1.0, 2.0, 4.0, 8.0, 16.0)
"""How many steps a second autoplay can take."""

ENVIRONMENT = "BPTUI_SETTINGS"
"""The variable that names another file."""


class Settings(Struct, frozen=True):
    """What can be set; each field is a key of the file."""

    theme: str = "dark"
    ascii: bool = False
    """Whether everything is drawn in ASCII."""
    speed: float = 1.0
    """How many steps a second autoplay begins with."""
    graph: bool = True
    """Whether the walk opens with the graph beside it, where there is room."""
    wires: bool = True
    """Whether wires are drawn at steps that only move elements."""
    description: bool = True
    """Whether a scenario opens on its description."""
    keys: dict[str, tuple[str, ...]] = field(default_factory=dict)
    """By a command's id: the keys that it has in place of its own."""

    def having(self, key: str, value: Any) -> Settings:
        """Return these settings with another value for `key`."""
        changes: dict[str, Any] = {key: value}
        return replace(self, **changes)

    @property
    def keymap(self) -> Keymap:
        """The keys of all commands."""
        return Keymap(self.keys, self.ascii)


NAMES = Settings.__struct_fields__


def settings_path() -> Path:
    """Return where the settings stand: the file that BPTUI_SETTINGS names, or the platform's place."""
    if named := os.environ.get(ENVIRONMENT):
        return Path(named)
    return settings_folder() / "settings.toml"


def read_settings(path: Path) -> tuple[Settings, BptuiError | None]:
    """Return the settings in a file, and what is wrong with it; without the file, the settings that hold anyway."""
    if not os.path.exists(path):
        return Settings(), None
    try:
        document = Document.read(path, may_be_empty=True)
    except BptuiError as error:
        return Settings(), error
    settings = Settings()
    for key, value in document.data.items():
        if key == "keys":
            settings = settings.having("keys", _keys(document, value))
        elif key in NAMES:
            fault = _fault(key, value)
            if fault is None:
                settings = settings.having(key, float(value) if key == "speed" else value)
            else:
                document.fault((key,), *fault)
        else:
            document.fault((key,), f"there is no setting `{key}`", did_you_mean(key, NAMES), on="key")
    faults = document.faults
    return settings, BptuiError(faults) if faults else None


def remember(path: Path, key: str, value: str | bool | float) -> None:
    """Write one setting into the file, and leave everything else in it as it stands.

    Raises BptuiError where it cannot be written, or where the file is no TOML.
    """
    written = (
        f'"{value}"' if isinstance(value, str) else str(value).lower() if isinstance(value, bool) else f"{value:g}"
    )
    if not os.path.exists(path):
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
        except OSError as fault:
            raise BptuiError(Fault(f"cannot make its folder: {reason(fault)}", file=str(path))) from None
        write_whole(path, f"{key} = {written}\n")
        return
    document = Document.read(path, may_be_empty=True)
    span = document.span((key,)) if key in document.data else None
    text = document.text
    start, end = span or (0, 0)  # a new one stands on top, above the first table
    write_whole(path, text[:start] + (written if span else f"{key} = {written}\n") + text[end:], force=True)


def _fault(key: str, value: Any) -> tuple[str, str] | None:
    """Return what is wrong with a setting, and what to do; None where nothing is."""
    if key == "theme":
        if value in THEMES:
            return None
        return "there is no such theme", did_you_mean(value if isinstance(value, str) else "", THEMES)
    if key == "speed":
        if not isinstance(value, bool) and value in SPEEDS:
            return None
        return (
            "this is no speed of autoplay",
            f"there are: {', '.join(f'{speed:g}' for speed in SPEEDS)} steps a second",
        )
    return None if isinstance(value, bool) else (f"`{key}` is either true or false", "")


def _keys(document: Document, table: Any) -> dict[str, tuple[str, ...]]:
    """Return the keys that commands are given, without those that cannot be."""
    if not isinstance(table, dict):
        document.fault(("keys",), "this is no table", 'write `[keys]`, and below it `walk.next = "l"`')
        return {}
    keys: dict[str, tuple[str, ...]] = {}
    paths: dict[str, tuple[str, ...]] = {}
    for path, value in _flat(table):
        identity = ".".join(path)
        if identity not in COMMANDS:
            hint = did_you_mean(identity, COMMANDS, "`bptui keys` lists them")
            document.fault(("keys", *path), f"there is no command `{identity}`", hint, on="key")
            continue
        names = _names(document, ("keys", *path), value)
        if names:
            keys[identity], paths[identity] = names, ("keys", *path)
    while clashes := [clash for clash in Keymap(keys).clashes() if clash[0].id in keys]:
        for given, other, key in clashes:
            message = f"`{printed(key)}` is the key of {other.id} already ({other.title[:1].lower()}{other.title[1:]})"
            document.fault(paths[given.id], message, f"choose another key, or give {other.id} another one too")
            keys.pop(given.id, None)
    return keys


def _flat(table: dict[str, Any], path: tuple[str, ...] = ()) -> Iterator[tuple[tuple[str, ...], Any]]:
    """Yield what stands in a table and in those within it, with the keys that lead there."""
    for key, value in table.items():
        if isinstance(value, dict):
            yield from _flat(value, (*path, key))
        else:
            yield (*path, key), value


def _names(document: Document, path: tuple[str, ...], value: Any) -> tuple[str, ...]:
    """Return the names of the keys in `value`, one or a list; collects a fault for each that is none."""
    listed = value if isinstance(value, list) else [value]
    if not listed:
        document.fault(path, "a command needs a key", 'write one, such as "n", or leave the line out')
    names = []
    for at, key in enumerate(listed):
        name = key_name(key) if isinstance(key, str) else None
        if name is not None:
            names.append(name)
        else:
            where: tuple[str | int, ...] = (*path, at) if isinstance(value, list) else path
            hint = 'a key is a character, "right", "pageup", "f5" …, or one of these behind "ctrl+", "alt+" or "shift+"'
            document.fault(where, "this is no key", hint)
    return tuple(names) if len(names) == len(listed) else ()
