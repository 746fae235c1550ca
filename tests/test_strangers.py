"""Files that anyone may have written: answered or refused, read from their own folder alone, and never obeyed."""

from __future__ import annotations

import json
import tempfile
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from random import Random

import pytest

import bptui
from app_help import part, until
from bptui.errors import BptuiError
from bptui.tui.app import BptuiApp
from bptui.tui.top_line import TopLine
from hostile import MARK, PATHS, SMALL, TEXTS, assert_shown, folder_for, quoted, scenario_text, survive


@pytest.fixture(scope="module")
def home() -> Iterator[Path]:
    """A folder with the scenario's own folder in it, and with what must not be read beside that."""
    with tempfile.TemporaryDirectory() as folder:
        folder_for(Path(folder))
        yield Path(folder)


@pytest.mark.parametrize("first", range(0, 60, 20))
def test_any_file_is_answered_or_refused(first: int, home: Path) -> None:
    before = sorted(home.rglob("*"))
    reached = Counter(survive(scenario_text(Random(seed)), home / "inside") for seed in range(first, first + 20))
    assert reached["run"] > 1, "the files are worth their time"
    assert sorted(home.rglob("*")) == before, "nothing is written"


def test_weights_are_read_from_the_scenarios_own_folder_alone(home: Path) -> None:
    good = {"w.npz", "w.npy", "w.csv", "sub/w.csv", "./w.csv", "w.csv/"}
    read = set()
    for path in PATHS:
        key = ', key = "x"' if path.endswith(".npz") else ""
        text = f'[inputs]\nx = {{ file = {json.dumps(path)}{key} }}\n[forward]\ny = "sum(x)"'
        try:
            said = str(bptui.run(bptui.loads(text, home / "inside", limits=SMALL)).value("y"))
            read.add(path)
        except BptuiError as error:
            said = str(error)
        assert_shown(said)
        assert "1234567" not in said
        assert "2469134" not in said
    assert {"w.npz", "w.npy", "w.csv", "sub/w.csv"} <= read <= good


def test_without_a_folder_nothing_is_read() -> None:
    with pytest.raises(BptuiError, match="there is no folder to look for this file in"):
        bptui.loads('[inputs]\nx = { file = "w.csv" }\n[forward]\ny = "sum(x)"')


# -- the app -----------------------------------------------------------------------------------------------------------

HOSTILE = "".join(f"{text}\n" for text in TEXTS if "\0" not in text)

KEYS = [
    *("down", "n", "n", "right", "enter", "escape", "e", "escape", "x", "escape", "B", "escape", "slash", "escape"),
    *("v", "v", "l", "l", "m", "escape", "equals_sign", "G", "w", "escape", "question_mark", "escape", "y", "ctrl+p"),
]


async def test_the_app_shows_what_a_file_says_and_obeys_none_of_it(tmp_path: Path) -> None:
    title = f"[bold red]{MARK}[/] [@click=app.leave(7)]x[/] \x1b[31m\u202e"
    scenario: dict[str, object] = {
        "title": title,
        "description": HOSTILE,
        "inputs": {"x": [1.0, 2.0, 3.0], "Größe": [3.0, 1.0, 2.0], "名": 2.0, "bold": [[1.0, 2.0], [3.0, 4.0]]},
        "forward": {
            "red": "bold[0]",
            "s": "sort(x * Größe)",
            "p": "permute(s, [1, 2, 0])",
            "L": "sum(p)*名 + sum(red)",
        },
    }
    path = tmp_path / "[blink]evil[@click=app.leave(7)].toml"
    path.write_text(toml(scenario), encoding="utf-8")
    app = BptuiApp(bptui.run(bptui.load(path)), str(path))
    async with app.run_test(size=(120, 40)) as pilot:
        assert MARK in part(pilot, TopLine).render_line(0).text
        for key in KEYS:
            await pilot.press(key)
            await until(pilot, lambda: app.screen.is_current)
            check_screen(app)
        app.notify(title, title=title)
        await pilot.pause()
        check_screen(app)
    assert app.return_code in (None, 0)


def check_screen(app: BptuiApp) -> None:
    """Fail where the screen shows a control character, or has a link or an action that is not bptui's."""
    for strip in app.screen._compositor.render_strips():
        for segment in strip:
            if segment.control:
                continue
            assert_shown(segment.text)
            meta = segment.style.meta if segment.style is not None else {}
            assert "leave(7)" not in repr(meta)
            assert segment.style is None or segment.style.link is None


def toml(scenario: dict[str, object]) -> str:
    """Return a scenario as a file; JSON's lists are TOML's too."""

    def written(value: object) -> str:
        return quoted(value) if isinstance(value, str) else json.dumps(value)

    tables = {name: value for name, value in scenario.items() if isinstance(value, dict)}
    lines = [f"{name} = {written(value)}" for name, value in scenario.items() if name not in tables]
    for name, table in tables.items():
        lines.append(f"[{name}]")
        lines += [f"{quoted(key)} = {written(value)}" for key, value in table.items()]
    return "\n".join(lines)


def test_the_oracle_can_fail() -> None:
    for text in ("\x1b", "\u202e", "\x9b", "\u2028"):
        with pytest.raises(AssertionError):
            assert_shown(text)
