"""Broker, stage 3, what is left behind: memory, threads, processes, and turns of the processor taken while waiting."""

from __future__ import annotations

from typing import Any

from workbook.graders.broker_scene import Names, Scene, expect_model, no_error, play, raise_error
from workbook.grading.check import Bench, Broken, Check, collector
from workbook.grading.ending import quote
from workbook.grading.verdict import Status, Verdict

CHECKS: list[Check] = []
check = collector(CHECKS, 3)


def _growth(bench: Bench, rounds: int, **cycles: Any) -> tuple[int, int]:
    """Objects reachable after a few cycles and after `rounds` more, each on topics of their own."""
    names, scene = Names(bench.rng), Scene(buffer=4)
    topic = names.topic()
    arguments: dict[str, Any] = {
        "topic": topic,
        "publishes": 0,
        "reads": 0,
        "drain": False,
        "what": "return",
        **cycles,
    }
    warm = 20
    scene.add("cycles", begin=0, end=warm, **arguments)
    before = scene.add("count")
    scene.add("cycles", begin=warm, end=warm + rounds, **arguments)
    after = scene.add("count")
    records = bench.play({"scenes": [{"ops": scene.ops, "finish": []}]})
    counts = {record["n"]: record for record in records if record.get("k") in ("end", "raised", "stuck")}
    for number in range(after + 1):
        record = counts.get(number)
        if record is None or record["k"] == "stuck":
            raise Broken(Verdict(Status.FAILED, "A cycle of subscribing and leaving never returns."))
        if record["k"] == "raised":
            raise_error(bench, record)
    return counts[before]["v"], counts[after]["v"]


def _expect_no_growth(bench: Bench, told: str, **cycles: Any) -> None:
    rounds = bench.rng.randrange(150, 250)
    before, after = _growth(bench, rounds, **cycles)
    if after - before > rounds // 2:
        raise Broken(
            Verdict(
                Status.FAILED,
                f"The broker grows with every topic: {after - before} objects more after {rounds} topics.",
                expected=f"{before} objects reachable from broker, class and module, as before",
                seen=f"{after} objects",
                history=(f"main    {rounds} times, each on a fresh topic: {told}",),
            )
        )


@check(
    rule="A topic without subscribers leaves nothing behind in the broker, its class or its module.",
    why="Topic names with an id in them come and go by the million; a broker that keeps them all fills up.",
    likely="The topic's entry stays in the registry when its last subscriber has left.",
    notebook="q09_unsubscribe",
    limit=5.0,
)
def topics_leave_nothing_behind(bench: Bench) -> None:
    _expect_no_growth(bench, "enter, publish twice, read one, leave", publishes=2, reads=1, drain=True)
    _expect_no_growth(bench, "enter, publish twice, leave by an exception", publishes=2, what="raise")
    _expect_no_growth(bench, "enter, overflow, leave unread", publishes=7)


@check(
    rule="Publishing to a topic without subscribers leaves nothing behind.",
    why="Publishers choose topic names; a typo, or an id in the name, must not cost memory for ever.",
    likely="A defaultdict makes an entry for every topic that is looked up; use .get().",
    notebook="q09_unsubscribe",
)
def publishing_leaves_nothing_behind(bench: Bench) -> None:
    _expect_no_growth(bench, "publish to nobody", what="publish")


@check(
    rule="A scope that is never entered leaves nothing behind.",
    why="A scope may be made and thrown away; only entering starts something.",
    likely="subscribe() already registers, or makes the topic's entry.",
    notebook="q09_unsubscribe",
)
def unentered_scopes_leave_nothing_behind(bench: Bench) -> None:
    _expect_no_growth(bench, "subscribe, never enter", what="unentered")


@check(
    rule="No busy waiting: an idle subscription looks at nothing, not even with sleeps or short time-outs.",
    why="A thousand idle subscribers that look every 10 ms are a hundred thousand looks a second.",
    likely="The wait has a time-out and stands in a loop; wait without one and let publish and leave notify.",
    notebook="q11_lock_during_delivery",
    limit=4.0,
)
def no_busy_waiting(bench: Bench) -> None:
    names, scene = Names(bench.rng), Scene()
    topic = names.topic()
    scene.join("a", topic)
    scene.join("b", topic)
    scene.await_read("a", None, by="reader")
    looks = scene.add("wakeups", by="watch", wait="measure", seconds=0.55)
    scene.leave("a")
    scene.leave("b")
    [seen] = play(bench, scene)
    outcome = seen.outcomes.get(looks)
    no_error(bench, seen)
    if outcome is None or not isinstance(outcome.value, int):
        raise Broken(
            Verdict(Status.FAILED, "The scene broke off before the reader waited.", "a reader that waits")
        )
    if outcome.value >= 2:
        raise Broken(
            Verdict(
                Status.FAILED,
                "An idle subscription keeps waking up.",
                expected="no thread wakes up while nothing is published",
                seen=f"{outcome.value} wake-ups within 0.55 s",
                history=("main    enter a, enter b", "reader  for message in a          waits"),
            )
        )


@check(
    rule="A thread of the broker's own is gone within a second of leaving, also when nobody reads the rest.",
    why="A thread per subscription that stays is a leak that a thousand subscribers turn into an outage.",
    likely="The thread waits for a message, or for room, that will never come: leaving has to wake it.",
    notebook="q09_unsubscribe",
    limit=5.0,
)
def threads_are_gone_after_leaving(bench: Bench) -> None:
    names, scene = Names(bench.rng), Scene(buffer=2)
    topic = names.topic()
    for sub in ("a", "b", "c"):
        scene.join(sub, topic)
    scene.publish(topic, *names.messages(5))
    scene.read("a", 1)
    for sub in ("a", "b", "c"):
        scene.leave(sub)
    threads = scene.add("threads", by="watch", wait="measure")
    [seen] = play(bench, scene)
    no_error(bench, seen)
    outcome = seen.outcomes.get(threads)
    if outcome is None or not isinstance(outcome.value, list):
        raise Broken(Verdict(Status.FAILED, "The scene broke off before all had left.", "leaving returns"))
    if outcome.value[0]:
        place = quote(bench.source, outcome.value[1], bench.file_name)
        raise Broken(
            Verdict(
                Status.FAILED,
                f"A second after leaving, {outcome.value[0]} thread(s) of the broker still run.",
                expected="no thread is left",
                seen=place or "a thread",
                history=(
                    "main    enter a, b, c",
                    "main    publish 5, read 1",
                    "main    leave a, b, c, one second passes",
                ),
            )
        )


@check(
    rule="The broker starts no process.",
    why="A process per subscription is beyond what an in-process broker may cost.",
    likely="multiprocessing or os.fork; threads and locks are enough here.",
    notebook="q12_in_process_or_broker",
)
def starts_no_process(bench: Bench) -> None:
    names, scene = Names(bench.rng), Scene(buffer=2)
    topic = names.topic()
    scene.join("a", topic)
    scene.publish(topic, *names.messages(3))
    scene.read("a", 1)
    scene.leave("a")
    scene.drain("a")
    expect_model(bench, scene)  # a process that is started breaks any check; here nothing else is asked
