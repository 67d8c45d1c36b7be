"""`kill -9` at every moment of a batch of 6 rows over 3 aggregates, and what a fresh pump makes of the rest."""

from __future__ import annotations

import time
from contextlib import suppress

from workbook.graders import outbox_judge as judge
from workbook.graders.outbox_pump import Child, Pump
from workbook.graders.outbox_rows import Rows
from workbook.graders.outbox_scene import Scene, scene
from workbook.graders.outbox_shared import Enumeration, Trial, verdict_of
from workbook.grading.check import Bench

MOMENTS = 120  # more than any pump needs for six rows; a bound for those that never come to an end


def crash_points(bench: Bench, question: str) -> None:
    """Kill a pump at moment 1, 2, 3 ... of its work, until it runs through; judge each by `question`."""
    runs: Enumeration = bench.shop.once("crash points", lambda: Enumeration(MOMENTS))
    with scene(bench, "run") as play:
        rows = Rows(bench.rng)
        helper: list[Child] = []
        runs.work(lambda number: _crash_at(play, rows, helper, number))
    runs.judge(question, bench.left)


def _crash_at(play: Scene, rows: Rows, helper: list[Child], number: int) -> Trial | None:
    play.next_act()
    names = rows.aggregates(3)
    made = play.insert(rows.mixed(names, 2))
    victim = play.pump(batch_size=6, poll_interval=0.2, autocommit=number % 2 == 0)
    kill_at(play, victim, number)
    victim.start()
    marked = play.all_marked(made)
    play.until(lambda: victim.dead or marked(), "the pump neither publishes nor comes to its next step")
    if not victim.dead:
        victim.stop()
        play.until(lambda: victim.dead or not victim.busy, "`run` does not return after stop was set")
    if not victim.dead:
        victim.child.end()
        return None
    buried(play, victim)
    if not helper:
        helper.append(play.child())
    fresh = play.pump(helper[0])
    fresh.start()
    play.drain()
    play.leave(fresh)
    return Trial(
        number,
        {
            "lost": verdict_of(lambda: judge.nothing_lost(play)),
            "order": verdict_of(lambda: judge.in_order(play)),
            "header": verdict_of(lambda: judge.same_header(play)),
        },
    )


def kill_at(play: Scene, victim: Pump, number: int) -> None:
    """Let the pump die at its `number`-th moment from now: before a request passes, or an answer, or a message."""
    start = victim.passed

    def gate(passed: int, _kind: str) -> None:
        if passed - start == number:
            play.kill(victim)

    victim.gate = gate


def buried(play: Scene, victim: Pump) -> None:
    """Wait until nothing of a killed pump is left, in the database neither: its locks go with its sessions."""
    play.until(lambda: victim.child.ended is not None, "the killed process does not end")
    until = time.monotonic() + 3.0
    while play.database.sessions() and time.monotonic() < until:
        with suppress(InterruptedError):
            time.sleep(0.002)
