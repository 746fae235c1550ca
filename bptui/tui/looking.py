"""Looking through many steps for the one that is wanted, while the app goes on answering keys."""

from __future__ import annotations

import asyncio
import math
import time
from collections.abc import Callable
from typing import TypeVar

Found = TypeVar("Found")

_AT_ONCE = 200
"""How many steps are looked at before keys get their turn: a few milliseconds' worth."""


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
    for start in range(0, len(steps), _AT_ONCE):
        if not wanted():
            return None
        found = look(steps[start : start + _AT_ONCE])
        if found is not None:
            return found
        if time.monotonic() > told:
            slow()
            told = math.inf
        await asyncio.sleep(0)
    return None
