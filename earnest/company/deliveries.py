"""What reaches Earnest from the company's systems, in the order in which it arrives: batched, sometimes late, sometimes
twice.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from itertools import chain
from pathlib import Path
from random import Random
from typing import Any

from earnest.company import FIRST_DAY, FOLDER
from earnest.company.people import People
from earnest.company.selling import DealReport, System, deal_reports
from earnest.company.world import FERNHILL
from shared.contracts import deals, plans
from shared.contracts.base import instant_text
from shared.contracts.message import structured_event
from shared.kernel.plan.plan_file import read_plan
from shared.kernel.plan.version import Plan

CRM = "fernhill-crm"
BATCH = 200
LATE_PERCENT = 2
TWICE_PERCENT = 3
NOTICE = timedelta(15)
"""How long before it takes effect a plan version is published."""


@dataclass(frozen=True, kw_only=True)
class Delivery:
    """One request to ingest: when it is due, its name, where it goes, as whom, and its bytes. `events` are in it.

    `key` is the principal whose API key it carries; None where a signature does instead.
    """

    at: datetime
    name: str
    path: str
    content_type: str
    body: bytes
    events: int
    key: str | None = None


def deliveries() -> list[Delivery]:
    """Everything that the company's systems send, in order of arrival; the same bytes every time."""
    # One generator for everything, drawn from in a fixed order: a draw more anywhere changes every byte after it.
    people, random = People.of_files(roster_files()), Random(FERNHILL.seed)
    arrived = _arrivals(deal_reports(FERNHILL, people, random=random), random)
    return sorted(chain(_plans(), _rosters(), _of_deals(arrived)), key=lambda delivery: (delivery.at, delivery.name))


def roster_files() -> list[Path]:
    """The roster files in the order in which HR sends them."""
    return sorted((FOLDER / "roster").glob("*.csv"))


def deal_event(report: DealReport) -> dict[str, Any]:
    """What a system other than the CRM says, as a CloudEvent."""
    name = f"{report.deal_id}-{report.revision}"
    data = {"deal_id": report.deal_id, "sequence": report.revision, "fields": report.fields}
    return structured_event(deals.TYPE, name, source=report.system, time=instant_text(report.at), data=data)


def crm_event(report: DealReport) -> dict[str, Any]:
    """What the CRM says, in its own words; examples/demo/sources/fernhill-crm.yaml understands them."""
    return {
        "object": "opportunity",
        "event_id": f"{report.deal_id}-{report.revision}",
        "changed_at": instant_text(report.at),
        "revision": report.revision,
        "opportunity": {"id": report.deal_id, **report.fields},
    }


def webhook(events: Sequence[dict[str, Any]], at: datetime, *, number: int) -> Delivery:
    """A delivery of the CRM."""
    body = json.dumps({"events": list(events)}, separators=(",", ":")).encode()
    return Delivery(
        at=at,
        name=f"{CRM}-{number:05d}",
        path=f"/v1/webhooks/{CRM}",
        content_type="application/json",
        body=body,
        events=len(events),
    )


def cloud_events(events: Sequence[dict[str, Any]], at: datetime, *, system: System, number: int) -> Delivery:
    """A delivery of another system, as NDJSON."""
    body = b"".join(json.dumps(event, separators=(",", ":")).encode() + b"\n" for event in events)
    return Delivery(
        at=at,
        name=f"{system}-{number:05d}",
        path="/v1/deals",
        content_type="application/x-ndjson",
        body=body,
        events=len(events),
        key="crm",
    )


def _arrivals(reports: Iterable[DealReport], random: Random) -> list[tuple[datetime, DealReport]]:
    """When each report arrives: at once, days late, or again."""
    arrived: list[tuple[datetime, DealReport]] = []
    for report in reports:
        at = report.at + timedelta(seconds=1 + random.randrange(30))
        if random.randrange(100) < LATE_PERCENT:
            at += timedelta(1 + random.randrange(20))
        arrived.append((at, report))
        if random.randrange(100) < TWICE_PERCENT:
            arrived.append((at + timedelta(minutes=random.randrange(2 * 24 * 60)), report))
    return sorted(arrived, key=lambda arrival: (arrival[0], arrival[1].deal_id, arrival[1].revision))


def _of_deals(arrived: Iterable[tuple[datetime, DealReport]]) -> Iterator[Delivery]:
    """Batches per system, sent when they are full; at the end, what is left."""
    waiting: dict[System, list[DealReport]] = {"crm": [], "sales-ops": [], "billing": []}
    number, at = 0, datetime.min.replace(tzinfo=UTC)
    for at, report in arrived:
        batch = waiting[report.system]
        batch.append(report)
        if len(batch) == (BATCH if report.system == "crm" else BATCH // 20):
            number += 1
            yield _batch(batch, report.system, at=at, number=number)
            batch.clear()
    for system, batch in waiting.items():
        if batch:
            number += 1
            yield _batch(batch, system, at=at, number=number)


def _batch(batch: Sequence[DealReport], system: System, *, at: datetime, number: int) -> Delivery:
    if system != "crm":
        return cloud_events([deal_event(report) for report in batch], at, system=system, number=number)
    # A webhook carries more than opportunities; the mapping passes it over, and the answer counts it.
    contact = {"object": "contact", "event_id": f"contact-{number}", "changed_at": instant_text(at)}
    return webhook([*(crm_event(report) for report in batch), contact], at, number=number)


def _rosters() -> Iterator[Delivery]:
    for path in roster_files():
        at, rows = _begin(date.fromisoformat(path.stem)), path.read_bytes()
        yield Delivery(
            at=at,
            name=f"hr-{path.stem}",
            path="/v1/roster",
            content_type="text/csv",
            body=rows,
            events=rows.count(b"\n") - 1,
            key="hr",
        )


def _plans() -> Iterator[Delivery]:
    for path in sorted((FOLDER / "plans").glob("*.yaml")):
        plan = read_plan(path.read_text(encoding="utf-8"), path.name)
        at = _begin(max(plan.effective_from - NOTICE, FIRST_DAY) if plan.version > 1 else FIRST_DAY)
        body = json.dumps(_plan_event(plan, at)).encode()
        yield Delivery(
            at=at,
            name=f"analyst-{path.stem}",
            path="/v1/plans",
            content_type="application/json",
            body=body,
            events=1,
            key="analyst",
        )


def _plan_event(plan: Plan, at: datetime) -> dict[str, Any]:
    data = {"document": plan.document()}
    return structured_event(plans.TYPE, plan.key, source="analyst", time=instant_text(at), data=data)


def _begin(day: date) -> datetime:
    return datetime.combine(day, time(6), UTC)
