"""Outbox, stage 1: publish and mark; what one call and one batch do, and what transactions they leave open."""

from __future__ import annotations

import time

from workbook.graders import outbox_judge as judge
from workbook.graders.outbox_broker import ACK, REFUSED, Answer, refusing
from workbook.graders.outbox_pump import Pump
from workbook.graders.outbox_rows import Rows
from workbook.graders.outbox_running import NEVER, soon, watch_idle
from workbook.graders.outbox_scene import Scene, scene
from workbook.grading.check import Bench, Check, collector

CHECKS: list[Check] = []
check = collector(CHECKS, 1)
LIMIT = 10.0


@check(
    rule="No connection stays idle in a transaction while the pump waits for work or backs off.",
    why="An idle transaction keeps VACUUM from its work in the whole database, for as long as it lasts.",
    likely="The connection is not in autocommit mode, and a SELECT that found nothing is never ended.",
    notebook="q15_durability",
    limit=20.5,
    waits=True,
)
def no_idle_transaction(bench: Bench) -> None:
    for autocommit in (False, True):
        with scene(bench, "run") as play:
            rows = Rows(bench.rng)
            pump = play.pump(poll_interval=NEVER, autocommit=autocommit)
            pump.start()
            play.until(
                lambda: any(event.kind == "answers" for event in play.events), "the pump does not look"
            )
            watch_idle(play, pump, 0.5, "waits for work")
            play.leave(pump)
            play.insert(rows.of(*rows.aggregates(3)))
            play.broker.answer = lambda send: Answer("fail", text="the broker is away", took=False)
            failing = play.pump(pump.child, poll_interval=NEVER, autocommit=autocommit)
            failing.start()
            play.until(lambda: bool(play.sends), "no row is sent")
            watch_idle(play, failing, 1.2, "backs off")
            play.leave(failing)


@check(
    rule="After run_once returned it holds no lock and no open transaction.",
    why="A lock that is left behind stops every other pump, and nobody sees who holds it.",
    likely="No commit after a batch that found nothing or failed, or a session's advisory lock that is not given back.",
    notebook="q15_durability",
    limit=LIMIT,
)
def no_transaction_after_run_once(bench: Bench) -> None:
    with scene(bench, "run_once") as play:
        rows = Rows(bench.rng)
        names = rows.aggregates(4)
        pump = play.pump(batch_size=4)
        other = play.pump(pump.child, batch_size=4, autocommit=True)
        for one in (pump, other):
            play.run_once(one)
            _nothing_held(play, one, "found nothing")
            play.insert(rows.of(*names))
            play.run_once(one)
            _nothing_held(play, one, "published rows")
            play.insert(rows.of(*names))
            play.broker.answer = lambda send: Answer("fail", text="no", took=False)
            play.run_once(one)
            _nothing_held(play, one, "could not publish")
            play.broker.answer = lambda send: Answer()
            play.database.run("UPDATE outbox SET processed_at = now() WHERE processed_at IS NULL")


def _nothing_held(play: Scene, pump: Pump, what: str) -> None:
    """Neither a transaction nor a lock, given a moment for connections that are being closed."""

    def clean() -> bool:
        return not play.database.locks() and all(session.status == "I" for session in pump.sessions())

    if not soon(clean, 1.5):
        locks = ", ".join(sorted(set(play.database.locks()))) or "an open transaction"
        message = f"`run_once` {what}, returned, and something of it is still open."
        raise play.broken(message, "no lock and no open transaction", locks)


@check(
    rule="run_once returns how many rows it published and marked.",
    why="Whoever calls it in a loop of their own, or counts, depends on it.",
    likely="It returns how many it read or sent, failed ones included, or nothing.",
    notebook="q21_observability",
    limit=LIMIT,
)
def run_once_counts_what_it_published(bench: Bench) -> None:
    with scene(bench, "run_once") as play:
        rows = Rows(bench.rng)
        names = rows.aggregates(5)
        made = play.insert([*rows.mixed(names, 2), *rows.blocks(names[:2], 2)])
        refused = made[1]
        play.broker.answer = lambda send: REFUSED if send.row == refused and play.tried(refused) == 1 else ACK
        pump = play.pump(batch_size=4)
        idle = 0
        while pending := set(play.database.pending()):
            count = play.run_once(pump)
            marked = len(pending - set(play.database.pending()))
            if count != marked:
                raise play.broken(
                    f"`run_once` returned {count} and marked {marked}.", str(marked), str(count)
                )
            idle = 0 if count else idle + 1
            if idle > 2 * len(made):
                time.sleep(0.05)  # a failed row backs off
            if bench.left < 0.5:
                raise play.undrained(play.rows[min(pending)], LIMIT)
        if count := play.run_once(pump):
            raise play.broken(f"`run_once` returned {count} for an empty table.", "0", str(count))


@check(
    rule="run_once sends at most batch_size rows, those that fail included.",
    why="The batch is what bounds the memory, and the damage of a crash.",
    likely="The rows that fail are made up for by more, or the limit counts aggregates instead of rows.",
    notebook="q10_buffer_size",
    limit=LIMIT,
)
def batch_size_is_a_bound(bench: Bench) -> None:
    for size in (1, 3):
        with scene(bench, "run_once") as play:
            rows = Rows(bench.rng)
            names = rows.aggregates(6)
            play.insert([*rows.blocks(names[:2], 3), *rows.turns(names, 2)])
            play.broker.answer = refusing(set(names[2:4]))
            pump = play.pump(batch_size=size)
            for _ in range(8):
                before = len(play.sends)
                play.run_once(pump)
                sent = play.sends[before:]
                if len(sent) > size:
                    message = f"With batch_size={size} one `run_once` sent {len(sent)} rows."
                    raise play.broken(message, f"at most {size}", str(len(sent)))
            if not play.sends:
                raise play.broken("Eight calls of `run_once` sent nothing.", "rows", "nothing")


@check(
    rule="batch_size below 1 is a ValueError.",
    why="A pump that never reads a row looks healthy.",
    likely="The size is taken as it is; LIMIT 0 finds nothing, for ever.",
    notebook="q10_buffer_size",
    limit=LIMIT,
)
def batch_size_below_one_is_refused(bench: Bench) -> None:
    with scene(bench) as play:
        child = play.child()
        for size in (0, -1, -bench.rng.randrange(2, 10_000)):
            pump = play.make(child, False, "remote", play.database, False, None, {"batch_size": size})
            result = pump.result or {}
            if result.get("k") != "raised":
                raise play.broken(
                    f"`OutboxPump(..., batch_size={size})` is accepted.", "ValueError", "a pump"
                )
            if result["type"] != "ValueError":
                play.blame(pump, f"OutboxPump(..., batch_size={size})")


@check(
    rule="connect may return a connection in autocommit mode or not.",
    why="Pools and frameworks decide that elsewhere, and change their mind.",
    likely="No commit where the connection is not in autocommit mode, or a transaction that is none where it is.",
    notebook="q15_durability",
    limit=LIMIT,
)
def autocommit_or_not_is_the_same(bench: Bench) -> None:
    for autocommit in (True, False):
        with scene(bench, "run", "run_once") as play:
            rows = Rows(bench.rng)
            names = rows.aggregates(3)
            made = play.insert(rows.mixed(names, 3))
            pump = play.pump(autocommit=autocommit)
            marked = play.run_once(pump)
            left = len(play.database.pending())
            mode = f"autocommit={autocommit}"
            if len(made) - left != marked:
                message = f"With {mode} `run_once` returned {marked}, and {len(made) - left} rows are marked."
                raise play.broken(message, str(marked), str(len(made) - left))
            again = play.pump(pump.child, autocommit=autocommit)
            again.start()
            play.drain()
            play.leave(again)
            judge.nothing_lost(play)
            judge.nothing_twice(play)
            judge.in_order(play)
