"""Every way out: the terminal is as it was, the exit status tells why, an export is whole or absent, nothing hangs."""

from __future__ import annotations

import os
import re
import select
import signal
import subprocess
import sys
import termios
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

import pytest

import bptui
from bptui import crash
from terminals import PROGRAM, Terminal

ROOT = Path(__file__).resolve().parent.parent
STATUS = {"q": 0, "\x03": 130, "SIGINT": 130, "SIGTERM": 143, "SIGHUP": 129, "SIGQUIT": 131}

Start = Callable[..., Terminal]

SCENARIO = """
title = "A small one"
[inputs]
x = [1.0, 2.0, 3.0]
[parameters]
w = [0.5, 0.25, 0.125]
[forward]
y = "w*x"
L = "sum(y)"
"""


@pytest.fixture
def small(tmp_path: Path) -> str:
    """A scenario without a description: it opens on the walk."""
    path = tmp_path / "small.toml"
    path.write_text(SCENARIO, encoding="utf-8")
    return str(path)


@pytest.fixture
def start(tmp_path: Path) -> Iterator[Start]:
    """Start bptui in a terminal: a command line, or Python code that may break it before."""
    opened: list[Terminal] = []

    def start(*words: str, code: str = "") -> Terminal:
        command: Sequence[str] = [*PROGRAM, *words]
        if code:
            rest = f"\nimport sys\nsys.argv = {['bptui', *words]!r}\nfrom bptui.__main__ import program\nprogram()"
            command = [sys.executable, "-c", code + rest]
        environment = {"XDG_STATE_HOME": str(tmp_path / "state"), "PYTHONPATH": str(ROOT)}
        opened.append(Terminal(command, environment=environment))
        return opened[-1]

    yield start
    for terminal in opened:
        terminal.close()


def reports(tmp_path: Path) -> list[str]:
    return [path.read_text(encoding="utf-8") for path in sorted((tmp_path / "state" / "bptui").glob("crash-*"))]


def end(terminal: Terminal, way: str) -> None:
    if way.startswith("SIG"):
        terminal.process.send_signal(getattr(signal, way))
    else:
        terminal.type(way)


def end_at(terminal: Terminal, sign: str, way: str) -> None:
    """End what runs as soon as it shows `sign`; fails where it does not end as it should."""
    terminal.shows(sign)
    end(terminal, way)
    assert terminal.ended() == (STATUS[way], ""), sign
    assert terminal.restored, (sign, terminal.modes())


# -- the app -----------------------------------------------------------------------------------------------------------


def test_however_it_ends_the_terminal_is_as_it_was(start: Start, tmp_path: Path) -> None:
    opened = {way: start("exercise-7-1") for way in STATUS}
    for way, terminal in opened.items():
        terminal.shows("quit")
        assert termios.tcgetattr(terminal.theirs) != terminal.settings
        end(terminal, way)
    for way, terminal in opened.items():
        assert terminal.ended() == (STATUS[way], ""), way
        assert terminal.restored, (way, terminal.modes())
        assert terminal.said.count(b"\x1b[?1049h") == 1
    assert reports(tmp_path) == []


@pytest.mark.parametrize("way", ["SIGTSTP", "SIGSTOP", ""])
def test_stopped_and_continued_it_takes_the_terminal_again_and_puts_it_back(way: str, start: Start, small: str) -> None:
    terminal = start(small)
    terminal.shows("step 1 of")
    if way:
        end(terminal, way)
        terminal.stops()
        assert terminal.settings == termios.tcgetattr(terminal.theirs) or way == "SIGSTOP"
        termios.tcsetattr(terminal.theirs, termios.TCSANOW, terminal.settings)  # as a shell does
    end(terminal, "SIGCONT")
    terminal.read(lambda: terminal.said.count(b"\x1b[?1049h") == 2)
    terminal.read(lambda: b"step 1 of" in terminal.said.rpartition(b"\x1b[?1049h")[2])
    terminal.type("n")
    end_at(terminal, "step 2 of", "q")


WHILE_IT_LEAVES = """
import os, signal
from bptui.tui.driver import TerminalDriver
disable = TerminalDriver.disable_input
def disabling(self):
    disable(self)
    os.kill(os.getpid(), signal.SIGCONT)
TerminalDriver.disable_input = disabling
"""


@pytest.mark.parametrize("way", ["q", "SIGTERM"])
def test_told_to_go_on_while_it_leaves_it_leaves_the_terminal_alone(way: str, start: Start, small: str) -> None:
    end_at(start(small, code=WHILE_IT_LEAVES), "step 1 of", way)


WHILE_IT_STOPS = """
import os, signal
from bptui.tui.driver import TerminalDriver
suspend, left = TerminalDriver.suspend_application_mode, [signal.SIGCONT]
def suspending(self):
    suspend(self)
    if left:
        os.kill(os.getpid(), left.pop())
TerminalDriver.suspend_application_mode = suspending
"""


def test_told_to_go_on_before_it_has_stopped_it_goes_on(start: Start, small: str) -> None:
    terminal = start(small, code=WHILE_IT_STOPS)
    terminal.shows("step 1 of")
    end(terminal, "SIGTSTP")

    def goes_on() -> bool:
        terminal.type("n")  # what is typed while the terminal is given back is lost
        return re.search(rb"step [2-9] of", terminal.said) is not None

    terminal.read(goes_on)
    end(terminal, "q")
    assert terminal.ended() == (0, "")
    assert terminal.restored, terminal.modes()


IN_A_WRITE = """
import os, queue, signal
put, left = queue.Queue._put, [signal.SIGTSTP]
def putting(self, item):
    put(self, item)
    if left and "step 1 of" in str(item):
        os.kill(os.getpid(), left.pop())
queue.Queue._put = putting
"""


def test_a_stop_in_the_middle_of_a_write_is_a_stop(start: Start, small: str) -> None:
    terminal = start(small, code=IN_A_WRITE)
    terminal.stops()
    while terminal.take(0):
        pass
    assert terminal.restored, terminal.modes()
    end(terminal, "SIGCONT")
    terminal.shows("step 1 of")
    terminal.type("n")
    end_at(terminal, "step 2 of", "q")


@pytest.mark.parametrize(
    "typed", [b"\xff\xfe\xc3", b"\x1b[M \xe1\xe1", b"\x1b[:u", b"\x1b[99999999999;5u", b"\x1b[1114112u"]
)
def test_what_is_typed_and_means_nothing_is_passed_over(typed: bytes, start: Start, small: str, tmp_path: Path) -> None:
    terminal = start(small)
    terminal.shows("step 1 of")
    os.write(terminal.ours, typed)
    terminal.type("n")
    end_at(terminal, "step 2 of", "\x03")
    assert reports(tmp_path) == []


SCREENS = [("x", "File, in"), ("e", "plotted over"), ("?", "Help"), ("\x10", "Search"), ("\r", "Why?"), ("m", "Map")]


def test_it_ends_from_any_screen(start: Start, small: str) -> None:
    opened = [(key, sign, start(small)) for key, sign in SCREENS]
    for key, _, terminal in opened:
        terminal.shows("quit")
        terminal.type(key)
    for number, (_, sign, terminal) in enumerate(opened):
        end_at(terminal, sign, ("\x03", "SIGTERM")[number % 2])


STARTING = """
from bptui.scenario.document import Document
read = Document.read
def reading(path):
    print("imported", flush=True)
    return read(path)
Document.read = reading
"""


def test_it_ends_while_it_starts(start: Start, small: str) -> None:
    moments = ("imported", "SIGINT"), ("\x1b[?1049h", "SIGTERM"), ("\x1b[?25l", "SIGHUP"), ("\x1b[?2004h", "SIGINT")
    for (sign, way), terminal in [(moment, start(small, code=STARTING)) for moment in moments]:
        end_at(terminal, sign, way)


def test_a_terminal_that_goes_away_ends_it(start: Start) -> None:
    terminal = start("exercise-7-1")
    terminal.shows("quit")
    terminal.hang_up()
    assert terminal.process.wait(30) == 129


def ran(code: str, folder: Path) -> subprocess.CompletedProcess[bytes]:
    """Run the program in `folder`, after code that has it do something else."""
    environment = {**os.environ, "PYTHONPATH": str(ROOT), "XDG_STATE_HOME": str(folder / "state")}
    code += "\nfrom bptui.__main__ import program; program()"
    return subprocess.run(
        [sys.executable, "-c", code], capture_output=True, cwd=folder, env=environment, check=False, timeout=60
    )


def test_what_cannot_be_written_any_more_changes_no_signals_status(tmp_path: Path) -> None:
    code = (
        "import sys, bptui.cli as cli\n"
        "sys.stdout = open('/dev/full', 'w')\n"
        "def hung_up(arguments): sys.stdout.write('half a picture'); return 129\n"
        "cli.run_command = hung_up"
    )
    assert ran(code, tmp_path).returncode == 129


def test_what_libraries_warn_of_is_not_said(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("PYTHONWARNINGS", raising=False)
    code = (
        "import warnings, bptui.cli as cli\n"
        "def warned(arguments): warnings.warn('invalid value', RuntimeWarning); return 0\n"
        "cli.run_command = warned"
    )
    done = ran(code, tmp_path)
    assert (done.returncode, done.stdout, done.stderr) == (0, b"", b"")


IN_A_DESTRUCTOR = """
class Told:
    def __del__(self): os.kill(os.getpid(), number)
def told(arguments):
    Told()
    return 0
"""

IN_AN_IMPORT = """
def told(arguments):
    try:
        os.kill(os.getpid(), number)
    except BaseException as error:  # as NumPy does while it is imported
        raise ImportError("the extensions cannot be imported") from error
    return 0
"""

WHILE_WRITING = """
from pathlib import Path
from bptui.files import write_whole
def pieces():
    yield "half"
    os.kill(os.getpid(), number)
def told(arguments):
    write_whole(Path("new"), pieces())
    return 0
"""

WHILE_A_THREAD_WRITES = """
import threading
from pathlib import Path
from bptui.files import write_whole
begun = threading.Event()
def pieces():
    yield "half"
    begun.set()
    threading.Event().wait()
def told(arguments):
    threading.Thread(target=write_whole, args=(Path("old"), pieces(), True), daemon=True).start()
    begun.wait()
    os.kill(os.getpid(), number)
    return 0
"""


@pytest.mark.parametrize("moment", [IN_A_DESTRUCTOR, IN_AN_IMPORT, WHILE_WRITING, WHILE_A_THREAD_WRITES])
@pytest.mark.parametrize("way", ["SIGINT", "SIGTERM", "SIGHUP"])
def test_a_signal_ends_it_at_any_moment_and_leaves_nothing(moment: str, way: str, tmp_path: Path) -> None:
    (tmp_path / "old").write_text("old")
    head = f"import os, signal, bptui.cli as cli\nnumber = signal.{way}\n"
    done = ran(f"{head}{moment}\ncli.run_command = told", tmp_path)
    assert (done.returncode, done.stdout, done.stderr) == (STATUS[way], b"", b"")
    assert [(path.name, path.read_text()) for path in tmp_path.iterdir()] == [("old", "old")]


WHILE_NAMING = """
from pathlib import Path
from bptui.files import write_whole
os.chmod = lambda *arguments: os.kill(os.getpid(), number)
def told(arguments):
    write_whole(Path("new"), "whole")
    return 0
"""


@pytest.mark.usefixtures("files_without_names")
@pytest.mark.parametrize("moment", [WHILE_WRITING, WHILE_NAMING])
def test_not_even_being_killed_leaves_half_a_file(moment: str, tmp_path: Path) -> None:
    head = "import os, signal, bptui.cli as cli\nnumber = signal.SIGKILL\n"
    done = ran(f"{head}{moment}\ncli.run_command = told", tmp_path)
    assert done.returncode == -signal.SIGKILL
    assert list(tmp_path.iterdir()) == []


STUCK = """
import time
from bptui.tui import terminal, walk
terminal.PATIENCE = 1
def stuck(self):
    while True: pass
walk.WalkScreen.action_end = stuck
"""

COMPUTING = """
import asyncio, time
from bptui.tui import walk
async def wait(self):
    self.query_one("#top").show("computing")
    await asyncio.to_thread(time.sleep, 600)
walk.WalkScreen.action_end = lambda self: self.run_worker(wait(self))
"""


@pytest.mark.parametrize(("code", "sign"), [(STUCK, ""), (COMPUTING, "computing")], ids=["stuck", "in a thread"])
def test_an_app_that_is_busy_ends_too(code: str, sign: str, start: Start, small: str) -> None:
    opened = [(way, start(small, code=code)) for way in ("\x03", "SIGTERM")]
    for way, terminal in opened:
        terminal.shows("step 1 of")  # as soon as the walk is there
        terminal.type("G")
        terminal.shows(sign)
        end(terminal, way)
    for way, terminal in opened:
        assert terminal.ended() == (STATUS[way], "")
        assert terminal.restored, terminal.modes()


# -- a fault of ours ---------------------------------------------------------------------------------------------------

BREAKING = "from bptui.tui.timeline import Timeline\nTimeline.parts = lambda self, width: [][width]"
BREAKING_BESIDE = """
from bptui.engine import run
from bptui.engine.recording import Recording
run._AT_ONCE = 0
Recording.go_on = lambda self, seconds: seconds and [][0]
"""


@pytest.mark.parametrize("code", [BREAKING, BREAKING_BESIDE])
def test_a_broken_app_leaves_a_report_and_says_where(code: str, start: Start, tmp_path: Path) -> None:
    terminal = start("exercise-7-1", code=code)
    status, said = terminal.ended()
    assert status == 2
    assert terminal.restored, terminal.modes()
    first, second = said.splitlines()
    assert first == "bptui stopped on a fault of its own (IndexError: list index out of range)"
    (report,) = (tmp_path / "state" / "bptui").iterdir()
    assert second == f"  please send the report {report}, with the scenario"
    text = report.read_text(encoding="utf-8")
    python = sys.version.split()[0]
    assert f"bptui {bptui.__version__}\n" in text
    for part in (f"Python {python} on ", "numpy ", "command: bptui exercise-7-1", "in <lambda>"):
        assert part in text
    assert "place: WalkScreen; exercise-7-1 (Exercise 7.1: backpropagation), step 1 of 38" in text.replace(
        "Screen > ", ""
    )


def test_a_broken_export_leaves_a_report_too(tmp_path: Path) -> None:
    code = (
        "import bptui.exporting.text as text\n"
        "def broken(*a, **k): raise KeyError('\\x1b[31m')\n"
        "text.text_pieces = broken\n"
        "import sys; sys.argv = ['bptui', 'export', 'xor']\n"
        "from bptui.__main__ import program; program()"
    )
    environment = {**os.environ, "XDG_STATE_HOME": str(tmp_path / "state"), "PYTHONPATH": str(ROOT)}
    ran = subprocess.run([sys.executable, "-c", code], capture_output=True, env=environment, check=False, timeout=60)
    assert ran.returncode == 2
    assert ran.stdout == b""
    assert b"Traceback" not in ran.stderr
    assert b"\x1b" not in ran.stderr
    assert b"KeyError" in ran.stderr
    (report,) = reports(tmp_path)
    assert "Traceback (most recent call last):" in report
    assert "\x1b" not in report


def test_reports_are_bounded_in_number_and_size(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(crash, "state_folder", lambda: tmp_path)
    for number in range(crash.KEPT + 3):
        (tmp_path / f"crash-2000010{number // 10}-{number % 10}.txt").touch()
    (tmp_path / "mine.txt").touch()
    assert len(str(crash.crashed(ValueError("x" * 1_000_000)))) < 1000
    found = sorted(tmp_path.iterdir())
    assert len(found) == crash.KEPT + 1
    assert found[-1].name == "mine.txt"
    assert 1000 < found[-2].stat().st_size < 1.2 * crash.LONGEST


def test_where_no_report_can_be_written_that_is_said(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "file").touch()
    monkeypatch.setattr(crash, "state_folder", lambda: tmp_path / "file" / "inside")
    assert "no report could be written: not a directory" in str(crash.crashed(ValueError("x")))


CHECKING = """
import os, sys, time
def checked(name):
    print("working", flush=True)
    time.sleep(600)
def checked_at_most_once(name):
    if name.endswith("3"):
        os.kill(os.getpid(), 9)
    if name.endswith("4"):
        raise KeyError(name)
    return name
"""


@pytest.fixture
def checking(tmp_path: Path) -> dict[str, str]:
    """A module with work for the processes of a check, and the environment that it is found in."""
    (tmp_path / "checking.py").write_text(CHECKING, encoding="utf-8")
    return {**os.environ, "PYTHONPATH": os.pathsep.join([str(ROOT), str(tmp_path)])}


@pytest.mark.parametrize(("way", "said"), [("SIGKILL", -9), ("SIGINT", 130), ("SIGTERM", 143)])
def test_where_a_check_is_ended_its_workers_end_too(way: str, said: int, checking: dict[str, str]) -> None:
    code = (
        "import sys, checking, bptui.cli, bptui.checking.batch as batch\n"
        "batch._cores = lambda: 2\n"
        "bptui.cli.run_command = lambda names: list(batch.each(names, checking.checked, str, sys.stderr))\n"
        "from bptui.__main__ import program; program()"
    )
    reading, writing = os.pipe()
    with subprocess.Popen([sys.executable, "-c", code, *"0123456789"], stderr=writing, env=checking) as process:
        os.close(writing)
        try:
            assert select.select([reading], [], [], 30)[0], "no worker begins"
            assert os.read(reading, 7) == b"working"
            process.send_signal(getattr(signal, way))
            assert process.wait(30) == said
        finally:
            process.kill()
    told = [b"..."]
    while told[-1]:  # the pipe comes to its end when the last worker is gone
        assert select.select([reading], [], [], 30)[0], "a worker goes on"
        told.append(os.read(reading, 1000))
    os.close(reading)
    assert b"".join(told[1:]).replace(b"working", b"").strip() == b""


def test_a_check_goes_on_where_one_of_its_processes_is_ended(checking: dict[str, str]) -> None:
    code = (
        "import sys, checking, bptui.checking.batch as batch\n"
        "batch._cores = lambda: 2\n"
        "def lost(name): return 'lost ' + name\n"
        "try:\n"
        "    for one in batch.each(sys.argv[1:], checking.checked_at_most_once, lost, sys.stderr): print(one)\n"
        "except KeyError as error: print(repr(error), 'checked_at_most_once' in error.__notes__[0])"
    )
    for names, expected in (("01235678", "0 1 2 lost 3 5 6 7 8"), ("12456789", "1 2 KeyError('4') True")):
        ran = subprocess.run(
            [sys.executable, "-c", code, *names], capture_output=True, env=checking, check=False, timeout=60
        )
        assert (ran.returncode, ran.stderr) == (0, b"")
        assert ran.stdout.decode().split() == expected.split()


def test_what_a_process_of_a_check_cannot_understand_is_lost(checking: dict[str, str]) -> None:
    code = (
        "import sys, bptui.checking.batch as batch\n"
        "batch._cores = lambda: 2\n"
        "def unknown_there(name): return name\n"
        "def lost(name): return 'lost'\n"
        "print(list(batch.each(sys.argv[1:], unknown_there, lost, sys.stderr)))"
    )
    ran = subprocess.run(
        [sys.executable, "-c", code, *"01234567"], capture_output=True, env=checking, check=False, timeout=60
    )
    assert (ran.returncode, ran.stdout.decode()) == (0, f"{['lost'] * 8}\n")
    assert b"AttributeError" in ran.stderr


def test_no_module_of_the_scenarios_folder_is_imported(tmp_path: Path) -> None:
    for name in ("pickle", "multiprocessing", "threading", "struct", "numpy", "bptui"):
        (tmp_path / f"{name}.py").write_text("open('obeyed', 'w').close()", encoding="utf-8")
    for number in range(8):
        (tmp_path / f"{number}.toml").write_text(SCENARIO, encoding="utf-8")
    code = (
        f"import sys; sys.path[0] = {str(ROOT)!r}\n"  # as of a script: no place of modules is where one is
        "import bptui.checking.batch as batch; batch._cores = lambda: 2\n"
        "from bptui.cli import main; raise SystemExit(main(['check', '.']))"
    )
    ran = subprocess.run([sys.executable, "-P", "-c", code], capture_output=True, cwd=tmp_path, check=False, timeout=60)
    assert (ran.returncode, ran.stderr) == (0, b"")
    assert not (tmp_path / "obeyed").exists()


# -- no room -----------------------------------------------------------------------------------------------------------


def limited(words: Sequence[str], most: int, folder: Path) -> subprocess.CompletedProcess[bytes]:
    """Run bptui where no file can become larger than `most` bytes."""
    code = (
        f"import resource; resource.setrlimit(resource.RLIMIT_FSIZE, ({most}, {most}))\n"
        "from bptui.__main__ import program; program()"
    )
    environment = {**os.environ, "PYTHONPATH": str(ROOT), "PYTHONDONTWRITEBYTECODE": "1"}
    return subprocess.run(
        [sys.executable, "-c", code, *words], capture_output=True, cwd=folder, env=environment, check=False, timeout=60
    )


def test_an_export_without_room_is_absent(tmp_path: Path) -> None:
    ran = limited(["export", "exercise-7-1", "-f", "json", "-o", "t.json"], 5000, tmp_path)
    assert ran.returncode == 2
    assert ran.stderr == b"t.json: cannot write this file: file too large\n"
    assert list(tmp_path.iterdir()) == []


def test_what_is_replaced_stays_where_there_is_no_room(tmp_path: Path) -> None:
    (tmp_path / "t.json").write_text("mine")
    ran = limited(["export", "exercise-7-1", "-f", "json", "-o", "t.json", "--force"], 5000, tmp_path)
    assert ran.returncode == 2
    assert [path.read_text() for path in tmp_path.iterdir()] == ["mine"]


# -- no terminal -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("redirected", ["</dev/null", "</dev/zero", ">/dev/null", "<&-", ">&-", "<&- >&- 2>&-"])
def test_without_a_terminal_it_is_text_or_one_line(redirected: str, tmp_path: Path) -> None:
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    started = [
        subprocess.Popen(
            f"{sys.executable} -m bptui {words} {redirected}",
            shell=True,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            env=environment,
        )
        for words in ("exercise-7-1", "")
    ]
    (shown, said), (nothing, refused) = (one.communicate(timeout=60) for one in started)
    assert [one.returncode for one in started] == [0, 2]
    assert (b"Exercise 7.1" in shown) == (">" not in redirected)
    assert (said, nothing) == (b"", b"")
    assert refused.count(b"\n") == (0 if "2>" in redirected else 1)
