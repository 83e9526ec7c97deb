"""The whole pay life as a state machine: runs are taken through their steps while deals, terms and days go on as they
like.
"""

from __future__ import annotations

from collections import Counter
from datetime import date, timedelta
from decimal import Decimal
from typing import Any

from httpx import Response
from hypothesis import strategies as st
from hypothesis.stateful import invariant, precondition, rule

from tests.services.payout.life.deals_and_terms import GROUPS, HALF_AND_HALF, DealsAndTerms
from tests.services.payout.life.model import Walked, after, last_of, simple, walk

FIRST = {"default": "2025-01", "semi": "2025-01-A"}
GROUP = st.sampled_from(["default", "semi"])


def cents(amount: str) -> int:
    """Minor units of dollars."""
    return int(Decimal(amount) * 100)


def refused(answer: Response) -> str:
    """Why something was refused."""
    return str(answer.json()["type"]).removeprefix("urn:earnest:problem:")


def ends(pay_period: str) -> date:
    """The last day of a pay period."""
    return date.fromisoformat(f"{pay_period[:7]}-15") if pay_period.endswith("-A") else last_of(pay_period[:7])


def following(pay_period: str) -> str:
    """The pay period after one."""
    if pay_period.endswith("-A"):
        return f"{pay_period[:7]}-B"
    return after(pay_period) if len(pay_period) == 7 else f"{after(pay_period[:7])}-A"


class PayLife(DealsAndTerms):
    """Everything that can happen to pay."""

    def __init__(self) -> None:
        super().__init__()
        self.next = dict(FIRST)
        self.open: dict[str, dict[str, Any]] = {}
        self.batches: list[dict[str, Any]] = []
        self.beside: set[str] = set()
        """Whose pay an off-cycle run changed: the model does not follow that."""
        self.given_back: Counter[str] = Counter()
        """How much of what payroll gave back has been paid again."""
        self.taken_up: dict[tuple[str, str], int] = {}
        """The same after a calculated run."""
        self.held: dict[str, int] = {}
        self.balances: dict[tuple[str, str], Walked] = {}

    def of(self, *states: str) -> list[dict[str, Any]]:
        """The runs in a state."""
        return [run for _, run in sorted(self.open.items()) if run["state"] in states]

    def step(self, run: dict[str, Any], verb: str, who: str, body: Any = None) -> Response:
        """Take a run on, and keep what it is then."""
        answer = self.company.post(f"/v1/runs/{run['id']}/{verb}", who, body)
        if answer.is_success:
            self.open[run["id"]] = answer.json()
        return answer

    @rule(group=GROUP)
    def whole_run(self, group: str) -> None:
        self.take_on(group, "export")

    @rule(group=GROUP, until=st.sampled_from(["submit", "approve", "export", "export"]))
    def take_on(self, group: str, until: str) -> None:
        """All steps of the next run, one after the other, after a look at the calendar."""
        self.company.today = max(self.company.today, ends(self.next[group]) + timedelta(days=1))
        self.draft(group)
        wanted = {"kind": "regular", "pay_period": self.next[group]}
        for verb in ("calculate", "submit", "approve", "export"):
            for number, run in enumerate(self.of(*STATES_BEFORE[verb])):
                if {name: run[name] for name in wanted} == wanted:
                    getattr(self, verb)(number, **({"late": False} if verb == "calculate" else {}))
            if verb == until:
                break

    @rule(group=GROUP)
    def draft(self, group: str) -> None:
        period = self.next[group]
        answer = self.company.post("/v1/runs", "dana", {"period": period, "pay_group": group})
        active = any((run["kind"], run["pay_period"]) == ("regular", period) for run in self.of(*ALIVE))
        if ends(period) >= self.company.today:
            assert refused(answer) == "period-not-ended"
        elif active:
            assert refused(answer) == "active-run"
        else:
            assert answer.status_code == 201, answer.text
            self.open[answer.json()["id"]] = answer.json()

    @rule(who=st.sampled_from(sorted(GROUPS)), back=st.integers(0, 20))
    @precondition(lambda self: not self.calm)
    def draft_off_cycle(self, who: str, back: int) -> None:
        asked = {"off_cycle": self.day(back).isoformat(), "pay_group": GROUPS[who], "participants": [who]}
        answer = self.company.post("/v1/runs", "dana", asked)
        assert answer.status_code in (201, 409), answer.text
        if answer.is_success:
            self.open[answer.json()["id"]] = answer.json()
            self.beside.add(who)

    @rule(pick=st.integers(0, 3), late=st.sampled_from([False, False, False, True]))
    @precondition(lambda self: self.of("draft", "calculated"))
    def calculate(self, pick: int, late: bool) -> None:
        runs = self.of("draft", "calculated")
        if not late:
            self.read(booked=True)
        before = {who: self.books.accounts(who) for who in GROUPS}
        answer = self.step(runs[pick % len(runs)], "calculate", "dana")
        if answer.is_success:
            self.predict(answer.json(), before)
        else:
            assert self.company.waiting(), answer.text
            assert refused(answer) == "not-settled"

    @rule(pick=st.integers(0, 3))
    @precondition(lambda self: self.of("calculated"))
    def submit(self, pick: int) -> None:
        runs = self.of("calculated")
        run = runs[pick % len(runs)]
        answer = self.step(run, "submit", "dana")
        if answer.is_success and run["closes"]:
            self.model.soft[run["pay_group"]] = run["closes"]
        assert answer.is_success or refused(answer) in self.grounds(run), answer.text

    def grounds(self, run: dict[str, Any]) -> set[str]:
        """Why a run may be refused: what it rests on changed, or another run closed the month that it books in."""
        overtaken = run["month"] <= self.model.closed.get(run["pay_group"], "")
        return {"lines-changed", "period-closed"} if overtaken else {"lines-changed"}

    @rule(pick=st.integers(0, 3))
    @precondition(lambda self: self.of("submitted"))
    def send_back(self, pick: int) -> None:
        runs = self.of("submitted")
        run = runs[pick % len(runs)]
        assert self.step(run, "return", "frank", {"reason": "look again"}).is_success
        if run["closes"]:
            self.model.soft.pop(run["pay_group"], None)

    @rule()
    @precondition(lambda self: self.of("draft", "calculated") and self.numbers % 4 == 0)
    def cancel(self) -> None:
        assert self.step(self.of("draft", "calculated")[0], "cancel", "dana").is_success

    @rule(pick=st.integers(0, 3))
    @precondition(lambda self: self.of("submitted"))
    def approve(self, pick: int) -> None:
        runs = self.of("submitted")
        run = runs[pick % len(runs)]
        answer = self.step(run, "approve", "frank")
        if not answer.is_success:
            assert refused(answer) in self.grounds(run), answer.text
            return
        if run["kind"] == "regular":
            self.next[run["pay_group"]] = following(run["pay_period"])
        for who in GROUPS:
            self.given_back[who] = self.taken_up.get((run["id"], who), self.given_back[who])
            if expected := self.balances.get((run["id"], who)):
                accounts = self.books.accounts(who)
                assert (accounts["draw"], accounts["clawback"]) == (expected.draw, expected.claim)
        if run["id"] in self.held and run["kind"] == "regular":
            assert -self.books.accounts("dee")["held"] == self.held[run["id"]]
        if run["closes"]:
            self.model.soft.pop(run["pay_group"], None)
            self.model.closed[run["pay_group"]] = run["closes"]
            self.books.close(run["pay_group"], run["closes"])
        for line in run["lines"]:
            self.books.keep(f"/v1/statements/{run['id']}/{line['participant_id']}.json")

    @rule(pick=st.integers(0, 3))
    @precondition(lambda self: self.of("approved"))
    def export(self, pick: int) -> None:
        runs = self.of("approved")
        run = runs[pick % len(runs)]
        assert self.step(run, "export", "dana").is_success
        for batch in self.company.get(f"/v1/payroll/batches?run={run['id']}").json()["batches"]:
            self.batches.append(batch)
            for what in ("file", "manifest"):
                self.books.keep(f"/v1/payroll/batches/{batch['id']}/{what}")

    @rule(pick=st.integers(0, 3))
    @precondition(lambda self: self.of("exported", "acknowledged", "paid"))
    def export_again(self, pick: int) -> None:
        runs = self.of("exported", "acknowledged", "paid")
        assert self.step(runs[pick % len(runs)], "export", "dana").is_success

    @rule(status=st.sampled_from(["accepted", "accepted", "partial", "rejected"]))
    @precondition(lambda self: self.batches)
    def acknowledge(self, status: str) -> None:
        batch = self.batches.pop(0)
        status = "accepted" if self.calm else status
        body = {name: batch[name] for name in ("sha256", "record_count", "control_totals")}
        if status == "partial" and batch["record_count"] < 2:
            status = "rejected"
        if status == "partial":
            body["rejected"] = [{"row": 1, "code": "unknown", "message": "no such employee"}]
        key = {"idempotency-key": f"key-{self.number():06d}"}
        for _ in range(2):  # whoever is not sure whether it arrived says it again
            path = f"/v1/payroll/batches/{batch['id']}/ack"
            answer = self.company.post(path, "payroll", {"status": status, **body}, **key)
            assert answer.is_success, answer.text
        run = self.company.get(f"/v1/runs/{batch['run']}").json()
        self.open[run["id"]] = run

    @rule()
    @precondition(lambda self: self.of("acknowledged"))
    def mark_paid(self) -> None:
        assert self.step(self.of("acknowledged")[0], "pay", "dana").is_success

    @rule(back=st.integers(0, 70))
    def post_to_the_books(self, back: int) -> None:
        body = {"period": f"{self.day(back):%Y-%m}", "entity": "US"}
        answer = self.company.post("/v1/gl/batches", "dana", body)
        assert answer.is_success or answer.status_code == 409, answer.text
        if answer.is_success:
            self.books.keep(f"/v1/gl/batches/{answer.json()['id']}/files/1")
            self.books.keep(f"/v1/gl/batches/{answer.json()['id']}/manifest")

    def predict(self, run: dict[str, Any], before: dict[str, Counter[str]]) -> None:
        """What the plain model says of a run that was just calculated, with everything read."""
        for who in [who for who, group in GROUPS.items() if group == run["pay_group"]]:
            if not run["participants"] or who in run["participants"]:
                self.taken_up[run["id"], who] = self.books.given_back(who)
        if self.company.waiting():
            return
        for who in [who for who, group in GROUPS.items() if group == run["pay_group"]]:
            if run["participants"] and who not in run["participants"]:
                continue
            expected = self.expected(who, run, before[who])
            lines = {line["participant_id"]: line for line in run["lines"] if line["currency"] == "USD"}
            found = cents(lines[who]["paid"]) if who in lines else 0
            self.balances.pop((run["id"], who), None)
            if expected is not None:
                assert found == expected.paid, f"{who} in {run['id']}: {found} paid, {expected.paid} expected"
                self.balances[run["id"], who] = expected
        self.held.pop(run["id"], None)
        releases = [rules.get("release") for _, rules in self.terms["dee"]]
        if run["pay_group"] == "semi" and all(each == HALF_AND_HALF for each in releases) and not self.stopped:
            due = list(self.model.released("dee", run["month"], date.fromisoformat(run["ends"])))
            self.held[run["id"]] = sum(amount - part for amount, part in due)

    def expected(self, who: str, run: dict[str, Any], accounts: Counter[str]) -> Walked | None:
        """What somebody is paid by terms that the model knows; None where it does not know them, or a hold may be in
        the way.
        """
        known = [rules for _, rules in self.terms.get(who, [])]
        if not all(map(simple, known)) or who in self.stopped | self.beside or run["kind"] != "regular":
            return None
        due = self.model.due(who, run["month"], date.fromisoformat(run["ends"])) + accounts["paid"]
        due += accounts["draw"] + accounts["clawback"] + accounts["guaranteed"]
        given_back = self.taken_up[run["id"], who] - self.given_back[who]
        return walk(due, self.terms_on(who, run["ends"]), accounts["draw"], accounts["clawback"], given_back)

    def terms_on(self, who: str, day: str) -> dict[str, Any]:
        """The terms of somebody on a day: what was said last of what holds by then."""
        found = [rules for since, rules in self.terms.get(who, []) if since <= day]
        return found[-1] if found else {}

    @invariant()
    def holds_true(self) -> None:
        self.books.check()
        assert self.books.earned() == {who: amount for who, amount in self.model.told.items() if amount}

    def teardown(self) -> None:
        try:
            self.read(booked=True)
            self.books.check_everything()
        finally:
            self.company.close()


STATES_BEFORE = {
    "calculate": ("draft", "calculated"),
    "submit": ("calculated",),
    "approve": ("submitted",),
    "export": ("approved",),
}
ALIVE = ("draft", "calculated", "submitted", "approved", "exported", "acknowledged", "paid")
