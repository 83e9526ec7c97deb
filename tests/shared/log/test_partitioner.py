"""Keys go where Kafka's own clients would put them."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from kafka.partitioner.default import murmur2 as kafka_murmur2

from shared.log.partitioner import murmur2, partition_of

# From Apache Kafka's UtilsTest.testMurmur2, as unsigned numbers.
GOLDEN = {
    b"21": -973932308,
    b"foobar": -790332482,
    b"a-little-bit-long-string": -985981536,
    b"a-little-bit-longer-string": -1486304829,
    b"lkjh234lh9fiuh90y23oiuhsafujhadof229phr9h19h89h8": -58897971,
    b"abc": 479470107,
}


@pytest.mark.parametrize("data", GOLDEN)
def test_a_hash_is_the_one_apache_kafka_publishes(data: bytes) -> None:
    assert murmur2(data) == GOLDEN[data] & 0xFFFFFFFF


@given(st.binary(max_size=200))
def test_any_hash_is_the_one_of_kafka_python(data: bytes) -> None:
    assert murmur2(data) == kafka_murmur2(data)


@given(st.text(), st.integers(1, 64))
def test_a_key_has_one_partition_among_those_there_are(key: str, partitions: int) -> None:
    assert partition_of(key, partitions) == (kafka_murmur2(key.encode()) & 0x7FFFFFFF) % partitions
