"""Reading a scenario file: what is refused before and by the parser, and where faults point."""

from __future__ import annotations

import os
import subprocess
import sys
import tomllib
import unicodedata
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bptui.errors import SHOWN_IN_FULL, BptuiError, Fault
from bptui.limits import LIMITS, Limits
from bptui.scenario.document import Document
from faults import marked


def refused(text: str | bytes) -> Fault:
    """Return the one fault for which `text` is refused."""
    with pytest.raises(BptuiError) as caught:
        Document.parse(text, "s.toml")
    (fault,) = caught.value.faults
    return fault


def is_clean(text: str) -> bool:
    """Return whether `text` may go to a terminal: line feeds, and nothing else that is not seen."""
    return not any(unicodedata.category(character) in ("Cc", "Cf", "Cs") for character in text.replace("\n", ""))


def only_fault(document: Document) -> Fault:
    (fault,) = document.faults
    return fault


@pytest.fixture
def no_parser(monkeypatch: pytest.MonkeyPatch) -> None:
    """Make the test fail where the text reaches the parser."""

    def parse(text: str) -> dict[str, Any]:
        raise AssertionError("the parser was called")

    monkeypatch.setattr(tomllib, "loads", parse)


# -- files ---------------------------------------------------------------------------------------------------------


def read_fault(path: Path, limits: Limits = LIMITS) -> Fault:
    with pytest.raises(BptuiError) as caught:
        Document.read(path, limits)
    (fault,) = caught.value.faults
    assert fault.file == str(path)
    return fault


def test_a_file_is_read_with_its_name_and_folder(tmp_path: Path) -> None:
    path = tmp_path / "s.toml"
    path.write_bytes(b"\xef\xbb\xbfx = 1\r\ny = 2\r\n")
    document = Document.read(path)
    assert document.data == {"x": 1, "y": 2}
    assert (document.name, document.folder, document.text) == (str(path), tmp_path, "x = 1\ny = 2\n")
    document.fault(("y",), "wrong")
    assert (only_fault(document).line, only_fault(document).column, only_fault(document).source) == (2, 5, "y = 2")


def test_missing_file_and_folder(tmp_path: Path) -> None:
    assert read_fault(tmp_path / "s.toml").message == "there is no such file"
    assert read_fault(tmp_path).message == "it is a folder, not a file"
    assert "cannot be read" in read_fault(tmp_path / "a\0b").message


def test_what_is_no_ordinary_file_is_not_waited_for(tmp_path: Path) -> None:
    fifo = tmp_path / "fifo"
    os.mkfifo(fifo)
    for path in (fifo, Path("/dev/zero")):
        fault = read_fault(path)
        assert fault.message == "it is no ordinary file"
        assert fault.hint == "pipes and devices are not read: save the text to a file first"


def test_a_pipe_is_not_even_opened(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    fifo = tmp_path / "fifo"
    os.mkfifo(fifo)
    opened: list[object] = []
    monkeypatch.setattr("bptui.files.os.open", lambda *arguments: opened.append(arguments))
    assert read_fault(fifo).message == "it is no ordinary file"
    assert opened == []


def test_a_file_exchanged_for_a_pipe_is_not_waited_for(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    fifo, ordinary = tmp_path / "fifo", tmp_path / "s.toml"
    os.mkfifo(fifo)
    ordinary.write_text("x = 1")
    status = os.stat(ordinary)
    monkeypatch.setattr("bptui.files.os.stat", lambda path: status)
    assert read_fault(fifo).message == "it is no ordinary file"


def test_unreadable_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "s.toml"
    path.write_text("x = 1")

    def deny(*arguments: object) -> int:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr("bptui.files.os.open", deny)
    assert read_fault(path).message == "it may not be read"


@pytest.mark.usefixtures("no_parser")
def test_large_file(tmp_path: Path) -> None:
    path = tmp_path / "s.toml"
    with path.open("wb") as file:
        file.truncate(1 << 40)
    fault = read_fault(path)
    assert fault.message == "it is larger than 1 MiB, the most that is read"
    for text in ("x" * 101, "é" * 51, b"x" * 101):
        with pytest.raises(BptuiError, match="it is larger than 100 bytes") as caught:
            Document.parse(text, limits=Limits(file_bytes=100))
        assert "weights.npz" in caught.value.faults[0].hint


@pytest.mark.parametrize("text", ["", "\n\n", "# nothing yet\n", b"", b"\xef\xbb\xbf"])
def test_empty_file(text: str | bytes) -> None:
    fault = refused(text)
    assert (fault.message, fault.line) == ("there is nothing in this file", None)
    assert fault.hint.startswith("a scenario needs at least something given and one forward line:\n    [inputs]\n")


def test_the_hint_for_an_empty_file_is_a_scenario() -> None:
    example = refused("").hint.partition("\n")[2]
    assert Document.parse(example).data == {"inputs": {"x": 3}, "forward": {"y": "x**2"}}


@pytest.mark.usefixtures("no_parser")
@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"\x7fELF\x02\x01\x01\0\0\0", "it is a binary file, not text"),
        (b"PK\x03\x04\x14\0", "it is a binary file, not text"),
        ("x = 1".encode("utf-16"), "it is text in UTF-16, and TOML is UTF-8"),
    ],
)
def test_binary_file(content: bytes, message: str) -> None:
    assert refused(content).message == message


@pytest.mark.usefixtures("no_parser")
def test_bytes_that_are_no_utf8() -> None:
    fault = refused('# ü\r\ntitle = "ünd caf'.encode() + b'\xe9"\r\nx = 1')
    assert fault.message == "the byte 0xE9 is no UTF-8 text"
    assert (fault.line, fault.column, marked(fault)) == (2, 17, "é")
    assert fault.source == 'title = "ünd café"'
    assert fault.hint.startswith("it would be é in Windows-1252")
    assert (refused(b"\xff = 1").line, refused(b"\xef\xbb\xbfx = \xff").column) == (1, 5)


def test_half_a_character() -> None:
    fault = refused('a = 1\r\nx = "\ud800"')
    assert (fault.line, fault.column, fault.message) == (2, 6, "U+D800 is half a character (a lone surrogate)")
    assert is_clean(str(fault))


# -- bounds --------------------------------------------------------------------------------------------------------


@pytest.mark.usefixtures("no_parser")
@pytest.mark.parametrize(
    ("text", "line", "column", "message"),
    [
        ("[a]\nx = " + "[" * 10_000, 2, 69, "brackets are nested more than 64 deep here"),
        ("x = " + "{a=" * 10_000, 1, 197, "brackets are nested more than 64 deep here"),
        ("\n".join(["x = ["] + ["["] * 100), 65, 1, "brackets are nested more than 64 deep here"),
        ("a." * 10_000 + "b = 1", 1, 1, "this key has 10,001 parts joined by dots; at most 8 are read"),
        ("[" + "'a' . " * 20 + "b]", 1, 2, "this key has 21 parts joined by dots; at most 8 are read"),
        ("x = {" + "a." * 9 + "b = 1}", 1, 6, "this key has 10 parts joined by dots; at most 8 are read"),
        ('"' + "a" * 300 + '" = 1', 1, 1, "this key has 302 characters; at most 200 are read"),
        ("[[ " + "a" * 300 + "]]", 1, 4, "this key has 300 characters; at most 200 are read"),
        ("x = " + "1" * 5000, 1, 5, "this number has 5000 characters; at most 1000 are read"),
        ("x = [1, 0x" + "f" * 5000 + "]", 1, 9, "this number has 5002 characters; at most 1000 are read"),
    ],
)
def test_beyond_the_bounds(text: str, line: int, column: int, message: str) -> None:
    fault = refused(text)
    assert (fault.message, fault.line, fault.column) == (message, line, column)
    assert fault.hint


def test_bounds_know_strings_and_comments() -> None:
    brackets = "[{" * 100
    dots = "a." * 100
    text = f"""# {brackets} {dots} "
a = "{brackets} \\" {dots}"
b = '{brackets} \\' # "
c = \"\"\"{brackets}
" "" \\\"\"\" {dots}\"\"\"\"
d = '''{brackets}
' '' {dots}''''
"{dots[:150]}" = 1
e = [ # [[[
  [1.5, 2], # [
]
f = "{"x" * 5000}"
"""
    document = Document.parse(text)
    assert list(document.data) == ["a", "b", "c", "d", dots[:150], "e", "f"]


def test_as_deep_and_as_long_as_is_allowed() -> None:
    Document.parse("x = " + "[" * LIMITS.nesting + "]" * LIMITS.nesting)
    Document.parse(".".join("abcdefgh") + " = 1")
    Document.parse("a" * LIMITS.key_characters + " = 1")
    Document.parse("x = " + "1" * LIMITS.number_characters)


# -- TOML that does not parse --------------------------------------------------------------------------------------

SLIPS = [
    ("z1 = W1 @ x", 1, 6, "W1 @ x", "text goes in quotes", 'write `z1 = "W1 @ x"`'),
    ('[a]\nz1 = "W1 @ x', 2, 6, '"W1 @ x', 'the closing `"` of this text is missing', 'write `"W1 @ x"`'),
    ("z1 = 'W1 @ x\ny = 1", 1, 6, "'W1 @ x", "the closing `'` of this text is missing", "write `'W1 @ x'`"),
    ('t = """a\nb', 1, 5, '"""a', 'the closing `"""` of this text is missing', ""),
    ("x 5", 1, 3, "5", "the equals sign is missing here", "write a name, =, and its value"),
    ("x", 1, 2, "", "the equals sign and a value are missing here", "write a name, =, and its value"),
    ("x =\ny = 1", 1, 3, "=", "the value is missing here", "`x = 0.5`"),
    ("x: 5", 1, 2, ":", "joined by an equals sign, not by a colon", "write `x = 5`"),
    ('loss(y, t) = "y"', 1, 5, "(", "goes in quotes", 'write `"loss(y, t)" = "y"`'),
    ("σ = 1", 1, 1, "σ", "goes in quotes", 'write `"σ" = 1`'),
    ("x = 1\ny = 2\nx = 3", 3, 1, "x", "`x` is given twice: here and in line 1", "take one out"),
    ("[a]\nx = 1\n[b]\n[a]", 4, 2, "a", "`a` is given twice: here and in line 1", "a header stands once"),
    ("x = {a = 1, b = 2, a = 3}", 1, 20, "a", "`a` is given twice: here and in line 1", "take one out"),
    ("a.b.c = 1\n[a.b]", 2, 4, "b", "`b` is given twice: here and in line 1", "take one out"),
    ("a = 1\na.b = 2", 2, 1, "a", "`a` is given twice: here and in line 1", "take one out"),
    ("a = [1]\n[[a]]", 2, 3, "a", "`a` is given twice: here and in line 1", "a header stands once"),
    ("x = “hi”", 1, 5, "“", "`“` is a typographic quote", 'write `"hi"` with the straight quotes'),
    ("“x” = 1", 1, 1, "“", "`“` is a typographic quote", 'write `"x"` with the straight quotes'),
    ("x = [1, True]", 1, 9, "True", "`True` is written `true` in TOML", "write 1 or 0"),
    ("x = None", 1, 5, "None", "TOML has no `None`", "leave the whole entry out"),
    ("x = NaN", 1, 5, "NaN", "written `inf` or `nan`", ""),
    ("x = 0,5", 1, 6, ",", "with a point, not with a comma", "write `0.5`"),
    ("x = .5", 1, 5, ".", "a number needs a digit before its point", "write `0.5`"),
    ("x = 5.", 1, 6, ".", "a number needs a digit after its point", "write `5.0`"),
    ("x = 05", 1, 6, "5", "a number has no zeros in front", "write `5`"),
    ("x = 2m", 1, 6, "m", "`2m` is no number", "without a unit"),
    ("x = 1/2", 1, 6, "/2", "nothing is calculated here", "write the result"),
    ("x = 1 2", 1, 7, "2", "one value is enough here", "`[0.5, 0.2]`"),
    ("x = −5", 1, 5, "−", "is a dash, not a minus sign", "write `-5`"),
    ("x = (1, 2)", 1, 5, "(", "a list goes in square brackets", "write `[1, 2]`"),
    ("x = [1 2]", 1, 8, "2", "a comma is missing before this", "`[0.5, 0.2]`"),
    ("x = [[1, 2]\n[3, 4]]", 2, 1, "[", "a comma is missing before this", "`[[1, 2], [3, 4]]`"),
    ("x = [1; 2]", 1, 7, ";", "separated by commas", "`[[1, 2], [3, 4]]`"),
    ("x = [1, , 2]", 1, 9, ",", "a value is missing before `,`", "take the comma before it out"),
    ("x = [1, 2\ny = 3", 1, 5, "[", "the closing `]` of this list is missing", "over several lines"),
    ("x = { a = 1\n}", 1, 5, "{", "the closing `}` of this table is missing in this line", "in one line"),
    ("x = { a = 1 b = 2 }", 1, 13, "b", "a comma is missing before this, or the closing `}`", "separated by commas"),
    ("[inputs\nx = 1", 1, 8, "", "the closing bracket of this header is missing", "`[forward]`"),
    ("x = 1\n]", 2, 1, "]", "nothing is open that this `]` could close", "one too many"),
    ('x = "\\alpha"', 1, 6, "\\a", "a backslash begins an escape", "write it twice (`\\\\`)"),
    ('x = "a" + "b"', 1, 9, '+ "b"', "ended at the quote before this", "one pair of quotes"),
    ('x = "a" b"', 1, 9, 'b"', "ended at the quote before this", "a quote inside the text"),
    ("x = 1 // half", 1, 7, "/", "a comment begins with `#`", "write `# half`"),
    ("% half", 1, 1, "%", "a comment begins with `#`", "write `# half`"),
    ("= 1", 1, 1, "=", "the name before the equals sign is missing", "write a name"),
    ('{"x": 1}', 1, 1, "{", "this looks like JSON", "`bptui new FILE`"),
    ("x\u00a0= 1", 1, 2, "\u00a0", "an invisible character (U+00A0)", "delete it"),
    ("x = 1\ry = 2", 1, 6, "\r", "a carriage return alone", "line ends"),
    ('x = "a\x1b[31m"', 1, 7, "\x1b", "the control character U+001B", "delete it"),
]  # fmt: skip


@pytest.mark.parametrize(("text", "line", "column", "underlined", "message", "hint"), SLIPS)
def test_slips_of_the_pen(text: str, line: int, column: int, underlined: str, message: str, hint: str) -> None:
    fault = refused(text)
    assert message in fault.message
    assert hint in fault.hint
    assert (fault.line, fault.column) == (line, column)
    assert marked(fault)[: len(underlined)] == underlined
    assert fault.length == max(1, len(underlined))


def test_the_caret_stands_below_what_is_wrong() -> None:
    with pytest.raises(BptuiError) as caught:
        Document.parse("# ünd 漢\nz1 = W1 @ x", "s.toml")
    assert str(caught.value) == (
        "s.toml:2:6: text goes in quotes\n"
        "  2 | z1 = W1 @ x\n"
        "    |      ^^^^^^\n"
        '  write `z1 = "W1 @ x"`'
    )  # fmt: skip
    assert (caught.value.line, caught.value.column) == (2, 6)


def test_the_parsers_stack_running_out_is_a_fault(monkeypatch: pytest.MonkeyPatch) -> None:
    def parse(text: str) -> dict[str, Any]:
        raise RecursionError

    monkeypatch.setattr(tomllib, "loads", parse)
    assert refused("x = 1").message == "it is nested too deeply to be read"


# -- places --------------------------------------------------------------------------------------------------------

RICH = r'''
title = "é" # 漢
[inputs]
x = [0.50, [1, 2e0], # first
  # second
  "s" ,]
"quoted key" = 1
a.b."c.d" = { e = 1, f.g = [true, { h = 'i' }] }
[functions]
"loss(y, t)" = "ü\t\"\u00e9\U0001F600 @ x"
"f(x)" = """
one \
   two "" three"""
'g(x)' = @@@
a\b' c'@@@
[[network.layers]]
kind = "dense"
[[network.layers]]
kind = "sort"
[network.layers.inner]
deep = 1979-05-27
[network.loss]
kind = 0x1F
'''.replace("@@@", "'''")


def leaves_of(value: Any, path: tuple[str | int, ...] = ()) -> list[tuple[tuple[str | int, ...], Any]]:
    if isinstance(value, dict):
        return [leaf for key, part in value.items() for leaf in leaves_of(part, (*path, key))]
    if isinstance(value, list):
        return [leaf for key, part in enumerate(value) for leaf in leaves_of(part, (*path, key))]
    return [(path, value)]


@pytest.mark.parametrize("ends", ["\n", "\r\n"])
def test_every_value_is_found_where_it_stands(ends: str) -> None:
    document = Document.parse("\ufeff" + RICH.replace("\n", ends))
    leaves = leaves_of(document.data)
    assert len(leaves) == 16
    for path, value in leaves:
        assert tomllib.loads(f"v = {document.source(path)}")["v"] == value, path
    assert document.source(("inputs", "x", 0)) == "0.50"
    assert document.source(("inputs", "y")) == ""
    assert document.source(("inputs",)) == ""


@pytest.mark.parametrize(
    ("path", "on", "line", "column", "underlined"),
    [
        (("title",), "key", 2, 1, "title"),
        (("title",), "value", 2, 9, '"é"'),
        (("inputs",), "key", 3, 2, "inputs"),
        (("inputs",), "value", 3, 2, "inputs"),
        (("inputs", "x"), "value", 4, 5, "[0.50, [1, 2e0], # first"),
        (("inputs", "x", 1, 1), "value", 4, 16, "2e0"),
        (("inputs", "x", 2), "value", 6, 3, '"s"'),
        (("inputs", "quoted key"), "key", 7, 1, '"quoted key"'),
        (("inputs", "a"), "key", 8, 1, "a"),
        (("inputs", "a", "b", "c.d"), "key", 8, 5, '"c.d"'),
        (("inputs", "a", "b", "c.d", "f", "g", 1, "h"), "key", 8, 37, "h"),
        (("inputs", "a", "b", "c.d", "f", "g", 1, "h"), "value", 8, 41, "'i'"),
        (("network", "layers", 1, "kind"), "value", 19, 8, '"sort"'),
        (("network", "layers", 1, "inner", "deep"), "value", 21, 8, "1979-05-27"),
        (("network", "layers", 0), "value", 16, 11, "layers"),
        # nothing there: the last thing on the way
        (("inputs", "x", 7, 3), "value", 4, 5, "[0.50, [1, 2e0], # first"),
        (("inputs", "missing", "deeper"), "value", 3, 2, "inputs"),
        (("inputs", "missing"), "key", 3, 2, "inputs"),
        (("title", "deeper"), "value", 2, 9, '"é"'),
    ],
)
def test_faults_point_at_keys_and_values(
    path: tuple[str | int, ...], on: Any, line: int, column: int, underlined: str
) -> None:
    document = Document.parse(RICH)
    document.fault(path, "wrong", on=on)
    fault = only_fault(document)
    assert (fault.line, fault.column, marked(fault)) == (line, column, underlined)


def test_a_fault_at_nothing_has_no_line() -> None:
    document = Document.parse("x = 1", "s.toml")
    document.fault(("forward",), "there is no [forward]")
    document.fault((), "nothing")
    assert [str(fault) for fault in document.faults] == ["s.toml: there is no [forward]", "s.toml: nothing"]


@pytest.mark.parametrize(
    ("path", "piece", "line", "column", "underlined"),
    [
        (("functions", "loss(y, t)"), "ü", 10, 17, "ü"),
        (("functions", "loss(y, t)"), "\t", 10, 18, r"\t"),
        (("functions", "loss(y, t)"), "é😀 @", 10, 22, r"\u00e9\U0001F600 @"),
        (("functions", "loss(y, t)"), "x", 10, 41, "x"),
        (("functions", "f(x)"), "one", 12, 1, "one"),
        (("functions", "f(x)"), "three", 13, 11, "three"),
        (("functions", "f(x)"), "one two", 12, 1, r"one \ ".rstrip()),
        (("functions", "g(x)"), r"\b", 15, 2, r"\b"),
        (("functions", "g(x)"), "c'", 15, 6, "c'"),
        (("title",), "é", 2, 10, "é"),
    ],
)
def test_a_span_is_found_inside_of_a_text(
    path: tuple[str, ...], piece: str, line: int, column: int, underlined: str
) -> None:
    document = Document.parse(RICH)
    value: Any = document.data
    for key in path:
        value = value[key]
    start = value.index(piece)
    document.fault(path, "wrong", span=(start, start + len(piece)))
    fault = only_fault(document)
    assert (fault.line, fault.column, marked(fault)) == (line, column, underlined)


def test_a_span_at_or_beyond_the_end_points_at_the_closing_quote() -> None:
    document = Document.parse('x = "a +"')
    document.fault(("x",), "it ends too early", span=(3, 3))
    document.fault(("x",), "far out", span=(50, 60))
    assert [(fault.column, fault.length) for fault in document.faults] == [(9, 1), (9, 1)]


def test_faults_come_in_the_order_of_the_file_and_once() -> None:
    document = Document.parse("a = 1\nb = 2\nc = 3")
    for key in ("c", "a", "missing", "b", "a"):
        document.fault((key,), f"wrong {key}")
    with pytest.raises(BptuiError) as caught:
        document.raise_faults()
    assert [fault.message for fault in caught.value.faults] == ["wrong missing", "wrong a", "wrong b", "wrong c"]
    assert (caught.value.line, caught.value.column) == (1, 5)


def test_hints_are_only_looked_for_where_they_are_shown() -> None:
    document = Document.parse("\n".join(f"a{number} = 1" for number in range(100)))
    asked: list[int] = []

    def hint(number: int) -> str:
        asked.append(number)
        return f"hint {number}"

    for number in range(100):
        document.fault((f"a{number}",), "wrong", partial(hint, number))
    with pytest.raises(BptuiError) as caught:
        document.raise_faults()
    assert asked == list(range(SHOWN_IN_FULL))
    assert len(caught.value.faults) == 100
    assert str(caught.value).endswith("  hint 19\n… and 80 more faults.")


def test_a_document_without_faults_raises_nothing_and_loads_no_tree_sitter() -> None:
    program = (
        "import sys; from bptui.scenario.document import Document; document = Document.parse('x = 1');"
        "document.raise_faults(); assert 'tree_sitter' not in sys.modules;"
        "document.fault(('x',), 'wrong'); document.faults; assert 'tree_sitter' in sys.modules"
    )
    subprocess.run([sys.executable, "-c", program], check=True)


def test_what_a_file_says_never_reaches_the_terminal_raw() -> None:
    document = Document.parse('"\\u001b[2J\\u202e" = "\\u0007"\n', "\x1b]0;name\x07.toml")
    document.fault(("\x1b[2J\u202e",), "unknown \x1b[2J\u202e", "hint \x9b", on="key")
    text = str(BptuiError(document.faults))
    assert is_clean(text)
    assert "unknown \\x1b[2J\\u202e" in text


# -- any text ------------------------------------------------------------------------------------------------------

PIECES = st.sampled_from(
    ["x", "a.b", "=", " = ", "\n", "\r\n", "\r", "[", "]", "[[", "]]", "{", "}", ",", ".", ":", '"', "'", '"""', "'''",
     "\\", "#", "1", "0.5", "1e999", "-", "inf", "true", "1979-05-27", "07:32:00", "+24:00", "σ", "é", "“", "\\u12",
     "\\\n", "\u00a0", "\x00", "\x1b", "\ufeff", "\ud800", "[inputs]\n", "[forward]\n", "x = 1\n",
     'y = "x"\n', "a = {b = 1}\n", "[[a]]\n", "a.b = 1\n"]
)  # fmt: skip


def faults_of(text: str | bytes) -> str:
    """Return what is said about `text`: why it is refused or, with a fault at each of its values, all of them."""
    try:
        document = Document.parse(text)
        for path, _ in leaves_of(document.data):
            document.fault(path, "wrong", span=(0, 1))
            document.fault(path, "wrong", on="key")
        document.fault((), "none")
        document.raise_faults()
    except BptuiError as error:
        return str(error)
    raise AssertionError("faults were not raised")


@settings(max_examples=400, deadline=None)
@given(st.one_of(st.lists(PIECES, max_size=25).map("".join), st.text(max_size=40), st.binary(max_size=40)))
def test_only_our_own_error_comes_out_of_any_text(text: str | bytes) -> None:
    assert is_clean(faults_of(text))


@settings(max_examples=300, deadline=None)
@given(st.lists(PIECES.filter(lambda piece: piece != "\r"), max_size=12).map("".join))
def test_values_are_found_in_any_toml(text: str) -> None:
    try:
        document = Document.parse(text)
    except BptuiError:
        return
    for path, value in leaves_of(document.data):
        assert repr(tomllib.loads(f"v = {document.source(path)}")["v"]) == repr(value)
