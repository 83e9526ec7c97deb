"""Other companies like Fernhill Instruments: its first people and its latest plans over other years and by other seeds,
with people who come and go.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import date, timedelta
from decimal import Decimal
from random import Random
from typing import Any, Final

from earnest.company import FOLDER
from earnest.company.deliveries import roster_files
from earnest.company.people import People, RosterRow, roster_rows
from earnest.company.world import World
from shared.kernel.plan.plan_file import read_plan
from shared.kernel.plan.version import Plan
from shared.periods import Month, first_day, next_period, period_of

PLANS: Final = ("director-1", "manager-1", "rep-2", "senior-rep-1")
"""The latest version of each: what a company pays does not change by itself."""
LEAVE_PERCENT: Final = 25
"""In so many months of a hundred somebody leaves, and somebody new comes."""
SETTLED: Final = timedelta(120)
"""After so long a newcomer has the usual quota, and may leave."""
FIRST_QUOTA: Final = "20000"
_QUOTA: Final = "quota.bookings"
QUOTAS: Final = (_QUOTA, "quota.team_bookings")


def roster_of(world: World) -> list[RosterRow]:
    """What HR says of the world's people, by effective date: who is there at first, who comes and goes, and whose quota
    is raised.
    """
    random = Random(f"people of {world.seed}")
    rows: list[RosterRow] = [
        {**row, "effective_from": world.first_day.isoformat()} for row in roster_rows(roster_files()[0])
    ]
    usual = next(row[_QUOTA] for row in rows if row["plan"] == "rep")
    period = next_period(period_of(world.first_day))
    while period <= period_of(world.last_day):
        if random.randrange(100) < LEAVE_PERCENT:
            rows += _one_for_another(rows, period, usual=usual, random=random)
        period = next_period(period)
    people = People(rows)
    rows = [_with_drift(row, people, world=world) for row in rows]
    rows += _raised(people, world)
    return sorted(rows, key=lambda row: row["effective_from"])


def plans_of(world: World) -> list[Plan]:
    """The plan versions of the world: one of each plan, and another one from the day on which its cost of sales begins
    to drift.
    """
    return [plan for name in PLANS for plan in _versions(name, world)]


def _one_for_another(rows: Sequence[RosterRow], period: Month, *, usual: str, random: Random) -> Iterator[RosterRow]:
    """Somebody who sells leaves in a month; somebody new takes the place, on a small quota at first."""
    day, people = first_day(period) + timedelta(4 + random.randrange(20)), People(rows)
    homes = {seller.participant_id: people.on(seller.participant_id, day) or {} for seller in people.sellers(day)}
    gone = random.choice([who for who, home in homes.items() if home[_QUOTA] != FIRST_QUOTA])
    number = len(people.ids) + 1
    who = f"newcomer.{number}"
    yield _row(gone, day, attributes={"active": "no"})
    as_rep = {"name": f"Newcomer {number}", "position": "rep", "plan": "rep", _QUOTA: FIRST_QUOTA}
    yield _row(who, day, attributes={**homes[gone], **as_rep, "payroll_id": f"{number + 10:06d}"})
    yield _row(who, first_day(period_of(day + SETTLED)), attributes={_QUOTA: usual})


def _row(participant_id: str, since: date, *, attributes: RosterRow) -> RosterRow:
    return {**attributes, "participant_id": participant_id, "effective_from": since.isoformat()}


def _with_drift(row: RosterRow, people: People, *, world: World) -> RosterRow:
    """A row, its quota raised where quotas drift on its day."""
    day = date.fromisoformat(row["effective_from"])
    home = people.on(row["participant_id"], day) or {}
    return {**row, **_quotas(row, day, segments=home, world=world)}


def _raised(people: People, world: World) -> Iterator[RosterRow]:
    """The quotas of those whom a drift of quotas finds, from the day on which it begins."""
    for day in sorted({drift.begins for drift in world.drifts if drift.kind == "quota"}):
        for who in people.ids:
            # Of who comes on the day itself the first row has it.
            was_there = people.on(who, day - timedelta(1)) is not None
            home = (people.on(who, day) or {}) if was_there else {}
            quotas = _quotas(home, day, segments=home, world=world)
            if any(quota != home[name] for name, quota in quotas.items()):
                yield _row(who, day, attributes=quotas)


def _quotas(row: RosterRow, day: date, *, segments: Mapping[str, str], world: World) -> dict[str, str]:
    """The quotas in a row as they are on a day: those of sellers and of the managers of their teams."""
    strength = 10_000 + world.strength("quota", day, segments=segments)
    return {name: str(int(row[name]) * strength // 10_000) for name in QUOTAS if row.get(name)}


def _versions(name: str, world: World) -> Iterator[Plan]:
    path = FOLDER / "plans" / f"{name}.yaml"
    document = read_plan(path.read_text(encoding="utf-8"), path.name).document()
    plan = document["plan"]
    begins = {drift.begins for drift in world.drifts if drift.kind == "cost_of_sales" and drift.hits({"plan": plan})}
    for version, day in enumerate([world.first_day, *sorted(begins)], start=1):
        dearer = world.strength("cost_of_sales", day, segments={"plan": plan})
        changed = _with_rates(document, percent=100 + dearer // 100)
        yield Plan.model_validate(changed | {"version": version, "effective_from": day.isoformat()})


def _with_rates(document: Any, *, percent: int) -> Any:
    """A plan document with every rate at so many percent of itself."""
    if isinstance(document, list):
        return [_with_rates(part, percent=percent) for part in document]
    if not isinstance(document, dict):
        return document
    return {
        name: str(Decimal(value) * percent / 100) if name == "rate" else _with_rates(value, percent=percent)
        for name, value in document.items()
    }
