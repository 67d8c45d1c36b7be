"""The interview on a full screen (Textual), by keyboard alone; 80 columns and 24 lines are enough.

The screen decides nothing: it shows the state, sends events, and says in its last line but one why one was refused.
"""

from __future__ import annotations

from pathlib import Path
from typing import ClassVar

from rich.text import Text
from textual import work
from textual.app import App, ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Horizontal, VerticalScroll
from textual.widgets import Footer, ProgressBar, Static, TextArea
from textual.worker import get_current_worker

from workbook.interview import reading
from workbook.interview.desk import Desk
from workbook.interview.dialogs import LeaveDialog, NoteDialog
from workbook.interview.events import (
    Answered,
    Checked,
    Drafted,
    Ended,
    Event,
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
from workbook.interview.say import clocks, where
from workbook.interview.state import SPEAKING, Phase, State
from workbook.interview.theme import THEMES
from workbook.interview.widgets import Checklist, ScoreBoard

DRAFT_EVERY = 2  # ticks of a second after which what was typed is kept
PLACEHOLDER = "Speak, or write here; F2 when you are done."


class InterviewScreen(App[None]):
    """The screen. Ends when the session is over and looked at, or is left."""

    CSS_PATH = "terminal.tcss"
    ENABLE_COMMAND_PALETTE = False
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("f2,ctrl+s", "go_on", "Go on", priority=True, key_display="F2"),
        Binding("f3", "pause", "Pause", priority=True, key_display="F3"),
        Binding("f4", "note", "Note", priority=True, key_display="F4"),
        Binding("f5", "grade", "Grade", priority=True, key_display="F5"),
        Binding("f6", "link", "New link", priority=True, key_display="F6"),
        Binding("f8", "light", "Light", priority=True, key_display="F8"),
        Binding("f10", "leave", "Leave", priority=True, key_display="F10"),
        Binding("ctrl+q,ctrl+c", "leave", show=False, priority=True),
    ]

    def __init__(self, desk: Desk, theme: str = "dark") -> None:
        super().__init__()
        self._desk = desk
        self._first_theme = THEMES[theme]
        self._drawn: tuple[object, ...] = ()
        self._ticks = 0
        self._kata_lines: tuple[str, ...] = ()
        self._grading = False
        self._saved: bytes | None = None
        self._page_status = desk.page.status() if desk.page else ""

    def compose(self) -> ComposeResult:
        with Horizontal(id="status"):
            yield Static(id="where", markup=False)
            yield Static(id="clock", markup=False)
        yield ProgressBar(id="progress", show_percentage=False, show_eta=False)
        with VerticalScroll(id="paper"):
            yield Static(id="text", markup=False)
        yield TextArea(id="answer", compact=True, placeholder=PLACEHOLDER)
        yield Checklist()
        yield ScoreBoard()
        yield Static(id="message", markup=False)
        yield Footer()

    def on_mount(self) -> None:
        self.theme = self._first_theme
        self._draw()
        self.set_interval(1.0, self.tick)

    def tick(self) -> None:
        """A second went by."""
        if not self._is_up:
            return
        self._ticks += 1
        if self._ticks % DRAFT_EVERY == 0:
            self._keep_draft()
        if sentence := self._desk.tick():
            self._say(sentence)
        if self._desk.page is not None and (status := self._desk.page.status()) != self._page_status:
            self._page_status = status
            self._say(status)
        self._look_for_saves()
        self._draw()

    def _keep_draft(self) -> None:
        """Keep what was typed so far."""
        answer, state = self.query_one("#answer", TextArea), self._desk.kept
        if answer.display and state.phase in SPEAKING and answer.text != state.turn.draft:
            self._send(Drafted(answer.text), quiet=True)

    def on_checklist_toggled(self, event: Checklist.Toggled) -> None:
        self._send(Marked(event.kind, event.number, event.on))

    def action_go_on(self) -> None:
        state = self._desk.kept
        if state.paused:
            self._send(Resumed())
        elif state.phase is Phase.READY:
            self._send(Started())
        elif state.phase in SPEAKING:
            self._send(Answered(self.query_one("#answer", TextArea).text))
        elif state.phase in (Phase.CHECK, Phase.FOLLOW_CHECK):
            self._send(Checked())
        elif state.phase is Phase.SCORE:
            self._score()
        elif state.phase is Phase.KATA_READY:
            self._begin_kata(state)
        elif state.phase is Phase.KATA:
            self._send(KataEnded())
        else:
            self.exit()

    def _score(self) -> None:
        board = self.query_one(ScoreBoard)
        if board.missing:
            self._say(f"{board.missing[0]} is not scored yet: keys 1 to 4.")
            return
        self._send(Scored(**board.given))

    def _begin_kata(self, state: State) -> None:
        folder = folder_of(self._desk.id, state.setup.kata)
        try:
            prepare(state.setup.kata, folder)
        except CannotStart as error:
            self._say(str(error))
            return
        self._send(KataBegan(str(folder)))

    def action_pause(self) -> None:
        self._keep_draft()
        self._send(Resumed() if self._desk.kept.paused else Paused())

    @work
    async def action_note(self) -> None:
        if not self._desk.kept.turns:
            self._say("A note belongs to a question, and none has been asked yet.")
            return
        note = await self.push_screen_wait(NoteDialog(self._desk.kept.turn.note))
        if note is not None:
            self._send(Noted(note))

    @work
    async def action_leave(self) -> None:
        if self._desk.kept.phase is Phase.DONE:
            self.exit()
            return
        what = await self.push_screen_wait(LeaveDialog())
        if what == "end":
            self._send(Ended())
        elif what == "leave":
            self._keep_draft()
            self.exit()

    def action_light(self) -> None:
        self.theme = THEMES["dark" if self.theme == THEMES["light"] else "light"]

    def action_link(self) -> None:
        if self._desk.page is not None:
            self._drawn = ()
            self._say(f"The earlier link is void, and so is its page; open {self._desk.page.renew()}")
            self._draw()

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """Keys that do nothing at the moment are not in the footer."""
        if len(self.screen_stack) > 1:
            return False
        if action == "grade":
            return self._desk.kept.phase is Phase.KATA
        return self._desk.page is not None if action == "link" else True

    def action_grade(self) -> None:
        if self._grading:
            self._say("It is being graded already.")
            return
        self._grading = True
        self._say("Grading ...")
        self._grade(self._kata_file())

    @work(thread=True)
    def _grade(self, path: Path) -> None:
        try:
            found = grade(self._desk.kept.setup.kata, path)
        except NotGraded as error:
            self._from_thread(self._graded, str(error), (), None)
        else:
            self._from_thread(self._graded, "", found.lines, found.event)

    def _from_thread(self, call: object, *arguments: object) -> None:
        if not get_current_worker().is_cancelled:
            self.call_from_thread(call, *arguments)  # type: ignore[arg-type]

    def _graded(self, sentence: str, lines: tuple[str, ...], event: Event | None) -> None:
        self._grading = False
        self._kata_lines = lines
        self._say(sentence or "Graded.")
        if event is not None:
            self._send(event)
        self._drawn = ()
        self._draw()

    def _kata_file(self) -> Path:
        state = self._desk.kept
        folder = Path(state.kata.folder) if state.kata else folder_of(self._desk.id, state.setup.kata)
        return folder / f"{state.setup.kata}.py"

    def _look_for_saves(self) -> None:
        """Grade when the kata's file has changed and has come to rest between two looks."""
        if self._desk.kept.phase is not Phase.KATA or self._grading:
            return
        try:
            content = self._kata_file().read_bytes()
        except OSError:
            return
        if self._saved is None:
            self._saved = content
        elif content != self._saved:
            self._saved = content
            self.action_grade()

    def _send(self, event: Event, quiet: bool = False) -> None:
        sentence = self._desk.send(event)
        if sentence or not quiet:
            self._say(sentence)
        self._draw()

    @property
    def _is_up(self) -> bool:
        """False while the screen is taken down: a clock or a grading may still come by."""
        return bool(self.query("#message"))

    def _say(self, sentence: str) -> None:
        if self._is_up:
            self.query_one("#message", Static).update(sentence)

    def _draw(self) -> None:
        """Show the state; what depends on its phase only when that has changed."""
        if len(self.screen_stack) > 1 or not self._is_up:
            return
        state = self._desk.now()
        self.query_one("#where", Static).update(where(state) + (", paused" if state.paused else ""))
        self.query_one("#clock", Static).update(clocks(state))
        self.query_one("#progress", ProgressBar).update(
            total=state.setup.minutes * 60, progress=min(state.spent, state.setup.minutes * 60)
        )
        drawn = (state.phase, state.paused, len(state.turns))
        checklist = self.query_one(Checklist)
        checklist.show(state, self._desk.suggestions())
        if self._desk.page is not None and state.phase is Phase.READY:
            self._paper(state)
        if drawn == self._drawn:
            return
        self._drawn = drawn
        self._paper(state)
        self.query_one("#paper", VerticalScroll).scroll_home(animate=False)
        self._place(state, checklist)
        self.refresh_bindings()

    def _paper(self, state: State) -> None:
        link = self._desk.page.link if self._desk.page else ""
        status = self._desk.page.status() if self._desk.page else ""
        text: Text = reading.text(state, self._kata_lines, link, status)
        self.query_one("#text", Static).update(text)

    def _place(self, state: State, checklist: Checklist) -> None:
        """Show the widgets of the phase, and give the keyboard to the one that is used first."""
        answer, scores = self.query_one("#answer", TextArea), self.query_one(ScoreBoard)
        typing = state.phase in SPEAKING and not state.setup.two_people and not state.paused
        if (typing and not answer.display) or (typing and answer.text != state.turn.draft):
            answer.load_text(state.turn.draft)
            answer.move_cursor(answer.document.end)
        answer.display = typing
        checklist.display = bool(checklist.option_count) and state.phase is not Phase.SCORE
        scores.display = state.phase is Phase.SCORE and not state.paused
        if state.phase is not Phase.SCORE:
            scores.clear()
        first = answer if typing else checklist if checklist.display else scores if scores.display else None
        self.set_focus(first or self.query_one("#paper", VerticalScroll))
