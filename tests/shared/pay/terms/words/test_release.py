"""When pay falls due, what holds it, and what of a lost deal is taken back."""

from __future__ import annotations

from datetime import date
from fractions import Fraction
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.pay.terms.losses import Loss, dismissed
from shared.pay.terms.words.clawback import Clawback
from shared.pay.terms.words.leaver import Leaver
from shared.pay.terms.words.release import DatedAmount, Hold, LineFacts, Tranche, released

HALVES = [Tranche.model_validate({"share": "50%", "when": when}) for when in ("booked", "collected")]


def line(amount: int = 100_00, **facts: Any) -> LineFacts:
    told: dict[str, Any] = {"deal_id": "D1", "deal_amount": 1000_00, "booked_on": date(2026, 1, 10), **facts}
    return LineFacts(
        participant_id="ada",
        period="2026-01",
        component="base",
        plan="field",
        version=1,
        currency="USD",
        amount=amount,
        **told,
    )


def test_half_is_due_at_booking_and_half_as_the_customer_pays() -> None:
    paid = [DatedAmount(date(2026, 2, 1), 300_00), DatedAmount(date(2026, 3, 1), 700_00)]
    for as_of, due in {
        date(2026, 1, 9): 0,
        date(2026, 1, 31): 50_00,
        date(2026, 2, 28): 65_00,
        date(2026, 3, 31): 100_00,
    }.items():
        assert released(line(payments=paid), HALVES, holds=[], as_of=as_of) == due


def test_money_that_goes_back_takes_the_release_back() -> None:
    paid = [DatedAmount(date(2026, 2, 1), 700_00), DatedAmount(date(2026, 4, 1), -400_00)]
    assert released(line(payments=paid), HALVES, holds=[], as_of=date(2026, 4, 30)) == 65_00


def test_who_paid_all_and_got_a_part_back_owes_nothing_more() -> None:
    paid, back = [DatedAmount(date(2026, 2, 1), 1000_00)], [DatedAmount(date(2026, 4, 1), 400_00)]
    assert released(line(60_00, payments=paid, refunds=back), HALVES, holds=[], as_of=date(2026, 4, 30)) == 60_00


def test_a_part_waits_for_the_window_to_pass() -> None:
    """WE-55: 70 % at the sale, 30 % after the window."""
    tranches = [
        Tranche.model_validate({"share": "70%", "when": "booked"}),
        Tranche.model_validate({"share": "30%", "when": "booked", "days_after": 90}),
    ]
    assert released(line(), tranches, holds=[], as_of=date(2026, 1, 31)) == 70_00
    assert released(line(), tranches, holds=[], as_of=date(2026, 4, 9)) == 70_00
    assert released(line(), tranches, holds=[], as_of=date(2026, 4, 10)) == 100_00


def test_paid_in_full_means_the_last_cent_and_a_line_without_a_deal_does_not_wait() -> None:
    full = [Tranche.model_validate({"share": 1, "when": "paid_in_full"})]
    nearly = [DatedAmount(date(2026, 2, 1), 999_99)]
    assert released(line(payments=nearly), full, holds=[], as_of=date(2026, 12, 31)) == 0
    assert (
        released(line(payments=[*nearly, DatedAmount(date(2026, 3, 1), 1)]), full, holds=[], as_of=date(2026, 3, 1))
        == 100_00
    )
    assert released(line(deal_id=None), full, holds=[], as_of=date(2026, 1, 31)) == 100_00


def test_a_hold_stops_a_line_until_a_person_a_date_or_the_money_releases_it() -> None:
    day = date(2026, 6, 30)
    stop = Hold(id="h", scope="deal", subject="D1", since="2026-01", reason="credit check")
    assert released(line(), None, holds=[stop], as_of=day) == 0
    assert (
        released(
            line(), None, holds=[Hold(id="h", scope="deal", subject="D2", since="2026-01", reason="other")], as_of=day
        )
        == 100_00
    )
    assert (
        released(
            line(),
            None,
            holds=[Hold(id="h", scope="participant", subject="ada", since="2026-02", reason="later")],
            as_of=day,
        )
        == 100_00
    )
    assert (
        released(
            line(),
            None,
            holds=[Hold(id="h", scope="plan", subject="field", since="2026-01", reason="x", released_on=day)],
            as_of=day,
        )
        == 100_00
    )
    assert (
        released(
            line(),
            None,
            holds=[Hold(id="h", scope="deal", subject="D1", since="2026-01", reason="x", until=day)],
            as_of=day,
        )
        == 100_00
    )
    whole = [DatedAmount(day, 1000_00)]
    until_paid = Hold(id="h", scope="deal", subject="D1", since="2026-01", reason="x", until_collected=True)
    assert released(line(payments=whole), None, holds=[until_paid], as_of=day) == 100_00
    assert released(line(), None, holds=[until_paid], as_of=day) == 0


def test_a_leaver_may_be_paid_what_was_still_to_come() -> None:
    assert released(line(), HALVES, holds=[], as_of=date(2026, 1, 31), leaver=Leaver(held="release")) == 100_00


@pytest.mark.parametrize(
    ("schedule", "lost_on", "kept"),
    [
        (None, date(2026, 7, 1), 0),
        ({"prorated_over_months": 12}, date(2026, 7, 1), 1250_00),  # WE-55: after 6 of 12 months, half
        ({"prorated_over_months": 12}, date(2026, 6, 30), 1041_67),
        ({"prorated_over_months": 12}, date(2027, 3, 1), 2500_00),
        (
            {"steps": [{"within_months": 3, "take_back": 1}, {"within_months": 6, "take_back": "50%"}]},
            date(2026, 4, 1),
            0,
        ),
        (
            {"steps": [{"within_months": 3, "take_back": 1}, {"within_months": 6, "take_back": "50%"}]},
            date(2026, 4, 2),
            1250_00,
        ),
        (
            {"steps": [{"within_months": 3, "take_back": 1}, {"within_months": 6, "take_back": "50%"}]},
            date(2026, 7, 2),
            2500_00,
        ),
    ],
)
def test_what_is_taken_back_depends_on_the_age_of_the_deal(
    schedule: dict[str, Any] | None, lost_on: date, kept: int
) -> None:
    rules = None if schedule is None else Clawback.model_validate(schedule, strict=False)
    assert dismissed([Loss(lost_on, Fraction(2500_00))], rules, since=date(2026, 1, 1)) == kept


@given(st.integers(-10_000, 10_000), st.integers(0, 12_000), st.integers(1, 9_999))
def test_what_is_released_lies_between_nothing_and_the_line(amount: int, came_in: int, share: int) -> None:
    tranches = [
        Tranche.model_validate({"share": f"0.{share:04d}", "when": "booked"}),
        Tranche.model_validate({"share": f"0.{10_000 - share:04d}", "when": "collected"}),
    ]
    paid = [DatedAmount(date(2026, 2, 1), came_in)]
    due = released(line(amount, deal_amount=10_000, payments=paid), tranches, holds=[], as_of=date(2026, 3, 1))
    assert min(0, amount) <= due <= max(0, amount)
    assert came_in < 10_000 or due == amount
