"""The producer for outbox pumps, against the embedded brokers: one future for each message, none forgotten."""

from __future__ import annotations

import importlib.util
import sys
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from pathlib import Path
from types import ModuleType

import psycopg
import pytest
from confluent_kafka import Consumer, Message, TopicPartition

from workbook.kafka_producer import KafkaProducer, PublishError
from workbook.services import Kafka, kafka, postgres

ROOT = Path(__file__).parents[1]
PATIENCE = 30.0  # only how long a failing test takes
NOBODY = "127.0.0.1:1"  # where no cluster listens
IN_VAIN = {"message.timeout.ms": 300, "log_level": 0}
PARTITIONS = 4


@pytest.fixture(scope="module")
def cluster() -> Iterator[Kafka]:
    with pytest.MonkeyPatch.context() as patch:
        patch.delenv("PUBSUB_KAFKA", raising=False)
        with kafka() as started:
            yield started


def read(cluster: Kafka, topic: str, count: int) -> list[Message]:
    """The first messages of a topic, partition by partition in their order."""
    consumer = Consumer({"bootstrap.servers": cluster.bootstrap, "group.id": f"{cluster.prefix}reader"})
    with closing(consumer):
        consumer.assign([TopicPartition(topic, partition, 0) for partition in range(PARTITIONS)])
        messages = [consumer.poll(PATIENCE) for _ in range(count)]
    assert all(message is not None and message.error() is None for message in messages)
    return [message for message in messages if message is not None]


def solution() -> ModuleType:
    spec = importlib.util.spec_from_file_location("outbox_solution", ROOT / "solutions" / "outbox.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module
    spec.loader.exec_module(module)
    return module


def test_a_message_arrives_whole_and_its_future_says_so(cluster: Kafka) -> None:
    topic = f"{cluster.prefix}whole"
    with KafkaProducer(cluster.bootstrap) as producer:
        future = producer.send(topic, key=b"k", value=b"\x00\xff", headers={"outbox-id": b"7", "more": b""})
        assert future.result(PATIENCE) is None
    (message,) = read(cluster, topic, 1)
    assert (message.key(), message.value()) == (b"k", b"\x00\xff")
    assert message.headers() == [("outbox-id", b"7"), ("more", b"")]


def test_an_empty_value_arrives_as_one(cluster: Kafka) -> None:
    topic = f"{cluster.prefix}empty"
    with KafkaProducer(cluster.bootstrap) as producer:
        producer.send(topic, key=b"", value=b"", headers={}).result(PATIENCE)
    (message,) = read(cluster, topic, 1)
    assert (message.key(), message.value()) == (b"", b"")


def test_the_messages_of_a_key_stay_in_order_in_one_partition(cluster: Kafka) -> None:
    topic = f"{cluster.prefix}order"
    with KafkaProducer(cluster.bootstrap) as producer:
        futures = [producer.send(topic, key=b"k", value=b"%d" % n, headers={}) for n in range(200)]
        assert [future.result(PATIENCE) for future in futures] == [None] * 200
    messages = read(cluster, topic, 200)
    assert [message.value() for message in messages] == [b"%d" % n for n in range(200)]
    assert len({message.partition() for message in messages}) == 1


def test_many_threads_may_send_and_every_message_has_a_future_of_its_own(cluster: Kafka) -> None:
    topic = f"{cluster.prefix}threads"
    with KafkaProducer(cluster.bootstrap) as producer, ThreadPoolExecutor(8) as threads:
        sends = [
            threads.submit(producer.send, topic, key=b"%d" % n, value=b"%d" % n, headers={})
            for n in range(400)
        ]
        futures = {send.result(PATIENCE) for send in sends}
        assert len(futures) == 400
        assert {future.result(PATIENCE) for future in futures} == {None}
    assert {message.value() for message in read(cluster, topic, 400)} == {b"%d" % n for n in range(400)}


def test_a_cluster_that_is_away_is_an_error_in_the_future() -> None:
    with KafkaProducer(NOBODY, settings=IN_VAIN) as producer:
        future = producer.send("t", key=b"k", value=b"v", headers={})
        assert isinstance(future.exception(PATIENCE), PublishError)


def test_the_error_is_of_the_class_that_the_caller_brought() -> None:
    class Refused(Exception):
        pass

    with KafkaProducer(NOBODY, error=Refused, settings=IN_VAIN) as producer:
        assert isinstance(producer.send("t", key=b"k", value=b"v", headers={}).exception(PATIENCE), Refused)
    with pytest.raises(Refused, match="closed"):
        producer.send("t", key=b"k", value=b"v", headers={})


def test_a_full_queue_is_an_error_at_once_and_there_is_room_again_later() -> None:
    with KafkaProducer(NOBODY, settings={**IN_VAIN, "queue.buffering.max.messages": 1}) as producer:
        first = producer.send("t", key=b"k", value=b"v", headers={})
        with pytest.raises(PublishError, match="queue is full"):
            producer.send("t", key=b"k", value=b"v", headers={})
        first.exception(PATIENCE)
        give_up = time.monotonic() + PATIENCE
        while True:  # librdkafka takes the message off its queue once the report's callback has returned
            try:
                producer.send("t", key=b"k", value=b"v", headers={})
                break
            except PublishError:
                assert time.monotonic() < give_up


def test_a_message_that_is_too_large_is_an_error_at_once(cluster: Kafka) -> None:
    with KafkaProducer(cluster.bootstrap) as producer, pytest.raises(PublishError, match=r"(?i)large"):
        producer.send(f"{cluster.prefix}large", key=b"k", value=bytes(2_000_000), headers={})


def test_what_was_handed_over_cannot_be_called_back(cluster: Kafka) -> None:
    with KafkaProducer(cluster.bootstrap) as producer:
        future = producer.send(f"{cluster.prefix}cancel", key=b"k", value=b"v", headers={})
        assert not future.cancel()
        assert future.result(PATIENCE) is None


def test_close_waits_for_the_acknowledgements_under_way(cluster: Kafka) -> None:
    producer = KafkaProducer(cluster.bootstrap)
    futures = [producer.send(f"{cluster.prefix}close", key=b"k", value=b"v", headers={}) for _ in range(100)]
    assert producer.close(PATIENCE) == 0
    assert all(future.done() for future in futures)
    assert producer.close() == 0


def test_close_gives_up_in_time_and_says_so_in_every_future() -> None:
    producer = KafkaProducer(NOBODY, settings={"log_level": 0})
    futures = [producer.send("t", key=b"k", value=b"v", headers={}) for _ in range(3)]
    assert producer.close(0.05) == 3
    assert [type(future.exception(0)) for future in futures] == [PublishError] * 3


def test_after_close_the_poll_thread_is_gone(cluster: Kafka) -> None:
    before = threading.active_count()
    KafkaProducer(cluster.bootstrap).close()
    assert threading.active_count() == before


def test_settings_that_librdkafka_refuses_are_named() -> None:
    with pytest.raises(ValueError, match=r"no\.such\.setting"):
        KafkaProducer(NOBODY, settings={"no.such.setting": 1})


def test_rows_of_the_outbox_arrive_in_kafka_in_the_order_of_their_aggregates(
    cluster: Kafka, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("PUBSUB_DATABASE_URL", raising=False)
    answer = solution()
    topic = f"{cluster.prefix}outbox"
    with (
        postgres() as db,
        psycopg.connect(db.url, autocommit=True) as client,
        KafkaProducer(cluster.bootstrap, error=answer.PublishError) as producer,
    ):
        client.execute((ROOT / "workbook" / "stubs" / "outbox_schema.sql").read_bytes())
        client.execute(
            "INSERT INTO outbox (aggregate_id, topic, payload)"
            " SELECT 'order ' || n %% 7, %s, convert_to(n::text, 'UTF8') FROM generate_series(1, 70) AS n",
            [topic],
        )
        pump = answer.OutboxPump(lambda: psycopg.connect(db.url), producer, batch_size=70)
        published = 0
        for _ in range(70):  # a pump may do fewer than it could, but one alone cannot come back empty-handed
            published += pump.run_once() if published < 70 else 0
        assert published == 70
    messages = read(cluster, topic, 70)
    assert all(message.headers() == [("outbox-id", message.value())] for message in messages)
    keys = {
        f"order {n}".encode(): [m.value() for m in messages if m.key() == f"order {n}".encode()]
        for n in range(7)
    }
    assert keys == {f"order {n}".encode(): [b"%d" % i for i in range(1, 71) if i % 7 == n] for n in range(7)}
