"""Outbox, stage 1: publish and mark; how a pump drains, polls, stops and leaves the database alone."""

from __future__ import annotations

import time
from collections.abc import Callable
from functools import partial
from itertools import pairwise
from statistics import median

from workbook.graders import outbox_judge as judge
from workbook.graders.outbox_broker import ACK, HOLD, REFUSED, Answer, refusing
from workbook.graders.outbox_history import Event
from workbook.graders.outbox_pump import Pump
from workbook.graders.outbox_rows import Rows
from workbook.graders.outbox_running import returns_promptly, watch_idle
from workbook.graders.outbox_scene import Scene, scene
from workbook.grading.check import Bench, Check, collector

CHECKS: list[Check] = []
check = collector(CHECKS, 1)
LIMIT = 10.0
NEVER = 600.0  # seconds: longer than any check


@check(
    rule="run drains a backlog without pausing between batches.",
    why="One batch a poll is a hard ceiling: 100 rows a second, whatever the machine can do.",
    likely="A pause after every batch, or after every batch that is not full, before it is known that nothing is left.",
    notebook="q15_durability",
    limit=LIMIT,
)
def backlog_is_drained_without_pauses(bench: Bench) -> None:
    for aggregates, each in ((40, 1), (3, 12)):
        with scene(bench, "run") as play:
            rows = Rows(bench.rng)
            made = play.insert(rows.turns(rows.aggregates(aggregates), each))
            pump = play.pump(batch_size=8, poll_interval=NEVER)
            pump.start()
            drained = play.all_marked(made)
            quiet_since, last = time.monotonic(), None
            while not drained():
                asleep, state = play.state()
                if not asleep or state != last:
                    quiet_since, last = time.monotonic(), state
                play.look()
                if time.monotonic() - quiet_since > 0.8 or bench.left < 0.5:
                    left = len(play.database.pending())
                    message = f"The pump pauses although {left} of {len(made)} rows are pending."
                    raise play.broken(message, "the next batch at once", play.where(), clock=True)
                time.sleep(0.01)
            play.leave(pump)


@check(
    rule="When there is nothing it can do run waits poll_interval, or until stop is set, before it looks again.",
    why="A pump that asks without a pause costs a processor and a connection to learn nothing.",
    likely="No wait when the table is empty, or a wait of its own instead of poll_interval.",
    notebook="q15_durability",
    limit=20.5,
    waits=True,
)
def empty_table_is_polled_not_hammered(bench: Bench) -> None:
    with scene(bench, "run") as play:
        rows = Rows(bench.rng)
        name = rows.aggregates(1)[0]
        quick = play.pump(poll_interval=0.05)
        quick.start()
        gaps = []
        for _ in range(5):
            play.drain(play.insert(rows.of(name)))
            marked = len(play.events)
            play.until(partial(_asks, play, quick, marked), "the pump does not look again")
            before = [event.at for event in play.events[:marked] if event.who == quick.who]
            gaps.append(_asks(play, quick, marked)[0].at - before[-1])
        if median(gaps) > 0.6:
            message = f"With poll_interval=0.05 the pump looks every {median(gaps):.1f} s only."
            raise play.broken(
                message, "it looks again after 0.05 s", f"after {median(gaps):.2f} s", clock=True
            )
        play.leave(quick)
        _not_hammered(play, rows, play.pump(quick.child, poll_interval=0.6))


def _not_hammered(play: Scene, rows: Rows, slow: Pump) -> None:
    """Four looks at an empty table, about 0.6 s apart."""
    start = len(play.events)
    slow.start()
    while len(looks := _bursts(_asks(play, slow, start))) < 4:
        play.look()
        asked = _asks(play, slow, start)
        if len(asked) > 100:
            seconds = asked[-1].at - asked[0].at
            message = f"With poll_interval=0.6 and an empty table the pump asked {len(asked)} times in {seconds:.1f} s."
            raise play.broken(
                message, "it looks, and waits 0.6 s", f"{len(asked)} statements", events=asked[:8], clock=True
            )
        if play.bench.left < 1.0:
            break  # it looks rarely; whether it looks at all comes next
        time.sleep(0.02)
    gaps = [after - before for before, after in pairwise(looks)]
    if gaps and median(gaps) < 0.3:
        message = f"With poll_interval=0.6 the pump looks every {median(gaps):.2f} s."
        raise play.broken(
            message,
            "it looks, and waits 0.6 s",
            f"gaps of {median(gaps):.2f} s",
            events=play.events[start:],
            clock=True,
        )
    play.drain(play.insert(rows.of(*rows.aggregates(2))))
    play.leave(slow)


def _asks(play: Scene, pump: Pump, since: int) -> list[Event]:
    return [event for event in play.events[since:] if event.kind == "asks" and event.who == pump.who]


def _bursts(asked: list[Event]) -> list[float]:
    """When each row of statements began that follow each other within 0.1 s."""
    return [
        event.at for number, event in enumerate(asked) if number == 0 or event.at - asked[number - 1].at > 0.1
    ]


@check(
    rule="run returns within a second of stop being set.",
    why="A pod has a grace period; what does not stop in time is killed.",
    likely="time.sleep instead of stop.wait, or a wait for an acknowledgement or a lock that does not look at stop.",
    notebook="q22_reconnect_storms",
    limit=18.0,
    waits=True,
)
def stop_is_prompt(bench: Bench) -> None:
    with scene(bench, "run") as play:
        rows = Rows(bench.rng)
        idle = play.pump(poll_interval=NEVER)
        idle.start()
        play.until(lambda: any(event.kind == "answers" for event in play.events), "the pump does not look")
        play.settle(0.1, 0.5)
        returns_promptly(play, idle, "has nothing to do")

        backlog = play.insert(rows.mixed(rows.aggregates(12), 40))
        busy = play.pump(idle.child, batch_size=20)
        busy.start()
        play.until(lambda: len(play.sends) >= 25, "no rows are sent")
        returns_promptly(play, busy, "drains a backlog")

        play.broker.answer = lambda send: Answer("none", took=False)
        waiting = play.pump(idle.child, batch_size=5, ack_timeout=NEVER)
        sent = len(play.sends)
        waiting.start()
        play.until(lambda: len(play.sends) > sent, "no rows are sent")
        play.settle(0.1, 0.3)
        returns_promptly(play, waiting, "waits for an acknowledgement")

        stuck = play.pump(idle.child, batch_size=5, ack_timeout=NEVER)
        sent = len(play.sends)
        stuck.start()
        play.until(lambda: len(play.sends) > sent, "no rows are sent")
        behind = play.pump(batch_size=5, ack_timeout=NEVER)
        behind.start()
        play.settle(0.1, 0.5)
        returns_promptly(play, behind, "stands behind another pump, which waits for an acknowledgement,")
        returns_promptly(play, stuck, "waits for an acknowledgement")

        play.database.run("UPDATE outbox SET processed_at = now() WHERE id <> %s", [backlog[-1].id])
        play.broker.answer = lambda send: Answer("fail", text="the broker is away", took=False)
        failing = play.pump(idle.child, poll_interval=NEVER)
        sent = len(play.sends)
        failing.start()
        play.until(lambda: len(play.sends) > sent + 1, "the failed row is not tried again")
        returns_promptly(play, failing, "backs off")


@check(
    rule="An acknowledgement that arrives within 0.3 s of stop is still marked.",
    why="Each restart would otherwise publish a batch again.",
    likely="run leaves at once when stop is set; give what is under way a moment, and mark it.",
    notebook="q17_exactly_once",
    limit=LIMIT,
)
def late_acknowledgements_at_stop_are_marked(bench: Bench) -> None:
    with scene(bench, "run") as play:
        rows = Rows(bench.rng)
        play.broker.answer = lambda send: HOLD
        child = play.child()
        good = 0
        for _ in range(8):
            [row] = play.insert(rows.of(*rows.aggregates(1)))
            pump = play.pump(child)
            pump.start()
            play.until(lambda: bool(play.broker.held()), "the row is not sent")
            play.settle(0.05, 0.2)
            [send] = play.broker.held()
            pump.stop(n=send.number, after=0.05 if good == 1 else 0.2, how="ack", tell=True)
            play.until(lambda: not pump.busy and not play.broker.held(), "`run` does not return")  # noqa: B023
            play.look()
            late = (
                next(e.at for e in reversed(play.events) if e.kind == "late" and e.send is send)
                - pump.stopped
            )
            marked = _soon(lambda: play.database.is_marked(row.id))  # noqa: B023
            if not marked and late < 0.26:  # a machine under load may be later than it was told
                message = f"Row {row.id} was acknowledged {late:.2f} s after stop, and is not marked."
                raise play.broken(message, "marked", "pending", row, clock=True)
            play.database.run("UPDATE outbox SET processed_at = now() WHERE id = %s", [row.id])
            good += marked
            if good == 2:
                return


def _soon(done: Callable[[], bool], seconds: float = 0.5) -> bool:
    """Whether `done()` holds by then."""
    until = time.monotonic() + seconds
    while not done():
        if time.monotonic() > until:
            return False
        time.sleep(0.01)
    return True


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

    if not _soon(clean, 1.5):
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
