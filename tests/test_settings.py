"""Settings: read, every fault told with its place, remembered without touching the rest; keys given to commands."""

from __future__ import annotations

from pathlib import Path

import pytest

import bptui
from app_help import part, shown, until
from bptui.commands import COMMANDS, GROUPS, SCOPES
from bptui.errors import BptuiError
from bptui.keys import Keymap, key_name, printed
from bptui.settings import SPEEDS, THEMES, Settings, read_settings, remember, settings_path
from bptui.trace.record import Trace
from bptui.tui import themes
from bptui.tui.app import BptuiApp
from bptui.tui.dialog import Dialog
from bptui.tui.key_line import KeyLine
from bptui.tui.messages import MessagesScreen
from bptui.tui.text_view import TextView
from bptui.tui.walk import WalkScreen


@pytest.fixture(scope="module")
def trace() -> Trace:
    return bptui.run(bptui.loads('[inputs]\nx = [1.0, 2.0]\n[forward]\ny = "x * x"\nL = "sum(y)"'))


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "settings.toml"


# -- the file ----------------------------------------------------------------------------------------------------------


def test_without_a_file_or_with_an_empty_one_the_defaults_hold(file: Path) -> None:
    assert read_settings(file) == (Settings(), None)
    assert read_settings(file.with_name("x" * 300)) == (Settings(), None)  # no file can have such a name
    file.write_text("# nothing yet\n")
    assert read_settings(file) == (Settings(), None)


def test_everything_that_can_be_set_is_read(file: Path) -> None:
    file.write_text(
        'theme = "light"\nascii = true\nspeed = 4\ngraph = false\nwires = false\ndescription = false\n'
        '[keys]\nwalk.next = "L"\n"walk.back" = ["ctrl+b", "H"]'
    )
    settings, refused = read_settings(file)
    assert refused is None
    keys = {"walk.next": ("L",), "walk.back": ("ctrl+b", "H")}
    assert settings == Settings("light", True, 4.0, False, False, False, keys)


def test_every_fault_is_told_with_its_place_and_what_is_sound_holds(file: Path) -> None:
    file.write_text(
        'theme = "lite"\nascii = 1\nspeed = 3\ncolour = "red"\ngraph = false\n'
        '[keys]\nwalk.nxt = "x"\nedit.undo = "ctrl+foo"\nedit.redo = []\nwalk.next = "l"\n'
        'walk.back = "B"\nstop.list = "H"\n'
    )
    settings, refused = read_settings(file)
    assert refused is not None
    places = [(fault.line, fault.column) for fault in refused.faults]
    assert places == [(1, 9), (2, 9), (3, 9), (4, 1), (7, 6), (8, 13), (9, 13), (10, 13)]
    said = str(refused)
    for words in ("did you mean `light`?", "true or false", "0.5, 1, 2", "`walk.next`?", "no key", "needs a key"):
        assert words in said
    assert "`l` is the key of read.steps already" in said
    assert settings == Settings(graph=False, keys={"walk.back": ("B",), "stop.list": ("H",)})


def test_a_file_that_is_no_toml_gives_the_defaults_and_its_fault(file: Path) -> None:
    file.write_text("theme = \n")
    settings, refused = read_settings(file)
    assert settings == Settings()
    assert refused is not None
    assert refused.line == 1


def test_what_is_remembered_leaves_the_rest_as_it_stands(file: Path) -> None:
    remember(file, "theme", "light")
    assert file.read_text() == 'theme = "light"\n'
    file.write_text('# mine\ntheme = "light"  # by day\n[keys]\nwalk.next = "L"\n')
    remember(file, "theme", "blue-orange")
    remember(file, "ascii", True)
    remember(file, "speed", 0.5)
    assert file.read_text() == (
        'speed = 0.5\nascii = true\n# mine\ntheme = "blue-orange"  # by day\n[keys]\nwalk.next = "L"\n'
    )
    file.write_text("theme = \n")
    with pytest.raises(BptuiError):
        remember(file, "theme", "dark")
    assert file.read_text() == "theme = \n"


def test_the_folder_is_made_where_there_is_none(tmp_path: Path) -> None:
    remember(tmp_path / "new" / "settings.toml", "ascii", True)
    assert read_settings(tmp_path / "new" / "settings.toml")[0].ascii


def test_the_file_is_at_the_platforms_place_or_where_the_environment_says(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("BPTUI_SETTINGS", "/elsewhere/mine.toml")
    assert settings_path() == Path("/elsewhere/mine.toml")
    monkeypatch.delenv("BPTUI_SETTINGS")
    assert settings_path().name == "settings.toml"
    assert settings_path().parent.name == "bptui"


# -- keys --------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("written", "name", "said"),
    [
        ("n", "n", "n"),
        ("?", "question_mark", "?"),
        ("+", "plus", "+"),
        ("ctrl++", "ctrl+plus", "ctrl++"),
        ("right", "right", "→"),
        ("shift+right", "shift+right", "shift+→"),
        ("f5", "f5", "F5"),
        ("slash", "slash", "/"),
        (" ", "space", "Space"),
        ("ß", "ß", "ß"),
    ],
)
def test_a_key_has_a_name_and_a_print(written: str, name: str, said: str) -> None:
    assert key_name(written) == name
    assert printed(name) == said


@pytest.mark.parametrize("written", ["", "rigth", "ctrl+", "meta+x", "ctrl+ctrl+x", "\n", "nn", "f99"])
def test_what_is_no_key_has_no_name(written: str) -> None:
    assert key_name(written) is None


def test_every_key_of_every_command_is_a_key_and_no_two_commands_share_one_in_the_same_place() -> None:
    for command in COMMANDS.values():
        for key in command.keys.split(","):
            assert key_name(printed(key)) == key or key_name(key) == key, command.id
    assert list(Keymap().clashes()) == []


def test_every_command_can_be_given_other_keys() -> None:
    in_scopes = {command.id for scope in SCOPES for command in scope}
    assert {command.id for _, group in GROUPS for command in group} <= in_scopes
    assert set(THEMES) == set(themes.THEMES)
    assert Settings().speed in SPEEDS


async def test_given_keys_work_and_are_shown_everywhere(trace: Trace) -> None:
    settings = Settings(keys={"walk.next": ("X", "right"), "see.map": ("f5",)})
    async with BptuiApp(trace, settings=settings).run_test(size=(120, 40)) as pilot:
        await until(pilot, lambda: isinstance(pilot.app.screen, WalkScreen))
        assert "X next" in shown(part(pilot, KeyLine))
        assert "F5 map" in shown(part(pilot, KeyLine))
        walk = pilot.app.screen
        assert isinstance(walk, WalkScreen)
        await pilot.press("X")
        await until(pilot, lambda: walk.step == 1)
        await pilot.press("n")  # the key that it had
        await pilot.press("right")
        await until(pilot, lambda: walk.step == 2)
        commands = {command.title: command.help for command in pilot.app.get_system_commands(walk)}
        assert commands["Next step"] == "key: X →"
        await pilot.press("question_mark")
        await until(pilot, lambda: pilot.app.screen is not walk)
        view = pilot.app.screen.query_one("#window", TextView)
        lines = ["".join(text for text, _ in view._lines[at]) for at in range(view.line_count())]
        assert any(line.split() == ["X", "→", "Next", "step"] for line in lines)


async def test_given_keys_are_named_in_the_frames_of_windows(trace: Trace) -> None:
    settings = Settings(keys={"dialog.close": ("f9",), "edit.apply": ("f2", "enter"), "breakpoints.switch": ("f3",)})
    async with BptuiApp(trace, settings=settings).run_test(size=(120, 40)) as pilot:
        await until(pilot, lambda: isinstance(pilot.app.screen, WalkScreen))
        for pressed, said in (
            ("e", "F2 puts it in · Tab next field · F9 closes"),
            ("B", "Enter adds · ↑ list · F3 switches · Del deletes · F9 closes"),
            ("question_mark", "F9 closes · ↑ ↓ scroll"),
        ):
            await pilot.press(pressed)
            await until(pilot, lambda: isinstance(pilot.app.screen, Dialog))
            assert str(pilot.app.screen.query_one("#window").border_subtitle) == said
            await pilot.press("f9")
            await until(pilot, lambda: isinstance(pilot.app.screen, WalkScreen))


# -- in the app --------------------------------------------------------------------------------------------------------


async def test_a_fault_in_the_settings_is_told_and_the_app_goes_on(trace: Trace, file: Path) -> None:
    file.write_text('theme = "lite"\n')
    settings, refused = read_settings(file)
    async with BptuiApp(trace, settings=settings, refused=refused).run_test(size=(100, 30)) as pilot:
        await until(pilot, lambda: isinstance(pilot.app.screen, MessagesScreen))
        assert "there is no such theme" in shown(part(pilot, TextView, "window"))
        await pilot.press("escape")
        await until(pilot, lambda: isinstance(pilot.app.screen, WalkScreen))


async def test_what_is_changed_in_the_app_is_remembered(trace: Trace, file: Path) -> None:
    async with BptuiApp(trace, settings_file=file).run_test(size=(100, 30)) as pilot:
        await until(pilot, lambda: isinstance(pilot.app.screen, WalkScreen))
        assert set(pilot.app.available_themes) == set(THEMES)
        pilot.app.theme = "blue-orange-light"
        await pilot.press("A", "greater_than_sign")
        await until(pilot, lambda: read_settings(file)[0] == Settings("blue-orange-light", True, 2.0))


async def test_the_walk_opens_as_the_settings_say(trace: Trace) -> None:
    settings = Settings(theme="light", graph=False)
    async with BptuiApp(trace, settings=settings).run_test(size=(120, 40)) as pilot:
        await until(pilot, lambda: isinstance(pilot.app.screen, WalkScreen))
        assert pilot.app.theme == "light"
        assert not pilot.app.screen.query_one("#graph").display
