"""A crowd of threads, with nobody deciding the switches: what a stress test sees, judged by the same rules."""

from __future__ import annotations

from workbook.graders.broker_race import Meeting
from workbook.graders.broker_race_judge import judge_meeting
from workbook.graders.broker_scene import Names, Scene
from workbook.grading.check import Bench, Broken, Record
from workbook.grading.verdict import Status, Verdict

PUBLISHERS, CHURNERS, MESSAGES, CYCLES, TIMES = 3, 3, 60, 25, 3


def crowd(bench: Bench) -> Meeting:
    """Publishers on two topics, readers that stay, and subscribers that come and go."""
    names = Names(bench.rng)
    scene = Scene(buffer=PUBLISHERS * MESSAGES + CHURNERS * CYCLES)
    met = Meeting("a crowd", scene, finish=("stays 0", "stays 1"))
    topics = [names.topic(), names.topic()]
    for number, topic in enumerate(topics):
        scene.join(f"stay{number}", topic)
    threads = {}
    for number in range(PUBLISHERS):
        keys = [f"p{number}.{count}.{names.message()}" for count in range(MESSAGES)]
        by = f"pub {number}"
        threads[by] = [
            scene.op("publish", by, topic=topics[n % 2], m=[key], b="b") for n, key in enumerate(keys)
        ]
    for number in range(CHURNERS):
        by = f"churn {number}"
        keys = [f"c{number}.{count}.{names.message()}" for count in range(CYCLES)]
        threads[by] = [scene.op("churn", by, topic=topics[number % 2], m=keys, b="b")]
    for number in range(2):
        by = f"stays {number}"
        threads[by] = [scene.op("read", by, sub=f"stay{number}", n=None)]
    met.before = list(scene.ops)
    scene.ops.clear()
    met.threads = threads
    met.end("stay0", "stay1", read=("stay0", "stay1"), join=met.finish)
    return met


def expect_churn(bench: Bench) -> None:
    """Play the crowd a few times. Raises Broken."""
    met = crowd(bench)
    records = bench.play({"races": [met.plan(kind="free", times=TIMES)]})
    current: list[Record] = []
    for record in records:
        if record["k"] == "meeting":
            current = []
        current.append(record)
        if record["k"] == "scene":
            judge_meeting(bench, met, current)
            for op in met.all_ops():
                if op["op"] == "churn":
                    judge_churn(
                        met,
                        op["topic"],
                        next(r["v"] for r in current if r["k"] == "end" and r["n"] == op["i"]),
                    )


def judge_churn(met: Meeting, topic: str, came: list[list[str]]) -> None:
    """What those who came and went have read: once each, of their topic, in each publisher's order."""
    of_topic = {
        key
        for op in met.all_ops()
        if op["op"] in ("publish", "churn") and op["topic"] == topic
        for key in op["m"]
    }
    for got in came:
        if not got:
            fail("A subscriber that published itself got nothing.", "at least one message", "nothing")
        for key in got:
            if key not in of_topic:
                fail(f"{key} was not published to the topic it was read from.", "messages of its topic", key)
        if len(set(got)) != len(got):
            fail("A subscriber got a message twice.", "each once", ", ".join(got[:6]))
        for publisher in {key.split(".")[0] for key in got}:
            counts = [int(key.split(".")[1]) for key in got if key.split(".")[0] == publisher]
            if counts != sorted(counts):
                fail(
                    "Messages of one publisher came in another order.",
                    str(sorted(counts)[:8]),
                    str(counts[:8]),
                )


def fail(message: str, expected: str, seen: str) -> None:
    threads = f"{PUBLISHERS} publishers, {CHURNERS} that come and go, 2 readers that stay"
    raise Broken(Verdict(Status.FAILED, message, expected, seen, (threads,)))
