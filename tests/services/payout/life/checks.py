"""What has to hold of the books after every step, whatever the step was."""

from __future__ import annotations

import hashlib
from collections import Counter
from decimal import Decimal
from typing import Any

from sqlalchemy import text

from services.payout.ledger.balances import ACCOUNTS
from shared.money import to_minor
from tests.services.payout.life.company import Company

_TAKEN = """
    select * from batch_line l
    where not exists (select from batch_rejection r where r.batch = l.batch and r.line = l.line)"""
"""Lines that payroll was told, and that it did not reject."""

_FILED = f"""
    select participant_id, currency, cast(sum(amount) as bigint) from (
        select participant_id, currency, amount from ({_TAKEN}) t
        union all
        select participant_id, currency, paid from run_pay join run on run.id = run_pay.run where state = 'approved'
    ) told group by 1, 2"""
"""What payroll took, and will be told of runs that are approved."""

_ACCOUNTS = """
    select account, cast(sum(amount) as bigint) from posting
    where participant_id = :w and currency = :c group by 1"""

_GIVEN_BACK = """
    select cast(coalesce(sum(p.amount), 0) as bigint) from journal j join posting p on p.journal = j.id
    where j.kind = 'return' and j.participant_id = :w and account = 'paid'"""

_EARNED = """
    select j.participant_id, j.origin_period, cast(sum(p.amount) as bigint)
    from journal j join posting p on p.journal = j.id where account = 'earned' group by 1, 2"""


class Books:
    """Remembers everything that must never change again, by where it is fetched."""

    def __init__(self, company: Company) -> None:
        self.company = company
        self.bytes: dict[str, bytes] = {}
        self.months: dict[tuple[str, str], str] = {}
        self._next = 0

    def keep(self, path: str, who: str = "dana") -> bytes:
        """Fetch what must be the same for ever."""
        answer = self.company.get(path, who)
        assert answer.status_code == 200, answer.text
        assert self.bytes.setdefault(path, answer.content) == answer.content, path
        return answer.content

    def close(self, group: str, month: str) -> None:
        """Remember a closed month, and every one before it."""
        booked = "select distinct period from journal where pay_group = :g and period <= :m"
        for (each,) in self._rows(booked, g=group, m=month):
            self.months.setdefault((group, each), self._digest(group, each))
        self.months.setdefault((group, month), self._digest(group, month))

    def check(self) -> None:
        """After every step."""
        assert self._rows("select 1 from posting group by journal, currency having sum(amount) <> 0") == []
        assert self._rows("select line, attempt from batch_line group by 1, 2 having count(*) > 1") == []
        assert self._rows(f"select line from ({_TAKEN}) t group by 1 having count(*) > 1") == []
        self._balances()
        for (group, month), digest in self.months.items():
            assert self._digest(group, month) == digest, f"{month} of {group} is closed and has changed"
        if self.bytes:  # one after the other: all of them within some steps
            self._next += 1
            self.keep(sorted(self.bytes)[self._next % len(self.bytes)])

    def check_everything(self) -> None:
        """At the end."""
        self.check()
        for path in self.bytes:
            self.keep(path)
        assert self.company.verified() == []

    def accounts(self, who: str, currency: str = "USD") -> Counter[str]:
        """What stands on somebody's accounts, in minor units, debits positive."""
        rows = self._rows(_ACCOUNTS, w=who, c=currency)
        return Counter({account: amount for account, amount in rows if amount})

    def earned(self) -> Counter[tuple[str, str]]:
        """What is booked as earned, by participant and the month it is about."""
        return Counter({(who, month): amount for who, month, amount in self._rows(_EARNED) if amount})

    def given_back(self, who: str) -> int:
        """How much of somebody's pay payroll gave back, ever."""
        return int(self._rows(_GIVEN_BACK, w=who)[0][0])

    def _balances(self) -> None:
        """Paid, held, payable and recovered are what was earned, as the API says; what is paid is what payroll was told
        or will be.
        """
        filed = Counter({(who, currency): amount for who, currency, amount in self._rows(_FILED)})
        for each in self.company.get("/v1/balances?by=participant").json()["balances"]:
            name, currency = each["key"], each["currency"]
            own = {account: Decimal(each[account]) for account in ACCOUNTS}
            cost = own["earned"] + own["adjusted"] + own["guaranteed"]
            assert cost == own["paid"] + own["held"] + own["payable"] - own["draw"] - own["clawback"], each
            assert own["draw"] >= 0, each
            assert own["clawback"] >= 0, each
            assert to_minor(own["paid"], currency) == filed[name, currency], each

    def _digest(self, group: str, month: str) -> str:
        sql = "select j.sha256, j.id from journal j where pay_group = :g and period = :m order by j.id"
        return hashlib.sha256(repr(self._rows(sql, g=group, m=month)).encode()).hexdigest()

    def _rows(self, sql: str, **parameters: Any) -> list[Any]:
        with self.company.owner.connect() as connection:
            return [tuple(row) for row in connection.execute(text(sql), parameters)]
