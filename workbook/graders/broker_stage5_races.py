"""Broker, stage 5, races: policies that wait or end a subscription, under every schedule with one preemption."""

from __future__ import annotations

from workbook.graders.broker_begun import begun_collector
from workbook.graders.broker_meeting import LIMIT, SILENCE, meeting, publish
from workbook.graders.broker_race import Meeting, expect_races
from workbook.graders.broker_scene import Names, Scene
from workbook.grading.check import Bench, Check

CHECKS: list[Check] = []
check = begun_collector(CHECKS)


@check(
    rule="A publish that is about to wait for room when the subscription ends, returns.",
    why="The end comes once; a publisher that misses it waits for ever.",
    likely="The flag is looked at outside the lock that the wait for room uses.",
    limit=LIMIT,
    silence=SILENCE,
)
def race_block_leave(bench: Bench) -> None:
    meetings = []
    met, scene, names = meeting(bench, "blocked publish and leave, nobody reads", 1)
    topic = names.topic()
    scene.join("a", topic, "Block")
    scene.publish(topic, names.message())
    met.meet(
        pub=[publish(scene, "pub", topic, names.message())], leaver=[scene.op("leave", "leaver", sub="a")]
    )
    met.end("a")
    meetings.append(met)
    for others, size in ((0, 1), (1, 1), (0, 2)):
        met, scene, names = meeting(
            bench, f"publish and leave, {others} more there, room for {size - 1}", size
        )
        topic = names.topic()
        scene.join("a", topic, "Block")
        scene.publish(topic, names.message())
        subs = ["s"] if others else []
        for sub in subs:
            scene.join(sub, topic)
        met.meet(
            pub=[publish(scene, "pub", topic, names.message())],
            leaver=[scene.op("leave", "leaver", sub="a"), scene.op("read", "leaver", sub="a", n=None)],
        )
        met.end("a", *subs)
        meetings.append(met)
    expect_races(bench, meetings)


@check(
    rule="A publish that is about to wait when room is made, goes on; nothing is lost, repeated or overtaken.",
    why="A lost wake-up of a publisher stops a pipeline for good.",
    likely="Making room and notifying are not under the lock of the wait, or `if` stands where `while` belongs.",
    limit=LIMIT,
    silence=SILENCE,
)
def race_block_read(bench: Bench) -> None:
    meetings = []
    for count in (1, 2):
        met, scene, names = meeting(bench, f"blocked publish of {count} and read", 1)
        topic = names.topic()
        scene.join("a", topic, "Block")
        scene.publish(topic, names.message())
        met.meet(
            pub=[publish(scene, "pub", topic, *names.messages(count))],
            reader=[scene.op("read", "reader", sub="a", n=1 + count)],
        )
        met.end("a")
        meetings.append(met)
    expect_races(bench, meetings)


@check(
    rule="Two publishers that wait for the same room both get on: with room, and with the end.",
    why="One notify wakes one thread, and it may be the one that cannot go on.",
    likely="notify() where notify_all() belongs, or one condition for readers and publishers.",
    limit=LIMIT,
    silence=SILENCE,
)
def race_two_blocked_publishers(bench: Bench) -> None:
    def two(name: str) -> tuple[Meeting, Scene, Names, str]:
        met, scene, names = meeting(bench, name, 1)
        topic = names.topic()
        scene.join("a", topic, "Block")
        scene.publish(topic, names.message())
        return met, scene, names, topic

    readers, scene, names, topic = two("two blocked publishers and a reader")
    readers.meet(
        one=[publish(scene, "one", topic, names.message())],
        two=[publish(scene, "two", topic, names.message())],
        reader=[scene.op("read", "reader", sub="a", n=3)],
    )
    readers.end("a")
    leavers, scene, names, topic = two("two blocked publishers and the end")
    leavers.meet(
        one=[publish(scene, "one", topic, names.message())],
        two=[publish(scene, "two", topic, names.message())],
        leaver=[scene.op("leave", "leaver", sub="a")],
    )
    leavers.end("a")
    one_place, scene, names, topic = two("two blocked publishers and one place")
    one_place.meet(
        one=[publish(scene, "one", topic, names.message())],
        two=[publish(scene, "two", topic, names.message())],
        reader=[scene.op("read", "reader", sub="a", n=1)],
    )
    one_place.may_wait = True
    one_place.end("a", join=("one", "two"))
    two_places, scene, names = meeting(bench, "two blocked publishers and two places", 2)
    topic = names.topic()
    scene.join("a", topic, "Block")
    scene.publish(topic, *names.messages(2))
    two_places.meet(
        one=[publish(scene, "one", topic, names.message())],
        two=[publish(scene, "two", topic, names.message())],
        reader=[scene.op("read", "reader", sub="a", n=2)],
    )
    two_places.lead = ("one", "two")
    two_places.end("a")
    for met in (readers, leavers, one_place):
        met.lead = ("one",)
    expect_races(bench, [readers, leavers, one_place, two_places])
    one_place.lead = ("one", "two")
    expect_races(bench, [one_place])
    for met in (readers, leavers):
        met.lead = ()
    expect_races(bench, [readers, leavers], seeds=15)


@check(
    rule="Publishers that drop at once end a Disconnect subscription once, at the right drop.",
    why="The row is shared by all publishers of the topic.",
    likely="The row is counted outside the lock, or the end is carried out by each publisher that sees it.",
    limit=LIMIT,
    silence=SILENCE,
)
def race_disconnect_publish(bench: Bench) -> None:
    meetings = []
    for after in (1, 2):
        met, scene, names = meeting(bench, f"two drops, Disconnect(after={after}), unread", 1)
        topic = names.topic()
        scene.join("a", topic, ["Disconnect", after])
        scene.join("b", topic)
        scene.publish(topic, names.message())
        met.meet(
            one=[publish(scene, "one", topic, names.message())],
            two=[publish(scene, "two", topic, *names.messages(after))],
        )
        met.end("a", "b")
        meetings.append(met)
    met, scene, names = meeting(bench, "the last drop and leaving", 1)
    topic = names.topic()
    scene.join("a", topic, ["Disconnect", 1])
    scene.join("b", topic)
    scene.publish(topic, names.message())
    met.meet(
        pub=[publish(scene, "pub", topic, names.message())], leaver=[scene.op("leave", "leaver", sub="a")]
    )
    met.end("a", "b")
    meetings.append(met)
    met, scene, names = meeting(bench, "the last drop and a reader", 1)
    topic = names.topic()
    scene.join("a", topic, ["Disconnect", 1])
    scene.publish(topic, names.message())
    met.meet(
        pub=[publish(scene, "pub", topic, *names.messages(2))],
        reader=[scene.op("read", "reader", sub="a", n=1)],
    )
    met.end("a")
    meetings.append(met)
    expect_races(bench, meetings)
