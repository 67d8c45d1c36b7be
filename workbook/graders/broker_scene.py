"""Scenes of the broker kata: building them, playing them, comparing what came out with the model."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from random import Random
from typing import Any

from workbook.graders.broker_model import Model, Op, Outcome
from workbook.grading.check import Bench, Broken, Record
from workbook.grading.ending import quote
from workbook.grading.inert import inert
from workbook.grading.verdict import Status, Verdict

WORDS = (
    "amber",
    "birch",
    "cedar",
    "delta",
    "ember",
    "flint",
    "grove",
    "heron",
    "iris",
    "juno",
    "kiwi",
    "lotus",
)
TOPICS = ("orders", "users", "prices", "alarms", "billing", "stock")


class Names:
    """Message and topic names that no submission can know in advance."""

    def __init__(self, rng: Random) -> None:
        self.rng = rng
        self._used: set[str] = set()

    def _fresh(self, words: Sequence[str]) -> str:
        while True:
            name = f"{self.rng.choice(words)}{self.rng.randrange(10, 1000)}"
            if name not in self._used:
                self._used.add(name)
                return name

    def message(self) -> str:
        return self._fresh(WORDS)

    def messages(self, count: int) -> list[str]:
        return [self.message() for _ in range(count)]

    def topic(self) -> str:
        return self._fresh(TOPICS)


@dataclass
class Scene:
    """Operations on one broker. Every method appends one and returns its number."""

    buffer: int | None = 16
    ops: list[Op] = field(default_factory=list)
    _count: int = 0
    main: str = "main"

    def __post_init__(self) -> None:
        self.add("create", buffer=self.buffer)

    def op(self, name: str, by: str | None = None, wait: str = "done", **arguments: Any) -> Op:
        """An operation that is not yet part of the scene: for the body of a loop or a block."""
        op = {"i": self._count, "a": by or self.main, "op": name, "w": wait, **arguments}
        self._count += 1
        return op

    def add(self, name: str, by: str | None = None, wait: str = "done", **arguments: Any) -> int:
        op = self.op(name, by, wait, **arguments)
        self.ops.append(op)
        return int(op["i"])

    def another_broker(self, name: str, buffer: int | None = 16) -> int:
        return self.add("create", b=name, buffer=buffer)

    def subscribe(self, sub: str, topic: str, policy: Any = None, by: str | None = None, b: str = "b") -> int:
        return self.add("subscribe", by, sub=sub, topic=topic, policy=policy, b=b)

    def enter(self, sub: str, by: str | None = None) -> int:
        return self.add("enter", by, sub=sub)

    def join(self, sub: str, topic: str, policy: Any = None, by: str | None = None, b: str = "b") -> int:
        """Subscribe and enter."""
        self.subscribe(sub, topic, policy, by, b)
        return self.enter(sub, by)

    def leave(self, sub: str, by: str | None = None) -> int:
        return self.add("leave", by, sub=sub)

    def publish(self, topic: str, *keys: str, by: str | None = None, b: str = "b", wait: str = "done") -> int:
        return self.add("publish", by, wait, topic=topic, m=list(keys), b=b)

    def read(
        self, sub: str, count: int, by: str | None = None, body: dict[int, list[Op]] | None = None
    ) -> int:
        """Read messages that are there."""
        return self.add("read", by, sub=sub, n=count, **_body(body))

    def await_read(
        self, sub: str, count: int | None, by: str, body: dict[int, list[Op]] | None = None
    ) -> int:
        """Start a read that may have to wait; the scene goes on once it waits. None: to the end of the loop."""
        return self.add("read", by, "settle", sub=sub, n=count, **_body(body))

    def drain(self, sub: str, by: str | None = None) -> int:
        """Read to the end of the loop."""
        return self.add("read", by, sub=sub, n=None)

    def dropped(self, sub: str) -> int:
        return self.add("dropped", sub=sub)

    def plan(self) -> dict[str, Any]:
        """What the child is sent. Threads that should be done at the end are given time to get there."""
        if not any(op["w"] == "settle" for op in self.ops):
            return {"ops": self.ops, "finish": []}
        expected = Model().run(self.ops)
        finish = {op["a"] for op in self.ops if op["w"] == "settle" and expected[op["i"]].done}
        return {"ops": self.ops, "finish": sorted(finish)}

    def all_ops(self) -> list[Op]:
        """Every operation, those in bodies included, in the order they are written."""
        return [one for op in self.ops for one in with_inner(op)]


def _body(body: dict[int, list[Op]] | None) -> dict[str, Any]:
    return {} if body is None else {"body": {str(number): ops for number, ops in body.items()}}


def with_inner(op: Op) -> list[Op]:
    """An operation and those in its body, however deep."""
    body = op.get("body", {})
    inner = [one for ops in body.values() for one in ops] if isinstance(body, dict) else list(body)
    return [op, *[deep for one in inner for deep in with_inner(one)]]


@dataclass(frozen=True)
class Seen:
    """What a learner's broker made of one scene."""

    outcomes: dict[int, Outcome]
    raised: dict[int, Record]
    waits: dict[str, Record]
    stuck: Record | None
    slept: frozenset[int] = frozenset()  # operations that waited for nothing but time


def read_records(records: Sequence[Record], scene: int = 0) -> Seen:
    """Records of one scene, by operation."""
    outcomes: dict[int, Outcome] = {}
    raised: dict[int, Record] = {}
    waits: dict[str, Record] = {}
    stuck: Record | None = None
    slept: set[int] = set()
    for record in records:
        if record.get("s") != scene:
            continue
        number = record.get("n", -1)
        match record["k"]:
            case "scene":
                break  # what follows is the clean-up
            case "got":
                outcomes.setdefault(number, Outcome()).got.append(record["m"])
            case "end":
                outcome = outcomes.setdefault(number, Outcome())
                outcome.done, outcome.value = True, record["v"]
            case "raised":
                outcomes.setdefault(number, Outcome()).done = True
                raised[number] = record
            case "waits":
                waits[record["a"]] = record
            case "slept":
                slept.add(number)
            case "stuck" | "busy":
                stuck = record
    return Seen(outcomes, raised, waits, stuck, frozenset(slept))


def play(bench: Bench, *scenes: Scene) -> list[Seen]:
    """Play scenes in one child; what came of those that were reached."""
    records = bench.play({"scenes": [scene.plan() for scene in scenes]})
    reached = 1 + max((record["s"] for record in records if "s" in record), default=0)
    return [read_records(records, number) for number in range(reached)]


# ---- telling it


def say(op: Op) -> str:
    """An operation in words."""
    match op["op"]:
        case "create":
            return f"Broker(buffer={op['buffer']})" if op["buffer"] is not None else "Broker()"
        case "subscribe":
            policy = op.get("policy")
            shown = "" if policy is None else f", {policy_text(policy)}"
            return f"{op['sub']} = subscribe({op['topic']}{shown})"
        case "enter":
            return f"enter {op['sub']}"
        case "leave":
            return f"leave {op['sub']}"
        case "leave_raising":
            return f"leave {op['sub']} by an exception"
        case "publish":
            return f"publish({op['topic']}, {_few(op['m'])})"
        case "read":
            return f"for message in {op['sub']}" + (
                "" if op["n"] is None else ", once" if op["n"] == 1 else f", {op['n']} times"
            )
        case "dropped":
            return f"{op['sub']}.dropped"
        case "hold":
            return "handles the message slowly"
        case "release":
            return "the slow handler goes on"
        case "block":
            return f"with subscribe({op['topic']}): ... {op['how']}"
    return str(op["op"])


def policy_text(policy: Any) -> str:
    if isinstance(policy, str):
        return f"{policy}()"
    return "Disconnect()" if policy[1] is None else f"Disconnect(after={policy[1]})"


def _few(keys: Sequence[str]) -> str:
    shown = [inert(key, 24) for key in keys]
    return ", ".join(shown) if len(shown) <= 4 else f"{shown[0]}, {shown[1]} ... {shown[-1]} ({len(shown)})"


def outcome_text(op: Op, outcome: Outcome | None, raised: Record | None, waits: str) -> str:
    """What came of an operation, in words."""
    parts = []
    if outcome is not None and outcome.got:
        parts.append(_few(outcome.got))
    if raised is not None:
        parts.append(raised_text(raised))
    elif outcome is None or not outcome.done:
        parts.append(waits or "waits")
    elif op["op"] == "read":
        parts.append("end of loop" if outcome.value else "")
        if not outcome.got and not outcome.value:
            parts.append("nothing")
    elif op["op"] == "dropped":
        parts.append(inert(str(outcome.value), 40))
    return ", ".join(part for part in parts if part)


def raised_text(record: Record) -> str:
    text = inert(str(record["text"]), 60)
    return f"raised {inert(str(record['type']), 40)}" + (f": {text}" if text else "")


def timeline(scene: Scene, seen: Seen, until: int, bench: Bench) -> tuple[str, ...]:
    """The scene as it went, a line an operation, up to the one that broke."""
    lines = []
    for op in scene.all_ops():
        outcome, raised = seen.outcomes.get(op["i"]), seen.raised.get(op["i"])
        if outcome is None and op["i"] != until and not _is_top(scene, op):
            continue
        came = outcome_text(op, outcome, raised, _where(seen, op, bench))
        lines.append(f"{op['a']:<9}{say(op):<44}{came}".rstrip())
        if op["i"] == until and not _later_matters(scene, op):
            break
    return tuple(lines)


def _is_top(scene: Scene, op: Op) -> bool:
    return any(one is op for one in scene.ops)


def _later_matters(scene: Scene, op: Op) -> bool:
    """A read that was still waiting is broken by what follows; anything else by what came before."""
    return bool(op["w"] == "settle")


def _where(seen: Seen, op: Op, bench: Bench) -> str:
    record = seen.waits.get(op["a"])
    if seen.stuck is not None and seen.stuck.get("n") == op["i"]:
        record = seen.stuck
    if record is None or not record.get("at"):
        return "waits"
    place = quote(bench.source, record["at"]["line"], bench.file_name)
    return f"waits at {place}" if place else "waits"


# ---- judging it


def judge(bench: Bench, scene: Scene, seen: Seen, *, likely: str = "") -> None:
    """Compare one scene with the model. Raises Broken at the first operation that differs."""
    expected = Model().run(scene.ops)
    for op in scene.all_ops():
        want = expected.get(op["i"])
        if want is None:
            continue
        difference = differs(op, want, seen, bench)
        if difference:
            message, wanted, got = difference
            raise Broken(
                Verdict(
                    Status.FAILED,
                    message,
                    expected=wanted,
                    seen=got,
                    history=timeline(scene, seen, op["i"], bench),
                    likely=likely,
                )
            )


def differs(op: Op, want: Outcome, seen: Seen, bench: Bench) -> tuple[str, str, str] | None:
    """(sentence, expected, seen) where an operation went otherwise than the model says."""
    outcome, raised = seen.outcomes.get(op["i"]), seen.raised.get(op["i"])
    wanted = outcome_text(op, want, None, "waits for the next message") or "returns"
    if raised is not None:
        place = quote(bench.source, raised["line"], bench.file_name)
        said = raised_text(raised)
        if raised["type"] == "NotImplementedError":
            return f"Still to do: `{say(op)}` {said}", wanted, place
        return f"`{say(op)}` {said}.", wanted, place or said
    got = outcome_text(op, outcome, None, _where(seen, op, bench)) or "returns"
    if op["op"] == "publish" and op["i"] in seen.slept:
        return f"`{say(op)}` waits a while before it returns.", "returns at once", "it sleeps, then returns"
    if outcome is None and want.done and not _was_reached(op, seen):
        return f"`{say(op)}` does not come about.", wanted, "it is never reached"
    outcome = outcome or Outcome()
    if outcome.done != want.done:
        what = "never returns" if want.done else "does not wait"
        return f"`{say(op)}` {what}.", wanted, got
    if outcome.got != want.got or (
        outcome.done and op["op"] in ("read", "dropped") and outcome.value != want.value
    ):
        if isinstance(outcome.value, dict):
            return "`dropped` is not an int.", wanted, inert(str(outcome.value["not an int"]), 60)
        return f"`{say(op)}` gives something else.", wanted, got
    return None


def _was_reached(op: Op, seen: Seen) -> bool:
    stuck = seen.stuck is not None and seen.stuck.get("n") == op["i"]
    return stuck or op["a"] in seen.waits


def expect_model(bench: Bench, *scenes: Scene, likely: str = "") -> list[Seen]:
    """Play scenes in one child and judge each by the model; what was seen, when all is as it should be."""
    outcomes = play(bench, *scenes)
    for scene, seen in zip(scenes, outcomes, strict=False):
        judge(bench, scene, seen, likely=likely)
    if len(outcomes) < len(scenes):
        raise Broken(Verdict(Status.FAILED, "The scene broke off before its end."))
    return outcomes


def no_error(bench: Bench, seen: Seen) -> None:
    """Raise Broken when any operation of the scene raised."""
    for number in sorted(seen.raised):
        raise_error(bench, seen.raised[number])


def raise_error(bench: Bench, record: Record) -> None:
    """Raise Broken for an operation that raised."""
    where = quote(bench.source, record["line"], bench.file_name)
    todo = "Still to do: " if record["type"] == "NotImplementedError" else "The answer "
    raise Broken(Verdict(Status.FAILED, f"{todo}{raised_text(record)}.", "no error", where))
