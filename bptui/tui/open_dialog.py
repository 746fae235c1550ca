"""Open a scenario file by its path."""

from __future__ import annotations

import os
from pathlib import Path

from bptui.text import printable
from bptui.tui.file_dialog import FileDialog


class OpenScreen(FileDialog[Path | None]):
    """Asks for a scenario file; gives its path."""

    heading, does = "Open a scenario", "Open"
    suffixes = (".toml",)

    async def use(self, path: Path) -> None:
        """Give the path of a file that is there."""
        if not os.path.isfile(path):
            self.say(f"{printable(str(path))} is {'a folder' if os.path.isdir(path) else 'no file'}.")
        else:
            self.dismiss(path)
