"""Broker, stage 4: concurrency. Every pair of operations meets under every schedule with one preemption."""

from __future__ import annotations

from typing import Any

from workbook.graders.broker_churn import expect_churn
from workbook.graders.broker_race import Meeting, expect_races
from workbook.graders.broker_scene import Names, Scene
from workbook.grading.check import Bench, Check, collector

CHECKS: list[Check] = []
check = collector(CHECKS, 4)
LIMIT, SILENCE = 12.0, 3.0  # seconds; on an idle machine a check takes one, or two


def meeting(bench: Bench, name: str, buffer: int = 16) -> tuple[Meeting, Scene, Names]:
    scene = Scene(buffer=buffer)
    return Meeting(name, scene), scene, Names(bench.rng)


def publish(scene: Scene, by: str, topic: str, *keys: str) -> dict[str, Any]:
    return scene.op("publish", by, topic=topic, m=list(keys), b="b")


def subscribe(scene: Scene, by: str, sub: str, topic: str, policy: Any = None) -> list[dict[str, Any]]:
    return [
        scene.op("subscribe", by, sub=sub, topic=topic, policy=policy, b="b"),
        scene.op("enter", by, sub=sub),
    ]


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


@check(
    rule="Messages of one publisher stay in order, whatever another thread publishes or reads meanwhile.",
    why="Order per publisher is promised under load, too.",
    likely="Messages are handed over outside the lock, or parked in a shared place that another publish empties.",
    notebook="q14_ordering",
    limit=LIMIT,
    silence=SILENCE,
)
def race_publish_order(bench: Bench) -> None:
    meetings = []
    met, scene, names = meeting(bench, "two publishers of two messages")
    topic = names.topic()
    scene.join("a", topic)
    scene.join("b", topic)
    met.meet(
        one=[publish(scene, "one", topic, *names.messages(2))],
        two=[publish(scene, "two", topic, *names.messages(2))],
    )
    met.end("a", "b")
    meetings.append(met)
    met, scene, names = meeting(bench, "two messages and a reader in between", 4)
    topic = names.topic()
    scene.join("a", topic)
    scene.publish(topic, names.message())
    met.meet(
        one=[publish(scene, "one", topic, *names.messages(3))],
        reader=[scene.op("read", "reader", sub="a", n=3)],
    )
    met.end("a")
    meetings.append(met)
    expect_races(bench, meetings)


@check(
    rule="Three threads at once: publishing, reading and leaving keep all rules.",
    why="Some races need three: one looks, one changes, one uses.",
    likely="See the schedule; it is replayed by the seed.",
    notebook="q11_lock_during_delivery",
    limit=LIMIT,
    silence=SILENCE,
)
def three_threads(bench: Bench) -> None:
    meetings = []
    met, scene, names = meeting(bench, "publish, publish, leave", 2)
    topic = names.topic()
    scene.join("a", topic)
    scene.join("b", topic)
    met.meet(
        one=[publish(scene, "one", topic, *names.messages(2))],
        two=[publish(scene, "two", topic, *names.messages(2))],
        leaver=[scene.op("leave", "leaver", sub="a"), *subscribe(scene, "leaver", "c", topic)],
    )
    met.end("a", "b", "c")
    meetings.append(met)
    met, scene, names = meeting(bench, "publish, read, leave")
    topic = names.topic()
    scene.join("a", topic)
    scene.publish(topic, names.message())
    met.meet(
        pub=[publish(scene, "pub", topic, *names.messages(2))],
        reader=[scene.op("read", "reader", sub="a", n=None)],
        leaver=[scene.op("leave", "leaver", sub="a")],
    )
    met.end("a", read=["a"])
    meetings.append(met)
    met, scene, names = meeting(bench, "enter, leave, publish")
    topic = names.topic()
    scene.join("a", topic)
    met.meet(
        new=[*subscribe(scene, "new", "b", topic), scene.op("leave", "new", sub="b")],
        leaver=[scene.op("leave", "leaver", sub="a"), *subscribe(scene, "leaver", "c", topic)],
        pub=[publish(scene, "pub", topic, *names.messages(2))],
    )
    scene.publish(topic, names.message())
    met.end("a", "b", "c")
    meetings.append(met)
    met, scene, names = meeting(bench, "publish, publish, publish")
    topic = names.topic()
    scene.join("a", topic)
    met.meet(**{by: [publish(scene, by, topic, *names.messages(2))] for by in ("one", "two", "three")})
    met.end("a")
    meetings.append(met)
    met, scene, names = meeting(bench, "leave, leave, enter")
    topic = names.topic()
    for sub in ("a", "b"):
        scene.join(sub, topic)
    met.meet(
        one=[scene.op("leave", "one", sub="a"), *subscribe(scene, "one", "c", topic)],
        two=[scene.op("leave", "two", sub="b"), *subscribe(scene, "two", "d", topic)],
        three=subscribe(scene, "three", "e", topic),
    )
    scene.publish(topic, names.message())
    met.end("a", "b", "c", "d", "e")
    meetings.append(met)
    expect_races(bench, meetings, seeds=30)


@check(
    rule="Many threads that publish, subscribe, read and leave at once lose nothing and finish.",
    why="What holds for two must hold for a crowd.",
    likely="See what does not add up; the races above find most such faults with a schedule to look at.",
    notebook="q11_lock_during_delivery",
    limit=LIMIT,
    silence=SILENCE,
)
def churn_of_many_threads(bench: Bench) -> None:
    expect_churn(bench)


@check(
    rule="No order of entering, publishing, reading and leaving ends in a deadlock, also when readers publish.",
    why="Readers that publish to each other's topics are an everyday design.",
    likely="Locks are taken in two orders, or a lock is held while the loop body or another thread is waited for.",
    notebook="q11_lock_during_delivery",
    limit=LIMIT,
    silence=SILENCE,
)
def no_deadlock(bench: Bench) -> None:
    meetings = []
    for others in (0, 1):
        met, scene, names = meeting(bench, f"publish and enter and leave, {others} there")
        topic = names.topic()
        subs = ["s"] if others else []
        for sub in subs:
            scene.join(sub, topic)
        met.meet(
            pub=[publish(scene, "pub", topic, names.message())],
            new=[*subscribe(scene, "new", "n", topic), scene.op("leave", "new", sub="n")],
        )
        met.end(*subs, "n")
        meetings.append(met)
    met, scene, names = meeting(bench, "readers that publish to each other", 4)
    left, right = names.topic(), names.topic()
    scene.join("a", left)
    scene.join("b", right)
    scene.publish(left, names.message())
    scene.publish(right, names.message())
    there = [publish(scene, "one", right, names.message())]
    back = [publish(scene, "two", left, names.message())]
    met.meet(
        one=[scene.op("read", "one", sub="a", n=1, body={"1": there})],
        two=[scene.op("read", "two", sub="b", n=1, body={"1": back})],
    )
    met.end("a", "b")
    meetings.append(met)
    met, scene, names = meeting(bench, "leave the other's subscription from a loop", 4)
    topic = names.topic()
    scene.join("a", topic)
    scene.join("b", topic)
    scene.publish(topic, names.message())
    met.meet(
        one=[scene.op("read", "one", sub="a", n=1, body={"1": [scene.op("leave", "one", sub="b")]})],
        two=[scene.op("read", "two", sub="b", n=1, body={"1": [scene.op("leave", "two", sub="a")]})],
    )
    met.end("a", "b")
    meetings.append(met)
    met, scene, names = meeting(bench, "publish to two topics, leave two topics")
    left, right = names.topic(), names.topic()
    for sub, topic in (("a", left), ("b", right)):
        scene.join(sub, topic)
    met.meet(
        one=[publish(scene, "one", left, names.message()), publish(scene, "one", right, names.message())],
        two=[scene.op("leave", "two", sub="b"), scene.op("leave", "two", sub="a")],
    )
    met.end("a", "b")
    meetings.append(met)
    expect_races(bench, meetings)
