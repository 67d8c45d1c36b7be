"""The embedded Kafka brokers: real ones to any client, gone with their block."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from confluent_kafka import Consumer, KafkaException, Producer
from service_scenes import output

from workbook.services import Kafka, kafka


@pytest.fixture(autouse=True)
def _embedded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("PUBSUB_KAFKA", raising=False)


@pytest.fixture
def cluster() -> Iterator[Kafka]:
    with kafka() as started:
        yield started


def publish(cluster: Kafka, topic: str, value: bytes) -> None:
    producer = Producer({"bootstrap.servers": cluster.bootstrap})
    producer.produce(topic, value)
    assert producer.flush(30) == 0
    producer.close()


def read_one(cluster: Kafka, topic: str) -> bytes:
    consumer = Consumer(
        {
            "bootstrap.servers": cluster.bootstrap,
            "group.id": f"{cluster.prefix}g",
            "auto.offset.reset": "earliest",
        }
    )
    consumer.subscribe([topic])
    try:
        message = consumer.poll(30)
        assert message is not None
        assert message.error() is None
        return message.value()
    finally:
        consumer.close()


def test_what_is_published_can_be_read_by_a_group(cluster: Kafka) -> None:
    publish(cluster, f"{cluster.prefix}orders", b"42")
    assert read_one(cluster, f"{cluster.prefix}orders") == b"42"


def test_another_process_can_publish(cluster: Kafka) -> None:
    output(f"""
from confluent_kafka import Producer
producer = Producer({{"bootstrap.servers": {cluster.bootstrap!r}}})
producer.produce({cluster.prefix!r} + "orders", b"from outside")
assert producer.flush(30) == 0
""")
    assert read_one(cluster, f"{cluster.prefix}orders") == b"from outside"


def test_there_are_three_brokers_and_four_partitions(cluster: Kafka) -> None:
    assert cluster.embedded
    assert len(cluster.bootstrap.split(",")) == 3
    topic = f"{cluster.prefix}orders"
    publish(cluster, topic, b"42")
    client = Producer({"bootstrap.servers": cluster.bootstrap})
    assert len(client.list_topics(topic, timeout=30).topics[topic].partitions) == 4
    client.close()


def test_several_at_once_share_no_topic(cluster: Kafka) -> None:
    with kafka() as other:
        publish(other, "only_there", b"")
        client = Producer({"bootstrap.servers": cluster.bootstrap})
        assert "only_there" not in client.list_topics(timeout=30).topics
        client.close()


def test_after_the_block_nothing_listens() -> None:
    with kafka() as cluster:
        pass
    client = Producer({"bootstrap.servers": cluster.bootstrap, "log_level": 0})
    with pytest.raises(KafkaException):
        client.list_topics(timeout=0.5)
    client.close()


def test_starting_and_ending_says_nothing_on_the_terminal(capfd: pytest.CaptureFixture[str]) -> None:
    with kafka():
        pass
    assert capfd.readouterr() == ("", "")
