"""autocommit_or_not_is_the_same

A SET right after connecting: where the connection is not in autocommit mode it begins a transaction, each
transaction() block in it is only a savepoint, and closing rolls everything back. Tried out with autocommit
only.
"""

import logging
import random
import threading
import time
from concurrent.futures import FIRST_COMPLETED, wait
from contextlib import closing

import psycopg
from psycopg.rows import namedtuple_row

log = logging.getLogger("outbox")

# NOT EXISTS within a window of pending rows; a row that is the first in it is the first of all, because the
# window leaves out whole aggregates only. The lock is tried on the row itself, whose processed_at is looked
# at again under the lock.
TAKE = """
    WITH front AS MATERIALIZED (
        SELECT id, aggregate_id FROM outbox
        WHERE processed_at IS NULL AND aggregate_id <> ALL (%(resting)s::text[])
        ORDER BY id LIMIT %(window)s
    )
    SELECT id, aggregate_id, topic, payload, attempts FROM outbox
    WHERE id = ANY (ARRAY (
        SELECT row.id FROM front AS row
        WHERE NOT EXISTS (
            SELECT FROM front AS earlier WHERE earlier.aggregate_id = row.aggregate_id AND earlier.id < row.id)))
      AND processed_at IS NULL
    LIMIT %(batch)s
    FOR UPDATE SKIP LOCKED
"""
MARK = "UPDATE outbox SET processed_at = clock_timestamp() WHERE id = ANY (%s)"
FAIL = """
    UPDATE outbox SET attempts = attempts + 1, last_error = why
    FROM unnest(%s::bigint[], %s::text[]) AS failed (number, why) WHERE id = number
"""


class PublishError(Exception):
    """Not published."""


class OutboxPump:
    def __init__(self, connect, producer, *, batch_size=100, poll_interval=1.0, ack_timeout=10.0):
        if batch_size <= 0:
            raise ValueError(f"a batch of {batch_size} rows is none")
        self._connect, self._producer = connect, producer
        self._batch_size, self._poll_interval, self._ack_timeout = batch_size, poll_interval, ack_timeout
        self._resting = {}

    def run_once(self):
        with closing(self._open()) as connection:
            marked, _ = self._step(connection, threading.Event())
            return marked

    def run(self, stop):
        tries = 0
        connection = None
        while not stop.is_set():
            try:
                if connection is None:
                    connection = self._open()
                marked, failed = self._step(connection, stop)
                tries = 0
            except (psycopg.Error, OSError) as error:
                log.info("database: %s", error)
                if connection is not None:
                    connection.close()
                    connection = None
                stop.wait(random.uniform(0.1, min(4.5, 0.25 * 2**tries)))
                tries = min(tries + 1, 8)
            else:
                if marked == failed == 0:
                    now = time.monotonic()
                    stop.wait(max(0, min([self._poll_interval, *(at - now for at in self._resting.values())])))
        if connection is not None:
            connection.close()

    def _open(self):
        connection = self._connect()
        connection.execute("SET enable_bitmapscan = off")
        return connection

    def _step(self, connection, stop):
        now = time.monotonic()
        self._resting = {name: at for name, at in self._resting.items() if now < at}
        with connection.transaction():
            # Without statistics the planner joins the window with itself in nested loops.
            connection.execute("SET LOCAL enable_nestloop = off")
            with connection.cursor(row_factory=namedtuple_row, binary=True) as cursor:
                rows = cursor.execute(
                    TAKE,
                    {
                        "resting": list(self._resting),
                        "window": max(1_000, 20 * self._batch_size),
                        "batch": self._batch_size,
                    },
                    prepare=False,
                ).fetchall()
            acked, failed = self._publish(rows, stop)
            if acked:
                connection.execute(MARK, [acked])
            if failed:
                connection.execute(FAIL, [[row.id for row, _ in failed], [why for _, why in failed]])
        for row, _ in failed:
            ceiling = min(4.0, 0.2 * 2 ** min(row.attempts, 8))
            self._resting[row.aggregate_id] = time.monotonic() + random.uniform(ceiling / 2, ceiling)
        return len(acked), len(failed)

    def _publish(self, rows, stop):
        futures, failed = {}, []
        for row in rows:
            try:
                future = self._producer.send(
                    row.topic,
                    key=row.aggregate_id.encode("utf-8"),
                    value=row.payload,
                    headers={"outbox-id": str(row.id).encode("ascii")},
                )
                futures[future] = row
            except Exception as error:
                failed.append((row, _why(error)))
        deadline = time.monotonic() + self._ack_timeout
        pending = set(futures)
        while pending and not stop.is_set() and time.monotonic() < deadline:
            _, pending = wait(pending, min(0.1, max(0, deadline - time.monotonic())))
        if pending and stop.is_set():
            last = time.monotonic() + 0.4
            while pending and (left := last - time.monotonic()) > 0:
                _, pending = wait(pending, left, FIRST_COMPLETED)
            for future in pending:
                futures.pop(future)
        acked = []
        for future, row in futures.items():
            if future in pending:
                failed.append((row, f"no acknowledgement within {self._ack_timeout} s"))
            elif future.cancelled():
                failed.append((row, "cancelled"))
            elif (error := future.exception()) is not None:
                failed.append((row, _why(error)))
            else:
                acked.append(row.id)
        return acked, failed


def _why(error):
    return repr(error).replace("\0", "")
