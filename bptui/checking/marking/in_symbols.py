"""What is true, as an expression in symbols and named values: for lines that are claimed in symbols.

It is the sum over all routes, as `present.expanding` derives their links, and not simplified beyond that.
"""

from __future__ import annotations

from collections.abc import Iterator

from bptui.checking.marking.claims import Entry, loss_node
from bptui.formula.plain import code
from bptui.formula.tidying import plus, times
from bptui.formula.tree import Element, Tree, number
from bptui.present import numbers
from bptui.present.expanding import Expanding
from bptui.scenario.notation import glued, unravel
from bptui.trace.elements import Node
from bptui.trace.record import Trace

_MOST_ROUTES = 64
_MOST_FOLLOWED = 50 * _MOST_ROUTES
_LONGEST = 400


def expression(trace: Trace, entry: Entry) -> str | None:
    """Return an entry as an expression; None where that would be long."""
    node, tail = entry
    expanding = Expanding(trace, most_terms=_LONGEST)
    if tail is None:
        tree = expanding.formula(*node) or expanding.name(*node)
    else:
        routes: list[Tree] = []
        for route in _routes(expanding, node, tail):
            if route is None or len(routes) == _MOST_ROUTES:
                return None
            routes.append(route)
        tree = plus(*routes)
    text = code(tree)
    return text if len(text) <= _LONGEST else None


def _routes(expanding: Expanding, head: Node, tail: Node) -> Iterator[Tree | None]:
    """Yield the product of the links of each route from `tail` to `head`, and None where it is given up."""
    trace, program = expanding.trace, expanding.program
    seeded = program.seeded and head == loss_node(program)
    waiting: list[tuple[Node, tuple[Tree, ...]]] = [(tail, ())]
    for _ in range(_MOST_FOLLOWED):
        if not waiting:
            return
        node, links = waiting.pop()
        if node == head:
            yield times(*links)
        elif seeded and node[0] == program.target:
            yield times(_seed(trace, node[1]), *links)
        else:
            for edge in reversed(trace.elements.named_edges(node)):
                if edge.head[0] <= head[0]:
                    link = expanding.derivative(node, edge.head)
                    if link is None:
                        yield None
                    else:
                        waiting.append((edge.head, (link, *links)))
    yield None


def _seed(trace: Trace, flat: int) -> Tree:
    seed = trace.scenario.seed
    if seed is not None and seed.symbol is not None:
        return Element(glued(seed.symbol, unravel(flat, seed.shape), trace.program.index_base))
    return number(numbers.number(trace.seed.item(flat)))
