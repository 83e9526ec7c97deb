"""Counting deals and earnings: the sums are a function of the facts, whatever way the facts took."""

from __future__ import annotations

import random
from collections.abc import Callable, Mapping, Sequence
from datetime import date
from typing import Any, TypeVar

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import Engine, text

from services.alerts.kpis.sums import Sums, Totals
from services.alerts.rollups import store
from shared.log.port import Partition, Record, Stored
from shared.log.step import Outcome

Count = Callable[[Sequence[Stored]], Outcome]
Make = Callable[..., Stored]
Bucket = TypeVar("Bucket")

MORNING = "2025-03-14T08:00:00.000000Z"
NOON = "2025-03-14T12:00:00.000000Z"
EVENING = "2025-03-14T23:30:00.000000Z"
MARCH_14 = (date(2025, 3, 14), "USD")


def totals(engine: Engine) -> Totals:
    """All sums that are not zero."""
    with engine.connect() as connection:
        held = store.totals(connection, date(2020, 1, 1), last=date(2030, 12, 31))
    return Totals(not_zero(held.days), not_zero(held.months))


def not_zero(buckets: Mapping[Bucket, Sums]) -> dict[Bucket, Sums]:
    left = {bucket: {name: value for name, value in sums.items() if value} for bucket, sums in buckets.items()}
    return {bucket: sums for bucket, sums in left.items() if sums}


WON = {"stage": "won", "amount": "90.00", "list_amount": "100.00", "currency": "USD", "close_date": "2025-03-14"}


def test_a_won_deal_counts_on_its_close_date(count: Count, deal: Make, alerts_engine: Engine) -> None:
    count([deal("d1", NOON, **WON)])
    assert totals(alerts_engine).days == {
        MARCH_14: {"won": 1, "revenue": 9000, "listed": 1, "list_amount": 10000, "net_amount": 9000}
    }


def test_a_correction_moves_the_deal_to_its_new_date_and_amount(
    count: Count, deal: Make, alerts_engine: Engine
) -> None:
    count([deal("d1", MORNING, **WON)])
    count([deal("d1", NOON, amount="80.00", close_date="2025-04-01")])
    assert totals(alerts_engine).days == {
        (date(2025, 4, 1), "USD"): {"won": 1, "revenue": 8000, "listed": 1, "list_amount": 10000, "net_amount": 8000}
    }


def test_a_refund_lowers_revenue_but_is_no_discount(count: Count, deal: Make, alerts_engine: Engine) -> None:
    count([deal("d1", MORNING, **WON)])
    count([deal("d1", NOON, **{"refunds.r1": {"amount": "30.00", "date": "2025-05-01"}})])
    assert totals(alerts_engine).days == {
        MARCH_14: {"won": 1, "revenue": 6000, "listed": 1, "list_amount": 10000, "net_amount": 9000}
    }
    count([deal("d1", EVENING, **{"refunds.r1": None})])
    assert totals(alerts_engine).days == {
        MARCH_14: {"won": 1, "revenue": 9000, "listed": 1, "list_amount": 10000, "net_amount": 9000}
    }


def test_a_deal_without_a_list_price_stays_out_of_the_discount(count: Count, deal: Make, alerts_engine: Engine) -> None:
    count([deal("d1", NOON, **WON | {"list_amount": None})])
    assert totals(alerts_engine).days == {MARCH_14: {"won": 1, "revenue": 9000}}


def test_a_deal_that_cannot_be_represented_exactly_is_won_without_amounts(
    count: Count, deal: Make, alerts_engine: Engine
) -> None:
    count([deal("d1", NOON, **WON | {"amount": "90.001"})])
    assert totals(alerts_engine).days == {MARCH_14: {"won": 1}}


def test_a_cancelled_deal_counts_nowhere(count: Count, deal: Make, alerts_engine: Engine) -> None:
    count([deal("d1", MORNING, **WON)])
    count([deal("d1", NOON, stage="cancelled")])
    assert totals(alerts_engine).days == {}


def test_the_latest_instant_is_kept_also_of_patches_that_change_no_sum(
    count: Count, deal: Make, alerts_engine: Engine
) -> None:
    count([deal("d1", EVENING, owner="ada"), deal("d2", MORNING, stage="open")])
    count([deal("d3", NOON, stage="open")])
    with alerts_engine.connect() as connection:
        assert store.latest(connection) == EVENING


def test_a_patch_without_a_field_of_interest_keeps_no_row(count: Count, deal: Make, alerts_engine: Engine) -> None:
    count([deal("d1", NOON, owner="ada", product="P1")])
    with alerts_engine.connect() as connection:
        assert connection.execute(text("select count(*) from deal")).scalar() == 0


def test_only_the_latest_revision_of_an_earning_counts(count: Count, earned: Make, alerts_engine: Engine) -> None:
    count([earned("ada", "2025-03", 2, (500, 9000, 10000, "USD")), earned("ada", "2025-03", 1, (1, 1, 1, "USD"))])
    count([earned("ada", "2025-03", 1, (7, 7, 7, "USD")), earned("bob", "2025-03", 1, (300, 4000, 5000, "USD"))])
    assert totals(alerts_engine).months == {
        ("2025-03", "USD"): {"amount": 800, "measure": 13000, "quota": 15000, "with_quota": 2}
    }
    count([earned("ada", "2025-03", 3)])
    assert totals(alerts_engine).months == {
        ("2025-03", "USD"): {"amount": 300, "measure": 4000, "quota": 5000, "with_quota": 1}
    }


def test_a_component_without_a_quota_adds_its_amount_but_no_measure(
    count: Count, earned: Make, alerts_engine: Engine
) -> None:
    count([earned("ada", "2025-03", 1, (500, 9000, 10000, "USD"), (20, 70000, None, "USD"), (9, 8, None, "EUR"))])
    assert totals(alerts_engine).months == {
        ("2025-03", "USD"): {"amount": 520, "measure": 9000, "quota": 10000, "with_quota": 1},
        ("2025-03", "EUR"): {"amount": 9},
    }


def test_a_participant_with_two_quotas_is_one_observation(count: Count, earned: Make, alerts_engine: Engine) -> None:
    count([earned("ada", "2025-03", 1, (500, 9000, 10000, "USD"), (20, 70, 100, "USD"))])
    assert totals(alerts_engine).months == {
        ("2025-03", "USD"): {"amount": 520, "measure": 9070, "quota": 10100, "with_quota": 1}
    }


@pytest.mark.parametrize("wrong", [{"amount": "ten"}, {"amount": []}, {"refunds.r1": {}}, {"currency": "USDT"}])
def test_a_deal_that_cannot_be_read_is_won_without_amounts(
    count: Count, deal: Make, alerts_engine: Engine, wrong: dict[str, Any]
) -> None:
    count([deal("d1", NOON, **WON | wrong)])
    assert list(totals(alerts_engine).days.values()) == [{"won": 1}]


def test_what_cannot_be_read_is_rejected_without_repeating_its_values(
    count: Count, deal: Make, alerts_engine: Engine
) -> None:
    secret = Stored(Partition("earnings", 0), 5, Record("ada", b'{"participant_id": "ada", "amount": 123456}'), 0.0)
    outcome = count([Stored(Partition("deals", 0), 4, Record("d9", None), 0.0), secret, deal("d1", NOON, **WON)])
    assert [(rejection.stored.position, rejection.code) for rejection in outcome.rejections] == [
        (4, "malformed"),
        (5, "malformed"),
    ]
    assert "123456" not in outcome.rejections[1].message
    assert totals(alerts_engine).days == {
        MARCH_14: {"won": 1, "revenue": 9000, "listed": 1, "list_amount": 10000, "net_amount": 9000}
    }


FIELDS: st.SearchStrategy[dict[str, Any]] = st.fixed_dictionaries(
    {},
    optional={
        "stage": st.sampled_from(["open", "won", "lost", "cancelled", None]),
        "amount": st.sampled_from(["10.00", "20.50", "7.001", "ten", None]),
        "list_amount": st.sampled_from(["30.00", None]),
        "currency": st.sampled_from(["USD", "JPY", None]),
        "close_date": st.sampled_from(["2025-03-14", "2025-04-01", "soon", None]),
        "refunds.a": st.sampled_from([{"amount": "1.00", "date": "2025-04-01"}, {}, None]),
        "owner": st.sampled_from(["ada", "bob"]),
    },
)
PATCHES = st.lists(
    st.tuples(st.sampled_from(["d1", "d2"]), st.sampled_from([MORNING, NOON, EVENING]), st.integers(0, 2), FIELDS),
    max_size=12,
)
EARNED = st.lists(
    st.tuples(
        st.sampled_from(["ada", "bob"]),
        st.sampled_from(["2025-03", "2025-04"]),
        st.lists(
            st.tuples(
                st.integers(-(10**12), 10**12),
                st.integers(0, 10**12),
                st.one_of(st.none(), st.integers(0, 10**12)),
                st.sampled_from(["USD", "EUR"]),
            ),
            max_size=3,
        ),
    ),
    max_size=8,
)


@settings(max_examples=40, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(patches=PATCHES, earnings=EARNED, order=st.randoms(use_true_random=False), size=st.integers(1, 7))
def test_any_order_repetition_and_batching_gives_the_same_sums(
    count: Count,
    deal: Make,
    earned: Make,
    alerts_engine: Engine,
    patches: list[tuple[str, str, int, dict[str, Any]]],
    earnings: list[tuple[str, str, list[tuple[int, int, int | None, str]]]],
    order: random.Random,
    size: int,
) -> None:
    records = [deal(deal_id, at, sequence, **fields) for deal_id, at, sequence, fields in patches]
    records += [earned(who, period, number, *parts) for number, (who, period, parts) in enumerate(earnings)]

    def sums_of(batches: Sequence[Sequence[Stored]]) -> tuple[Totals, str | None]:
        with alerts_engine.begin() as connection:
            connection.execute(text("truncate deal, deal_sum, earning, earning_sum, seen"))
        for batch in batches:
            assert not count(batch).rejections
        with alerts_engine.connect() as connection:
            return totals(alerts_engine), store.latest(connection)

    shuffled = records + [record for record in records if order.random() < 0.5]
    order.shuffle(shuffled)
    one_by_one = sums_of([[record] for record in records])
    assert sums_of([shuffled[at : at + size] for at in range(0, len(shuffled), size)]) == one_by_one
