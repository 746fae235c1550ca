"""bptui's engine against hand-written NumPy and its peers, in one run: `python -m benchmarks.engine`.

Each workload is run by every contender that is installed, in turns; a ratio is that of two neighbouring turns, and the
table gives their median and quartiles. First of all, everybody's gradients are compared.
"""

from __future__ import annotations

import argparse
import importlib
import importlib.util
import os
import platform
import sys

os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")  # everybody on one thread; read when NumPy is imported

import numpy as np

from benchmarks.contenders import with_bptui
from benchmarks.measuring import Run, interleaved, quartiles
from benchmarks.workloads import TITLES, WORKLOADS

BY_HAND = "NumPy by hand"
CONTENDERS = {
    BY_HAND: ("numpy", "by_hand"),
    "bptui": ("numpy", "with_bptui"),
    "autograd": ("autograd", "with_autograd"),
    "mygrad": ("mygrad", "with_mygrad"),
    "micrograd": ("micrograd", "with_micrograd"),
    "PyTorch": ("torch", "with_torch"),
}
"""Each contender's name, the package that it needs, and its file in `contenders`."""


def main() -> None:
    options = _options()
    modules = {
        name: importlib.import_module(f"benchmarks.contenders.{file}")
        for name, (package, file) in CONTENDERS.items()
        if importlib.util.find_spec(package) is not None and (not options.only or name in (BY_HAND, *options.only))
    }
    print(f"Python {platform.python_version()}, NumPy {np.__version__}, {platform.machine()}, {sys.platform}")
    print(f"times of one run, and ratios to {BY_HAND}: median (first quartile, third quartile) of {options.turns}\n")
    for key in options.workloads:
        workload = WORKLOADS[key]
        runs = {name: module.RUNS[key](workload) for name, module in modules.items() if key in module.RUNS}
        _compare(key, runs)
        times = interleaved(runs, options.seconds, options.turns)
        print(f"({key}) {TITLES[key]}")
        for name, taken in times.items():
            first, middle, third = quartiles([a / b for a, b in zip(taken, times[BY_HAND], strict=True)])
            said = f"{middle:7.2f}  ({first:.2f}, {third:.2f})" if name != BY_HAND else ""
            print(f"    {name:14} {_duration(quartiles(taken)[1]):>10} {said}")
        reading = interleaved({"reading": with_bptui.reading(workload)}, options.seconds / 10, 5)["reading"]
        print(f"    {'reading it':14} {_duration(quartiles(reading)[1]):>10}          once, before the first run\n")


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("workloads", nargs="*", metavar="WORKLOAD", help=", ".join(WORKLOADS), default=list(WORKLOADS))
    parser.add_argument("--seconds", type=float, default=10.0, help="how long each workload is measured")
    parser.add_argument("--turns", type=int, default=41, help="in how many turns")
    parser.add_argument("--only", action="append", metavar="CONTENDER", help="compare these alone")
    return parser.parse_args()


def _compare(key: str, runs: dict[str, Run]) -> None:
    """Raise where anybody's gradients are not those of the NumPy written by hand."""
    wanted = runs[BY_HAND]()
    for name, run in runs.items():
        found = run()
        for leaf in WORKLOADS[key].wrt:
            np.testing.assert_allclose(found[leaf], wanted[leaf], rtol=1e-8, atol=1e-12, err_msg=f"({key}) {name}")


def _duration(seconds: float) -> str:
    return f"{seconds * 1e3:.2f} ms" if seconds >= 1e-3 else f"{seconds * 1e6:.1f} µs"


if __name__ == "__main__":
    main()
