"""A leader for as long as its session lives, and SERIALIZABLE transactions, each tried again until it commits.
The lock is taken outside of them: a transaction that comes to nothing must not give it away."""

import random
import threading
import time
from contextlib import suppress
from functools import partial
from queue import Empty, Queue

import psycopg

LEAD = "SELECT pg_try_advisory_lock(hashtext('outbox pump'), 'outbox'::regclass::oid::int)"
STEP_DOWN = "SELECT pg_advisory_unlock(hashtext('outbox pump'), 'outbox'::regclass::oid::int)"


class PublishError(Exception):
    pass


class OutboxPump:
    def __init__(self, connect, producer, *, batch_size=100, poll_interval=1.0, ack_timeout=10.0):
        if batch_size < 1:
            raise ValueError(f"{batch_size} is no batch size")
        self.connect = connect
        self.producer = producer
        self.batch_size = batch_size
        self.poll_interval = poll_interval
        self.ack_timeout = ack_timeout
        self.asleep = {}

    def run_once(self):
        with self.connect() as connection:
            self.prepare(connection)
            if not connection.execute(LEAD).fetchone()[0]:
                return 0
            try:
                return self.batch(connection, threading.Event())[0]
            finally:
                with suppress(psycopg.Error):
                    connection.execute(STEP_DOWN)

    def run(self, stop):
        bad = 0
        while not stop.is_set():
            try:
                with self.connect() as connection:
                    self.prepare(connection)
                    leading = False
                    while not stop.is_set():
                        leading = leading or connection.execute(LEAD).fetchone()[0]
                        marked, failed = self.batch(connection, stop) if leading else (0, 0)
                        bad = 0
                        if not marked and not failed:
                            if leading:  # somebody else may do the next row
                                connection.execute(STEP_DOWN)
                                leading = False
                            self.rest(stop)
            except psycopg.Error:
                stop.wait(random.uniform(0.05, min(4.0, 0.2 * 2**bad)))
                bad = min(bad + 1, 8)

    def rest(self, stop):
        soonest = min(self.asleep.values(), default=float("inf")) - time.monotonic()
        stop.wait(max(0, min(self.poll_interval, soonest)))

    @staticmethod
    def prepare(connection):
        connection.rollback()
        connection.autocommit = True
        connection.isolation_level = psycopg.IsolationLevel.SERIALIZABLE
        connection.execute("SET enable_bitmapscan = off")

    @staticmethod
    def serializable(connection, work):
        while True:
            try:
                with connection.transaction():
                    return work()
            except psycopg.errors.SerializationFailure:
                continue

    def batch(self, connection, stop):
        now = time.monotonic()
        self.asleep = {name: until for name, until in self.asleep.items() if until > now}
        lines = self.serializable(connection, partial(self.read, connection))
        acked, failed = self.publish(lines, stop)
        if acked or failed:
            self.serializable(connection, partial(self.write, connection, acked, failed))
        for row, _ in failed:
            ceiling = min(4.0, 0.2 * 2 ** min(row[4], 8))
            self.asleep[row[1]] = time.monotonic() + random.uniform(ceiling / 2, ceiling)
        return len(acked), len(failed)

    def read(self, connection):
        rows = connection.execute(
            """
            SELECT id, aggregate_id, topic, payload, attempts FROM outbox
            WHERE id IN (
                SELECT id FROM (
                    SELECT id, row_number() OVER (PARTITION BY aggregate_id ORDER BY id) AS depth
                    FROM (SELECT id, aggregate_id FROM outbox
                          WHERE processed_at IS NULL AND aggregate_id <> ALL (%s::text[])
                          ORDER BY id LIMIT %s) AS front) AS deep
                ORDER BY depth, id LIMIT %s)
            ORDER BY id
            """,
            [list(self.asleep), max(1000, self.batch_size * 20), self.batch_size],
            prepare=False,
        ).fetchall()
        lines = {}
        for row in rows:
            lines.setdefault(row[1], []).insert(0, row)  # the next one is last
        return lines

    def write(self, connection, acked, failed):
        connection.execute("UPDATE outbox SET processed_at = clock_timestamp() WHERE id = ANY (%s)", [acked])
        for row, why in failed:
            connection.execute(
                "UPDATE outbox SET attempts = attempts + 1, last_error = %s WHERE id = %s", [why, row[0]]
            )

    def publish(self, lines, stop):
        events = Queue()
        acked, failed, deadlines = [], [], {}

        def send(name):
            row = lines[name].pop()
            number, _, topic, payload, _ = row
            attempt = object()  # so that a late answer to an earlier attempt is nobody's
            try:
                future = self.producer.send(
                    topic, key=name.encode(), value=payload, headers={"outbox-id": str(number).encode()}
                )
            except Exception as error:
                failed.append((row, self.text(error)))
                return
            deadlines[attempt] = time.monotonic() + self.ack_timeout, row
            future.add_done_callback(lambda done: events.put((attempt, done)))

        for name in lines:
            send(name)
        stopped = None
        while deadlines:
            now = time.monotonic()
            if stop.is_set() and stopped is None:
                stopped = now
            if stopped is not None and now > stopped + 0.4:
                break
            try:
                attempt, done = events.get(timeout=0.02)
            except Empty:
                for attempt, (deadline, row) in list(deadlines.items()):
                    if deadline <= time.monotonic():
                        failed.append((row, "the broker did not answer"))
                        del deadlines[attempt]
                continue
            if attempt not in deadlines:
                continue
            _, row = deadlines.pop(attempt)
            if done.cancelled():
                failed.append((row, "cancelled"))
            elif done.exception():
                failed.append((row, self.text(done.exception())))
            else:
                acked.append(row[0])
                if lines[row[1]] and stopped is None:
                    send(row[1])
        return acked, failed

    @staticmethod
    def text(error):
        return f"{error!r}".replace("\0", "")
