"""KafkaProducer: the producer an outbox pump wants, over confluent-kafka and any cluster.

with KafkaProducer("localhost:9092") as producer:
    OutboxPump(connect, producer).run(stop)
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Mapping
from concurrent.futures import Future
from types import TracebackType
from typing import Any, Self

from confluent_kafka import KafkaException, Producer

log = logging.getLogger(__name__)

POLL = 0.1  # seconds that the poll thread sleeps in librdkafka at most before it sees close()
# The defaults of a pump: nothing is acknowledged before all in-sync replicas have it, a retry inside librdkafka
# neither doubles nor reorders, keys fall on the partitions that Java's clients choose, and what was not
# acknowledged in time is given up, so that the outbox tries it again and not librdkafka behind its back.
SETTINGS: Mapping[str, Any] = {
    "acks": "all",
    "enable.idempotence": True,
    "partitioner": "murmur2_random",
    "message.timeout.ms": 9_000,
    "linger.ms": 1,
}


class PublishError(Exception):
    """The cluster did not take a message, or the producer could not hand it over."""


class KafkaProducer:
    """A thread-safe producer with one future for each message.

    `bootstrap` is a list of servers, host:port[,host:port]. `error` is the class that failures are raised as,
    `settings` are librdkafka's and win over SETTINGS. Raises ValueError for settings that librdkafka refuses.
    A message.timeout.ms below the pump's ack_timeout means that librdkafka gives up first.
    """

    def __init__(
        self,
        bootstrap: str,
        *,
        error: type[Exception] = PublishError,
        settings: Mapping[str, Any] | None = None,
    ) -> None:
        self._error = error
        wanted = {**SETTINGS, **(settings or {}), "bootstrap.servers": bootstrap}
        try:
            self._producer = Producer(wanted, logger=log)
        except KafkaException as refused:
            raise ValueError(f"librdkafka refuses these settings: {refused.args[0].str()}") from None
        # Guards `closed`: a message is either handed over before close() flushes, or refused.
        self._lock = threading.Lock()
        self._closed = False
        self._open: set[Future[None]] = (
            set()
        )  # those without a report; librdkafka's count has its own events in it
        # Futures resolve in this thread; without it librdkafka's delivery reports would lie in a queue.
        self._poller = threading.Thread(target=self._poll, name="kafka-delivery-reports", daemon=True)
        self._poller.start()

    def send(self, topic: str, *, key: bytes, value: bytes, headers: Mapping[str, bytes]) -> Future[None]:
        """Hand a message over, from any thread; never blocks.

        The future gets a result when the cluster acknowledged, or `error` when the delivery report says so.
        Raises `error` at once when librdkafka's queue is full, the message is refused, or close() was called.
        """
        future: Future[None] = Future()
        future.set_running_or_notify_cancel()  # what was handed over cannot be called back
        with self._lock:
            if self._closed:
                raise self._error("the producer is closed; make a new one")
            self._open.add(future)
            try:
                self._producer.produce(
                    topic, value, key, headers=list(headers.items()), on_delivery=self._report(future)
                )
            except BufferError:
                self._open.discard(future)
                # Not waited for: the pump tries again later anyway, and meanwhile the poll thread makes room.
                raise self._error("librdkafka's queue is full; the cluster is slow or away") from None
            except KafkaException as refused:
                self._open.discard(future)
                raise self._error(refused.args[0].str()) from None
        return future

    def close(self, seconds: float = 10.0) -> int:
        """Take no more messages, wait for reports under way; how many messages got none. Safe to call twice.

        The futures of those without a report get `error`.
        """
        with self._lock:
            self._closed = True
        self._producer.flush(seconds)
        left = sum(not future.done() for future in list(self._open))
        if left:
            # Removed from the queues, so that their reports, failures all, come with the next poll.
            self._producer.purge()
            self._producer.flush(1.0)
        self._poller.join()
        return left

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def _poll(self) -> None:
        while not self._closed:
            self._producer.poll(POLL)

    def _report(self, future: Future[None]) -> Any:
        def on_delivery(failure: Any, _message: Any) -> None:
            if failure is None:
                future.set_result(None)
            else:
                future.set_exception(self._error(failure.str()))
            self._open.discard(future)

        return on_delivery
