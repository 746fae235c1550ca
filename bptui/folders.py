"""The folders that the platform has for a program's own files."""

from __future__ import annotations

from pathlib import Path


def settings_folder() -> Path:
    """Return the folder of the settings: on Linux `~/.config/bptui`, where `XDG_CONFIG_HOME` does not say else."""
    from platformdirs import user_config_path

    return user_config_path("bptui", appauthor=False)


def state_folder() -> Path:
    """Return the folder of what is remembered: on Linux `~/.local/state/bptui`, or as `XDG_STATE_HOME` says."""
    from platformdirs import user_state_path

    return user_state_path("bptui", appauthor=False)
