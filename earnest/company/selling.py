"""The life of the company's deals: what its systems say about each, and when they say it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime, timedelta
from random import Random
from typing import Any, Literal

from earnest.company import FIRST_DAY, LAST_DAY
from earnest.company.people import People, Seller
from earnest.company.products import ACCOUNTS, Offer, discount, product, units
from earnest.company.seasons import closes, closing_days
from shared.periods import Month, next_period, period_of

System = Literal["crm", "sales-ops", "billing"]

USUAL_CLOSES = {"rep": 15, "senior-rep": 19}
"""How many deals a seller brings to an end in an average month, by plan."""
WON_PERCENT = 41
LAST_PERIOD = Month("2026-08")
"""Deals that close after the last day are in the pipeline on it."""

UNKNOWN_OWNER = "partner.desk"
"""Their deals credit nobody until the roster knows them."""
UNREADABLE = "to be assigned"
"""What the CRM has for an owner now and then: it is no id, so ingest refuses the event. The CRM corrects it soon."""


@dataclass(frozen=True)
class DealReport:
    """What a system says about a deal at an instant: the CRM its whole opportunity, others the fields they know."""

    at: datetime
    system: System
    deal_id: str
    revision: int
    fields: dict[str, Any]


@dataclass
class _Deal:
    """An opportunity as the CRM holds it, and what was said about it so far."""

    deal_id: str
    fields: dict[str, Any]
    reports: list[DealReport] = field(default_factory=list)

    def crm_reports(self, at: datetime, **changes: Any) -> None:
        """The CRM changes fields and says so."""
        self.fields = self.fields | changes
        self.reports.append(
            DealReport(at=at, system="crm", deal_id=self.deal_id, revision=len(self.reports) + 1, fields=self.fields)
        )

    def other_reports(self, at: datetime, system: System, **fields: Any) -> None:
        """Another system says something about the deal."""
        self.reports.append(
            DealReport(at=at, system=system, deal_id=self.deal_id, revision=len(self.reports) + 1, fields=fields)
        )


def deal_reports(people: People, random: Random) -> list[DealReport]:
    """Everything said about every deal up to the last day, in order of time."""
    reports = [report for deal in _deals(people, random) for report in deal.reports]
    known = [report for report in reports if report.at.date() <= LAST_DAY]
    return sorted(known, key=lambda report: (report.at, report.deal_id, report.revision))


def cents_text(cents: int) -> str:
    """Cents as an amount in dollars: `1234.50`."""
    return f"{cents // 100}.{cents % 100:02d}"


def _deals(people: People, random: Random) -> Iterator[_Deal]:
    number, period = 10_000, period_of(FIRST_DAY)
    while period <= LAST_PERIOD:
        days, weights = closing_days(period)
        # Whoever sells in the middle of the month has its deals; one who leaves later leaves some to colleagues.
        for seller in people.sellers(min(days[14], LAST_DAY)):
            for _ in range(
                closes(days[0], USUAL_CLOSES[seller.plan], since=seller.since, luck=60 + random.randrange(81))
            ):
                number += 1
                yield _life_of(
                    f"OPP-{number}", seller, close=random.choices(days, weights)[0], people=people, random=random
                )
        period = next_period(period)


def _life_of(deal_id: str, seller: Seller, *, close: date, people: People, random: Random) -> _Deal:
    """The whole life of a deal that ends on `close`."""
    opened = close - timedelta(5 + random.randrange(70))
    offer = Offer(product=product(random), units=units(random))
    deal = _Deal(deal_id, _as_opened(seller, offer, opened=opened, random=random))
    begun = _moment(max(opened, FIRST_DAY), random)
    deal.crm_reports(begun)
    if random.randrange(100) < 40:
        offer = replace(offer, units=units(random))
        deal.crm_reports(begun + timedelta(random.randrange(max((close - begun.date()).days, 1))), **offer.fields)
    ended = max(_moment(close, random), deal.reports[-1].at + timedelta(minutes=5))
    owner = _owner_on(seller, ended.date(), people=people, random=random)
    if random.randrange(100) >= WON_PERCENT:
        deal.crm_reports(ended, status="closed_lost", closed=close.isoformat(), rep=owner)
        return deal
    offer = replace(offer, basis_points=discount(close, seller.territory, random=random))
    won = {"status": "closed_won", "closed": close.isoformat(), "rep": owner, **offer.fields}
    # As real exports have them, a few in a thousand: an owner nobody knows, another currency, an owner that is no id.
    draw = random.randrange(1000)
    if draw < 3:
        won["rep"] = UNKNOWN_OWNER
    elif draw < 5:
        won["currency"] = "EUR"
    elif draw < 7:
        deal.crm_reports(ended, **(won | {"rep": UNREADABLE}))
        ended += timedelta(hours=2)
    deal.crm_reports(ended, **won)
    if won["rep"] == owner:
        _after_winning(deal, offer, won=ended, people=people, random=random)
    return deal


def _as_opened(seller: Seller, offer: Offer, *, opened: date, random: Random) -> dict[str, Any]:
    return {
        "status": "proposal",
        **offer.fields,
        "currency": "USD",
        "opened": opened.isoformat(),
        "closed": None,
        "rep": seller.participant_id,
        "product": offer.product.name,
        "account": random.choice(ACCOUNTS),
        "territory": seller.territory,
        "strategic": offer.product.strategic,
    }


def _moment(day: date, random: Random) -> datetime:
    """Some moment of the working day."""
    return datetime(day.year, day.month, day.day, 8, tzinfo=UTC) + timedelta(seconds=random.randrange(10 * 3600))


def _owner_on(seller: Seller, day: date, *, people: People, random: Random) -> str:
    """Whose deal it is when it closes: of who no longer sells, a colleague takes over two deals of three."""
    there = people.on(seller.participant_id, day)
    if (there is not None and there["plan"] == seller.plan) or random.randrange(3) == 0:
        return seller.participant_id
    colleagues = [other.participant_id for other in people.sellers(day) if other.territory == seller.territory]
    return random.choice(colleagues)


def _after_winning(deal: _Deal, offer: Offer, *, won: datetime, people: People, random: Random) -> None:
    """What happens to a won deal: splits, an amendment, cancellation, a refund; most live on in peace."""
    if random.randrange(100) < 8:
        splits = _splits(str(deal.fields["rep"]), won.date(), people=people, random=random)
        deal.other_reports(won + timedelta(hours=2 + random.randrange(70)), "sales-ops", splits=splits)
    draw, later = random.randrange(100), timedelta(3 + random.randrange(60), random.randrange(3600))
    if draw < 5:
        deal.crm_reports(won + later, **replace(offer, units=offer.units + random.choice((1, 1, 2))).fields)
    elif draw < 7:
        deal.crm_reports(won + later, status="cancelled")
    elif draw < 11:
        share = 5 + random.randrange(40)
        refund = {
            "amount": cents_text(offer.fields["value_cents"] * share // 100),
            "date": (won + later).date().isoformat(),
        }
        deal.other_reports(won + later, "billing", refunds={f"CN-{deal.deal_id[4:]}": refund})


def _splits(owner: str, day: date, *, people: People, random: Random) -> dict[str, str]:
    """The owner and one or two colleagues, in percent."""
    others = [other.participant_id for other in people.sellers(day) if other.participant_id != owner]
    first, second = random.sample(others, 2)
    return random.choice(
        (
            {owner: "50", first: "50"},
            {owner: "60", first: "40"},
            {owner: "70", first: "30"},
            {owner: "33.34", first: "33.33", second: "33.33"},  # thirds that sum to 100, which the contract asks
        )
    )
