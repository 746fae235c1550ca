"""The command line: what goes to standard output, what to standard error, and which exit status ends it."""

from __future__ import annotations

import errno
import io
import json
import os
import signal
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import IO

import pytest

import bptui
from bptui import bundled
from bptui.cli import main
from bptui.ops import CALLABLE

PROJECT = Path(__file__).resolve().parent.parent
COMMANDS = ("export", "check", "list", "ops", "schema", "new")
GOOD = "[inputs]\nx = 3\n[forward]\ny = 'x**2'\n"
BAD = "[inputs]\nx = 3\n[forward]\ny = 'q**2'\n"
WRONG_NAME = "unknown name `q`"


@pytest.fixture(autouse=True)
def _somewhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


@dataclass
class Ran:
    """How a command line ended and what it wrote."""

    status: int
    out: str
    err: str


class Runner:
    """Runs command lines in this process, without a terminal."""

    def __init__(self, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
        self._capsys, self._monkeypatch = capsys, monkeypatch

    def __call__(self, *arguments: str, stdin: str | bytes = "") -> Ran:
        content = stdin.encode() if isinstance(stdin, str) else stdin
        self._monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(content)))
        status = main(arguments)
        return Ran(status, *self._capsys.readouterr())

    def refused(self, *arguments: str, stdin: str | bytes = "") -> str:
        """Return what standard error says of a command line that ends with status 2 and no output."""
        ran = self(*arguments, stdin=stdin)
        assert (ran.status, ran.out) == (2, "")
        return ran.err


@pytest.fixture
def run(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> Runner:
    return Runner(capsys, monkeypatch)


Stream = int | IO[bytes]


def process(
    *arguments: str,
    env: Mapping[str, str] | None = None,
    stdin: Stream = subprocess.DEVNULL,
    stdout: Stream = subprocess.PIPE,
    stderr: Stream = subprocess.PIPE,
) -> subprocess.Popen[bytes]:
    """Start a command line as its own process."""
    environment = {**os.environ, "PYTHONPATH": str(PROJECT), **(env or {})}
    command = [sys.executable, "-m", "bptui", *arguments]
    return subprocess.Popen(command, env=environment, stdin=stdin, stdout=stdout, stderr=stderr)


# -- help and version ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("command", ["", *COMMANDS])
def test_help_and_version_on_every_command(command: str, run: Runner) -> None:
    words = [command] if command else []
    shown = run(*words, "--help")
    assert (shown.status, shown.err) == (0, "")
    assert shown.out.startswith(" ".join(["usage: bptui", *words]))
    assert "--version" in shown.out
    assert run(*words, "--version") == Ran(0, f"bptui {bptui.__version__}\n", "")


def test_help_names_every_command(run: Runner) -> None:
    shown = run("--help").out
    assert all(f"bptui {command}" in shown for command in COMMANDS)


# -- what is wrong with a command line -------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["exprt", "exercise-7-1"], ["there is no command `exprt`", "did you mean `bptui export`?"]),
        (["lst"], ["lst: there is no such file", "did you mean the command `bptui list`?"]),
        (
            ["exercise-7-2"],
            ["exercise-7-2: there is no such file", "did you mean the bundled scenario `exercise-7-1`?"],
        ),
        (["nothing.toml"], ["nothing.toml: there is no such file", "`bptui list` lists"]),
        ([""], ["there is no such file, and no bundled scenario of that name"]),
        (["export"], ["required: SCENARIO", "see `bptui export --help`"]),
        (["export", "exercise-7-1", "more"], ["unrecognized arguments: more", "see `bptui export --help`"]),
        (["export", "exercise-7-1", "--outpt=x"], ["unrecognized arguments: --outpt=x", "did you mean `--output`?"]),
        (["export", "exercise-7-1", "--forc"], ["unrecognized arguments: --forc", "did you mean `--force`?"]),
        (["export", "exercise-7-1", "-o"], ["expected one argument"]),
        (["export", "exercise-7-1", "--output=--"], ["argument --output: expected one argument"]),
        (["exercise-7-1", "--break=--"], ["argument --break: expected one argument"]),
        (["export", "exercise-7-1", "-f", "jsn"], ["unknown format `jsn`", "did you mean `json`?"]),
        (
            ["export", "exercise-7-1", "-f", "yaml"],
            ["unknown format `yaml`", "there are: text, markdown, latex, html, json"],
        ),
        (["export", "exercise-7-1", "-f", "json", "--blanks"], ["json has no answers to leave out", "html"]),
        (["check"], ["required: SCENARIO"]),
        (["check", "exercise-7-1", "-f", "html"], ["unknown format `html`", "there are: text, json"]),
        (["list", "more"], ["unrecognized arguments: more"]),
        (["ops", "sigmod"], ["no operation is called `sigmod`; did you mean `sigmoid`?"]),
        (["schema", "more"], ["unrecognized arguments: more"]),
        (["new"], ["required: FILE"]),
        (["a\x1b[31m"], ["a\\x1b[31m: there is no such file"]),
        (["export", "exercise-7-1", "-f", "\x1b[2J\u202e"], ["unknown format `\\x1b[2J\\u202e`"]),
    ],
)
def test_a_bad_command_line(words: list[str], said: list[str], run: Runner) -> None:
    err = run.refused(*words)
    assert all(part in err for part in said)
    assert len(err.strip().split("\n")) <= 2


def test_without_a_terminal_there_is_no_app(run: Runner) -> None:
    assert run.refused() == "there is no terminal to open the app in: name a scenario to print its trace\n"


# -- scenarios from everywhere ---------------------------------------------------------------------------------------


def test_a_scenario_is_a_path_a_bundled_name_or_standard_input(run: Runner) -> None:
    Path("s.toml").write_text(GOOD)
    by_path = run("export", "s.toml")
    assert (by_path.status, by_path.err) == (0, "")
    assert run("s.toml") == by_path
    assert run("export", "-", stdin=GOOD).out == by_path.out.replace("s.toml", "<stdin>").replace("======", "=======")
    assert run("exercise-7-1").out == bptui.export(bptui.run(bptui.load("exercise-7-1")))


def test_a_path_goes_before_a_bundled_name(run: Runner) -> None:
    Path("exercise-7-1").write_text(BAD)
    assert run.refused("exercise-7-1").startswith(f"exercise-7-1:4:6: {WRONG_NAME}\n")


def test_faults_go_to_standard_error_with_their_place(run: Runner) -> None:
    Path("s.toml").write_text(BAD)
    said = f"s.toml:4:6: {WRONG_NAME}\n  4 | y = 'q**2'\n    |      ^\n  there is: x\n"
    assert run.refused("export", "s.toml") == said
    assert run.refused("s.toml") == said
    assert run.refused("check", "s.toml", "-f", "text") == said
    assert run.refused("export", "-", stdin=BAD) == said.replace("s.toml", "<stdin>")


def test_weights_of_standard_input_are_found_beside_the_caller(run: Runner) -> None:
    Path("w.csv").write_text("1,2\n3,4\n")
    scenario = "[inputs]\nx={file='w.csv'}\n[forward]\ny='sum(x)'"
    assert run("export", "-", stdin=scenario).status == 0


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"", "there is nothing in this file"),
        (b"\x7fELF\0\0", "it is a binary file, not text"),
        (b"x = '\xff'", "the byte 0xFF is no UTF-8 text"),
        (b"#" * (1 << 20) + b"#", "it is larger than 1 MiB"),
    ],
)
def test_standard_input_that_is_no_scenario(content: bytes, said: str, run: Runner) -> None:
    assert said in run.refused("-", stdin=content)


def test_files_that_are_no_scenario(run: Runner) -> None:
    Path("folder").mkdir()
    os.mkfifo("fifo")
    assert run.refused("folder") == "folder: it is a folder, not a file\n"
    assert run.refused("fifo").startswith("fifo: it is no ordinary file\n")
    assert run.refused("export", "/dev/null").startswith("/dev/null: it is no ordinary file\n")


# -- export ----------------------------------------------------------------------------------------------------------


def test_export_to_a_file(run: Runner) -> None:
    assert run("export", "exercise-7-1", "-o", "t.txt") == Ran(0, "", "")
    assert Path("t.txt").read_text(encoding="utf-8") == run("export", "exercise-7-1").out
    assert run("export", "exercise-7-1", "--format=json", "--output=t.json") == Ran(0, "", "")
    assert json.loads(Path("t.json").read_text(encoding="utf-8"))["format"] == "bptui-trace"


def test_export_to_a_dash_is_to_standard_output(run: Runner) -> None:
    for name in ("-", "/dev/stdout"):
        assert run("export", "exercise-7-1", "-o", name) == run("export", "exercise-7-1")
    assert not Path("-").exists()


def test_export_never_overwrites_without_force(run: Runner) -> None:
    Path("t.txt").write_text("mine")
    err = run.refused("export", "exercise-7-1", "-o", "t.txt")
    assert err == "t.txt: this file exists already\n  choose another name, or use --force to replace it\n"
    assert Path("t.txt").read_text() == "mine"
    assert run("export", "exercise-7-1", "-o", "t.txt", "--force").status == 0
    assert Path("t.txt").read_text(encoding="utf-8").startswith("Exercise 7.1")


@pytest.mark.parametrize("force", [[], ["--force"]])
@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("folder", "this is a folder"),
        ("fifo", "this is no ordinary file"),
        ("loop", "this is no ordinary file"),
        ("to-fifo", "this is no ordinary file"),
        ("/dev/full", "this is no ordinary file"),
        ("/dev/null", "this is no ordinary file"),
        ("nowhere/t.txt", "cannot write here: no such file or directory"),
        ("file/t.txt", "cannot write here: not a directory"),
        ("", "this is a folder"),
        ("x" * 300, "cannot write here: file name too long"),
        ("a\0b", "cannot write here: embedded null byte"),
    ],
)
def test_export_writes_to_ordinary_files_only(name: str, said: str, force: list[str], run: Runner) -> None:
    Path("folder").mkdir()
    Path("file").write_text("mine")
    os.mkfifo("fifo")
    Path("loop").symlink_to("loop")
    Path("to-fifo").symlink_to("fifo")
    before = sorted(os.listdir())
    assert said in run.refused("export", "exercise-7-1", "-o", name, *force)
    assert sorted(os.listdir()) == before


def test_nothing_is_written_where_the_scenario_is_bad(run: Runner) -> None:
    run.refused("export", "-", "-o", "t.txt", stdin=BAD)
    assert not Path("t.txt").exists()


# -- check -----------------------------------------------------------------------------------------------------------


def test_check_says_what_is_right(run: Runner) -> None:
    Path("s.toml").write_text(GOOD)
    ran = run("check", "s.toml")
    assert (ran.status, ran.err) == (0, "")
    assert "x  ok" in ran.out


def test_check_goes_on_after_a_bad_scenario(run: Runner) -> None:
    Path("good.toml").write_text(GOOD)
    Path("bad.toml").write_text(BAD)
    ran = run("check", "bad.toml", "good.toml", "nowhere.toml", "good.toml", "-f", "json")
    assert ran.status == 2
    assert [one["scenario"] for one in json.loads(ran.out)["scenarios"]] == ["good.toml", "good.toml"]
    assert [said.partition(":")[0] for said in ran.err.split("\n") if ": " in said and said[0] != " "] == [
        "bad.toml",
        "nowhere.toml",
    ]


def test_check_as_json(run: Runner) -> None:
    ran = run("check", "exercise-7-3c", "-f", "json")
    assert ran.status == 0
    report = json.loads(ran.out)
    assert (report["format"], report["version"]) == ("bptui-check", 1)
    (one,) = report["scenarios"]
    assert [(found["name"], found["ok"]) for found in one["gradients"]] == [("x", True)]


SHEET = GOOD + "[worked]\ny = {claim}\n"


def test_check_marks_a_worked_solution(run: Runner) -> None:
    Path("right.toml").write_text(SHEET.format(claim=9))
    Path("wrong.toml").write_text(SHEET.format(claim=12))
    assert run("check", "right.toml").status == 0
    ran = run("check", "wrong.toml")
    assert ran.status == 1
    assert "worked solution: 0 right, 0 follow, 1 wrong" in ran.out
    ran = run("check", "right.toml", "wrong.toml")
    assert ran.status == 1
    assert "2 worked solutions, line by line" in ran.out
    assert [line.split()[:3] for line in ran.out.splitlines() if line.startswith("  y ")] == [["y", "1", "2"]]


def test_check_takes_folders_and_patterns(run: Runner) -> None:
    Path("sheets").mkdir()
    for number in range(3):
        Path(f"sheets/{number}.toml").write_text(GOOD)
    Path("empty").mkdir()
    ran = run("check", "sheets", "-f", "json")
    assert ran.status == 0
    assert [one["scenario"] for one in json.loads(ran.out)["scenarios"]] == [f"sheets/{at}.toml" for at in range(3)]
    ran = run("check", "sheets/[01].toml", "empty", "no*.toml", "-f", "json")
    assert ran.status == 2
    assert [one["scenario"] for one in json.loads(ran.out)["scenarios"]] == ["sheets/0.toml", "sheets/1.toml"]
    assert "empty: there are no scenarios in this folder" in ran.err
    assert "no*.toml: no file fits this pattern" in ran.err


def test_many_files_are_checked_in_processes_and_come_out_in_their_order(run: Runner) -> None:
    for number in range(9):
        Path(f"{number}.toml").write_text(BAD if number == 4 else GOOD)
    ran = run("check", ".", "-f", "json")
    assert ran.status == 2
    assert [one["scenario"] for one in json.loads(ran.out)["scenarios"]] == [f"{at}.toml" for at in range(9) if at != 4]
    assert ran.err.startswith("4.toml:")


# -- the lists and the starter ---------------------------------------------------------------------------------------


def test_list_gives_every_bundled_scenario_with_its_title(run: Runner) -> None:
    ran = run("list")
    assert (ran.status, ran.err) == (0, "")
    assert [line.split()[0] for line in ran.out.splitlines()] == bundled.names()
    assert "exercise-7-1              Exercise 7.1: backpropagation" in ran.out


def test_ops_describes_every_operation(run: Runner) -> None:
    ran = run("ops")
    assert (ran.status, ran.err) == (0, "")
    for name in CALLABLE:
        assert f"\n{name}(" in f"\n{ran.out}", name
        alone = run("ops", name)
        assert alone.status == 0
        assert alone.out in ran.out


def test_schema_is_json(run: Runner) -> None:
    ran = run("schema")
    assert (ran.status, ran.err) == (0, "")
    assert json.loads(ran.out)["title"] == "bptui scenario"


def test_new_writes_a_starter_that_loads_and_runs(run: Runner) -> None:
    ran = run("new", "mine.toml")
    assert (ran.status, ran.out) == (0, "")
    assert ran.err == "wrote mine.toml; open it with: bptui mine.toml\n"
    assert run("check", "mine.toml").status == 0
    assert run("mine.toml").out.startswith("My first scenario")
    before = Path("mine.toml").read_bytes()
    assert run.refused("new", "mine.toml") == "mine.toml: this file exists already\n  choose another name\n"
    assert Path("mine.toml").read_bytes() == before


def test_a_new_files_name_is_shown_without_what_it_hides(run: Runner) -> None:
    assert "wrote a\\x1b[31m.toml;" in run("new", "a\x1b[31m.toml").err


# -- as a process: streams, signals, environment ---------------------------------------------------------------------


def test_the_same_bytes_in_every_environment() -> None:
    environments = [
        {"LC_ALL": "C", "PYTHONUTF8": "0", "PYTHONHASHSEED": "1"},
        {"PYTHONIOENCODING": "ascii", "PYTHONHASHSEED": "2", "NO_COLOR": "1", "COLUMNS": "30"},
        {"PYTHONIOENCODING": "utf-16", "PYTHONHASHSEED": "3", "FORCE_COLOR": "1", "TERM": "xterm-256color"},
    ]
    expected = bptui.export(bptui.run(bptui.load("exercise-7-1"))).encode()
    assert "·".encode() in expected
    started = [process("export", "exercise-7-1", env=environment) for environment in environments]
    assert [one.communicate() for one in started] == [(expected, b"")] * 3


@pytest.mark.parametrize("buffered", ["", "1"])
def test_a_full_disk_is_said(buffered: str) -> None:
    with open("/dev/full", "wb") as full:
        started = [process(*words, stdout=full, env={"PYTHONUNBUFFERED": buffered}) for words in (["list"], ["--help"])]
        said = [(one.communicate()[1], one.returncode) for one in started]
        assert said == [(b"bptui: cannot write the output: no space left on device\n", 2)] * 2
        untold = process("export", "nowhere.toml", stderr=full, env={"PYTHONUNBUFFERED": buffered})
        assert (untold.communicate()[0], untold.returncode) == (b"", 2)


@pytest.mark.parametrize("words", [["export", "-"], ["scalar-chain", "--plain"]])
def test_input_that_cannot_be_read_is_told_apart_from_output(words: list[str], tmp_path: Path) -> None:
    with open(tmp_path / "written", "wb") as unreadable:
        started = process(*words, stdin=unreadable)
        said = (started.communicate()[1], started.returncode)
    assert said == (b"standard input cannot be read (bad file descriptor)\n", 2)


def test_a_fault_of_the_system_names_its_file(run: Runner, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(arguments: list[str]) -> int:
        raise PermissionError(errno.EACCES, os.strerror(errno.EACCES), "some\x1bwhere")

    monkeypatch.setattr("bptui.cli.run_command", broken)
    assert run() == Ran(2, "", "bptui: cannot use `some\\x1bwhere`: permission denied\n")


def test_a_closed_pipe_is_no_fault() -> None:
    reading, writing = os.pipe()
    os.close(reading)
    started = process("export", "exercise-7-1", "-f", "json", stdout=writing)
    os.close(writing)
    assert (started.communicate()[1], started.returncode) == (b"", 0)


def test_closed_standard_streams() -> None:
    command = 'exec "$0" -m bptui list <&- >&- 2>&-'
    environment = {**os.environ, "PYTHONPATH": str(PROJECT)}
    assert subprocess.run(["sh", "-c", command, sys.executable], env=environment, check=False).returncode == 0


@pytest.mark.parametrize(("number", "status"), [(signal.SIGINT, 130), (signal.SIGTERM, 143), (signal.SIGHUP, 129)])
def test_signals(number: signal.Signals, status: int) -> None:
    # Standard input tells when it is asked for its bytes: then `main` runs, and waits for a scenario.
    program = (
        "import sys, bptui.cli\n"
        "class Told:\n"
        "    def isatty(self): return False\n"
        "    @property\n"
        "    def buffer(self): print('waiting', flush=True); return sys.__stdin__.buffer\n"
        "sys.stdin = Told()\n"
        "from bptui.__main__ import program; sys.argv[1:] = ['-']; program()"
    )
    environment = {**os.environ, "PYTHONPATH": str(PROJECT)}
    with subprocess.Popen(
        [sys.executable, "-c", program],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        env=environment,
    ) as started:
        assert started.stdout is not None
        assert started.stdout.readline() == b"waiting\n"
        started.send_signal(number)
        out, err = started.communicate(timeout=20)
    assert (started.returncode, out, err) == (status, b"", b"")


def test_help_is_quick_for_it_loads_no_library() -> None:
    code = (
        "import sys\nfrom bptui.cli import main\nfrom bptui.cli.dispatch import COMMANDS\n"
        "for command in ('', *COMMANDS):\n"
        "    assert main([command, '--help'] if command else ['--help']) == 0\n"
        "    assert main([command, '--version'] if command else ['--version']) == 0\n"
        "    heavy = {'numpy', 'textual', 'rich', 'sympy', 'msgspec', 'tomllib'} & set(sys.modules)\n"
        "    assert not heavy, (command, heavy)\n"
    )
    environment = {**os.environ, "PYTHONPATH": str(PROJECT)}
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, encoding="utf-8", env=environment, check=False
    )
    assert done.stderr == ""
