"""From when files say that a refund is known: the amounts that a deal earned tell."""

from __future__ import annotations

from datetime import date

from shared.pay.facts import Deal, Entry
from shared.pay.reported_refunds import dated
from shared.pay.terms.words.release import DatedAmount

JANUARY, MARCH, JUNE = date(2025, 1, 31), date(2025, 3, 5), date(2025, 6, 5)
EARLY, LATE = DatedAmount(date(2025, 1, 20), 400_00), DatedAmount(date(2025, 2, 20), 100_00)


def days(*refunds: DatedAmount, earned: dict[date, int]) -> list[date]:
    entries = [
        Entry(
            kind="earning",
            participant_id="ann",
            currency="USD",
            period="2025-01",
            amount=amount,
            day=JANUARY,
            known_from=None if day == JANUARY else day,
            deal_id="D1",
        )
        for day, amount in earned.items()
    ]
    return [day for day, _ in dated(Deal(1000_00, (), refunds), entries).refunds]


def test_a_refund_is_known_with_the_first_change_on_its_day_or_after_it() -> None:
    assert days(LATE, earned={JANUARY: 100_00, MARCH: -10_00}) == [MARCH]
    assert days(LATE, earned={JANUARY: 100_00}) == [LATE.day]


def test_a_refund_of_before_the_first_amount_is_in_it_unless_the_amounts_say_otherwise() -> None:
    assert days(EARLY, LATE, earned={JANUARY: 60_00, MARCH: -10_00}) == [JANUARY, MARCH]
    assert days(EARLY, LATE, earned={JANUARY: 100_00, MARCH: -10_00, JUNE: -40_00}) == [JUNE, MARCH]
    assert days(EARLY, LATE, earned={JANUARY: 100_00, JUNE: -50_00}) == [JUNE, JUNE]
    assert days(EARLY, LATE, earned={JANUARY: 100_00, MARCH: -40_00, JUNE: -10_00}) == [MARCH, JUNE]


def test_what_no_refund_explains_leaves_each_with_the_first_amount_after_it() -> None:
    assert days(EARLY, LATE, earned={JANUARY: 60_00, MARCH: -37_00}) == [JANUARY, MARCH]
    assert days(EARLY, earned={JANUARY: 100_00, MARCH: -100_00}) == [JANUARY]
