"""Work beside the app, which stays at hand meanwhile; of one kind of work the last that was asked for."""

from __future__ import annotations

from collections.abc import Callable, Coroutine
from functools import partial
from typing import Any

from textual.css.query import NoMatches
from textual.dom import DOMNode
from textual.worker import WorkType


def run_beside(node: DOMNode, group: str, work: Callable[..., Coroutine[Any, Any, None]], *arguments: object) -> None:
    """Run `work` with its arguments, in the place of what was asked for in this group before.

    It is called when its turn comes: what is given up by then was never begun, and there is nothing to await.
    """
    begun: WorkType[None] = partial(while_there, node, partial(work, *arguments))
    node.run_worker(begun, exclusive=True, group=group)


async def while_there(node: DOMNode, work: Callable[[], Coroutine[Any, Any, None]]) -> None:
    """Do `work`; what it finds missing is no fault once the node is being closed, for its parts go before it does."""
    try:
        await work()
    except NoMatches:
        if node.is_attached and node.display:
            raise
