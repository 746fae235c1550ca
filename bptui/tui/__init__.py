"""The app in the terminal: walk through a trace step by step, element by element.

Importing this loads no Textual; `show` and `open_app` do, once there is a terminal to open in.
"""

from __future__ import annotations

import sys
from collections.abc import Sequence
from typing import TYPE_CHECKING

from bptui.errors import BptuiError, Fault

if TYPE_CHECKING:
    from bptui.trace.breakpoints import Breakpoint
    from bptui.trace.record import Trace
    from bptui.tui.loading import Opening


def show(trace: Trace) -> None:
    """Open the app on `trace`; returns when it is left. Raises BptuiError where there is no terminal."""
    open_app(trace, source="")


def open_app(
    trace: Trace | None,
    *,
    source: str,
    breakpoints: Sequence[Breakpoint] = (),
    ascii: bool = False,
    symbolic: bool = False,
    faulty: BptuiError | None = None,
    opening: Opening | None = None,
) -> int:
    """Open the app on `trace`, or on the list of bundled scenarios, and return the exit status: 0, 130, 143 or 129.

    `source` is what the trace was opened from, a path or a bundled name; names of exports are made from it.
    With `breakpoints` the walk begins at the first step that one of them stops at; with `ascii` all is drawn in ASCII,
    with `symbolic` the walk is in symbols.

    With `faulty` the app opens on what is wrong with the file `source`, and reads it again when it is mended. With
    `opening`, in place of `trace`, the app is there first, and reads the scenario then.

    Raises BptuiError where standard input or output is no terminal, where the app stops on a fault of its own, and
    where it cannot open what it was asked to; the terminal is then as it was before.
    """
    for stream, name in ((sys.__stdin__, "standard input"), (sys.__stdout__, "standard output")):
        if stream is None or stream.closed or not stream.isatty():
            raise BptuiError(Fault(f"the app needs a terminal, and {name} is none", "`bptui export` writes the trace"))
    from bptui.tui.running import run_app

    return run_app(trace, source, breakpoints, ascii, symbolic, faulty, opening)
