"""Partitioners agree with the clients they copy, byte for byte."""

import zlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sim.partitioner import crc32_partition, murmur2, murmur2_partition

# org.apache.kafka.common.utils.UtilsTest, signed as Java prints them
JAVA = {
    "21": -973932308,
    "foobar": -790332482,
    "a-little-bit-long-string": -985981536,
    "a-little-bit-longer-string": -1486304829,
    "lkjh234lh9fiuh90y23oiuhsafujhadof229phr9h19h89h8": -58897971,
    "abc": 479470107,
}

# kafka-python, test_partitioner, 1,000 partitions
KAFKA_PYTHON = {b"": 681, b"a": 524, b"ab": 434, b"abc": 107, b"123456789": 566, b"\x00 ": 742}


def signed(value: int) -> int:
    return value - 2**32 if value >= 2**31 else value


@pytest.mark.parametrize(("key", "hashed"), JAVA.items())
def test_murmur2_gives_the_java_clients_hash(key: str, hashed: int) -> None:
    assert signed(murmur2(key.encode())) == hashed


@pytest.mark.parametrize(("key", "partition"), KAFKA_PYTHON.items())
def test_murmur2_gives_the_java_clients_partition(key: bytes, partition: int) -> None:
    assert murmur2_partition(key, 1_000) == partition


def test_the_legacy_hash_of_kafkajs_is_another_function() -> None:
    assert signed(murmur2(b"0")) != 272173970
    assert signed(murmur2(b"1")) != 1311020360


def test_two_clients_defaults_agree_on_a_partition_only_by_chance() -> None:
    keys = [f"user-{i}".encode() for i in range(20_000)]
    agree = sum(murmur2_partition(key, 12) == crc32_partition(key, 12) for key in keys) / len(keys)
    assert agree == pytest.approx(1 / 12, abs=4 * (1 / 12 / len(keys)) ** 0.5)


def test_crc32_is_the_common_checksum() -> None:
    assert crc32_partition(b"123456789", 2**32) == zlib.crc32(b"123456789") == 0xCBF43926


@given(key=st.binary(max_size=40), partitions=st.integers(1, 1_000))
def test_every_key_has_a_partition(key: bytes, partitions: int) -> None:
    assert 0 <= murmur2_partition(key, partitions) < partitions
    assert 0 <= crc32_partition(key, partitions) < partitions
