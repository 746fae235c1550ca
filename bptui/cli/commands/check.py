"""`bptui check`: verifies gradients, and marks worked solutions."""

from __future__ import annotations

import json
import sys
from typing import Any

from bptui.cli.dispatch import BAD, OK, WRONG
from bptui.cli.naming import scenario
from bptui.cli.parsing import add_limits, new_parser, parsed
from bptui.cli.streams import say
from bptui.errors import BptuiError, Fault

REPORTS = ("text", "json")
"""The formats of the report."""


def run(arguments: list[str]) -> int:
    parser = new_parser("check", "Verify gradients against finite differences, and mark worked solutions line by line.")
    parser.add_argument(
        "scenarios",
        nargs="+",
        metavar="SCENARIO",
        help="paths, folders, 'sheets/*.toml', bundled names",
    )
    parser.add_argument("-f", "--format", default="text", metavar="FORMAT", help="text (the default) or json")
    add_limits(parser)
    options = parsed(parser, arguments)
    from bptui.checking.batch import each, named_files
    from bptui.checking.report import all_right, compared, text, whole
    from bptui.text import did_you_mean, printable_json

    if options.format not in REPORTS:
        raise BptuiError(Fault(f"unknown format `{options.format}`", did_you_mean(options.format, REPORTS)))

    found: list[Any] = []
    status = OK
    files, faults = named_files(options.scenarios)
    for fault in faults:
        say(str(fault))
        status = BAD
    for checked, said in each(files, _checked, _lost, sys.stderr):
        if checked is None:
            say(said)
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
            say(f"{one['scenario']}: not a single element could be compared")
    return status if status or all_right(report) else WRONG


def _checked(named: str) -> tuple[dict[str, Any] | None, str]:
    """Return the report on the scenario that an argument names, or None and what is wrong with it."""
    from bptui.checking.report import check_one

    try:
        return check_one(scenario(named)), ""
    except BptuiError as error:
        return None, str(error)
    except MemoryError:
        return None, str(Fault("there is not enough memory to check this", file=named))
    except Exception as error:  # a fault of ours: the report is to say in which scenario
        error.add_note(named)
        raise


def _lost(named: str) -> tuple[None, str]:
    return None, str(Fault("the process that checked this was ended, maybe for want of memory", file=named))
