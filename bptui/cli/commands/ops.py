"""`bptui ops`: the operations with their derivatives."""

from __future__ import annotations

import sys

from bptui.cli.dispatch import OK
from bptui.cli.parsing import new_parser


def run(arguments: list[str]) -> int:
    parser = new_parser("ops", "List the operations with their derivatives and conventions.")
    parser.add_argument("name", nargs="?", metavar="NAME", help="show this operation alone")
    options = parser.parse_args(arguments)
    from bptui.exporting.operations import operations_text

    sys.stdout.write(operations_text(options.name))
    return OK
