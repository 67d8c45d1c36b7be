"""A loop of asyncio inside: round by round, one row of each aggregate in hand is awaited at once, in one transaction
that holds advisory locks. The database calls are the blocking ones of psycopg; while they run, nothing else has
to."""

import asyncio
import contextlib
import random
import threading
import time
from collections import defaultdict

import psycopg


class PublishError(Exception):
    pass


CANDIDATES = """
    SELECT aggregate_id, (array_agg(id ORDER BY id))[1:8]
    FROM (SELECT id, aggregate_id FROM outbox
          WHERE processed_at IS NULL AND NOT (aggregate_id = ANY (%s::text[]))
          ORDER BY id LIMIT %s) AS front
    GROUP BY aggregate_id ORDER BY random() LIMIT %s
"""
LOCK = """
    SELECT aggregate FROM unnest(%s::text[]) AS aggregate
    WHERE pg_try_advisory_xact_lock(7, hashtext(aggregate))
"""
READ = """
    SELECT aggregate_id, id, topic, payload, attempts FROM outbox
    WHERE id = ANY (%s) AND processed_at IS NULL ORDER BY id
"""


class OutboxPump:
    def __init__(self, connect, producer, *, batch_size=100, poll_interval=1.0, ack_timeout=10.0):
        if batch_size < 1:
            raise ValueError("batch_size: at least 1")
        self.connect = connect
        self.producer = producer
        self.batch_size = batch_size
        self.poll_interval = poll_interval
        self.ack_timeout = ack_timeout
        self.not_before = {}

    def run_once(self):
        with contextlib.closing(self.connect()) as connection:
            marked, _ = asyncio.run(self.batch(connection, threading.Event()))
        return marked

    def run(self, stop):
        asyncio.run(self.forever(stop))

    async def forever(self, stop):
        failures = 0
        while not stop.is_set():
            try:
                with contextlib.closing(self.connect()) as connection:
                    while not stop.is_set():
                        marked, failed = await self.batch(connection, stop)
                        failures = 0
                        if not marked and not failed:
                            await self.rest(stop, self.poll_interval)
            except psycopg.Error:
                failures += 1
                await self.rest(stop, random.uniform(0.1, min(4.0, 0.1 * 2 ** min(failures, 10))), False)

    async def rest(self, stop, seconds, wake=True):
        """Sleep, but notice stop, and with `wake` an aggregate whose back-off is over."""
        end = time.monotonic() + seconds
        if wake and self.not_before:
            end = min(end, min(self.not_before.values()))
        while not stop.is_set() and (left := end - time.monotonic()) > 0:
            await asyncio.sleep(min(0.1, left))

    async def batch(self, connection, stop):
        """(marked, failed) rows of one transaction."""
        if connection.autocommit is False:
            connection.autocommit = True
        with connection.transaction():
            connection.execute("SET LOCAL enable_bitmapscan = off")
            lines = self.claim(connection)
            acked, failed = [], []
            while lines and not stop.is_set():
                heads = [line.pop(0) for line in lines.values()]
                acked_now, failed_now = await self.round(heads, stop)
                acked += acked_now
                failed += failed_now
                over = {row[0] for row, _ in failed_now}
                lines = {name: line for name, line in lines.items() if line and name not in over}
            if acked:
                connection.execute(
                    "UPDATE outbox SET processed_at = clock_timestamp() WHERE id = ANY (%s)", [acked]
                )
            for (aggregate, number, _, _, attempts), why in failed:
                connection.execute(
                    "UPDATE outbox SET attempts = attempts + 1, last_error = %s WHERE id = %s",
                    [why.replace("\0", ""), number],
                )
                ceiling = min(4.0, 0.2 * 2 ** min(attempts, 10))
                self.not_before[aggregate] = time.monotonic() + random.uniform(ceiling / 2, ceiling)
        return len(acked), len(failed)

    def claim(self, connection):
        now = time.monotonic()
        self.not_before = {aggregate: at for aggregate, at in self.not_before.items() if at > now}
        skip = set(self.not_before)
        while True:
            candidates = dict(
                connection.execute(
                    CANDIDATES, [list(skip), max(1000, 20 * self.batch_size), self.batch_size], prepare=False
                ).fetchall()
            )
            if not candidates:
                return {}
            locked = [name for (name,) in connection.execute(LOCK, [list(candidates)])]
            share = self.batch_size // len(candidates)
            ids = [number for name in locked for number in candidates[name][:share]]
            lines = defaultdict(list)
            for row in connection.execute(READ, [ids]):
                lines[row[0]].append(row)
            if lines:
                return lines
            skip.update(candidates)

    async def round(self, rows, stop):
        """Send these rows at once; the acknowledged ids, and (row, why) of what failed."""
        loop = asyncio.get_running_loop()
        sent, failed = {}, []
        over = asyncio.Event()
        for row in rows:
            aggregate, number, topic, payload, _ = row
            try:
                future = self.producer.send(
                    topic, key=aggregate.encode(), value=payload, headers={"outbox-id": str(number).encode()}
                )
            except Exception as error:
                failed.append((row, repr(error)))
            else:
                sent[future] = row
        # One wake-up for a round: wrapping every future costs more than all else together.
        left = len(sent)
        count = threading.Lock()

        def answered(_):
            nonlocal left
            with count:
                left -= 1
                last = left == 0
            if last:
                with contextlib.suppress(RuntimeError):  # the loop is closed: long after this round
                    loop.call_soon_threadsafe(over.set)

        for future in sent:
            future.add_done_callback(answered)
        end = time.monotonic() + self.ack_timeout
        stopped = None
        while sent and (now := time.monotonic()) < end and (stopped is None or now < stopped):
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(over.wait(), min(0.1, end - now))
                break
            if stop.is_set():
                stopped = stopped or time.monotonic() + 0.4
        acked = []
        for future, row in sent.items():
            if not future.done():
                if stopped is None:
                    failed.append((row, "timed out"))
            elif future.cancelled():
                failed.append((row, "cancelled"))
            elif future.exception() is not None:
                failed.append((row, repr(future.exception())))
            else:
                acked.append(row[1])
        return acked, failed
