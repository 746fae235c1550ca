"""What a step costs in memory and time, from ten thousand to a million: `python -m benchmarks.memory`.

Each size is measured in a process of its own: processor time, and the memory that the system counts as resident
(`--traced` adds what Python's own allocator counts, which takes several times as long). A step is one forward or
backward step of the trace; its numbers are what it records that no other step does: a value going forward, a
contribution going back.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import time
import tracemalloc
from pathlib import Path

import bptui

SIZES = (10_000, 100_000, 1_000_000)
UNFOLDED = "sin(cos(tanh(0.9*x + 0.1)))"
"""What is done over and over to one number: five operations, each with its own contribution."""
NUMBER = 8


def scenario(steps: int) -> str:
    """Return a scenario that unfolds into about `steps` steps, forward and backward, out of functions that double."""
    functions, level, count = [f'"f0(x)" = "{UNFOLDED}"'], 0, 10
    while count < steps * 0.75:
        level, count = level + 1, 2 * count
        functions.append(f'"f{level}(x)" = "f{level - 1}(f{level - 1}(x))"')
    return "\n".join(["[inputs]", "x = 0.5", "[functions]", *functions, "[forward]", f'y = "f{level}(x)"'])


def resident() -> int:
    """Return how much memory the process holds now, in bytes (Linux)."""
    return int(Path("/proc/self/statm").read_text().split()[1]) * 4096


def measure(size: int, traced: bool) -> dict[str, float]:
    bptui.run(bptui.loads(scenario(100)))  # everything is imported
    if traced:
        tracemalloc.start()
    before, start = resident(), time.process_time()
    compiled = bptui.loads(scenario(size), limits={"steps": 10 * size})
    read, between = time.process_time(), resident()
    trace = bptui.run(compiled)
    done, after = time.process_time(), resident()
    steps = len(trace.steps)
    return {
        "steps": steps,
        "read": (read - start) / steps * 1e6,
        "run": (done - read) / steps * 1e6,
        "program": (between - before) / steps,
        "record": (after - between) / steps - NUMBER,
        "traced": tracemalloc.get_traced_memory()[0] / steps - NUMBER if traced else 0.0,
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--traced", action="store_true", help="count by tracemalloc as well")
    parser.add_argument("--size", type=int, help="measure one size in this process, and write JSON")
    options = parser.parse_args()
    if options.size:
        print(json.dumps(measure(options.size, options.traced)))
        return
    print(f"{'steps':>10}  {'reading':>9}  {'running':>9}  {'program':>9}  {'record':>9}  {'both':>9}  {'traced':>9}")
    for size in SIZES:
        command = [sys.executable, "-m", "benchmarks.memory", "--size", str(size), *["--traced"] * options.traced]
        found = json.loads(subprocess.run(command, check=True, capture_output=True, text=True).stdout)
        both = found["program"] + found["record"]
        traced = f"{found['traced']:7.0f} B" if options.traced else "–"
        print(
            f"{found['steps']:>10,.0f}  {found['read']:>6.1f} µs  {found['run']:>6.1f} µs  {found['program']:>7.0f} B  "
            f"{found['record']:>7.0f} B  {both:>7.0f} B  {traced:>9}"
        )


if __name__ == "__main__":
    main()
