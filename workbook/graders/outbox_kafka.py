"""The check that goes all the way to Kafka and back."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Any

import workbook
from workbook.graders.outbox_database import Row
from workbook.graders.outbox_judge import shown
from workbook.graders.outbox_rows import Rows
from workbook.graders.outbox_scene import Scene, scene
from workbook.grading.check import Bench, NotGraded
from workbook.services import Kafka, ServiceError, kafka

ADAPTER = Path(workbook.__file__).with_name("kafka_producer.py")
PATIENCE = 5.0  # seconds for records that are acknowledged to be readable


def judge_kafka(bench: Bench) -> None:
    """Publish through KafkaProducer, read everything back, compare."""
    try:
        with kafka() as cluster:
            _judge(bench, cluster)
    except ServiceError as error:
        raise NotGraded(str(error)) from None


def _judge(bench: Bench, cluster: Kafka) -> None:
    with scene(bench, "run") as play:
        rows = Rows(bench.rng)
        names = rows.aggregates(4)
        made = play.insert(
            [(name, cluster.prefix + topic, payload) for name, topic, payload in rows.mixed(names, 5)]
        )
        child = play.child(adapter=ADAPTER.read_text(encoding="utf-8"))
        pump = play.pump(child, producer="kafka", more={"bootstrap": cluster.bootstrap}, ack_timeout=10.0)
        pump.start()
        play.drain(stalled=8.0)
        play.leave(pump)
        with bench.uncounted():
            records = read_back(cluster.bootstrap, {row.topic for row in made}, len(made))
        _compare(play, made, records)


def _compare(play: Scene, made: list[Row], records: list[Any]) -> None:
    """One record for each row, in order within each aggregate and topic."""
    found: dict[str, list[Any]] = {}
    for record in records:
        header = dict(record.headers() or []).get("outbox-id", b"")
        found.setdefault(header.decode("latin-1"), []).append(record)
    for row in made:
        mine = found.pop(str(row.id), [])
        if len(mine) != 1:
            message = f"Row {row.id} is in Kafka {len(mine)} times."
            raise play.broken(message, f"one record with outbox-id {row.id}", f"{len(mine)} records")
        for what, wanted, got in (
            ("key", row.aggregate.encode(), mine[0].key()),
            ("value", row.payload, mine[0].value()),
        ):
            if wanted != (got or b""):
                raise play.broken(f"Row {row.id} is in Kafka with another {what}.", shown(wanted), shown(got))
    last: dict[tuple[str, bytes], int] = {}
    for record in records:
        place = record.topic(), record.key()
        number = int(dict(record.headers())["outbox-id"])
        if last.get(place, 0) > number:
            message = f"Row {number} lies behind row {last[place]} of its aggregate in Kafka."
            raise play.broken(message, "the order of ids", f"{last[place]}, {number}")
        last[place] = number


def read_back(bootstrap: str, topics: set[str], count: int) -> list[Any]:
    """Records of the topics from their beginning: `count` of them, and what comes within a moment more."""
    from confluent_kafka import Consumer, TopicPartition

    consumer = Consumer({"bootstrap.servers": bootstrap, "group.id": "none", "enable.auto.commit": False})
    try:
        known = consumer.list_topics(timeout=PATIENCE).topics
        partitions = [(topic, number) for topic in topics for number in known[topic].partitions]
        consumer.assign([TopicPartition(topic, number, 0) for topic, number in partitions])
        records: list[Any] = []
        end = time.monotonic() + PATIENCE
        while len(records) < count and time.monotonic() < end:
            records += _good(consumer.consume(count, 0.1))
        return records + _good(consumer.consume(count, 0.1))
    finally:
        consumer.close()


def _good(messages: list[Any]) -> list[Any]:
    return [message for message in messages if message.error() is None]
