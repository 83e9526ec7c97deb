"""Kafka's records as records of the port, and how we read them."""

from __future__ import annotations

from typing import Any, Final

from shared.log.port import MAX_RECORD_BYTES, Partition, Record, Stored

READING: Final[dict[str, Any]] = {
    "auto_offset_reset": "none",  # a position that is not there is an error to report, not a reason to skip records
    "enable_auto_commit": False,
    "isolation_level": "read_committed",
    "allow_auto_create_topics": False,
    "max_partition_fetch_bytes": MAX_RECORD_BYTES,
    "reconnect_backoff_max_ms": 1000,
    "bootstrap_timeout_ms": 10_000,
    "metrics_enabled": False,
}


def stored_from(partition: Partition, record: Any) -> Stored:
    """A consumed record of kafka-python at its place. What another producer wrote may lack a key or not be text."""
    headers = {name: (value or b"").decode(errors="backslashreplace") for name, value in record.headers}
    key = (record.key or b"").decode(errors="backslashreplace")
    return Stored(partition, record.offset, Record(key, record.value, headers), record.timestamp / 1000)
