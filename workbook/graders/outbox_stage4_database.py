"""Outbox, stage 4: the database goes away, and the broker for long."""

from __future__ import annotations

import time
from contextlib import ExitStack

from workbook.graders import outbox_judge as judge
from workbook.graders.outbox_broker import HOLD, Answer
from workbook.graders.outbox_contract import require
from workbook.graders.outbox_outage import Outage, bounded, not_hot, not_the_same, telling, waits_of
from workbook.graders.outbox_pump import Pump
from workbook.graders.outbox_rows import Rows
from workbook.graders.outbox_scene import Scene, scene, staged
from workbook.grading.check import Bench, Check, collector

CHECKS: list[Check] = []
check = collector(CHECKS, 4)
LONG = 7.0  # seconds of an outage in which every back-off has grown up
RESUMES = 6.0 + 1.5  # seconds, as the contract says, and some for a busy machine


@check(
    rule="run survives the database going away: it connects again.",
    why="Databases fail over; pumps that end with them have to be started by hand.",
    likely="One connection for life, or an exception that leaves the loop of run.",
    notebook="q22_reconnect_storms",
    limit=20.2,
    waits=True,
)
def database_outage_is_survived(bench: Bench) -> None:
    require(bench, ("run",))
    with ExitStack() as stack:
        with bench.uncounted():
            database, server = stack.enter_context(bench.shop.server())
        play = stack.enter_context(staged(bench, database))
        rows = Rows(bench.rng)
        names = rows.aggregates(5)
        pump = play.pump(batch_size=8)
        pump.start()
        for how in ("kill", "stop"):
            made = play.insert(rows.turns(names, 6))
            play.until_sent(len(play.sends) + 9)
            with Outage(play, [pump], server, how) as outage:
                outage.noticed(pump)
            play.drain(made, stalled=RESUMES)
        play.leave(pump)
        judge.nothing_lost(play)
        judge.in_order(play)


@check(
    rule="run survives that the database is away at its start.",
    why="After a power cut everything starts at once, in no order.",
    likely="The first connection is made outside of what is guarded.",
    notebook="q22_reconnect_storms",
    limit=20.0,
    waits=True,
)
def outage_at_start_is_survived(bench: Bench) -> None:
    require(bench, ("run",))
    with ExitStack() as stack:
        with bench.uncounted():
            database, server = stack.enter_context(bench.shop.server())
        play = stack.enter_context(staged(bench, database))
        rows = Rows(bench.rng)
        play.insert(rows.turns(rows.aggregates(3), 2))
        pump = play.pump()
        with Outage(play, [pump], server, "stop") as outage:
            pump.start()
            outage.noticed(pump, 2)
        play.drain(stalled=RESUMES)
        play.leave(pump)
        judge.nothing_lost(play)
        judge.nothing_twice(play)


@check(
    rule="The waits in an outage are random, at most 5 s each; neither a hot loop nor the same waits in every outage.",
    why="Clients that wait the same time come back at the same moment, and bring the server down again.",
    likely="No wait, a fixed one, or a doubling one without a random part.",
    notebook="q22_reconnect_storms",
    limit=30.0,
    waits=True,
)
def waits_are_random_and_bounded(bench: Bench) -> None:
    with scene(bench, "run") as play:
        rows = Rows(bench.rng)
        pumps = [play.pump(poll_interval=0.1), play.pump(poll_interval=0.1)]
        for pump in pumps:
            pump.start()
        first = _outage_of(play, pumps)
        for pump in pumps:
            not_hot(play, pump, first)
            bounded(play, pump)
        play.drain(play.insert(rows.turns(rows.aggregates(3), 2)), stalled=RESUMES)
        enough = [len(waits_of(pump, first)) for pump in pumps]
        again = _outage_of(play, pumps[:1], min(enough[0], 8))
        bounded(play, pumps[0])
        play.drain(play.insert(rows.turns(rows.aggregates(2), 1)), stalled=RESUMES)
        not_the_same(play, waits_of(pumps[0], first), waits_of(pumps[0], again), "in two outages")
        not_the_same(play, waits_of(pumps[0], first), waits_of(pumps[1], first), "in two pumps")
        for pump in pumps:
            play.leave(pump)


def _outage_of(play: Scene, pumps: list[Pump], enough: int = 0) -> tuple[float, float]:
    """An outage in which each pump has waited `enough` times, or as often as tells random from not."""
    started = time.monotonic()
    with Outage(play, pumps, None, "cut"):

        def done() -> bool:
            now = time.monotonic()
            waits = [waits_of(pump, (started, now)) for pump in pumps]
            plenty = now - started > 1.2 and all(len(mine) >= max(enough, telling(mine)) for mine in waits)
            return plenty or (now - started > 6.0 and all(len(mine) >= 2 for mine in waits))

        play.until(done, "the pump does not try to connect again", 12.0)
    return started, time.monotonic()


@check(
    rule="run survives its connection being terminated: it connects again.",
    why="Administrators, proxies and time-outs end connections that have nothing to do with an outage.",
    likely="The dead connection is used again and again, or its exception ends run.",
    notebook="q22_reconnect_storms",
    limit=16.0,
)
def terminated_backend_is_survived(bench: Bench) -> None:
    with scene(bench, "run") as play:
        rows = Rows(bench.rng)
        names = rows.aggregates(4)
        pump = play.pump()
        pump.start()
        play.drain(play.insert(rows.turns(names, 1)))
        play.settle(0.05, 0.2)
        for held in (False, True):
            if held:
                play.broker.answer = lambda send: HOLD
            made = play.insert(rows.turns(names, 2)) if held else []
            if held:
                play.until(lambda: bool(play.broker.held()), "no row is sent")
            play.note("terminates the pump's backends", "database")
            play.database.end_sessions()
            play.settle(0.05, 0.2)
            play.broker.answer = lambda send: Answer()
            play.broker.release_all()
            play.drain([*made, *play.insert(rows.turns(names, 1))], stalled=RESUMES)
        play.leave(pump)
        judge.nothing_lost(play)
        judge.in_order(play)


@check(
    rule="Within 6 s of the end of an outage run is at work again.",
    why="A back-off without a cap makes an hour's outage last two.",
    likely="The wait doubles without a limit.",
    notebook="q22_reconnect_storms",
    limit=30.0,
    waits=True,
)
def work_resumes_after_an_outage(bench: Bench) -> None:
    with ExitStack() as stack:
        play = stack.enter_context(scene(bench, "run"))
        rows = Rows(bench.rng)
        names = rows.aggregates(3)
        lonely = play.pump(poll_interval=0.1)
        silenced = None
        if bench.shop.several:
            other = stack.enter_context(bench.shop.database(10_000_000))
            silenced = play.pump(lonely.child, poll_interval=0.1, database=other)
            other.insert(rows.turns(names, 2))
        away = [True]
        refused = Answer("fail", text="the broker is away", took=False)
        play.broker.answer = lambda send: (
            refused if silenced and send.pump == silenced.who and away else Answer()
        )
        lonely.start()
        play.drain(play.insert(rows.turns(names, 1)))
        started = time.monotonic()
        with Outage(play, [lonely], None, "cut"):
            if silenced is not None:
                silenced.start()
            play.until(
                lambda: time.monotonic() - started > LONG or _asks_too_long(lonely), "the outage never ends"
            )
        bounded(play, lonely)
        away.clear()
        play.note("the broker is back")
        ended = time.monotonic()
        play.insert(rows.turns(names, 1))
        play.until(
            lambda: not play.database.pending(), "no work is done 7 s after the end of an outage", RESUMES
        )
        if silenced is not None:
            done = [
                event.at
                for event in play.events
                if event.kind == "ack" and event.send and event.send.pump == silenced.who
            ]
            left = max(0.2, RESUMES - (time.monotonic() - ended))
            if not done:
                play.until(
                    lambda: any(
                        e.kind == "ack" and e.send and e.send.pump == silenced.who for e in play.events
                    ),
                    "nothing is published 7 s after the broker is back",
                    left,
                )
            play.leave(silenced)
        play.leave(lonely)


def _asks_too_long(pump: Pump) -> bool:
    return any(seconds is not None and seconds > 5.1 for _, seconds in pump.waits)
