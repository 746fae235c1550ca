"""Draw docs/bptui.svg, the picture of the running app that the README opens with.

.venv/bin/python docs/picture.py
"""

from __future__ import annotations

import asyncio
from pathlib import Path

import bptui
from bptui import bundled
from bptui.tui.app import BptuiApp
from bptui.tui.screenshot import without_fonts

STEP = 32
"""Counted from 0: the gradient flows back from z2 into h, where two routes meet."""


async def draw() -> str:
    """Return the screen of the first exercise at step STEP as SVG that fetches nothing."""
    trace = bptui.run(bptui.load(bundled.FIRST))
    app = BptuiApp(trace, bundled.FIRST)
    async with app.run_test(size=(120, 40)) as pilot:
        await pilot.press("escape", "colon", *str(STEP + 1), "enter")
        await pilot.pause()
        return without_fonts(app.export_screenshot(title="bptui exercise-7-1"))


if __name__ == "__main__":
    Path(__file__).with_name("bptui.svg").write_text(asyncio.run(draw()), encoding="utf-8")
