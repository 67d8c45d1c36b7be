"""Outbox, stage 1: publish and mark; how a pump drains, polls and stops."""

from __future__ import annotations

import time
from functools import partial
from itertools import pairwise
from statistics import median

from workbook.graders.outbox_broker import HOLD, Answer
from workbook.graders.outbox_history import Event
from workbook.graders.outbox_pump import Pump
from workbook.graders.outbox_rows import Rows
from workbook.graders.outbox_running import NEVER, returns_promptly, soon
from workbook.graders.outbox_scene import Scene, scene
from workbook.grading.check import Bench, Check, collector

CHECKS: list[Check] = []
check = collector(CHECKS, 1)
LIMIT = 10.0


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
            marked = soon(lambda: play.database.is_marked(row.id))  # noqa: B023
            if not marked and late < 0.26:  # a machine under load may be later than it was told
                message = f"Row {row.id} was acknowledged {late:.2f} s after stop, and is not marked."
                raise play.broken(message, "marked", "pending", row, clock=True)
            play.database.run("UPDATE outbox SET processed_at = now() WHERE id = %s", [row.id])
            good += marked
            if good == 2:
                return
