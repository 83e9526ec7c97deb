"""What people read of the ledger: balances, which are the sums of accounts, and which months are open. Amounts are in
minor units.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final, Literal, NamedTuple

from shared.pay.accounts import LedgerAccount
from shared.periods import Month

SIGNS: Final[Mapping[LedgerAccount, Literal["", "-"]]] = {
    "earned": "",
    "adjusted": "",
    "guaranteed": "",
    "held": "-",
    "payable": "-",
    "draw": "",
    "clawback": "",
    "paid": "-",
}
"""The chart of accounts in its order, with the sign by which people read the sum of an account: costs and what is owed
back are debits, what the company owes and has paid are credits. `intercompany` is none of a participant's: both its
sides are there, and it is zero over all entities.
"""

ACCOUNTS: Final = tuple(SIGNS)

By = Literal["participant", "cost_center", "entity", "pay_group"]
"""What balances can be summed by."""

PeriodState = Literal["open", "soft-closed", "closed"]


@dataclass(frozen=True, slots=True)
class Balance:
    """The sums of the accounts in one currency, signed as people read them.

    earned + adjusted + guaranteed = paid + held + payable - draw - clawback.
    """

    currency: str
    earned: int
    adjusted: int
    guaranteed: int
    held: int
    payable: int
    draw: int
    clawback: int
    paid: int

    def accounts(self) -> dict[LedgerAccount, int]:
        """The sums by account."""
        return {account: getattr(self, account) for account in ACCOUNTS}


@dataclass(frozen=True, slots=True)
class TrialBalanceRow:
    """An account in one currency: what stood on it before a month, what the month debited and credited, what stands
    after.
    """

    account: LedgerAccount
    currency: str
    opening: int
    debits: int
    credits: int

    @property
    def closing(self) -> int:
        """What stands on it after the month."""
        return self.opening + self.debits - self.credits


class BookedPeriod(NamedTuple):
    """A month of a pay group in which something is booked, and the run that closed it, if one did."""

    pay_group: str
    period: Month
    state: PeriodState
    closed_by: str | None
