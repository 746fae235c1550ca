"""Limits: named in messages, raised and lowered from everywhere, and met before the work that they bound is begun."""

from __future__ import annotations

import json
import math
import re
import time
import tracemalloc
from pathlib import Path

import numpy as np
import pytest

import bptui
from bptui.bundled import path
from bptui.checking import gradients
from bptui.checking.gradients import check_gradients
from bptui.checking.marking.marker import mark
from bptui.cli import main
from bptui.errors import BptuiError
from bptui.exporting.json import json_pieces
from bptui.limits import FIXED, LIMITS, MOST, NAMES, Deadline, in_force
from bptui.present.pictures import sizes
from bptui.present.presentation import presentation_of
from bptui.present.search import Search
from bptui.scenario import leaves
from work import counted

DOCUMENTED = Path(__file__).resolve().parent.parent / "docs" / "limits.md"
CHAIN = "[inputs]\nx = 2.0\n[forward]\n" + "\n".join(
    f'y{n} = "{"x" if n == 0 else f"y{n - 1}"} * 1.5"' for n in range(20)
)


def test_every_limit_is_documented_with_its_size() -> None:
    rows = dict(re.findall(r"^\| `(\w+)`(?: \(fixed\))? \| ([\d,]+(?: MiB)?) \|", DOCUMENTED.read_text("utf-8"), re.M))
    expected = {
        name: f"{value >> 20} MiB" if value >= 1 << 20 and "bytes" in name else f"{value:,}"
        for name, value in LIMITS._asdict().items()
    }
    assert rows == expected
    assert set(NAMES) == set(expected) - set(FIXED)


def test_a_limit_is_lowered_and_raised_from_python() -> None:
    with pytest.raises(BptuiError, match=r"what stands above it 10; the limit is 10 steps") as raised:
        bptui.loads(CHAIN, limits={"steps": 10})
    assert raised.value.line == 14
    assert "`--limit steps=…` raises it" in str(raised.value)
    bptui.loads(CHAIN, limits={"steps": 20})


def test_a_limit_is_set_on_the_command_line(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("BPTUI_LIMITS", " steps = 1_0 , seconds=3")
    assert in_force() == LIMITS.having({"steps": 10, "seconds": 3})
    assert main(["export", "xor", "--limit", "steps=3"]) == 2
    assert "the limit is 3 steps" in capsys.readouterr().err
    assert main(["export", "xor", "--limit", "steps=300"]) == 0
    assert in_force().steps == 300
    monkeypatch.setenv("BPTUI_LIMITS", "")


@pytest.mark.parametrize(
    ("limit", "said"),
    [
        ("step=3", "--limit: there is no limit `step`\n  did you mean `steps`?\n"),
        ("axes=3", "--limit: there is no limit `axes`\n"),
        ("steps", "--limit: `steps` sets no limit\n  write NAME=VALUE: steps=2000000\n"),
        ("steps=0", "--limit: the limit `steps` is a whole number from 1 on, not `0`\n"),
        ("steps=1e9", "not `1e9`"),
        ("steps=²", "not `²`"),
        ("expression_depth=999", "the limit `expression_depth` goes up to 180, and 999 is more"),
    ],
)
def test_what_is_no_limit_is_said(limit: str, said: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["export", "xor", "--limit", limit]) == 2
    assert said in capsys.readouterr().err


@pytest.mark.parametrize("name", sorted(MOST))
def test_at_the_highest_limit_a_parser_still_answers(name: str) -> None:
    most = MOST[name]
    texts = {
        "expression_depth": f"[inputs]\nx=1\n[forward]\ny='{'(' * (most - 1)}x{')' * (most - 1)}+1'",
        "expression_operators": f"[inputs]\nx=1\n[forward]\ny='x{'+x' * (most - 1)}'",
        "nesting": f"[inputs]\nx={'[' * (most - 1)}1{']' * (most - 1)}\n[forward]\ny='x+1'",
        "number_characters": f"[inputs]\nx=0.{'1' * (most - 2)}\n[forward]\ny='x+1'",
    }
    if name == "nesting":  # no array has so many axes, but the file can be read
        with pytest.raises(BptuiError, match="at most 8 axes"):
            bptui.loads(texts[name], limits={name: most})
    else:
        bptui.run(bptui.loads(texts[name], limits={name: most}))


def test_what_uses_of_a_value_add_to_its_gradient_counts() -> None:
    lines = "".join(f's{n} = "sum(x)"\n' for n in range(20))
    text = f'[inputs]\nx = {{ shape = [1000], init = "ones" }}\n[forward]\n{lines}'
    with pytest.raises(BptuiError, match="up to here the trace holds") as raised:
        bptui.loads(text, limits={"total_elements": 20_000})
    assert raised.value.line == 4 + 9


def test_products_are_counted_before_anything_is_computed(monkeypatch: pytest.MonkeyPatch) -> None:
    text = '[inputs]\nx = {{ shape = [{}], init = "ones" }}\n[forward]\ny = "conv1d(x, x[:{}])"\nL = "sum(y)"'
    with monkeypatch.context() as patched:
        patched.setattr(leaves, "draw", lambda *_: pytest.fail("drawn"))
        with pytest.raises(BptuiError, match="up to here there are 20,000,005,000,000 products"):
            bptui.loads(text.format(9_000_000, 5_000_000), limits={"total_elements": 10**9})
    bptui.loads(text.format(90, 50), limits={"products": 41 * 50})
    with pytest.raises(BptuiError, match="products"):
        bptui.loads(text.format(90, 50), limits={"products": 41 * 50 - 1})


def test_nothing_is_drawn_for_a_file_that_is_at_fault(monkeypatch: pytest.MonkeyPatch) -> None:
    def drawn(*arguments: object) -> None:
        raise AssertionError("drawn")

    monkeypatch.setattr(leaves, "draw", drawn)
    text = '[inputs]\nx = {{ shape = [1000, 1000], init = "normal" }}\n[forward]\ny = "{}"\n'
    with pytest.raises(BptuiError, match="unknown name `xx`"):
        bptui.loads(text.format("sum(xx)"))
    with pytest.raises(AssertionError, match="drawn"):
        bptui.loads(text.format("sum(x)"))


def test_too_many_layers_are_one_fault() -> None:
    layers = '{ kind = "activation", function = "relu" },' * 5
    text = f'[inputs]\nx = [1, 2]\n[network]\ninput = "x"\nlayers = [{layers}]\n[forward]\nL = "sum(y) + sum(a3)"'
    with pytest.raises(BptuiError, match="the network has 5 layers; the limit is 4") as raised:
        bptui.loads(text, limits={"layers": 4})
    assert len(raised.value.faults) == 1
    bptui.loads(text, limits={"layers": 5})


def test_a_question_that_takes_too_long_is_given_up(monkeypatch: pytest.MonkeyPatch) -> None:
    trace = bptui.run(bptui.load(path("exercise-7-1") or ""))
    deadline = Deadline("this")
    deadline.check()
    clock = iter(range(10**9, 10**10, 1000))
    monkeypatch.setattr(time, "monotonic", lambda: next(clock))
    with pytest.raises(BptuiError, match="this took more than 120 seconds"):
        deadline.check()
    with pytest.raises(BptuiError, match="the search for routes took more than"):
        trace.routes("W1(1,1)")
    with pytest.raises(BptuiError, match="the check of the gradients took more than"):
        check_gradients(trace)
    with pytest.raises(BptuiError, match="the marking of the worked solution took more than"):
        mark(bptui.load(path("exercise-7-1-as-solved") or ""), trace)


def test_of_a_costly_scenario_fewer_elements_are_checked(monkeypatch: pytest.MonkeyPatch) -> None:
    text = """
[inputs]
x = { shape = [200], init = "uniform" }
[parameters]
W = { shape = [100, 200], init = "he_normal" }
[forward]
L = "sum(tanh(W @ x))"
"""
    trace = bptui.run(bptui.loads(text))
    work = 2 * 5000 + 100 * 200 + 10 * (100 + 100)  # tanh is computed for all probes at once
    for times, expected in ((1000, 64), (7, 7), (0.5, 1)):
        monkeypatch.setattr(gradients, "_MOST_WORK", int(times * 40 * work))
        (checked,) = check_gradients(trace)
        assert (checked.checked, checked.size, checked.ok) == (expected, 20_000, True)


@pytest.mark.parametrize("format", ["text", "latex"])
def test_work_hardly_grows_with_more_than_the_operands_of_one_step(format: str) -> None:
    def work(operands: int) -> int:
        text = f'[inputs]\nx = [1.0, 2.0]\n[forward]\nL = "sum(concat([{", ".join(["x"] * operands)}]))"\n'
        trace = bptui.run(bptui.loads(text))
        return counted(bptui.export, trace, format)[1]

    work(2)
    assert work(120) < 8 * work(30)


def test_of_a_large_array_only_a_part_is_text_at_a_time() -> None:
    text = '[inputs]\nx = { shape = [300, 400], init = "normal" }\n[forward]\nL = "sum(x)"\n'
    trace = bptui.run(bptui.loads(text))
    pieces = list(json_pieces(trace))
    assert max(map(len, pieces)) < 2_000_000
    data = json.loads("".join(pieces))
    assert data["values"][0]["value"] == trace.value("x").tolist()
    assert data["steps"][2]["after"] == data["gradients"]["x"] == np.ones((300, 400)).tolist()


def test_what_enters_what_takes_no_memory_for_each_element() -> None:
    text = '[inputs]\nx = { shape = [500], init = "normal" }\n[forward]\nL = "mean(2*outer(x, x) + 1)"\n'
    trace = bptui.run(bptui.loads(text))
    bptui.export(trace, "latex")
    tracemalloc.start()
    try:
        bptui.export(trace, "latex")
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert peak < 5 * 2_000_000  # a few arrays as large as the largest, and no tables of their places


def test_the_number_of_routes_is_exact_and_can_be_told_however_many_there_are() -> None:
    lines = "\n".join(f'y{n} = "y{n - 1} + y{n - 1}"' for n in range(1, 900))
    trace = bptui.run(bptui.loads(f'[inputs]\nx = 1e-290\n[forward]\ny0 = "x * 1"\n{lines}'))
    routes = trace.routes("x", limit=1, level="primitive")
    assert routes.count == 2**899
    assert math.isfinite(routes.total)
    assert np.isfinite(trace.gradient("x"))


def test_the_map_looks_for_units_in_layers_and_not_in_what_unfolds_into_thousands_of_steps() -> None:
    functions = "\n".join(f'"f{n}(a)" = "f{n - 1}(f{n - 1}(a))"' for n in range(1, 12))
    scenario = f"""
[inputs]
x = [0.5, -1.0]
[functions]
"f0(a)" = "tanh(a)"
{functions}
[forward]
h = "relu(x)"
L = "sum(f11(h))"
"""
    trace = bptui.run(bptui.loads(scenario))
    found, calls = counted(sizes, trace)
    assert [one.notes for one in found] == [(), ("1 of 2 units off",), ()]
    assert calls < 1000


def test_wires_do_not_look_through_thousands_of_steps_for_second_ways() -> None:
    functions = "\n".join(f'"f{n}(a)" = "f{n - 1}(f{n - 1}(a))"' for n in range(1, 10))
    scenario = f"""
[inputs]
x = [1.0, -1.0, 1.0]
[functions]
"f0(a)" = "a[0]*permute(a, [2, 0, 1])"
{functions}
[forward]
y = "f9(x)"
L = "sum(y)"
"""
    shown = presentation_of(bptui.run(bptui.loads(scenario)))

    def words() -> list[str]:
        wires = shown.wires(1)
        assert wires is not None
        return [part for line in wires.lines(100) for part, _ in line]

    found, calls = counted(words)
    assert any("cycles" in part for part in found)
    assert calls < 10_000


@pytest.mark.parametrize("text", ["f3", "tanh", "nothing"])
def test_a_search_makes_no_record_of_every_step_to_rule_steps_out(text: str) -> None:
    functions = "\n".join(f'"f{n}(a)" = "f{n - 1}(f{n - 1}(a))"' for n in range(1, 12))
    scenario = f'[inputs]\nx = 0.5\n[functions]\n"f0(a)" = "tanh(a)"\n{functions}\n[forward]\nL = "f11(x)"\n'
    search = Search(presentation_of(bptui.run(bptui.loads(scenario))), text)
    found, calls = counted(search.find, range(1, 64))
    assert (found is None) == (text == "nothing")
    assert calls < 10_000


@pytest.mark.parametrize("line", ["softmax(z)", "cumsum(z)", "z[0]*y"])
def test_what_enters_very_many_elements_is_not_followed_one_by_one(line: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(gradients, "_MOST_WORK", 1)
    trace = bptui.run(
        bptui.loads(f"""
[inputs]
x = {{ shape = [400000], init = "normal" }}
y = {{ shape = [400000], init = "uniform" }}
[forward]
z = "x"
p = "{line}"
L = "sum(p*y)"
[worked]
"dL/dz[0]" = 1.0
""")
    )
    with pytest.raises(BptuiError, match=r"z\[0\] enters too many elements for each to be followed"):
        trace.routes("z[0]")
    tracemalloc.start()
    try:
        documents = [bptui.export(trace, format) for format in ("text", "latex")]
        report = bptui.check(trace.scenario)["scenarios"][0]
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert all("enters too many" in " ".join(document.split()) for document in documents)
    assert report["worked"][0]["verdict"] == "wrong"
    assert report["worked"][0]["exact"] == trace.gradient_of(trace.program.names["z"])[0]
    assert peak < 150_000_000


def test_a_large_window_is_written_with_its_middle_left_out() -> None:
    text = '[inputs]\nx = { shape = [50000], init = "normal" }\n[forward]\nL = "sum(max_pool1d(x, 50000))"\n'
    written, calls = counted(presentation_of(bptui.run(bptui.loads(text))).frame, 0)
    assert any("… 49995 more …" in part for part in written.formulas)
    assert calls < 10_000
