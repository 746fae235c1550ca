"""Where the keys and values of a TOML text stand: what tomllib does not tell, and a fault has to point at.

Only a text that has a fault needs this, so only then is it imported, and tree-sitter with it.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence

import tree_sitter_toml
from msgspec import Struct
from tree_sitter import Language, Node, Parser

from bptui.scenario.source import Span

_BEYOND_ASCII = re.compile(r"[^\x00-\x7f]")
_ESCAPE = re.compile(r"\\(?:u([0-9a-fA-F]{4})|U([0-9a-fA-F]{8})|([ \t]*\n[ \t\n]*)|(.))", re.DOTALL)
_SHORT_ESCAPES = {"b": "\b", "t": "\t", "n": "\n", "f": "\f", "r": "\r", "e": "\x1b", '"': '"', "\\": "\\"}


class Place(Struct):
    """Where one key or one element of a list stands, and what is below it."""

    key: Span | None
    """The part of the (dotted) key or header that names it; None for an element of a list in brackets."""
    value: Span
    """The value. For a table or an array of tables that a header opens, the name in the header."""
    node: Node | None = None
    """The value's node, from which `children` are found when they are first asked for."""
    children: dict[str | int, Place] | None = None
    given: bool = False
    """Whether a header or a pair names it itself; the tables above it are only implied."""
    many: bool = False
    """Whether it is an array of tables, `[[…]]`."""

    def last(self) -> Place:
        """Return the table that headers below this one continue: the newest of an array of tables, or itself."""
        return self.children[len(self.children) - 1] if self.many and self.children else self


class Places:
    """The places of everything in `text`, which tomllib has accepted, or refused only for a key given twice."""

    def __init__(self, text: str) -> None:
        self.text = text
        self._repeated: list[tuple[Span, Span]] = []
        # One ASCII letter for every other character makes tree-sitter's byte offsets offsets of characters.
        tree = Parser(Language(tree_sitter_toml.language())).parse(_BEYOND_ASCII.sub("x", self.text).encode())
        self._root = Place(None, (0, 0), children={})
        table = self._root
        for node in tree.root_node.children:
            if node.type == "pair":
                self._pair(table, node)
            elif node.type in ("table", "table_array_element"):
                table = self._header(node)
                for child in node.children:
                    if child.type == "pair":
                        self._pair(table, child)

    def find(self, path: Sequence[str | int]) -> tuple[Place | None, bool]:
        """Return the place that `path` leads to, or the last one on the way, and whether the path ends there."""
        place = self._root
        for step in path:
            child = self._children(place).get(step)
            if child is None:
                return (None if place is self._root else place), False
            place = child
        return (None if place is self._root else place), True

    def below(self, place: Place) -> Mapping[str | int, Place]:
        """Return the places of a table's keys, or of a list's elements, in the order of the file."""
        return self._children(place)

    def all_repeated(self) -> list[tuple[Span, Span]]:
        """Return, for every key that is given twice, where the second time and where the first."""
        places = [self._root]
        while places:
            places.extend(self._children(places.pop()).values())
        return sorted(self._repeated)

    def _header(self, node: Node) -> Place:
        *above, last = self._parts(next(child for child in node.children if child.type.endswith("key")))
        parent = self._implied(self._root, above).last()
        name, span = last
        children = self._children(parent)
        place = children.get(name)
        if node.type == "table_array_element":
            if place is not None and not place.many:
                self._repeated.append((span, place.key or place.value))
            if place is None or not place.many:
                place = children[name] = Place(span, span, children={}, given=True, many=True)
            elements = self._children(place)
            element = elements[len(elements)] = Place(span, span, children={}, given=True)
            return element
        if place is None:
            place = children[name] = Place(span, span, children={})
        elif place.given:
            self._repeated.append((span, place.key or place.value))
        else:
            place.key, place.value = span, span
        place.given = True
        return place

    def _pair(self, table: Place, node: Node) -> None:
        key, value = (child for child in node.children if child.is_named and child.type not in ("comment", "ERROR"))
        *above, (name, span) = self._parts(key)
        children = self._children(self._implied(table, above, given=True))
        if name in children:
            self._repeated.append((span, children[name].key or span))
        else:
            children[name] = Place(span, (value.start_byte, value.end_byte), value, given=True)

    def _implied(self, place: Place, parts: list[tuple[str, Span]], *, given: bool = False) -> Place:
        """Return the table at the end of dotted `parts`, made where it is missing; if `given`, it has no header."""
        for name, span in parts:
            children = self._children(place.last())
            place = children.setdefault(name, Place(span, span, children={}, given=given))
            if place.node is not None:
                self._repeated.append((span, place.key or place.value))
        return place

    def _children(self, place: Place) -> dict[str | int, Place]:
        if place.children is None:
            place.children = {}
            if place.node is not None and place.node.type == "inline_table":
                for node in place.node.children:
                    if node.type == "pair":
                        self._pair(place, node)
            elif place.node is not None and place.node.type == "array":
                values = (
                    node for node in place.node.children if node.is_named and node.type not in ("comment", "ERROR")
                )
                for index, node in enumerate(values):
                    place.children[index] = Place(None, (node.start_byte, node.end_byte), node, given=True)
        return place.children

    def _parts(self, node: Node) -> list[tuple[str, Span]]:
        return [(self._name(part), (part.start_byte, part.end_byte)) for part in _key_nodes(node)]

    def _name(self, node: Node) -> str:
        written = self.text[node.start_byte : node.end_byte]
        return decoded(written)[0] if node.type == "quoted_key" else written


def _key_nodes(node: Node) -> Iterator[Node]:
    if node.type == "dotted_key":
        for child in node.children:
            yield from _key_nodes(child)
    elif node.type in ("bare_key", "quoted_key"):
        yield node


def decoded(written: str) -> tuple[str, list[int]]:
    """Return the value of a TOML string as it is written, and for each of its characters the offset in `written`.

    The list has one entry more than the value has characters: the offset of the closing quote.
    """
    quotes = 3 if written[:3] in ('"""', "'''") else 1
    start, end = quotes, max(quotes, len(written) - quotes)
    if quotes == 3 and written.startswith("\n", start):
        start += 1
    characters: list[str] = []
    offsets: list[int] = []

    def plain(upto: int) -> None:
        characters.extend(written[start:upto])
        offsets.extend(range(start, upto))

    if written[0] == '"':
        for match in _ESCAPE.finditer(written, start, end):
            plain(match.start())
            short, long, folded, letter = match.groups()
            if folded is None:
                character = chr(int(short or long, 16)) if short or long else _SHORT_ESCAPES.get(letter, letter)
                characters.append(character)
                offsets.append(match.start())
            start = match.end()
    plain(end)
    return "".join(characters), [*offsets, end]
