"""What is accounted for: the costs of contracts, and what happens to contracts later. Amounts are whole minor units."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import Final, Literal

Occasion = Literal["new", "renewal", "modification"]
EventKind = Literal["estimate", "clawback", "reversal", "impairment", "termination", "extension"]

RANK: Final[dict[EventKind, int]] = {
    "extension": 0,
    "estimate": 1,
    "clawback": 2,
    "reversal": 3,
    "impairment": 4,
    "termination": 5,
}
"""The order of what happens on one day (docs/contract-costs.md), so that it does not hang on the order of a file: the
period first, since it says what the rest rests on; a clawback before the impairments, for what is taken back is no loss
(ASC 340-40-35-3 and IFRS 15.101 compare what is carried by then); a termination last, since nothing is left after
it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class CostLine:
    """One cost of obtaining a contract: a line of earned pay, or another cost such as a lawyer's fee."""

    earning_line_id: str
    contract_id: str
    signed: date
    amount: int
    currency: str
    entity: str = ""
    component: str = ""
    service_start: date | None = None
    earned: date | None = None
    """When the liability arises, where that is not the signing: a tier that is reached later, pay on collection."""
    occasion: Occasion = "new"
    cost: str = "commission"
    product: str = ""
    term_months: int | None = None
    renewal_months: int | None = None
    renewal_commensurate: bool | None = None
    months: int | None = None
    """The benefit period of this line, whatever the policy says."""
    incremental: bool | None = None
    corrects: str | None = None
    """For a negative amount: the line that it takes back."""
    source: str = ""
    """Where it was read, as people find it again: `row 7`."""

    @property
    def recognised(self) -> date:
        """When the cost is incurred, and so capitalised (ASC 340-40-25-1, IFRS 15.91)."""
        return self.earned or self.signed

    def refused(self, reason: str, *, message: str) -> Refused:
        """The line as one that is not used."""
        return Refused(source=self.source, id=self.earning_line_id, reason=reason, message=message)


@dataclass(frozen=True, slots=True, kw_only=True)
class CostEvent:
    """Something that happens to a contract. On the first day of a month it comes before that month's expense, else
    after it.
    """

    contract_id: str
    kind: EventKind
    on: date
    earning_line_id: str | None = None
    """Only this asset of the contract."""
    amount: int | None = None
    """What is clawed back, or the amount that is recoverable (impairment, reversal)."""
    currency: str | None = None
    months: int | None = None
    """estimate: the benefit period in all, from the start of the contract's first asset; extension: the months added to
    the term."""
    remaining_months: int | None = None
    ends: date | None = None
    through_payroll: bool = False
    """A negative commission rather than a claim on the participant. Made of a negative line; no file
    and no caller says it of an event."""
    component: str = ""
    entity: str = ""
    source: str = ""

    def refused(self, reason: str, *, message: str) -> Refused:
        """The event as one that is not used."""
        return Refused(source=self.source, id=self.contract_id, reason=reason, message=message)


@dataclass(frozen=True, slots=True, kw_only=True)
class Refused:
    """A line or event that was not used, and why."""

    source: str
    id: str
    reason: str
    message: str
