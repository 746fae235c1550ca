"""Exports: one writer a format, all over the same trace and presentation. Files are written whole or not at all."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from bptui.errors import BptuiError, Fault
from bptui.exporting.files import CHOOSE, write_whole
from bptui.exporting.json import write_json
from bptui.exporting.text import write_text
from bptui.text import nearest
from bptui.trace.record import Trace

FORMATS: dict[str, Callable[[Trace], str]] = {"text": write_text, "json": write_json}
"""The writers by the name of their format."""

SUFFIXES = {"text": ".txt", "json": ".json"}
"""How the name of a file in each format ends."""


def write(trace: Trace, format: str) -> str:
    """Return the trace in one of FORMATS; raises BptuiError for any other."""
    writer = FORMATS.get(format)
    if writer is None:
        close = nearest(format, FORMATS)
        hint = f"did you mean `{close}`?" if close else "there are: " + ", ".join(FORMATS)
        raise BptuiError(Fault(f"unknown format `{format}`", hint))
    return writer(trace)


def write_file(trace: Trace, format: str, path: Path, force: bool = False, remedy: str = CHOOSE) -> None:
    """Write the trace to `path`, whole or not at all.

    Raises BptuiError where something of that name exists (unless `force`, and it is an ordinary file; `remedy` says
    what to do instead), or where it cannot be written.
    """
    write_whole(path, write(trace, format), force, remedy)
