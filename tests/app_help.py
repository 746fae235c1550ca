"""What the tests of the app share: waiting for a condition, and reading what the screen shows."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import TypeVar

from textual.pilot import Pilot
from textual.widget import Widget

from bptui.tui.walk import WalkScreen

AnyPilot = Pilot[None]
Some = TypeVar("Some", bound=Widget)


async def until(pilot: AnyPilot, condition: Callable[[], object], seconds: float = 30.0) -> None:
    """Wait until `condition` holds; fails where it does not within the deadline."""
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end, "waited in vain"
        await pilot.pause(0.01)


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
