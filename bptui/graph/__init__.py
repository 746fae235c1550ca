"""The computation graph of a program, drawn on the cells of a terminal; it knows no terminal library.

`building` makes a graph (`model`) at a zoom level, `layered` or `rails` lays it out, `progress` says what a step has
done to it, and `drawing` turns any window of it into rows of text.
"""

from __future__ import annotations

from bptui.graph.drawing import Drawing
from bptui.graph.layered import bends, layered
from bptui.graph.layout import Layout
from bptui.graph.model import Graph
from bptui.graph.rails import on_rails

MOST_LAYERED = 2000
"""Up to how many nodes and bends a graph is layered."""


def lay_out(graph: Graph, room: int | None = None) -> Layout:
    """Return a graph's layout: layered, or on rails where that would take long, or fit into `room` cells better."""
    sizes = [node.size for node in graph.nodes]
    links = [(edge.tail, edge.head) for edge in graph.edges]
    if graph.zoom == "elements":
        return layered(sizes, links, in_order=True)
    if len(sizes) + bends(len(sizes), links) > MOST_LAYERED:
        return on_rails(sizes, links)
    layout = layered(sizes, links)
    if room is None or layout.width <= room:
        return layout
    narrow = on_rails(sizes, links)
    # it is worth it where all can be seen, or at least less than half as much is left out
    return narrow if 2 * (narrow.width - room) <= layout.width - room else layout


def draw(graph: Graph, room: int | None = None) -> Drawing:
    """Return a graph laid out, where it can be for `room` columns, and ready to be drawn."""
    return Drawing(graph, lay_out(graph, room))
