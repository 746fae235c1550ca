"""The program: `bptui`, or `python -m bptui`. The command line, as a process of its own that ends at once when told to.

What is still computed in a thread when the app was left does not hold up the end.
"""

from __future__ import annotations

import gc
import signal
import sys
import warnings
from types import FrameType
from typing import NoReturn

from bptui.ending import SIGNALS, end


def program() -> NoReturn:
    """Run the command line and end the process with its exit status."""
    for name in SIGNALS:
        if hasattr(signal, name):
            signal.signal(getattr(signal, name), _end)
    if not sys.warnoptions:
        warnings.simplefilter("ignore")  # what libraries warn of is for those who develop with them
    gc.set_threshold(50_000, 20, 50)  # what modules define stays: looking through it again and again slows the start
    from bptui.cli import main

    end(main())


def _end(number: int, frame: FrameType | None) -> NoReturn:
    end(128 + number)


if __name__ == "__main__":  # a process of `bptui check` imports this module too
    program()
