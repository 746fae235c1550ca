"""The maps of the packages: each names every module that is there."""

from __future__ import annotations

import re
from importlib import import_module
from pathlib import Path

import pytest

import bptui

MAPPED = ("checking", "checking.marking", "engine", "present", "scenario", "trace")


@pytest.mark.parametrize("package", MAPPED)
def test_a_package_names_its_modules(package: str) -> None:
    folder = Path(bptui.__file__).parent.joinpath(*package.split("."))
    modules = {path.stem for path in folder.glob("*.py")} - {"__init__"}
    named = set(re.findall(r"\w+", import_module(f"bptui.{package}").__doc__ or ""))
    assert sorted(modules - named) == []
