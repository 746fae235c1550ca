"""What the tests of the app share: waiting for a condition, and reading what the screen shows."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Iterator
from typing import Any, TypeVar

from textual._context import active_app
from textual._queue import Queue
from textual.app import App
from textual.css.query import NoMatches
from textual.message_pump import MessagePump
from textual.pilot import Pilot
from textual.widget import Widget

from bptui.tui.walk import WalkScreen

AnyPilot = Pilot[None]
Some = TypeVar("Some", bound=Widget)


QUIET_ROUNDS = 3
"""How often in a row nothing may be left to do, each time after every task had its turn, before the app is settled."""


async def settled(min_sleep: float = 0.0, max_sleep: float = 30.0) -> None:
    """Wait until the app has handled every message and drawn what changed, at most `max_sleep` seconds.

    Textual's own pilot watches the processor's time instead: it sleeps where nothing is left to do, and on a machine
    that is busy with something else it takes a waiting app for an idle one.
    """
    app = active_app.get()
    end = time.monotonic() + max_sleep
    quiet = 0
    while quiet < QUIET_ROUNDS and time.monotonic() < end:
        await asyncio.sleep(0)
        screen = app.screen if app.screen_stack else None
        if screen is not None and (
            screen._layout_required or screen._scroll_required or screen._repaint_required or screen._dirty_widgets
        ):
            screen._on_timer_update()
        left = screen is not None and screen._callbacks
        quiet = 0 if left or any(_busy(pump) for pump in _pumps(app)) else quiet + 1


def _pumps(app: App[object]) -> Iterator[MessagePump]:
    yield app
    yield from app._registry


def _busy(pump: MessagePump) -> bool:
    """Return whether a part of the app is at work, or has something to do; if not, its task waits for a message."""
    if not pump._running or pump._closed:
        return False
    queue: Queue[Any] = pump._message_queue
    return bool(pump._next_callbacks) or not queue.empty() or not queue.ready_event._waiters


async def until(pilot: AnyPilot, condition: Callable[[], object], seconds: float = 30.0) -> None:
    """Wait until `condition` holds; fails where it does not within the deadline. A part may still be to come."""
    end = time.monotonic() + seconds
    while not _holds(condition):
        assert time.monotonic() < end, "waited in vain"
        await pilot.pause(0.01)


def _holds(condition: Callable[[], object]) -> bool:
    try:
        return bool(condition())
    except NoMatches:
        return False


def part(pilot: AnyPilot, kind: type[Some], id: str = "") -> Some:
    """Return the widget of a kind, or the one of that kind and id, on the present screen."""
    screen = pilot.app.screen
    return screen.query_one(f"#{id}", kind) if id else screen.query_one(kind)


def walk(pilot: AnyPilot) -> WalkScreen:
    """Return the walk, which is the present screen."""
    assert isinstance(pilot.app.screen, WalkScreen)
    return pilot.app.screen


def shown(widget: Widget) -> str:
    """Return what a widget shows, without its frame."""
    return "\n".join(widget.render_line(y).text.rstrip() for y in range(widget.size.height))


def said(pilot: AnyPilot) -> str:
    """Return what notifications say."""
    return "\n".join(notification.message for notification in pilot.app._notifications)
