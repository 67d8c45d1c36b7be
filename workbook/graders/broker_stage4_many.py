"""Broker, stage 4, more than two threads, and threads in a fixed order: order across subscribers, churn, deadlock."""

from __future__ import annotations

from workbook.graders.broker_churn import expect_churn
from workbook.graders.broker_meeting import LIMIT, SILENCE, meeting, publish, subscribe
from workbook.graders.broker_race import expect_races
from workbook.grading.check import Bench, Check, collector

CHECKS: list[Check] = []
check = collector(CHECKS, 4)


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
