"""Payout or its database is killed at any moment of a run: each step happens wholly or not at all, and nobody is paid
twice.
"""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Collection
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any

import orjson

from services.payout.verify import verify
from shared.contracts.topics import DEALS, PLANS, ROAD, ROSTER
from shared.database import database_url, engine_for
from shared.log.port import Record
from shared.money import to_minor
from tests.services.payout.life.deals_and_terms import plan
from tests.system import sales
from tests.system.faults import wait_until
from tests.system.pay_desk import PayDesk, pay_desk

PEOPLE = ("ada", "bob", "cyd")
MONTHS = ("2025-01", "2025-02", "2025-03")
STEPS = (
    ("calculate", "dana", "calculated"),
    ("submit", "dana", "submitted"),
    ("approve", "frank", "approved"),
    ("export", "dana", "exported"),
    ("ack", "payroll", "acknowledged"),
    ("pay", "dana", "paid"),
)
KILLS = 8


def sell(desk: PayDesk, expected: Counter[str], month: str, deals: int) -> None:
    """Deals of a month, in hundreds: a tenth of them is earned, in cents."""
    patches: list[sales.Patch] = []
    for number in range(deals):
        who, hundreds = desk.rng.choice(PEOPLE), desk.rng.randint(1, 50)
        expected[who] += hundreds * 10_00
        facts = {"stage": "won", "currency": "USD", "owner": who, "amount": f"{hundreds}00.00"}
        facts["close_date"] = f"{month}-{desk.rng.randint(1, 28):02d}"
        patches.append((f"{month}/{number}", facts, "2025-05-01T00:00:00.000000Z", 0, "crm"))
    desk.log.append(DEALS, sales.deal_records(patches))


def found_company(desk: PayDesk) -> None:
    """Three people on one plan, whose pay group's files go to the provider's drop."""
    desk.log.ensure(ROAD)
    document = plan("flat", [{"rate": "10%"}])
    event = {"plan_id": "flat", "version": 1, "effective_from": document["effective_from"], "document": document}
    desk.log.append(PLANS, [Record("flat@1", orjson.dumps(event))])
    people = [{"participant_id": who, "effective_from": date(2024, 1, 1), "plan": "flat"} for who in PEOPLE]
    desk.log.append(ROSTER, sales.roster_records(people))
    drop = desk.drop.policy(valid_from="2025-01-01").body()
    group = {"kind": "pay_group", "id": "default", "valid_from": "2025-01-01", "calendar": {"every": "month"}}
    for policy in (drop, group | {"delivery": "drop"}):
        path = f"/v1/policies/{policy['kind']}/{policy['id']}"
        change = desk.insist("PUT", path, "tina", {"policy": policy, "reason": "agreed", "expected": True}).json()["id"]
        assert desk.insist("POST", f"/v1/changes/{change}/approve", "petra", {}).is_success


def owed(desk: PayDesk) -> Counter[str]:
    """What everybody has earned, as payout has it."""
    found = desk.insist("GET", "/v1/balances?by=participant", "dana").json()["balances"]
    return Counter({each["key"]: to_minor(Decimal(each["earned"]), "USD") for each in found})


def pay(desk: PayDesk, month: str, kill: set[str]) -> str:
    """Take a run through its steps, some of them with a kill; returns its id."""
    path, body = "/v1/runs", {"period": month}
    if "draft" in kill:
        desk.ask_and_kill("POST", path, "dana", body)
    desk.insist("POST", path, "dana", body)
    (run,) = [each for each in desk.insist("GET", path, "dana").json()["runs"] if each["pay_period"] == month]
    before = "draft"
    for verb, who, after in STEPS:
        path, body, headers = f"/v1/runs/{run['id']}/{verb}", None, {}
        if verb == "ack":
            (batch,) = batches(desk, run["id"])
            names = ("sha256", "record_count", "control_totals")
            body = {"status": "accepted"} | {name: batch[name] for name in names}
            path, headers = f"/v1/payroll/batches/{batch['id']}/ack", {"idempotency_key": f"key-{run['id']}"}
        if verb in kill:
            answer = desk.ask_and_kill("POST", path, who, body, **headers)
            state = happened(desk, run["id"])
            assert state in (before, after), desk.told()
            assert state == after or answer is None or not answer.is_success, desk.told()
        answer = desk.insist("POST", path, who, body, **headers)
        assert happened(desk, run["id"]) == after, f"{answer.text}; {desk.told()}"
        before = after
    return str(run["id"])


def happened(desk: PayDesk, run: str) -> str:
    """The state of a run; what belongs to it is there with it, and not before."""
    state = desk.insist("GET", f"/v1/runs/{run}", "dana").json()["state"]
    booked = [each for who in PEOPLE for each in journals(desk, who) if each["cause"].get("run") == run]
    done = state in ("approved", "exported", "acknowledged", "paid")
    assert bool(booked) == done, desk.told()
    assert len(batches(desk, run)) == (state in ("exported", "acknowledged", "paid")), desk.told()
    return str(state)


def journals(desk: PayDesk, who: str) -> list[dict[str, Any]]:
    """Everything booked for somebody."""
    found: list[dict[str, Any]] = desk.insist("GET", f"/v1/participants/{who}/journal", "dana").json()["journals"]
    return found


def batches(desk: PayDesk, run: str) -> list[dict[str, Any]]:
    """The payroll files of a run."""
    found: list[dict[str, Any]] = desk.insist("GET", f"/v1/payroll/batches?run={run}", "dana").json()["batches"]
    return found


def delivered(there: Collection[str], wanted: Collection[str]) -> bool:
    """Whether all is there, each with its checksum, and under no name of what is not whole yet."""
    return all({name, f"{name}.sha256"} <= set(there) for name in wanted) and not any(
        name.endswith(".tmp") for name in there
    )


def test_every_step_of_a_run_happens_once_whatever_is_killed(server_folder: Path, seed: int) -> None:
    rng = random.Random(seed)
    steps = [(month, verb) for month in MONTHS for verb in ("draft", *(verb for verb, _, _ in STEPS))]
    killed = set(rng.sample(steps, KILLS))
    with pay_desk(server_folder / "runs-under-kills", rng) as desk:
        found_company(desk)
        expected: Counter[str] = Counter()
        files: dict[str, bytes] = {}
        for month in MONTHS:
            sell(desk, expected, month, 20)
            wait_until(lambda: owed(desk) == expected, "booking")
            run = pay(desk, month, {verb for each, verb in killed if each == month})
            (batch,) = batches(desk, run)
            for what in ("file", "manifest"):
                found = desk.insist("GET", f"/v1/payroll/batches/{batch['id']}/{what}", "payroll")
                files[found.headers["content-disposition"].split('"')[1]] = found.content
        for each in desk.insist("GET", "/v1/balances?by=participant", "dana").json()["balances"]:
            assert (each["paid"], each["payable"]) == (each["earned"], "0.00"), desk.told()
        wait_until(lambda: delivered(desk.drop.names(), files.keys()), "the delivery, with nothing left half written")
        assert {name: content for name, content in desk.drop.files().items() if name in files} == files
        engine = engine_for(database_url(desk.settings), "payout")
        assert verify(engine, desk.log) == [], f"seed {seed}: {desk.told()}"
        engine.dispose()
