"""What a deal and a participant's earnings contribute to the sums, as a function of what is known of them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import date
from decimal import Decimal
from typing import Any, Final

from services.alerts.kpis import DEAL_SUMS, EARNING_SUMS
from services.alerts.kpis.sums import ClosedDeal, Day
from shared.contracts.earnings import ComponentEarning
from shared.facts import Facts, value_of
from shared.money import to_minor

_REFUND: Final = "refunds."
# What every closed deal is read for; sums with fields of their own add theirs.
_FIELDS: Final = frozenset({"stage", "amount", "list_amount", "currency", "close_date"}).union(
    *(counted.fields for counted in DEAL_SUMS)
)


def relevant(fields: Mapping[str, Any]) -> dict[str, Any]:
    """The fields of a patch that KPIs depend on; most patches of a deal's life have few or none, and then cost nothing
    here.
    """
    return {path: value for path, value in fields.items() if path in _FIELDS or path.startswith(_REFUND)}


def of_deal(facts: Facts) -> tuple[Day, dict[str, int]] | None:
    """The bucket a deal counts in and what it adds there; None while it is neither won nor lost on a known date.

    Every facts have a contribution, so the sums never depend on which of two patches came first. A won deal whose
    amounts cannot be read, or not be represented exactly, counts as won without amounts: crediting reports its problem.
    """
    stage, day = value_of(facts, "stage"), _date(value_of(facts, "close_date"))
    if day is None or stage not in ("won", "lost"):
        return None
    currency = value_of(facts, "currency")
    currency = currency if isinstance(currency, str) else ""
    deal = _won(facts, currency) if stage == "won" else ClosedDeal(won=False, facts=facts)
    return (day, currency), {counted.name: value for counted in DEAL_SUMS if (value := counted.of(deal))}


def of_earnings(earnings: Iterable[ComponentEarning]) -> dict[str, dict[str, int]]:
    """What the components of one participant and period add, by currency; a currency of which every sum is zero is
    there too.
    """
    by_currency: dict[str, list[ComponentEarning]] = {}
    for earned in earnings:
        by_currency.setdefault(earned.currency, []).append(earned)
    return {
        currency: {counted.name: value for counted in EARNING_SUMS if (value := counted.of(components))}
        for currency, components in by_currency.items()
    }


def _won(facts: Facts, currency: str) -> ClosedDeal:
    amount, listed = value_of(facts, "amount"), value_of(facts, "list_amount")
    if amount is None:
        return ClosedDeal(won=True, facts=facts)
    try:
        return ClosedDeal(
            won=True,
            net=to_minor(Decimal(amount), currency),
            refunded=sum(
                to_minor(Decimal(value["amount"]), currency)
                for path, (value, *_) in facts.items()
                if path.startswith(_REFUND) and value is not None
            ),
            list_price=None if listed is None else to_minor(Decimal(listed), currency),
            facts=facts,
        )
    except (ArithmeticError, LookupError, TypeError, ValueError):
        # All or nothing: revenue without its refunds, or a list price without a net one, would be a wrong figure.
        return ClosedDeal(won=True, facts=facts)


def _date(value: Any) -> date | None:
    try:
        return date.fromisoformat(value)
    except (TypeError, ValueError):
        return None
