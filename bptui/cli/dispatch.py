"""The commands by name; each is a module of its own, imported when it is run."""

from __future__ import annotations

from importlib import import_module

OK, WRONG, BAD = 0, 1, 2
"""The exit statuses: all is well, a check failed, the input is at fault."""

COMMANDS = ("export", "check", "list", "ops", "keys", "schema", "new", "completion")


def run_command(arguments: list[str]) -> int:
    """Run the command that the first argument names, else open what it names; returns the exit status."""
    name = arguments[0] if arguments and arguments[0] in COMMANDS else ""
    status: int = import_module(f"bptui.cli.commands.{name or 'open'}").run(arguments[1:] if name else arguments)
    return status
