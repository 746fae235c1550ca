#!/usr/bin/env python3
"""Give bptui files of strangers without end, and keep those that it does not survive.

    benchmarks/fuzz.py [--first 0] [--seconds 60] [--memory 2048] [--keep FOLDER]

Every seed is a file (tests/hostile.py). They are read, run, checked and exported in a process of limited memory, each
with a time of its own; one that ends in a traceback, takes too long or too much memory, brings out a control character
or is obeyed by an export, is printed with its seed and kept. Ends with status 1 where there is one.
"""

from __future__ import annotations

import argparse
import resource
import signal
import sys
import tempfile
import time
import traceback
import warnings
from collections import Counter
from pathlib import Path
from random import Random
from types import FrameType

ROOT = Path(__file__).resolve().parent.parent
sys.path[:0] = [str(ROOT), str(ROOT / "tests")]

# A script is started from anywhere, and what the tests have is in no package: the path has to be told before.
from hostile import folder_for, scenario_text, survive  # noqa: E402

PATIENCE = 30
"""How many seconds one file may take."""


def main() -> int:
    """Go through the seeds and print what was found."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--first", type=int, default=0, help="the first seed")
    parser.add_argument("--seconds", type=float, default=60.0, help="for how long")
    parser.add_argument("--memory", type=int, default=2048, help="how many MiB the process may take")
    parser.add_argument("--keep", type=Path, default=Path("fuzz-found"), help="where files that fail are kept")
    options = parser.parse_args()
    resource.setrlimit(resource.RLIMIT_AS, (options.memory << 20,) * 2)
    signal.signal(signal.SIGALRM, _too_long)
    warnings.simplefilter("error")
    reached: Counter[str] = Counter()
    seen: set[str] = set()
    slowest = (0.0, 0)
    end = time.monotonic() + options.seconds
    seed = options.first
    with tempfile.TemporaryDirectory() as home:
        folder = folder_for(Path(home))
        while time.monotonic() < end:
            text = scenario_text(Random(seed))
            began = time.monotonic()
            signal.alarm(PATIENCE)
            try:
                reached[survive(text, folder)] += 1
            except (Exception, MemoryError) as error:
                signal.alarm(0)
                reached["failed"] += 1
                _keep(error, seed, text, options.keep, seen)
            finally:
                signal.alarm(0)
            slowest = max(slowest, (time.monotonic() - began, seed))
            seed += 1
    taken = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss >> 10
    print(f"seeds {options.first} to {seed - 1}: " + ", ".join(f"{times} {what}" for what, times in reached.items()))
    print(f"slowest {slowest[0]:.1f} s (seed {slowest[1]}), most memory {taken} MiB")
    return int(reached["failed"] > 0)


def _keep(error: BaseException, seed: int, text: str, folder: Path, seen: set[str]) -> None:
    """Print a failure and keep its file, once for each place at which it fails."""
    at = traceback.extract_tb(error.__traceback__)[-1]
    place = f"{type(error).__name__} {at.filename}:{at.lineno}"
    if place in seen:
        return
    seen.add(place)
    folder.mkdir(exist_ok=True)
    (folder / f"{seed}.toml").write_text(text, encoding="utf-8", errors="surrogatepass")
    print(f"seed {seed}: {place}: {str(error)[:200]!r}", flush=True)


def _too_long(number: int, frame: FrameType | None) -> None:
    raise TimeoutError(f"more than {PATIENCE} s")


if __name__ == "__main__":
    raise SystemExit(main())
