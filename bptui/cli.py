"""The command line: parses, dispatches, and turns every outcome into an exit status.

Standard output carries data, standard error everything else. Textual is imported only where the app opens.
"""

from __future__ import annotations

import argparse
import os
import re
import signal
import sys
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, NoReturn, TextIO

import bptui
from bptui.errors import BptuiError, Fault

if TYPE_CHECKING:
    from _typeshed import SupportsWrite

    from bptui.completion import Command
    from bptui.scenario.scenario import Scenario
    from bptui.trace.breakpoints import Breakpoint
    from bptui.trace.record import Trace

OK, WRONG, BAD = 0, 1, 2

_COMMANDS = ("export", "check", "list", "ops", "keys", "schema", "new", "completion")
_REPORTS = ("text", "json")
"""The formats of `check`'s report."""

_ITSELF = "\0"
"""In place of the arguments of a command: asks for its parser."""


class _Asked(Exception):
    """Carries the parser that a command was asked for."""

    def __init__(self, parser: argparse.ArgumentParser) -> None:
        super().__init__()
        self.parser = parser


class _Formatter(argparse.RawDescriptionHelpFormatter):
    """Writes help as wide as the terminal; argparse's own way of asking for that imports four compressors."""

    def __init__(self, prog: str) -> None:
        super().__init__(prog, width=_columns() - 2)


def _columns() -> int:
    """Return how many columns the terminal has: what COLUMNS says, or it itself, 80 where nothing does."""
    try:
        return int(os.environ["COLUMNS"])
    except (KeyError, ValueError):
        try:
            return os.get_terminal_size(sys.stdout.fileno()).columns or 80
        except (ValueError, OSError):
            return 80


class _Parser(argparse.ArgumentParser):
    """An argument parser that says what is wrong in one line, and where the help is."""

    def error(self, message: str) -> NoReturn:
        from bptui.text import nearest

        hint = f"see `{self.prog} --help`"
        unknown = re.match(r"unrecognized arguments: (-\S+)", message)
        if unknown is not None:
            close = nearest(
                unknown[1].partition("=")[0], [name for name in self._option_string_actions if len(name) > 2]
            )
            hint = f"did you mean `{close}`? {hint}" if close else hint
        raise BptuiError(Fault(message, hint))

    def parse_args(self, args: Any = None, namespace: Any = None) -> Any:
        if args == [_ITSELF]:
            raise _Asked(self)
        return super().parse_args(args, namespace)

    def _print_message(self, message: str, file: SupportsWrite[str] | None = None) -> None:
        (file or sys.stderr).write(message)  # argparse passes over a full disk in silence


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command line and return its exit status: 0, 1 (a check failed), 2 (bad input), 130, 143 or 129."""
    signal.signal(signal.SIGINT, signal.default_int_handler)
    for number in (signal.SIGTERM, getattr(signal, "SIGHUP", None)):
        if number is not None:
            signal.signal(number, _stop)
    _open_streams()
    try:
        try:
            status = _run(sys.argv[1:] if arguments is None else list(arguments))
        except SystemExit as stop:  # argparse after --help, or a signal
            status = stop.code if isinstance(stop.code, int) else OK
        if status < 128:  # after a signal, what is still to be written may have nowhere to go
            sys.stdout.flush()
        return status
    except BptuiError as error:
        _say(str(error))
        return BAD
    except KeyboardInterrupt:
        return 128 + signal.SIGINT
    except BrokenPipeError:  # whoever read our output has read enough
        _give_up(sys.stdout)
        return OK
    except OSError as fault:
        from bptui.files import reason

        _say(f"bptui: cannot write the output: {reason(fault)}")
        _give_up(sys.stdout)
        return BAD
    except MemoryError:
        _say("bptui: there is not enough memory for this")
        return BAD
    except Exception as error:  # whatever it is, it is ours, and the user sees no traceback of it
        from bptui.crash import crashed

        _say(str(crashed(error)))
        return BAD


def _open_streams() -> None:
    """Put a null device in the place of every standard stream that was closed before the start."""
    for name, mode in (("stdin", "r"), ("stdout", "w"), ("stderr", "w")):
        if getattr(sys, name) is None:
            setattr(sys, name, open(os.devnull, mode, encoding="utf-8"))  # noqa: SIM115 (it stays open)


def _say(text: str) -> None:
    """Write a line to standard error; where that cannot be done, there is nobody to tell."""
    try:
        print(text, file=sys.stderr, flush=True)
    except OSError:
        _give_up(sys.stderr)


def _give_up(stream: TextIO) -> None:
    """Send what is still in a stream's buffer nowhere, so that closing it at the end does not fail again."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), stream.fileno())


def _stop(number: int, frame: object) -> NoReturn:
    raise SystemExit(128 + number)


def _run(arguments: list[str]) -> int:
    for stream in (sys.stdout, sys.stderr):
        reconfigure = getattr(stream, "reconfigure", None)
        if reconfigure is not None:  # the same bytes whatever the locale
            reconfigure(encoding="utf-8", errors="backslashreplace", newline="\n")
    commands: dict[str, Callable[[list[str]], int]] = dict(
        zip(_COMMANDS, (_export, _check, _list, _ops, _keys, _schema, _new, _completion), strict=True)
    )
    if arguments and arguments[0] in commands:
        return commands[arguments[0]](arguments[1:])
    return _open(arguments)


# -- opening -----------------------------------------------------------------------------------------------------------


def _open(arguments: list[str]) -> int:
    parser = _parser(
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
    _limits(parser)
    _symbolic(parser)
    if len(arguments) > 1 and not arguments[0].startswith("-") and (command := _meant(arguments[0])) is not None:
        raise BptuiError(Fault(f"there is no command `{arguments[0]}`", f"did you mean `bptui {command}`?"))
    options = _parsed(parser, arguments)
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
    from bptui.running import first_trace

    trace = first_trace(_scenario(options.scenario), options.symbolic and not options.plain)
    breakpoints: Sequence[Breakpoint] = ()
    if options.breakpoints:
        from bptui.trace.breakpoints import read_breakpoints

        breakpoints = read_breakpoints(trace.program, options.breakpoints)
    if options.plain:
        return _walk_plainly(trace, breakpoints, options.ascii, options.symbolic)
    if breakpoints:
        from bptui.exporting.stops import stop_lines
        from bptui.running import in_numbers

        _write((f"{line}\n" for line in stop_lines(in_numbers(trace), breakpoints)), options.ascii)
    else:
        from bptui.exporting import pieces

        _write(pieces(trace, "text"), options.ascii)
    return OK


def _open_in_app(options: argparse.Namespace) -> int:
    """Open the app on what the scenario is about; it is read and run once that is shown, with NumPy."""
    from bptui.scenario.document import Document
    from bptui.text import printable
    from bptui.tui import open_app
    from bptui.tui.loading import Opening

    def read() -> Trace:
        from bptui.running import first_trace
        from bptui.scenario.reading import read_scenario

        return first_trace(read_scenario(document))

    path = _found(options.scenario)
    try:
        document = Document.read(path)
    except BptuiError as error:
        if not path.is_file():
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
    from bptui.running import first_trace
    from bptui.settings import read_settings, settings_path

    settings, refused = read_settings(settings_path())
    if refused is not None:
        _say(str(refused))

    def load(named: str) -> Trace:
        return first_trace(_scenario(named))

    run_plain(trace, load, settings.keymap, sys.stdin, sys.stdout, breakpoints, ascii or settings.ascii, symbolic)
    return OK


def _write(text: Iterable[str], ascii: bool) -> None:
    """Write a text in pieces, which are whole lines, to standard output; in ASCII where that is wanted."""
    sys.stdout.writelines(_spelled(text, ascii))


def _spelled(text: Iterable[str], ascii: bool) -> Iterable[str]:
    from bptui.ascii import ascii_text

    return map(ascii_text, text) if ascii else text


def _scenario(named: str) -> Scenario:
    """Return the scenario that a command-line argument names: `-`, a path, or a bundled name."""
    if named == "-":
        from bptui.limits import in_force
        from bptui.scenario.document import Document
        from bptui.scenario.reading import read_scenario

        if sys.stdin is None or sys.stdin.isatty():
            raise BptuiError(Fault("`-` reads a scenario from standard input, and that is a terminal", "pipe one in"))
        text = sys.stdin.buffer.read(in_force().file_bytes + 1)
        return read_scenario(Document.parse(text, name="<stdin>", folder=Path.cwd()))
    return bptui.load(_found(named))


def _found(named: str) -> Path:
    """Return the file that a command-line argument names, by its path or as a bundled scenario."""
    from bptui import bundled
    from bptui.text import nearest

    if not os.path.lexists(named) and bundled.path(named) is None:
        hint = "`bptui list` lists the bundled scenarios"
        if (close := nearest(named, bundled.names())) is not None:
            hint = f"did you mean the bundled scenario `{close}`?"
        elif (command := _meant(named)) is not None:
            hint = f"did you mean the command `bptui {command}`?"
        raise BptuiError(Fault("there is no such file, and no bundled scenario of that name", hint, file=named))
    return bundled.found(named)


def _meant(word: str) -> str | None:
    """Return the command that was likely meant by `word`, where no file and no bundled scenario has that name."""
    from bptui import bundled
    from bptui.text import nearest

    return None if os.path.lexists(word) or bundled.path(word) is not None else nearest(word, _COMMANDS)


# -- commands ----------------------------------------------------------------------------------------------------------


def _export(arguments: list[str]) -> int:
    from bptui.exporting import FORMATS, find_format, pieces

    parser = _parser(
        "export",
        "Write the trace of a scenario, or the derivation of its gradients.",
        "formats:\n" + "\n".join(f"  {name:<10} {one.description}" for name, one in FORMATS.items()),
    )
    parser.add_argument("scenario", metavar="SCENARIO", help="a path, a bundled scenario's name, or -")
    parser.add_argument("-f", "--format", default="text", metavar="FORMAT", help=f"{', '.join(FORMATS)}; default: text")
    parser.add_argument("-o", "--output", metavar="FILE", help="write to FILE, which must not exist yet")
    parser.add_argument("--force", action="store_true", help="replace FILE where it exists")
    parser.add_argument("--blanks", action="store_true", help="a handout: the derivation with room for the answers")
    parser.add_argument("--key", action="store_true", help="a handout with the answers on a page of their own")
    parser.add_argument("--ascii", action="store_true", help="text in ASCII alone")
    _limits(parser)
    _symbolic(parser)
    options = _parsed(parser, arguments)
    from bptui.running import first_trace

    find_format(options.format)
    if options.ascii and options.format != "text":
        raise BptuiError(Fault(f"`--ascii` is for text, and not for {options.format}"))
    trace = first_trace(_scenario(options.scenario), options.symbolic)
    text = pieces(trace, options.format, blanks=options.blanks, key=options.key)
    if options.output is None:
        _write(text, options.ascii)
    else:
        from bptui.files import write_whole

        remedy = "choose another name, or use --force to replace it"
        write_whole(Path(options.output), _spelled(text, options.ascii), options.force, remedy)
    return OK


def _check(arguments: list[str]) -> int:
    parser = _parser("check", "Verify gradients against finite differences, and mark worked solutions line by line.")
    parser.add_argument(
        "scenarios",
        nargs="+",
        metavar="SCENARIO",
        help="paths, folders, 'sheets/*.toml', bundled names",
    )
    parser.add_argument("-f", "--format", default="text", metavar="FORMAT", help="text (the default) or json")
    _limits(parser)
    options = _parsed(parser, arguments)
    import json

    from bptui.checking.batch import each, named_files
    from bptui.checking.report import all_right, compared, text, whole
    from bptui.text import did_you_mean, printable_json

    if options.format not in _REPORTS:
        raise BptuiError(Fault(f"unknown format `{options.format}`", did_you_mean(options.format, _REPORTS)))

    found: list[Any] = []
    status = OK
    files, faults = named_files(options.scenarios)
    for fault in faults:
        _say(str(fault))
        status = BAD
    for checked, said in each(files, _checked, sys.stderr):
        if checked is None:
            _say(said)
            status = BAD
        else:
            found.append(checked)
    report = whole(found)
    sys.stdout.write(
        text(report)
        if options.format == "text"
        else printable_json(json.dumps(report, ensure_ascii=False, indent=1)) + "\n"
    )
    for one in found:
        if not compared(one):
            _say(f"{one['scenario']}: not a single element could be compared")
    return status if status or all_right(report) else WRONG


def _checked(named: str) -> tuple[dict[str, Any] | None, str]:
    """Return the report on the scenario that an argument names, or None and what is wrong with it."""
    from bptui.checking.report import check_one

    try:
        return check_one(_scenario(named)), ""
    except BptuiError as error:
        return None, str(error)


def _list(arguments: list[str]) -> int:
    _parser("list", "List the bundled scenarios.").parse_args(arguments)
    from bptui import bundled
    from bptui.text import printable

    names = bundled.names()
    widest = max((len(name) for name in names), default=0)
    for name in names:
        sys.stdout.write(f"{name:<{widest}}  {printable(bptui.load(name).title)}\n")
    return OK


def _ops(arguments: list[str]) -> int:
    parser = _parser("ops", "List the operations with their derivatives and conventions.")
    parser.add_argument("name", nargs="?", metavar="NAME", help="show this operation alone")
    options = parser.parse_args(arguments)
    from bptui.exporting.operations import operations_text

    sys.stdout.write(operations_text(options.name))
    return OK


def _keys(arguments: list[str]) -> int:
    _parser("keys", "List the app's commands with their keys, as the settings file names them.").parse_args(arguments)
    from bptui.commands import COMMANDS
    from bptui.settings import read_settings, settings_path

    path = settings_path()
    settings, refused = read_settings(path)
    rows = [(name, " ".join(settings.keymap.of(command)), command.title) for name, command in COMMANDS.items()]
    widths = [max(len(row[at]) for row in rows) for at in (0, 1)]
    for name, keys, title in rows:
        sys.stdout.write(f"{name:<{widths[0]}}  {keys:<{widths[1]}}  {title}\n")
    _say(str(refused) if refused is not None else f"the settings stand in: {path}")
    return OK


def _schema(arguments: list[str]) -> int:
    _parser("schema", "Print the JSON Schema of the scenario file, for editors.").parse_args(arguments)
    import json

    from bptui.scenario.schema import json_schema

    sys.stdout.write(json.dumps(json_schema(), ensure_ascii=False, indent=2) + "\n")
    return OK


def _new(arguments: list[str]) -> int:
    parser = _parser("new", "Write a commented starter scenario.")
    parser.add_argument("file", metavar="FILE", help="the file to write, which must not exist yet")
    options = parser.parse_args(arguments)
    from bptui.files import write_whole
    from bptui.text import printable

    write_whole(Path(options.file), (Path(__file__).parent / "starter.toml").read_text(encoding="utf-8"))
    named = printable(options.file)
    _say(f"wrote {named}; open it with: bptui {named}")
    return OK


def _completion(arguments: list[str]) -> int:
    parser = _parser("completion", "Print the completion of commands, options and scenarios, for a shell to evaluate.")
    parser.add_argument("shell", metavar="SHELL", help="bash, zsh or fish")
    options = parser.parse_args(arguments)
    from bptui.completion import SHELLS, script
    from bptui.text import did_you_mean

    if options.shell not in SHELLS:
        raise BptuiError(Fault(f"there is no completion for `{options.shell}`", did_you_mean(options.shell, SHELLS)))
    sys.stdout.write(script(options.shell, [_described(name) for name in ("", *_COMMANDS)]))
    return OK


def _described(name: str) -> Command:
    """Return what completion needs to know of a command: its options, and what may stand where."""
    from bptui import bundled
    from bptui.completion import FILES, SHELLS, Choice, Command
    from bptui.exporting import FORMATS
    from bptui.limits import NAMES
    from bptui.ops import CALLABLE

    values = {
        "FORMAT": _REPORTS if name == "check" else tuple(FORMATS),
        "SCENARIO": (*bundled.names(), FILES),
        "FILE": (FILES,),
        "NAME": tuple(CALLABLE),
        "NAME=VALUE": tuple(f"{one}=" for one in NAMES),
        "SHELL": SHELLS,
    }
    try:
        _run([name, _ITSELF] if name else [_ITSELF])
    except _Asked as asked:
        parser = asked.parser
    choices = tuple(
        Choice(
            tuple(action.option_strings),
            action.help or "",
            values.get(str(action.metavar), ()) if action.nargs != 0 else None,
        )
        for action in parser._actions
    )
    return Command(name, parser.description or "", choices)


# -- parsing -----------------------------------------------------------------------------------------------------------


def _parser(command: str, description: str, epilog: str = "") -> _Parser:
    parser = _Parser(
        prog=f"bptui {command}".strip(),
        description=description,
        epilog=epilog,
        formatter_class=_Formatter,
        allow_abbrev=False,
    )
    parser.add_argument("--version", action="version", version=f"bptui {bptui.__version__}")
    return parser


def _limits(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--limit",
        action="append",
        default=[],
        metavar="NAME=VALUE",
        help="raise or lower a bound on what is read, such as steps=2000000; may be given several times",
    )


def _parsed(parser: argparse.ArgumentParser, arguments: list[str]) -> argparse.Namespace:
    """Return the options, with the limits among them in force: for this process and those that it starts."""
    options = parser.parse_args(arguments)
    if options.limit:
        from bptui.limits import ENVIRONMENT, in_force, read_limits

        in_force().having(read_limits(options.limit, "--limit"), "--limit")
        os.environ[ENVIRONMENT] = ",".join(filter(None, [os.environ.get(ENVIRONMENT, "").strip(), *options.limit]))
    return options


def _symbolic(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--symbolic", action="store_true", help="in symbols, with the numbers they come to")


if __name__ == "__main__":
    raise SystemExit(main())
