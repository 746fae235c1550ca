"""The steps that breakpoints stop at, as plain text of 80 columns: what `--break` prints where there is no terminal."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from bptui.exporting.text import step_lines
from bptui.present.layout import WIDTH, heading, wrapped
from bptui.present.presentation import Presentation
from bptui.present.stops import hit_text
from bptui.text import counted
from bptui.trace.breakpoints import Breakpoint
from bptui.trace.record import Trace
from bptui.trace.stops import stops


def stop_lines(trace: Trace, breakpoints: Sequence[Breakpoint]) -> Iterator[str]:
    """Yield the scenario's title, then every step that a breakpoint stops at, in order, and what it stops at."""
    shown = Presentation(trace)
    yield from heading(shown.title, "=")
    count = 0
    for step, stopped in stops(trace, breakpoints, range(len(shown))):
        count += 1
        yield ""
        for one in stopped:
            yield from wrapped(hit_text(shown, one, step), WIDTH, 2, "◆ ")
        yield from (line.rstrip() for line in step_lines(shown.frame(step)) if line)
    yield ""
    texts = " or ".join(f"`{one.text}`" for one in breakpoints)
    said = f"{counted(count, 'step')} of {len(shown)}" if count else f"none of the {counted(len(shown), 'step')}"
    yield from wrapped(f"{said} stopped at {texts}", WIDTH)
