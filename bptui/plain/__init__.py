"""The walk line by line, for screen readers and pipes: a command on each line of the input, words in answer.

The commands are the app's, by their keys, their ids or a word (`n`, `walk.next`, `next`); what is printed is the same
Frame that the screen shows. Nothing is coloured, and nothing moves the cursor.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from typing import TextIO

from bptui import bundled
from bptui.ascii import ascii_text
from bptui.errors import BptuiError
from bptui.files import reading
from bptui.keys import Keymap
from bptui.plain.walk import Lines, PlainWalk
from bptui.text import printable
from bptui.trace.breakpoints import Breakpoint
from bptui.trace.record import Trace


def run_plain(
    trace: Trace | None,
    load: Callable[[str], Trace],
    keymap: Keymap,
    commands: TextIO,
    output: TextIO,
    breakpoints: Iterable[Breakpoint] = (),
    ascii: bool = False,
    symbolic: bool = False,
) -> None:
    """Walk through `trace`, or through what `open NAME` names, until the commands end.

    `load` returns the trace of a scenario by its path or name, and raises BptuiError where there is none.
    """

    def say(lines: Lines) -> None:
        for line in lines:
            output.write(f"{ascii_text(line) if ascii else line}\n")
        output.flush()

    def begin(trace: Trace, breakpoints: Iterable[Breakpoint] = ()) -> PlainWalk:
        walk = PlainWalk(trace, keymap, breakpoints, symbolic)
        scenario = trace.scenario
        say([printable(scenario.title), *printable(scenario.description.strip(), keep="\n").splitlines()])
        say(walk.run_to_first() if breakpoints else walk.told())
        return walk

    walk = begin(trace, breakpoints) if trace is not None else None
    if walk is None:
        say(["which scenario? `open NAME` opens one of these, or a file:", *bundled.names()])
    for line in _lines(commands):
        word, _, argument = line.strip().partition(" ")
        if word in ("open", "file.open"):
            try:
                walk = begin(load(argument.strip()))
            except BptuiError as error:
                say(printable(str(error), keep="\n").split("\n"))
        elif walk is None:
            if word in ("q", "quit", "app.quit"):
                return
            say(["no scenario is open: `open NAME` opens one"])
        else:
            say(walk.answer(line))
            if walk.left:
                return


def _lines(commands: TextIO) -> Iterator[str]:
    """Yield the lines of the input as they come: iterating over it would read ahead."""
    while True:
        with reading("standard input"):
            line = commands.readline()
        if not line:
            return
        yield line
