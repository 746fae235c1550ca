"""Random keys on random scenarios: nothing crashes or hangs, what is seen is true, and the trace stays what it was."""

from __future__ import annotations

from random import Random

import numpy as np
import pytest
from rich.segment import Segment
from textual.strip import Strip
from textual.widget import Widget

import bptui
from app_help import until
from bptui.commands import COMMANDS
from bptui.settings import Settings
from bptui.tui.app import BptuiApp
from bptui.tui.kept_lines import KeptLines
from bptui.tui.walk import WalkScreen
from random_scenarios import random_scenario

SIZES = [(120, 40), (80, 24), (40, 12), (20, 5), (1, 1), (200, 60)]

LEFT_OUT = {
    "app.quit", "app.interrupt",    # end the app
    "keep.picture", "file.export",  # write files, which other tests see to
    "dialog.use", "edit.save",
    "app.theme", "app.palette",     # Textual's own, with a search of everything at every key
}  # fmt: skip

KEYS = [key for command in COMMANDS.values() if command.id not in LEFT_OUT for key in command.keys.split(",")]
KEYS = [key for key in dict.fromkeys(KEYS) if key not in ("q", "ctrl+c", "S", "x", "ctrl+s", "T", "ctrl+p")]
TYPED = [*"0123456789.-/ =ab", "nan", "1e400", "x", "W1(1,1)"]


@pytest.mark.parametrize("seed", range(6))
async def test_random_keys_on_random_scenarios_leave_the_trace_as_it_is(seed: int) -> None:
    random = Random(seed)
    trace = bptui.run(bptui.loads(random_scenario(random).text))
    before = [value.copy() for value in trace.values], [array.copy() for array in trace.contributions]
    settings = Settings(ascii=seed % 2 == 1, theme=random.choice(["dark", "light"]))
    app = BptuiApp(trace, "random", settings=settings)
    pressed: list[str] = []
    async with app.run_test(size=SIZES[seed % len(SIZES)]) as pilot:
        await until(pilot, lambda: isinstance(app.screen, WalkScreen))
        for _ in range(40):
            if random.random() < 0.06:
                size = random.choice(SIZES)
                pressed.append(f"resize{size}")
                await pilot.resize_terminal(*size)
            keys = list(random.choice(TYPED)) if random.random() < 0.15 else [random.choice(KEYS)]
            pressed += keys
            await pilot.press(*(" ".join(keys).replace("  ", " space ").split()))
            assert app.fault is None, pressed
            if random.random() < 0.25:  # what is kept goes through some keys before it is compared
                assert_seen_is_what_is_drawn_anew(app, pressed)
        assert app.is_running, pressed
        for _ in range(20):
            if not isinstance(app.screen, WalkScreen):
                await pilot.press("escape")
        await until(pilot, lambda: app.fault is None)
    assert app.fault is None, pressed
    for array, old in zip(trace.values, before[0], strict=True):
        np.testing.assert_array_equal(array, old)
    for array, old in zip(trace.contributions, before[1], strict=True):
        np.testing.assert_array_equal(array, old)


def assert_seen_is_what_is_drawn_anew(app: BptuiApp, pressed: list[str]) -> None:
    """Compare what the widgets keep between two keys with what they draw with nothing kept."""
    for widget, (region, _) in app.screen._compositor.visible_widgets.items():
        if isinstance(widget, KeptLines) and region.size == widget.outer_size:
            crop = region.reset_offset
            kept = list(widget.render_lines(crop))
            widget.notify_style_update()
            widget._styles_cache.clear()
            for y, (seen, anew) in enumerate(zip(kept, Widget.render_lines(widget, crop), strict=True)):
                assert cells(seen) == cells(anew), (widget, y, pressed)


def cells(strip: Strip) -> list[Segment]:
    """Return a strip's cells one by one: how it is cut into pieces makes no difference."""
    return [Segment(character, style) for text, style, _ in strip for character in text]
