"""A scenario's text with other numbers in it: each put in place of the old one, everything else as it was written.

Elements of leaves that are written out are replaced one by one. A leaf that was drawn, read from a file or given in
symbols only becomes the numbers themselves. Comments and layout stay.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence

import numpy as np

from bptui.scenario.document import Document
from bptui.scenario.leaves import Leaf, Values
from bptui.scenario.notation import unravel
from bptui.scenario.places import Place, Places
from bptui.scenario.source import Span

WIDTH = 100
"""How long a nest of numbers may be to stand on one line."""

_DRAWING = ("init", "scale", "seed")
"""The keys of a layer that say how its weights are drawn."""

_WEIGHTS, _BIAS = "weights", "bias"


def rewritten(
    document: Document, leaves: Sequence[Leaf], arrays: Mapping[str, Values], spelled_out: Collection[str] = ()
) -> str:
    """Return the text of `document` in which the leaves have the numbers of `arrays`, by name.

    The leaves in `spelled_out` are written as numbers whether or not they changed.
    """
    rewriting = _Rewriting(document, leaves, arrays)
    for leaf in leaves:
        array = arrays[leaf.name]
        if leaf.name in spelled_out or leaf.value is None or not np.array_equal(leaf.value, array, equal_nan=True):
            rewriting.leaf(leaf, array)
    return rewriting.text()


def nest(array: Values) -> str:
    """Return an array as TOML; a matrix that is too long for one line has a line for each row."""
    text = _nested(array)
    if array.ndim < 2 or len(text) <= WIDTH:
        return text
    return "[\n" + "".join(f"  {_nested(row)},\n" for row in array) + "]"


def _nested(array: Values) -> str:
    return repr(float(array)) if array.ndim == 0 else f"[{', '.join(_nested(part) for part in array)}]"


def _number(value: float, written: str) -> str:
    """Return a number as it replaces `written`: a whole one stays without a point."""
    whole = written.lstrip("+-").isdecimal() and value == int(value) if np.isfinite(value) else False
    return str(int(value)) if whole and abs(value) < 1e15 else repr(float(value))


class _Rewriting:
    """Collects what is put where."""

    def __init__(self, document: Document, leaves: Sequence[Leaf], arrays: Mapping[str, Values]) -> None:
        self._source = document.text
        self._places = Places(document.text)
        self._by_path = {leaf.path: leaf for leaf in leaves}
        self._arrays = arrays
        self._pieces: dict[Span, str] = {}
        self._moved: dict[str | int, Span] = {}
        """By table: where the leaves are written that had a header of their own."""

    def text(self) -> str:
        parts, at = [], 0
        for (start, end), text in sorted(self._pieces.items()):
            parts += [self._source[at:start], text]
            at = end
        return "".join([*parts, self._source[at:]])

    def leaf(self, leaf: Leaf, array: Values) -> None:
        """Write one leaf."""
        place, whole = self._places.find(leaf.path)
        if place is None or not whole:
            self._layer(leaf.path[:-1], str(leaf.path[-1]), array)
            return
        inside, has_value = self._places.find((*leaf.path, "value"))
        is_table = place.node is None or place.node.type == "inline_table"
        if not is_table:
            self._numbers(leaf, leaf.path, array)
        elif has_value and inside is not None:
            self._numbers(leaf, (*leaf.path, "value"), array)
        elif leaf.value is None:
            self._pair_added(place, f"value = {nest(array)}")
        elif place.node is not None:
            self._pieces[place.value] = nest(array)
        else:
            self._table_replaced(leaf, place, array)

    def _numbers(self, leaf: Leaf, path: Sequence[str | int], array: Values) -> None:
        """Replace the numbers that differ, each in its place."""
        assert leaf.value is not None
        old, new = leaf.value.reshape(-1), array.reshape(-1)
        for flat in np.flatnonzero(~((old == new) | (np.isnan(old) & np.isnan(new)))):
            place, _ = self._places.find((*path, *unravel(int(flat), leaf.shape)))
            assert place is not None, "a leaf that was read has all its numbers"
            written = self._source[slice(*place.value)]
            self._pieces[place.value] = _number(float(new[flat]), written)

    # -- tables ------------------------------------------------------------------------------------------------------

    def _children(self, place: Place) -> dict[str, Place]:
        self._places.find(())
        return {str(name): child for name, child in self._places.below(place).items()}

    def _pair_added(self, place: Place, pair: str) -> None:
        """Add a pair to a table, after its first one."""
        first = next(iter(self._children(place).values()))
        assert first.key is not None
        if place.node is not None:
            self._insert(first.value[1], f", {pair}")
        else:
            start = self._line_start(first.key[0])
            self._insert(self._line_end(first.value[1]), f"\n{self._source[start : first.key[0]]}{pair}")

    def _table_replaced(self, leaf: Leaf, place: Place, array: Values) -> None:
        """Write numbers for a leaf whose table takes several lines: `W1.init = …`, or a header `[parameters.W1]`."""
        children = list(self._children(place).values())
        assert children, "a leaf's table is not empty"
        spans = [self._lines_of(child) for child in children]
        before = self._source[spans[0][0] : children[0].key[0]] if children[0].key else ""
        if before.strip():
            self._pieces[spans[0]] = f"{before.rstrip().removesuffix('.')} = {nest(array)}\n"
            removed = spans[1:]
        else:
            self._written_above(leaf, place, array)
            removed = spans
        for span in removed:
            self._pieces[span] = ""

    def _written_above(self, leaf: Leaf, place: Place, array: Values) -> None:
        """Write `W1 = …` under the header `[parameters]`, in place of the header `[parameters.W1]`."""
        table = leaf.path[0]
        header = (self._line_start(place.value[0]), self._after_line(place.value[1]))
        self._pieces.setdefault(header, "")
        key = self._source[slice(*place.key)] if place.key else leaf.name
        pair = f"{key} = {nest(array)}\n"
        above, _ = self._places.find((table,))
        if table not in self._moved:
            if above is not None and above.given and self._source[self._line_start(above.value[0])] == "[":
                at = self._after_line(above.value[1])
                self._moved[table] = (at, at)
            else:
                self._moved[table] = header
                pair = f"[{table}]\n{pair}"
        self._pieces[self._moved[table]] = self._pieces.get(self._moved[table], "") + pair

    # -- layers ------------------------------------------------------------------------------------------------------

    def _layer(self, path: tuple[str | int, ...], key: str, array: Values) -> None:
        """Write out the weights or the bias of a layer that leaves them to be drawn, or to be zeros."""
        place, _ = self._places.find(path)
        assert place is not None, "a layer that was read stands in the file"
        children = self._children(place)
        added = [f"{key} = {nest(array)}"]
        if key == _WEIGHTS:
            for name in _DRAWING:
                if name in children:
                    self._pair_dropped(place, children, name)
            bias = self._by_path.get((*path, _BIAS))
            if bias is not None and _BIAS not in children:
                added.append(f"{_BIAS} = {nest(self._arrays[bias.name])}")
        elif self._written_out(path):
            return  # the bias stands beside the weights already
        kept = [child for name, child in children.items() if name not in _DRAWING]
        if place.node is not None:
            self._insert(kept[-1].value[1], "".join(f", {pair}" for pair in added))
        else:
            self._insert(self._line_end(kept[0].value[1]), "".join(f"\n{pair}" for pair in added))

    def _written_out(self, path: tuple[str | int, ...]) -> bool:
        """Return whether the drawn weights of a layer are written out, and its bias with them."""
        weights = self._by_path.get((*path, _WEIGHTS))
        if weights is None or weights.value is None or self._places.find((*path, _WEIGHTS))[1]:
            return False
        return not np.array_equal(weights.value, self._arrays[weights.name], equal_nan=True)

    def _pair_dropped(self, place: Place, children: Mapping[str, Place], name: str) -> None:
        spans = [(child.key[0], child.value[1]) for child in children.values() if child.key is not None]
        at = list(children).index(name)
        if place.node is None:
            self._pieces[self._lines_of(children[name])] = ""
        elif any(other not in _DRAWING for other in list(children)[:at]):
            self._pieces[spans[at - 1][1], spans[at][1]] = ""
        else:
            self._pieces[spans[at][0], spans[at + 1][0]] = ""

    # -- lines -------------------------------------------------------------------------------------------------------

    def _insert(self, at: int, text: str) -> None:
        self._pieces[at, at] = self._pieces.get((at, at), "") + text

    def _lines_of(self, pair: Place) -> Span:
        """Return the lines that a pair stands on, whole."""
        assert pair.key is not None
        return self._line_start(pair.key[0]), self._after_line(pair.value[1])

    def _line_start(self, at: int) -> int:
        return self._source.rfind("\n", 0, at) + 1

    def _line_end(self, at: int) -> int:
        end = self._source.find("\n", at)
        return len(self._source) if end < 0 else end

    def _after_line(self, at: int) -> int:
        return min(self._line_end(at) + 1, len(self._source))
