"""Broker, stage 2: bounded, and never blocked."""

from __future__ import annotations

from workbook.graders.broker_random import expect_random
from workbook.graders.broker_scene import Names, Scene, expect_model, no_error, play, raised_text
from workbook.grading.check import Bench, Broken, Check, collector
from workbook.grading.verdict import Status, Verdict

CHECKS: list[Check] = []
check = collector(CHECKS, 2)


@check(
    rule="A buffer of less than 1 is a ValueError.",
    why="queue.Queue(0) and asyncio.Queue(0) are unbounded: the size that looks smallest is the largest.",
    likely="The size is handed to queue.Queue as it is, where 0 and less mean without end.",
    notebook="q10_buffer_size",
)
def buffer_below_one_is_refused(bench: Bench) -> None:
    for size in (0, -1, -bench.rng.randrange(2, 10_000)):
        scene = Scene(buffer=size)
        [seen] = play(bench, scene)
        raised = seen.raised.get(0)
        if raised is not None and raised["type"] == "NotImplementedError":
            no_error(bench, seen)
        if raised is None or raised["type"] != "ValueError":
            got = "a broker" if raised is None else raised_text(raised)
            raise Broken(Verdict(Status.FAILED, f"`Broker(buffer={size})` is accepted.", "ValueError", got))
    scene = Scene(buffer=1)
    scene.join("a", "t")
    expect_model(bench, scene)


@check(
    rule="`buffer` is how many messages may wait for one subscriber: exactly that many, for each.",
    why="A bound that is off by one is a bound nobody can calculate with.",
    likely="The comparison is off by one, a sentinel takes a place, or all subscribers share one bound.",
    notebook="q10_buffer_size",
)
def buffer_holds_exactly_its_size(bench: Bench) -> None:
    scenes = []
    for size in (1, 2, 3, bench.rng.randrange(5, 40)):
        names, scene = Names(bench.rng), Scene(buffer=size)
        topic = names.topic()
        scene.join("a", topic)
        scene.join("b", topic)
        scene.publish(topic, *names.messages(size - 1))
        scene.dropped("a")
        scene.publish(topic, names.message())
        scene.dropped("a")
        scene.publish(topic, names.message())
        scene.dropped("a")
        scene.leave("a")
        scene.leave("b")
        scene.drain("a")
        scene.drain("b")
        scenes.append(scene)
    expect_model(bench, *scenes)


@check(
    rule="Without an argument the buffer holds 16 messages.",
    why="A default is part of the contract.",
    likely="The default was changed, or the size is not used at all.",
    notebook="q10_buffer_size",
)
def default_buffer_is_sixteen(bench: Bench) -> None:
    names, scene = Names(bench.rng), Scene(buffer=None)
    topic = names.topic()
    scene.join("a", topic)
    scene.publish(topic, *names.messages(16))
    scene.dropped("a")
    scene.publish(topic, *names.messages(bench.rng.randrange(1, 9)))
    scene.dropped("a")
    scene.leave("a")
    scene.drain("a")
    expect_model(bench, scene)


@check(
    rule="When the buffer is full the newest message is dropped; what waits stays.",
    why="Drop-newest and drop-oldest are different promises; a ring buffer silently gives the other one.",
    likely="deque(maxlen=...) throws away the oldest, not the newest.",
    notebook="q08_slow_subscriber",
)
def newest_is_dropped(bench: Bench) -> None:
    names, scene = Names(bench.rng), Scene(buffer=3)
    topic = names.topic()
    scene.join("a", topic)
    scene.publish(topic, *names.messages(5))
    scene.read("a", 1)
    scene.publish(topic, *names.messages(3))
    scene.read("a", 3)
    scene.leave("a")
    scene.drain("a")
    expect_model(bench, scene)


@check(
    rule="`dropped` is an int that counts the dropped messages of this one subscription.",
    why="A drop that is not counted is a loss nobody can explain.",
    likely="One counter for the broker or the topic, or a counter that is not raised on every drop.",
    notebook="q21_observability",
)
def drops_are_counted_per_subscription(bench: Bench) -> None:
    names, scene = Names(bench.rng), Scene(buffer=2)
    topic, other = names.topic(), names.topic()
    scene.join("a", topic)
    scene.dropped("a")
    scene.publish(topic, *names.messages(bench.rng.randrange(4, 9)))
    scene.join("b", topic)
    scene.join("c", other)
    scene.dropped("b")
    scene.publish(topic, *names.messages(3))
    scene.publish(other, *names.messages(2))
    for sub in ("a", "b", "c"):
        scene.dropped(sub)
    scene.read("a", 2)
    scene.publish(topic, *names.messages(2))
    for sub in ("a", "b", "c"):
        scene.dropped(sub)
    expect_model(bench, scene)


@check(
    rule="`publish` never waits for a slow reader.",
    why="A publisher that waits for its slowest subscriber has the speed of its slowest subscriber.",
    likely="A blocking put: use put_nowait, or look at the size under the lock.",
    notebook="q08_slow_subscriber",
)
def publish_never_waits_for_a_slow_reader(bench: Bench) -> None:
    names, scene = Names(bench.rng), Scene(buffer=2)
    topic = names.topic()
    scene.join("a", topic)
    scene.publish(topic, *names.messages(4))
    hold = scene.op("hold", by="slow", gate="g")
    scene.await_read("a", 3, by="slow", body={1: [hold]})
    scene.publish(topic, *names.messages(4))
    scene.join("b", topic)
    scene.publish(topic, *names.messages(2))
    scene.read("b", 2)
    scene.add("release", gate="g")
    scene.dropped("a")
    expect_model(bench, scene)


@check(
    rule="A slow subscriber costs no other subscriber a message, wherever it stands in the registry.",
    why="Isolation is the reason for one buffer per subscriber.",
    likely="The loop over the subscribers stops (return, break, an exception) at the first full buffer.",
    notebook="q08_slow_subscriber",
)
def slow_subscriber_costs_no_other(bench: Bench) -> None:
    scenes = []
    for slow in range(3):
        names, scene = Names(bench.rng), Scene(buffer=2)
        topic = names.topic()
        subs = ["a", "b", "c"]
        for sub in subs:
            scene.join(sub, topic)
        for _ in range(5):
            scene.publish(topic, names.message())
            for number, sub in enumerate(subs):
                if number != slow:
                    scene.read(sub, 1)
        for sub in subs:
            scene.dropped(sub)
            scene.leave(sub)
            scene.drain(sub)
        scenes.append(scene)
    expect_model(bench, *scenes)


@check(
    rule="Reading makes room: as many messages fit again as were read.",
    why="A bound is on what waits, not on what was ever published.",
    likely="A counter of free places is not raised when a message is read.",
    notebook="q10_buffer_size",
)
def room_comes_back_after_reading(bench: Bench) -> None:
    names, scene = Names(bench.rng), Scene(buffer=4)
    topic = names.topic()
    scene.join("a", topic)
    for count in (4, 2, 3, 1, 4):
        scene.publish(topic, *names.messages(count))
        scene.publish(topic, names.message())
        scene.read("a", bench.rng.randrange(1, 4))
        scene.dropped("a")
    scene.leave("a")
    scene.drain("a")
    expect_model(bench, scene)


@check(
    rule="A message in the hands of the reading loop no longer waits: the whole buffer is free beside it.",
    why="Otherwise a buffer of 1 could never hold a message while another is handled.",
    likely="The message is taken out of the buffer only after the loop has come back for the next one.",
    notebook="q10_buffer_size",
)
def message_in_hand_does_not_wait(bench: Bench) -> None:
    scenes = []
    for size in (1, 3):
        names, scene = Names(bench.rng), Scene(buffer=size)
        topic = names.topic()
        scene.join("a", topic)
        scene.publish(topic, names.message())
        hold = scene.op("hold", by="handler", gate="g")
        scene.await_read("a", size + 1, by="handler", body={1: [hold]})
        scene.publish(topic, *names.messages(size))
        scene.dropped("a")
        scene.publish(topic, names.message())
        scene.dropped("a")
        scene.add("release", gate="g")
        scenes.append(scene)
    expect_model(bench, *scenes)


@check(
    rule="Whatever the order of publishing and reading, what is delivered and what is dropped add up as the rules say.",
    why="Rules that hold one by one may still not hold together.",
    likely="The shortest traffic that breaks it is shown; follow it line by line.",
    notebook="q03_minimal_broker",
    limit=6.0,
)
def random_traffic_agrees_with_the_model(bench: Bench) -> None:
    expect_random(bench, leaving=False)
