"""bptui: see backpropagation. Load a scenario, run it, and read every forward and backward step of the trace.

    import bptui
    trace = bptui.run(bptui.load("exercise.toml"))
    trace.gradient("W1")
    trace.routes("W1(1,1)")

Importing this loads neither Textual nor SymPy; the app is loaded by `show`.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from bptui.errors import BptuiError, Fault

if TYPE_CHECKING:
    from bptui.scenario.scenario import Scenario
    from bptui.trace.record import Trace

__version__ = "0.1.0"
__all__ = ["BptuiError", "Fault", "check", "export", "load", "loads", "run", "show"]


def load(path: str | Path, limits: Mapping[str, int] | None = None) -> Scenario:
    """Return the scenario in the file at `path`, or the bundled one of that name (`"exercise-7-1"`).

    `limits` raises or lowers bounds by their names: `{"steps": 2_000_000}`. Raises BptuiError with every fault of the
    file, each with its line and column.
    """
    from bptui import bundled
    from bptui.limits import in_force
    from bptui.scenario.document import Document
    from bptui.scenario.reading import read_scenario

    return read_scenario(Document.read(bundled.found(path), in_force().having(limits or {})))


def loads(text: str | bytes, folder: str | Path | None = None, limits: Mapping[str, int] | None = None) -> Scenario:
    """Return the scenario in `text`; files that it names are looked for in `folder`, and nowhere without one.

    `limits` and what is raised are as in `load`.
    """
    from bptui.limits import in_force
    from bptui.scenario.document import Document
    from bptui.scenario.reading import read_scenario

    home = Path(folder) if folder is not None else None
    return read_scenario(Document.parse(text, folder=home, limits=in_force().having(limits or {})))


def run(scenario: Scenario, values: Mapping[str, Any] | None = None, mode: str = "numbers") -> Trace:
    """Return the trace of `scenario`: every value, every contribution and every accumulated gradient.

    `values` gives leaves, and a seed by its symbol, other numbers in their own shapes. `mode` is `numbers`, or
    `symbols`: arrays of SymPy expressions, for which leaves need no numbers. Raises BptuiError where a leaf has
    symbols but no numbers, where `values` does not fit, and where the scenario is too large for symbols.
    """
    from bptui.running import run

    return run(scenario, values, mode)


def export(trace: Trace, format: str = "text", *, blanks: bool = False, key: bool = False) -> str:
    """Return the trace as `text` or `json`, or its derivation as `markdown`, `latex` or `html`.

    `blanks` leaves the answers out of the derivation; `key` puts them on a page of their own. Raises BptuiError for a
    format that there is not.
    """
    from bptui.exporting import write

    return write(trace, format, blanks=blanks, key=key)


def check(scenario: Scenario) -> dict[str, Any]:
    """Return gradients against finite differences, and the worked solution marked, in the form of the JSON report."""
    from bptui.checking.report import report

    return report([scenario])


def show(trace: Trace) -> None:
    """Open the app on `trace`; returns when it is left. Raises BptuiError where there is no terminal."""
    from bptui.tui import show

    show(trace)
