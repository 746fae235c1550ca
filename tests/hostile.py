"""Files as a stranger may write them: grammatical, broken, huge, and written to get something past bptui.

`scenario_text` writes one from a source of chance, so that a seed is a file. `survive` reads, runs, checks and exports
one, and fails where bptui does anything but answer or refuse: a traceback, a control character, markup of the file's
that an export would obey.
"""

from __future__ import annotations

import json
import re
import unicodedata
from html.parser import HTMLParser
from pathlib import Path
from random import Random

import bptui
from bptui import bundled
from bptui.errors import BptuiError
from bptui.exporting import FORMATS
from bptui.ops import CALLABLE
from bptui.scenario.scenario import Scenario

SMALL = {
    "array_elements": 2000,
    "total_elements": 100_000,
    "steps": 400,
    "products": 10**7,
    "weights_file_bytes": 10**6,
    "seconds": 20,
}
"""Limits that keep one file quick."""

MARK = "zqmark"
"""Stands in every text that would be markup; where it comes out as markup, it is looked for."""

TEXTS = [
    f"[bold]{MARK}[/bold]",
    f"[link=file:outside]{MARK}[/link]",
    f"[@click=app.leave(7)]{MARK}[/]",
    f"[/] {MARK} [",
    f"\\[{MARK}]",
    "$primary [$error on red]",
    f"\x1b[31m{MARK}\x1b[0m",
    f"\x1b]0;{MARK}\x07",
    f"\x1b]52;c;{MARK}\x07",
    f"\x9b31m{MARK}",
    "\x1bP+q\x1b\\",
    "a\rb\x08\x08\x7f",
    "\u202eright to left\u202c",
    "zero\u200bwidth\ufeff\u2060",
    "wide 漢字 e\u0301 👩‍👩‍👧 ﷽",
    f"<script>{MARK}</script><{MARK} onload=x>",
    f"<img src=x onerror={MARK}> & &lt;",
    f"\\{MARK}{{/etc/passwd}} $\\{MARK}$ % _ ^ ~ # & {{ }}",
    f"\\end{{document}}\\{MARK}",
    f"![{MARK}](http://example.org/{MARK}.png) `code` **bold** | cell | \n# head",
    f"$$\n\\{MARK}\n$$",
    "\u2028\u2029\x85",
    "{{ 7*7 }} ${HOME} %s %n {0.__class__}",
    "",
    " ",
    "x" * 199,
]
"""What a file may call itself, or a formula."""

GOOD_NAMES = [*"xyzwbthkmnpqrsuv", "W1", "α", "Größe", "__class__", "sum", "名", "a" * 150, "σ", "x_1", "data", "h2"]
BAD_NAMES = ["e", "pi", "if", "ﬁ", "x0", "1a", "a b", "é"]

UNARY = ["exp", "log", "sqrt", "abs", "square", "sin", "tanh", "sigmoid", "relu", "gelu", "softplus"]
BINARY = ["minimum", "maximum"]
REDUCTIONS = ["sum", "mean", "max", "min", "prod", "logsumexp", "norm"]
OPTIONS = ["axis=0", "axis=-1", "keepdims=True", "[1, 0]", "[2, 0, 1]", "2", "axis=9", "'x'"]
LAYERS = ['{ kind = "sort" }', '{ kind = "permute", order = [1, 0] }', '{ kind = "x" }']
NO_EXPRESSIONS = [
    "__import__('os')", "x.__class__", "lambda: 0", "[y for y in x]", "(x := 1)", "f'{x}'", "x if y else z", "(" * 120,
    "x" * 11_000, "1" * 1200, "x\x00", "é\u0301", "", "x[", "9**9**9**9",
]  # fmt: skip

PATHS = [
    "w.npz", "w.npy", "w.csv", "W.CSV", "sub/w.csv", "../w.csv", "/etc/passwd", "link.csv", "loop.csv", "fifo.csv",
    "folder.csv", "/dev/zero", "w.csv\0", "CON", "NUL.csv", "C:\\w.csv", "..\\w.csv", "./w.csv", "sub/../../w.csv",
    "file:w.csv", "w.csv/", "", ".", "~/w.csv", "$HOME/w.csv", "outside/secret.csv", "big.npz", "bad.npz",
    "bad.npy", "pickle.npy", "w.txt", "http://example.org/w.csv", "//host/share/w.csv",
]  # fmt: skip

NUMBERS = [
    "0", "1", "-1", "0.5", "1e308", "-1e308", "1e-308", "5e-324", "inf", "-inf", "nan", "0x10", "1_000", "0.1", "3.0",
    "-0.0", "2.5e-17", "1e16",
]  # fmt: skip

BAD_NUMBERS = ["1e999", "9" * 400, "true", '"1"', "1.", ".5", "1979-05-27", "1" * 1200]

SECRET = 1234567.25
"""A number that stands outside of the scenario's folder, and must not come in."""


def folder_for(home: Path) -> Path:
    """Make a scenario's folder below `home`, with what a file may name in it and around it; return it."""
    import os

    import numpy as np

    inside = home / "inside"
    (inside / "sub").mkdir(parents=True)
    outside = home / "elsewhere"
    outside.mkdir()
    for path in (home / "w.csv", outside / "secret.csv"):
        path.write_text(f"{SECRET},{SECRET}\n")
    np.savez(inside / "w.npz", W1=np.ones((2, 2)), x=np.arange(3.0))
    np.save(inside / "w.npy", np.ones(3))
    np.save(inside / "pickle.npy", np.array([{}], dtype=object))
    np.savez_compressed(inside / "big.npz", W1=np.zeros(10**6))
    for name in ("w.csv", "sub/w.csv", "w.txt"):
        (inside / name).write_text("1,2\n3,4\n")
    for name in ("bad.npz", "bad.npy"):
        (inside / name).write_bytes((inside / "w.npz").read_bytes()[:60])
    (inside / "link.csv").symlink_to(home / "w.csv")
    (inside / "outside").symlink_to(outside)
    (inside / "loop.csv").symlink_to(inside / "loop.csv")
    (inside / "folder.csv").mkdir()
    os.mkfifo(inside / "fifo.csv")
    return inside


def quoted(text: str) -> str:
    """Return a text as TOML writes it."""
    return json.dumps(text, ensure_ascii=False).replace("\x7f", "\\u007f")


def escaped(character: str) -> str:
    """Return a character as TOML may write it in ASCII."""
    return character if character.isascii() else f"\\U{ord(character):08x}"


def scenario_text(chance: Random) -> str:
    """Return a file: by the grammar, by spoiling one that is sound, or both."""
    way = chance.random()
    if way < 0.2:
        name = chance.choice(bundled.names())
        return spoiled((bundled.folder() / f"{name}.toml").read_text(encoding="utf-8"), chance)
    text = _Writer(chance).text()
    return spoiled(text, chance) if way < 0.4 else text


def spoiled(text: str, chance: Random) -> str:
    """Return `text` with a few of its pieces lost, doubled, swapped or replaced."""
    for _ in range(chance.randint(1, 4)):
        at = chance.randrange(len(text) + 1)
        length = min(chance.choice([1, 1, 2, 5, 30]), len(text) - at)
        piece = text[at : at + length]
        sign = chance.choice("[]{}\"'=.,#\n\\\0\x1b")
        other = chance.choice(["", piece * 2, piece * 50, chance.choice(TEXTS), sign, sign, sign * 70])
        text = text[:at] + other + text[at + length :]
    return text


class _Writer:
    """Writes one file. Most of what it writes is sound, so that the rest is met where it matters."""

    def __init__(self, chance: Random) -> None:
        self.chance = chance
        self.wild = chance.choice([0.0, 0.0, 0.0, 0.01, 0.05, 0.3])
        """How often something is written that is likely to be refused."""
        self.shape_of_all = chance.choice(["[3]", "[3]", "[1]", "[2, 3]", "[0]", "[]", "[1, 1]"])
        self.known: list[str] = []
        self.functions: list[str] = []

    def text(self) -> str:
        chance = self.chance
        parts = []
        if chance.random() < 0.7:
            parts.append(f"title = {self.quoted(chance.choice(TEXTS))}")
        if chance.random() < 0.5:
            parts.append(f"description = {self.quoted(' '.join(chance.choices(TEXTS, k=chance.randint(0, 6))))}")
        if chance.random() < 0.5:
            parts.append(f"index_base = {chance.choice('01') if self.calm() else chance.choice(['2', 'true'])}")
        for table in ("inputs", "parameters"):
            parts.append(f"[{table}]")
            for _ in range(chance.randint(1, 3) if table == "inputs" else chance.randint(0, 2)):
                name = self.name()
                parts.append(f"{self.key(name)} = {self.leaf()}")
                self.known.append(name)
        if chance.random() < 0.3:
            parts.append("[functions]")
            for _ in range(chance.randint(1, 3)):
                name = self.name()
                parameters = chance.sample(["u", "v"], chance.randint(1, 2))
                kept, self.known = self.known, [*parameters]
                head = f"{name}({', '.join(parameters)})"
                parts.append(f"{self.quoted(head)} = {self.quoted(self.expression(2))}")
                self.known = kept
                self.functions.append(name)
        if chance.random() < 0.02 + self.wild:
            parts.append(self.network())
        parts.append("[forward]")
        for _ in range(chance.randint(1, 6)):
            name = self.name()
            parts.append(f"{self.key(name)} = {self.quoted(self.expression(chance.randint(1, 3)))}")
            self.known.append(name)
        parts.append(f'{chance.choice("LJ")} = "sum({self.known[-1]})"')
        if chance.random() < 0.1 + self.wild:
            parts.append("[backward]")
            if chance.random() < 0.5:
                parts.append(f"of = {self.quoted(self.any_name())}")
            if chance.random() < 0.5:
                parts.append(f"wrt = [{', '.join(self.quoted(self.any_name()) for _ in range(chance.randint(0, 3)))}]")
            if chance.random() < 0.4:
                parts.append(f"seed = {self.leaf()}")
        if chance.random() < 0.4:
            parts.append("[worked]")
            parts += [f"{self.quoted(self.reference())} = {self.claim()}" for _ in range(chance.randint(0, 4))]
        if not self.calm():
            parts.append(f"[{self.key(chance.choice([*TEXTS, 'input']))}]\nx = 1")
        return "\n".join(parts) + "\n"

    def quoted(self, text: str) -> str:
        written = quoted(text)
        return written if self.chance.random() < 0.5 else "".join(map(escaped, written))

    def key(self, name: str) -> str:
        return name if re.fullmatch(r"[A-Za-z0-9_]+", name) else self.quoted(name)

    def calm(self) -> bool:
        """Return whether to write what is sound."""
        return self.chance.random() >= self.wild

    def name(self) -> str:
        """Return a name that is free, if all is well."""
        if not self.calm():
            bad: list[str] = [*BAD_NAMES, *self.known, *TEXTS]
            return self.chance.choice(bad)
        free: list[str] = [name for name in GOOD_NAMES if name not in (*self.known, *self.functions)]
        return self.chance.choice(free)

    def any_name(self) -> str:
        return self.chance.choice(self.known) if self.known and self.calm() else self.name()

    def number(self) -> str:
        chance = self.chance
        if not self.calm():
            return chance.choice(BAD_NUMBERS)
        return chance.choice(NUMBERS) if chance.random() < 0.2 else f"{chance.uniform(-3, 3):.{chance.randint(1, 17)}f}"

    def nest(self) -> str:
        chance = self.chance
        lengths = [int(one) for one in re.findall(r"\d+", self.shape_of_all)]
        if not self.calm():
            lengths = chance.choices([0, 1, 2, 3, 4], k=chance.choice([0, 1, 2, 3]))
        axes = len(lengths)

        def write(axis: int) -> str:
            if axis == axes:
                return self.number()
            ragged = not self.calm()
            return f"[{', '.join(write(axis + 1) for _ in range(lengths[axis] + ragged))}]"

        return write(0)

    def shape(self) -> str:
        if self.calm():
            return self.shape_of_all
        lengths = [0, 1, 2, 3, 5, 40, 10**5, 10**30, -1]
        weights = [1, 3, 5, 5, 5, 2, 0.2, 0.1, 0.1]
        return f"[{', '.join(map(str, self.chance.choices(lengths, weights, k=self.chance.randint(0, 3))))}]"

    def leaf(self) -> str:
        chance = self.chance
        way = chance.random()
        if way < 0.6:
            return self.nest()
        if way < 0.62 or not self.calm():
            return f"{{ symbol = {self.quoted(chance.choice(['s', 'σ', 'x', *TEXTS[:3]]))}, shape = {self.shape()} }}"
        if way < 0.75:
            symbol = chance.choice(["A", "B", "C", "D", "ξ", "Q_", "E1"])
            return f"{{ symbol = {self.quoted(symbol)}, value = {self.nest()} }}"
        if way < 0.95:
            init = chance.choice(["normal", "uniform", "zeros", "ones"] if self.calm() else ["he_normal", "nothing"])
            return f'{{ shape = {self.shape()}, init = "{init}", seed = {0 if self.calm() else -1} }}'
        key = f", key = {self.quoted(chance.choice(['W1', 'x', '../x', '']))}" if chance.random() < 0.5 else ""
        return f"{{ file = {self.quoted(chance.choice(PATHS))}{key} }}"

    def expression(self, depth: int) -> str:
        chance = self.chance
        if depth == 0:
            constants = ["1", "2", "0.5", "pi"] if self.calm() else ["1e400", "9**9**9", "x x"]
            return self.any_name() if chance.random() < 0.8 else chance.choice(constants)
        way = chance.random()
        if way < 0.45:
            operator = chance.choice(["+", "-", "*", "/", "**", "<"] if self.calm() else ["@", ">=", "//", "and", "!"])
            return f"({self.expression(depth - 1)} {operator} {self.expression(depth - 1)})"
        if self.calm():
            if chance.random() < 0.8:
                name = chance.choice(REDUCTIONS if chance.random() < 0.2 else UNARY)
                return f"{name}({self.expression(depth - 1)})"
            return f"{chance.choice(BINARY)}({self.expression(depth - 1)}, {self.expression(depth - 1)})"
        if way < 0.8:
            name = chance.choice([*CALLABLE, *self.functions])
            arguments = [self.expression(depth - 1) for _ in range(chance.choice([1, 1, 1, 2, 2, 3]))]
            if name in ("concat", "stack") or chance.random() < 0.05:
                arguments = [f"[{', '.join(arguments)}]"]
            if chance.random() < 0.4:
                arguments.append(
                    chance.choice(["axis=0", "axis=-1", "keepdims=True", "[1, 0]", "[2, 0, 1]", "2", "axis=9", "'x'"])
                )
            return f"{name}({', '.join(arguments)})"
        if way < 0.9:
            return f"{self.expression(depth - 1)}[{chance.choice(['0', '-1', '1:', ':, 0', '99', '::-1', '...', 'x'])}]"
        return chance.choice(
            [
                f"-{self.expression(depth - 1)}",
                f"({self.expression(depth - 1)}).T",
                chance.choice(NO_EXPRESSIONS),
                chance.choice(TEXTS),
            ]
        )

    def network(self) -> str:
        chance = self.chance
        layers = []
        for _ in range(chance.randint(0, 3)):
            way = chance.random()
            if way < 0.6:
                given = f", weights = {self.nest()}" if chance.random() < 0.3 else ', init = "he_normal"'
                activation = f", activation = {self.quoted(chance.choice(['relu', 'tanh', *TEXTS[:2]]))}"
                layers.append(f'{{ kind = "dense", units = {chance.choice([1, 2, 3, 10**9])}{activation}{given} }}')
            else:
                layers.append(
                    chance.choice(['{ kind = "sort" }', '{ kind = "permute", order = [1, 0] }', '{ kind = "x" }'])
                )
        loss = '\nloss = { kind = "mse", target = "t" }' if chance.random() < 0.5 else ""
        return f"[network]\ninput = {self.quoted(self.any_name())}\nlayers = [{', '.join(layers)}]{loss}"

    def reference(self) -> str:
        chance = self.chance
        element = f"{self.any_name()}{chance.choice(['', '', '[0]', '(1)', '(1,1)', '[0,0]', '[9]', '(0)'])}"
        return chance.choice(
            [element, f"dL/d{element}", f"d{self.any_name()}/d{element}", self.expression(1), *TEXTS[:4]]
        )

    def claim(self) -> str:
        chance = self.chance
        texts = [self.quoted(self.expression(1)), self.quoted(chance.choice(TEXTS))]
        digits = f"{{ value = {self.number()}, digits = {chance.choice([0, 2, 2, 99, -1])} }}"
        return chance.choice([self.nest(), self.nest(), self.number(), *texts, digits])


# -- what bptui may do with one ----------------------------------------------------------------------------------------


def survive(text: str, folder: Path | None) -> str:
    """Read, run, check and export a file; return how far it came. Fails where bptui does what it must not."""
    try:
        scenario = bptui.loads(text, folder, limits=SMALL)
    except BptuiError as error:
        refused = str(error)
    else:
        return _survives(scenario)
    assert_shown(refused)
    assert len(refused) < 60_000
    return "refused"


def _survives(scenario: Scenario) -> str:
    """Run, check and export a scenario; return how far it came."""
    reached = "read"
    for mode in ("numbers", "symbols") if len(scenario.program.steps) <= 8 else ("numbers",):
        try:
            trace = bptui.run(scenario, mode=mode)
        except BptuiError as error:
            assert_shown(str(error))
            continue
        reached = "run"
        for name in FORMATS:
            try:
                written = bptui.export(trace, name)
            except BptuiError as error:
                assert_shown(str(error))
            else:
                assert_export(name, written)
        for value in trace.values if mode == "numbers" else ():
            assert SECRET not in value.reshape(-1).tolist(), "a file outside of the folder was read"
    try:
        json.dumps(bptui.check(scenario))
    except BptuiError as error:
        assert_shown(str(error))
    return reached


def assert_shown(text: str) -> None:
    """Fail where `text` has a character that a terminal would obey or that is not seen."""
    for character in text:
        category = unicodedata.category(character)
        assert character == "\n" or category not in ("Cc", "Cf", "Cs", "Co", "Zl", "Zp"), repr(character)


def assert_export(format: str, text: str) -> None:
    """Fail where an export has a control character, or obeys a mark of the file's."""
    assert_shown(text)
    if format == "html":
        page = _Page()
        page.feed(text)
        page.close()
        assert not page.marked, page.marked
    if format == "latex":
        assert f"\\{MARK}" not in text
        assert text.count("\\end{document}") == text.count("\\begin{document}")
    if format == "markdown":
        plain = re.sub(r"\\[^\w\s]|`[^`\n]*`", "", text)  # what is escaped or stands in code is obeyed by nobody
        assert not re.search(f"!\\[{MARK}|<{MARK}|<script|<img|^# head", plain, re.M)
    if format == "json":
        json.loads(text, parse_constant=_no_constant)


class _Page(HTMLParser):
    """Reads a page for tags and attributes that have the mark."""

    def __init__(self) -> None:
        super().__init__()
        self.marked: list[str] = []

    def handle_starttag(self, tag: str, attributes: list[tuple[str, str | None]]) -> None:
        for part in (tag, *(name for name, _ in attributes)):
            if MARK in part or part.startswith("on") or part in ("script", "img", "iframe", "link", "object", "base"):
                self.marked.append(self.get_starttag_text() or tag)


def _no_constant(name: str) -> float:
    raise AssertionError(f"JSON has no {name}")
