"""The interview line by line, for screen readers and simple terminals: nothing is redrawn, no colour, no keys.

A line that starts with a colon is for the session itself:

    :clock        the time            :note TEXT    a note on this question
    :pause        stop the clock      :link         with --pair: a new link for the candidate
    :leave        go away; the next start goes on here        :end   end the session now
"""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

from workbook.interview.anchors import TITLES
from workbook.interview.checklist import follow_up_text, is_open, open_kinds
from workbook.interview.desk import Desk
from workbook.interview.events import (
    Answered,
    Checked,
    Drafted,
    Ended,
    KataBegan,
    KataEnded,
    Marked,
    Noted,
    Paused,
    Resumed,
    Scored,
    Started,
)
from workbook.interview.kata_round import CannotStart, NotGraded, folder_of, grade, prepare
from workbook.interview.say import HEADINGS, anchor_lines, boxes, clocks, typed, welcome, where
from workbook.interview.state import Phase, State

HELP = (__doc__ or "").split("\n\n", 1)[1].rstrip()
LETTERS = {"p": "point", "l": "late", "f": "flag", "s": "signal"}


class Left(Exception):
    """The person goes away; the session stays open."""


class Plain:
    """Runs a session over lines. `say` shows one; `read` waits for one, and raises EOFError when none comes."""

    def __init__(self, desk: Desk, say: Callable[[str], None], read: Callable[[], str]) -> None:
        self._desk, self._say, self._read = desk, say, read
        self._phases: dict[Phase, Callable[[State], None]] = {
            Phase.READY: self._ready,
            Phase.ASK: self._ask,
            Phase.CHECK: self._check,
            Phase.FOLLOW_UP: self._ask,
            Phase.FOLLOW_CHECK: self._check,
            Phase.SCORE: self._score,
            Phase.KATA_READY: self._kata_ready,
            Phase.KATA: self._kata,
        }

    def run(self) -> bool:
        """Go on until the session is over (True) or left (False)."""
        try:
            while self._desk.kept.phase is not Phase.DONE:
                state = self._desk.kept
                if state.paused:
                    self._line("The session is paused. Enter goes on: ")
                    self._desk.send(Resumed())
                    continue
                self._say("")
                self._say(f"{where(state)}. {clocks(state)}.")
                self._phases[state.phase](state)
        except (Left, EOFError, KeyboardInterrupt):
            return False
        return True

    def _send(
        self, *events: Started | Answered | Checked | Scored | Drafted | Marked | Noted | KataBegan
    ) -> bool:
        """Whether all were accepted; says why not."""
        for event in events:
            if sentence := self._desk.send(event):
                self._say(sentence)
                return False
        return True

    def _line(self, prompt: str) -> str:
        """A line that is meant for the question; those for the session are dealt with."""
        while True:
            self._say(prompt)
            line = self._read().rstrip("\n")
            if not line.startswith(":"):
                return line
            if self._command(line):
                raise _Again

    def _command(self, line: str) -> bool:
        """Whether the phase has to be begun again."""
        name, _, rest = line[1:].strip().partition(" ")
        if name == "leave":
            raise Left
        if name == "end":
            return not self._desk.send(Ended())
        if name == "pause":
            self._say(self._desk.send(Paused()) or "The clock stands.")
            return True
        if name == "clock":
            self._say(clocks(self._desk.now()))
        elif name == "note":
            self._say(self._desk.send(Noted(rest)) or "Noted.")
        elif name == "link" and self._desk.page is not None:
            self._say(f"The candidate opens {self._desk.page.renew()}")
        else:
            self._say(HELP)
        return False

    def _ready(self, state: State) -> None:
        self._say(welcome(state))
        if self._desk.page is not None:
            self._say(f"The candidate opens {self._desk.page.link}")
        self._say("A line `:help` tells what else can be said.")
        with suppress(_Again):
            self._line("Enter begins: ")
            self._send(Started())

    def _ask(self, state: State) -> None:
        self._say(state.item.question if state.phase is Phase.ASK else follow_up_text(state, state.turn))
        with suppress(_Again):
            if state.setup.two_people:
                self._listen(state)
            else:
                self._answer(state)

    def _answer(self, state: State) -> None:
        lines = state.turn.draft.splitlines()
        if lines:
            self._say(f"So far:\n{typed(state.turn.draft)}")
        prompt = (
            "Your answer; a line with only a full stop ends it. If you speak it, type just the full stop."
        )
        while (line := self._line(prompt)) != ".":
            lines.append(line)
            self._send(Drafted("\n".join(lines)))
            prompt = "..."
        self._send(Answered("\n".join(lines)))

    def _listen(self, state: State) -> None:
        """The interviewer ticks while the candidate speaks."""
        for kind in open_kinds(state):
            self._list(state, kind)
        letters = ", ".join(
            f"`{one} 1 3` {HEADINGS[kind].lower()}" for one, kind in LETTERS.items() if is_open(state, kind)
        )
        while line := self._line(f"Tick with {letters}; Enter when the answer is over: "):
            letter, _, numbers = line.partition(" ")
            kind = LETTERS.get(letter, "")
            chosen = _numbers(numbers)
            if not kind or not chosen:
                self._say(f"A tick is a letter and numbers, as in `p 1 3`; got {typed(line)!r}.")
            else:
                self._send(*(Marked(kind, number) for number in chosen))
        self._send(Answered())

    def _check(self, state: State) -> None:
        first = state.phase is Phase.CHECK
        if first:
            self._say(f"What to say in the room: {state.item.answer}")
        elif state.turn.pushed == "":
            self._say(f"What to say: {state.item.follow_up_answer}")
        with suppress(_Again):
            for kind in ("point" if first else "late", "flag", "signal"):
                self._tick(state, kind)
            self._send(Checked())

    def _list(self, state: State, kind: str) -> None:
        self._say(f"{HEADINGS[kind]}:")
        for number, ticked, text in boxes(state, kind, self._desk.suggestions()):
            self._say(f"  {number}{' (ticked)' if ticked else ''}  {text.replace('**', '')}")

    def _tick(self, state: State, kind: str) -> None:
        every = boxes(state, kind)
        if not every:
            return
        self._list(state, kind)
        now = " ".join(str(number) for number, ticked, _ in every if ticked)
        keep = f" Enter keeps {now};" if now else " Enter for none;"
        while True:
            line = self._line(f"Which? Numbers, as in 1 3;{keep} 0 clears: ")
            chosen = _numbers(line)
            if chosen is not None and all(0 <= number <= len(every) for number in chosen):
                break
            self._say(f"Numbers from 1 to {len(every)} with blanks between them, got {typed(line)!r}.")
        if chosen:
            self._send(*(Marked(kind, n, n in chosen) for n, ticked, _ in every if ticked != (n in chosen)))

    def _score(self, state: State) -> None:
        given: list[int] = []
        with suppress(_Again):
            for name in TITLES:
                for row in anchor_lines(name):
                    self._say(row)
                while (line := self._line("From 1 to 4: ").strip()) not in ("1", "2", "3", "4"):
                    self._say(f"A score is 1, 2, 3 or 4, got {typed(line)!r}.")
                given.append(int(line))
            self._send(Scored(*given))

    def _kata_ready(self, state: State) -> None:
        with suppress(_Again):
            self._line("Next comes the kata, in a clean folder. Enter begins: ")
            folder = folder_of(self._desk.id, state.setup.kata)
            try:
                prepare(state.setup.kata, folder)
            except CannotStart as error:
                self._say(str(error))
                raise Left from None
            self._send(KataBegan(str(folder)))

    def _kata(self, state: State) -> None:
        folder = state.kata.folder if state.kata else ""
        path = Path(folder or folder_of(self._desk.id, state.setup.kata)) / f"{state.setup.kata}.py"
        self._say(f"The file is {path}.")
        with suppress(_Again):
            line = self._line("`grade` grades it, `done` ends the kata: ").strip()
            if line == "done":
                self._say(self._desk.send(KataEnded()) or "Hands off the keyboard.")
            elif line == "grade":
                try:
                    found = grade(state.setup.kata, path)
                except NotGraded as error:
                    self._say(str(error))
                    return
                for row in found.lines:
                    self._say(row)
                if sentence := self._desk.send(found.event):
                    self._say(sentence)


class _Again(Exception):
    """The phase has changed under a prompt: begin it again."""


def _numbers(line: str) -> list[int] | None:
    """Numbers with blanks or commas between them, None where something else stands there."""
    parts = line.replace(",", " ").split()
    return (
        [int(part) for part in parts]
        if all(part.isascii() and part.isdigit() and len(part) < 3 for part in parts)
        else None
    )
