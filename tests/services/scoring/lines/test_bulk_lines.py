"""The lines of a month in bulk: they sum to what was published, say what /explain says, and name who set the facts."""

from __future__ import annotations

import random
from collections.abc import Callable
from datetime import date
from pathlib import Path
from typing import Any

import orjson
import polars as pl
import pytest
from fastapi import FastAPI
from fastapi.testclient import TestClient
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from sqlalchemy import Engine

from services.scoring.app import create_app
from services.scoring.credit.deal_facts import DEAL_FACTS, _one, deal_facts
from services.scoring.facts_codec import pack
from services.scoring.lines.arrow_stream import framed
from services.scoring.lines.bulk import lines_of
from services.scoring.lines.service import read_month
from services.scoring.reference.store import ReferenceDataCache
from shared.contracts import lines as contract
from shared.explanation import frozen
from shared.facts import Facts, merge
from shared.log.open import open_log
from shared.log.port import Record
from shared.money import from_minor
from shared.settings import Settings
from tests.services.scoring.conftest import Road, empty_tables, simple_plan
from tests.services.scoring.test_scoring_api import WON, app, company, get
from tests.services.scoring.test_scoring_converges import events_of, put
from tests.services.scoring.test_scoring_converges_on_rich_plans import worlds

__all__ = ["app", "company", "get"]

Get = Callable[..., Any]


def table(answer: Any) -> pl.DataFrame:
    """The table of an answer, checked."""
    assert answer.status_code == 200, answer.text
    assert answer.headers["content-type"] == contract.MEDIA_TYPE
    return contract.checked(pl.read_ipc_stream(answer.content))


def bulk(engine: Engine, period: str) -> pl.DataFrame:
    """The lines of a month, without HTTP."""
    with engine.execution_options(isolation_level="REPEATABLE READ").connect() as connection:
        month = read_month(connection, ReferenceDataCache(), period=period, participants=None)
    return contract.checked(pl.read_ipc_stream(b"".join(framed(lines_of(month)))))


def test_lines_sum_to_the_published_earnings_and_say_their_revision(get: Get, scoring_engine: Engine) -> None:
    found = table(get("/v1/lines", params={"period": "2025-03"}))
    assert found["participant_id"].to_list() == ["ann/east", "bob"]
    assert found["settled"].all()
    [ann, bob] = found.iter_rows(named=True)
    assert {e["component"]: e["amount"] for e in ann["earnings"]} == {"commission": 6000, "override": 0}
    assert [(x["component"], x["line"], x["deal_id"], x["amount"]) for x in ann["lines"]] == [
        ("commission", 1, "crm/1", 4500),
        ("commission", 2, "crm/2", 1500),
    ]
    assert [(x["deal_id"], x["amount"]) for x in bob["lines"]] == [("crm/1", 900), ("crm/2", 200)]
    with scoring_engine.connect() as connection:
        held = connection.exec_driver_sql(
            "select participant_id, revision from participant_sums where period = '2025-03'"
        )
        assert dict(map(tuple, held)) == dict(found.select("participant_id", "revision").iter_rows())


def test_those_who_are_named_and_nobody_else(get: Get, app: FastAPI) -> None:
    client = TestClient(app, headers={"authorization": "Bearer analyst"})
    all_of_them = table(get("/v1/lines", params={"period": "2025-03"}))
    asked = {"period": "2025-03", "participants": ["bob", "nobody", "bob"]}
    assert table(client.post("/v1/lines", json=asked)).equals(all_of_them.filter(pl.col("participant_id") == "bob"))
    assert table(client.post("/v1/lines", json={"period": "1999-01", "participants": []})).is_empty()
    assert get("/v1/lines", params={"period": "2025-13"}).status_code == 422
    assert client.get("/v1/lines?period=2025-03", headers={"authorization": "Bearer crm"}).status_code == 403


def test_a_line_has_the_facts_of_its_deal(get: Get, company: Road) -> None:
    company.deal(
        "crm/1",
        at="2025-06-01T00:00:00.000000Z",
        **{
            "payments.p1": {"amount": "500.00", "date": "2025-04-20"},
            "payments.p2": {"amount": "400.10", "date": "2025-05-20"},
            "payments.p3": None,
            "payments.p4": {"amount": "-400.10", "date": "2025-05-22"},
            "refunds.r1": {"amount": "0.10", "date": "2025-05-21"},
            "cancel_date": "2025-06-01",
            "start_date": "2025-04-01",
            "term_months": 24,
            "contract": "C-7",
            "account": "Acme",
        },
    )
    company.drain()
    [first, second] = table(get("/v1/lines", params={"period": "2025-03"}))["lines"][0]
    names = ("deal_amount", "deal_currency", "payments", "refunds", "closed_on", "cancelled_on")
    assert [first[name] for name in names] == [
        90_000,
        "USD",
        [
            {"day": date(2025, 4, 20), "amount": 50_000},
            {"day": date(2025, 5, 20), "amount": 40_010},
            {"day": date(2025, 5, 22), "amount": -40_010},
        ],
        [{"day": date(2025, 5, 21), "amount": 10}],
        date(2025, 3, 14),
        date(2025, 6, 1),
    ]
    assert (first["term_months"], first["start_date"], first["contract"], first["account"]) == (
        24,
        date(2025, 4, 1),
        "C-7",
        "Acme",
    )
    assert [second[name] for name in names] == [20_000, "USD", [], [], date(2025, 3, 15), None]


def test_payments_change_no_credit_and_no_earning(get: Get, company: Road, scoring_engine: Engine) -> None:
    before = table(get("/v1/lines", params={"period": "2025-03"})).drop("lines", "touched_by")
    facts = {"payments.p1": {"amount": "1.00", "date": "2025-04-20"}, "cancel_date": "2025-04-02", "term_months": 1}
    company.deal("crm/2", at="2025-07-01T00:00:00.000000Z", **facts)
    company.person("ann/east", "2025-01-02", payroll_id="7", first_name="Ann", entity="US", cost_center="9")
    company.drain()
    assert table(get("/v1/lines", params={"period": "2025-03"})).drop("lines", "touched_by").equals(before)


def test_deals_of_which_a_payment_was_taken_back_are_named_until_they_are_paid(get: Get, company: Road) -> None:
    def less(day: str) -> list[str]:
        return list(get("/v1/paid-less", params={"as_of": day}).json()["deals"])

    def pays(deal: str, moment: str, payment: dict[str, str] | None, name: str = "p1") -> None:
        company.deal(deal, at=f"2025-07-{moment}T00:00:00.000000Z", **{f"payments.{name}": payment})
        company.drain()

    all_of_it = {"amount": "200.00", "date": "2025-04-20"}
    pays("crm/1", "01", {"amount": "500.00", "date": "2025-04-20"})
    pays("crm/2", "01", all_of_it)
    assert less("2025-12-31") == []
    pays("crm/2", "02", None)
    assert less("2025-12-31") == ["crm/2"]
    pays("crm/2", "03", all_of_it)
    assert less("2025-12-31") == []
    pays("crm/2", "04", {"amount": "-50.00", "date": "2025-05-02"}, "p2")
    assert (less("2025-05-01"), less("2025-05-02")) == ([], ["crm/2"])
    pays("crm/2", "05", {"amount": "50.00", "date": "2025-06-02"}, "p3")
    assert less("2025-06-02") == []
    pays("crm/2", "06", all_of_it | {"amount": "120.00"})
    assert less("2025-06-02") == ["crm/2"]


def test_while_credits_are_on_their_way_the_participant_is_not_settled(get: Get, company: Road) -> None:
    company.deal("crm/9", owner="ann/east", amount="1.00", **WON)
    company.deliver("credit", company._take("credit", None))
    assert table(get("/v1/lines", params={"period": "2025-03"}))["settled"].to_list() == [False, False]
    company.drain()
    assert table(get("/v1/lines", params={"period": "2025-03"}))["settled"].to_list() == [True, True]


def test_whose_keys_set_the_facts(get: Get, company: Road) -> None:
    def say(topic: str, name: str, key: str, fields: dict[str, Any], by: str) -> None:
        stamp = {"occurred_at": "2025-08-01T00:00:00.000000Z", "sequence": 0, "source": "crm", "by": by}
        company.put(topic, _record(key, {name: key, "fields": fields, **stamp}))

    say("deals", "deal_id", "crm/2", {"amount": "210.00"}, "dana")
    say("roster", "participant_id", "ann/east", {"2025-01-01/quota.bookings": "1100"}, "quinn")
    say("roster", "participant_id", "ann/east", {"2025-01-01/term.rate": "0.1", "2025-03-05/payroll_id": "9"}, "rita")
    say("roster", "participant_id", "ann/east", {"2025-09-01/manager": None}, "late")
    document = simple_plan(version=2, effective_from="2025-03-15")
    published = {"plan_id": "rep", "version": 2, "effective_from": "2025-03-15", "document": document, "author": "pat"}
    company.put("plans", _record("rep@2", published))
    company.drain()
    found = table(get("/v1/lines", params={"period": "2025-03"}))
    touched = {(each["who"], each["what"]) for each in found["touched_by"][0]}
    assert touched == {
        ("crm", "deal"), ("dana", "deal"), ("quinn", "quota"), ("rita", "rate"), ("pat", "rate"), ("crm", "roster"),
    }  # fmt: skip
    facts = get("/v1/deals/crm/2").json()["facts"]
    assert (facts["amount"]["source"], facts["amount"]["by"], facts["stage"]["by"]) == ("crm", "dana", "crm")


def test_whoever_takes_a_deal_away_has_touched_the_month_that_it_is_taken_from(get: Get, company: Road) -> None:
    def say(deal: str, by: str, day: int, **fields: Any) -> None:
        stamp = {"occurred_at": f"2025-08-0{day}T00:00:00.000000Z", "sequence": 0, "source": "crm", "by": by}
        company.put("deals", _record(deal, {"deal_id": deal, "fields": fields, **stamp}))
        company.drain()

    def deal_hands(period: str = "2025-03") -> dict[str, set[str]]:
        rows = table(get("/v1/lines", params={"period": period})).iter_rows(named=True)
        return {row["participant_id"]: {x["who"] for x in row["touched_by"] if x["what"] == "deal"} for row in rows}

    assert deal_hands() == {"ann/east": {"crm"}, "bob": {"crm"}}
    say("crm/1", "lea", 1, stage="lost")
    assert deal_hands() == {"ann/east": {"crm", "lea"}, "bob": {"crm", "lea"}}
    say("crm/2", "mo", 2, close_date="2025-05-15")
    assert deal_hands() == {"ann/east": {"crm", "lea", "mo"}, "bob": {"crm", "lea", "mo"}}
    assert deal_hands("2025-05") == {"ann/east": {"crm", "mo"}, "bob": {"crm", "mo"}}
    say("crm/2", "nan", 3, owner="bob")
    assert deal_hands("2025-05") == {"ann/east": {"crm", "mo", "nan"}, "bob": {"crm", "mo", "nan"}}
    found = table(get("/v1/lines", params={"period": "2025-03"}))
    assert found["settled"].all()
    assert not found["touched_by"].list.eval(pl.element().is_duplicated()).list.any().any()


def test_a_change_of_the_roster_takes_no_deal_away(get: Get, company: Road, scoring_engine: Engine) -> None:
    company.person("ann/east", "2025-01-02", at="2025-09-01T00:00:00.000000Z", manager=None)
    company.drain()
    with scoring_engine.connect() as connection:
        assert connection.exec_driver_sql("select count(*) from lost_credit").scalar() == 0


def _record(key: str, fact: dict[str, Any]) -> Record:
    return Record(key, orjson.dumps(fact))


def test_what_is_kept_tells_what_explain_tells(get: Get, company: Road) -> None:
    company.plan(simple_plan(version=2, effective_from="2025-03-15"))
    company.drain()
    for period in ("2025-03", "2025-04"):
        for row in table(get("/v1/lines", params={"period": period})).iter_rows(named=True):
            kept = dict(frozen.components_of(row["detail"]))
            for component in {e["component"] for e in row["earnings"]}:
                told = get(f"/v1/earnings/{row['participant_id']}/{period}/{component}/explain").json()
                assert [orjson.loads(part.model_dump_json()) for part in kept[component]] == told["parts"]


@settings(
    max_examples=7,
    phases=[Phase.explicit, Phase.reuse, Phase.generate],
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow, HealthCheck.data_too_large],
    deadline=None,
)
@given(world=worlds())
def test_on_rich_plans_every_month_sums_and_equals_explain(
    app: FastAPI, scoring_engine: Engine, scoring_view: Engine, *, database_url: str, tmp_path: Path, world: Any
) -> None:
    empty_tables(scoring_engine)
    road = Road(scoring_engine)
    for event in events_of(world):
        put(road, event)
    road.drain(random.Random(1))
    # An app of its own, which remembers nothing of the world before.
    fresh = create_app(
        Settings(database_url=database_url, keys_file=tmp_path / "keys.json"),
        scoring_engine,
        view=scoring_view,
        ready=list,
        log=open_log(Settings(database_url=database_url, keys_file=tmp_path / "keys.json")),
    )
    client = TestClient(fresh, headers={"authorization": "Bearer analyst"})
    with scoring_engine.connect() as connection:
        periods = [period for (period,) in connection.exec_driver_sql("select distinct period from participant_sums")]
    for period in periods:
        for row in bulk(scoring_engine, period).iter_rows(named=True):
            assert row["settled"], row["participant_id"]
            kept = dict(frozen.components_of(row["detail"]))
            for component in sorted({e["component"] for e in row["earnings"]})[:3]:
                told = client.get(f"/v1/earnings/{row['participant_id']}/{period}/{component}/explain").json()
                assert [orjson.loads(part.model_dump_json()) for part in kept[component]] == told["parts"]
                amounts = [from_minor(x["amount"], x["currency"]) for x in row["lines"] if x["component"] == component]
                assert sum(amounts) == sum(
                    from_minor(e["amount"], e["currency"]) for e in row["earnings"] if e["component"] == component
                )


TEXT = st.text(max_size=12)
AMOUNT = st.sampled_from(["1", "12.30", "0.001", "-7.5", "1E+3", "0E-8", "9999999999999"])
ENTRY = st.none() | st.fixed_dictionaries({"amount": AMOUNT, "date": st.sampled_from(["2025-01-02", "2025-03-04"])})
FIELDS = st.fixed_dictionaries(
    {},
    optional={
        "amount": st.none() | AMOUNT,
        "currency": st.sampled_from([None, "USD", "JPY", "KWD"]),
        "payments.p1": ENTRY,
        "payments.amount": ENTRY,
        "refunds.r1": ENTRY,
        "splits": st.sampled_from([None, {"amount": "60", "contract": "40"}]),
        "term_months": st.none() | st.integers(1, 99),
        "start_date": st.sampled_from([None, "2025-01-02"]),
        "cancel_date": st.sampled_from([None, "2025-03-02"]),
        "contract": st.sampled_from([None, "C-1"]),
        "account": st.none()
        | TEXT
        | st.sampled_from(['","amount":"5"', '":{', 'x",{"', "}],[", "a {b}", ":{", ",{", ":{}", ",{}"]),
        "custom.amount": TEXT,
        "custom.contract": TEXT | st.integers(0, 9),
    },
)
PATCHES = st.lists(
    st.tuples(FIELDS, st.integers(1, 3), st.sampled_from(["crm", "erp"]), st.sampled_from([None, "ann"]))
)


@settings(max_examples=300, deadline=None)
@given(st.lists(PATCHES, min_size=1, max_size=4), st.randoms(use_true_random=False))
def test_facts_read_by_patterns_are_those_read_one_by_one_in_any_order_of_patches(
    deals: list[Any], chance: random.Random
) -> None:
    def packed(patches: list[Any]) -> str:
        facts: Facts = {}
        for fields, day, source, by in patches:
            merge(facts, fields, occurred_at=f"2025-01-0{day}T00:00:00.000000Z", sequence=0, source=source, by=by)
        return pack(facts)

    def read_of(texts: list[str]) -> list[tuple[Any, ...]]:
        rows = pl.DataFrame({"deal_id": [f"d{n}" for n in range(len(texts))], "facts": texts})
        return [(*row[:-1], sorted(row[-1])) for row in deal_facts(rows).iter_rows()]

    texts = [packed(patches) for patches in deals]
    law = [(*row[:-1], sorted(row[-1])) for row in (_one(f"d{n}", text) for n, text in enumerate(texts))]
    assert read_of(texts) == law
    assert read_of([packed(chance.sample(patches, len(patches))) for patches in deals]) == law
    assert deal_facts(pl.DataFrame(schema={"deal_id": pl.String, "facts": pl.String})).schema == DEAL_FACTS


def test_a_table_that_is_not_the_contracts_is_refused(get: Get) -> None:
    found = table(get("/v1/lines", params={"period": "2025-03"}))
    with pytest.raises(contract.NotLines, match="revision"):
        contract.checked(found.with_columns(pl.col("revision").cast(pl.Int32)))
    with pytest.raises(contract.NotLines, match="more than one"):
        contract.checked(pl.concat([found, found]))
    with pytest.raises(contract.NotLines, match="sum"):
        contract.checked(found.with_columns(lines=pl.col("lines").list.head(1)))
