"""What is left behind where bptui itself is at fault: a report in the platform's folder for such things, and one line.

A report holds what whoever mends the fault will ask for: the versions, the command, the place in the scenario and the
traceback. It is plain text of bounded size, without control characters, and the oldest make room for new ones.
"""

from __future__ import annotations

import os
import platform
import sys
import time
import traceback
from pathlib import Path

from bptui.errors import Fault
from bptui.files import reason
from bptui.folders import state_folder
from bptui.text import printable

KEPT = 10
"""How many reports are kept."""

LONGEST = 64_000
"""How many characters of a traceback are kept: its beginning and its end."""

_PACKAGES = ("numpy", "textual", "rich", "sympy")


def crashed(error: BaseException) -> Fault:
    """Write a report about `error`, and return the fault that says what happened and where the report is.

    The notes of `error` (`add_note`) say where in the scenario it happened; the report has them, as the traceback does.
    """
    said = " ".join(printable(f"{type(error).__name__}: {error}", keep="\n").split())[:200]
    message = f"bptui stopped on a fault of its own ({said})"
    try:
        path = _write(report_text(error))
    except OSError as fault:
        return Fault(message, f"no report could be written: {reason(fault)}")
    return Fault(message, f"please send the report {path}, with the scenario")


def report_text(error: BaseException) -> str:
    """Return what a report about `error` says."""
    trace = "".join(traceback.format_exception(error))
    if len(trace) > LONGEST:
        trace = f"{trace[: LONGEST // 2]}\n…\n{trace[-LONGEST // 2 :]}"
    lines = [
        f"bptui {sys.modules[__package__ or ''].__version__}",  # it runs without being installed too
        f"Python {sys.version.split()[0]} on {platform.platform()}",
        *(f"{name} {_version(name)}" for name in _PACKAGES),
        f"command: {' '.join(sys.argv)[:1000]}",
        *(f"place: {note}" for note in getattr(error, "__notes__", ())),
        "",
        trace,
    ]
    return printable("\n".join(lines), keep="\n")


def _write(text: str) -> Path:
    home = state_folder()
    home.mkdir(parents=True, exist_ok=True)
    for old in sorted(home.glob("crash-*.txt"))[: -KEPT + 1]:
        old.unlink(missing_ok=True)
    path = home / f"crash-{time.strftime('%Y%m%d-%H%M%S')}-{os.getpid()}.txt"
    path.write_text(text, encoding="utf-8", newline="\n")
    return path


def _version(package: str) -> str:
    from importlib.metadata import PackageNotFoundError, version  # slow to import, and hardly ever needed

    try:
        return version(package)
    except PackageNotFoundError:
        return "is not installed"
