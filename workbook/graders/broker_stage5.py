"""Broker, stage 5, the follow-up: policies per subscription."""

from __future__ import annotations

from workbook.graders.broker_begun import begun_collector
from workbook.graders.broker_random import expect_random
from workbook.graders.broker_scene import Names, Scene, expect_model
from workbook.grading.check import Bench, Broken, Check
from workbook.grading.verdict import Status, Verdict

CHECKS: list[Check] = []
check = begun_collector(CHECKS)


@check(
    rule="With Block, publish waits until there is room.",
    why="A subscriber that must not lose anything sets the pace of its publishers.",
    likely="The policy is not looked at, or the wait ends before a message was read.",
)
def block_waits_for_room(bench: Bench) -> None:
    scenes = []
    for size in (1, 3):
        names, scene = Names(bench.rng), Scene(buffer=size)
        topic = names.topic()
        scene.join("a", topic, "Block")
        scene.publish(topic, *names.messages(size))
        scene.publish(topic, names.message(), by="pub", wait="settle")
        scene.add("pause", by="watch", wait="measure", seconds=0.25)
        scene.read("a", 1)
        scene.publish(topic, names.message(), by="pub 2", wait="settle")
        scene.read("a", 1)
        scene.dropped("a")
        scenes.append(scene)
    names, scene = Names(bench.rng), Scene(buffer=1)
    topic = names.topic()
    scene.join("a", topic, "Block")
    scene.publish(topic, names.message())
    scene.publish(topic, names.message(), by="pub", wait="settle")
    scenes.append(scene)
    expect_model(bench, *scenes)


@check(
    rule="With Block, no message is dropped, and all arrive in order.",
    why="That is what the waiting is for.",
    likely="The message is put after a wait that another publisher ended, or dropped when the wait is over.",
)
def block_keeps_every_message(bench: Bench) -> None:
    scenes = []
    for size in (1, 2):
        names, scene = Names(bench.rng), Scene(buffer=size)
        topic = names.topic()
        scene.join("a", topic, "Block")
        scene.publish(topic, *names.messages(7), by="pub", wait="settle")
        scene.read("a", 2)
        scene.read("a", 1)
        scene.await_read("a", 4, by="reader")
        scene.dropped("a")
        scene.leave("a")
        scene.drain("a")
        scenes.append(scene)
    expect_model(bench, *scenes)


@check(
    rule="When a Block subscription ends, the publishers that wait for it return normally.",
    why="A subscriber that leaves must not take its publishers with it.",
    likely="Leaving notifies the reader but not the publishers, or only one of them (notify for notify_all).",
)
def block_is_released_by_leaving(bench: Bench) -> None:
    scenes = []
    for publishers in (1, 3):
        names, scene = Names(bench.rng), Scene(buffer=1)
        topic = names.topic()
        scene.join("a", topic, "Block")
        scene.publish(topic, names.message())
        for number in range(publishers):
            scene.publish(topic, *names.messages(2), by=f"pub {number}", wait="settle")
        scene.leave("a")
        scene.drain("a")
        scene.dropped("a")
        scenes.append(scene)
    expect_model(bench, *scenes)


@check(
    rule="A publish released by the end of a subscription goes on to the remaining subscribers.",
    why="The others have a right to the message, whoever left meanwhile.",
    likely="The publish returns (or raises) when the subscription it waited for has ended.",
)
def blocked_publish_goes_on_to_the_rest(bench: Bench) -> None:
    scenes = []
    for place in range(3):
        names, scene = Names(bench.rng), Scene(buffer=2)
        topic, subs = names.topic(), ["a", "b", "c"]
        blocked = subs[place]
        for sub in subs:
            scene.join(sub, topic, "Block" if sub == blocked else None)
        scene.publish(topic, *names.messages(2))
        for sub in subs:
            if sub != blocked:
                scene.read(sub, 2)
        scene.publish(topic, names.message(), by="pub", wait="settle")
        scene.leave(blocked)
        for sub in subs:
            if sub != blocked:
                scene.read(sub, 1)
        scene.publish(topic, names.message())
        for sub in subs:
            if sub != blocked:
                scene.leave(sub)
                scene.drain(sub)
        scenes.append(scene)
    expect_model(bench, *scenes)


@check(
    rule="While a publish waits for a Block subscriber, other topics go on.",
    why="One slow consumer of one topic must not stop a service.",
    likely="The wait happens while the broker's lock is held.",
    notebook="q11_lock_during_delivery",
)
def block_holds_up_no_other_topic(bench: Bench) -> None:
    names, scene = Names(bench.rng), Scene(buffer=1)
    topic, other = names.topic(), names.topic()
    scene.join("a", topic, "Block")
    scene.join("x", other)
    scene.join("y", other, "Block")
    scene.publish(topic, names.message())
    scene.publish(topic, names.message(), by="pub", wait="settle")
    scene.publish(other, names.message())
    scene.read("x", 1)
    scene.read("y", 1)
    scene.join("z", names.topic())
    scene.publish(other, names.message())
    scene.leave("x")
    scene.drain("x")
    scene.read("a", 1)
    scene.read("a", 1)
    expect_model(bench, scene)


@check(
    rule="While a publish waits for a Block subscriber, entering, reading and leaving go on, on its topic, too.",
    why="The wait is for one reader; nobody else has to wait for it.",
    likely="The topic's lock, or the registry's, is held during the wait.",
    notebook="q11_lock_during_delivery",
)
def block_lets_others_enter_read_and_leave(bench: Bench) -> None:
    names, scene = Names(bench.rng), Scene(buffer=3)
    topic = names.topic()
    scene.join("b", topic)
    scene.join("a", topic, "Block")
    scene.join("c", topic)
    scene.publish(topic, *names.messages(3))
    scene.read("b", 2)
    scene.publish(topic, names.message(), by="pub", wait="settle")
    scene.join("n", topic)
    scene.read("b", 1)
    scene.read("c", 2)
    scene.leave("c")
    scene.leave("n")
    scene.dropped("a")
    scene.join("m", topic, "Block")
    scene.read("a", 2)
    scene.leave("m")
    scene.leave("b")
    scene.read("a", 2)
    expect_model(bench, scene)


@check(
    rule="With Disconnect(after=n) the subscription ends at the n-th drop in a row.",
    why="Chat and live feeds prefer to cut off who cannot follow: they come back and start afresh.",
    likely="The row is compared with > instead of >=, or all drops are counted instead of those in a row.",
)
def disconnect_at_the_nth_drop_in_a_row(bench: Bench) -> None:
    scenes = []
    for after in (None, 1, 2, bench.rng.randrange(3, 7)):
        names, scene = Names(bench.rng), Scene(buffer=2)
        topic, limit = names.topic(), after or 1
        scene.join("a", topic, ["Disconnect", after])
        scene.publish(topic, *names.messages(2 + limit - 1))
        scene.read("a", 1)
        scene.publish(topic, *names.messages(1 + limit))
        scene.drain("a")
        scene.publish(topic, names.message())
        scene.drain("a", by="again")
        scene.dropped("a")
        scenes.append(scene)
    expect_model(bench, *scenes)


@check(
    rule="A message that fits starts the row of drops anew.",
    why="In a row means that the subscriber made no progress at all.",
    likely="The row is never set back to 0.",
)
def disconnect_row_starts_anew(bench: Bench) -> None:
    names, wide = Names(bench.rng), Scene(buffer=3)
    topic = names.topic()
    wide.join("a", topic, ["Disconnect", 3])
    wide.publish(topic, *names.messages(5))
    wide.read("a", 1)
    wide.publish(topic, *names.messages(3))
    wide.read("a", 1)
    wide.publish(topic, *names.messages(2))
    wide.leave("a")
    wide.drain("a")
    wide.dropped("a")
    names, scene = Names(bench.rng), Scene(buffer=1)
    topic = names.topic()
    scene.join("a", topic, ["Disconnect", 3])
    for _ in range(3):
        scene.publish(topic, *names.messages(3))
        scene.read("a", 1)
    scene.publish(topic, names.message())
    scene.dropped("a")
    scene.read("a", 1)
    scene.publish(topic, *names.messages(4))
    scene.drain("a")
    scene.dropped("a")
    expect_model(bench, wide, scene)


@check(
    rule="Every drop counts in `dropped`, the last included.",
    why="The number says how far behind the subscriber was when it was cut off.",
    likely="The subscription is ended before the counter is raised.",
)
def disconnect_counts_the_last_drop(bench: Bench) -> None:
    scenes = []
    for after in (1, 4):
        names, scene = Names(bench.rng), Scene(buffer=1)
        topic = names.topic()
        scene.join("a", topic, ["Disconnect", after])
        scene.publish(topic, *names.messages(1 + after))
        scene.dropped("a")
        scene.leave("a")
        scene.dropped("a")
        scenes.append(scene)
    expect_model(bench, *scenes)


@check(
    rule="What was buffered when a subscription was disconnected is still read; then the loop ends.",
    why="Those messages had been accepted.",
    likely="Disconnecting clears the buffer, or the end takes a message's place.",
)
def disconnect_reads_what_was_buffered(bench: Bench) -> None:
    names, scene = Names(bench.rng), Scene(buffer=3)
    topic = names.topic()
    scene.join("a", topic, ["Disconnect", 2])
    scene.publish(topic, names.message())
    hold = scene.op("hold", by="handler", gate="g")
    scene.await_read("a", None, by="handler", body={1: [hold]})
    scene.publish(topic, *names.messages(5))
    scene.add("release", gate="g")
    scene.join("b", topic, ["Disconnect", 2])
    scene.publish(topic, *names.messages(5))
    scene.read("b", 1)
    scene.drain("b", by="reader")
    expect_model(bench, scene)


@check(
    rule="A disconnected subscription leaves the broker at once: later publishes neither reach nor count.",
    why="Otherwise the broker keeps serving somebody it has given up.",
    likely="The subscription is only marked, and stays in the registry until its block is left.",
)
def disconnect_leaves_the_broker_at_once(bench: Bench) -> None:
    names, scene = Names(bench.rng), Scene(buffer=2)
    topic = names.topic()
    scene.join("a", topic, ["Disconnect", 1])
    scene.join("b", topic)
    scene.publish(topic, *names.messages(3))
    scene.publish(topic, *names.messages(2))
    scene.dropped("a")
    scene.read("a", 2)
    scene.publish(topic, names.message())
    scene.drain("a")
    scene.dropped("a")
    scene.dropped("b")
    before = scene.add("count")
    for sub in ("n1", "n2", "n3"):
        scene.join(sub, topic, ["Disconnect", 1])
        scene.publish(topic, *names.messages(3))
        scene.drain(sub)
    after = scene.add("count")
    grown = expect_model_and_growth(bench, scene, before, after)
    if grown > 2:
        raise Broken(
            Verdict(
                Status.FAILED,
                "The broker still holds a subscription that was disconnected.",
                expected="as many objects reachable as before it entered",
                seen=f"{grown} more",
                history=(
                    "main    three times: enter (Disconnect)",
                    "main    publish until it is cut off",
                    "main    read the rest",
                ),
            )
        )


def expect_model_and_growth(bench: Bench, scene: Scene, before: int, after: int) -> int:
    """Judge a scene by the model; how many objects more were reachable at one measurement than at another."""
    [seen] = expect_model(bench, scene)
    first, last = seen.outcomes[before].value, seen.outcomes[after].value
    return last - first if isinstance(first, int) and isinstance(last, int) else 0


@check(
    rule="The block of a disconnected subscription is left as usual.",
    why="The subscriber does not know yet; its `with` statement will end some time.",
    likely="Leaving removes what is not in the registry any more (KeyError, ValueError).",
    notebook="q09_unsubscribe",
)
def disconnected_block_may_be_left(bench: Bench) -> None:
    names, scene = Names(bench.rng), Scene(buffer=1)
    topic = names.topic()
    scene.join("a", topic, ["Disconnect", 2])
    scene.join("b", topic)
    scene.publish(topic, *names.messages(4))
    scene.leave("a")
    scene.leave("a")
    scene.join("c", topic, ["Disconnect", 1])
    scene.publish(topic, *names.messages(2))
    scene.add("leave_raising", sub="c")
    scene.read("b", 1)
    scene.publish(topic, names.message())
    for sub in ("a", "c"):
        scene.drain(sub)
    scene.leave("b")
    scene.drain("b")
    scene.dropped("b")
    expect_model(bench, scene)


@check(
    rule="Policies are per subscription: subscribers of one topic with different policies each get their own.",
    why="Metrics may drop, billing must not, chat should cut off: on one topic, at the same time.",
    likely="The policy is kept by topic or by broker, so that the last subscriber decides for all.",
    limit=6.0,
)
def policies_are_per_subscription(bench: Bench) -> None:
    scenes = []
    for order in (["d", "b", "x"], ["x", "d", "b"], ["b", "x", "d"]):
        names, scene = Names(bench.rng), Scene(buffer=2)
        topic = names.topic()
        policies = {"d": "Drop", "b": "Block", "x": ["Disconnect", 2]}
        for sub in order:
            scene.join(sub, topic, policies[sub])
        scene.publish(topic, *names.messages(2))
        scene.publish(topic, *names.messages(3), by="pub", wait="settle")
        scene.read("b", 3)
        for sub in order:
            scene.dropped(sub)
        scene.drain("x")
        scene.read("d", 2)
        scene.leave("b")
        scene.leave("d")
        scene.drain("b")
        scenes.append(scene)
    expect_model(bench, *scenes)
    expect_random(bench, leaving=True, policies=True)
