"""Judging what came out of a meeting of threads: by rules that hold under every schedule, never by one outcome.

Which messages a subscription must get, and which it may get, follows from when things began and ended: a
publish that lies between the end of entering and the beginning of leaving must arrive or be counted as
dropped; one that overlaps either may; any other must not.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, NoReturn

from workbook.graders.broker_model import Op
from workbook.graders.broker_scene import raised_text, say
from workbook.grading.check import Bench, Broken, Record
from workbook.grading.ending import quote
from workbook.grading.verdict import Status, Verdict

if TYPE_CHECKING:
    from workbook.graders.broker_race import Meeting

NEVER = 10**9
SLACK = 2  # objects a broker may hold more of after a meeting: a number that has grown out of the small ones


@dataclass
class Story:
    """When each operation began and ended (in records), what was read, what was raised."""

    begun: dict[int, int] = field(default_factory=dict)
    ended: dict[int, int] = field(default_factory=dict)
    values: dict[int, object] = field(default_factory=dict)
    got: dict[int, list[str]] = field(default_factory=dict)
    raised: list[Record] = field(default_factory=list)
    slices: list[dict[str, object]] = field(default_factory=list)
    stuck: Record | None = None
    waiting: list[dict[str, object]] = field(default_factory=list)


def read_story(records: Sequence[Record], ops: Sequence[Op]) -> Story:
    story = Story()
    for at, record in enumerate(records):
        number = record.get("n", -1)
        match record["k"]:
            case "begin":
                story.begun[number] = at
            case "end":
                story.ended[number] = at
                story.values[number] = record["v"]
                story.begun.setdefault(number, at)
            case "raised":
                story.raised.append(record)
            case "got":
                story.got.setdefault(number, []).append(record["m"])
            case "schedule":
                story.slices = record["slices"]
            case "stuck" | "busy":
                story.stuck = record
            case "waiting":
                story.waiting = record["threads"]
    return story


@dataclass(frozen=True)
class Subscription:
    """The life of one subscription, in records."""

    name: str
    topic: str
    policy: object
    live_from: int  # entering ended
    enter_begun: int
    leave_begun: int
    left: int  # leaving ended
    received: tuple[str, ...]
    dropped: object
    reads: tuple[int, ...]  # in the order in which they began


def judge_meeting(bench: Bench, meeting: Meeting, records: Sequence[Record]) -> None:
    """Raise Broken when what came out breaks a rule."""
    ops = meeting.all_ops()
    by_number = {op["i"]: op for op in ops}
    story = read_story(records, ops)
    card = Card(bench, meeting, story, by_number)
    for record in story.raised:
        card.error(record)
    if story.stuck is not None:
        card.stuck()
    subs = lives(meeting, story, ops)
    publishes = [(op, key) for op in ops if op["op"] in ("publish", "churn") for key in op["m"]]
    for sub in subs:
        judge_subscription(card, meeting, sub, publishes, story)
        judge_reads(card, meeting, sub, story)
    if meeting.counts is not None:
        first, last = (story.values.get(number) for number in meeting.counts)
        if isinstance(first, int) and isinstance(last, int) and last - first > SLACK:
            card.leak(last - first)


def lives(meeting: Meeting, story: Story, ops: Sequence[Op]) -> list[Subscription]:
    found = []
    described = {op["sub"]: op for op in ops if op["op"] == "subscribe"}
    for name, op in described.items():
        enters = [one["i"] for one in ops if one["op"] == "enter" and one["sub"] == name]
        leaves = [one["i"] for one in ops if one["op"] == "leave" and one["sub"] == name]
        reads = [one["i"] for one in ops if one["op"] == "read" and one["sub"] == name]
        drops = [one["i"] for one in ops if one["op"] == "dropped" and one["sub"] == name]
        order = sorted(reads, key=lambda number: story.begun.get(number, NEVER))
        first_leave = min((story.begun.get(number, NEVER) for number in leaves), default=NEVER)
        left = min((story.ended.get(number, NEVER) for number in leaves), default=NEVER)
        found.append(
            Subscription(
                name,
                op["topic"],
                op.get("policy"),
                story.ended.get(enters[0], NEVER) if enters else NEVER,
                story.begun.get(enters[0], NEVER) if enters else NEVER,
                first_leave,
                left,
                tuple(key for number in order for key in story.got.get(number, [])),
                story.values.get(drops[-1]) if drops else 0,
                tuple(order),
            )
        )
    return found


def judge_subscription(
    card: Card, meeting: Meeting, sub: Subscription, publishes: Sequence[tuple[Op, str]], story: Story
) -> None:
    must: list[str] = []
    may: list[str] = []
    for op, key in publishes:
        if op["topic"] != sub.topic or op["i"] not in story.begun:
            continue
        begun, ended = story.begun[op["i"]], story.ended.get(op["i"], NEVER)
        if ended < sub.enter_begun or begun > sub.left:
            continue
        (must if sub.live_from < begun and ended < sub.leave_begun else may).append(key)
    received = list(sub.received)
    name = sub.name
    for key in received:
        if key not in must and key not in may:
            card.fail(f"{name} gets {key}, which was not published while its block was open.", sub, must, may)
        if received.count(key) > 1:
            card.fail(f"{name} gets {key} more than once.", sub, must, may)
    for thread in {op["a"] for op, _ in publishes}:
        order = [key for op, key in publishes if op["a"] == thread and key in received]
        if order != [key for key in received if key in order]:
            card.fail(f"{name} gets messages of one publisher in another order.", sub, must, may)
    dropped = sub.dropped
    if not isinstance(dropped, int):
        card.fail(f"{name}.dropped is no int.", sub, must, may)
        return
    missing = [key for key in must if key not in received]
    size = meeting.before[0]["buffer"] or 16
    if isinstance(sub.policy, list) and meeting.name.endswith("unread"):
        after, excess = sub.policy[1] or 1, len(must) + len(may) - size
        if dropped != min(after, excess):
            card.fail(
                f"{name} counts {dropped} dropped; its row ends at {min(after, excess)}.", sub, must, may
            )
    if sub.policy == "Block":
        if missing:
            card.fail(f"{name} never gets {', '.join(missing)}, and Block drops nothing.", sub, must, may)
        if dropped:
            card.fail(f"{name} counts {dropped} dropped, and Block drops nothing.", sub, must, may)
        return
    ends_itself = isinstance(sub.policy, list)
    if len(missing) > dropped and not ends_itself:
        card.fail(f"{name} loses {', '.join(missing)} and counts {dropped} dropped.", sub, must, may)
    if not ends_itself and not len(must) <= len(received) + dropped <= len(must) + len(may):
        card.fail(
            f"{name} gets {len(received)} and counts {dropped} dropped; that does not add up.", sub, must, may
        )
    if len(must) + len(may) <= size and dropped:
        card.fail(f"{name} drops {dropped} although all of them have room.", sub, must, may)
    if meeting.name.endswith("unread") and len(received) > size:
        card.fail(f"{len(received)} messages waited for {name}, whose buffer holds {size}.", sub, must, may)
    if meeting.name.endswith("unread") and len(must) >= size > len(received) and not ends_itself:
        card.fail(
            f"Only {len(received)} messages waited for {name}, whose buffer holds {size}.", sub, must, may
        )


def judge_reads(card: Card, meeting: Meeting, sub: Subscription, story: Story) -> None:
    """Rules about single loops: nothing comes after the end, and no more waits than the buffer holds."""
    size = meeting.before[0]["buffer"] or 16
    over = False
    for number in sub.reads:
        got = story.got.get(number, [])
        if over and got:
            card.fail(f"After the loop over {sub.name} had ended, {got[0]} came.", sub, [], [])
        over = over or story.values.get(number) is True
    late = [number for number in sub.reads if story.begun.get(number, NEVER) > sub.left]
    waited = sum(len(story.got.get(number, [])) for number in late)
    if waited > size:
        card.fail(f"{waited} messages waited for {sub.name}, whose buffer holds {size}.", sub, [], [])
    if meeting.filled and late and waited < size:
        card.fail(
            f"Only {waited} messages waited for {sub.name}; its buffer holds {size}, and was filled.",
            sub,
            [],
            [],
        )


class Card:
    """Turns what went wrong into a verdict, with the schedule as a timeline of the learner's own lines."""

    def __init__(self, bench: Bench, meeting: Meeting, story: Story, ops: dict[int, Op]) -> None:
        self.bench, self.meeting, self.story, self.ops = bench, meeting, story, ops

    def error(self, record: Record) -> NoReturn:
        op = self.ops.get(record["n"])
        what = say(op) if op else "an operation"
        place = quote(self.bench.source, record["line"], self.bench.file_name)
        said = raised_text(record)
        if record["type"] == "NotImplementedError":
            raise Broken(Verdict(Status.FAILED, f"Still to do: `{what}` {said}", "no error", place))
        thread = op["a"] if op else ""
        raise Broken(
            Verdict(
                Status.FAILED,
                f"`{what}` {said}, when another thread comes in between.",
                expected="no error, whatever the other thread does",
                seen=place or said,
                history=(*self.timeline(), f"{thread:<9}{said}"),
            )
        )

    def stuck(self) -> NoReturn:
        waits = [self._wait(entry) for entry in self.story.waiting]
        held = any(entry["held"] for entry in self.story.waiting)
        names = ", ".join(str(entry["a"]) for entry in self.story.waiting) or "a thread"
        what = "Deadlock: each waits for what another holds" if held else "Nothing moves any more"
        raise Broken(
            Verdict(
                Status.FAILED,
                f"{what}: {names}.",
                expected="all threads finish",
                seen=waits[0].strip() if len(waits) == 1 else f"{len(waits)} threads wait for ever",
                history=(*self.timeline(), *waits),
                likely="Two locks are taken in two orders, or a lock is held while waiting for another thread."
                if held
                else "Nobody notifies the waiting thread, or it is notified before it waits.",
            )
        )

    def leak(self, more: int) -> NoReturn:
        raise Broken(
            Verdict(
                Status.FAILED,
                "When all have left, the broker still holds something.",
                expected="as much is reachable from broker, class and module as before",
                seen=f"{more} objects more",
                history=tuple(self.timeline()),
                likely="Two who leave at once each think that the other cleans up, or undo each other's change.",
            )
        )

    def _wait(self, entry: dict[str, object]) -> str:
        line = entry["line"]
        place = quote(self.bench.source, line if isinstance(line, int) else None, self.bench.file_name)
        held = entry["held"]
        by = ""
        if isinstance(held, list) and held:
            who, at = held[0]
            by = f", held by {'itself' if who == entry['a'] else who} since line {at}"
        for_what = f" for {entry['for']}" if entry["for"] else ""
        return f"{entry['a']!s:<9}waits{for_what}{by}: {place}"

    def fail(self, message: str, sub: Subscription, must: list[str], may: list[str]) -> NoReturn:
        expected = f"{sub.name} gets or counts {', '.join(must) or 'nothing'}"
        if may:
            expected += f"; {', '.join(may)} it may"
        seen = f"{', '.join(sub.received) or 'nothing'}; dropped {sub.dropped}"
        raise Broken(Verdict(Status.FAILED, message, expected, seen, (*self.timeline(), *self.reads(sub))))

    def reads(self, sub: Subscription) -> list[str]:
        return [f"after    for message in {sub.name}: {', '.join(sub.received) or 'nothing'}, end of loop"]

    def timeline(self) -> list[str]:
        """What came before in short, then a line a slice, with the learner's own lines."""
        before = [say(op) for op in self.meeting.before if op["op"] not in ("create", "subscribe")]
        size = self.meeting.before[0]["buffer"]
        lines = [f"before   {'; '.join([f'Broker(buffer={size})', *before])}"[:110]]
        for name, ops in self.meeting.threads.items():
            lines.append(f"{name:<9}will {'; '.join(say(op) for op in ops)}"[:110])
        return [*lines, *(self._slice(told) for told in self.story.slices[:12])]

    def _slice(self, told: dict[str, object]) -> str:
        def at(line: object) -> str:
            return quote(self.bench.source, line if isinstance(line, int) else None, self.bench.file_name)

        name = f"{told['a']!s:<9}"
        if told["state"] == "paused":
            return f"{name}runs to {at(told['last']) or 'its first line'}, stopped before line {told['next']}"
        if told["state"] == "blocked":
            return f"{name}waits at {at(told['last'])}"
        if told["from"] is not None:
            return f"{name}goes on at {at(told['from'])}, to its end"
        return f"{name}runs to its end" + (f" ({at(told['last'])})" if told["last"] else "")
