"""Kata: an outbox pump, which moves rows from a PostgreSQL table to Kafka and loses none of them.

Fill in this file; outbox_schema.sql beside it is the table, given and not to be changed. Add whatever you
need, but keep the names and signatures of PublishError and OutboxPump.

    pytest katas/outbox.py           what works so far, one test for each rule
    pytest katas/outbox.py::CHECK    one rule only
    pubsub hint outbox CHECK         a question back, then the idea, then nearly the code

How it is used. A business transaction inserts its events into `outbox` beside its own changes, so that both
are committed or neither is. Pumps, one or several, here and on other machines, publish what was committed:

    pump = OutboxPump(lambda: psycopg.connect(url), producer)
    threading.Thread(target=pump.run, args=(stop,)).start()      # until stop.set()
    pump.run_once()                                              # or one batch: 17 published and marked

The grader brings a real PostgreSQL with this table, and a producer whose acknowledgements it may hold, fail,
lose or delay. It kills pumps, their connections and the database. Errors of publishing are raised as the
PublishError of this file.

Stages
  1  Publish and mark     middle   columns, key, header, marking, draining, polling, stopping, one pump
  2  At least once        senior   a kill at any moment loses nothing
  3  Many pumps           senior   every row once and in order, with any number of pumps
  4  Failures             staff    of a publication, an acknowledgement, the database
  5  Follow-up: speed     staff    ten times a serial pump, however the rows lie

Stage 5 counts as not attempted until stages 1 to 4 pass.

The contract: every rule that is graded, and nothing else is

Words
- A row is "published" when the broker took it: when the future that send returned has a result.
- It is "marked" when processed_at is set and committed, and "pending" until then.
- An "earlier" row of an aggregate is one with the same aggregate_id and a smaller id.

Shape
- OutboxPump(connect, producer, batch_size=100, poll_interval=1.0, ack_timeout=10.0), run_once() and run(stop),
  as written below; the last three arguments are given by keyword, poll_interval and ack_timeout in seconds.
- batch_size below 1 is a ValueError.
- connect() gives a new psycopg connection in which `outbox` is found without naming a schema. It may be in
  autocommit mode or not, may be called as often as needed, and raises what psycopg raises while the database
  is down. Whoever called it may close it.
- send(...) gives a concurrent.futures.Future, which gets a result when the broker took the message, or gets a
  PublishError, or stays as it is for ever. send may raise PublishError itself. It may be called from any
  thread, and the future may be done already when it returns.
- The pump creates no tables, columns, indexes or triggers, and deletes no row.
- Pumps share nothing but the table; two in one process are two pumps.

What is published
- A row is sent with its own topic, key = aggregate_id in UTF-8, value = payload, and a header `outbox-id` = its
  id as decimal ASCII digits: the same at every attempt. Further headers are allowed.
- Aggregates are any text and payloads any bytes: empty, binary, large, with quotes and semicolons in them.
- What is not committed, or was rolled back, is never published, and nothing waits for it.
- A row committed late, with a smaller id than what was published before, is published, too.

Marking
- A row is marked only after it was published. A row that was not published is never marked.
- Rows that were acknowledged stay marked whatever happens to other rows of their batch.

Order
- A row is sent only after every earlier row of its aggregate that the pump can see was published.
- While nothing fails, any number of pumps together publish every row exactly once, and the rows of one
  aggregate in the order of their ids. The one exception is a row that became visible only after a later row
  of its aggregate was published.
- The order between aggregates is free.

At least once
- After a failure, or a kill -9 at any moment, nothing is lost: what is pending is published by whoever comes
  next. A row may then be published again, with the same header.
- Whatever fails, the first publications of the rows of one aggregate come in the order of their ids. A consumer
  that drops the ids it knows sees every row once and in order.
- A pump that is stuck or was killed holds up no row for good: others take over when its acknowledgements have
  timed out, or when its connection has ended.

Failures of publishing
- A publication fails by a PublishError, or when no acknowledgement came within ack_timeout of that row's own
  send. Neither makes run_once or run raise.
- The row stays pending, `attempts` grows by one, and `last_error` says why (any text that is not empty).
  Whether a success counts as an attempt, or clears last_error, is free.
- Later rows of its aggregate wait behind it; waiting is no attempt.
- It is tried again for ever, with back-off: at most 20 times within 2 s, and never given up, parked or skipped.
- Other aggregates go on: also when the failing ones have more pending rows, or are more in number, than
  batch_size. (A pump that sends one row at a time may make them wait for its time-outs.)
- An acknowledgement that comes after its time-out does no harm, whatever the pump is doing by then.

run_once
- It sends at most batch_size rows, those that fail included, waits for their acknowledgements, and returns how
  many rows it published and marked. It may do fewer than it could; 0 does not mean that the table is empty.
- After it returned it holds no lock and no open transaction.
- It may raise when the database fails, never because a publication failed.

run
- It goes on until stop is set, and drains a backlog without pausing between batches.
- When there is nothing it can do it waits poll_interval, or until stop is set, before it looks again.
- It survives the database going away, also when it is away at the start, and its connection being terminated:
  it connects again. It survives the broker going away. The waits in between are random, at most 5 s each
  (growing with failures in a row is good practice and not graded); neither a hot loop nor the same waits in
  every outage. Within 6 s of the end of an outage it is at work again.
- It returns within a second of stop being set. An acknowledgement that arrives within 0.3 s of stop is still
  marked.
- No connection stays idle in a transaction while the pump waits for work or backs off. While it waits for an
  acknowledgement an open transaction is allowed.

Speed (stage 5)
- With batch_size 100, one pump, acknowledgements after 2 ms, and 10,000 rows of 500 aggregates, run publishes
  and marks at 10 times the rate of a pump that does one row at a time: when the aggregates take turns in the
  order of ids, and when all rows of an aggregate lie together.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping
from concurrent.futures import Future
from typing import Protocol

import psycopg


class PublishError(Exception):
    """The broker did not take a message, or the producer could not hand it over."""


class Producer(Protocol):
    """What the pump needs to know of Kafka; KafkaProducer in the workbook is one over a real cluster."""

    def send(self, topic: str, *, key: bytes, value: bytes, headers: Mapping[str, bytes]) -> Future[None]:
        """Hand a message over; the future has a result when the broker acknowledged, or raises PublishError.

        The future may never resolve. May be called from any thread; may raise PublishError itself.
        """
        ...


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
        # TODO: stage 1, what the pump has to remember; stage 4, what failed and when to try it again.
        raise NotImplementedError

    def run_once(self) -> int:
        """Publish and mark at most batch_size rows; how many were. May raise what the database raises."""
        # TODO: stage 1, read, send, wait, mark; stage 3, what keeps other pumps away from an aggregate;
        # stage 4, publications that fail; stage 5, many acknowledgements awaited at once.
        raise NotImplementedError

    def run(self, stop: threading.Event) -> None:
        """Go on until `stop` is set, whatever happens to the database or the broker meanwhile."""
        # TODO: stage 1, drain, poll, stop in time; stage 4, outages.
        raise NotImplementedError
