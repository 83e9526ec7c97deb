"""A participant who changes the legal entity takes along what is held, drawn and owed; the books of both entities say
so and agree.
"""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from typing import Any

import pytest
from sqlalchemy import Engine, text

from tests.services.payout.desk import Book, Desk, earned, roster
from tests.services.payout.gl.gl_books import ACCOUNTS
from tests.services.payout.scoring import Scoring, deal
from tests.services.payout.terms_of_pay import publish

HALVES = [{"share": "50%", "when": "booked"}, {"share": "50%", "when": "paid_in_full"}]
BOOKS = {
    "valid_from": "2020-01-01",
    "accounts": [{"ledger": ledger, "account": account} for ledger, account in ACCOUNTS.items()],
    "intercompany": "Assets:Intercompany",
}
DRAW = {"amount": "40.00", "kind": "recoverable", "since": "2025-01", "until": "2025-01"}


@pytest.fixture
def moved(desk: Desk, book: Book, scoring: Scoring) -> str:
    """Ada is with US in January and with UK from February on: the id of the run that moved what she has."""
    publish(desk, release=HALVES, draw=DRAW, negative={"balance": "carry"})
    assert desk.publish("gl_accounts/default", "tess", {"policy": BOOKS, "reason": "agreed"}).is_success
    book([roster("ada", "2025-01-01", entity="US"), roster("bob", "2025-01-01", entity="US")])
    book([roster("ada", "2025-02-01", 1, entity="UK")])
    book([earned("ada", "2025-01", 1, ("USD", 60_00)), earned("bob", "2025-01", 1, ("USD", 70_00))])
    scoring.deals["ada", "2025-01", "c0"] = [deal("D-1", 60_00, date(2025, 1, 5), 600_00)]
    desk.pay("2025-01")
    book([earned("ada", "2025-02", 1, ("USD", -100_00))])
    scoring.deals["ada", "2025-02", "c0"] = []
    assert desk.confirm_payees() == ["ada"]
    return str(desk.pay("2025-02")["id"])


def balances(engine: Engine, who: str) -> dict[tuple[str, str], int]:
    """By entity and account, in minor units, debits positive; what is nothing is left out."""
    found = """
        select j.entity, p.account, cast(sum(p.amount) as bigint) from journal j join posting p on p.journal = j.id
        where j.participant_id = :who group by 1, 2 having sum(p.amount) <> 0"""
    with engine.connect() as connection:
        return {(entity, account): amount for entity, account, amount in connection.execute(text(found), {"who": who})}


def test_what_was_held_drawn_and_owed_is_with_the_new_entity_and_what_was_earned_stays(
    moved: str, payout_engine: Engine
) -> None:
    found = balances(payout_engine, "ada")
    of_old = {account: amount for (entity, account), amount in found.items() if entity == "US"}
    of_new = {account: amount for (entity, account), amount in found.items() if entity == "UK"}
    assert not {"payable", "held", "draw", "clawback"} & of_old.keys()
    assert of_new.keys() == {"earned", "payable", "held", "draw", "intercompany"}
    assert of_new["held"] == -30_00
    assert of_new["payable"] == 100_00
    assert of_old["intercompany"] == -of_new["intercompany"]
    assert sum(of_old.values()) == sum(of_new.values()) == 0
    assert {entity for entity, _ in balances(payout_engine, "bob")} == {"US"}
    assert balanced_journals(payout_engine)


def balanced_journals(engine: Engine) -> bool:
    unbalanced = "select 1 from posting group by journal, currency having sum(amount) <> 0"
    with engine.connect() as connection:
        return connection.execute(text(unbalanced)).first() is None


@pytest.mark.parametrize("entity", ["US", "UK"])
def test_the_general_ledger_of_each_entity_takes_the_transfer_and_agrees_with_the_ledger(
    desk: Desk, moved: str, entity: str
) -> None:
    for period in ("2025-01", "2025-02"):
        asked = {"period": period, "entity": entity}
        if (entity, period) != ("UK", "2025-01"):
            posted = desk.post("/v1/gl/batches", "dana", asked)
            assert posted.status_code == 201, posted.text
        compared = desk.get(f"/v1/gl/reconciliation?period={period}&entity={entity}")
        assert compared.status_code == 200, compared.text
        assert compared.json()["agrees"], compared.json()
    entries: list[dict[str, Any]] = posted.json()["entries"]
    transfers = [entry for entry in entries if entry["kind"] == "transfer"]
    [transfer] = transfers
    sums = {line["account"]: Decimal(line["debit"] or 0) - Decimal(line["credit"] or 0) for line in transfer["lines"]}
    assert sums["Liabilities:AccruedCommissions:Held"] == (30 if entity == "US" else -30)
    assert sums.keys() >= {"Assets:Intercompany", "Assets:Draws"}
    assert sum(sums.values()) == 0


def test_the_next_run_pays_on_from_what_was_moved(desk: Desk, book: Book, moved: str, payout_engine: Engine) -> None:
    book([earned("ada", "2025-03", 1, ("USD", 150_00))])
    run = desk.draft("2025-03")
    before = {owed: amount for owed, amount in balances(payout_engine, "ada").items() if owed[1] == "intercompany"}
    desk.do(run["id"], "submit", "dana")
    desk.do(run["id"], "approve", "frank")
    after = balances(payout_engine, "ada")
    assert {owed: amount for owed, amount in after.items() if owed[1] == "intercompany"} == before
    assert not {account for entity, account in after if entity == "US"} & {"payable", "held", "draw", "clawback"}
