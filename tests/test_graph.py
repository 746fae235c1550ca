"""The graph: at every zoom nothing lies on anything else, every step is somewhere, and what is drawn says so."""

from __future__ import annotations

from array import array
from collections.abc import Sequence
from itertools import product
from random import Random
from typing import ClassVar

import pytest
from textual.app import App, ComposeResult
from textual.binding import Binding, BindingType
from textual.geometry import Region
from textual.strip import Strip
from textual.widget import Widget

import bptui
from app_help import until
from bptui import bundled
from bptui.ascii import respelled
from bptui.graph import MOST_LAYERED, draw, lay_out
from bptui.graph.building import MOST_ELEMENTS, build
from bptui.graph.channel import Wire, routed
from bptui.graph.drawing import Direction, Drawing
from bptui.graph.layered import layered
from bptui.graph.layout import Box, Layout, Link, Point, faults, simplified
from bptui.graph.model import ZOOMS, Edge, Graph, Node, Zoom
from bptui.graph.placing import placed
from bptui.graph.progress import Walk
from bptui.graph.rails import on_rails
from bptui.text import width
from bptui.trace.record import Trace
from bptui.tui.graph_view import GraphView
from work import counted

NAMES = bundled.names()
_TRACES: dict[str, Trace] = {}


def bundled_trace(name: str) -> Trace:
    if name not in _TRACES:
        path = bundled.path(name)
        assert path is not None
        _TRACES[name] = bptui.run(bptui.load(path))
    return _TRACES[name]


def graph_at(trace: Trace, zoom: Zoom, step: int = 0, element: int = 0) -> Graph:
    return build(trace.program, zoom, Walk(trace).focus(step, element), trace.choices)


def links_of(graph: Graph) -> list[Link]:
    return [(edge.tail, edge.head) for edge in graph.edges]


def text_of(drawing: Drawing, trace: Trace, step: int, selected: int | None = None) -> list[str]:
    progress = Walk(trace).at(drawing.graph, step)
    rows = drawing.rows(progress, 0, 0, drawing.layout.width, drawing.layout.height, selected)
    return ["".join(text for text, _ in row).rstrip() for row in rows]


def random_graph(random: Random, count: int) -> tuple[list[tuple[int, int]], list[Link]]:
    sizes = [(random.randrange(5, 24), random.choice([1, 3, 3, 4])) for _ in range(count)]
    links = {
        (random.randrange(max(0, head - 12), head), head)
        for head in range(1, count)
        for _ in range(random.choice([0, 1, 1, 2, 2, 3]))
    }
    return sizes, sorted(links)


# -- nothing on anything else ------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", NAMES)
def test_every_bundled_scenario_is_laid_out_without_faults_at_every_zoom(name: str) -> None:
    trace = bundled_trace(name)
    for zoom in ZOOMS[:3]:
        graph = graph_at(trace, zoom)
        sizes = [node.size for node in graph.nodes]
        for layout in (layered(sizes, links_of(graph)), on_rails(sizes, links_of(graph))):
            assert faults(layout, links_of(graph)) == []
    for step in range(len(trace.steps)):
        graph = graph_at(trace, "elements", step)
        layout = lay_out(graph)
        assert faults(layout, links_of(graph)) == []
        for one, other in product(range(len(graph.nodes)), repeat=2):
            if one < other and layout.boxes[one].y == layout.boxes[other].y:
                assert layout.boxes[one].x < layout.boxes[other].x, "elements stand in index order"


def test_two_hundred_random_graphs_are_laid_out_without_faults() -> None:
    random = Random(7)
    for _ in range(200):
        sizes, links = random_graph(random, random.randrange(1, 60))
        assert faults(layered(sizes, links), links) == []
        assert len(sizes) > 20 or faults(layered(sizes, links, in_order=True), links) == []
        assert faults(on_rails(sizes, links), links) == []


def test_a_layout_is_the_same_every_time() -> None:
    sizes, links = random_graph(Random(3), 50)
    assert layered(sizes, links) == layered(sizes, links)


@pytest.mark.parametrize(
    ("boxes", "paths", "fault"),
    [
        ([Box(0, 0, 4, 1), Box(3, 0, 4, 1)], [], "node 1 lies on node 0"),
        ([Box(0, 0, 40, 1)], [], "node 0 leaves the layout"),
        ([Box(0, 0, 3, 1), Box(0, 6, 3, 1), Box(0, 3, 3, 1)], [((1, 1), (1, 5))], "edge 0 runs through node 2"),
        ([Box(0, 0, 3, 1), Box(0, 6, 3, 1)], [((1, 1), (1, 4))], "edge 0 does not join its nodes"),
        ([Box(0, 0, 3, 1), Box(0, 6, 3, 1)], [((1, 2), (1, 5))], "edge 0 does not join its nodes"),
    ],
)
def test_the_check_finds_each_fault(boxes: list[Box], paths: list[tuple[Point, ...]], fault: str) -> None:
    assert fault in faults(Layout(tuple(boxes), tuple(paths), 30, 30), [(0, 1)] * len(paths))


def test_edges_may_cross_and_branch_but_not_run_together_or_touch() -> None:
    boxes = (Box(0, 0, 3, 1), Box(8, 0, 3, 1), Box(0, 9, 3, 1), Box(8, 9, 3, 1))
    crossing = ((1, 1), (1, 4), (9, 4), (9, 8)), ((9, 1), (9, 2), (5, 2), (5, 6), (1, 6), (1, 8))
    together = ((1, 1), (1, 4), (9, 4), (9, 8)), ((9, 1), (9, 3), (6, 3), (6, 4), (1, 4), (1, 8))
    touching = ((1, 1), (1, 4), (5, 4), (5, 8), (9, 8)), ((9, 1), (9, 4), (5, 4), (5, 2), (1, 2), (1, 8))
    apart: list[Link] = [(0, 3), (1, 2)]
    assert faults(Layout(boxes, crossing, 11, 10), apart) == []
    assert any("share cell (3, 4)" in fault for fault in faults(Layout(boxes, together, 11, 10), apart))
    assert any("share cell (5, 4)" in fault for fault in faults(Layout(boxes, touching, 11, 10), apart))
    branch = ((1, 1), (1, 4), (9, 4), (9, 8)), ((1, 1), (1, 8))
    assert faults(Layout(boxes, branch, 11, 10), [(0, 3), (0, 2)]) == []


@pytest.mark.parametrize(
    "pairs",
    [[(0, 4), (4, 0)], [(0, 4), (4, 8), (8, 0)], [(2, 6), (6, 2), (4, 10), (10, 4)]],
    ids=["two wires change places", "three wires in a circle", "two circles"],
)
def test_wires_that_exchange_their_columns_are_broken(pairs: list[tuple[int, int]]) -> None:
    runs, rows = routed([Wire(start, (end,)) for start, end in pairs])
    paths = []
    for (start, end), turns in zip(pairs, runs, strict=True):
        path = [(start, 1)]
        for row, column in turns:
            path += [(path[-1][0], 1 + row), (end if column is None else column, 1 + row)]
        paths.append(simplified([*path, (end, rows)]))
    assert any(len(turns) == 2 for turns in runs)
    boxes = [Box(start, 0, 1, 1) for start, _ in pairs] + [Box(end, 1 + rows, 1, 1) for _, end in pairs]
    links = [(wire, len(pairs) + wire) for wire in range(len(pairs))]
    assert faults(Layout(tuple(boxes), tuple(paths), 20, rows + 2), links) == []


def test_placing_is_as_near_to_the_wishes_as_can_be() -> None:
    random = Random(1)
    for _ in range(60):
        count = random.randrange(1, 4)
        wishes = [random.randrange(5) for _ in range(count)]
        weights = [random.choice([1, 1, 2, 5]) for _ in range(count)]
        strides = [random.randrange(1, 3) for _ in range(count - 1)]

        def cost(places: tuple[int, ...], wishes: list[int] = wishes, weights: list[int] = weights) -> int:
            return sum(weight * abs(place - wish) for place, wish, weight in zip(places, wishes, weights, strict=True))

        found = tuple(placed(wishes, weights, strides))
        allowed = [
            places
            for places in product(range(-6, 12), repeat=count)
            if all(places[at + 1] - places[at] >= stride for at, stride in enumerate(strides))
        ]
        assert found in allowed
        assert cost(found) == min(map(cost, allowed))


def test_large_graphs_are_laid_out_with_little_work() -> None:
    def graph(count: int) -> Graph:
        _, links = random_graph(Random(5), count)
        nodes = tuple(Node(at, "line", (f"n{at} = f(x)",), "", range(at, at + 1), (at,)) for at in range(count))
        return Graph("lines", nodes, tuple(Edge(tail, head, array("i", [head])) for tail, head in links))

    for count, most in ((300, 1_000_000), (2000, 300_000)):
        shown = graph(count)
        layout, calls = counted(lay_out, shown)
        assert calls < most
        by_hand = layered if count == 300 else on_rails
        assert layout == by_hand([node.size for node in shown.nodes], links_of(shown))
    assert MOST_LAYERED >= 300


def test_a_net_with_many_users_is_drawn_as_if_each_edge_were_drawn_alone() -> None:
    lines = "\n".join(f'a{at} = "tanh(a{at - 1})*w"' for at in range(1, 40))
    trace = bptui.run(bptui.loads(f'[parameters]\nw = 0.5\n[forward]\na0 = "w*w"\n{lines}\n[backward]\nwrt = ["w"]'))
    graph = graph_at(trace, "lines")
    drawing = Drawing(graph, on_rails([node.size for node in graph.nodes], links_of(graph)))
    walk = Walk(trace)
    for step in range(0, len(trace.steps), 7):
        progress = walk.at(graph, step)
        for y in range(drawing.layout.height):
            wires = [edge for edge in graph.below[0] if drawing.layout.boxes[graph.edges[edge].head].y > y + 1]
            states = [progress.edge(edge) for edge in wires]
            wanted = (
                "current" if any(state.current for state in states)
                else "grad" if any(state.arrived != "none" for state in states)
                else "done" if any(state.computed for state in states)
                else "todo"
            )  # fmt: skip
            (wire, style), *_ = drawing.row(progress, y, 0, 1)
            if wire in "│┊┃" and y > drawing.layout.boxes[0].bottom:
                assert style == f"edge.{wanted}"


def test_where_there_is_little_room_nodes_stand_below_each_other() -> None:
    graph = graph_at(bundled_trace("lstm-cell"), "lines")
    wide, narrow = lay_out(graph, 200), lay_out(graph, 40)
    assert wide.width > 100
    assert narrow.width <= 45
    assert len({box.y for box in narrow.boxes}) == len(graph.nodes)
    assert faults(narrow, links_of(graph)) == []


# -- the model ---------------------------------------------------------------------------------------------------------


def labels(name: str, zoom: Zoom) -> list[str]:
    return [" / ".join(node.label) for node in graph_at(bundled_trace(name), zoom).nodes]


def test_function_calls_of_one_line_are_nodes_of_the_network() -> None:
    text = """
[inputs]
x = [0.3, 0.2]
[parameters]
V = [[1.0, 2.0], [0.5, 0.1]]
W = [[1.0, 2.0], [0.5, 0.1]]
[functions]
"act(v)" = "tanh(v)"
"layer(x, W)" = "act(W @ x)"
"sq(v)" = "sum(v*v)"
[forward]
L = "sq(layer(layer(x, V) + 1, W))/2"
[backward]
wrt = ["x"]
"""
    trace = bptui.run(bptui.loads(text))
    graph = graph_at(trace, "network")
    expected = ["x", "L: layer(x, V)", "L: … + 1", "L: layer(…)", "L: sq(…)", "L = …/2"]
    assert [node.label[0] for node in graph.nodes] == expected
    assert [tuple(node.steps) for node in graph.nodes] == [(), (0, 1), (2,), (3, 4), (5, 6), (7,)]
    assert links_of(graph) == [(at, at + 1) for at in range(5)]
    assert trace.program.names["V"] in graph.nodes[1].values
    assert faults(lay_out(graph), links_of(graph)) == []
    one = bptui.run(bptui.loads(text.replace("sq(layer(layer(x, V) + 1, W))/2", "sq(W @ x + V @ x)/2")))
    assert len(graph_at(one, "network").nodes) == 2, "a line with one call stays whole"


def test_zoom_levels_of_the_exercise() -> None:
    assert labels("exercise-7-1", "network") == [
        "x", "t", "z1 = W1 @ x + b1 / h = relu(z1)", "z2 = W2 @ h + b2 / y = sigmoid(z2)", "L = loss(y, t)",
    ]  # fmt: skip
    assert labels("exercise-7-1", "lines")[-3:] == ["z2 = W2 @ h + b2", "y = sigmoid(z2)", "L = loss(y, t)"]
    assert labels("exercise-7-1", "operations")[6:] == [
        "z1: W1 @ x", "z1 = … + b1", "h = relu(z1)", "z2: W2 @ h", "z2 = … + b2", "y = sigmoid(z2)",
        "L: log(y)", "L: t·…", "L: 1 - t", "L: 1 - y", "L: log(…)", "L: …·…", "L: … + …", "L: sum(…)", "L = -1/2·…",
    ]  # fmt: skip
    assert labels("exercise-7-1", "elements") == [
        "W1(1,1)", "W1(1,2)", "W1(2,1)", "W1(2,2)", "W1(3,1)", "W1(3,2)", "x(1)", "x(2)",
        "(W1 @ x)(1)", "(W1 @ x)(2)", "(W1 @ x)(3)",
    ]  # fmt: skip


def test_an_activation_joins_its_line_only_where_nothing_else_uses_that() -> None:
    text = '[inputs]\nx = [1, 2]\n[forward]\na = "2*x"\nb = "sin(a)"\nc = "a + b"\n[backward]\nseed = [1, 1]\n'
    graph = graph_at(bptui.run(bptui.loads(text)), "network")
    assert [node.label for node in graph.nodes] == [("x",), ("a = 2·x",), ("b = sin(a)",), ("c = a + b",)]


def test_an_edge_carries_every_use() -> None:
    text = '[inputs]\nx = 3\n[forward]\ny = "x*x"\n'
    trace = bptui.run(bptui.loads(text))
    for zoom in ZOOMS:
        (edge,) = graph_at(trace, zoom).edges
        assert tuple(edge.operands) == (0, 1)
    progress = [Walk(trace).at(graph_at(trace, "lines"), step) for step in range(len(trace.steps))]
    assert [one.edge(0).arrived for one in progress] == ["none", "none", "part", "whole"]
    assert [one.node(0).arrived for one in progress] == ["none", "none", "part", "whole"]
    assert [one.node(1).arrived for one in progress] == ["none", "whole", "whole", "whole"]


@pytest.mark.parametrize("zoom", ZOOMS[:3])
def test_every_operand_but_those_inside_a_node_is_on_one_edge(zoom: Zoom) -> None:
    for name in NAMES:
        program = bundled_trace(name).program
        graph = graph_at(bundled_trace(name), zoom)
        for step in program.steps:
            (user,) = graph.by_step[step.index]
            for slot, operand in enumerate(step.inputs):
                edges = graph.by_operand.get(program.columns.starts[step.index] + slot, ())
                inside = program.values[operand].role == "constant" or user in graph.by_value[operand]
                assert len(edges) == (not inside)


def test_elements_of_large_arrays_are_left_out_but_never_the_one_in_focus() -> None:
    text = (
        "[inputs]\nx = { shape = [40], init = 'uniform' }\n[parameters]\nW = { shape = [30, 40], init = 'uniform' }\n"
        '[forward]\ny = "W @ x"\nL = "sum(y)"\n'
    )
    trace = bptui.run(bptui.loads(text))
    for step, name, element in ((0, "y", 29), (4, "W", 1199), (5, "x", 39)):
        graph = graph_at(trace, "elements", step, element)
        (node,) = Walk(trace).at(graph, step, element).nodes
        value = trace.program.names[name]
        assert (graph.nodes[node].values, graph.nodes[node].element) == ((value,), element)
        shown = [node for node in graph.nodes if node.values == (value,)]
        assert len(shown) == MOST_ELEMENTS + 1
        assert shown[-1].label == (f"… {trace.program.values[value].size - MOST_ELEMENTS:,} more",)
        assert faults(lay_out(graph), links_of(graph)) == []


def test_of_a_long_program_what_is_around_the_focus_is_drawn() -> None:
    lines = "".join(f'a{at} = "sin({f"a{at - 1}" if at else "x"})"\n' for at in range(5000))
    trace = bptui.run(bptui.loads(f"[inputs]\nx = 1\n[forward]\n{lines}"))
    for zoom in ZOOMS[:3]:
        graph = graph_at(trace, zoom, 3500)
        assert len(graph.nodes) < 2010
        assert Walk(trace).at(graph, 3500).nodes
        assert graph.by_value[trace.program.names["a3499"]]


# -- where the walk is -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", NAMES)
def test_every_step_is_at_a_node_and_its_edges_meet_there(name: str) -> None:
    trace = bundled_trace(name)
    walk = Walk(trace)
    for zoom in ZOOMS:
        for step in range(len(trace.steps)):
            graph = graph_at(trace, zoom, step)
            progress = walk.at(graph, step)
            assert len(progress.nodes) == 1
            for edge in progress.edges:
                ends = graph.edges[edge]
                assert progress.nodes[0] in (ends.tail, ends.head)
                assert progress.edge(edge).computed
            if trace.steps[step].phase == "forward" and zoom == "operations":
                assert len(progress.edges) == len(graph.above.get(progress.nodes[0], ()))


def test_going_to_a_node_is_going_to_where_it_is_computed_or_its_gradient_is_whole() -> None:
    for name in NAMES:
        trace = bundled_trace(name)
        walk = Walk(trace)
        for zoom in ZOOMS[:3]:
            graph = graph_at(trace, zoom)
            for node in graph.nodes:
                forward = walk.step_of(graph, node.id, backward=False)
                assert (forward is None) == (node.kind == "leaf")
                if forward is not None:
                    assert node.id in walk.at(graph, forward).nodes
                    assert walk.at(graph, forward).node(node.id).computed
                back = walk.step_of(graph, node.id, backward=True)
                if back is not None and back >= trace.seed_step:
                    assert walk.at(graph, back).node(node.id).arrived == "whole"
                    assert walk.at(graph, back - 1).node(node.id).arrived != "whole"


# -- the drawing -------------------------------------------------------------------------------------------------------


def test_the_exercise_as_it_is_drawn_going_forward() -> None:
    trace = bundled_trace("exercise-7-1")
    drawing = draw(graph_at(trace, "lines"))
    assert text_of(drawing, trace, 3) == [
        "     W1 (3, 2)     x (2,)     b1 (3,)",
        "             │        │       │",
        "            ╭▼────────▼───────▼╮",
        "            │ z1 = W1 @ x + b1 │",
        "            ╰─────────┬─ (3,) ─╯",
        "                      │",
        "              ╭───────▼───────╮",
        "              │ h = relu(z1)  │",
        "  W2 (2, 3)   ╰───────┬ (3,) ─╯   b2 (2,)",
        "      ┗━━━━━━┓        ┃       ╭╌╌╌╌╌╌╯",
        "            ┏▼━━━━━━━━▼━━━━━━━┷┓",
        "            ▐ z2 = W2 @ h + b2 ▌",
        "            ┗━━━━━━━━━┯━ (2,) ━┛",
        "                      ┊",
        "             ╭╌╌╌╌╌╌╌╌┴╌╌╌╌╌╌╌╌╮",
        "             ┊ y = sigmoid(z2) ┊",
        "             ╰╌╌╌╌╌╌╌╌┬╌ (2,) ╌╯   t (2,)",
        "                      ┊      ╭╌╌╌╌╌╌╌╌╯",
        "             ╭╌╌╌╌╌╌╌╌┴╌╌╌╌╌╌┴╮",
        "             ┊ L = loss(y, t) ┊",
        "             ╰╌╌╌╌╌╌╌╌╌╌╌╌╌╌╌╌╯",
    ]


def test_the_gradient_is_drawn_upward_and_marked_where_it_arrived() -> None:
    trace = bundled_trace("exercise-7-3b")
    drawing = draw(graph_at(trace, "operations"))
    last = len(trace.steps) - 1
    assert "▲" not in "\n".join(text_of(drawing, trace, 0))
    early, late = ("\n".join(text_of(drawing, trace, step)) for step in (last - 1, last))
    assert "△" in early
    assert "△" not in late
    assert text_of(drawing, trace, last)[0].strip().endswith("▲")


def test_without_colour_current_selected_computed_and_to_come_differ() -> None:
    trace = bundled_trace("exercise-7-1")
    for zoom in ("lines", "operations"):
        drawing = draw(graph_at(trace, zoom))
        (current,) = Walk(trace).at(drawing.graph, 2).nodes
        pictures = {
            "\n".join(text_of(drawing, trace, step, selected))
            for step, selected in ((2, None), (3, None), (20, None), (2, current), (2, 0), (3, current))
        }
        assert len(pictures) == 6


def test_only_a_branch_that_looks_like_a_crossing_is_dotted() -> None:
    trace = bundled_trace("rnn-five-steps")
    graph = graph_at(trace, "lines")
    picture = text_of(Drawing(graph, on_rails([node.size for node in graph.nodes], links_of(graph))), trace, 33)
    # w, U and b enter h1 to h4 from rails that go on; v and t are passed on the left by a wire that goes straight down
    assert [sum(row.count(mark) for row in picture) for mark in "•┼"] == [12, 2]


def test_a_window_shows_what_the_whole_shows_there() -> None:
    text = (
        '[inputs]\nx = [1, 2]\n"名前" = [3, 4]\n[forward]\n"值" = "名前 * x + x"\n"β" = "sigmoid(值) + 名前"\n'
        'L = "sum(β * 值)"\n'
    )
    trace = bptui.run(bptui.loads(text))
    for zoom, layout in product(ZOOMS[:3], (layered, on_rails)):
        graph = graph_at(trace, zoom)
        drawing = Drawing(graph, layout([node.size for node in graph.nodes], links_of(graph)))
        progress = Walk(trace).at(graph, 4)
        whole = [cells(row) for row in drawing.rows(progress, 0, 0, drawing.layout.width, drawing.layout.height, 1)]
        random = Random(2)
        for _ in range(60):
            left, top = random.randrange(-5, drawing.layout.width), random.randrange(-3, drawing.layout.height)
            wide, high = random.randrange(1, 30), random.randrange(1, 9)
            for y, row in enumerate(drawing.rows(progress, left, top, wide, high, 1), top):
                found = cells(row)
                assert len(found) == wide
                for x in range(left + 1, left + wide - 1):  # at the ends, wide characters may be cut
                    inside = 0 <= y < len(whole) and 0 <= x < drawing.layout.width
                    assert found[x - left] == (whole[y][x] if inside else (" ", ""))


@pytest.mark.parametrize("zoom", ZOOMS[:3])
def test_a_step_changes_no_row_but_those_that_are_said_to_change(zoom: Zoom) -> None:
    said = seen = 0
    for name in NAMES:
        trace = bundled_trace(name)
        drawing = draw(graph_at(trace, zoom), 60)
        walk, size = Walk(trace), (drawing.layout.width, drawing.layout.height)
        before = walk.at(drawing.graph, 0)
        for step in range(1, min(40, len(trace.steps))):
            after = walk.at(drawing.graph, step)
            rows = [drawing.rows(progress, 0, 0, *size) for progress in (before, after)]
            changed = {y for y, (old, new) in enumerate(zip(*rows, strict=True)) if old != new}
            said_to_change = drawing.changed(before, after)
            assert said_to_change is not None
            assert changed <= said_to_change == drawing.changed(after, before)
            said, seen = said + len(said_to_change), seen + len(changed)
            before = after
        assert len(trace.steps) < 3 or drawing.changed(walk.at(drawing.graph, 0), walk.at(drawing.graph, 2)) is None
    assert seen < said < 4 * seen  # it is worth asking


def cells(row: list[tuple[str, str]]) -> list[tuple[str, str]]:
    """Return a row cell by cell, each with its style; a wide character takes two."""
    found: list[tuple[str, str]] = []
    for text, style in row:
        for character in text:
            found += [(character, style), ("", style)][: width(character)]
    return found


def test_ascii_keeps_every_cell() -> None:
    for name, zoom in product(("exercise-7-1", "rnn-five-steps", "permutation-cycle"), ZOOMS):
        trace = bundled_trace(name)
        for step in (0, len(trace.steps) // 2, len(trace.steps) - 1):
            for row in text_of(draw(graph_at(trace, zoom, step)), trace, step, selected=1):
                spelled = "".join(text for text, _ in respelled([(row, None)]))
                assert spelled.isascii()
                assert len(spelled) == len(row)


def test_moving_from_node_to_node() -> None:
    drawing = draw(graph_at(bundled_trace("exercise-7-1"), "lines"))
    at = {node.label[0].partition(" ")[0]: node.id for node in drawing.graph.nodes}
    moves = [("z1", "down", "h"), ("h", "up", "z1"), ("z1", "up", "x"), ("x", "left", "W1"), ("x", "right", "b1"),
             ("W1", "down", "z1"), ("h", "left", "W2"), ("y", "right", "t"), ("L", "up", "y")]  # fmt: skip
    for start, direction, end in moves:
        assert drawing.neighbour(at[start], direction) == at[end]  # type: ignore[arg-type]
    assert drawing.neighbour(at["L"], "down") is None


def reached_by_arrows(drawing: Drawing, directions: Sequence[Direction] = ("up", "down", "left", "right")) -> set[int]:
    reached, waiting = {0}, [0]
    while waiting:
        at = waiting.pop()
        for direction in directions:
            other = drawing.neighbour(at, direction)
            if other is not None and other not in reached:
                reached.add(other)
                waiting.append(other)
    return reached


def test_every_node_is_reached_by_arrows() -> None:
    for name, zoom in product(NAMES, ZOOMS[:3]):
        drawing = draw(graph_at(bundled_trace(name), zoom))
        assert len(reached_by_arrows(drawing)) == len(drawing.graph.nodes)


def test_right_goes_through_the_nodes_of_one_column() -> None:
    random = Random(3)
    lines = [f'v{at} = "v{random.randrange(at // 2, at)} * v{random.randrange(at)}"' for at in range(2, 40)]
    text = "[inputs]\nv0 = 0.5\nv1 = 2.0\n[forward]\n" + "\n".join(lines) + '\nL = "v38 + v39"\n'
    graph = graph_at(bptui.run(bptui.loads(text)), "lines")
    drawing = Drawing(graph, on_rails([node.size for node in graph.nodes], links_of(graph)))
    assert len(reached_by_arrows(drawing, ["right"])) == len(graph.nodes)
    assert len(reached_by_arrows(drawing, ["up", "down"])) < len(graph.nodes)


def test_a_window_moves_no_further_than_it_must() -> None:
    drawing = draw(graph_at(bundled_trace("lstm-cell"), "lines"))
    for node, box in enumerate(drawing.layout.boxes):
        left, top = drawing.window([node], 0, 0, 60, 12)
        assert left <= box.x
        assert box.right <= left + 60
        assert top <= box.y
        assert box.bottom <= top + 12
        assert drawing.window([node], left, top, 60, 12) == (left, top)
        assert left == 0 or box.right + 2 >= left + 60 or left + 60 == drawing.layout.width


# -- the widget --------------------------------------------------------------------------------------------------------


class GraphApp(App[None]):
    """A graph alone, which notes what it says."""

    CSS = "GraphView { width: 1fr; height: 1fr; }"
    BINDINGS: ClassVar[list[BindingType]] = [Binding("plus", "zoom(1)"), Binding("minus", "zoom(-1)")]

    def __init__(self, trace: Trace) -> None:
        super().__init__()
        self.view = GraphView(trace)
        self.chosen: list[int] = []
        self.selected: list[tuple[int, ...]] = []

    def compose(self) -> ComposeResult:
        yield self.view

    def action_zoom(self, by: int) -> None:
        self.view.action_zoom(by)

    def on_graph_view_step_chosen(self, message: GraphView.StepChosen) -> None:
        self.chosen.append(message.step)

    def on_graph_view_node_selected(self, message: GraphView.NodeSelected) -> None:
        self.selected.append(tuple(message.values))


def on_screen(widget: Widget) -> str:
    return "\n".join(widget.render_line(y).text for y in range(widget.size.height))


def place_of(widget: Widget, text: str) -> tuple[int, int]:
    """Return where on the screen `text` begins."""
    rows = on_screen(widget).split("\n")
    y = next(y for y, row in enumerate(rows) if text in row)
    return rows[y].index(text), y


async def test_the_first_picture_has_the_graph(monkeypatch: pytest.MonkeyPatch) -> None:
    pictures: list[str] = []
    render_lines = GraphView.render_lines

    def noted(self: GraphView, crop: Region) -> list[Strip]:
        lines = render_lines(self, crop)
        pictures.append("\n".join(line.text for line in lines))
        return lines

    monkeypatch.setattr(GraphView, "render_lines", noted)
    async with GraphApp(bundled_trace("exercise-7-1")).run_test(size=(60, 30)) as pilot:
        await pilot.resize_terminal(50, 30)
        await until(pilot, lambda: pictures[-1].splitlines()[0] != pictures[0].splitlines()[0])
    assert all("z1 = W1 @ x + b1" in picture for picture in pictures)
    assert {len(picture.splitlines()[0]) for picture in pictures} == {60, 50}


async def test_arrows_select_and_enter_goes() -> None:
    trace = bundled_trace("exercise-7-1")
    app = GraphApp(trace)
    async with app.run_test(size=(60, 30)) as pilot:
        app.view.go(3)
        await pilot.press("up", "up")
        await pilot.pause()
        names = trace.program.names
        assert [values[-1] for values in app.selected] == [names["z2"], names["h"]]
        assert "╔" in on_screen(app.view)
        await pilot.press("enter")
        await pilot.pause()
        assert app.chosen == [trace.program.producer[names["h"]]]
        app.view.go(len(trace.steps) - 1)
        await pilot.press("enter")
        await pilot.pause()
        assert app.chosen[1] > trace.seed_step


async def test_zooming_keeps_the_selection_and_the_step_in_sight() -> None:
    trace = bundled_trace("rnn-five-steps")
    app = GraphApp(trace)
    async with app.run_test(size=(40, 12)) as pilot:
        for step in (0, 20, len(trace.steps) - 1):
            app.view.go(step)
            await pilot.press("minus", "minus", "minus")
            for zoom in ZOOMS:
                await pilot.pause()
                assert app.view.zoom == zoom
                assert "▐" in on_screen(app.view)
                await pilot.press("plus")
            assert app.view.zoom == "elements"
        await pilot.press("minus", "minus", "down", "plus")
        await pilot.pause()
        assert app.view.selected
        assert app.view.selected[-1] == app.selected[-1][-1]


async def test_the_mouse_selects_goes_and_pans() -> None:
    trace = bundled_trace("exercise-7-1")
    app = GraphApp(trace)
    async with app.run_test(size=(60, 14)) as pilot:
        await pilot.pause()
        place = place_of(app.view, "h = relu(z1)")
        await pilot.click(app.view, offset=place)
        await pilot.pause()
        assert app.selected[-1][-1] == trace.program.names["h"]
        assert app.chosen == [trace.program.producer[trace.program.names["h"]]]
        await pilot.mouse_down(app.view, offset=(30, 10))
        await pilot.hover(app.view, offset=(30, 7))
        await pilot.mouse_up(app.view, offset=(30, 7))
        await pilot.pause()
        assert place_of(app.view, "h = relu(z1)") == (place[0], place[1] - 3)
        assert app.selected[-1][-1] == trace.program.names["h"], "a drag selects nothing"
        await pilot.press("shift+up", "0")
        await pilot.pause()
        assert app.view.selected == ()


@pytest.mark.parametrize("size", [(1, 1), (2, 3), (7, 2), (40, 12), (200, 60)])
async def test_any_size_is_drawn_in_full(size: tuple[int, int]) -> None:
    trace = bundled_trace("attention-head")
    app = GraphApp(trace)
    async with app.run_test(size=size) as pilot:
        for key in ("plus", "plus", "down", "left", "shift+right", "minus", "enter", "0"):
            await pilot.press(key)
            for y in range(app.view.size.height):
                assert app.view.render_line(y).cell_length == app.view.size.width
