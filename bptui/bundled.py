"""The scenarios that come with bptui: inside the installed package, or beside it in a checkout."""

from __future__ import annotations

import os
from os import PathLike
from pathlib import Path

FIRST = "exercise-7-1"
"""The scenario that the README's first command opens."""


def folder() -> Path:
    """Return the folder that holds the bundled scenarios."""
    package = Path(__file__).resolve().parent
    inside = package / "scenarios"
    return inside if inside.is_dir() else package.parent / "scenarios"


def names() -> list[str]:
    """Return the names of the bundled scenarios, in alphabetical order."""
    return sorted(path.stem for path in folder().glob("*.toml"))


def path(name: str) -> Path | None:
    """Return the file of the bundled scenario called `name`, or None where there is none."""
    return folder() / f"{name}.toml" if name in names() else None


def found(named: str | PathLike[str]) -> Path:
    """Return the file at the path `named`, or the bundled scenario of that name; the path where there is neither."""
    inside = None if os.path.exists(named) else path(str(named))
    return inside or Path(named)
