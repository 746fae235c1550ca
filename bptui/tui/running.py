"""Running the app so that the terminal is as it was before, however the app ends: left, stopped or broken."""

from __future__ import annotations

import asyncio
import contextlib
import signal
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

from bptui.errors import BptuiError, Fault
from bptui.settings import read_settings, settings_path
from bptui.text import printable
from bptui.tui.app import BptuiApp

if TYPE_CHECKING:
    from bptui.trace.breakpoints import Breakpoint
    from bptui.trace.record import Trace

_SIGNALS = ("SIGINT", "SIGTERM", "SIGHUP")


def run_app(trace: Trace | None, source: str, breakpoints: Sequence[Breakpoint] = ()) -> int:
    """Run the app in this terminal and return its exit status; raises BptuiError where it breaks."""
    settings_file = settings_path()
    settings, refused = read_settings(settings_file)
    app = BptuiApp(trace, source, breakpoints, settings, settings_file, refused)

    async def run() -> None:
        with _leaving_on_signals(app):
            await app.run_async()

    asyncio.run(run())
    if app.fault is not None:
        said = " ".join(printable(f"{type(app.fault).__name__}: {app.fault}", keep="\n").split())[:300]
        message = f"the app stopped on a fault of its own ({said})"
        raise BptuiError(Fault(message, "please report it with the scenario and the keys pressed")) from app.fault
    return app.return_code or 0


@contextlib.contextmanager
def _leaving_on_signals(app: BptuiApp) -> Iterator[None]:
    """Leave the app in good order on the signals that would otherwise end the process at once."""
    loop = asyncio.get_running_loop()
    handled = [getattr(signal, name) for name in _SIGNALS if hasattr(signal, name)]
    with contextlib.suppress(NotImplementedError):  # where the loop has no signal handlers, the system's stand
        for number in handled:
            loop.add_signal_handler(number, app.leave, 128 + number)
    try:
        yield
    finally:
        with contextlib.suppress(NotImplementedError):
            for number in handled:
                loop.remove_signal_handler(number)
