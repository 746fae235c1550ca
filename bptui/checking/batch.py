"""Many scenarios at once: which files are meant, and one after the other or over the cores, with progress.

A process that checks is given one file after the other over its standard input, and answers on its standard output.
Python's own pools are not used: they look for modules in the folder that one is in, and whoever wrote the scenarios may
have put some there.
"""

from __future__ import annotations

import glob
import os
import pickle
import subprocess
import sys
import threading
import traceback
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from pathlib import Path
from queue import SimpleQueue
from typing import Any, TextIO, TypeVar

from bptui.ending import end
from bptui.errors import Fault

Result = TypeVar("Result")

_WORTHWHILE = 8
"""From how many files on processes are started: each takes half a second to begin."""

_BEGIN = (
    "import sys, warnings; sys.path[:] = sys.argv[1:]; sys.warnoptions or warnings.simplefilter('ignore'); "
    "from bptui.checking.batch import serve; serve()"
)
"""What a process runs, with the places of modules as arguments."""


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


def each(
    files: Sequence[str], work: Callable[[str], Result], lost: Callable[[str], Result], progress: TextIO
) -> Iterator[Result]:
    """Yield what `work`, a function of a module, makes of each file, in their order.

    Many files are shared out to a process for each core; for a file whose process does not live to answer it is what
    `lost` makes of it. Where `progress` is a terminal, it says how far the work is, and is left as it was.
    """
    shown = len(files) > 1 and progress.isatty()
    for number, result in enumerate(_results(files, work, lost), start=1):
        if shown:
            progress.write(f"\r\x1b[Kchecked {number} of {len(files)}" if number < len(files) else "\r\x1b[K")
            progress.flush()
        yield result


def _results(files: Sequence[str], work: Callable[[str], Result], lost: Callable[[str], Result]) -> Iterator[Result]:
    number = min(_cores(), len(files))
    if len(files) < _WORTHWHILE or number < 2 or "-" in files or not sys.executable:
        yield from map(work, files)
        return
    workers = [_Worker(work) for _ in range(number)]
    idle: SimpleQueue[_Worker] = SimpleQueue()
    for worker in workers:
        idle.put(worker)

    def done(file: str) -> Result:
        worker = idle.get()
        try:
            result: Result = worker.answer(file)
        except _Gone:
            result = lost(file)
        finally:
            idle.put(worker)
        return result

    try:
        with ThreadPoolExecutor(number) as pool:
            try:
                yield from pool.map(done, files)
            finally:  # nobody waits for what is still being checked, where it was not all
                pool.shutdown(wait=False, cancel_futures=True)
                for worker in workers:
                    worker.kill()
    finally:
        for worker in workers:
            worker.close()


def _cores() -> int:
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


class _Gone(Exception):
    """A process has ended before it was told to."""


class _Worker:
    """A process that does one thing after the other, and ends with the process that started it, however that ends."""

    def __init__(self, work: Callable[[str], object]) -> None:
        self._work = work
        self._process = self._started()

    def _started(self) -> subprocess.Popen[bytes]:
        return subprocess.Popen(
            [sys.executable, "-P", "-c", _BEGIN, *sys.path],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            start_new_session=True,  # an interrupt from the keyboard is for the process that started it
        )

    def answer(self, file: str) -> Any:
        """Return what the work makes of a file; raises what it raises, and _Gone where the process is gone."""
        if self._process.poll() is not None:
            self.close()
            self._process = self._started()
        asked, answers = self._process.stdin, self._process.stdout
        assert asked is not None
        assert answers is not None
        try:
            pickle.dump((self._work, file), asked)
            asked.flush()
            made, error = pickle.load(answers)
        except (OSError, EOFError, ValueError, pickle.UnpicklingError):
            self._process.kill()
            self._process.wait()
            raise _Gone from None
        if error is not None:
            raise error
        return made

    def kill(self) -> None:
        self._process.kill()

    def close(self) -> None:
        """Give everything back, once nobody waits for an answer."""
        self._process.communicate()


def serve() -> None:
    """Do the work that standard input asks for, one piece after the other."""
    answers = os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)  # whatever is printed is no answer
    asked: SimpleQueue[Any] = SimpleQueue()
    threading.Thread(target=_listen, args=(asked,), daemon=True).start()
    while True:
        work, file = asked.get()
        made, error = None, None
        try:
            made = work(file)
        except Exception as fault:  # the process that asked tells of it
            error = fault
            error.add_note(traceback.format_exc())
        try:
            pickle.dump((made, error), answers)
            answers.flush()
        except OSError:  # nobody waits for it any more
            end(1)


def _listen(asked: SimpleQueue[Any]) -> None:
    """Pass on what is asked for; end the process at once where nothing more can be, or it cannot be understood."""
    try:
        while True:
            asked.put(pickle.load(sys.stdin.buffer))
    except EOFError:
        pass
    except BaseException:
        with suppress(OSError, ValueError):
            traceback.print_exc()
    finally:
        end(1)  # whoever waits for an answer waits for the end of this process too
