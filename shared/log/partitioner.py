"""Which partition a key belongs to: the murmur2 hash that Kafka's own clients use by default, for both logs."""

from __future__ import annotations

import struct
from functools import lru_cache

# The constants of Kafka's `Utils.murmur2` (org.apache.kafka.common.utils): another seed would be another hash.
SEED = 0x9747B28C
MULTIPLIER = 0x5BD1E995
WORD = 0xFFFFFFFF


def partition_of(key: str, partitions: int) -> int:
    """The partition number of a key among `partitions`; the same for ever, so the number of partitions must not
    change.
    """
    return positive_hash(key) % partitions


@lru_cache(maxsize=100_000)
def positive_hash(key: str) -> int:
    """The 31-bit hash of a key. Remembered, because participants come again and again and a hash costs microseconds."""
    return murmur2(key.encode()) & 0x7FFFFFFF


def murmur2(data: bytes) -> int:
    """The 32-bit murmur2 hash as Apache Kafka computes it."""
    words, tail = divmod(len(data), 4)
    result = SEED ^ len(data)
    for word in struct.unpack_from(f"<{words}I", data):
        word = word * MULTIPLIER & WORD
        word = (word ^ word >> 24) * MULTIPLIER & WORD
        result = result * MULTIPLIER & WORD ^ word
    if tail:
        result = (result ^ int.from_bytes(data[-tail:], "little")) * MULTIPLIER & WORD
    result = (result ^ result >> 13) * MULTIPLIER & WORD
    return result ^ result >> 15
