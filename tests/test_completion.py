"""Completion: each shell is asked for what it would offer, and what it offers is what the command line takes."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from bptui import bundled
from bptui.cli import main
from bptui.completion import SHELLS
from bptui.exporting import FORMATS
from bptui.limits import NAMES

Ask = Callable[[str, str], set[str]]
"""Of a shell, and a command line that ends where the cursor is: what is offered."""

BASH = r"""
source ./script
COMP_WORDS=(@WORDS) COMP_CWORD=$((@COUNT - 1))
_bptui
printf "%s\n" "${COMPREPLY[@]}"
"""

ZSH = """
compadd() { shift; print -l -- ${(M)@:#$current*}; }
_files() { print -l -- $current*(N); }
compdef() { :; }
source ./script
words=(@WORDS) CURRENT=@COUNT
_bptui
"""

ASKING = {
    "bash": BASH,
    "zsh": ZSH,
    "fish": "source ./script; complete -C @LINE",
}


@pytest.fixture
def ask(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> Ask:
    def ask(shell: str, line: str) -> set[str]:
        program = shutil.which(shell)
        if program is None:
            pytest.skip(f"there is no {shell} on this machine to ask")
        assert main(["completion", shell]) == 0
        (tmp_path / "script").write_text(capsys.readouterr().out, encoding="utf-8")
        (tmp_path / "my sheet.toml").touch()
        *words, last = line.split(" ")
        code = ASKING[shell].replace("@WORDS", " ".join([*words, last or "''"]))
        code = code.replace("@COUNT", str(len(words) + 1)).replace("@LINE", f"'{line}'")
        environment = {**os.environ, "HOME": str(tmp_path)}
        ran = subprocess.run(
            [program, "-c", code], cwd=tmp_path, env=environment, capture_output=True, encoding="utf-8", check=True
        )
        assert ran.stderr == ""
        return {offer.split("\t")[0] for offer in ran.stdout.splitlines() if offer.strip()}

    return ask


@pytest.mark.parametrize("shell", SHELLS)
def test_what_is_offered_where(shell: str, ask: Ask) -> None:
    assert ask(shell, "bptui ex") >= {"export", "exercise-7-1", "exploding-gradient"}
    assert ask(shell, "bptui ex").isdisjoint({"check", "xor"})
    assert ask(shell, "bptui ") >= {"export", "check", "completion", *bundled.names(), "my sheet.toml"}
    assert ask(shell, "bptui my") >= {"my sheet.toml"}
    assert ask(shell, "bptui export -f ") == set(FORMATS)
    assert ask(shell, "bptui check --format ") == {"text", "json"}
    assert ask(shell, "bptui check x") >= {"xor"}
    assert "check" not in ask(shell, "bptui check c")
    assert ask(shell, "bptui export --fo") == {"--force", "--format"}
    assert ask(shell, "bptui export xor -o my") == {"my sheet.toml"}
    assert ask(shell, "bptui ops soft") == {"softmax", "softplus", "softmax_cross_entropy"}
    assert ask(shell, "bptui completion ") == set(SHELLS)
    assert ask(shell, "bptui list ") == set()
    assert ask(shell, "bptui --limit st") == {"steps="}


@pytest.mark.parametrize("command", ["", "export", "check", "list", "ops", "keys", "schema", "new", "completion"])
def test_every_option_of_the_help_is_offered(command: str, ask: Ask, capsys: pytest.CaptureFixture[str]) -> None:
    main([command, "--help"] if command else ["--help"])
    options = set(re.findall(r"(?<![\w`])(--?[a-z][a-z-]*)", capsys.readouterr().out.partition("options:")[2]))
    assert options >= {"--help", "--version"}
    assert ask("bash", f"bptui {command} -" if command else "bptui -") >= options


def test_limits_are_offered_by_name(ask: Ask) -> None:
    assert ask("bash", "bptui export --limit ") == {f"{name}=" for name in NAMES}


def test_an_unknown_shell_is_said(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["completion", "tcsh"]) == 2
    assert "there is no completion for `tcsh`" in capsys.readouterr().err


def test_completion_is_not_loaded_for_anything_else() -> None:
    code = "import sys, bptui.cli; bptui.cli.main(['list']); sys.exit('bptui.completion' in sys.modules)"
    subprocess.run([sys.executable, "-c", code], check=True, stdout=subprocess.DEVNULL)
