"""Outbox, stage 4: publications that fail."""

from __future__ import annotations

import time
from functools import partial

from workbook.graders import outbox_judge as judge
from workbook.graders.outbox_broker import ACK, HOLD, RAISED, REFUSED, SILENT, Answer, refusing
from workbook.graders.outbox_database import Row
from workbook.graders.outbox_history import Send
from workbook.graders.outbox_pump import Pump
from workbook.graders.outbox_rows import Rows
from workbook.graders.outbox_scene import Scene, scene
from workbook.grading.check import Bench, Check, collector

CHECKS: list[Check] = []
check = collector(CHECKS, 4)
LIMIT = 12.0
TRIES, WITHIN = 20, 2.0  # as the contract says


@check(
    rule="The row stays pending, `attempts` grows by one, and `last_error` says why.",
    why="At three in the morning these two columns are what there is to look at.",
    likely="The failure is only logged, or its UPDATE is rolled back with the rest of the batch.",
    notebook="q21_observability",
    limit=18.0,
    waits=True,
)
def a_failed_row_stays_pending_and_says_why(bench: Bench) -> None:
    with scene(bench, "run_once") as play:
        rows = Rows(bench.rng)
        names = rows.aggregates(4)
        made = play.insert(rows.of(*names))
        ways = {names[0]: REFUSED, names[1]: RAISED, names[2]: SILENT}
        play.broker.answer = lambda send: ways.get(send.row.aggregate if send.row else "", Answer())
        pump = play.pump(ack_timeout=0.3)
        for _ in range(3):
            _try_all_again(play, pump, made[:3])
            stored = play.database.stored()
            for row, way in zip(made, ("an error", "an error of send", "no acknowledgement"), strict=False):
                tried, now = play.tried(row), stored[row.id]
                if now.marked:
                    raise play.broken(f"Row {row.id} failed ({way}) and is marked.", "pending", "marked", row)
                if now.attempts != tried:
                    message = f"Row {row.id} failed {tried} times ({way}), and `attempts` is {now.attempts}."
                    raise play.broken(message, f"attempts = {tried}", str(now.attempts), row)
                if not (now.last_error or "").strip():
                    message = f"Row {row.id} failed ({way}), and `last_error` does not say why."
                    raise play.broken(message, "a text", repr(now.last_error), row)
        play.broker.answer = lambda send: Answer()
        while play.database.pending() and bench.left > 1:
            play.run_once(pump)
            time.sleep(0.02)
        if pending := play.database.pending():
            raise play.undrained(play.rows[pending[0]], LIMIT)


def _try_all_again(play: Scene, pump: Pump, rows: list[Row]) -> None:
    """Call run_once until each of these rows has been tried once more than now."""
    before = {row.id: play.tried(row) for row in rows}

    def late() -> list[Row]:
        return [row for row in rows if play.tried(row) == before[row.id]]

    while waiting := late():
        play.run_once(pump)
        if waiting == late():
            time.sleep(0.02)  # they back off
        if play.bench.left < 0.7:
            raise play.undrained(waiting[0], LIMIT)


@check(
    rule="Later rows of its aggregate wait behind a failed row; waiting is no attempt.",
    why="Skipping the one that fails is how `shipped` comes before `paid`.",
    likely="The failed row is left out of the next batch, and with it the reason to hold its followers back.",
    notebook="q14_ordering",
    limit=16.0,
    waits=True,
)
def later_rows_of_a_failed_aggregate_wait(bench: Bench) -> None:
    for way in (REFUSED, RAISED):
        with scene(bench, "run") as play:
            rows = Rows(bench.rng)
            names = rows.aggregates(2)
            made = play.insert(rows.turns(names, 3))
            first, waiting = made[0], [made[2], made[4]]

            def answer(send: Send, first: Row = first, way: Answer = way, play: Scene = play) -> Answer:
                return way if send.row == first and play.tried(first) <= 3 else Answer()

            play.broker.answer = answer
            pumps = [play.pump(batch_size=4), play.pump()]
            for pump in pumps:
                pump.start()
            play.until_tried(first, 3)
            stored = play.database.stored()
            judge.one_at_a_time(play)
            for row in waiting:
                if stored[row.id].attempts and not stored[first.id].marked:
                    message = f"Row {row.id} waits behind row {first.id}, and that was counted as an attempt."
                    raise play.broken(message, "attempts = 0", str(stored[row.id].attempts), row)
            play.drain()
            for pump in pumps:
                play.leave(pump)
            judge.one_at_a_time(play)
            judge.in_order(play)


@check(
    rule="Other aggregates go on while one fails.",
    why="One message that no broker takes would otherwise stop everything for ever.",
    likely="The first failure ends the batch, and the next batch begins with the same row.",
    notebook="q15_durability",
    limit=16.0,
    waits=True,
)
def other_aggregates_go_on(bench: Bench) -> None:
    for way in (REFUSED, RAISED, SILENT):
        with scene(bench, "run") as play:
            rows = Rows(bench.rng)
            names = rows.aggregates(4)
            made = play.insert(rows.turns(names, 3))
            bad = {names[0]}
            play.broker.answer = refusing(bad, way)
            pump = play.pump(ack_timeout=0.3)
            pump.start()
            play.drain([row for row in made if row.aggregate not in bad])
            later = play.insert(rows.turns(names, 1))
            play.drain([row for row in later if row.aggregate not in bad])
            play.leave(pump)


@check(
    rule="Other aggregates go on, also when the failing ones have more pending rows, or are more, than batch_size.",
    why="The backlog of what fails lies in front of everything else, and only grows.",
    likely="The batch is the lowest ids, all of them of aggregates that back off; leave those out before counting.",
    notebook="q15_durability",
    limit=LIMIT,
)
def failing_aggregates_beyond_a_batch(bench: Bench) -> None:
    for failing, each in ((1, 9), (7, 2)):
        with scene(bench, "run") as play:
            rows = Rows(bench.rng)
            names = rows.aggregates(failing + 3)
            bad = set(names[:failing])
            play.insert(rows.turns(names[:failing], each))
            good = play.insert(rows.turns(names[failing:], 3))
            play.broker.answer = refusing(bad)
            pump = play.pump(batch_size=3)
            pump.start()
            play.drain(good)
            play.leave(pump)
            judge.one_at_a_time(play)


@check(
    rule="Rows that were acknowledged stay marked whatever happens to other rows of their batch.",
    why="Rolled back with the batch they are published again at every try, a thousand duplicates an hour.",
    likely="One transaction for the batch, rolled back at the first failure.",
    notebook="q17_exactly_once",
    limit=18.0,
    waits=True,
)
def acknowledged_rows_stay_marked(bench: Bench) -> None:
    for way in (REFUSED, RAISED, SILENT):
        with scene(bench, "run_once", "run") as play:
            rows = Rows(bench.rng)
            names = rows.aggregates(5)
            made = play.insert(rows.of(*names))
            play.broker.answer = refusing({names[0], names[2], names[4]}, way)
            pump = play.pump(ack_timeout=0.3)
            play.run_once(pump)
            stored = play.database.stored()
            for event in play.events:
                if event.kind == "ack" and event.row is not None and not stored[event.row.id].marked:
                    message = (
                        f"Row {event.row.id} was acknowledged, and is pending after `run_once` returned."
                    )
                    raise play.broken(message, "marked", "pending", event.row)
            again = play.pump(pump.child, ack_timeout=0.3)
            again.start()
            play.until_tried(made[0], 3)
            play.leave(again)
            for name in (names[1], names[3]):
                sent = [send for send in play.sends if send.row is not None and send.row.aggregate == name]
                if len(sent) > 1:
                    message = f"Row {sent[0].row.id if sent[0].row else 0} was acknowledged and sent again."
                    raise play.broken(message, "sent once", f"sent {len(sent)} times", sent[0].row)


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


@check(
    rule="send may raise PublishError itself; that is a failed publication like any other.",
    why="A full queue of the client is reported at once, not by the future.",
    likely="Only the future is guarded; an exception of send goes up, and takes the batch with it.",
    notebook="q15_durability",
    limit=LIMIT,
)
def send_may_raise(bench: Bench) -> None:
    with scene(bench, "run") as play:
        rows = Rows(bench.rng)
        names = rows.aggregates(3)
        made = play.insert(rows.turns(names, 2))

        def answer(send: Send) -> Answer:
            unlucky = send.row is not None and send.row.aggregate in names[:2]
            return RAISED if unlucky and play.tried(send.row) == 1 else ACK

        play.broker.answer = answer
        pump = play.pump()
        pump.start()
        play.drain(stalled=8.0)
        play.leave(pump)
        judge.one_at_a_time(play)
        judge.same_header(play)
        stored = play.database.stored()
        for row in made:
            tried = play.tried(row)
            if not tried - 1 <= stored[row.id].attempts <= tried:
                message = (
                    f"Row {row.id} was tried {tried} times, and `attempts` is {stored[row.id].attempts}."
                )
                raise play.broken(message, f"{tried - 1} failures counted", str(stored[row.id].attempts), row)


def _fails(how: str, texts: dict[str, str], send: Send) -> Answer:
    return Answer(how, text=texts.get(send.row.aggregate if send.row else "", ""), took=False)


TEXTS = ("", 'it\'s "away"', "100% {sure} %s", "Ünï \N{SNOWMAN}", "two\nlines", "x" * 20_000)


@check(
    rule="run_once may raise when the database fails, never because a publication failed.",
    why="Whoever calls it can do nothing about the broker that the pump cannot do better.",
    likely="An exception of the future, or of writing its text down, is passed on.",
    notebook="q15_durability",
    limit=LIMIT,
)
def run_once_survives_publication_errors(bench: Bench) -> None:
    for how in ("fail", "raise", "none"):
        with scene(bench, "run_once") as play:
            rows = Rows(bench.rng)
            names = rows.aggregates(len(TEXTS))
            texts = dict(zip(names, TEXTS, strict=True))
            play.insert(rows.turns(names, 2))
            play.broker.answer = partial(_fails, how, texts)
            pump = play.pump(ack_timeout=0.2)
            for _ in range(2):
                count = play.run_once(pump)
                if count:
                    raise play.broken(
                        f"`run_once` returned {count}, and nothing was published.", "0", str(count)
                    )
            if not play.sends:
                raise play.broken("`run_once` sent nothing.", "rows", "nothing")
