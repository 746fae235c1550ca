"""Opening: the list with its filter and recent files, a path with completion, and scenarios with faults."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from textual.widgets import Input, Static

import bptui
from app_help import part, shown, until, walk
from bptui import bundled
from bptui.errors import BptuiError
from bptui.recent import KEPT, add_recent, read_recent, recent_path
from bptui.tui import file_watch
from bptui.tui.app import BptuiApp
from bptui.tui.chooser import ChooserScreen
from bptui.tui.file_dialog import FileDialog, entries
from bptui.tui.line_table import LineTable
from bptui.tui.open_dialog import OpenScreen
from bptui.tui.refused import RefusedScreen
from bptui.tui.text_view import TextView
from bptui.tui.top_line import TopLine
from bptui.tui.walk import WalkScreen

SOUND = 'title = "Mended"\n[inputs]\nx = 3\n[forward]\ny = "x**2"\n'
FAULTY = SOUND.replace("x**2", "x**")


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "mine.toml"
    path.write_text(SOUND)
    return path


# -- recent files ------------------------------------------------------------------------------------------------------


def test_recent_files_are_listed_once_newest_first_and_not_without_bound(tmp_path: Path) -> None:
    kept = tmp_path / "state" / "recent.json"
    files = [tmp_path / f"{number}.toml" for number in range(KEPT + 3)]
    for path in files:
        path.write_text(SOUND)
        add_recent(kept, path)
    add_recent(kept, files[5])
    found = read_recent(kept)
    assert found[:2] == [files[5], files[-1]]
    assert len(found) == KEPT == len(set(found))
    files[5].unlink()
    assert files[5] not in read_recent(kept)


def test_a_file_is_listed_once_whichever_way_it_was_named(tmp_path: Path) -> None:
    kept, file = tmp_path / "recent.json", tmp_path / "a.toml"
    file.write_text(SOUND)
    (tmp_path / "below").mkdir()
    add_recent(kept, tmp_path / "below" / ".." / "a.toml")
    add_recent(kept, file)
    assert read_recent(kept) == [file]


@pytest.mark.parametrize("content", [b"", b"{}", b"[1, null]", b'["\\u0000", "a.toml"]', b"\xff\xfe", b"[" * 9999])
def test_a_broken_list_of_recent_files_is_an_empty_one(tmp_path: Path, content: bytes) -> None:
    kept = tmp_path / "recent.json"
    kept.write_bytes(content)
    assert read_recent(kept) == []
    scenario = tmp_path / "a.toml"
    scenario.write_text(SOUND)
    add_recent(kept, scenario)
    assert read_recent(kept) == [scenario]


def test_a_list_that_cannot_be_written_is_left(tmp_path: Path) -> None:
    (tmp_path / "state").write_text("a file where a folder should be")
    add_recent(tmp_path / "state" / "recent.json", tmp_path / "a.toml")
    assert read_recent(tmp_path / "state" / "recent.json") == []
    assert recent_path().name == "recent.json"


# -- the list ----------------------------------------------------------------------------------------------------------


async def test_the_list_is_filtered_by_every_word_typed() -> None:
    async with BptuiApp().run_test(size=(120, 40)) as pilot:
        await until(pilot, lambda: isinstance(pilot.app.screen, ChooserScreen))
        await pilot.press("slash", *"vanishing")
        await until(pilot, lambda: f"of {len(bundled.names())} scenarios" in shown(part(pilot, TopLine)))
        names = [row.cells[0] for row in part(pilot, LineTable, "scenarios").table.rows]
        assert "vanishing-gradient" in names
        assert "xor" not in names
        await pilot.press("space", *"qqq")
        await until(pilot, lambda: "No scenario has this in it." in shown(part(pilot, TextView, "about")))
        await pilot.press("enter", "escape")
        await until(pilot, lambda: len(part(pilot, LineTable, "scenarios").table.rows) == len(bundled.names()))
        await pilot.press("slash", *"xor", "enter")
        await until(pilot, lambda: isinstance(pilot.app.screen, WalkScreen))
        assert walk(pilot).source == "xor"


async def test_files_that_were_opened_stand_above_the_bundled_scenarios(file: Path, tmp_path: Path) -> None:
    kept = tmp_path / "recent.json"
    trace = bptui.run(bptui.load(file))
    async with BptuiApp(trace, str(file), recent_file=kept).run_test(size=(120, 40)) as pilot:
        await until(pilot, lambda: read_recent(kept) == [file])
        await pilot.press("o")
        await until(pilot, lambda: isinstance(pilot.app.screen, ChooserScreen))
        table = part(pilot, LineTable, "scenarios")
        await until(pilot, lambda: table.table.rows[0].cells == ("mine.toml", "Mended"))
        await until(pilot, lambda: str(file)[:20] in shown(part(pilot, TextView, "about")))
        await pilot.press("enter")
        await until(pilot, lambda: isinstance(pilot.app.screen, WalkScreen))


# -- by path -----------------------------------------------------------------------------------------------------------


def test_entries_are_folders_then_files_without_hidden_ones(tmp_path: Path) -> None:
    (tmp_path / "folder").mkdir()
    for name in ("b.toml", "a.toml", "c.txt", ".hidden.toml"):
        (tmp_path / name).touch()
    os.symlink(tmp_path / "nowhere", tmp_path / "broken.toml")
    assert entries(str(tmp_path), (".toml",)) == ["../", "folder/", "a.toml", "b.toml", "broken.toml"]
    assert entries(str(tmp_path / "missing")) == ["../"]
    assert entries("a\0b") == ["../"]


async def test_a_scenario_is_opened_by_its_path_with_completion(
    file: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    trace = bptui.run(bptui.load("scalar-chain"))
    async with BptuiApp(trace, "scalar-chain").run_test(size=(100, 30)) as pilot:
        await pilot.press("ctrl+o")
        await until(pilot, lambda: isinstance(pilot.app.screen, OpenScreen))
        await pilot.press(*"nothing", "enter")
        await until(pilot, lambda: "is no file" in str(part(pilot, Static, "said").render()))
        field = part(pilot, Input, "name")
        field.value = ""
        await pilot.press(*"mi")
        await until(pilot, lambda: field._suggestion == "mine.toml")
        await pilot.press("right", "enter")
        await until(pilot, lambda: isinstance(pilot.app.screen, WalkScreen) and walk(pilot).source == "mine.toml")


@pytest.mark.parametrize("key", ["ctrl+o", "x", "ctrl+s"])
@pytest.mark.parametrize("name", ["~nobody-of-that-name/x.toml", "x" * 300, "/" + "x/" * 3000, "a\0b", "here.toml"])
async def test_names_that_no_file_can_have_are_told(
    key: str, name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "gone").mkdir()
    monkeypatch.chdir(tmp_path / "gone")
    (tmp_path / "gone").rmdir()
    async with BptuiApp(bptui.run(bptui.load("scalar-chain")), "scalar-chain").run_test(size=(100, 30)) as pilot:
        await pilot.press(key)
        await until(pilot, lambda: isinstance(pilot.app.screen, FileDialog))
        field = part(pilot, Input, "name")
        field.value = name
        field.focus()
        await pilot.press("enter")
        said = part(pilot, Static, "said")
        await until(pilot, lambda: any(one in str(said.render()) for one in ("is no file", "cannot write")))


async def test_folders_are_gone_through_by_key(file: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "inner").mkdir()
    monkeypatch.chdir(tmp_path / "inner")
    async with BptuiApp().run_test(size=(100, 30)) as pilot:
        await until(pilot, lambda: isinstance(pilot.app.screen, ChooserScreen))
        await pilot.press("ctrl+o")
        await until(pilot, lambda: isinstance(pilot.app.screen, OpenScreen))
        await pilot.press("tab", "enter")
        field = part(pilot, Input, "name")
        await until(pilot, lambda: field.value == "../")
        await until(pilot, lambda: len(part(pilot, LineTable, "entries").table.rows) == 3)
        await pilot.press("down", "down", "enter")
        await until(pilot, lambda: field.value == "../mine.toml")
        await pilot.press("enter")
        await until(pilot, lambda: isinstance(pilot.app.screen, WalkScreen))


# -- with faults -------------------------------------------------------------------------------------------------------


async def test_a_scenario_with_faults_opens_on_them_and_is_read_again_once_mended(
    file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("bptui.tui.refused.SECONDS", 0.01)
    assert file_watch.SECONDS < 1
    file.write_text(FAULTY)
    with pytest.raises(BptuiError) as caught:
        bptui.load(file)
    app = BptuiApp(None, str(file), faulty=caught.value)
    async with app.run_test(size=(100, 30)) as pilot:
        await until(pilot, lambda: isinstance(pilot.app.screen, RefusedScreen))
        await until(pilot, lambda: "mine.toml:5:" in "".join(shown(part(pilot, TextView, "messages")).split()))
        file.write_text(FAULTY.replace("x = 3", 'x = "three"'))
        await until(pilot, lambda: "2 faults" in shown(part(pilot, TopLine)))
        file.write_text(SOUND)
        await until(pilot, lambda: isinstance(pilot.app.screen, WalkScreen))
        assert walk(pilot).source == str(file)


async def test_leaving_a_scenario_with_faults_gives_status_2(file: Path) -> None:
    app = BptuiApp(None, str(file), faulty=BptuiError("no"))
    async with app.run_test(size=(100, 30)) as pilot:
        await until(pilot, lambda: isinstance(pilot.app.screen, RefusedScreen))
        await pilot.press("escape")
        await until(pilot, lambda: app.return_code == 2)


async def test_from_a_scenario_with_faults_there_is_a_way_back(file: Path) -> None:
    file.write_text(FAULTY)
    trace = bptui.run(bptui.load("scalar-chain"))
    async with BptuiApp(trace, "scalar-chain").run_test(size=(100, 30)) as pilot:
        await pilot.press("ctrl+o")
        await until(pilot, lambda: isinstance(pilot.app.screen, OpenScreen))
        part(pilot, Input, "name").value = str(file)
        await pilot.press("enter")
        await until(pilot, lambda: isinstance(pilot.app.screen, RefusedScreen))
        await pilot.press("escape")
        await until(pilot, lambda: isinstance(pilot.app.screen, WalkScreen))
        assert walk(pilot).source == "scalar-chain"
