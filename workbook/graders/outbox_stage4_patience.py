"""Outbox, stage 4: acknowledgements that come late or never, and how soon a pump tries again."""

from __future__ import annotations

import time

from workbook.graders import outbox_judge as judge
from workbook.graders.outbox_broker import ACK, HOLD, REFUSED, SILENT, Answer
from workbook.graders.outbox_database import Row
from workbook.graders.outbox_history import Send
from workbook.graders.outbox_rows import Rows
from workbook.graders.outbox_scene import Scene, scene
from workbook.grading.check import Bench, Check, collector

CHECKS: list[Check] = []
check = collector(CHECKS, 4)
LIMIT = 12.0
TRIES, WITHIN = 20, 2.0  # as the contract says


@check(
    rule="A publication fails when no acknowledgement came within ack_timeout of that row's own send.",
    why="Futures that never resolve are what a lost connection looks like.",
    likely="No time-out at all, or one for the whole batch, which the last rows of it cannot keep.",
    notebook="q22_reconnect_storms",
    limit=18.0,
    waits=True,
)
def no_acknowledgement_is_a_failure(bench: Bench) -> None:
    with scene(bench, "run_once", "run") as play:
        rows = Rows(bench.rng)
        name, other = rows.aggregates(2)
        [lost] = play.insert(rows.of(name))
        play.broker.answer = lambda send: SILENT if send.row == lost else Answer(after=0.8)
        pump = play.pump(ack_timeout=0.3)
        play.run_once(pump)
        now = play.database.stored()[lost.id]
        if now.marked or now.attempts != 1 or not (now.last_error or "").strip():
            state = f"{'marked' if now.marked else 'pending'}, attempts = {now.attempts}, {now.last_error!r}"
            message = f"Row {lost.id} was never acknowledged, and that was not counted as a failure."
            raise play.broken(message, "pending, attempts = 1, and a last_error", state, lost)
        play.database.run("UPDATE outbox SET processed_at = now()")
        again = play.pump(pump.child, ack_timeout=1.4)
        again.start()
        for _ in range(3):
            play.now()
            lost_before = play.lost
            line = play.insert(rows.of(*[other] * 3))
            play.drain(line)
            play.now()
            took = [_answered_after(play, row) for row in line]
            if max(took) > 1.2 or play.lost - lost_before > 0.5:
                continue  # too late for that, on a machine that had no time
            for row in line:
                if play.tried(row) > 1 or play.database.stored()[row.id].attempts > 1:
                    after = f"{_answered_after(play, row):.1f} s after its send"
                    message = f"Row {row.id} was acknowledged {after}, and taken for failed."
                    raise play.broken(
                        message, "ack_timeout=1.4 counts from its own send", "sent again", row, clock=True
                    )
            break
        play.leave(again)


def _answered_after(play: Scene, row: Row) -> float:
    """Seconds from the first send of a row to its acknowledgement."""
    return next(
        (
            event.at - event.send.at
            for event in play.events
            if event.kind == "late" and event.row == row and event.send
        ),
        99.0,
    )


@check(
    rule="An acknowledgement that comes after its time-out does no harm, whatever the pump is doing by then.",
    why="Time-outs and acknowledgements cross each other every day.",
    likely="The late answer is taken for that of the new attempt, or meets a future that was cancelled or forgotten.",
    notebook="q17_exactly_once",
    limit=16.0,
    waits=True,
)
def late_acknowledgements_do_no_harm(bench: Bench) -> None:
    with scene(bench, "run") as play:
        rows = Rows(bench.rng)
        names = rows.aggregates(3)
        made = play.insert(rows.turns(names, 3))
        acked, failed, published, behind = made[0], made[1], made[2], made[5]

        def answer(send: Send) -> Answer:
            times = play.tried(send.row)
            if send.row in (acked, failed):
                return HOLD if times <= 2 else ACK
            if send.row == published:
                return HOLD if times == 1 else ACK
            return SILENT if send.row == behind and times == 1 else ACK

        play.broker.answer = answer
        pump = play.pump(ack_timeout=0.4)
        pump.start()
        # While it backs off, or the second attempt is under way: which of them is the pump's business.
        for row in (acked, failed):
            play.until_tried(row, 2)
        for row, how in ((acked, "ack"), (failed, "fail")):
            play.broker.release(play.broker.held(row)[0], how, "" if how == "ack" else "too late")
        # The second attempt was acknowledged, and the next row is under way when the first one is, too.
        play.until_tried(behind, 1)
        for send in play.broker.held(published):
            play.broker.release(send)
        play.settle(0.05, 0.2)
        judge.nothing_lost(play)
        judge.one_at_a_time(play)
        play.broker.release_all()
        play.drain()
        play.drain(play.insert(rows.turns(names, 1)))
        play.leave(pump)
        judge.nothing_lost(play)
        judge.in_order(play)
        judge.one_at_a_time(play)
        judge.same_header(play)


@check(
    rule="It is tried again for ever, with back-off: at most 20 times within 2 s, never given up or skipped.",
    why="A loop without a pause turns a small outage into a large one; giving up turns it into a loss.",
    likely="No wait between attempts, or a limit after which the row is left alone.",
    notebook="q22_reconnect_storms",
    limit=21.0,
    waits=True,
)
def retries_are_bounded_and_never_parked(bench: Bench) -> None:
    with scene(bench, "run") as play:
        rows = Rows(bench.rng)
        names = rows.aggregates(3)
        never, old, fine = play.insert(rows.of(*names))
        play.database.run("UPDATE outbox SET attempts = 2000, last_error = 'so far' WHERE id = %s", [old.id])
        once: list[Send] = []

        def answer(send: Send) -> Answer:
            if send.row == never:
                return REFUSED
            if send.row == old and not once:
                once.append(send)
                return REFUSED
            return Answer()

        play.broker.answer = answer
        pump = play.pump(poll_interval=0.02)
        pump.start()
        play.until(
            lambda: bool(once), f"row {old.id}, which has failed 2000 times, is not tried any more", 8.0
        )
        started = time.monotonic()
        play.until(lambda: time.monotonic() - started > WITHIN + 0.3 or _too_often(play, never) > 0, "never")
        if count := _too_often(play, never):
            message = f"Row {never.id} was tried {count} times within {WITHIN:g} s."
            first = [event for event in play.events if event.row == never][:8]
            raise play.broken(message, f"at most {TRIES} times", f"{count} times", events=first, clock=True)
        play.drain([old, fine], stalled=8.0)
        tried = play.tried(never)
        play.until(lambda: play.tried(never) > tried, f"row {never.id} is not tried any more", 8.0)
        play.leave(pump)


def _too_often(play: Scene, row: Row) -> int:
    """How often a row was sent within 2 s, when that was too often; else 0."""
    times = [send.at for send in play.sends if send.row == row]
    for number in range(len(times) - TRIES):
        if times[number + TRIES] - times[number] < WITHIN:
            return sum(times[number] <= at < times[number] + WITHIN for at in times)
    return 0
