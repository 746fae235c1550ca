"""The command palette: every command by name, before anything is typed in the order of the help."""

from __future__ import annotations

from textual.command import CommandList, CommandPalette, DiscoveryHit, Hits
from textual.system_commands import SystemCommandsProvider


class Palette(SystemCommandsProvider):
    """Offers the app's commands."""

    async def discover(self) -> Hits:
        for title, keys, run, _ in self.app.get_system_commands(self.screen):
            yield DiscoveryHit(title, run, help=keys)


class PaletteScreen(CommandPalette):
    """Lists the commands; in a list that has no room, or not yet, Textual's own fails to move by a page."""

    def _action_command_list(self, action: str) -> None:
        if self.query_one(CommandList).scrollable_content_region or not action.startswith("page"):
            super()._action_command_list(action)
