"""Meetings of two or three threads under every schedule with one preemption, and seeded schedules."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any

from workbook.graders.broker_model import Op
from workbook.graders.broker_race_judge import judge_meeting
from workbook.graders.broker_scene import Scene, with_inner
from workbook.grading.check import Bench, Broken, Record
from workbook.grading.verdict import Status, Verdict


@dataclass
class Meeting:
    """What comes before, the threads that meet, what comes after.

    A name that ends in "unread" promises that nobody reads before all has been published.
    """

    name: str
    scene: Scene
    threads: dict[str, list[Op]] = field(default_factory=dict)
    after: list[Op] = field(default_factory=list)
    before: list[Op] = field(default_factory=list)
    may_wait: bool = False
    filled: bool = (
        False  # more than fits was published at the end, so that every buffer is full when it is left
    )
    counts: tuple[int, int] | None = None  # operations that count what the broker holds, before and after
    lead: tuple[str, ...] = ()  # threads that run until they wait, before the other two meet
    finish: tuple[str, ...] = ()

    def meet(self, **threads: list[Op]) -> None:
        """Everything added to the scene so far comes before; these operations meet."""
        self.before = list(self.scene.ops)
        self.scene.ops.clear()
        self.threads = threads

    def warm_up(self, topic: str) -> None:
        """Two subscribe to the topic and leave; then what the broker holds is counted."""
        for sub in ("w1", "w2"):
            self.scene.join(sub, topic)
        for sub in ("w1", "w2"):
            self.scene.leave(sub)
            self.scene.drain(sub)
            self.scene.add("forget", sub=sub)
        number = self.scene.add("count")
        self.counts = (number, number)

    def end(
        self,
        *subs: str,
        read: Iterable[str] = (),
        join: Iterable[str] = (),
        fill: tuple[str, list[str]] | None = None,
    ) -> None:
        """Afterwards all leave, their buffers are read to the end, their drops are asked for.

        `read` names subscriptions whose reader in the meeting reads to the end itself; `join` names threads
        that end only now; `fill` is a topic and more messages than fit, published before leaving.
        """
        by_reader = set(read)
        if fill is not None:
            self.filled = True
            self.scene.publish(fill[0], *fill[1])
        inside = [one for ops in self.threads.values() for op in ops for one in with_inner(op)]
        left = {op["sub"] for op in inside if op["op"] == "leave"}
        for sub in subs:
            if sub not in left:  # leaving again could mend what the meeting broke
                self.scene.leave(sub)
        for thread in join:
            self.scene.add("join", who=thread)
        for sub in subs:
            if sub not in by_reader:
                self.scene.drain(sub)
            self.scene.drain(sub)
            self.scene.dropped(sub)
        if self.counts is not None:
            for sub in subs:
                self.scene.add("forget", sub=sub)
            self.counts = (self.counts[0], self.scene.add("count"))
        self.after = list(self.scene.ops)

    def all_ops(self) -> list[Op]:
        ops = [*self.before, *[op for ops in self.threads.values() for op in ops], *self.after]
        return [one for op in ops for one in with_inner(op)]

    def plan(self, **how: Any) -> dict[str, Any]:
        return {
            "id": self.name,
            "before": self.before,
            "threads": self.threads,
            "after": self.after,
            "finish": list(self.finish),
            "may_wait": self.may_wait,
            "kind": "one",
            "opcodes": False,
            "from": 1,
            "step": 1,
            "lead": list(self.lead),
            **how,
        }


def expect_races(bench: Bench, meetings: Sequence[Meeting], *, opcodes: bool = False, seeds: int = 0) -> None:
    """Every schedule of every meeting, by lines; judged one by one. Raises Broken.

    `opcodes` also stops within lines: where one line can do two things that another thread must not part.
    """
    steered = 0
    if seeds:
        drawn = [bench.rng.randrange(1, 2**31) for _ in range(seeds)]
        steered += _play(bench, meetings, kind="seeded", seeds=drawn)
    else:
        steered += _play(bench, meetings)
        if opcodes:
            steered += _play(bench, meetings, opcodes=True)
    if not steered:  # nothing of it can be steered
        raise Broken(
            Verdict(
                Status.FAILED,
                "None of the lines that subscribe, publish and leave run in this file, so no race can be ruled out.",
                expected="the broker is written in this file",
                seen="no line of it runs",
                likely="The code is hidden from tracing: exec, eval, another module, or C code.",
            )
        )


def _play(bench: Bench, meetings: Sequence[Meeting], **how: Any) -> int:
    """Play and judge; how many steps of the learner's file were steered."""
    by_name = {meeting.name: meeting for meeting in meetings}
    records = bench.play({"races": [meeting.plan(**how) for meeting in meetings]})
    for record in records:
        if record["k"] == "untraced":
            raise Broken(
                Verdict(
                    Status.FAILED,
                    "The file switches tracing off or replaces it; the grader steers threads by it.",
                    expected="sys.settrace is left alone",
                    seen="sys.settrace was called" if record["line"] else "the trace function was gone",
                )
            )
    steps, own, current = 0, list[Record](), None
    for record in records:
        if record["k"] == "meeting":
            current, own = record, []
        elif current is not None and record.get("s") == current["s"]:
            own.append(record)
            if record["k"] == "schedule":
                steps += record["steps"]
            elif record["k"] == "scene":
                judge_meeting(bench, by_name[current["race"]], own)
                current = None
    return steps
