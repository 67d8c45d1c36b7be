"""Small windows over the interview: a note, and leaving."""

from __future__ import annotations

from typing import ClassVar

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical
from textual.screen import ModalScreen
from textual.widgets import Footer, Static, TextArea


class NoteDialog(ModalScreen[str | None]):
    """The note on the present question; None when it is to stay as it was."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("f2,ctrl+s", "keep", "Keep", priority=True),
        Binding("escape", "leave_alone", "Leave as it was", priority=True),
    ]

    def __init__(self, note: str) -> None:
        super().__init__()
        self._note = note

    def compose(self) -> ComposeResult:
        with Vertical(classes="dialog"):
            yield Static("A note on this question")
            yield TextArea(self._note, id="note", compact=True)
        yield Footer()

    def action_keep(self) -> None:
        self.dismiss(self.query_one(TextArea).text)

    def action_leave_alone(self) -> None:
        self.dismiss(None)


class LeaveDialog(ModalScreen[str]):
    """Going away: "leave", "end" or "stay"."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("l", "choose('leave')", "Leave"),
        Binding("e", "choose('end')", "End it"),
        Binding("escape,s", "choose('stay')", "Stay"),
    ]

    def compose(self) -> ComposeResult:
        with Vertical(classes="dialog"):
            yield Static(
                "l  Leave: the session stays open, and the next start goes on here.\n\n"
                "e  End it now: the report is made of what there is.\n\n"
                "s  Stay."
            )
        yield Footer()

    def action_choose(self, what: str) -> None:
        self.dismiss(what)
