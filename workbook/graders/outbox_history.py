"""What happened between pumps, broker and database, as plain data, and how it is told."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass

from workbook.graders.outbox_database import Row
from workbook.grading.inert import inert


@dataclass(frozen=True)
class Send:
    """A message a pump handed over. Fields that are no str or bytes hold the name of their type in angles."""

    number: int  # of its pump's child
    pump: str  # "pump 1"
    at: float  # seconds on the clock of this machine
    topic: str
    key: bytes
    value: bytes
    headers: tuple[tuple[str, bytes], ...]
    odd: tuple[str, ...]  # what was of a wrong type, in words
    row: Row | None  # the row it is of, as far as that can be told

    def header(self, name: str) -> bytes | None:
        return next((value for key, value in self.headers if key == name), None)


@dataclass(frozen=True)
class Event:
    """One step. kind: send, ack (taken and acknowledged), took (taken, nothing said), refuse (not taken, said
    so), lose (not taken, nothing said), late (acknowledged after it was taken long ago), asks, answers, note."""

    at: float
    who: str
    kind: str
    text: str
    send: Send | None = None
    failed: bool = False
    session: int = 0

    @property
    def row(self) -> Row | None:
        return self.send.row if self.send is not None else None


TAKEN = ("ack", "took")  # kinds of events by which the broker has a message
PUBLISHED = ("ack", "late")  # kinds by which a pump learns of it


def name_of(row: Row | None) -> str:
    """`row 103 of B`, as cards call it."""
    if row is None:
        return "a message that is no row"
    return f"row {row.id} of {inert(row.aggregate, 16) or repr('')}"


def begin(sentence: str) -> str:
    """The sentence with a capital, and nothing else of it changed."""
    return sentence[:1].upper() + sentence[1:]


def statement(text: str, most: int = 52) -> str:
    """A statement short enough for a line, its beginning and its end."""
    shown = inert(text, 4000)
    return shown if len(shown) <= most else f"{shown[: most - 22]} ... {shown[-17:]}"


def outcome(tags: str) -> str:
    """Command tags as rows: `SELECT 6` and `UPDATE 1` as `6 rows`, `1 row`; others as nothing."""
    counts = [tag.split()[-1] for tag in tags.split(", ") if tag.split() and tag.split()[-1].isdigit()]
    return ", ".join(f"{count} row{'' if count == '1' else 's'}" for count in counts)


def told(
    events: Iterable[Event], about: Callable[[Event], bool] | None = None, clock: bool = False
) -> tuple[str, ...]:
    """A line an event; requests and their answers in one. `about` chooses; `clock` puts the seconds in front.

    Where it chooses, what changed nothing is left out, too: writes of no row, commits of nothing.
    """
    lines: list[str | None] = []
    open_lines: dict[tuple[str, int], tuple[int, Event]] = {}  # (who, session) -> where its request stands
    changed: set[str] = set()  # who has sent or written something since the last commit
    start = None
    for event in events:
        start = event.at if start is None else start
        if event.kind == "answers":
            at, asked = open_lines.pop((event.who, event.session), (None, event))
            came = inert(event.text, 60) if event.failed else outcome(event.text)
            if at is None:
                continue
            if about is not None and came == "0 rows":
                lines[at] = None
            elif came:
                lines[at] = f"{lines[at]:<66}{came}"
                changed.add(event.who)
            elif about is not None and asked.text.upper().startswith("COMMIT"):
                lines[at] = lines[at] if event.who in changed else None
                changed.discard(event.who)
            continue
        if about is not None and not about(event):
            continue
        if event.kind == "asks":
            open_lines[event.who, event.session] = len(lines), event
        elif event.kind == "send":
            changed.add(event.who)
        time = f"{event.at - start:6.2f} s  " if clock else ""
        lines.append(f"{time}{event.who:<9}{event.text}".rstrip())
    return tuple(line for line in lines if line is not None)


WRITES = ("UPDATE", "DELETE", "INSERT", "COMMIT", "ROLLBACK", "WITH")
COMES_AND_GOES = ("is told to stop", "run returns", "run_once returns")


def of_aggregate(aggregate: str | None) -> Callable[[Event], bool]:
    """Chooses what a card about one aggregate needs: its messages, what is written, and accidents."""

    def about(event: Event) -> bool:
        if event.kind == "asks":
            text = event.text.upper()
            return text.startswith(WRITES) and not (text.startswith("WITH") and "UPDATE " not in text)
        if event.send is None:
            return not event.text.startswith(COMES_AND_GOES)
        return event.row is None or event.row.aggregate == aggregate

    return about
