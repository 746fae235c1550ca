"""Reads formulas back from what the exports write: from text, LaTeX and MathML to the same trees.

Each reader turns its format into plain formula text with a name of its own for every element and derivative, and has
`bptui.formula.reading` read that. Whole files are read back to their displayed equations: a left side and its sides.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator
from html import unescape
from xml.etree import ElementTree

from bptui.formula import names
from bptui.formula.reading import read
from bptui.formula.tree import Derivative, Element, Tree

Equation = tuple[Tree, tuple[Tree, ...]]


class Known:
    """Elements and derivatives by the names that they have in the text that is read."""

    def __init__(self) -> None:
        self.trees: dict[str, Tree] = {}

    def name(self, tree: Tree) -> str:
        name = f"_{len(self.trees)}"
        self.trees[name] = tree
        return name

    def read(self, text: str, arrays: Collection[str] = ()) -> Tree:
        return read(text, arrays, self.trees.get)


# -- text ------------------------------------------------------------------------------------------------------------

_ELEMENT = r"[^\W\d]\w*(?:\([\d,]+\)|\[[\d,]+\])?"
_NUMBERED = re.compile(r"#(\d+)(\([\d,]+\)|\[[\d,]+\])?")
_DERIVATIVE = re.compile(rf"(?<![\w.])([d∂])({_ELEMENT})/\1({_ELEMENT})")


def from_text(text: str, arrays: Collection[str]) -> Tree:
    """Return the tree of a formula as text; `arrays` are the names whose elements are written in parentheses."""
    known = Known()

    def derivative(match: re.Match[str]) -> str:
        head, tail = (read(match[at], arrays) for at in (2, 3))
        assert isinstance(head, Element)
        assert isinstance(tail, Element)
        return known.name(Derivative(head, tail, partial=match[1] == "∂"))

    def numbered(match: re.Match[str]) -> str:
        index = match[2] or ""
        numbers = tuple(map(int, re.findall(r"\d+", index)))
        return known.name(Element(f"#{match[1]}", numbers, 1 if index.startswith("(") else 0))

    return known.read(_NUMBERED.sub(numbered, _DERIVATIVE.sub(derivative, text)), arrays)


def equations_of_text(text: str, arrays: Collection[str]) -> list[Equation]:
    """Return the equations of a document as text: what is indented by four, with its further lines."""
    found: list[str] = []
    for line in text.split("\n"):
        if re.match(r" {4}\S", line) and not line.lstrip().startswith("…"):
            found.append(line.strip())
        elif re.match(r" {5,}\S", line):
            found[-1] += " " + line.strip()
    return [_split([from_text(side, arrays) for side in sides(equation)]) for equation in found]


def sides(text: str) -> list[str]:
    """Return the pieces between equals signs outside all brackets."""
    depth, start, found = 0, 0, []
    for at, character in enumerate(text):
        depth += (character in "([{") - (character in ")]}")
        if depth == 0 and text[at : at + 3] == " = ":
            found.append(text[start:at].strip())
            start = at + 3
    return [*found, text[start:].strip()]


def _split(trees: list[Tree]) -> Equation:
    left, *others = trees
    return left, tuple(others)


# -- LaTeX -----------------------------------------------------------------------------------------------------------

_TOKEN = re.compile(r"\\[a-zA-Z]+|\\.|\d+(?:\.\d+)?|[a-zA-Z]|\S")
_GREEK = {command: letter for letter, command in names.GREEK.items()}
_AS_TEXT = {
    r"\cdot": "*",
    r"\le": "<=",
    r"\ge": ">=",
    r"\ne": "!=",
    r"\infty": "inf",
    r"\pi": "pi",
    r"\ ": "",
    r"\quad": "",
    r"\qquad": "",
    "&": "",
}


DIFFERENTIAL = [r"\mathrm", "{", "d", "}"]


class _Latex:
    def __init__(self, text: str) -> None:
        self.tokens = _TOKEN.findall(text)
        self.at = 0
        self.known = Known()

    def peek(self) -> str:
        return self.tokens[self.at] if self.at < len(self.tokens) else ""

    def next(self) -> str:
        self.at += 1
        return str(self.tokens[self.at - 1])

    def take(self, *tokens: str) -> None:
        for token in tokens:
            assert self.next() == token, (token, self.tokens[self.at - 1 :])

    def group(self) -> str:
        self.take("{")
        inside = self.until("}")
        self.take("}")
        return inside

    def raw(self) -> list[str]:
        self.take("{")
        start = self.at
        depth = 1
        while depth:
            token = self.next()
            depth += (token == "{") - (token == "}")
        return self.tokens[start : self.at - 1]

    def until(self, *ends: str) -> str:
        pieces: list[str] = []
        while self.at < len(self.tokens) and self.peek() not in ends:
            pieces.append(self.piece())
        return " ".join(pieces)

    def piece(self) -> str:
        token = self.peek()
        if token in (r"\mathit", r"\text") or (token.isalpha() and token != "e") or token == "{":
            if token == "{" and self.tokens[self.at + 1] == "}":
                self.take("{", "}")
                return ""
            return self.known.name(self.element())
        self.at += 1
        match token:
            case "e":
                self.take("^")
                return f"exp({self.group()})"
            case r"\frac":
                if self.tokens[self.at + 1] == r"\partial" or self.tokens[self.at + 1 : self.at + 5] == DIFFERENTIAL:
                    return self.derivative()
                return f"(({self.group()})/({self.group()}))"
            case r"\sqrt":
                return f"sqrt({self.group()})"
            case "^":
                return f"**({self.group()})"
            case r"\times":
                self.take("10", "^")
                return f"e{int(''.join(self.raw())):+03d}"
            case r"\operatorname":
                return "".join(self.raw()).replace(r"\_", "_")
            case r"\mathrm" | r"\mathrel":
                return "".join(self.raw())
            case r"\left" | r"\right" | r"\bigl" | r"\bigr":
                bracket = self.next()
                if bracket in (r"\lvert", r"\rvert"):
                    return "abs(" if bracket == r"\lvert" else ")"
                return bracket
            case r"\ldots":
                self.take(r"\text")
                count, *_ = self.raw()
                self.take(r"\ldots")
                return f"… {count} more …"
            case r"\begin":
                return self.environment("".join(self.raw()))
        if token.startswith("\\") and token[1:] in ("log", "max", "min", "sin", "cos", "tanh"):
            return token[1:]
        return _AS_TEXT.get(token, token)

    def environment(self, name: str) -> str:
        rows = [[""]]
        while self.peek() != r"\end":
            rows[-1][-1] += self.until("&", r"\\", r"\end", r"\text")
            match self.peek():
                case r"\text" if name == "cases":
                    self.next()
                    self.raw()  # `if` and `otherwise`
                case r"\text":
                    rows[-1][-1] += self.piece()
                case "&":
                    self.next()
                    rows[-1].append("")
                case r"\\":
                    self.next()
                    rows.append([""])
        self.next()
        self.raw()
        if name == "cases":
            (then, condition), (other, _) = rows
            return f"({then} if {condition} else {other})"
        matrix = [f"[{', '.join(row)}]" for row in rows]
        return f"[{', '.join(matrix)}]"

    def derivative(self) -> str:
        (head, partial), (tail, _) = self.differential(), self.differential()
        return self.known.name(Derivative(head, tail, partial))

    def differential(self) -> tuple[Element, bool]:
        self.take("{")
        partial = self.peek() == r"\partial"
        if partial:
            self.next()
        else:
            self.take(r"\mathrm", "{", "d", "}")
        element = self.element()
        self.take("}")
        return element, partial

    def element(self) -> Element:
        stem, subscript = self.name(), ""
        if self.peek() == "_":
            self.next()
            self.take("{")
            if self.peek()[0].isdigit():
                while self.peek() != "}":
                    subscript += self.next()
            else:
                subscript = self.name()
            self.take("}")
        name = identifier(stem, subscript)
        index: list[str] = []
        if self.peek() in ("(", "["):
            opening = self.next()
            while self.peek() not in (")", "]"):
                index.append(self.next())
            self.next()
            numbers = tuple(int(one) for one in index if one != ",")
            return Element(name, numbers, 1 if opening == "(" else 0)
        return Element(name)

    def name(self) -> str:
        token = self.next()
        if token in (r"\mathit", r"\text", "{"):
            if token == "{":
                self.at -= 1
            tokens = [one for one in self.raw() if one not in "{}"]
            return "".join(_GREEK.get(one[1:], one).replace("\\_", "_").replace("\\#", "#") for one in tokens)
        return token


def from_latex(text: str) -> Tree:
    """Return the tree of a formula in LaTeX."""
    reader = _Latex(text)
    return reader.known.read(re.sub(r"(?<=\d) e(?=[+-]\d)", "e", reader.until()))


def equations_of_latex(text: str) -> list[Equation]:
    """Return the equations of a LaTeX or a Markdown file, from its `align*` and `aligned` environments."""
    found: list[Equation] = []
    for block in re.findall(r"\\begin\{align(?:ed|\*)\}\n(.*?)\n\s*\\end\{align(?:ed|\*)\}", text, re.S):
        whole: list[str] = []
        for row in re.split(r" \\\\(?:\[\d+pt\])?\n", block):
            left, sign, rest = row.strip().partition("&")
            assert sign
            if left.strip():
                whole.append(f"{left} {rest}")
            elif rest.startswith((r"\qquad", "= ")):
                whole[-1] += f" {rest}"
            else:
                whole.append(rest)
        found += [_split(list(map(from_latex, sides(one)))) for one in whole]
    return found


# -- MathML ----------------------------------------------------------------------------------------------------------

_OPERATORS = {"⋅": "*", "−": "-", "≤": "<=", "≥": ">=", "≠": "!=", "\u2061": ""}


class _MathML:
    def __init__(self) -> None:
        self.known = Known()

    def text(self, nodes: list[ElementTree.Element]) -> str:
        pieces: list[str] = []
        bars = 0
        at = 0
        while at < len(nodes):
            node = nodes[at]
            at += 1
            inside = node.text or ""
            match node.tag:
                case "mo" if inside == "|":
                    bars += 1
                    pieces.append("abs(" if bars % 2 else ")")
                case "mo" if inside == "{":
                    pieces.append(self.cases(nodes[at]))
                    at += 1
                case "mo" if inside == "×":
                    power = self.text(list(nodes[at])[1:]).replace(" ", "")
                    pieces[-1] += f"e{int(power):+03d}"
                    at += 1
                case "mo":
                    pieces.append(_OPERATORS.get(inside, inside))
                case "mn":
                    pieces.append({"∞": "inf", "π": "pi"}.get(inside, inside))
                case "mi" | "mtext" | "msub" if not _called(nodes, at) and not inside.startswith("…"):
                    pieces.append(self.known.name(Element(_name(node))))
                case "mi" | "mtext":
                    pieces.append(inside)
                case "mrow" if _is_element(node):
                    pieces.append(self.known.name(_element(node)))
                case "mrow":
                    pieces.append(self.text(list(node)))
                case "msup" if node[0].text == "e":
                    pieces.append(f"exp({self.text([node[1]])})")
                case "msup":
                    pieces.append(f"({self.text([node[0]])})**({self.text([node[1]])})")
                case "msqrt":
                    pieces.append(f"sqrt({self.text(list(node))})")
                case "mfrac" if _is_differential(node[0]):
                    head, tail = (_element_of(list(row)[1]) for row in node)
                    pieces.append(self.known.name(Derivative(head, tail, node[0][0].text == "∂")))
                case "mfrac":
                    pieces.append(f"(({self.text([node[0]])})/({self.text([node[1]])}))")
                case "mtable":
                    rows = [", ".join(self.text(list(cell)) for cell in row) for row in node]
                    pieces.append(", ".join(f"[{row}]" for row in rows))
                case _:
                    raise AssertionError(node.tag)
        return " ".join(pieces)

    def cases(self, table: ElementTree.Element) -> str:
        (then, condition), (other, _) = (list(row) for row in table)
        return f"({self.text(list(then))} if {self.text(list(condition)[1:])} else {self.text(list(other))})"


def _called(nodes: list[ElementTree.Element], at: int) -> bool:
    return at < len(nodes) and nodes[at].text == "\u2061"


def _is_differential(row: ElementTree.Element) -> bool:
    return row.tag == "mrow" and len(row) == 2 and (row[0].text == "∂" or row[0].get("mathvariant") == "normal")


def _is_element(row: ElementTree.Element) -> bool:
    tags = [node.tag for node in row]
    return len(tags) >= 4 and tags[0] in ("mi", "msub", "mtext") and tags[1] == "mo" and row[1].text in ("(", "[")


def _element_of(node: ElementTree.Element) -> Element:
    return _element(node) if node.tag == "mrow" else Element(_name(node))


def _element(row: ElementTree.Element) -> Element:
    index = tuple(int(node.text or "") for node in row if node.tag == "mn")
    return Element(_name(row[0]), index, 1 if row[1].text == "(" else 0)


def _name(node: ElementTree.Element) -> str:
    if node.tag == "msub":
        return identifier(node[0].text or "", node[1].text or "")
    return node.text or ""


def from_mathml(text: str) -> Tree:
    """Return the tree of a formula in MathML."""
    reader = _MathML()
    return reader.known.read(reader.text(list(ElementTree.fromstring(f"<math>{_plain(text)}</math>"))))


def equations_of_html(text: str) -> Iterator[Equation]:
    """Yield the equations of an HTML file."""
    for equation in re.findall(r'<div class="equation">.*', text):
        left, *others = re.findall(r"<math[^>]*>(.*?)</math>", equation)
        joined: list[str] = []
        for piece in others:
            start = re.match(r'<mo form="infix">=</mo>', piece)
            if start:
                joined.append(piece[start.end() :])
            else:
                joined[-1] += piece
        yield _split([from_mathml(one) for one in (left, *joined)])


def identifier(stem: str, subscript: str) -> str:
    """Return the identifier that is set as these parts."""
    if not subscript:
        return stem
    return stem + subscript.replace(",", "_") if subscript[0].isdecimal() else f"{stem}_{subscript}"


def _plain(text: str) -> str:
    """Return MathML without the entities that XML does not know."""
    return re.sub(r"&(?!lt;|gt;|amp;|quot;)#?\w+;", lambda match: unescape(match[0]), text)
