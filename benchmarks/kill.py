#!/usr/bin/env python3
"""Kill bptui at random moments, many times, and see what it leaves behind.

    benchmarks/kill.py [--times 200] [--seed 0] [--within 1.5]

Each time one command line is started in a pseudo-terminal and sent SIGINT, SIGTERM or SIGHUP, Ctrl+C as a key, or has
its terminal taken away, at a moment drawn evenly from start-up to well inside the app. The terminal must be as it was,
the exit status 130, 143 or 129 (or that of the command where it was done before), an export whole or absent with
nothing beside it, and nobody sees a traceback. After SIGKILL, which leaves the terminal as it is, the same holds of
files. Ends with status 1 where that fails once.
"""

from __future__ import annotations

import argparse
import os
import random
import signal
import subprocess
import sys
import tempfile
import time
from collections import Counter
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
sys.path[:0] = [str(ROOT), str(ROOT / "tests")]

# A script is started from anywhere, and what the tests have is in no package: the path has to be told before.
from terminals import PROGRAM, Terminal  # noqa: E402

STATUS = {"SIGINT": 130, "SIGTERM": 143, "SIGHUP": 129, "key": 130, "gone": 129, "SIGKILL": 137}
KEYS = ["", "", "e", "x", "w", "m", "?", "v", "G", "t", "s", "\x10"]
"""What is typed before, so that the moment may lie in a dialog or another screen."""


def main() -> int:
    """Run the rounds and print how they ended."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--times", type=int, default=200)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--within", type=float, default=1.5, help="seconds from the start")
    options = parser.parse_args()
    os.environ["PYTHONPATH"] = str(ROOT)
    chance = random.Random(options.seed)
    counted: Counter[str] = Counter()
    bad = 0
    for number in range(options.times):
        what, wrong = _round(chance, options.within)
        counted[what] += 1
        if wrong:
            bad += 1
            print(f"round {number}: {what}: {wrong}", flush=True)
    for what, times in sorted(counted.items()):
        print(f"{times:5}  {what}")
    print(f"{bad} of {options.times} rounds went wrong")
    return int(bad > 0)


def _round(chance: random.Random, within: float) -> tuple[str, str]:
    """Start one command, end it, and return what was done and what is wrong with how it ended."""
    way = chance.choice(list(STATUS))
    moment = chance.uniform(0, within)
    with tempfile.TemporaryDirectory() as folder:
        written = Path(folder) / "trace.json"
        commands = {
            "app": ["exercise-7-1"],
            "export": ["export", "lstm-cell", "-f", "json", "-o", str(written)],
            "check": ["check", "exercise-7-1", "lstm-cell", "xor"],
            "many": ["check", *["exercise-7-1", "lstm-cell", "xor"] * 3],
        }
        kind = chance.choice(["app", "app", *commands])
        terminal = Terminal([*PROGRAM, *commands[kind]], environment={"XDG_STATE_HOME": folder})
        started = time.monotonic()
        keys = chance.choice(KEYS) if kind == "app" else ""
        while (left := started + moment - time.monotonic()) > 0:
            terminal.take(left)
            if keys and b"\x1b[?1049h" in terminal.said:
                terminal.type(keys)
                keys = ""
        in_app = b"\x1b[?1049h" in terminal.said
        if way == "gone":
            terminal.hang_up()
        elif way == "key":
            terminal.type("\x03")
        else:
            terminal.process.send_signal(getattr(signal, way))
        what = f"{kind:6} {way:7} {'in the app' if in_app else 'outside'}"
        try:
            status, said = _end(terminal)
        except subprocess.TimeoutExpired:
            terminal.close()
            return what, "it hangs"
        wrong = ""
        before_us = said.endswith("KeyboardInterrupt\n") and "in program" not in said
        if before_us:  # Python itself was still starting
            status = STATUS[way]
        elif said.strip():
            wrong += f"said {said[-300:]!r}. "
        killed = way == "SIGKILL"
        allowed = (
            {STATUS[way]}
            if in_app and not killed
            else {STATUS[way], 128 - STATUS[way], *({0} if kind != "app" else {})}
        )
        if status not in allowed:  # a negative one: a signal before Python could do anything about it
            wrong += f"status {status}. "
        if terminal.ours >= 0 and not killed and not terminal.restored:
            wrong += f"the terminal is not as it was: {terminal.modes()}. "
        left_over = [path.name for path in Path(folder).iterdir() if path != written]
        if left_over:
            wrong += f"left {left_over}. "
        if written.exists() and not written.read_bytes().endswith(b"}\n"):
            wrong += "half an export. "
        terminal.close()
        return what, wrong


def _end(terminal: Terminal) -> tuple[int, str]:
    if terminal.ours >= 0:
        try:
            return terminal.ended(15)
        except AssertionError:
            raise subprocess.TimeoutExpired("bptui", 15) from None
    status = terminal.process.wait(15)
    assert terminal.process.stderr is not None
    return status, terminal.process.stderr.read().decode()


if __name__ == "__main__":
    raise SystemExit(main())
