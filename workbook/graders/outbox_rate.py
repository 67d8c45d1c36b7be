"""How fast a pump is: 10,000 rows against a serial pump's 300, measured in the same run."""

from __future__ import annotations

import os
import time
from contextlib import ExitStack, suppress
from dataclasses import dataclass
from functools import partial

from workbook.graders.outbox_database import NewRow
from workbook.graders.outbox_pump import Pump
from workbook.graders.outbox_scene import Scene, scene
from workbook.grading.check import Bench, Broken
from workbook.grading.inert import inert
from workbook.grading.verdict import Status, Verdict

ROWS, AGGREGATES, SERIAL_ROWS = 10_000, 500, 300
DELAY = 0.002  # seconds until the local producer acknowledges
FACTOR = 10.0
ROUNDS = 3  # a rate below the bound, but not far below, is measured again
NEAR = 0.4  # of the bound
MOST_LOST = 0.7  # of the time may be put down to other programs


@dataclass(frozen=True)
class Rate:
    """Rows a second, not counting the time in which the machine had no processor free for the pump."""

    rows: int
    seconds: float
    waited: float  # seconds of these in which a thread was ready to run and did not

    @property
    def per_second(self) -> float:
        return self.rows / max(self.seconds - min(self.waited, MOST_LOST * self.seconds), 1e-6)


def ten_times_serial(bench: Bench, together: bool) -> None:
    """Raise Broken unless the pump is quick enough in one of a few rounds, and right in all."""
    with ExitStack() as stack:
        with bench.uncounted():
            stack.enter_context(bench.shop.alone())
        best: tuple[float, Rate, Rate] | None = None
        for round_number in range(ROUNDS):
            serial = bench.shop.once(
                f"serial {round_number}", partial(_measure, bench, "serial", SERIAL_ROWS, False, 60.0)
            )
            bound = FACTOR * serial.per_second
            mine = _measure(bench, "local", ROWS, together, 3 * ROWS / bound)
            factor = mine.per_second / serial.per_second
            best = max(best or (0.0, mine, serial), (factor, mine, serial), key=lambda found: found[0])
            if factor >= FACTOR:
                return
            if factor < NEAR * FACTOR or bench.left < 6.0:
                break
    assert best is not None
    factor, mine, serial = best
    done = f"{mine.rows:,} rows" if mine.rows == ROWS else f"{mine.rows:,} of {ROWS:,} rows"
    raise Broken(
        Verdict(
            Status.FAILED,
            f"The pump is {factor:.1f} times as fast as a serial one; 10 times is asked for.",
            f"at least {FACTOR * serial.per_second:,.0f} rows a second (a serial pump: {serial.per_second:,.0f})",
            f"{mine.per_second:,.0f} rows a second: {done} in {mine.seconds:.1f} s",
        )
    )


def rows_of(count: int, together: bool) -> list[NewRow]:
    """Rows of aggregates that take turns, or lie together, as many of each."""
    each = ROWS // AGGREGATES
    if together:
        return [(f"customer {number // each}", "orders", b"%d" % number) for number in range(count)]
    return [(f"customer {number % AGGREGATES}", "orders", b"%d" % number) for number in range(count)]


def _measure(bench: Bench, producer: str, count: int, together: bool, most: float) -> Rate:
    """Let a pump drain `count` rows, for at most so many seconds."""
    with scene(bench, "run") as play:
        play.insert(rows_of(count, together))
        play.database.run("VACUUM ANALYZE outbox")  # as it would be in a table that has been in use
        more = {"delay": DELAY, "expected": count}
        pump = play.pump(direct=True, producer=producer, more=more, batch_size=100, ack_timeout=10.0)
        lost = _RunQueue(play, pump)
        pump.start()
        deadline = time.monotonic() + most
        while not (pump.all_acknowledged and not play.database.pending()):
            play.look()
            lost.look()
            if time.monotonic() > deadline or bench.left < 1.0:
                break
            with play.changed:
                play.changed.wait(0.05 if not pump.all_acknowledged else 0.003)
        seconds = time.monotonic() - pump.began
        lost.look()
        left = len(play.database.pending())
        play.leave(pump)
        _judge(play, pump)
        return Rate(count - left, seconds, lost.seconds)


class _RunQueue:
    """How long threads of the pump, and the servers behind its connections, were ready and did not run. Linux.

    The sum over threads: more than was lost where two of them waited at the same time.
    """

    def __init__(self, play: Scene, pump: Pump) -> None:
        self._play, self._pid = play, pump.child.pid
        self._seen: dict[str, int] = {}
        self._servers: list[int] = []
        self._first = True
        self.look()
        self._start = dict(self._seen)
        self._first = False

    def look(self) -> None:
        if not self._servers:
            self._servers = self._play.database.sessions()
        for pid in (self._pid, *self._servers):
            with suppress(OSError, ValueError, IndexError):
                for task in os.listdir(f"/proc/{pid}/task"):
                    with open(f"/proc/{pid}/task/{task}/schedstat", encoding="ascii") as file:
                        self._seen[task] = int(file.read().split()[1])

    @property
    def seconds(self) -> float:
        return sum(now - self._start.get(task, 0) for task, now in self._seen.items()) / 1e9


def _judge(play: Scene, pump: Pump) -> None:
    """Speed counts only where the rest is right: once each, in order, one of an aggregate at a time."""
    pump.child.order(do="log", p=pump.name)
    play.until(lambda: pump.lines_complete, "the child does not answer")
    aggregate = {str(row.id): row.aggregate for row in play.rows.values()}
    under_way: dict[str, str] = {}
    last: dict[str, int] = {}
    sent: set[str] = set()
    for line in pump.lines:
        what, number = line[0], line[1:]
        name = aggregate.get(number)
        if name is None:
            raise _wrong(f"A message was sent whose outbox-id is {inert(number, 30)!r}: that is no row.")
        if what == "a":
            under_way.pop(name, None)
            continue
        if number in sent:
            raise _wrong(f"Row {number} was sent twice, although nothing failed.")
        if name in under_way:
            raise _wrong(
                f"Row {number} was sent before row {under_way[name]} of its aggregate was acknowledged."
            )
        if int(number) < last.get(name, 0):
            raise _wrong(f"Row {number} was sent after row {last[name]} of its aggregate.")
        sent.add(number)
        under_way[name], last[name] = number, int(number)


def _wrong(message: str) -> Broken:
    return Broken(Verdict(Status.FAILED, message, "fast, and still once and in order"))
