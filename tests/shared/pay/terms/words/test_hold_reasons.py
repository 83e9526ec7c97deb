"""What a participant is told about pay that is not released yet."""

from __future__ import annotations

from datetime import date
from typing import Any

import pytest

from shared.pay.terms.words.release import Hold, HoldReason, Tranche, why_held
from tests.shared.pay.terms.words.test_release import line

DAY = date(2026, 1, 31)


def tranche(share: str, when: str, days: int = 0) -> Tranche:
    return Tranche.model_validate({"share": share, "when": when, "days_after": days})


@pytest.mark.parametrize(
    ("waits", "facts", "told"),
    [
        (("booked", 90), {}, ("30% is due 90 days after the sale", "on 2026-04-10")),
        (("collected", 0), {}, ("30% is due when the customer pays, in proportion", "the customer's payments")),
        (("paid_in_full", 0), {}, ("30% is due when the customer has paid everything", "the customer's last payment")),
        (("started", 0), {}, ("30% is due when the service starts", "the start of the service")),
        (("started", 5), {"started_on": date(2026, 3, 1)}, ("30% is due 5 days after the service starts", "on 2026-03-06")),
    ],
)  # fmt: skip
def test_a_part_that_is_not_due_says_what_it_waits_for(
    waits: tuple[str, int], facts: dict[str, Any], told: tuple[str, str]
) -> None:
    assert why_held(
        line(**facts), [tranche("70%", "booked"), tranche("30%", *waits)], holds=[], as_of=DAY
    ) == HoldReason(*told)


def test_a_hold_goes_before_the_parts_and_says_all_the_ways_in_which_it_ends() -> None:
    holds = [
        Hold(id="a", scope="deal", subject="D1", since="2026-01", reason="credit check", until_collected=True),
        Hold(id="b", scope="participant", subject="ada", since="2026-01", reason="dispute"),
        Hold(id="c", scope="deal", subject="D2", since="2026-01", reason="of another deal"),
    ]
    assert why_held(line(), [tranche("100%", "paid_in_full")], holds=holds, as_of=DAY) == HoldReason(
        "On hold: credit check; On hold: dispute", "when the customer has paid or when a person releases it; when a person releases it"
    )  # fmt: skip
