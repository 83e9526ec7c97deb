"""The year of history from which simulated years are drawn: its deals, who holds them, and who could sit in whose
place."""

from __future__ import annotations

from dataclasses import dataclass

import polars as pl

from earnest.files.rejections import FileError
from shared.kernel import PlanSet, Roster

Group = tuple[str | None, str | None, str | None]


@dataclass(frozen=True)
class BaseYear:
    """A calendar year of deals and the people of the roster, both numbered.

    `deals` has deal_id, holder (a place in `people`) and net (minor units). `groups` gives for everyone those,
    themselves among them, who hold deals on the same plan, in the same position and under the same manager.
    """

    year: int
    people: list[str]
    deals: pl.DataFrame
    groups: list[list[int]]


def base_year(deals: pl.DataFrame, roster: Roster, *, plans: PlanSet) -> BaseYear:
    """The calendar year with most won deals, the latest of several.

    Raises:
        FileError: no deal is won by anybody in the roster, or plans are in several currencies.
    """
    if len({plan.currency for plan in plans}) > 1:
        raise FileError("the plans pay in several currencies: simulate those of one currency at a time")
    dated = (pl.col("stage") == "won") & pl.col("amount").is_not_null() & pl.col("close_date").is_not_null()
    # A split is drawn as a whole by whoever has most of it; the others are credited by the deal, as in history.
    won = _with_holder(deals.filter(dated))
    if won.is_empty():
        raise FileError("no deal is won: there is no history to draw from")
    people = sorted(set(roster.assignments["participant_id"]))
    won = won.filter(pl.col("holder").is_in(people))
    if won.is_empty():
        raise FileError("no won deal has an owner who is in the roster: there is no history to draw from")
    # Bootstrap draws from one year, so seasons stay where they are; the fullest year is the best sample, and of equals
    # the latest is the most like today.
    years = won.group_by(year=pl.col("close_date").dt.year()).len().sort("len", "year")
    year = int(years["year"][-1])
    place = {name: number for number, name in enumerate(people)}
    deals_of_year = (
        won.filter(pl.col("close_date").dt.year() == year)
        .with_columns(pl.col("holder").replace_strict(place, return_dtype=pl.Int64))
        .select("deal_id", "holder", net=pl.col("amount") - pl.col("refunded"))
        .sort("holder", "deal_id")
    )
    return BaseYear(year, people, deals_of_year, _groups(people, set(deals_of_year["holder"]), roster=roster))


def _with_holder(deals: pl.DataFrame) -> pl.DataFrame:
    """Each deal with its holder, of a split the one with the largest share."""
    shares = deals.select("deal_id", "splits").explode("splits").unnest("splits")
    of_split = (
        shares.drop_nulls("participant_id")
        .sort("deal_id", "share", "participant_id", descending=[False, True, False])
        .group_by("deal_id", maintain_order=True)
        .agg(pl.col("participant_id").first())
    )
    return (
        deals.join(of_split, on="deal_id", how="left")
        .with_columns(holder=pl.coalesce("participant_id", "owner"))
        .filter(pl.col("holder").is_not_null())
    )


def _groups(people: list[str], holders: set[int], *, roster: Roster) -> list[list[int]]:
    last = roster.assignments.sort("effective_from").group_by("participant_id").last()
    kind: dict[str, Group] = {
        who: (plan, position, manager)
        for who, plan, position, manager in last.select("participant_id", "plan", "position", "manager").iter_rows()
    }
    members: dict[Group, list[int]] = {}
    for number in sorted(holders):
        members.setdefault(kind[people[number]], []).append(number)
    return [members[kind[name]] if number in holders else [number] for number, name in enumerate(people)]
