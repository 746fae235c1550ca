"""Running the app so that the terminal is as it was before, however the app ends: left, stopped, stuck or broken."""

from __future__ import annotations

import asyncio
import contextlib
import signal
from collections.abc import Coroutine, Iterator, Sequence
from types import FrameType
from typing import TYPE_CHECKING

from bptui.crash import crashed
from bptui.ending import SIGNALS
from bptui.errors import BptuiError
from bptui.recent import recent_path
from bptui.settings import read_settings, settings_path
from bptui.tui.app import BptuiApp
from bptui.tui.terminal import Terminal

if TYPE_CHECKING:
    from bptui.trace.breakpoints import Breakpoint
    from bptui.trace.record import Trace
    from bptui.tui.loading import Opening


def run_app(
    trace: Trace | None,
    source: str,
    breakpoints: Sequence[Breakpoint] = (),
    ascii: bool = False,
    symbolic: bool = False,
    faulty: BptuiError | None = None,
    opening: Opening | None = None,
) -> int:
    """Run the app in this terminal and return its exit status; raises BptuiError where it breaks or cannot open."""
    settings_file = settings_path()
    settings, refused = read_settings(settings_file)
    settings = settings.having("ascii", ascii or settings.ascii)
    app = BptuiApp(
        trace, source, breakpoints, settings, settings_file, refused, symbolic, recent_path(), faulty, opening
    )
    with Terminal() as app.terminal:

        async def run() -> None:
            with _leaving_on_signals(app):
                await app.run_async()

        _complete(run())
    if app.fault is not None:
        raise BptuiError(crashed(app.fault)) from app.fault
    if app.said_at_end is not None:
        raise app.said_at_end
    return app.return_code or 0


def _complete(coroutine: Coroutine[object, object, None]) -> None:
    """Run `coroutine` in a loop of its own; as `asyncio.run`, but what a thread still computes is not waited for."""
    loop = asyncio.new_event_loop()
    try:
        loop.run_until_complete(coroutine)
    finally:
        left = asyncio.all_tasks(loop)
        for task in left:
            task.cancel()
        if left:
            loop.run_until_complete(asyncio.wait(left))
        loop.run_until_complete(loop.shutdown_asyncgens())
        loop.close()


@contextlib.contextmanager
def _leaving_on_signals(app: BptuiApp) -> Iterator[None]:
    """Leave the app in good order on the signals that would otherwise end the process at once."""
    loop = asyncio.get_running_loop()

    def leave(number: int, frame: FrameType | None) -> None:
        loop.call_soon_threadsafe(app.leave, 128 + number)
        if app.terminal is not None:
            app.terminal.give_up_after(128 + number)

    handled = [getattr(signal, name) for name in SIGNALS if hasattr(signal, name)]
    before = [(number, signal.signal(number, leave)) for number in handled]
    try:
        yield
    finally:
        for number, handler in before:
            signal.signal(number, handler)
