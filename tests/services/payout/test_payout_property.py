"""Whatever happens in whatever order: the ledger balances, pays what was earned, pays it once, and leaves closed periods alone."""

from __future__ import annotations

from collections import Counter
from decimal import Decimal
from typing import Any, TypeAlias

from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, precondition, rule, run_state_machine_as_test
from sqlalchemy import Engine, text

from tests.services.payout.desk import Book, Desk, earned, empty

WHO = st.sampled_from(["ada", "bob"])
MONTHS = [f"{year}-{month:02d}" for year in range(2020, 2025) for month in range(1, 13)]
AMOUNTS = st.lists(st.tuples(st.sampled_from(["USD", "JPY"]), st.integers(-300, 400)), max_size=3)
DIGITS = {"USD": 2, "JPY": 0}
Owed: TypeAlias = tuple[str, str]


def minor(amount: str, currency: str) -> int:
    return int(Decimal(amount).scaleb(DIGITS[currency]))


def amounts_of(run: dict[str, Any]) -> dict[Owed, int]:
    """The lines of a run in minor units, paid and carried forward."""
    return {
        (line["participant_id"], line["currency"]): minor(line["amount"], line["currency"])
        for line in run["lines"] + run["carried_forward"]
    }


class Payout(RuleBasedStateMachine):
    """Earnings come and change, people draft, recalculate, cancel, approve and export, in any order.

    The model is as plain as can be: the latest earnings, less what approved runs paid, is due.
    """

    engine: Engine
    book: Book
    desk: Desk

    def __init__(self) -> None:
        super().__init__()
        empty(self.engine)
        self.latest: dict[tuple[str, str], tuple[int, Counter[str]]] = {}
        self.paid: Counter[Owed] = Counter()
        self.frozen: dict[str, list[tuple[Any, ...]]] = {}
        self.files: dict[str, bytes] = {}

    def around(self, offset: int) -> str:
        """The first open period, or one before or after it."""
        return MONTHS[max(0, len(self.frozen) + offset)]

    @rule(who=WHO, offset=st.integers(-2, 2), step=st.sampled_from([1, 2, 0, -1]), amounts=AMOUNTS)
    def earn(self, who: str, offset: int, step: int, amounts: list[tuple[str, int]]) -> None:
        period = self.around(offset)
        known = self.latest.get((who, period), (1, None))[0]
        self.book([earned(who, period, known + step, *amounts)])
        if step > 0 or (who, period) not in self.latest:
            sums: Counter[str] = Counter()
            for currency, amount in amounts:
                sums[currency] += amount
            self.latest[who, period] = (known + step, sums)

    @rule(offset=st.sampled_from([0, 0, 1, -1]))
    def draft(self, offset: int) -> None:
        period = self.around(offset)
        drafted = self.desk.post("/v1/runs", "dana", {"period": period})
        assert drafted.status_code in (201, 409)
        if drafted.status_code == 201:
            assert amounts_of(drafted.json()) == self.due(period)

    @rule(verb=st.sampled_from(["recalculate", "recalculate", "cancel"]))
    @precondition(lambda self: self.runs("draft"))
    def reconsider(self, verb: str) -> None:
        self.desk.do(self.runs("draft")[0]["id"], verb, "dana")

    @rule(recalculated=st.sampled_from([False, False, True]))
    @precondition(lambda self: self.runs("draft"))
    def approve(self, recalculated: bool) -> None:
        run = self.runs("draft")[-1]
        if recalculated:
            self.desk.do(run["id"], "recalculate", "dana")
        due = self.due(run["period"])
        sound = amounts_of(self.desk.get(f"/v1/runs/{run['id']}").json()) == due
        answer = self.desk.post(f"/v1/runs/{run['id']}/approve", "frank")
        assert (answer.status_code == 200) == (sound and run["period"] not in self.frozen)
        if answer.status_code == 200:
            self.paid.update({who: amount for who, amount in amounts_of(answer.json()).items() if amount > 0})
            closed = [period for period in MONTHS if period <= run["period"] and period not in self.frozen]
            self.frozen |= {period: self.entries(period) for period in closed}

    @rule()
    @precondition(lambda self: self.runs("approved"))
    def export(self) -> None:
        run = self.runs("approved")[0]["id"]
        self.desk.do(run, "export", "dana")
        self.files[run] = self.desk.get(f"/v1/runs/{run}/file").content
        self.check()

    def teardown(self) -> None:
        self.check()

    def check(self) -> None:
        self.every_journal_sums_to_zero()
        self.what_is_earned_is_the_latest_earnings_and_paid_what_the_files_say()
        self.a_closed_period_stays_as_it_was()
        self.a_file_stays_as_it_was()

    def due(self, period: str) -> dict[Owed, int]:
        """What is due for everything earned up to a period and not paid yet."""
        owed: Counter[Owed] = Counter()
        for (who, origin), (_, sums) in self.latest.items():
            if origin <= period:
                owed.update({(who, currency): amount for currency, amount in sums.items()})
        owed.subtract(self.paid)
        return {who: amount for who, amount in owed.items() if amount}

    def runs(self, state: str) -> list[dict[str, Any]]:
        with self.engine.connect() as connection:
            rows = connection.execute(text("select id, period from run where state = :s order by id"), {"s": state})
            return [dict(row) for row in rows.mappings()]

    def entries(self, period: str) -> list[tuple[Any, ...]]:
        """Everything booked in a period."""
        with self.engine.connect() as connection:
            rows = connection.execute(
                text("select j.id, p.* from journal j join posting p on journal = id where period = :p order by 1, 3"),
                {"p": period},
            )
            return [tuple(row) for row in rows]

    def every_journal_sums_to_zero(self) -> None:
        with self.engine.connect() as connection:
            sums = "select 1 from posting group by journal, currency having sum(amount) <> 0"
            assert connection.execute(text(sums)).all() == []

    def what_is_earned_is_the_latest_earnings_and_paid_what_the_files_say(self) -> None:
        earned_sums: Counter[tuple[str, str]] = Counter()
        for (who, _), (_, sums) in self.latest.items():
            for currency, amount in sums.items():
                earned_sums[who, currency] += amount
        paid: Counter[tuple[str, str]] = Counter()
        for content in self.files.values():
            for row in content.decode().splitlines()[1:]:
                _, who, _, _, currency, amount = row.split(",")
                paid[who, currency] += minor(amount, currency)
        for who in ("ada", "bob"):
            for currency, (all_earned, payable, all_paid) in self.desk.balance(who).items():
                assert minor(all_earned, currency) == earned_sums.pop((who, currency), 0)
                assert minor(all_paid, currency) == paid.pop((who, currency), 0)
                assert Decimal(all_earned) == Decimal(payable) + Decimal(all_paid)
        assert not any(earned_sums.values())
        assert not any(paid.values())

    def a_closed_period_stays_as_it_was(self) -> None:
        for period, entries in self.frozen.items():
            assert self.entries(period) == entries

    def a_file_stays_as_it_was(self) -> None:
        for run, content in self.files.items():
            assert self.desk.get(f"/v1/runs/{run}/file").content == content


def test_the_ledger_holds_whatever_happens(payout_engine: Engine, book: Book, desk: Desk) -> None:
    machine = type("Payout", (Payout,), {"engine": payout_engine, "book": staticmethod(book), "desk": desk})
    run_state_machine_as_test(
        machine,
        settings=settings(
            max_examples=25,
            stateful_step_count=50,
            suppress_health_check=list(HealthCheck),
            phases=[Phase.explicit, Phase.reuse, Phase.generate],  # every step commits: shrinking would take too long
        ),
    )
