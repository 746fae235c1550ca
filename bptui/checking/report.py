"""The report of `bptui check`: as plain data for JSON, and as text."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from bptui.checking.gradients import Checked, check_gradients
from bptui.running import run
from bptui.scenario.scenario import Scenario
from bptui.text import counted, printable


def report(scenarios: Iterable[Scenario]) -> dict[str, Any]:
    """Return the report on `scenarios` in the form of the JSON report; raises BptuiError where one has no numbers."""
    return {"format": "bptui-check", "version": 1, "scenarios": [check_one(scenario) for scenario in scenarios]}


def check_one(scenario: Scenario) -> dict[str, Any]:
    """Return the report on one scenario. Its worked lines are listed as read; marking them is not there yet."""
    gradients = [plain_check(checked) for checked in check_gradients(run(scenario))]
    return {
        "scenario": printable(scenario.document.name),
        "title": scenario.title,
        "gradients": gradients,
        "worked": [],
        "summary": {"right": 0, "follows": 0, "wrong": 0, "unreadable": 0},
    }


def plain_check(checked: Checked) -> dict[str, Any]:
    """Return one gradient's comparison in the form of the JSON report."""
    return {
        "name": checked.name,
        "worst": checked.worst,
        "ok": checked.ok,
        "kinks": list(checked.kinks),
        "checked": checked.checked,
        "size": checked.size,
        "not_finite": checked.not_finite,
    }


def all_right(report: dict[str, Any]) -> bool:
    """Return whether no gradient in the report is wrong."""
    return all(gradient["ok"] for scenario in report["scenarios"] for gradient in scenario["gradients"])


def compared(scenario: dict[str, Any]) -> int:
    """Return how many elements of one scenario of the report could be compared."""
    return sum(one["checked"] - one["not_finite"] for one in scenario["gradients"])


def text(report: dict[str, Any]) -> str:
    """Return the report as lines of text."""
    lines: list[str] = []
    for scenario in report["scenarios"]:
        lines += [f"{printable(scenario['title'])}  ({scenario['scenario']})"]
        lines += [f"  {line}" for line in gradient_lines(scenario["gradients"])]
        lines.append("")
    return "\n".join(lines)


def gradient_lines(gradients: Iterable[dict[str, Any]]) -> list[str]:
    """Return one line for each gradient: how many of its elements were compared, and how that went.

    The error itself is not shown, only what it stays below: its last digits differ from machine to machine.
    """
    shown = list(gradients)
    widest = max((len(one["name"]) for one in shown), default=0)
    return [f"{one['name']:<{widest}}  {_verdict(one)}" for one in shown]


def _verdict(one: dict[str, Any]) -> str:
    compared = one["checked"] - one["not_finite"]
    of = f"{compared}" if compared == one["size"] else f"{compared} of {one['size']:,}"
    parts = []
    if not one["ok"]:
        parts.append(f"WRONG: relative error {one['worst']:.1e}, {of} checked")
    elif compared:
        parts.append(f"ok     {of} checked, relative error below 1e-05")
    if one["kinks"]:
        named = ", ".join(one["kinks"][:4]) + (", …" if len(one["kinks"]) > 4 else "")
        parts.append(f"a kink at {named}: any slope between the two sides is right")
    if one["not_finite"]:
        parts.append(f"{counted(one['not_finite'], 'element')} not checked: a number there is nan or inf")
    return "; ".join(parts) or "nothing to check"
