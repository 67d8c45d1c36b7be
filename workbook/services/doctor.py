"""What works on this machine, and what to do about what does not: the material of `pubsub doctor`."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from workbook.services.errors import ServiceError
from workbook.services.kafka_broker import kafka
from workbook.services.nats_server import nats
from workbook.services.nats_wire import Wire
from workbook.services.postgresql import postgres


@dataclass(frozen=True)
class Finding:
    """One component: whether it works, what was found, and the next step ("" when there is none)."""

    component: str
    works: bool
    found: str
    advice: str = ""


def doctor() -> Iterator[Finding]:
    """Start every service as a kata would, one after the other, and end it. Never raises ServiceError."""
    for component, look in (("PostgreSQL", _postgres), ("Kafka", _kafka), ("NATS", _nats)):
        yield _finding(component, look)
    yield _clean_up()


def _finding(component: str, look: Callable[[], str]) -> Finding:
    begin = time.perf_counter()
    try:
        found = look()
    except ServiceError as error:
        return Finding(component, False, error.problem, error.advice)
    return Finding(component, True, f"{found}, looked at in {time.perf_counter() - begin:.2f} s")


def _postgres() -> str:
    import psycopg

    with postgres() as db, psycopg.connect(db.url) as connection:
        version = connection.info.parameter_status("server_version")
        return f"{version}, {_kind(db.embedded)}"


def _kafka() -> str:
    with kafka() as cluster:
        import confluent_kafka

        brokers = len(cluster.bootstrap.split(","))
        where = f"{brokers} brokers of librdkafka {confluent_kafka.libversion()[0]}"
        return f"{where if cluster.embedded else cluster.bootstrap}, {_kind(cluster.embedded)}"


def _nats() -> str:
    with nats() as bus:
        wire = Wire(bus.url)
        try:
            stored = "with JetStream" if wire.info.get("jetstream") else "without JetStream"
            return f"{wire.info['version']} {stored}, {_kind(bus.embedded)}"
        finally:
            wire.close()


def _kind(embedded: bool) -> str:
    return "embedded" if embedded else "the one that the environment names"


def _clean_up() -> Finding:
    if sys.platform == "linux":
        how = "no server outlives the process that started it, not even after kill -9"
    else:
        how = "servers end with the process that started them; after kill -9, on a best effort"
    return Finding("Clean-up", True, how)
