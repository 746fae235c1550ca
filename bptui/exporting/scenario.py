"""A trace's scenario as a new file: the text that it was read from, with the trace's numbers in it."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
from msgspec.structs import replace

from bptui.errors import BptuiError, Fault
from bptui.files import write_whole
from bptui.scenario.document import Document
from bptui.scenario.leaves import Leaf
from bptui.scenario.reading import read_scenario
from bptui.scenario.rewriting import rewritten
from bptui.trace.record import Trace

_SEED = "backward.seed"
"""Stands among the leaves' names for the seed: none of them has a dot."""


def scenario_text(trace: Trace, folder: Path | None = None) -> str:
    """Return a scenario file with the numbers of `trace`, to stand in `folder` (None: where the original stands).

    Elsewhere than beside the original, arrays that it reads from files are written out. What is returned was read
    back: raises BptuiError where that is not the scenario that it should be, for instance because it is too large.
    """
    scenario = trace.scenario
    document = scenario.document
    folder = document.folder if folder is None else folder
    leaves = list(scenario.leaves.values())
    arrays = {leaf.name: trace.values[trace.program.names[leaf.name]] for leaf in leaves}
    if scenario.seed is not None:
        leaves.append(replace(scenario.seed, name=_SEED))
        arrays[_SEED] = trace.seed
    moved = document.folder is not None and folder is not None and not _same(folder, document.folder)
    from_files = [leaf.name for leaf in leaves if moved and _is_from_file(document.data, leaf)]
    text = rewritten(document, leaves, arrays, from_files)
    again = read_scenario(Document.parse(text, document.name, folder, document.limits))
    written = [*again.leaves.items(), *([(_SEED, again.seed)] if again.seed is not None else [])]
    for name, leaf in written:
        if leaf.value is None or not np.array_equal(leaf.value, arrays[name], equal_nan=True):
            raise BptuiError(Fault(f"`{name}` is written in a way that its numbers cannot be replaced in"))
    return text


def write_scenario(trace: Trace, path: Path) -> None:
    """Write the scenario with the numbers of `trace` to the new file `path`; raises BptuiError where one exists."""
    write_whole(path, scenario_text(trace, path.parent))


def _same(folder: Path, other: Path) -> bool:
    try:
        return os.path.realpath(folder) == os.path.realpath(other)
    except OSError:  # the folder that relative paths count from is gone
        return False


def _is_from_file(data: Mapping[str, Any], leaf: Leaf) -> bool:
    found: Any = data
    for key in leaf.path:
        if isinstance(found, Mapping):
            found = found.get(key)
        elif isinstance(found, list) and isinstance(key, int) and key < len(found):
            found = found[key]
        else:
            return False
    return isinstance(found, Mapping) and "file" in found
