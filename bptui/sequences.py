"""Sequences whose items are made, or looked up, one by one: what is long costs what is read of it."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Callable, Iterator, Sequence
from typing import TypeVar, overload

Item = TypeVar("Item")


class OneByOne(Sequence[Item]):
    """A sequence that gives single items; a slice of it is a list of them."""

    __slots__ = ()

    @overload
    def __getitem__(self, index: int) -> Item: ...
    @overload
    def __getitem__(self, index: slice) -> Sequence[Item]: ...
    def __getitem__(self, index: int | slice) -> Item | Sequence[Item]:
        if isinstance(index, slice):
            return [self._item(at) for at in range(*index.indices(len(self)))]
        return self._item(index)

    def __iter__(self) -> Iterator[Item]:
        return map(self._item, range(len(self)))

    @abstractmethod
    def _item(self, index: int) -> Item:
        """Return one item, from the end where `index` is negative; raises IndexError where there is none."""

    def _place(self, index: int) -> int:
        """Return an index counted from the start; raises IndexError."""
        if not -len(self) <= index < len(self):
            raise IndexError(f"there are {len(self)}")
        return index % len(self)


class Lazy(OneByOne[Item]):
    """`length` items, item `index` being `make(index)`."""

    def __init__(self, length: int, make: Callable[[int], Item]) -> None:
        self._length, self._make = length, make

    def __len__(self) -> int:
        return self._length

    def _item(self, index: int) -> Item:
        return self._make(self._place(index))
