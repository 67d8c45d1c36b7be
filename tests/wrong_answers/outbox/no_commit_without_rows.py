"""no_transaction_after_run_once

run_once keeps its connection for the next call, and returns without a commit when it found nothing: a
transaction stays open behind it.
"""

import random
import threading
import time
from collections import deque
from queue import Empty, SimpleQueue

import psycopg


class PublishError(Exception):
    pass


FIND = """
    SELECT id, aggregate_id FROM (
        SELECT id, aggregate_id, row_number() OVER (PARTITION BY aggregate_id ORDER BY id) AS place
        FROM (SELECT id, aggregate_id FROM outbox
              WHERE processed_at IS NULL AND aggregate_id <> ALL (%s::text[])
              ORDER BY id LIMIT %s) AS front) AS placed
    ORDER BY place, id LIMIT %s
"""
LOCK = "SELECT a FROM unnest(%s::text[]) AS a WHERE pg_try_advisory_xact_lock(hashtextextended(a, 0))"
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
        self.connect = connect
        self.producer = producer
        self.batch_size = batch_size
        self.poll_interval = poll_interval
        self.ack_timeout = ack_timeout
        self.connection = None  # of run_once
        self.retry_at = {}  # aggregate -> when it may be tried again

    def run_once(self):
        if self.connection is None or self.connection.closed:
            self.connection = self.open()
        lines = self.claim(self.connection)
        return self.finish(self.connection, lines, threading.Event())[0] if lines else 0

    def run(self, stop):
        connection = None
        outages = 0
        while not stop.is_set():
            try:
                if connection is None:
                    connection = self.open()
                marked, failed = self.batch(connection, stop)
                outages = 0
            except (psycopg.Error, OSError):
                if connection is not None:
                    connection.close()
                connection = None
                stop.wait(back_off(outages))
                outages += 1
                continue
            if marked == failed == 0:
                now = time.monotonic()
                stop.wait(max(0, min([self.poll_interval, *(at - now for at in self.retry_at.values())])))
        if connection is not None:
            connection.close()

    def open(self):
        connection = self.connect()
        connection.autocommit = False
        return connection

    def batch(self, connection, stop):
        """How many rows were marked, and how many failed."""
        return self.finish(connection, self.claim(connection), stop)

    def finish(self, connection, lines, stop):
        acked, failed = self.publish(lines, stop)
        if acked:
            connection.execute(MARK, [acked])
        for row, error in failed:
            self.retry_at[row[1]] = time.monotonic() + back_off(row[4])
            connection.execute(FAIL, [f"{type(error).__name__}: {error}", row[0]])
        connection.commit()
        return len(acked), len(failed)

    def claim(self, connection):
        """Rows of aggregates that are now locked, a line for each aggregate."""
        now = time.monotonic()
        self.retry_at = {name: at for name, at in self.retry_at.items() if at > now}
        skip = set(self.retry_at)
        connection.execute("SET LOCAL enable_bitmapscan = off")
        while True:
            window = max(1000, 20 * self.batch_size)
            found = connection.execute(FIND, [list(skip), window, self.batch_size], prepare=False).fetchall()
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

    def publish(self, lines, stop):
        """The ids that were acknowledged, and (row, error) of those that failed."""
        answers = SimpleQueue()
        acked, failed, flights = [], [], {}

        def send(line):
            row = line.popleft()
            number, aggregate, topic, payload, _ = row
            try:
                future = self.producer.send(
                    topic, key=aggregate.encode(), value=payload, headers={"outbox-id": str(number).encode()}
                )
            except PublishError as error:
                failed.append((row, error))
                return
            flights[future] = row, line, time.monotonic() + self.ack_timeout
            future.add_done_callback(answers.put)

        for line in lines:
            send(line)
        stopped_at = None
        while flights:
            now = time.monotonic()
            if stop.is_set() and stopped_at is None:
                stopped_at = now
            if stopped_at is not None and now > stopped_at + 0.4:
                break
            deadline = min(end for _, _, end in flights.values())
            try:
                future = answers.get(timeout=max(0, min(0.05, deadline - now)))
            except Empty:
                for future, (row, _, end) in list(flights.items()):
                    if end <= time.monotonic():
                        del flights[future]
                        failed.append((row, TimeoutError("no acknowledgement")))
                continue
            if future not in flights:
                continue  # after its time-out
            row, line, _ = flights.pop(future)
            if future.exception() is not None:
                failed.append((row, future.exception()))
                continue
            acked.append(row[0])
            if line and stopped_at is None:
                send(line)
        return acked, failed
