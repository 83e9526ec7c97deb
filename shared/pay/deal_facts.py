"""What became of deals that earn less than they did: scoring knows."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import date, datetime
from decimal import Decimal
from typing import Any, Final, NamedTuple, Protocol
from zoneinfo import ZoneInfo

from shared.kernel.remarks.remark import RemarkKind
from shared.money import MoneyError, to_minor
from shared.pay.terms.words.release import DatedAmount
from shared.periods import Month

LOST: Final = ("cancelled", "lost")
"""The stages of a deal that is lost."""

Shares = Mapping[str, int]
"""By rule the share of a deal that it gives a participant, in parts of 10^-8."""


class DealHistory(NamedTuple):
    """What became of a deal. `since` is where its age begins: its contract's start, or its closing. Amounts are in
    minor units of the deal's currency; `amount` is None where the deal does not say one. `cancelled_on` is None where
    it is not cancelled. `payments` are None where one of them cannot be told; `closed_on` and `started_on` where the
    deal does not say it.
    `shares` are those of each participant in each month, or what they would be if nothing of the deal were lost; None
    where they are not known.
    """

    since: date
    amount: int | None = None
    refunds: Sequence[DatedAmount] = ()
    cancelled_on: date | None = None
    shares: Mapping[tuple[str, Month], Shares] | None = None
    payments: Sequence[DatedAmount] | None = ()
    closed_on: date | None = None
    started_on: date | None = None

    def shares_of(self, participant_id: str, month: Month) -> Shares | None:
        """Those of a participant in a month."""
        return None if self.shares is None else self.shares.get((participant_id, month), {})


class Uncredited(NamedTuple):
    """A share of a won deal that credits nobody, why, and what that is about; of the whole deal, where no participant
    is named.
    """

    deal_id: str
    participant_id: str | None
    reason: str
    about: str | None = None


class Remarked(NamedTuple):
    """What scoring remarks of a participant, or of nobody, whose id is then empty."""

    kind: RemarkKind
    participant_id: str
    message: str


class DealSource(Protocol):
    """Where to ask about deals. Every question raises `shared.problems.Unavailable` where there is no answer."""

    def facts(self, deals: Sequence[str]) -> dict[str, DealHistory]:
        """The facts of deals; one without a closing is absent."""
        ...

    def known(self, deals: Sequence[str]) -> set[str]:
        """Which of these deals there are, won or not."""
        ...

    def plans(self) -> set[str]:
        """The plans that are published."""
        ...

    def paid_less(self, as_of: date) -> Sequence[str]:
        """Deals of which a payment was ever taken back, and that are not paid in full by a day."""
        ...

    def quarantined(self) -> Mapping[str, str]:
        """By participant the plan version that is set aside, and with which nothing of theirs is calculated at the
        moment."""
        ...

    def remarks(self, period: Month) -> Sequence[Remarked]:
        """What of roster, plans and deals looks like a slip and moves the pay of a month."""
        ...

    def uncredited(self, period: Month) -> Sequence[Uncredited]:
        """Won deals of a month, or without a close date, whose shares do not sum to the whole."""
        ...


def deal_history(
    values: Mapping[str, Any], units: Callable[[str], int | None], *, cancelled_on: date | None = None
) -> DealHistory | None:
    """What became of a deal, from the values of its facts by path; None where it does not say when it was closed.

    A refund that cannot be told makes the amount unknown too: what is left of the deal then cannot be told either.

    Args:
        values: as the contract of deals writes them.
        units: what an amount is in minor units; None where it cannot be told.
        cancelled_on: when it was said that the deal is lost, for one that says so without a date.
    """
    closed, started = (
        None if (day := values.get(name)) is None else date.fromisoformat(day) for name in ("close_date", "start_date")
    )
    if (since := started or closed) is None:
        return None
    amount = None if values.get("amount") is None else units(values["amount"])
    refunds = dated_amounts(values, "refunds", units=units)
    if day := values.get("cancel_date"):
        cancelled_on = date.fromisoformat(day)
    payments = dated_amounts(values, "payments", units=units)
    return DealHistory(
        since,
        None if refunds is None else amount,
        refunds or (),
        cancelled_on,
        payments=None if payments is None else payments or (),
        closed_on=closed,
        started_on=started,
    )


def dated_amounts(
    values: Mapping[str, Any], name: str, *, units: Callable[[str], int | None]
) -> list[DatedAmount] | None:
    """The `payments` or `refunds` of a deal by day, from the values of its facts; None where one cannot be told in
    minor units.
    """
    entries = []
    for path, entry in values.items():
        if path.startswith(f"{name}.") and entry is not None:
            amount = units(entry["amount"])
            if amount is None:  # one amount that is not known makes every sum of them unknown
                return None
            entries.append(DatedAmount(date.fromisoformat(entry["date"]), amount))
    return sorted(entries)


def history_as_scored(facts: Mapping[str, Any], zone: ZoneInfo) -> DealHistory | None:
    """What became of a deal, from its facts as scoring shows them: path -> value, occurred_at.

    A deal that is cancelled without a date was cancelled on the day on which that was said.
    """
    values = {path: fact["value"] for path, fact in facts.items()}
    said_on = None
    if values.get("stage") in LOST:
        said_on = datetime.fromisoformat(facts["stage"]["occurred_at"]).astimezone(zone).date()
    return deal_history(values, lambda amount: units_of(amount, values.get("currency")), cancelled_on=said_on)


def units_of(amount: str, currency: str | None) -> int | None:
    """An amount of a deal in minor units; None where that cannot be told."""
    try:
        return None if currency is None else to_minor(Decimal(amount), currency)
    except MoneyError:
        return None
