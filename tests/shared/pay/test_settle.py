"""A participant's pay, settled run after run: holds and releases, corrections of closed months, dismissed clawbacks,
leavers.
"""

from __future__ import annotations

from datetime import date
from fractions import Fraction
from typing import Any

import pytest

from shared.pay.deal_facts import DealHistory
from shared.pay.settle import settle
from shared.pay.settlement import Case, EarningLineKey, HeldAmount, SettledPeriod, Settlement
from shared.pay.steps import BESIDE
from shared.pay.terms.losses import Loss, LossRecord, LostLine, PaidLine
from shared.pay.terms.policy import PaymentTerms, terms_for
from shared.pay.terms.words.base import PeriodTerms
from shared.pay.terms.words.release import DatedAmount, LineFacts

HALVES = [{"share": "50%", "when": "booked"}, {"share": "50%", "when": "collected"}]


def ruled(month: str = "2026-02", **rules: Any) -> PeriodTerms:
    document = {"kind": "payment_terms", "id": "t", "valid_from": "2026-01-01", "currency": "USD", **rules}
    return PeriodTerms(
        terms_for([PaymentTerms.of(document)], "ada", plan=None, pay_group="default", currency="USD"), month
    )


def case(payable: int, rules: PeriodTerms, **facts: Any) -> Case:
    told = {
        "pay_period": "2026-02",
        "month": "2026-02",
        "as_of": date(2026, 2, 28),
        **facts,
    }
    told.setdefault("terms", {told["pay_period"]: rules})
    return Case(participant_id="ada", currency="USD", payable=payable, **told)


def steps(found: Settlement) -> list[tuple[str, int, str]]:
    assert sum(line.amount for line in found.lines if line.step not in BESIDE) == found.paid
    return [(line.step, line.amount, line.about) for line in found.lines]


def line(amount: int, period: str = "2026-02", came_in: int = 0, **facts: Any) -> LineFacts:
    day = date.fromisoformat(f"{period}-10")
    told = {"deal_amount": 1000_00, "payments": [DatedAmount(date(2026, 2, 20), came_in)], **facts}
    return LineFacts(
        participant_id="ada",
        period=period,
        component="base",
        plan="field",
        version=1,
        deal_id="D1",
        currency="USD",
        amount=amount,
        booked_on=day,
        **told,
    )


def lost_line(paid: PaidLine, *losses: Loss, deal: DealHistory, before: LossRecord | None = None) -> LostLine:
    """A line of January that lost these of what it was paid; `before` is what is remembered of it."""
    return LostLine(
        deal_id="D1",
        period="2026-01",
        component="base",
        paid=paid,
        lost=int(sum(loss.amount for loss in losses)),
        losses=losses,
        deal=deal,
        before=before or LossRecord(paid, 0, 0),
    )


D1 = EarningLineKey(period="2026-02", component="base", plan="field", version=1, deal_id="D1")
D1_JANUARY = D1._replace(period="2026-01")


def test_pay_without_terms_is_what_was_earned() -> None:
    found = settle(case(500, ruled()))
    assert steps(found) == [("earnings", 500, "2026-02")]
    assert found.settled == {"2026-02": SettledPeriod(500)}


def test_half_of_a_deal_is_held_until_the_customer_pays() -> None:
    found = settle(case(100_00, ruled(release=HALVES), lines=[line(100_00)]))
    assert steps(found) == [("earnings", 100_00, "2026-02"), ("hold", -50_00, "2026-02")]
    assert found.held == {D1: HeldAmount(100_00, 50_00)}


def test_money_that_came_in_releases_its_part_of_an_earlier_month() -> None:
    rules = ruled(release=HALVES)
    held = {D1_JANUARY: HeldAmount(100_00, 50_00)}
    found = settle(
        case(
            0,
            rules,
            lines=[line(100_00, "2026-01", 500_00)],
            held=held,
            closed_in={"2026-01": "2026-01"},
            terms={"2026-01": rules, "2026-02": rules},
        )
    )
    assert steps(found) == [("release", 25_00, "2026-01")]
    assert (found.paid, found.held) == (25_00, {D1_JANUARY: HeldAmount(100_00, 25_00)})


def test_a_cancelled_deal_whose_pay_is_half_held_costs_only_the_half_that_was_paid() -> None:
    rules = ruled(release=HALVES, guarantee={"amount": 40})
    told: dict[str, Any] = {
        "held": {D1_JANUARY: HeldAmount(100_00, 50_00)},
        "corrections": {"2026-01": -100_00},
        "closed_in": {"2026-01": "2026-01"},
        "settled": {"2026-01": SettledPeriod(50_00)},
        "terms": {"2026-01": rules._replace(month="2026-01"), "2026-02": rules},
    }
    found = settle(case(-20_00, rules, **told))
    assert steps(found) == [
        ("earnings", 80_00, "2026-02"),
        ("prior_period", -100_00, "2026-01"),
        ("hold", 50_00, "2026-01"),
        ("guarantee", 40_00, "2026-01"),
    ]
    assert found.settled == {"2026-01": SettledPeriod(0, 40_00), "2026-02": SettledPeriod(80_00)}
    assert found.held == {D1_JANUARY: HeldAmount(0, 0)}


def test_an_old_deal_that_is_lost_is_taken_back_in_part_only() -> None:
    paid, gone = PaidLine(2500_00, 5_000_00, ()), Loss(date(2026, 2, 15), Fraction(2500_00))
    lost = lost_line(paid, gone, deal=DealHistory(date(2025, 8, 15)))
    found = settle(
        case(-2500_00, ruled(clawback={"prorated_over_months": 12}), corrections={"2026-01": -2500_00}, lost=[lost])
    )
    assert steps(found)[:2] == [("prior_period", -2500_00, "2026-01"), ("dismissal", 1250_00, "2026-01")]
    assert (found.paid, found.carried) == (0, -1250_00)
    why = "2,500.00 lost on 2026-02-15, after 6 of 12 months from 2025-08-15: 6/12 of it is taken back"
    assert list(found.dismissal_reasons.values()) == [why]
    back = lost._replace(lost=0, losses=(), before=LossRecord(paid, 2500_00, 1250_00, (gone,), (gone,)))
    assert ("dismissal", -1250_00, "2026-01") in steps(
        settle(case(2500_00, ruled(clawback={"prorated_over_months": 12}), lost=[back]))
    )


def test_what_earlier_runs_dismissed_stays_so_when_the_terms_change() -> None:
    first, second = Loss(date(2025, 3, 1), Fraction(400_00)), Loss(date(2025, 6, 1), Fraction(100_00))
    half = ruled(clawback={"steps": [{"within_months": 12, "take_back": "50%"}]})
    paid, since = PaidLine(1000_00, 10_000_00, ()), date(2025, 1, 1)
    lost = lost_line(
        paid, first, second, deal=DealHistory(since), before=LossRecord(paid, 400_00, 0, (first,), (first,))
    )
    assert ("dismissal", 50_00, "2026-01") in steps(settle(case(-100_00, half, lost=[lost])))


def test_why_pay_of_a_lost_deal_stays_can_be_checked_with_a_calculator() -> None:
    steps_of_age = ruled(
        clawback={"steps": [{"within_months": 3, "take_back": "100%"}, {"within_months": 6, "take_back": "50%"}]}
    )
    first, second = Loss(date(2025, 3, 1), Fraction(400_00)), Loss(date(2025, 6, 1), Fraction(100_00))
    paid = PaidLine(1000_00, 10_000_00, ())
    lost = lost_line(paid, first, second, deal=DealHistory(date(2025, 1, 1)))
    told: dict[str, Any] = {"corrections": {"2026-01": -500_00}}
    found = settle(case(-500_00, steps_of_age, lost=[lost], **told))
    assert ("dismissal", 50_00, "2026-01") in steps(found)
    of_first = "400.00 lost on 2025-03-01, of a deal that began on 2025-01-01: 100% of it is taken back"
    of_second = "100.00 lost on 2025-06-01, of a deal that began on 2025-01-01: 50% of it is taken back"
    assert list(found.dismissal_reasons.values()) == [f"{of_first}; {of_second}"]
    later = settle(
        case(
            -500_00, steps_of_age, lost=[lost._replace(before=LossRecord(paid, 400_00, 0, (first,), (first,)))], **told
        )
    )
    assert list(later.dismissal_reasons.values()) == [of_second]
    both = (first, second)
    back = lost._replace(lost=400_00, losses=(first,), before=LossRecord(paid, 500_00, 50_00, both, both))
    undone = settle(case(100_00, steps_of_age, lost=[back], corrections={"2026-01": 100_00}))
    assert ("dismissal", -50_00, "2026-01") in steps(undone)
    assert list(undone.dismissal_reasons.values()) == ["no longer 100.00 lost on 2025-06-01"]
    excused = settle(case(-500_00, ruled(), lost=[lost._replace(excused=True)], **told))
    assert list(excused.dismissal_reasons.values()) == ["An approver decided that it is not taken back"]


def test_nothing_stays_of_a_lost_deal_that_a_hold_kept_from_being_paid_also_where_an_approver_dismisses_it() -> None:
    rules = ruled(clawback={"prorated_over_months": 12})
    paid, gone = PaidLine(100_00, 1000_00, ()), Loss(date(2026, 2, 15), Fraction(100_00))
    lost = lost_line(paid, gone, deal=DealHistory(date(2025, 8, 15), 1000_00))
    told: dict[str, Any] = {
        "corrections": {"2026-01": -100_00},
        "closed_in": {"2026-01": "2026-01"},
        "terms": {"2026-01": rules, "2026-02": rules},
    }
    for held, excused, stays in ((100_00, False, 0), (100_00, True, 0), (60_00, False, 20_00), (60_00, True, 40_00)):
        case_of = {"held": {D1_JANUARY: HeldAmount(100_00, held)}, "lost": [lost._replace(excused=excused)], **told}
        found = settle(case(-100_00, rules, **case_of))
        assert sum(amount for step, amount, _ in steps(found) if step == "dismissal") == stays
        # What was decided is remembered: the next run changes nothing of it.
        record = next(iter(found.loss_records.values()))
        again = lost._replace(excused=excused, before=record)
        assert steps(settle(case(0, rules, lost=[again], terms=told["terms"], closed_in=told["closed_in"]))) == []


def test_what_is_still_held_when_a_leavers_time_is_over_lapses() -> None:
    rules = ruled(release=HALVES, leaver={"held": "forfeit", "days_to_collect": 10})
    told: dict[str, Any] = {"lines": [line(100_00, came_in=200_00)], "held": {D1: HeldAmount(100_00, 50_00)}}
    within = settle(case(0, rules, last_day=date(2026, 2, 20), **told))
    assert steps(within) == [("release", 10_00, "2026-02")]
    after = settle(case(0, rules, last_day=date(2026, 2, 10), **told))
    assert steps(after) == [("release", 10_00, "2026-02"), ("lapse", -40_00, "2026-02")]
    assert after.held == {D1: HeldAmount(100_00, 0, 40_00)}
    later = settle(case(0, rules, last_day=date(2026, 2, 10), lines=[line(100_00, came_in=900_00)], held=after.held))
    assert (steps(later), later.held) == ([], {D1: HeldAmount(100_00, 0, 40_00)})


@pytest.mark.parametrize(
    ("last_day", "came", "released"),
    [
        ("2026-02-10", "2026-02-20", 50_00),  # on the last of the ten days
        ("2026-02-10", "2026-02-21", 0),
        ("2026-02-20", "2026-02-26", 50_00),  # the time is not over
    ],
)
def test_of_a_leaver_who_forfeits_money_counts_by_the_day_it_came_and_not_by_the_run(
    last_day: str, came: str, released: int
) -> None:
    rules = ruled(release=HALVES, leaver={"held": "forfeit", "days_to_collect": 10})
    paid_in_full = line(100_00, payments=[DatedAmount(date.fromisoformat(came), 1000_00)])
    told = {"lines": [paid_in_full], "held": {D1: HeldAmount(100_00, 50_00)}}
    found = settle(case(0, rules, last_day=date.fromisoformat(last_day), **told))
    assert sum(amount for step, amount, _ in steps(found) if step == "release") == released
    assert -sum(amount for step, amount, _ in steps(found) if step == "lapse") == 50_00 - released


def test_pay_earned_after_the_end_of_the_pay_period_waits() -> None:
    found = settle(case(500, ruled(), not_due=200))
    assert (found.paid, found.carried) == (300, 0)


def test_a_negative_rest_is_carried_and_shown() -> None:
    found = settle(case(-300, ruled(), carried_in=-500))
    assert steps(found) == [
        ("carried_in", -500, "2026-02"),
        ("earnings", 200, "2026-02"),
        ("carried_forward", 300, "2026-02"),
    ]
