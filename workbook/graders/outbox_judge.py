"""The rules, as judgements of what happened in a scene. Each raises Broken with the shortest history it can."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from workbook.graders.outbox_database import Row
from workbook.graders.outbox_history import PUBLISHED, TAKEN, Event, Send, begin, name_of
from workbook.graders.outbox_scene import Scene
from workbook.grading.inert import inert

SHOWN = 60  # characters of a key, a payload, a header


def shown(data: bytes | None) -> str:
    """Bytes for a card."""
    return "nothing" if data is None else inert(repr(data), SHOWN)


def as_they_are(play: Scene, sends: Sequence[Send] | None = None) -> None:
    """Every message has its row's topic, key and value."""
    for send in play.sends if sends is None else sends:
        if send.odd:
            raise play.broken(f"{begin(name_of(send.row))}: the {send.odd[0]}.", row=send.row)
        row = send.row
        if row is None:
            got = f"key {shown(send.key)}, value {shown(send.value)}"
            raise play.broken("A message was sent that is no row of the table.", "a row", got)
        for what, wanted, got_it in (
            ("topic", row.topic.encode(), send.topic.encode()),
            ("key", row.aggregate.encode(), send.key),
            ("value", row.payload, send.value),
        ):
            if wanted != got_it:
                message = f"{begin(name_of(row))} is sent with another {what}."
                raise play.broken(message, shown(wanted), shown(got_it), row)


def with_their_id(play: Scene) -> None:
    """Every message has the header outbox-id, and it is the row's id."""
    for send in play.sends:
        if send.row is None:
            continue
        wanted = str(send.row.id).encode()
        got = send.header("outbox-id")
        if any(text.startswith("a header") for text in send.odd):
            odd = next(text for text in send.odd if text.startswith("a header"))
            raise play.broken(
                f"{begin(name_of(send.row))}: {odd}.", f"outbox-id: {shown(wanted)}", row=send.row
            )
        if got != wanted:
            names = ", ".join(inert(name, 30) for name, _ in send.headers) or "no header"
            said = f"outbox-id: {shown(got)}" if got is not None else f"{names}, no outbox-id"
            message = f"{begin(name_of(send.row))} is sent with a wrong header."
            raise play.broken(message, f"outbox-id: {shown(wanted)}", said, send.row)


def taken(play: Scene) -> list[Event]:
    """The events by which the broker got a message, in order."""
    return [event for event in play.events if event.kind in TAKEN]


def nothing_lost(play: Scene, rows: Iterable[Row] | None = None) -> None:
    """No row is marked that the broker never took."""
    wanted = list(play.rows.values() if rows is None else rows)
    have = {event.row.id for event in taken(play) if event.row is not None}
    stored = play.database.stored()
    for row in wanted:
        if row.id not in stored:
            raise play.broken(f"{begin(name_of(row))} was deleted.", "it stays, marked", "it is gone", row)
        if stored[row.id].marked and row.id not in have:
            message = f"{begin(name_of(row))} is lost: it is marked, and the broker never took it."
            raise play.broken(message, "published, then marked", "marked, not published", row)


def nothing_twice(play: Scene) -> None:
    """No row was sent more than once; for scenes without a failure."""
    first: dict[int, Send] = {}
    for send in play.sends:
        if send.row is None:
            continue
        before = first.setdefault(send.row.id, send)
        if before is not send:
            whom = "twice" if before.pump == send.pump else f"by {before.pump} and by {send.pump}"
            message = f"{begin(name_of(send.row))} was sent {whom}, although nothing failed."
            until = until_send(play, send)
            raise play.broken(message, "each row is sent once", f"sent {whom}", send.row, events=until)


def in_order(play: Scene, late: Iterable[Row] = ()) -> None:
    """The first publications of each aggregate come in the order of ids. `late`: rows to leave out."""
    spared = {row.id for row in late}
    highest: dict[str, Row] = {}
    known: set[int] = set()
    for event in taken(play):
        row = event.row
        if row is None or row.id in known or row.id in spared:
            continue
        known.add(row.id)
        before = highest.get(row.aggregate)
        if before is not None and before.id > row.id:
            message = f"Row {row.id} of {inert(row.aggregate, 20)} was published after row {before.id}."
            seen = order_of(play, row.aggregate)
            expected = f"first publications: {', '.join(map(str, sorted(seen)))}"
            until = play.events[: play.events.index(event) + 1]
            raise play.broken(message, expected, ", ".join(map(str, seen)), row, events=until)
        highest[row.aggregate] = row


def order_of(play: Scene, aggregate: str) -> list[int]:
    """First publications of an aggregate as they came."""
    mine = [
        event.row.id for event in taken(play) if event.row is not None and event.row.aggregate == aggregate
    ]
    return list(dict.fromkeys(mine))


def one_at_a_time(play: Scene, late: Iterable[Row] = ()) -> None:
    """A row was sent only when every earlier row of its aggregate was published. `late`: rows to leave out."""
    spared = {row.id for row in late}
    lines: dict[str, list[Row]] = {}
    for row in sorted(play.rows.values(), key=lambda row: row.id):
        if row.id not in spared:
            lines.setdefault(row.aggregate, []).append(row)
    published: set[int] = set()
    for event in play.events:
        if event.kind in PUBLISHED and event.row is not None:
            published.add(event.row.id)
        if event.kind != "send" or event.row is None:
            continue
        for earlier in lines.get(event.row.aggregate, ()):
            if earlier.id >= event.row.id:
                break
            if earlier.id not in published:
                message = f"{begin(name_of(event.row))} was sent before row {earlier.id} was acknowledged."
                raise play.broken(
                    message,
                    f"row {earlier.id} is acknowledged, then row {event.row.id} is sent",
                    f"row {earlier.id} was "
                    + ("sent, and is not acknowledged" if _sent(play, earlier, event) else "not even sent"),
                    event.row,
                    events=play.events[: play.events.index(event) + 1],
                )


def _sent(play: Scene, row: Row, before: Event) -> bool:
    """Whether the row was sent before that event."""
    return any(
        event.kind == "send" and event.row == row for event in play.events[: play.events.index(before)]
    )


def same_header(play: Scene) -> None:
    """All attempts of a row carry the same outbox-id, and different rows different ones."""
    first: dict[int, bytes | None] = {}
    for send in play.sends:
        if send.row is None:
            continue
        now = send.header("outbox-id")
        before = first.setdefault(send.row.id, now)
        if before != now or now is None:
            message = f"{begin(name_of(send.row))} was sent again with another header."
            expected = f"outbox-id: {shown(str(send.row.id).encode())}, each time"
            got = f"{shown(before)}, then {shown(now)}"
            raise play.broken(message, expected, got, send.row, events=until_send(play, send))


def until_send(play: Scene, send: Send) -> list[Event]:
    """The history up to a message."""
    end = next(
        number for number, event in enumerate(play.events) if event.kind == "send" and event.send is send
    )
    return play.events[: end + 1]
