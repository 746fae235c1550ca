"""The computation graph of a program, drawn on the cells of a terminal; it knows no terminal library.

`model` makes a graph at a zoom level, `layered` (or `rails`, for what is too large) lays it out, `progress` says what a
step of the walk has done to it, and `drawing` turns any window of it into rows of text.
"""

from __future__ import annotations

from bptui.graph.drawing import Drawing
from bptui.graph.layered import bends, layered
from bptui.graph.layout import Layout
from bptui.graph.model import Graph
from bptui.graph.rails import on_rails

MOST_LAYERED = 2000
"""Up to how many nodes and bends a graph is layered."""


def lay_out(graph: Graph) -> Layout:
    """Return a graph's layout: layered, or on rails where that would take long."""
    sizes = [node.size for node in graph.nodes]
    links = [(edge.tail, edge.head) for edge in graph.edges]
    if len(sizes) + bends(len(sizes), links) > MOST_LAYERED:
        return on_rails(sizes, links)
    return layered(sizes, links, in_order=graph.zoom == "elements")


def draw(graph: Graph) -> Drawing:
    """Return a graph laid out and ready to be drawn."""
    return Drawing(graph, lay_out(graph))
