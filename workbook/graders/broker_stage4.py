"""Broker, stage 4: concurrency. Every pair of operations meets under every schedule with one preemption."""

from __future__ import annotations

from workbook.graders.broker_meeting import LIMIT, SILENCE, meeting, publish, subscribe
from workbook.graders.broker_race import expect_races
from workbook.grading.check import Bench, Check, collector

CHECKS: list[Check] = []
check = collector(CHECKS, 4)


@check(
    rule="Two publishers at once and room for one: exactly one message waits, the other is dropped and counted.",
    why="Looking whether there is room and taking it must be one step.",
    likely="`if there is room: append` without a lock around both, or with two locks.",
    notebook="q03_minimal_broker",
    limit=LIMIT,
    silence=SILENCE,
)
def race_publish_publish(bench: Bench) -> None:
    meetings = []
    met, scene, names = meeting(bench, "publish and publish, room for both, unread")
    topic = names.topic()
    scene.join("a", topic)
    met.meet(
        one=[publish(scene, "one", topic, names.message())],
        two=[publish(scene, "two", topic, names.message())],
    )
    met.end("a")
    meetings.append(met)
    for size, waiting in ((1, 0), (3, 2)):
        met, scene, names = meeting(bench, f"publish and publish, room for one of {size}, unread", size)
        topic = names.topic()
        scene.join("a", topic)
        scene.join("b", topic)
        if waiting:
            scene.publish(topic, *names.messages(waiting))
        met.meet(
            one=[publish(scene, "one", topic, names.message())],
            two=[publish(scene, "two", topic, names.message())],
        )
        met.end("a", "b")
        meetings.append(met)
    expect_races(bench, meetings, opcodes=True)


@check(
    rule="Drops are counted exactly, also when two publishers drop at once.",
    why="`counter += 1` is a read, an addition and a write; two threads can do the first before either does the last.",
    likely="`self.dropped += 1` outside the lock.",
    notebook="q21_observability",
    limit=LIMIT,
    silence=SILENCE,
)
def race_drop_counts(bench: Bench) -> None:
    met, scene, names = meeting(bench, "drop and drop, unread", 1)
    topic = names.topic()
    scene.join("a", topic)
    scene.join("b", topic)
    scene.publish(topic, names.message())
    met.meet(
        one=[publish(scene, "one", topic, names.message())],
        two=[publish(scene, "two", topic, names.message())],
    )
    met.end("a", "b")
    expect_races(bench, [met], opcodes=True)


@check(
    rule="A publish that overlaps entering may or may not reach the new subscription, and harms neither side.",
    why="Somebody always subscribes while somebody publishes.",
    likely="The registry is changed while publish iterates over it, or the subscription is registered half-made.",
    notebook="q11_lock_during_delivery",
    limit=LIMIT,
    silence=SILENCE,
)
def race_publish_enter(bench: Bench) -> None:
    meetings = []
    for others in (0, 2):
        met, scene, names = meeting(bench, f"publish and enter, {others} there")
        topic = names.topic()
        subs = [f"s{number}" for number in range(others)]
        for sub in subs:
            scene.join(sub, topic)
        met.meet(
            pub=[publish(scene, "pub", topic, *names.messages(2))],
            new=[*subscribe(scene, "new", "n", topic), publish(scene, "new", topic, names.message())],
        )
        scene.publish(topic, names.message())
        met.end(*subs, "n")
        meetings.append(met)
    expect_races(bench, meetings)


@check(
    rule="A publish that overlaps leaving may or may not reach who leaves; it never raises, and all others get it.",
    why="This is the race that ends as `send on closed channel` in Go.",
    likely="publish looks at the closed flag and enqueues in two steps; flag and enqueue need one lock.",
    notebook="q11_lock_during_delivery",
    limit=LIMIT,
    silence=SILENCE,
)
def race_publish_leave(bench: Bench) -> None:
    meetings = []
    for subs in (["a"], ["a", "b"], ["b", "a", "c"]):
        met, scene, names = meeting(bench, f"publish and leave, {len(subs)} there")
        topic = names.topic()
        for sub in subs:
            scene.join(sub, topic)
        scene.publish(topic, names.message())
        met.meet(
            pub=[publish(scene, "pub", topic, names.message())],
            leaver=[scene.op("leave", "leaver", sub="a"), scene.op("read", "leaver", sub="a", n=None)],
        )
        scene.publish(topic, names.message())
        met.end(*subs)
        meetings.append(met)
    met, scene, names = meeting(bench, "publish twice and leave a full buffer", 1)
    topic = names.topic()
    scene.join("a", topic)
    scene.join("b", topic)
    met.meet(
        pub=[publish(scene, "pub", topic, *names.messages(2))], leaver=[scene.op("leave", "leaver", sub="a")]
    )
    met.end("a", "b")
    meetings.append(met)
    expect_races(bench, meetings)


@check(
    rule="A reader that meets a publisher gets the message: no wake-up is lost, nothing is lost or repeated.",
    why="Between looking into an empty buffer and going to sleep, a message may come.",
    likely="The look and the wait are not under one lock, or `if` stands where `while` belongs.",
    notebook="q03_minimal_broker",
    limit=LIMIT,
    silence=SILENCE,
)
def race_publish_read(bench: Bench) -> None:
    meetings = []
    for size, there, count in ((16, 0, 1), (16, 1, 2), (2, 1, 1), (16, 0, 2)):
        met, scene, names = meeting(bench, f"publish {count} and read, {there} waiting, buffer {size}", size)
        topic = names.topic()
        scene.join("a", topic)
        if there:
            scene.publish(topic, *names.messages(there))
        met.meet(
            pub=[publish(scene, "pub", topic, *names.messages(count))],
            reader=[scene.op("read", "reader", sub="a", n=there + count)],
        )
        met.end("a", fill=(topic, names.messages(size + 1)))
        meetings.append(met)
    expect_races(bench, meetings)


@check(
    rule="Two subscribers that enter a new topic at once are both live afterwards.",
    why="The first subscriber of a topic makes its entry; two first ones must not make two.",
    likely="`if topic not in registry: registry[topic] = ...` outside the lock: the second entry replaces the first.",
    notebook="q11_lock_during_delivery",
    limit=LIMIT,
    silence=SILENCE,
)
def race_enter_enter(bench: Bench) -> None:
    meetings = []
    for others in (0, 1):
        met, scene, names = meeting(bench, f"enter and enter, {others} there")
        topic = names.topic()
        subs = ["s"] if others else []
        for sub in subs:
            scene.join(sub, topic)
        met.meet(one=subscribe(scene, "one", "a", topic), two=subscribe(scene, "two", "b", topic))
        scene.publish(topic, names.message())
        met.end(*subs, "a", "b")
        meetings.append(met)
    expect_races(bench, meetings)


@check(
    rule="When the last subscriber leaves a topic while another enters it, the one who enters is live.",
    why="Removing an empty entry and adding to it are two steps that must not mix.",
    likely="The entry is found empty, somebody enters it, then it is deleted with the newcomer in it.",
    notebook="q11_lock_during_delivery",
    limit=LIMIT,
    silence=SILENCE,
)
def race_enter_leave(bench: Bench) -> None:
    meetings = []
    for others in (0, 1):
        met, scene, names = meeting(bench, f"enter and leave, {others} more there")
        topic = names.topic()
        met.warm_up(topic)
        subs = ["s"] if others else []
        for sub in ["a", *subs]:
            scene.join(sub, topic)
        met.meet(leaver=[scene.op("leave", "leaver", sub="a")], new=subscribe(scene, "new", "b", topic))
        scene.publish(topic, names.message())
        met.end("a", *subs, "b")
        meetings.append(met)
    expect_races(bench, meetings)


@check(
    rule="Subscribers of one topic may leave at the same time.",
    why="A shutdown is everybody leaving at once.",
    likely="Both find themselves the last and delete the entry twice (KeyError), or a list is changed under the other.",
    notebook="q09_unsubscribe",
    limit=LIMIT,
    silence=SILENCE,
)
def race_leave_leave(bench: Bench) -> None:
    meetings = []
    for others in (0, 1):
        met, scene, names = meeting(bench, f"leave and leave, {others} more there")
        topic = names.topic()
        met.warm_up(topic)
        subs = ["s"] if others else []
        for sub in ["a", "b", *subs]:
            scene.join(sub, topic)
        scene.publish(topic, names.message())
        met.meet(one=[scene.op("leave", "one", sub="a")], two=[scene.op("leave", "two", sub="b")])
        scene.publish(topic, names.message())
        met.end("a", "b", *subs)
        meetings.append(met)
    met, scene, names = meeting(bench, "leave twice at once")
    topic = names.topic()
    met.warm_up(topic)
    scene.join("a", topic)
    scene.join("b", topic)
    met.meet(
        one=[scene.op("leave", "one", sub="a")],
        two=[scene.op("leave", "two", sub="b"), scene.op("leave", "two", sub="b")],
    )
    met.end("a", "b")
    meetings.append(met)
    expect_races(bench, meetings)


@check(
    rule="A reader that is about to wait when the subscription ends, ends.",
    why="The end comes once; a reader that misses it waits for ever.",
    likely="The closed flag is set or looked at outside the lock that the wait uses.",
    notebook="q09_unsubscribe",
    limit=LIMIT,
    silence=SILENCE,
)
def race_read_leave(bench: Bench) -> None:
    meetings = []
    for size, there in ((16, 0), (16, 1), (1, 1), (2, 2)):
        met, scene, names = meeting(bench, f"read and leave, {there} waiting, buffer {size}", size)
        topic = names.topic()
        scene.join("a", topic)
        if there:
            scene.publish(topic, *names.messages(there))
        met.meet(
            reader=[scene.op("read", "reader", sub="a", n=None)],
            leaver=[scene.op("leave", "leaver", sub="a")],
        )
        met.end("a", read=["a"])
        meetings.append(met)
    expect_races(bench, meetings)
