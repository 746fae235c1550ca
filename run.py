#!/usr/bin/env python3
"""Set up bptui where there is Python 3.11 or newer and nothing else, and run it.

    python3 run.py                         open the app on the first exercise
    python3 run.py export exercise-7-1     any other command line of bptui
    python3 run.py test [ARGUMENT ...]     run the tests; the arguments go to pytest
    python3 run.py lint                    run ruff, mypy and the import contracts

The first run makes a private environment, .venv beside this file; later runs find it ready and start at once. It is
made again when pyproject.toml, constraints.txt, this folder's place or the Python changes. Standard input and output
belong to the program that is run: whatever is said here goes to standard error.

Only the standard library is used, and only syntax that Python 3.6 can read, so that an old Python gets as far as the
line that says so.
"""

import contextlib
import hashlib
import os
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import NoReturn

FIRST_EXERCISE = "exercise-7-1"
OLDEST = (3, 11)
OFFLINE = ("connection", "getaddrinfo", "name resolution", "network is unreachable", "timed out")
IN_PARALLEL = ("--numprocesses", "auto", "--dist", "worksteal")
LINTERS = (
    ("ruff", "check"),
    ("ruff", "format", "--check"),
    ("mypy",),
    ("lint-imports", "--no-logo"),
)


def say(message: str) -> None:
    """Tell the user what goes on, without touching standard output."""
    print(f"run.py: {message}", file=sys.stderr, flush=True)


if sys.version_info < OLDEST:
    import shutil

    # A name that is found need not run: version managers put stand-ins on the path.
    names = [f"python3.{minor}" for minor in range(20, OLDEST[1] - 1, -1)]
    newer = [name for name in names if shutil.which(name) and not os.system(f"{name} -c 0 >{os.devnull} 2>&1")]
    remedy = f"run `{newer[0]} {sys.argv[0]}`" if newer else "install one from your system's packages or python.org"
    say(f"bptui needs Python 3.11 or newer, and this is {sys.version.split()[0]}: {remedy}")
    sys.exit(2)


class SetUpError(Exception):
    """Why the environment cannot be made and what to do about it, in one line."""


class Environment:
    """The private environment of one checkout: what is in it, and making it.

    `stamp` is a file in it. That it exists says that the folder was made here and may be removed; its text says for
    what the set-up was *completed*, so a set-up that was interrupted leaves none.
    """

    def __init__(self, home: Path) -> None:
        self.home = home
        self.folder = home / ".venv"
        self.stamp = self.folder / "bptui-stamp"
        self._suffix = ".exe" if sys.platform == "win32" else ""

    def program(self, name: str) -> Path:
        """Return the path of a program that is installed in the environment."""
        return self.folder / ("Scripts" if sys.platform == "win32" else "bin") / (name + self._suffix)

    def fingerprint(self) -> str:
        """Return a hash of everything that the environment was made from."""
        made_from = hashlib.sha256(repr((sys.version, sys.base_prefix, str(self.home))).encode())
        for name in ("pyproject.toml", "constraints.txt"):
            made_from.update((self.home / name).read_bytes())
        return made_from.hexdigest()

    def extras(self) -> set[str] | None:
        """Return the extras that are installed, or None where the environment is not ready for use."""
        try:
            fingerprint, *extras = self.stamp.read_text(encoding="utf-8").split()
        except (OSError, ValueError):
            return None
        return set(extras) if fingerprint == self.fingerprint() and self.program("python").exists() else None

    def prepare(self, extra: str = "") -> None:
        """Make the environment and install bptui with `extra` into it, unless that is done already.

        Raises SetUpError where this machine lacks something.
        """
        if self._has(extra):
            return
        with self._alone():
            if self._has(extra):  # another run made it while this one waited
                return
            extras = self.extras()
            if extras is None:
                self._create()
            wanted = (extras or set()) | ({extra} if extra else set())
            self.stamp.write_text("", encoding="utf-8")
            self._install(sorted(wanted))
            self.stamp.write_text(" ".join([self.fingerprint(), *sorted(wanted)]) + "\n", encoding="utf-8")
            say("ready")

    def _has(self, extra: str) -> bool:
        extras = self.extras()
        return extras is not None and (not extra or extra in extras)

    @contextlib.contextmanager
    def _alone(self) -> Iterator[None]:
        """Let only one run at a time change the environment."""
        with (self.home / ".venv.lock").open("w") as lock:
            if sys.platform == "win32":
                import msvcrt

                while True:
                    with contextlib.suppress(OSError):  # raised after ten seconds of waiting
                        msvcrt.locking(lock.fileno(), msvcrt.LK_LOCK, 1)
                        break
            else:
                import fcntl

                fcntl.flock(lock, fcntl.LOCK_EX)
            yield

    def _create(self) -> None:
        """Make an empty environment, in place of the one that stands there if that was made here too."""
        import shutil

        if self.folder.exists():
            if not self.stamp.exists() and any(self.folder.iterdir()):
                raise SetUpError(f"{self.folder} was not made by run.py: rename or remove it and run this again")
            shutil.rmtree(self.folder)
        say(f"making {self.folder} with Python {'.'.join(map(str, sys.version_info[:3]))}, once")
        self.folder.mkdir()
        self.stamp.touch()
        venv = [sys.executable, "-m", "venv", str(self.folder)]
        if not captured(venv)[0]:
            return
        # Debian packages ensurepip apart from Python: pip may be there nevertheless, and can install from outside.
        status, said = captured([*venv, "--without-pip"])
        if "No module named venv" in said or captured([sys.executable, "-m", "pip", "--version"])[0]:
            version = ".".join(map(str, sys.version_info[:2]))
            raise SetUpError(
                "this Python comes without venv or pip; on Debian and Ubuntu, add them with "
                f"`sudo apt install python{version}-venv` and run this again"
            )
        if status:
            raise SetUpError(f"an environment cannot be made: {last_line(said)}")

    def _install(self, extras: Sequence[str]) -> None:
        """Install bptui, as it stands in this folder, and what it needs."""
        python = str(self.program("python"))
        pip = [python, "-m", "pip"]
        if captured([*pip, "--version"])[0]:
            pip = [sys.executable, "-m", "pip", "--python", python]
        status, said = captured(
            [
                *pip,
                "install",
                *("--no-input", "--progress-bar", "off", "--disable-pip-version-check"),
                *("--constraint", "constraints.txt"),
                *("--editable", f".[{','.join(extras)}]" if extras else "."),
            ],
            folder=self.home,
            announce="Collecting ",
        )
        if status and any(sign in said.lower() for sign in OFFLINE):
            raise SetUpError(
                "the packages that bptui needs cannot be fetched: connect this machine to the network (behind a "
                "proxy, set HTTPS_PROXY) and run this again"
            )
        if status:
            raise SetUpError(f"pip cannot install what bptui needs: {last_line(said)}")


def last_line(said: str) -> str:
    """Return the last line that `said` calls an error, or its last line."""
    lines = [line.strip() for line in said.splitlines() if line.strip()]
    errors = [line for line in lines if line.lower().startswith("error")]
    return (errors or lines or ["it gave no reason"])[-1]


def captured(command: Sequence[str], folder: Path | None = None, announce: str = "") -> tuple[int, str]:
    """Run a command and return its exit status and everything it wrote, without letting it ask for anything.

    The word after `announce`, where a line starts with that, is shown as it comes: a sign of life.
    """
    import re
    import subprocess

    with subprocess.Popen(
        command,
        cwd=folder,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        encoding="utf-8",
        errors="replace",
    ) as process:
        assert process.stdout is not None
        lines = []
        for line in process.stdout:
            lines.append(line)
            if announce and line.startswith(announce):
                say("  " + re.split(r"[^\w.-]", line[len(announce) :])[0])
    return process.returncode, "".join(lines)


def become(command: Sequence[str | Path]) -> NoReturn:
    """Run a command in this program's place, with its terminal, signals and exit status."""
    words = [str(word) for word in command]
    if sys.platform == "win32":
        import subprocess

        with subprocess.Popen(words) as process:
            while True:
                with contextlib.suppress(KeyboardInterrupt):  # it is the program's to handle
                    sys.exit(process.wait())
    os.execv(words[0], words)


def lint(environment: Environment) -> int:
    """Run every linter, also after one has complained, and return 1 where one did."""
    import subprocess

    complaints = 0
    for name, *arguments in LINTERS:
        say(" ".join([name, *arguments]))
        command = [str(environment.program(name)), *arguments]
        complaints += subprocess.call(command, cwd=environment.home) != 0
    return min(complaints, 1)


def main(arguments: Sequence[str]) -> int:
    """Set up what `arguments` need, run it, and return the exit status (2 where the set-up fails)."""
    environment = Environment(Path(__file__).resolve().parent)
    command = arguments[0] if arguments else ""
    try:
        if command == "test":
            environment.prepare("test")
            os.chdir(environment.home)
            become([environment.program("python"), "-m", "pytest", *IN_PARALLEL, *arguments[1:]])
        if command == "lint":
            environment.prepare("dev")
            return lint(environment)
        environment.prepare()
        become([environment.program("bptui"), *(arguments or [FIRST_EXERCISE])])
    except SetUpError as reason:
        say(str(reason))
    except OSError as reason:
        say(f"{reason.filename or environment.folder}: {reason.strerror or reason}")
    except KeyboardInterrupt:
        say("interrupted")
        return 130
    return 2


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
