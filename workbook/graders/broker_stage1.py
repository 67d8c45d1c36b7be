"""Broker, stage 1: broadcast."""

from __future__ import annotations

from workbook.graders.broker_scene import Names, Scene, expect_model, raised_text
from workbook.grading.check import Bench, Broken, Check, collector
from workbook.grading.ending import quote
from workbook.grading.verdict import Status, Verdict

CHECKS: list[Check] = []
check = collector(CHECKS, 1)

CALLS = (
    ("Drop", "Drop()"),
    ("Block", "Block()"),
    ("Disconnect", "Disconnect(after=3).after"),
    ("Broker", "Broker(buffer=4)"),
    ("subscribe", 'Broker(buffer=4).subscribe("a topic")'),
    ("publish", 'Broker(buffer=4).publish("a topic", "a message")'),
)


@check(
    rule="The file can be imported and offers Broker, Drop, Block and Disconnect with the signatures of the brief.",
    why="Everything else talks to these names.",
    likely="A name was changed or removed, or a parameter renamed; the brief at the top of the file has them all.",
    notebook="q03_minimal_broker",
)
def contract_is_in_place(bench: Bench) -> None:
    ops = [{"i": 0, "a": "main", "op": "inspect", "w": "done"}]
    ops += [
        {"i": n, "a": "main", "op": "call", "w": "done", "what": what} for n, (what, _) in enumerate(CALLS, 1)
    ]
    records = {r["n"]: r for r in bench.play({"scenes": [{"ops": ops, "finish": []}]}) if "n" in r}
    found = records[0].get("v", {})
    for name in ("Broker", "Drop", "Block", "Disconnect"):
        if found.get(name) != "class":
            raise Broken(
                Verdict(Status.FAILED, f"The file has no class {name}.", f"class {name}", found.get(name, ""))
            )
    for number, (_, call) in enumerate(CALLS, 1):
        record = records.get(number, {"k": "missing"})
        if record["k"] == "raised":
            todo = record["type"] == "NotImplementedError"
            message = f"Still to do: {call}" if todo else f"`{call}` {raised_text(record)}."
            where = quote(bench.source, record["line"], bench.file_name)
            raise Broken(Verdict(Status.FAILED, message, "it returns", where or raised_text(record)))
        if record["k"] != "end" or record["v"] not in (True, 3, "fine"):
            seen = str(record.get("v", "it never returns"))
            raise Broken(
                Verdict(Status.FAILED, f"`{call}` is not as the brief has it.", "as in the brief", seen)
            )


@check(
    rule="A subscriber gets what is published to its topic while its block is open.",
    why="This is the pattern itself: a publisher names a topic, not a receiver.",
    likely="publish does not reach the buffer that the subscription is read from.",
    notebook="q03_minimal_broker",
)
def one_subscriber_receives(bench: Bench) -> None:
    names, scene = Names(bench.rng), Scene()
    topic = names.topic()
    scene.join("a", topic)
    scene.publish(topic, names.message())
    scene.read("a", 1)
    scene.publish(topic, *names.messages(2))
    scene.read("a", 2)
    expect_model(bench, scene)


@check(
    rule="Every subscriber of a topic gets every message once.",
    why="Publish/subscribe copies a message to everybody; a work queue gives it to one.",
    likely="All subscribers read from one shared queue and compete for the messages.",
    notebook="q07_fan_out_shapes",
)
def every_subscriber_gets_every_message(bench: Bench) -> None:
    names, scene = Names(bench.rng), Scene()
    topic, subs = names.topic(), ["a", "b", "c", "d"]
    for sub in subs:
        scene.join(sub, topic)
    scene.publish(topic, *names.messages(3))
    for sub in subs:
        scene.read(sub, 2)
    scene.publish(topic, *names.messages(2))
    for sub in subs:
        scene.read(sub, 3)
    for sub in subs:
        scene.leave(sub)
        scene.drain(sub)
    expect_model(bench, scene)


@check(
    rule="Topics are separate: a subscriber gets nothing that was published to another topic.",
    why="A topic is the unit of interest; a broker that mixes topics is a loudspeaker.",
    likely="The registry is not keyed by the whole topic, or publish goes through all subscriptions.",
    notebook="q05_topic",
)
def topics_are_separate(bench: Bench) -> None:
    names, scene = Names(bench.rng), Scene()
    first = names.topic()
    topics = [
        first,
        first + ".created",
        first.upper(),
        "*",
        ">",
        "#",
        first[0] + "*",
        f"[{first[0]}]*",
        ".*",
        "",
    ]
    for number, topic in enumerate(topics):
        scene.join(f"s{number}", topic)
    for topic in [*topics, names.topic()]:
        scene.publish(topic, *names.messages(2))
    for number in range(len(topics)):
        scene.leave(f"s{number}")
        scene.drain(f"s{number}")
    expect_model(bench, scene)


@check(
    rule="Nothing that was published before the block was entered is delivered.",
    why="A subscription is live from a moment on; history is what a log is for.",
    likely="Messages without subscribers are stored by topic, or subscribe() registers before the block is entered.",
    notebook="q01_what_is_pubsub",
)
def nothing_from_before_entering(bench: Bench) -> None:
    names, scene = Names(bench.rng), Scene()
    topic = names.topic()
    scene.publish(topic, names.message())
    scene.subscribe("a", topic)
    scene.publish(topic, names.message())
    scene.enter("a")
    scene.publish(topic, names.message())
    scene.join("b", topic)
    scene.publish(topic, names.message())
    for sub in ("a", "b"):
        scene.leave(sub)
        scene.drain(sub)
    expect_model(bench, scene)


@check(
    rule="A subscription is live from the moment its block is entered, before anything is read.",
    why="Whoever publishes right after subscribing must not lose the first message.",
    likely="The subscription registers itself when iteration starts: a generator runs nothing until the first next().",
    notebook="q03_minimal_broker",
)
def live_once_entered(bench: Bench) -> None:
    names, scene = Names(bench.rng), Scene()
    topic = names.topic()
    scene.join("a", topic)
    scene.publish(topic, *names.messages(3))
    scene.await_read("a", 3, by="reader")
    expect_model(bench, scene)


@check(
    rule="Messages of one publisher arrive in the order in which it published them.",
    why="Order per publisher is the one order a simple broker can promise.",
    likely="The buffer is read from the wrong end, or messages are handed over by separate threads.",
    notebook="q14_ordering",
)
def order_of_one_publisher(bench: Bench) -> None:
    names, scene = Names(bench.rng), Scene(buffer=64)
    topic = names.topic()
    scene.join("a", topic)
    scene.join("b", topic)
    scene.publish(topic, *names.messages(40))
    scene.read("a", 15)
    scene.publish(topic, *names.messages(10))
    scene.leave("a")
    scene.leave("b")
    scene.drain("a")
    scene.drain("b")
    expect_model(bench, scene)


@check(
    rule="Publishing to a topic without subscribers is no error, and the message is gone.",
    why="A publisher does not know whether anybody listens; that must never hurt it.",
    likely="publish looks its topic up with [] and raises KeyError.",
    notebook="q02_why_decouple",
)
def publishing_to_nobody_is_harmless(bench: Bench) -> None:
    names, scene = Names(bench.rng), Scene()
    topic, other = names.topic(), names.topic()
    scene.publish(topic, names.message())
    scene.join("a", other)
    scene.publish(topic, names.message())
    scene.leave("a")
    scene.publish(other, names.message())
    scene.drain("a")
    expect_model(bench, scene)


@check(
    rule="Any object is a message: None, 0, False, an empty text, an exception, a class.",
    why="A broker that reads meaning into a payload loses the payloads that look like its own signals.",
    likely="None (or something falsy) is taken as the end of the stream; use a private object as the sentinel.",
    notebook="q13_typed_or_any",
)
def any_object_is_a_message(bench: Bench) -> None:
    names, scene = Names(bench.rng), Scene()
    topic = names.topic()
    kinds = [
        "none",
        "zero",
        "false",
        "empty",
        "bytes",
        "list",
        "nan",
        "error",
        "class",
        "exit",
        "tuple",
        "pair",
    ]
    bench.rng.shuffle(kinds)
    keys = [f"{kind}:{names.message()}" for kind in kinds]
    scene.join("a", topic)
    scene.join("b", topic)
    scene.publish(topic, *keys)
    scene.read("a", 4)
    scene.read("a", 8)
    scene.await_read("b", 12, by="reader")
    scene.await_read("a", 2, by="waiting")
    scene.publish(topic, *[key for key in keys if key.startswith(("none", "zero"))])
    expect_model(bench, scene)


@check(
    rule="Messages are never compared, hashed, copied or tested for truth.",
    why="Payloads are not the broker's business: an array raises when compared, a dict cannot be hashed.",
    likely="A test like `message == SENTINEL` or `if message:`; compare identities with `is`.",
    notebook="q13_typed_or_any",
)
def messages_are_never_compared(bench: Bench) -> None:
    names, scene = Names(bench.rng), Scene(buffer=3)
    topic = names.topic()
    keys = [f"hostile:{name}" for name in names.messages(6)]
    scene.join("a", topic)
    scene.await_read("a", 1, by="reader")
    scene.publish(topic, keys[0])
    scene.publish(topic, *keys[1:])
    scene.read("a", 1)
    scene.publish(topic, f"hostile:{names.message()}")
    scene.leave("a")
    scene.drain("a")
    scene.dropped("a")
    expect_model(bench, scene)


@check(
    rule="Two brokers share nothing.",
    why="State that all instances share turns two tests, or two tenants, into one.",
    likely="The registry is a class attribute, a module variable or a mutable default argument.",
    notebook="q03_minimal_broker",
)
def brokers_share_nothing(bench: Bench) -> None:
    names, scene = Names(bench.rng), Scene(buffer=4)
    topic = names.topic()
    scene.another_broker("other", 2)
    scene.join("a", topic)
    scene.join("x", topic, b="other")
    scene.publish(topic, *names.messages(3))
    scene.publish(topic, *names.messages(3), b="other")
    scene.leave("x")
    scene.publish(topic, names.message())
    scene.leave("a")
    for sub in ("a", "x"):
        scene.drain(sub)
        scene.dropped(sub)
    expect_model(bench, scene)


@check(
    rule="Two subscriptions are two subscriptions, also of one thread to one topic.",
    why="Each block stands for itself: whoever leaves one keeps the other.",
    likely="Subscriptions are kept by thread or by topic, so that the second replaces the first.",
    notebook="q03_minimal_broker",
)
def two_subscriptions_of_one_thread(bench: Bench) -> None:
    names, scene = Names(bench.rng), Scene(buffer=4)
    topic = names.topic()
    for sub in ("a", "b", "c"):
        scene.join(sub, topic)
    scene.publish(topic, *names.messages(2))
    scene.leave("b")
    scene.publish(topic, *names.messages(2))
    for sub in ("a", "c"):
        scene.leave(sub)
    for sub in ("c", "b", "a"):
        scene.drain(sub)
        scene.dropped(sub)
    expect_model(bench, scene)


@check(
    rule="A reader that waits for the next message is woken by it.",
    why="A loop over a subscription is how a subscriber lives: mostly it waits.",
    likely="publish puts the message into the buffer and notifies nobody, or the loop ends on an empty buffer.",
    notebook="q03_minimal_broker",
)
def waiting_reader_is_woken(bench: Bench) -> None:
    names, scene = Names(bench.rng), Scene()
    topic = names.topic()
    other = names.topic()
    scene.join("x", other)
    scene.join("a", topic)
    scene.join("b", topic)
    scene.await_read("x", 1, by="reader x")
    scene.await_read("a", 2, by="reader a")
    scene.await_read("b", 3, by="reader b")
    for _ in range(3):
        scene.publish(topic, names.message())
    scene.await_read("a", 2, by="reader a")
    scene.publish(other, names.message())
    expect_model(bench, scene)


@check(
    rule="A later loop goes on where the earlier one stopped; no message is lost or repeated.",
    why="People break out of a loop and come back; the messages in between are theirs.",
    likely="Messages are taken from the buffer in bulk, or before the loop asks for them, and lost when it stops.",
    notebook="q09_unsubscribe",
)
def a_later_loop_goes_on(bench: Bench) -> None:
    names, scene = Names(bench.rng), Scene()
    topic = names.topic()
    scene.join("a", topic)
    scene.publish(topic, *names.messages(7))
    scene.read("a", 1)
    scene.read("a", 3, by="second")
    scene.publish(topic, *names.messages(2))
    scene.read("a", 2)
    scene.read("a", 3, by="third")
    scene.await_read("a", 1, by="second")
    scene.publish(topic, names.message())
    scene.leave("a")
    scene.drain("a")
    expect_model(bench, scene)


@check(
    rule="A scope that is not entered receives nothing.",
    why="subscribe() only describes; the block is what subscribes.",
    likely="subscribe() registers the subscription before the block is entered; its buffer then holds the past.",
    notebook="q09_unsubscribe",
)
def unentered_scope_receives_nothing(bench: Bench) -> None:
    names, scene = Names(bench.rng), Scene(buffer=2)
    topic = names.topic()
    scene.subscribe("a", topic)
    scene.subscribe("never", topic)
    scene.publish(topic, *names.messages(5))
    scene.enter("a")
    scene.dropped("a")
    scene.publish(topic, *names.messages(2))
    scene.read("a", 2)
    scene.dropped("a")
    expect_model(bench, scene)
