"""An insider with any set of rights, under several keys, tries to get money without a second person, and never does.

Walks are drawn by hypothesis: the insider proposes, decides, sends facts, makes runs and approves whatever they may,
in any order, while honest people go on with their work and consent to nothing that the insider said.
`EARNEST_TEST_WALKS` says how many walks there are.
"""

from __future__ import annotations

import hashlib
import os
from base64 import b64encode
from pathlib import Path
from typing import Any
from uuid import UUID

import orjson
import pytest
from httpx import Response
from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule, run_state_machine_as_test
from sqlalchemy import Engine, text

from shared.persons import person_id
from tests.services.payout.desk import PEOPLE, Book, Desk, earned, empty, roster
from tests.services.payout.scoring import Scoring

WALKS = int(os.environ.get("EARNEST_TEST_WALKS", "8"))
STEPS = 25
INSIDER = "mallory"
KEYS = {"mallory": "mallory", "Mallory.": "Mallory.", "spare": " MALLORY "}
"""Names of the insider's keys, and the person whom each names."""
RIGHTS = ("terms:write", "changes:approve", "runs:write", "runs:approve", "earnings:read", "payroll:read")
MONTHS = ("2025-09", "2025-10", "2025-11", "2025-12")
KEY, MONTH, PICK = st.sampled_from(sorted(KEYS)), st.sampled_from(MONTHS), st.integers(0, 5)
NAME = st.sampled_from(sorted(KEYS.values()))
CONTROLS: dict[str, dict[str, Any]] = {
    "approval": {"steps": [{"role": "mine"}]},
    "pay_group": {"calendar": {"every": "month"}, "arrears_days": 9},
    "payroll_profile": {"file": {"format": "generic"}},
    "payment_terms": {"currency": "USD", "guarantee": {"amount": "5000"}},
}


class Insider(RuleBasedStateMachine):
    """`desk`, `book`, `scoring` and the rest are the test's; nothing of the walk before is left when one begins."""

    desk: Desk
    book: Any
    scoring: Scoring
    owner: Engine
    keys_file: Path

    def __init__(self) -> None:
        super().__init__()
        empty(self.owner)
        self.scoring.touched = []
        self.numbers = 0
        self.adjusted = 0
        """Minor units that honest adjustments bring; `earned` are those of honest facts, by month."""
        self.earned = dict.fromkeys(MONTHS, 0)
        self.revisions = dict.fromkeys(MONTHS, 0)

    @initialize(rights=st.sets(st.sampled_from(RIGHTS), min_size=1), roles=st.booleans())
    def begin(self, rights: set[str], roles: bool) -> None:
        people = {name: (name, scopes) for name, scopes in PEOPLE.items()}
        people |= {name: (person, sorted(rights)) for name, person in KEYS.items()}
        entries = [
            {"name": name, "person": person, "sha256": hashlib.sha256(f"key-{name}".encode()).hexdigest()}
            | {"scopes": scopes, "roles": ["finance", "mine"] if roles and name in KEYS else []}
            for name, (person, scopes) in people.items()
        ]
        self.keys_file.write_bytes(orjson.dumps(entries))
        self.book([roster("ada", "2025-01-01", payroll_id="7", name="Ada Lane", entity="US")])
        self.earn("2025-09", 3)

    def number(self) -> int:
        self.numbers += 1
        return self.numbers

    def adjust(self, who: str, amount: int, month: str) -> Response:
        body = {"id": str(UUID(int=self.number())), "participant_id": "ada", "amount": f"{amount}.00"}
        rest = {"currency": "USD", "month": month, "reason": f"reason {self.numbers}", "attachment_name": "mail.txt"}
        return self.desk.post("/v1/adjustments", who, body | rest | {"attachment": b64encode(b"mail").decode()})

    def pending(self, kinds: set[str] | None = None) -> list[dict[str, Any]]:
        found: list[dict[str, Any]] = self.desk.get("/v1/changes?state=proposed", "petra").json()["changes"]
        return [each for each in found if kinds is None or each["kind"] in kinds]

    def runs(self, *states: str) -> list[dict[str, Any]]:
        found: list[dict[str, Any]] = self.desk.get("/v1/runs").json()["runs"]
        return [run for run in found if run["state"] in states]

    # What honest people do

    @rule(month=MONTH, dollars=st.integers(1, 50))
    def earn(self, month: str, dollars: int) -> None:
        if not self.earned[month]:
            self.earned[month] = dollars * 100
            self.say_earned(month, dollars * 100)

    def say_earned(self, month: str, amount: int) -> None:
        self.revisions[month] += 1
        self.book([earned("ada", month, self.revisions[month], ("USD", amount))])

    @rule()
    def mend_what_was_sold_on_paper(self) -> None:
        if self.scoring.touched:
            self.scoring.touched = []
            for month, amount in self.earned.items():
                self.say_earned(month, amount)

    @rule(month=MONTH, dollars=st.integers(1, 50))
    def adjust_honestly(self, month: str, dollars: int) -> None:
        if self.desk.approved(self.adjust("tina", dollars, month)).is_success:
            self.adjusted += dollars * 100

    @rule(month=MONTH)
    def run_honestly(self, month: str) -> None:
        made = self.desk.post("/v1/runs", "dana", {"period": month})
        if made.is_success and self.desk.post(f"/v1/runs/{made.json()['id']}/calculate", "dana").is_success:
            self.desk.post(f"/v1/runs/{made.json()['id']}/submit", "dana")

    @rule()
    def calculate_again_honestly(self) -> None:
        for run in self.runs("calculated"):
            if run["author"] == "dana" and self.desk.post(f"/v1/runs/{run['id']}/calculate", "dana").is_success:
                self.desk.post(f"/v1/runs/{run['id']}/submit", "dana")

    @rule(who=st.sampled_from(["frank", "carol"]))
    def approve_honestly(self, who: str) -> None:
        for run in self.runs("submitted"):
            shown = self.desk.get(f"/v1/runs/{run['id']}").json()
            if INSIDER not in {person_id(name) for name in shown["touched_by"]}:
                self.desk.post(f"/v1/runs/{run['id']}/approve", who)
                self.desk.post(f"/v1/runs/{run['id']}/export", "dana")

    @rule(payroll_id=st.sampled_from(["7", "8"]), since=MONTH)
    def say_honestly_where_pay_goes(self, payroll_id: str, since: str) -> None:
        self.book([roster("ada", f"{since}-01", self.number(), payroll_id=payroll_id)])

    @rule()
    def confirm_honestly(self) -> None:
        for each in self.desk.get("/v1/payees/waiting?on=2026-01-15", "petra").json()["payees"]:
            if INSIDER not in {person_id(name) for name in each["set_by"]}:
                body = {"payee": each["payee"], "on": "2026-01-15", "reason": "called her"}
                self.desk.post("/v1/payees/ada/confirm", "petra", body)

    # What the insider tries

    @rule(key=KEY, month=MONTH)
    def propose_an_adjustment(self, key: str, month: str) -> None:
        self.adjust(key, 9000, month)

    @rule(key=KEY, kind=st.sampled_from(sorted(CONTROLS)), name=st.sampled_from(["default", "other"]))
    def propose_a_policy(self, key: str, kind: str, name: str) -> None:
        policy = {"valid_from": "2025-12-01", **CONTROLS[kind]}
        self.desk.put(f"/v1/policies/{kind}/{name}", key, {"policy": policy, "reason": "mine", "expected": True})

    @rule(key=KEY, pick=PICK)
    def decide(self, key: str, pick: int) -> None:
        waiting = [each for each in self.pending() if each["proposed_by"] == [INSIDER]]
        if waiting:
            self.desk.post(f"/v1/changes/{waiting[pick % len(waiting)]['id']}/approve", key, {})

    @rule(name=NAME, since=MONTH, attribute=st.sampled_from(["payroll_id", "name", "entity", "first_name"]))
    def say_where_pay_goes(self, name: str, since: str, attribute: str) -> None:
        self.book([roster("ada", f"{since}-01", self.number(), source=name, **{attribute: "666"})])

    @rule(key=KEY)
    def confirm(self, key: str) -> None:
        for each in self.desk.get("/v1/payees/waiting?on=2026-01-15", "petra").json()["payees"]:
            body = {"payee": each["payee"], "on": "2026-01-15", "reason": "trust me"}
            self.desk.post("/v1/payees/ada/confirm", key, body)

    @rule(name=NAME, month=MONTH)
    def sell_on_paper(self, name: str, month: str) -> None:
        self.scoring.touched = [{"who": name, "what": "deal"}]
        self.say_earned(month, 77_000_00)

    @rule(key=KEY, month=MONTH)
    def make_a_run(self, key: str, month: str) -> None:
        made = self.desk.post("/v1/runs", key, {"period": month})
        if made.is_success and self.desk.post(f"/v1/runs/{made.json()['id']}/calculate", key).is_success:
            self.desk.post(f"/v1/runs/{made.json()['id']}/submit", key)

    @rule(key=KEY, pick=PICK)
    def approve(self, key: str, pick: int) -> None:
        submitted = self.runs("submitted")
        if submitted:
            run = submitted[pick % len(submitted)]["id"]
            self.desk.post(f"/v1/runs/{run}/approve", key)
            self.desk.post(f"/v1/runs/{run}/export", key)

    @invariant()
    def nothing_came_of_it(self) -> None:
        with self.owner.connect() as connection:
            touched = connection.execute(text(_TOUCHED)).scalars().all()
            assert INSIDER not in {person_id(name) for name in touched}, "paid what the insider had a hand in"
            alone = connection.execute(text(_ALONE)).all()
            assert not [row for row in alone if person_id(row.author) == person_id(row.approver)], (
                "made and approved a run"
            )
            decided = connection.execute(text(_DECIDED)).all()
            assert not [
                row for row in decided if person_id(row.decided_by) in {person_id(name) for name in row.proposed_by}
            ], "decided what they had proposed"
            controls = connection.execute(text(_CONTROLS)).scalars().all()
            assert INSIDER not in {person_id(name) for name in controls}, "published what controls money"
            assert set(connection.execute(text(_PAID_AS)).scalars()) <= {"7", "8"}, "paid to somebody else"
            paid = connection.execute(text(_PAID)).scalar_one()
            assert paid <= self.adjusted + sum(self.earned.values()), "paid more than honest facts bring"


_DONE = "('approved', 'exported', 'acknowledged', 'paid')"
_TOUCHED = f"select who from run_touch join run on run.id = run_touch.run where state in {_DONE}"
_ALONE = f"select r.author, a.approver from run r join approval a on a.run = r.id where r.state in {_DONE}"
_DECIDED = """
    select c.proposed_by, d.decided_by from change c join change_decision d on d.change = c.id
    where d.verdict = 'approved'"""
_CONTROLS = """
    select author from policy where kind <> 'payment_terms'
    union all select actor from journal where kind = 'adjustment'"""
_PAID_AS = f"""
    select coalesce(payroll_id, '7') from run_payee e join run r on r.id = e.run where r.state in {_DONE}"""
_PAID = f"select coalesce(sum(paid), 0) from run_pay p join run r on r.id = p.run where r.state in {_DONE}"


def walk(desk: Desk, book: Book, scoring: Scoring, *, owner: Engine, folder: Path, walks: int) -> None:
    parts = {"desk": desk, "book": staticmethod(book), "scoring": scoring, "owner": owner}
    machine = type("InsiderWalk", (Insider,), parts | {"keys_file": folder / "keys.json"})
    run_state_machine_as_test(
        machine,
        settings=settings(
            max_examples=walks,
            stateful_step_count=STEPS,
            suppress_health_check=list(HealthCheck),
            phases=[Phase.explicit, Phase.reuse, Phase.generate],
        ),
    )


@pytest.mark.timeout(36_000 if WALKS > 100 else 600)
def test_an_insider_with_any_set_of_rights_gets_no_money_without_a_second_person(
    desk: Desk, book: Book, scoring: Scoring, payout_engine: Engine, tmp_path: Path
) -> None:
    walk(desk, book, scoring, owner=payout_engine, folder=tmp_path, walks=WALKS)


@pytest.mark.timeout(900)
def test_a_rule_that_is_broken_on_purpose_is_found_by_the_walks(
    desk: Desk, book: Book, scoring: Scoring, payout_engine: Engine, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("shared.changes.change.is_among", lambda person, names: False)
    with payout_engine.begin() as connection:
        connection.execute(text("alter table change_decision disable trigger two_people"))
    with pytest.raises(AssertionError, match=r"decided what they had proposed|published what controls money"):
        walk(desk, book, scoring, owner=payout_engine, folder=tmp_path, walks=60)
