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
    """Lists the commands; Textual's own fails where its list is not there yet, or no longer, or has no room."""

    def _action_command_list(self, action: str) -> None:
        found = self.query(CommandList)
        if found and (found.first().scrollable_content_region or not action.startswith("page")):
            super()._action_command_list(action)

    def _watch__list_visible(self) -> None:
        if self.query(CommandList):
            super()._watch__list_visible()

    async def _watch__show_busy(self) -> None:
        if self.query(CommandList):
            await super()._watch__show_busy()
