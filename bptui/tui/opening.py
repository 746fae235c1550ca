"""Opening a scenario from inside the app."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import bptui

if TYPE_CHECKING:
    from bptui.trace.record import Trace


def opened(source: str | Path) -> Trace:
    """Return the trace of a scenario, a file or a bundled one; raises BptuiError with every fault of the file."""
    from bptui.running import begun_trace  # with NumPy, which the list of scenarios opens without

    return begun_trace(bptui.load(source))
