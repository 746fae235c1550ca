"""The app over a pseudo-terminal, beside a bare Textual app in the same run: `python -m benchmarks.app`.

What is compared runs in turns, and a ratio is that of two neighbouring turns; the table gives the median of the ratios
with their quartiles.
"""

from __future__ import annotations

import argparse
import os
import platform
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from pathlib import Path

import textual

from benchmarks.terminal import Terminal

PYTHON = sys.executable
BARE = [PYTHON, "-m", "benchmarks.bare"]
RIGHT, LEFT = b"\x1b[C", b"\x1b[D"

_ARGPARSE = "import argparse; parser = argparse.ArgumentParser(); parser.add_argument('x'); parser.parse_args(['x'])"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--turns", type=int, default=11)
    parser.add_argument("--keys", type=int, default=200, help="keys in each turn")
    parser.add_argument("--steps", type=int, action="append", help="how many steps the long traces have")
    parser.add_argument("--only", choices=("start", "keys", "commands"))
    options = parser.parse_args()
    print(f"Python {platform.python_version()}, Textual {textual.__version__}, {platform.machine()}, {sys.platform}")
    print(f"medians of {options.turns} turns; ratios with their quartiles\n")
    with tempfile.TemporaryDirectory() as folder:
        os.environ["BPTUI_SETTINGS"] = str(Path(folder) / "settings.toml")  # nobody's own
        os.environ["XDG_STATE_HOME"] = folder
        os.environ["PYTHONPYCACHEPREFIX"] = str(Path(folder) / "compiled")  # as installed: compiled once
        os.environ.pop("PYTHONDONTWRITEBYTECODE", None)
        long = [
            (f"{steps:,} steps", [PYTHON, "-m", "bptui", str(_long(Path(folder), steps))])
            for steps in options.steps or [50, 1_000_000]
        ]
        exercise = ("exercise 7.1", [PYTHON, "-m", "bptui", "exercise-7-1"])
        if options.only in (None, "start"):
            _start(options.turns, exercise, long)
        if options.only in (None, "keys"):
            _keys(options.turns, options.keys, [exercise, *long])
        if options.only in (None, "commands"):
            _commands(options.turns, Path(folder))


# -- from the start to the first picture -------------------------------------------------------------------------------


def _start(turns: int, exercise: tuple[str, list[str]], long: Sequence[tuple[str, list[str]]]) -> None:
    def first_paint(command: Sequence[str], *texts: str) -> Callable[[], float]:
        def run() -> float:
            with Terminal(command) as terminal:
                return terminal.until(*texts)[0] - terminal.started

        return run

    _compare(
        "first paint",
        turns,
        {
            "bare app": first_paint(BARE, " 39 "),
            exercise[0]: first_paint(exercise[1], "quit", "begins the walk"),
            f"{exercise[0]}: the walk behind it": first_paint(exercise[1], "step 1 of", "gradient so far"),
            "list of scenarios": first_paint([PYTHON, "-m", "bptui"], "quit", "exercise-7-1"),
        },
    )
    _compare("title", turns, {name: first_paint(command, "steps", "quit") for name, command in long})
    _compare("walk", turns, {name: first_paint(command, "step 1 of", "gradient so far") for name, command in long})

    def last_step(command: Sequence[str]) -> Callable[[], float]:
        def run() -> float:
            with Terminal(command) as terminal:
                terminal.until("step 1 of", "gradient so far")
                start = time.perf_counter()
                terminal.press(b"G")
                return terminal.until("Ledger")[0] - start

        return run

    _compare("from the first picture to the last step", turns, {name: last_step(command) for name, command in long})


# -- from a key to the last byte ---------------------------------------------------------------------------------------


def _keys(turns: int, keys: int, contenders: Sequence[tuple[str, list[str]]]) -> None:
    terminals = {"bare app": Terminal(BARE), **{name: Terminal(command) for name, command in contenders}}
    taken: dict[str, list[list[float]]] = {name: [] for name in terminals}
    written: dict[str, list[int]] = {name: [] for name in terminals}
    bursts: dict[str, list[float]] = {name: [] for name in terminals}
    lags: dict[str, list[float]] = {name: [] for name in terminals}
    for terminal in terminals.values():
        terminal.until(" 39 " if terminal is terminals["bare app"] else "quit")
        terminal.last_byte()
        for _ in range(12):  # closes the description, and goes to where there is something to see
            terminal.press(RIGHT)
            terminal.last_byte()
    for _ in range(turns):
        for name, terminal in terminals.items():
            times = []
            for number in range(keys // 10):
                start = time.perf_counter()
                terminal.press(RIGHT if number % 2 else LEFT)
                last, count = terminal.last_byte()
                times.append(last - start)
                written[name].append(count)
            taken[name].append(times)
            start = time.perf_counter()
            for number in range(200):
                terminal.press(RIGHT if number % 2 else LEFT)
            bursts[name].append((terminal.last_byte()[0] - start) / 200)
            for number in range(30):
                time.sleep(1 / 30)
                terminal.press(RIGHT if number % 2 else LEFT)
            start = time.perf_counter()
            lags[name].append(terminal.last_byte()[0] - start)
    for terminal in terminals.values():
        terminal.__exit__(None, None, None)
    print("from a key to its last byte; 200 keys at once; a key held down at 30 a second")
    print(f"  {'':20} {'p50':>9} {'p95':>9} {'p99':>9}  {'ratio of p50':22} {'bytes':>6} {'burst/key':>10} {'lag':>9}")
    for name, turned in taken.items():
        every = sorted(time for times in turned for time in times)
        middle, late, latest = (every[min(len(every) - 1, int(len(every) * part))] for part in (0.5, 0.95, 0.99))
        ratios = [
            statistics.median(own) / statistics.median(bare)
            for own, bare in zip(turned, taken["bare app"], strict=True)
        ]
        print(
            f"  {name:20} {_ms(middle)} {_ms(late)} {_ms(latest)}  {_ratio(ratios):22} "
            f"{statistics.median(written[name]):6.0f} {_ms(statistics.median(bursts[name])):>10} "
            f"{_ms(statistics.median(lags[name]))}"
        )
    print()


# -- commands ----------------------------------------------------------------------------------------------------------


def _commands(turns: int, folder: Path) -> None:
    def process(*arguments: str) -> Callable[[], float]:
        def run() -> float:
            start = time.perf_counter()
            subprocess.run([PYTHON, *arguments], check=True, stdout=subprocess.DEVNULL)
            return time.perf_counter() - start

        return run

    _compare(
        "commands without data",
        turns,
        {
            "python, argparse": process("-c", _ARGPARSE),
            "bptui --version": process("-m", "bptui", "--version"),
            "bptui --help": process("-m", "bptui", "--help"),
        },
    )
    _compare(
        "commands with data",
        turns,
        {
            "python, NumPy": process("-c", "import numpy"),
            "bptui export": process("-m", "bptui", "export", "exercise-7-1"),
            "bptui export -f json": process("-m", "bptui", "export", "exercise-7-1", "-f", "json"),
        },
    )


# -- telling -----------------------------------------------------------------------------------------------------------


def _compare(title: str, turns: int, runs: dict[str, Callable[[], float]]) -> None:
    """Run everything in turns and print the times, and their ratios to the first one's."""
    taken: dict[str, list[float]] = {name: [] for name in runs}
    for run in runs.values():
        run()  # compiles what it imports
    for _ in range(turns):
        for name, run in runs.items():
            taken[name].append(run())
    first = next(iter(taken.values()))
    print(title)
    for name, times in taken.items():
        ratios = [own / other for own, other in zip(times, first, strict=True)]
        print(f"  {name:20} {_ms(statistics.median(times))}  {_ratio(ratios)}")
    print()


def _ms(seconds: float) -> str:
    return f"{seconds * 1e3:6.1f} ms"


def _ratio(ratios: Sequence[float]) -> str:
    if all(ratio == 1 for ratio in ratios):
        return ""
    first, middle, third = statistics.quantiles(ratios, n=4, method="inclusive")
    return f"{middle:5.2f}  ({first:.2f}, {third:.2f})"


def _long(folder: Path, steps: int) -> Path:
    """Write a scenario whose trace has nearly so many steps, of functions that call each other twice, and return it."""
    levels, left = [], steps - 4
    level = 0
    while 4 * 2 ** (level + 1) <= left:
        level += 1
    for height in range(level, -1, -1):
        if 4 * 2**height <= left:
            levels.append(height)
            left -= 4 * 2**height
    functions = [
        '"f0(v)" = "v * 0.9999 + 0.0001"',
        *(f'"f{n}(v)" = "f{n - 1}(f{n - 1}(v))"' for n in range(1, level + 1)),
    ]
    inner = "x"
    for height in levels:
        inner = f"f{height}({inner})"
    path = folder / f"steps-{steps}.toml"
    lines = [f'title = "{steps:,} steps"', "[functions]", *functions, "[inputs]", "x = [0.5, 0.2]", "[forward]"]
    path.write_text("\n".join([*lines, f'y = "{inner}"', 'L = "sum(y)"', ""]), encoding="utf-8")
    return path


if __name__ == "__main__":
    main()
