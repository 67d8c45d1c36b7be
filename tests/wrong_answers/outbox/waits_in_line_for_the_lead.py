"""stop_is_prompt

One leader at a time, and the others wait in the database for the lock: stop does not reach them there.
"""

from __future__ import annotations

import random
import threading
import time
from concurrent.futures import Future, wait
from itertools import groupby

import psycopg

LEADER = "SELECT pg_advisory_xact_lock('outbox'::regclass::oid::bigint)"
# Round by round: the first rows of all aggregates, then the second ones.
READ = """
    SELECT round, id, aggregate_id, topic, payload, attempts FROM (
        SELECT row_number() OVER (PARTITION BY aggregate_id ORDER BY id) AS round, *
        FROM (SELECT * FROM outbox
              WHERE processed_at IS NULL AND NOT aggregate_id = ANY (%(resting)s::text[])
              ORDER BY id LIMIT %(window)s) AS front) AS rounds
    ORDER BY round, id LIMIT %(batch)s
"""
MARK = "UPDATE outbox SET processed_at = clock_timestamp() WHERE id = ANY (%s)"
FAIL = "UPDATE outbox SET attempts = attempts + 1, last_error = %s WHERE id = %s"


class PublishError(Exception):
    pass


class OutboxPump:
    def __init__(self, connect, producer, *, batch_size=100, poll_interval=1.0, ack_timeout=10.0):
        if batch_size < 1:
            raise ValueError("batch_size must be at least 1")
        self.connect = connect
        self.producer = producer
        self.batch_size = batch_size
        self.poll_interval = poll_interval
        self.ack_timeout = ack_timeout
        self.resting: dict[str, float] = {}

    def run_once(self) -> int:
        with self.connect() as connection:
            return self.lead(connection, threading.Event())[0]

    def run(self, stop: threading.Event) -> None:
        failures = 0
        while not stop.is_set():
            try:
                with self.connect() as connection:
                    while not stop.is_set():
                        marked, tried = self.lead(connection, stop)
                        failures = 0
                        if not tried:
                            first = min(self.resting.values(), default=time.monotonic() + 60)
                            stop.wait(max(0.0, min(self.poll_interval, first - time.monotonic())))
            except psycopg.Error:
                failures += 1
                stop.wait(random.uniform(0.1, min(4.0, 0.2 * 2 ** min(failures, 10))))

    def lead(self, connection: psycopg.Connection, stop: threading.Event) -> tuple[int, int]:
        """(rows marked, rows tried) in one transaction."""
        with connection.transaction():
            connection.execute(LEADER)
            connection.execute("SET LOCAL enable_bitmapscan = off")
            now = time.monotonic()
            self.resting = {a: until for a, until in self.resting.items() if until > now}
            values = {
                "resting": list(self.resting),
                "window": max(1000, self.batch_size * 20),
                "batch": self.batch_size,
            }
            with connection.cursor(binary=True) as cursor:
                cursor.execute(READ, values, prepare=False)
                rows = cursor.fetchall()
            done: list[int] = []
            failed: dict[str, tuple[int, int, str]] = {}
            for _, round_ in groupby(rows, key=lambda row: row[0]):
                if stop.is_set():
                    break
                self.round([row[1:] for row in round_ if row[2] not in failed], done, failed, stop)
            if done:
                connection.execute(MARK, [done])
            for aggregate, (number, attempts, why) in failed.items():
                pause = min(4.0, 0.2 * 2 ** min(attempts, 10))
                self.resting[aggregate] = time.monotonic() + random.uniform(pause / 2, pause)
                connection.execute(FAIL, [why.replace("\0", ""), number])
        return len(done), len(done) + len(failed)

    def round(self, rows, done, failed, stop):
        """One row of each aggregate, all at once."""
        sent: dict[Future[None], tuple] = {}
        for row in rows:
            number, aggregate, topic, payload, attempts = row
            try:
                future = self.producer.send(
                    topic, key=aggregate.encode(), value=payload, headers={"outbox-id": b"%d" % number}
                )
            except Exception as error:
                failed[aggregate] = number, attempts, f"send: {error!r}"
            else:
                sent[future] = row
        end = time.monotonic() + self.ack_timeout
        waiting, stopped = set(sent), None
        while waiting and time.monotonic() < end:
            if stop.is_set():
                stopped = stopped or time.monotonic() + 0.4
                if time.monotonic() >= stopped:
                    break
            _, waiting = wait(waiting, timeout=max(0, min(0.1, end - time.monotonic())))
        for future, (number, aggregate, _, _, attempts) in sent.items():
            if future in waiting:
                if stopped is None:
                    failed[aggregate] = number, attempts, "the acknowledgement did not come in time"
            elif future.cancelled() or future.exception():
                failed[aggregate] = number, attempts, "cancelled" if future.cancelled() else repr(future.exception())
            else:
                done.append(number)
