"""What breaks a contract is told by its place, never by its value."""

from __future__ import annotations

import pytest

from shared.contracts.credits import Recredit
from shared.contracts.message import Unreadable, cloud_event, decode
from shared.contracts.topics import CREDITS, RECREDITS
from shared.log.port import Partition, Record, Stored
from shared.log.step import Rejection, decoded


def stored(topic: str, position: int, value: bytes | None) -> Stored:
    return Stored(Partition(topic, 0), position, Record("key", value), 0.0)


@pytest.mark.parametrize("value", [b'{"deal_ids": ["5000.00 for Ann"]}', b'{"deal_ids": 5}', b"{", b"", None])
def test_a_record_that_breaks_its_contract_is_malformed(value: bytes | None) -> None:
    with pytest.raises(Unreadable) as refused:
        decode(Recredit, value)
    assert refused.value.code == "malformed"
    assert "Ann" not in str(refused.value)


def test_the_place_of_the_fault_is_named() -> None:
    with pytest.raises(Unreadable, match=r"^deal_ids: "):
        decode(Recredit, b'{"deal_ids": 5}')


def test_a_batch_gives_the_messages_of_one_topic_and_sets_aside_what_it_cannot_read() -> None:
    batch = [
        stored("recredits", 0, b'{"deal_ids": ["D-1"]}'),
        stored("credits", 0, b"of another topic"),
        stored("recredits", 1, b"{}"),
        stored("recredits", 2, b'{"deal_ids": []}'),
    ]
    rejections: list[Rejection] = []
    found = list(decoded(batch, Recredit, topic=RECREDITS, rejections=rejections))
    assert [(record.position, message.deal_ids) for record, message in found] == [(0, ["D-1"]), (2, [])]
    assert [(each.stored, each.code, each.message) for each in rejections] == [
        (batch[2], "malformed", "deal_ids: Field required")
    ]
    assert list(decoded(batch, Recredit, topic=CREDITS, rejections=rejections)) == []
    assert len(rejections) == 2


def test_the_headers_are_those_of_a_cloud_event() -> None:
    assert cloud_event(event_id="a/1", source="/earnest/alerts", kind="earnest.alert.changed") == {
        "ce_specversion": "1.0",
        "ce_id": "a/1",
        "ce_source": "/earnest/alerts",
        "ce_type": "earnest.alert.changed",
    }
