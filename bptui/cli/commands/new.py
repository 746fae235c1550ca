"""`bptui new`: a commented scenario to begin with."""

from __future__ import annotations

from pathlib import Path

import bptui
from bptui.cli.dispatch import OK
from bptui.cli.parsing import new_parser
from bptui.cli.streams import say
from bptui.files import write_whole
from bptui.text import printable


def run(arguments: list[str]) -> int:
    parser = new_parser("new", "Write a commented starter scenario.")
    parser.add_argument("file", metavar="FILE", help="the file to write, which must not exist yet")
    options = parser.parse_args(arguments)
    write_whole(Path(options.file), (Path(bptui.__file__).parent / "starter.toml").read_text(encoding="utf-8"))
    named = printable(options.file)
    say(f"wrote {named}; open it with: bptui {named}")
    return OK
