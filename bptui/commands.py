"""The commands: each once, with its keys, the words that explain it, and what it does.

Bindings, the line of keys at the bottom, the help screen and the command palette are all made from this list; so are
the commands of the line-by-line mode.
"""

from __future__ import annotations

from typing import NamedTuple


class Command(NamedTuple):
    """Something that the reader can do."""

    id: str
    """Its name in a keymap: `walk.next`."""
    keys: str
    """Textual's names of its keys, separated by commas."""
    action: str
    title: str
    """What it does, in the help and the palette."""
    shown: str
    """Its keys as they are printed."""
    label: str = ""
    """Its word in the line of keys; nothing where it does not stand there."""
    priority: bool = False


WALKING = (
    Command("walk.next", "right,n,space", "screen.next", "Next step", "→ n space", "next"),
    Command("walk.back", "left,p", "screen.back", "Previous step", "← p", "back"),
    Command("walk.start", "g,home", "screen.start", "First step", "g Home"),
    Command("walk.end", "G,end", "screen.end", "Last step", "G End"),
    Command(
        "walk.go_to",
        "colon,ctrl+g",
        "screen.go_to",
        "Go to a step by number, to an element by name",
        ": ctrl+g",
        "go to",
    ),
)

MOVING = (
    Command("move.over", "right_parenthesis,O", "screen.over(1)", "Over: past this line or function call", ") O"),
    Command("move.into", "I", "screen.next", "Into a line or function call: the next step", "I → n"),
    Command("move.out", "right_curly_bracket,U", "screen.out(1)", "Out: to the end of this line or call", "} U"),
    Command("move.over_back", "left_parenthesis", "screen.over(-1)", "Over, backwards", "("),
    Command("move.out_back", "left_curly_bracket", "screen.out(-1)", "To the beginning of this line or call", "{"),
    Command("move.phase", "right_square_bracket", "screen.phase(1)", "Next phase: forward, seed, backward", "]"),
    Command("move.phase_back", "left_square_bracket", "screen.phase(-1)", "Previous phase", "["),
    Command("move.touch", "N", "screen.touch(1)", "Next step that touches the value under the cursor", "N"),
    Command("move.touch_back", "P", "screen.touch(-1)", "Previous step that touches it", "P"),
    Command("move.search", "slash", "screen.search", "Search names, operations, formulas, functions", "/", "find"),
    Command("move.match", "f", "screen.match(1)", "Next match of the search (n is the next step)", "f"),
    Command("move.match_back", "F", "screen.match(-1)", "Previous match of the search", "F"),
    Command("move.play", "a", "screen.play", "Autoplay: one step after the other, or stop", "a", "play"),
    Command("move.faster", "greater_than_sign", "screen.pace(1)", "Autoplay faster", ">"),
    Command("move.slower", "less_than_sign", "screen.pace(-1)", "Autoplay slower", "<"),
)

STOPPING = (
    Command(
        "stop.line",
        "b",
        "screen.toggle_breakpoint",
        "Breakpoint on this line, or on what is selected",
        "b",
        "break",
    ),
    Command("stop.list", "B", "screen.breakpoints", "Breakpoints: list, add, switch off, delete", "B"),
    Command("stop.continue", "c", "screen.continue(1)", "Continue to the next breakpoint", "c", "continue"),
    Command("stop.continue_back", "C", "screen.continue(-1)", "Continue back to the breakpoint before", "C"),
)

IN_BREAKPOINTS = (
    Command("breakpoints.switch", "space", "screen.switch", "Switch the breakpoint on or off", "Space"),
    Command("breakpoints.delete", "delete,backspace", "screen.delete", "Delete the breakpoint", "Del"),
)

SEEING = (
    Command("see.why", "enter,w", "screen.why", "Why? All routes of the element under the cursor", "⏎ w", "why"),
    Command("see.map", "m", "screen.map", "Map: sizes line by line, and arrays as heat maps", "m", "map"),
    Command("see.wires", "i", "screen.toggle_wires", "Show or hide the wires of steps that only move elements", "i"),
    Command("see.matrix", "z", "screen.toggle_matrix", "Show or hide the 0/1 Jacobian of the wires", "z"),
)

IN_WHY = (
    Command("why.go", "enter", "screen.go", "From a route to its factors, from a factor to its step", "⏎", "go to"),
    Command("why.level", "v", "screen.level", "Between named values and single operations", "v", "level"),
    Command("why.more", "plus,m", "screen.more", "List twice as many routes", "+ m", "more"),
    Command("why.next", "right,n", "screen.next_element", "The next element of the same value", "→ n", "next element"),
    Command("why.previous", "left,p", "screen.previous_element", "The element before", "← p", "previous"),
    Command("why.panel", "tab", "app.focus_next", "Between routes and factors", "Tab", "panel"),
    Command("why.close", "escape,q,w", "screen.close", "Close", "Esc q w", "close"),
)

IN_CHANGES = (
    Command("changes.go", "enter", "screen.go", "To the step that makes the number", "⏎", "to its step"),
    Command("changes.why", "w", "screen.why", "Why? All routes of the number under the cursor", "w", "why"),
    Command(
        "changes.sort", "s", "screen.sort", "The largest change first, or in the order of the lines", "s", "by size"
    ),
    Command("changes.panel", "tab", "app.focus_next", "Between numbers and routes", "Tab", "panel"),
    Command("changes.close", "escape,q,E", "screen.close", "Close", "Esc q E", "close"),
)

IN_MAP = (
    Command("map.go", "enter", "screen.go", "To the step that makes it, or ends its gradient", "⏎", "to its step"),
    Command(
        "map.noted", "n", "screen.noted(1)", "The next value with a note: units off, a tiny gradient", "n", "noted"
    ),
    Command("map.noted_back", "p", "screen.noted(-1)", "The value with a note before", "p", "previous"),
    Command("map.panel", "tab", "app.focus_next", "Between sizes and heat maps", "Tab", "panel"),
    Command("map.close", "escape,q,m", "screen.close", "Close", "Esc q m", "close"),
)

GRAPH = (
    Command("graph.show", "v", "screen.toggle_graph", "Graph or list of steps at the left", "v", "graph"),
    Command("graph.alone", "V", "screen.graph_alone", "The graph alone, or the panels again", "V", "alone"),
    Command("graph.in", "plus", "screen.zoom(1)", "Zoom into the graph: as far as elements", "+", "in"),
    Command("graph.out", "minus", "screen.zoom(-1)", "Zoom out of the graph", "-", "out"),
)

IN_GRAPH = (
    Command("nodes.up", "up,k", "select('up')", "Select the node above", "↑ k"),
    Command("nodes.down", "down,j", "select('down')", "Select the node below", "↓ j", "node"),
    Command("nodes.left", "left", "select('left')", "Select the node on the left", "←"),
    Command("nodes.right", "right", "select('right')", "Select the node on the right", "→"),
    Command("nodes.go", "enter", "go_to_node", "Go to the selected node's step", "⏎", "to its step"),
    Command("nodes.centre", "0", "centre", "Show where the walk is, and select nothing", "0"),
    Command("nodes.pan_up", "shift+up", "pan(0, -1)", "Pan up", "shift+↑"),
    Command("nodes.pan_down", "shift+down", "pan(0, 1)", "Pan down", "shift+↓"),
    Command("nodes.pan_left", "shift+left", "pan(-1, 0)", "Pan to the left", "shift+←"),
    Command("nodes.pan_right", "shift+right", "pan(1, 0)", "Pan to the right", "shift+→"),
)
"""Commands of the graph while it has the focus."""

READING = (
    Command("read.symbols", "s", "screen.symbols", "Symbols in the place of numbers, or numbers again", "s", "symbols"),
    Command("read.panel", "tab", "app.focus_next", "Next panel", "Tab", "panel"),
    Command("read.panel_back", "shift+tab", "app.focus_previous", "Previous panel", "shift+Tab"),
    Command("read.steps", "l", "screen.toggle_steps", "Show or hide the list of steps", "l", "steps"),
    Command("read.about", "d", "screen.about", "Show or hide the description", "d", "about"),
    Command("read.close", "escape", "screen.close_about", "Close the description, or the graph alone", "Esc"),
)

FILES = (
    Command("file.open", "o", "app.choose", "Open another scenario: recent and bundled ones", "o", "open"),
    Command("file.path", "ctrl+o", "app.open_path", "Open a scenario file by its path", "ctrl+o"),
    Command("file.export", "x", "screen.export", "Export the trace to a file", "x", "export"),
)

WHAT_IF = (
    Command("edit.edit", "e", "screen.edit", "What if: another number for an element of a leaf", "e", "edit"),
    Command("edit.changes", "E", "screen.changes", "Everything that the edits changed: old → new, with routes", "E"),
    Command("edit.undo", "u", "screen.undo", "Undo the last edit", "u"),
    Command("edit.redo", "ctrl+r", "screen.redo", "Redo the edit undone last", "ctrl+r"),
    Command("edit.reset", "R", "screen.reset", "Undo all edits", "R"),
    Command("edit.save", "ctrl+s", "screen.save_as", "Save the edits as a new scenario file", "ctrl+s"),
)

PREDICTING = (
    Command("test.toggle", "t", "screen.test", "Test yourself: hide what a step gives, or show it again", "t", "test"),
    Command("test.answer", "r", "screen.answer", "Predict the number of the element under the cursor", "r 0-9"),
    Command("test.hint", "h", "screen.hint", "Hint: the formula, its numbers, the answer", "h"),
)

MARKING = (Command("mark.sheet", "M", "screen.sheet", "The worked solution, marked line by line", "M", "marks"),)

IN_SHEET = (
    Command("sheet.go", "enter", "screen.go", "To the step and the element that the line is about", "⏎", "to its step"),
    Command("sheet.why", "w", "screen.why", "There, and why: all routes of its gradient", "w", "why"),
    Command("sheet.wrong", "n", "screen.wrong(1)", "The next line that is wrong", "n", "next wrong"),
    Command("sheet.wrong_back", "p", "screen.wrong(-1)", "The wrong line before", "p", "previous"),
    Command("sheet.panel", "tab", "app.focus_next", "Between lines and routes", "Tab", "panel"),
    Command("sheet.close", "escape,q,M", "screen.close", "Close", "Esc q M", "close"),
)

KEEPING = (
    Command("keep.copy", "y", "screen.copy", "Copy the table, or the formula, to the clipboard", "y"),
    Command("keep.pin", "equals_sign", "screen.pin", "Pin this step, or the value under the cursor; or unpin", "="),
    Command("keep.picture", "S", "screen.screenshot", "Save a picture of the screen (SVG)", "S"),
)

APP = (
    Command("app.palette", "ctrl+p", "app.command_palette", "Command palette: every command by name", "ctrl+p", "more"),
    Command("app.help", "question_mark", "app.help", "Help: all keys", "?", "help"),
    Command("app.theme", "T", "app.change_theme", "Theme: dark or light, also in blue and orange", "T"),
    Command("app.ascii", "A", "app.toggle_ascii", "Draw in ASCII alone, or no longer", "A"),
    Command("app.quit", "q", "app.leave(0)", "Quit", "q", "quit"),
    Command("app.interrupt", "ctrl+c", "app.leave(130)", "Quit with status 130", "ctrl+c", priority=True),
)

CHOOSING = (
    Command("choose.open", "enter", "screen.open", "Open the scenario under the cursor", "⏎", "open"),
    Command("choose.filter", "slash", "screen.filter", "Filter the list by name, title and description", "/", "filter"),
    Command("choose.back", "escape", "screen.back", "Back to the walk", "Esc", "back"),
)

IN_LINES = (
    Command("lines.up", "up,k", "up", "The row above", "↑ k"),
    Command("lines.down", "down,j", "down", "The row below", "↓ j", "element"),
    Command("lines.page_up", "pageup", "page_up", "Page up", "PageUp"),
    Command("lines.page_down", "pagedown", "page_down", "Page down", "PageDown"),
    Command("lines.left", "shift+left,H", "left", "The cell on the left; sideways where there are none", "shift+← H"),
    Command("lines.right", "shift+right,L", "right", "The cell on the right; or sideways", "shift+→ L"),
    Command("lines.first", "ctrl+home", "first", "First row", "ctrl+Home"),
    Command("lines.last", "ctrl+end", "last", "Last row", "ctrl+End"),
    Command("lines.home", "home", "home", "First row; first step where left and right step", "Home"),
    Command("lines.end", "end", "end", "Last row; last step where left and right step", "End"),
)
"""Commands of the panel that has the focus. In the table of elements, the equation follows the cursor."""

IN_VALUES = (
    Command("values.left", "left", "left", "The number on the left", "←"),
    Command("values.right", "right", "right", "The number on the right; n and p still step", "→", "number"),
)
"""Commands of the table of values while it has the focus."""

ON_WALK = (WALKING, SEEING, MOVING, STOPPING, GRAPH, READING, WHAT_IF, PREDICTING, MARKING, KEEPING, FILES)
"""The commands that the walk has wherever the focus is."""

FIRST_ON_LINE = (
    "see.why",
    "see.map",
    "edit.edit",
    "move.search",
    "stop.line",
    "read.symbols",
    "read.panel",
    "move.play",
    "stop.continue",
    "file.export",
)
"""What stands in the line of keys before the others, the most important first: what does not fit is left out."""

GROUPS = (
    ("Walking", WALKING),
    ("Moving by wholes", MOVING),
    ("Running to what matters", STOPPING),
    ("Seeing why", SEEING),
    ("The graph", GRAPH),
    ("In the graph, while it has the thick frame", IN_GRAPH),
    ("Reading", READING),
    ("In the panel with the thick frame", IN_LINES),
    ("In the table of values, while it has the thick frame", IN_VALUES),
    ("What if", WHAT_IF),
    ("Test yourself", PREDICTING),
    ("The worked solution", MARKING),
    ("Compare and keep", KEEPING),
    ("Files", FILES),
    ("The app", APP),
    ("In Why?", IN_WHY),
    ("In the map", IN_MAP),
    ("In the list of what changed", IN_CHANGES),
    ("In the worked solution", IN_SHEET),
    ("In the list of scenarios", CHOOSING),
    ("In the list of breakpoints", IN_BREAKPOINTS),
)

IN_DIALOGS = (Command("dialog.close", "escape", "screen.close", "Close the window", "Esc"),)
IN_HELP = (Command("help.close", "q,question_mark,enter", "screen.close", "Close the help", "q"),)
IN_DESCRIPTION = (Command("about.close", "enter", "screen.close_about", "Close the description", "⏎"),)
IN_FILE = (Command("dialog.use", "enter", "screen.use", "Write or open the file; go into the folder", "⏎"),)
REFUSED = (Command("refused.back", "escape", "screen.back", "Back to what was open before", "Esc", "back"),)
IN_EDIT = (Command("edit.apply", "enter", "screen.apply", "Put the number in", "⏎"),)
IN_NUMBERS = (Command("numbers.apply", "enter", "screen.apply", "Show the walk in these numbers", "⏎"),)
IN_ANSWER = (Command("answer.hint", "h", "screen.hint", "A hint", "h", priority=True),)

_TOGETHER = (*ON_WALK, APP)

SCOPES = (
    tuple(command for group in _TOGETHER for command in group),
    *(group for _, group in GROUPS if group not in _TOGETHER),
    (*IN_DIALOGS, *IN_HELP),
    IN_DESCRIPTION,
    IN_EDIT,
    IN_NUMBERS,
    IN_ANSWER,
    (*REFUSED, *FILES),
    IN_FILE,
)
"""The commands that are at hand at the same time and in the same place, where no two may have the same key."""

COMMANDS = {command.id: command for scope in SCOPES for command in scope}
"""Every command by its id."""
