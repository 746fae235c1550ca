"""`bptui keys`: the app's commands with their keys."""

from __future__ import annotations

import sys

from bptui.cli.dispatch import OK
from bptui.cli.parsing import new_parser
from bptui.cli.streams import say


def run(arguments: list[str]) -> int:
    new_parser("keys", "List the app's commands with their keys, as the settings file names them.").parse_args(
        arguments
    )
    from bptui.commands import COMMANDS
    from bptui.settings import read_settings, settings_path

    path = settings_path()
    settings, refused = read_settings(path)
    rows = [(name, " ".join(settings.keymap.of(command)), command.title) for name, command in COMMANDS.items()]
    widths = [max(len(row[at]) for row in rows) for at in (0, 1)]
    for name, keys, title in rows:
        sys.stdout.write(f"{name:<{widths[0]}}  {keys:<{widths[1]}}  {title}\n")
    say(str(refused) if refused is not None else f"the settings stand in: {path}")
    return OK
