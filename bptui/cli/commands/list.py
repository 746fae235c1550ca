"""`bptui list`: the bundled scenarios."""

from __future__ import annotations

import sys

import bptui
from bptui import bundled
from bptui.cli.dispatch import OK
from bptui.cli.parsing import new_parser
from bptui.text import printable


def run(arguments: list[str]) -> int:
    new_parser("list", "List the bundled scenarios.").parse_args(arguments)
    names = bundled.names()
    widest = max((len(name) for name in names), default=0)
    for name in names:
        sys.stdout.write(f"{name:<{widest}}  {printable(bptui.load(name).title)}\n")
    return OK
