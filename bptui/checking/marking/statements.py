"""What is stated about entries, as a map that is never changed: with other statements it is another map.

The two share what does not differ, line by line, so that a sheet of ten thousand numbers is not copied for each of
them.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Generic, TypeVar

from msgspec import Struct, field

from bptui.checking.marking.claims import Entry
from bptui.trace.elements import Node

T = TypeVar("T")


class Statements(Struct, Generic[T], frozen=True):
    """A map from entries to what is stated of them."""

    values: Mapping[int, Mapping[int, T]] = field(default_factory=dict)
    """Of elements of values: by value and flat index."""
    derivatives: Mapping[int, Mapping[Node, Mapping[Node, T]]] = field(default_factory=dict)
    """Of derivatives: by what they are with respect to, value by value, and by what they are of."""

    def get(self, entry: Entry) -> T | None:
        """Return what is stated of an entry; None where nothing is."""
        node, tail = entry
        if tail is None:
            return self.values.get(node[0], {}).get(node[1])
        return self.derivatives.get(tail[0], {}).get(tail, {}).get(node)

    def with_(self, changes: Mapping[Entry, T | None]) -> Statements[T]:
        """Return these with others in the place of some; with None, with nothing there. Itself where that is alike."""
        values: dict[int, dict[int, T]] = {}
        derivatives: dict[int, dict[Node, Mapping[Node, T]]] = {}
        for (node, tail), stated in changes.items():
            if self.get((node, tail)) == stated:
                continue
            if tail is None:
                if node[0] not in values:
                    values[node[0]] = dict(self.values.get(node[0], {}))
                _put(values[node[0]], node[1], stated)
            else:
                if tail[0] not in derivatives:
                    derivatives[tail[0]] = dict(self.derivatives.get(tail[0], {}))
                heads = dict(derivatives[tail[0]].get(tail, {}))
                _put(heads, node, stated)
                _put(derivatives[tail[0]], tail, heads or None)
        if not values and not derivatives:
            return self
        return Statements(_joined(self.values, values), _joined(self.derivatives, derivatives))

    def of_values(self, values: Iterable[int]) -> Iterator[tuple[Entry, T]]:
        """Yield what is stated of some values, by entry."""
        for value in values:
            for flat, one in self.values.get(value, {}).items():
                yield ((value, flat), None), one


K = TypeVar("K")
V = TypeVar("V")


def _put(stated: dict[K, V], key: K, one: V | None) -> None:
    if one is None:
        stated.pop(key, None)
    else:
        stated[key] = one


def _joined(before: Mapping[int, Mapping[K, V]], changed: Mapping[int, Mapping[K, V]]) -> Mapping[int, Mapping[K, V]]:
    if not changed:
        return before
    return {value: stated for value, stated in {**before, **changed}.items() if stated}
