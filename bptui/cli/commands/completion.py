"""`bptui completion`: what a shell completes, from the commands' own parsers."""

from __future__ import annotations

import sys

from bptui import bundled
from bptui.cli.commands.check import REPORTS
from bptui.cli.dispatch import COMMANDS, OK, run_command
from bptui.cli.parsing import ITSELF, Asked, new_parser
from bptui.completion import FILES, SHELLS, Choice, Command, script
from bptui.errors import BptuiError, Fault
from bptui.limits import NAMES
from bptui.text import did_you_mean


def run(arguments: list[str]) -> int:
    parser = new_parser(
        "completion", "Print the completion of commands, options and scenarios, for a shell to evaluate."
    )
    parser.add_argument("shell", metavar="SHELL", help="bash, zsh or fish")
    options = parser.parse_args(arguments)
    if options.shell not in SHELLS:
        raise BptuiError(Fault(f"there is no completion for `{options.shell}`", did_you_mean(options.shell, SHELLS)))
    sys.stdout.write(script(options.shell, [_described(name) for name in ("", *COMMANDS)]))
    return OK


def _described(name: str) -> Command:
    """Return what completion needs to know of a command: its options, and what may stand where."""
    from bptui.exporting import FORMATS
    from bptui.ops import CALLABLE

    values = {
        "FORMAT": REPORTS if name == "check" else tuple(FORMATS),
        "SCENARIO": (*bundled.names(), FILES),
        "FILE": (FILES,),
        "NAME": tuple(CALLABLE),
        "NAME=VALUE": tuple(f"{one}=" for one in NAMES),
        "SHELL": SHELLS,
    }
    try:
        run_command([name, ITSELF] if name else [ITSELF])
    except Asked as asked:
        parser = asked.parser
    choices = tuple(
        Choice(
            tuple(action.option_strings),
            action.help or "",
            values.get(str(action.metavar), ()) if action.nargs != 0 else None,
        )
        for action in parser._actions
    )
    return Command(name, parser.description or "", choices)
