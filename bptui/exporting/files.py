"""Writing a file whole or not at all: beside its place first, then moved there in one step."""

from __future__ import annotations

import os
import stat
from collections.abc import Iterable
from pathlib import Path

from bptui.errors import BptuiError, Fault

CHOOSE = "choose another name"


def write_whole(path: Path, text: str | Iterable[str], force: bool = False, remedy: str = CHOOSE) -> None:
    """Write `text`, whole or in pieces, as UTF-8 to `path`; raises BptuiError where that cannot be done.

    Where it cannot, or where the pieces come to no end, everything is left as it was.

    Something that exists is replaced only with `force`, and only where it is an ordinary file; a link is followed.
    `remedy` says what to do where it is not replaced.
    """
    import tempfile  # it loads much that `--help` needs not

    shown = str(path)
    path = Path(os.path.realpath(path))
    _refuse_existing(path, shown, force, remedy)
    try:
        descriptor, beside = tempfile.mkstemp(prefix=".bptui-", dir=path.parent)
    except OSError as fault:
        raise BptuiError(Fault(f"cannot write here: {_reason(fault)}", file=shown)) from None
    try:
        with open(descriptor, "w", encoding="utf-8", newline="\n") as file:
            file.writelines([text] if isinstance(text, str) else text)
            file.flush()
            os.fsync(file.fileno())
        os.chmod(beside, _mode(path))
        if force:
            os.replace(beside, path)
        else:
            _move_to_free(beside, path, shown, remedy)
    except OSError as fault:
        raise BptuiError(Fault(f"cannot write this file: {_reason(fault)}", file=shown)) from None
    finally:
        if os.path.lexists(beside):
            os.unlink(beside)


def _refuse_existing(path: Path, shown: str, force: bool, remedy: str) -> None:
    try:
        found = path.lstat()
    except FileNotFoundError:
        return
    except OSError as fault:
        raise BptuiError(Fault(f"cannot write here: {_reason(fault)}", file=shown)) from None
    if not stat.S_ISREG(found.st_mode):
        kind = "a folder" if stat.S_ISDIR(found.st_mode) else "no ordinary file"
        raise BptuiError(Fault(f"this is {kind}", "name a file to be written", file=shown))
    if not force:
        raise BptuiError(Fault("this file exists already", remedy, file=shown))


def _move_to_free(beside: str, path: Path, shown: str, remedy: str) -> None:
    """Give the finished file its name, unless something took that name meanwhile."""
    try:
        os.link(beside, path)  # unlike a rename, this fails where the name is taken
    except FileExistsError:
        raise BptuiError(Fault("this file exists already", remedy, file=shown)) from None
    except OSError:  # a file system without hard links
        _refuse_existing(path, shown, False, remedy)
        os.replace(beside, path)


def _mode(path: Path) -> int:
    """Return the permissions of the file that is replaced, or those that a new file gets."""
    try:
        return stat.S_IMODE(path.stat().st_mode)
    except OSError:
        mask = os.umask(0)
        os.umask(mask)
        return 0o666 & ~mask


def _reason(fault: OSError) -> str:
    return (fault.strerror or "the system gives no reason").lower()
