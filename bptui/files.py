"""Files that a stranger may have named: read within bounds, and written whole or not at all.

A FIFO without a writer blocks whoever opens it, and a device may never end, so what is no ordinary file is refused
before it is opened, and once more after that, in case it was exchanged in between. What is written has no name until it
is whole, or one beside its place where the file system knows no files without names; it is moved there in one step.
"""

from __future__ import annotations

import os
import stat
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import BinaryIO

from bptui.ending import unfinished
from bptui.errors import BptuiError, Fault

CHOOSE = "choose another name"


def reason(fault: OSError) -> str:
    """Return why the system refused something, in its own words."""
    return (fault.strerror or "the system gives no reason").lower()


def typed_path(text: str) -> Path:
    """Return the path that a person typed, `~` as shells mean it; what cannot be one is found out when it is used."""
    return Path(os.path.expanduser(text.strip()))


def present_folder() -> str:
    """Return the path of the folder that relative paths count from, in words where it is gone."""
    try:
        return os.getcwd()
    except OSError:
        return "a folder that is gone"


# -- reading -----------------------------------------------------------------------------------------------------------


@contextmanager
def reading(what: str) -> Iterator[None]:
    """Raise BptuiError where the system refuses to have `what` read, which is no file by its name."""
    try:
        yield
    except OSError as fault:
        raise BptuiError(Fault(f"{what} cannot be read ({reason(fault)})")) from None


class FileFault(Exception):
    """A file that cannot be read: `message` says why, with no name in it, and `hint` what to do."""

    def __init__(self, message: str, hint: str = "") -> None:
        super().__init__(message)
        self.message = message
        self.hint = hint


def open_ordinary(path: Path) -> BinaryIO:
    """Open an ordinary file for reading bytes; raises FileFault for anything else, and never waits."""
    try:
        _refuse_special(os.stat(path))
        flags = os.O_RDONLY | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_NOCTTY", 0) | getattr(os, "O_BINARY", 0)
        descriptor = os.open(path, flags)
        try:
            _refuse_special(os.fstat(descriptor))
            return open(descriptor, "rb")
        except BaseException:
            os.close(descriptor)
            raise
    except FileNotFoundError:
        raise FileFault("there is no such file") from None
    except PermissionError:
        raise FileFault("it may not be read", "its permissions do not let you read it") from None
    except (OSError, ValueError) as error:  # ValueError: a null character in the name
        said = reason(error) if isinstance(error, OSError) else str(error)
        raise FileFault(f"it cannot be read ({said})") from None


def read_ordinary(path: Path, limit: int) -> bytes:
    """Return the bytes of an ordinary file; raises FileFault where there are more than `limit`, having read no more."""
    with open_ordinary(path) as file:
        try:
            content = file.read(limit + 1)
        except OSError as error:
            raise FileFault(f"it cannot be read ({reason(error)})") from None
    if len(content) > limit:
        raise FileFault(f"it is larger than {size_text(limit)}, the most that is read")
    return content


def size_text(size: int) -> str:
    """Return a number of bytes as people say it: `1 MiB`, `512 MiB`, `2.5 GiB`."""
    for unit, name in ((1 << 30, "GiB"), (1 << 20, "MiB"), (1 << 10, "KiB")):
        if size >= unit:
            return f"{size / unit:.4g} {name}"
    return f"{size} bytes"


def _refuse_special(status: os.stat_result) -> None:
    if stat.S_ISDIR(status.st_mode):
        raise FileFault("it is a folder, not a file")
    if not stat.S_ISREG(status.st_mode):
        raise FileFault("it is no ordinary file", "pipes and devices are not read: save the text to a file first")


# -- writing -----------------------------------------------------------------------------------------------------------


def write_whole(path: Path, text: str | Iterable[str], force: bool = False, remedy: str = CHOOSE) -> None:
    """Write `text`, whole or in pieces, as UTF-8 to `path`; raises BptuiError where that cannot be done.

    Where it cannot, or where the pieces come to no end, everything is left as it was.

    Something that exists is replaced only with `force`, and only where it is an ordinary file; a link is followed.
    `remedy` says what to do where it is not replaced.
    """
    shown = str(path)
    try:
        path = Path(os.path.realpath(path))
    except (OSError, ValueError) as fault:  # the present folder is gone; a null character
        said = reason(fault) if isinstance(fault, OSError) else str(fault)
        raise BptuiError(Fault(f"cannot write here: {said}", file=shown)) from None
    _refuse_existing(path, shown, force, remedy)
    beside = str(path.parent / f".bptui-{os.urandom(8).hex()}")
    with unfinished(beside):
        try:
            descriptor, unnamed = _opened(beside)
        except OSError as fault:
            raise BptuiError(Fault(f"cannot write here: {reason(fault)}", file=shown)) from None
        try:
            with open(descriptor, "w", encoding="utf-8", newline="\n") as file:
                file.writelines([text] if isinstance(text, str) else text)
                file.flush()
                os.fsync(descriptor)
                mode = _mode(path)
                os.chmod(descriptor if unnamed else beside, mode)
                if unnamed:
                    if not force and _linked(unnamed, descriptor, path):
                        return
                    if not _linked(unnamed, descriptor, beside):
                        _copy(unnamed, beside, mode)
            if force:
                os.replace(beside, path)
            else:
                _move_to_free(beside, path)
        except FileExistsError:
            raise BptuiError(Fault("this file exists already", remedy, file=shown)) from None
        except OSError as fault:
            raise BptuiError(Fault(f"cannot write this file: {reason(fault)}", file=shown)) from None


def _opened(beside: str) -> tuple[int, str]:
    """Open a new file; return its descriptor, and its place among the open files where it has not the name `beside`.

    One without a name is gone with its process, even where that is killed.
    """
    if hasattr(os, "O_TMPFILE"):
        with suppress(OSError):  # a file system that knows no such files
            descriptor = os.open(os.path.dirname(beside), os.O_WRONLY | os.O_TMPFILE, 0o600)
            if os.path.exists(unnamed := f"/proc/self/fd/{descriptor}"):
                return descriptor, unnamed
            os.close(descriptor)
    return _new(beside), ""


def _new(path: str) -> int:
    """Open a file that nobody else may read, and that was not there."""
    return os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)


def _linked(unnamed: str, descriptor: int, name: str | Path) -> bool:
    """Give an open file without a name this one, if the system lets it; raises FileExistsError where it is taken."""
    try:
        os.link(unnamed, name, src_dir_fd=descriptor, follow_symlinks=True)  # followed only where a folder is given too
    except FileExistsError:
        raise
    except OSError:
        return False
    return True


def _copy(unnamed: str, beside: str, mode: int) -> None:
    """Copy an open file without a name to a new one."""
    import shutil  # it loads every kind of compression

    descriptor = _new(beside)
    with open(unnamed, "rb") as whole, open(descriptor, "wb") as file:
        shutil.copyfileobj(whole, file)
        file.flush()
        os.fsync(descriptor)
        os.chmod(descriptor, mode)


def _refuse_existing(path: Path, shown: str, force: bool, remedy: str) -> None:
    try:
        found = path.lstat()
    except FileNotFoundError:
        return
    except OSError as fault:
        raise BptuiError(Fault(f"cannot write here: {reason(fault)}", file=shown)) from None
    if not stat.S_ISREG(found.st_mode):
        kind = "a folder" if stat.S_ISDIR(found.st_mode) else "no ordinary file"
        raise BptuiError(Fault(f"this is {kind}", "name a file to be written", file=shown))
    if not force:
        raise BptuiError(Fault("this file exists already", remedy, file=shown))


def _move_to_free(beside: str, path: Path) -> None:
    """Give the finished file its name; raises FileExistsError where something took that meanwhile."""
    try:
        os.link(beside, path)  # unlike a rename, this fails where the name is taken
    except FileExistsError:
        raise
    except OSError:  # a file system without hard links
        if os.path.lexists(path):
            raise FileExistsError from None
        os.replace(beside, path)


def _mode(path: Path) -> int:
    """Return the permissions of the file that is replaced, or those that a new file gets."""
    try:
        return stat.S_IMODE(path.stat().st_mode)
    except OSError:
        mask = os.umask(0)
        os.umask(mask)
        return 0o666 & ~mask
