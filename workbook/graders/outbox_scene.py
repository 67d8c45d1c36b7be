"""One scene: a database, pumps in children, a broker that says what the grader wants, and all that happened."""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import ExitStack, contextmanager
from typing import TYPE_CHECKING, Any

from workbook.graders import outbox_quiet
from workbook.graders.outbox_blame import Blame
from workbook.graders.outbox_broker import Broker
from workbook.graders.outbox_contract import require
from workbook.graders.outbox_database import Database, NewRow, Row
from workbook.graders.outbox_history import PUBLISHED, Event, Send, statement
from workbook.graders.outbox_proxy import Moment
from workbook.graders.outbox_pump import Child, Crew, Pump
from workbook.grading.check import Bench, Broken, Record
from workbook.grading.inert import inert
from workbook.grading.verdict import Status, Verdict

if TYPE_CHECKING:
    import psycopg

RESERVE = 0.5  # seconds of a check's limit kept for telling how it ended
OFTEN, SELDOM = 0.004, 0.05  # seconds between two looks into the table
COUNT = 0.1  # seconds between two looks at what the kernel counts
BUSY = 4.0  # seconds of waiting for a processor that a second of running on it is worth at most
PATIENCE = 8.0  # seconds for anything a pump should do at once; back-offs end within 5
STALLED = 4.0  # seconds without a message, or a mark, after which a drain counts as hopeless


class Scene(Blame):
    """Use through `scene(...)`. Reading its lists needs no lock; they only grow."""

    def __init__(self, bench: Bench, database: Database) -> None:
        self.bench = bench
        self.database = database
        self.changed = threading.Condition(threading.RLock())
        self.events: list[Event] = []
        self.sends: list[Send] = []
        self.pumps: list[Pump] = []
        self.rows: dict[int, Row] = {}
        self.broker = Broker(self)
        self.crew = Crew(self, bench)
        self._made = 0
        self.rings = 0
        self.lost = 0.0  # seconds in which the machine had no processor free for this scene
        self._waited: dict[int, tuple[float, float]] = {}
        self._counted = 0.0

    def now(self) -> float:
        """The time on a clock that stands still while the scene's processes wait for a processor.

        Not for one that computes without end: it waits, too, but no longer than in proportion to what it gets.
        """
        wall = time.monotonic()
        if wall - self._counted > COUNT:
            self._counted = wall
            pids = [
                os.getpid(),
                *[child.pid for child in self.crew.children if child.pid and child.ended is None],
            ]
            before, self._waited = self._waited, {pid: outbox_quiet.waited(pid) for pid in pids}
            more = 0.0
            for pid, (ran, ready) in self._waited.items():
                ran_before, ready_before = before.get(pid, (ran, ready))
                more += max(0.0, ready - ready_before - BUSY * max(0.0, ran - ran_before))
            self.lost += more
            self.bench.forgive(more)
        return wall - self.lost

    def ring(self) -> None:
        """Wake who waits for something to happen. With `changed` held."""
        self.rings += 1
        self.changed.notify_all()

    def pause(self, rings: int, seconds: float) -> None:
        """Wait until something has happened since `rings` was read, for at most so long."""
        with self.changed:
            if self.rings == rings:
                self.changed.wait(seconds)

    def next_act(self) -> None:
        """Forget what was: rows, history, and pumps, which must not be running. Children stay."""
        for pump in self.pumps:
            pump.dead = True
            if pump.proxy is not None:
                pump.proxy.close()
        with self.changed:
            self.pumps.clear()
            self.events.clear()
            self.sends.clear()
            self.rows.clear()

    # ---- setting up

    def insert(self, rows: Iterable[NewRow], into: psycopg.Connection[Any] | None = None) -> list[Row]:
        """Insert rows (see Database.write), known to the broker before any pump can see them."""
        made = self.database.number(rows)
        with self.changed:
            self.rows.update((row.id, row) for row in made)
        self.database.write(made, into)
        return made

    def child(self, **plan: Any) -> Child:
        """A new child. Its warden sees to it that loading the file has an end."""
        made = self.crew.child(plan)
        with self.bench.uncounted(), self.changed:
            while not made.pid and made.ended is None:
                self.changed.wait(0.1)
        self.look()
        return made

    def pump(
        self,
        child: Child | None = None,
        *,
        autocommit: bool = False,
        producer: str = "remote",
        database: Database | None = None,
        direct: bool = False,
        more: dict[str, Any] | None = None,
        **options: Any,
    ) -> Pump:
        """A new pump, in a child of its own unless one is given. `options` are the constructor's keywords."""
        pump = self.make(child, autocommit, producer, database or self.database, direct, more, options)
        if pump.result is not None and pump.result["k"] == "raised":
            self.blame(pump, "OutboxPump(...)")
        return pump

    def make(
        self,
        child: Child | None,
        autocommit: bool,
        producer: str,
        base: Database,
        direct: bool,
        more: dict[str, Any] | None,
        options: dict[str, Any],
    ) -> Pump:
        """Call the constructor; its outcome is in the pump's `result`."""
        child = child or self.child()
        self._made += 1
        pump = Pump(self, child, str(self._made), f"pump {len(self.pumps) + 1}")
        pump.proxy = None if direct else base.proxy(pump.moment)
        self.pumps.append(pump)
        child.pumps[pump.name] = pump
        dsn = base.direct() if pump.proxy is None else base.through(pump.proxy)
        options = {"poll_interval": 0.05, "ack_timeout": 30.0, **options}
        pump.begin("make", dsn=dsn, autocommit=autocommit, producer=producer, options=options, **(more or {}))
        self.until(lambda: not pump.busy, "the pump is not made")
        return pump

    # ---- what comes in, in threads of children and proxies

    def recorded(self, child: Child, record: Record) -> None:
        """A record of a child's."""
        kind = record["k"]
        if kind == "send":
            self.broker.sent(child, child.pumps[record["p"]], record)
        elif kind == "resolving":
            self.broker.resolving(child, record)
        elif kind == "hello":
            with self.changed:
                child.pid = record["pid"]
                self.ring()
        elif record.get("p") in child.pumps:
            with self.changed:
                pump = child.pumps[record["p"]]
                told = pump.take(record)
                if told:
                    self.event(pump.who, "note", told)
                self.ring()

    def moment(self, pump: Pump, moment: Moment) -> None:
        """What a proxy tells."""
        with self.changed:
            if moment.kind in ("asks", "answers"):
                text = statement(moment.text) if moment.kind == "asks" else moment.text
                now, failed = time.monotonic(), moment.failed
                self.events.append(Event(now, pump.who, moment.kind, text, None, failed, moment.session))
            self.ring()

    def event(self, who: str, kind: str, text: str, send: Send | None = None) -> None:
        """Something for the history."""
        with self.changed:
            self.events.append(Event(time.monotonic(), who, kind, text, send))
            self.ring()

    def note(self, text: str, who: str = "grader") -> None:
        """A line of the grader's own in the history."""
        self.event(who, "note", text)

    # ---- accidents

    def kill(self, pump: Pump) -> None:
        """`kill -9` for the process of a pump. Nothing of it passes any more."""
        with self.changed:
            for other in pump.child.pumps.values():
                other.dead = True
            self.event("kill -9", "note", pump.who)
        pump.child.kill()

    # ---- waiting

    def until(self, done: Callable[[], object], what: str, seconds: float = PATIENCE) -> None:
        """Wait until `done()`. Raises Broken when that takes too long, saying `what` and where the pumps are."""
        started = self.now()
        left = max(0.1, self.bench.left - RESERVE)
        deadline = started + min(seconds, left)
        while True:
            rings = self.rings
            if done():
                return
            self.look()
            if self.now() > deadline:
                raise self.in_vain(what, self.now() - started)
            self.pause(rings, 0.02)

    def until_sent(self, count: int) -> None:
        """Wait until that many messages were sent in all."""
        self.until(lambda: len(self.sends) >= count, "rows are not sent")

    def until_tried(self, row: Row, times: int, seconds: float = PATIENCE) -> None:
        """Wait until a row was sent that often."""
        what = f"row {row.id} is not {'tried again' if times > 1 else 'sent'}"
        self.until(lambda: self.tried(row) >= times, what, seconds)

    def tried(self, row: Row | None) -> int:
        """How often a row was sent."""
        return sum(send.row == row for send in self.sends)

    def look(self) -> None:
        """Raise Broken when a child ended by itself, or `run` came back without being asked to."""
        for child in self.crew.children:
            if child.ended is not None and not child.expected:
                child.bench.require_end(child.ended, child.records)
                raise Broken(Verdict(Status.CRASHED, "The process ended before the check was finished."))
        for pump in self.pumps:
            result = pump.result
            if result is None or result["what"] != "run":
                continue
            if result["k"] == "raised":
                self.blame(pump, "run(stop)")
            if not pump.told_to_stop:
                raise self.broken("`run` returned before stop was set.", "it goes on", "it returned")

    def drain(self, rows: Iterable[Row] | None = None, stalled: float | None = STALLED) -> None:
        """Wait until rows (all by default) are marked; pumps run. Gives up when none is sent for `stalled` s."""
        wanted = list(self.rows.values() if rows is None else rows)
        marked, mine = self.all_marked(wanted), set(wanted)
        started = since = self.now()
        last: object = None
        while True:
            rings = self.rings
            if marked():
                return
            self.look()
            now, state = self.now(), (sum(send.row in mine for send in self.sends), marked.pending)
            if state != last:
                since, last = now, state
            if (stalled is not None and now - since > stalled) or self.bench.left < RESERVE:
                pending = set(self.database.pending())
                first = next((row for row in wanted if row.id in pending), None)
                if first is None:
                    return
                raise self.undrained(first, now - started, self.database.stored()[first.id].last_error)
            self.pause(rings, 0.005)

    def all_marked(self, rows: Iterable[Row]) -> AllMarked:
        """A condition for `until`: these rows are marked."""
        return AllMarked(self, {row.id for row in rows})

    def settle(self, quiet: float = 0.1, most: float = 1.0) -> None:
        """Return once nothing has moved for `quiet` seconds, or after `most` seconds."""
        deadline = time.monotonic() + min(most, max(0.1, self.bench.left - RESERVE))
        since, last = time.monotonic(), None
        while time.monotonic() < deadline:
            asleep, state = self.state()
            if state != last or not asleep:
                since, last = time.monotonic(), state
            elif time.monotonic() - since >= quiet:
                break
            time.sleep(0.005)
        self.look()

    def state(self) -> tuple[bool, Any]:
        """(whether all children sleep, what to compare with another time to know that they did all along)."""
        looks = [outbox_quiet.look(child.pid) for child in self.crew.children if child.ended is None]
        return all(asleep for asleep, _ in looks), (len(self.events), [what for _, what in looks])

    # ---- calls

    def run_once(self, pump: Pump) -> int:
        """Call run_once and wait. Raises Broken when it raises, or returns no count."""
        pump.begin("run_once")
        self.until(lambda: not pump.busy, "`run_once` does not return")
        result = pump.result or {}
        if result.get("k") == "raised":
            self.blame(pump, "run_once()")
        count = result.get("v")
        if count is None or count < 0:
            got = inert(str(result.get("type", "?") if count is None else count), 40)
            raise self.broken("`run_once` does not return how many rows it marked.", "a count", got)
        return int(count)

    def leave(self, pump: Pump) -> None:
        """Set stop and wait until run has returned."""
        if pump.busy:
            pump.stop()
            self.until(lambda: not pump.busy, "`run` does not return after stop was set")
            self.look()

    def close(self) -> None:
        """End children, then proxies."""
        with self.changed:
            for pump in self.pumps:
                pump.dead = True
        self.crew.close()
        for pump in self.pumps:
            if pump.proxy is not None:
                pump.proxy.close()


class AllMarked:
    """Whether all of these rows are marked. Asks the database when that may be so, and now and then."""

    def __init__(self, play: Scene, ids: set[int]) -> None:
        self._play, self._ids = play, ids
        self._read = 0  # events
        self._unpublished = set(ids)
        self._asked = 0.0
        self.pending = len(ids)

    def __call__(self) -> bool:
        if not self.pending:
            return True  # nobody unmarks a row
        events = self._play.events
        while self._read < len(events):
            event = events[self._read]
            self._read += 1
            if event.kind in PUBLISHED and event.row is not None:
                self._unpublished.discard(event.row.id)
        now = time.monotonic()
        if now - self._asked < (OFTEN if not self._unpublished else SELDOM):
            return False
        self._asked = now
        self.pending = len(self._ids.intersection(self._play.database.pending()))
        return not self.pending


@contextmanager
def scene(bench: Bench, *needs: str, first_id: int | None = None) -> Iterator[Scene]:
    """A scene on a database of its own, after a look whether the file has what is needed (run_once, run).

    Ids begin just below a power of ten, so that an order by their text is another one.
    """
    require(bench, needs)
    first = first_id or 10 ** bench.rng.randrange(2, 6) - bench.rng.randrange(1, 4)
    with ExitStack() as stack:
        with bench.uncounted():
            database = stack.enter_context(bench.shop.database(first))
        with staged(bench, database) as made:
            yield made


@contextmanager
def staged(bench: Bench, database: Database) -> Iterator[Scene]:
    """A scene on this database. Raises Broken at its end for children that did not end as they should."""
    made = Scene(bench, database)
    try:
        yield made
    finally:
        made.close()
    for child in made.crew.children:
        if child.ended is not None and not child.killed:
            child.bench.require_end(child.ended, child.records)
