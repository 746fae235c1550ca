"""The app as a process in a terminal: keys go in, and the screen is read as an emulator of another make draws it."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from pathlib import Path

import pyte
import pytest

from terminals import PROGRAM, Terminal

_COLOUR = re.compile(rb"\x1b\[[\d;]*?(?:3[0-8]|4[0-8]|9[0-7]|10[0-7])[\d;]*m")


class Screen:
    """A process of the app with the screen that it draws."""

    def __init__(self, arguments: Sequence[str], size: tuple[int, int], environment: dict[str, str]) -> None:
        told = {"COLUMNS": str(size[0]), "LINES": str(size[1])}  # whatever the machine that tests says of its own
        self.terminal = Terminal([*PROGRAM, *arguments], size, {**told, **environment})
        self._screen = pyte.Screen(*size)
        self._stream = pyte.ByteStream(self._screen)
        self._fed = 0

    @property
    def text(self) -> str:
        """What is on the screen, line by line."""
        said = self.terminal.said[self._fed :]
        self._fed += len(said)
        self._stream.feed(said)
        return "\n".join(line.rstrip() for line in self._screen.display)

    def shows(self, *texts: str) -> None:
        """Wait until the screen shows each text."""
        try:
            self.terminal.read(lambda: all(text in self.text for text in texts))
        except AssertionError:
            pytest.fail(f"waited in vain for {texts}:\n{self.text}")

    def press(self, keys: str) -> None:
        """Type keys."""
        self.terminal.type(keys)


@pytest.fixture
def screens() -> Iterator[list[Screen]]:
    opened: list[Screen] = []
    yield opened
    for one in opened:
        one.terminal.close()


def opened(
    screens: list[Screen], *arguments: str, size: tuple[int, int] = (80, 24), environment: dict[str, str] | None = None
) -> Screen:
    screens.append(Screen(arguments, size, environment or {}))
    return screens[-1]


def test_keys_walk_and_the_screen_follows(screens: list[Screen]) -> None:
    app = opened(screens, "exercise-7-1", size=(120, 40))
    app.shows("Exercise 7.1", "begins the walk", "q quit")
    app.press("\x1b[C")
    app.shows("step 1 of 38")
    app.press("\x1b[C")
    app.shows("step 2 of 38", "z1 = W1 @ x + b1", "z1(1)")
    app.press("G")
    app.shows("step 38 of 38", "backward", "dL/dx = W1.T")
    app.press("\x1b[D")
    app.shows("step 37 of 38")
    app.press(":")
    app.shows("Go to")
    app.press("29\r")
    app.shows("step 29 of 38", "dL/dz2 = dL/dy")
    app.press("\r")
    app.shows("Why?", "one route")
    app.press("q")
    app.shows("step 29 of 38")
    app.press("q")
    assert app.terminal.ended() == (0, "")
    assert app.terminal.restored


def test_a_held_key_ends_where_it_should(screens: list[Screen]) -> None:
    app = opened(screens, "exercise-7-1")
    app.shows("begins the walk")
    app.press("\x1b[C" * 31)  # the first one closes the description
    app.shows("step 31 of 38")
    app.press("\x1b[D" * 30)
    app.shows("step 1 of 38")


def test_without_colour_there_is_none_and_marks_remain(screens: list[Screen]) -> None:
    app = opened(screens, "exercise-7-1", size=(120, 40), environment={"NO_COLOR": "1"})
    app.shows("begins the walk")
    app.press("\x1b[CG")
    app.shows("step 38 of 38", "▲", "▸", "●")
    assert not _COLOUR.search(app.terminal.said)


def test_in_ascii_every_byte_is(screens: list[Screen]) -> None:
    app = opened(screens, "permutation-cycle", "--ascii")
    app.shows("q quit")
    app.press("d")
    app.press("\x1b[C\x1b[C?")
    app.shows("Help")
    assert app.terminal.said.isascii()


def test_a_scenario_with_faults_opens_on_them_until_it_is_mended(screens: list[Screen], tmp_path: Path) -> None:
    file = tmp_path / "mine.toml"
    sound = 'title = "Mended"\n[inputs]\nx = 3\n[forward]\ny = "x**2"\n'
    file.write_text(sound.replace("**2", "**"))
    app = opened(screens, str(file))
    app.shows("mine.toml cannot be opened yet", "1 fault")
    file.write_text(sound)
    app.shows("Mended", "step 1 of")
    app.press("q")
    assert app.terminal.ended() == (0, "")
    file.write_text("")
    app = opened(screens, str(file))
    app.shows("cannot be opened yet")
    app.press("q")
    status, said = app.terminal.ended()
    assert (status, said) == (2, "")
    assert app.terminal.restored


def test_faults_in_the_settings_are_told_and_the_app_opens(screens: list[Screen], tmp_path: Path) -> None:
    file = tmp_path / "settings.toml"
    file.write_text('theme = "lite"\n[keys]\nwalk.next = "X"\n')
    app = opened(screens, "scalar-chain", environment={"BPTUI_SETTINGS": str(file)})
    app.shows("did you mean `light`?")
    window = "".join("".join(re.findall("┃(.*?)┃", app.text)).split())
    assert "settings.toml:1:9:thereis" in window  # wherever the folder's name makes it break
    app.press("\x1b")
    app.terminal.read(lambda: "Faults" not in app.text)
    app.shows("X next")
    app.press("X")
    app.press("X")
    app.shows("step 2 of")
