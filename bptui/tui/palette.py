"""The command palette: every command by name, before anything is typed in the order of the help."""

from __future__ import annotations

from textual.command import DiscoveryHit, Hits
from textual.system_commands import SystemCommandsProvider


class Palette(SystemCommandsProvider):
    """Offers the app's commands."""

    async def discover(self) -> Hits:
        for title, keys, run, _ in self.app.get_system_commands(self.screen):
            yield DiscoveryHit(title, run, help=keys)
