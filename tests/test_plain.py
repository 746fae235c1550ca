"""The walk line by line: the app's commands by key, id and word, and the same words as the screen's."""

from __future__ import annotations

import io
import subprocess
import sys
from pathlib import Path

import pytest

import bptui
from bptui.keys import Keymap
from bptui.plain import run_plain
from bptui.present.presentation import Presentation
from bptui.trace.places import Places
from bptui.trace.record import Trace


def opened(named: str) -> Trace:
    return bptui.run(bptui.load(named))


def answers(trace: Trace | None, *commands: str, keymap: Keymap | None = None, ascii: bool = False) -> list[str]:
    """Return what is printed for these commands after the opening."""
    opening, said = io.StringIO(), io.StringIO()
    lines = io.StringIO("".join(f"{command}\n" for command in commands))
    run_plain(trace, opened, keymap or Keymap(), io.StringIO(""), opening, ascii=ascii)
    run_plain(trace, opened, keymap or Keymap(), lines, said, ascii=ascii)
    return said.getvalue().removeprefix(opening.getvalue()).splitlines()


def at(lines: list[str]) -> list[int]:
    """Return the steps that lines come to."""
    return [int(line.split()[1]) for line in lines if line.startswith("step ")]


def test_it_opens_on_the_title_and_the_first_step(exercise: Trace) -> None:
    said = io.StringIO()
    run_plain(exercise, opened, Keymap(), io.StringIO(""), said)
    lines = said.getvalue().splitlines()
    assert lines[0] == "Exercise 7.1: backpropagation"
    assert "step 1 of 38, forward, line z1 = W1 @ x + b1" in lines


@pytest.mark.parametrize("name", ["~nobody-of-that-name/x", "x" * 300, "a\0b"])
def test_names_that_no_file_can_have_are_told(exercise: Trace, name: str) -> None:
    assert "cannot write here" in answers(exercise, f"export text {name}")[-1]


@pytest.mark.parametrize("word", ["n", "right", "next", "walk.next", "", "space"])
def test_a_command_is_known_by_key_id_word_and_an_empty_line_is_the_next_step(exercise: Trace, word: str) -> None:
    assert at(answers(exercise, word, "")) == [2, 3]


def test_moves_go_where_the_app_goes(exercise: Trace) -> None:
    places = Places(exercise)
    moves = ["n", "n", "p", "G", "g", "17", ": 20", ":21", "[", "go_to 3", "/ sigmoid", "f", "F", ")", "}"]
    over = places.over(5, 1)
    assert over is not None
    whole = [places.phase(20, -1), 2, 5, 28, 5, over, places.out(over, 1)]
    wanted = [2, 3, 2, 38, 1, 17, 20, 21, *(step + 1 for step in whole if step is not None)]
    assert at(answers(exercise, *moves)) == wanted
    assert answers(exercise, "G", "n")[-1] == "this is the last step"


def test_a_step_is_told_with_the_words_of_the_frame(exercise: Trace) -> None:
    frame = Presentation(exercise).frame(28)
    said = answers(exercise, "29")
    for words in (frame.title, frame.sentence, *frame.formulas, *frame.notes):
        assert words in said
    row = frame.table.rows[0].cells
    assert any(line.startswith(f"{row[0]}: ") and f"contribution {row[4].strip()}" in line for line in said)


def test_breakpoints_stop_both_ways(exercise: Trace) -> None:
    said = answers(exercise, "break op relu", "c", "c", "C", "B", "break op relu", "c")
    assert at(said) == [3, 34, 3]
    assert said[0] == "breakpoint on op relu: stops at 2 steps"
    assert said[-1].startswith("there is no breakpoint")


def test_why_tells_every_route(exercise: Trace) -> None:
    said = "\n".join(answers(exercise, "why W1(1,1)"))
    assert "the sum of 2 routes" in said
    assert "route 2: -0.0703" in said


def test_an_element_is_gone_to_by_its_name(exercise: Trace) -> None:
    said = answers(exercise, ": dL/dW1(2,1)", ": h(2)", ": x(1)", ": nothing")
    assert at(said) == [37, 3]
    assert "dL/dW1(2,1) = dL/d(W1 @ x)(2) · x(1)" in said
    assert "h(2) = max(0, z1(2))" in said
    assert said[-3] == "x: shape 2, value [0.5  0.2]", "a leaf is told where the walk is"


def test_the_help_names_keys_as_they_are_typed(exercise: Trace) -> None:
    said = answers(exercise, "help")
    assert "help: Help: all keys (?)" in said
    assert "go_to: Go to a step by number, to an element by name (:, ctrl+g)" in said
    assert "next: Next step (right, n, space)" in said
    assert answers(exercise, "values") == answers(exercise, "tab")
    for line in said[3:]:  # whatever the help names is there
        for word in line.partition(": ")[0].split(" or "):
            assert not any("there is no command" in told for told in answers(exercise, word))


def test_wires_are_told_in_words() -> None:
    said = answers(opened("exercise-7-3c"), "n", "G")
    assert said.count("cycles 0 → 3 → 2 → 0, 1 → 4 → 1") == 2
    assert said[-1] == "+ x0 also enters F3[0] … F3[4] directly: dL/dx0 = 9 by the wire + 2.75 = 11.75"


def test_the_map_is_told_without_bars() -> None:
    said = answers(opened("dead-relu"), "map")
    assert "H: shape 3×2, |value| 0.5, |gradient| 0.5, 1 of 2 units off" in said
    assert len(said) == 9


def test_rows_with_nothing_in_them_are_not_told() -> None:
    """A table keeps room for the rows of an array that is not computed yet; aloud there is nothing to it."""
    lines = answers(opened("batch-norm"), "home", "values")
    assert "N: shape 4×2" in lines
    assert "" not in lines[lines.index("N: shape 4×2") :]


def test_a_test_hides_what_steps_give_and_tells_the_score(exercise: Trace) -> None:
    said = answers(exercise, "n", "r 1", "t", "0.3", "h", "0.23", "why z1(1)", "map", "0.4", "j", "0.4", "t", "t")
    assert "nothing is hidden: `test` begins a test" in said
    assert "z1(1): with numbers hidden, value hidden" in said
    assert any(line.startswith("0.3 is not right") for line in said)
    assert "z1(1) = (W1 @ x)(1) + b1(1)" in said
    assert said[said.index("Right: z1(1) = 0.23.") + 1] == "1 right, 1 wrong, 1 hint"
    assert "dL/dz1(1) = hidden: the sum of 2 routes" in said
    assert any(line.startswith("z1: shape 3, |value| hidden") for line in said)
    assert "there is nothing to predict here" in said
    assert "2 right, 1 wrong, 1 hint" in said, "the next element was asked for"
    assert at(said) == [2, 2, 2, 2]
    assert said[-3] == "z1(1): with numbers 0.13 + 0.1, value 0.23", "what was answered stays answered"
    assert said[-1] == "z1(3): with numbers hidden, value hidden"


def test_the_worked_solution_is_told_marked() -> None:
    said = answers(opened("exercise-7-1-as-solved"), "M", "marks 11", "marks 99")
    assert said[0] == "9 right, 6 follow, 6 wrong"
    assert "✗ wrong: line dL/dW2(1,1), written 0.053, true -0.04621, slip sign + truncated" in said
    assert "dL/dW2(1,1) = 0.053" in said
    assert said[-1] == "a line is a number from 1 to 21"
    assert "no worked solution" in answers(opened("xor"), "M")[0]


def test_what_edits_changed_is_told_the_largest_first(exercise: Trace) -> None:
    assert answers(exercise, "E") == ["nothing is edited"]
    said = answers(exercise, "edit W1(1,1) = -1", "E")
    first = said.index("W1(1,1): before 0.1, now -1, change -1.1")
    assert said[first + 1] == "z1(1): before 0.23, now -0.32, change -0.55"


def test_an_edit_is_followed_taken_back_and_repeated(exercise: Trace) -> None:
    said = answers(exercise, "2", "edit W1(1,1) = 0.5", "undo", "redo", "undo", "u")
    results = [line for line in said if line.startswith("z1(1): ")]
    assert [line.rpartition(" ")[2] for line in results] == ["0.23", "0.43", "0.23", "0.43", "0.23"]
    assert said[-1] == "there is nothing to take back or to repeat"


@pytest.mark.parametrize(
    ("command", "said"),
    [
        ("nxt", "there is no command `nxt`: did you mean `next`?"),
        (":99", "a step is a number from 1 to 38"),
        ("why W9", "this scenario has no value named `W9`"),
        ("edit W1", "an edit is written"),
        ("break op foo", "foo"),
        ("p", "this is the first step"),
        ("\x1b[2J", "there is no command `\\x1b[2J`"),
    ],
)
def test_what_cannot_be_done_is_said_and_the_walk_goes_on(exercise: Trace, command: str, said: str) -> None:
    lines = answers(exercise, command, "n")
    assert said in lines[0]
    assert at(lines) == [2]


def test_the_readers_own_keys_hold(exercise: Trace) -> None:
    keymap = Keymap({"walk.next": ("X",)})
    lines = answers(exercise, "X", "n", "help", keymap=keymap)
    assert at(lines) == [2]
    assert "next: Next step (X)" in lines


def test_in_ascii_everything_is(exercise: Trace) -> None:
    assert all(line.isascii() for line in answers(exercise, "29", "why", "help", "B", ascii=True))


def test_a_scenario_is_opened_from_inside(tmp_path: Path) -> None:
    broken = tmp_path / "broken.toml"
    broken.write_text("[inputs]\nx = \n")
    said = answers(None, "n", f"open {broken}", "open exercise-7-1", "n", "quit", "n")
    assert said[0] == "no scenario is open: `open NAME` opens one"
    assert said[1].startswith(f"{broken}:2:")
    assert at(said) == [1, 2]


def test_an_export_is_written_and_nothing_replaced(exercise: Trace, tmp_path: Path) -> None:
    file = tmp_path / "trace.json"
    assert answers(exercise, f"export json {file}") == [f"wrote {file}"]
    assert file.read_text() == bptui.export(exercise, "json")
    assert "exists already" in answers(exercise, f"export json {file}")[0]


def run(*arguments: str, commands: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "bptui", *arguments], input=commands, capture_output=True, text=True, check=False
    )


def test_it_runs_in_a_pipe_without_textual_and_ends_with_its_input() -> None:
    done = run("exercise-7-1", "--plain", "--break", "op sigmoid", "--ascii", commands="n\n")
    assert done.returncode == 0
    assert at(done.stdout.splitlines()) == [6, 7]
    assert done.stdout.isascii()
    assert done.stderr == ""
    code = "import sys, bptui.plain; sys.exit(any(name in sys.modules for name in ('textual', 'rich', 'sympy')))"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


def test_a_scenario_and_its_commands_cannot_both_come_from_standard_input() -> None:
    done = run("-", "--plain", commands="")
    assert done.returncode == 2
    assert "--plain" in done.stderr


def test_text_without_a_terminal_can_be_in_ascii_too(tmp_path: Path) -> None:
    done = run("exercise-7-1", "--ascii", commands="")
    assert done.returncode == 0
    assert done.stdout.isascii()
    file = tmp_path / "trace.txt"
    assert run("export", "exercise-7-1", "--ascii", "-o", str(file), commands="").returncode == 0
    assert file.read_text() == done.stdout
    refused = run("export", "exercise-7-1", "--ascii", "-f", "json", commands="")
    assert refused.returncode == 2


def test_the_walk_is_told_in_symbols_and_in_numbers_again(exercise: Trace) -> None:
    said = answers(exercise, "s", "G", "why W1(1,1)", "s")
    assert "(W1 @ x)(1): in symbols W1(1,1)·x(1) + W1(1,2)·x(2), value 0.13" in said
    assert "= dL/dz1(1)·W1(1,1) + dL/dz1(2)·W1(2,1) + dL/dz1(3)·W1(3,1)" in said
    assert at(said) == [1, 38, 38]
    assert said[-1] == "[0.3  0.6]"  # of the Jacobian, in numbers


def test_symbols_alone_are_told_and_say_what_needs_numbers() -> None:
    text = 'inputs.x = { symbol = "x", shape = [2] }\nforward.y = "x*x[0]"\nbackward.seed = { symbol = "d" }'
    said = answers(bptui.run(bptui.loads(text), mode="symbols"), "G", "edit x[0] = 1", "b", "s")
    assert "Together: dL/dx0 = 2·d0·x0 + d1·x1" in said
    assert said.count("this needs numbers, and this scenario has symbols alone") == 3


def test_of_a_long_word_only_the_beginning_is_said() -> None:
    said = answers(bptui.run(bptui.loads("inputs.x = 1\nforward.L = 'x*x'")), "q" * 100_000)
    assert any(told.startswith("there is no command `qqq") and len(told) < 200 for told in said)
    assert max(map(len, said)) < 1000
