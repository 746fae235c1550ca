"""ASCII alone: the same cells, nothing else on the screen, and the text export in it."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st
from textual._compositor import CompositorUpdate
from textual.app import App
from textual.screen import Screen

import bptui
from app_help import until
from bptui import bundled
from bptui.ascii import ascii_text, respelled
from bptui.settings import Settings
from bptui.text import width
from bptui.tui.app import BptuiApp
from bptui.tui.walk import WalkScreen


def spelled(text: str) -> str:
    return "".join(part for part, _ in respelled([(text, None)]))


@pytest.mark.parametrize(
    ("text", "ascii"),
    [
        ("│ x² + σ       │", "| x^2 + sigma  |"),
        ("x² + 1", "x2 + 1"),
        ("╭─ σ ─╮", "+- s -+"),
        ("a → b  c", "a -> b c"),
        ("é×−", "ex-"),
        ("日本", "????"),
        ("━━┃──│", "==#--|"),
        ("▁▄█", "148"),
    ],
)
def test_a_line_keeps_its_cells(text: str, ascii: str) -> None:
    assert spelled(text) == ascii


@given(st.text(st.characters(exclude_categories=("C", "Z")) | st.sampled_from(" │²σ→…━▂⠓"), max_size=40))
def test_any_line_is_ascii_and_as_wide_as_before(text: str) -> None:
    drawn = spelled(text)
    assert drawn.isascii()
    assert len(drawn) == width(text)


def test_a_text_grows_where_it_has_to() -> None:
    assert ascii_text("x² + σ\nold→new") == "x^2 + sigma\nold->new"


def screen_text(app: App[None]) -> str:
    return "\n".join(strip.text for strip in app.screen._compositor.render_strips())


@pytest.mark.parametrize("size", [(120, 40), (80, 24)])
@pytest.mark.parametrize("scenario", ["exercise-7-1", "permutation-cycle"])
async def test_nothing_but_ascii_is_on_any_screen(scenario: str, size: tuple[int, int]) -> None:
    trace = bptui.run(bptui.load(scenario))
    async with BptuiApp(trace, scenario, settings=Settings(ascii=True)).run_test(size=size) as pilot:
        await until(pilot, lambda: isinstance(pilot.app.screen, WalkScreen))
        walk = pilot.app.screen
        keys = ["d", "G", "left", "enter", "m", "e", "x", "question_mark", "V", "t", "B", "colon", "slash", "o"]
        for key in keys:
            await pilot.press(key)
            await pilot.pause()
            text = screen_text(pilot.app)
            strange = {character for character in text if not character.isascii()}
            assert not strange, (key, strange)
            assert len(text) > 1000
            if pilot.app.screen is not walk and key != "o":
                await pilot.press("escape")
                await until(pilot, lambda: pilot.app.screen is walk)


def told(written: list[str]) -> str:
    """Return the characters that a terminal was told."""
    return re.sub(r"\x1b\[[0-9;?]*[a-zA-Z]", "", "".join(written))


async def test_it_is_switched_on_and_off_in_the_app(monkeypatch: pytest.MonkeyPatch) -> None:
    trace = bptui.run(bptui.load(bundled.FIRST))
    async with BptuiApp(trace).run_test(size=(100, 30)) as pilot:
        await until(pilot, lambda: isinstance(pilot.app.screen, WalkScreen))
        assert not screen_text(pilot.app).isascii()
        written: list[str] = []

        def display(screen: Screen[object], update: object) -> None:
            if isinstance(update, CompositorUpdate):
                written.append(update.render_segments(pilot.app.console))

        monkeypatch.setattr(pilot.app, "_display", display)
        await pilot.press("escape", "A")
        await until(pilot, lambda: "Right next" in told(written), 10)  # the terminal is told, without another key
        await until(pilot, lambda: screen_text(pilot.app).isascii())
        written.clear()
        await pilot.press("A")
        await until(pilot, lambda: "→ next" in told(written), 10)
        await until(pilot, lambda: not screen_text(pilot.app).isascii())


async def test_the_plot_is_drawn_in_characters_of_its_own() -> None:
    trace = bptui.run(bptui.load(bundled.FIRST))
    async with BptuiApp(trace, settings=Settings(ascii=True)).run_test(size=(120, 40)) as pilot:
        await until(pilot, lambda: isinstance(pilot.app.screen, WalkScreen))
        await pilot.press("e")
        await until(pilot, lambda: pilot.app.screen.query("#plot") and "****" in screen_text(pilot.app))
