"""What single events do to credits and earnings, and what they leave alone."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import orjson
import pytest
from sqlalchemy import text

from services.scoring.credit import store as stored_deals
from services.scoring.credit.deals import credits_of, uncredited_of
from services.scoring.row_codec import NotEncodable
from shared.contracts.credits import CreditsChanged
from shared.contracts.earnings import EarningsChanged
from shared.log.port import Record
from tests.services.scoring.conftest import Road, simple_plan

WON = {"stage": "won", "amount": "1000.00", "currency": "USD", "close_date": "2025-03-14"}


def pay(road: Road) -> dict[tuple[str, str, str], int]:
    """(participant, component, period) -> minor units, without what pays nothing."""
    with road.engine.connect() as connection:
        rows = connection.execute(text("select participant_id, period, earnings from participant_sums")).all()
    return {
        (participant, earning["component"], period): earning["amount"]
        for participant, period, earnings in rows
        for earning in orjson.loads(earnings)
        if earning["amount"]
    }


def credited(road: Road, deal_id: str) -> dict[str, int]:
    """participant -> minor units credited from a deal."""
    with road.engine.connect() as connection:
        found = credits_of(stored_deals.deals(connection, [deal_id]))
    return dict(found.select("participant_id", "amount").iter_rows())


def reasons(road: Road, deal_id: str) -> set[tuple[str | None, str]]:
    with road.engine.connect() as connection:
        found = uncredited_of(stored_deals.deals(connection, [deal_id]))
    return set(found.select("participant_id", "reason").iter_rows())


def published(road: Road, topic: str) -> list[Any]:
    """The messages on a topic since the last call."""
    found = [orjson.loads(record.value or b"") for name, record in road.published if name == topic]
    road.published.clear()
    return found


def test_a_won_deal_pays_its_owner_and_their_managers(company: Road) -> None:
    company.deal("d1", owner="ann", **WON)
    company.drain()
    assert pay(company) == {
        ("ann", "commission", "2025-03"): 5000,
        ("bob", "override", "2025-03"): 1000,
        ("cy", "override", "2025-03"): 1000,
    }


def test_a_refund_takes_back_what_it_paid(company: Road) -> None:
    company.deal("d1", owner="ann", **WON)
    company.drain()
    company.deal("d1", "2025-06-01T00:00:00.000000Z", **{"refunds.r1": {"amount": "400.00", "date": "2025-06-01"}})
    company.drain()
    assert credited(company, "d1") == {"ann": 60000, "bob": 60000, "cy": 60000}
    assert pay(company)["ann", "commission", "2025-03"] == 3000


def test_a_deal_given_to_another_owner_leaves_nothing_with_the_first(company: Road) -> None:
    company.deal("d1", owner="ann", **WON)
    company.drain()
    company.deal("d1", "2025-06-01T00:00:00.000000Z", owner="eve")
    company.drain()
    assert pay(company) == {
        ("eve", "commission", "2025-03"): 5000,
        ("dee", "override", "2025-03"): 1000,
        ("cy", "override", "2025-03"): 1000,
    }


def test_a_late_split_divides_what_one_had_alone(company: Road) -> None:
    company.deal("d1", owner="ann", **WON)
    company.drain()
    company.deal("d1", "2025-06-01T00:00:00.000000Z", splits={"ann": "33.3333", "eve": "66.6667"})
    company.drain()
    assert credited(company, "d1") == {"ann": 33333, "eve": 66667, "bob": 33333, "dee": 66667, "cy": 100000}


def test_a_cancelled_deal_pays_nobody(company: Road) -> None:
    company.deal("d1", owner="ann", **WON)
    company.drain()
    company.deal("d1", "2025-06-01T00:00:00.000000Z", stage="cancelled")
    company.drain()
    assert (credited(company, "d1"), pay(company)) == ({}, {})


def test_a_retroactive_manager_moves_overrides_from_that_day_on(company: Road) -> None:
    company.deal("early", owner="ann", **{**WON, "close_date": "2025-03-09"})
    company.deal("late", owner="ann", **WON)
    company.drain()
    company.person("ann", "2025-03-10", manager="dee")
    company.drain()
    assert credited(company, "early") == {"ann": 100000, "bob": 100000, "cy": 100000}
    assert credited(company, "late") == {"ann": 100000, "dee": 100000, "cy": 100000}
    assert pay(company)["bob", "override", "2025-03"] == pay(company)["dee", "override", "2025-03"] == 1000


def test_a_change_counts_for_deals_closed_on_its_very_day(company: Road) -> None:
    company.deal("d1", owner="ann", **WON)
    company.drain()
    company.person("ann", WON["close_date"], manager="dee")
    company.drain()
    assert credited(company, "d1").keys() == {"ann", "dee", "cy"}


def test_a_retroactive_change_in_the_middle_of_the_chain_moves_what_is_above(company: Road) -> None:
    company.deal("d1", owner="ann", **WON)
    company.drain()
    company.person("bob", "2025-02-01", manager="dee")
    company.drain()
    assert credited(company, "d1").keys() == {"ann", "bob", "dee", "cy"}


def test_a_deal_of_someone_unknown_waits_for_the_roster(company: Road) -> None:
    company.deal("d1", owner="newcomer", **WON)
    company.drain()
    assert reasons(company, "d1") == {("newcomer", "unknown_participant")}
    company.person("newcomer", "2025-03-01", plan="rep", manager="bob", quota_bookings="10000")
    company.drain()
    assert reasons(company, "d1") == set()
    assert credited(company, "d1").keys() == {"newcomer", "bob", "cy"}


def test_the_reason_changes_with_the_roster(company: Road) -> None:
    company.deal("d1", owner="newcomer", **WON)
    company.drain()
    company.person("newcomer", "2025-03-01", quota_bookings="10000")
    company.drain()
    assert reasons(company, "d1") == {("newcomer", "no_plan")}


def test_all_patches_of_a_batch_count(company: Road) -> None:
    company.deal("d1", owner="ann", **WON)
    company.drain()
    company.deal("d1", "2025-06-01T00:00:00.000000Z", owner="eve")
    company.deal("d1", "2025-06-02T00:00:00.000000Z", amount="500.00")
    company.drain()
    assert credited(company, "d1") == {"eve": 50000, "dee": 50000, "cy": 50000}


def test_a_repeated_deal_beside_a_new_one_keeps_its_credits(company: Road) -> None:
    company.deal("d1", owner="ann", **WON)
    company.drain()
    company.deal("d1", owner="ann", **WON)
    company.deal("d2", owner="ann", **WON)
    company.drain()
    assert pay(company)["ann", "commission", "2025-03"] == 10000


def test_a_plan_that_comes_last_credits_what_came_before(road: Road) -> None:
    road.deal("d1", owner="ann", **WON)
    road.person("ann", "2025-01-01", plan="rep")
    road.drain()
    assert reasons(road, "d1") == {("ann", "unknown_plan")}
    road.plan(simple_plan())
    road.drain()
    assert credited(road, "d1") == {"ann": 100000}


def test_a_quota_alone_earns_again_and_credits_nothing_again(company: Road) -> None:
    company.deal("d1", owner="ann", **WON)
    company.drain()
    company.published.clear()
    company.person("ann", "2025-03-01", quota_bookings="500")
    company.drain()
    assert {topic for topic, _ in company.published} == {"credits", "earnings"}
    assert pay(company)["ann", "commission", "2025-03"] == 2500 + 5000


def test_a_quota_of_someone_without_credits_asks_nobody_anything(company: Road) -> None:
    company.published.clear()
    company.person("ann", "2025-03-01", quota_bookings="500")
    company.drain()
    assert company.published == []


def test_what_says_nothing_new_publishes_nothing(company: Road) -> None:
    company.deal("d1", owner="ann", **WON)
    company.drain()
    company.published.clear()
    company.deal("d1", owner="ann", **WON)
    company.plan(simple_plan())
    company.person("ann", "2025-01-01", plan="rep", manager="bob", quota_bookings="10000")
    company.deal("d1", "2025-06-01T00:00:00.000000Z", account="renamed")
    company.drain()
    assert company.published == []


def test_earning_the_same_again_publishes_nothing(company: Road) -> None:
    company.deal("d1", owner="ann", **WON)
    company.drain()
    company.published.clear()
    company.put("credits", Record("ann", orjson.dumps({"participant_id": "ann", "changes": []})))
    company.drain()
    assert company.published == []


def test_a_deal_that_credits_the_same_again_is_not_written_again(company: Road) -> None:
    company.deal("d1", owner="ann", **WON)
    company.drain()
    with company.engine.connect() as connection:
        before = connection.scalar(text("select ctid::text from deal"))
    company.put("recredits", Record("d1", orjson.dumps({"deal_ids": ["d1", "unheard of"]})))
    company.drain()
    with company.engine.connect() as connection:
        assert connection.scalar(text("select ctid::text from deal")) == before


def test_many_events_of_a_batch_become_one_record_per_participant(company: Road) -> None:
    company.published.clear()
    for number in range(20):
        company.deal(f"d{number}", owner="ann", **WON)
    company.drain()
    changes = {m["participant_id"]: CreditsChanged.model_validate(m).changes for m in published(company, "credits")}
    assert {who: [(c.rule, c.amount, c.deals) for c in found] for who, found in changes.items()} == {
        "ann": [("own", 2_000_000, 20)],
        "bob": [("team", 2_000_000, 20)],
        "cy": [("team", 2_000_000, 20)],
    }


def test_earnings_are_published_whole_with_a_revision_that_grows_and_where_they_come_from(company: Road) -> None:
    found = []
    for number in range(3):
        company.published.clear()
        company.deal(
            "d1", f"2025-06-0{number + 1}T00:00:00.000000Z", owner="ann", **{**WON, "amount": f"{number}00.00"}
        )
        company.drain()
        messages = [EarningsChanged.model_validate(m) for m in published(company, "earnings")]
        found += [m for m in messages if m.participant_id == "ann"]
    assert [
        (m.revision, [(e.component, e.amount, Decimal(e.measure), e.quota and Decimal(e.quota)) for e in m.earnings])
        for m in found
    ] == [
        (1, [("commission", 0, 0, 10_000), ("override", 0, 0, None)]),
        (2, [("commission", 500, 100, 10_000), ("override", 0, 0, None)]),
        (3, [("commission", 1000, 200, 10_000), ("override", 0, 0, None)]),
    ]
    [(partition, following)] = found[-1].basis.items()
    assert following == company.ends[next(p for p in company.ends if p == ("credits", int(partition)))]


def test_what_is_published_says_after_which_time_a_quota_begins_anew_where_that_is_no_month(road: Road) -> None:
    plan = simple_plan()
    plan["measures"][0] |= {"reset": "quarter"}
    road.plan(plan)
    road.person("ann", "2025-01-01", plan="rep", quota_bookings="30000")
    road.deal("d1", owner="ann", **WON)
    road.drain()
    [message] = [each for each in published(road, "earnings") if each["participant_id"] == "ann"]
    assert {each["component"]: each.get("reset", "left out") for each in message["earnings"]} == {
        "commission": "quarter",
        "override": "left out",
    }
    commission = EarningsChanged.model_validate(message).earnings[0]
    assert (commission.reset, commission.measure, commission.quota) == ("quarter", "1000.000000000", "30000.000000000")


def test_what_cannot_be_read_is_rejected_without_its_values_and_stops_nothing(company: Road) -> None:
    company.put(
        "deals", Record("d1", b'{"deal_id":"d1","fields":{"amount":"7531.00"},"occurred_at":7531,"source":"crm"}')
    )
    company.put("deals", Record("d2", None))
    company.put("roster", Record("ann", b"not json"))
    company.put("plans", Record("x@1", b"{}"))
    company.put("recredits", Record("d9", b'{"deal_ids":7}'))
    company.deal("d3", owner="ann", **WON)
    company.drain()
    assert {(r.stored.record.key, r.code) for r in company.rejections} == {
        (key, "malformed") for key in ("d1", "d2", "ann", "x@1", "d9")
    }
    assert not any("7531" in r.message for r in company.rejections)
    assert credited(company, "d3").keys() == {"ann", "bob", "cy"}


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ({"name": "Other"}, "plan_version_exists"),
        ({"plan": "other", "columns": {"segment": "number"}}, "plan_conflict"),
        ({"version": 2, "effective_from": "2025-06-01", "currency": "dollars"}, "invalid_plan"),
    ],
)
def test_a_plan_that_cannot_stand_beside_the_others_is_rejected(
    company: Road, change: dict[str, Any], code: str
) -> None:
    company.plan(simple_plan(plan="lead", columns={"segment": "text"}))
    company.drain()
    company.plan(simple_plan(**change))
    company.drain()
    assert [r.code for r in company.rejections] == [code]


@pytest.mark.parametrize("order", [(1, 2, 3), (3, 2, 1)])
def test_a_version_from_the_same_day_replaces_those_below_it_from_its_first_day(
    road: Road, order: tuple[int, ...]
) -> None:
    plans = {1: simple_plan(columns={"segment": "number"})}
    plans |= {n: simple_plan(version=n, columns={"segment": "text"}) for n in (2, 3)}
    plans[3]["components"] = [{"component": "commission", "measure": "bookings", "kind": "flat", "rate": "7%"}]
    road.person("ann", "2025-01-01", plan="rep", quota_bookings="10000")
    for place, number in enumerate(order):
        road.plan(plans[number])
        road.deal(f"d{place}", owner="ann", **WON)
        road.drain()
    assert not road.rejections
    assert pay(road) == {("ann", "commission", "2025-03"): 21000}


def test_a_plan_under_a_false_name_is_rejected(company: Road) -> None:
    published = {"plan_id": "rep", "version": 9, "effective_from": "2025-01-01", "document": simple_plan()}
    company.put("plans", Record("rep@9", orjson.dumps(published)))
    company.drain()
    assert [r.code for r in company.rejections] == ["invalid_plan"]


def test_a_name_that_is_no_identifier_is_an_error(company: Road) -> None:
    company.deal("d1", owner='ann","rep', **WON)
    with pytest.raises(NotEncodable):
        company.drain()


def test_a_poisoned_fact_raises_for_the_loop_to_isolate(company: Road) -> None:
    company.deal("d1", owner="ann", **{**WON, "close_date": "the other day"})
    with pytest.raises(ValueError, match="isoformat"):
        company.drain()
