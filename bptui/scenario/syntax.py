"""The TOML of a scenario file as text: bounds that hold before a parser sees it, and help where the parser gives up.

tomllib takes ten seconds for one dotted key of 20,000 parts, so depth and lengths are bounded on the text, in one pass
that knows strings and comments. And tomllib's messages are written for people who know TOML, so each is put into
plain words here, with the slip that most likely stands behind it.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator
from typing import NamedTuple

from bptui.errors import BptuiError, Fault
from bptui.limits import Limits
from bptui.scenario.source import Source, Span
from bptui.text import counted, printable

_PART = r"""(?: [A-Za-z0-9_+\-]++ | \"(?:[^"\\\n]|\\[^\n]?)*+\"? | '[^'\n]*+'? )"""

_TOKEN = re.compile(
    rf"""
      (?P<comment> \#[^\n]*+ )
    | (?P<text> \"\"\"(?:[^"\\]|\\.?|"(?!""))*+(?:\"\"\"\"{{0,2}})? | '''(?:[^']|'(?!''))*+(?:''''{{0,2}})? )
    | (?P<word> {_PART} (?:[ \t]*+\.[ \t]*+{_PART})*+ ) (?P<assigned> [ \t]*+= )?
    | (?P<header> ^[ \t]*+\[\[?+ )
    | (?P<open> [\[{{] )
    | (?P<close> [\]}}] )
    """,
    re.VERBOSE | re.MULTILINE | re.DOTALL,
)
"""Whatever can hold a bracket, a dot or a quote. Every repetition is possessive, so a pass takes linear time."""

_PART_ONLY = re.compile(_PART, re.VERBOSE)
_QUOTED = re.compile(r"\"(?:[^\"\\\n]|\\.)*+\"|'[^'\n]*+'")


def check_bounds(source: Source, limits: Limits) -> None:
    """Raise a BptuiError at the first place in a text where nesting, a key or a number is beyond what is read."""
    depth = 0
    in_header = False
    for match in _TOKEN.finditer(source.text):
        kind = match.lastgroup
        if kind == "word" or kind == "assigned":
            _check_word(source, match, limits, is_key=in_header or kind == "assigned")
        elif kind == "header" or kind == "open":
            in_header = kind == "header" and depth == 0
            depth += match[kind].count("[") or 1
            if depth > limits.nesting:
                raise BptuiError(
                    source.fault(
                        f"brackets are nested more than {limits.nesting} deep here",
                        "an array has one pair of brackets for each axis; is a closing bracket missing above?",
                        (match.end() - 1, match.end()),
                    )
                )
        elif kind == "close":
            in_header = False
            depth = max(0, depth - 1)


def _check_word(source: Source, match: re.Match[str], limits: Limits, *, is_key: bool) -> None:
    word = match["word"]
    if "." in word:
        parts = len(_PART_ONLY.findall(word))
        if parts > limits.key_parts:
            message = f"this key has {counted(parts, 'part')} joined by dots; at most {limits.key_parts} are read"
            hint = 'a key that holds dots of its own goes in quotes: `"a.b" = …`'
            raise BptuiError(source.fault(message, hint, match.span("word")))
    if is_key and len(word) > limits.key_characters:
        message = f"this key has {len(word)} characters; at most {limits.key_characters} are read"
        raise BptuiError(source.fault(message, "give it a shorter name", match.span("word")))
    if len(word) > limits.number_characters and word[0] not in "\"'":
        message = f"this number has {len(word)} characters; at most {limits.number_characters} are read"
        raise BptuiError(source.fault(message, "write it with an exponent, such as `1e300`", match.span("word")))


_EXAMPLE = 'write a name, =, and its value: `z1 = "W1 @ x + b1"`'


class _Slip(NamedTuple):
    """What is wrong in plain words, what to do, and where to point if not where the parser stopped."""

    message: str
    hint: str
    span: Span | None = None


_STOPPED = re.compile(r" \(at (?:line (\d+), column (\d+)|end of document)\)\Z")
_KEYS_TWICE = ("Cannot overwrite", "Cannot declare", "Cannot redefine", "Cannot mutate", "Duplicate inline")


def syntax_fault(source: Source, error: ValueError) -> Fault:
    """Return the fault for a text that tomllib has refused with `error`: where, why, and how to mend it."""
    said = str(error)
    stopped = _STOPPED.search(said)
    reason = said[: stopped.start()] if stopped else said
    end = len(source.text.rstrip())
    at = source.offset_of(int(stopped[1]), int(stopped[2])) if stopped and stopped[1] else end
    slip = _slip(source, reason, at)
    return source.fault(slip.message, slip.hint, slip.span or (at, at + 1))


def _slip(source: Source, reason: str, at: int) -> _Slip:
    text = source.text
    line = source.lines[source.line_of(at) - 1].strip()
    if reason.startswith(_KEYS_TWICE):
        return _given_twice(source, at)
    if text[at : at + 1] == "\r":
        return _Slip("a line ends with a carriage return alone", "save the file with Unix or Windows line ends")
    if at < len(text) and unicodedata.category(text[at]) in ("Zs", "Cf") and text[at] != " ":
        hint = "delete it, and type an ordinary space if there should be one"
        return _Slip(f"an invisible character (U+{ord(text[at]):04X}) stands here", hint)
    if "Invalid value" in reason:
        return _no_value(source, at, line)
    if "'=' after a key" in reason:
        return _no_equals(source, at, line)
    if "Invalid statement" in reason:
        return _no_statement(source, at, line)
    if "newline or end of document" in reason:
        return _trailing(source, at, line)
    if "Unterminated string" in reason or reason.startswith(('Expected "\'"', "Expected \"'''\"")):
        return _open_quote(source, at)
    if reason.startswith(("Illegal character", "Found invalid character")):
        if text[at : at + 1] == "\n":
            return _open_quote(source, at)
        code = f"U+{ord(text[at]):04X}" if at < len(text) else "a control character"
        return _Slip(f"the control character {code} is not allowed here", "delete it: most editors do not show it")
    if "Unescaped" in reason or "hex value" in reason or "Unicode scalar" in reason:
        return _backslash(source, at)
    if "Unclosed array" in reason:
        return _open_array(source, at)
    if "Unclosed inline table" in reason:
        return _open_table(source, at)
    if "end of a table declaration" in reason or "end of an array declaration" in reason:
        return _Slip("the closing bracket of this header is missing", "a header stands alone in its line: `[forward]`")
    if "Invalid date" in reason:
        return _Slip("this looks like a date, and there is no such date", "text goes in quotes")
    if "initial character for a key" in reason:
        if (broken := _broken_table(source, at)) is not None:
            return broken
        return _Slip(
            "a name is missing here",
            'a name with anything but A to Z, a to z, digits, - and _ goes in quotes: `"σ" = 1`',
        )
    return _Slip(f"this is not TOML: {printable(reason[:200])}", "")


def _no_value(source: Source, at: int, line: str) -> _Slip:
    rest = source.rest_of_line(at)
    value = re.split(r"\s+#", rest, maxsplit=1)[0].rstrip()
    bare = value.rstrip(",]} ")
    word = re.match(r"[A-Za-z_]\w*", value)
    if not value or value.startswith("#"):
        return _Slip("the value is missing here", "write it after the equals sign: `x = 0.5`", (max(at - 1, 0), at))
    if value[0] in "“”„«»‘’‚`´":
        return _Slip(
            f"`{value[0]}` is a typographic quote, and only straight ones count",
            f'write `"{printable(_between_quotes(value))}"` with the straight quotes of the keyboard',
        )
    if word and word[0] in ("True", "False", "TRUE", "FALSE"):
        return _Slip(
            f"`{word[0]}` is written `{word[0].lower()}` in TOML",
            "where a number belongs, write 1 or 0",
            (at, at + len(word[0])),
        )
    if word and word[0] in ("None", "null", "nil", "NULL"):
        return _Slip(f"TOML has no `{word[0]}`", "leave the whole entry out instead", (at, at + len(word[0])))
    if re.match(r"[+-]?(Infinity|NaN|Inf|INF|NAN)\b", value):
        return _Slip("this is written `inf` or `nan` in TOML", "", (at, at + len(bare)))
    if point := re.match(r"[+-]?\.\d+", value):
        mended = point[0].replace(".", "0.")
        return _Slip("a number needs a digit before its point", f"write `{mended}`", (at, at + 1))
    if value[0] == "(":
        return _Slip("a list goes in square brackets", "write `[1, 2]`, where Python would also take `(1, 2)`")
    if value[0] in "−–—":
        return _Slip(f"`{value[0]}` is a dash, not a minus sign", f"write `-{printable(value[1:40])}`")
    if value[0] in ",]}":
        return _Slip(f"a value is missing before `{value[0]}`", "write the number, or take the comma before it out")
    if "=" in line and line.partition("=")[2].strip() == value and len(value) <= 200:
        quoted = value.replace('"', "'")
        key = line.partition("=")[0].strip()
        return _Slip("text goes in quotes", f'write `{printable(key)} = "{printable(quoted)}"`', (at, at + len(value)))
    return _Slip(
        "this is neither a number nor text in quotes",
        'numbers are written out (`0.5`, `-1e-3`); text and expressions go in quotes: `"W1 @ x"`',
        (at, at + max(1, len(word[0]) if word else len(bare))),
    )


def _between_quotes(value: str) -> str:
    return value.strip("“”„«»‘’‚`´ ")[:60]


def _no_equals(source: Source, at: int, line: str) -> _Slip:
    key, equals, value = line.partition("=")
    key, value = key.strip(), value.strip()
    colon = re.match(r"([\w-]+)\s*:\s*(.*)", line)
    if colon:
        return _Slip(
            "a name and its value are joined by an equals sign, not by a colon",
            f"write `{colon[1]} = {printable(colon[2][:60])}`",
        )
    if equals and len(key) <= 80 and '"' not in key:
        return _Slip(
            "a name with anything but letters, digits, - and _ goes in quotes",
            f'write `"{printable(key)}" = {printable(value[:80])}`',
        )
    if at >= len(source.text.rstrip()) or not source.rest_of_line(at).strip():
        return _Slip("the equals sign and a value are missing here", _EXAMPLE)
    return _Slip("the equals sign is missing here", _EXAMPLE)


def _no_statement(source: Source, at: int, line: str) -> _Slip:
    character = source.text[at]
    key, equals, value = line.partition("=")
    if character == "=":
        return _Slip("the name before the equals sign is missing", _EXAMPLE)
    if character in "/%;" or line.startswith("--"):
        return _Slip("a comment begins with `#`", f"write `# {printable(line.lstrip('/%;- ')[:60])}`")
    if character in "]})":
        return _Slip(
            f"nothing is open that this `{character}` could close", "is there one too many in this line or above?"
        )
    if character in "“”„«»‘’‚`´":
        return _Slip(
            f"`{character}` is a typographic quote, and only straight ones count",
            f'write `"{printable(_between_quotes(key))}"` with the straight quotes of the keyboard',
        )
    if equals and len(key) <= 80 and '"' not in key:
        return _Slip(
            "a name with anything but the letters A to Z, digits, - and _ goes in quotes",
            f'write `"{printable(key.strip())}" = {printable(value.strip()[:80])}`',
        )
    if character == "{":
        return _Slip("this looks like JSON, and a scenario is TOML", "`bptui new FILE` writes a scenario to start from")
    return _Slip("this line is no header and has no name = value", _EXAMPLE)


def _trailing(source: Source, at: int, line: str) -> _Slip:
    rest = source.rest_of_line(at)
    before = source.text[max(0, at - 60) : at].rpartition("\n")[2].rstrip()
    number = re.search(r"=\s*([+-]?[\d._]+)$", before)
    decimal_comma = re.match(r",(\d+)\s*(#.*)?$", rest)
    if rest.startswith(("//", "%", ";")) and source.text[at - 1] in " \t":
        return _Slip("a comment begins with `#`", f"write `# {printable(rest.lstrip('/%; ')[:60])}`")
    if number and decimal_comma:
        return _Slip("a number is written with a point, not with a comma", f"write `{number[1]}.{decimal_comma[1]}`")
    if number and number[1] in ("0", "+0", "-0") and rest[:1].isdigit():
        return _Slip("a number has no zeros in front", f"write `{rest.strip().lstrip('0')[:40] or '0'}`")
    if number and re.match(r"[A-Za-z_]", rest):
        written = number[1] + printable(re.split(r"[\s#,]", rest, maxsplit=1)[0][:40])
        hint = "a number is written out (`0.5`, `1e-3`), without a unit or a name; expressions go in quotes"
        return _Slip(f"`{written}` is no number", hint)
    if number and rest.startswith(".") and not rest[1:2].isdigit():
        return _Slip("a number needs a digit after its point", f"write `{number[1]}.0`")
    if number and re.match(r"\s*[-+*/]", rest):
        return _Slip(
            "a value is a number, and nothing is calculated here",
            "write the result, or make it a line under [forward], in quotes",
            (at, at + len(rest.rstrip())),
        )
    if number:
        return _Slip(
            "one value is enough here",
            "several numbers go in square brackets, with commas: `[0.5, 0.2]`",
            (at, at + len(rest.rstrip())),
        )
    if before.endswith(('"', "'")) and re.match(r"[-+*/@]", rest):
        hint = "the whole expression goes into one pair of quotes"
        return _Slip("the text ended at the quote before this", hint, (at, at + len(rest.rstrip())))
    if before.endswith(('"', "'")) and ('"' in rest or "'" in rest):
        return _Slip(
            "the text ended at the quote before this",
            "is there a quote inside the text? then use the other kind outside: `'say \"so\"'`",
            (at, at + len(rest.rstrip())),
        )
    return _Slip(
        "nothing more may stand in this line",
        "one `name = value` a line; a comment begins with `#`",
        (at, at + max(1, len(rest.rstrip()))),
    )


def _open_quote(source: Source, at: int) -> _Slip:
    for start, written in _strings(source.text):
        if start < at and not _closed(written):
            quote = written[:3] if written[:3] in ('"""', "'''") else written[0]
            line = written.partition("\n")[0].rstrip()
            return _Slip(
                f"the closing `{quote}` of this text is missing",
                f"write `{printable(line)}{quote}`" if len(line) <= 80 and quote == written[0] else "",
                (start, start + len(line)),
            )
    return _Slip("a closing quote is missing before this", 'text stands between two quotes in one line: `"W1 @ x"`')


def _strings(text: str) -> Iterator[tuple[int, str]]:
    for match in _TOKEN.finditer(text):
        if match.lastgroup == "text":
            yield match.start(), match[0]
        elif match["word"]:
            for part in _PART_ONLY.finditer(match["word"]):
                if part[0][0] in "\"'":
                    yield match.start("word") + part.start(), part[0]


def _closed(written: str) -> bool:
    quote = written[:3] if written[:3] in ('"""', "'''") else written[0]
    return len(written) >= 2 * len(quote) and (_QUOTED.fullmatch(written) is not None or written[-3:] == quote)


def _backslash(source: Source, at: int) -> _Slip:
    start = source.text.rfind("\\", 0, at + 1)
    return _Slip(
        "in double quotes a backslash begins an escape such as `\\n`, and this is none",
        "write it twice (`\\\\`), or put the text in single quotes, in which a backslash is itself",
        (start, at) if 0 <= start < at else None,
    )


def _open_array(source: Source, at: int) -> _Slip:
    rest = source.rest_of_line(at)
    ended = at >= len(source.text.rstrip()) or re.match(r"\[{1,2}\s*[A-Za-z_\"']|[\w\"'.-]+\s*=", rest)
    opened = _opened_before(source.text, at)
    if ended and opened is not None:
        return _Slip(
            "the closing `]` of this list is missing",
            "a list may go on over several lines, up to its `]`",
            (opened, opened + 1),
        )
    if rest.startswith((";", "|")):
        return _Slip("the elements of a list are separated by commas", "a matrix is a list of rows: `[[1, 2], [3, 4]]`")
    return _Slip(
        "a comma is missing before this, or the closing `]` of the list",
        "elements are separated by commas: `[0.5, 0.2]`; a matrix is a list of rows: `[[1, 2], [3, 4]]`",
    )


def _open_table(source: Source, at: int) -> _Slip:
    opened = _opened_before(source.text, at)
    if opened is not None and (at >= len(source.text.rstrip()) or source.text[at] in "\n#"):
        return _Slip(
            "the closing `}` of this table is missing in this line",
            'a table in braces stands in one line: `{ symbol = "x", shape = [5] }`',
            (opened, opened + 1),
        )
    return _Slip(
        "a comma is missing before this, or the closing `}`",
        'entries are separated by commas: `{ symbol = "x", shape = [5] }`',
    )


def _broken_table(source: Source, at: int) -> _Slip | None:
    """Return what is wrong where a table in braces goes on in the next line, or ends with a comma; else None."""
    text, opened = source.text, _opened_before(source.text, at)
    if opened is None or text[opened] != "{":
        return None
    if text[at : at + 1] in ("", "\n", "\r", "#"):
        return _Slip(
            "a table in { } stands in one line",
            "join its lines into one; only what stands in [ ], such as the list of `layers`, may go on over several",
            (opened, opened + 1),
        )
    comma = text.rfind(",", opened, at)
    if text[at] == "}" and comma >= 0:
        return _Slip("a table in { } does not end with a comma", "take the last comma out", (comma, comma + 1))
    return None


def _opened_before(text: str, at: int) -> int | None:
    """Return the offset of the innermost bracket that is open at `at`."""
    opened: list[int] = []
    for match in _TOKEN.finditer(text, 0, at):
        if match.lastgroup in ("open", "header"):
            opened.extend(range(match.end() - match[0].count("[") - match[0].count("{"), match.end()))
        elif match.lastgroup == "close" and opened:
            opened.pop()
    return opened[-1] if opened else None


def _given_twice(source: Source, at: int) -> _Slip:
    from bptui.scenario.places import Places

    repeated = Places(source.text).all_repeated()
    if not repeated:
        return _Slip("this name already has a value", "each name is given once: take one of the two out")
    second, first = repeated[0]
    name = printable(source.text[second[0] : second[1]][:80])
    header = source.text[second[0] - 1 : second[0]] == "["
    return _Slip(
        f"`{name}` is given twice: here and in line {source.line_of(first[0])}",
        "a header stands once, with all its lines below it" if header else "take one out, or give it another name",
        second,
    )
