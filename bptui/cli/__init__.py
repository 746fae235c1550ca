"""The command line: parses, dispatches, and turns every outcome into an exit status.

Standard output carries data, standard error everything else. Textual is imported only where the app opens.
"""

from __future__ import annotations

import signal
import sys
from collections.abc import Sequence

from bptui.cli.dispatch import BAD, OK, run_command
from bptui.cli.streams import give_up, open_streams, say
from bptui.errors import BptuiError


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command line and return its exit status: 0, 1 (a check failed), 2 (bad input), 130, 143 or 129."""
    open_streams()
    try:
        try:
            status = run_command(sys.argv[1:] if arguments is None else list(arguments))
        except SystemExit as stop:  # argparse after --help
            status = stop.code if isinstance(stop.code, int) else OK
        if status < 128:  # after a signal, what is still to be written may have nowhere to go
            sys.stdout.flush()
        return status
    except BptuiError as error:
        say(str(error))
        return BAD
    except KeyboardInterrupt:
        return 128 + signal.SIGINT
    except BrokenPipeError:  # whoever read our output has read enough
        give_up(sys.stdout)
        return OK
    except OSError as fault:
        from bptui.files import reason
        from bptui.text import printable

        if fault.filename is not None:
            say(f"bptui: cannot use `{printable(str(fault.filename))}`: {reason(fault)}")
        else:  # a stream; that of the input says for itself that it cannot be read
            say(f"bptui: cannot write the output: {reason(fault)}")
            give_up(sys.stdout)
        return BAD
    except MemoryError:
        say("bptui: there is not enough memory for this")
        return BAD
    except Exception as error:  # whatever it is, it is ours, and the user sees no traceback of it
        from bptui.crash import crashed

        say(str(crashed(error)))
        return BAD
