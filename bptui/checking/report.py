"""The report of `bptui check`: as plain data for JSON, and as text."""

from __future__ import annotations

import math
import textwrap
from collections import Counter
from collections.abc import Iterable, Sequence
from typing import Any

from bptui.checking.gradients import check_gradients
from bptui.checking.marking.marker import VERDICTS, Marked, mark
from bptui.checking.marking.namer import Slip
from bptui.checking.marking.numbers import trace_of
from bptui.checking.wording import comparison, gradient_lines, shortened, summary_text
from bptui.scenario.scenario import Scenario
from bptui.text import counted, printable, width


def report(scenarios: Iterable[Scenario]) -> dict[str, Any]:
    """Return the report on `scenarios` in the form of the JSON report."""
    return whole([check_one(scenario) for scenario in scenarios])


def whole(checked: Sequence[dict[str, Any]]) -> dict[str, Any]:
    """Return the report that the reports on single scenarios make up."""
    return {"format": "bptui-check", "version": 1, "scenarios": list(checked), "lines": by_line(checked)}


def check_one(scenario: Scenario) -> dict[str, Any]:
    """Return the report on one scenario; one that has symbols without numbers is checked with numbers drawn for it."""
    trace, drawn = trace_of(scenario)
    marked = mark(scenario, trace)
    verdicts = Counter(one.verdict for one in marked)
    return {
        "scenario": printable(scenario.document.name),
        "title": scenario.title,
        "drawn": list(drawn),
        "gradients": [checked.plain() for checked in check_gradients(trace)],
        "worked": [plain_line(one) for one in marked],
        "summary": {verdict: verdicts[verdict] for verdict in VERDICTS},
    }


def plain_line(marked: Marked) -> dict[str, Any]:
    """Return one line of a worked solution in the form of the JSON report."""
    line = {
        "line": marked.line,
        "claimed": _plain(marked.claimed),
        "written": marked.written,
        "exact": _plain(marked.exact),
        "follows_from_own": _plain(marked.follows),
        "verdict": marked.verdict,
        "text": marked.text,
        "diagnoses": _plain_slips(marked.diagnoses),
        "alternatives": [_plain_slips(slips) for slips in marked.alternatives],
    }
    fault = marked.fault
    if fault is not None:
        line |= {"row": fault.line, "column": fault.column, "hint": fault.hint}
    return line


def _plain_slips(slips: Sequence[Slip]) -> list[dict[str, str]]:
    return [{"kind": slip.kind, "text": slip.text} for slip in slips]


def _plain(value: Any) -> Any:
    """Return a nest of numbers and texts as JSON can hold it."""
    if isinstance(value, list):
        return [_plain(item) for item in value]
    return str(value) if isinstance(value, float) and not math.isfinite(value) else value


def all_right(report: dict[str, Any]) -> bool:
    """Return whether no gradient and no line in the report is wrong, and every line could be read."""
    return all(
        all(gradient["ok"] for gradient in scenario["gradients"])
        and not scenario["summary"]["wrong"]
        and not scenario["summary"]["unreadable"]
        for scenario in report["scenarios"]
    )


def compared(scenario: dict[str, Any]) -> int:
    """Return how many elements of one scenario of the report could be compared."""
    return sum(one["checked"] - one["not_finite"] for one in scenario["gradients"])


def by_line(scenarios: Iterable[dict[str, Any]]) -> list[dict[str, Any]]:
    """Return for each line of the worked solutions, by its name, how many have it, got it wrong, and by which slips.

    The line that most got wrong comes first.
    """
    lines: dict[str, dict[str, Any]] = {}
    for scenario in scenarios:
        for one in scenario["worked"]:
            line = lines.setdefault(
                "".join(one["line"].split()), {"line": one["line"], "of": 0, "wrong": 0, "unreadable": 0, "slips": {}}
            )
            line["of"] += 1
            line["unreadable"] += one["verdict"] == "unreadable"
            if one["verdict"] == "wrong":
                line["wrong"] += 1
                kinds = " + ".join(slip["kind"] for slip in one["diagnoses"]) or "unexplained"
                line["slips"][kinds] = line["slips"].get(kinds, 0) + 1
    for line in lines.values():
        line["slips"] = dict(sorted(line["slips"].items(), key=lambda item: -item[1]))
    return sorted(lines.values(), key=lambda line: -line["wrong"])


# -- text --------------------------------------------------------------------------------------------------------------


def text(report: dict[str, Any]) -> str:
    """Return the report as lines of text."""
    lines: list[str] = []
    for scenario in report["scenarios"]:
        lines += [f"{printable(scenario['title'])}  ({scenario['scenario']})"]
        lines += [f"  {line}" for line in gradient_lines(scenario["gradients"])]
        if scenario["drawn"]:
            lines.append(f"  numbers were drawn for {', '.join(scenario['drawn'])}, which the file has in symbols only")
        if scenario["worked"]:
            lines += ["", f"  worked solution: {summary_text(scenario['summary'])}"]
            lines += [f"  {line}".rstrip() for line in worked_lines(scenario["worked"])]
        lines.append("")
    sheets = sum(1 for scenario in report["scenarios"] if scenario["worked"])
    if sheets > 1:
        lines += [*table_lines(report["lines"], sheets), ""]
    return "\n".join(lines)


def worked_lines(worked: Iterable[dict[str, Any]]) -> list[str]:
    """Return the lines of a worked solution with their verdicts, and below a wrong one what happened."""
    lines = []
    margin = " " * 12
    for one in worked:
        lines.append(f"{one['verdict']:<12}{printable(one['line'])} = {shortened(one['written'])}")
        if one["verdict"] in ("follows", "wrong"):
            lines += _folded(comparison(one["exact"], one["follows_from_own"]), margin)
        if one["text"] and one["verdict"] != "follows":
            lines += _folded(printable(one["text"]), margin)
        for slips in one["alternatives"]:
            lines += _folded(printable("or: " + " ".join(slip["text"] for slip in slips)), margin)
        if one.get("hint"):
            lines += _folded(printable(one["hint"]), margin)
    return lines


_WIDE = 78
"""In how many columns sentences are folded: with the margin of `text`, they fit a terminal of 80."""


def _folded(text: str, margin: str) -> list[str]:
    return textwrap.wrap(text, _WIDE, initial_indent=margin, subsequent_indent=margin, break_on_hyphens=False)


def table_lines(lines: Sequence[dict[str, Any]], sheets: int) -> list[str]:
    """Return the table of what was got wrong, line by line, over several worked solutions."""
    wrong = [line for line in lines if line["wrong"] or line["unreadable"]]
    if not wrong:
        return [f"{sheets} worked solutions: no line is wrong"]
    names = [printable(line["line"]) for line in wrong]
    widest = max(map(width, names))
    rows = [f"{sheets} worked solutions, line by line", f"  {'line':<{widest}}  wrong    of  by which slip"]
    for line, name in zip(wrong, names, strict=True):
        slips = [f"{kind} {number}" for kind, number in line["slips"].items()]
        if line["unreadable"]:
            slips.append(f"unreadable {line['unreadable']}")
        padding = " " * (widest - width(name))
        rows.append(f"  {name}{padding}  {line['wrong']:>5}  {line['of']:>4}  {', '.join(slips)}")
    rows.append(f"  {counted(len(lines) - len(wrong), 'other line')}: none wrong")
    return rows
