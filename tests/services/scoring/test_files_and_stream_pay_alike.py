"""Files and the living system never differ: what one road takes the other takes and pays the same, what one refuses the
other refuses with the same field. Files go through `earnest calc`; the stream through ingest's reading and scoring's
steps on a real database.
"""

from __future__ import annotations

import csv
import io
import tempfile
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import orjson
import pytest
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st
from sqlalchemy import Engine

from earnest.files.calculation import Calculation, calculate
from earnest.files.rejections import FileError
from services.ingest import roster_csv
from services.ingest.acceptance import ReadEvents, RefusedItem, read_events
from services.ingest.events import DealEvent, RosterEvent
from services.ingest.mapping import Source
from shared.contracts.topics import DEALS, ROSTER
from shared.kernel import Plan, PlanSet
from shared.problems import Unprocessable
from tests.services.scoring.conftest import Road, empty_tables
from tests.services.scoring.test_scoring_steps import pay

ZONE, NOW, SINCE = ZoneInfo("UTC"), datetime(2025, 12, 1, tzinfo=UTC), "2025-01-01T00:00:00Z"
PLAN: dict[str, Any] = {
    "plan": "rep",
    "version": 1,
    "name": "Rep",
    "currency": "USD",
    "effective_from": "2025-01-01",
    "columns": {
        **{"flag": "yes_no", "seats": "number", "margin": "decimal", "invoiced": "date", "segment": "text"},
        **{"term_months": "number", "start_date": "date", "contract": "text"},
    },
    "credits": [
        {"rule": "flagged", "when": "stage = 'won' and flag"},
        {"rule": "by_seats", "amount": "seats", "when": "stage = 'won' and seats is not null"},
        {"rule": "by_margin", "amount": "margin", "when": "stage = 'won' and margin is not null"},
        {"rule": "by_invoice", "date": "invoiced"},
        {"rule": "big", "when": "stage = 'won' and segment = 'Enterprise'"},
        {"rule": "long", "when": "stage = 'won' and term_months >= 12"},
        {"rule": "begun", "date": "start_date"},
        {"rule": "framed", "when": "stage = 'won' and contract = 'F1'"},
        {"rule": "boxed", "when": "stage = 'won' and product = 'Box' and territory is null"},
    ],
    "measures": [
        {"measure": name, "sum_of": [rule]}
        for name, rule in (
            ("flags", "flagged"),
            ("pieces", "by_seats"),
            ("margins", "by_margin"),
            ("invoices", "by_invoice"),
            ("enterprise", "big"),
            ("boxes", "boxed"),
            ("terms", "long"),
            ("starts", "begun"),
            ("frames", "framed"),
        )
    ],
    "components": [
        {"component": "c_flag", "kind": "flat", "measure": "flags", "rate": "10%"},
        {"component": "c_seats", "kind": "per_unit", "measure": "pieces", "amount": "1"},
        {"component": "c_margin", "kind": "flat", "measure": "margins", "rate": {"term": "rate", "default": "0.1"}},
        {"component": "c_box", "kind": "flat", "measure": "boxes", "rate": "1%"},
        {"component": "c_term", "kind": "flat", "measure": "terms", "rate": "2%"},
        {"component": "c_start", "kind": "flat", "measure": "starts", "rate": "3%"},
        {"component": "c_frame", "kind": "flat", "measure": "frames", "rate": "4%"},
        {"component": "c_invoice", "kind": "flat", "measure": "invoices", "rate": "10%"},
        {"component": "c_grade", "kind": "formula", "amount": "flags * case grade when 'gold' then 3% else 1% end"},
        {
            "component": "c_big",
            "kind": "graduated",
            "measure": "enterprise",
            "on": "attainment",
            "tiers": [{"up_to": "100%", "rate": "5%"}, {"rate": "10%"}],
        },
    ],
}
PLANS = PlanSet([Plan.model_validate(PLAN)])
FIELDS = ("term_months", "start_date", "contract")
"""Columns of the plan that every deal has."""
OWN = tuple(name for name in PLAN["columns"] if name not in FIELDS)
STANDARD = ("amount", "currency", "close_date", "owner", "stage", "product", "territory", *FIELDS)
SOURCE = Source.model_validate(
    {"source": "file", "deal_id": "$.deal_id"}
    | {"fields": {name: f"$.{name}" for name in STANDARD} | {f"custom.{name}": f"$.{name}" for name in OWN}}
)
"""A row of a CSV as `earnest import` and a webhook read it: everything is text."""

numbers = st.sampled_from(
    ["5", " 7 ", "-3", "5.0", "1,000", "1e3", "five", "+2", "1" * 19, "", "12.5", "50%", "0.1234567"]
)
deal_cells = {
    "amount": st.sampled_from(["1000", " 20000.50 ", "-500", "1,000", "1e3", "10.005", ""]),
    "close_date": st.sampled_from(
        ["2025-03-05", "2025-02-30", "5.3.2025", " 2025-04-01 ", "2025-03-31T23:30:00-02:00"]
    ),
    "owner": st.sampled_from([" ann ", "ann smith", ""]),
    "currency": st.sampled_from([" USD ", "usd"]),
    "stage": st.sampled_from(["won", " won ", "open", "Won"]),
    "term_months": st.sampled_from(["12", " 012 ", "0", "x", "\u0663", ""]),
    "start_date": st.sampled_from(["2025-04-02", "2025-03-31T23:30:00-02:00", "2.4.2025", ""]),
    "contract": st.sampled_from(["F1", " F1 ", "F 1", ""]),
    "product": st.sampled_from(["Box", "\u00a0Box\t", " ", "\x00", "B" * 513, ""]),
    "territory": st.sampled_from([" ", "north", ""]),
    "flag": st.sampled_from(["yes", "NO", "True", " yes", "maybe", "1", ""]),
    "seats": numbers,
    "margin": numbers,
    "invoiced": st.sampled_from(["2025-03-07", "7.3.2025", "2025-3-7", "20250307", "0001-01-01", ""]),
    "segment": st.sampled_from(["Enterprise", " Enterprise ", "enterprise", "5", "yes", "\x00", ""]),
}
plain_deal = {
    "amount": "1000",
    "currency": "USD",
    "close_date": "2025-03-05",
    "owner": "ann",
    "stage": "won",
} | dict.fromkeys(("product", "territory", *FIELDS, *OWN), "")
roster_cells = {
    "effective_from": st.sampled_from(
        ["", "2025-01-01", "2025-03-20", "2025-03-04T23:30:00Z", "1.1.2025", "2025-02-30"]
    ),
    "active": st.sampled_from(["yes", "NO", "true", "1", ""]),
    "quota": st.sampled_from(["10000", "500%", "1,000", "-5", "1e9", ""]),
    "quota.enterprise": st.sampled_from(["20000", "x", ""]),
    "term.rate": st.sampled_from(["6%", "0.2", " 7 % ", "1e9999999%", "6%%", ""]),
    "position": st.sampled_from(["Senior", " Senior ", ""]),
    "category.grade": st.sampled_from(["gold", " gold ", "\u00a0gold", "Gold", "\x00", "g" * 513, ""]),
}
plain_person = {"participant_id": "ann", "plan": "rep"} | dict.fromkeys(roster_cells, "")


def odd(cells: dict[str, Any]) -> st.SearchStrategy[dict[str, str]]:
    """Some cells of a row that are not as usual."""
    one = st.sampled_from(sorted(cells)).flatmap(lambda name: st.tuples(st.just(name), cells[name]))
    return st.lists(one, max_size=4).map(dict)


def table(rows: list[dict[str, str]]) -> str:
    text = io.StringIO()
    writer = csv.DictWriter(text, list(rows[0]))
    writer.writeheader()
    writer.writerows(rows)
    return text.getvalue()


def from_files(deals: str, roster: str) -> Calculation:
    with tempfile.TemporaryDirectory() as folder:
        for name, text in (("deals.csv", deals), ("roster.csv", roster)):
            (Path(folder) / name).write_text(text, newline="")
        return calculate(Path(folder) / "deals.csv", Path(folder) / "roster.csv", plans=PLANS, step=lambda _: None)


def paid_from_files(found: Calculation) -> dict[tuple[str, str, str], int]:
    names = ["participant_id", "component", "period", "amount"]
    return {(who, what, when): amount for who, what, when, amount in found.earnings.select(names).iter_rows() if amount}


Sent = Callable[[dict[str, str], int], dict[str, Any] | RefusedItem]


def mapped(row: dict[str, str], number: int) -> dict[str, Any] | RefusedItem:
    """As `earnest import` and webhooks send a row: what is blank is not sent, and what cannot be read is refused."""
    [event] = SOURCE.translate(
        {name: cell for name, cell in row.items() if cell.strip()}, f"row-{number}", occurred_at=SINCE
    ).events
    return event


def as_it_stands(row: dict[str, str], number: int) -> dict[str, Any]:
    """As somebody writes a row to the API, blanks and all."""
    own = {name: row[name] for name in OWN}
    data = {"deal_id": row["deal_id"], "fields": {name: row[name] for name in STANDARD} | {"custom": own}}
    return {"id": f"row-{number}", "source": "file", "type": "earnest.deal.patched", "time": SINCE, "data": data}


def deal_events(rows: list[dict[str, str]], sent: Sent) -> ReadEvents:
    """The rows as events, each later than the one before."""
    texts: list[bytes | RefusedItem] = []
    for number, row in enumerate(rows):
        event = sent(row, number)
        if isinstance(event, RefusedItem):
            texts.append(event)
        else:
            texts.append(orjson.dumps(event | {"data": event["data"] | {"sequence": number}}))
    return read_events(texts, DealEvent, zone=ZONE, received=NOW, by="file", columns=lambda: PLANS.columns)


def refused_by(found: ReadEvents) -> set[tuple[int, str]]:
    """Row of the file and field of everything that ingest rejected."""
    parts = {"data", "fields", "custom"}
    return {
        (result["index"] + 2, ".".join(part for part in error["field"].split(".") if part not in parts))
        for result in found.receipt["results"]
        for error in result["errors"]
    }


def refused_rows(found: Calculation, file: str) -> set[tuple[int, str]]:
    """Row and first field of everything that the calculation refused as a bad value."""
    rows = found.rejected.filter((found.rejected["file"] == file) & (found.rejected["reason"] == "bad_value"))
    return {
        (row, message.partition(": ")[0].removeprefix("custom."))
        for row, message in rows.select("row", "message").iter_rows()
    }


@settings(max_examples=20, deadline=None, suppress_health_check=list(HealthCheck))
@given(
    sent=st.sampled_from([mapped, as_it_stands]),
    deals=st.lists(odd(deal_cells), min_size=1, max_size=4),
    people=st.lists(odd(roster_cells), min_size=1, max_size=3),
)
def test_files_and_stream_take_the_same_and_pay_the_same(
    scoring_engine: Engine,
    sent: Sent,
    deals: list[dict[str, str]],
    people: list[dict[str, str]],
) -> None:
    # A mapping reads numbers as machines write them, too; a deals file and the API do not.
    assume(sent is as_it_stands or not any("1e3" in cells.values() for cells in deals))
    deal_rows = [{"deal_id": f"d{number}"} | plain_deal | cells for number, cells in enumerate(deals)]
    person_rows = [plain_person | cells for cells in people]
    calculated = from_files(table(deal_rows), table(person_rows))

    empty_tables(scoring_engine)
    road = Road(scoring_engine)
    road.plan(PLAN)
    sold = deal_events(deal_rows, sent)
    texts = roster_csv.events(table(person_rows).encode(), "file", received=datetime(2025, 1, 1, tzinfo=UTC))
    for number, text in enumerate(texts):
        assert isinstance(text, bytes)
        texts[number] = orjson.dumps(orjson.loads(text) | {"data": orjson.loads(text)["data"] | {"sequence": number}})
    hired = read_events(texts, RosterEvent, zone=ZONE, received=NOW, by="file", columns=dict)
    for topic, found in ((ROSTER, hired), (DEALS, sold)):
        for record in found.records:
            road.put(topic.name, record)
    road.drain()

    assert not road.rejections
    for file, found in (("deals", sold), ("roster", hired)):
        refused, live = refused_rows(calculated, file), refused_by(found)
        assert {row for row, _ in refused} == {row for row, _ in live}, file
        assert refused <= live, file
    assert pay(road) == paid_from_files(calculated)


@pytest.mark.parametrize(
    "header", ["participant_id,boss", "participant_id,Plan", "plan", "participant_id,plan,plan", ","]
)
def test_a_roster_whose_columns_one_road_refuses_is_refused_by_the_other_in_the_same_words(header: str) -> None:
    deals = table([{"deal_id": "d1"} | plain_deal])
    with pytest.raises(Unprocessable) as live:
        roster_csv.events(f"{header}\nann,rep\n".encode(), "file", received=NOW)
    with pytest.raises(FileError) as calculated:
        from_files(deals, f"{header}\nann,rep\n")
    assert str(calculated.value).partition("roster.csv: ")[2] == live.value.detail.removeprefix(
        "the file cannot be used: "
    )


def test_a_row_of_a_roster_that_is_too_long_is_refused_alone_by_both_roads() -> None:
    people = "participant_id,plan\nann,rep\nbob,rep,100\ncy,rep,,\n"
    calculated = from_files(table([{"deal_id": "d1"} | plain_deal]), people)
    rows = roster_csv.events(people.encode(), "file", received=datetime(2025, 1, 1, tzinfo=UTC))
    live = read_events(rows, RosterEvent, zone=ZONE, received=NOW, by="f", columns=dict)
    assert calculated.participants == live.receipt["accepted"] == 2
    [(row, why)] = (
        calculated.rejected.filter(calculated.rejected["file"] == "roster").select("row", "message").iter_rows()
    )
    [refused] = [each for each in live.receipt["results"] if each["status"] == "rejected"]
    assert refused["errors"][0]["reason"] == f"row {row}: {why}"
