"""What an argument names: a scenario, by a path, as a bundled one or on standard input; or a command."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import bptui
from bptui.cli.dispatch import COMMANDS
from bptui.errors import BptuiError, Fault

if TYPE_CHECKING:
    from bptui.scenario.scenario import Scenario


def scenario(named: str) -> Scenario:
    """Return the scenario that a command-line argument names: `-`, a path, or a bundled name."""
    if named == "-":
        from bptui.files import reading
        from bptui.limits import in_force
        from bptui.scenario.document import Document
        from bptui.scenario.reading import read_scenario

        if sys.stdin is None or sys.stdin.isatty():
            raise BptuiError(Fault("`-` reads a scenario from standard input, and that is a terminal", "pipe one in"))
        with reading("standard input"):
            text = sys.stdin.buffer.read(in_force().file_bytes + 1)
        return read_scenario(Document.parse(text, name="<stdin>", folder=Path()))
    return bptui.load(found_file(named))


def found_file(named: str) -> Path:
    """Return the file that a command-line argument names, by its path or as a bundled scenario."""
    from bptui import bundled
    from bptui.text import nearest

    if not os.path.lexists(named) and bundled.path(named) is None:
        hint = "`bptui list` lists the bundled scenarios"
        if (close := nearest(named, bundled.names())) is not None:
            hint = f"did you mean the bundled scenario `{close}`?"
        elif (command := meant(named)) is not None:
            hint = f"did you mean the command `bptui {command}`?"
        raise BptuiError(Fault("there is no such file, and no bundled scenario of that name", hint, file=named))
    return bundled.found(named)


def meant(word: str) -> str | None:
    """Return the command that was likely meant by `word`, where no file and no bundled scenario has that name."""
    from bptui import bundled
    from bptui.text import nearest

    return None if os.path.lexists(word) or bundled.path(word) is not None else nearest(word, COMMANDS)
