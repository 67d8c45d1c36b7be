"""Heads of aggregates by row lock, in REPEATABLE READ: a row that somebody marked after our snapshot cannot be
locked any more but raises a serialization failure, before anything was sent, and the batch begins anew."""

import random
import threading
import time
from concurrent.futures import wait

import psycopg
from psycopg.errors import SerializationFailure


class PublishError(Exception):
    pass


TAKE = """
    SELECT id, aggregate_id, topic, payload, attempts FROM outbox
    WHERE id IN (
        SELECT min(id) FROM (
            SELECT id, aggregate_id FROM outbox
            WHERE processed_at IS NULL AND aggregate_id <> ALL (%s::text[])
            ORDER BY id LIMIT %s) AS front
        GROUP BY aggregate_id ORDER BY random() LIMIT %s)
    FOR UPDATE SKIP LOCKED
"""


class OutboxPump:
    def __init__(self, connect, producer, *, batch_size=100, poll_interval=1.0, ack_timeout=10.0):
        if batch_size < 1:
            raise ValueError(f"batch_size={batch_size} is below 1")
        self._new = connect
        self._producer = producer
        self._size = batch_size
        self._poll = poll_interval
        self._patience = ack_timeout
        self._wait_until = {}

    def run_once(self):
        connection = self._open()
        try:
            return sum(1 for _, why in self._batch(connection, None) if why is None)
        finally:
            connection.close()

    def run(self, stop):
        connection, outages = None, 0
        while not stop.is_set():
            try:
                connection = connection or self._open()
                results = self._batch(connection, stop)
            except psycopg.Error:
                if connection:
                    connection.close()
                connection = None
                outages += 1
                stop.wait(random.random() * min(4, 0.2 * 2 ** min(outages, 9)) + 0.05)
                continue
            outages = 0
            if not results:
                moments = [self._poll] + [at - time.monotonic() for at in self._wait_until.values()]
                stop.wait(max(0, min(moments)))
        if connection:
            connection.close()

    def _open(self):
        connection = self._new()
        connection.rollback()
        connection.autocommit = False
        connection.isolation_level = psycopg.IsolationLevel.REPEATABLE_READ
        return connection

    def _batch(self, connection, stop):
        """(row, None or why it failed) of every row tried."""
        now = time.monotonic()
        self._wait_until = {name: at for name, at in self._wait_until.items() if at > now}
        rows = self._take(connection)
        results = self._publish(rows, stop or threading.Event())
        done = [row[0] for row, why in results if why is None]
        if done:
            connection.execute(
                "UPDATE outbox SET processed_at = clock_timestamp() WHERE id = ANY (%s)", [done]
            )
        for row, why in results:
            if why is not None:
                connection.execute(
                    "UPDATE outbox SET attempts = attempts + 1, last_error = %s WHERE id = %s",
                    [why.replace("\0", ""), row[0]],
                )
                longest = min(4, 0.2 * 2 ** min(row[4], 9))
                self._wait_until[row[1]] = time.monotonic() + longest * (0.5 + random.random() / 2)
        connection.commit()
        return results

    def _take(self, connection):
        skip = set(self._wait_until)
        while True:
            try:
                connection.execute("SET LOCAL enable_bitmapscan = off")
                rows = connection.execute(
                    TAKE, [list(skip), max(1000, 20 * self._size), self._size], prepare=False
                ).fetchall()
                if not rows:
                    connection.rollback()
                return rows
            except SerializationFailure:
                connection.rollback()

    def _publish(self, rows, stop):
        results, sent = [], {}
        for row in rows:
            try:
                future = self._producer.send(
                    row[2], key=row[1].encode(), value=row[3], headers={"outbox-id": f"{row[0]}".encode()}
                )
            except Exception as error:
                results.append((row, f"{type(error).__name__}: {error}"))
                continue
            sent[future] = row
        started = time.monotonic()
        stopped = None
        open_ = set(sent)
        while open_:
            now = time.monotonic()
            if stop.is_set() and stopped is None:
                stopped = now
            if now - started >= self._patience or (stopped is not None and now - stopped >= 0.4):
                break
            open_ = wait(open_, min(0.05, max(0, started + self._patience - now))).not_done
        for future, row in sent.items():
            if future not in open_:
                error = "cancelled" if future.cancelled() else future.exception()
                results.append((row, None if error is None else f"{type(error).__name__}: {error}"))
            elif stopped is None:
                results.append((row, "no acknowledgement"))
        return results
