"""A walk that is told in words: what each command does, and what it answers."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from functools import partial

from bptui.commands import COMMANDS
from bptui.editing import History, leaf_element
from bptui.errors import BptuiError, Fault
from bptui.exporting import FORMATS, write_file
from bptui.files import typed_path
from bptui.keys import Keymap, key_name, printed
from bptui.plain.words import equation, row_words, table_words
from bptui.present.changes import changes
from bptui.present.frame import HIDDEN, Frame, Point
from bptui.present.pictures import size_table, sizes
from bptui.present.presentation import Presentation, presentation_in_symbols
from bptui.present.quiz import Known, Question, Quiz, question
from bptui.present.reference import read_point
from bptui.present.search import Search
from bptui.present.stops import breakpoint_table, hit_text
from bptui.running import in_numbers
from bptui.scenario.claimed_number import read_number
from bptui.text import counted, nearest, printable
from bptui.trace.breakpoints import Breakpoint, read_breakpoint
from bptui.trace.places import Direction, Places, made_at, value_of
from bptui.trace.record import Trace
from bptui.trace.stops import find, hits

_FIRST_ROUTES = 6

_LONGEST_WORD = 60
"""How many characters of a word that is no command are said."""

_TITLES = {
    "read.panel": "Every value and its gradient so far",
    "read.about": "Title and description",
    "see.map": "How large every value and its gradient are",
    "lines.down": "The next element",
    "lines.up": "The element before",
}
"""What commands do here, where it is not quite what they do in the app."""

Lines = Iterable[str]


class PlainWalk:
    """A walk through a trace, told in words."""

    def __init__(
        self, trace: Trace, keymap: Keymap, breakpoints: Iterable[Breakpoint] = (), symbolic: bool = False
    ) -> None:
        self._keymap = keymap
        self._numbers: Presentation | None = None
        self._original = trace
        self._history = History()
        self._breakpoints = list(breakpoints)
        self._step = self._element = 0
        self._sought = ""
        self._quiz: Quiz | None = None
        self._left_quiz: Quiz | None = Quiz()
        """The test that is not on now, with its score."""
        self._symbolic = symbolic or trace.numbers is None
        self._use(trace)
        self.left = False
        """Whether the reader has left the walk."""

    def _use(self, trace: Trace) -> None:
        self._trace, self._places, self._numbers = trace, Places(trace), None
        self._shown = presentation_in_symbols(trace) if self._symbolic else Presentation(trace)

    @property
    def _presentation(self) -> Presentation:
        """The walk in numbers."""
        if self._numbers is None:
            self._numbers = Presentation(self._in_numbers()) if self._symbolic else self._shown
        return self._numbers

    def _in_numbers(self) -> Trace:
        return in_numbers(self._trace)

    # -- commands ----------------------------------------------------------------------------------------------------

    def commands(self) -> dict[str, Callable[[str], Lines]]:
        """Return what each command does, by its id, given what stands behind it on its line."""

        def to(place: Callable[[int, Direction], int | None], direction: Direction) -> Callable[[str], Lines]:
            return lambda _: self._go(place(self._step, direction))

        return {
            "walk.next": lambda _: self._go(self._step + 1, "this is the last step"),
            "walk.back": lambda _: self._go(self._step - 1, "this is the first step"),
            "walk.start": lambda _: self._go(0),
            "walk.end": lambda _: self._go(len(self._shown) - 1),
            "walk.go_to": self._go_to,
            "move.over": to(self._places.over, 1),
            "move.over_back": to(self._places.over, -1),
            "move.out": to(self._places.out, 1),
            "move.out_back": to(self._places.out, -1),
            "move.phase": to(self._places.phase, 1),
            "move.phase_back": to(self._places.phase, -1),
            "move.touch": lambda _: self._touch(1),
            "move.touch_back": lambda _: self._touch(-1),
            "move.search": self._search,
            "move.match": lambda _: self._match(1),
            "move.match_back": lambda _: self._match(-1),
            "stop.line": self._stop_at,
            "stop.list": lambda _: self._list_stops(),
            "stop.continue": lambda _: self._continue(1),
            "stop.continue_back": lambda _: self._continue(-1),
            "see.why": self._why,
            "see.map": lambda _: self._map(),
            "read.symbols": lambda _: self._switch(),
            "read.about": lambda _: [self._shown.title, *self._shown.description.split("\n")],
            "read.panel": lambda _: self._values(),
            "lines.down": lambda _: self._to_element(self._element + 1),
            "lines.up": lambda _: self._to_element(self._element - 1),
            "edit.edit": self._edit,
            "edit.undo": lambda _: self._edited(self._history.undo()),
            "edit.redo": lambda _: self._edited(self._history.redo()),
            "edit.reset": lambda _: self._edited(self._history.reset()),
            "edit.changes": lambda _: self._changes(),
            "test.toggle": lambda _: self._test(),
            "test.answer": self._answer,
            "test.hint": lambda _: self._hint(),
            "mark.sheet": self._marks,
            "file.export": self._export,
            "app.help": lambda _: self._help(),
            "app.quit": lambda _: self._leave(),
        }

    def answer(self, line: str) -> Iterator[str]:
        """Yield the lines that answer a command; an empty line is the next step."""
        word, argument = self._read(line.strip())
        commands = self.commands()
        identity = self._named(word, commands)
        if identity is None:
            close = nearest(word, [one for identity in commands for one in _words(identity)])
            hint = f"did you mean `{close}`? " if close else ""
            yield f"there is no command `{printable(word[:_LONGEST_WORD])}`: {hint}`help` lists them"
            return
        try:
            for told in commands[identity](argument):
                yield told.replace(HIDDEN, "hidden")
        except BptuiError as error:
            yield from printable(str(error), keep="\n").split("\n")

    def _read(self, line: str) -> tuple[str, str]:
        """Return the command on a line and what stands behind it; a number alone is a step to go to."""
        if not line:
            return "walk.next", ""
        if self._quiz is not None and line[0] in "0123456789.-−+":
            return "test.answer", line
        if line.isdecimal():
            return "walk.go_to", line
        if line[0] in "/:" and len(line) > 1:
            return line[0], line[1:].strip()
        word, _, argument = line.partition(" ")
        return word, argument.strip()

    def _named(self, word: str, commands: Iterable[str]) -> str | None:
        """Return the id of the command that is meant: by its id, one of its keys, or a word for it."""
        if word in commands:
            return word
        key = key_name(word)
        for identity in commands:
            if key is not None and key in self._keymap.of(COMMANDS[identity]):
                return identity
        return next((identity for identity in commands if word in _words(identity)), None)

    # -- moving ------------------------------------------------------------------------------------------------------

    def _go(self, step: int | None, otherwise: str = "there is no such step from here") -> Lines:
        if step is None or not 0 <= step < len(self._shown):
            return [otherwise]
        self._step, self._element = step, 0
        return self.told()

    def _go_to(self, argument: str) -> Lines:
        last = len(self._shown)
        if argument[:1].isalpha():
            return self._go_to_element(read_point(self._trace.program, argument))
        if not argument.isdecimal() or not 1 <= int(argument[:9]) <= last:
            raise BptuiError(Fault(f"a step is a number from 1 to {last}"))
        return self._go(int(argument) - 1)

    def _go_to_element(self, at: Point) -> Lines:
        """Go to where an element is made, or its gradient complete; of a leaf tell its value here."""
        step = made_at(self._trace, at.value, at.gradient)
        if step is None:
            return table_words(self._shown.value_tables.table(self._step, at), self._shown.value_tables.rows(at.value))
        self._step, self._element = step, at.flat
        return self.told()

    def _touch(self, direction: Direction) -> Lines:
        return self._go(self._places.touch(value_of(self._trace, self._step), self._step, direction))

    def _search(self, argument: str) -> Lines:
        self._sought = argument or self._sought
        return self._match(1)

    def _match(self, direction: Direction) -> Lines:
        if not self._sought:
            raise BptuiError(Fault("what is to be found? write it behind the command: `/ relu`"))
        last = len(self._shown) - 1
        ahead = range(self._step + 1, last + 1) if direction > 0 else range(self._step - 1, -1, -1)
        behind = range(self._step + 1) if direction > 0 else range(last, self._step - 1, -1)
        search = Search(self._shown, self._sought)
        for steps in (ahead, behind):
            if (found := search.find(steps)) is not None:
                return self._go(found)
        return [f"no step holds “{printable(self._sought)}”"]

    # -- breakpoints -------------------------------------------------------------------------------------------------

    def _stop_at(self, argument: str) -> Lines:
        trace = self._in_numbers()
        line = self._places.line(self._step)
        name = self._trace.program.values[value_of(self._trace, self._step)].name
        text = argument or (f"line {line}" if line else f"value {name}")
        if any(one.text == text for one in self._breakpoints):
            self._breakpoints = [one for one in self._breakpoints if one.text != text]
            return [f"no breakpoint on {text}"]
        one = read_breakpoint(self._trace.program, text)
        self._breakpoints.append(one)
        count = sum(1 for _ in hits(trace, one, range(len(self._shown))))
        return [f"breakpoint on {one.text}: stops at {counted(count, 'step')}"]

    def _list_stops(self) -> Lines:
        every = range(len(self._shown))
        found = [list(hits(self._in_numbers(), one, every)) for one in self._breakpoints]
        return table_words(breakpoint_table(self._breakpoints, found)) if found else ["there is no breakpoint"]

    def _continue(self, direction: Direction) -> Lines:
        if not self._breakpoints:
            raise BptuiError(Fault("there is no breakpoint: `break nan` or `b` sets one"))
        last = len(self._shown) - 1
        steps = range(self._step + 1, last + 1) if direction > 0 else range(self._step - 1, -1, -1)
        hit = find(self._in_numbers(), self._breakpoints, steps)
        if hit is None:
            return [f"no {'later' if direction > 0 else 'earlier'} step stops at a breakpoint"]
        return self._go(hit.step)

    def run_to_first(self) -> Lines:
        """Go to the first step that a breakpoint stops at, where there is one."""
        hit = find(self._in_numbers(), self._breakpoints, range(len(self._shown)))
        return self._go(hit.step) if hit is not None else ["no step stops at a breakpoint", *self.told()]

    # -- seeing ------------------------------------------------------------------------------------------------------

    def told(self) -> Iterator[str]:
        """Yield the present step in words."""
        frame = self._frame(self._element)
        line = f", line {frame.line_text}" if frame.line_text else ""
        yield f"step {frame.index + 1} of {frame.steps}, {frame.phase}{line}"
        for one in self._breakpoints:
            if one.enabled and any(True for _ in hits(self._in_numbers(), one, range(self._step, self._step + 1))):
                yield f"stopped at {hit_text(self._presentation, one, self._step)}"
        if self._history.edits:
            yield f"with {counted(len(self._history.edits), 'edit')}"
        yield frame.title
        yield frame.sentence
        yield from equation(frame)
        yield from table_words(frame.table)
        yield from frame.notes
        yield from frame.jacobian
        if (wires := self._shown.wires(self._step)) is not None:
            yield from (" ".join(said.split()) for said in wires.words(self._quiz is None))

    def _to_element(self, element: int) -> Lines:
        rows = self._frame(0).table.rows
        elements = [row.element for row in rows if row.element is not None]
        if not elements or not 0 <= element <= max(elements):
            raise BptuiError(Fault("this step has no further element"))
        self._element = element
        frame = self._frame(element)
        return [*equation(frame), *(row_words(frame.table, row) for row in rows if row.element == element)]

    def _why(self, argument: str) -> Lines:
        """Tell the routes of an element: the one named, or the one that the walk is at."""
        value, flat = value_of(self._trace, self._step), self._element
        if argument:
            found = self._trace.element(argument)
            value, flat = found.value, found.flat or 0
        listing = self._shown.route_list(value, flat, _FIRST_ROUTES, known=self._known)
        yield listing.title
        if self._symbolic and listing.sum:
            yield f"  {listing.sum}"
        for number, route in enumerate(listing.routes, start=1):
            share = f", {route.share} of the gradient" if route.share else ""
            yield f"route {number}: {route.product}{share}"
            yield f"  = {route.names}"
            yield f"  = {route.numbers}"
        if listing.more:
            yield listing.more

    def _switch(self) -> Lines:
        """Tell the walk in symbols, or in numbers again."""
        self._in_numbers()
        self._symbolic = not self._symbolic
        try:
            self._use(self._trace)
        except BptuiError:
            self._symbolic = False
            raise
        return self.told()

    def _values(self) -> Lines:
        """Tell every value and its gradient so far."""
        tables = self._shown.value_tables
        if self._quiz is None:
            return table_words(tables.table(self._step))
        return table_words(tables.table(self._step, None, None, self._quiz.hides(self._presentation, self._step)))

    def _map(self) -> Lines:
        """Tell how large every value and its gradient are, line by line."""
        found = sizes(self._in_numbers()) if self._known is None else sizes(self._in_numbers(), self._known.whole)
        return table_words(size_table(found, 0))

    def _marks(self, argument: str) -> Lines:
        """Tell the worked solution, marked; or all there is to say of one of its lines, by its number."""
        from bptui.checking.marking.marker import mark  # much to import, and seldom asked
        from bptui.checking.sheet_table import about, sheet_table

        trace = self._in_numbers()
        if not trace.scenario.worked:
            raise BptuiError(Fault("this scenario has no worked solution: write one under [worked] in its file"))
        if self._quiz is not None or self._history.edits:
            raise BptuiError(Fault("the marks are about the file's numbers: end the test and take edits back first"))
        sheet = mark(trace.scenario, trace)
        if not argument:
            return table_words(sheet_table(sheet))
        if not argument.isdecimal() or not 1 <= int(argument[:9]) <= len(sheet):
            raise BptuiError(Fault(f"a line is a number from 1 to {len(sheet)}"))
        return [text for text, _ in about(sheet[int(argument) - 1])]

    def _help(self) -> Iterator[str]:
        yield "A command is a key, a name from this list, or the last part of one; an empty line is the next step."
        yield "A number is a step to go to. Some commands take words: `break nan`, `why W1(1,1)`, `edit W1(1,1) = 0.3`,"
        yield "`: dL/dW1(1,1)`, `/ relu`, `marks 3`, `export text FILE`, `open NAME`."
        for identity in self.commands():
            command = COMMANDS[identity]
            keys = ", ".join(map(_typed, self._keymap.of(command)))
            yield f"{' or '.join(_words(identity))}: {_TITLES.get(identity, command.title)} ({keys})"

    # -- what if ----------------------------------------------------------------------------------------------------

    def _edit(self, argument: str) -> Lines:
        name, equals, number = argument.partition("=")
        if not equals:
            raise BptuiError(Fault("an edit is written `edit W1(1,1) = 0.3`"))
        element = leaf_element(self._in_numbers(), name.strip())
        return self._edited(self._history.edit(element, read_number(number.strip()).number))

    def _edited(self, history: History) -> Lines:
        if history is self._history:
            return ["there is nothing to take back or to repeat"]
        self._history = history
        self._use(history.edits.apply(self._original))
        return self.told()

    def _changes(self) -> Lines:
        """Tell everything that the edits changed, the largest change first."""
        if not self._history.edits:
            return ["nothing is edited"]
        before = Presentation(in_numbers(self._original))
        return table_words(changes(before, self._presentation, self._known, largest_first=True)[0])

    # -- predict -----------------------------------------------------------------------------------------------------

    def _frame(self, element: int) -> Frame:
        """Return what the step shows; what is to be predicted is hidden."""
        frame = self._shown.frame(self._step, element)
        return frame if self._quiz is None else self._quiz.frame(frame)

    @property
    def _known(self) -> Known | None:
        return None if self._quiz is None else self._quiz.known(self._presentation, self._step)

    def _test(self) -> Lines:
        """Hide what the steps give, or show it again."""
        if self._quiz is None:
            self._in_numbers()
            self._symbolic = False
            self._use(self._trace)
            self._quiz, self._left_quiz = self._left_quiz, None
            yield "a number is an answer now, `hint` gives a hint, `: 12` goes to a step, `test` ends the test"
        else:
            self._quiz, self._left_quiz = None, self._quiz
        yield from self.told()

    def _question(self) -> tuple[Quiz, Question]:
        if self._quiz is None:
            raise BptuiError(Fault("nothing is hidden: `test` begins a test"))
        asked = question(self._presentation, self._step, self._element)
        if asked is None or not self._quiz.is_open(self._step, self._element):
            raise BptuiError(Fault("there is nothing to predict here"))
        return self._quiz, asked

    def _answer(self, argument: str) -> Lines:
        """Tell whether a number is right, and the score."""
        quiz, asked = self._question()
        if not argument:
            return [f"what is {asked.name}?"]
        from bptui.checking.marking.hints import hint

        trace = self._in_numbers()
        self._quiz, verdict = quiz.answer(asked, argument, partial(hint, trace, self._step, self._element))
        return [verdict.text, self._quiz.score]

    def _hint(self) -> Lines:
        quiz, asked = self._question()
        self._quiz, said = quiz.hint(asked)
        return [f"{asked.name} = {said}", self._quiz.score]

    # -- keep, leave -------------------------------------------------------------------------------------------------

    def _export(self, argument: str) -> Lines:
        format, _, name = argument.partition(" ")
        if format not in FORMATS or not name.strip():
            raise BptuiError(Fault(f"an export is written `export FORMAT FILE`; the formats: {', '.join(FORMATS)}"))
        write_file(self._trace, format, typed_path(name))
        return [f"wrote {printable(name.strip())}"]

    def _leave(self) -> Lines:
        self.left = True
        return []


def _words(identity: str) -> list[str]:
    """Return the words for a command: the one that the line of keys has for it, and the last part of its id."""
    words = (COMMANDS[identity].label, identity.rpartition(".")[2], *(["values"] if identity == "read.panel" else []))
    return list(dict.fromkeys(word for word in words if word and " " not in word))


def _typed(key: str) -> str:
    """Return a key as it is typed on a line: `?`; what is no character in ASCII by its name, `right`."""
    character = printed(key)
    return character if len(character) == 1 and character.isascii() else key
