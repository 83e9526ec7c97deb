"""What a deal's decreases cost a line of pay: each has its own cause, day, amount, hence its own age and its own
dismissal.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, timedelta
from fractions import Fraction
from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from shared.pay.deal_facts import DealHistory
from shared.pay.terms.losses import Loss, PaidLine, dismissed, losses
from shared.pay.terms.words.base import part
from shared.pay.terms.words.clawback import Clawback
from shared.pay.terms.words.release import DatedAmount

SOLD = date(2025, 1, 10)
STEPS = Clawback.model_validate(
    {"steps": [{"within_months": 3, "take_back": 1}, {"within_months": 6, "take_back": "50%"}]}, strict=False
)
MONTHS = Clawback.model_validate({"prorated_over_months": 12}, strict=False)
PAID = PaidLine(100_00, 1000_00, ())
EARLY, LATE = DatedAmount(date(2025, 4, 9), 400_00), DatedAmount(date(2025, 4, 20), 100_00)

days = st.integers(0, 400).map(lambda number: SOLD + timedelta(days=number))
schedules = st.sampled_from([STEPS, MONTHS])


def of(*refunds: DatedAmount, amount: int = 1000_00, cancelled_on: date | None = None) -> DealHistory:
    return DealHistory(SOLD, amount, refunds, cancelled_on)


def kept(paid: PaidLine, now: int, deal: DealHistory, schedule: Clawback = STEPS) -> int:
    return dismissed(losses(paid, now, deal=deal)[1], schedule, since=SOLD)


def test_of_two_refunds_each_is_dismissed_by_its_own_age() -> None:
    _, lost = losses(PAID, 50_00, deal=of(EARLY, LATE))
    assert lost == (Loss(EARLY.day, Fraction(40_00)), Loss(LATE.day, Fraction(10_00)))
    assert dismissed(lost, STEPS, since=SOLD) == 5_00


def test_a_cancellation_takes_what_earlier_refunds_left() -> None:
    lost = losses(PAID, 0, deal=of(EARLY, cancelled_on=date(2025, 5, 2)))[1]
    assert lost == (Loss(EARLY.day, Fraction(40_00)), Loss(date(2025, 5, 2), Fraction(60_00)))
    later = losses(PAID, 0, deal=of(DatedAmount(date(2025, 5, 9), 1000_00), cancelled_on=date(2025, 5, 2)))[1]
    assert later == (Loss(date(2025, 5, 2), Fraction(100_00)),)


def test_of_a_deal_that_went_to_another_owner_nothing_is_kept() -> None:
    assert losses(PAID, 0, deal=of())[1] == ()
    assert kept(PAID, 0, of(LATE)) == 0
    state, _ = losses(PAID, 90_00, deal=of(LATE))
    gone, lost = losses(state, 0, deal=of(LATE))
    assert lost == ()
    assert losses(gone, 0, deal=of(LATE, cancelled_on=date(2025, 5, 2)))[1] == ()  # it was somebody else's by then


def test_who_gets_the_deal_later_keeps_nothing_of_refunds_that_were_never_paid_to_them() -> None:
    assert losses(PaidLine(0, 1000_00, ()), 60_00, deal=of(EARLY))[1] == ()


def test_a_corrected_price_or_share_is_taken_back_whole_and_refunds_count_at_what_is_left() -> None:
    assert losses(PAID, 80_00, deal=of(amount=800_00))[1] == ()
    assert losses(PAID, 40_00, deal=of(EARLY, amount=800_00))[1] == (Loss(EARLY.day, Fraction(40_00)),)
    assert losses(PAID, 30_00, deal=of(EARLY))[1] == (Loss(EARLY.day, Fraction(20_00)),)  # half of it is another's now
    assert losses(PAID, 0, deal=of(amount=500_00, cancelled_on=LATE.day))[1] == (Loss(LATE.day, Fraction(50_00)),)


def test_refunds_that_were_known_when_it_was_paid_are_no_loss() -> None:
    paid = PaidLine(60_00, 1000_00, (EARLY,))
    assert losses(paid, 50_00, deal=of(EARLY, LATE))[1] == (Loss(LATE.day, Fraction(10_00)),)


def test_a_refund_that_is_taken_back_is_none_and_a_deal_that_is_won_again_is_not_lost() -> None:
    state, _ = losses(PAID, 60_00, deal=of(EARLY))
    assert losses(state, 100_00, deal=of())[1] == ()
    state, _ = losses(PAID, 0, deal=of(cancelled_on=EARLY.day))
    assert losses(state, 100_00, deal=of())[1] == ()
    assert losses(state, 90_00, deal=of(LATE))[1] == (Loss(LATE.day, Fraction(10_00)),)


def test_a_deal_that_earns_more_than_when_it_was_paid_is_measured_by_that() -> None:
    state, lost = losses(PAID, 200_00, deal=of(amount=1000_00))
    assert lost == ()
    assert losses(state, 180_00, deal=of(LATE))[1] == (Loss(LATE.day, Fraction(20_00)),)


def test_pay_that_a_refund_does_not_lower_loses_nothing() -> None:
    assert losses(PAID, 100_00, deal=of(EARLY))[1] == ()
    assert losses(PAID, 100_00, deal=of(cancelled_on=EARLY.day))[1] == ()


def test_of_a_deal_without_an_amount_refunds_share_what_was_lost_and_a_cancellation_takes_all() -> None:
    unknown = PaidLine(100_00, None, ())
    both = DealHistory(SOLD, None, (EARLY, LATE))
    assert losses(unknown, 50_00, deal=both)[1] == (Loss(EARLY.day, Fraction(40_00)), Loss(LATE.day, Fraction(10_00)))
    assert losses(unknown, 0, deal=DealHistory(SOLD, None, (), LATE.day))[1] == (Loss(LATE.day, Fraction(100_00)),)


def earned(rate: Fraction, amount: int, refunds: Sequence[DatedAmount]) -> int:
    """What a line earns as scoring rounds it."""
    return part(1, rate * max(0, amount - sum(each.amount for each in refunds)))


@st.composite
def decreases(draw: st.DrawFn) -> list[DatedAmount]:
    amounts = draw(st.lists(st.integers(1, 300_00), min_size=1, max_size=5))
    return [DatedAmount(draw(days), amount) for amount in amounts]


rates = st.fractions(Fraction(1, 997), Fraction(1, 2), max_denominator=997)


@given(decreases(), rates, schedules, st.data())
def test_a_decrease_in_parts_on_one_day_settles_as_the_whole(
    refunds: list[DatedAmount], rate: Fraction, schedule: Clawback, data: st.DataObject
) -> None:
    amount = 1500_00
    paid = PaidLine(earned(rate, amount, ()), amount, ())
    first = refunds[0]
    cuts = sorted(data.draw(st.lists(st.integers(0, first.amount), max_size=4)))
    parts = [DatedAmount(first.day, b - a) for a, b in pairwise([0, *cuts, first.amount]) if b > a]
    now = earned(rate, amount, refunds)
    whole, split = (of(*each, amount=amount) for each in (refunds, [*parts, *refunds[1:]]))
    assert kept(paid, now, whole, schedule) == kept(paid, now, split, schedule)


@given(decreases(), rates, schedules, st.booleans(), days, st.randoms(use_true_random=False))
def test_decreases_over_any_runs_dismiss_what_they_dismiss_at_once(
    refunds: list[DatedAmount], rate: Fraction, schedule: Clawback, lost: bool, day: date, random: object
) -> None:
    amount = 1500_00
    paid = PaidLine(earned(rate, amount, ()), amount, ())
    final = of(*refunds, amount=amount, cancelled_on=day if lost else None)
    at_once = kept(paid, 0 if lost else earned(rate, amount, refunds), final, schedule)
    order = list(refunds)
    random.shuffle(order)  # type: ignore[attr-defined]  # a `random.Random`
    state = paid
    for number in range(1, len(order) + 1):
        known = order[:number]
        state, _ = losses(state, earned(rate, amount, known), deal=of(*known, amount=amount))
    assert kept(state, 0 if lost else earned(rate, amount, refunds), final, schedule) == at_once


@given(decreases(), rates, schedules)
def test_what_is_dismissed_lies_between_nothing_and_what_was_lost(
    refunds: list[DatedAmount], rate: Fraction, schedule: Clawback
) -> None:
    amount = 1500_00
    paid, now = PaidLine(earned(rate, amount, ()), amount, ()), earned(rate, amount, refunds)
    lost = losses(paid, now, deal=of(*refunds, amount=amount))[1]
    assert sum(each.amount for each in lost) == paid.amount - now
    assert 0 <= dismissed(lost, schedule, since=SOLD) <= paid.amount - now


def test_who_has_less_of_a_deal_by_now_keeps_nothing_of_what_is_another_s() -> None:
    mine = PAID._replace(shares=(("own", 10**8),))
    cancelled = of(cancelled_on=LATE.day)
    assert losses(mine, 0, deal=cancelled, shares={})[1] == ()
    assert losses(mine, 0, deal=cancelled, shares={"own": 25_000_000, "overlay": 10**8})[1] == (
        Loss(LATE.day, Fraction(25_00)),
    )
    gone, _ = losses(mine, 0, deal=of(), shares={})
    assert losses(gone, 0, deal=cancelled, shares={"own": 10**8})[1] == (
        Loss(LATE.day, Fraction(100_00)),
    )  # it was theirs after all


shares = st.sampled_from([0, 30_000_000, 50_000_000, 10**8])
changes = st.lists(
    st.one_of(
        st.tuples(st.just("share"), shares),
        st.tuples(st.just("amount"), st.integers(900_00, 4000_00)),
        st.tuples(st.just("refund"), st.tuples(days, st.integers(1, 150_00))),
        st.tuples(st.just("none"), st.integers(0, 3)),
        st.tuples(st.just("cancel"), st.none() | days),
    ),
    min_size=1,
    max_size=6,
)


@given(changes, rates, schedules, st.sets(st.integers(0, 5)))
def test_changes_of_owner_price_and_refunds_dismiss_the_same_in_one_run_and_in_many(
    told: list[tuple[str, object]], rate: Fraction, schedule: Clawback, runs: set[int]
) -> None:
    share, amount, refunds, cancelled = 10**8, 1500_00, [], None
    state, first = (PaidLine(part(amount, rate), amount, (), shares=(("own", share),)) for _ in range(2))
    for number, (what, value) in enumerate(told):
        match what:
            case "share":
                share = value
            case "amount":
                amount = value
            case "refund":
                refunds.append(DatedAmount(*value))
            case "none" if value < len(refunds):
                refunds.pop(value)
            case "cancel":
                cancelled = value
        now = 0 if cancelled else earned(rate * Fraction(share, 10**8), amount, refunds)
        deal = of(*refunds, amount=amount, cancelled_on=cancelled)
        if number in runs or number == len(told) - 1:
            state, lost = losses(state, now, deal=deal, shares={"own": share})
    at_once = losses(first, now, deal=deal, shares={"own": share})[1]
    assert abs(dismissed(lost, schedule, since=SOLD) - dismissed(at_once, schedule, since=SOLD)) <= 2 * len(told)
