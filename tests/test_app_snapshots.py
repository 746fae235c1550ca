"""A few screens as they are drawn, text and styles, at both sizes and in several themes.

    BPTUI_SNAPSHOTS=write python -m pytest tests/test_app_snapshots.py

writes them anew; what changed is then read in the difference.
"""

from __future__ import annotations

import os
from itertools import groupby
from pathlib import Path

import pytest
from rich.style import Style
from textual.app import App

import bptui
from app_help import until
from bptui.settings import Settings
from bptui.tui.app import BptuiApp
from bptui.tui.walk import WalkScreen

FOLDER = Path(__file__).parent / "snapshots"

LARGE, SMALL = (120, 40), (80, 24)

SCREENS = [
    ("backward-large-dark", "exercise-7-1", LARGE, Settings("dark"), "29"),
    ("backward-small-light", "exercise-7-1", SMALL, Settings("light"), "29"),
    ("wires-large-blue-orange", "permutation-cycle", LARGE, Settings("blue-orange"), "2"),
    ("wires-small-ascii", "permutation-cycle", SMALL, Settings("dark", ascii=True), "2"),
    ("why-small-blue-orange-light", "exercise-7-1", SMALL, Settings("blue-orange-light"), "29 enter"),
    ("map-large-light", "exercise-7-1", LARGE, Settings("light"), "29 m"),
]


def drawn(app: App[None]) -> str:
    """Return the screen: each line's text, and below it the runs of its styles, by letters that the end explains."""
    letters: dict[str, str] = {}
    lines = []
    for strip in app.screen._compositor.render_strips():
        cells = [(letter(letters, segment.style), character) for segment in strip for character in segment.text]
        runs = [(name, len(list(run))) for name, run in groupby(cells, key=lambda cell: cell[0])]
        lines += [strip.text.rstrip(), "  ~ " + " ".join(f"{name}{length}" for name, length in runs)]
    lines += [f"{name} = {style}" for style, name in letters.items()]
    return "\n".join([*lines, ""])


def letter(letters: dict[str, str], style: Style | None) -> str:
    """Return the letters for a style, without what is known of the mouse there."""
    said = str(Style.null() if style is None else style.clear_meta_and_links())
    number = len(letters)
    return letters.setdefault(said, chr(97 + number // 26) + chr(97 + number % 26))


@pytest.mark.parametrize(("name", "scenario", "size", "settings", "keys"), SCREENS, ids=[one[0] for one in SCREENS])
async def test_a_screen_is_drawn_as_before(
    name: str, scenario: str, size: tuple[int, int], settings: Settings, keys: str
) -> None:
    step, *pressed = keys.split()
    app = BptuiApp(bptui.run(bptui.load(scenario)), scenario, settings=settings.having("description", False))
    async with app.run_test(size=size) as pilot:
        await until(pilot, lambda: isinstance(app.screen, WalkScreen))
        walk = app.screen
        assert isinstance(walk, WalkScreen)
        walk.go(int(step) - 1)
        await pilot.press(*pressed)
        file = FOLDER / f"{name}.txt"
        if os.environ.get("BPTUI_SNAPSHOTS") == "write":
            await pilot.pause(1)
            file.write_text(drawn(app), encoding="utf-8")
        expected = file.read_text(encoding="utf-8")
        try:
            await until(pilot, lambda: drawn(app) == expected, seconds=10)
        except AssertionError:
            assert drawn(app) == expected
