"""Each batch is a transaction, which holds a lock per aggregate until the marks are committed; the rows are read
by a second statement, after the locks. A connection is opened when there is something to do and closed when
there is nothing more, so that an idle pump costs the server nothing."""

import random
import threading
import time
from collections import deque
from concurrent.futures import CancelledError
from queue import Empty, SimpleQueue

import psycopg


class PublishError(Exception):
    pass


CANDIDATES = """
    SELECT id, aggregate_id FROM (
        SELECT id, aggregate_id, row_number() OVER (PARTITION BY aggregate_id ORDER BY id) AS place
        FROM (SELECT id, aggregate_id FROM outbox
              WHERE processed_at IS NULL AND aggregate_id <> ALL (%s::text[])
              ORDER BY id LIMIT %s) AS front) AS placed
    ORDER BY place, random() LIMIT %s
"""
LOCK = """
    SELECT a FROM unnest(%s::text[]) AS a
    WHERE pg_try_advisory_xact_lock(hashtextextended(a, 'outbox'::regclass::oid::bigint))
"""
READ = """
    SELECT id, aggregate_id, topic, payload, attempts FROM outbox
    WHERE id = ANY (%s) AND processed_at IS NULL ORDER BY id
"""
MARK = "UPDATE outbox SET processed_at = clock_timestamp() WHERE id = ANY (%s)"
FAIL = "UPDATE outbox SET attempts = attempts + 1, last_error = %s WHERE id = %s"


def back_off(failures):
    ceiling = min(4.0, 0.2 * 2 ** min(failures, 8))
    return random.uniform(ceiling / 2, ceiling)


class OutboxPump:
    def __init__(self, connect, producer, *, batch_size=100, poll_interval=1.0, ack_timeout=10.0):
        if batch_size < 1:
            raise ValueError(f"batch_size must be at least 1, got {batch_size}")
        self._connect = connect
        self._producer = producer
        self._batch_size = batch_size
        self._poll_interval = poll_interval
        self._ack_timeout = ack_timeout
        self._retry_at = {}  # aggregate -> when it may be tried again

    def run_once(self):
        connection = self._connect()
        try:
            return self._batch(connection, threading.Event())[0]
        finally:
            connection.close()

    def run(self, stop):
        outages = 0
        while not stop.is_set():
            try:
                connection = self._connect()
                try:
                    while not stop.is_set() and any(self._batch(connection, stop)):
                        outages = 0
                    outages = 0
                finally:
                    connection.close()
            except (psycopg.Error, OSError):
                stop.wait(back_off(outages))
                outages += 1
                continue
            next_retry = min(self._retry_at.values(), default=float("inf")) - time.monotonic()
            stop.wait(max(0, min(self._poll_interval, next_retry)))

    def _batch(self, connection, stop):
        """How many rows were marked and how many failed."""
        with connection.transaction():
            connection.execute("SET LOCAL enable_bitmapscan = off")
            lines = self._claim(connection)
            acked, failed = self._publish(lines, stop)
            if acked:
                connection.execute(MARK, [acked])
            for row, error in failed:
                self._retry_at[row[1]] = time.monotonic() + back_off(row[4])
                why = f"{type(error).__name__}: {error}".replace("\0", "")
                connection.execute(FAIL, [why, row[0]])
        return len(acked), len(failed)

    def _claim(self, connection):
        now = time.monotonic()
        self._retry_at = {a: at for a, at in self._retry_at.items() if at > now}
        skip = set(self._retry_at)
        while True:
            window = max(1000, 20 * self._batch_size)
            found = connection.execute(
                CANDIDATES, [list(skip), window, self._batch_size], prepare=False
            ).fetchall()
            if not found:
                return []
            names = {name for _, name in found}
            locked = {name for (name,) in connection.execute(LOCK, [list(names)])}
            rows = connection.execute(READ, [[i for i, name in found if name in locked]]).fetchall()
            if rows:
                lines = {}
                for row in rows:
                    lines.setdefault(row[1], deque()).append(row)
                return list(lines.values())
            skip |= names

    def _publish(self, lines, stop):
        """Ids that were acknowledged, and (row, error) of what failed."""
        answers = SimpleQueue()
        acked, failed, flights = [], [], {}

        def send(line):
            row = line.popleft()
            try:
                future = self._producer.send(
                    row[2], key=row[1].encode(), value=row[3], headers={"outbox-id": str(row[0]).encode()}
                )
            except Exception as error:
                failed.append((row, error))
                return
            flights[future] = row, line, time.monotonic() + self._ack_timeout
            future.add_done_callback(answers.put)

        for line in lines:
            send(line)
        give_up_at = None
        while flights:
            now = time.monotonic()
            if stop.is_set() and give_up_at is None:
                give_up_at = now + 0.4
            if give_up_at is not None and now >= give_up_at:
                break
            deadline = next(iter(flights.values()))[2]
            try:
                future = answers.get(timeout=min(0.05, max(0, deadline - now)))
            except Empty:
                while flights and next(iter(flights.values()))[2] <= time.monotonic():
                    row, _, _ = flights.pop(next(iter(flights)))
                    failed.append((row, TimeoutError("no acknowledgement")))
                continue
            if future not in flights:
                continue
            row, line, _ = flights.pop(future)
            error = CancelledError() if future.cancelled() else future.exception()
            if error:
                failed.append((row, error))
                continue
            acked.append(row[0])
            if line and give_up_at is None:
                send(line)
        return acked, failed
