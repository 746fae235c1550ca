"""The text export: golden files, 80 columns whatever is in the scenario; and files written whole or not at all.

The golden files show what a reader gets. After a change that is meant to change them, write them again and read the
difference:

    python tests/test_export.py
"""

from __future__ import annotations

import os
import shutil
import stat
import unicodedata
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO

import pytest

import bptui
from bptui import bundled
from bptui.errors import BptuiError
from bptui.exporting import FORMATS, SUFFIXES, write_file
from bptui.files import write_whole
from bptui.text import width

GOLDEN = Path(__file__).parent / "golden"
SHOWN = (
    "exercise-7-1",
    "exercise-7-3c",
    "permutation-cycle",
    "sort-with-a-tie",
    "log-sigmoid-stable",
    "conv1d-pooling",
    "exercise-7-1 in symbols",
    "exercise-7-3c in symbols",
)

LONG = "a_name_that_goes_on_and_on_" * 6
NASTY = {
    "long names": f"""
        inputs.{LONG} = [1, 2]
        forward.b{LONG} = '{LONG}*2 + exp({LONG})'
        forward.L = 'sum(b{LONG})'""",
    "a long title": f"""
        title = '{"very long " * 15}'
        description = '''{"word " * 60}
        {"x" * 300}'''
        inputs.x = 1
        forward.y = 'x'""",
    "wide characters": f"""
        title = '{"漢字テスト" * 20}'
        inputs."σ" = [1, 2]
        inputs."漢字変数名前" = [3, 4]
        forward."λ" = 'σ*漢字変数名前 + 漢字変数名前'
        forward."損失関数" = 'sum(λ**2)'""",
    "big matrices": """
        parameters.W = { shape = [50, 60], init = 'normal' }
        parameters.x = { shape = [60], init = 'normal' }
        forward.z = 'W @ x'
        forward.h = 'tanh(z)'
        forward.L = 'sum(h)'""",
    "three axes": """
        inputs.x = { shape = [3, 4, 5], init = 'normal' }
        forward.y = 'softmax(x)'
        forward.L = 'sum(y*x)'""",
    "nan and inf": """
        inputs.x = [nan, inf, -inf, 0.0, -0.0, 1e308, 5e-324, 1e-7]
        forward.y = 'x*2'
        forward.z = 'log(x)'
        forward.w = 'exp(x)/x'
        forward.L = 'sum(y) + sum(z) + sum(w)'""",
    "large numbers": """
        inputs.x = [1e308, -1e308, 123456789.123, 0.000123456]
        forward.y = 'x*x'
        forward.L = 'sum(y)'""",
    "empty arrays": """
        inputs.x = []
        forward.y = 'exp(x)'
        forward.L = 'sum(y)'""",
    "a long chain": "inputs.x = 0.5\nforward.a0 = 'sin(x)'\n"
    + "".join(f"forward.a{number} = 'sin(a{number - 1})*x + a{number - 1}'\n" for number in range(1, 30)),
    "a long line": f"""
        inputs.x = [1, 2]
        forward.y = '{"sin(x)*" * 60}x'
        forward.L = 'sum(y)'""",
    "nested functions": """
        inputs.x = 2
        functions."f(a)" = '1/(1 + exp(-a))'
        functions."g(a)" = 'f(f(a)*f(a))'
        forward.y = 'g(g(x)) + f(x)'
        forward.L = 'y*y'""",
    "symbols": """
        index_base = 1
        inputs.x = { symbol = 'x', value = [3, 1, 4] }
        forward.y = 'x[0]*permute(x, [2, 0, 1])'
        backward.seed = { symbol = 'd', value = [1, -2, 0.5] }""",
    "markup": """
        title = '[red]not red[/red]'
        inputs.x = 1
        forward.y = 'x*x'""",
}


def golden(name: str) -> Path:
    """Return the file that shows what a reader gets."""
    return GOLDEN / f"{name.replace(' ', '-')}.txt"


def text_of(name: str) -> str:
    """Return the text export of a bundled scenario, in numbers or in symbols."""
    name, _, symbols = name.partition(" in ")
    return bptui.export(bptui.run(bptui.load(name), mode=symbols or "numbers"))


def faults_of_layout(text: str) -> list[str]:
    """Return the lines that are too wide, hold what must not reach a terminal, or end in spaces."""
    hidden = ("Cc", "Cf", "Cs", "Co")
    return [
        line
        for line in text.split("\n")
        if width(line) > 80 or line != line.rstrip() or any(unicodedata.category(one) in hidden for one in line)
    ]


@pytest.mark.parametrize("name", SHOWN)
def test_golden(name: str) -> None:
    assert text_of(name) == golden(name).read_text(encoding="utf-8")


def test_there_are_no_other_golden_files() -> None:
    assert sorted(path.name for path in GOLDEN.iterdir()) == sorted(golden(name).name for name in SHOWN)


@pytest.mark.parametrize("name", bundled.names())
def test_every_bundled_scenario_fits_80_columns(name: str) -> None:
    text = text_of(name)
    assert faults_of_layout(text) == []
    assert text.endswith("\n")
    assert "\n\n\n\n" not in text
    assert faults_of_layout(text_of(f"{name} in symbols")) == []


@pytest.mark.parametrize("name", [name for name in NASTY if name != "big matrices"])
def test_every_scenario_fits_80_columns_in_symbols(name: str) -> None:
    text = bptui.export(bptui.run(bptui.loads(NASTY[name]), mode="symbols"))
    assert faults_of_layout(text) == []


@pytest.mark.parametrize("name", NASTY)
def test_every_scenario_fits_80_columns(name: str) -> None:
    trace = bptui.run(bptui.loads(NASTY[name]))
    text = bptui.export(trace)
    assert faults_of_layout(text) == []
    assert bptui.export(trace) == text
    assert bptui.export(bptui.run(bptui.loads(NASTY[name]))) == text


def test_markup_stays_text() -> None:
    assert bptui.export(bptui.run(bptui.loads(NASTY["markup"]))).startswith("[red]not red[/red]\n==================\n")


def test_every_step_stands_in_the_text_with_its_number() -> None:
    trace = bptui.run(bptui.load("lstm-cell"))
    lines = bptui.export(trace).split("\n")
    for number in range(1, len(trace.steps) + 1):
        assert sum(line.startswith(f"{number:>3}  ") for line in lines) == 1


def test_an_unknown_format() -> None:
    trace = bptui.run(bptui.loads("[inputs]\nx=1\n[forward]\ny='x'"))
    with pytest.raises(BptuiError, match="unknown format `jsn`\n  did you mean `json`"):
        bptui.export(trace, "jsn")
    assert set(FORMATS) == set(SUFFIXES)


# -- files -----------------------------------------------------------------------------------------------------------


def refused(path: Path, force: bool = False) -> str:
    """Return what is said where a file is not written; nothing is left behind."""
    before = sorted(path.parent.iterdir()) if path.parent.is_dir() else []
    with pytest.raises(BptuiError) as caught:
        write_whole(path, "new", force)
    assert (sorted(path.parent.iterdir()) if path.parent.is_dir() else []) == before
    return str(caught.value)


def test_a_file_is_written_in_utf8_with_line_feeds(tmp_path: Path) -> None:
    trace = bptui.run(bptui.load("exercise-7-1"))
    write_file(trace, "text", tmp_path / "t.txt")
    assert (tmp_path / "t.txt").read_bytes() == bptui.export(trace).encode()
    assert os.listdir(tmp_path) == ["t.txt"]


@pytest.mark.parametrize("mask", [0o022, 0o077])
def test_a_new_file_gets_the_usual_permissions(mask: int, tmp_path: Path) -> None:
    before = os.umask(mask)
    try:
        write_whole(tmp_path / "t.txt", "new")
    finally:
        os.umask(before)
    assert stat.S_IMODE((tmp_path / "t.txt").stat().st_mode) == 0o666 & ~mask


def test_a_replaced_file_keeps_its_permissions(tmp_path: Path) -> None:
    path = tmp_path / "t.txt"
    path.write_text("old")
    path.chmod(0o640)
    write_whole(path, "new", force=True)
    assert (path.read_text(), stat.S_IMODE(path.stat().st_mode)) == ("new", 0o640)


def test_a_link_is_followed(tmp_path: Path) -> None:
    (tmp_path / "target").write_text("old")
    link, dangling = tmp_path / "link", tmp_path / "dangling"
    link.symlink_to("target")
    dangling.symlink_to("made")
    assert refused(link) == f"{link}: this file exists already\n  choose another name"
    write_whole(link, "new", force=True)
    write_whole(dangling, "new")
    assert link.is_symlink()
    assert (tmp_path / "target").read_text() == (tmp_path / "made").read_text() == "new"


@pytest.mark.parametrize("force", [False, True])
def test_a_failure_while_writing_leaves_everything_as_it_was(
    force: bool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "t.txt"
    if force:
        path.write_text("old")

    def full(descriptor: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    assert refused(path, force) == f"{path}: cannot write this file: no space left on device"
    assert path.exists() == force
    assert not force or path.read_text() == "old"


def test_an_interruption_while_writing_leaves_nothing_behind(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def interrupt(descriptor: int) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(os, "fsync", interrupt)
    with pytest.raises(KeyboardInterrupt):
        write_whole(tmp_path / "t.txt", "new")
    assert os.listdir(tmp_path) == []


def test_a_file_that_appears_meanwhile_is_not_overwritten(tmp_path: Path) -> None:
    path = tmp_path / "t.txt"

    def meanwhile() -> Iterator[str]:
        path.write_text("theirs")
        yield "new"

    with pytest.raises(BptuiError, match="this file exists already"):
        write_whole(path, meanwhile())
    assert path.read_text() == "theirs"
    assert os.listdir(tmp_path) == ["t.txt"]


def test_a_file_system_without_hard_links(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def deny(*arguments: object, **options: object) -> None:
        raise OSError(1, "Operation not permitted")

    monkeypatch.setattr(os, "link", deny)
    write_whole(tmp_path / "t.txt", "new")
    monkeypatch.delattr(os, "O_TMPFILE", raising=False)
    write_whole(tmp_path / "u.txt", "new")
    assert {path.name: path.read_text() for path in tmp_path.iterdir()} == {"t.txt": "new", "u.txt": "new"}


@pytest.mark.usefixtures("files_without_names")
def test_what_is_private_is_private_while_it_is_copied_too(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """As it is where a file without a name can be given none."""
    path, modes = tmp_path / "t.txt", []
    path.write_text("old")
    path.chmod(0o600)
    copy = shutil.copyfileobj

    def copying(whole: BinaryIO, file: BinaryIO) -> None:
        modes.append(stat.S_IMODE(os.fstat(file.fileno()).st_mode))
        copy(whole, file)

    def deny(*arguments: object, **options: object) -> None:
        raise OSError(1, "Operation not permitted")

    monkeypatch.setattr(shutil, "copyfileobj", copying)
    monkeypatch.setattr(os, "link", deny)
    write_whole(path, "new", force=True)
    assert (path.read_text(), stat.S_IMODE(path.stat().st_mode)) == ("new", 0o600)
    assert modes == [0o600]
    assert os.listdir(tmp_path) == ["t.txt"]


def test_a_name_that_is_no_file_is_said(tmp_path: Path) -> None:
    assert "no such file or directory" in refused(tmp_path / "nowhere" / "t.txt")
    assert "file name too long" in refused(tmp_path / ("x" * 300))


if __name__ == "__main__":
    GOLDEN.mkdir(exist_ok=True)
    for one in SHOWN:
        golden(one).write_text(text_of(one), encoding="utf-8")


def test_a_line_that_unfolds_deeper_than_python_calls() -> None:
    """Formulas inside a line are put together in a loop, and a very long line goes without one."""
    for doublings, written in ((8, True), (11, False)):
        functions = [f'"f{at}(x)" = "f{at - 1}(f{at - 1}(x))"' for at in range(1, doublings + 1)]
        text = "\n".join(
            [
                "[inputs]",
                "x = 0.5",
                "[functions]",
                '"f0(x)" = "sin(x)"',
                *functions,
                "[forward]",
                f'y = "f{doublings}(x)"',
            ]
        )
        trace = bptui.run(bptui.loads(text))
        assert len(trace.program.steps) == 2**doublings
        derivation = bptui.export(trace, "text").partition("Derivation")[2]
        assert ("y = sin(sin(" in derivation) == written
