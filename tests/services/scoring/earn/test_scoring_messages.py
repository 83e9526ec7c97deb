"""Messages of credits: what is none is an error, never nothing."""

from __future__ import annotations

import orjson
import pytest

from services.scoring.earn.participant_sums import NotChanges, read_changes
from shared.log.port import Record
from tests.services.scoring.conftest import Road

CHANGE = {
    "plan": "rep",
    "version": 1,
    "rule": "own",
    "period": "2025-03",
    "fiscal": 24302,
    "currency": "USD",
    "amount": 1,
    "deals": 1,
}


@pytest.mark.parametrize(
    "message",
    [
        b"",
        b"not json",
        b"\xff",
        b"[]",
        b"{}",
        b'{"participant_id":"ann"}',
        b'{"changes":[]}',
        orjson.dumps({"participant_id": "ann", "changes": [CHANGE | {"amount": None}]}),
        orjson.dumps({"participant_id": "ann", "changes": [CHANGE | {"amount": "much"}]}),
        orjson.dumps({"participant_id": "ann", "changes": [{**CHANGE, "version": None}]}),
    ],
)
def test_credits_that_cannot_be_read_are_an_error_not_nothing(message: bytes) -> None:
    fine = orjson.dumps({"participant_id": "ann", "changes": [CHANGE]})
    with pytest.raises(NotChanges):
        read_changes([fine, message])


def test_credits_under_the_key_of_another_are_an_error_not_pay_that_nobody_hears_of(company: Road) -> None:
    company.put("credits", Record("bob", orjson.dumps({"participant_id": "ann", "changes": [CHANGE]})))
    with pytest.raises(NotChanges):
        company.drain()
