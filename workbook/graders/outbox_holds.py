"""One pump is held at every moment of its work, the other goes as far as it can, then the first goes on.

With two pumps and one switch between them these are all interleavings, so a race is found each time and not
by luck.
"""

from __future__ import annotations

import threading
import time

from workbook.graders import outbox_judge as judge
from workbook.graders.outbox_pump import Child, Pump
from workbook.graders.outbox_rows import Rows
from workbook.graders.outbox_scene import Scene, scene
from workbook.graders.outbox_shared import Enumeration, Trial, verdict_of
from workbook.grading.check import Bench

MOMENTS = 80  # more than any pump needs for three rows of its first batch; a bound
CALLS = 6  # of the second pump while the first is held
STUCK = 0.15  # seconds of quiet after which the second pump waits for the first


def held_points(bench: Bench, question: str) -> None:
    """Try moment 1, 2, 3 ... at which pump 1 is held; judge each by `question`."""
    runs: Enumeration = bench.shop.once("held points", lambda: Enumeration(MOMENTS))
    with scene(bench, "run", "run_once") as play:
        rows = Rows(bench.rng)
        children: list[Child] = []
        runs.work(lambda number: _held_at(play, rows, children, number))
    runs.judge(question, bench.left)


class Hold:
    """Stops a pump at its `number`-th moment from now, until `release`."""

    def __init__(self, pump: Pump, number: int) -> None:
        self.reached = threading.Event()
        self._free = threading.Event()
        self._start, self._number, self._pump = pump.passed, number, pump
        pump.gate = self._gate

    def _gate(self, passed: int, _kind: str) -> None:
        if passed - self._start == self._number and not self._free.is_set():
            self.reached.set()
            self._free.wait(60.0)

    def release(self) -> None:
        self._free.set()


def _held_at(play: Scene, rows: Rows, children: list[Child], number: int) -> Trial | None:
    play.next_act()
    if not children:
        children.extend((play.child(), play.child()))
    names = rows.aggregates(3)
    made = play.insert(rows.turns(names, 2) if number % 2 else rows.blocks(names, 2))
    first = play.pump(children[0], batch_size=3, autocommit=number % 4 < 2)
    second = play.pump(children[1], batch_size=3, autocommit=number % 4 in (0, 3))
    hold = Hold(first, number)
    try:
        first.start()
        marked = play.all_marked(made)
        play.until(lambda: hold.reached.is_set() or marked(), "the first pump comes to no next step")
        if not hold.reached.is_set():
            hold.release()
            play.leave(first)
            return None
        asked = [event.text for event in play.events if event.kind == "asks" and event.who == first.who]
        play.note(f"is held, its last statement: {asked[-1] if asked else 'none yet'}", first.who)
        _go_on_alone(play, second)
        play.note("goes on", first.who)
    finally:
        hold.release()
    play.until(lambda: not second.busy, "`run_once` of the second pump does not return")
    second.start()
    play.drain()
    play.leave(first)
    play.leave(second)
    return Trial(
        number,
        {
            "twice": verdict_of(lambda: judge.nothing_twice(play)),
            "order": verdict_of(lambda: judge.in_order(play)),
            "one at a time": verdict_of(lambda: judge.one_at_a_time(play)),
            "lost": verdict_of(lambda: judge.nothing_lost(play)),
        },
    )


def _go_on_alone(play: Scene, pump: Pump) -> None:
    """Call run_once again and again while it does something; it may also have to wait for the held pump."""
    for _ in range(CALLS):
        before = len(play.sends)
        pump.begin("run_once")
        quiet_since, last = time.monotonic(), None
        while pump.busy:
            play.look()
            asleep, state = play.state()
            if not asleep or state != last:
                quiet_since, last = time.monotonic(), state
            if time.monotonic() - quiet_since > STUCK:
                return
            time.sleep(0.003)
        if pump.result is not None and pump.result["k"] == "raised":
            play.blame(pump, "run_once()")
        if len(play.sends) == before:
            return
