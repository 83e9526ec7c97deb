"""Deals whose owner or holder is an e-mail address or a CRM's id credit the participant whose alias it is, whatever comes first."""

from __future__ import annotations

import random
from typing import Any

import polars as pl
import pytest
from sqlalchemy import text

from services.scoring.credit import store as stored_deals
from services.scoring.credit.deals import credits_of, uncredited_of
from shared.kernel import PlanSet, Roster
from shared.kernel.crediting.aliases import with_participants
from shared.kernel.crediting.deals import values_table
from tests.services.scoring.conftest import Road, simple_plan

WON = {"stage": "won", "amount": "1000.00", "currency": "USD", "close_date": "2025-03-14"}


def credited(road: Road, deal_id: str) -> dict[str, int]:
    with road.engine.connect() as connection:
        found = credits_of(stored_deals.deals(connection, [deal_id]))
    return dict(found.select("participant_id", "amount").iter_rows())


def reasons(road: Road, deal_id: str) -> set[tuple[str | None, str, str | None]]:
    with road.engine.connect() as connection:
        found = uncredited_of(stored_deals.deals(connection, [deal_id]))
    return set(found.select("participant_id", "reason", "about").iter_rows())


def alias(road: Road, who: str, at: str = "2025-05-01T00:00:00.000000Z", **names: str | None) -> None:
    fields = {f"2025-01-01/alias.{system}": name for system, name in names.items()}
    road.fact("roster", "participant_id", who, fields, at, 0, "hr")


@pytest.mark.parametrize("first", ["deals", "roster"])
def test_an_owner_by_e_mail_or_crm_id_is_the_participant_whichever_comes_first(company: Road, first: str) -> None:
    def deals() -> None:
        company.deal("d1", owner="Ann@Example.com", **WON)
        company.deal("d2", splits={"hs-7": "25", "eve": "75"}, **WON)
        company.drain()

    if first == "deals":
        deals()
        assert reasons(company, "d1") == {("ann@example.com", "unknown_participant", None)}
    alias(company, "ann", email="ann@example.COM", hubspot="hs-7")
    company.drain()
    if first == "roster":
        deals()
    assert (credited(company, "d1"), reasons(company, "d1")) == ({"ann": 100000, "bob": 100000, "cy": 100000}, set())
    assert credited(company, "d2") == {"ann": 25000, "eve": 75000, "bob": 25000, "dee": 75000, "cy": 100000}


def test_what_happens_to_the_participant_happens_to_deals_under_an_alias(company: Road) -> None:
    alias(company, "ann", email="ann@example.com")
    company.deal("d1", owner="ann@example.com", **WON)
    company.drain()
    company.person("ann", "2025-03-10", manager="dee")
    company.drain()
    assert credited(company, "d1").keys() == {"ann", "dee", "cy"}


def test_an_alias_that_moves_takes_its_deals_along(company: Road) -> None:
    alias(company, "ann", crm="7")
    company.deal("d1", owner="7", **WON)
    company.drain()
    alias(company, "eve", crm="7")
    company.drain()
    assert (credited(company, "d1"), reasons(company, "d1")) == ({}, {("7", "ambiguous_alias", "ann, eve")})
    alias(company, "ann", "2025-05-02T00:00:00.000000Z", crm=None)
    company.drain()
    assert credited(company, "d1").keys() == {"eve", "dee", "cy"}


def test_a_new_address_does_not_take_the_deals_of_the_old_one_away(company: Road) -> None:
    alias(company, "ann", email="ann@old.example")
    company.deal("d1", owner="ann@old.example", **WON)
    company.fact(
        "roster",
        "participant_id",
        "ann",
        {"2025-04-01/alias.email": "ann@new.example"},
        "2025-05-02T00:00:00.000000Z",
        0,
        "hr",
    )
    company.deal("d2", owner="ann@new.example", **WON)
    company.drain()
    assert credited(company, "d1").keys() == credited(company, "d2").keys() == {"ann", "bob", "cy"}


def test_an_id_goes_before_an_alias_also_when_it_joins_later(company: Road) -> None:
    alias(company, "ann", crm="zoe")
    company.deal("d1", owner="zoe", **WON)
    company.drain()
    assert "ann" in credited(company, "d1")
    company.person("zoe", "2025-01-01", plan="rep", manager="bob", quota_bookings="10000")
    company.drain()
    assert credited(company, "d1").keys() == {"zoe", "bob", "cy"}


def test_columns_of_participants_know_aliases(company: Road) -> None:
    columns: dict[str, Any] = {"columns": {"engineer": "participant"}}
    rules = {"credits": [{"rule": "own"}, {"rule": "helped", "to": "engineer"}, {"rule": "team", "to": "managers"}]}
    company.plan(simple_plan(**columns, **rules, version=2))
    company.deal("d1", owner="ann", **WON, **{"custom.engineer": "Eve@example.com"})
    company.drain()
    assert ("eve@example.com", "unknown_participant", None) in reasons(company, "d1")
    alias(company, "eve", email="eve@Example.com")
    company.drain()
    assert "eve" in credited(company, "d1")
    assert reasons(company, "d1") == set()


@pytest.mark.parametrize("seed", range(3))
def test_any_order_gives_the_same(company: Road, seed: int) -> None:
    changes = [
        lambda: alias(company, "ann", email="a@x.example"),
        lambda: alias(company, "ann", "2025-05-03T00:00:00.000000Z", email=None),
        lambda: alias(company, "eve", "2025-05-02T00:00:00.000000Z", email="A@x.example"),
        lambda: company.deal("d1", owner="A@X.example", **WON),
        lambda: company.deal("d2", splits={"a@x.example": "50", "eve": "50"}, **WON),
    ]
    random.Random(seed).shuffle(changes)
    for change in changes:
        change()
        company.drain()
    assert credited(company, "d1").keys() == {"eve", "dee", "cy"}
    assert credited(company, "d2") == {"eve": 100000, "dee": 100000, "cy": 100000}
    with company.engine.connect() as connection:
        assert connection.scalars(text("select owner from deal where deal_id = 'd1'")).all() == ["eve"]


def test_deals_without_any_alias_are_left_as_they_are() -> None:
    table = values_table([("d1", {"owner": "ann"}), ("d2", {"splits": {"ann": "100"}})], PlanSet([]).deal_columns)
    assert with_participants(table, Roster.from_facts([]), plans=PlanSet([])) is table


def test_ids_that_are_addresses_are_found_in_any_case_and_two_that_differ_in_case_stay_two() -> None:
    def people(*ids: str) -> Roster:
        facts = {"2025-01-01/plan": ["rep", "2025-01-01T00:00:00.000000Z", 0, "hr"]}
        return Roster.from_facts([(who, facts) for who in ids])

    def owners(roster: Roster, *names: str) -> list[str]:
        table = values_table([(f"d{n}", {"owner": name}) for n, name in enumerate(names)], PlanSet([]).deal_columns)
        found: pl.Series = with_participants(table, roster, plans=PlanSet([]))["owner"]
        return found.to_list()

    assert owners(people("Ann@x"), "ann@X", "Ann@x", "bob") == ["Ann@x", "Ann@x", "bob"]
    assert owners(people("Ann@x", "ann@x"), "Ann@x", "ann@x", "ANN@x") == ["Ann@x", "ann@x", "ann@x"]
