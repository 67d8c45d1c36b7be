"""The broker as the contract describes it, without threads: what each operation of a scene should yield."""

from __future__ import annotations

from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

Op = dict[str, Any]
DEFAULT_BUFFER = 16


@dataclass
class Outcome:
    """What an operation yielded: messages it got, whether it is done, its value."""

    got: list[str] = field(default_factory=list)
    done: bool = False
    value: object = None


@dataclass
class Waiting:
    """A subscription. `reader` is the read that waits for its next message, if any."""

    topic: str
    policy: object
    size: int
    buffer: deque[str] = field(default_factory=deque)
    dropped: int = 0
    row: int = 0
    live: bool = False
    reader: Op | None = None

    @property
    def has_room(self) -> bool:
        return self.reader is not None or len(self.buffer) < self.size


@dataclass
class Publishing:
    """A publish under way: the messages still to come, the one being handed over, who has no room for it yet."""

    op: Op
    keys: deque[str]
    key: str = ""
    waits_for: list[Waiting] = field(default_factory=list)


class Model:
    """A broker per name, performing scenes one operation at a time.

    While a publish waits for a Block subscriber the topic's others already have the message; the contract
    leaves that open, so scenes do not look at them meanwhile.
    """

    def __init__(self) -> None:
        self.sizes: dict[str, int] = {}
        self.subs: dict[str, Waiting] = {}
        self.homes: dict[str, str] = {}
        self.outcomes: dict[int, Outcome] = {}
        self.under_way: list[Publishing] = []

    def run(self, ops: Sequence[Op]) -> dict[int, Outcome]:
        """The outcome of every operation, by its number."""
        for op in ops:
            self.perform(op)
        return self.outcomes

    def perform(self, op: Op) -> None:
        outcome = self.outcomes.setdefault(op["i"], Outcome())
        handler = getattr(self, "op_" + op["op"], None)
        if handler is not None:  # measurements have no expected outcome
            handler(op, outcome)
        if op["op"] not in ("read", "hold", "publish"):
            outcome.done = True
        for publishing in list(self.under_way):
            self.go_on(publishing)

    def op_create(self, op: Op, _: Outcome) -> None:
        self.sizes[op.get("b", "b")] = DEFAULT_BUFFER if op["buffer"] is None else op["buffer"]

    def op_subscribe(self, op: Op, _: Outcome) -> None:
        home = op.get("b", "b")
        self.homes[op["sub"]] = home
        self.subs[op["sub"]] = Waiting(op["topic"], op.get("policy"), self.sizes[home])

    def op_enter(self, op: Op, _: Outcome) -> None:
        self.subs[op["sub"]].live = True

    def op_leave(self, op: Op, outcome: Outcome) -> None:
        self.end(self.subs[op["sub"]])
        if op["op"] == "leave_raising":
            outcome.value = False

    op_leave_raising = op_leave

    def end(self, sub: Waiting) -> None:
        sub.live = False
        if sub.reader is not None:
            reader, sub.reader = sub.reader, None
            self.outcomes[reader["i"]].done = True
            self.outcomes[reader["i"]].value = True

    def op_publish(self, op: Op, _: Outcome) -> None:
        self.under_way.append(Publishing(op, deque(op["m"])))
        self.go_on(self.under_way[-1])

    def go_on(self, publishing: Publishing) -> None:
        """Hand over as much as there is room for."""
        op = publishing.op
        while publishing in self.under_way:
            for sub in list(publishing.waits_for):
                if not sub.live or sub.has_room:
                    publishing.waits_for.remove(sub)
                    if sub.live:
                        self.offer(sub, publishing.key)
            if publishing.waits_for:
                return
            if not publishing.keys:
                self.under_way.remove(publishing)
                self.outcomes[op["i"]].done = True
                return
            publishing.key = publishing.keys.popleft()
            for name, sub in list(self.subs.items()):
                if sub.live and sub.topic == op["topic"] and self.homes[name] == op.get("b", "b"):
                    if sub.policy == "Block" and not sub.has_room:
                        publishing.waits_for.append(sub)
                    else:
                        self.offer(sub, publishing.key)

    def offer(self, sub: Waiting, key: str) -> None:
        if sub.has_room:
            sub.buffer.append(key)
            sub.row = 0
            if sub.reader is not None:
                self.feed(sub)
            return
        sub.dropped += 1
        sub.row += 1
        if isinstance(sub.policy, list | tuple) and sub.row == (sub.policy[1] or 1):
            self.end(sub)

    def op_read(self, op: Op, outcome: Outcome) -> None:
        if op["n"] == 0:
            outcome.done, outcome.value = True, False
            return
        self.subs[op["sub"]].reader = op
        self.feed(self.subs[op["sub"]])

    def feed(self, sub: Waiting) -> None:
        """Let the reader take what it can."""
        while sub.reader is not None:
            reader = sub.reader
            outcome = self.outcomes[reader["i"]]
            if not sub.buffer:
                if not sub.live:
                    self.end(sub)
                return
            outcome.got.append(sub.buffer.popleft())
            sub.reader = None  # it is in the body of its loop now
            for inner in reader.get("body", {}).get(str(len(outcome.got)), ()):
                self.perform(inner)
                if inner["op"] == "hold":
                    self.held = (inner["gate"], sub, reader)
                    return
            self.resume(sub, reader)

    def resume(self, sub: Waiting, reader: Op) -> None:
        outcome = self.outcomes[reader["i"]]
        if len(outcome.got) == reader["n"]:
            outcome.done, outcome.value = True, False
        else:
            sub.reader = reader

    def op_hold(self, op: Op, _: Outcome) -> None:
        return

    def op_release(self, op: Op, _: Outcome) -> None:
        gate, sub, reader = self.held
        if gate == op["gate"]:
            hold = reader["body"][str(len(self.outcomes[reader["i"]].got))][-1]
            self.outcomes[hold["i"]].done = True
            self.resume(sub, reader)
            self.feed(sub)

    def op_dropped(self, op: Op, outcome: Outcome) -> None:
        outcome.value = self.subs[op["sub"]].dropped
