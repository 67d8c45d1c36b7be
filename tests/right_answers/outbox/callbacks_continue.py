"""The producer's own thread goes on: the callback of an acknowledgement sends the next row of its aggregate. A
table lock that only another pump wants makes one pump at a time the leader, for one batch."""

import random
import threading
import time

import psycopg


class PublishError(Exception):
    pass


# This mode conflicts with itself, and with nothing that those who insert or read ever take.
LEAD = "LOCK TABLE outbox IN SHARE UPDATE EXCLUSIVE MODE NOWAIT"
READ = """
    SELECT id, aggregate_id, topic, payload, attempts FROM (
        SELECT *, row_number() OVER (PARTITION BY aggregate_id ORDER BY id) AS place FROM (
            SELECT * FROM outbox WHERE processed_at IS NULL AND aggregate_id <> ALL (%s::text[])
            ORDER BY id LIMIT %s) AS front) AS placed
    ORDER BY place, id LIMIT %s
"""


class Batch:
    """What is in hand, under one condition; entered by the pump and by whoever resolves futures."""

    def __init__(self, producer, rows):
        self.producer = producer
        self.changed = threading.Condition(threading.RLock())  # send may resolve at once, in our own thread
        self.acked = []
        self.failed = []
        self.flights = {}  # aggregate -> (row, when it was sent, a token of this very attempt)
        self.lines = {}
        self.closed = False
        for row in rows:
            self.lines.setdefault(row[1], []).append(row)
        for line in self.lines.values():
            line.reverse()

    def send_next(self, aggregate):
        with self.changed:
            if self.closed or not self.lines[aggregate]:
                return
            row = self.lines[aggregate].pop()
            token = object()
            self.flights[aggregate] = row, time.monotonic(), token
        try:
            future = self.producer.send(
                row[2], key=aggregate.encode(), value=row[3], headers={"outbox-id": b"%d" % row[0]}
            )
        except Exception as error:
            self.over(aggregate, token, repr(error))
        else:
            future.add_done_callback(lambda done: self.answered(aggregate, token, done))

    def answered(self, aggregate, token, done):
        if done.cancelled():
            self.over(aggregate, token, "cancelled")
        else:
            self.over(aggregate, token, repr(done.exception()) if done.exception() else None)

    def over(self, aggregate, token, why):
        with self.changed:
            if self.closed or aggregate not in self.flights or self.flights[aggregate][2] is not token:
                return
            row, _, _ = self.flights.pop(aggregate)
            if why is None:
                self.acked.append(row[0])
            else:
                self.failed.append((row, why.replace("\0", "")))
                self.lines[aggregate].clear()
        self.send_next(aggregate)
        with self.changed:
            if not self.flights:
                self.changed.notify_all()

    def expire(self, patience):
        with self.changed:
            for aggregate, (_, sent_at, token) in list(self.flights.items()):
                if time.monotonic() - sent_at >= patience:
                    self.over(aggregate, token, f"no acknowledgement in {patience} s")


class OutboxPump:
    def __init__(self, connect, producer, *, batch_size=100, poll_interval=1.0, ack_timeout=10.0):
        if batch_size < 1:
            raise ValueError("a batch has at least 1 row")
        self._connect = connect
        self._producer = producer
        self._batch_size = batch_size
        self._poll_interval = poll_interval
        self._ack_timeout = ack_timeout
        self._resting = {}

    def run_once(self):
        connection = self._connect()
        try:
            return len(self._batch(connection, threading.Event()).acked)
        finally:
            connection.close()

    def run(self, stop):
        trouble = 0
        while not stop.is_set():
            connection = None
            try:
                connection = self._connect()
                while not stop.is_set():
                    batch = self._batch(connection, stop)
                    trouble = 0
                    if not batch.acked and not batch.failed:
                        now = time.monotonic()
                        waits = [at - now for at in self._resting.values()]
                        stop.wait(max(0, min(waits + [self._poll_interval])))
            except psycopg.Error:
                stop.wait(random.uniform(0.3, 1.0) * min(4.0, 0.2 * 2 ** min(trouble, 10)))
                trouble += 1
            finally:
                if connection is not None:
                    connection.close()

    def _batch(self, connection, stop):
        now = time.monotonic()
        self._resting = {name: at for name, at in self._resting.items() if at > now}
        try:
            with connection.transaction():
                connection.execute(LEAD)
                connection.execute("SET LOCAL enable_bitmapscan = off")
                rows = connection.execute(
                    READ, [list(self._resting), max(1000, 20 * self._batch_size), self._batch_size], prepare=False
                ).fetchall()
                batch = Batch(self._producer, rows)
                for aggregate in list(batch.lines):
                    batch.send_next(aggregate)
                self._await(batch, stop)
                if batch.acked:
                    connection.execute(
                        "UPDATE outbox SET processed_at = clock_timestamp() WHERE id = ANY (%s)", [batch.acked]
                    )
                for row, why in batch.failed:
                    connection.execute(
                        "UPDATE outbox SET attempts = attempts + 1, last_error = %s WHERE id = %s", [why, row[0]]
                    )
                    longest = min(4.0, 0.2 * 2 ** min(row[4], 8))
                    self._resting[row[1]] = time.monotonic() + random.uniform(longest / 2, longest)
            return batch
        except psycopg.errors.LockNotAvailable:
            return Batch(self._producer, [])  # another pump leads

    def _await(self, batch, stop):
        end = None
        with batch.changed:
            while batch.flights:
                batch.changed.wait(0.05)
                batch.expire(self._ack_timeout)
                if stop.is_set():
                    for line in batch.lines.values():
                        line.clear()
                    end = end or time.monotonic() + 0.4
                    if time.monotonic() > end:
                        break
            batch.closed = True
