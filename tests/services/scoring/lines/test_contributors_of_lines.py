"""Who had a hand in whose pay of a month: whoever set a fact that it rests on, and nobody else."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import orjson
import polars as pl
import pytest
from sqlalchemy import Connection, Engine, insert

from services.scoring.lines.arrow_stream import framed
from services.scoring.lines.bulk import lines_of
from services.scoring.lines.service import read_month
from services.scoring.reference.store import ReferenceDataCache
from shared.contracts import lines as contract
from shared.log.port import Record
from shared.log.tables import dead_letter
from tests.services.scoring.conftest import Road, simple_plan

WON = {"stage": "won", "currency": "USD"}
YEARLY = {
    "measures": [{"measure": "bookings", "sum_of": ["own"], "reset": "year"}, {"measure": "team", "sum_of": ["team"]}]
}
Say = Callable[..., None]
Hands = Callable[..., dict[str, set[str]]]


@pytest.fixture
def sold(company: Road) -> Road:
    """ann (below bob, below cy) sold on March 7, eve (below dee, below cy) on March 20; bob, cy and dee hold nothing."""
    company.deal("d/ann", owner="ann", amount="1000.00", close_date="2025-03-07", **WON)
    company.deal("d/eve", owner="eve", amount="500.00", close_date="2025-03-20", **WON)
    company.person("fay", "2025-01-01", plan="rep", manager="bob")
    company.drain()
    return company


@pytest.fixture
def say(sold: Road) -> Say:
    """Something that `by` says, as the last so far; a roster patch where the key is no deal."""
    seconds = iter(range(1, 60))

    def said(key: str, by: str = "tina", **fields: Any) -> None:
        topic, name = ("deals", "deal_id") if "/" in key else ("roster", "participant_id")
        stamp = {"occurred_at": f"2025-08-01T00:00:{next(seconds):02d}.000000Z", "sequence": 0, "source": "x", "by": by}
        sold.put(topic, Record(key, orjson.dumps({name: key, "fields": fields, **stamp})))
        sold.drain()

    return said


@pytest.fixture
def hands(sold: Road) -> Hands:
    """By what somebody set, in whose pay of a month they had a hand."""

    def found(who: str = "tina", period: str = "2025-03", asked: Sequence[str] | None = None) -> dict[str, set[str]]:
        with sold.engine.execution_options(isolation_level="REPEATABLE READ").connect() as connection:
            of = lines_of(read_month(connection, ReferenceDataCache(), period=period, participants=asked))
            table = contract.checked(pl.read_ipc_stream(b"".join(framed(of))))
        by_kind: dict[str, set[str]] = {}
        for row in table.iter_rows(named=True):
            for each in row["touched_by"]:
                if each["who"] == who:
                    by_kind.setdefault(each["what"], set()).add(row["participant_id"])
        return by_kind

    return found


def dated(day: str, **fields: Any) -> dict[str, Any]:
    return {f"{day}/{name.replace('__', '.')}": value for name, value in fields.items()}


@pytest.mark.parametrize(
    ("facts", "moved"),
    [
        ({**dated("2025-03-05", manager="dee"), **dated("2025-03-11", manager="bob")}, {"ann", "bob", "dee", "cy"}),
        ({**dated("2025-03-08", manager="dee"), **dated("2025-03-09", manager="bob")}, {"ann", "bob", "dee", "cy"}),
        (dated("2025-03-01", manager="dee"), {"ann", "bob", "dee", "cy"}),
        (dated("2025-01-01", manager="dee"), {"ann", "bob", "dee", "cy"}),
        (dated("2025-03-04", manager=None), {"ann", "bob", "cy"}),
        ({**dated("2025-03-05", plan="other"), **dated("2025-03-06", plan="rep")}, {"ann"}),
        ({**dated("2025-03-05", position="x"), **dated("2025-03-06", position=None)}, {"ann"}),
        ({**dated("2025-03-05", category__grade="x"), **dated("2025-03-06", category__grade=None)}, {"ann"}),
        ({**dated("2025-03-05", territory="x"), **dated("2025-03-06", territory="y")}, {"ann"}),
        ({**dated("2025-03-05", active=False), **dated("2025-03-06", active=True)}, {"ann"}),
        (dated("2026-01-01", alias__email="ann@x.example"), {"ann", "bob", "cy"}),
        ({**dated("2024-01-01", alias__crm="7"), **dated("2025-01-01", alias__crm=None)}, {"ann", "bob", "cy"}),
    ],
)
def test_whoever_set_the_roster_on_any_day_of_the_month(
    say: Say, hands: Hands, facts: dict[str, Any], moved: set[str]
) -> None:
    say("ann", **facts)
    paid = {*hands("crm")["roster"]}
    assert hands() == {"roster": moved & paid}


def test_whoever_entered_a_figure_of_everyone_had_a_hand_in_everybodys_pay(say: Say, hands: Hands) -> None:
    say("*", **dated("2025-03-05", quota__bookings="1"))
    assert hands() == {"quota": hands("crm")["roster"]}
    assert hands(period="2025-02") == {}


@pytest.mark.parametrize(
    "facts",
    [
        dated("2025-04-01", manager="dee", plan="other", quota__bookings="1"),
        {**dated("2025-02-03", manager="dee"), **dated("2025-02-20", manager="bob")},
        dated("2025-03-10", payroll_id="7", cost_center="c"),
    ],
)
def test_nobody_has_a_hand_in_pay_by_what_it_does_not_rest_on(say: Say, hands: Hands, facts: dict[str, Any]) -> None:
    say("ann", "crm", **dated("2025-02-21", manager="bob"))
    say("ann", **facts)
    say("fay", **dated("2025-03-05", manager="dee", quota__bookings="5"))
    assert hands() == {}


def test_a_lead_between_seller_and_director_moves_only_the_directors(say: Say, hands: Hands) -> None:
    say("bob", **dated("2025-03-05", manager="dee"))
    assert hands() == {"roster": {"bob", "cy", "dee"}}
    assert hands(asked=["dee"]) == {"roster": {"dee"}}
    say("eve", "uma", **dated("2025-03-05", quota__bookings="5"))
    assert hands("uma") == {"quota": {"eve"}}


def test_a_fact_that_somebody_else_replaced_is_theirs(say: Say, hands: Hands) -> None:
    say("d/ann", amount="9.00")
    assert hands() == {"deal": {"ann", "bob", "cy"}}
    say("d/ann", "uma", amount="1000.00")
    assert (hands(), hands("uma")) == ({}, {"deal": {"ann", "bob", "cy"}})
    say("d/ann", "olga\ntom", amount="10.00")
    assert hands("olga") == hands("tom") == {"deal": {"ann", "bob", "cy"}}


def test_a_window_longer_than_a_month_rests_on_all_of_its_days(sold: Road, say: Say, hands: Hands) -> None:
    sold.plan(simple_plan(version=2, effective_from="2025-01-02", **YEARLY))
    sold.deal("d/late", owner="ann", amount="10.00", close_date="2025-06-10", **WON)
    sold.deal("d/last", owner="ann", amount="10.00", close_date="2024-12-10", **WON)
    say("ann", **dated("2025-02-03", quota__bookings="1"))
    say("ann", "crm", **dated("2025-03-01", quota__bookings="2"))
    say("d/eve", "uma", amount="600.00")
    say("d/ann", "uma", amount="600.00")
    say("d/last", "ugo", amount="600.00")
    say("fay", **dated("2024-12-31", manager="dee"))
    assert hands(period="2025-06") == {"quota": {"ann"}}
    assert hands("uma", "2025-06")["deal"] == {"ann", "bob", "cy"}
    assert hands("ugo", "2025-06") == {}


def test_everybody_whom_a_plan_compares_with_others_rests_on_them(sold: Road, say: Say, hands: Hands) -> None:
    contest = {"component": "best", "kind": "contest", "measure": "bookings", "prizes": ["100"]}
    sold.plan(simple_plan(version=2, effective_from="2025-03-01", components=[contest]))
    say("eve", **dated("2025-03-05", quota__bookings="1"))
    say("d/eve", "uma", amount="600.00")
    everybody = {*hands("crm")["roster"]}
    assert everybody >= {"ann", "eve"}
    assert (hands()["quota"], hands("uma")["deal"]) == (everybody, everybody)
    assert hands(asked=["ann"])["quota"] == {"ann"}


def test_who_shares_the_sellers_manager_rests_on_who_says_whose_that_is(sold: Road, say: Say, hands: Hands) -> None:
    team = [{"rule": "own"}, {"rule": "team", "to": "team"}]
    sold.plan(simple_plan(version=2, effective_from="2025-03-01", credits=team))
    sold.drain()
    say("ann", **dated("2025-03-03", manager="dee"))
    assert hands()["roster"] >= {"ann", "eve"}


def test_whoever_sent_again_what_had_not_been_taken_had_a_hand_in_it(sold: Road, say: Say, hands: Hands) -> None:
    def again(connection: Connection, topic: str, key: str, value: dict[str, Any]) -> None:
        row = {"worker": "credit", "topic": topic, "partition": 0, "position": 0, "key": key, "headers": {}}
        more = {"code": "bad", "message": "bad", "parked": False, "replayed_by": "olga", "value": orjson.dumps(value)}
        connection.execute(insert(dead_letter).values(**row, **more))

    stamp = {"occurred_at": "2025-07-31T00:00:01.000000Z", "sequence": 0, "source": "x", "by": "tina"}
    deal = {"deal_id": "d/ann", "fields": {"amount": "9.00"}, **stamp}
    person = {"participant_id": "eve", "fields": dated("2025-03-05", manager="bob"), **stamp}
    with sold.engine.begin() as connection:
        again(connection, "deals", "d/ann", deal)
        again(connection, "roster", "eve", person)
        again(connection, "plans", "rep@1", {"plan_id": "rep"})
    sold.put("plans", Record("rep@1", b"{}"))
    sold.put("deals", Record("d/ann", orjson.dumps(deal)))
    sold.put("roster", Record("eve", orjson.dumps(person)))
    sold.drain()
    assert hands("tina") == {"deal": {"ann", "bob", "cy"}, "roster": {"eve", "bob", "cy", "dee"}}
    assert {kind: len(whose) for kind, whose in hands("olga").items()} == {"deal": 3, "roster": 4, "rate": 5}
    say("d/ann", "uma", amount="10.00")
    assert "deal" not in hands("olga")


def test_an_engine_without_people_or_plans_has_no_hands(scoring_engine: Engine) -> None:
    with scoring_engine.execution_options(isolation_level="REPEATABLE READ").connect() as connection:
        month = read_month(connection, ReferenceDataCache(), period="2025-03", participants=None)
    assert not list(lines_of(month))
