"""What the commands' parsers have in common: faults in one line, help as wide as the terminal, shared options."""

from __future__ import annotations

import argparse
import os
import re
import sys
from typing import TYPE_CHECKING, Any, NoReturn

import bptui
from bptui.errors import BptuiError, Fault

if TYPE_CHECKING:
    from _typeshed import SupportsWrite

ITSELF = "\0"
"""In place of the arguments of a command: asks for its parser."""


class Asked(Exception):
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


class Parser(argparse.ArgumentParser):
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
        if args == [ITSELF]:
            raise Asked(self)
        for word in args or ():
            option, equals, value = word.partition("=")
            if equals and value == "--" and option in self._option_string_actions:  # argparse makes an empty list of it
                self.error(f"argument {option}: expected one argument")
        return super().parse_args(args, namespace)

    def _print_message(self, message: str, file: SupportsWrite[str] | None = None) -> None:
        (file or sys.stderr).write(message)  # argparse passes over a full disk in silence


def new_parser(command: str, description: str, epilog: str = "") -> Parser:
    parser = Parser(
        prog=f"bptui {command}".strip(),
        description=description,
        epilog=epilog,
        formatter_class=_Formatter,
        allow_abbrev=False,
    )
    parser.add_argument("--version", action="version", version=f"bptui {bptui.__version__}")
    return parser


def add_limits(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--limit",
        action="append",
        default=[],
        metavar="NAME=VALUE",
        help="raise or lower a bound on what is read, such as steps=2000000; may be given several times",
    )


def add_symbolic(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--symbolic", action="store_true", help="in symbols, with the numbers they come to")


def parsed(parser: argparse.ArgumentParser, arguments: list[str]) -> argparse.Namespace:
    """Return the options, with the limits among them in force: for this process and those that it starts."""
    options = parser.parse_args(arguments)
    if options.limit:
        from bptui.limits import ENVIRONMENT, in_force, read_limits

        in_force().having(read_limits(options.limit, "--limit"), "--limit")
        os.environ[ENVIRONMENT] = ",".join(filter(None, [os.environ.get(ENVIRONMENT, "").strip(), *options.limit]))
    return options
