"""Many scenarios at once: which files are meant, and one after the other or over the cores, with progress."""

from __future__ import annotations

import glob
import multiprocessing
import os
import signal
import threading
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path
from typing import TextIO, TypeVar

from bptui.errors import Fault

Result = TypeVar("Result")

_WORTHWHILE = 8
"""From how many files on processes are started: each takes half a second to begin."""


def named_files(arguments: Sequence[str]) -> tuple[list[str], list[Fault]]:
    """Return the files that the arguments name, folders and patterns unfolded, and a fault for what names none."""
    files: list[str] = []
    faults: list[Fault] = []
    for argument in arguments:
        if os.path.isdir(argument):
            inside = sorted(str(path) for path in Path(argument).glob("*.toml"))
            if not inside:
                faults.append(Fault("there are no scenarios in this folder", "they end in .toml", argument))
            files += inside
        elif glob.has_magic(argument) and not os.path.lexists(argument):
            inside = sorted(glob.glob(argument, recursive=True))
            if not inside:
                faults.append(Fault("no file fits this pattern", "", argument))
            files += (path for path in inside if not os.path.isdir(path))
        else:
            files.append(argument)
    return files, faults


def each(files: Sequence[str], work: Callable[[str], Result], progress: TextIO) -> Iterator[Result]:
    """Yield what `work` makes of each file, in their order. Many files are shared out to a process for each core.

    Where `progress` is a terminal, it says how far the work is, and is left as it was.
    """
    shown = len(files) > 1 and progress.isatty()
    for number, result in enumerate(_results(files, work), start=1):
        if shown:
            progress.write(f"\r\x1b[Kchecked {number} of {len(files)}" if number < len(files) else "\r\x1b[K")
            progress.flush()
        yield result


def _results(files: Sequence[str], work: Callable[[str], Result]) -> Iterator[Result]:
    workers = min(_cores(), len(files))
    if len(files) < _WORTHWHILE or workers < 2 or "-" in files:
        yield from map(work, files)
        return
    context = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(workers, mp_context=context, initializer=_begin) as pool:
        try:
            yield from pool.map(work, files, chunksize=max(1, min(16, len(files) // (4 * workers))))
        except BaseException:  # an interrupt, mostly: nobody waits for what is still being checked
            for process in multiprocessing.active_children():
                process.terminate()
            raise
        finally:
            pool.shutdown(cancel_futures=True)


def _cores() -> int:
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def _begin() -> None:
    """Let the process that started this one decide what an interrupt means, and end with it, however it ends."""
    threading.Thread(target=_end_with_parent, daemon=True).start()
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    signal.signal(signal.SIGTERM, signal.SIG_DFL)


def _end_with_parent() -> None:
    parent = multiprocessing.parent_process()
    if parent is not None:
        parent.join()
        os._exit(1)
