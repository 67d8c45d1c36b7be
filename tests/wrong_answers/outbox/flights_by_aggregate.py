"""late_acknowledgements_do_no_harm

What is under way is kept by aggregate, one row at a time: a late acknowledgement of an earlier attempt is
taken for that of the row which is under way by then.
"""

from __future__ import annotations

import logging
import random
import threading
from collections import deque
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from concurrent.futures import CancelledError, Future
from contextlib import closing, contextmanager
from dataclasses import dataclass
from queue import Empty, SimpleQueue
from time import monotonic
from typing import LiteralString, Protocol

import psycopg
from psycopg.rows import class_row

log = logging.getLogger(__name__)

FIRST_WAIT = 0.2  # seconds: the longest wait after a first failure; it doubles with every further one
LONGEST_WAIT = 4.0
GRACE = 0.4  # seconds that acknowledgements under way have after stop
GLANCE = 0.05  # seconds between two looks at stop while acknowledgements are awaited
LINGER = 0.005  # seconds that a first acknowledgement waits for others, to be marked together
DEPTH = 5  # rows of one aggregate that are read together
MOST_LOCKS = 500  # the lock table of the server is shared by all sessions and of fixed size
SHORTEST_WINDOW = 1_000  # pending rows that are looked through to find many aggregates, at least


class PublishError(Exception):
    """The broker did not take a message, or the producer could not hand it over."""


class Producer(Protocol):
    """What the pump needs to know of Kafka; KafkaProducer in the workbook is one over a real cluster."""

    def send(self, topic: str, *, key: bytes, value: bytes, headers: Mapping[str, bytes]) -> Future[None]:
        """Hand a message over; the future has a result when the broker acknowledged, or raises PublishError.

        The future may never resolve. May be called from any thread; may raise PublishError itself.
        """
        ...


@dataclass(frozen=True)
class Row:
    """A pending row of the table."""

    id: int
    aggregate_id: str
    topic: str
    payload: bytes
    attempts: int


@dataclass(frozen=True)
class Flight:
    """The rows in hand of one aggregate. The first was sent and must be acknowledged before `deadline`."""

    line: deque[Row]
    deadline: float


# The statistics of a table that fills and empties all day are wrong, and a planner that believes in a short
# backlog reads and sorts all of it for each look. These leave the one good plan: along the index, until enough.
SETTINGS: LiteralString = "SET enable_bitmapscan = off; SET enable_seqscan = off"

# The first rows of as many aggregates as there are. The skipped ones are left out before counting, so that no
# number of their rows can hide the others. In random order, because pumps that all reach for the same
# aggregates spend their time on losing them to each other.
CANDIDATES: LiteralString = """
    SELECT aggregate_id, array_agg(id ORDER BY id) AS ids
    FROM (
        SELECT id, aggregate_id
        FROM outbox
        WHERE processed_at IS NULL AND aggregate_id <> ALL (%(skip)s::text[])
        ORDER BY id
        LIMIT %(window)s
    ) AS front
    GROUP BY aggregate_id
    ORDER BY random()
    LIMIT %(limit)s
"""

LOCK: LiteralString = """
    SELECT aggregate_id
    FROM unnest(%(aggregates)s::text[]) AS aggregate_id
    WHERE pg_try_advisory_lock(hashtextextended(aggregate_id, 'outbox'::regclass::oid::bigint))
"""

# A statement of its own, after LOCK: only a new snapshot shows what the lock's last holder has marked.
READ: LiteralString = """
    SELECT id, aggregate_id, topic, payload, attempts
    FROM outbox
    WHERE id = ANY (%(ids)s) AND processed_at IS NULL
    ORDER BY id
"""

MARK: LiteralString = """
    UPDATE outbox
    SET processed_at = clock_timestamp()
    WHERE id = ANY (%(ids)s) AND processed_at IS NULL
"""

FAIL: LiteralString = """
    UPDATE outbox
    SET attempts = attempts + 1, last_error = failure.reason
    FROM unnest(%(ids)s::bigint[], %(reasons)s::text[]) AS failure (id, reason)
    WHERE outbox.id = failure.id AND processed_at IS NULL
"""

UNLOCK: LiteralString = """
    SELECT pg_advisory_unlock(hashtextextended(aggregate_id, 'outbox'::regclass::oid::bigint))
    FROM unnest(%(aggregates)s::text[]) AS aggregate_id
"""


class Table:
    """The outbox through one connection in autocommit mode: every statement is a transaction of its own.

    Every method raises psycopg.Error when the database fails; the locks are gone then, with the session.
    """

    def __init__(self, connection: psycopg.Connection) -> None:
        self._connection = connection
        self._held: set[str] = set()

    def claim(self, skip: Collection[str], aggregates: int, rows: int) -> list[Row]:
        """Pending rows of some aggregates, now locked for us: the earliest ones of each, in order.

        None of an aggregate in `skip`. Empty when there is nothing that no other pump holds.
        """
        passed_over = set(skip)
        window = max(rows * 5, SHORTEST_WINDOW)
        while found := self._candidates(passed_over, window, aggregates):
            locked = self._lock(found)
            depth = min(rows // len(found), DEPTH)
            ids = [number for aggregate in locked for number in found[aggregate][:depth]]
            with self._connection.cursor(binary=True, row_factory=class_row(Row)) as cursor:
                claimed = cursor.execute(READ, {"ids": ids}).fetchall() if ids else []
            self.release(locked - {row.aggregate_id for row in claimed})
            if claimed:
                return claimed
            passed_over.update(found)
        return []

    def _candidates(self, skip: Collection[str], window: int, limit: int) -> dict[str, list[int]]:
        values = {"skip": list(skip), "window": window, "limit": limit}
        return dict(self._connection.execute(CANDIDATES, values).fetchall())

    def _lock(self, aggregates: Iterable[str]) -> set[str]:
        locked = self._connection.execute(LOCK, {"aggregates": list(aggregates)}).fetchall()
        self._held.update(aggregate for (aggregate,) in locked)
        return {aggregate for (aggregate,) in locked}

    def mark(self, ids: list[int]) -> int:
        """Set processed_at of what was acknowledged; how many rows were still pending."""
        return self._connection.execute(MARK, {"ids": ids}).rowcount if ids else 0

    def fail(self, reasons: Mapping[int, str]) -> None:
        """Count an attempt of each of these rows and write down why it failed."""
        if reasons:
            self._connection.execute(FAIL, {"ids": list(reasons), "reasons": list(reasons.values())})

    def release(self, aggregates: Iterable[str]) -> None:
        """Let other pumps have these aggregates, as far as this session holds them."""
        held = self._held.intersection(aggregates)
        if held:
            self._connection.execute(UNLOCK, {"aggregates": list(held)})
            self._held -= held


class OutboxPump:
    """Publishes committed rows of `outbox`, each at least once, those of one aggregate in order."""

    def __init__(
        self,
        connect: Callable[[], psycopg.Connection],
        producer: Producer,
        *,
        batch_size: int = 100,
        poll_interval: float = 1.0,
        ack_timeout: float = 10.0,
    ) -> None:
        """`connect` gives a new connection; the times are in seconds. ValueError for a batch_size below 1."""
        if batch_size < 1:
            raise ValueError(f"batch_size must be at least 1, got {batch_size}: a batch holds a row")
        self._connect = connect
        self._producer = producer
        self._most = min(batch_size, MOST_LOCKS)
        self._poll_interval = poll_interval
        self._ack_timeout = ack_timeout
        # Filled by whatever thread the producer resolves futures in; everything else belongs to one thread.
        self._answers: SimpleQueue[tuple[str, Future[None]]] = SimpleQueue()
        self._flights: dict[str, Flight] = {}  # in the order of sending, so of their deadlines
        self._retry_at: dict[str, float] = {}  # aggregates that back off
        # What has come out and is to be written: ids, id -> why, aggregates with no row left in hand.
        self._acknowledged: list[int] = []
        self._failed: dict[int, str] = {}
        self._finished: list[str] = []
        self._outages = 0  # of the database, in a row

    def run_once(self) -> int:
        """Publish and mark at most batch_size rows; how many were. May raise what the database raises."""
        try:
            with self._table() as table:
                self._take(table, self._most, self._most)
                marked = self._settle(table)
                while self._flights:
                    self._collect(self._next_deadline() - monotonic())
                    marked += self._settle(table)
                return marked
        finally:
            self._forget()

    def run(self, stop: threading.Event) -> None:
        """Go on until `stop` is set, whatever happens to the database or the broker meanwhile."""
        try:
            while not stop.is_set():
                try:
                    with self._table() as table:
                        self._serve(table, stop)
                        self._finish(table)
                except (psycopg.Error, OSError) as error:
                    self._let_go()
                    wait = back_off(self._outages)
                    self._outages += 1
                    log.warning("the database failed (%s); next try in %.1f s", reason(error), wait)
                    stop.wait(wait)
        finally:
            self._forget()

    def _serve(self, table: Table, stop: threading.Event) -> None:
        look_at = monotonic()  # when to look for more rows
        while True:
            if self._finished:
                look_at = monotonic()  # the next rows of these aggregates
            self._settle(table)
            if stop.is_set():
                return
            room = self._most - len(self._flights)
            wake_at = min(look_at, *self._retry_at.values()) if self._retry_at else look_at
            if room and wake_at <= monotonic():
                look_at = monotonic() + (0 if self._take(table, room, room * DEPTH) else self._poll_interval)
                self._outages = 0
                self._collect(0)
            elif self._flights:
                ends = [self._next_deadline(), monotonic() + GLANCE]
                if room:
                    ends.append(wake_at)
                self._collect(min(ends) - monotonic())
            else:
                stop.wait(wake_at - monotonic())

    def _take(self, table: Table, room: int, rows: int) -> bool:
        """Claim rows of aggregates that neither are in hand nor back off, and send the first of each."""
        now = monotonic()
        self._retry_at = {aggregate: at for aggregate, at in self._retry_at.items() if at > now}
        skip = {flight.line[0].aggregate_id for flight in self._flights.values()} | self._retry_at.keys()
        lines: dict[str, deque[Row]] = {}
        for row in table.claim(skip, room, rows):
            lines.setdefault(row.aggregate_id, deque()).append(row)
        for line in lines.values():
            self._send(line)
        return bool(lines)

    def _send(self, line: deque[Row]) -> None:
        """Send the first row of the line."""
        row = line[0]
        try:
            future = self._producer.send(
                row.topic,
                key=row.aggregate_id.encode(),
                value=row.payload,
                headers={"outbox-id": b"%d" % row.id},
            )
        except Exception as error:  # PublishError, or a producer that chokes on this very row
            self._give_up(row, error)
            return
        self._flights[row.aggregate_id] = Flight(line, monotonic() + self._ack_timeout)
        future.add_done_callback(lambda answer: self._answers.put((row.aggregate_id, answer)))

    def _collect(self, seconds: float) -> None:
        """Wait for an acknowledgement and a moment for more of them, then see whose time is over."""
        try:
            self._answered(*self._answers.get(timeout=max(seconds, 0.0)))
            end = monotonic() + LINGER
            while self._flights:
                self._answered(*self._answers.get(timeout=max(end - monotonic(), 0.0)))
        except Empty:
            pass
        while self._flights and self._next_deadline() <= monotonic():
            flight = self._flights.pop(next(iter(self._flights)))
            self._give_up(flight.line[0], TimeoutError(f"no acknowledgement within {self._ack_timeout} s"))

    def _answered(self, aggregate: str, future: Future[None]) -> None:
        flight = self._flights.pop(aggregate, None)
        if flight is None:
            return  # it comes after its time-out: the row was or will be sent again
        row = flight.line.popleft()
        error = CancelledError("cancelled") if future.cancelled() else future.exception()
        if error is not None:
            self._give_up(row, error)
            return
        self._acknowledged.append(row.id)
        if flight.line:
            self._send(flight.line)
        else:
            self._finished.append(row.aggregate_id)

    def _give_up(self, row: Row, error: BaseException) -> None:
        """Leave the row and all later ones of its aggregate to a later attempt."""
        self._failed[row.id] = reason(error)
        self._retry_at[row.aggregate_id] = monotonic() + back_off(row.attempts)
        self._finished.append(row.aggregate_id)

    def _settle(self, table: Table) -> int:
        """Write what has come out, then unlock; how many rows were marked. After an error: again, later."""
        marked = table.mark(self._acknowledged)
        self._acknowledged.clear()
        table.fail(self._failed)
        self._failed.clear()
        table.release(self._finished)
        self._finished.clear()
        return marked

    def _finish(self, table: Table) -> None:
        """Mark what is acknowledged soon after stop; send nothing more."""
        self._let_go()
        end = monotonic() + GRACE
        while self._flights and monotonic() < end:
            self._collect(end - monotonic())
        self._settle(table)

    def _let_go(self) -> None:
        """Keep of the rows in hand only those that were sent: an acknowledgement is worth marking any time."""
        for flight in self._flights.values():
            while len(flight.line) > 1:
                flight.line.pop()

    def _forget(self) -> None:
        self._flights.clear()
        self._acknowledged.clear()
        self._failed.clear()
        self._finished.clear()

    def _next_deadline(self) -> float:
        return next(iter(self._flights.values())).deadline

    @contextmanager
    def _table(self) -> Iterator[Table]:
        with closing(self._connect()) as connection:
            connection.commit()  # whatever connect did in it; the mode cannot change inside a transaction
            connection.autocommit = True
            connection.prepare_threshold = None  # a plan for any list of aggregates is a bad one for each
            connection.execute(SETTINGS)
            yield Table(connection)


def back_off(failures: int) -> float:
    """Seconds to wait after `failures` earlier ones: random, growing, from half to all of a capped ceiling."""
    ceiling = min(LONGEST_WAIT, FIRST_WAIT * 2 ** min(failures, 10))
    return random.uniform(ceiling / 2, ceiling)


def reason(error: BaseException) -> str:
    """What an error says, as a text that PostgreSQL can hold."""
    text = f"{type(error).__name__}: {error}".replace("\0", "")
    return text.encode(errors="replace").decode()[:500]
