"""Outbox, stage 4: publications that fail."""

from __future__ import annotations

import time
from functools import partial

from workbook.graders import outbox_judge as judge
from workbook.graders.outbox_broker import ACK, RAISED, REFUSED, SILENT, Answer, refusing
from workbook.graders.outbox_database import Row
from workbook.graders.outbox_history import Send
from workbook.graders.outbox_pump import Pump
from workbook.graders.outbox_rows import Rows
from workbook.graders.outbox_scene import Scene, scene
from workbook.grading.check import Bench, Check, collector

CHECKS: list[Check] = []
check = collector(CHECKS, 4)
LIMIT = 12.0


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
