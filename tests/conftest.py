"""What all tests share: the same examples on every run; an app is waited for by what it has left to do.

Nobody's own settings are read.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest
import textual.app
import textual.pilot
from hypothesis import settings

import bptui
from app_help import settled
from bptui.trace.record import Trace

settings.register_profile("reproducible", derandomize=True, deadline=None)
settings.load_profile("reproducible")

for module in (textual.app, textual.pilot):
    vars(module)["wait_for_idle"] = settled


@pytest.fixture(scope="session")
def exercise() -> Trace:
    """The trace of the network of exercise 7.1; nothing in it can be changed."""
    return bptui.run(bptui.load("exercise-7-1"))


@pytest.fixture
def files_without_names(tmp_path: Path) -> None:
    """Skip a test that is about them where there are none: they are Linux's, and not every file system's there."""
    try:
        os.close(os.open(tmp_path, os.O_TMPFILE | os.O_WRONLY))
        os.stat("/proc/self/fd")
    except (AttributeError, OSError):
        pytest.skip("this system knows no files without names")


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_auto_num_workers() -> int:
    """Run more workers than there are processors: the tests of the app and of subprocesses wait more than they work."""
    return 2 * (os.cpu_count() or 1)


@pytest.fixture(autouse=True, scope="session")
def nobodys_settings(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """Name a settings file and a state folder that are empty, for this process and those that it starts."""
    folder = tmp_path_factory.mktemp("home")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("BPTUI_SETTINGS", str(folder / "settings.toml"))
        patch.setenv("XDG_STATE_HOME", str(folder / "state"))
        yield folder
