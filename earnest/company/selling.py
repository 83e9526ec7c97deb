"""The life of the company's deals: what its systems say about each, and when they say it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime, timedelta
from random import Random
from typing import Any, Literal

from earnest.company.people import People, Seller
from earnest.company.products import ACCOUNTS, Offer, discount, product, units
from earnest.company.seasons import closes, closing_days
from earnest.company.world import World
from shared.periods import next_period, period_of

System = Literal["crm", "sales-ops", "billing"]

USUAL_CLOSES = {"rep": 15, "senior-rep": 19}
"""How many deals a seller brings to an end in an average month, by plan."""
WON_PERCENT = 41
PIPELINE_MONTHS = 2
"""Deals that close in so many months after the last day are in the pipeline on it."""
SPLIT_PERCENT = 8
PULLED_DAYS = 14
"""The first days of a quarter, whose deals can be pulled forward."""

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


def deal_reports(world: World, people: People, *, random: Random | None = None) -> list[DealReport]:
    """Everything said about every deal up to the world's last day, in order of time.

    `random` is a generator that begins with the world's seed, where more is drawn from it afterwards.
    """
    market = _Market(world, people, random=random or Random(world.seed))
    reports = [report for deal in market.deals() for report in deal.reports]
    known = [report for report in reports if report.at.date() <= world.last_day]
    return sorted(known, key=lambda report: (report.at, report.deal_id, report.revision))


def cents_text(cents: int) -> str:
    """Cents as an amount in dollars: `1234.50`."""
    return f"{cents // 100}.{cents % 100:02d}"


class _Market:
    """All deals of a world. Draws come in a fixed order, and drifts draw only where they are planted: a draw more
    anywhere changes everything after it.
    """

    def __init__(self, world: World, people: People, *, random: Random) -> None:
        self._world, self._people, self._random = world, people, random

    def deals(self) -> Iterator[_Deal]:
        """Every deal that is opened in the world's days, with its whole life."""
        number, period, last = 10_000, period_of(self._world.first_day), period_of(self._world.last_day)
        for _ in range(PIPELINE_MONTHS):
            last = next_period(last)
        while period <= last:
            days, weights = closing_days(period)
            # Whoever sells in the middle of the month has its deals; one who leaves later leaves some to colleagues.
            for seller in self._people.sellers(min(days[14], self._world.last_day)):
                usual, luck = USUAL_CLOSES[seller.plan], 60 + self._random.randrange(81)
                for _ in range(closes(days[0], usual, since=seller.since, founded=self._world.first_day, luck=luck)):
                    number += 1
                    yield self._life_of(f"OPP-{number}", seller, close=self._closing_day(seller, days, weights=weights))
            period = next_period(period)

    def _closing_day(self, seller: Seller, days: Sequence[date], *, weights: Sequence[int]) -> date:
        close = self._random.choices(days, weights)[0]
        before = days[0] - timedelta(1)
        pulled = self._world.strength("pull_forward", before, segments=_segments(seller))
        begins_quarter = before.month % 3 == 0 and close.day <= PULLED_DAYS
        if begins_quarter and pulled and self._random.randrange(10_000) < pulled:
            week = [before - timedelta(back) for back in range(7)]
            return self._random.choice([day for day in week if day.weekday() < 5])
        return close

    def _life_of(self, deal_id: str, seller: Seller, *, close: date) -> _Deal:
        """The whole life of a deal that ends on `close`."""
        random = self._random
        opened = close - timedelta(5 + random.randrange(70))
        offer = Offer(product=product(random), units=units(random))
        segments = {"product": offer.product.name, **_segments(seller)}
        deal = _Deal(deal_id, _as_opened(seller, offer, opened=opened, random=random))
        begun = _moment(max(opened, self._world.first_day), random)
        deal.crm_reports(begun)
        if random.randrange(100) < 40:
            offer = replace(offer, units=units(random))
            deal.crm_reports(begun + timedelta(random.randrange(max((close - begun.date()).days, 1))), **offer.fields)
        ended = max(_moment(close, random), deal.reports[-1].at + timedelta(minutes=5))
        owner = self._owner_on(seller, ended.date())
        lost_more = self._world.strength("win_rate", close, segments=segments)
        if 100 * random.randrange(100) >= 100 * WON_PERCENT - lost_more:
            deal.crm_reports(ended, status="closed_lost", closed=close.isoformat(), rep=owner)
            return deal
        drift = self._world.strength("discount", close, segments=segments)
        offer = replace(offer, basis_points=discount(random, drift=drift))
        won = {"status": "closed_won", "closed": close.isoformat(), "rep": owner, **offer.fields}
        # As real exports have them, a few in a thousand: an owner nobody knows, another currency, an owner that is no
        # id.
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
            split_more = self._world.strength("splits", close, segments=segments)
            self._after_winning(deal, offer, won=ended, splits=100 * SPLIT_PERCENT + split_more)
        return deal

    def _owner_on(self, seller: Seller, day: date) -> str:
        """Whose deal it is when it closes: of who no longer sells, a colleague takes over two deals of three."""
        there = self._people.on(seller.participant_id, day)
        if (there is not None and there["plan"] == seller.plan) or self._random.randrange(3) == 0:
            return seller.participant_id
        sellers = self._people.sellers(day)
        return self._random.choice([other.participant_id for other in sellers if other.territory == seller.territory])

    def _after_winning(self, deal: _Deal, offer: Offer, *, won: datetime, splits: int) -> None:
        """What happens to a won deal: splits (so many in ten thousand), an amendment, cancellation, a refund; most live
        on in peace.
        """
        random = self._random
        if 100 * random.randrange(100) < splits:
            shared = self._splits(str(deal.fields["rep"]), won.date())
            deal.other_reports(won + timedelta(hours=2 + random.randrange(70)), "sales-ops", splits=shared)
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

    def _splits(self, owner: str, day: date) -> dict[str, str]:
        """The owner and one or two colleagues, in percent."""
        others = [other.participant_id for other in self._people.sellers(day) if other.participant_id != owner]
        first, second = self._random.sample(others, 2)
        return self._random.choice(
            (
                {owner: "50", first: "50"},
                {owner: "60", first: "40"},
                {owner: "70", first: "30"},
                {owner: "33.34", first: "33.33", second: "33.33"},  # thirds that sum to 100, which the contract asks
            )
        )


def _segments(seller: Seller) -> dict[str, str]:
    return {"territory": seller.territory, "plan": seller.plan, "manager": seller.manager}


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
