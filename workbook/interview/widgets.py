"""Two widgets for one pair of hands on the keyboard: a checklist, and the three scores with their anchors.

Both are legible without colour: a box shows what is ticked, a mark shows where the cursor is.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import ClassVar

from rich.text import Text
from textual.binding import Binding, BindingType
from textual.message import Message
from textual.widget import Widget
from textual.widgets import OptionList
from textual.widgets.option_list import Option

from workbook.interview.anchors import ANCHORS, BEST, TITLES
from workbook.interview.checklist import open_kinds
from workbook.interview.markup import rich
from workbook.interview.say import HEADINGS, boxes
from workbook.interview.state import State


class Checklist(OptionList):
    """What can be ticked now, under headings. Space or Enter ticks; it asks by message and shows what it is told."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("space", "select", "Tick", show=True),
        Binding("j", "cursor_down", show=False),
        Binding("k", "cursor_up", show=False),
    ]

    @dataclass
    class Toggled(Message):
        """An item is to be ticked or unticked."""

        kind: str
        number: int
        on: bool

    def __init__(self) -> None:
        super().__init__(id="checklist", markup=False)
        self._shown: list[tuple[str, int, bool, str]] = []

    def show(self, state: State, suggested: Mapping[str, tuple[str, ...]]) -> None:
        """Show the lists that are open in this state, keeping the cursor where only ticks have changed."""
        kinds = open_kinds(state)
        rows = [(kind, *box) for kind in kinds for box in boxes(state, kind, suggested)]
        if rows == self._shown:
            return
        if [(kind, number) for kind, number, _, _ in rows] == [(one[0], one[1]) for one in self._shown]:
            for kind, number, on, text in rows:
                self.replace_option_prompt(f"{kind} {number}", _prompt(on, text))
        else:
            self.clear_options()
            for kind in kinds:
                some = [row for row in rows if row[0] == kind]
                if some:
                    self.add_option(Option(Text(HEADINGS[kind], "bold underline"), disabled=True))
                self.add_options(
                    Option(_prompt(on, text), id=f"{kind} {number}") for _, number, on, text in some
                )
            self.highlighted = 1 if rows else None
        self._shown = rows

    def on_option_list_option_selected(self, event: OptionList.OptionSelected) -> None:
        event.stop()
        kind, _, number = str(event.option.id).partition(" ")
        on = next(on for one, n, on, _ in self._shown if (one, n) == (kind, int(number)))
        self.post_message(self.Toggled(kind, int(number), not on))


def _prompt(on: bool, text: str) -> Text:
    return Text("[x] " if on else "[ ] ").append_text(rich(text))


class ScoreBoard(Widget, can_focus=True):
    """The three scores: up and down choose one, 1 to 4 give it; what the four contain stands below."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("up,k", "move(-1)", "Up", show=False),
        Binding("down,j", "move(1)", "Down", show=False),
        *(Binding(str(number), f"give({number})", show=False) for number in range(1, BEST + 1)),
    ]

    def __init__(self) -> None:
        super().__init__(id="scores")
        self.given: dict[str, int] = {}
        self._row = 0

    def clear(self) -> None:
        """No scores, cursor at the top."""
        self.given, self._row = {}, 0
        self.refresh()

    def action_move(self, step: int) -> None:
        self._row = (self._row + step) % len(TITLES)
        self.refresh()

    def action_give(self, number: int) -> None:
        names = list(TITLES)
        self.given[names[self._row]] = number
        missing = [place for place, name in enumerate(names) if name not in self.given]
        self._row = missing[0] if missing else self._row
        self.refresh()

    @property
    def missing(self) -> list[str]:
        """Titles of the scores that were not given yet."""
        return [title for name, title in TITLES.items() if name not in self.given]

    def render(self) -> Text:
        text = Text().append("Scores: keys 1 to 4, arrows choose a line\n", "bold")
        for place, (name, title) in enumerate(TITLES.items()):
            here = place == self._row
            given = self.given.get(name)
            shown = "  ".join(f"[{n}]" if n == given else f" {n} " for n in range(1, BEST + 1))
            text.append(f"{'>' if here else ' '} {title:<22}{shown}\n", "reverse" if here else "")
        name = list(TITLES)[self._row]
        text.append("\n")
        for number, anchor in enumerate(ANCHORS[name], 1):
            text.append(f"{number}  ", "bold").append(f"{anchor}\n")
        return text
