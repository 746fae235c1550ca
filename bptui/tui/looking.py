"""Looking through many steps for the one that is wanted, while the app goes on answering keys."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import TypeVar

Found = TypeVar("Found")

_AT_ONCE = 200
"""How many steps are looked at before keys get their turn: a few milliseconds' worth."""


async def look_through(
    look: Callable[[range], Found | None], steps: range, wanted: Callable[[], bool] = lambda: True
) -> Found | None:
    """Return what `look` first finds in a piece of `steps`; None where it finds nothing, or is no longer `wanted`."""
    for start in range(0, len(steps), _AT_ONCE):
        if not wanted():
            return None
        found = look(steps[start : start + _AT_ONCE])
        if found is not None:
            return found
        await asyncio.sleep(0)
    return None
