"""`bptui SCENARIO`: opens the app, or walks and prints where there is no terminal for it."""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Sequence
from typing import TYPE_CHECKING

from bptui.cli.dispatch import OK
from bptui.cli.naming import found_file, meant, scenario
from bptui.cli.parsing import add_limits, add_symbolic, new_parser, parsed
from bptui.cli.streams import say, write
from bptui.errors import BptuiError, Fault

if TYPE_CHECKING:
    from bptui.trace.breakpoints import Breakpoint
    from bptui.trace.record import Trace


def run(arguments: list[str]) -> int:
    parser = new_parser(
        "",
        "Walk through a computation and its backpropagation, step by step.",
        """commands:
  bptui SCENARIO     open a scenario: a path, a bundled name, or - for standard input
  bptui              choose from the bundled scenarios
  bptui export …     write the trace or the derivation: text, Markdown, LaTeX, HTML, JSON
  bptui check …      verify the gradients, mark worked solutions
  bptui list         list the bundled scenarios
  bptui ops          list the operations with their derivatives
  bptui keys         list the app's commands with their keys, as the settings file names them
  bptui schema       print the JSON Schema of the scenario file
  bptui new FILE     write a commented starter scenario
  bptui completion … print the completion for bash, zsh or fish

`bptui COMMAND --help` says more about each.""",
    )
    parser.add_argument("scenario", nargs="?", metavar="SCENARIO", help="a path, a bundled scenario's name, or -")
    parser.add_argument(
        "--break",
        action="append",
        default=[],
        dest="breakpoints",
        metavar="WHAT",
        help="run to the first step of this kind, such as 'nan', '|grad| < 1e-8', '|dL/dW1| > 100', 'sign', 'line z1', "
        "'op relu' or 'W1(1,1)'; may be given several times; without a terminal, print all such steps",
    )
    parser.add_argument(
        "--plain", action="store_true", help="line by line: commands on standard input, words in answer"
    )
    parser.add_argument("--ascii", action="store_true", help="in ASCII alone")
    add_limits(parser)
    add_symbolic(parser)
    if len(arguments) > 1 and not arguments[0].startswith("-") and (command := meant(arguments[0])) is not None:
        raise BptuiError(Fault(f"there is no command `{arguments[0]}`", f"did you mean `bptui {command}`?"))
    options = parsed(parser, arguments)
    if options.plain and options.scenario == "-":
        raise BptuiError(Fault("`--plain` reads commands from standard input, and `-` a scenario: name a file instead"))
    interactive = not options.plain and sys.stdin.isatty() and sys.stdout.isatty() and options.scenario != "-"
    if options.scenario is None:
        if options.breakpoints:
            raise BptuiError(Fault("`--break` needs a scenario to run: name one before it"))
        if options.plain:
            return _walk_plainly(None, (), options.ascii, options.symbolic)
        if not interactive:
            raise BptuiError(Fault("there is no terminal to open the app in: name a scenario to print its trace"))
        from bptui.tui import open_app

        return open_app(None, source="", ascii=options.ascii)
    if interactive:
        return _open_in_app(options)
    from bptui.running import begun_trace, first_trace

    named = scenario(options.scenario)
    trace = begun_trace(named) if options.plain else first_trace(named, options.symbolic)
    breakpoints: Sequence[Breakpoint] = ()
    if options.breakpoints:
        from bptui.trace.breakpoints import read_breakpoints

        breakpoints = read_breakpoints(trace.program, options.breakpoints)
    if options.plain:
        return _walk_plainly(trace, breakpoints, options.ascii, options.symbolic)
    if breakpoints:
        from bptui.exporting.stops import stop_lines
        from bptui.running import in_numbers

        write((f"{line}\n" for line in stop_lines(in_numbers(trace), breakpoints)), options.ascii)
    else:
        from bptui.exporting import pieces

        write(pieces(trace, "text"), options.ascii)
    return OK


def _open_in_app(options: argparse.Namespace) -> int:
    """Open the app on what the scenario is about; it is read and run once that is shown, with NumPy."""
    from bptui.scenario.document import Document
    from bptui.text import printable
    from bptui.tui import open_app
    from bptui.tui.loading import Opening

    def read() -> Trace:
        from bptui.running import begun_trace
        from bptui.scenario.reading import read_scenario

        return begun_trace(read_scenario(document))

    path = found_file(options.scenario)
    try:
        document = Document.read(path)
    except BptuiError as error:
        if not os.path.isfile(path):
            raise
        return open_app(None, source=options.scenario, ascii=options.ascii, faulty=error)
    limits = document.limits  # that the words are too long is told once the file is read
    title, description = (
        found[:most] if isinstance(found := document.data.get(key), str) else ""
        for key, most in (("title", limits.title_characters), ("description", limits.description_characters))
    )
    opening = Opening(
        printable(title or document.name), printable(description.strip(), keep="\n"), read, options.breakpoints
    )
    return open_app(None, source=options.scenario, ascii=options.ascii, symbolic=options.symbolic, opening=opening)


def _walk_plainly(trace: Trace | None, breakpoints: Sequence[Breakpoint], ascii: bool, symbolic: bool) -> int:
    """Walk line by line, with the reader's own keys."""
    from bptui.plain import run_plain
    from bptui.running import begun_trace
    from bptui.settings import read_settings, settings_path

    settings, refused = read_settings(settings_path())
    if refused is not None:
        say(str(refused))

    def load(named: str) -> Trace:
        return begun_trace(scenario(named))

    run_plain(trace, load, settings.keymap, sys.stdin, sys.stdout, breakpoints, ascii or settings.ascii, symbolic)
    return OK
