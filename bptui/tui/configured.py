"""What the parts of the app know of it: the reader's settings, walks, and the way out.

Settings are keys, theme, ASCII or not. What is changed in the app is written back.
"""

from __future__ import annotations

import os
from abc import abstractmethod
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, ClassVar

from textual.dom import DOMNode
from textual.filter import ANSIToTruecolor, LineFilter, Monochrome
from textual.notifications import SeverityLevel
from textual.scrollbar import ScrollBar, ScrollBarRender
from textual.theme import Theme

from bptui.commands import COMMANDS
from bptui.errors import BptuiError
from bptui.keys import Keymap
from bptui.settings import Settings, remember
from bptui.text import printable
from bptui.tui.filters import ASCII, COLOURLESS
from bptui.tui.themes import THEMES
from bptui.tui.typed_ahead import TypedAhead

if TYPE_CHECKING:
    from bptui.trace.record import Trace
    from bptui.tui.walk_part import WalkPart


class _WholeCells(ScrollBarRender):
    """A scrollbar whose thumb is made of whole cells: it is seen without colour, and needs no character of its own."""

    VERTICAL_BARS: ClassVar[list[str]] = [" "]
    HORIZONTAL_BARS: ClassVar[list[str]] = [" "]


class ConfiguredApp(TypedAhead, inherit_bindings=False):
    """Holds the settings in force."""

    NOTIFICATION_TIMEOUT = 4

    @abstractmethod
    def walk(self, trace: Trace, source: str) -> WalkPart:
        """Begin a walk through `trace`, in place of the present one, and return its screen."""

    @abstractmethod
    def leave(self, status: int) -> None:
        """Leave the app with this exit status."""

    @abstractmethod
    def answer_or_end(self, status: int) -> None:
        """From another thread: end the process with this status where the app does not come to what was just sent."""

    @property
    def is_left(self) -> bool:
        """Whether the app is being left, or was."""
        return self._exit or not self.is_running

    def __init__(self, settings: Settings | None = None, settings_file: Path | None = None) -> None:
        """Begin with `settings`; what the reader changes is written into `settings_file`, where there is one."""
        super().__init__()
        self.settings = settings or Settings()
        self._settings_file = settings_file
        self._said = False
        """Whether something was said in passing, and no key pressed since."""
        self.no_color = bool(os.environ.get("NO_COLOR"))
        ScrollBar.renderer = _WholeCells
        for name in list(self.available_themes):
            self.unregister_theme(name)
        for theme in THEMES.values():
            self.register_theme(theme)
        self.theme = self.settings.theme
        self.set_keymap({identity: ",".join(keys) for identity, keys in self.settings.keys.items()})

    def on_mount(self) -> None:
        self.theme_changed_signal.subscribe(self, self._theme_changed)

    def notify(
        self,
        message: str,
        *,
        title: str = "",
        severity: SeverityLevel = "information",
        timeout: float | None = None,
        markup: bool = False,
    ) -> None:
        """Say something in passing."""
        super().notify(message, title=title, severity=severity, timeout=timeout, markup=markup)

    def on_notify(self) -> None:
        """Let what is said stand in the place of what was said before."""
        self.clear_notifications()
        self._said = True

    def say_no_more(self) -> None:
        """Take away what was said in passing: the reader goes on."""
        if self._said:
            self._said = False
            self.clear_notifications()

    @property
    def keymap(self) -> Keymap:
        """The keys of all commands."""
        return self.settings.keymap

    def set_setting(self, key: str, value: str | bool | float) -> None:
        """Change a setting, from now on and for the next time."""
        if getattr(self.settings, key) == value:
            return
        self.settings = self.settings.having(key, value)
        if self._settings_file is None:
            return
        try:
            remember(self._settings_file, key, value)
        except BptuiError as error:
            self.notify(printable(str(error), keep="\n"), title="Not remembered", severity="warning")

    def _theme_changed(self, theme: Theme) -> None:
        self.set_setting("theme", theme.name)

    def action_toggle_ascii(self) -> None:
        """Draw in ASCII alone, or no longer."""
        self.set_setting("ascii", not self.settings.ascii)
        for screen in self.screen_stack:
            for widget in (screen, *screen.query()):
                widget.refresh()  # what was drawn is kept as it was spelled

    def get_line_filters(self) -> Sequence[LineFilter]:
        # no theme of ours has the terminal's own colours, so there are none to be turned into others
        ours = (Monochrome, ANSIToTruecolor)
        filters = [one for one in super().get_line_filters() if not isinstance(one, ours)]
        if self.no_color:
            filters = [COLOURLESS]
        return [*filters, ASCII] if self.settings.ascii else filters


def key(node: DOMNode, identity: str) -> str:
    """Return the first key of a command as it is printed in the app that `node` belongs to."""
    return app_of(node).keymap.first(COMMANDS[identity])


def app_of(node: DOMNode) -> ConfiguredApp:
    """Return the app that `node` belongs to, with its settings and keys."""
    assert isinstance(node.app, ConfiguredApp)
    return node.app
