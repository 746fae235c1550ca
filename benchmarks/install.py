#!/usr/bin/env python3
"""Install bptui as its users do, in clean environments, and see that it works and prints the same everywhere.

    benchmarks/install.py [--python 3.11 3.12 3.13] [--only wheel-lowest …]

For every Python: the wheel and the sdist, with the lowest and the newest versions that the metadata admits, by pip and
uv; once each by pipx and `uv tool`. In each, from a folder of its own: the version, the list of scenarios, checks,
every export of every bundled scenario (the same bytes everywhere), the three completions, and the app, opened in a
pseudo-terminal and left. Needs `uv` on the path, and `pipx` for its part. Ends with status 1 where something fails.
"""

from __future__ import annotations

import argparse
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
sys.path[:0] = [str(ROOT / "tests")]

FORMATS = ("text", "markdown", "latex", "html")
"""The formats that are for people; JSON has every digit of every number, and processors differ in the last."""

EXPORTING = """
import hashlib, sys
from importlib.metadata import version
import bptui
from bptui import bundled
packages = ("numpy", "textual", "rich", "msgspec", "sympy", "tree-sitter", "platformdirs")
print(f"Python {sys.version.split()[0]}", *(f"{name} {version(name)}" for name in packages), sep=", ")
for name in bundled.names():
    trace = bptui.run(bptui.load(name))
    for format in sys.argv[1:]:
        print(name, format, hashlib.sha256(bptui.export(trace, format).encode()).hexdigest())
"""
"""Prints the versions, and a hash of every export."""

SCENARIOS = sorted(path.stem for path in (ROOT / "scenarios").glob("*.toml"))


def main() -> int:
    """Go through the matrix and print a line for each way."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--python", nargs="*", default=["3.11", "3.12", "3.13"])
    parser.add_argument("--only", nargs="*", default=[], help="ways such as wheel-lowest, pipx")
    options = parser.parse_args()
    uv = shutil.which("uv")
    if uv is None:
        print("uv is not on the path: pip install uv", file=sys.stderr)
        return 2
    failed = 0
    printed: dict[str, str] = {}
    with tempfile.TemporaryDirectory() as folder:
        home = Path(folder)
        _run([uv, "build", "--quiet", "--out-dir", str(home / "dist"), str(ROOT)])
        (wheel,) = (home / "dist").glob("*.whl")
        (sdist,) = (home / "dist").glob("*.tar.gz")
        ways = [
            (f"{kind}-{versions}", python, package, versions)
            for python in options.python
            for kind, package in (("wheel", wheel), ("sdist", sdist))
            for versions in ("lowest", "newest")
        ]
        for way, python, package, versions in ways:
            if options.only and way not in options.only:
                continue
            place = home / f"{way}-{Path(python).parent.parent.name or python}"
            _run([uv, "venv", "--quiet", "--python", python, str(place)])
            resolution = (
                ["--resolution", "lowest-direct", "--requirements", str(ROOT / "pyproject.toml")]
                if versions == "lowest"
                else []
            )
            install = [uv, "pip", "install", "--quiet", "--python", str(place), *resolution, str(package)]
            failed += _attempt(f"{way} on Python {python}", install, place / "bin" / "bptui", home, printed)
        for way in ("pipx", "uv tool"):
            if options.only and way not in options.only:
                continue
            program = shutil.which(way.split()[0])
            if program is None:
                print(f"{way}: not on the path, left out")
                continue
            place = home / way.replace(" ", "-")
            binaries = str(place / "programs")
            os.environ.update(PIPX_HOME=str(place), PIPX_BIN_DIR=binaries)
            os.environ.update(UV_TOOL_DIR=str(place), UV_TOOL_BIN_DIR=binaries)
            install = [program, *way.split()[1:], "install", "--quiet", str(wheel)]
            failed += _attempt(way, install, place / "programs" / "bptui", home, printed)
    return int(failed > 0)


def _attempt(name: str, install: Sequence[str], program: Path, home: Path, printed: dict[str, str]) -> int:
    """Install and try; print the outcome, and return how many failures there were."""
    try:
        _run(install)
        versions = _tried(program, home, printed)
    except (AssertionError, subprocess.SubprocessError) as fault:
        print(f"{name}: FAILED: {fault}", flush=True)
        return 1
    print(f"{name}: ok, {versions}", flush=True)
    return 0


def _tried(program: Path, home: Path, printed: dict[str, str]) -> str:
    """Use the installed program from a folder of its own; fails where it does not do what it should."""
    elsewhere = home / "elsewhere"
    elsewhere.mkdir(exist_ok=True)
    assert _run([str(program), "--version"], elsewhere).startswith("bptui ")
    listed = [line.split()[0] for line in _run([str(program), "list"], elsewhere).splitlines()]
    assert listed == SCENARIOS, listed
    for shell in ("bash", "zsh", "fish"):
        assert "bptui" in _run([str(program), "completion", shell], elsewhere)
    python = program.resolve().parent / "python"
    lines = _run([str(python), "-c", EXPORTING, *FORMATS], elsewhere).splitlines()
    for line in lines[1:]:
        key, found = line.rsplit(" ", 1)
        assert printed.setdefault(key, found) == found, f"{key} differs from what the first environment printed"
    assert len(lines) == 1 + len(SCENARIOS) * len(FORMATS)
    _run([str(program), "check", "xor", "exercise-7-3c"], elsewhere)
    _app_opens(program)
    return lines[0]


def _app_opens(program: Path) -> None:
    from terminals import Terminal

    terminal = Terminal([str(program), "xor"])
    try:
        terminal.shows("quit")
        terminal.type("q")
        assert terminal.ended() == (0, ""), "the app did not end well"
        assert terminal.restored, "the terminal is not as it was"
    finally:
        terminal.close()


def _run(command: Sequence[str], folder: Path | None = None) -> str:
    """Run a command and return what it wrote; fails with its last words where it fails."""
    done = subprocess.run(command, cwd=folder, capture_output=True, encoding="utf-8", timeout=900, check=False)
    assert done.returncode == 0, f"{' '.join(map(str, command))[-200:]}: {done.stderr.strip()[-800:]}"
    return done.stdout


if __name__ == "__main__":
    raise SystemExit(main())
