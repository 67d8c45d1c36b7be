"""Four threads publish: each takes rows of some aggregates and sees them through. The database belongs to one
thread, which claims with advisory locks of its session and marks what the workers have done."""

import queue
import random
import threading
import time

import psycopg

WORKERS = 4
CANDIDATES = """
    SELECT aggregate_id, array_agg(id ORDER BY id)
    FROM (SELECT id, aggregate_id FROM outbox
          WHERE processed_at IS NULL AND aggregate_id <> ALL (%(skip)s::text[])
          ORDER BY id LIMIT %(window)s) AS front
    GROUP BY aggregate_id ORDER BY random() LIMIT %(limit)s
"""
LOCK = "SELECT name FROM unnest(%s::text[]) AS name WHERE pg_try_advisory_lock(1, hashtext(name))"
UNLOCK = "SELECT pg_advisory_unlock(1, hashtext(name)) FROM unnest(%s::text[]) AS name"
READ = """
    SELECT aggregate_id, id, topic, payload, attempts FROM outbox
    WHERE id = ANY (%s) AND processed_at IS NULL ORDER BY id
"""
MARK = "UPDATE outbox SET processed_at = clock_timestamp() WHERE id = ANY (%s) AND processed_at IS NULL"
FAIL = "UPDATE outbox SET attempts = attempts + 1, last_error = %s WHERE id = %s"


class PublishError(Exception):
    pass


class Pool:
    """Threads that live for one run. A task is {aggregate: its rows}; an answer (aggregate, acknowledged ids,
    (id, attempts, why) of a failure or None)."""

    def __init__(self, pump):
        self.pump = pump
        self.work = queue.SimpleQueue()
        self.answers = queue.SimpleQueue()
        self.halt = threading.Event()
        self.threads = [threading.Thread(target=self._serve, daemon=True) for _ in range(WORKERS)]
        for thread in self.threads:
            thread.start()

    def _serve(self):
        while (task := self.work.get()) is not None:
            self._publish(task)

    def _publish(self, lines):
        """Keep one row of each aggregate under way until all are through."""
        done = queue.SimpleQueue()
        flights = {}  # future -> (aggregate, row, deadline)
        acked = {name: [] for name in lines}

        def finish(name, failure=None):
            self.answers.put((name, acked[name], failure))

        def send(name):
            if self.halt.is_set() or not lines[name]:
                finish(name)
                return
            _, number, topic, payload, attempts = lines[name].pop(0)
            try:
                future = self.pump.producer.send(
                    topic, key=name.encode(), value=payload, headers={"outbox-id": b"%d" % number}
                )
            except Exception as error:
                finish(name, (number, attempts, repr(error)))
                return
            flights[future] = name, number, attempts, time.monotonic() + self.pump.ack_timeout
            future.add_done_callback(done.put)

        for name in lines:
            send(name)
        halted = None
        while flights:
            if self.halt.is_set():
                halted = halted or time.monotonic() + 0.4
                if time.monotonic() > halted:
                    for name, *_ in flights.values():
                        finish(name)
                    return
            next_end = next(iter(flights.values()))[3]
            try:
                future = done.get(timeout=max(0, min(0.05, next_end - time.monotonic())))
            except queue.Empty:
                while flights and next(iter(flights.values()))[3] <= time.monotonic():
                    name, number, attempts, _ = flights.pop(next(iter(flights)))
                    finish(name, (number, attempts, "no acknowledgement in time"))
                continue
            if future not in flights:
                continue
            name, number, attempts, _ = flights.pop(future)
            if future.cancelled():
                finish(name, (number, attempts, "cancelled"))
            elif future.exception() is not None:
                finish(name, (number, attempts, repr(future.exception())))
            else:
                acked[name].append(number)
                send(name)

    def end(self):
        for _ in self.threads:
            self.work.put(None)


class OutboxPump:
    def __init__(self, connect, producer, *, batch_size=100, poll_interval=1.0, ack_timeout=10.0):
        if batch_size < 1:
            raise ValueError(f"batch_size is {batch_size}, but 1 is the least")
        self.connect = connect
        self.producer = producer
        self.batch_size = batch_size
        self.poll_interval = poll_interval
        self.ack_timeout = ack_timeout
        self.busy = set()  # aggregates that a worker has
        self.retry_at = {}

    def run_once(self):
        pool = Pool(self)
        connection = self._open()
        try:
            self._give_out(connection, pool, self.batch_size, self.batch_size)
            marked = 0
            while self.busy:
                marked += self._take_in(connection, pool, 60)
            return marked
        finally:
            self.busy.clear()
            connection.close()
            pool.end()

    def run(self, stop):
        failures = 0
        while not stop.is_set():
            pool = Pool(self)
            connection = None
            try:
                connection = self._open()
                while not stop.is_set():
                    room = self.batch_size - len(self.busy)
                    given = self._give_out(connection, pool, room, 5 * room) if room > 0 else False
                    failures = 0
                    if self.busy:
                        wait = 0.05
                    else:
                        now = time.monotonic()
                        soonest = min(self.retry_at.values(), default=now + 60) - now
                        stop.wait(0 if given else max(0, min(self.poll_interval, soonest)))
                        continue
                    self._take_in(connection, pool, wait)
                pool.halt.set()
                end = time.monotonic() + 0.6
                while self.busy and time.monotonic() < end:
                    self._take_in(connection, pool, 0.05)
            except psycopg.Error:
                pool.halt.set()
                stop.wait(min(4.0, 0.2 * 2 ** min(failures, 10)) * random.uniform(0.5, 1))
                failures += 1
            finally:
                pool.halt.set()
                self.busy.clear()
                pool.end()
                if connection is not None:
                    connection.close()

    def _open(self):
        connection = self.connect()
        if not connection.autocommit:
            connection.rollback()
            connection.autocommit = True
        connection.execute("SET enable_bitmapscan = off")
        return connection

    def _give_out(self, connection, pool, room, most):
        now = time.monotonic()
        self.retry_at = {name: at for name, at in self.retry_at.items() if at > now}
        skip = self.busy | self.retry_at.keys()
        while True:
            values = {"skip": list(skip), "window": max(1000, 20 * self.batch_size), "limit": room}
            found = dict(connection.execute(CANDIDATES, values, prepare=False).fetchall())
            if not found:
                return False
            share = min(most // len(found), 5)
            locked = {name for (name,) in connection.execute(LOCK, [list(found)])}
            rows = connection.execute(READ, [[i for name in locked for i in found[name][:share]]]).fetchall()
            lines = {}
            for row in rows:
                lines.setdefault(row[0], []).append(row)
            if unneeded := locked - lines.keys():
                connection.execute(UNLOCK, [list(unneeded)])
            for name, line in lines.items():
                self.busy.add(name)
            for part in range(WORKERS):
                if task := dict(list(lines.items())[part::WORKERS]):
                    pool.work.put(task)
            if lines:
                return True
            skip |= found.keys()

    def _take_in(self, connection, pool, wait):
        """Write down what workers have finished, waiting for the first of them; how many rows were marked."""
        answers = []
        try:
            answers.append(pool.answers.get(timeout=wait))
            end = time.monotonic() + 0.003
            while len(answers) < len(self.busy):
                answers.append(pool.answers.get(timeout=max(0, end - time.monotonic())))
        except queue.Empty:
            pass
        if not answers:
            return 0
        ids = [number for _, acked, _ in answers for number in acked]
        marked = connection.execute(MARK, [ids]).rowcount if ids else 0
        for name, _, failure in answers:
            if failure is not None:
                number, attempts, why = failure
                connection.execute(FAIL, [why.replace("\0", "?"), number])
                ceiling = min(4.0, 0.2 * 2 ** min(attempts, 10))
                self.retry_at[name] = time.monotonic() + random.uniform(ceiling / 2, ceiling)
        connection.execute(UNLOCK, [[name for name, _, _ in answers]])
        for name, _, _ in answers:
            self.busy.discard(name)
        return marked
