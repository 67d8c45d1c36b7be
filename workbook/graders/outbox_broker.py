"""The broker of a scene: it takes messages, refuses or loses them, and acknowledges when the grader wants."""

from __future__ import annotations

from collections.abc import Callable, Collection
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from workbook.graders.outbox_database import Row
from workbook.graders.outbox_history import Send, name_of
from workbook.grading.check import Record
from workbook.grading.inert import inert

if TYPE_CHECKING:
    from workbook.graders.outbox_pump import Child, Pump
    from workbook.graders.outbox_scene import Scene


@dataclass(frozen=True)
class Answer:
    """What the broker does with a message. how: ack, fail (the future gets a PublishError), raise (send does),
    none (nothing is ever said), hold (nothing is said until `release`). `took`: it has the message."""

    how: str = "ack"
    after: float = 0.0  # seconds until the future resolves
    text: str = ""
    took: bool = True


Answering = Callable[[Send], Answer]
ACK = Answer()
HOLD = Answer("hold")
REFUSED = Answer("fail", text='leader not available ("broker 3", 100%)', took=False)
RAISED = Answer("raise", text="the queue of the producer is full", took=False)
SILENT = Answer("none", took=False)


def refusing(aggregates: Collection[str], answer: Answer = REFUSED) -> Answering:
    """An answer for every message of these aggregates, an acknowledgement for all others."""
    return lambda send: answer if send.row is not None and send.row.aggregate in aggregates else ACK


class Broker:
    """`answer` decides for each message; it is called in the thread of the child, one message at a time."""

    def __init__(self, scene: Scene) -> None:
        self._scene = scene
        self.answer: Answering = lambda send: ACK
        self._open: dict[tuple[int, int], tuple[Child, Send]] = {}

    def sent(self, child: Child, pump: Pump, record: Record) -> None:
        """A message has come; the pump waits for the word that lets its `send` return."""
        scene = self._scene
        with scene.changed:
            send = read_send(pump, record, scene.rows)
            if pump.dead:
                return
            again = any(other.row == send.row for other in scene.sends) and send.row is not None
            scene.sends.append(send)
            scene.event(pump.who, "send", f"sends {name_of(send.row)}{' again' if again else ''}", send)
        if not pump.passes("send"):
            return
        answer = self.answer(send)
        if answer.how == "ack" and answer.after == 0 and not pump.passes("ack"):
            scene.event("broker", "took", f"takes {name_of(send.row)}, the acknowledgement is lost", send)
            return
        later = answer.how == "hold" or (answer.how == "ack" and answer.after > 0)
        with scene.changed:
            if later:
                self._open[child.pid, send.number] = child, send
            kind, text = _in_words(answer, send)
            scene.event("broker", kind, text, send)
        how = "none" if answer.how == "hold" else answer.how
        child.order(do="answer", n=send.number, how=how, after=answer.after, text=answer.text, tell=later)

    def resolving(self, child: Child, record: Record) -> None:
        """An acknowledgement that was due later is on its way."""
        with self._scene.changed:
            send = self._open.pop((child.pid, record["n"]))[1]
            self._scene.event("broker", "late", f"acknowledges {name_of(send.row)}", send)

    def held(self, row: Row | None = None) -> list[Send]:
        """Messages that are not yet acknowledged and will be: of one row, or all."""
        with self._scene.changed:
            return [send for _, send in self._open.values() if row is None or send.row == row]

    def release(self, send: Send, how: str = "ack", text: str = "") -> None:
        """Let a held message be acknowledged, or fail."""
        with self._scene.changed:
            key = next((key for key, (_, one) in self._open.items() if one is send), None)
            if key is None:
                return
            child, _ = self._open.pop(key)
            what = "acknowledges" if how == "ack" else "reports an error for"
            self._scene.event(
                "broker", "late" if how == "ack" else "note", f"{what} {name_of(send.row)}", send
            )
        child.order(do="resolve", n=send.number, how=how, text=text)

    def release_all(self) -> None:
        for send in self.held():
            self.release(send)


def _in_words(answer: Answer, send: Send) -> tuple[str, str]:
    """(kind of event, what is said of it)."""
    row, because = name_of(send.row), f": {answer.text}" if answer.text else ""
    if answer.how == "ack" and answer.after == 0:
        return "ack", f"acknowledges {row}"
    if answer.how in ("ack", "hold"):
        return "took", f"takes {row}, acknowledges it later"
    if answer.how == "none":
        silent = f"takes {row}, the acknowledgement is lost" if answer.took else f"loses {row}, says nothing"
        return ("took" if answer.took else "lose"), silent
    if answer.took:
        return "took", f"takes {row}, but reports an error{because}"
    return "refuse", f"refuses {row}{because}"


def read_send(pump: Pump, record: Record, rows: dict[int, Row]) -> Send:
    """A message as the child reported it, and the row it is of."""
    odd: list[str] = []

    def text(name: str, value: Any, wanted: str) -> str:
        if isinstance(value, str):
            return value
        odd.append(f"{name} is a {inert(str(value['type']), 40)}, not {wanted}")
        return ""

    topic = text("topic", record["topic"], "str")
    key = text("key", record["key"], "bytes").encode("latin-1")
    value = text("value", record["value"], "bytes").encode("latin-1")
    headers = tuple(
        (text("a header's name", name, "str"), text("a header's value", held, "bytes").encode("latin-1"))
        for name, held in record["headers"]
    )
    row = _row_of(value, key, dict(headers).get("outbox-id", b""), rows)
    return Send(record["n"], pump.who, record["at"], topic, key, value, headers, tuple(odd), row)


def _row_of(value: bytes, key: bytes, header: bytes, rows: dict[int, Row]) -> Row | None:
    """By its payload where that tells; else by payload and key; else by the id in the header."""
    alike = [row for row in rows.values() if row.payload == value]
    if len(alike) == 1:
        return alike[0]
    of_key = [row for row in alike if row.aggregate.encode() == key]
    if len(of_key) == 1:
        return of_key[0]
    named = header.decode("latin-1")
    return next((row for row in rows.values() if str(row.id) == named), None)
