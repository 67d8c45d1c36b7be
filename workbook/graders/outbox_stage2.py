"""Outbox, stage 2: at least once."""

from __future__ import annotations

from workbook.graders import outbox_judge as judge
from workbook.graders.outbox_broker import Answer
from workbook.graders.outbox_crash import buried, crash_points
from workbook.graders.outbox_history import Send
from workbook.graders.outbox_rows import Rows
from workbook.graders.outbox_scene import scene
from workbook.grading.check import Bench, Check, collector

CHECKS: list[Check] = []
check = collector(CHECKS, 2)
LIMIT = 10.0
CRASH_LIMIT = 25.0  # two checks share some thirty kills


@check(
    rule="After a kill -9 at any moment nothing is lost: what is pending is published by whoever comes next.",
    why="The outbox exists for this moment and no other.",
    likely="Rows are marked, and that is committed, before the broker acknowledged them.",
    notebook="q15_durability",
    limit=CRASH_LIMIT,
)
def crash_points_lose_nothing(bench: Bench) -> None:
    crash_points(bench, "lost")


@check(
    rule="Whatever fails, the first publications of the rows of one aggregate come in the order of their ids.",
    why="A consumer that drops the ids it knows then sees every row once and in order.",
    likely="A later row is sent while an earlier one of its aggregate is under way; the crash loses the earlier one.",
    notebook="q14_ordering",
    limit=CRASH_LIMIT,
)
def crash_points_keep_order(bench: Bench) -> None:
    crash_points(bench, "order")


@check(
    rule="A row may be published again after a failure, with the same header.",
    why="A new id for the same event makes every duplicate look like news.",
    likely="The header is made when sending (a uuid, a counter, the attempt in it) instead of taken from the row.",
    notebook="q17_exactly_once",
    limit=16.0,
    waits=True,
)
def a_retry_keeps_its_header(bench: Bench) -> None:
    with scene(bench, "run") as play:
        rows = Rows(bench.rng)
        names = rows.aggregates(2)
        first, *_ = play.insert(rows.of(names[0], names[1], names[0]))
        tries = {1: Answer("fail", text="not now", took=False), 2: Answer("none"), 3: Answer("none")}
        play.broker.answer = lambda send: (
            tries.get(play.tried(first), Answer()) if send.row == first else Answer()
        )
        pump = play.pump(ack_timeout=0.3)
        pump.start()
        play.until_tried(first, 3)
        play.kill(pump)
        buried(play, pump)
        fresh = play.pump(ack_timeout=0.3)
        fresh.start()
        play.drain()
        play.leave(fresh)
        judge.same_header(play)


@check(
    rule="No acknowledgement within ack_timeout: the row stays pending and is published again.",
    why="Silence proves nothing: the broker may have the message, or not.",
    likely="A time-out counts as published, or the row is never tried again.",
    notebook="q17_exactly_once",
    limit=LIMIT,
)
def a_lost_acknowledgement_is_published_again(bench: Bench) -> None:
    _published_again(bench, Answer("none", took=True), "its acknowledgement was lost")


@check(
    rule="A PublishError means: perhaps not published. The row stays pending and is published again.",
    why="An error may come after the broker took the message: only an acknowledgement counts.",
    likely="The row is marked, or given up, after the error.",
    notebook="q17_exactly_once",
    limit=LIMIT,
)
def error_after_the_broker_took_it_is_published_again(bench: Bench) -> None:
    _published_again(
        bench, Answer("fail", text="connection reset", took=True), "the producer reported an error"
    )


def _published_again(bench: Bench, first_time: Answer, because: str) -> None:
    """The first attempt at two rows goes wrong in this way; both must come a second time, and in order."""
    with scene(bench, "run") as play:
        rows = Rows(bench.rng)
        names = rows.aggregates(3)
        made = play.insert(rows.turns(names, 2))
        unlucky = made[0], made[1]
        early: list[Send] = []

        def answer(send: Send) -> Answer:
            if send.row not in unlucky or send.row is None:
                return Answer()
            if play.tried(send.row) == 1:
                return first_time
            if play.database.is_marked(send.row.id):
                early.append(send)
            return Answer()

        play.broker.answer = answer
        pump = play.pump(ack_timeout=0.3)
        pump.start()
        play.drain()
        play.leave(pump)
        for row in unlucky:
            if play.tried(row) < 2:
                message = f"Row {row.id} was sent once, {because}, and it is marked."
                raise play.broken(
                    message, "sent again, with the same header", "marked after one attempt", row
                )
        for send in early:
            message = f"Row {send.row.id if send.row else 0} was marked before its second attempt."
            raise play.broken(message, "pending until it is acknowledged", "marked", send.row)
        judge.same_header(play)
        judge.in_order(play)
