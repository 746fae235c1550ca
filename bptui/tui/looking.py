"""Looking through many steps for the one that is wanted, while the app goes on answering keys."""

from __future__ import annotations

import asyncio
import math
import time
from collections.abc import Callable
from typing import TypeVar

Found = TypeVar("Found")

_AT_ONCE = 0.004
"""Seconds of looking before keys get their turn."""

_FIRST, _MOST = 64, 1 << 16
"""How many steps are looked at before the first look at the clock, and at most between two."""


_PATIENCE = 0.4
"""Seconds after which the reader is told that it takes a while."""


async def look_through(
    look: Callable[[range], Found | None],
    steps: range,
    wanted: Callable[[], bool] = lambda: True,
    slow: Callable[[], object] = lambda: None,
) -> Found | None:
    """Return what `look` first finds in a piece of `steps`; None where it finds nothing, or is no longer `wanted`.

    Where it takes a while, `slow` is called once.
    """
    told = time.monotonic() + _PATIENCE
    at, size = 0, _FIRST
    while at < len(steps):
        if not wanted():
            return None
        began = time.monotonic()
        found = look(steps[at : at + size])
        if found is not None:
            return found
        at += size
        now = time.monotonic()
        size = max(_FIRST, min(_MOST, 2 * size if now - began < _AT_ONCE / 2 else size // 2))
        if now > told:
            slow()
            told = math.inf
        await asyncio.sleep(0)
    return None
