"""The scenario files opened last: a short list in the platform's place for an app's state.

It is a convenience. Where it cannot be read or written there is none, and nobody is told.
"""

from __future__ import annotations

import json
import os
from pathlib import Path

from bptui.errors import BptuiError
from bptui.files import FileFault, read_ordinary, write_whole
from bptui.folders import state_folder

KEPT = 12
"""How many files are remembered."""

_BYTES = 1 << 16


def recent_path() -> Path:
    """Return where the list stands."""
    return state_folder() / "recent.json"


def read_recent(path: Path) -> list[Path]:
    """Return the files on the list that are still there, the newest first."""
    try:
        listed = json.loads(read_ordinary(path, _BYTES))
    except (FileFault, ValueError, RecursionError):
        return []
    if not isinstance(listed, list):
        return []
    files = [Path(one) for one in listed[:KEPT] if isinstance(one, str) and "\0" not in one]
    return [file for file in files if file.is_absolute() and os.path.isfile(file)]


def add_recent(path: Path, scenario: Path) -> None:
    """Put a file on top of the list."""
    try:
        file = scenario.parent.resolve() / scenario.name  # the same, whichever way it was named
        listed = [file, *(one for one in read_recent(path) if one != file)][:KEPT]
        path.parent.mkdir(parents=True, exist_ok=True)
        write_whole(path, json.dumps([str(one) for one in listed], indent=1) + "\n", force=True)
    except (OSError, BptuiError):
        return
