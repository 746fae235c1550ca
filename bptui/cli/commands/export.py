"""`bptui export`: writes a trace, or the derivation of its gradients."""

from __future__ import annotations

from pathlib import Path

from bptui.cli.dispatch import OK
from bptui.cli.naming import scenario
from bptui.cli.parsing import add_limits, add_symbolic, new_parser, parsed
from bptui.cli.streams import spelled, write
from bptui.errors import BptuiError, Fault

STANDARD_OUTPUT = ("-", "/dev/stdout", "/dev/fd/1")


def run(arguments: list[str]) -> int:
    from bptui.exporting import FORMATS, find_format, pieces

    parser = new_parser(
        "export",
        "Write the trace of a scenario, or the derivation of its gradients.",
        "formats:\n" + "\n".join(f"  {name:<10} {one.description}" for name, one in FORMATS.items()),
    )
    parser.add_argument("scenario", metavar="SCENARIO", help="a path, a bundled scenario's name, or -")
    parser.add_argument("-f", "--format", default="text", metavar="FORMAT", help=f"{', '.join(FORMATS)}; default: text")
    parser.add_argument("-o", "--output", metavar="FILE", help="write to FILE, which must not exist yet, or -")
    parser.add_argument("--force", action="store_true", help="replace FILE where it exists")
    parser.add_argument("--blanks", action="store_true", help="a handout: the derivation with room for the answers")
    parser.add_argument("--key", action="store_true", help="a handout with the answers on a page of their own")
    parser.add_argument("--ascii", action="store_true", help="text in ASCII alone")
    add_limits(parser)
    add_symbolic(parser)
    options = parsed(parser, arguments)
    from bptui.running import first_trace

    find_format(options.format)
    if options.ascii and options.format != "text":
        raise BptuiError(Fault(f"`--ascii` is for text, and not for {options.format}"))
    trace = first_trace(scenario(options.scenario), options.symbolic)
    text = pieces(trace, options.format, blanks=options.blanks, key=options.key)
    if options.output in (None, *STANDARD_OUTPUT):
        write(text, options.ascii)
    else:
        from bptui.files import write_whole

        remedy = "choose another name, or use --force to replace it"
        write_whole(Path(options.output), spelled(text, options.ascii), options.force, remedy)
    return OK
