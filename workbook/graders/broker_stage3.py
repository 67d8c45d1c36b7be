"""Broker, stage 3: lifetime."""

from __future__ import annotations

from typing import Any

from workbook.graders.broker_random import expect_random
from workbook.graders.broker_scene import Names, Scene, expect_model, play, raised_text
from workbook.grading.check import Bench, Broken, Check, collector
from workbook.grading.ending import quote
from workbook.grading.verdict import Status, Verdict

CHECKS: list[Check] = []
check = collector(CHECKS, 3)


@check(
    rule="Leaving the block ends the subscription: nothing published afterwards reaches it.",
    why="Whoever has left must be able to count on silence.",
    likely="Leaving does not take the subscription out of the registry.",
    notebook="q09_unsubscribe",
)
def leaving_ends_the_subscription(bench: Bench) -> None:
    names, scene = Names(bench.rng), Scene()
    topic = names.topic()
    scene.join("a", topic)
    scene.publish(topic, *names.messages(3))
    scene.read("a", 1)
    scene.leave("a")
    scene.publish(topic, *names.messages(2))
    scene.drain("a")
    scene.join("b", topic)
    scene.publish(topic, names.message())
    scene.drain("a")
    scene.leave("b")
    scene.drain("b")
    expect_model(bench, scene)


@check(
    rule="What was buffered when the block was left is still read; then the loop ends.",
    why="Those messages were accepted: ending early turns a goodbye into a loss.",
    likely="Leaving clears the buffer, or the loop looks at the closed flag before it looks at the buffer.",
    notebook="q09_unsubscribe",
)
def buffered_messages_are_drained_after_leaving(bench: Bench) -> None:
    names, scene = Names(bench.rng), Scene(buffer=5)
    topic = names.topic()
    scene.join("a", topic)
    scene.publish(topic, *names.messages(4))
    scene.read("a", 1)
    scene.leave("a")
    scene.read("a", 2, by="reader")
    scene.drain("a", by="reader")
    expect_model(bench, scene)


@check(
    rule="Leaving the block ends the loop of a reader that waits in another thread.",
    why="A reader that nobody wakes is a thread that never ends.",
    likely="Leaving sets a flag but does not notify the condition (or put the sentinel) that the reader waits for.",
    notebook="q09_unsubscribe",
)
def blocked_reader_is_released(bench: Bench) -> None:
    names, scene = Names(bench.rng), Scene()
    topic = names.topic()
    scene.join("a", topic)
    scene.join("b", topic)
    scene.await_read("a", None, by="reader a")
    scene.await_read("b", None, by="reader b")
    scene.publish(topic, names.message())
    scene.leave("a")
    scene.publish(topic, names.message())
    scene.leave("b")
    expect_model(bench, scene)


@check(
    rule="A full buffer does not hide the end: its messages are read, then the loop ends.",
    why="The end has to get in even when nothing else does.",
    likely="The sentinel is put with put_nowait into a full queue and lost, or takes the place of a message.",
    notebook="q09_unsubscribe",
)
def full_buffer_does_not_hide_the_end(bench: Bench) -> None:
    scenes = []
    for size in (1, 3):
        names, scene = Names(bench.rng), Scene(buffer=size)
        topic = names.topic()
        scene.join("a", topic)
        scene.publish(topic, *names.messages(size + 2))
        scene.leave("a")
        scene.drain("a", by="reader")
        scenes.append(scene)
        scene = Scene(buffer=size)
        scene.join("b", topic)
        scene.publish(topic, names.message())
        hold = scene.op("hold", by="handler", gate="g")
        scene.await_read("b", None, by="handler", body={1: [hold]})
        scene.publish(topic, *names.messages(size + 1))
        scene.leave("b")
        scene.add("release", gate="g")
        scenes.append(scene)
    expect_model(bench, *scenes)


@check(
    rule="Leaving returns at once, also when nobody reads what is left.",
    why="A clean-up that waits for a reader who is gone is how shutdowns hang.",
    likely="Leaving blocks on a full queue (put instead of put_nowait), or joins a thread that waits for a reader.",
    notebook="q09_unsubscribe",
)
def leaving_unread_returns_at_once(bench: Bench) -> None:
    scenes = []
    for size in (1, 4):
        names, scene = Names(bench.rng), Scene(buffer=size)
        topic = names.topic()
        scene.join("a", topic)
        scene.join("b", topic)
        scene.publish(topic, *names.messages(size + 1))
        scene.leave("a")
        scene.publish(topic, names.message())
        scene.leave("b")
        scene.drain("b")
        scenes.append(scene)
    expect_model(bench, *scenes)


def _block_outcome(bench: Bench, how: str) -> tuple[Any, str, tuple[str, ...]]:
    """Leave a real `with` block in one way; its value, what was read afterwards, and the history."""
    names, scene = Names(bench.rng), Scene()
    topic = names.topic()
    early, second, late = names.messages(3)
    inner = [scene.op("publish", topic=topic, m=[early, second], b="b"), scene.op("read", sub="a", n=1)]
    block = scene.add("block", sub="a", topic=topic, how=how, body=inner, b="b")
    scene.publish(topic, late)
    drain = scene.drain("a")
    [seen] = play(bench, scene)
    first = min(seen.raised, default=None)
    raised = None if first is None else seen.raised[first]
    history = (
        f"main    with subscribe({topic}) as a:",
        f"main        publish({topic}, {early}, {second}); read one",
        f"main        {how}",
        f"main    publish({topic}, {late}); for message in a",
    )
    if raised is not None:
        where = quote(bench.source, raised["line"], bench.file_name)
        if raised["type"] == "NotImplementedError":
            raise Broken(Verdict(Status.FAILED, f"Still to do: {raised_text(raised)}", "a block", where))
        return raised_text(raised), where, history
    outcome = seen.outcomes.get(block)
    after = seen.outcomes.get(drain)
    read = ", ".join(after.got) + (", end of loop" if after.done else ", waits") if after else "waits"
    return (outcome.value if outcome else None), "" if read == f"{second}, end of loop" else read, history


@check(
    rule="return, break and an exception leave the block as its end does: the subscription is over.",
    why="Unsubscribing must not depend on the way out; that is what scopes are for.",
    likely="The clean-up stands after `yield` without try/finally, or only on the normal path of __exit__.",
    notebook="q09_unsubscribe",
)
def return_break_and_exception_leave(bench: Bench) -> None:
    ways = [("return", "returned"), ("break", "broke out")]
    ways += [(how, "raised it") for how in ("raise", "raise KeyboardInterrupt", "raise GeneratorExit")]
    for how, value in ways:
        got, rest, history = _block_outcome(bench, how)
        if got == value and not rest:
            continue
        seen = f"after it the loop gives: {rest}" if got == value else str(got or "the block is never left")
        raise Broken(
            Verdict(
                Status.FAILED,
                f"A block left by {how} is not over.",
                "the subscription ends, one buffered message is read, the loop ends",
                seen,
                history,
            )
        )


@check(
    rule="An exception raised inside the block passes on unchanged.",
    why="A context manager that swallows or replaces errors hides the bug that matters.",
    likely="__exit__ returns something true, or raises an error of its own.",
    notebook="q09_unsubscribe",
)
def exception_passes_unchanged(bench: Bench) -> None:
    for how in ("raise", "raise no arguments", "raise KeyboardInterrupt"):
        got, where, history = _block_outcome(bench, how)
        if got != "raised it":
            seen = where or str(got or "the block is never left")
            message = (
                f"An exception raised inside the block does not come out as it was: {got or 'it is lost'}."
            )
            raise Broken(Verdict(Status.FAILED, message, "the same exception", seen, history))


@check(
    rule="Calling __exit__ again after it returned is harmless.",
    why="Clean-up code runs twice more often than anyone plans: a finally, an ExitStack, a test's teardown.",
    likely="The second call removes what is not there any more: KeyError, ValueError, a second sentinel.",
    notebook="q09_unsubscribe",
)
def exit_again_is_harmless(bench: Bench) -> None:
    names, scene = Names(bench.rng), Scene()
    topic = names.topic()
    scene.join("a", topic)
    scene.join("b", topic)
    scene.publish(topic, names.message())
    scene.leave("a")
    scene.leave("a")
    scene.publish(topic, names.message())
    scene.leave("a", by="other")
    scene.drain("a")
    scene.leave("a")
    scene.leave("b")
    scene.leave("a")
    scene.leave("b")
    scene.drain("b")
    expect_model(bench, scene)


@check(
    rule="`dropped` can be read after the block was left, and keeps its value.",
    why="The number is wanted for the log line that is written when the subscriber has gone.",
    likely="The counter lives in a record that leaving deletes.",
    notebook="q21_observability",
)
def dropped_readable_after_leaving(bench: Bench) -> None:
    names, scene = Names(bench.rng), Scene(buffer=2)
    topic = names.topic()
    scene.join("a", topic)
    scene.join("b", topic)
    scene.publish(topic, *names.messages(bench.rng.randrange(4, 8)))
    scene.leave("a")
    scene.dropped("a")
    scene.drain("a")
    scene.dropped("a")
    scene.leave("b")
    scene.dropped("b")
    expect_model(bench, scene)


@check(
    rule="Leaving one subscription keeps all others.",
    why="A subscription is its own; siblings on the topic are none of its business.",
    likely="Leaving removes by topic, or by equality, or the whole entry of the topic.",
    notebook="q09_unsubscribe",
)
def leaving_one_keeps_the_others(bench: Bench) -> None:
    scenes = []
    for leaver in range(3):
        names, scene = Names(bench.rng), Scene()
        topic, other = names.topic(), names.topic()
        subs = ["a", "b", "c"]
        for sub in subs:
            scene.join(sub, topic)
        scene.join("x", other)
        scene.publish(topic, names.message())
        scene.leave(subs[leaver])
        scene.publish(topic, names.message())
        scene.publish(other, names.message())
        for sub in [*subs, "x"]:
            scene.leave(sub)
            scene.drain(sub)
        scenes.append(scene)
    expect_model(bench, *scenes)


@check(
    rule="After the loop has ended nothing more comes: every later loop ends at once.",
    why="The end of a stream is a state, not an event that is used up by the first who sees it.",
    likely="The sentinel is taken out by the first loop, and the second waits for ever.",
    notebook="q09_unsubscribe",
)
def ended_loop_stays_ended(bench: Bench) -> None:
    names, scene = Names(bench.rng), Scene()
    topic = names.topic()
    scene.join("a", topic)
    scene.publish(topic, *names.messages(2))
    scene.leave("a")
    scene.drain("a")
    scene.drain("a", by="again")
    scene.publish(topic, names.message())
    scene.drain("a", by="and again")
    expect_model(bench, scene)


@check(
    rule="A reader may publish from inside its loop.",
    why="Handlers that publish the next event are what event-driven code is made of.",
    likely="A lock is held while the loop body runs: the message is yielded inside `with self._lock`.",
    notebook="q11_lock_during_delivery",
)
def reader_may_publish_inside_its_loop(bench: Bench) -> None:
    names, scene = Names(bench.rng), Scene(buffer=4)
    topic, other = names.topic(), names.topic()
    scene.join("a", topic)
    scene.join("b", other)
    first, second = names.messages(2)
    body = {
        1: [
            scene.op("publish", by="reader", topic=topic, m=[second], b="b"),
            scene.op("publish", by="reader", topic=other, m=[names.message()], b="b"),
        ]
    }
    scene.publish(topic, first)
    scene.await_read("a", 2, by="reader", body=body)
    scene.read("b", 1)
    expect_model(bench, scene)


@check(
    rule="A reader may subscribe, read and leave elsewhere from inside its loop.",
    why="A handler that waits for one answer on another topic does just this.",
    likely="A lock that is not re-entrant is held while the loop body runs.",
    notebook="q11_lock_during_delivery",
)
def reader_may_subscribe_inside_its_loop(bench: Bench) -> None:
    names, scene = Names(bench.rng), Scene(buffer=4)
    topic, other = names.topic(), names.topic()
    scene.join("a", topic)
    message = names.message()
    body = {
        1: [
            scene.op("subscribe", by="reader", sub="n", topic=other, policy=None, b="b"),
            scene.op("enter", by="reader", sub="n"),
            scene.op("publish", by="reader", topic=other, m=[message], b="b"),
            scene.op("read", by="reader", sub="n", n=1),
            scene.op("leave", by="reader", sub="n"),
            scene.op("subscribe", by="reader", sub="same", topic=topic, policy=None, b="b"),
            scene.op("enter", by="reader", sub="same"),
        ]
    }
    scene.publish(topic, names.message())
    scene.await_read("a", 2, by="reader", body=body)
    scene.publish(topic, names.message())
    scene.read("same", 1)
    expect_model(bench, scene)


@check(
    rule="A reader may leave from inside its loop: its own subscription, or another.",
    why="`if message.is_last: stop` is the commonest way to end a subscription.",
    likely="A lock is held while the loop body runs, or leaving waits for the reader, which is itself.",
    notebook="q11_lock_during_delivery",
)
def reader_may_leave_inside_its_loop(bench: Bench) -> None:
    names, scene = Names(bench.rng), Scene(buffer=4)
    topic = names.topic()
    for sub in ("a", "b", "c"):
        scene.join(sub, topic)
    scene.publish(topic, *names.messages(3))
    own = [scene.op("leave", by="reader", sub="b"), scene.op("leave", by="reader", sub="a")]
    scene.await_read("a", None, by="reader", body={1: own})
    scene.publish(topic, names.message())
    scene.drain("b")
    scene.read("c", 4)
    expect_model(bench, scene)


@check(
    rule="Whatever the order of entering, publishing, reading and leaving, the rules hold together.",
    why="Rules that hold one by one may still not hold together.",
    likely="The shortest traffic that breaks it is shown; follow it line by line.",
    notebook="q09_unsubscribe",
    limit=6.0,
)
def random_lifetimes_agree_with_the_model(bench: Bench) -> None:
    expect_random(bench, leaving=True)
