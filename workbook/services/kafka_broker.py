"""Kafka: the broker inside librdkafka, or a prefix of one's own in the cluster that PUBSUB_KAFKA names."""

from __future__ import annotations

import os
import re
import secrets
import time
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from workbook.services.errors import ServiceError, ServiceWarning

NAME = "Kafka"
VARIABLE = "PUBSUB_KAFKA"
SERVER = re.compile(r"[A-Za-z0-9._-]+(:\d{1,5})?|\[[0-9A-Fa-f:]+\](:\d{1,5})?")
PATIENCE = 5.0  # seconds for an answer


@dataclass(frozen=True)
class Kafka:
    """A cluster to connect to. Name topics and groups `prefix + ...`: what starts so is deleted at last."""

    bootstrap: str
    prefix: str
    embedded: bool


@contextmanager
def kafka() -> Iterator[Kafka]:
    """A cluster that speaks the Kafka protocol, for the block.

    Embedded, unless PUBSUB_KAFKA names bootstrap servers: three brokers inside this process, reachable from
    other processes of this machine, with 4 partitions a topic. They know no transactions, no topic
    administration and no disk. Raises ServiceError when no cluster can be had.
    """
    prefix = f"pubsub_run_{secrets.token_hex(6)}_"
    named = os.environ.get(VARIABLE)
    if named:
        _reach(named)
        try:
            yield Kafka(named, prefix, embedded=False)
        finally:
            _clean_up(named, prefix)
        return
    host, bootstrap = _host()
    try:
        yield Kafka(bootstrap, prefix, embedded=True)
    finally:
        host.close()  # the brokers live in the producer


def _library() -> Any:
    try:
        import confluent_kafka  # late: it is slow to load
    except ImportError as error:
        raise ServiceError(
            NAME,
            f"cannot be spoken to: the package confluent-kafka cannot be imported ({error})",
            "install it with `pip install --force-reinstall confluent-kafka`",
        ) from None
    return confluent_kafka


def _host() -> tuple[Any, str]:
    library = _library()
    try:
        host = library.Producer({"bootstrap.servers": "embedded", "test.mock.num.brokers": 3, "log_level": 0})
        brokers = host.list_topics(timeout=PATIENCE).brokers.values()
    except library.KafkaException as error:
        raise ServiceError(
            NAME,
            f"did not start its embedded brokers on 127.0.0.1: {error.args[0].str()}",
            f"let programs listen on 127.0.0.1, or set {VARIABLE} to the bootstrap servers of a cluster",
        ) from None
    return host, ",".join(f"{broker.host}:{broker.port}" for broker in brokers)


def _reach(bootstrap: str) -> None:
    """Ask the cluster for its metadata. Raises ServiceError."""
    if not all(SERVER.fullmatch(server.strip()) for server in bootstrap.split(",")):
        raise ServiceError(
            NAME,
            f"cannot be reached: {VARIABLE} is {bootstrap!r} and not a list of bootstrap servers",
            f"set {VARIABLE} to host:port[,host:port], or unset it to use the embedded brokers",
        )
    library = _library()
    said: list[Any] = []
    client = library.Producer({"bootstrap.servers": bootstrap, "error_cb": said.append, "log_level": 0})
    end = time.monotonic() + PATIENCE
    try:
        while True:
            try:
                client.list_topics(timeout=0.5)
                return
            except library.KafkaException as error:
                last = error.args[0]
            client.poll(0)
            down = any(error.code() == library.KafkaError._ALL_BROKERS_DOWN for error in said)
            if down or time.monotonic() > end:
                break
        reason = (said or [last])[0].str()
        raise ServiceError(
            NAME,
            f"cannot be reached at {bootstrap}: {reason}",
            f"check that it runs and speaks plain text, or unset {VARIABLE} to use the embedded brokers",
        )
    finally:
        client.close()


def _clean_up(bootstrap: str, prefix: str) -> None:
    """Delete our topics and groups. A failure is a ServiceWarning, so as not to hide an error."""
    library = _library()
    from confluent_kafka.admin import AdminClient

    client = AdminClient({"bootstrap.servers": bootstrap, "log_level": 0})
    left: list[str] = []
    try:
        topics = [name for name in client.list_topics(timeout=PATIENCE).topics if name.startswith(prefix)]
        deletions = client.delete_topics(topics, request_timeout=PATIENCE) if topics else {}
        left += _undone(library, deletions)
        groups = client.list_consumer_groups(request_timeout=PATIENCE).result(2 * PATIENCE).valid
        ours = [group.group_id for group in groups if group.group_id.startswith(prefix)]
        deletions = client.delete_consumer_groups(ours, request_timeout=PATIENCE) if ours else {}
        left += _undone(library, deletions)
    except library.KafkaException as error:
        left.append(f"maybe groups ({error.args[0].str()})")
    if left:
        names = ", ".join(left)
        message = f"{NAME} at {bootstrap} still holds {names}; delete what starts with {prefix} there."
        warnings.warn(message, ServiceWarning, stacklevel=4)


def _undone(library: Any, deletions: dict[str, Any]) -> list[str]:
    failed = []
    for name, done in deletions.items():
        try:
            done.result(2 * PATIENCE)
        except library.KafkaException as error:
            failed.append(f"{name} ({error.args[0].str()})")
    return failed
