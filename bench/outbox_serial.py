"""The serial pump that others are compared with: one row, its acknowledgement, its mark, the next row.

Right for one pump while nothing fails, and no more than that: the bench asks only for its speed.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Any

import psycopg

READ = """
    SELECT id, aggregate_id, topic, payload FROM outbox
    WHERE processed_at IS NULL ORDER BY id LIMIT 1
"""
MARK = "UPDATE outbox SET processed_at = clock_timestamp() WHERE id = %s"


class OutboxPump:
    """As in the kata; `batch_size` is of no use to it."""

    def __init__(
        self,
        connect: Callable[[], psycopg.Connection],
        producer: Any,
        *,
        batch_size: int = 100,
        poll_interval: float = 1.0,
        ack_timeout: float = 10.0,
    ) -> None:
        self._connect = connect
        self._producer = producer
        self._poll_interval = poll_interval
        self._ack_timeout = ack_timeout

    def run(self, stop: threading.Event) -> None:
        with self._connect() as connection:
            connection.execute("SET enable_bitmapscan = off")
            while not stop.is_set():
                row = connection.execute(READ).fetchone()
                if row is None:
                    connection.commit()
                    stop.wait(self._poll_interval)
                    continue
                number, aggregate, topic, payload = row
                self._producer.send(
                    topic, key=aggregate.encode(), value=payload, headers={"outbox-id": b"%d" % number}
                ).result(self._ack_timeout)
                connection.execute(MARK, [number])
                connection.commit()
