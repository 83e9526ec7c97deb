"""A participant's month is sums: small whatever they are made of, and exact or an error."""

from __future__ import annotations

import orjson
import pytest
from sqlalchemy import text

from shared.kernel.arithmetic.expressions import Overflow
from shared.log.port import Record
from tests.services.scoring.conftest import Road
from tests.services.scoring.test_scoring_steps import WON


def test_a_sum_too_large_to_be_exact_is_an_error_not_a_number(company: Road) -> None:
    change = {"plan": "rep", "version": 1, "rule": "own", "period": "2025-03", "fiscal": 24302, "currency": "USD"}
    for _ in range(2):
        message = {"participant_id": "ann", "changes": [change | {"deals": 1, "amount": 9 * 10**17}]}
        company.put("credits", Record("ann", orjson.dumps(message)))
    with pytest.raises(Overflow):
        company.drain()


def test_a_month_takes_as_much_room_after_many_deals_as_after_few(company: Road) -> None:
    def room() -> int:
        with company.engine.connect() as connection:
            longest = text("select max(length(sums) + length(earnings)) from participant_sums")
            return int(connection.scalar(longest) or 0)

    company.deal("d0", owner="ann", **WON)
    company.drain()
    few = room()
    for number in range(300):
        company.deal(f"d{number}", owner="ann", **{**WON, "amount": "1.00"})
    company.drain()
    assert room() <= few + 20
