"""How much work something is, counted rather than timed, so that it is the same on every machine."""

from __future__ import annotations

import sys
from collections.abc import Callable
from types import FrameType
from typing import TypeVar

Result = TypeVar("Result")


def counted(action: Callable[..., Result], *arguments: object) -> tuple[Result, int]:
    """Return what `action` returns for its arguments, and how many calls it makes of functions, of C's as well."""
    calls = 0

    def count(frame: FrameType, event: str, _: object) -> None:
        nonlocal calls
        calls += event in ("call", "c_call")

    before = sys.getprofile()
    sys.setprofile(count)
    try:
        result = action(*arguments)
    finally:
        sys.setprofile(before)
    return result, calls
