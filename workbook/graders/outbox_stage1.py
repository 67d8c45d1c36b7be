"""Outbox, stage 1: publish and mark; what is sent, when it is marked, and in which order."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial

from workbook.graders import outbox_judge as judge
from workbook.graders.outbox_broker import HOLD, Answer
from workbook.graders.outbox_contract import judge_contract
from workbook.graders.outbox_database import Row
from workbook.graders.outbox_history import Send
from workbook.graders.outbox_kafka import judge_kafka
from workbook.graders.outbox_rows import Rows
from workbook.graders.outbox_scene import Scene, scene
from workbook.grading.check import Bench, Broken, Check, collector
from workbook.grading.verdict import Status, Verdict

CHECKS: list[Check] = []
check = collector(CHECKS, 1)
LIMIT = 10.0


@check(
    rule="OutboxPump(connect, producer, batch_size=100, poll_interval=1.0, ack_timeout=10.0), run_once(), run(stop).",
    why="A grader, like a colleague, can only call what is there.",
    likely="A name or a default was changed, or a method is still to be written.",
    notebook="q15_durability",
    limit=LIMIT,
)
def contract_is_in_place(bench: Bench) -> None:
    judge_contract(bench)


@check(
    rule="A row is sent with its own topic, key = aggregate_id in UTF-8, value = payload.",
    why="The key decides the partition, and the partition is where Kafka keeps an order.",
    likely="The key is the id, a hash, or left out; or the payload is decoded or wrapped on its way.",
    notebook="q19_partition_keys",
    limit=LIMIT,
)
def rows_are_published_as_they_are(bench: Bench) -> None:
    with scene(bench, "run") as play:
        rows = Rows(bench.rng)
        names = [*rows.aggregates(2), "Grüße-\N{SNOWMAN}"]
        play.insert([*rows.mixed(names, 3), (names[0], "raw", bytes(bench.rng.randbytes(40)) + b"\xff\x00")])
        pump = play.pump()
        pump.start()
        play.drain()
        play.leave(pump)
        judge.as_they_are(play)
        judge.nothing_lost(play)


@check(
    rule="A row is sent with a header `outbox-id`, its id as decimal ASCII digits.",
    why="Consumers drop what they have seen by it: at least once becomes effectively once.",
    likely="The header is missing, has another name, is made anew for each message, or holds a binary number.",
    notebook="q17_exactly_once",
    limit=LIMIT,
)
def header_is_the_id(bench: Bench) -> None:
    for first_id in (None, 2**53 + bench.rng.randrange(1000)):
        with scene(bench, "run", first_id=first_id) as play:
            rows = Rows(bench.rng)
            play.insert(rows.turns(rows.aggregates(3), 2))
            pump = play.pump()
            pump.start()
            play.drain()
            play.leave(pump)
            judge.with_their_id(play)


@check(
    rule="A row is marked only after it was published.",
    why="Marked first and killed next is lost: nobody looks at a marked row again.",
    likely="The rows are marked when they are read or handed over; only the future's result says that they are safe.",
    notebook="q15_durability",
    limit=16.0,
    waits=True,
)
def rows_are_marked_after_the_acknowledgement(bench: Bench) -> None:
    with scene(bench, "run") as play:
        rows = Rows(bench.rng)
        made = play.insert(rows.mixed(rows.aggregates(3), 2))
        play.broker.answer = lambda send: HOLD
        pump = play.pump(poll_interval=1.0)
        pump.start()
        marked = play.all_marked(made)
        while not marked():
            play.until(lambda: bool(play.broker.held()) or marked(), "no row is sent")
            play.settle(0.1, 0.5)
            under_way = play.broker.held()
            stored = play.database.stored()
            for send in under_way:
                if send.row is not None and stored[send.row.id].marked:
                    message = f"Row {send.row.id} is marked, and its acknowledgement is still to come."
                    raise play.broken(
                        message, "marked after the acknowledgement", "marked before it", send.row
                    )
            for send in under_way:
                play.broker.release(send)
            play.until(partial(_goes_on, play, len(play.sends), marked), "nothing goes on")
        play.leave(pump)
        judge.nothing_lost(play)


@check(
    rule="A row that was not published is never marked.",
    why="A mark without an acknowledgement is a message that exists nowhere.",
    likely="The mark stands in a `finally`, or after an `except` that goes on; or a time-out counts as done.",
    notebook="q15_durability",
    limit=LIMIT,
)
def an_unacknowledged_row_is_not_marked(bench: Bench) -> None:
    with scene(bench, "run_once", "run") as play:
        rows = Rows(bench.rng)
        names = rows.aggregates(4)
        made = play.insert(rows.of(*names))
        answers = dict(
            zip(
                [row.id for row in made],
                (
                    Answer("fail", text="not today", took=False),
                    Answer("none", took=False),
                    Answer("raise", text="the queue is full", took=False),
                ),
                strict=False,
            )
        )
        play.broker.answer = lambda send: answers.get(send.row.id if send.row else 0, Answer())
        pump = play.pump(ack_timeout=0.3)
        play.run_once(pump)
        _not_marked(play, made[:3])
        again = play.pump(pump.child, ack_timeout=0.3)
        again.start()
        play.drain(made[3:])
        play.until(lambda: len(play.sends) > 5, "the failed rows are not tried again")
        play.leave(again)
        _not_marked(play, made[:3])


def _goes_on(play: Scene, sent: int, marked: Callable[[], bool]) -> bool:
    return marked() or len(play.sends) > sent


def _not_marked(play: Scene, made: Sequence[Row]) -> None:
    stored = play.database.stored()
    for row in made:
        if stored[row.id].marked:
            message = f"Row {row.id} is marked, and it was never published."
            raise play.broken(message, "still pending", "marked", row)


@check(
    rule="What is not committed, or was rolled back, is never published, and nothing waits for it.",
    why="An event of a transaction that never happened is a lie told to everybody.",
    likely="READ UNCOMMITTED does not exist in PostgreSQL; look for waiting on locks of open transactions.",
    notebook="q15_durability",
    limit=LIMIT,
)
def uncommitted_rows_are_not_published(bench: Bench) -> None:
    with scene(bench, "run") as play, play.database.connect() as writer:
        rows = Rows(bench.rng)
        names = rows.aggregates(3)
        writer.autocommit = False
        before = play.insert(rows.of(names[0]))
        open_rows = play.insert(rows.of(names[0], names[1]), into=writer)
        after = play.insert(rows.of(names[1], names[2]))
        pump = play.pump()
        pump.start()
        play.drain([*before, *after])
        play.settle(0.1, 0.3)
        writer.rollback()
        play.note("rolls back the open transaction")
        last = play.insert(rows.of(names[0], names[1]))
        play.drain([*before, *after, *last])
        play.leave(pump)
        for send in play.sends:
            if send.row is not None and send.row in open_rows:
                message = f"Row {send.row.id} was published, and it was never committed."
                raise play.broken(message, "not sent", "sent", send.row)


@check(
    rule="A row committed late, with a smaller id than what was published before, is published, too.",
    why="Ids are given out before the commit: the smaller id may become visible later.",
    likely="A watermark, `id > last`, steps over the gap. Ask for what is not marked instead.",
    notebook="q14_ordering",
    limit=LIMIT,
)
def late_commits_with_smaller_ids_are_published(bench: Bench) -> None:
    with scene(bench, "run") as play, play.database.connect() as writer:
        rows = Rows(bench.rng)
        names = rows.aggregates(3)
        writer.autocommit = False
        late = play.insert(rows.of(names[0], names[1]), into=writer)
        early = play.insert(rows.of(names[1], names[2], names[2]))
        pump = play.pump()
        pump.start()
        play.drain(early)
        play.settle(0.1, 0.3)
        writer.commit()
        play.note(f"commits rows {late[0].id} and {late[1].id}, late")
        last = play.insert(rows.of(names[0], names[2]))
        play.drain()
        play.leave(pump)
        judge.nothing_lost(play)
        judge.nothing_twice(play)
        judge.in_order(play, late)
        assert last


@check(
    rule="The rows of one aggregate are published in the order of their ids.",
    why="`shipped` before `paid` is a bug in every consumer.",
    likely="No ORDER BY id, an order by created_at or by the text of the id, or RETURNING taken for sorted.",
    notebook="q14_ordering",
    limit=LIMIT,
)
def one_pump_keeps_order(bench: Bench) -> None:
    with scene(bench, "run") as play:
        rows = Rows(bench.rng)
        play.database.skip_to(
            999_997
        )  # the ids of the first batch get one digit longer, within one aggregate
        made = play.insert(rows.mixed(rows.aggregates(1), 7))
        made += play.insert(rows.mixed(rows.aggregates(4), 8))
        # What the table looks like after a while: the clock runs backwards, rows lie anywhere.
        play.database.run("UPDATE outbox SET created_at = now() - id * interval '1 second'")
        for _ in range(2):
            some = [row.id for row in made if bench.rng.random() < 0.5]
            play.database.run("UPDATE outbox SET attempts = 0 WHERE id = ANY(%s)", [some])
        play.broker.answer = lambda send: Answer(after=bench.rng.choice((0.0, 0.002, 0.012)))
        pump = play.pump(batch_size=7)
        pump.start()
        play.drain()
        play.leave(pump)
        judge.in_order(play)
        judge.nothing_twice(play)


HOSTILE = (
    "",
    "x'); DROP TABLE outbox; --",
    "quote \" and ' and \\",
    "%s %(id)s {0} $1",
    "line\nbreak\ttab",
    "NULL",
    "Ünï-\N{SNOWMAN}-\U0001f4e6",
    "a" * 2000,
)


@check(
    rule="Aggregates are any text and payloads any bytes: empty, binary, large, with quotes and semicolons in them.",
    why="Somebody's customer is called O'Brien.",
    likely="SQL is put together from strings, or bytes are taken for text, or empty for absent.",
    notebook="q15_durability",
    limit=LIMIT,
)
def any_payload_is_published(bench: Bench) -> None:
    with scene(bench, "run") as play:
        payloads = (b"", bytes(range(256)), b"\x00\xff\xfe", b'{"a": "b;"}', bench.rng.randbytes(200_000))
        made = [(name, f"topic {name[:20]}", payloads[number % 5]) for number, name in enumerate(HOSTILE)]
        made += [(name, "plain", f"last of {number}".encode()) for number, name in enumerate(HOSTILE)]
        play.insert(made)
        pump = play.pump()
        pump.start()
        play.drain()
        play.leave(pump)
        judge.as_they_are(play)
        judge.nothing_lost(play)
        judge.in_order(play)


@check(
    rule="A pump publishes to Kafka: what it sends through the workbook's KafkaProducer is there to be read.",
    why="The protocol of the stub and a real client must be the same thing.",
    likely="The future is used in a way that only the grader's producer allows; add_done_callback and result are safe.",
    notebook="q15_durability",
    limit=20.0,
)
def kafka_takes_what_the_pump_sends(bench: Bench) -> None:
    judge_kafka(bench)


@check(
    rule="The pump creates no tables, columns, indexes or triggers, and deletes no row.",
    why="The table belongs to the application; a pump that alters it cannot be deployed twice.",
    likely="Rows are deleted instead of marked, or a lease is kept in a column of its own.",
    notebook="q15_durability",
    limit=LIMIT,
)
def schema_is_left_alone(bench: Bench) -> None:
    with scene(bench, "run_once", "run") as play:
        rows = Rows(bench.rng)
        names = rows.aggregates(3)
        columns = "SELECT id, aggregate_id, topic, payload, created_at FROM outbox ORDER BY id"
        made = play.insert(rows.mixed(names, 2))
        failing = made[0].aggregate
        before, held = play.database.catalogue(), play.database.run(columns)
        refused: list[Send] = []

        def answer(send: Send) -> Answer:
            if send.key.decode() == failing and not refused:
                refused.append(send)
                return Answer("fail", text="once", took=False)
            return Answer()

        play.broker.answer = answer
        pump = play.pump()
        play.run_once(pump)
        again = play.pump(pump.child)
        again.start()
        play.drain()
        for new in sorted(play.database.catalogue() - before):
            raise Broken(Verdict(Status.FAILED, f"The pump made a {new}.", "the schema as it was", new))
        for gone in sorted(before - play.database.catalogue()):
            raise Broken(
                Verdict(Status.FAILED, f"The pump removed the {gone}.", "the schema as it was", "gone")
            )
        play.leave(again)
        if play.database.run(columns) != held:
            now = {row[0] for row in play.database.run(columns)}
            lost = [row for row in made if row.id not in now]
            what = (
                f"Row {lost[0].id} was deleted." if lost else "A column that is not the pump's was changed."
            )
            raise play.broken(
                what, "only processed_at, attempts and last_error change", row=(lost or made)[0]
            )
