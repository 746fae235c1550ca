"""run.py: what makes the environment again, what an interrupted set-up leaves, and what is left alone."""

from __future__ import annotations

import re
import sys
import tomllib
from collections.abc import Sequence
from pathlib import Path

import pytest

import run
from bptui import bundled

CHECKOUT = Path(__file__).resolve().parent.parent


class Machine:
    """A stand-in for the commands that run.py gives: notes them, and answers as a machine in some state would."""

    def __init__(self, environment: run.Environment) -> None:
        self.environment = environment
        self.commands: list[list[str]] = []
        self.failing: dict[str, str] = {}
        """What a command that contains the key says when it fails."""

    def __call__(self, command: Sequence[str], folder: Path | None = None, announce: str = "") -> tuple[int, str]:
        self.commands.append(list(command))
        if command[1:3] == ["-m", "venv"]:
            python = self.environment.program("python")
            python.parent.mkdir(exist_ok=True)
            python.touch()
        said = " ".join(answer for word, answer in self.failing.items() if word in command)
        return bool(said), said

    def installed(self) -> list[str]:
        """Return what pip was asked to install, in order."""
        return [command[-1] for command in self.commands if "install" in command]


@pytest.fixture
def environment(tmp_path: Path) -> run.Environment:
    (tmp_path / "pyproject.toml").write_text("[project]\n")
    (tmp_path / "constraints.txt").write_text("numpy==2.0.0\n")
    return run.Environment(tmp_path)


@pytest.fixture
def machine(environment: run.Environment, monkeypatch: pytest.MonkeyPatch) -> Machine:
    machine = Machine(environment)
    monkeypatch.setattr(run, "captured", machine)
    return machine


def test_the_second_run_makes_nothing(environment: run.Environment, machine: Machine) -> None:
    environment.prepare()
    first = len(machine.commands)
    environment.prepare()
    assert machine.installed() == ["."]
    assert len(machine.commands) == first


def test_an_extra_is_added_to_what_is_there(environment: run.Environment, machine: Machine) -> None:
    for extra in ("", "test", "dev", "test", ""):
        environment.prepare(extra)
    assert machine.installed() == [".", ".[test]", ".[dev,test]"]
    assert sum("venv" in command for command in machine.commands) == 1


@pytest.mark.parametrize("name", ["pyproject.toml", "constraints.txt"])
def test_a_change_of_the_requirements_makes_it_again(environment: run.Environment, machine: Machine, name: str) -> None:
    environment.prepare()
    left_over = environment.folder / "left-over"
    left_over.touch()
    (environment.home / name).write_text("# changed\n")
    environment.prepare()
    assert machine.installed() == [".", "."]
    assert not left_over.exists()


def test_another_python_makes_it_again(
    environment: run.Environment, machine: Machine, monkeypatch: pytest.MonkeyPatch
) -> None:
    environment.prepare()
    monkeypatch.setattr("sys.version", "another")
    environment.prepare()
    assert machine.installed() == [".", "."]


def test_a_python_that_is_gone_makes_it_again(environment: run.Environment, machine: Machine) -> None:
    environment.prepare()
    environment.program("python").unlink()
    environment.prepare()
    assert machine.installed() == [".", "."]


def test_an_interrupted_installation_is_made_again_from_the_start(
    environment: run.Environment, machine: Machine, monkeypatch: pytest.MonkeyPatch
) -> None:
    environment.prepare()

    def interrupted(extras: Sequence[str]) -> None:
        (environment.folder / "half").touch()
        raise KeyboardInterrupt

    with monkeypatch.context() as patched:
        patched.setattr(environment, "_install", interrupted)
        with pytest.raises(KeyboardInterrupt):
            environment.prepare("test")
    assert environment.extras() is None
    environment.prepare("test")
    assert environment.extras() == {"test"}
    assert not (environment.folder / "half").exists()


def test_an_environment_of_someone_else_is_left_alone(environment: run.Environment, machine: Machine) -> None:
    theirs = environment.folder / "pyvenv.cfg"
    environment.folder.mkdir()
    theirs.write_text("home = elsewhere\n")
    with pytest.raises(run.SetUpError, match=r"was not made by run\.py: rename or remove it"):
        environment.prepare()
    assert theirs.read_text() == "home = elsewhere\n"
    assert not machine.commands


def test_without_a_network_one_line_says_so(environment: run.Environment, machine: Machine) -> None:
    machine.failing = {
        "install": "WARNING: Retrying after connection broken by 'NewConnectionError'\n"
        "ERROR: Could not find a version that satisfies the requirement hatchling\n"
    }
    with pytest.raises(run.SetUpError, match="connect this machine to the network") as raised:
        environment.prepare()
    assert "\n" not in str(raised.value)
    assert environment.extras() is None


def test_a_connection_that_recovers_is_no_failure(
    environment: run.Environment, monkeypatch: pytest.MonkeyPatch
) -> None:
    def recovering(command: Sequence[str], folder: Path | None = None, announce: str = "") -> tuple[int, str]:
        return 0, "WARNING: Retrying after connection broken by 'NewConnectionError'\nSuccessfully installed numpy\n"

    monkeypatch.setattr(run, "captured", recovering)
    environment.prepare()
    assert environment.stamp.read_text().split() == [environment.fingerprint()]


def test_any_other_failure_is_told_in_pips_own_words(environment: run.Environment, machine: Machine) -> None:
    machine.failing = {"install": "Collecting numpy\nERROR: No matching distribution found for numpy==2.0.0\n\nnote\n"}
    with pytest.raises(run.SetUpError, match=r"No matching distribution found for numpy==2\.0\.0$"):
        environment.prepare()


def test_without_ensurepip_the_pip_of_the_machine_installs(
    environment: run.Environment, machine: Machine, monkeypatch: pytest.MonkeyPatch
) -> None:
    def without_ensurepip(command: Sequence[str], folder: Path | None = None, announce: str = "") -> tuple[int, str]:
        if command[0] == str(environment.program("python")):
            return 1, "No module named pip"
        if "venv" in command and "--without-pip" not in command:
            return 1, "ensurepip is not available"
        return machine(command, folder, announce)

    monkeypatch.setattr(run, "captured", without_ensurepip)
    environment.prepare()
    assert "--without-pip" in machine.commands[0]
    assert machine.commands[-1][1:5] == ["-m", "pip", "--python", str(environment.program("python"))]


def test_without_ensurepip_and_pip_the_package_to_add_is_named(environment: run.Environment, machine: Machine) -> None:
    machine.failing = {"venv": "ensurepip is not available", "pip": "No module named pip"}
    with pytest.raises(run.SetUpError, match=r"sudo apt install python3\.\d+-venv"):
        environment.prepare()


def test_a_failure_goes_to_standard_error_with_status_2(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def fails(self: run.Environment, extra: str = "") -> None:
        raise run.SetUpError("what is missing")

    monkeypatch.setattr(run.Environment, "prepare", fails)
    assert run.main(["export", "exercise-7-1"]) == 2
    assert capsys.readouterr() == ("", "run.py: what is missing\n")


@pytest.mark.parametrize(
    ("arguments", "program", "passed"),
    [
        ([], "bptui", ["exercise-7-1"]),
        (["export", "exercise-7-1"], "bptui", ["export", "exercise-7-1"]),
        (["test", "-k", "permute"], "python", ["-m", "pytest", *run.IN_PARALLEL, "-k", "permute"]),
    ],
)
def test_arguments_are_passed_on(
    arguments: list[str], program: str, passed: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    class Became(Exception):
        pass

    def become(command: Sequence[str | Path]) -> None:
        raise Became(command)

    monkeypatch.setattr(run, "become", become)
    monkeypatch.setattr(run.Environment, "prepare", lambda self, extra="": None)
    monkeypatch.chdir(CHECKOUT)
    with pytest.raises(Became) as became:
        run.main(arguments)
    assert became.value.args[0] == [run.Environment(CHECKOUT).program(program), *passed]


def test_the_first_exercise_is_the_apps_own() -> None:
    assert run.FIRST_EXERCISE == bundled.FIRST
    assert bundled.path(run.FIRST_EXERCISE) is not None


def test_what_a_command_says_is_captured_and_its_packages_are_announced(capsys: pytest.CaptureFixture[str]) -> None:
    program = "import sys; print('Collecting numpy>=2'); print(sys.stdin.read() == ''); sys.exit(3)"
    assert run.captured([sys.executable, "-c", program], announce="Collecting ") == (3, "Collecting numpy>=2\nTrue\n")
    assert capsys.readouterr() == ("", "run.py:   numpy\n")


def test_every_requirement_has_one_exact_pin_that_names_no_host_and_no_path() -> None:
    project = tomllib.loads((CHECKOUT / "pyproject.toml").read_text())["project"]
    wanted = sum(project["optional-dependencies"].values(), project["dependencies"])
    names = {re.split(r"[^\w.-]", requirement)[0] for requirement in wanted} - {"bptui"}
    lines = (CHECKOUT / "constraints.txt").read_text().splitlines()
    pins = [line for line in lines if not line.startswith("#")]
    assert all(re.fullmatch(r"[a-z0-9.-]+==[0-9][0-9.]*", pin) for pin in pins)
    pinned = [pin.split("==")[0] for pin in pins]
    assert len(set(pinned)) == len(pinned)
    assert names <= set(pinned)
