"""What Earnest knows of a company in the end: its deals and people as facts on the road are, and what everybody earned.

The kernel earns all months in one go. That they come to the same as through webhooks and workers is tested with the
demo company.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from decimal import Decimal
from typing import Any, Final

from earnest.company.like_fernhill import plans_of, roster_of
from earnest.company.people import People, RosterRow
from earnest.company.selling import UNREADABLE, DealReport, cents_text, deal_reports
from earnest.company.world import World
from services.alerts.of_facts import KnownFacts
from shared.contracts.earnings import ComponentEarning, EarningsChanged
from shared.facts import Facts
from shared.kernel import PlanSet, Roster, credit, measure
from shared.kernel.crediting.deals import deals_table
from shared.kernel.idle_months import earn_every_month
from shared.kernel.plan.version import Plan
from shared.periods import Month, period_of

STAGES: Final = {"closed_won": "won", "closed_lost": "lost", "cancelled": "cancelled"}
"""As examples/demo/sources/fernhill-crm.yaml has them; every other status is open."""
_NUMBERS: Final = ("measure", "quota", "attainment")


def known_of(world: World) -> KnownFacts:
    """What is known of a company like Fernhill on the world's last day."""
    rows = roster_of(world)
    reports = deal_reports(world, People(rows))
    return known_in_the_end(reports, rows, plans=plans_of(world), last=period_of(world.last_day))


def known_in_the_end(
    reports: Iterable[DealReport], roster: Iterable[RosterRow], *, plans: Iterable[Plan], last: Month
) -> KnownFacts:
    """What reports, roster and plans come to: deals, people, and what was earned up to a month."""
    people, deals = _people(roster), _deals(reports)
    return KnownFacts(deals=deals, roster=people, earnings=_earnings(deals, people, plans=PlanSet(plans), last=last))


def _deals(reports: Iterable[DealReport]) -> dict[str, Facts]:
    """By deal what its reports say in the end; ingest refuses those without a readable owner."""
    known: defaultdict[str, dict[str, Any]] = defaultdict(dict)
    for report in reports:
        if report.fields.get("rep") != UNREADABLE:
            known[report.deal_id] |= report.fields
    return {deal_id: _facts(_fields(fields)) for deal_id, fields in known.items()}


def _fields(said: Mapping[str, Any]) -> dict[str, Any]:
    """What the company's systems say, in the words of the road."""
    return {
        "stage": STAGES.get(said["status"], "open"),
        "amount": cents_text(said["value_cents"]),
        "list_amount": cents_text(said["list_cents"]),
        "currency": said["currency"],
        "open_date": said["opened"],
        "close_date": said["closed"],
        "owner": said["rep"],
        "product": said["product"],
        "account": said["account"],
        "territory": said["territory"],
        "custom.strategic": said["strategic"],
        **({"splits": said["splits"]} if "splits" in said else {}),
        **{f"refunds.{name}": refund for name, refund in said.get("refunds", {}).items()},
    }


def _people(rows: Iterable[RosterRow]) -> dict[str, Facts]:
    """By participant the dated attributes that the rows say."""
    known: defaultdict[str, dict[str, Any]] = defaultdict(dict)
    for row in rows:
        said = {name: cell for name, cell in row.items() if cell and name not in ("participant_id", "effective_from")}
        known[row["participant_id"]] |= {
            f"{row['effective_from']}/{name}": cell != "no" if name == "active" else cell for name, cell in said.items()
        }
    return {participant: _facts(fields) for participant, fields in known.items()}


def _facts(fields: Mapping[str, Any]) -> Facts:
    # When and by whom does not matter any more: what they say is what holds in the end.
    return {path: [value, "", 0, ""] for path, value in fields.items()}


def _earnings(
    deals: Mapping[str, Facts], people: Mapping[str, Facts], *, plans: PlanSet, last: Month
) -> list[EarningsChanged]:
    """What everybody earns in each month up to the last, as scoring publishes it."""
    roster = Roster.from_facts(people.items())
    credits = credit(deals_table(deals.items(), plans.deal_columns), roster, plans=plans).credits
    months: defaultdict[tuple[str, Month], list[ComponentEarning]] = defaultdict(list)
    earned = earn_every_month(measure(credits, plans), roster, plans=plans)
    for row in earned.join(plans.resets, on=["plan", "version", "component"], how="left").iter_rows(named=True):
        who, month = row.pop("participant_id"), Month(row.pop("period"))
        if month <= last:
            numbers = {name: _text(row[name]) for name in _NUMBERS}
            months[who, month].append(ComponentEarning.model_construct(**row | numbers))
    return [
        EarningsChanged.model_construct(participant_id=who, period=month, revision=1, earnings=components, basis={})
        for (who, month), components in months.items()
    ]


def _text(number: Decimal | None) -> str | None:
    return None if number is None else f"{number:f}"
